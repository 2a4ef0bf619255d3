"""A generated repository on disk: what its files mean. Writes nothing."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

from fcgitops import __version__
from fcgitops.core import terminal
from fcgitops.core.errors import InputError, MissingError, Problem, ToolError
from fcgitops.model import answersfile, layout
from fcgitops.model import environment as model
from fcgitops.model.answers import Answers
from fcgitops.model.environment import KEYS, VARIANTS, Environment
from fcgitops.model.facts import Known
from fcgitops.model.kustomization import Kustomization
from fcgitops.repository import record
from fcgitops.repository.files import COMMITTED, Files, git_of
from fcgitops.text import conflicts, jsonio, keypaths, yamlio
from fcgitops.text.tree import read_file
from fcgitops.text.values import did_you_mean
from fcgitops.text.yamledit import Document

WAY_ON = "`fcgitops update --continue` once they are resolved, or `fcgitops update --abort`"
"""What is done about an update that has left conflicts."""
_NONE: Mapping[str, bytes | None] = MappingProxyType({})
_HISTORY = 20
"""How many commits of a record are looked at for one that can be read."""


def _interrupted(start: Path) -> bool:
    """Whether a run was killed in the Git repository, if any, that a folder is in."""
    try:
        return git_of(start).interrupted
    except InputError:
        return False


def _committed(start: Path) -> InputError | None:
    """That fcgitops.yaml is missing here, where HEAD has it in this folder or one above."""
    with suppress(InputError, ToolError):
        folder = start.resolve()
        top = git_of(folder).top
        for candidate in (folder, *folder.parents):
            if not candidate.is_relative_to(top):
                break
            git = git_of(candidate)
            if git.list_head(layout.ANSWERS):
                if left_out := git.left_out(layout.ANSWERS):
                    return InputError(left_out)
                return InputError(Problem(layout.ANSWERS, COMMITTED, git.way_back(layout.ANSWERS)))
    return None


def _is_found(start: Path) -> bool:
    try:
        layout.root_of(start)
    except InputError:
        return False
    return True


class Repository(Files):
    """The content root: the folder that holds fcgitops.yaml, and what its files mean."""

    @classmethod
    def find(cls, start: Path) -> Repository:
        """The repository that `start` is in, at whatever depth.

        Raises:
            InputError: it is in none.
        """
        try:
            return cls(layout.root_of(start))
        except InputError as error:
            if not _interrupted(start):
                raise _committed(start) or error from None
            what = f"a killed run has left no {layout.ANSWERS} here for the moment"
            hint = "`fcgitops overlays`, or whatever else writes, sets that right"
            raise InputError(Problem(str(start), what, hint)) from error

    @classmethod
    def find_to_write(cls, start: Path) -> Repository:
        """The repository that `start` is in, set right where a killed run left no fcgitops.yaml.

        Raises:
            InputError: it is in none.
            ToolError: it cannot be set right.
        """
        if not _is_found(start) and _interrupted(start):
            git_of(start).recover()
        return cls.find(start)

    @functools.cached_property
    def answers(self) -> Answers:
        """What fcgitops.yaml says.

        Raises:
            InputError: with every problem, an edit of what is not for editing among them.
        """
        return answersfile.load(self._answers_file, self._generated_answers)

    @property
    def _answers_file(self) -> bytes:
        data = self.file(layout.ANSWERS)
        if data is None:
            raise InputError(Problem(layout.ANSWERS, "is missing", self.way_back(layout.ANSWERS)))
        return data

    @property
    def _generated_answers(self) -> bytes | None:
        """fcgitops.yaml as it was generated last; None where nothing tells, or it is pending."""
        if layout.ANSWERS in self._pending:
            return None
        recorded = None
        with suppress(InputError):  # a link, say: `verify` tells what is wrong with the record
            recorded = read_file(self.root, layout.BASE_RECORD)
        if recorded and conflicts.line(recorded):
            return None
        found = record.one(recorded, layout.ANSWERS)
        return found or record.one(self._former_base_record, layout.ANSWERS)

    @property
    def base_record(self) -> bytes | None:
        """What was generated last of all that is no environment's; None where nothing tells.

        Where the record is damaged, or was deleted and that is committed, it is the last one of
        Git's history.

        Raises:
            MissingError: HEAD has it and the work tree has not.
            InputError: it cannot be read.
        """
        here = self.file(layout.BASE_RECORD)
        if here is None and self.head and self.head.list_head(layout.BASE_RECORD):
            raise MissingError(self.gone(layout.BASE_RECORD, layout.BASE_RECORD, COMMITTED))
        readable = record.decode(here) is not None or record.sides(here)
        return here if readable else self._former_base_record or here

    @functools.cached_property
    def _former_base_record(self) -> bytes | None:
        return self.former_record(layout.BASE_RECORD)

    def former_record(self, path: str) -> bytes | None:
        """The last one of Git's history that can be read; None where it has none."""
        former = self.head.former([path], limit=_HISTORY)[path] if self.head else []
        return next((data for data in former if record.decode(data)), None)

    @functools.cached_property
    def version(self) -> str:
        """The fcgitops that wrote it last, whatever else its fcgitops.yaml says."""
        return answersfile.version_of(self._answers_file)

    @functools.cached_property
    def edited_version(self) -> Problem | None:
        """What is wrong with a version that was changed by hand; None where it was not.

        While an update waits for its conflicts the version lags behind what is generated already.
        """
        found = answersfile.edited_version(self._answers_file, self._generated_answers)
        if not found or (self.head and (self.head.notes / layout.UPDATE_WAITS).exists()):
            return None
        return found

    @property
    def update_waits(self) -> bool:
        """Whether an update waits for its conflicts to be resolved, and plain git has not ended it.

        While it waits a record is new that HEAD has not: nobody edits one. What was written besides
        may have been edited after somebody has committed or reset it all. A note of it that cannot
        be read waits too, for somebody to look.
        """
        if self.head is None:
            return False
        try:
            found = jsonio.load((self.head.notes / layout.UPDATE_WAITS).read_bytes())
            written = [str(path) for path in found["written"]]
        except FileNotFoundError:
            return False
        except (OSError, ValueError, TypeError, KeyError):
            return True
        return self.head.uncommitted(record.among(written) or written)

    @functools.cached_property
    def defaults(self) -> dict[str, Any]:
        """Key path → value of every key of an environment that its file does not give."""
        answers = self.answers
        return model.default_values(answers.profile) | answers.environment_defaults

    def require_answers(self, *, say: bool = True) -> None:
        """Refuses a repository whose fcgitops.yaml says what its files do not.

        A version that was changed by hand keeps nobody from reading.

        Args:
            say: whether that is said where all else is well.

        Raises:
            InputError: with every problem of that file.
        """
        edited = [self.edited_version] if self.edited_version else []
        try:
            _ = self.answers
        except InputError as error:
            raise InputError([*edited, *error.problems]) from error
        for problem in edited if say else ():
            terminal.say(f"note: {problem}")

    def _refuse_edits(self) -> None:
        """Refuses an answer or a version that was changed by hand and that no command carries out.

        Raises:
            InputError: with each of them; an answer is judged by the version that wrote it.
        """
        edited = answersfile.edited_answers(self._answers_file, self._generated_answers)
        if not (self.edited_version or edited):
            return
        try:
            _ = self.answers
        except InputError as error:
            edited = [*error.problems]
        raise InputError([*([self.edited_version] if self.edited_version else []), *edited])

    def require_same_version(self) -> None:
        """Refuses a repository that another version of fcgitops wrote.

        Raises:
            InputError: with the way out.
        """
        self._refuse_edits()
        if self.version != __version__ and self.update_waits:
            raise InputError(Problem(layout.ANSWERS, "an update has left conflicts", WAY_ON))
        if self.version != __version__:
            pinned = "use the one that requirements.txt pins, as make does"
            newer = answersfile.is_newer(self.version)
            raise InputError(
                Problem(
                    f"{layout.ANSWERS}: version",
                    f"fcgitops {self.version} wrote this repository, this is {__version__}",
                    pinned if newer else f"`fcgitops update` carries it here; or {pinned}",
                )
            )

    def require_no_newer_version(self) -> None:
        """Refuses a repository that a newer version of fcgitops wrote.

        Raises:
            InputError: with the way out.
        """
        self._refuse_edits()
        self._refuse_newer()

    def require_updatable(self) -> None:
        """Refuses a repository of a newer version, or with edits that no command carries out.

        A version that an update has left behind is no such edit: the next update sets it.

        Raises:
            InputError: with the way out.
        """
        edited, now = self.edited_version, self._answers_file
        if edited and answersfile.lags_behind(now, self._generated_answers):
            _ = self.answers
            terminal.say(f"note: {edited.where}: {edited.what}")
        else:
            self._refuse_edits()
        self._refuse_newer()

    def _refuse_newer(self) -> None:
        if answersfile.is_newer(self.version):
            raise InputError(
                Problem(
                    f"{layout.ANSWERS}: version",
                    f"fcgitops {self.version} wrote this repository, which is newer than this "
                    f"one, {__version__}",
                    f"install {self.version} or newer, as requirements.txt does",
                )
            )

    def wanted(self, names: Iterable[str]) -> list[Kustomization]:
        """The kustomizations that are named, or all. Raises as `require`."""
        known = {str(item): item for item in self.kustomizations()}
        return [known[name] for name in self.require(names, known)]

    def require(
        self, names: Iterable[str], known: Collection[str], what: str = "overlay"
    ) -> list[str]:
        """`names`, each of which must be one of `known`; all of `known` where none is given.

        Args:
            names: as they were typed.
            known: what there is.
            what: a word for it, for messages.

        Raises:
            InputError: with each name that is not.
        """
        wanted = list(dict.fromkeys(names))
        problems = [
            self.missing(name)
            if name in self.absent
            else Problem(
                name,
                "is a variant, and no environment"
                if what == "environment" and name in VARIANTS
                else f"is no {what} of this repository",
                did_you_mean(name, known),
            )
            for name in wanted
            if name not in known
        ]
        if problems:
            raise InputError(problems)
        return wanted or list(known)

    def source(self, name: str) -> bytes | None:
        """Content of overlays/NAME/environment.yaml, None where there is none."""
        return self.file(layout.source_path(name))

    def environment(self, name: str) -> Environment:
        """The environment `name` as its file says.

        Raises:
            InputError: with every problem of the file.
        """
        where, data = layout.source_path(name), self.source(name)
        if data is None:
            raise InputError(Problem(where, "is missing", self.way_back(where)))
        document = Document(yamlio.decoded(data, where), where)
        if (where, document.text) not in self._known.get(name, {}) and document.value is None:
            raise InputError(self.empty(where))
        return self.described(name, document)

    def parse(self, name: str, source: bytes, where: str = "") -> Environment:
        """The environment that the text `source` describes. Raises as `environment`."""
        where = where or layout.source_path(name)
        return self.described(name, Document(yamlio.decoded(source, where), where))

    def described(self, name: str, document: Document) -> Environment:
        """The environment that a document describes, judged once. Raises as `environment`."""
        known, text = self._known.setdefault(name, {}), (document.where, document.text)
        if text not in known:
            known[text] = self._described(name, document)
        return known[text]

    def forget(self, name: str) -> None:
        """Keeps nothing more of an environment: of 10,000 it would be 30 MiB."""
        self._known.pop(name, None)

    @functools.cached_property
    def _known(self) -> dict[str, dict[tuple[str, str], Environment]]:
        """Name → file and text → the environment."""
        return {}

    def _described(self, name: str, document: Document) -> Environment:
        where, answers = document.where, self.answers
        flat, problems = keypaths.flatten(document.value, where, KEYS)
        problems += keypaths.dotted(document.value, where, KEYS)
        misread = document.misread(model.TEXTS, model.READ_BY_ARGOCD, model.OTHERS_RULES)
        if problems := misread + problems:
            meant = yamlio.construct(document.root, where)
            flat, _ = keypaths.flatten(meant, where, KEYS)
            raise InputError(problems + model.check_values(flat, where, answers.profile))
        env = model.environment(
            name, flat, answers.environment_defaults, answers.profile, where,
            defaults_where=f"{layout.ANSWERS}: defaults",
        )  # fmt: skip
        if env.tool.central and env.tool not in answers.tools:
            what = f"is {env.sync}, for which this repository has no entry points"
            hint = " or ".join(tool.name for tool in answers.tools)
            raise InputError(Problem(f"{where}: sync", what, hint))
        if "settings" not in flat:
            return env
        return dataclasses.replace(env, settings_text=document.block("settings"))

    def empty(self, where: str) -> Problem:
        """The problem with an empty environment.yaml: it would silently be a default-config."""
        return Problem(where, "is empty", self.way_back(where))

    def tools_with_nni(
        self,
        changed: Collection[Known],
        *,
        whole: bool = False,
        committed: Mapping[str, bytes | None] = _NONE,
    ) -> tuple[set[str], list[Problem]]:
        """The names of the tools that sync an environment in which NNI is enabled.

        Args:
            changed: environments that are not as their files say.
            whole: whether all other files are parsed, so that each says that it is readable; else
                only those in which the key can stand at all, which is quick.
            committed: environments that are as this text says, or not there where it is None.

        Returns:
            The names, and the problems of environments that cannot tell.
        """
        names = {env.name for env in changed}
        found: list[Known] = list(changed)
        problems: list[Problem] = []
        for name, text in self.sources_but(names, problems):
            source = committed.get(name, text)
            if source is None:
                continue
            if not source.strip():  # a text that was cut off, as on a full disk, tells nothing
                problems.append(self.empty(layout.source_path(name)))
            elif whole or b"nni" in source or b"\\" in source:
                try:
                    found.append(self.parse(name, source))
                except InputError as error:
                    problems += error.problems
        return {env.sync for env in found if env.runs_nni}, problems

    def uncommitted_sources(self, changed: Collection[Known]) -> dict[str, bytes | None]:
        """Each other environment whose file has an edit that HEAD lacks: what HEAD has there."""
        names = {*self.environment_names()} - {env.name for env in changed}
        if self.head is None or not names:
            return {}
        own = {layout.source_path(name): name for name in names}
        found = self.head.read_head(self.head.edited(own))
        return {own[path]: data for path, data in found.items()}

    def sources_but(
        self, known: Collection[str], problems: list[Problem]
    ) -> Iterator[tuple[str, bytes]]:
        """Names and environment.yaml of all other environments, of those too that only HEAD has.

        `problems` gets what is wrong with those that are no readable file.
        """
        for name in self.environment_names():
            if name not in known:
                try:
                    yield name, self.source(name) or b""
                except InputError as error:
                    problems += error.problems
        yield from ((name, data) for name, data in self.absent.items() if name not in known)
