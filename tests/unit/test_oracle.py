"""The checks of rendered objects: what the API server takes, and FrameworkController runs with."""

from __future__ import annotations

import copy
import dataclasses
import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yamls
from fcgitops.core.errors import ToolError
from fcgitops.core.findings import INFO, Finding
from fcgitops.kubernetes.objects import Object
from fcgitops.model import expects
from fcgitops.programs import kustomize
from fcgitops.repository.contents import Repository
from fcgitops.text import yamlio
from fcgitops.verify.layers import Reader
from fcgitops.verify.subjects import LAYERS, NEEDS, OBJECTS, Layered, Objects, Rendered
from fcgitops.verify.validity import typed
from fcgitops.verify.verification import rendered as controller_checks
from gitenv import write
from test_render import base, files, make

GOLDEN = Path(__file__).parents[1] / "golden"
PATCHES = Path(__file__).parents[1] / "data" / "patches" / "verdicts.jsonl"
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"


@functools.cache
def golden(profile: str, name: str) -> Rendered:
    repository = Repository.find(GOLDEN / profile / "repository")
    (item,) = repository.wanted([name])
    text = (GOLDEN / profile / "rendered" / f"{name}.yaml").read_bytes()
    config = repository.root / item.folder / "frameworkcontroller.yaml"
    return Rendered(
        name,
        yamlio.load_all(text),
        profile,
        repository.environment(name),
        config.read_text(encoding="utf-8") if config.exists() else None,
    )


def rendered(profile: str = "hardened", name: str = "prod") -> Rendered:
    """A sound environment, its objects made anew each time, so that a test may break them."""
    found = golden(profile, name)
    return dataclasses.replace(found, objects=copy.deepcopy(found.objects))


def ask(r: Rendered, root: Path) -> list[Finding]:
    """What is found in what an overlay of the repository in `root` renders."""
    objects = typed(Objects(r.objects))
    layered = Layered(Reader(root), root / "overlays" / r.overlay, objects)
    held = dataclasses.replace(r, objects=objects)
    needs = NEEDS.ask(held) if len(held.all("StatefulSet")) == 1 else []
    found = OBJECTS.ask(Objects(r.objects)) + LAYERS.ask(layered)
    return found + needs + controller_checks(held)


def asked(r: Rendered) -> list[Finding]:
    return ask(r, GOLDEN / r.profile / "repository")


def said(r: Rendered) -> list[str]:
    """Number, severity, place and sentence of each finding."""
    return [
        " ".join(filter(None, (f.rule, f"{f.severity}:", f.object, f.sentence))) for f in asked(r)
    ]


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        (profile, path.stem)
        for profile in ("hardened", "upstream")
        for path in sorted((GOLDEN / profile / "rendered").glob("*.yaml"))
        if "." not in path.stem and not path.stem.endswith("-config")
    ],
)
def test_golden(profile: str, name: str) -> None:
    """Of the golden repositories nothing is said, but what is known of no kind."""
    assert [f.rule for f in asked(rendered(profile, name)) if f.severity != INFO] == []


@pytest.fixture(scope="session")
def patched(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[str]]:
    """The findings, but for infos, of an environment whose `local/` has a given body."""
    folder = tmp_path_factory.mktemp("patched")
    endpoints = [{"cidr": "10.0.0.1/32", "port": 6443}]
    given = {"egress.mode": "cidr", "egress.endpoints": endpoints}
    environment = make("hardened", "customized-config", given)
    write(folder, base("hardened") | files(environment, "hardened"))
    overlay = folder / "overlays" / "prod"
    config = (overlay / "frameworkcontroller.yaml").read_text(encoding="utf-8")
    program = kustomize.find()

    def findings(body: str) -> list[str]:
        local = overlay / "local" / "kustomization.yaml"
        local.write_text(COMPONENT + body, encoding="utf-8")
        try:
            built = program.build(overlay)
        except ToolError:
            return ["FCG00"]
        r = Rendered("prod", yamlio.load_all(built), "hardened", environment, config)
        return [f.rule for f in ask(r, folder) if f.severity != INFO]

    return findings


VERDICTS = [json.loads(line) for line in PATCHES.read_text(encoding="utf-8").splitlines()]


