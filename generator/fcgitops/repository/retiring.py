"""Which retired.yaml a change writes: what follows from former configurations in Git's history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from fcgitops.core.errors import InputError
from fcgitops.manifests import retired
from fcgitops.model import layout
from fcgitops.repository.contents import Repository
from fcgitops.repository.environments import Planned
from fcgitops.repository.merge import merge
from fcgitops.text.tree import at, read_file

_HISTORY = 50
"""How many commits of a configuration are looked at: some only bring an older one back."""


def files(repository: Repository, planned: Iterable[Planned]) -> dict[str, bytes | None]:
    """Each retired.yaml of environments, as it should be; None for one that goes.

    It changes with the configuration. As it follows from Git's history, it is no part of the
    record, and a clone without that history retires nothing. One that is the user's own is left
    alone.

    Args:
        repository: as it is on disk.
        planned: the environments.
    """
    found: dict[str, bytes | None] = {}
    # Path of a configuration that changes → path of its retired.yaml, the new and the present text.
    changing: dict[str, tuple[str, list[bytes]]] = {}
    for item in planned:
        folder = layout.overlay(item.environment.name)
        path, configuration = f"{folder}/{layout.RETIRED_FILE}", f"{folder}/{layout.CONFIG_FILE}"
        there = read_file(repository.root, path)
        if there is not None and not there.startswith(retired.MARK.encode()):
            continue
        if there:
            found[path] = None
        if not retired.applies(item.environment, repository.answers.profile):
            continue
        mine = read_file(repository.root, configuration)
        new = _merged(repository, item, mine)
        if mine is not None and new not in (None, mine):
            changing[configuration] = path, [new, mine]
        # Brought back by hand, it is in use: kustomize takes no object twice.
        elif there and (mine is None or retired.render(mine) != there):
            found[path] = there
    for path, versions in _with_former(repository, changing):
        chosen = retired.choose(versions)
        if content := retired.render(chosen) if chosen else None:
            found[path] = content
    return found


def _merged(repository: Repository, item: Planned, mine: bytes | None) -> bytes | None:
    """The configuration as it will be; None where that is a conflict.

    Args:
        repository: as it is on disk.
        item: the environment.
        mine: its configuration as it is.
    """
    new = item.configuration.encode()
    if mine == new:
        return new
    folder = layout.overlay(item.environment.name)
    path = f"{folder}/{layout.CONFIG_FILE}"
    recorded = repository.recorded(folder).items()
    base = at(folder, {name: text for name, text in recorded if name == layout.CONFIG_FILE})
    return merge(base, {path: mine}, {path: new}).files.get(path)


def _with_former(
    repository: Repository, changing: Mapping[str, tuple[str, list[bytes]]]
) -> Iterable[tuple[str, list[bytes]]]:
    """Each path of a retired.yaml, and all versions of its configuration, the newest first."""
    former: Mapping[str, list[bytes]] = {}
    with suppress(InputError):  # an exported tree has no history
        former = repository.git.former(changing, limit=_HISTORY) if changing else {}
    for configuration, (path, versions) in changing.items():
        yield path, [*versions, *former.get(configuration, ())]
