"""A work tree in which files are missing, or not as they should be though HEAD has them so."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from fcgitops.core import shell, terminal
from fcgitops.core.errors import FoundError, Problem
from fcgitops.git.reading import Contents
from fcgitops.model import layout
from fcgitops.repository import records
from fcgitops.repository.buildable import missing_parts
from fcgitops.repository.changes import Change
from fcgitops.repository.contents import Repository
from fcgitops.repository.environments import Planned
from fcgitops.text.words import count


def nothing_to_do(repository: Repository, what: Change) -> None:
    """Says that all is as it should be, once the records are that are spoilt here alone.

    Raises:
        FoundError: as `refuse`.
    """
    files = what.merged.files
    spoilt = records.of(repository.git.edited(files))
    repository.git.rewrite({path: files[path] for path in spoilt})
    for path in spoilt:
        terminal.say(f"note: {path} was missing or damaged, and is as it was generated again")
    refuse(repository, what)
    number = len(files)
    verb = "is as it" if number == 1 else "are as they"
    reason = what.idle or f"{count(number, 'file')} {verb} should be"
    terminal.say(f"nothing to do: {reason}")


def refuse(repository: Repository, what: Change) -> None:
    """Refuses a work tree that is not as it should be, though HEAD is.

    Raises:
        FoundError: an edit of the user's takes away what nothing builds without, or a file is as it
            was before HEAD.
    """
    edited = repository.git.edited(what.merged.files)
    problems = [
        Problem(path, "is not as it should be; HEAD has it so", shell.line("git", "restore", path))
        for path in edited
        if path not in records.of(edited)
    ]
    problems += _missing(repository, what.environments)
    if problems:
        raise FoundError(problems)


def _missing(
    repository: Repository, planned: Iterable[Planned], pending: Contents | None = None
) -> list[Problem]:
    """What is not there, of the files without which environments do not build."""
    names = [item.environment.name for item in planned]
    return [
        problem
        if repository.git.list_head(problem.where)
        else dataclasses.replace(problem, hint=shell.line("fcgitops", "restore", problem.where))
        for problem in missing_parts(repository.root, names, pending)
    ]


def refuse_unbuildable(repository: Repository, what: Change) -> None:
    """Refuses a change of environments that would go into nothing.

    So it is without a kustomization, and where a file is missing that HEAD has. A deletion that is
    committed is somebody's decision: it stays, and is told (`Change.lacking`).

    Raises:
        FoundError: with each file that is missing, and the command that brings it back.
    """
    changed = repository.git.differing(what.merged.files)
    folders = {path.split("/")[1] for path in changed if path.startswith(f"{layout.OVERLAYS}/")}
    touched = [item for item in what.environments if item.environment.name in folders]
    rest = [item for item in what.environments if item.environment.name not in folders]
    own = {f"{layout.OVERLAYS}/{name}/{layout.KUSTOMIZATION_FILE}" for name in folders}
    what.lacking = _missing(repository, touched, what.merged.files)
    problems = [
        problem
        for problem in what.lacking
        if problem.where in own or repository.git.list_head(problem.where)
    ]
    if problems:
        raise FoundError(problems)
    what.lacking += _missing(repository, rest, what.merged.files)