@pytest.mark.sampled(6)
@pytest.mark.parametrize("case", VERDICTS, ids=[f"{v['id']}-{v['kind']}" for v in VERDICTS])
def test_patches(case: dict[str, str], patched: Callable[[str], list[str]]) -> None:
    """Of 100 patches none that is refused or harmful is missed, and no other is called so."""
    found = patched(case["kustomization"])
    assert bool(found) == (case["verdict"] != "accept"), found


Break = Callable[[Rendered], object]


def one(r: Rendered, kind: str) -> Object:
    return next(o for o in r.objects if o["kind"] == kind)


def spec(r: Rendered) -> Object:
    found: Object = one(r, "StatefulSet")["spec"]
    return found


def pod(r: Rendered) -> Object:
    found: Object = spec(r)["template"]["spec"]
    return found


def container(r: Rendered) -> Object:
    found: Object = pod(r)["containers"][0]
    return found


def policy(**given: Any) -> Object:
    return {
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "p", "namespace": "frameworkcontroller"},
        "spec": {"podSelector": {}, **given},
    }  # fmt: skip


STS = "StatefulSet frameworkcontroller"
POD = f"{STS} spec.template.spec"
C = f"{POD}.containers[frameworkcontroller]"
NEVER = "is rendered, nor expected: the Pod never starts"
UNMADE = "FrameworkController's Pod is refused:"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def quota(hard: Object, **more: object) -> Object:
    meta = {"name": "q", "namespace": "frameworkcontroller"}
    spec = {"hard": hard, **more}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta, "spec": spec}


def ranged(kind: str = "Container", **limits: object) -> Object:
    meta = {"name": "l", "namespace": "frameworkcontroller"}
    spec = {"limits": [{"type": kind, **limits}]}
    return {"apiVersion": "v1", "kind": "LimitRange", "metadata": meta, "spec": spec}


