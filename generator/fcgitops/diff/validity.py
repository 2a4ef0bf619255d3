"""What is wrong with one object, so that the API server refuses it whatever was there before.

The fields that the API server knows, and the value rules that people trip over. Sources:
k8s.io/api/{core,apps}/v1 types.go and pkg/apis/{core,apps,rbac,networking}/validation of
Kubernetes 1.34. Kinds that are not here are not judged.
"""

from __future__ import annotations

import functools
import ipaddress
import json
from collections.abc import Callable, Iterator

from fcgitops.diff import objects, quantity
from fcgitops.diff.objects import Object, Pair
from fcgitops.diff.refused import Refusal
from fcgitops.diff.stored import Fields, listing, mapping, mappings, stored

LEVELS = ("privileged", "baseline", "restricted")
_LEVEL_LABELS = ("enforce", "audit", "warn")

_METADATA = {
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "labels",
    "managedFields",
    "name",
    "namespace",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
}
_STATEFULSET = {
    "minReadySeconds",
    "ordinals",
    "persistentVolumeClaimRetentionPolicy",
    "podManagementPolicy",
    "replicas",
    "revisionHistoryLimit",
    "selector",
    "serviceName",
    "template",
    "updateStrategy",
    "volumeClaimTemplates",
}
_JOB = {
    "activeDeadlineSeconds",
    "backoffLimit",
    "backoffLimitPerIndex",
    "completionMode",
    "completions",
    "managedBy",
    "manualSelector",
    "maxFailedIndexes",
    "parallelism",
    "podFailurePolicy",
    "podReplacementPolicy",
    "selector",
    "successPolicy",
    "suspend",
    "template",
    "ttlSecondsAfterFinished",
}
_POD = {
    "activeDeadlineSeconds",
    "affinity",
    "automountServiceAccountToken",
    "containers",
    "dnsConfig",
    "dnsPolicy",
    "enableServiceLinks",
    "ephemeralContainers",
    "hostAliases",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostUsers",
    "hostname",
    "hostnameOverride",
    "imagePullSecrets",
    "initContainers",
    "nodeName",
    "nodeSelector",
    "os",
    "overhead",
    "preemptionPolicy",
    "priority",
    "priorityClassName",
    "readinessGates",
    "resourceClaims",
    "resources",
    "restartPolicy",
    "runtimeClassName",
    "schedulerName",
    "schedulingGates",
    "securityContext",
    "serviceAccount",
    "serviceAccountName",
    "setHostnameAsFQDN",
    "shareProcessNamespace",
    "subdomain",
    "terminationGracePeriodSeconds",
    "tolerations",
    "topologySpreadConstraints",
    "volumes",
}
_CONTAINER = {
    "args",
    "command",
    "env",
    "envFrom",
    "image",
    "imagePullPolicy",
    "lifecycle",
    "livenessProbe",
    "name",
    "ports",
    "readinessProbe",
    "resizePolicy",
    "resources",
    "restartPolicy",
    "restartPolicyRules",
    "securityContext",
    "startupProbe",
    "stdin",
    "stdinOnce",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "tty",
    "volumeDevices",
    "volumeMounts",
    "workingDir",
}
_SERVICE = {
    "allocateLoadBalancerNodePorts",
    "clusterIP",
    "clusterIPs",
    "externalIPs",
    "externalName",
    "externalTrafficPolicy",
    "healthCheckNodePort",
    "internalTrafficPolicy",
    "ipFamilies",
    "ipFamilyPolicy",
    "loadBalancerClass",
    "loadBalancerIP",
    "loadBalancerSourceRanges",
    "ports",
    "publishNotReadyAddresses",
    "selector",
    "sessionAffinity",
    "sessionAffinityConfig",
    "trafficDistribution",
    "type",
}
_NETWORK_POLICY = {"egress", "ingress", "podSelector", "policyTypes"}
_TOP: dict[tuple[str, str], set[str]] = {
    ("", "Namespace"): {"spec", "status"},
    ("", "ServiceAccount"): {"automountServiceAccountToken", "imagePullSecrets", "secrets"},
    ("", "ConfigMap"): {"binaryData", "data", "immutable"},
    ("", "Secret"): {"data", "immutable", "stringData", "type"},
    ("", "Service"): {"spec", "status"},
    ("", "ResourceQuota"): {"spec", "status"},
    ("", "LimitRange"): {"spec"},
    ("apps", "StatefulSet"): {"spec", "status"},
    ("batch", "Job"): {"spec", "status"},
    ("networking.k8s.io", "NetworkPolicy"): {"spec"},
    ("rbac.authorization.k8s.io", "ClusterRole"): {"aggregationRule", "rules"},
    ("rbac.authorization.k8s.io", "Role"): {"rules"},
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): {"roleRef", "subjects"},
    ("rbac.authorization.k8s.io", "RoleBinding"): {"roleRef", "subjects"},
}
_SPECS = {"StatefulSet": _STATEFULSET, "Job": _JOB, "Service": _SERVICE,
          "NetworkPolicy": _NETWORK_POLICY}  # fmt: skip


