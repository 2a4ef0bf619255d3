"""Who changed what last, as the history of HEAD tells."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from fcgitops.git.program import Git, text


class LastChange(NamedTuple):
    """The newest commit that changed something."""

    commit: str
    """Abbreviated."""
    date: str
    """The author's day: 2026-11-29."""
    author: str
    """The author's name, as .mailmap spells it."""
    subject: str


def last_changes(root: Path, folder: str) -> dict[str, LastChange]:
    """The last change of each folder just below another one; merges are nobody's change.

    Args:
        root: the content's root.
        folder: relative to it.

    Returns:
        Folder's name → its last change. Nothing where there is no commit, and nothing that is older
        than what was fetched.
    """
    form = "--format=%x00%h%x00%as%x00%aN%x00%s%x00"  # no message and no path holds a NUL
    command = ("log", "-z", "--no-renames", "--name-only", "--relative", form, "--", folder)
    answer = Git(root).ask(*command)
    found: dict[str, LastChange] = {}
    for change, paths in _commits(text(answer.out)) if answer.status == 0 else ():
        for path in paths:
            name, inside, _ = path.removeprefix(f"{folder}/").partition("/")
            if inside:
                found.setdefault(name, change)
    return found


def _commits(out: str) -> Iterator[tuple[LastChange, list[str]]]:
    """Each commit with its paths, the newest first."""
    words = iter(out.split("\0"))
    for word in words:
        if not word:
            continue
        change = LastChange(word, next(words), next(words), next(words))
        next(words)  # the end of the format
        paths: list[str] = []
        for path in words:
            if not path:
                break
            paths.append(path.removeprefix("\n"))
        yield change, paths
