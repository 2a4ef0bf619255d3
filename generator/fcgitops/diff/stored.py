"""An object as the API server stores it, as far as that follows from the object alone.

A StatefulSet's Pod is replaced when its *stored* template changes, so what the API server would
fill in, drop or rewrite must make no difference here: defaults, empty lists, the spelling of
quantities. Sources: pkg/apis/{core,apps,batch,networking}/v1/defaults.go of Kubernetes 1.34 and
the `omitempty` of its types. `tests/e2e/test_diff_server.py` holds it to a real API server.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fcgitops.kubernetes.objects import (
    PROBES,
    Fields,
    Object,
    containers_of,
    group,
    mapping,
    mappings,
)
from fcgitops.kubernetes.quantity import canonical
from fcgitops.text import images

_TEXT_MAPS = {"labels", "annotations", "nodeSelector", "matchLabels", "data", "binaryData",
              "stringData", "limits", "requests", "hard", "overhead", "selector"}  # fmt: skip
"""Maps of the user's own keys: an empty text in them means something, an empty map does not."""
_FALSE_IS_ABSENT = {"readOnly", "stdin", "stdinOnce", "tty", "hostNetwork", "hostPID", "hostIPC",
                    "publishNotReadyAddresses"}  # fmt: skip
_ZERO_IS_ABSENT = {"initialDelaySeconds", "minReadySeconds", "nodePort", "hostPort",
                   "timeoutSeconds", "periodSeconds", "successThreshold",
                   "failureThreshold"}  # fmt: skip


def stored(o: Object) -> Object:
    """A copy of the object with defaults filled in and quantities in their one form.

    What is not as the schema has it stays as it is: the API server refuses it, which others say.
    """
    found: Object = _lean(o)
    found.pop("status", None)
    found.setdefault("metadata", {}).pop("creationTimestamp", None)
    fill = _KINDS.get((group(o), str(o["kind"])))
    if fill:
        fill(found)
    return found


def pod_template(spec: Fields) -> Fields:
    """`spec.template` of a stored workload; {} where there is none."""
    return mapping(spec.get("template"))


def _lean(value: Any, key: str = "") -> Any:  # noqa: ANN401
    """Without nulls, empty lists, empty texts and maps: what Go's `omitempty` leaves out."""
    if isinstance(value, list):
        return [_lean(item) for item in value]
    if not isinstance(value, dict):
        return value
    if key in _TEXT_MAPS:
        return {name: item for name, item in value.items() if item is not None}
    lean = {name: _lean(item, name) for name, item in value.items()}
    return {name: item for name, item in lean.items() if not _is_absent(name, item, key)}


def _is_absent(name: str, value: object, within: str) -> bool:
    if value is None or value in ([], ""):
        return True
    if value == {}:
        return name in _TEXT_MAPS
    if value is False:
        return name in _FALSE_IS_ABSENT and within != "csi"  # there it is a pointer
    return value == 0 and not isinstance(value, bool) and name in _ZERO_IS_ABSENT


def _default(fields: Fields, **defaults: object) -> None:
    for name, value in defaults.items():
        fields.setdefault(name, value)


def _quantities(fields: Fields, *names: str) -> None:
    for name in names:
        amounts = fields.get(name)
        if isinstance(amounts, dict):
            fields[name] = {key: canonical(amount) for key, amount in amounts.items()}


def _resources(resources: Fields) -> None:
    _quantities(resources, "limits", "requests")


def _template(template: Fields) -> None:
    pod = template.get("spec")
    if not isinstance(pod, dict):
        return
    _default(
        pod, restartPolicy="Always", dnsPolicy="ClusterFirst", schedulerName="default-scheduler",
        terminationGracePeriodSeconds=30, securityContext={},
    )  # fmt: skip
    account = pod.pop("serviceAccount", None)
    if account and not pod.get("serviceAccountName"):
        pod["serviceAccountName"] = account
    for container in containers_of(pod):
        _container(container, host_network=pod.get("hostNetwork") is True)
    for volume in mappings(pod.get("volumes")):
        _volume(volume)


