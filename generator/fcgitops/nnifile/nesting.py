"""What a tuner makes of choices that hold more than numbers and texts: spaces in a space.

Sources, all of the package nni 3.0: nni/common/hpo_utils/formatting.py for TPE, Random and
GridSearch; nni/utils.py, json2space and json2parameter, for Evolution and PBT; json2parameter of
nni/algorithms/hpo/hyperband_advisor.py; batch_tuner.py. Tried by drawing from each of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from fcgitops.core.findings import Path
from fcgitops.text.words import named

Nesting = Literal["all named", "named", "once", "any", "none"]
"""How a tuner finds a space in a choice.

all named: where every choice is a mapping with `_name`; else a choice is handed over as it is.
named: in each mapping, which must have a `_name`; any other choice is a value.
once: the same, but it cannot go on from what it has drawn so: `choices.index(drawn)` of PBT.
any: in each mapping, at any depth.
none: nowhere; a choice is handed over as it is.
"""
Met = Literal["drawn", "handed", "nameless", "lost", "too deep"]
"""drawn: the tuner draws from it. handed: it has `_type` and `_value`, and trials get both as they
stand. nameless: it has no `_name`, and the tuner fails. lost: it fails when it goes on from another
trial. too deep: it fails as soon as it chooses another space."""


def walk(space: dict[Any, Any], nesting: Nesting) -> Iterator[tuple[Met, Path, Any]]:
    """All that is to be looked at in a search space: how the tuner meets it, where, and what."""
    if nesting in ("all named", "none"):
        yield from _formatted(space, (), (), nests=nesting == "all named")
        return
    for name, spec in space.items():
        if isinstance(spec, dict) and "_type" in spec:
            yield from _recursive(spec, (named(name),), nesting)
        else:
            yield "drawn", (named(name),), spec


def _formatted(
    space: dict[Any, Any], path: Path, above: tuple[int, ...], *, nests: bool
) -> Iterator[tuple[Met, Path, Any]]:
    """As _format_search_space. `above`: of each choice around the space, how many it has.

    A parameter in two choices is looked up by the inner one (ParameterSpec.is_activated_in), which
    is not there where the outer one has chosen another space: a KeyError.
    """
    for name, spec in space.items():
        if path and name == "_name":
            continue
        at = (*path, named(name))
        yield "drawn", at, spec
        values = _choices(spec)
        if nests and values and all(isinstance(v, dict) and "_name" in v for v in values):
            if any(count > 1 for count in above) and any(len(v) > 1 for v in values):
                yield "too deep", at, spec
            for i, value in enumerate(values):
                inside, around = (*at, "_value", i), (*above, len(values))
                yield from _handed(value["_name"], (*inside, "_name"))
                yield from _formatted(value, inside, around, nests=nests)
        else:
            for i, value in enumerate(values):
                yield from _handed(value, (*at, "_value", i))


def _handed(value: object, path: Path) -> Iterator[tuple[Met, Path, Any]]:
    """What trials get though it is written to be drawn from."""
    if isinstance(value, dict) and "_type" in value and "_value" in value:
        yield "handed", path, value
        return
    for key, child in _children(value):
        yield from _handed(child, (*path, key))


def _recursive(
    value: object, path: Path, nesting: Nesting, *, inside: bool = False
) -> Iterator[tuple[Met, Path, Any]]:
    """As both functions json2parameter, of which one wants a `_name` in each mapping in a list."""
    inner: list[tuple[Path, Any]]
    if isinstance(value, dict) and "_type" in value:
        if inside and nesting == "once":
            yield "lost", path, value
            return
        yield "drawn", path, value
        inner = [((*path, "_value", i), child) for i, child in enumerate(_choices(value))]
    else:
        inner = [((*path, key), child) for key, child in _children(value)]
    in_list = isinstance(value, list) or (isinstance(value, dict) and "_type" in value)
    for at, child in inner:
        nameless = in_list and isinstance(child, dict) and "_name" not in child
        if nameless and nesting != "any":
            yield "nameless", at, child
        else:
            yield from _recursive(child, at, nesting, inside=True)


def _choices(spec: object) -> list[Any]:
    values = (
        spec.get("_value") if isinstance(spec, dict) and spec.get("_type") == "choice" else None
    )
    return values if isinstance(values, list) else []


def _children(value: object) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, dict):
        yield from ((named(key), child) for key, child in value.items())
    elif isinstance(value, list):
        yield from enumerate(value)
