"""Which objects a kustomization's targets are for: of patches, and of replacements.

Source: kustomize 5.8, api/resmap/selector.go; tried with 5.5 to 5.8.
"""

from __future__ import annotations

import re
from typing import Any

from fcgitops.core.lazy import regex
from fcgitops.kubernetes.objects import Object
from fcgitops.programs.namehash import without_hash

_SET = regex(r"(\S+)\s+(in|notin)\s*\(([^)]*)\)")


def selects(target: dict[str, Any], item: Object, *, anchored: bool = True) -> bool:
    """Whether a target or a select takes an object.

    Args:
        target: group, version, kind, name, namespace, labelSelector, annotationSelector; of a
            patch these are patterns for the whole value.
        item: an object, as written or as rendered.
        anchored: False for replacements, which compare texts.
    """
    meta = item.get("metadata") or {}
    group, _, version = str(item.get("apiVersion", "")).rpartition("/")
    has = {"group": group, "version": version, "kind": str(item.get("kind", ""))}
    for key, value in has.items():
        if target.get(key) and not _like(target[key], value, anchored):
            return False
    name = str(meta.get("name", ""))
    if target.get("name") and not any(
        _like(target["name"], one, anchored) for one in {name, without_hash(name)}
    ):
        return False
    # A namespace comes with a layer, which the object as it is written does not show.
    home = str(meta.get("namespace", ""))
    if target.get("namespace") and home and not _like(target["namespace"], home, anchored):
        return False
    return _matches(target.get("labelSelector"), meta.get("labels")) and _matches(
        target.get("annotationSelector"), meta.get("annotations")
    )


def _like(pattern: object, value: str, anchored: bool) -> bool:
    if not anchored:
        return pattern == value
    try:
        return re.fullmatch(str(pattern), value) is not None
    except re.error:
        return True  # kustomize refuses it


def _matches(selector: object, given: object) -> bool:
    """Whether labels are what a selector in text form asks for."""
    if not selector:
        return True
    labels = given if isinstance(given, dict) else {}
    return all(_is_as(part.strip(), labels) for part in re.split(r",(?![^(]*\))", str(selector)))


def _is_as(text: str, labels: dict[str, Any]) -> bool:
    """Whether labels are as one requirement says: a=b, a!=b, a in (b, c), a notin (b), a, !a."""
    if found := _SET.fullmatch(text):
        key, operator, listed = found.groups()
        values = [value.strip() for value in listed.split(",")]
        there = key in labels and str(labels[key]) in values
        return there if operator == "in" else not there
    if "!=" in text:
        key, _, value = text.partition("!=")
        return bool(labels.get(key.strip()) != value.strip())
    if "=" in text:
        key, _, value = text.replace("==", "=").partition("=")
        return str(labels.get(key.strip())) == value.strip()
    if text.startswith("!"):
        return text[1:].strip() not in labels
    return not text or text in labels