def _container(container: Fields, *, host_network: bool) -> None:
    reference = str(container.get("image", ""))
    latest = "@" not in reference and images.split(reference)[1] in ("", "latest")
    _default(
        container, terminationMessagePath="/dev/termination-log", terminationMessagePolicy="File",
        imagePullPolicy="Always" if latest else "IfNotPresent", resources={},
    )  # fmt: skip
    _resources(mapping(container.get("resources")))
    if isinstance(container.get("securityContext"), dict):
        _default(container["securityContext"], procMount="Default")
    for port in mappings(container.get("ports")):
        _default(port, protocol="TCP")
        if host_network and port.get("containerPort"):
            _default(port, hostPort=port["containerPort"])
    for name in PROBES:
        if isinstance(container.get(name), dict):
            _default(container[name], timeoutSeconds=1, periodSeconds=10, successThreshold=1,
                     failureThreshold=3)  # fmt: skip
            _handler(container[name])
    for handler in mapping(container.get("lifecycle")).values():
        _handler(mapping(handler))
    for variable in mappings(container.get("env")):
        origin = mapping(variable.get("valueFrom"))
        if isinstance(origin.get("fieldRef"), dict):
            _default(origin["fieldRef"], apiVersion="v1")
        if isinstance(origin.get("resourceFieldRef"), dict):
            asked = origin["resourceFieldRef"]
            asked["divisor"] = canonical(asked.get("divisor", "0"))


def _handler(handler: Fields) -> None:
    if isinstance(handler.get("httpGet"), dict):
        _default(handler["httpGet"], path="/", scheme="HTTP")
    if isinstance(handler.get("grpc"), dict):
        _default(handler["grpc"], service="")


