"""Fields that somebody has written by hand, and that the sync tool takes over, and so takes off.

Flux counts what some managers of fields have written as its own before it applies: what of it is
not rendered goes, `kubectl rollout restart`'s annotation among it. A dry run does not show that.
Source: kustomize-controller's kustomization_controller.go (FieldManagers), and
PatchReplaceFieldsManagers in patch.go of fluxcd/pkg/ssa. What `fieldsV1` means:
sigs.k8s.io/structured-merge-diff/v6/fieldpath/serialize-pe.go.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator
from typing import Any

from fcgitops.kubernetes.objects import Fields, Object, mapping, mappings

Path = tuple[str, ...]
"""Where a field is, by the keys of `fieldsV1`."""
_ITSELF = "."


def without(o: Object, managers: Iterable[tuple[str, str]]) -> Object:
    """An object without the fields that nobody but these managers has.

    Args:
        o: as the API server gives it, its managedFields included.
        managers: the beginning of a manager's name, and the operation by which it writes.
    """
    taken, kept = set[Path](), set[Path]()
    for entry in mappings(o["metadata"].get("managedFields")):
        found = set(_paths(mapping(entry.get("fieldsV1")), ()))
        if _is_one(entry, managers):
            taken |= found
        else:
            kept |= found
    held = {path[:end] for path in kept for end in range(1, len(path) + 1)}
    rest = copy.deepcopy(o)
    for path in sorted(taken - held, key=len, reverse=True):
        _take_off(rest, path)
    return rest


def _is_one(entry: Fields, managers: Iterable[tuple[str, str]]) -> bool:
    return not entry.get("subresource") and any(
        str(entry.get("manager")).startswith(name) and entry.get("operation") == operation
        for name, operation in managers
    )


def _paths(fields: Fields, above: Path) -> Iterator[Path]:
    """Every field that is owned: those that hold no others, and those that are owned themselves."""
    for key, below in fields.items():
        if key == _ITSELF:
            yield above
        elif below:
            yield from _paths(below, (*above, key))
        else:
            yield (*above, key)


def _take_off(value: Any, path: Path) -> None:  # noqa: ANN401
    """Deletes what a path leads to, where it is there."""
    *parents, last = path
    for key in parents:
        value = _get(value, key)
    place = _place(value, last)
    if place is not None:
        del value[place]


def _get(value: Any, key: str) -> Any:  # noqa: ANN401
    place = _place(value, key)
    return None if place is None else value[place]


def _place(value: Any, key: str) -> str | int | None:  # noqa: ANN401
    """Under which key or number of a mapping or a list something is; None where it is not."""
    kind, _, word = key.partition(":")
    if isinstance(value, dict):
        return word if kind == "f" and word in value else None
    if not isinstance(value, list):
        return None
    if kind == "i":
        return int(word) if int(word) < len(value) else None
    wanted = json.loads(word)
    for place, item in enumerate(value):
        if item == wanted if kind == "v" else (
            isinstance(item, dict) and all(item.get(k) == v for k, v in wanted.items())
        ):  # fmt: skip
            return place
    return None
