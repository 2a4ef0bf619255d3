"""An environment as it was at a revision, carried to what this version generates, and proven.

Its own folder comes back as it was: source, edits and `local/`. Then it is brought in line as
`update` would. Where it still renders something else, as what all share has changed meanwhile, it
gets a copy of that. Both are built: what they render is equal, or nothing is written.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fcgitops.core import shell
from fcgitops.core.errors import FoundError, InputError, Problem, ToolError
from fcgitops.diff import compare, objects
from fcgitops.diff.builds import Builds
from fcgitops.diff.effects import Effect, Severity
from fcgitops.diff.units import Content
from fcgitops.git.history import LINK, Commit, History, State
from fcgitops.kubernetes.objects import Object
from fcgitops.model import answersfile, layout
from fcgitops.model.environment import DEFAULT_CONFIG, KEYS, default_values
from fcgitops.programs import namehash
from fcgitops.programs.kustomize import Kustomize
from fcgitops.promotion import lineage
from fcgitops.promotion.carried import carried, files_of
from fcgitops.promotion.frozen import freeze, thaw
from fcgitops.repository import migrations
from fcgitops.repository.changes import Change
from fcgitops.repository.contents import Repository
from fcgitops.repository.merge import Merged
from fcgitops.text import keypaths
from fcgitops.text.tree import Tree


class Rendered:
    """What one environment renders, at any state of the repository.

    Args:
        history: of the repository.
        name: the environment.
        program: builds it.
    """

    def __init__(self, history: History, name: str, program: Kustomize) -> None:
        self.history = history
        self.name = name
        self._program = program
        self._contents: dict[int, Content] = {}

    def folders(self, state: State) -> tuple[str, ...]:
        """What kustomize builds of it; nothing where it is not there."""
        unit = self.content(state).units.get(self.name)
        return unit.kustomizations if unit and unit.is_environment else ()

    def key(self, state: State) -> tuple[str, ...]:
        """What its rendering depends on: equal keys, equal objects."""
        content = self.content(state)
        return tuple(content.key(folder) for folder in self.folders(state))

    def objects(self, state: State) -> list[Object]:
        """The objects that it renders.

        Raises:
            ToolError: it does not build.
            InputError: it renders what is no object.
        """
        content = self.content(state)
        found: list[Object] = []
        with tempfile.TemporaryDirectory(prefix="fcgitops-") as scratch:
            builds = Builds(self._program, Path(scratch))
            for folder in self.folders(state):
                builds.add(content, folder)
            for folder in self.folders(state):
                found += objects.load(builds.rendered(content, folder), folder)
        return found

    def content(self, state: State) -> Content:
        """What a state deploys."""
        if id(state) not in self._contents:
            self._contents[id(state)] = Content(state, self.history.prefix)
        return self._contents[id(state)]


def last_change(rendered: Rendered) -> Commit:
    """The state before the last commit that changed what an environment renders.

    Raises:
        InputError: there is none: it was added as it is.
    """
    history = rendered.history
    for name, parent in lineage.commits(history, rendered.name):
        if not parent:
            break
        before, after = history.commit(parent), history.commit(name)
        if not rendered.folders(before):
            if rendered.folders(after):  # it was added
                break
            continue
        if rendered.key(before) == rendered.key(after):
            continue
        try:
            if alike(rendered.objects(before), rendered.objects(after)):
                continue
        except (InputError, ToolError):  # one of them did not build: that is a change
            pass
        return before
    what = "has rendered the same in all of its history, as far as Git tells"
    hint = f"--to REV, or {shell.line('fcgitops', 'remove', rendered.name)}"
    raise InputError(Problem(rendered.name, what, hint))


def was_removed(history: History, name: str) -> bool:
    """Whether an environment was there once, and is no more in HEAD."""
    path = f"{history.prefix}{layout.source_path(name)}"
    return path not in history.head.files and bool(history.changes_of([path], 1))


def alike(one: Iterable[Object], other: Iterable[Object]) -> bool:
    """Whether two renderings have equal objects, hashes behind names aside."""
    return not differing(one, other)


def differing(one: Iterable[Object], other: Iterable[Object]) -> list[str]:
    """The objects that two renderings do not have alike, by kind and name."""
    left, right = _by_key(one), _by_key(other)
    wrong = [key for key in left.keys() | right.keys() if left.get(key) != right.get(key)]
    return sorted({f"{kind}/{name}" for _, kind, _, name, _ in wrong})


def _by_key(found: Iterable[Object]) -> dict[tuple[str, str, str, str, int], Object]:
    """Objects without hashes in their names and in what names them, and what tells them apart."""
    there: dict[tuple[str, str, str, str, int], Object] = {}
    for o in found:
        bare = _bare(o)
        key = (*objects.key(bare), 0)
        while key in there:  # a former configuration, say
            key = (*key[:4], key[4] + 1)
        there[key] = bare
    return there


def _bare(value: Any) -> Any:  # noqa: ANN401 - any value of YAML
    if isinstance(value, dict):
        return {name: _bare(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_bare(inner) for inner in value]
    return namehash.without_hash(value) if isinstance(value, str) else value


@dataclass(frozen=True)
class Back:
    """An environment as it was, in the repository as it is.

    Attributes:
        change: what the repository holds then.
        lost: effects of what was done since that going back does not undo.
        objects: how many are equal.
        frozen: whether it has a copy of its own of what all share.
    """

    change: Change
    lost: tuple[Effect, ...]
    objects: int
    frozen: bool


def plan(repository: Repository, rendered: Rendered, target: Commit, hold: str) -> Back:
    """The change that puts an environment back to what it rendered at a revision.

    Args:
        repository: as it is on disk.
        rendered: of the environment.
        target: the revision.
        hold: why nothing is to be promoted to it from now on.

    Raises:
        InputError: it is not there, does not build there any more, or cannot be read.
        FoundError: what it would render is not equal to what it rendered; what differs.
        ToolError: there is no good kustomize.
    """
    history, name = rendered.history, rendered.name
    own = layout.overlay(name)
    if not rendered.folders(target):
        hint = repository.git.typed("log", "--", paths=[own])
        raise InputError(Problem(target.label, f"has no environment {name}", hint))
    try:
        wanted = rendered.objects(target)
    except (InputError, ToolError) as error:
        what = f"{name} does not build there"
        raise InputError(
            Problem(target.label, f"{what}: {problem.what}", "--to another revision")
            for problem in error.problems
        ) from error
    _refuse_other_links(repository, history, target, own)
    source = _source(target, history.prefix, name)
    files = files_of(target, history.prefix, own)
    with_source = files | {layout.source_path(name): source.text}
    change = carried(
        repository, history, name, with_source, lambda there: _given(there, name, source, hold)
    )
    change = replace(change, merged=_settled(change.merged, files, own))
    is_frozen = bool(differing(wanted, _rendered(rendered, change)))
    if is_frozen:
        frozen = freeze(rendered.content(target), rendered.folders(target), own, files)
        change = replace(change, merged=_with_copy(change.merged, frozen, own))
        wrong = differing(wanted, _rendered(rendered, change))
        if wrong:
            raise FoundError(
                Problem(
                    label, f"would not be what it was at {target.label}", "take it back by hand"
                )
                for label in wrong
            )
    try:
        since = compare.outcome(wanted, rendered.objects(history.head)).effects
    except (InputError, ToolError):  # what does not build now has lost nothing that is known
        since = ()
    lost = tuple(effect for effect in since if effect.severity is Severity.LOSS)
    return Back(change, lost, len(wanted), is_frozen)


def _refuse_other_links(repository: Repository, history: History, target: Commit, own: str) -> None:
    """Refuses symbolic links in an environment's folder that would have to be written.

    Raises:
        InputError: some are not what they were.
    """

    def links(state: State) -> dict[str, str]:
        there = state.files.items()
        start = f"{history.prefix}{own}/"
        return {p: e.id for p, e in there if e.mode == LINK and p.startswith(start)}

    now, then = links(history.head), links(target)
    problems = []
    for path in sorted(p for p in now.keys() | then.keys() if now.get(p) != then.get(p)):
        words = ("checkout", target.name, "--") if path in then else ("rm",)
        place = path.removeprefix(history.prefix)
        what = f"is a symbolic link, and is not what it was at {target.label}"
        problems.append(Problem(place, what, repository.git.typed(*words, paths=[place])))
    if problems:
        raise InputError(problems)


def _rendered(rendered: Rendered, change: Change) -> list[Object]:
    return rendered.objects(rendered.history.planned(change.merged.files))


def _settled(merged: Merged, was: Tree, own: str) -> Merged:
    """What a merge comes to, the environment's former text where git does not know.

    So it is with the text that a ConfigMap holds, comments and all.
    """
    config = f"{own}/{layout.CONFIG_FILE}"
    former = {path: was.get(path) for path in merged.conflicts}
    former |= {config: was[config]} if config in was else {}
    return Merged(merged.files | former, {}, list(merged.notes))


def _with_copy(merged: Merged, frozen: Tree, own: str) -> Merged:
    """What a merge comes to, with the environment's former files on a copy of what all share.

    Args:
        merged: the merge.
        frozen: the former files and the copy.
        own: the environment's folder.
    """
    aside = (layout.source_path(own.rpartition("/")[2]), f"{own}/{layout.RECORD_FILE}")
    files = {
        path: frozen.get(path) if path.startswith(f"{own}/") and path not in aside else data
        for path, data in merged.files.items()
    }
    return Merged({**frozen, **files}, {}, list(merged.notes))


def release(repository: Repository, history: History, name: str) -> Change:
    """The change that takes out what holds promotions, and with it a copy of what all share.

    Its edits are merged with what this version generates, as in an update.

    Raises:
        InputError: it cannot be read.
    """
    own = layout.overlay(name)
    files = thaw(own, files_of(history.head, history.prefix, own))
    return carried(repository, history, name, files, lambda _: {}, unset=[("hold",)])


@dataclass(frozen=True)
class _Source:
    """An environment.yaml of a revision, carried to this version.

    Attributes:
        text: of the file.
        defaults: key path → value of what it does not say.
    """

    text: bytes
    defaults: Mapping[str, Any]


def _source(target: Commit, prefix: str, name: str) -> _Source:
    """The source of an environment at a revision.

    Raises:
        InputError: this version cannot read it.
    """
    path = layout.source_path(name)
    found = target.read([prefix + path, prefix + layout.ANSWERS])
    answers, data = found.get(prefix + layout.ANSWERS, b""), found[prefix + path]
    version = answersfile.version_of(answers)
    if answersfile.is_newer(version):
        what = f"was written by fcgitops {version}, which is newer than this one"
        raise InputError(Problem(target.label, what, f"install {version} or newer"))
    sources = migrations.Sources(
        migrations.document(answers, f"{target.label}: {layout.ANSWERS}"),
        {name: migrations.document(data, f"{target.label}: {path}")},
    )
    migrations.migrate(sources, version)
    defaults = default_values(sources.profile) | dict(sources.defaults)
    return _Source(migrations.encoded(sources.environments[name], data), defaults)


def _given(there: Repository, name: str, source: _Source, hold: str) -> dict[str, Any]:
    """What its file has to say: why it is held, and what it had by a default that has changed."""
    path = layout.source_path(name)
    given, _ = keypaths.flatten(migrations.document(source.text, path).value, path, KEYS)
    env = there.environment(name)
    found = {}
    for key, value in source.defaults.items():
        idle = (key == "settings" and env.variant == DEFAULT_CONFIG) or (
            key.startswith("nni.") and not env.runs_nni
        )
        if key in given or idle or not KEYS[key].repository_default:
            continue
        if value != there.defaults.get(key):
            found[key] = value
    return found | {"hold": hold}
