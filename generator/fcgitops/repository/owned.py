"""What people have put into the folder of an environment: `local/`, and what else is theirs."""

from __future__ import annotations

from collections.abc import Mapping

from fcgitops.manifests import overlay, retired
from fcgitops.model import layout
from fcgitops.repository import provenance
from fcgitops.repository.contents import Repository
from fcgitops.text.tree import at
from fcgitops.text.words import count

_MOST = 20
"""So many files are named."""


def told(repository: Repository, name: str, files: Mapping[str, bytes | None]) -> list[str]:
    """What a change does to committed files of an environment that nobody generated, in lines.

    Neither environment.yaml, which the command is about, nor `local/` as it was made is told of,
    nor a configuration that is retired, which is in no record.

    Args:
        repository: as it is on disk.
        name: the environment.
        files: content by path of what the change writes; None deletes.

    Returns:
        A heading and a line a file; nothing where there is none.
    """
    own = layout.overlay(name)
    aside = {layout.source_path(name), f"{own}/{layout.RECORD_FILE}"}
    paths = [
        path
        for path in sorted(files)
        if path.startswith(f"{own}/") and path not in aside and not provenance.is_generated(path)
    ]
    made, heads = at(own, overlay.LOCAL), repository.git.read_head(paths)
    found = []
    for path in paths:
        head, new = heads.get(path), files[path]
        is_as_made = path in made and made[path] == (head if new is None else new)
        is_retired = path == f"{own}/{layout.RETIRED_FILE}" and all(
            text.startswith(retired.MARK.encode()) for text in (head, new) if text is not None
        )
        if head != new and not (is_as_made or is_retired):
            what = "goes" if new is None else "comes back" if head is None else "is as it was"
            found.append(f"- {path} {what}")
    if len(found) > _MOST:
        found[_MOST:] = [f"- and {count(len(found) - _MOST, 'file')} more"]
    return ["files that nobody generated:", *found] if found else []