_VOLUMES: dict[str, Fields] = {
    **{name: {"defaultMode": 420} for name in ("configMap", "secret", "downwardAPI", "projected")},
    "hostPath": {"type": ""},
    "iscsi": {"iscsiInterface": "default"},
    "rbd": {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"},
    "azureDisk": {
        "cachingMode": "ReadWrite",
        "fsType": "ext4",
        "kind": "Shared",
        "readOnly": False,
    },
    "scaleIO": {"storageMode": "ThinProvisioned", "fsType": "xfs"},
}
"""Kind of a volume → what the API server fills in."""


def _volume(volume: Fields) -> None:
    if set(volume) == {"name"}:
        volume["emptyDir"] = {}
    for name, defaults in _VOLUMES.items():
        if isinstance(volume.get(name), dict):
            _default(volume[name], **defaults)
    claim = mapping(mapping(volume.get("ephemeral")).get("volumeClaimTemplate"))
    _claim(mapping(claim.get("spec")))
    empty = mapping(volume.get("emptyDir"))
    if "sizeLimit" in empty:
        empty["sizeLimit"] = canonical(empty["sizeLimit"])
    items = mappings(mapping(volume.get("downwardAPI")).get("items"))
    for source in mappings(mapping(volume.get("projected")).get("sources")):
        if isinstance(source.get("serviceAccountToken"), dict):
            _default(source["serviceAccountToken"], expirationSeconds=3600)
        items = [*items, *mappings(mapping(source.get("downwardAPI")).get("items"))]
    for item in items:
        if isinstance(item.get("fieldRef"), dict):
            _default(item["fieldRef"], apiVersion="v1")


def _claim(spec: Fields) -> None:
    _default(spec, volumeMode="Filesystem")
    _resources(mapping(spec.get("resources")))


def _statefulset(o: Object) -> None:
    spec = mapping(o.get("spec"))
    _default(
        spec, replicas=1, podManagementPolicy="OrderedReady", revisionHistoryLimit=10,
        updateStrategy={},
        persistentVolumeClaimRetentionPolicy={},
    )  # fmt: skip
    _default(mapping(spec["persistentVolumeClaimRetentionPolicy"]), whenDeleted="Retain",
             whenScaled="Retain")  # fmt: skip
    strategy = mapping(spec["updateStrategy"])
    _default(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        _default(strategy, rollingUpdate={})
        _default(mapping(strategy["rollingUpdate"]), partition=0)
    for claim in mappings(spec.get("volumeClaimTemplates")):
        claim.pop("status", None)
        _default(claim, apiVersion="v1", kind="PersistentVolumeClaim")
        _claim(mapping(claim.get("spec")))
    _template(pod_template(spec))


def _deployment(o: Object) -> None:
    spec = mapping(o.get("spec"))
    _default(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600, strategy={})
    _default(mapping(spec["strategy"]), type="RollingUpdate")
    _template(pod_template(spec))


def _workload(o: Object) -> None:
    _template(pod_template(mapping(o.get("spec"))))


def _job(o: Object) -> None:
    spec = mapping(o.get("spec"))
    _default(spec, completionMode="NonIndexed", backoffLimit=6, suspend=False,
             manualSelector=False)  # fmt: skip
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    _default(spec, parallelism=1)
    for rule in mappings(mapping(spec.get("podFailurePolicy")).get("rules")):
        for condition in mappings(rule.get("onPodConditions")):
            _default(condition, status="True")
    _template(pod_template(spec))


def _service(o: Object) -> None:
    spec = mapping(o.get("spec"))
    _default(spec, type="ClusterIP", sessionAffinity="None", internalTrafficPolicy="Cluster")
    for port in mappings(spec.get("ports")):
        _default(port, protocol="TCP")
        _default(port, targetPort=port.get("port"))


def _network_policy(o: Object) -> None:
    spec = mapping(o.get("spec"))
    _default(spec, policyTypes=["Ingress", "Egress"] if "egress" in spec else ["Ingress"])
    for rule in [*mappings(spec.get("ingress")), *mappings(spec.get("egress"))]:
        for port in mappings(rule.get("ports")):
            _default(port, protocol="TCP")


def _binding(o: Object) -> None:
    _default(mapping(o.get("roleRef")), apiGroup="rbac.authorization.k8s.io")
    for subject in mappings(o.get("subjects")):
        if subject.get("kind") in ("User", "Group"):
            _default(subject, apiGroup="rbac.authorization.k8s.io")


def _crd(o: Object) -> None:
    spec = mapping(o.get("spec"))
    _default(spec, conversion={"strategy": "None"})
    names = mapping(spec.get("names"))
    kind = str(names.get("kind", ""))
    _default(names, listKind=f"{kind}List", singular=kind.lower())


def _quota(o: Object) -> None:
    _quantities(mapping(o.get("spec")), "hard")


def _limit_range(o: Object) -> None:
    for limit in mappings(mapping(o.get("spec")).get("limits")):
        _quantities(limit, "max", "min", "default", "defaultRequest", "maxLimitRequestRatio")
        if limit.get("type") == "Container":
            _fill(limit, "default", "max")
            _fill(limit, "defaultRequest", "default")
            _fill(limit, "defaultRequest", "min")


def _fill(limit: Fields, name: str, other: str) -> None:
    """Amounts that are not given are those of another field: SetDefaults_LimitRangeItem."""
    amounts = {**mapping(limit.get(other)), **mapping(limit.get(name))}
    if amounts:
        limit[name] = amounts


def _pvc(o: Object) -> None:
    _claim(mapping(o.get("spec")))


_KINDS: dict[tuple[str, str], Callable[[Object], None]] = {
    ("apps", "StatefulSet"): _statefulset,
    ("apps", "Deployment"): _deployment,
    ("apps", "DaemonSet"): _workload,
    ("batch", "Job"): _job,
    ("", "Service"): _service,
    ("", "ResourceQuota"): _quota,
    ("", "LimitRange"): _limit_range,
    ("", "PersistentVolumeClaim"): _pvc,
    ("networking.k8s.io", "NetworkPolicy"): _network_policy,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): _binding,
    ("rbac.authorization.k8s.io", "RoleBinding"): _binding,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _crd,
}
