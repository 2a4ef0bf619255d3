"""What was typed after `diff` → the two states, and which parts of them are compared."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from fcgitops.core.errors import InputError, Problem
from fcgitops.diff.fleet import Comparison, Fleet
from fcgitops.diff.units import Content, Unit
from fcgitops.git.history import History, State, Work
from fcgitops.model import layout
from fcgitops.repository import record
from fcgitops.repository.unedited import is_unedited
from fcgitops.text.values import did_you_mean


class Sides(NamedTuple):
    """What is compared.

    Attributes:
        fleet: the two states.
        pairs: the units to compare; None for all that differ.
        notes: what is to be said of it.
    """

    fleet: Fleet
    pairs: tuple[Comparison, ...] | None = None
    notes: tuple[str, ...] = ()


def parse(history: History, words: tuple[str, ...]) -> Sides:
    """Finds out what is meant.

    Nothing: HEAD and the work tree. REV: it and the work tree. A..B or A...B: what B has changed
    since it left A. ENV ENV: two environments, each maybe ENV@REV. What follows limits it.

    Args:
        history: of the repository.
        words: as typed.

    Raises:
        InputError: with every word that means nothing.
    """
    here = Content(history.work, history.prefix)
    first = words[0] if words else ""
    if ".." in first and first not in here.units:
        before, after = _range(history, first)
        return _limited(history, before, after, words[1:])
    if len(words) == 2 and all(_is_place(word, here, history) for word in words):
        return _two(history, here, *words)
    if len(words) == 1 and _is_past(first, here, history):
        name = first.partition("@")[0]
        return _two(history, here, first, name)
    if words and first not in (known := _known(history, here)):
        if not history.is_commit(first) and (hint := did_you_mean(first, sorted(known))):
            what = "is no revision of this repository, and no environment"
            raise InputError(Problem(first or "''", what, hint))
        return _limited(history, history.commit(first), history.work, words[1:])
    return _limited(history, history.head, history.work, words)


def _is_past(word: str, here: Content, history: History) -> bool:
    """Whether a word is one environment at a revision, and no revision: `@~1`, `HEAD@{1}`."""
    name, at, revision = word.partition("@")
    if not (name and at) or word in here.units or history.is_commit(word):
        return False
    return name in _known(history, here) or history.is_commit(revision)


def _known(history: History, here: Content) -> Collection[str]:
    """The units of the work tree, and those that it has no more."""
    return {*here.units, *Content(history.head, history.prefix).units}


def _range(history: History, typed: str) -> tuple[State, State]:
    one, _, other = typed.partition("...") if "..." in typed else typed.partition("..")
    problems: list[Problem] = []
    found = []
    for revision in (one or "HEAD", other or "HEAD"):
        try:
            found.append(history.commit(revision))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return history.merge_base(found[0], found[1]), found[1]


def _is_place(word: str, here: Content, history: History) -> bool:
    """Whether a word names an environment, or one at a revision."""
    name, at, revision = word.partition("@")
    if not at:
        return name in here.units
    return name in here.units or bool(revision and history.is_commit(revision))


def _two(history: History, here: Content, first: str, second: str) -> Sides:
    """Two environments, or one at two times."""
    problems: list[Problem] = []
    found: list[tuple[Content, Unit]] = []
    for word in (first, second):
        name, at, revision = word.partition("@")
        try:
            content = Content(history.commit(revision), history.prefix) if at else here
            if name not in content.units:
                hint = did_you_mean(name, content.units)
                where = f"at {revision}" if at else "in the work tree"
                problems.append(Problem(word, f"is no environment {where}", hint))
                continue
            found.append((content, content.units[name]))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    (before, old), (after, new) = found
    name = second.partition("@")[0] if old.name == new.name else f"{first} → {second}"
    if old.name != new.name:  # their entry points differ in their names alone
        old, new = Unit(old.name, old.kustomizations), Unit(new.name, new.kustomizations)
    return Sides(Fleet(before, after), (Comparison(name, old, new),))


def _limited(history: History, before: State, after: State, names: tuple[str, ...]) -> Sides:
    fleet = Fleet.of(before, after, history.prefix, names)
    if names:
        known = {*fleet.before.units, *fleet.after.units}
        problems = [
            Problem(name, "is no environment of either side", _meant(history, name, known))
            for name in names
            if name not in known
        ]
        if problems:
            raise InputError(problems)
    return Sides(fleet, None, tuple(_notes(fleet)))


def _meant(history: History, name: str, known: Collection[str]) -> str:
    """What a word may have been meant as."""
    if history.is_commit(name):
        return "two revisions are typed as A..B"
    return did_you_mean(name, known)


def _notes(fleet: Fleet) -> list[str]:
    """What is to be said of sides that are no repository of ours."""
    if fleet.after.state.files is fleet.before.state.files:
        return []
    missing = [c.state.label for c in (fleet.before, fleet.after) if not c.is_generated]
    notes = [
        f"{label} is of before the repository was generated: it has no fcgitops.yaml"
        for label in missing
    ]
    paths = [fleet.after.prefix + path for path in (layout.ANSWERS, layout.BASE_RECORD)]
    if isinstance(fleet.after.state, Work) and fleet.changed_paths.isdisjoint(paths):
        return notes  # the work tree's are refused before
    return notes + [note for c in (fleet.before, fleet.after) for note in _edits(c, paths)]


def _edits(content: Content, paths: list[str]) -> list[str]:
    """What was edited by hand in a commit's fcgitops.yaml, and that no command can carry out."""
    if isinstance(content.state, Work) or not set(paths) <= content.state.files.keys():
        return []
    data, recorded = content.texts(paths).values()
    if is_unedited(data, recorded):
        return []
    from fcgitops.model import answersfile  # noqa: PLC0415 - in this case alone

    generated = record.one(recorded, layout.ANSWERS)
    try:
        version = answersfile.edited_version(data, generated)
        problems = [*([version] if version else []), *answersfile.edited_answers(data, generated)]
    except InputError as error:
        problems = list(error.problems)
    return [f"{content.state.label}: {problem.where} {problem.what}" for problem in problems]
