"""A Kubernetes object in the place of FrameworkController's file, which a ConfigMap has as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from fcgitops.core.findings import Finding
from fcgitops.fcconfig.findings import found
from fcgitops.fcconfig.goyaml import GoError, Node, parse

FILE = "frameworkcontroller.yaml"
"""Its name in a ConfigMap: FrameworkController asks for no other."""


class Wrapped(NamedTuple):
    """An object, and which of its texts is meant."""

    kind: str
    key: str
    """Of `data`; empty where none is meant, or several may be."""
    text: str


def taken_out(data: bytes) -> tuple[bytes, str]:
    """FrameworkController's file of a ConfigMap that holds it; anything else as it is.

    Returns:
        The file, and what to say of that; empty for nothing.
    """
    try:
        item = _wrapped(parse(data).root)
    except GoError:
        item = None
    if item is None or not item.key:
        return data, ""
    return item.text.encode(), f"is a ConfigMap: its data.{item.key} is taken"


def _wrapped(root: Node | None) -> Wrapped | None:
    """The object that a document is. FrameworkController's file has no `apiVersion` and `kind`."""
    fields = dict(_entries(root))
    if "apiVersion" not in fields or "kind" not in fields:
        return None
    texts = {key: node.value for key, node in _entries(fields.get("data")) if node.kind == "scalar"}
    key = FILE if FILE in texts else next(iter(texts)) if len(texts) == 1 else ""
    kind = fields["kind"].resolved.value
    return Wrapped(kind, key, texts[key]) if key and kind == "ConfigMap" else Wrapped(kind, "", "")


def _entries(node: Node | None) -> Iterator[tuple[str, Node]]:
    for key, value in node.resolved.pairs if node and node.resolved.kind == "mapping" else ():
        if key.resolved.kind == "scalar":
            yield key.resolved.value, value.resolved


def finding(root: Node | None) -> Finding | None:
    """What is to say of a file that holds an object; nothing of one that does not."""
    item = _wrapped(root)
    if item is None:
        return None
    if not item.key:
        what = f"is an object of Kubernetes, kind {item.kind}, which FrameworkController ignores"
        return found("FCC06", "", 1, what, f"the text that a ConfigMap has at data.{FILE}")
    what = f"is a ConfigMap: FrameworkController's file is the text at data.{item.key}"
    hint = f"yq '.data[\"{item.key}\"]' takes it out; so does `overlay --config`"
    return found("FCC06", "", 1, what, hint)
