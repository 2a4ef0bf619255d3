"""Everything that Kubernetes has to say of one object, before it is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fcgitops.core.lazy import regex
from fcgitops.kubernetes import (
    admission,
    definitions,
    networks,
    persistent_volumes,
    plain,
    rbac,
    schema,
    workloads,
)
from fcgitops.kubernetes.field import ASSUMED, REFUSED, Fault, Field, Judgement
from fcgitops.kubernetes.objects import Object
from fcgitops.kubernetes.schema import Versions

RULES: Mapping[str, Callable[[Field], None]] = {
    "v1 Namespace": plain.namespace,
    "v1 ConfigMap": plain.config_map,
    "v1 Secret": plain.secret,
    "v1 ServiceAccount": plain.service_account,
    "v1 Service": networks.service,
    "v1 Pod": workloads.lone_pod,
    "v1 ResourceQuota": plain.resource_quota,
    "v1 LimitRange": plain.limit_range,
    "v1 PersistentVolumeClaim": plain.claim,
    "v1 PersistentVolume": persistent_volumes.persistent_volume,
    "apps/v1 StatefulSet": workloads.stateful_set,
    "apps/v1 Deployment": workloads.deployment,
    "apps/v1 DaemonSet": workloads.daemon_set,
    "apps/v1 ReplicaSet": workloads.replica_set,
    "batch/v1 Job": workloads.job,
    "batch/v1 CronJob": workloads.cron_job,
    "policy/v1 PodDisruptionBudget": workloads.disruption_budget,
    "networking.k8s.io/v1 NetworkPolicy": networks.policy,
    "rbac.authorization.k8s.io/v1 Role": rbac.role,
    "rbac.authorization.k8s.io/v1 ClusterRole": rbac.cluster_role,
    "rbac.authorization.k8s.io/v1 RoleBinding": rbac.role_binding,
    "rbac.authorization.k8s.io/v1 ClusterRoleBinding": rbac.cluster_role_binding,
    "apiextensions.k8s.io/v1 CustomResourceDefinition": definitions.definition,
    "scheduling.k8s.io/v1 PriorityClass": plain.priority_class,
    "admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy": admission.policy,
    "admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding": admission.binding,
}
"""apiVersion and kind → the rules of its values. Of other kinds in the schema, fields and types."""

_OWN = regex(
    r"v1|(apps|autoscaling|batch|extensions|policy)/.+"
    r"|(apiextensions|discovery|node|rbac\.authorization)\.k8s\.io/v1beta1"
)
"""API versions of Kubernetes alone: CRDs are of groups with a dot. All kinds that they have since
1.29 are in the schema, or below; https://kubernetes.io/docs/reference/using-api/deprecation-guide/.
"""
_NOT_DESCRIBED = {
    "v1 Binding", "v1 ComponentStatus", "v1 Event", "v1 Node", "v1 PodTemplate",
    "v1 ReplicationController", "apps/v1 ControllerRevision",
    "autoscaling/v1 HorizontalPodAutoscaler", "autoscaling/v1 Scale", "policy/v1 Eviction",
}  # fmt: skip


def in_none(api_version: object, kind: object) -> bool:
    """Whether a kind of Kubernetes' own groups is in none of its known versions."""
    name = f"{api_version} {kind}"
    known = schema.known(api_version, kind) or name in _NOT_DESCRIBED
    return not known and _OWN.fullmatch(str(api_version)) is not None


def in_part(api_version: object, kind: object) -> bool:
    """Whether fields and types of a kind are known, and no rules of its values."""
    return schema.known(api_version, kind) and f"{api_version} {kind}" not in RULES


def faults(item: Object, versions: Versions | None = None) -> list[Fault]:
    """What the API server would refuse, or take and not do: `judge` without the object."""
    return judge(item, versions)[1]


def judge(item: Object, versions: Versions | None = None) -> tuple[Object, list[Fault]]:
    """An object as the API server's types hold it, and what it would say of it.

    Args:
        item: an object as YAML says it, of any kind.
        versions: see `schema.read`. Where they differ in what they refuse, what one of them
            refuses is a fault; by default values are judged as Kubernetes 1.34 does.

    Returns:
        The object without what is null or of a wrong type, as the last of `versions` holds it; {}
        where it has no kind or name to go by; as it is where nothing is known of its kind
        (`schema.known`). The faults, in the object's order where it has one.
    """
    api, kind = item.get("apiVersion"), item.get("kind")
    found = [
        Fault((key,), "is required")
        for key, value in (("apiVersion", api), ("kind", kind))
        if not isinstance(value, str) or not value
    ]
    meta = item.get("metadata")
    if not isinstance(meta, dict):
        return {}, [*found, Fault(("metadata",), "is required")]
    if found:
        return {}, found
    if not schema.known(api, kind):
        if in_none(api, kind):
            first, *_, last = schema.known_versions()
            found.append(
                Fault(("apiVersion",), f"{api} {kind} is in no Kubernetes {first} to {last}")
            )
        return item, found
    by_version = {}
    for minor in versions.ends if versions else [ASSUMED]:
        typed, by_version[minor] = _judge(item, versions, minor)
    typed.setdefault("metadata", {}).setdefault("name", "")
    return typed, _of_all(by_version)


def _judge(item: Object, versions: Versions | None, minor: int) -> tuple[Object, list[Fault]]:
    """An object as one version of Kubernetes holds it, and what that says of it."""
    typed, refused = schema.read(item, versions, minor)
    values = Judgement(minor, stated=versions is not None)
    if rule := RULES.get(f"{item['apiVersion']} {item['kind']}"):
        rule(Field(typed, (), values))
    # What is of a wrong type is not there for the rules: they would call it missing, too.
    wrong = {fault.path for fault in refused if fault.severity == REFUSED}
    return typed, refused + [fault for fault in values if fault.path not in wrong]


def _of_all(by_version: Mapping[int, list[Fault]]) -> list[Fault]:
    """What several versions say, once; with the version, where one of them says it alone.

    What Kubernetes refuses it came to refuse, or came to take, so that what is between two versions
    is judged as one of them.
    """
    refused = {fault for faults in by_version.values() for fault in faults}
    refused = {fault for fault in refused if fault.severity == REFUSED}
    made: dict[Fault, None] = {}
    for minor, faults in by_version.items():
        for found in faults:
            worst = found._replace(severity=REFUSED)
            fault = worst if worst in refused else found
            said = [fault in others or found in others for others in by_version.values()]
            if not all(said):
                fault = fault._replace(message=f"{fault.message} (Kubernetes 1.{minor})")
            made[fault] = None
    return list(made)
