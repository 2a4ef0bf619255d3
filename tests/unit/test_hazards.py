"""What the API server takes, and FrameworkController does not run with: one edit each."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from fcgitops.core.findings import INFO
from fcgitops.model.image import BINARY, MAX_SECONDS, START, unsuitable
from fcgitops.verify.subjects import CONTAINER, POD
from test_oracle import (
    REQUIRED,
    Break,
    Object,
    asked,
    container,
    one,
    pod,
    policy,
    quota,
    ranged,
    rendered,
    spec,
)

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
TOKEN = {"serviceAccountToken": {"path": "token"}}
AUTHORITY = {"configMap": {"name": "kube-root-ca.crt", "items": [
    {"key": "ca.crt", "path": "ca.crt"}]}}  # fmt: skip
MINE = "frameworkcontroller/frameworkcontroller:v1.0.0"
RBAC = "rbac.authorization.k8s.io"
GROUPS = {
    "nobody": {"kind": "Group", "apiGroup": RBAC, "name": "ml"},
    "own": {"kind": "Group", "apiGroup": RBAC,
            "name": "system:serviceaccounts:frameworkcontroller"},
}  # fmt: skip


def of_pod(**fields: Any) -> Break:
    return lambda r: pod(r).update(fields)


def of_container(**fields: Any) -> Break:
    return lambda r: container(r).update(fields)


def mounted(path: str, *sources: Object, automount: bool | None = False, **mount: Any) -> Break:
    """A volume more, an emptyDir if it has no sources, and no token of the API server's."""

    def damage(r: Any) -> None:
        volume = {"projected": {"sources": list(sources)}} if sources else {"emptyDir": {}}
        pod(r)["volumes"].append({"name": "more", **volume})
        container(r)["volumeMounts"].append({"name": "more", "mountPath": path, **mount})
        pod(r)["automountServiceAccountToken"] = automount

    return damage


def more(*objects: Object) -> Break:
    return lambda r: r.objects.extend(objects)


def bound(subject: str, role: str) -> Break:
    meta, given = {"name": "more"}, {"apiGroup": RBAC, "kind": "ClusterRole", "name": role}
    return more({"apiVersion": f"{RBAC}/v1", "kind": "ClusterRoleBinding", "metadata": meta,
                 "roleRef": given, "subjects": [GROUPS[subject]]})  # fmt: skip


def labelled(kind: str, part: str, **found: str) -> Break:
    return lambda r: one(r, kind)["metadata"].setdefault(part, {}).update(found)


def workload(kind: str, **container: Any) -> Object:
    own = {"name": "c", "image": "r.io/x:1", "securityContext": {
        "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}}  # fmt: skip
    around = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    labels = {"a": "b"}
    return {
        "apiVersion": "apps/v1", "kind": kind,
        "metadata": {"name": "more", "namespace": "frameworkcontroller"},
        "spec": {"selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels},
            "spec": {"securityContext": around, "containers": [own | container]}}},
    }  # fmt: skip


def containers(item: Object) -> list[Object]:
    found: list[Object] = item["spec"]["template"]["spec"]["containers"]
    return found


def first(*command: str) -> Break:
    return lambda r: pod(r).update(initContainers=containers(workload("x", command=list(command))))


def nodes(*rules: Object, **chosen: str) -> Break:
    term = {"nodeSelectorTerms": [{"matchExpressions": list(rules)}]}
    return lambda r: pod(r).update(nodeSelector=chosen, affinity={"nodeAffinity": {REQUIRED: term}})


def ask_of(key: str, operator: str, *values: str) -> Object:
    return {"key": key, "operator": operator} | ({"values": list(values)} if values else {})


OWNER = [{"apiVersion": "v1", "kind": "Node", "name": "a", "uid": "1"}]
CLASS = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "value": 5,
         "metadata": {"name": "mine"}}  # fmt: skip


def of_class(given: Object, **fields: Any) -> Break:
    return lambda r: (r.objects.append(CLASS | given), pod(r).update(fields))


APP = "app.kubernetes.io/name"


