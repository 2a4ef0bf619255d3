# ruff: noqa: E501 - a table
"""Changes whose answer the API server alone knows for certain; `diff` must foretell it.

Each is a name and an edit of a rendering; where a second edit stands, it is made to the left side
first. What is said of them is held to the real API server in tests/e2e/test_diff_server.py.
"""

from __future__ import annotations

from typing import Any

from diff_edits import JOB, POD, TEAM, C, Edit, Rendering, both, sets

FC = "frameworkcontroller"
NP = "NetworkPolicy"
CRB = "ClusterRoleBinding"


def extends(path: str, *values: Any, kind: str = "StatefulSet") -> Edit:
    """An edit that adds to a list, which is made where there is none."""

    def edit(r: Rendering) -> None:
        *keys, last = path.split(".")
        at = r(kind)
        for key in keys:
            at = at[int(key)] if isinstance(at, list) else at.setdefault(key, {})
        at.setdefault(last, []).extend(values)

    return edit


def env(*values: Any) -> Edit:
    return extends(f"{C}.env", *values)


def backwards(path: str, kind: str = "StatefulSet") -> Edit:
    def edit(r: Rendering) -> None:
        at = r(kind)
        for key in path.split("."):
            at = at[int(key)] if isinstance(at, list) else at[key]
        at.reverse()

    return edit


def adds(version: str, kind: str, name: str, **fields: Any) -> Edit:
    """An edit that adds an object to FrameworkController's namespace."""

    def edit(r: Rendering) -> None:
        r.add(kind, name, version, **fields)["metadata"]["namespace"] = FC

    return edit


ONE, TWO = {"name": "ONE", "value": "1"}, {"name": "TWO", "value": "2"}
SIDECAR = {"name": "side", "image": "example.com/side:1"}
CLAIM = {
    "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
    "storageClassName": "fast",
}  # fmt: skip
PROBE = {"tcpSocket": {"port": 9000}}
claim = adds("v1", "PersistentVolumeClaim", "data", spec=CLAIM)
secret = adds("v1", "Secret", "token", type="Opaque", stringData={"a": "b"})
budget = adds(
    "policy/v1", "PodDisruptionBudget", "one",
    spec={"minAvailable": 1, "selector": {"matchLabels": {"app": FC}}},
)  # fmt: skip
deployment = adds(
    "apps/v1", "Deployment", "web",
    spec={
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "example.com/web:1"}]},
        },
    },
)  # fmt: skip
role = adds(
    "rbac.authorization.k8s.io/v1", "Role", "r",
    rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
)  # fmt: skip
bound = adds(
    "rbac.authorization.k8s.io/v1", "RoleBinding", "b",
    roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
    subjects=[{"kind": "ServiceAccount", "name": "x", "namespace": FC}],
)  # fmt: skip
class_ = adds("scheduling.k8s.io/v1", "PriorityClass", "gold", value=1)

