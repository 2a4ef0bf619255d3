"""The numbered checks: each on what kustomize really rendered, with one fault put in."""

from __future__ import annotations

import copy
import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from fcgitops.core.formats.text import line
from fcgitops.kubernetes.objects import Object
from fcgitops.model.environment import PROFILES, VARIANTS
from fcgitops.programs import kustomize
from fcgitops.text import yamlio
from fcgitops.verify.subjects import Rendered
from fcgitops.verify.verification import rendered as check
from gitenv import write
from test_render import COMBINATIONS, base, files, make

GIVEN: dict[str, dict[str, Any]] = {
    "hardened": {
        "namespace": "fc",
        "image.digest": "sha256:" + "0a" * 32,
        "egress.mode": "cidr",
        "egress.endpoints": [{"cidr": "10.0.0.1/32", "port": 6443}],
    },
    "upstream": {"namespace": "fc", "image.registry": "r.io", "image.tag": "v1.0.1"},
}


@functools.cache
def built(profile: str, variant: str, mode: str) -> tuple[bytes, Rendered]:
    """What kustomize rendered for an environment, and what it should be."""
    given = GIVEN[profile]
    if mode:
        given = {**given, "egress.mode": mode, "egress.endpoints": []}
    if mode == "cilium":
        given["apiServer.address"] = "https://api.example.com"
    env = make(profile, variant, given)
    tree = base(profile) | files(env, profile)
    with TemporaryDirectory() as folder:
        write(Path(folder), tree)
        out = kustomize.find().build(Path(folder) / "overlays" / "prod")
    config = tree.get("overlays/prod/frameworkcontroller.yaml")
    return out, Rendered("prod", [], profile, env, config.decode() if config else None)


def rendered(profile: str, variant: str = "customized-config", mode: str = "") -> Rendered:
    """A sound overlay, its objects made anew each time, so that a test may break them."""
    out, expected = built(profile, variant, mode)
    return dataclasses.replace(expected, objects=yamlio.load_all(out))


@pytest.mark.parametrize(("profile", "variant"), COMBINATIONS)
def test_sound(profile: str, variant: str) -> None:
    """What is rendered for an environment has no findings."""
    assert check(rendered(profile, variant)) == []


@pytest.mark.parametrize("mode", ["none", "cilium"])
def test_sound_egress(mode: str) -> None:
    """Neither has it without a limit of egress, nor with Cilium's."""
    assert check(rendered("hardened", mode=mode)) == []


@pytest.mark.parametrize(("profile", "variant"), COMBINATIONS)
def test_sound_as_somebody_else(profile: str, variant: str) -> None:
    """With a kubeconfig its own account has neither a token there nor any right."""
    env = make(profile, variant, {"apiServer.kubeconfigSecret": "s"})
    tree = base(profile) | files(env, profile)
    with TemporaryDirectory() as folder:
        write(Path(folder), tree)
        out = kustomize.find().build(Path(folder) / "overlays" / "prod")
    config = tree.get("overlays/prod/frameworkcontroller.yaml")
    r = Rendered("prod", yamlio.load_all(out), profile, env, config.decode() if config else None)
    assert check(r) == []
    assert pod(r)["automountServiceAccountToken"] is False
    assert "subjects" not in one(r, "ClusterRoleBinding")


@pytest.mark.parametrize("profile", PROFILES)
def test_sound_variant(profile: str) -> None:
    """A variant, which has no environment, is checked for what can be known of it."""
    folders = {}
    with TemporaryDirectory() as folder:
        write(Path(folder), base(profile))
        folders = {v: kustomize.find().build(Path(folder) / "overlays" / v) for v in VARIANTS}
    for variant, out in folders.items():
        config = base(profile).get(f"overlays/{variant}/frameworkcontroller.yaml")
        text = config.decode() if config else None
        assert check(Rendered(variant, yamlio.load_all(out), profile, None, text)) == []