def spread_by(key: str) -> Break:
    """A spread over zones with `matchLabelKeys`, of Pods that have a label."""
    selector = {"matchLabels": {APP: "frameworkcontroller"}}
    given = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway",
             "labelSelector": selector, "matchLabelKeys": [key]}  # fmt: skip
    return lambda r: pod(r).update(topologySpreadConstraints=[given])


def claimed(name: str) -> Break:
    """A claim that each Pod gets of its own, as a volume of its name."""
    asked_for = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return lambda r: spec(r).update(volumeClaimTemplates=[
        {"metadata": {"name": name}, "spec": asked_for}])  # fmt: skip


UNFIT: list[tuple[str, Break]] = [
    ("FCG01", more(workload("Deployment", image=MINE))),
    ("FCG01", more(workload("Deployment", command=[BINARY]))),
    ("FCG01", lambda r: pod(r)["containers"].append({"name": "two", "image": MINE})),
    ("FCG31", lambda r: one(r, "Service")["metadata"].update(ownerReferences=OWNER)),
    ("FCG30", more(CLASS | {"globalDefault": True},
                   CLASS | {"globalDefault": True, "metadata": {"name": "other"}})),
    ("FCG31", lambda r: one(r, "Service")["metadata"].update(
        deletionTimestamp="2026-01-01T00:00:00Z")),
    ("FCG31", lambda r: pod(r)["volumes"].append({"name": "more", "emptyDir": {
        "medium": "memory"}})),
    ("FCG31", lambda r: pod(r)["containers"].extend(containers(workload("x", image="r.io/X:1")))),
    ("FCG31", spread_by(APP)),
    ("FCG34", bound("nobody", "frameworkcontroller")),
    ("FCG34", bound("own", "cluster-admin")),
    ("FCG34", bound("own", "view")),
    ("FCG34", labelled("ClusterRole", "labels", **{f"{RBAC}/aggregate-to-view": "true"})),
    ("FCG35", of_container(command=[START])),
    ("FCG35", of_container(command=["sh", "-c", f"cd /tmp && exec {BINARY}"])),
    ("FCG35", of_container(command=["sh", "-c", f"echo {BINARY}"])),
    ("FCG35", of_container(command=[])),
    ("FCG35", of_container(command=["timeout", "60", BINARY])),
    ("FCG35", of_container(workingDir="etc/frameworkcontroller")),
    ("FCG35", of_container(args=["-v=$(LEVEL)"])),
    ("FCG35", of_container(args=["-v=$(LEVEL)"], env=[{"name": "LEVEL", "value": "high"}])),
    ("FCG35", mounted("/etc/frameworkcontroller/frameworkcontroller.yaml", automount=True)),
    ("FCG35", of_container(command=["$(BIN)"], env=[{"name": "BIN", "value": "/bin/sh"}])),
    ("FCG35", lambda r: container(r)["volumeMounts"].append(
        {"name": "frameworkcontroller-config", "mountPath": "/proc/../proc/net"})),
    ("FCG35", lambda r: container(r)["volumeMounts"][0].update(subPathExpr="part")),
    ("FCG35", claimed("frameworkcontroller-config")),
    ("FCG36", mounted(ACCOUNT, automount=True)),
    ("FCG36", mounted("/elsewhere", TOKEN, AUTHORITY)),
    ("FCG36", mounted(ACCOUNT, TOKEN)),
    ("FCG36", mounted(ACCOUNT, TOKEN, AUTHORITY, subPath="part")),
    ("FCG36", mounted(ACCOUNT, AUTHORITY, {"serviceAccountToken": {
        "path": "token", "audience": "vault"}})),
    ("FCG36", of_container(env=[{"name": "KUBE_APISERVER_ADDRESS", "valueFrom": {
        "fieldRef": {"fieldPath": "status.hostIP"}}}])),
    ("FCG36", lambda r: (
        r.objects.append({"apiVersion": "v1", "kind": "ConfigMap", "data": {"HOST": "10.0.0.1"},
                          "metadata": {"name": "more", "namespace": "frameworkcontroller"}}),
        container(r).update(envFrom=[
            {"prefix": "KUBERNETES_SERVICE_", "configMapRef": {"name": "more"}}]))),
    ("FCG38", of_pod(priorityClassName="system-critical")),
    ("FCG38", lambda r: pod(r)["volumes"].append({"name": "more", "csi": {
        "driver": "a.example.com", "nodePublishSecretRef": {"name": "gone"}}})),
    ("FCG38", of_pod(resourceClaims=[{"name": "gpu", "resourceClaimName": "gone"}])),
    ("FCG38", of_pod(resourceClaims=[{"name": "gpu", "resourceClaimTemplateName": "gone"}])),
    ("FCG39", lambda r: container(r)["resources"]["requests"].update(cpu=8193)),
    ("FCG39", of_container(resources={"limits": {"memory": "5Pi"}})),
    ("FCG39", lambda r: pod(r)["securityContext"].pop("runAsUser")),
    ("FCG39", of_container(lifecycle={"postStart": {"tcpSocket": {"port": 80}}})),
    ("FCG39", of_container(livenessProbe={"exec": {"command": ["sh", "-c", "exit 1"]}})),
    ("FCG39", first("sleep", "infinity")),
    ("FCG39", first("/bin/false")),
    ("FCG39", of_pod(initContainers=[{"name": "a", "image": MINE}])),
    ("FCG39", of_pod(initContainers=[{"name": "a", "image": "a", "restartPolicy": "Always",
                                      "startupProbe": {"exec": {"command": ["false"]}}}])),
    ("FCG39", of_pod(os={"name": "windows"})),
    ("FCG39", lambda r: pod(r)["volumes"].append({"name": "more", "gitRepo": {
        "repository": "https://example.com/x"}})),
    ("FCG39", of_pod(resources={"limits": {"memory": "16Mi"}})),
    ("FCG39", nodes(**{"kubernetes.io/arch": "arm64"})),
    ("FCG39", nodes(ask_of("kubernetes.io/os", "NotIn", "linux"))),
    ("FCG39", nodes(ask_of("a", "In", "b"), ask_of("a", "NotIn", "b"))),
    ("FCG39", nodes(ask_of("a", "Exists"), ask_of("a", "DoesNotExist"))),
    ("FCG39", nodes(ask_of("a", "Gt", "many"))),
    ("FCG39", nodes(ask_of("a", "In", "b"), a="c")),
    ("FCG39", more(quota({"services": 0}))),
    ("FCG39", more(quota({"configmaps": 1}))),
    ("FCG39", more(quota({"count/statefulsets.apps": 0}))),
    ("FCG39", more(quota({"pods": 0}, scopeSelector={"matchExpressions": [
        {"scopeName": "PriorityClass", "operator": "NotIn", "values": ["high"]}]}))),
    ("FCG39", lambda r: (container(r).pop("resources"),
                         r.objects.append(ranged(default={"memory": "16Mi"})))),
    ("FCG39", of_class({"globalDefault": True}, priority=0)),
    ("FCG39", of_class({}, priorityClassName="mine", preemptionPolicy="Never")),
    ("FCG40", more(policy(egress=[{"ports": [{"protocol": "UDP", "port": 53}]}]))),
    ("FCG40", more(policy(egress=[{"ports": [{"port": 53}]}]))),
    ("FCG40", more(policy(egress=[{"to": [{"namespaceSelector": {}}]}]))),
    ("FCG44", labelled("Service", "labels", **{
        "kustomize.toolkit.fluxcd.io/reconcile": "Disabled"})),
    ("FCG44", labelled("Service", "annotations", **{"helm.sh/hook": "pre-install"})),
]  # fmt: skip


