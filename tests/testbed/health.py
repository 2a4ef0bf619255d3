"""When Argo CD and Flux call a StatefulSet healthy, from its object alone.

The rules of Argo CD 3.2.6 and of kustomize-controller 1.9.6, for the strategy RollingUpdate. Both
are also run for real, in tests/kind/test_sync_tools_on_kind.py.
"""

from __future__ import annotations

from typing import Any


def argocd(stateful_set: dict[str, Any]) -> bool:
    """Argo CD's `Healthy`: gitops-engine, pkg/health/health_statefulset.go."""
    spec, status = stateful_set["spec"], stateful_set.get("status") or {}
    observed = status.get("observedGeneration", 0)
    if observed == 0 or stateful_set["metadata"]["generation"] > observed:
        return False
    if status.get("readyReplicas", 0) < spec["replicas"]:
        return False
    partition = _partition(spec)
    if partition is not None:
        return bool(status.get("updatedReplicas", 0) >= spec["replicas"] - partition)
    return bool(status.get("updateRevision") == status.get("currentRevision"))


def flux(stateful_set: dict[str, Any]) -> bool:
    """Flux's `Current`: fluxcd/cli-utils, pkg/kstatus/status/{generic,core}.go."""
    metadata, spec = stateful_set["metadata"], stateful_set["spec"]
    status, wanted = stateful_set.get("status") or {}, spec["replicas"]
    observed = status.get("observedGeneration")
    if "deletionTimestamp" in metadata or observed not in (None, metadata["generation"]):
        return False
    if status.get("replicas", 0) != wanted or status.get("readyReplicas", 0) < wanted:
        return False
    partition = _partition(spec)
    if partition is not None:
        return bool(status.get("updatedReplicas", 0) >= wanted - partition)
    if status.get("currentReplicas", 0) < wanted:
        return False
    return bool(status.get("currentRevision") == status.get("updateRevision"))


def _partition(spec: dict[str, Any]) -> int | None:
    """What the API server sets to 0 where nobody says anything."""
    found: int | None = (spec["updateStrategy"].get("rollingUpdate") or {}).get("partition")
    return found
