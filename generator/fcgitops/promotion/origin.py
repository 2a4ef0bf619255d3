"""Where a promotion comes from: an environment here, or in another repository at a revision."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from fcgitops import __version__
from fcgitops.core import shell
from fcgitops.core.errors import InputError, Problem
from fcgitops.diff.units import Content
from fcgitops.git import program, upstream
from fcgitops.git.history import Commit, History
from fcgitops.model import layout
from fcgitops.promotion import frozen
from fcgitops.repository import environments, outcome, promotion
from fcgitops.repository.contents import Repository
from fcgitops.sync import entrypoints, registry


@dataclass(frozen=True)
class Origin:
    """An environment that is promoted.

    Attributes:
        name: of the environment.
        repository: its files, as they are there.
        commit: what they are of.
        history: of the repository that this commit is in.
        elsewhere: how the user named that, where it is another one; "" for this one.
    """

    name: str
    repository: Repository
    commit: Commit
    history: History
    elsewhere: str = ""

    @property
    def title(self) -> str:
        """What a commit's message calls it."""
        of = f" of {self.elsewhere}" if self.elsewhere else ""
        return f"{self.name}{of} at {self.commit.name[:10]}"

    def leads_to(self, names: Iterable[str]) -> str:
        """The line of a commit's message that says what was promoted to which environments."""
        return f"{self.title} → {', '.join(names)}"

    def notes(self, repository: Repository) -> list[str]:
        """What does not travel, though somebody may think so.

        Args:
            repository: where it goes.
        """
        stays = f"stays with {self.name}, as it is no key of its source"
        copy = f"{layout.overlay(self.name)}/{frozen.FOLDER}/"
        edits = promotion.own_edits(self.repository, self.name)
        found = [f"{stays}: {path}" for path in edits if not path.startswith(copy)]
        if len(found) < len(edits):
            found.append(f"{self.name} is built on its own copy of what all share: {copy} stays")
        if self.elsewhere:
            for path in (layout.VARIANT_FILE, layout.CLUSTER_ROLE, layout.STATEFUL_SET):
                if self.repository.file(path) != repository.file(path):
                    found.append(f"{path} is another one in {self.elsewhere}: it does not travel")
        return found


def here(repository: Repository, name: str) -> Origin:
    """An environment of the repository, as it is.

    Raises:
        InputError: it is not there, or its cluster may not run what is here.
    """
    repository.require([name], repository.environment_names(), "environment")
    _refuse_unproven(repository, name)
    history = History(repository.root)
    return Origin(name, repository, history.head, history)


def of(
    repository: Repository, typed: str | None, place: Path, name: str
) -> AbstractContextManager[Origin]:
    """An environment of the repository, or of another one that was typed.

    Raises as `here` and `elsewhere`, whose arguments they are.
    """
    if typed is None:
        return nullcontext(here(repository, name))
    return elsewhere(repository, typed, place, name)


@contextmanager
def elsewhere(repository: Repository, typed: str, place: Path, name: str) -> Iterator[Origin]:
    """An environment of another repository.

    Args:
        repository: where it goes.
        typed: PATH[@REV], as the user named the other one.
        place: what PATH is relative to.
        name: the environment.

    Raises:
        InputError: it is not there, of another profile or version, or not proven.
    """
    path, at, revision = typed.rpartition("@")
    if not at or (place / typed).exists():
        path, revision = typed, ""
    if not (place / path).is_dir():  # what is typed may be a URL, and is shown whole
        raise InputError(Problem(typed, "is no folder", "PATH[@REV], of a clone"))
    home = Repository.find(place / path)
    home.require_answers(say=False)
    history = History(home.root)
    commit = history.commit(revision) if revision else history.head
    if not revision:
        home.require([name], home.environment_names(), "environment")
        _refuse_unproven(home, name)
        _refuse_other_kind(repository, home, typed)
        yield Origin(name, home, commit, history, path)
        return
    _refuse_unpublished(history, commit, typed)
    content = Content(commit, history.prefix)
    others = {n for n, unit in content.units.items() if unit.is_environment and n != name}
    paths = [p for p in commit.files if content.owner(p) not in others]
    with tempfile.TemporaryDirectory(prefix="fcgitops-") as scratch:
        root = commit.place(paths, Path(scratch).resolve()) / history.prefix
        there = Repository(root)
        if name not in there.environment_names():
            raise InputError(Problem(typed, f"has no environment {name}", _names(others)))
        _refuse_other_kind(repository, there, typed)
        _refuse_out_of_line(there, name)
        yield Origin(name, there, commit, history, typed)


def _names(known: Collection[str]) -> str:
    return f"one of {', '.join(sorted(known))}" if 0 < len(known) <= 12 else ""


def _refuse_other_kind(repository: Repository, other: Repository, typed: str) -> None:
    """Refuses a repository whose environments are rendered in another way.

    Raises:
        InputError: with each difference.
    """
    problems = []
    if other.version != repository.version:
        what = f"was written by fcgitops {other.version}, and this repository by "
        hint = f"`fcgitops update` there, by fcgitops {__version__}"
        problems.append(Problem(typed, what + repository.version, hint))
    mine, theirs = repository.answers.profile, other.answers.profile
    if mine != theirs:
        what = f"has the profile {theirs}, and this repository {mine}"
        problems.append(Problem(typed, what, "a repository of the same profile"))
    if problems:
        raise InputError(problems)


def _refuse_unpublished(history: History, commit: Commit, typed: str) -> None:
    """Refuses a revision that no branch of a remote has, where remotes are known.

    Raises:
        InputError: it is one.
    """
    if history.is_published(commit):
        return
    what = "is not pushed: no branch of a remote has it"
    raise InputError(Problem(typed, what, "git push, there"))


def _refuse_unproven(repository: Repository, name: str) -> None:
    """Refuses an environment whose cluster may not run what is here.

    Raises:
        InputError: something that it is rendered from is not committed, not pushed, or not in line.
    """
    places = (layout.ANSWERS, *layout.COMMON, layout.overlay(name))
    places += tuple(entrypoints.folder(tool, name) for tool in registry.TOOLS.values())

    def own(paths: set[str]) -> list[str]:
        return sorted(p for p in paths if any(p == x or p.startswith(f"{x}/") for x in places))

    prefix = repository.git.prefix
    changed = program.differing(repository.root) or frozenset()
    problems = [
        Problem(path, f"is not committed, and {name} is rendered from it", "commit it and push")
        for path in own({path.removeprefix(prefix) for path in changed})
    ]
    branch = upstream.synced(repository.root, repository.answers.branch)
    others = upstream.unlike(repository.root, branch) if branch else {}
    merge = shell.line("git", "merge", branch)
    what = f"is not as {branch} has it, and {name} is rendered from it"
    problems += [
        Problem(path, what, "git push" if others[path] else merge) for path in own({*others})
    ]
    if problems:
        raise InputError(problems)
    _refuse_out_of_line(repository, name)


def _refuse_out_of_line(repository: Repository, name: str) -> None:
    """Refuses an environment whose files do not follow from its source.

    Raises:
        InputError: with each file.
    """
    planned = [environments.as_it_is(repository, name)]
    merged = outcome.of_environments(repository, planned)
    hint = shell.line("fcgitops", "overlay", name)
    stale = merged.stale(repository.root)
    if stale:
        what = f"is out of line with {layout.source_path(name)}"
        raise InputError(Problem(path, what, hint) for path in stale)
