"""`fcgitops tools`: the pinned kustomize, for those who have none."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from fcgitops.core import shell, terminal
from fcgitops.core.errors import InputError, Problem
from fcgitops.git import repo
from fcgitops.programs import install
from fcgitops.repository.contents import Repository
from fcgitops.text import jsonio

INSTALLED = "tools.json"
"""In our folder of Git's directory, which nobody can commit: program → SHA-256 of what was
installed there."""


def run(folder: Path, into: Path) -> int:
    """Installs kustomize and prints its path; what was installed before is not fetched again.

    A program that stands there already is trusted where it is the very one that was installed: its
    version is what it says of itself.

    Args:
        folder: somewhere in a repository, or in none.
        into: the folder of the program, relative to `folder`.

    Raises:
        InputError: a program of that name is committed: whoever wrote the commit chose it.
        ToolError: it cannot be had.
    """
    place = Path(os.path.abspath(folder / into))  # noqa: PTH100 - resolve() would follow a link
    git = _repository(folder)
    if git is not None:
        _refuse_committed(git, place)
    note = git.private / INSTALLED if git is not None else None
    noted = _noted(note)
    program, digest = install.install(folder / into, noted.get(str(place), ""))
    if note is not None and noted.get(str(place)) != digest:
        note.parent.mkdir(exist_ok=True)
        note.write_text(json.dumps(noted | {str(place): digest}, indent=1), encoding="utf-8")
    terminal.data(f"{program}\n")
    return 0


def _repository(folder: Path) -> repo.GitRepository | None:
    """None where nothing is known of what stands there: an exported tree, or no repository."""
    try:
        return repo.open_repository(Repository.find(folder).root)
    except InputError:
        return None


def _refuse_committed(git: repo.GitRepository, place: Path) -> None:
    if not place.is_relative_to(git.top):
        return
    under = place.relative_to(git.top).as_posix()
    if committed := git.tracked(under):
        hint = shell.line("git", "rm", "-r", "--cached", "--", *committed[:3])
        what = "is in Git, where the programs that are run here must not be"
        raise InputError(Problem(committed[0], what, hint))


def _noted(note: Path | None) -> dict[str, str]:
    found: object = {}
    if note is not None:
        with suppress(OSError, ValueError):  # none yet, or damaged: then nothing is known
            found = jsonio.load(note.read_bytes())
    return found if isinstance(found, dict) else {}
