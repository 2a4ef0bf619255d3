"""`fcgitops remove NAME`: takes an environment out of the repository, not off its cluster."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from fcgitops.commands import amiss, leaving
from fcgitops.commands.writing import Options, change
from fcgitops.core import terminal
from fcgitops.core.errors import InputError, Problem
from fcgitops.model import layout
from fcgitops.repository import changes, owned, provenance
from fcgitops.repository.changes import Change
from fcgitops.repository.contents import Repository
from fcgitops.repository.merge import Merged
from fcgitops.sync import entrypoints, registry, removal
from fcgitops.text.words import count


def run(folder: Path, name: str, **options: Any) -> int:  # noqa: ANN401
    """Deletes every committed file of the environment's folders, the user's own, named, included.

    On the cluster nothing is deleted by that; the commands that would are printed. One whose
    environment.yaml is damaged or gone can be removed, too.

    Any other file in there makes it refuse: it would be all that is left.

    Returns:
        0.

    Raises:
        InputError: there is no such environment; nothing was written.
    """
    lines: list[str] = []

    def make(repository: Repository) -> Change:
        known = repository.environment_names() + repository.headless_names()
        repository.require([name], known, "environment")
        amiss.refuse_running(repository, [name])
        notes: list[str] = []
        committed = _committed(repository, layout.overlay(name))
        for tool in registry.TOOLS.values():
            committed += _generated(repository, entrypoints.folder(tool, name), notes)
        environment = leaving.as_it_was(repository, name)
        lines.extend(removal.commands(leaving.held(repository, environment)))
        what = Change(Merged())
        if environment.runs_nni:  # the last one takes the entry points of NNI along
            gone = [dataclasses.replace(environment, nni_namespace="")]
            what = changes.of_environments(repository, [], whole=True, gone=gone)
        what.merged.files |= dict.fromkeys(committed)
        what.merged.notes += notes
        what.removed.add(layout.overlay(name))
        what.told = owned.told(repository, name, what.merged.files)
        return what

    status = change(folder, make, Options(**options))
    for line in lines:
        terminal.say(line)
    return status


def _generated(repository: Repository, path: str, notes: list[str]) -> list[str]:
    """The files of a folder that fcgitops made; Flux's own bootstrap has its files there too.

    Args:
        repository: as it is on disk.
        path: the folder.
        notes: gets what is to be said of those that stay.

    Raises:
        InputError: one of them is not committed.
    """
    recorded = repository.recorded(path)
    made, _ = provenance.generated(path, recorded)
    names = [*made, f"{path}/{layout.RECORD_FILE}"] if recorded else []
    there = [name for name in names if (repository.root / name).exists()]
    committed = repository.git.list_head(path)
    if missing := [name for name in there if name not in committed]:
        raise InputError(
            Problem(name, "is not committed", repository.git.typed("add", paths=[path]))
            for name in missing
        )
    if others := sorted(set(committed) - set(there)):
        verb = "stays" if len(others) == 1 else "stay"
        what = f"{count(len(others), 'file')} of others {verb}, such as {others[0]}"
        notes.append(f"{path}: {what}")
    return there


def _committed(repository: Repository, path: str) -> list[str]:
    """The committed files of a folder, which must be all that is there.

    Raises:
        InputError: another file would stay behind.
    """
    folder = repository.root / path
    committed = repository.git.list_head(path)
    there = [p for p in folder.rglob("*") if not p.is_dir() or p.is_symlink()]
    if there and not committed:
        raise InputError(Problem(path, "is not committed yet", repository.git.way_out(path)))
    others = {p.relative_to(repository.root).as_posix() for p in there} - set(committed)
    if others:
        raise InputError(
            Problem(name, "is not committed, and would stay behind", "move or delete it first")
            for name in sorted(others)
        )
    return list(committed)