def faults(o: Object) -> list[Refusal]:
    """Why the API server refuses the object, as far as it is known; [] where nothing is."""
    return list(_faults(json.dumps(o, sort_keys=True, default=str)))


def newly(pair: Pair) -> list[Refusal]:
    """Why the object after is invalid, without what was wrong with it before."""
    if pair.after is None:
        return []
    known = set(faults(pair.before)) if pair.before is not None else set()
    return [fault for fault in faults(pair.after) if fault not in known]


@functools.lru_cache(maxsize=512)
def _faults(text: str) -> tuple[Refusal, ...]:
    o: Object = json.loads(text)
    known = _TOP.get((objects.group(o), str(o["kind"])))
    if known is None:
        return ()
    found = [*_unknown(o, known | {"apiVersion", "kind", "metadata"}, "")]
    found += _unknown(mapping(o.get("metadata")), _METADATA, "metadata")
    judge = _KINDS.get(str(o["kind"]))
    if judge:
        found += judge(stored(o))
    return tuple(found)


def _unknown(fields: Fields, known: set[str], path: str) -> Iterator[Refusal]:
    for name in fields:
        if name not in known:
            yield Refusal(f"{path}.{name}", "field not declared in schema")


def _namespace(o: Object) -> Iterator[Refusal]:
    for mode in _LEVEL_LABELS:
        level = objects.labels_of(o).get(f"pod-security.kubernetes.io/{mode}")
        if level is not None and level not in LEVELS:
            what = f'"{level}" is none of {", ".join(LEVELS)}'
            yield Refusal(f"metadata.labels[pod-security.kubernetes.io/{mode}]", what)


def _statefulset(o: Object) -> Iterator[Refusal]:
    spec = mapping(o.get("spec"))
    yield from _unknown(spec, _STATEFULSET, ".spec")
    template = mapping(spec.get("template"))
    yield from _selector(spec, template)
    replicas = spec.get("replicas", 1)
    if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 0:
        yield Refusal("spec.replicas", f"{replicas!r} is no number of Pods")
    if spec.get("podManagementPolicy") not in ("OrderedReady", "Parallel"):
        yield Refusal("spec.podManagementPolicy", "is neither OrderedReady nor Parallel")
    strategy = mapping(spec.get("updateStrategy"))
    if strategy.get("type") not in ("RollingUpdate", "OnDelete"):
        yield Refusal("spec.updateStrategy.type", "is neither RollingUpdate nor OnDelete")
    yield from _pod(mapping(template.get("spec")), ("Always",))


def _job(o: Object) -> Iterator[Refusal]:
    spec = mapping(o.get("spec"))
    yield from _unknown(spec, _JOB, ".spec")
    pod = mapping(mapping(spec.get("template")).get("spec"))
    yield from _pod(pod, ("Never", "OnFailure"))


def _selector(spec: Fields, template: Fields) -> Iterator[Refusal]:
    wanted = mapping(mapping(spec.get("selector")).get("matchLabels"))
    labels = mapping(mapping(template.get("metadata")).get("labels"))
    if not wanted and not mapping(spec.get("selector")).get("matchExpressions"):
        yield Refusal("spec.selector", "empty selector is invalid for statefulset")
    elif not wanted.items() <= labels.items():
        yield Refusal(
            "spec.template.metadata.labels", "`selector` does not match template `labels`"
        )


def _pod(pod: Fields, policies: tuple[str, ...]) -> Iterator[Refusal]:
    at = "spec.template.spec"
    yield from _unknown(pod, _POD, f".{at}")
    if pod.get("restartPolicy") not in policies:
        yield Refusal(f"{at}.restartPolicy", f"supported values: {', '.join(policies)}")
    containers = mappings(pod.get("containers"))
    if not containers:
        yield Refusal(f"{at}.containers", "Required value")
    volumes = {str(v.get("name")) for v in mappings(pod.get("volumes"))}
    for kind in ("initContainers", "containers"):
        names: set[str] = set()
        for number, container in enumerate(mappings(pod.get(kind))):
            yield from _container(container, f"{at}.{kind}[{number}]", volumes)
            if container.get("name") in names:
                yield Refusal(f"{at}.{kind}[{number}].name", "Duplicate value")
            names.add(str(container.get("name")))


