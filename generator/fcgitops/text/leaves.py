"""A YAML value as its leaves: what stands at which place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

Place = tuple[str, ...]
"""Keys, and names of items in brackets, from the top."""

_NAMES = ("name", "path", "code")
"""What an item of a list is known by: the first that is there in all, and in no two the same."""


def leaves(documents: Sequence[Any]) -> dict[Place, Any]:
    """Place → value, of every value that holds no other one; lists without names are whole."""
    found: dict[Place, Any] = {}
    for document in documents:
        place = (f"[{document['kind']}]",) if len(documents) > 1 and _is_object(document) else ()
        found |= _below(document, place)
    return found


def spoken(place: Place) -> str:
    """A place as people write it: images[nginx].newTag."""
    return ".".join(place).replace(".[", "[")


def _is_object(document: object) -> bool:
    return isinstance(document, dict) and isinstance(document.get("kind"), str)


def _below(value: object, place: Place) -> dict[Place, Any]:
    found: dict[Place, Any] = {}
    for name, item in _parts(value):
        found |= _below(item, (*place, name))
    return found or {place: json.dumps(value, sort_keys=True, default=str)}


def _parts(value: object) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from ((str(key), item) for key, item in value.items())
    elif isinstance(value, list) and all(isinstance(item, dict) for item in value):
        for key in _NAMES:
            names = [item.get(key) for item in value]
            if all(isinstance(name, str | int) for name in names) and len({*names}) == len(names):
                yield from ((f"[{name}]", item) for name, item in zip(names, value, strict=True))
                return
