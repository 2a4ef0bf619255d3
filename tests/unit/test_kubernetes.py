"""Kubernetes' own validation: an object with one fault, and what is said of it.

What a real API server says of the same kinds of faults is compared in
tests/e2e/test_oracle_apiserver.py.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yamls
from fcgitops.kubernetes import addresses, check, quantity, schema
from fcgitops.kubernetes.field import USELESS
from fcgitops.kubernetes.schema import Versions

SOUND = {
    str(item["kind"]): item
    for item in yamls.load_all("""\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: s}
spec:
  selector: {matchLabels: {app: s}}
  template:
    metadata: {labels: {app: s}}
    spec:
      containers: [{name: c, image: busybox}]
      volumes: [{name: v, emptyDir: {}}]
---
apiVersion: v1
kind: Service
metadata: {name: s}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: n}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
---
apiVersion: v1
kind: Secret
metadata: {name: s}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: q}
spec: {hard: {}}
---
apiVersion: v1
kind: LimitRange
metadata: {name: l}
spec: {limits: [{type: Container}]}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: p}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: j}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: busybox}]}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: j}
spec:
  schedule: "*/5 * * * *"
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p}
spec: {podSelector: {}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: r}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: r}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: r}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: p}
value: 1
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: things, kind: Thing}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
""")
}


def with_value(kind: str, path: str, value: object) -> dict[str, Any]:
    """A sound object in which one field is set; `path` with dots, `-` for the end of a list."""
    item = copy.deepcopy(SOUND[kind])
    *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    node: Any = item
    for part in way:
        node = node[part] if isinstance(node, list) else node.setdefault(part, {})
    if last == "-":
        node.append(value)
    else:
        node[last] = value
    return item


@pytest.mark.parametrize("kind", SOUND)
def test_sound(kind: str) -> None:
    """Nothing is said of an object that the API server takes."""
    assert check.faults(SOUND[kind]) == []


POD = "spec.template.spec"
C = f"{POD}.containers.0"
S = "StatefulSet"
INDEXED = {**SOUND["Job"]["spec"], "completionMode": "Indexed", "completions": 3}
LABEL = "must be lower case letters, digits and '-', with a letter or digit at both ends"
LONG = "j" * 64
FAULTS: list[tuple[str, str, object, str]] = [
    # what the schema says
    (S, "spec.replica", 1, "spec.replica: is no field of StatefulSetSpec: did you mean replicas?"),
    (S, "spec.replicas", "1", "spec.replicas: '1' is not a whole number"),
    (S, f"{C}.tty", "on", f"{POD}.containers[0].tty: 'on' is not true or false"),
    (S, f"{C}.command", "run", f"{POD}.containers[0].command: 'run' is not a list"),
    (S, f"{C}.env", [{"name": "A", "value": True}],
     f"{POD}.containers[0].env[0].value: true is not a text"),
    (S, f"{C}.env", [{"name": "A"}, {"name": "A"}],
     f"{POD}.containers[0].env[1]: another element has the same name 'A'"),
    (S, f"{C}.ports", [{"containerPort": 1}, {"containerPort": 1, "protocol": "TCP"}],
     f"{POD}.containers[0].ports[1]: another element has the same containerPort 1, protocol 'TCP'"),
    (S, f"{C}.resources", {"limits": {"cpu": "abc"}},
     f"{POD}.containers[0].resources.limits.cpu: 'abc' is no quantity, such as 500m, 2, 512Mi, "
     "1.5Gi or 129e6"),
    ("Secret", "data", {"a": "?"}, "data.a: is not base64"),
    # metadata
    (S, "metadata.name", "A",
     "metadata.name: 'A': must be lower case letters, digits and '-', with a letter or digit at "
     "both ends"),
    (S, "metadata.labels", {"a/b/c": "x"},
     "metadata.labels[a/b/c]: the key is wrong: must have one '/' at most"),
    (S, "metadata.labels", {"a": "b c"}, "metadata.labels.a: 'b c': must be letters, digits, '-', "
     "'_' and '.', with a letter or digit at both ends"),
    ("Namespace", "metadata.labels", {"pod-security.kubernetes.io/enforce": "restrictedd"},
     "metadata.labels[pod-security.kubernetes.io/enforce]: 'restrictedd' is none of privileged, "
     "baseline, restricted"),
    # a Pod
    (S, f"{POD}.restartPolicy", "Never", f"{POD}.restartPolicy: 'Never' is none of Always"),
    (S, f"{POD}.dnsPolicy", "None",
     f"{POD}.dnsConfig.nameservers: is required: with dnsPolicy: None"),
    (S, f"{POD}.tolerations", [{"operator": "Equal"}],
     f"{POD}.tolerations[0].operator: 'Equal': must be Exists without a key: it tolerates every "
     "taint"),
    (S, f"{POD}.tolerations", [{"key": "a", "operator": "Exists", "tolerationSeconds": 1}],
     f"{POD}.tolerations[0].effect: nothing: must be NoExecute with tolerationSeconds"),
    (S, f"{POD}.volumes.-", {"name": "w", "emptyDir": {}, "hostPath": {"path": "/"}},
     f"{POD}.volumes[1].hostPath: is not allowed: there is emptyDir already; a volume is of one "
     "kind"),
    (S, f"{POD}.securityContext", {"sysctls": [{"name": "A", "value": "1"}]},
     f"{POD}.securityContext.sysctls[0].name: 'A': must be lower case letters, digits, '-' and '_' "
     "between '.' or '/'"),
    (S, f"{POD}.topologySpreadConstraints",
     [{"maxSkew": 0, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}],
     f"{POD}.topologySpreadConstraints[0].maxSkew: 0: must be 1 or more"),
    # a container
    (S, f"{C}.image", "", f"{POD}.containers[0].image: is required"),
    (S, f"{C}.imagePullPolicy", "always",
     f"{POD}.containers[0].imagePullPolicy: 'always' is none of Always, IfNotPresent, Never"),
    (S, f"{C}.volumeMounts", [{"name": "w", "mountPath": "/w"}],
     f"{POD}.containers[0].volumeMounts[0].name: no volume is called w"),
    (S, f"{C}.resources", {"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}},
     f"{POD}.containers[0].resources.requests.memory: '2Gi': is more than the limit, 1Gi"),
    (S, f"{C}.resources", {"limits": {"memory": "-1"}},
     f"{POD}.containers[0].resources.limits.memory: '-1': must be 0 or more"),
    (S, f"{C}.resources", {"limits": {"nvidia.com/gpu": "0.5"}},
     f"{POD}.containers[0].resources.limits[nvidia.com/gpu]: '0.5': must be a whole number"),
    (S, f"{C}.livenessProbe", {"exec": {"command": ["true"]}, "successThreshold": 2},
     f"{POD}.containers[0].livenessProbe.successThreshold: 2: must be 1"),
    (S, f"{C}.lifecycle", {"preStop": {"exec": {"command": ["a"]}, "httpGet": {"port": 1}}},
     f"{POD}.containers[0].lifecycle.preStop.httpGet: is not allowed: there is exec already"),
    (S, f"{C}.securityContext", {"allowPrivilegeEscalation": False, "privileged": True},
     f"{POD}.containers[0].securityContext.privileged: true: contradicts "
     "allowPrivilegeEscalation: false"),
    # a StatefulSet
    (S, "spec.selector.matchLabels.team", "a",
     "spec.template.metadata.labels: {app: s}: is not what spec.selector selects"),
    (S, "spec.updateStrategy", {"type": "OnDelete", "rollingUpdate": {"partition": 0}},
     "spec.updateStrategy.rollingUpdate: is not allowed: with OnDelete"),
    # others
    ("Service", "spec.ports.0.port", 0, "spec.ports[0].port: 0: must be 1 to 65535"),
    ("Service", "spec.ports.0.nodePort", 30000,
     "spec.ports[0].nodePort: is not allowed: with type: ClusterIP"),
    ("Service", "spec.clusterIP", "x",
     "spec.clusterIP: 'x': must be an IP address, such as 10.9.8.7 or 2001:db8::ffff"),
    ("ConfigMap", "data", {"a b": ""},
     "data[a b]: the key is wrong: must be letters, digits, '-', '_' and '.'"),
    ("ConfigMap", "data", {"a": "x" * (1 << 20) + "x"},
     "holds 1048577 bytes; 1048576 is the most"),
    ("Secret", "type", "kubernetes.io/tls",
     "data[tls.crt]: is required: in a Secret of the type kubernetes.io/tls"),
    ("ResourceQuota", "spec.hard", {"gpu": 1},
     "spec.hard.gpu: the name gpu must be a standard resource, or example.com/name"),
    ("LimitRange", "spec.limits.0", {"type": "Container", "min": {"cpu": 2}, "max": {"cpu": 1}},
     "spec.limits[0].min.cpu: min of cpu is more than max"),
    ("PersistentVolumeClaim", "spec.accessModes", [],
     "spec.accessModes: is required: one access mode at least"),
    ("Job", "spec.template.spec.restartPolicy", "Always",
     "spec.template.spec.restartPolicy: is required: OnFailure or Never"),
    ("Job", "spec.backoffLimit", -1, "spec.backoffLimit: -1: must be 0 or more"),
    ("CronJob", "spec.schedule", "60 * * * *",
     "spec.schedule: '60 * * * *': is no schedule, such as */5 * * * *"),
    ("NetworkPolicy", "spec.egress", [{"to": [{"ipBlock": {"cidr": "10.0.0.0/33"}}]}],
     "spec.egress[0].to[0].ipBlock.cidr: '10.0.0.0/33': must be a network, such as 10.9.8.0/24 or "
     "2001:db8::/64"),
    ("NetworkPolicy", "spec.egress", [{"ports": [{"port": 5, "endPort": 4}]}],
     "spec.egress[0].ports[0].endPort: 4: must be port or more"),
    ("ClusterRole", "rules.0.apiGroups", [], "rules[0].apiGroups: is required: one at least"),
    ("ClusterRoleBinding", "subjects", [{"kind": "ServiceAccount", "name": "a"}],
     "subjects[0].namespace: is required: of a ServiceAccount"),
    ("PriorityClass", "value", 2_000_000_000, "value: 2000000000: must be no more than 1000000000"),
    *(
        ("CustomResourceDefinition", "spec.versions.0.schema.openAPIV3Schema.properties",
         {"spec": {"type": "object", "additionalProperties": wrong}},
         "spec.versions[0].schema.openAPIV3Schema.properties.spec.additionalProperties: "
         f"{shown} is not a schema, true or false")
        for wrong, shown in (("x", "'x'"), (1, "1"))
    ),
    ("CustomResourceDefinition", "spec.versions.0.storage", False,
     "spec.versions: must have exactly one version with storage: true"),
    ("CustomResourceDefinition", "spec.versions.0.schema.openAPIV3Schema.properties",
     {"spec": {"properties": {}}},
     "spec.versions[0].schema.openAPIV3Schema.properties.spec.type: is required: at the field"),
    (S, f"{POD}.volumes.0",
     {"name": "v", "azureDisk": {"diskName": "a", "diskURI": "/subscriptions/a"}},
     f"{POD}.volumes[0].azureDisk.diskURI: '/subscriptions/a': must begin with https:// where kind "
     "is Shared"),
    (S, f"{POD}.volumes.0", {"name": "v", "storageos": {"volumeName": "A"}},
     f"{POD}.volumes[0].storageos.volumeName: 'A': {LABEL}"),
    (S, f"{POD}.volumes.0", {"name": "v", "cinder": {"volumeID": "a", "secretRef": {}}},
     f"{POD}.volumes[0].cinder.secretRef.name: is required"),
    (S, f"{POD}.volumes.0", {"name": "v", "flexVolume": {"driver": "a", "options": {
        "storage.k8s.io/a": "b"}}},
     f"{POD}.volumes[0].flexVolume.options[storage.k8s.io/a]: the key storage.k8s.io/a is "
     "Kubernetes' own"),
    ("Service", "spec.externalIPs", ["224.0.0.1"],
     "spec.externalIPs[0]: '224.0.0.1': must not be link-local"),
    ("Service", "spec.externalIPs", ["ff12::1"],
     "spec.externalIPs[0]: 'ff12::1': must not be link-local"),
    ("Service", "spec.externalIPs", ["::ffff:127.0.0.1"],
     "spec.externalIPs[0]: '::ffff:127.0.0.1': must not be a loopback address"),
    ("Service", "spec.ipFamilies", ["IPv4", "IPv6"],
     "spec.ipFamilyPolicy: nothing: must be PreferDualStack or RequireDualStack with two "
     "ipFamilies"),
    ("Job", "spec", INDEXED | {"successPolicy": {"rules": [{"succeededIndexes": "0-3"}]}},
     "spec.successPolicy.rules[0].succeededIndexes: '0-3': must be below completions, 3"),
    ("Job", "spec", INDEXED | {"successPolicy": {"rules": [{"succeededIndexes": "2,1"}]}},
     "spec.successPolicy.rules[0].succeededIndexes: '2,1': must be in rising order"),
    ("Job", "spec", INDEXED | {"successPolicy": {"rules": [
        {"succeededIndexes": "0,2", "succeededCount": 3}]}},
     "spec.successPolicy.rules[0].succeededCount: 3: must be 0 to 2"),
    ("Job", "spec", INDEXED | {"completions": None, "parallelism": 2},
     "spec.completions: is required: with completionMode: Indexed"),
    *(
        ("CustomResourceDefinition", "spec.versions.0.schema.openAPIV3Schema.properties",
         {"spec": {"default": default, **schema}},
         f"spec.versions[0].schema.openAPIV3Schema.properties.spec.{said}")
        for default, schema, said in (
            ("ab", {"type": "string", "maxLength": 1}, "default: 'ab': is more than maxLength, 1"),
            ("abc", {"type": "string", "pattern": "^b"}, "default: 'abc': does not match pattern"),
            ([], {"type": "array", "items": {"type": "string"}, "minItems": 1},
             "default: []: is less than minItems, 1"),
            (3, {"type": "integer", "multipleOf": 2}, "default: 3: is no multiple of 2"),
            (1, {"type": "integer", "minimum": 1, "exclusiveMinimum": True},
             "default: 1: is out of its range"),
            (1, {"type": "integer", "anyOf": [{"minimum": 2}, {"enum": [0]}]},
             "default: 1: is nothing of what anyOf says"),
            (1, {"type": "integer", "not": {"maximum": 5}}, "default: 1: is what not says"),
            ({}, {"type": "object", "x-kubernetes-embedded-resource": True,
                  "x-kubernetes-preserve-unknown-fields": True},
             "default.kind: is required: of an object"),
        )
    ),
    ("Job", "metadata.name", LONG,
     f"metadata.name: '{LONG}': must be no more than 63 characters"),
    *(
        ("CronJob", "spec.timeZone", zone,
         f"spec.timeZone: {zone!r}: must be a time zone, such as Europe/Berlin")
        for zone in ("Mars/Phobos", "europe/berlin", "+02:00", "local", "")
    ),
    *(
        ("CronJob", "spec.schedule", text,
         f"spec.schedule: {text!r}: is no schedule, such as */5 * * * *")
        for text in ("60 * * * *", "5-3 * * * *", "1-2-3 * * * *", "*/0 * * * *", "@every 1x")
    ),
    *(
        ("CustomResourceDefinition", "spec.conversion", {"strategy": "Webhook", "webhook": {
            "conversionReviewVersions": ["v1"], "clientConfig": client}},
         f"spec.conversion.webhook.clientConfig{said}")
        for client, said in (
            ({"url": "http://x"}, ".url: 'http://x': must be https://HOST[/PATH]"),
            ({"url": "https://x/y?z"},
             ".url: 'https://x/y?z': must have no user, no query and no fragment"),
            ({"service": {"name": "a", "namespace": "b", "port": 0}},
             ".service.port: 0: must be 1 to 65535"),
            ({"service": {"name": "a"}}, ".service.namespace: is required"),
            ({}, ": is required: one of url and service"),
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "path", "value", "said"), FAULTS)
def test_refused(kind: str, path: str, value: object, said: str) -> None:
    """What the API server refuses is a fault, with the place and what is right there."""
    found = check.faults(with_value(kind, path, value))
    assert said in [str(fault) for fault in found]
    assert all(fault.severity == "error" for fault in found)


@pytest.mark.parametrize(
    ("kind", "path", "value", "said"),
    [
        (S, "spec.replicas", 1 << 40,
         "spec.replicas: 1099511627776 has more than 32 bits: the API server takes 0"),
        (S, f"{C}.image", "busybox ",
         f"{POD}.containers[0].image: has a space at an end: no Pod can be made of it"),
        ("ResourceQuota", "spec.hard", {"nvidia.com/gpu": 1},
         "spec.hard[nvidia.com/gpu]: nvidia.com/gpu counts nothing: requests.nvidia.com/gpu does"),
        ("ResourceQuota", "spec.hard", {"limits.nvidia.com/gpu": 1},
         "spec.hard[limits.nvidia.com/gpu]: limits.nvidia.com/gpu counts nothing: "
         "requests.nvidia.com/gpu does"),
        ("PersistentVolumeClaim", "spec.dataSource", {"kind": "Other", "name": "a"},
         "spec.dataSource: is no claim and no snapshot, and is dropped"),
        (S, POD, {"volumes": [{"name": "v", "emptyDir": {"medium": "RAM"}}], "containers": [
            {"name": "c", "image": "i", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]},
         f"{POD}.volumes[0].emptyDir.medium: 'RAM' is none that a kubelet knows: no Pod starts"),
        (S, f"{C}.restartPolicy", "Never",
         f"{POD}.containers[0].restartPolicy: is dropped before Kubernetes 1.35 without the "
         "feature gate ContainerRestartRules"),
        ("Namespace", "metadata.labels", {"kubernetes.io/metadata.name": "other"},
         "metadata.labels[kubernetes.io/metadata.name]: is written over with the Namespace's name"),
    ],
)  # fmt: skip
def test_useless(kind: str, path: str, value: object, said: str) -> None:
    """What the API server takes and does not hold, or nothing can use, is told apart."""
    found = check.faults(with_value(kind, path, value))
    assert [(str(fault), fault.severity) for fault in found] == [(said, USELESS)]


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("ResourceQuota", "spec.hard", {
            "gold.storageclass.storage.k8s.io/requests.storage": "1Gi",
            "gold.storageclass.storage.k8s.io/persistentvolumeclaims": 2,
            "openshift.io/imagestreams": 5,
            "gpu.deviceclass.resource.k8s.io/devices": 2,
        }),
        *(("CronJob", "spec.schedule", text) for text in (
            "*-5 * * * *", "0,,1 * * * *", "+5 * * * *", "@every -5s", "@every 1h1.5m", "@hourly",
        )),
        *(("CronJob", "spec.timeZone", zone) for zone in (
            "UTC", "US/Pacific", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "EST5EDT", "GMT0",
        )),
        ("CustomResourceDefinition", "spec.conversion", {"strategy": "Webhook", "webhook": {
            "conversionReviewVersions": ["v1"], "clientConfig": {"url": "https://x:8443/y"}}}),
        ("CustomResourceDefinition", "spec.conversion", {"strategy": "None", "webhook": {}}),
        ("LimitRange", "spec.limits.0", {
            "type": "Container", "min": {"cpu": "1.0009"}, "max": {"cpu": "1.0001"},
        }),
        ("Job", "spec", {**INDEXED, "completions": None}),
        ("Job", "spec", {**INDEXED, "successPolicy": {"rules": [{"succeededIndexes": "0,1-2"}]}}),
        ("Service", "spec", {"clusterIP": "None", "ipFamilies": ["IPv4", "IPv6"]}),
        ("PersistentVolumeClaim", "spec.dataSourceRef", {
            "apiGroup": "a.b", "kind": "C", "name": "a",
        }),
        ("CustomResourceDefinition", "spec.versions.0.schema.openAPIV3Schema.properties", {
            "spec": {"type": "object", "not": {"properties": {"a": {"minimum": 1}}}},
        }),
        ("CustomResourceDefinition", "spec.versions.0.schema.openAPIV3Schema.properties", {
            "spec": {"x-kubernetes-int-or-string": True, "default": 1.0, "pattern": "^[0-9]+$",
                     "allOf": [{"anyOf": [{"type": "integer"}, {"type": "string"}]}]},
        }),
    ],
)  # fmt: skip
def test_taken_of_other_kinds(kind: str, path: str, value: object) -> None:
    """Nor is what looks odd in other objects than a StatefulSet, and is taken."""
    assert check.faults(with_value(kind, path, value)) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("spec.replicas", None),
        ("spec.revisionHistoryLimit", -1),
        (f"{POD}.terminationGracePeriodSeconds", -1),
        (f"{POD}.tolerations", [{"operator": "Exists"}]),
        (f"{POD}.dnsConfig", {"options": [{"name": "ndots", "value": "2"}]}),
        (f"{POD}.restartPolicy", ""),
        (f"{C}.imagePullPolicy", None),
        (f"{C}.resources", {"limits": {"cpu": 2, "memory": "129e6"}}),
        (f"{C}.resources", {"requests": {"memory": "1024Mi"}, "limits": {"memory": "1Gi"}}),
        (f"{C}.resources", {"requests": {"cpu": "1000m"}, "limits": {"cpu": "0.9999"}}),
        (f"{C}.ports", [{"containerPort": 1}, {"containerPort": 1, "protocol": "UDP"}]),
        ("spec.volumeClaimTemplates", [
            {"metadata": {"name": "d"}, "spec": SOUND["PersistentVolumeClaim"]["spec"]},
        ]),
    ],
)  # fmt: skip
def test_taken(path: str, value: object) -> None:
    """What looks odd and is taken is no fault."""
    assert check.faults(with_value(S, path, value)) == []


@pytest.mark.parametrize(
    ("rolling", "said"),
    [
        ({"maxSurge": 1, "maxUnavailable": 0}, ""),
        ({"maxUnavailable": "10%"}, ""),
        ({"maxSurge": 1}, "maxSurge: 1: takes maxUnavailable: 0"),
        ({"maxSurge": 1, "maxUnavailable": 1}, "maxSurge: 1: takes maxUnavailable: 0"),
        ({"maxUnavailable": 0}, "maxUnavailable: 0: must not be 0 when maxSurge is 0"),
    ],
)
def test_roll_out_of_a_daemon_set(rolling: dict[str, object], said: str) -> None:
    """Pods are replaced before or after: one of the two."""
    spec = SOUND[S]["spec"]
    item = {
        "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "d"},
        "spec": {"selector": spec["selector"], "template": spec["template"],
                 "updateStrategy": {"rollingUpdate": rolling}},
    }  # fmt: skip
    place = "spec.updateStrategy.rollingUpdate."
    assert [str(f).removeprefix(place) for f in check.faults(item)] == ([said] if said else [])


def test_eviction_policy() -> None:
    """A PodDisruptionBudget has one of two."""
    item = {
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "p"},
        "spec": {"unhealthyPodEvictionPolicy": "always"},
    }  # fmt: skip
    said = "spec.unhealthyPodEvictionPolicy: 'always' is none of AlwaysAllow, IfHealthyBudget"
    assert list(map(str, check.faults(item))) == [said]


@pytest.mark.parametrize(
    ("api", "kind", "refused"),
    [
        ("apps/v1beta1", "StatefulSet", True),
        ("apps/v2", "StatefulSet", True),
        ("extensions/v1beta1", "Ingress", True),
        ("policy/v1beta1", "PodSecurityPolicy", True),
        ("rbac.authorization.k8s.io/v1beta1", "Role", True),
        ("v1", "Deployment", True),
        ("v1", "Node", False),
        ("autoscaling/v1", "HorizontalPodAutoscaler", False),
        ("snapshot.storage.k8s.io/v1", "VolumeSnapshot", False),
        ("admissionregistration.k8s.io/v1beta1", "ValidatingAdmissionPolicy", False),
    ],
)
def test_kinds_of_kubernetes(api: str, kind: str, refused: bool) -> None:
    """A kind of Kubernetes' own groups that no version has is refused, one of a CRD's is not."""
    found = check.faults({"apiVersion": api, "kind": kind, "metadata": {"name": "a"}})
    what = f"apiVersion: {api} {kind} is in no Kubernetes 1.29 to 1.36"
    assert [str(f) for f in found] == ([what] if refused else [])


def test_unknown_kind() -> None:
    """Of a kind that nothing is known of, nothing is said but what all objects need."""
    assert check.faults({"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {}}) == []
    assert not schema.known("example.com/v1", "Thing")
    assert [str(f) for f in check.faults({"kind": "Thing"})] == [
        "apiVersion: is required",
        "metadata: is required",
    ]


def test_versions() -> None:
    """A field that one of the stated versions does not know is refused; what drops one, is told."""
    item = with_value(S, f"{POD}.resources", {"limits": {"memory": "1Gi"}})

    def said(first: str, last: str) -> list[tuple[str, str]]:
        return [(str(f), f.severity) for f in check.faults(item, Versions(first, last))]

    assert check.faults(item) == said("1.34", "1.36") == []
    here = "spec.template.spec.resources"
    gate = "is dropped before Kubernetes 1.34 without the feature gate PodLevelResources"
    assert said("1.32", "1.34") == said("1.33", "1.33") == [(f"{here}: {gate}", USELESS)]
    newer = f"{here}: is a field of Kubernetes 1.32 and newer alone"
    assert (f"{newer}; this is for 1.30 to 1.33", "error") in said("1.30", "1.33")
    assert said("1.29", "1.31") == [(newer, "error")]


FROM = {"image": {"reference": "busybox", "pullPolicy": "x"}}
SLEEP = {"preStop": {"sleep": {"seconds": 0}}}


@pytest.mark.parametrize(
    ("kind", "path", "value", "said"),
    [
        ("Job", f"{C}.env", [{"name": "1A"}], {
            ("1.29", "1.31"): ("error", "env[0].name: '1A': must be letters, digits, '-', '_' and "
                                        "'.', and begin with no digit"),
            ("1.31", "1.34"): ("error", "no digit (Kubernetes 1.31)"),
            ("1.32", "1.36"): (),
        }),
        ("Job", f"{POD}.dnsConfig", {"searches": ["a_b"]}, {
            ("1.32", "1.32"): ("error", "searches[0]: 'a_b': must be lower"), ("1.33", "1.36"): (),
        }),
        ("Job", f"{POD}.hostAliases", [{"ip": "010.0.0.1"}], {
            ("1.29", "1.35"): (),
            ("1.35", "1.36"): ("error", "must have no leading zeros (Kubernetes 1.36)"),
        }),
        ("NetworkPolicy", "spec.egress", [{"to": [{"ipBlock": {"cidr": "10.0.0.1/8"}}]}], {
            ("1.35", "1.35"): (), ("1.36", "1.36"): ("error", "beyond the length: 10.0.0.0/8"),
        }),
        ("Service", "metadata.name", "1s", {
            ("1.36", "1.36"): (), ("1.35", "1.36"): ("error", "end with '-' (Kubernetes 1.35)"),
        }),
        ("Service", "spec.trafficDistribution", "PreferSameNode", {
            ("1.34", "1.36"): (), ("1.33", "1.33"): ("error", "is none of PreferClose"),
            ("1.30", "1.30"): (USELESS, "before Kubernetes 1.31 without the feature gate Service"),
        }),
        (S, f"{C}.image", "", {  # taken, and then no Pod is made
            ("1.29", "1.33"): (USELESS, "image: is required"),
            ("1.29", "1.36"): ("error", "image: is required"),
        }),
        ("Job", f"{C}.lifecycle", SLEEP, {
            ("1.29", "1.29"): (USELESS, "sleep: is dropped before Kubernetes 1.30"),
            ("1.32", "1.32"): ("error", "seconds: 0: must be 1 to"), ("1.33", "1.36"): (),
        }),
        (S, f"{POD}.volumes", [{"name": "v", **FROM}], {
            ("1.34", "1.34"): (USELESS, "image: is dropped before Kubernetes 1.35"),
            ("1.35", "1.36"): ("error", "pullPolicy: 'x' is none of"),
        }),
        ("Job", f"{C}.restartPolicy", "Sometimes", {
            ("1.33", "1.33"): ("error", "is not allowed"),
            ("1.34", "1.34"): (USELESS, "is dropped before Kubernetes 1.35"),
            ("1.35", "1.36"): ("error", "is none of"),
        }),
        (S, "spec.updateStrategy", {"rollingUpdate": {"maxUnavailable": 0}}, {
            ("1.29", "1.36"): (USELESS, "is dropped without the feature gate MaxUnavailable"),
        }),
        (S, f"{POD}.hostUsers", True, {("1.29", "1.36"): ()}),
    ],
)  # fmt: skip
def test_versions_of_rules(
    kind: str, path: str, value: object, said: dict[tuple[str, str], tuple[str, ...]]
) -> None:
    """A rule is judged as the stated versions do; what one of them refuses is named with it."""
    for stated, wanted in said.items():
        found = check.faults(with_value(kind, path, value), Versions(*stated))
        if not wanted:
            assert found == [], stated
            continue
        severity, words = wanted
        assert {fault.severity for fault in found} == {severity}, stated
        assert any(words in str(fault) for fault in found), (stated, [str(f) for f in found])


def test_kinds_of_versions() -> None:
    """A kind that came later is one fault, whatever is in it."""
    policy: dict[str, Any] = {"apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "p"},
        "spec": {"matchConstraints": {"resourceRules": [
            {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["pods"]},
        ]}, "validations": [{"expression": "true"}]}}  # fmt: skip
    assert check.faults(policy, Versions("1.30", "1.36")) == []
    (fault,) = check.faults(policy, Versions("1.29", "1.36"))
    assert str(fault) == (
        "kind: admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy is a kind of Kubernetes "
        "1.30 and newer alone; this is for 1.29 and newer"
    )


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1", 1), ("500m", 0.5), ("1.5Gi", 1.5 * 2**30), (".5", 0.5), ("5.", 5), ("129e6", 129e6),
        ("1E", 1e18), ("-1k", -1000), ("+1", 1), (" 1 ", 1), (2, 2), (0.1, 0.1),
        ("0.0000000001", 1e-9), ("10E", float(2**63 - 1)),
        ("", None), ("abc", None), ("1 Gi", None), ("1e", None), ("1K", None), ("1mi", None),
        ("0x1", None), (True, None), (None, None),
    ],
)  # fmt: skip
def test_quantities(text: object, amount: float | None) -> None:
    """Quantities are read as Kubernetes reads them; what is none is None."""
    found = quantity.parse(text)
    assert (None if found is None else float(found.amount)) == amount


def test_quantities_compare() -> None:
    """They compare by their amounts, whatever the unit."""
    assert quantity.parse("1Gi") > quantity.parse("1G")  # type: ignore[operator]
    assert quantity.parse("1024Mi").amount == quantity.parse("1Gi").amount  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("10.0.0.1", True), ("010.0.0.1", True), ("::1", True), ("::ffff:1.2.3.4", True),
        ("1.2.3", False), ("1.2.3.256", False), ("fe80::1%eth0", False), ("", False),
    ],
)  # fmt: skip
def test_addresses(text: str, right: bool) -> None:
    """Addresses are what Kubernetes' older fields take, leading zeros included."""
    assert (addresses.ip(text) == "") == right


