"""Which objects the API server refuses, as far as that follows from the objects.

Two ways: a field differs that may not (the object before decides), or the object is invalid by
itself (`validity`). Source: pkg/apis/*/validation of Kubernetes 1.34, whose messages are quoted.
"""

from __future__ import annotations

from fcgitops.kubernetes.objects import Object, mapping

_STATEFULSET = ("podManagementPolicy", "serviceName", "selector", "volumeClaimTemplates")
"""validation.go:256: all but replicas, ordinals, template, updateStrategy, revisionHistoryLimit,
persistentVolumeClaimRetentionPolicy and minReadySeconds."""
_EMPTY: dict[str, object] = {"serviceName": "", "volumeClaimTemplates": [], "selector": {}}


def immutable_fields(before: Object, after: Object) -> tuple[str, ...]:
    """Fields of a StatefulSet that differ and may not; both sides as they are stored."""
    old, new = dict(mapping(before.get("spec"))), dict(mapping(after.get("spec")))
    for spec in (old, new):
        selector = mapping(spec.get("selector"))
        spec["selector"] = {key: value for key, value in selector.items() if value}
    return tuple(
        name for name in _STATEFULSET
        if (old.get(name) or _EMPTY.get(name)) != (new.get(name) or _EMPTY.get(name))
    )  # fmt: skip