def one(r: Rendered, kind: str) -> Object:
    return next(o for o in r.objects if o["kind"] == kind)


def stateful(r: Rendered) -> Object:
    return one(r, "StatefulSet")


def pod(r: Rendered) -> Object:
    spec: Object = stateful(r)["spec"]["template"]["spec"]
    return spec


def container(r: Rendered) -> Object:
    first: Object = pod(r)["containers"][0]
    return first


def security(r: Rendered) -> Object:
    context: Object = container(r)["securityContext"]
    return context


def egress(r: Rendered, kind: str = "NetworkPolicy") -> Object:
    """The policy that the environment's `egress` generates, beside the base's of ingress."""
    name = "frameworkcontroller-egress"
    return next(o for o in r.objects if o["kind"] == kind and o["metadata"]["name"] == name)


def drop(r: Rendered, kind: str) -> None:
    r.objects.remove(one(r, kind))


Break = Callable[[Rendered], object]
ACCOUNT = "no ClusterRoleBinding names the ServiceAccount frameworkcontroller of fc (its subject)"
CONFIG = "no mounted ConfigMap holds frameworkcontroller.yaml as it is here (configMapGenerator)"
PLAIN = "frameworkcontroller-config"
IMAGE_HINT = "(images: name: frameworkcontroller/frameworkcontroller)"
NAMESPACE_HINT = "(namespace: in kustomization.yaml)"
OWN = f"r.io/frameworkcontroller/frameworkcontroller:v1.0.1 {IMAGE_HINT}"
POD = "StatefulSet frameworkcontroller: spec.template.spec"
SECURITY = f"{POD}.containers[0].securityContext"
LEVEL = "hardened is `restricted`"
EGRESS = "FCG09: does not render egress.yaml as it stands (allow more in a policy of your own)"


def rename_config(r: Rendered) -> None:
    one(r, "ConfigMap")["metadata"]["name"] = PLAIN
    pod(r)["volumes"][0]["configMap"]["name"] = PLAIN