@pytest.mark.parametrize(
    ("text", "right"),
    [("10.0.0.1/8", True), ("::/0", True), ("10.0.0.0/33", False), ("10/8", False)],
)
def test_networks(text: str, right: bool) -> None:
    """So are networks, bits of the host included."""
    assert (addresses.cidr(text) == "") == right


@pytest.mark.parametrize(
    ("key", "value", "taken"),
    [
        ("enum", [], True),
        ("enum", [1], False),
        ("allOf", [], True),
        ("pattern", "", True),
        ("title", "x", False),
        ("required", [], False),
        ("minLength", 0, False),
        ("nullable", False, True),
        ("nullable", True, False),
        ("additionalProperties", False, False),
        ("x-kubernetes-preserve-unknown-fields", True, False),
    ],
)
def test_what_a_schema_may_say_of_metadata(key: str, value: object, taken: bool) -> None:
    """As API server 1.34 answered: what is empty says nothing, a zero says something."""
    golden = Path(__file__).parents[1] / "golden/upstream/rendered/every-key.yaml"
    objects = filter(None, yamls.load_all(golden.read_bytes()))
    crd = next(o for o in objects if o["kind"] == "CustomResourceDefinition")
    properties = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    properties["metadata"] = {"type": "object", key: value}
    faults = [f for f in check.faults(crd, Versions("1.34", "1.34")) if f.severity == "error"]
    assert (faults == []) == taken


@pytest.mark.parametrize(
    ("value", "source", "said"),
    [
        ("gold", {"csi": {"driver": "a.example.com", "volumeHandle": "v"}}, []),
        ("a/b", {"csi": {"driver": "a.example.com", "volumeHandle": "v"}},
         ["spec.volumeAttributesClassName"]),
        ("", {"csi": {"driver": "a.example.com", "volumeHandle": "v"}},
         ["spec.volumeAttributesClassName"]),
        ("gold", {"nfs": {"server": "s", "path": "/"}}, ["spec.csi"]),
    ],
)  # fmt: skip
def test_attributes_of_a_volume(value: str, source: dict[str, Any], said: list[str]) -> None:
    """A class is named as others are, and is for drivers; before 1.34 the field is dropped."""
    item = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "v"},
            "spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"},
                     "volumeAttributesClassName": value, **source}}  # fmt: skip
    for versions, places in ((Versions("1.34", "1.34"), said), (Versions("1.33", "1.33"), [])):
        found = [f for f in check.faults(item, versions) if f.severity == "error"]
        assert [str(f).partition(":")[0] for f in found] == places