FAULTS: list[tuple[str, Break, str]] = [
    ("hardened", lambda r: spec(r).update(replica=1),
     f"FCG30 reject: {STS} spec.replica: is no field of StatefulSetSpec: did you mean replicas?"),
    ("hardened", lambda r: r.objects.append(copy.deepcopy(one(r, "Service"))),
     "FCG30 reject: Service frameworkcontroller is rendered twice"),
    ("hardened", lambda r: spec(r).update(replicas=(1 << 32) + 1),
     f"FCG31 hazard: {STS} spec.replicas: 4294967297 has more than 32 bits: the API server takes "
     "1"),
    ("hardened", lambda r: r.objects.append(
        {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "t"}}),
     "FCG32 info: Thing t nothing is known here of example.com/v1: it is not judged"),
    ("hardened", lambda r: r.objects.remove(one(r, "ClusterRole")),
     "FCG33 hazard: ClusterRoleBinding frameworkcontroller roleRef: gives the rights of the "
     "ClusterRole frameworkcontroller, which is not rendered"),
    ("hardened", lambda r: one(r, "ClusterRole").update(aggregationRule={"clusterRoleSelectors": [
        {"matchLabels": {"a": "b"}}]}),
     "FCG33 hazard: ClusterRole frameworkcontroller aggregationRule: has an aggregationRule: "
     "Kubernetes puts other rules in the place of its own"),
    ("hardened", lambda r: one(r, "ClusterRole")["rules"].append(
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}),
     "FCG34 hazard: ClusterRole frameworkcontroller rules: may get secrets, which "
     "FrameworkController does not use"),
    ("hardened", lambda r: one(r, "ClusterRole")["rules"].append(
        {"apiGroups": [""], "resources": ["events"], "verbs": ["create"]}),
     "FCG34 info: ClusterRole frameworkcontroller rules: may create events, which "
     "FrameworkController does not use"),
    ("hardened", lambda r: one(r, "ClusterRoleBinding")["roleRef"].update(name="cluster-admin"),
     "FCG34 hazard: ClusterRoleBinding frameworkcontroller roleRef: may do anything with all "
     "resources of all groups by cluster-admin, which FrameworkController does not use"),
    ("upstream", lambda r: one(r, "ClusterRoleBinding")["subjects"].append(
        {"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "ml"}),
     "FCG34 hazard: ClusterRoleBinding frameworkcontroller subjects[1]: Group ml has "
     "FrameworkController's rights"),
    ("hardened", lambda r: container(r).update(command=["/bin/true"]),
     f"FCG35 hazard: {C}.command: starts /bin/true, not FrameworkController"),
    ("hardened", lambda r: container(r)["command"].append("--debug"),
     f"FCG35 hazard: {C}.command: FrameworkController does not take --debug, and ends at once"),
    ("hardened", lambda r: container(r).update(workingDir="/tmp"),
     f"FCG35 hazard: {C}.workingDir: is /tmp, where the configuration is not mounted"),
    ("hardened", lambda r: container(r).pop("volumeMounts"),
     f"FCG35 hazard: {C}.workingDir: is /etc/frameworkcontroller, where the configuration is not "
     "mounted"),
    ("hardened", lambda r: pod(r)["volumes"][0]["configMap"].update(
        items=[{"key": "frameworkcontroller.yaml", "path": "other.yaml"}]),
     f"FCG35 hazard: {C}.workingDir: is /etc/frameworkcontroller, where the configuration is not "
     "mounted"),
    ("upstream", lambda r: container(r).update(command=["bash", "-c", "./start.sh"]),
     f"FCG35 hazard: {C}.command: does not take frameworkcontroller.yaml from where it is "
     "mounted"),
    ("upstream", lambda r: container(r).update(command=["bash", "-c", "sleep 1d"]),
     f"FCG35 hazard: {C}.command: starts neither start.sh nor FrameworkController's binary"),
    ("hardened", lambda r: container(r)["volumeMounts"][0].update(mountPath="/opt"),
     f"FCG35 hazard: {C}.volumeMounts[0]: /opt hides FrameworkController's binary, "
     "/opt/frameworkcontroller/frameworkcontroller/frameworkcontroller"),
    ("hardened", lambda r: pod(r).update(automountServiceAccountToken=False),
     f"FCG36 hazard: {POD}.automountServiceAccountToken: is false: without a token "
     "FrameworkController panics at each start"),
    ("hardened", lambda r: pod(r).pop("automountServiceAccountToken"),
     f"FCG36 hazard: {POD}.automountServiceAccountToken: is false: without a token "
     "FrameworkController panics at each start"),
    ("hardened", lambda r: container(r).update(
        env=[{"name": "KUBE_APISERVER_ADDRESS", "value": "https://x.example.com"}]),
     f"FCG36 hazard: {C}.env[KUBE_APISERVER_ADDRESS]: is https://x.example.com, not "
     "apiServer.address of the environment"),
    ("hardened", lambda r: spec(r).update(replicas=0),
     f"FCG37 hazard: {STS} spec.replicas: is 0: FrameworkController does not run"),
    ("hardened", lambda r: spec(r).update(updateStrategy={"type": "OnDelete"}),
     f"FCG37 hazard: {STS} spec.updateStrategy.type: is OnDelete: a change reaches no Pod until "
     "somebody deletes it"),
    ("hardened", lambda r: spec(r).update(updateStrategy={"rollingUpdate": {"partition": 1}}),
     f"FCG37 hazard: {STS} spec.updateStrategy.rollingUpdate.partition: is 1: a change does not "
     "reach the Pod frameworkcontroller-0"),
    ("hardened", lambda r: pod(r).update(priorityClassName="high"),
     f"FCG38 hazard: {POD}.priorityClassName: no PriorityClass high {NEVER}"),
    ("hardened", lambda r: pod(r)["volumes"].append({"name": "s", "secret": {"secretName": "x"}}),
     f"FCG38 hazard: {POD}.volumes[s].secret: no Secret x {NEVER}"),
    ("hardened", lambda r: container(r).update(envFrom=[{"configMapRef": {"name": "x"}}]),
     f"FCG38 hazard: {C}.envFrom: no ConfigMap x {NEVER}"),
    ("hardened", lambda r: pod(r)["volumes"][0]["configMap"].update(
        items=[{"key": "x", "path": "x"}]),
     f"FCG38 hazard: {POD}.volumes[frameworkcontroller-config].configMap: the ConfigMap "
     "frameworkcontroller-config-5t6k78td7f has no key x: the Pod never starts"),
    ("hardened", lambda r: r.objects.remove(one(r, "Namespace")),
     f"FCG38 hazard: {STS} metadata.namespace: no Namespace frameworkcontroller is rendered, nor "
     "expected: nothing of it can be applied"),
    ("hardened", lambda r: r.objects.append({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "b", "namespace": "ml"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
        "subjects": [{"kind": "ServiceAccount", "name": "team", "namespace": "ml"}]}),
     "FCG38 hazard: RoleBinding b subjects[0]: no ServiceAccount team is rendered in ml, nor "
     "expected"),
    ("hardened", lambda r: container(r)["resources"].update(limits={"memory": "4Mi"}, requests={}),
     f"FCG39 hazard: {C}.resources.limits: memory 4Mi is too little: it is killed, or does not "
     "get ready"),
    ("hardened", lambda r: container(r).update(livenessProbe={"httpGet": {"port": 8080}}),
     f"FCG39 hazard: {C}.livenessProbe.httpGet: FrameworkController listens at no port: it is "
     "killed again and again"),
    ("hardened", lambda r: pod(r).update(schedulingGates=[{"name": "example.com/a"}]),
     f"FCG39 hazard: {POD}.schedulingGates: keep the Pod from every node until somebody takes "
     "them away"),
    ("hardened", lambda r: container(r).update(livenessProbe={"exec": {"command": ["/bin/false"]}}),
     f"FCG39 hazard: {C}.livenessProbe.exec.command: never succeeds"),
    ("hardened", lambda r: r.objects.append({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": "i", "namespace": "frameworkcontroller"}}),
     "FCG32 info: Ingress i its fields and their types are judged here, its values are not"),
    ("hardened", lambda r: pod(r).update(readinessGates=[{"conditionType": "example.com/a"}]),
     f"FCG39 hazard: {POD}.readinessGates: keep the Pod from being Ready until something else sets "
     "its condition"),
    ("hardened", lambda r: pod(r).update(nodeSelector={"kubernetes.io/os": "windows"}),
     f"FCG39 hazard: {POD}.nodeSelector[kubernetes.io/os]: is windows: FrameworkController's image "
     "is for linux"),
    ("hardened", lambda r: pod(r).update(affinity={"nodeAffinity": {
        REQUIRED: {"nodeSelectorTerms": [{}]}}}),
     f"FCG39 hazard: {POD}.affinity.nodeAffinity.{REQUIRED}.nodeSelectorTerms: is empty, which "
     "fits no node: its Pod is never scheduled"),
    ("hardened", lambda r: pod(r).update(affinity={"podAffinity": {
        REQUIRED: [{"topologyKey": "zone"}]}}),
     f"FCG39 hazard: {POD}.affinity.podAffinity.{REQUIRED}[0]: has no labelSelector, which fits "
     "no Pod to be near: its Pod is never scheduled"),
    ("hardened", lambda r: pod(r).update(priority=5),
     f"FCG39 hazard: {POD}.priority: is 5, and 0 by its priorityClassName: its Pod is refused"),
    ("hardened", lambda r: pod(r).update(preemptionPolicy="Never"),
     f"FCG39 hazard: {POD}.preemptionPolicy: is Never without a PriorityClass that says so: its "
     "Pod is refused"),
    ("hardened", lambda r: pod(r).update(overhead={"cpu": "1"}),
     f"FCG39 hazard: {POD}.overhead: is given without a RuntimeClass that says so: its Pod is "
     "refused"),
    ("hardened", lambda r: r.objects.append(quota({"limits.cpu": 10})),
     f"FCG39 hazard: ResourceQuota q spec.hard[limits.cpu]: {UNMADE} a container of it has no "
     "limit of cpu"),
    ("hardened", lambda r: r.objects.append(quota({"memory": "512Mi"}, scopes=["NotBestEffort"])),
     f"FCG39 hazard: ResourceQuota q spec.hard[memory]: {UNMADE} it takes more memory by itself"),
    ("hardened", lambda r: r.objects.append(quota({"pods": 0})),
     f"FCG39 hazard: ResourceQuota q spec.hard[pods]: {UNMADE} there may be no Pod"),
    ("hardened", lambda r: r.objects.append(ranged(max={"memory": "512Mi"})),
     f"FCG39 hazard: LimitRange l spec.limits[0].max[memory]: {UNMADE} a container of it has no "
     "such limit of memory"),
    ("hardened", lambda r: r.objects.append(ranged(min={"cpu": "1"})),
     f"FCG39 hazard: LimitRange l spec.limits[0].min[cpu]: {UNMADE} a container of it asks for "
     "less cpu"),
    ("hardened", lambda r: r.objects.append(ranged(default={"cpu": "100m"})),
     f"FCG39 hazard: LimitRange l spec.limits[0]: {UNMADE} a container of it asks for more cpu "
     "than the limit that it gets"),
    ("hardened", lambda r: r.objects.append(ranged("Pod", max={"cpu": "4"})),
     f"FCG39 hazard: LimitRange l spec.limits[0].max[cpu]: {UNMADE} it has no such limit of cpu"),
    ("hardened", lambda r: r.objects.append(ranged(maxLimitRequestRatio={"cpu": 2})),
     f"FCG39 hazard: LimitRange l spec.limits[0].maxLimitRequestRatio[cpu]: {UNMADE} a container "
     "of it may use more cpu for what it asks for"),
    ("hardened", lambda r: pod(r)["volumes"][0]["configMap"].update(defaultMode=0o400),
     f"FCG35 hazard: {POD}.volumes[frameworkcontroller-config]: 0o400 lets the user 65532 not "
     "read it: FrameworkController panics"),
    ("hardened", lambda r: r.objects.append({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "h", "namespace": "frameworkcontroller"},
        "spec": {"maxReplicas": 3, "scaleTargetRef": {
            "apiVersion": "apps/v1", "kind": "StatefulSet", "name": "frameworkcontroller"}}}),
     f"FCG01 hazard: HorizontalPodAutoscaler h makes more than one of the {STS}"),
    ("hardened", lambda r: pod(r).update(schedulerName="volcano"),
     f"FCG38 hazard: {POD}.schedulerName: no scheduler volcano {NEVER}"),
    ("hardened", lambda r: container(r)["volumeMounts"][0].update(subPath="x"),
     f"FCG35 hazard: {C}.workingDir: is /etc/frameworkcontroller, where the configuration is not "
     "mounted"),
    ("hardened", lambda r: one(r, "StatefulSet")["metadata"].update(
        annotations={"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}),
     f"FCG44 hazard: {STS} metadata.annotations[kustomize.toolkit.fluxcd.io/reconcile]: disabled "
     "keeps it from being applied with the others"),
    ("hardened", lambda r: r.objects.append(policy(policyTypes=["Egress"])),
     "FCG40 hazard: NetworkPolicy p spec.egress: lets the Pod reach nothing, the API server "
     "neither"),
    ("hardened", lambda r: pod(r)["securityContext"].update(runAsUser=0),
     f"FCG41 hazard: {POD}.securityContext.runAsUser: must not be 0: the Namespace enforces "
     "restricted, and its Pods are refused"),
    ("hardened", lambda r: container(r).update(readinessProbe={"httpGet": {
        "port": 1, "host": "example.com"}}),
     f"FCG41 hazard: {POD}.containers[0].readinessProbe.httpGet.host: must not be set: the "
     "Namespace enforces restricted, and its Pods are refused"),
    ("hardened", lambda r: spec(r)["selector"]["matchLabels"].update(team="a"),
     f"FCG42 reject: {STS} spec.selector: is app=frameworkcontroller, team=a, in the base "
     "app=frameworkcontroller: on a cluster that has the StatefulSet the sync fails, since its "
     "selector cannot be changed"),
]  # fmt: skip


@pytest.mark.parametrize(("profile", "damage", "sentence"), FAULTS)
def test_faults(profile: str, damage: Break, sentence: str) -> None:
    """Each check finds its fault, and says where it is and what follows."""
    r = rendered(profile)
    damage(r)
    assert sentence in said(r)


RIGHT: list[tuple[str, Break]] = [
    ("hardened", lambda r: pod(r)["volumes"].append(
        {"name": "s", "secret": {"secretName": "x", "optional": True}})),
    ("hardened", lambda r: pod(r).update(priorityClassName="system-cluster-critical")),
    ("hardened", lambda r: pod(r).update(imagePullSecrets=[{"name": "x"}])),
    ("hardened", lambda r: spec(r).update(updateStrategy={"rollingUpdate": {"partition": 0}})),
    ("hardened", lambda r: spec(r).update(replicas=None)),
    ("hardened", lambda r: container(r).update(
        command=["../../opt/frameworkcontroller/frameworkcontroller/frameworkcontroller"])),
    ("hardened", lambda r: container(r)["volumeMounts"][0].update(
        mountPath="/etc/frameworkcontroller/frameworkcontroller.yaml",
        subPath="frameworkcontroller.yaml")),
    ("hardened", lambda r: r.objects.append(
        policy(policyTypes=["Egress"], podSelector={"matchLabels": {"app": "other"}}))),
    ("hardened", lambda r: r.objects.append(policy(egress=[{}]))),
    ("hardened", lambda r: container(r).update(resources={"limits": {"memory": "64Mi"}})),
    ("hardened", lambda r: container(r).update(resources={"limits": {"cpu": 0}})),
    ("hardened", lambda r: container(r).update(args=["-v=4"])),
    ("hardened", lambda r: pod(r).update(schedulerName="default-scheduler")),
    ("hardened", lambda r: one(r, "ClusterRole")["rules"].reverse()),
]  # fmt: skip


@pytest.mark.parametrize(("profile", "change"), RIGHT)
def test_no_false_alarm(profile: str, change: Break) -> None:
    """What is right, though it differs from what was generated, is no finding."""
    r = rendered(profile)
    change(r)
    assert [f for f in asked(r) if f.severity != INFO] == []


def test_every_right_is_needed() -> None:
    """Without any one rule, or any one verb of a rule, something is missing."""
    rules = one(rendered(), "ClusterRole")["rules"]
    for i, rule in enumerate(rules):
        for j in [None, *range(len(rule["verbs"]))]:
            r = rendered()
            mine = one(r, "ClusterRole")["rules"]
            if j is None:
                mine.pop(i)
            else:
                mine[i]["verbs"].pop(j)
            missing = [line for line in said(r) if line.startswith("FCG33 hazard: ClusterRole")]
            assert missing, (rule, j)


def test_admitted() -> None:
    """Nothing is said of quotas, ranges and priorities that let the Pod be made."""
    r = rendered()
    pod(r).update(priorityClassName="system-cluster-critical", priority=2000000000)
    pod(r)["volumes"][0]["configMap"].update(defaultMode=0o444)
    more = [
        quota({"limits.cpu": 10, "memory": "1Gi", "pods": 1}),
        ranged(default={"cpu": 1}, max={"memory": "2Gi"}, min={"cpu": "200m"}),
        ranged("Pod", max={"cpu": 1, "memory": "1Gi"}, maxLimitRequestRatio={"cpu": 5}),
        quota({"pods": 0}, scopes=["Terminating"]),
    ]
    for i, item in enumerate(more):
        item["metadata"]["name"] += str(i)
    r.objects.extend(more)
    assert said(r) == []


def test_expected() -> None:
    """What `expects` of environment.yaml names is there."""
    r = rendered()
    pod(r).update(priorityClassName="high")
    assert r.environment is not None
    environment = dataclasses.replace(r.environment, expects={"priorityClasses": ["high"]})
    assert asked(dataclasses.replace(r, environment=environment)) == []


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ({}, ""),
        ({"secrets": ["a", "b.c"], "serviceAccounts": ["ns/a"], "namespaces": ["ns"]}, ""),
        (["a"], "[a] is not a mapping (write secrets: [NAME])"),
        ({"secret": ["a"]}, "'secret' is not known (did you mean 'secrets'?)"),
        ({"secrets": "a"}, "secrets: 'a' is not a list (write [NAME])"),
        ({"serviceAccounts": ["a"]}, "serviceAccounts: 'a' is not valid (NAMESPACE/NAME)"),
        ({"secrets": ["n/a"]}, "secrets: 'n/a' is not valid (a name alone)"),
        ({"secrets": [1]}, "secrets: 1 is not text (a name; quote it)"),
    ],
)
def test_expects(value: object, wrong: str) -> None:
    """`expects` takes lists of names, by known kinds."""
    assert expects.check(value) == wrong


BASE = """\
resources: [statefulset.yaml]
"""
STATEFULSET = """\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: fc, labels: {team: a}}
spec:
  selector: {matchLabels: {app: fc}}
  template: {spec: {containers: [{name: c, image: "r.io/x/fc:1"}]}}
"""


@pytest.mark.parametrize(
    ("overlay", "remarks"),
    [
        ("patches: [{target: {kind: StatefulSet, name: fc}, patch: '[{op: test}]'}]\n", []),
        ("patches:\n- target: {kind: StatefulSet, name: f.*}\n  patch: '[{op: test}]'\n", []),
        ("patches:\n- target: {labelSelector: team=a}\n  patch: '[{op: test}]'\n", []),
        ("patches:\n- target: {group: apps, version: v1}\n  patch: '[{op: test}]'\n", []),
        ("resources: []\npatches:\n- target: {kind: StatefulSet, name: f}\n  patch: x\n",
         ["over/kustomization.yaml:4: the patch changes nothing: no object is kind StatefulSet "
          "name f"]),
        ("patches:\n- patch: x\n  target: {labelSelector: team=b}\n",
         ["over/kustomization.yaml:3: the patch changes nothing: no object is labelSelector "
          "team=b"]),
        ("patches:\n- patch: '[]'\n  target: {kind: StatefulSet}\n",
         ["over/kustomization.yaml:3: the patch changes nothing: it is empty"]),
        ("images: [{name: r.io/x/fc, newTag: '2'}]\n", []),
        ("images:\n- name: x/fc\n  newTag: '2'\n",
         ["over/kustomization.yaml:3: images: no container runs x/fc here"]),
        ("images:\n- name: r.io/x/fc\n",
         ["over/kustomization.yaml:3: images: r.io/x/fc gets no newName, newTag or digest"]),
        ("replacements:\n- source: {kind: StatefulSet, name: fc}\n"
         "  targets: [{select: {kind: Deployment}}]\n",
         ["over/kustomization.yaml:3: the replacement changes nothing: no object is kind "
          "Deployment"]),
        ("labels:\n- includeTemplates: true\n",
         ["over/kustomization.yaml:3: labels: without pairs it changes nothing"]),
        ("patches:\n- target: {labelSelector: 'team in (a, b), kind notin (c)'}\n"
         "  patch: '[{op: test}]'\n", []),
        ("patches:\n- target: {labelSelector: 'team notin (a)'}\n  patch: '[{op: test}]'\n",
         ["over/kustomization.yaml:3: the patch changes nothing: no object is labelSelector team "
          "notin (a)"]),
        ("patches:\n- patch: '{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: fc}}'\n",
         ["over/kustomization.yaml:3: the patch changes nothing: it is empty"]),
        ("replacements:\n- source: {kind: StatefulSet, name: fc}\n"
         "  targets: [{select: {kind: StatefulSet}, reject: [{name: fc}]}]\n",
         ["over/kustomization.yaml:3: the replacement changes nothing: what it selects it "
          "rejects"]),
        ("generatorOptions: {disableNameSuffixHash: true}\n",
         ["over/kustomization.yaml:2: generatorOptions changes nothing: it is for generators of "
          "the same file alone"]),
        ("generatorOptions: {disableNameSuffixHash: true}\n"
         "configMapGenerator: [{name: a, literals: [b=c]}]\n", []),
        ("sortOptions: {order: fifo}\n", []),
        ("transformers:\n- |\n  {apiVersion: builtin, kind: ImageTagTransformer,\n"
         "   metadata: {name: t}, imageTag: {name: x/fc, newTag: '2'}}\n",
         ["over/kustomization.yaml:3: images: no container runs x/fc here"]),
        ("transformers:\n- |\n  {apiVersion: builtin, kind: LabelTransformer,\n"
         "   metadata: {name: t}, labels: {a: b}}\n",
         ["over/kustomization.yaml:3: LabelTransformer changes nothing: it has no fieldSpecs"]),
    ],
)  # fmt: skip
def test_without_effect(tmp_path: Path, overlay: str, remarks: list[str]) -> None:
    """A part that changes nothing is told with its file and line, another is not."""
    text = f"# an overlay\n{overlay}"
    if "resources: []" in overlay:
        text = text.replace("resources: []", "resources: [../base]")
    else:
        text += "resources: [../base]\n"
    write(tmp_path, {
        "base/kustomization.yaml": BASE.encode(), "base/statefulset.yaml": STATEFULSET.encode(),
        "over/kustomization.yaml": text.encode(),
    })  # fmt: skip
    found = LAYERS.ask(Layered(Reader(tmp_path), tmp_path / "over", [yamls.load(STATEFULSET)]))
    assert [f"{f.place}: {f.message}" for f in found] == remarks
    assert {f.rule for f in found} <= {"FCG43"}


def test_without_effect_in_any_layer(tmp_path: Path) -> None:
    """An image that a lower layer renames is found by its new name alone, in components too."""
    write(tmp_path, {
        "base/kustomization.yaml": BASE.encode(), "base/statefulset.yaml": STATEFULSET.encode(),
        "middle/kustomization.yaml":
            b"resources: [../base]\nimages: [{name: r.io/x/fc, newName: mirror/fc}]\n",
        "over/kustomization.yaml": b"resources: [../middle]\ncomponents: [local]\n",
        "over/local/kustomization.yaml":
            b"kind: Component\nimages:\n- {name: mirror/fc, newTag: '2'}\n"
            b"- {name: r.io/x/fc, newTag: '2'}\n",
    })  # fmt: skip
    found = LAYERS.ask(Layered(Reader(tmp_path), tmp_path / "over", []))
    assert [f"{f.place}: {f.message} ({f.hint})" for f in found] == [
        "over/local/kustomization.yaml:4: images: no container runs r.io/x/fc here "
        "(one of mirror/fc)"
    ]


def test_a_component_of_a_component(tmp_path: Path) -> None:
    """What a component is given by its own component and its folder is there to be patched."""
    write(tmp_path, {
        "over/kustomization.yaml": b"components: [outer]\n",
        "over/outer/kustomization.yaml":
            b"kind: Component\nresources: [folder]\ncomponents: [inner]\npatches:\n"
            b"- {target: {name: made}, patch: '[{op: test}]'}\n"
            b"- {target: {name: nowhere}, patch: '[{op: test}]'}\n"
            b"images: [{name: r.io/x/fc, newTag: '2'}]\n",
        "over/outer/folder/kustomization.yaml": b"resources: [statefulset.yaml]\n",
        "over/outer/folder/statefulset.yaml": STATEFULSET.encode(),
        "over/outer/inner/kustomization.yaml":
            b"kind: Component\nconfigMapGenerator: [{name: made, literals: [a=b]}]\n",
    })  # fmt: skip
    found = LAYERS.ask(Layered(Reader(tmp_path), tmp_path / "over", []))
    assert [f"{f.place}: {f.message}" for f in found] == [
        "over/outer/kustomization.yaml:6: the patch changes nothing: no object is name nowhere"
    ]


def test_hash_comes_last(tmp_path: Path) -> None:
    """A patch of a generated name with its hash finds nothing: it gets that after all patches."""
    write(tmp_path, {"over/kustomization.yaml":
        b"sortOptions: {order: fifo}\nconfigMapGenerator: [{name: a, literals: [b=c]}]\n"
        b"patches:\n- {target: {name: a-.*}, patch: '[{op: test}]'}\n"
        b"- {target: {name: a}, patch: '[{op: test}]'}\ncomponents: [part]\n",
        "over/part/kustomization.yaml": b"kind: Component\nsortOptions: {order: fifo}\n",
    })  # fmt: skip
    item = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a-bcdfghkmt2"}}
    found = LAYERS.ask(Layered(Reader(tmp_path), tmp_path / "over", [item]))
    assert [f"{f.place}: {f.message}" for f in found] == [
        "over/part/kustomization.yaml:2: sortOptions changes nothing here: kustomize heeds it "
        "where it builds, alone",
        "over/kustomization.yaml:4: the patch changes nothing: no object is name a-.*",
    ]


def test_selector_of_a_new_statefulset(tmp_path: Path) -> None:
    """A StatefulSet that is the overlay's own may have any selector."""
    write(tmp_path, {"over/kustomization.yaml": b"resources: [s.yaml]\n",
                     "over/s.yaml": STATEFULSET.encode()})  # fmt: skip
    objects = [yamls.load(STATEFULSET)]
    assert LAYERS.ask(Layered(Reader(tmp_path), tmp_path / "over", objects)) == []


@pytest.mark.sampled(2)
@pytest.mark.parametrize("kind", ["StatefulSet", "ClusterRole", "ClusterRoleBinding", "Namespace"])
@pytest.mark.parametrize("value", [None, [], {}, "x", 1, [1], {"a": 1}])
def test_no_traceback(kind: str, value: object) -> None:
    """Objects of any shape end in findings that say what is wrong with them."""
    for key in [key for key in one(rendered(), kind) if key != "kind"]:
        r = rendered()
        one(r, kind)[key] = value
        assert "FCG99" not in [f.rule for f in asked(r)], key