FAULTS: list[tuple[str, Break, list[str]]] = [
    ("hardened", lambda r: drop(r, "StatefulSet"),
     ["FCG01: renders 0 StatefulSets frameworkcontroller (exactly one)"]),
    ("hardened", lambda r: r.objects.append(copy.deepcopy(stateful(r))),
     ["FCG01: renders 2 StatefulSets frameworkcontroller (exactly one)"]),
    ("upstream", lambda r: stateful(r)["spec"].update(replicas=2),
     ["FCG01: has 2 replicas (1: it is one per cluster)"]),
    ("upstream", lambda r: stateful(r)["spec"].update(replicas=0), []),
    ("upstream", lambda r: stateful(r)["spec"].pop("replicas"), []),
    ("hardened", lambda r: one(r, "Service")["metadata"].update(namespace="x"),
     [f"FCG02: Service frameworkcontroller is in x, not in fc {NAMESPACE_HINT}"]),
    ("hardened", lambda r: one(r, "Namespace")["metadata"].update(name="x"),
     [f"FCG02: Namespace x is not the environment's namespace fc {NAMESPACE_HINT}"]),
    ("hardened", lambda r: drop(r, "ServiceAccount"),
     ["FCG03: the Pod runs as the ServiceAccount frameworkcontroller, which is not rendered "
      "(frameworkcontroller)"]),
    ("hardened", lambda r: drop(r, "ClusterRoleBinding"), [f"FCG03: {ACCOUNT}"]),
    ("hardened", lambda r: one(r, "ClusterRoleBinding")["subjects"][0].update(namespace="x"),
     [f"FCG03: {ACCOUNT}"]),
    ("upstream", lambda r: one(r, "ClusterRoleBinding")["subjects"][0].update(
        name="system:serviceaccount:default:frameworkcontroller"), [f"FCG03: {ACCOUNT}"]),
    ("upstream", lambda r: pod(r).pop("serviceAccountName"),
     ["FCG03: the Pod runs as the ServiceAccount default, which is not rendered "
      "(frameworkcontroller)",
      f"FCG03: {ACCOUNT.replace('ServiceAccount frameworkcontroller', 'ServiceAccount default')}"]),
    ("hardened", lambda r: pod(r)["volumes"][0]["configMap"].update(name="none"),
     [f"FCG04: {POD}.volumes[frameworkcontroller-config].configMap: the Pod mounts the ConfigMap "
      "none, which is not rendered (namespace: in every layer)",
      f"FCG05: {CONFIG}"]),
    ("hardened", lambda r: one(r, "ConfigMap").update(data={"frameworkcontroller.yaml": "a: 1\n"}),
     [f"FCG05: {CONFIG}"]),
    ("upstream", lambda r: pod(r).pop("volumes"), [f"FCG05: {CONFIG}"]),
    ("hardened", lambda r: container(r).update(image="x:latest"),
     ["FCG06: runs the image x:latest, not frameworkcontroller/frameworkcontroller:v1.0.0@sha256:"
      + "0a" * 32 + f" {IMAGE_HINT}"]),
    ("upstream", lambda r: container(r).update(image="r.io/x"),
     [f"FCG06: runs the image r.io/x, not {OWN}"]),
    ("upstream", lambda r: container(r).update(name="x"),
     [f"FCG06: runs the image , not {OWN}"]),
    ("upstream", lambda r: stateful(r)["spec"]["template"]["metadata"]["labels"].update(app="x"),
     ["FCG07: selects Pods by {app: frameworkcontroller}, but labels them {app: x} "
      "(never change the label app)"]),
    ("hardened", lambda r: pod(r).update(hostNetwork=True, hostPID=True, hostIPC=True),
     [f"FCG08: {POD}.host{name}: must not be set: {LEVEL}" for name in ("Network", "PID", "IPC")]),
    ("hardened", lambda r: pod(r)["volumes"].append({"name": "v", "hostPath": {"path": "/"}}),
     [f"FCG08: {POD}.volumes[1].hostPath: must not be used: {LEVEL}"]),
    ("hardened", lambda r: pod(r)["securityContext"].pop("runAsNonRoot"),
     [f"FCG08: {SECURITY}.runAsNonRoot: must be true, here or of the Pod: {LEVEL}"]),
    ("hardened", lambda r: security(r).update(runAsNonRoot=False),
     [f"FCG08: {SECURITY}.runAsNonRoot: must be true, here or of the Pod: {LEVEL}"]),
    ("hardened", lambda r: security(r).update(runAsUser=0),
     [f"FCG08: {SECURITY}.runAsUser: must not be 0: {LEVEL}"]),
    ("hardened", lambda r: pod(r)["securityContext"]["seccompProfile"].update(type="Unconfined"),
     [f"FCG08: {POD}.securityContext.seccompProfile.type: must be RuntimeDefault or Localhost: "
      f"{LEVEL}"]),
    ("hardened", lambda r: security(r).update(seccompProfile={"type": "Localhost"}), []),
    ("hardened", lambda r: security(r).pop("allowPrivilegeEscalation"),
     [f"FCG08: {SECURITY}.allowPrivilegeEscalation: must be false: {LEVEL}"]),
    ("hardened", lambda r: security(r).update(privileged=True),
     [f"FCG08: {SECURITY}.privileged: must not be set: {LEVEL}"]),
    ("hardened", lambda r: security(r).pop("capabilities"),
     [f"FCG08: {SECURITY}.capabilities.drop: must have ALL: {LEVEL}"]),
    ("hardened", lambda r: security(r)["capabilities"].update(add=["NET_ADMIN"]),
     [f"FCG08: {SECURITY}.capabilities.add[0]: NET_ADMIN must not be added: {LEVEL}"]),
    ("hardened", lambda r: security(r)["capabilities"].update(add=["NET_BIND_SERVICE"]), []),
    ("hardened", lambda r: pod(r).update(initContainers=[{"name": "i"}]),
     [f"FCG08: {POD}.initContainers[0].securityContext.allowPrivilegeEscalation: must be false: "
      f"{LEVEL}",
      f"FCG08: {POD}.initContainers[0].securityContext.capabilities.drop: must have ALL: {LEVEL}"]),
    ("hardened", lambda r: container(r).update(ports=[{"containerPort": 1}, {"hostPort": 80}]),
     [f"FCG08: {POD}.containers[0].ports[1].hostPort: must not be set: {LEVEL}"]),
    ("hardened", lambda r: container(r).update(ports=[{"containerPort": 80}]), []),
    ("hardened", lambda r: security(r).update(procMount="Unmasked"),
     [f"FCG08: {SECURITY}.procMount: must be Default: {LEVEL}"]),
    ("hardened", lambda r: security(r).update(procMount="Default"), []),
    ("upstream", lambda r: pod(r).update(hostNetwork=True), []),
    ("hardened", lambda r: r.objects.remove(egress(r)), [EGRESS]),
    ("hardened", lambda r: r.objects.append(copy.deepcopy(egress(r))), [EGRESS]),
    ("hardened", lambda r: egress(r)["metadata"].update(name="x"), [EGRESS]),
    ("hardened", lambda r: egress(r)["spec"].update(policyTypes=["Ingress"]), [EGRESS]),
    ("hardened", lambda r: egress(r)["spec"]["podSelector"].clear(), [EGRESS]),
    ("hardened", lambda r: egress(r)["spec"]["egress"].append({}), [EGRESS]),
    ("hardened", lambda r: egress(r)["spec"]["egress"].pop(), [EGRESS]),
    ("hardened", lambda r: egress(r)["spec"]["egress"][0].pop("ports"), [EGRESS]),
    ("hardened", lambda r: egress(r)["spec"]["egress"][0]["to"].append(
        {"ipBlock": {"cidr": "0.0.0.0/0"}}), [EGRESS]),
    ("hardened", lambda r: egress(r)["metadata"].update(labels={"own": "x"}), []),
    ("hardened", lambda r: r.objects.append(
        {**egress(r), "metadata": {"name": "own"}, "spec": {"egress": [{}]}}), []),
    ("hardened", rename_config,
     ["FCG10: the ConfigMap is called frameworkcontroller-config plainly: a change would not roll "
      "out (no disableNameSuffixHash)"]),
]  # fmt: skip