PAIRS: list[tuple[str, Edit, Edit | None]] = [
    ("env in another order", backwards(f"{C}.env"), env(ONE, TWO)),
    ("env with an empty value", env({"name": "ONE", "value": ""}), None),
    ("env without a value", env({"name": "ONE"}), None),
    ("an empty value goes", sets(f"{C}.env.0.value", None), sets(f"{C}.env", [{"name": "A", "value": ""}])),
    ("env twice", env(ONE, {"name": "ONE", "value": "2"}), None),
    ("env with a number", env({"name": "ONE", "value": 1}), None),
    ("env from a field", env({"name": "ONE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}), None),
    ("its apiVersion spelled out", sets(f"{C}.env.0.valueFrom.fieldRef.apiVersion", "v1"),
     sets(f"{C}.env", [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}])),
    ("env from a value and a field",
     env({"name": "ONE", "value": "1", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}), None),
    ("memory in another family", sets(f"{C}.resources.limits.memory", "1073741824"), sets(f"{C}.resources.limits.memory", "1Gi")),
    ("memory in the same family", sets(f"{C}.resources.limits.memory", "1024Mi"), sets(f"{C}.resources.limits.memory", "1Gi")),
    ("memory with a point", sets(f"{C}.resources.limits.memory", "1536Mi"), sets(f"{C}.resources.limits.memory", "1.5Gi")),
    ("cpu as a number", sets(f"{C}.resources.requests.cpu", 0.2), sets(f"{C}.resources.requests.cpu", "200m")),
    ("cpu as a whole number", sets(f"{C}.resources.limits.cpu", 1), sets(f"{C}.resources.limits.cpu", "1000m")),
    ("cpu in exponents", sets(f"{C}.resources.limits.cpu", "1e0"), sets(f"{C}.resources.limits.cpu", "1")),
    ("cpu with a plus", sets(f"{C}.resources.limits.cpu", "+1"), sets(f"{C}.resources.limits.cpu", "1")),
    ("cpu with a zero in front", sets(f"{C}.resources.limits.cpu", "01"), sets(f"{C}.resources.limits.cpu", "1")),
    ("memory with a zero behind", sets(f"{C}.resources.limits.memory", "1.0Gi"), sets(f"{C}.resources.limits.memory", "1Gi")),
    ("cpu finer than a thousandth", sets(f"{C}.resources.requests.cpu", "100u"), sets(f"{C}.resources.requests.cpu", "1m")),
    ("a size in the same family", sets(f"{POD}.volumes.1.emptyDir.sizeLimit", "1024Mi"),
     extends(f"{POD}.volumes", {"name": "a", "emptyDir": {"sizeLimit": "1Gi"}})),
    ("a divisor in the same family", sets(f"{C}.env.0.valueFrom.resourceFieldRef.divisor", "1024Ki"),
     sets(f"{C}.env", [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}}])),
    ("requests that limits imply", sets(f"{C}.resources", {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}),
     sets(f"{C}.resources", {"limits": {"cpu": "1"}})),
    ("a resource of no known kind", sets(f"{C}.resources.limits.gpu", "1"), None),
    ("an extended resource", sets(f"{C}.resources.limits", {"nvidia.com/gpu": "1"}), None),
    ("an extended resource, requested otherwise",
     sets(f"{C}.resources", {"limits": {"nvidia.com/gpu": "1"}, "requests": {"nvidia.com/gpu": "2"}}), None),
    ("half an extended resource", sets(f"{C}.resources.limits", {"nvidia.com/gpu": "500m"}), None),
    ("an empty securityContext", sets(f"{C}.securityContext", {}), sets(f"{C}.securityContext", None)),
    ("privileged false", sets(f"{C}.securityContext", {"privileged": False}), sets(f"{C}.securityContext", None)),
    ("shareProcessNamespace false", sets(f"{POD}.shareProcessNamespace", False), None),
    ("hostUsers true", sets(f"{POD}.hostUsers", True), None),
    ("setHostnameAsFQDN false", sets(f"{POD}.setHostnameAsFQDN", False), None),
    ("enableServiceLinks true", sets(f"{POD}.enableServiceLinks", True), sets(f"{POD}.enableServiceLinks", None)),
    ("preemptionPolicy spelled out", sets(f"{POD}.preemptionPolicy", "PreemptLowerPriority"), None),
    ("the kind of operating system", sets(f"{POD}.os", {"name": "linux"}), None),
    ("grace period spelled out", sets(f"{POD}.terminationGracePeriodSeconds", 30),
     sets(f"{POD}.terminationGracePeriodSeconds", None)),
    ("a grace period below 0", sets(f"{POD}.terminationGracePeriodSeconds", -1), None),
    ("pull policy spelled out", sets(f"{C}.imagePullPolicy", "IfNotPresent"), sets(f"{C}.imagePullPolicy", None)),
    ("pull policy of no kind", sets(f"{C}.imagePullPolicy", "Sometimes"), None),
    ("a probe's defaults", sets(f"{C}.startupProbe", {**PROBE, "periodSeconds": 10, "timeoutSeconds": 1}),
     sets(f"{C}.startupProbe", PROBE)),
    ("a probe by name of no port", sets(f"{C}.startupProbe", {"tcpSocket": {"port": "web"}}), None),
    ("a probe of two kinds", sets(f"{C}.startupProbe", {**PROBE, "exec": {"command": ["true"]}}), None),
    ("a probe's header", sets(f"{C}.startupProbe", {"httpGet": {"port": 80, "httpHeaders": [{"name": "a b", "value": ""}]}}), None),
    ("a port twice", sets(f"{C}.ports", [{"containerPort": 80}, {"containerPort": 80, "name": "b"}]), None),
    ("a port's protocol spelled out", sets(f"{C}.ports.0.protocol", "TCP"), sets(f"{C}.ports", [{"containerPort": 80}])),
    ("a port beyond", sets(f"{C}.ports", [{"containerPort": 65536}]), None),
    ("hostPort of another", sets(f"{C}.ports", [{"containerPort": 80, "hostPort": 81}]), sets(f"{POD}.hostNetwork", True)),
    ("a volume twice", extends(f"{POD}.volumes", {"name": "a", "emptyDir": {}}, {"name": "a", "emptyDir": {}}), None),
    ("a volume of two kinds", extends(f"{POD}.volumes", {"name": "a", "emptyDir": {}, "secret": {"secretName": "s"}}), None),
    ("a volume without a kind", extends(f"{POD}.volumes", {"name": "a"}), None),
    ("emptyDir spelled out", sets(f"{POD}.volumes.1.emptyDir", {}), extends(f"{POD}.volumes", {"name": "a"})),
    ("a mount of no volume", extends(f"{C}.volumeMounts", {"name": "none", "mountPath": "/x"}), None),
    ("mounts on one place", extends(f"{C}.volumeMounts", {"name": "a", "mountPath": "/x"}, {"name": "a", "mountPath": "/x"}),
     extends(f"{POD}.volumes", {"name": "a", "emptyDir": {}})),
    ("a mode beyond", extends(f"{POD}.volumes", {"name": "a", "secret": {"secretName": "s", "defaultMode": 512}}), None),
    ("another container", extends(f"{POD}.containers", SIDECAR), None),
    ("a container twice", extends(f"{POD}.containers", SIDECAR, SIDECAR), None),
    ("containers in another order", backwards(f"{POD}.containers"), extends(f"{POD}.containers", SIDECAR)),
    ("a sidecar that restarts", extends(f"{POD}.initContainers", {**SIDECAR, "restartPolicy": "Always"}), None),
    ("an init container with a probe", extends(f"{POD}.initContainers", {**SIDECAR, "livenessProbe": PROBE}), None),
    ("a toleration without a key", extends(f"{POD}.tolerations", {"operator": "Exists"}), None),
    ("a toleration with a value that exists", extends(f"{POD}.tolerations", {"key": "a", "operator": "Exists", "value": "b"}), None),
    ("a toleration for seconds", extends(f"{POD}.tolerations", {"key": "a", "operator": "Exists", "tolerationSeconds": 3}), None),
    ("a node selector's value", sets(f"{POD}.nodeSelector", {"pool": "a b"}), None),
    ("a spread without a selector", extends(f"{POD}.topologySpreadConstraints", {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}), None),
    ("a spread of no skew", extends(f"{POD}.topologySpreadConstraints", {"maxSkew": 0, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}), None),
    ("a DNS policy without servers", sets(f"{POD}.dnsPolicy", "None"), None),
    ("a host's aliases", extends(f"{POD}.hostAliases", {"ip": "10.0.0.300", "hostnames": ["a"]}), None),
    ("a template's label gone", sets("spec.template.metadata.labels", {"other": "x"}), None),
    ("a template's label more", sets("spec.template.metadata.labels.team", "ml"), None),
    ("a label's value is a number", sets("spec.template.metadata.labels.team", 1), None),
    ("a label's value is too long", sets("metadata.labels.team", "x" * 64), None),
    ("an annotation is a number", sets("metadata.annotations.a", 1), None),
    ("a name for the template", sets("spec.template.metadata.name", "x"), None),
    ("a finalizer", sets("metadata.finalizers", ["example.com/a"]), None),
    ("replicas left out", sets("spec.replicas", None), None),
    ("replicas below 0", sets("spec.replicas", -1), None),
    ("replicas as text", sets("spec.replicas", "1"), None),
    ("revisionHistoryLimit spelled out", sets("spec.revisionHistoryLimit", 10), None),
    ("the claims' retention spelled out", sets("spec.persistentVolumeClaimRetentionPolicy", {"whenDeleted": "Retain", "whenScaled": "Retain"}), None),
    ("the claims' retention", sets("spec.persistentVolumeClaimRetentionPolicy", {"whenDeleted": "Delete"}), None),
    ("updateStrategy spelled out", sets("spec.updateStrategy", {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}), None),
    ("ordinals from 0", sets("spec.ordinals", {"start": 0}), None),
    ("a claim template", sets("spec.volumeClaimTemplates", [{"metadata": {"name": "a"}, "spec": CLAIM}]), None),
    ("serviceName left out", sets("spec.serviceName", None), None),
    ("podManagementPolicy left out", sets("spec.podManagementPolicy", None), None),
    ("the selector says it otherwise", sets("spec.selector", {"matchExpressions": [{"key": "app", "operator": "In", "values": [FC]}]}), None),
    ("a misspelled key", sets("spec.minReadySecond", 1), None),
    ("a misspelled key, deep", sets(f"{C}.securityContext.runAsUsr", 1), None),
    ("a null in a list", extends(f"{C}.args", None), None),
    ("args as text", sets(f"{C}.args", "--x"), None),
    ("a Service's session", sets("spec.sessionAffinity", "None", "Service"), None),
    ("a Service of addresses, headless", sets("spec.type", "NodePort", "Service"), None),
    ("a Service's port, without a name", sets("spec.ports", [{"port": 80}, {"port": 81}], "Service"), None),
    ("a Service's families", sets("spec.ipFamilyPolicy", "SingleStack", "Service"), None),
    ("a Service outside, its address spelled out",
     both(sets("spec.type", "ExternalName", "Service"), sets("spec.externalName", "x.example.com", "Service")), None),
    ("a Service outside, another address",
     sets("spec", {"type": "ExternalName", "externalName": "x.example.com", "clusterIP": "10.0.0.9"}, "Service"), None),
    ("a Service outside", sets("spec", {"type": "ExternalName", "externalName": "x.example.com"}, "Service"), None),
    ("a policy's kind of traffic", sets("spec.policyTypes", ["Inbound"], NP), None),
    ("a policy's port", sets("spec.ingress", [{"ports": [{"port": 80, "endPort": 79}]}], NP), None),
    ("a policy's peer of two kinds",
     sets("spec.ingress", [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}}]}], NP), None),
    ("a policy's exception", sets("spec.ingress", [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/16"]}}]}], NP), None),
    ("a ConfigMap is thawed", sets("immutable", False, "ConfigMap"), sets("immutable", True, "ConfigMap")),
    ("a ConfigMap is frozen", sets("immutable", True, "ConfigMap"), None),
    ("a frozen one's labels", sets("metadata.labels.a", "b", "ConfigMap"), sets("immutable", True, "ConfigMap")),
    ("a key of a ConfigMap", sets("data.a b", "c", "ConfigMap"), None),
    ("a Secret's type", sets("type", "example.com/a", "Secret"), secret),
    ("a Secret's type spelled out", sets("type", "Opaque", "Secret"), both(secret, sets("type", None, "Secret"))),
    ("a Secret's content", sets("stringData.a", "c", "Secret"), secret),
    ("a Secret of a kind without its keys", adds("v1", "Secret", "tls", type="kubernetes.io/tls", stringData={"a": "b"}), None),
    ("a binding's role", sets("roleRef.name", "other", "RoleBinding"), both(role, bound)),
    ("a binding's subject of no kind", sets("subjects.0.kind", "Robot", "RoleBinding"), both(role, bound)),
    ("a ServiceAccount without namespace", sets("subjects.0.namespace", None, CRB), None),
    ("a URL in a Role", extends("rules", {"nonResourceURLs": ["/metrics"], "verbs": ["get"]}, kind="Role"), role),
    ("a rule without verbs", sets("rules.0.verbs", [], "Role"), role),
    ("a claim grows", sets("spec.resources.requests.storage", "2Gi", "PersistentVolumeClaim"), claim),
    ("a claim's class", sets("spec.storageClassName", "slow", "PersistentVolumeClaim"), claim),
    ("a claim's mode", sets("spec.accessModes", ["ReadWriteMany"], "PersistentVolumeClaim"), claim),
    ("a claim's volume", sets("spec.volumeName", "v", "PersistentVolumeClaim"), claim),
    ("a claim's other volume", sets("spec.volumeName", "w", "PersistentVolumeClaim"), both(claim, sets("spec.volumeName", "v", "PersistentVolumeClaim"))),
    ("a claim's volume left out", sets("spec.volumeName", None, "PersistentVolumeClaim"), both(claim, sets("spec.volumeName", "v", "PersistentVolumeClaim"))),
    ("a claim's label", sets("metadata.labels", {"a": "b"}, "PersistentVolumeClaim"), claim),
    ("a class's value", sets("value", 2, "PriorityClass"), class_),
    ("a class's description", sets("description", "x", "PriorityClass"), class_),
    ("a class of the system", adds("scheduling.k8s.io/v1", "PriorityClass", "system-x", value=1), None),
    ("a budget's selector", sets("spec.selector.matchLabels.app", "x", "PodDisruptionBudget"), budget),
    ("a budget's amount", sets("spec.minAvailable", "150%", "PodDisruptionBudget"), budget),
    ("a budget below 0", sets("spec.minAvailable", -1, "PodDisruptionBudget"), budget),
    ("a budget in per cent", sets("spec.minAvailable", "50%", "PodDisruptionBudget"), budget),
    ("a budget of both", sets("spec.maxUnavailable", 1, "PodDisruptionBudget"), budget),
    ("a Deployment's selector", sets("spec.selector.matchLabels.app", "x", "Deployment"), deployment),
    ("a Deployment's selector and template",
     both(sets("spec.selector.matchLabels.app", "x", "Deployment"), sets("spec.template.metadata.labels.app", "x", "Deployment")), deployment),
    ("a Deployment's image", sets("spec.template.spec.containers.0.image", "example.com/web:2", "Deployment"), deployment),
    ("an emptied profile", sets(f"{POD}.securityContext.seccompProfile.type", None), None),
    ("a namespace's level", sets("metadata.labels", {"pod-security.kubernetes.io/enforce": "safe"}, "Namespace"), None),
    ("a name of the API server's", adds("v1", "ConfigMap", "Upper_Case"), None),
]  # fmt: skip
"""What it is, the change, and what was changed before."""

PAIRS_ELSEWHERE: list[tuple[str, str, Edit, Edit | None]] = [
    ("a Job's parallelism", JOB, sets("spec.parallelism", 2, "Job"), None),
    ("a Job's completions", JOB, sets("spec.completions", 2, "Job"), None),
    ("a Job's completions, with its parallelism", JOB, sets("spec.completions", None, "Job"), sets("spec.completions", 1, "Job")),
    ("a Job's completions left out", JOB, sets("spec.parallelism", 3, "Job"), both(sets("spec.completions", 4, "Job"), sets("spec.parallelism", 2, "Job"))),
    ("a suspended Job's node", JOB, sets(f"{POD}.nodeSelector", {"a": "b"}, "Job"), sets("spec.suspend", True, "Job")),
    ("a Job's replacement policy", JOB, sets("spec.podReplacementPolicy", "Failed", "Job"), None),
    ("a Job is suspended", JOB, sets("spec.suspend", True, "Job"), None),
    ("a Job's limit", JOB, sets("spec.backoffLimit", 7, "Job"), None),
    ("a Job's lifetime", JOB, sets("spec.ttlSecondsAfterFinished", 60, "Job"), None),
    ("a Job's completion mode", JOB, sets("spec.completionMode", "Indexed", "Job"), None),
    ("a Job's completion mode spelled out", JOB, sets("spec.completionMode", "NonIndexed", "Job"), None),
    ("a Job's label", JOB, sets("metadata.labels.a", "b", "Job"), None),
    ("a Job's Pod's label", JOB, sets("spec.template.metadata.labels.a", "b", "Job"), None),
    ("a Job's image", JOB, sets(f"{C}.image", "example.com/other:1", "Job"), None),
    ("a Job's restarts", JOB, sets(f"{POD}.restartPolicy", "Always", "Job"), None),
    ("a quota's scope", TEAM, sets("spec.scopes", ["BestEffort"], "ResourceQuota"), None),
    ("a quota's amount", TEAM, sets("spec.hard.pods", "1.5", "ResourceQuota"), None),
    ("a limit below its default", TEAM, sets("spec.limits.0.max.cpu", "1m", "LimitRange"), None),
    ("a limit of no kind", TEAM, sets("spec.limits.0.type", "Robot", "LimitRange"), None),
]  # fmt: skip
