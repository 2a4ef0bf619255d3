"""What a commit does, in one line, told by the files that it changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from fcgitops.model.environment import VARIANTS
from fcgitops.model.layout import EXPERIMENTS, OVERLAYS
from fcgitops.sync import entrypoints, registry
from fcgitops.text.words import count

_NOUNS = {OVERLAYS: "environment", EXPERIMENTS: "experiment"}
_OF_VARIANTS = {f"{OVERLAYS}/{name}" for name in VARIANTS}
_MOST = 3
"""So many are named; of more it is said how many there are."""


def subject(
    paths: Iterable[str], added: Collection[str] = (), removed: Collection[str] = ()
) -> str:
    """The first line of a commit's message; empty where it changes nothing.

    Args:
        paths: of the files that it changes.
        added: folders of environments and experiments that it makes.
        removed: folders of those that it takes away.
    """
    owners: dict[str, None] = {}
    others = []
    for path in sorted(paths):
        if owner := _owner(path):
            owners[owner] = None
        else:
            others.append(path)
    parts = []
    for verb, is_one in (
        ("Add", added.__contains__),
        ("Change", lambda owner: owner not in {*added, *removed}),
        ("Remove", removed.__contains__),
    ):
        for folder, noun in _NOUNS.items():
            names = [o.rpartition("/")[2] for o in owners if o.startswith(folder) and is_one(o)]
            if len(names) > _MOST:
                parts.append(f"{verb} {count(len(names), noun)}")
            elif names:
                parts.append(f"{verb} {noun}{'s' if len(names) > 1 else ''} {', '.join(names)}")
    if parts or not others:
        return "; ".join(parts)
    if any(entrypoints.is_shared(path) for path in others):
        return "Bring the entry points in line"
    return f"Change {', '.join(others)}"


def _owner(path: str) -> str:
    """The folder of the environment or experiment that a file belongs to; empty for neither."""
    parts = path.split("/")
    folder = "/".join(parts[:2])
    if parts[0] in _NOUNS and len(parts) > 2 and folder not in _OF_VARIANTS:
        return folder
    for tool in registry.TOOLS.values():
        name, *rest = path.removeprefix(f"{tool.folder}/").split("/")
        if path.startswith(f"{tool.folder}/") and rest:
            return "/".join(rest[:2]) if rest[0] == EXPERIMENTS else f"{OVERLAYS}/{name}"
    return ""
