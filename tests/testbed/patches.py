"""JSON6902 patches of rendered objects, made at random from Kubernetes' schema.

Every field of every type is reached, with values that are right, wrong and on the border: what a
field is called decides what it is likely to get. The same random numbers give the same patch,
which is why they are not Hypothesis': its draws depend on what else is imported.
"""

from __future__ import annotations

import copy
import os
from dataclasses import dataclass
from random import Random
from typing import Any

from fcgitops.kubernetes import schema

Object = dict[str, Any]
LONG = "x" * 64
TEXTS = (
    "", "a", "A", "a b", "a/b", "example.com/c", "a/b/c", "x" * 63, LONG, "-a", "a-", "1", "true",
    "../x", "/abs", "..", "a..b", "ü", "a_b", "a.b", "10.0.0.1", "1.2.3", "010.0.0.1", "::1",
    "10.0.0.0/8", "10.0.0.1/33", "Always", "None", "500m", "x" * 254, "a=b", "*", "a\nb", " a",
)  # fmt: skip
LIKELY: dict[str, tuple[Any, ...]] = {
    "operator": ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt", "Equal", "equal", ""),
    "effect": ("NoSchedule", "NoExecute", "PreferNoSchedule", "", "noschedule"),
    "protocol": ("TCP", "UDP", "SCTP", "tcp", ""),
    "restartPolicy": ("Always", "OnFailure", "Never", "always", "NotRequired", "RestartContainer"),
    "imagePullPolicy": ("Always", "IfNotPresent", "Never", "always", ""),
    "terminationMessagePolicy": ("File", "FallbackToLogsOnError", "Logs", ""),
    "dnsPolicy": ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None", "clusterfirst"),
    "whenUnsatisfiable": ("DoNotSchedule", "ScheduleAnyway", "Maybe", ""),
    "type": ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName", "RollingUpdate", "OnDelete",
             "RuntimeDefault", "Localhost", "Unconfined", "Directory", "object", "string", ""),
    "podManagementPolicy": ("Parallel", "OrderedReady", "parallel", ""),
    "scheme": ("HTTP", "HTTPS", "http", ""),
    "kind": ("ServiceAccount", "User", "Group", "ClusterRole", "Role", "PersistentVolumeClaim", ""),
    "apiGroup": ("rbac.authorization.k8s.io", "", "x"),
    "accessModes": ("ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod", "rwo"),
    "policyTypes": ("Ingress", "Egress", "Out", ""),
    "cidr": ("10.0.0.0/8", "10.0.0.1/8", "10.0.0.0/33", "::/0", "", "x", "10.0.0.0"),
    "except": ("10.1.0.0/16", "11.0.0.0/8", "10.0.0.0/8", "10.0.0.1", "x", ""),
    "ip": ("10.0.0.1", "1.2.3", "", "::1", "010.0.0.1"),
    "nameservers": ("10.0.0.1", "1.2.3", "", "::1"),
    "searches": ("a.b", "a_b", "a_b!", ".", "", "a.", "A"),
    "verbs": ("get", "*", "", "list"),
    "volumeMode": ("Block", "Filesystem", "x", ""),
    "mountPropagation": ("Bidirectional", "HostToContainer", "None", "x", ""),
    "recursiveReadOnly": ("Disabled", "IfPossible", "Enabled", "x", ""),
    "fieldPath": ("metadata.name", "metadata.labels['a']", "metadata.labels['a b']", "status.podIP",
                  "metadata.annotations['A/b']", "spec.nodeName", "metadata.uid", "x", ""),
    "resource": ("limits.cpu", "requests.memory", "limits.hugepages-2Mi", "cpu", "", "x"),
    "ipFamilyPolicy": ("SingleStack", "PreferDualStack", "Single", ""),
    "ipFamilies": ("IPv4", "ipv4", ""),
    "clusterIP": ("None", "", "10.96.7.7", "x", "none"),
    "clusterIPs": ("None", "", "10.96.7.7", "x"),
    "sessionAffinity": ("None", "ClientIP", "x", ""),
    "externalTrafficPolicy": ("Cluster", "Local", "x", ""),
    "internalTrafficPolicy": ("Cluster", "Local", "x", ""),
    "trafficDistribution": ("PreferClose", "PreferSameZone", "x", ""),
    "procMount": ("Default", "Unmasked", "x", ""),
    "fsGroupChangePolicy": ("Always", "OnRootMismatch", "x", ""),
    "supplementalGroupsPolicy": ("Merge", "Strict", "x", ""),
    "seLinuxChangePolicy": ("Recursive", "x", ""),
    "preemptionPolicy": ("PreemptLowerPriority", "Never", "x", ""),
    "nodeAffinityPolicy": ("Honor", "Ignore", "x", ""),
    "nodeTaintsPolicy": ("Honor", "Ignore", "x", ""),
    "whenDeleted": ("Retain", "Delete", "x", ""),
    "whenScaled": ("Retain", "Delete", "x", ""),
    "topologyKey": ("zone", "kubernetes.io/hostname", "a b", ""),
    "key": ("a", "a b", "example.com/a", "", "A/b/c", "metadata.name", "..x", "x.y"),
    "subPath": ("a", "/a", "../a", "", ".."),
    "subPathExpr": ("a", "/a", "../a", "", "$(A)"),
    "path": ("a", "/a", "../a", "", "..a", "a/../b"),
    "mountPath": ("/a", "/b", "a", "", "/c:d"),
    "resourceName": ("cpu", "memory", "x", ""),
    "localhostProfile": ("a.json", "/a", "../a", "", " a"),
    "runAsUserName": ("a", "", "a\\b", "a\\b\\c", "a/b", ".."),
    "prefix": ("A", "1=", "", LONG, "a b"),
    "serviceName": ("frameworkcontroller", "A", "a.b", "", LONG),
    "expirationSeconds": (600, 599, 1 << 32, (1 << 32) + 1, 3600),
    "driver": ("csi.example.com", "A.b", "a_b", "", LONG),
    "secretName": ("a", "b", "A b", ""),
}  # fmt: skip
"""Field → values that it may well get, right and wrong."""
NUMBERS = (0, 1, -1, 2, 5, 80, 443, 65535, 65536, 255, 256, 511, 512, 2147483647, 1000, 30080, 600)
ODD_NUMBERS = (1.5, "80", True, [1], {"a": 1}, 1 << 31, 1 << 40, 2.0)
QUANTITIES = (
    "1", "500m", "1Gi", "0", "-1", "1.5", "0.5m", "1e3", "abc", "", "1 Gi", "2Mi", "4Mi", 1, 0, 0.5,
    "+1", "1k", "1K", "1mi", "1.5Gi", ".5", "5.", "1e", " 1 ", "0x1",
)  # fmt: skip
KEYS = (
    "a", "team", "a b", "example.com/a", "A/b/c", "cpu", "memory", "storage", "ephemeral-storage",
    "nvidia.com/gpu", "hugepages-2Mi", "requests.cpu", "pods", "kubernetes.io/x", LONG, "x", "app",
    "pod-security.kubernetes.io/enforce",
)  # fmt: skip
ESSENTIAL: dict[str, Object] = {
    "Container": {"name": "b", "image": "busybox"},
    "EnvVar": {"name": "A"},
    "VolumeMount": {"name": "frameworkcontroller-config", "mountPath": "/m"},
    "Volume": {"name": "v1"},
    "ContainerPort": {"containerPort": 80},
    "ServicePort": {"port": 80},
    "Subject": {"kind": "ServiceAccount", "name": "a", "namespace": "b"},
    "PolicyRule": {"apiGroups": [""], "resources": ["x"], "verbs": ["get"]},
    "PersistentVolumeClaimSpec": {
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
    },
    "TopologySpreadConstraint": {
        "maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway",
    },
    "PodAffinityTerm": {"topologyKey": "zone"},
    "WeightedPodAffinityTerm": {"weight": 1, "podAffinityTerm": {"topologyKey": "zone"}},
    "Toleration": {"operator": "Exists"},
    "LabelSelectorRequirement": {"key": "a", "operator": "Exists"},
    "NodeSelectorRequirement": {"key": "a", "operator": "Exists"},
    "IPBlock": {"cidr": "10.0.0.0/8"},
    "HTTPGetAction": {"port": 80},
    "KeyToPath": {"key": "a", "path": "b"},
    "ConfigMapVolumeSource": {"name": "a"},
    "SecretVolumeSource": {"secretName": "a"},
    "ObjectFieldSelector": {"fieldPath": "metadata.name"},
    "ConfigMapKeySelector": {"name": "a", "key": "b"},
    "SecretKeySelector": {"name": "a", "key": "b"},
    "SeccompProfile": {"type": "RuntimeDefault"},
    "AppArmorProfile": {"type": "RuntimeDefault"},
    "Sysctl": {"name": "net.a", "value": "1"},
    "HostAlias": {"ip": "10.0.0.1"},
    "Probe": {"exec": {"command": ["a"]}},
    "NFSVolumeSource": {"server": "a", "path": "/a"},
    "CSIVolumeSource": {"driver": "a.b"},
    "DownwardAPIVolumeFile": {"path": "a", "fieldRef": {"fieldPath": "metadata.name"}},
    "PodDNSConfigOption": {"name": "a"},
    "OwnerReference": {"apiVersion": "v1", "kind": "Pod", "name": "a", "uid": "b"},
}  # fmt: skip
"""Type → what it mostly has, so that the rest of it is looked at."""
NOT_PATCHED = {"apiVersion", "kind", "status", "managedFields", "resourceVersion", "uid"}
NOT_IN_METADATA = {"name", "namespace", "generateName"}


