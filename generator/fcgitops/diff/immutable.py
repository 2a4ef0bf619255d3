"""Fields that may not change once an object is there: the API server refuses another value.

Source: pkg/apis/*/validation and pkg/registry/*/strategy.go of Kubernetes 1.34.
"""

from __future__ import annotations

from collections.abc import Mapping

from fcgitops.kubernetes.objects import Object, mapping

_STATEFUL_SET = ("podManagementPolicy", "serviceName", "selector", "volumeClaimTemplates")
"""validation.go:256: all but replicas, ordinals, template, updateStrategy, revisionHistoryLimit,
persistentVolumeClaimRetentionPolicy and minReadySeconds."""
_EMPTY: dict[str, object] = {"serviceName": "", "volumeClaimTemplates": [], "selector": {}}
_SELECTING = ("Deployment", "DaemonSet", "ReplicaSet")
"""Kinds whose selector may not change."""
_BESIDE_SPEC: Mapping[str, Mapping[str, str]] = {
    "PriorityClass": {"value": "", "preemptionPolicy": "PreemptLowerPriority"},
    "Secret": {"type": "Opaque"},
}
"""Kind → the fields beside its spec that may not change, and their defaults."""
KINDS = ("StatefulSet", *_SELECTING, *_BESIDE_SPEC)
"""Those that `differing` knows."""


def differing(kind: str, before: Object, after: Object) -> tuple[str, ...]:
    """The fields of an object that differ and may not; both sides as they are stored."""
    if kind == "StatefulSet":
        return of_stateful_set(before, after)
    if kind in _SELECTING:
        old, new = (mapping(mapping(o.get("spec")).get("selector")) for o in (before, after))
        return () if old == new else ("selector",)
    fields = _BESIDE_SPEC[kind].items()
    return tuple(n for n, default in fields if before.get(n, default) != after.get(n, default))


def of_stateful_set(before: Object, after: Object) -> tuple[str, ...]:
    """The same of a StatefulSet."""
    old, new = dict(mapping(before.get("spec"))), dict(mapping(after.get("spec")))
    for spec in (old, new):
        selector = mapping(spec.get("selector"))
        spec["selector"] = {key: value for key, value in selector.items() if value}
    return tuple(
        name for name in _STATEFUL_SET
        if (old.get(name) or _EMPTY.get(name)) != (new.get(name) or _EMPTY.get(name))
    )  # fmt: skip
