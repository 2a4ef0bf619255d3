"""Conflicts of a user's edits with the new text: refused, left to be resolved, or resolved anew."""

from __future__ import annotations

from pathlib import Path

from fcgitops.core import shell, terminal
from fcgitops.core.errors import FOUND, FoundError, InputError, Problem
from fcgitops.git import repo
from fcgitops.model import layout
from fcgitops.repository.changes import Change
from fcgitops.repository.contents import Repository
from fcgitops.repository.merge import Conflict, Merged
from fcgitops.text import conflicts
from fcgitops.text.tree import read_file
from fcgitops.text.words import count


def tell(merged: Merged) -> None:
    """Names every file in which both sides changed the same lines."""
    for path in merged.conflicts:
        terminal.say(f"conflict: {path}: your edit and the new text change the same lines")


def written(repository: Repository, merged: Merged) -> list[str]:
    """The files that leaving the conflicts writes: those in conflict, and what merged cleanly."""
    clean = [
        path
        for path in repository.git.differing(merged.files)
        if read_file(repository.root, path) != merged.files[path]
    ]
    return sorted({*clean, *merged.conflicts})


def refuse_marked(repository: Repository, merged: Merged) -> None:
    """Refuses to take a file for resolved in which git's markers still stand.

    Raises:
        InputError: with each of them.
    """
    lines = {
        path: conflicts.line(data)
        for path, data in merged.files.items()
        if data and b"<<<<<<< " in data and path in repository.git.unmerged
    }
    problems = [
        Problem(f"{path}:{line}", conflicts.WHAT, conflicts.HINT)
        for path, line in lines.items()
        if line
    ]
    if problems:
        raise InputError(problems)


def refuse_branch(merged: Merged, branch: str | None) -> None:
    """Refuses conflicts that would have to be left on a new branch.

    Raises:
        FoundError: with each of them.
    """
    if branch:
        switch = shell.line("git", "switch", "-c", branch)
        hint = f"`{switch}`, then the same without --branch"
        raise FoundError(
            Problem(path, "your edit and the new text change the same lines", hint)
            for path in merged.conflicts
        )


def leave(repository: Repository, what: Change, message: str) -> None:
    """Leaves conflicts for the user, as `git merge` does, and says what ends or undoes them."""
    paths = written(repository, what.merged)
    how = ("restore", "--source=HEAD", "--staged", "--worktree")
    back = repository.git.typed(*how, paths=paths)
    put(repository, what)
    terminal.say(
        "resolve them (`git mergetool`, or edit the markers), `git add` them and "
        f"`{what.by_hand(message)}`;"
    )
    terminal.say(f"`{back}` takes all of it back")


def put(repository: Repository, what: Change, note: tuple[Path, str] | None = None) -> None:
    """Puts conflicts into the work tree and the index, as git does, and names them.

    Args:
        repository: as it is on disk.
        what: the change that has them.
        note: a file in Git's own directory that is written with them, and its content.
    """
    merged = what.merged
    stages = {path: _stages(conflict) for path, conflict in merged.conflicts.items()}
    repository.git.leave_conflict(
        merged.files, stages, overwrite=what.overwrite, resolved=what.resolved, note=note
    )
    terminal.note(*merged.notes)
    tell(merged)


def _stages(conflict: Conflict) -> repo.Stages:
    return repo.Stages(conflict.base or None, conflict.ours, conflict.theirs, conflict.merged)


def in_line(merged: Merged) -> str:
    """What is said of files that are generated anew in a merge that git waits for."""
    return f"{count(len(merged.files), 'file')} of this merge in line, and staged"


def resolve(repository: Repository, merged: Merged) -> int:
    """Puts what is generated anew into the work tree and the index of a merge that waits for it.

    Returns:
        0, or 1 where the user's edits and the new text conflict.
    """
    git = repository.git
    marked = {path: conflict.merged for path, conflict in merged.conflicts.items()}
    new = {**merged.files, **marked}
    # A record last: it tells a later run that these files are to be generated anew.
    order = sorted(new, key=lambda path: path.endswith(layout.RECORDS))
    written = {p: new[p] for p in order if read_file(repository.root, p) != new[p]}
    git.resolve(written, (path for path in order if path not in merged.conflicts))
    terminal.note(*merged.notes)
    tell(merged)
    terminal.say(in_line(merged))
    left = git.unmerged
    for path in left:
        terminal.say(f"still in conflict: {path}")
    way_on = git.under_way or "`git commit` finishes it"
    terminal.say(way_on if not left else f"resolve the rest, `git add` it, and then: {way_on}")
    return FOUND if merged.conflicts else 0