@dataclass(frozen=True)
class Patch:
    """A patch of one object."""

    target: Object
    operations: list[Object]


@dataclass(frozen=True)
class _Node:
    path: tuple[str | int, ...]
    value: Any
    spec: str


def randoms(many: int) -> list[Random]:
    """Sources of choices, the same ones in each run; PATCHES=5000 asks for 5000 others."""
    if asked := os.environ.get("PATCHES"):
        base = Random()
        return [Random(base.getrandbits(32)) for _ in range(int(asked))]
    return [Random(seed) for seed in range(many)]


class Patches:
    """Makes patches.

    Args:
        random: where its choices come from.
    """

    def __init__(self, random: Random) -> None:
        self.random = random
        self.types: dict[str, Any] = schema._data()["types"]
        self.kinds: dict[str, Any] = schema._data()["kinds"]

    def patch(self, objects: list[Object]) -> Patch:
        """A patch of one of the objects whose kind is known, with one operation or two."""
        known = [o for o in objects if schema.known(o["apiVersion"], o["kind"])]
        workloads = [o for o in known if o["kind"] == "StatefulSet"]
        item = self.random.choice(known + workloads * len(known))
        held = copy.deepcopy(item)
        operations = []
        for _ in range(self.random.choice((1, 1, 1, 2))):
            operation = self._operation(held)
            operations.append(operation)
            apply(held, copy.deepcopy(operation))
        return Patch(item, operations)

    def _operation(self, item: Object) -> Object:
        name = self.kinds[f"{item['apiVersion']} {item['kind']}"][0]
        nodes = list(self._nodes(item, f"&{name}", ()))
        while True:
            node = self.random.choice(nodes)
            made = self._of(node)
            if made is not None:
                return made

    def _nodes(self, value: Any, spec: Any, path: tuple[str | int, ...]) -> Any:
        spec = spec[0] if isinstance(spec, list) else spec
        yield _Node(path, value, spec)
        if spec[0] == "&" and isinstance(value, dict):
            fields = self.types[spec[1:]]
            for key in [key for key in value if key in fields]:  # in order, which a set has not
                yield from self._nodes(value[key], fields[key], (*path, key))
        elif spec[0] == "[" and isinstance(value, list):
            for i, element in enumerate(value):
                yield from self._nodes(element, spec.partition("]")[2], (*path, i))
        elif spec[0] == "{" and isinstance(value, dict):
            for key in value:
                yield from self._nodes(value[key], spec[2:], (*path, key))

    def _of(self, node: _Node) -> Object | None:
        luck, path, spec = self.random.random(), node.path, node.spec
        if spec[0] == "&" and isinstance(node.value, dict):
            fields = self.types[spec[1:]]
            key = self.random.choice(sorted(fields))
            if key in NOT_PATCHED or (path == ("metadata",) and key in NOT_IN_METADATA):
                return None
            if luck < 0.04:
                return _op("add", (*path, f"{key}x"), 1)
            return _op("add", (*path, key), self.value(key, fields[key], 1))
        if not path or path[-1] in NOT_PATCHED or path[:2] in {
            ("metadata", key) for key in NOT_IN_METADATA
        }:  # fmt: skip
            return None
        name = str(path[-1])
        if luck < 0.2:
            return _op("remove", path)
        if spec[0] == "[" and isinstance(node.value, list) and luck < 0.8:
            return _op("add", (*path, "-"), self.value(name, spec.partition("]")[2], 2))
        if spec[0] == "{" and isinstance(node.value, dict) and luck < 0.8:
            return _op("add", (*path, self.random.choice(KEYS)), self.value(name, spec[2:], 2))
        return _op("replace", path, self.value(name, spec, 2))

    def value(self, name: str, spec: Any, depth: int) -> Any:
        """A value for a field of a name and type."""
        choose, luck = self.random.choice, self.random.random()
        spec = spec[0] if isinstance(spec, list) else spec
        if luck < 0.015:
            return choose((None, "x", 1, True, [], {}, 1.5, ["a"], {"a": "b"}))
        if spec[0] == "&":
            return self._structure(spec[1:], depth)
        if spec[0] == "[":
            inner = spec.partition("]")[2]
            return [self.value(name, inner, depth) for _ in range(choose((0, 1, 1, 1, 2, 3)))]
        if spec[0] == "{":
            return {
                choose(KEYS): self.value(name, spec[2:], depth) for _ in range(choose((0, 1, 2)))
            }
        if spec == "string":
            return choose(LIKELY.get(name, TEXTS)) if luck < 0.85 else choose(TEXTS)
        if spec in ("int32", "int64", "number"):
            return choose(LIKELY.get(name, NUMBERS)) if luck < 0.9 else choose(ODD_NUMBERS)
        return choose(
            {
                "bool": (True, False) if luck < 0.97 else ("no", "true", 1),
                "quantity": QUANTITIES,
                "int-or-string": (1, 0, 80, 65536, "http", "a b", "80", "", "25%", 1.5, True),
                "time": ("2020-01-01T00:00:00Z", "x", ""),
                "bytes": ("YQ==", "x", "", "e30="),
            }.get(spec, ("x", 1, {"type": "object"}, [], True))
        )

    def _structure(self, name: str, depth: int) -> Object:
        if depth > 6:
            return {}
        fields = self.types[name]
        many = self.random.choice((1, 1, 2, 2, 3, 4)) if len(fields) > 3 else (
            self.random.randint(0, len(fields))
        )  # fmt: skip
        made = {
            key: self.value(key, fields[key], depth + 1)
            for key in self.random.sample(sorted(fields), min(many, len(fields)))
            if key not in NOT_PATCHED
        }
        if self.random.random() < 0.85:
            for key, value in ESSENTIAL.get(name.rpartition(".")[2], {}).items():
                if key not in made or self.random.random() < 0.5:
                    made[key] = copy.deepcopy(value)
        return made


def _op(op: str, path: tuple[str | int, ...], value: Any = None) -> Object:
    pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)
    return {"op": op, "path": pointer} | ({} if op == "remove" else {"value": value})


def apply(item: Object, operation: Object) -> None:
    """RFC 6902, as far as `_op` makes it."""
    parts = [p.replace("~1", "/").replace("~0", "~") for p in operation["path"].split("/")[1:]]
    node: Any = item
    for part in parts[:-1]:
        node = node[int(part)] if isinstance(node, list) else node[part]
    last = parts[-1]
    if isinstance(node, list):
        if operation["op"] == "remove":
            node.pop(int(last))
        elif last == "-":
            node.append(operation["value"])
        else:
            node[int(last)] = operation["value"]
    elif operation["op"] == "remove":
        node.pop(last)
    else:
        node[last] = operation["value"]
