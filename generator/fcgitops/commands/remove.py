"""`fcgitops remove NAME`: takes an environment out of the repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fcgitops import gitrepo, terminal
from fcgitops.commands.writing import Options, change
from fcgitops.errors import InputError, Problem
from fcgitops.merge import Merged
from fcgitops.repository import Repository
from fcgitops.scaffold import OVERLAYS


def run(folder: Path, name: str, **options: Any) -> int:  # noqa: ANN401
    """Deletes every committed file of overlays/NAME/, the user's local/ included.

    Any other file in there makes it refuse: it would be all that is left.

    Returns:
        0.

    Raises:
        InputError: there is no such environment; nothing was written.
    """

    def make(repository: Repository) -> tuple[Merged, str]:
        repository.require([name], repository.environment_names())
        path = f"{OVERLAYS}/{name}"
        committed = gitrepo.open_repository(repository.root).list_head(path)
        if not committed:
            raise InputError(Problem(path, "is not committed yet", f"git rm -r --cached {path}"))
        folder = repository.root / path
        there = (p for p in folder.rglob("*") if not p.is_dir() or p.is_symlink())
        others = {p.relative_to(repository.root).as_posix() for p in there} - set(committed)
        if others:
            raise InputError(
                Problem(name, "is not committed, and would stay behind", "move or delete it first")
                for name in sorted(others)
            )
        terminal.say(
            f"note: whatever syncs {name} will delete its objects, or orphan them, as it is set up"
        )
        return Merged(dict.fromkeys(committed)), f"Remove environment {name}"

    return change(folder, make, Options(**options))
