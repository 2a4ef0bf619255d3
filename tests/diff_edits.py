"""Edits of renderings whose effect is known, each with one close to it that has it not.

The left side is a rendering of tests/data/consequences; the right side is the same after the edit.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import yamls
from consequences import base
from fcgitops.diff.settings import FILE

Fields = dict[str, Any]


class Rendering:
    """Objects that a test edits."""

    def __init__(self, name: str = "frameworkcontroller") -> None:
        self.objects = base(name)

    def __deepcopy__(self, _: object) -> Rendering:
        """Another of the same objects; `copy` takes five times as long."""
        found = Rendering.__new__(Rendering)
        found.objects = pickle.loads(pickle.dumps(self.objects))
        return found

    def __call__(self, kind: str, name: str = "") -> Fields:
        """The first object of a kind, or the one of that name."""
        return next(
            o for o in self.objects if o["kind"] == kind and name in ("", o["metadata"]["name"])
        )

    @property
    def sts(self) -> Fields:
        """The StatefulSet's spec."""
        return self("StatefulSet")["spec"]

    @property
    def pod(self) -> Fields:
        """Its Pod's spec."""
        return self.sts["template"]["spec"]

    @property
    def container(self) -> Fields:
        """Its container."""
        return self.pod["containers"][0]

    @property
    def role(self) -> list[Fields]:
        """The rules of the ClusterRole."""
        return self("ClusterRole")["rules"]

    def drop(self, kind: str, name: str = "") -> None:
        """Takes an object away."""
        self.objects.remove(self(kind, name))

    def add(self, kind: str, name: str, version: str = "v1", **fields: Any) -> Fields:
        """Adds an object."""
        o = {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **fields}
        self.objects.append(o)
        return o

    def verbs(self, resource: str, verb: str) -> None:
        """Takes a verb of a resource away, whichever rule has it."""
        for item in list(self.role):
            if resource in item["resources"] and verb in item["verbs"]:
                self.role.remove(item)
                others = [r for r in item["resources"] if r != resource]
                if others:
                    self.role.append({**item, "resources": others})
                if rest := [v for v in item["verbs"] if v != verb]:
                    self.role.append({**item, "resources": [resource], "verbs": rest})

    def settings(self, *, hashed: bool = True, **values: Any) -> None:
        """Changes FrameworkController's file, and the hash with it."""
        config = self("ConfigMap")
        found = yamls.load(config["data"][FILE])
        found.update(values)
        found = {k: v for k, v in found.items() if v != "gone"}
        self.text(yamls.dump(found, sort_keys=False), hashed=hashed)

    def text(self, text: str, *, hashed: bool = True) -> None:
        """Gives FrameworkController another file, and its ConfigMap another hash."""
        config = self("ConfigMap")
        config["data"][FILE] = text
        if hashed:
            config["metadata"]["name"] = "frameworkcontroller-config-bcdfghkmt2"
            self.pod["volumes"][0]["configMap"]["name"] = config["metadata"]["name"]

    def entries(self) -> list[Fields]:
        """The entries of podFailureSpec."""
        return yamls.load(self("ConfigMap")["data"][FILE])["podFailureSpec"]


Edit = Callable[[Rendering], Any]


def sets(path: str, value: Any, kind: str = "StatefulSet", name: str = "") -> Edit:
    """An edit that sets one field, or takes it away (None)."""

    def edit(r: Rendering) -> None:
        *keys, last = path.split(".")
        at = r(kind, name)
        for key in keys:
            at = at[int(key)] if isinstance(at, list) else at.setdefault(key, {})
        if value is None:
            at.pop(last, None)
        else:
            at[int(last) if isinstance(at, list) else last] = value

    return edit


def both(*edits: Edit) -> Edit:
    return lambda r: [edit(r) for edit in edits]


POD = "spec.template.spec"


C = f"{POD}.containers.0"


LABEL = "metadata.labels"


ENFORCE = "pod-security.kubernetes.io/enforce"


def level(value: str | None, name: str = "frameworkcontroller") -> Edit:
    def edit(r: Rendering) -> None:
        labels = r("Namespace", name)["metadata"].setdefault("labels", {})
        labels.pop(ENFORCE, None)
        if value:
            labels[ENFORCE] = value

    return edit


def moved(r: Rendering) -> None:
    for o in r.objects:
        if o["metadata"].get("namespace") == "frameworkcontroller":
            o["metadata"]["namespace"] = "ml"
    r("Namespace")["metadata"]["name"] = "ml"
    r("ClusterRoleBinding")["subjects"][0]["namespace"] = "ml"


def setting(**values: Any) -> Edit:
    return lambda r: r.settings(**values)


def verb(resource: str, wanted: str) -> Edit:
    return lambda r: r.verbs(resource, wanted)


def grants(
    *resources: str, group: str = "", verbs: tuple[str, ...] = ("get",), **more: Any
) -> Edit:
    item = {"apiGroups": [group], "resources": [*resources], "verbs": [*verbs], **more}
    return lambda r: r.role.append(item)


def entries(change: Callable[[list[Fields]], list[Fields]]) -> Edit:
    return lambda r: r.settings(podFailureSpec=change(r.entries()))


def retyped(found: list[Fields]) -> list[Fields]:
    found[2]["type"] = {"attributes": ["Permanent"]}
    return found


def rephrased(found: list[Fields]) -> list[Fields]:
    return [{**entry, "phrase": f"{entry['phrase']}Again"} for entry in found]


NEW_ENTRY = {"code": 222, "phrase": "Mine", "podPatterns": [{"reasonRegex": "^Mine$"}]}


WORDS = [
    {"code": 300 + i, "podPatterns": [{"reasonRegex": f"(?i)^{word}$"}]}
    for i, word in enumerate(("Evicted", "Lost", "Preempted"))
]


IMAGE = "frameworkcontroller/frameworkcontroller"


CRD_KIND = "CustomResourceDefinition"


def binding(subject: Fields) -> Edit:
    return lambda r: r("ClusterRoleBinding")["subjects"].append(subject)


def bound_to(role: str, kind: str = "ClusterRole") -> Edit:
    """An edit that gives FrameworkController another role, which is not rendered."""

    def edit(r: Rendering) -> None:
        own = r("ClusterRoleBinding")
        reference = {**own["roleRef"], "kind": kind, "name": role}
        r.add("ClusterRoleBinding", "more", RBAC, roleRef=reference, subjects=own["subjects"])

    return edit


RBAC = "rbac.authorization.k8s.io/v1"
READS_SECRETS = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]


