"""The order in which Argo CD and Flux apply objects; pure.

Flux: Namespaces and CRDs first, and the rest once those are served (ApplyAllStaged of
fluxcd/pkg, ssa/manager_apply.go). Argo CD: by wave, then by kind, then by name (kindOrder of
gitops-engine, pkg/sync/sync_tasks.go). Both orders hold at once where Argo CD's is kept within
Flux's two stages, of which the first comes first in Argo CD's too, but for the policies.
"""

from __future__ import annotations

from collections.abc import Iterable

from fcgitops.kubernetes.objects import Object

DEFINITIONS = ("Namespace", "CustomResourceDefinition")
KINDS = (
    *("Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange", "PodSecurityPolicy"),
    *("PodDisruptionBudget", "ServiceAccount", "Secret", "SecretList", "ConfigMap"),
    *("StorageClass", "PersistentVolume", "PersistentVolumeClaim", "CustomResourceDefinition"),
    *("ClusterRole", "ClusterRoleList", "ClusterRoleBinding", "ClusterRoleBindingList"),
    *("Role", "RoleList", "RoleBinding", "RoleBindingList", "Service", "DaemonSet", "Pod"),
    *("ReplicationController", "ReplicaSet", "Deployment", "HorizontalPodAutoscaler"),
    *("StatefulSet", "Job", "CronJob", "Ingress", "APIService"),
)
"""Argo CD's kinds in its order; others come last."""
WAVE = "argocd.argoproj.io/sync-wave"


def stages(objects: Iterable[Object]) -> tuple[list[Object], list[Object]]:
    """What is applied first, and what follows once that is served; each in its order."""
    ordered = sorted(objects, key=_place)
    first = [item for item in ordered if item["kind"] in DEFINITIONS]
    return first, [item for item in ordered if item["kind"] not in DEFINITIONS]


def _place(item: Object) -> tuple[int, int, str]:
    kind = item["kind"]
    wave = (item["metadata"].get("annotations") or {}).get(WAVE, "0")
    number = int(wave) if wave.lstrip("+-").isdecimal() else 0
    return number, KINDS.index(kind) if kind in KINDS else len(KINDS), item["metadata"]["name"]
