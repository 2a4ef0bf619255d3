"""Faults as people make them, each an edit of one environment of its own, with its check.

Beside checkcases.py, whose faults concern more than one environment, or one place of the registry
each. All are seeded into one repository, and found in one run.
"""

from __future__ import annotations

import json
from typing import Any

from checkcases import (
    ALONE,
    COMPONENT,
    CONTAINER,
    EMPTIED,
    OVERLAY,
    POD,
    SOURCE,
    STS,
    Edit,
    changed,
    local,
    patch,
    replaced,
    resource,
)

Edits = dict[str, Edit]
OPEN = "open"
"""Environments without a limit of egress."""
FLUX = "flux"
"""Environments that Flux syncs."""

EGRESS = "frameworkcontroller-egress"
META = "/spec/template/metadata"


def sts(path: str, value: Any, op: str = "add") -> Edits:
    """One operation on the StatefulSet."""
    return patch(STS, path, value, op)


def overruled(path: str, value: Any) -> Edits:
    """The same in the overlay's own kustomization, which comes after `local/`."""
    operation = {"op": "add", "path": path, "value": value}
    entry = {"target": {"kind": STS}, "patch": json.dumps([operation])}
    return {OVERLAY: changed(patches=[entry])}


def pod(path: str, value: Any, op: str = "add") -> Edits:
    """The same on its Pod."""
    return sts(f"{POD}/{path}", value, op)


def container(path: str, value: Any, op: str = "add") -> Edits:
    """The same on FrameworkController's container."""
    return sts(f"{CONTAINER}/{path}", value, op)


def volume(**source: Any) -> Edits:
    """One volume more, which nothing mounts."""
    return pod("volumes/-", {"name": "more", **source})


def env(**fields: Any) -> Edits:
    """One environment variable."""
    return container("env", [{"name": "A", **fields}])


def rights(rule: int, path: str = "", value: Any = None, op: str = "remove") -> Edits:
    """One operation on a rule of the ClusterRole."""
    return patch("ClusterRole", f"/rules/{rule}{path}", value, op)


def more(kind: str, api: str = "v1", name: str = "more", **fields: Any) -> Edits:
    """One object more."""
    return resource(apiVersion=api, kind=kind, metadata={"name": name}, **fields)


def annotated(name: str, value: Any, kind: str = STS) -> Edits:
    """One annotation more of an object that has none."""
    return patch(kind, "/metadata/annotations", {name: value})


def probe(**handler: Any) -> Edits:
    """A liveness probe."""
    return container("livenessProbe", handler)


def source(text: str) -> Edits:
    """Lines at the end of environment.yaml."""
    return {SOURCE: lambda before: f"{before}{text}"}


SPREAD = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
JOB = {"template": {"spec": {"restartPolicy": "Never", "containers": [
    {"name": "c", "image": "r.io/x:1"}]}}}  # fmt: skip
RBAC = "rbac.authorization.k8s.io/v1"

