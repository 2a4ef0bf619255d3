"""Schemas of custom resources, one beside another: what only one of them takes, or keeps."""

from __future__ import annotations

from collections.abc import Iterator

from fcgitops.kubernetes.objects import Fields, listing, mapping

_UPPER = ("maximum", "maxLength", "maxItems", "maxProperties")
_LOWER = ("minimum", "minLength", "minItems", "minProperties")
_KEEPS = "x-kubernetes-preserve-unknown-fields"
_RULES = "x-kubernetes-validations"


def dropped(before: Fields, after: Fields, path: str = "") -> Iterator[str]:
    """Fields that a schema knew, and that the API server prunes by the other one.

    https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#field-pruning
    """
    if after.get(_KEEPS) is True or after.get("additionalProperties"):
        return
    if before.get(_KEEPS) is True:
        yield f"what the schema does not name below {path or 'the top'}"
    old, new = mapping(before.get("properties")), mapping(after.get("properties"))
    for key, schema in old.items():
        here = f"{path}.{key}".removeprefix(".")
        if here in ("apiVersion", "kind", "metadata"):
            continue  # they are kept, whatever the schema says
        if key not in new:
            yield here
        else:
            yield from dropped(mapping(schema), mapping(new[key]), here)
    if isinstance(before.get("items"), dict) and isinstance(after.get("items"), dict):
        yield from dropped(before["items"], after["items"], f"{path}[]")


def narrower(before: Fields, after: Fields, path: str) -> Iterator[str]:
    """Places at which a schema took values that the other one refuses, and the reason."""
    if after.get("type") != before.get("type") and before.get("type") is not None:
        yield path
        return
    for key in (*_UPPER, *_LOWER, "pattern", "enum", "format"):
        if _is_tighter(key, before.get(key), after.get(key)):
            yield f"{path}: {key}"
    for key in ("required", _RULES):
        if set(map(str, listing(after.get(key)))) - set(map(str, listing(before.get(key)))):
            yield f"{path}: {key}"
    if before.get("nullable") and not after.get("nullable"):
        yield f"{path}: nullable"
    old, new = mapping(before.get("properties")), mapping(after.get("properties"))
    for name in new:
        if name in old:
            yield from narrower(mapping(old[name]), mapping(new[name]), f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(before.get(key), dict) and isinstance(after.get(key), dict):
            yield from narrower(before[key], after[key], f"{path}[]")


def _is_tighter(key: str, old: object, new: object) -> bool:
    if new is None or new == old:
        return False
    if key == "enum":
        return old is None or bool(set(map(str, listing(old))) - set(map(str, listing(new))))
    if old is None or not isinstance(old, int | float) or not isinstance(new, int | float):
        return True
    return new < old if key in _UPPER else new > old