def labelled(**labels: str) -> Edit:
    """An edit that adds a ClusterRole that nobody is bound to, with labels."""
    name = {"name": "labelled", "labels": {k.replace("__", "/"): v for k, v in labels.items()}}
    return lambda r: r.add("ClusterRole", "labelled", RBAC, rules=READS_SECRETS).update(
        metadata=name
    )


def aggregated(r: Rendering) -> None:
    """FrameworkController's role is made of those with a label."""
    chosen = [{"matchExpressions": [{"key": "of", "operator": "In", "values": ["fc"]}]}]
    r("ClusterRole")["aggregationRule"] = {"clusterRoleSelectors": chosen}


TO_VIEW = {"rbac.authorization.k8s.io__aggregate-to-view": "true"}


def volume(**source: Any) -> Edit:
    return lambda r: r.pod["volumes"].append({"name": "more", **source})


CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


def config_key(key: str, **more: Any) -> Edit:
    """An edit that mounts one more key of FrameworkController's ConfigMap."""

    def edit(r: Rendering) -> None:
        source = r.pod["volumes"][0]["configMap"]
        items = [{"key": FILE, "path": FILE}, {"key": key, "path": "more"}]
        source.update(items=items, **more)

    return edit


def variable_of(key: str) -> Edit:
    """An edit that adds a variable from a key of FrameworkController's ConfigMap."""

    def edit(r: Rendering) -> None:
        origin = {"configMapKeyRef": {"name": r("ConfigMap")["metadata"]["name"], "key": key}}
        r.container["env"] = [{"name": "A", "valueFrom": origin}]

    return edit


def without_config(r: Rendering) -> None:
    r.drop("ConfigMap")
    r.pod.pop("volumes")
    r.container.pop("volumeMounts")


def renamed(name: str) -> Edit:
    return lambda r: r("StatefulSet")["metadata"].update(name=name)


def second(kind: str = "StatefulSet", image: str = "", replicas: int = 1) -> Edit:
    """An edit that adds another workload like FrameworkController's."""

    def edit(r: Rendering) -> None:
        other = copy.deepcopy(r("StatefulSet"))
        other |= {"kind": kind}
        other["metadata"]["name"] = "fc2"
        other["spec"]["replicas"] = replicas
        other["spec"]["selector"]["matchLabels"] = {"app": "fc2"}
        other["spec"]["template"]["metadata"]["labels"] = {"app": "fc2"}
        if image:
            other["spec"]["template"]["spec"]["containers"][0]["image"] = image
        if kind != "StatefulSet":
            other["spec"] = {
                key: other["spec"][key] for key in ("replicas", "selector", "template")
            }
        r.objects.append(other)

    return edit


def scaled(most: int) -> Edit:
    """An edit that adds an autoscaler of FrameworkController."""
    target = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "frameworkcontroller"}
    fields = {"minReplicas": 1, "maxReplicas": most, "scaleTargetRef": target}

    def edit(r: Rendering) -> None:
        r.add("HorizontalPodAutoscaler", "more", "autoscaling/v2", spec=fields)["metadata"][
            "namespace"
        ] = "frameworkcontroller"

    return edit


def renamed_namespace(r: Rendering) -> None:
    """The Namespace has another name, and nothing else goes there."""
    r("Namespace")["metadata"]["name"] = "other"


def variable(name: str, value: str) -> Edit:
    return lambda r: r.container.setdefault("env", []).append({"name": name, "value": value})


REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


POOL = {"matchExpressions": [{"key": "pool", "operator": "In", "values": ["gpu"]}]}


NEIGHBOUR = {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "other"}}}


def node_affinity(how: str, terms: Any) -> Fields:
    return {"nodeAffinity": {how: terms}}


