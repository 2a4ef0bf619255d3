"""`fcgitops restore PATH…`: puts generated text back, deleted files too."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

from fcgitops.commands import amiss, writing
from fcgitops.commands.writing import Options
from fcgitops.core import terminal
from fcgitops.core.errors import InputError, Problem
from fcgitops.model import layout
from fcgitops.repository import generated
from fcgitops.repository.changes import Change
from fcgitops.repository.contents import Repository
from fcgitops.repository.merge import Merged
from fcgitops.text.tree import Tree, read_file
from fcgitops.text.values import did_you_mean
from fcgitops.text.words import count

_MOST = 3
"""So many files the commit's first line names."""


def run(folder: Path, paths: tuple[str, ...], **options: Any) -> int:  # noqa: ANN401
    """Puts back what was generated last at the paths, in one commit.

    Args:
        folder: where the user is; the paths are relative to it.
        paths: generated files, and folders of them.
        options: those of `writing.Options`.

    Returns:
        0.

    Raises:
        InputError: a path at which nothing was generated, or an edit that is not committed.
        FoundError: an edit, not committed, of what HEAD has as it was generated.
    """
    how = Options(**options)
    gone: list[str] = []

    def make(repository: Repository) -> Change:
        known = generated.texts(repository) | _gone(repository)
        wanted: dict[str, bytes | None] = {}
        problems = []
        for typed in paths:
            path = os.path.normpath(folder.resolve() / typed)
            place = Path(os.path.relpath(path, repository.root)).as_posix()
            found = [p for p in known if place in (".", p) or p.startswith(f"{place}/")]
            if not found:
                problems.append(_unknown(repository, folder, typed, place, known))
            wanted |= {path: known[path] for path in found}
        if problems:
            raise InputError(problems)
        # What is there is refused if HEAD has not got it; this is not there.
        gone.extend(path for path in wanted if read_file(repository.root, path) is None)
        amiss.refuse_edited(repository, wanted, gone)
        names = sorted(repository.git.differing(wanted))
        told = count(len(names), "generated file") if len(names) > _MOST else ", ".join(names)
        title = f"Restore {told}"
        return Change(Merged(wanted), title=title, overwrite=gone, resolved=gone)

    status = writing.change(folder, make, how, require=Repository.require_no_newer_version)
    for path in gone if not (status or how.dry_run) else ():
        terminal.say(f"{path} is there again")
    return status


def _unknown(
    repository: Repository, folder: Path, typed: str, place: str, known: Collection[str]
) -> Problem:
    """That nothing was generated at a path, as far as is known."""
    if not (repository.root / place).exists() and repository.git.list_head(place):
        what = "was deleted, and no record that is left says that it was generated"
        return Problem(typed, what, repository.way_back(place))
    if generated.base(repository) is None:
        what = f"{layout.BASE_RECORD} is gone, which says what was generated"
        return Problem(typed, what, "make overlays")
    there = {os.path.relpath(repository.root / path, folder.resolve()) for path in known}
    hint = did_you_mean(os.path.normpath(typed), there)
    return Problem(typed, "nothing was generated there", hint)


def _gone(repository: Repository) -> Tree:
    """The files that `local/` of an environment was made with, and that are gone."""
    made = generated.starters(repository)
    return {path: data for path, data in made.items() if read_file(repository.root, path) is None}