def test_unfit() -> None:
    """Each is found by its number."""
    for i, (number, damage) in enumerate(UNFIT):
        r = rendered()
        damage(r)
        assert number in {f.rule for f in asked(r) if f.severity != INFO}, (i, number)


FIT: list[Break] = [
    mounted(ACCOUNT, TOKEN, AUTHORITY),
    mounted("/var/run", automount=True),
    of_container(workingDir="/etc/frameworkcontroller/."),
    of_container(command=["sh", "-c", f"exec {BINARY}"]),
    of_container(command=["env", "GOGC=50", BINARY]),
    of_container(command=["$(BIN)"], env=[{"name": "BIN", "value": BINARY}]),
    of_container(args=["-v=$(LEVEL)"], env=[{"name": "LEVEL", "value": "4"}]),
    of_container(args=["-v=$(LEVEL)"], env=[{"name": "LEVEL", "valueFrom": {
        "fieldRef": {"fieldPath": "metadata.name"}}}]),
    mounted("/etc", automount=True),
    lambda r: container(r)["volumeMounts"][0].update(
        mountPath="/etc/frameworkcontroller/frameworkcontroller.yaml",
        subPathExpr="frameworkcontroller.yaml"),
    lambda r: spec(r).update(ordinals={"start": 3}, updateStrategy={
        "rollingUpdate": {"partition": 3}}),
    lambda r: (pod(r)["containers"].extend(containers(workload("x"))),
               container(r).update(livenessProbe={"httpGet": {"port": 8080}})),
    lambda r: pod(r)["volumes"].append({"name": "more", "configMap": {"name": "kube-root-ca.crt"}}),
    first("true"),
    spread_by("pod-template-hash"),
    claimed("more"),
    lambda r: pod(r)["volumes"].append({"name": "more", "emptyDir": {"medium": "HugePages-2Mi"}}),
    nodes(ask_of("kubernetes.io/arch", "In", "arm64", "amd64"), ask_of("a", "In", "b"), a="b"),
    more(quota({"services": 1, "configmaps": 2, "secrets": 0})),
    more(quota({"pods": 0}, scopeSelector={"matchExpressions": [
        {"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}]})),
    of_class({}, priorityClassName="mine", priority=5),
    more(policy(egress=[{"ports": [{"port": 443}]}])),
    bound("nobody", "view"),
    bound("own", "system:discovery"),
    lambda r: pod(r).update(serviceAccount=pod(r).pop("serviceAccountName")),
    lambda r: (r.objects.append({
        "apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim",
        "metadata": {"name": "gpu", "namespace": "frameworkcontroller"},
        "spec": {"devices": {"requests": [
            {"name": "a", "exactly": {"deviceClassName": "gpu.example.com"}}]}}}),
        pod(r).update(resourceClaims=[{"name": "gpu", "resourceClaimName": "gpu"}])),
    lambda r: container(r)["resources"]["requests"].update(cpu=99),
    lambda r: container(r)["resources"]["limits"].update(cpu=500),
    labelled("Service", "annotations", **{"helm.sh/hook": "crd-install"}),
]  # fmt: skip


def test_fit() -> None:
    """Close to these, and right: nothing is found."""
    for i, change in enumerate(FIT):
        r = rendered()
        change(r)
        assert [f for f in asked(r) if f.severity != INFO] == [], i


def budget(name: str = "b", **fields: Any) -> Object:
    selector = {"matchLabels": {"app": "frameworkcontroller"}}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget",
            "metadata": {"name": name, "namespace": "frameworkcontroller"},
            "spec": {"selector": selector, **fields}}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (more(budget(minAvailable=1)), ["PodDisruptionBudget b spec.minAvailable"]),
        (more(budget(minAvailable="1%")), ["PodDisruptionBudget b spec.minAvailable"]),
        (more(budget(maxUnavailable=0)), ["PodDisruptionBudget b spec.maxUnavailable"]),
        (more(budget(maxUnavailable="0%")), ["PodDisruptionBudget b spec.maxUnavailable"]),
        (more(budget(minAvailable=1, selector={})), ["PodDisruptionBudget b spec.minAvailable"]),
        (more(budget(maxUnavailable=1), budget("c", minAvailable=0)),
         ["PodDisruptionBudget c spec.selector"]),
        (more(budget(maxUnavailable=1)), []),
        (more(budget(minAvailable="0%")), []),
        (more(budget(minAvailable=1, selector={"matchLabels": {"app": "other"}})), []),
        (more(budget(minAvailable=1, selector=None)), []),
        (of_pod(terminationGracePeriodSeconds=0),
         [f"StatefulSet frameworkcontroller {POD}.terminationGracePeriodSeconds"]),
        (of_container(env=[{"name": "https_proxy", "value": "http://proxy:3128"}]),
         [f"StatefulSet frameworkcontroller {CONTAINER}.env[https_proxy]"]),
        (of_container(env=[{"name": "HTTP_PROXY", "value": "http://proxy:3128"}]), []),
        (of_container(env=[{"name": "HTTPS_PROXY", "value": "http://proxy:3128"},
                           {"name": "no_proxy", "value": "10.0.0.0/8"}]), []),
        (lambda r: container(r)["resources"]["requests"].update(cpu=500),
         [f"StatefulSet frameworkcontroller {CONTAINER}.resources.requests"]),
        (lambda r: container(r).update(resources={"limits": {"cpu": "500"}}),
         [f"StatefulSet frameworkcontroller {CONTAINER}.resources.limits"]),
        (lambda r: container(r)["resources"]["requests"].update(cpu="500000m"), []),
    ],
)  # fmt: skip
def test_worth_knowing(change: Break, said: list[str]) -> None:
    """What runs, and may not be meant, is an info: a budget without a way out, whole CPUs."""
    r = rendered()
    change(r)
    found = asked(r)
    assert [f"{f.object} {f.path}" for f in found if f.severity == INFO] == said
    assert [f for f in found if f.severity != INFO] == []


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        ("--v=4", ""), ("--v 4", ""), ("-v=010", ""), ("--logtostderr", ""), ("--vmodule=", ""),
        ("--logtostderr=T", ""), ("--stderrthreshold=warning", ""),
        ("--log_backtrace_at=a.go:5", ""),
        ("- --no", ""), ("-- --no", ""), ("a --no", ""), ("--logtostderr false --no", ""),
        ("--v=$(LEVEL)", ""), ("--vmodule=a=1,b=2", ""),
        ("-h", "-h"), ("--help", "--help"), ("--v", "--v"), ("--v=abc", "--v=abc"),
        ("--v 3000000000", "--v 3000000000"), ("--v=0x4", "--v=0x4"), ("---v=4", "---v=4"),
        ("--logtostderr=maybe", "--logtostderr=maybe"), ("--vmodule=a=b", "--vmodule=a=b"),
        ("--stderrthreshold=FOO", "--stderrthreshold=FOO"), ("--=x", "--=x"),
        ("--log_backtrace_at=", "--log_backtrace_at="), ("--v=4 --no", "--no"),
        ("--log_file_max_size=-1", "--log_file_max_size=-1"),
    ],
)  # fmt: skip
def test_arguments(arguments: str, wrong: str) -> None:
    """As the binary itself answers: it starts, or says what it does not take and ends."""
    assert unsuitable(arguments.split()) == wrong


