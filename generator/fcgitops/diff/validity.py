"""What is wrong with one object, so that the API server refuses it whatever was there before."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator

from fcgitops.diff.objects import Pair
from fcgitops.kubernetes.field import REFUSED, Fault
from fcgitops.kubernetes.objects import Object, mapping


def newly(pair: Pair) -> list[Fault]:
    """Why the object after is invalid, without what was wrong with it before."""
    if pair.after is None:
        return []
    known = set(faults(pair.before)) if pair.before is not None else set()
    found = [fault for fault in faults(_kept(pair.before, pair.after)) if fault not in known]
    if pair.before is None or pair.how != "same":
        return found
    return [*found, *_settled_once(pair.before, pair.after)]


def _settled_once(before: Object, after: Object) -> Iterator[Fault]:
    """Metadata that may not change. Source: ValidateObjectMetaAccessorUpdate of apimachinery."""
    for key in ("deletionTimestamp", "deletionGracePeriodSeconds"):
        new = after["metadata"].get(key)
        if new is not None and new != before["metadata"].get(key):
            yield Fault(("metadata", key), "field is immutable")


def _kept(before: Object | None, after: Object) -> Object:
    """The object after with what the API server keeps, whatever is sent or left out.

    That is the generation (k8s.io/apiserver pkg/registry/rest BeforeUpdate), a Namespace's
    finalizers (pkg/registry/core/namespace PrepareForUpdate), and a Service's address.
    """
    if before is None:
        return after
    if type(mapping(after.get("metadata")).get("generation")) is int:  # any other is refused
        rest = {k: v for k, v in after["metadata"].items() if k != "generation"}
        after = {**after, "metadata": rest}
    if after["kind"] == "Namespace" and _are_texts(mapping(after.get("spec")).get("finalizers")):
        return {**after, "spec": {k: v for k, v in after["spec"].items() if k != "finalizers"}}
    if after["kind"] != "Service":
        return after
    old, new = mapping(before.get("spec")), mapping(after.get("spec"))
    if new.get("type") == "ExternalName":  # one that has an address loses it
        rest = {k: v for k, v in new.items() if k not in _ADDRESS or v != old.get(k)}
        return {**after, "spec": rest}
    if new.get("clusterIP") or "clusterIP" not in old:
        return after
    return {**after, "spec": {**new, "clusterIP": old["clusterIP"]}}


_ADDRESS = ("clusterIP", "clusterIPs")


def _are_texts(value: object) -> bool:
    """Whether it is a list of texts: any other is refused, wherever it is."""
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def faults(o: Object) -> tuple[Fault, ...]:
    """Why the API server refuses the object; nothing of a kind of which nothing is known."""
    return _faults(json.dumps(o, default=str))


@functools.lru_cache(maxsize=512)
def _faults(text: str) -> tuple[Fault, ...]:
    from fcgitops.kubernetes import check  # noqa: PLC0415 - where an object differs

    return tuple(f for f in check.faults(json.loads(text)) if f.severity == REFUSED)