@pytest.mark.parametrize(("profile", "fault", "findings"), FAULTS)
def test_fault(profile: str, fault: Break, findings: list[str]) -> None:
    """One fault gets the findings that name it, and no others."""
    broken = rendered(profile)
    fault(broken)
    assert [line(finding) for finding in check(broken)] == [f"prod: {f}" for f in findings]


@pytest.mark.parametrize(
    "fault",
    [
        lambda r: drop(r, "CiliumNetworkPolicy"),
        lambda r: egress(r, "CiliumNetworkPolicy")["spec"]["egress"].append(
            {"toEntities": ["all"]}
        ),
    ],
)
def test_cilium(fault: Break) -> None:
    """Where Cilium is to limit egress, its policy must be there, as it was generated."""
    broken = rendered("hardened", mode="cilium")
    fault(broken)
    assert [line(finding) for finding in check(broken)] == [f"prod: {EGRESS}"]


@pytest.mark.parametrize("mode", ["none", "cidr"])
def test_egress_of_another_mode(mode: str) -> None:
    """The policy of one mode does not stand for the other's; without a limit none is missed."""
    own = egress(rendered("hardened", mode="cilium"), "CiliumNetworkPolicy")
    broken = rendered("hardened", mode="none" if mode == "none" else "")
    broken.objects[:] = [
        o for o in broken.objects if o["metadata"]["name"] != "frameworkcontroller-egress"
    ]
    broken.objects.append(own)
    assert [line(f) for f in check(broken)] == ([] if mode == "none" else [f"prod: {EGRESS}"])