def spread(otherwise: str) -> Fields:
    return {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": otherwise}


def tolerates(*tolerations: Fields) -> Edit:
    return sets(f"{POD}.tolerations", [*tolerations])


def other_crd(**spec: Any) -> Edit:
    """An edit that adds a CustomResourceDefinition of somebody else's."""
    schema = {"openAPIV3Schema": {"type": "object"}}
    fields = {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "widgets", "kind": "Widget"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
    }
    return lambda r: r.add(
        CRD_KIND, "widgets.example.com", "apiextensions.k8s.io/v1", spec=fields | spec
    )


def in_its_namespace(r: Rendering) -> None:
    """FrameworkController's role is bound in its own namespace alone."""
    r("ClusterRoleBinding")["kind"] = "RoleBinding"
    r("RoleBinding")["metadata"]["namespace"] = "frameworkcontroller"


def as_deployment(r: Rendering) -> None:
    """A Deployment takes the place of the StatefulSet."""
    found = r("StatefulSet")
    found["kind"] = "Deployment"
    found["spec"] = {key: found["spec"][key] for key in ("replicas", "selector", "template")}


def annotates(key: str, value: str, kind: str = "StatefulSet") -> Edit:
    """An edit that gives an object one annotation, and no other."""
    return sets("metadata.annotations", {key: value}, kind)


HOOK, OPTIONS = "argocd.argoproj.io/hook", "argocd.argoproj.io/sync-options"
SSA, RECONCILE, FORCE = (
    f"kustomize.toolkit.fluxcd.io/{word}" for word in ("ssa", "reconcile", "force")
)
BY_FORCE = "Replace=true, Force=true"
ANOTHER_TYPE = sets("spec.type", "ClusterIP", "Service")

CASES: list[tuple[str, Edit, Edit]] = [
    ("E30", annotates(HOOK, "PreSync"), annotates(HOOK, "Skip")),
    ("E30", annotates(HOOK, "presync"), annotates(HOOK, " Skip")),
    ("E30", annotates("helm.sh/hook", "test"), annotates("helm.sh/hook", "crd-install")),
    ("E31", annotates(OPTIONS, BY_FORCE), annotates(OPTIONS, "Replace=true")),
    ("E31", annotates(OPTIONS, BY_FORCE), annotates(OPTIONS, "Force=true")),
    ("E31", annotates(OPTIONS, BY_FORCE, "Service"), annotates(OPTIONS, BY_FORCE, "Namespace")),
    ("E32", annotates(HOOK, "Skip"), annotates(HOOK, "Sync,Skip")),
    ("E32", annotates(RECONCILE, "Disabled"), annotates(RECONCILE, "enabled")),
    (
        "E32",
        sets("metadata.labels", {RECONCILE: "disabled"}),
        sets("metadata.labels", {HOOK: "Skip"}),
    ),
    ("E32", annotates(SSA, "ifnotpresent"), annotates(SSA, "Merge")),
    ("E33", annotates(FORCE, "enabled"), annotates(FORCE, "disabled")),
    ("C01", sets(f"{POD}.hostname", "fc"), sets(f"{POD}.dnsPolicy", "ClusterFirst")),
    (
        "C01",
        sets(f"{C}.resources.limits.memory", 1073741824),
        sets(f"{C}.resources.limits.memory", "1.0Gi"),
    ),
    ("C01", variable("EMPTY", ""), sets(f"{C}.env", [])),
    (
        "C01",
        sets(f"{POD}.enableServiceLinks", None),
        sets("spec.updateStrategy.type", "RollingUpdate"),
    ),
    ("C01", sets(f"{C}.imagePullPolicy", "Always"), sets(f"{C}.imagePullPolicy", "IfNotPresent")),
    ("C01", sets(f"{C}.securityContext.privileged", False), sets(f"{POD}.hostNetwork", False)),
    (
        "C01",
        sets(f"{C}.readinessProbe.failureThreshold", 4),
        sets(f"{C}.readinessProbe.failureThreshold", 3),
    ),
    (
        "C01",
        sets(f"{POD}.volumes.0.configMap.defaultMode", 292),
        sets(f"{POD}.serviceAccount", "frameworkcontroller"),
    ),
    ("C02", sets("spec.minReadySeconds", 5), sets(f"{POD}.hostname", "fc")),
    ("C02", sets("spec.revisionHistoryLimit", 3), sets("spec.replicas", 0)),
    ("C03", sets("spec.serviceName", "other"), sets("spec.revisionHistoryLimit", 2)),
    ("C03", sets("spec.podManagementPolicy", None), sets("spec.replicas", 0)),
    (
        "C03",
        sets(
            "spec.volumeClaimTemplates",
            [
                {
                    "metadata": {"name": "d"},
                    "spec": {
                        "accessModes": ["ReadWriteOnce"],
                        "resources": {"requests": {"storage": "1Gi"}},
                    },
                }
            ],
        ),
        sets("spec.volumeClaimTemplates", []),
    ),
    (
        "C25",
        both(sets("spec.serviceName", "x"), setting(workerNumber=9)),
        sets("spec.serviceName", "x"),
    ),
    (
        "C04",
        sets("spec.template.spec.restartPolicy", "Never"),
        sets("spec.template.spec.restartPolicy", "Always"),
    ),
    ("C04", sets(f"{C}.image", ""), sets(f"{C}.image", f"{IMAGE}:v1.0.1")),
    (
        "C04",
        sets("spec.template.metadata.labels", {"app": "x"}),
        sets("spec.template.metadata.labels", {"app": "frameworkcontroller", "team": "ml"}),
    ),
    (
        "C04",
        sets(f"{C}.resources.limits.memory", "many"),
        sets(f"{C}.resources.limits.memory", "2Gi"),
    ),
    ("C04", level("strict"), level("baseline")),
    ("C04", lambda r: r.role.append({"resources": ["pods"], "verbs": ["get"]}), grants("pods")),
    ("C05", sets("spec.replicas", 0), sets("spec.replicas", 1)),
    ("C07", sets("spec.replicas", 3), sets("spec.replicas", 0)),
    (
        "C08",
        both(sets("spec.updateStrategy.rollingUpdate.partition", 1), sets(f"{POD}.hostname", "a")),
        sets("spec.updateStrategy.rollingUpdate.partition", 1),
    ),
    (
        "C09",
        sets("spec.updateStrategy.type", "OnDelete"),
        sets("spec.updateStrategy.type", "RollingUpdate"),
    ),
    ("C10", renamed("fc"), moved),
    ("C11", sets("spec.ordinals.start", 1), sets("spec.replicas", 0)),
    (
        "C12",
        sets(f"{POD}.priorityClassName", "gold"),
        sets(f"{POD}.priorityClassName", "system-cluster-critical"),
    ),
    ("C13", sets(f"{POD}.serviceAccountName", "fc"), sets(f"{POD}.hostname", "a")),
    (
        "C14",
        sets(f"{POD}.hostNetwork", True),
        both(sets(f"{POD}.hostNetwork", True), level("privileged")),
    ),
    ("C15", sets(f"{POD}.nodeSelector", {"pool": "gpu"}), sets(f"{POD}.nodeSelector", {})),
    ("C15", sets(f"{C}.resources.requests.cpu", "4"), sets(f"{C}.resources.requests.cpu", "100m")),
    (
        "C15",
        sets(f"{POD}.affinity", node_affinity(REQUIRED, {"nodeSelectorTerms": [POOL]})),
        sets(f"{POD}.affinity", node_affinity(PREFERRED, [{"weight": 1, "preference": POOL}])),
    ),
    (
        "C15",
        sets(f"{POD}.affinity", {"podAntiAffinity": {REQUIRED: [NEIGHBOUR]}}),
        sets(
            f"{POD}.affinity",
            {"podAntiAffinity": {PREFERRED: [{"weight": 1, "podAffinityTerm": NEIGHBOUR}]}},
        ),
    ),
    (
        "C15",
        sets(f"{POD}.topologySpreadConstraints", [spread("DoNotSchedule")]),
        sets(f"{POD}.topologySpreadConstraints", [spread("ScheduleAnyway")]),
    ),
    (
        "C16",
        volume(secret={"secretName": "kc"}),
        volume(secret={"secretName": "kc", "optional": True}),
    ),
    ("C16", lambda r: r.drop("ConfigMap"), volume(emptyDir={})),
    (
        "C16",
        volume(persistentVolumeClaim={"claimName": "data"}),
        volume(ephemeral={"volumeClaimTemplate": {"spec": CLAIM}}),
    ),
    ("C16", config_key("none"), config_key(FILE)),
    ("C16", config_key("none"), config_key("none", optional=True)),
    ("C16", variable_of("none"), variable_of(FILE)),
    (
        "C15",
        sets(f"{POD}.schedulingGates", [{"name": "example.com/a"}]),
        sets(f"{POD}.schedulingGates", []),
    ),
    ("C17", sets(f"{C}.image", f"mirror.example.com/{IMAGE}:v1.0.0"), sets(f"{POD}.hostname", "a")),
    ("C18", sets(f"{C}.image", IMAGE), sets(f"{C}.image", f"{IMAGE}@sha256:{'0' * 64}")),
    (
        "C18",
        sets(f"{C}.image", f"localhost:5000/{IMAGE}:latest"),
        sets(f"{C}.image", f"localhost:5000/{IMAGE}:v1.0.0"),
    ),
    ("C19", sets(f"{C}.image", f"{IMAGE}:v0.8.0"), sets(f"{C}.image", f"{IMAGE}:v1.0.1")),
    ("C20", sets("spec.podManagementPolicy", None), sets("spec.serviceName", "x")),
    ("C21", lambda r: r.drop("StatefulSet"), sets("spec.replicas", 0)),
    (
        "C22",
        both(
            sets(f"{C}.resources.limits.memory", "512Mi"),
            sets(f"{C}.resources.requests.memory", "512Mi"),
        ),
        sets(f"{C}.resources.limits.memory", "2Gi"),
    ),
    (
        "C23",
        sets(f"{C}.command", ["bash", "-c", "./start.sh"]),
        sets(f"{C}.command", ["bash", "-c", "exec ./frameworkcontroller"]),
    ),
    (
        "C23",
        sets(f"{C}.command", ["bash", "-c", "cp a . && ./frameworkcontroller"]),
        sets(f"{C}.command", ["bash", "-c", "./frameworkcontroller"]),
    ),
    (
        "C23",
        both(sets(f"{C}.command", ["sh", "-c"]), sets(f"{C}.args", ["./frameworkcontroller"])),
        both(sets(f"{C}.command", ["sh", "-c"]), sets(f"{C}.args", ["exec ./frameworkcontroller"])),
    ),
    (
        "C24",
        both(
            sets(f"{C}.securityContext.privileged", True),
            sets(f"{C}.securityContext.allowPrivilegeEscalation", True),
        ),
        sets(f"{C}.securityContext.privileged", False),
    ),
    (
        "C24",
        sets(f"{C}.securityContext.capabilities.add", ["NET_ADMIN"]),
        sets(f"{POD}.hostNetwork", False),
    ),
    ("C24", volume(hostPath={"path": "/"}), volume(emptyDir={})),
    (
        "C24",
        sets(f"{C}.securityContext.readOnlyRootFilesystem", None),
        sets(f"{POD}.hostPID", False),
    ),
    (
        "C24",
        sets(f"{POD}.securityContext.seccompProfile", None),
        sets(f"{POD}.securityContext.seccompProfile.type", "Localhost"),
    ),
    ("C26", sets(f"{C}.workingDir", "/tmp"), sets(f"{POD}.hostname", "a")),
    ("C26", sets(f"{C}.volumeMounts", None), sets(f"{C}.volumeMounts.0.readOnly", False)),
    (
        "C26",
        sets(f"{POD}.volumes.0.configMap.items", [{"key": FILE, "path": "other.yaml"}]),
        sets(f"{POD}.volumes.0.configMap.items", [{"key": FILE, "path": FILE}]),
    ),
    ("C26", sets(f"{C}.command", ["/bin/other"]), sets(f"{C}.args", ["--v=4"])),
    ("C26", sets(f"{C}.args", ["--foo=1"]), sets(f"{C}.args", ["-v=10"])),
    (
        "C26",
        sets(f"{POD}.volumes.0.configMap.defaultMode", 0o400),
        sets(f"{POD}.volumes.0.configMap.defaultMode", 0o444),
    ),
    ("C28", second(), second(replicas=0)),
    ("C28", second(kind="Deployment"), second(image="example.com/other:1")),
    ("C28", scaled(3), scaled(1)),
    ("C28", as_deployment, both(sets("spec.replicas", 0), as_deployment)),
    ("C21", both(sets("spec.replicas", 0), as_deployment), as_deployment),
    ("C04", other_crd(scope="Team"), other_crd(scope="Cluster")),
    ("N04", renamed_namespace, level("baseline")),
    ("S21", variable("KUBERNETES_SERVICE_HOST", "10.9.9.9"), variable("ONE", "10.9.9.9")),
    (
        "C27",
        sets(f"{C}.livenessProbe", {"httpGet": {"port": 80}}),
        sets(f"{C}.livenessProbe", {"exec": {"command": ["true"]}}),
    ),
    (
        "C27",
        sets(f"{C}.readinessProbe", {"tcpSocket": {"port": 80}}),
        sets(f"{C}.readinessProbe", None),
    ),
    ("N08", sets("spec.ingress", [{}], "NetworkPolicy"), sets("spec.a", 1, "NetworkPolicy")),
    ("N11", lambda r: r("Service")["metadata"].update(name="x"), sets("spec.a", 1, "Service")),
    ("S01", setting(workerNumber=9), lambda r: r.settings(hashed=False, workerNumber=9)),
    ("S02", lambda r: r.settings(hashed=False, workerNumber=9), setting(workerNumber=9)),
    (
        "S02",
        lambda r: r.settings(hashed=False, workerNumber=9),
        lambda r: r.text(f"# a comment\n{r('ConfigMap')['data'][FILE]}", hashed=False),
    ),
    ("S04", setting(crdEstablishedCheckTimeoutSec=60), setting(workerNumber=9)),
    (
        "S05",
        setting(frameworkCompletedRetainSec=60),
        setting(frameworkCompletedRetainSec=9223372036),
    ),
    (
        "S06",
        setting(frameworkCompletedRetainSec=9223372036),
        setting(frameworkCompletedRetainSec=60),
    ),
    (
        "S07",
        setting(frameworkCompletedRetainSec=9223372037),
        setting(frameworkCompletedRetainSec=9223372036),
    ),
    ("S07", setting(frameworkCompletedRetainSec=0), setting(frameworkCompletedRetainSec=1)),
    ("S08", entries(lambda e: e[:2]), entries(rephrased)),
    ("S09", entries(retyped), entries(rephrased)),
    ("S10", entries(lambda e: [e[1], e[0], e[2]]), entries(lambda e: [*e, NEW_ENTRY])),
    ("S11", entries(lambda e: [*e, NEW_ENTRY]), entries(lambda e: e[:2])),
    ("S13", setting(kubeClientQps=10), setting(frameworkCompletedRetainSec=60)),
    ("S13", setting(kubeClientBurst=10), setting(kubeClientBurst=0)),
    ("S15", setting(largeFrameworkCompression=False), setting(largeFrameworkCompression=True)),
    (
        "S16",
        setting(frameworkMinRetryDelaySecForTransientConflictFailed=1),
        setting(workerNumber=9),
    ),
    (
        "S17",
        setting(
            frameworkMaxRetryDelaySecForTransientConflictFailed=2**63 - 1,
            frameworkMinRetryDelaySecForTransientConflictFailed=0,
        ),
        setting(frameworkMaxRetryDelaySecForTransientConflictFailed=9223372036),
    ),
    ("S18", setting(crdEstablishedCheckTimeoutSec=90), setting(crdEstablishedCheckTimeoutSec=60)),
    (
        "S19",
        setting(objectLocalCacheCreationTimeoutSec=60),
        setting(objectLocalCacheCreationTimeoutSec=300),
    ),
    (
        "S20",
        setting(logObjectSnapshot={"pod": {"onPodDeletion": False}}),
        setting(logObjectSnapshot={"pod": {"onPodDeletion": True}}),
    ),
    ("S21", setting(kubeConfigFilePath="/kc/config"), setting(kubeConfigFilePath=None)),
    (
        "S21",
        variable("KUBE_APISERVER_ADDRESS", "https://10.0.0.9"),
        variable("KUBECONFIG", "/not/mounted"),
    ),
    ("S22", setting(workerNumber=0), setting(workerNumber=1)),
    ("S22", setting(kubeClientQps="fast"), setting(kubeClientQps=1)),
    ("S23", setting(workernumber=9), setting(workerNumber=9)),
    ("S24", setting(kubeClientBurst=0), setting(kubeClientBurst=1)),
    ("R00", lambda r: r.role.reverse(), grants("nodes")),
    ("R00", grants("pods/*", verbs=("create",)), grants("pods/exec", verbs=("create",))),
    ("R01", bound_to("view"), bound_to("edit")),
    ("R01", bound_to("team"), grants("pods/*")),
    ("R02", bound_to("admin"), bound_to("team")),
    ("R02", labelled(**TO_VIEW), labelled(of="fc")),
    ("R12", aggregated, labelled(of="fc")),
    ("R01", grants("nodes"), grants("pods", verbs=("get", "list"))),
    ("R01", grants("configmaps", verbs=("patch",)), grants("configmaps", resourceNames=["a"])),
    ("R02", grants("secrets", verbs=("list",)), grants("nodes")),
    ("R01", grants("secrets", verbs=("create",)), grants("secrets", verbs=("patch",))),
    ("R01", grants("namespaces", verbs=("create",)), grants("namespaces", verbs=("update",))),
    (
        "R01",
        grants("serviceaccounts", verbs=("create",)),
        grants("roles", group="rbac.authorization.k8s.io", verbs=("create",)),
    ),
    ("R02", grants("*", group="*", verbs=("*",)), grants("pods", verbs=("deletecollection",))),
    ("R02", grants("serviceaccounts/token", verbs=("create",)), grants("serviceaccounts")),
    (
        "R02",
        grants("clusterroles", group="rbac.authorization.k8s.io", verbs=("bind",)),
        grants("clusterroles", group="rbac.authorization.k8s.io"),
    ),
    ("R04", verb("customresourcedefinitions", "get"), verb("customresourcedefinitions", "create")),
    ("R04b", verb("customresourcedefinitions", "create"), verb("customresourcedefinitions", "get")),
    ("R05", verb("pods", "list"), verb("pods", "get")),
    ("R06", verb("configmaps/finalizers", "update"), verb("frameworks/finalizers", "update")),
    ("R07", verb("configmaps", "create"), verb("pods", "create")),
    ("R07", verb("frameworks", "update"), verb("frameworks", "get")),
    ("R08", verb("pods", "delete"), verb("pods", "watch")),
    ("R09", verb("frameworks", "watch"), verb("frameworks", "get")),
    ("R10", verb("pods", "get"), verb("pods", "watch")),
    (
        "R11",
        sets("roleRef.name", "view", "ClusterRoleBinding"),
        binding({"kind": "User", "name": "a"}),
    ),
    ("R12", sets("subjects", [], "ClusterRoleBinding"), verb("pods", "list")),
    ("R12", in_its_namespace, verb("frameworks", "update")),
    ("R12", lambda r: r.drop("ClusterRoleBinding"), lambda r: r.drop("NetworkPolicy")),
    (
        "R13",
        binding({"kind": "User", "name": "a"}),
        binding(
            {
                "kind": "User",
                "name": "system:serviceaccount:frameworkcontroller:frameworkcontroller",
            }
        ),
    ),
    (
        "R13",
        sets("subjects.0.name", "other", "ClusterRoleBinding"),
        sets("subjects", [], "ClusterRoleBinding"),
    ),
    ("R15", lambda r: r.drop("ServiceAccount"), lambda r: r.drop("Service")),
    (
        "R16",
        sets(f"{POD}.automountServiceAccountToken", False),
        sets("automountServiceAccountToken", True, "ServiceAccount"),
    ),
    (
        "R16",
        sets(f"{POD}.automountServiceAccountToken", None),
        both(
            sets(f"{POD}.automountServiceAccountToken", None),
            sets("automountServiceAccountToken", True, "ServiceAccount"),
        ),
    ),
    ("N01", moved, sets("spec.replicas", 0)),
    ("N03", level("baseline"), level("restricted")),
    ("N03", level(None), level("restricted")),
    ("N04", lambda r: r.drop("Namespace"), level("baseline")),
    ("N05", sets("metadata.annotations", None, "Namespace"), level("baseline")),
    (
        "N08",
        lambda r: r.drop("NetworkPolicy"),
        sets("metadata.labels", {"a": "b"}, "NetworkPolicy"),
    ),
    ("N09", sets("spec.clusterIP", None, "Service"), sets("spec.selector.a", "b", "Service")),
    (
        "N10",
        both(
            sets("spec.clusterIP", "10.96.0.7", "Service"),
            sets("spec.ports", [{"port": 80}], "Service"),
        ),
        sets("spec.clusterIP", None, "Service"),
    ),
    ("N11", lambda r: r.drop("Service"), lambda r: r.drop("NetworkPolicy")),
    (
        "N11",
        sets("spec.ports", [{"port": 80}], "Service"),
        sets("metadata.labels", {"a": "b"}, "Service"),
    ),
    ("E27", lambda r: r.drop("NetworkPolicy"), lambda r: r.drop("Namespace")),
    ("E28", lambda r: r.objects.__delitem__(slice(1, None)), lambda r: r.drop("StatefulSet")),
]


EGRESS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "fc-egress", "namespace": "frameworkcontroller"},
    "spec": {
        "podSelector": {"matchLabels": {"app": "frameworkcontroller"}},
        "policyTypes": ["Egress"],
        "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.1/32"}}]}],
    },
}