@pytest.mark.parametrize(("seconds", "found"), [(MAX_SECONDS, []), (MAX_SECONDS + 1, ["FCG05"])])
def test_seconds_that_overflow(seconds: int, found: list[str]) -> None:
    """They are another time to FrameworkController, which may delete at once."""
    r = rendered()
    config = f"frameworkCompletedRetainSec: {seconds}\n"
    for item in r.objects:
        if item["kind"] == "ConfigMap":
            item["data"] = {"frameworkcontroller.yaml": config}
    held = dataclasses.replace(r, config=config)
    assert [f.rule for f in asked(held) if f.severity != INFO] == found


@pytest.mark.parametrize("kind", ["NetworkPolicy", "ClusterRoleBinding", "Namespace", "Thing"])
def test_kinds_of_others(kind: str) -> None:
    """A kind of another group that has the name of Kubernetes' own is not taken for it."""
    meta = {"name": "other", "namespace": "frameworkcontroller"}
    item: Object = {"apiVersion": "example.com/v1", "kind": kind, "metadata": meta,
                    "spec": {"egress": ["x"]}, "subjects": ["x"]}  # fmt: skip
    r = rendered()
    r.objects.append(item)
    for value in (None, [], "x", ["x"]):
        meta.update(labels=value, annotations=value, generateName=value)
        assert [f.rule for f in asked(r)] == ["FCG32"]
    meta.pop("name")
    meta.update(namespace=["x"])
    assert [f.rule for f in asked(r)] == ["FCG32"]
