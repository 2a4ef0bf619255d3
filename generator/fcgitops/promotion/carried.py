"""An environment's folder of another time, brought in line with the repository as it is."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fcgitops.diff.units import Content
from fcgitops.git.history import LINK, History, State
from fcgitops.model import layout
from fcgitops.repository import changes
from fcgitops.repository.changes import Change
from fcgitops.repository.contents import Repository
from fcgitops.repository.environments import Request
from fcgitops.repository.merge import Merged
from fcgitops.text.tree import Tree


def files_of(state: State, prefix: str, folder: str) -> Tree:
    """The files of a folder at a state, from the content's root; symbolic links are none.

    Args:
        state: of the repository.
        prefix: the content's root below the work tree's top.
        folder: from the content's root.
    """
    there = state.files.items()
    paths = [p for p, e in there if p.startswith(f"{prefix}{folder}/") and e.mode != LINK]
    return {path.removeprefix(prefix): data for path, data in state.read(paths).items()}


def carried(  # noqa: PLR0913 - all but four have a name or a default
    repository: Repository,
    history: History,
    name: str,
    files: Tree,
    given: Callable[[Repository], Mapping[str, Any]],
    *,
    unset: Sequence[tuple[str, ...]] = (),
) -> Change:
    """The change that gives an environment these files, merged with what is generated now.

    What stands in the folder otherwise goes.

    Args:
        repository: as it is on disk.
        history: of it.
        name: the environment.
        files: of its folder, its record with them, from the content's root.
        given: from the repository with these files to keys that its source gets.
        unset: keys that go out of its source.

    Raises:
        InputError: with every problem of its source.
    """
    own, prefix = layout.overlay(name), history.prefix
    content = Content(history.head, prefix)
    others = {n for n, unit in content.units.items() if unit.is_environment and n != name}
    kept = [p for p in content.state.files if content.owner(p) not in others]
    now = files_of(history.head, prefix, own)
    with tempfile.TemporaryDirectory(prefix="fcgitops-") as scratch:
        top = Path(scratch).resolve()
        history.head.place((p for p in kept if p.removeprefix(prefix) not in now), top)
        for path, data in files.items():
            file = top / prefix / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        there = Repository(top / prefix, repository.git)
        request = Request(name, layout.source_path(name), given(there), unset=unset)
        change = changes.of_environments(there, [request])
    merged = change.merged
    contents: dict[str, bytes | None] = {**dict.fromkeys(now), **files, **merged.files}
    for path in merged.conflicts:
        contents.pop(path, None)
    return replace(change, merged=Merged(contents, merged.conflicts, merged.notes))
