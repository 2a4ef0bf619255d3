"""A work tree in which files are missing, or not as they should be though HEAD has them so."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable

from fcgitops.core import shell, terminal
from fcgitops.core.errors import FoundError, InputError, Problem
from fcgitops.git.reading import Contents
from fcgitops.model import layout
from fcgitops.model.kustomization import Kustomization
from fcgitops.repository import experiments, record
from fcgitops.repository.buildable import missing_parts
from fcgitops.repository.changes import Change
from fcgitops.repository.contents import Repository
from fcgitops.repository.merge import deleted_note
from fcgitops.text.words import count


def nothing_to_do(repository: Repository, what: Change) -> None:
    """Says that all is as it should be, once the records are that are spoilt here alone.

    Raises:
        FoundError: as `refuse`.
    """
    files = what.merged.files
    spoilt = record.among(repository.git.edited(files))
    repository.git.rewrite({path: files[path] for path in spoilt})
    for path in spoilt:
        terminal.note(f"{path} was missing or damaged: it is generated anew")
    refuse(repository, what)
    terminal.note(*what.merged.notes)
    number = len(files)
    verb = "is as it" if number == 1 else "are as they"
    reason = what.idle or f"{count(number, 'file')} {verb} should be"
    terminal.say(f"nothing to {'commit' if what.overwrite else 'do'}: {reason}")


def refuse(repository: Repository, what: Change) -> None:
    """Refuses a work tree that is not as it should be, though HEAD is.

    Raises:
        FoundError: an edit of the user's takes away what nothing builds without, a file is as it
            was before HEAD, or the index lacks one.
    """
    edited = repository.git.edited(what.merged.files)
    problems = _in_head(repository, (path for path in edited if path not in record.among(edited)))
    problems += repository.git.taken_out(p for p in what.merged.files if p not in edited)
    problems += _missing(repository, what.kustomizations)
    if problems:
        raise FoundError(problems)


def refuse_edited(repository: Repository, files: Contents, but: Collection[str]) -> None:
    """Refuses edits, not committed, of files that HEAD has as they should be.

    Args:
        repository: as it is on disk.
        files: what they should hold, by path.
        but: paths that are written over.

    Raises:
        FoundError: with each of them.
    """
    there = {*repository.git.edited(files)} - {*repository.git.differing(files), *but}
    if problems := _in_head(repository, sorted(there)):
        raise FoundError(problems)


def _in_head(repository: Repository, paths: Iterable[str]) -> list[Problem]:
    what = "is not as it should be; HEAD has it so"
    return [Problem(path, what, repository.way_back(path)) for path in paths]


def _missing(
    repository: Repository, items: Iterable[Kustomization], pending: Contents | None = None
) -> list[Problem]:
    """What is not there, of the files without which kustomizations do not build."""
    return [
        dataclasses.replace(problem, hint=repository.way_back(problem.where))
        for problem in missing_parts(repository.root, items, pending)
    ]


def refuse_unbuildable(repository: Repository, what: Change) -> None:
    """Refuses a change of environments or experiments after which they do not build.

    So it is where a file is missing that HEAD has, without the kustomization of what somebody asked
    for, and where NNI is taken from an environment that experiments run in. Any other deletion that
    is committed is somebody's decision: it stays, and is told (`Change.lacking`).

    Raises:
        FoundError: with each file that is missing, and the command that brings it back.
        InputError: with each experiment that would be left without NNI.
    """
    _refuse_without_nni(repository, what)
    changed = repository.git.differing(what.merged.files)
    touched, rest = list[Kustomization](), list[Kustomization]()
    folders = {tuple(path.split("/")[:2]) for path in changed}
    shared = any(path.startswith(_COMMON) for path in changed)
    for item in what.kustomizations:
        is_touched = shared or tuple(item.folder.split("/")[:2]) in folders
        (touched if is_touched else rest).append(item)
    own = {f"{item.folder}/{layout.KUSTOMIZATION_FILE}" for item in touched}
    what.lacking = _missing(repository, touched, what.merged.files)
    problems = [
        problem
        for problem in what.lacking
        if (problem.where in own and not what.all_there_is)
        or repository.git.list_head(problem.where)
    ]
    if problems:
        raise FoundError(problems)
    what.lacking += _missing(repository, rest, what.merged.files) if rest else []
    if not changed:  # then what is missing is refused, and told by that
        told = {deleted_note(problem.where) for problem in what.lacking}
        what.merged.notes = [note for note in what.merged.notes if note not in told]


_COMMON = tuple(f"{folder}/" for folder in layout.COMMON)


def _refuse_without_nni(repository: Repository, what: Change) -> None:
    """Refuses to take NNI from environments that experiments run in.

    Where somebody has taken it out of environment.yaml himself, that is told and not refused.
    """
    refuse_running(
        repository,
        (
            item.environment.name
            for item in what.environments
            if not item.environment.runs_nni and item.before
            if isinstance(item.before.value, dict) and item.before.value.get("nni")
        ),
    )


def refuse_running(repository: Repository, names: Iterable[str]) -> None:
    """Refuses to take from environments what their experiments need.

    Raises:
        InputError: with each experiment that runs in one of them, and each of which nobody knows
            where it runs.
    """
    problems: list[Problem] = []
    for name in names:
        used, unreadable = experiments.of_environments(repository, [name])
        problems += [
            Problem(
                f"{layout.EXPERIMENTS}/{found}",
                f"runs in {name}",
                shell.line("fcgitops", "nni", "remove", found),
            )
            for found in used
        ]
        problems += unreadable
    if problems:
        raise InputError(problems)
