"""What goes out of an environment.yaml when a key is unset, and what stays with its default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fcgitops.text.yamledit import KeyPath

_ALWAYS = ("variant", "cluster.name", "namespace", "sync")
"""Keys that every environment.yaml has, for tools to read."""


def to_take_out(path: KeyPath, current: Iterable[str]) -> list[KeyPath]:
    """What goes for a path to unset: what must stand gets its default where it stands.

    Args:
        path: to unset.
        current: the keys that the file has.
    """
    if not _below(path):
        return [path]
    keys = [tuple(key.split(".")) for key in current if key not in _ALWAYS]
    return [key for key in keys if key[: len(path)] == path]


def spelled_out(name: str, unset: Iterable[KeyPath], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults of those keys to unset that every environment.yaml has.

    Args:
        name: the environment.
        unset: the paths to unset.
        defaults: key path → value of the repository.
    """
    known = {**defaults, "cluster.name": name}
    return {key: known[key] for path in unset for key in _below(path)}


def _below(path: KeyPath) -> list[str]:
    return [key for key in _ALWAYS if tuple(key.split("."))[: len(path)] == path]