def _container(container: Fields, at: str, volumes: set[str]) -> Iterator[Refusal]:
    yield from _unknown(container, _CONTAINER, f".{at}")
    for name in ("name", "image"):
        if not container.get(name):
            yield Refusal(f"{at}.{name}", "Required value")
    resources = mapping(container.get("resources"))
    yield from _resources(resources, f"{at}.resources")
    if container.get("imagePullPolicy") not in ("Always", "IfNotPresent", "Never"):
        yield Refusal(f"{at}.imagePullPolicy", "Unsupported value")
    for mount in mappings(container.get("volumeMounts")):
        if str(mount.get("name")) not in volumes:
            yield Refusal(f"{at}.volumeMounts", f'Not found: "{mount.get("name")}"')


def _resources(resources: Fields, at: str) -> Iterator[Refusal]:
    for part in ("limits", "requests"):
        for name, amount in mapping(resources.get(part)).items():
            size = quantity.value(amount)
            if size is None or size < 0:
                yield Refusal(f"{at}.{part}[{name}]", f"{amount!r} is no quantity")
    limits = mapping(resources.get("limits"))
    for name, amount in mapping(resources.get("requests")).items():
        asked, limit = quantity.value(amount), quantity.value(limits.get(name, ""))
        if asked is not None and limit is not None and asked > limit:
            what = f"must be less than or equal to {name} limit of {limits[name]}"
            yield Refusal(f"{at}.requests", what)


def _service(o: Object) -> Iterator[Refusal]:
    spec = mapping(o.get("spec"))
    yield from _unknown(spec, _SERVICE, ".spec")
    headless = spec.get("clusterIP") == "None"
    if spec.get("type") not in ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"):
        yield Refusal("spec.type", "Unsupported value")
    if headless and spec.get("type") in ("NodePort", "LoadBalancer"):
        yield Refusal("spec.clusterIPs[0]", "may not be set to 'None' for this type of Service")
    if (
        not headless
        and spec.get("type") != "ExternalName"
        and not spec.get("ports")
        and (spec.get("clusterIP"))
    ):
        yield Refusal("spec.ports", "Required value")


def _network_policy(o: Object) -> Iterator[Refusal]:
    spec = mapping(o.get("spec"))
    yield from _unknown(spec, _NETWORK_POLICY, ".spec")
    for direction, side in (("ingress", "from"), ("egress", "to")):
        for rule in mappings(spec.get(direction)):
            for peer in mappings(rule.get(side)):
                block = mapping(peer.get("ipBlock"))
                if "ipBlock" in peer and not _is_cidr(block.get("cidr")):
                    what = f"{block.get('cidr')!r} is no CIDR"
                    yield Refusal(f"spec.{direction}.{side}.ipBlock.cidr", what)
            for port in mappings(rule.get("ports")):
                number = port.get("port")
                if isinstance(number, int) and not 1 <= number <= 65535:
                    yield Refusal(f"spec.{direction}.ports.port", f"{number} is no port")
                if port.get("protocol") not in ("TCP", "UDP", "SCTP"):
                    yield Refusal(f"spec.{direction}.ports.protocol", "Unsupported value")


def _is_cidr(text: object) -> bool:
    try:
        ipaddress.ip_network(str(text), strict=False)
    except ValueError:
        return False
    return "/" in str(text)


def _role(o: Object) -> Iterator[Refusal]:
    for number, rule in enumerate(mappings(o.get("rules"))):
        at = f"rules[{number}]"
        urls = listing(rule.get("nonResourceURLs"))
        yield from _unknown(
            rule, {"apiGroups", "nonResourceURLs", "resourceNames", "resources", "verbs"}, f".{at}"
        )
        if not listing(rule.get("verbs")):
            yield Refusal(f"{at}.verbs", "verbs must contain at least one value")
        if urls and o["kind"] == "Role":
            yield Refusal(f"{at}.nonResourceURLs", "namespaced rules cannot apply to them")
        if not urls and not listing(rule.get("apiGroups")):
            yield Refusal(f"{at}.apiGroups", "resource rules must supply at least one api group")
        if not urls and not listing(rule.get("resources")):
            yield Refusal(f"{at}.resources", "resource rules must supply at least one resource")


def _quantities(fields: object, at: str) -> Iterator[Refusal]:
    for name, amount in mapping(fields).items():
        if quantity.value(amount) is None:
            yield Refusal(f"{at}[{name}]", f"{amount!r} is no quantity")


def _quota(o: Object) -> Iterator[Refusal]:
    yield from _quantities(mapping(o.get("spec")).get("hard"), "spec.hard")


_KINDS: dict[str, Callable[[Object], Iterator[Refusal]]] = {
    "Namespace": _namespace,
    "StatefulSet": _statefulset,
    "Job": _job,
    "Service": _service,
    "NetworkPolicy": _network_policy,
    "ClusterRole": _role,
    "Role": _role,
    "ResourceQuota": _quota,
}