def second_egress() -> Fields:
    """Another policy of the same Pods: what both let out adds up."""
    policy = copy.deepcopy(EGRESS)
    policy["metadata"]["name"] = "more-egress"
    policy["spec"]["egress"] = [{"to": [{"ipBlock": {"cidr": "10.0.0.2/32"}}]}]
    return policy


CRD = "crd-removed-guarded"


BARE_CRD = "crd-removed-unguarded"


FLUX = "flux-account-narrowed"


ARGO = "argocd-create-update-lost"


TEAM = "experiments-level-raised"


JOB = "experiment-edited"


VERSION = "spec.versions.0"


APP = "spec.template.spec"


FINALIZER = "resources-finalizer.argocd.argoproj.io"


WINDOW = {"kind": "deny", "schedule": "0 8 * * 1-5", "duration": "10h", "applications": ["*"]}


def schema(path: str, value: Any) -> Edit:
    return sets(
        f"{VERSION}.schema.openAPIV3Schema.properties.spec.properties.{path}", value, CRD_KIND
    )


def flux_rule(resource: str, wanted: str) -> Edit:
    def edit(r: Rendering) -> None:
        for item in r.role:
            if resource in item["resources"] and wanted in item["verbs"]:
                item["verbs"] = [v for v in item["verbs"] if v != wanted]
        r("ClusterRole")["rules"] = [item for item in r.role if item["verbs"]]

    return edit


