"""The field paths of replacements, and where in an object they lead.

Source: kustomize 5.8, kyaml/utils/pathsplitter.go and kyaml/yaml/match.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fcgitops.core.lazy import regex

_PART = regex(r"\[[^\]]*\]|(?:\\\.|[^.])+")
Location = tuple[str, ...]
"""Keys, and the places in lists, as a JSON pointer has them."""


def parts(path: str) -> list[str]:
    r"""The parts of a path: `spec.containers.[name=a].image`, `metadata.annotations.a\.b/c`."""
    return [found.replace("\\.", ".") for found in _PART.findall(path)]


def locations(value: Any, wanted: list[str], at: Location = ()) -> Iterator[tuple[Location, Any]]:  # noqa: ANN401 - any part of an object
    """Where a path leads, and what stands there; nothing where it does not lead on."""
    if not wanted:
        yield at, value
        return
    part, *rest = wanted
    inner = part[1:-1] if part.startswith("[") and part.endswith("]") else part
    if isinstance(value, dict):
        if inner in value:
            yield from locations(value[inner], rest, (*at, inner))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            if part == "*" or part == str(i) or (inner != part and _is(item, inner)):
                yield from locations(item, rest, (*at, str(i)))


def _is(item: object, wanted: str) -> bool:
    """Whether an element of a list is the one of [KEY=VALUE]; of [=VALUE] it is the value."""
    key, _, value = wanted.partition("=")
    found = item if not key else item.get(key) if isinstance(item, dict) else None
    return found is not None and str(found) == value
