"""How entry points that a change writes get to clusters: no sync tool applies them by itself."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator

from fcgitops.core import shell
from fcgitops.core.errors import InputError
from fcgitops.model import layout, synctools
from fcgitops.model.synctools import Traits
from fcgitops.repository.changes import Change
from fcgitops.repository.contents import Repository
from fcgitops.repository.environments import Planned
from fcgitops.sync import entrypoints

_TOLD = "entry points change, and no sync applies them: type this, before or after the push"


def to_apply(repository: Repository, what: Change, differing: Collection[str]) -> list[str]:
    """A note with the commands that apply them, where there are any.

    An environment that is new is told of by its effect; one that goes, or goes to another tool, by
    what the command prints of that.

    Args:
        repository: as it was before the change.
        what: the change.
        differing: the paths at which it writes something else than HEAD has.
    """
    written = [path for path in differing if what.merged.files.get(path) is not None]
    typed = []
    for tool in synctools.KNOWN.values():
        if names := _names(repository, what, tool, written):
            typed.append(shell.comment(f"{tool.label}:"))
            typed += [shell.line("make", "bootstrap", f"ENV={name}") for name in names]
    return ["\n".join([_TOLD, *typed])] if typed else []


def _names(
    repository: Repository, what: Change, tool: Traits, written: Collection[str]
) -> list[str]:
    """The environments by which the tool's differing entry points are applied."""
    own = [path for path in written if path.startswith(f"{tool.folder}/")]
    if not own:
        return []
    if tool.central:
        return list(itertools.islice(_synced(repository, what, tool), 1))
    new = {item.environment.name for item in what.environments if item.new or _moves(item)}
    names = {path.removeprefix(f"{tool.folder}/").split("/")[0] for path in own}
    return sorted(names & set(repository.environment_names()) - new)


def _moves(item: Planned) -> bool:
    """Whether another tool syncs an environment from now on."""
    before = entrypoints.generated_for(
        item.repository.root, item.environment.name, item.environment.sync
    )
    return before.traits.name != item.environment.sync


def _synced(repository: Repository, what: Change, tool: Traits) -> Iterator[str]:
    """The environments that a tool syncs, as they were before the change; those it is of first."""
    planned = {item.environment.name: item.environment for item in what.environments}
    moving = {item.environment.name for item in what.environments if _moves(item)}
    for name in sorted(repository.environment_names(), key=lambda name: name not in planned):
        if layout.overlay(name) in what.removed:
            continue
        try:
            env = planned.get(name) or repository.environment(name)
        except InputError:  # whoever verifies it says what is wrong
            continue
        if env.sync == tool.name and name not in moving:
            yield name