def job(
    name: str = "mnist-run-0000000000", run: str | None = None, image: str | None = None
) -> Edit:
    def edit(r: Rendering) -> None:
        found = r("Job")
        found["metadata"]["name"] = name
        container = found["spec"]["template"]["spec"]["containers"][0]
        if run:
            container["env"][0]["value"] = run
        if image:
            container["image"] = image

    return edit


def nfs(path: str) -> Edit:
    return lambda r: r("Job")["spec"]["template"]["spec"]["volumes"][-1]["nfs"].update(path=path)


ELSEWHERE: list[tuple[str, str, Edit, Edit]] = [
    (
        "D01",
        "frameworkcontroller",
        lambda r: r.objects.append(Rendering(CRD)(CRD_KIND)),
        level("baseline"),
    ),
    ("D02", CRD, lambda r: r.drop(CRD_KIND), sets("metadata.labels", {"a": "b"}, CRD_KIND)),
    (
        "D03",
        CRD,
        schema("description.maxLength", 9),
        sets(f"{VERSION}.subresources.status", {}, CRD_KIND),
    ),
    (
        "D04",
        CRD,
        sets(f"{VERSION}.subresources.status", {}, CRD_KIND),
        sets(f"{VERSION}.subresources", {}, CRD_KIND),
    ),
    (
        "D05",
        CRD,
        sets("spec.names.kind", "Frame", CRD_KIND),
        sets("spec.names.shortNames", ["fw"], CRD_KIND),
    ),
    (
        "D05",
        CRD,
        sets(f"{VERSION}.storage", False, CRD_KIND),
        sets(f"{VERSION}.served", False, CRD_KIND),
    ),
    ("D06", BARE_CRD, lambda r: r.drop(CRD_KIND), sets("metadata.labels", {"a": "b"}, CRD_KIND)),
    ("D06", CRD, sets("metadata.annotations", {}, CRD_KIND), lambda r: r.drop(CRD_KIND)),
    (
        "D07",
        CRD,
        schema("executionType.enum", ["Start"]),
        schema("executionType.enum", ["Create", "Start", "Stop", "Pause"]),
    ),
    ("D08", CRD, sets(f"{VERSION}.served", False, CRD_KIND), schema("description.maxLength", 9)),
    (
        "C04",
        CRD,
        sets("metadata.name", "frames.frameworkcontroller.microsoft.com", CRD_KIND),
        sets("spec.names.kind", "Frame", CRD_KIND),
    ),
    ("R17", FLUX, flux_rule("configmaps", "watch"), flux_rule("statefulsets", "get")),
    ("R18", FLUX, flux_rule("statefulsets", "get"), flux_rule("frameworks", "watch")),
    (
        "E07",
        FLUX,
        sets("spec.url", "https://git.example.com/x.git", "GitRepository"),
        sets("spec.interval", "2m", "GitRepository"),
    ),
    (
        "E07",
        ARGO,
        sets(f"{APP}.source.repoURL", "https://git.example.com/x.git", "ApplicationSet"),
        sets(f"{APP}.source.targetRevision", "x", "ApplicationSet"),
    ),
    (
        "E09",
        FLUX,
        sets("metadata.labels", {"sharding.fluxcd.io/key": "b"}, "Kustomization"),
        sets("metadata.labels", {"a": "b"}, "Kustomization"),
    ),
    (
        "E10",
        FLUX,
        sets("spec.suspend", True, "Kustomization"),
        sets("spec.suspend", False, "Kustomization"),
    ),
    (
        "E11",
        FLUX,
        sets("spec.prune", False, "Kustomization"),
        sets("spec.wait", False, "Kustomization"),
    ),
    (
        "E11",
        ARGO,
        sets(f"{APP}.syncPolicy.automated.prune", False, "ApplicationSet"),
        sets(f"{APP}.syncPolicy.automated", None, "ApplicationSet"),
    ),
    (
        "E12",
        ARGO,
        sets(f"{APP}.syncPolicy.automated.selfHeal", False, "ApplicationSet"),
        sets(f"{APP}.syncPolicy.automated.prune", False, "ApplicationSet"),
    ),
    (
        "E13",
        ARGO,
        sets(f"{APP}.syncPolicy.automated", None, "ApplicationSet"),
        sets(f"{APP}.syncPolicy.automated.selfHeal", False, "ApplicationSet"),
    ),
    (
        "E14",
        ARGO,
        sets(f"{APP}.syncPolicy.syncOptions", [], "ApplicationSet"),
        sets(f"{APP}.syncPolicy.syncOptions", ["ServerSideApply=true"], "ApplicationSet"),
    ),
    (
        "E15",
        ARGO,
        sets("spec.syncPolicy.preserveResourcesOnDeletion", False, "ApplicationSet"),
        sets("spec.syncPolicy.applicationsSync", "create-only", "ApplicationSet"),
    ),
    (
        "E17",
        ARGO,
        sets("spec.sourceRepos", ["https://git.example.com/x.git"], "AppProject"),
        sets("spec.sourceRepos", ["*"], "AppProject"),
    ),
    (
        "E17",
        ARGO,
        sets("spec.destinations", [{"namespace": "a", "server": "*"}], "AppProject"),
        sets("spec.description", "x", "AppProject"),
    ),
    (
        "E18",
        ARGO,
        sets(f"{APP}.project", "other", "ApplicationSet"),
        sets(f"{APP}.project", "default", "ApplicationSet"),
    ),
    (
        "E18",
        ARGO,
        sets("metadata.name", "other", "AppProject"),
        both(
            sets("metadata.name", "other", "AppProject"),
            sets(f"{APP}.project", "other", "ApplicationSet"),
        ),
    ),
    (
        "E20",
        FLUX,
        sets("spec.force", True, "Kustomization"),
        sets("spec.wait", False, "Kustomization"),
    ),
    (
        "E21",
        FLUX,
        sets("spec.path", "./overlays/other", "Kustomization"),
        sets("spec.interval", "1m", "Kustomization"),
    ),
    (
        "E21",
        FLUX,
        sets("spec.ignore", "/*\n", "GitRepository"),
        sets("spec.ignore", "/docs/\n", "GitRepository"),
    ),
    (
        "E22",
        FLUX,
        sets("spec.serviceAccountName", "nobody", "Kustomization"),
        sets("spec.wait", False, "Kustomization"),
    ),
    ("E22", FLUX, lambda r: r.drop("ServiceAccount"), sets("spec.wait", False, "Kustomization")),
    (
        "E25",
        FLUX,
        sets("spec.verify", {"mode": "HEAD", "secretRef": {"name": "k"}}, "GitRepository"),
        sets("spec.interval", "2m", "GitRepository"),
    ),
    (
        "E26",
        FLUX,
        sets("spec.secretRef", {"name": "token"}, "GitRepository"),
        both(
            sets("spec.secretRef", {"name": "token"}, "GitRepository"),
            lambda r: r.add("Secret", "token")["metadata"].update(namespace="flux-system"),
        ),
    ),
    ("X01", JOB, job(run="bbbbbbbbbb"), job()),
    ("X02", JOB, job(), job(run="bbbbbbbbbb")),
    ("X03", JOB, lambda r: r.drop("Job"), job()),
    ("X04", JOB, sets("spec.completions", 2, "Job"), sets("spec.backoffLimit", 9, "Job")),
    ("X06", JOB, both(job(), nfs("/other")), job()),
    ("X11", JOB, job(image="msranni/nni:v3.1"), job()),
    (
        "X07",
        TEAM,
        sets("spec.hard", {"requests.cpu": "10"}, "ResourceQuota"),
        sets("spec.hard", {"requests.cpu": "200"}, "ResourceQuota"),
    ),
    ("X12", JOB, sets("spec.suspend", True, "Job"), sets("spec.suspend", False, "Job")),
    ("X12", JOB, sets("spec.parallelism", 0, "Job"), sets("spec.parallelism", 2, "Job")),
    ("X12", JOB, sets("spec.activeDeadlineSeconds", 9, "Job"), sets("spec.backoffLimit", 9, "Job")),
    (
        "X13",
        JOB,
        sets("spec.ttlSecondsAfterFinished", 60, "Job"),
        sets("spec.backoffLimit", 9, "Job"),
    ),
    ("X08", TEAM, level("restricted", "experiments"), level("privileged", "experiments")),
    (
        "X08",
        TEAM,
        sets("spec.limits.0.min", {"cpu": "1"}, "LimitRange"),
        sets("spec.limits.0.min", {}, "LimitRange"),
    ),
    (
        "X08",
        TEAM,
        lambda r: r("ResourceQuota")["spec"]["hard"].update({"limits.ephemeral-storage": "9Gi"}),
        lambda r: r("ResourceQuota")["spec"]["hard"].update({"limits.memory": "9Gi"}),
    ),
    (
        "E08",
        FLUX,
        sets("spec.ref", {"tag": "v1"}, "GitRepository"),
        sets("spec.interval", "2m", "GitRepository"),
    ),
    (
        "E08",
        ARGO,
        sets("spec.generators.0.git.revision", "v1", "ApplicationSet"),
        sets("spec.template.spec.revisionHistoryLimit", 3, "ApplicationSet"),
    ),
    (
        "E15",
        ARGO,
        sets("spec.template.metadata.finalizers", [FINALIZER], "ApplicationSet"),
        sets("spec.template.metadata.labels", {"a": "b"}, "ApplicationSet"),
    ),
    (
        "E16",
        ARGO,
        sets("spec.template.metadata.name", "fc-{{ .path.basename }}", "ApplicationSet"),
        sets("spec.template.metadata.labels", {"a": "b"}, "ApplicationSet"),
    ),
    (
        "E16",
        ARGO,
        sets("spec.generators.0.selector.matchLabels.sync", "flux", "ApplicationSet"),
        sets("spec.generators.0.git.revision", "v1", "ApplicationSet"),
    ),
    (
        "E16",
        ARGO,
        sets(f"{APP}.destination", {"server": "https://10.0.0.1"}, "ApplicationSet"),
        sets(f"{APP}.project", "default", "ApplicationSet"),
    ),
    (
        "E16",
        ARGO,
        sets(f"{APP}.source.path", "overlays/prod", "ApplicationSet"),
        sets(f"{APP}.source.targetRevision", "v1", "ApplicationSet"),
    ),
    (
        "E16",
        ARGO,
        sets(f"{APP}.source.kustomize", {"images": [f"{IMAGE}:v1.0.1"]}, "ApplicationSet"),
        sets(f"{APP}.source.name", "git", "ApplicationSet"),
    ),
    (
        "E16",
        ARGO,
        sets("spec.goTemplate", False, "ApplicationSet"),
        sets("spec.template.metadata.labels", {"a": "b"}, "ApplicationSet"),
    ),
    (
        "E23",
        FLUX,
        sets("spec.targetNamespace", "ml", "Kustomization"),
        sets("spec.interval", "2m", "Kustomization"),
    ),
    (
        "E23",
        FLUX,
        sets("spec.sourceRef.name", "other", "Kustomization"),
        sets("spec.wait", False, "Kustomization"),
    ),
    (
        "E19",
        ARGO,
        sets("spec.sourceRepos", ["*"], "AppProject"),
        sets("spec.description", "x", "AppProject"),
    ),
    (
        "E19",
        ARGO,
        sets("spec.destinations", [{"namespace": "*", "server": "*"}], "AppProject"),
        sets("spec.destinations", [{"namespace": "ml", "server": "*"}], "AppProject"),
    ),
    (
        "E19",
        ARGO,
        sets(f"{APP}.project", "default", "ApplicationSet"),
        sets(f"{APP}.source.path", "x", "ApplicationSet"),
    ),
    (
        "E29",
        ARGO,
        sets("spec.syncWindows", [WINDOW], "AppProject"),
        sets("spec.syncWindows", [WINDOW | {"applications": []}], "AppProject"),
    ),
    (
        "E21",
        FLUX,
        sets("spec.path", "overlays/other", "Kustomization"),
        sets("spec.path", "overlays/every-key", "Kustomization"),
    ),
    (
        "E22",
        FLUX,
        sets("spec.serviceAccountName", None, "Kustomization"),
        sets("spec.wait", False, "Kustomization"),
    ),
    (
        "D07",
        CRD,
        lambda r: r(CRD_KIND)["spec"]["versions"][0]["schema"].update(
            openAPIV3Schema={"type": "object"}
        ),
        sets(f"{VERSION}.additionalPrinterColumns", [], CRD_KIND),
    ),
    (
        "X08",
        TEAM,
        lambda r: r.drop("ServiceAccount", "nni-trial"),
        level("privileged", "experiments"),
    ),
    (
        "X08",
        TEAM,
        sets("spec.limits.0.max.memory", "2Gi", "LimitRange"),
        sets("spec.limits.0.max.memory", "128Gi", "LimitRange"),
    ),
    (
        "X08",
        TEAM,
        lambda r: r.drop("LimitRange"),
        both(lambda r: r.drop("LimitRange"), lambda r: r.drop("ResourceQuota")),
    ),
    (
        "X08",
        TEAM,
        sets("spec.limits.0.default", {"memory": "1Gi"}, "LimitRange"),
        sets("spec.limits.0.default.memory", "2Gi", "LimitRange"),
    ),
    (
        "X09",
        TEAM,
        sets("rules.0.verbs", ["create", "get"], "Role", "nni-manager"),
        sets("rules.0.verbs", ["deletecollection", "get", "create"], "Role", "nni-manager"),
    ),
    (
        "X10",
        TEAM,
        sets("spec.limits.0.default.memory", "65Gi", "LimitRange"),
        sets("spec.limits.0.default.memory", "64Gi", "LimitRange"),
    ),
    ("N03", TEAM, level("privileged", "experiments"), level("restricted", "experiments")),
]


