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

    Files that are not committed make it refuse; files that Git ignores stay.

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
        terminal.say(
            f"note: whatever syncs {name} will delete its objects, or orphan them, as it is set up"
        )
        return Merged(dict.fromkeys(committed)), f"Remove environment {name}"

    return change(folder, make, Options(**options))