SEEDED: list[tuple[str, Edits] | tuple[str, Edits, str]] = [
    ("FCG00", {"overlays/prod/local/kustomization.yaml": f"{COMPONENT}patches: [\n"}),
    ("FCG00", local(components=["../gone"])),
    ("FCG00", pod("nodeName", None, "remove")),
    ("FCG00", local(patchesJson=[])),
    ("FCG00", local(configMapGenerator=[{"name": "more", "files": ["gone.txt"]}])),
    ("FCG01", sts("/spec/replicas", 2)),
    ("FCG01", local(replicas=[{"name": "frameworkcontroller", "count": 3}])),
    ("FCG01", local(patches=[{"patch": "apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n"
                                       "  name: frameworkcontroller\n$patch: delete\n"}])),
    ("FCG02", {OVERLAY: changed(namespace="elsewhere")}),
    ("FCG03", patch("ClusterRoleBinding", "/subjects/0/namespace", "elsewhere")),
    ("FCG03", patch("ClusterRoleBinding", "/subjects", [])),
    ("FCG03", local(patches=[{"patch": f"apiVersion: {RBAC}\nkind: ClusterRoleBinding\nmetadata:\n"
                                       "  name: frameworkcontroller\n$patch: delete\n"}])),
    ("FCG03", pod("serviceAccountName", "other")),
    ("FCG04", pod("volumes/0/configMap/name", "frameworkcontroller-config-0000000000")),
    ("FCG38", volume(projected={"sources": [{"configMap": {"name": "gone"}}]})),
    ("FCG05", patch("ConfigMap", "/data/frameworkcontroller.yaml", "workerNumber: 0\n")),
    ("FCG05", patch("ConfigMap", "/data/frameworkcontroller.yaml", "workerNumber: [\n")),
    ("FCG05", {"overlays/prod/frameworkcontroller.yaml": "workerNumbers: 1\n"}),
    ("FCG06", container("image", "frameworkcontroller/frameworkcontroller:v0.8.0")),
    ("FCG06", container("image", "frameworkcontroller/frameworkcontroller")),
    ("FCG06", local(images=[{"name": "frameworkcontroller/frameworkcontroller",
                             "newTag": "latest"}])),
    ("FCG07", sts(f"{META}/labels/app", None, "remove")),
    ("FCG07", sts("/spec/selector/matchLabels/app", "other")),
    ("FCG08", pod("hostPID", True)),
    ("FCG08", pod("hostIPC", True)),
    ("FCG08", container("securityContext/privileged", True)),
    ("FCG08", container("securityContext/allowPrivilegeEscalation", True)),
    ("FCG08", container("securityContext/capabilities", {"add": ["SYS_ADMIN"], "drop": ["ALL"]})),
    ("FCG08", pod("securityContext/runAsUser", 0)),
    ("FCG08", pod("securityContext/seccompProfile/type", "Unconfined")),
    ("FCG08", volume(hostPath={"path": "/var/run/docker.sock"})),
    ("FCG08", container("ports", [{"containerPort": 80, "hostPort": 80}])),
    ("FCG08", pod("securityContext/sysctls", [{"name": "kernel.msgmax", "value": "1"}])),
    ("FCG09", patch("NetworkPolicy", "/spec/egress/0/to", None, "remove", EGRESS)),
    ("FCG09", patch("NetworkPolicy", "/spec/policyTypes", ["Ingress"], name=EGRESS)),
    ("FCG09", patch("NetworkPolicy", "/spec/podSelector", {"matchLabels": {"a": "b"}},
                    name=EGRESS)),
    ("FCG10", local(generatorOptions={"disableNameSuffixHash": True})
     | {OVERLAY: changed(generatorOptions={"disableNameSuffixHash": True})}),
    ("FCG11", {SOURCE: replaced("customized-config", "custom-config")}),
    ("FCG11", source("pod: {}\n")),
    ("FCG11", source("resources: {memory: 512m}\n")),
    ("FCG11", source("resources: {cpu: 9000}\n")),
    ("FCG11", source("resources: {memory: 8Pi}\n")),
    ("FCG11", source("tolerations: [{effect: NoSchedule}]\n")),
    ("FCG11", source("image: {registry: registry}\n")),
    ("FCG11", source("settings: {workerNumber: 0}\n")),
    ("FCG11", source("apiServer: {address: 'http://localhost:8080'}\n")),
    ("FCG11", source("labels: {'a b': c}\n")),
    ("FCG11", source("expects: {secret: [a]}\n")),
    ("FCG11", source("variant: default-config\n")),
    ("FCG11", {SOURCE: "variant: [\n"}),
    ("FCG12", source("priorityClassName: system-cluster-critical\n")),
    ("FCG12", source("labels: {team: ml}\n")),
    ("FCG12", {SOURCE: replaced("namespace: frameworkcontroller", "namespace: fc")}),
    ("FCG13", {SOURCE: replaced("sync: argocd\n", "")}),
    ("FCG11", {SOURCE: lambda text: f"{text}cluster.server: https://x.example.com\n"}),
    ("FCG13", {SOURCE: replaced("namespace: frameworkcontroller\n", "")}),
    ("FCG15", {
        "overlays/prod/local/kustomization.yaml": f"{COMPONENT}components: [../../../elsewhere]\n",
        "elsewhere/kustomization.yaml": COMPONENT}),
    ("FCG18", {"clusters/flux/prod/account.yaml": None}, FLUX),
    ("FCG20", {"overlays/prod/.fcgitops": lambda text: f"{text}=> ../x\n|n\n"}),
    ("FCG21", {SOURCE: lambda text: f"# fcgitops: ignore because\n{text}"}),
    ("FCG30", sts("/spec/replicas", "one")),
    ("FCG30", sts("spec/replicas", 1)),
    ("FCG30", sts("/spec/serviceNames", "a")),
    ("FCG30", sts("/spec/podManagementPolicy", "parallel")),
    ("FCG30", sts("/spec/minReadySeconds", -1)),
    ("FCG30", sts("/metadata/labels/a b", "c")),
    ("FCG30", sts(f"{META}/annotations", {"A/b/c": "d"})),
    ("FCG30", pod("restartPolicy", "Never")),
    ("FCG30", pod("dnsPolicy", "None")),
    ("FCG30", pod("securityContext/fsGroup", -1)),
    ("FCG30", pod("tolerations", [{"operator": "Exists", "value": "a"}])),
    ("FCG30", pod("affinity", {"nodeAffinity": {"requiredDuringScheduling": {}}})),
    ("FCG30", pod("nodeSelector", {"pool": True})),
    ("FCG30", pod("hostAliases", [{"ip": "1.2.3", "hostnames": ["a"]}])),
    ("FCG30", pod("topologySpreadConstraints", [SPREAD | {"maxSkew": 0}])),
    ("FCG30", pod("initContainers", [{"name": "frameworkcontroller", "image": "r.io/x:1"}])),
    ("FCG30", volume(emptyDir={}, secret={"secretName": "a"})),
    ("FCG30", volume(emptyDir={"sizeLimit": "1 Gi"})),
    ("FCG30", container("imagePullPolicy", "Sometimes")),
    ("FCG30", container("volumeMounts/-", {"name": "gone", "mountPath": "/a"})),
    ("FCG30", container("resources", {"requests": {"cpu": 2}, "limits": {"cpu": 1}})),
    ("FCG30", container("resources/limits", {"memory": "2G i"})),
    ("FCG30", container("resources/limits", {"gpu": 1})),
    ("FCG30", container("ports", [{"name": "a-port-of-more-than-15", "containerPort": 80}])),
    ("FCG30", container("ports", [{"containerPort": 65536}])),
    ("FCG30", env(value=1)),
    ("FCG30", env(value="a", valueFrom={"fieldRef": {"fieldPath": "metadata.name"}})),
    ("FCG30", env(valueFrom={"fieldRef": {"fieldPath": "metadata.nam"}})),
    ("FCG30", probe(exec={"command": ["a"]}, tcpSocket={"port": 80})),
    ("FCG30", probe(exec={"command": ["a"]}, successThreshold=2)),
    ("FCG30", patch("Service", "/spec/ports", [{"port": 0}])),
    ("FCG30", patch("Service", "/spec/type", "Headless")),
    ("FCG30", patch("Namespace", "/metadata/labels/team", "a b")),
    ("FCG30", patch("ClusterRole", "/rules/0/verbs", [])),
    ("FCG30", patch("NetworkPolicy", "/spec/egress/0/ports/0/protocol", "tcp", name=EGRESS)),
    ("FCG30", more("ConfigMap", data={"a b": "c"})),
    ("FCG30", more("ConfigMap", data={"a": 1})),
    ("FCG30", more("ServiceAccount", automountServiceAccountTokens=False)),
    ("FCG30", more("PersistentVolumeClaim", spec=CLAIM | {"accessModes": []})),
    ("FCG30", more("PersistentVolumeClaim", spec=CLAIM | {"resources": {}})),
    ("FCG30", more("Job", "batch/v1", spec={"template": {"spec": {
        **JOB["template"]["spec"], "restartPolicy": "Always"}}})),
    ("FCG30", more("Job", "batch/v1", spec=JOB | {"backoffLimit": -1})),
    ("FCG30", more("ResourceQuota", spec={"hard": {"cpu": "2 cores"}})),
    ("FCG30", more("LimitRange", spec={"limits": [
        {"type": "Container", "min": {"cpu": 2}, "max": {"cpu": 1}}]})),
    ("FCG30", more("RoleBinding", RBAC, subjects=[], roleRef={
        "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRoles", "name": "a"})),
    ("FCG30", more("NetworkPolicy", "networking.k8s.io/v1", spec={
        "podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.1"}}]}]})),
    ("FCG30", more("CustomResourceDefinition", "apiextensions.k8s.io/v1", "things.example.com",
                   spec={"group": "example.com", "scope": "Namespaced",
                         "names": {"kind": "Thing", "plural": "things"}, "versions": []})),
    ("FCG31", sts("/spec/revisionHistoryLimit", 4294967306)),
    ("FCG31", more("ResourceQuota", spec={"hard": {"nvidia.com/gpu": 8}})),
    ("FCG32", more("Certificate", "cert-manager.io/v1")),
    ("FCG32", more("CiliumNetworkPolicy", "cilium.io/v2")),
    *[("FCG33", rights(rule)) for rule in range(1, 5)],
    *[("FCG33", rights(rule, "/verbs/0")) for rule in range(5)],
    ("FCG33", patch("ClusterRoleBinding", "/roleRef/name", "gone")),
    ("FCG34", patch("ClusterRole", "/rules/-",
                    {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]})),
    ("FCG34", patch("ClusterRole", "/rules/-",
                    {"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"]})),
    ("FCG34", rights(0, "/verbs/-", "*", "add")),
    ("FCG34", patch("ClusterRoleBinding", "/roleRef/name", "cluster-admin")),
    ("FCG34", patch("ClusterRoleBinding", "/subjects/-", {
        "kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "system:authenticated"})),
    ("FCG35", container("command", ["sleep", "1d"])),
    ("FCG35", container("args", ["--verbose"])),
    ("FCG35", container("workingDir", "/tmp")),
    ("FCG35", container("volumeMounts", None, "remove")),
    ("FCG35", container("volumeMounts/0/mountPath", "/opt/frameworkcontroller")),
    ("FCG35", container("volumeMounts/0/subPath", "other")),
    ("FCG36", pod("automountServiceAccountToken", None, "remove")),
    ("FCG36", env(name="KUBE_APISERVER_ADDRESS", value="https://x.example.com")),
    ("FCG37", sts("/spec/replicas", 0)),
    ("FCG37", sts("/spec/updateStrategy", {"type": "OnDelete"})),
    ("FCG37", sts("/spec/updateStrategy", {"rollingUpdate": {"partition": 1}})),
    ("FCG38", pod("priorityClassName", "critical")),
    ("FCG38", pod("runtimeClassName", "gvisor")),
    ("FCG38", pod("schedulerName", "volcano")),
    ("FCG38", volume(secret={"secretName": "gone"})),
    ("FCG38", volume(persistentVolumeClaim={"claimName": "gone"})),
    ("FCG38", container("envFrom", [{"secretRef": {"name": "gone"}}])),
    ("FCG38", env(valueFrom={"configMapKeyRef": {"name": "gone", "key": "a"}})),
    ("FCG38", pod("volumes/0/configMap/items", [{"key": "gone", "path": "a"}])),
    ("FCG38", pod("resourceClaims", [{"name": "gpu", "resourceClaimName": "gone"}])),
    ("FCG39", container("resources", {"limits": {"memory": "4Mi"}})),
    ("FCG39", container("resources", {"requests": {"cpu": 9000}})),
    ("FCG39", more("PodDisruptionBudget", "policy/v1", spec={
        "minAvailable": 1, "selector": {"matchLabels": {"app": "frameworkcontroller"}}})),
    ("FCG39", probe(httpGet={"port": 8080})),
    ("FCG39", probe(tcpSocket={"port": 80})),
    ("FCG39", pod("schedulingGates", [{"name": "example.com/a"}])),
    ("FCG40", more("NetworkPolicy", "networking.k8s.io/v1", spec=ALONE), OPEN),
    ("FCG40", more("NetworkPolicy", "networking.k8s.io/v1", spec=ALONE | {
        "podSelector": {"matchLabels": {"app": "frameworkcontroller"}}}), OPEN),
    ("FCG41", more("Pod", spec={"containers": [{"name": "c", "image": "r.io/x:1"}]})),
    ("FCG41", more("Job", "batch/v1", spec=JOB)),
    ("FCG42", local(commonLabels={"team": "a"})),
    ("FCG42", sts("/spec/selector/matchLabels/team", "a")
     | {OVERLAY: changed(labels=[{"pairs": {"team": "a"}, "includeTemplates": True}])}),
    ("FCG43", local(patches=[{"target": {"kind": "Deployment"}, "patch": EMPTIED}])),
    ("FCG43", local(images=[{"name": "frameworkcontroler", "newTag": "v1.0.0"}])),
    ("FCG43", local(replacements=[{
        "source": {"kind": STS, "name": "frameworkcontroller", "fieldPath": "metadata.name"},
        "targets": [{"select": {"kind": "Deployment"}, "fieldPaths": ["metadata.name"]}]}])),
    ("FCG43", local(replacements=[{
        "source": {"kind": STS, "name": "frameworkcontroller", "fieldPath": "metadata.name"},
        "targets": [{"select": {"kind": "Service"}, "fieldPaths": ["metadata.name"]}]}])),
    ("FCG43", local(labels=[{"pairs": {"app.kubernetes.io/name": "frameworkcontroller"}}])),
    ("FCG43", local(labels=[{"pairs": {"a": "b"}}]) | {OVERLAY: changed(commonLabels={"a": "c"})}),
    ("FCG43", local(configMapGenerator=[
        {"name": "more", "literals": ["a=b"]},
        {"name": "more", "behavior": "merge", "literals": ["a=b"]}])),
    ("FCG43", local(labels=[{"includeTemplates": True}])),
    ("FCG43", sts("/spec/minReadySeconds", 5) | overruled("/spec/minReadySeconds", 7)),
    ("FCG43", container("imagePullPolicy", "Never")
     | overruled(f"{POD}/containers/0/imagePullPolicy", "Always")),
    ("FCG44", annotated("argocd.argoproj.io/hook", "PreSync")),
    ("FCG44", annotated("kustomize.toolkit.fluxcd.io/reconcile", "disabled"), FLUX),
    ("FCG45", local(resources=["https://example.com/more.yaml"])),
    ("FCG45", local(components=["github.com/example/more?ref=main"])),
]  # fmt: skip
"""Number, edits of the environment `prod`, and of which kind it is; the default limits egress."""