def claim(r: Rendering, volume: str = "") -> None:
    """Adds a claim, of a volume that it names or of any."""
    spec = {
        "storageClassName": "a",
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "2Gi"}},
    }
    r.add("PersistentVolumeClaim", "c", spec=spec | ({"volumeName": volume} if volume else {}))


PREPARED: list[tuple[str, str, Edit, Edit]] = [
    ("E30", "frameworkcontroller", annotates(HOOK, "Sync"), ANOTHER_TYPE),
    ("E32", "frameworkcontroller", annotates(SSA, "Ignore"), sets("spec.replicas", 0)),
    (
        "E31",
        "frameworkcontroller",
        annotates(OPTIONS, BY_FORCE),
        sets("spec.type", "ClusterIP", "Service"),
    ),
    ("E33", "frameworkcontroller", annotates(FORCE, "enabled"), sets("spec.serviceName", "other")),
    ("C06", "frameworkcontroller", sets("spec.replicas", 0), sets("spec.replicas", 1)),
    ("C02", "frameworkcontroller", sets("spec.replicas", 3), sets("spec.replicas", 1)),
    (
        "C12",
        "frameworkcontroller",
        both(
            sets(f"{POD}.priorityClassName", "gold"),
            lambda r: r.add("PriorityClass", "gold", "scheduling.k8s.io/v1", value=1),
        ),
        lambda r: (r.drop("PriorityClass"), r.pod.update(hostname="a")),
    ),
    (
        "C12",
        "frameworkcontroller",
        both(
            sets(f"{POD}.priorityClassName", "gold"),
            lambda r: r.add("PriorityClass", "gold", "scheduling.k8s.io/v1", value=1),
        ),
        sets("metadata.name", "silver", "PriorityClass"),
    ),
    ("D05", "frameworkcontroller", other_crd(), sets(f"{VERSION}.storage", False, CRD_KIND)),
    (
        "S03",
        "frameworkcontroller",
        sets("immutable", True, "ConfigMap"),
        lambda r: r.settings(hashed=False, workerNumber=9),
    ),
    (
        "S12",
        "frameworkcontroller",
        without_config,
        lambda r: (
            r.objects.append(Rendering()("ConfigMap")),
            r.pod.update(volumes=Rendering().pod["volumes"]),
            r.container.update(volumeMounts=Rendering().container["volumeMounts"]),
        ),
    ),
    (
        "S14",
        "frameworkcontroller",
        setting(largeFrameworkCompression=False),
        lambda r: r.settings(largeFrameworkCompression=True),
    ),
    (
        "S20",
        "frameworkcontroller",
        setting(logObjectSnapshot={"pod": {"onPodDeletion": False}}),
        lambda r: r.settings(logObjectSnapshot={"pod": {"onPodDeletion": True}}),
    ),
    ("R03", "frameworkcontroller", grants("nodes"), lambda r: r.role.pop()),
    (
        "N02",
        "frameworkcontroller",
        both(level(None), sets(f"{POD}.hostNetwork", True)),
        level("restricted"),
    ),
    (
        "N06",
        "frameworkcontroller",
        lambda r: r.objects.append(copy.deepcopy(EGRESS)),
        sets("spec.egress.0.to.0.ipBlock.cidr", "10.0.0.2/32", "NetworkPolicy", "fc-egress"),
    ),
    (
        "N07",
        "frameworkcontroller",
        lambda r: r.objects.append(copy.deepcopy(EGRESS)),
        lambda r: r.drop("NetworkPolicy", "fc-egress"),
    ),
    (
        "N07",
        "frameworkcontroller",
        lambda r: r.objects.append(copy.deepcopy(EGRESS)),
        sets("spec.podSelector.matchLabels.app", "other", "NetworkPolicy", "fc-egress"),
    ),
    (
        "N06",
        "frameworkcontroller",
        lambda r: r.objects.extend([copy.deepcopy(EGRESS), second_egress()]),
        lambda r: r.drop("NetworkPolicy", "more-egress"),
    ),
    (
        "N10",
        "frameworkcontroller",
        both(
            sets("spec.clusterIP", None, "Service"), sets("spec.ports", [{"port": 80}], "Service")
        ),
        sets("spec.clusterIP", "None", "Service"),
    ),
    (
        "E27",
        "frameworkcontroller",
        lambda r: r.add("PersistentVolumeClaim", "results", spec={}),
        lambda r: r.drop("PersistentVolumeClaim"),
    ),
    (
        "X08",
        TEAM,
        lambda r: r.add("PriorityClass", "gold", "scheduling.k8s.io/v1", value=1),
        lambda r: r.drop("PriorityClass"),
    ),
    (
        "C03",
        TEAM,
        lambda r: r.add("PriorityClass", "gold", "scheduling.k8s.io/v1", value=1),
        sets("value", 2, "PriorityClass"),
    ),
    (
        "X10",
        TEAM,
        claim,
        sets("spec.resources.requests.storage", "1Gi", "PersistentVolumeClaim"),
    ),
    ("X10", TEAM, claim, sets("spec.volumeName", "v", "PersistentVolumeClaim")),
    ("X10", TEAM, lambda r: claim(r, "u"), sets("spec.volumeName", "v", "PersistentVolumeClaim")),
    (
        "C20",
        "frameworkcontroller",
        sets("spec.podManagementPolicy", "OrderedReady"),
        sets(f"{POD}.hostname", "a"),
    ),
    (
        "C08",
        "frameworkcontroller",
        sets("spec.updateStrategy.type", "OnDelete"),
        sets(f"{POD}.hostname", "a"),
    ),
]
