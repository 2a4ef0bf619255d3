"""Kinds with few rules: Namespace, ConfigMap, Secret, ServiceAccount, quotas, claims and classes.

Source: k8s.io/kubernetes, pkg/apis/core/validation and pkg/apis/scheduling/validation; for the
labels of a Namespace k8s.io/pod-security-admission, api/helpers.go.
"""

from __future__ import annotations

import re

from fcgitops.kubernetes import amounts, metadata, names, quantity, scheduling, volumes
from fcgitops.kubernetes.field import USELESS, Field
from fcgitops.text import jsonio

MOST_BYTES = 1024 * 1024
"""Of a ConfigMap or a Secret: MaxSecretSize."""
LEVELS = ("privileged", "baseline", "restricted")
_LEVEL = "pod-security.kubernetes.io/"
_VERSION = re.compile(r"latest|v1\.(0|[1-9][0-9]*)")
_SECRET_KEYS = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}
_MOST_PRIORITY = 1_000_000_000


def namespace(item: Field) -> None:
    """ValidateNamespace, and the levels that Pod Security reads from its labels."""
    metadata.metadata(item["metadata"], names.dns_label, namespaced=False)
    labels = item["metadata"]["labels"]
    for mode in ("enforce", "audit", "warn"):
        level, version = labels[_LEVEL + mode], labels[f"{_LEVEL}{mode}-version"]
        if level.given and level.text not in LEVELS:
            level.unsupported(LEVELS)
        if version.given and not _VERSION.fullmatch(version.text):
            version.invalid("must be latest or v1.N")
    for finalizer in item["spec"]["finalizers"]:
        metadata.finalizer(finalizer)
    name = labels["kubernetes.io/metadata.name"]
    if name.given and name.text != item["metadata"]["name"].text:
        name.fault("is written over with the Namespace's name", USELESS)


def config_map(item: Field) -> None:
    """ValidateConfigMap."""
    metadata.metadata(item["metadata"], names.dns_subdomain, namespaced=True)
    total = 0
    for part in ("data", "binaryData"):
        for key, value in item[part].entries():
            if complaint := names.key(key):
                value.fault(f"the key is wrong: {complaint}")
            if part == "data" and item["binaryData"][key].given:
                value.fault("is in binaryData, too")
            held = value.value
            total += len(held.encode() if isinstance(held, str) else held)
    if total > MOST_BYTES:
        item.fault(f"holds {total} bytes; {MOST_BYTES} is the most")


def secret(item: Field) -> None:
    """ValidateSecret; stringData is written over data before."""
    metadata.metadata(item["metadata"], names.dns_subdomain, namespaced=True)
    held = {key: value.value for key, value in item["data"].entries()}
    held |= {key: value.text.encode() for key, value in item["stringData"].entries()}
    for part in ("data", "stringData"):
        for key, value in item[part].entries():
            if complaint := names.key(key):
                value.fault(f"the key is wrong: {complaint}")
    if sum(map(len, held.values())) > MOST_BYTES:
        item["data"].fault(f"are more than {MOST_BYTES} bytes")
    kind = item["type"].text
    for key in _SECRET_KEYS.get(kind, ()):
        if key not in held or (kind.endswith("ssh-auth") and not held[key]):
            item["data"][key].required(f"in a Secret of the type {kind}")
        elif kind.startswith("kubernetes.io/docker"):
            try:
                right = isinstance(jsonio.load(held[key]), dict)
            except ValueError:
                right = False
            if not right:
                item["data"][key].fault("is no JSON object")
    if kind == "kubernetes.io/basic-auth" and not {"username", "password"} & held.keys():
        item["data"].required("username or password")
    account = item["metadata"]["annotations"]["kubernetes.io/service-account.name"]
    if kind == "kubernetes.io/service-account-token" and not account:
        account.required("in a Secret of this type")


def service_account(item: Field) -> None:
    """ValidateServiceAccount."""
    metadata.metadata(item["metadata"], names.dns_subdomain, namespaced=True)


def resource_quota(item: Field) -> None:
    """ValidateResourceQuota."""
    metadata.metadata(item["metadata"], names.dns_subdomain, namespaced=True)
    amounts.quota(item["spec"])


def limit_range(item: Field) -> None:
    """ValidateLimitRange."""
    metadata.metadata(item["metadata"], names.dns_subdomain, namespaced=True)
    amounts.limit_range(item["spec"])


def claim(item: Field) -> None:
    """ValidatePersistentVolumeClaim."""
    metadata.metadata(item["metadata"], names.dns_subdomain, namespaced=True)
    volumes.claim(item["spec"])


_NOT_PERSISTENT = {
    "emptyDir", "gitRepo", "secret", "configMap", "downwardAPI", "projected", "ephemeral", "image",
    "persistentVolumeClaim",
}  # fmt: skip


def volume(item: Field) -> None:
    """ValidatePersistentVolume."""
    metadata.metadata(item["metadata"], names.dns_subdomain, namespaced=False)
    spec = item["spec"]
    volumes.access_modes(spec["accessModes"])
    capacity = spec["capacity"]
    if [key for key, _ in capacity.entries()] != ["storage"]:
        capacity.required("storage, and nothing else")
    for _, value in capacity.entries():
        found = quantity.parse(value.value)
        if found is not None and found.amount <= 0:
            value.invalid("must be more than 0")
    if spec["persistentVolumeReclaimPolicy"]:
        spec["persistentVolumeReclaimPolicy"].one_of(("Delete", "Recycle", "Retain"))
    if spec["volumeMode"].given:
        spec["volumeMode"].one_of(("Block", "Filesystem"))
    if spec["storageClassName"]:
        spec["storageClassName"].must(names.dns_subdomain(spec["storageClassName"].text))
    required = spec["nodeAffinity"]["required"]
    if spec["nodeAffinity"].given and not required.given:
        required.required()
    if required.given and not required["nodeSelectorTerms"]:
        required["nodeSelectorTerms"].required("one term at least")
    for term in required["nodeSelectorTerms"]:
        scheduling.node_term(term, required=True)
    sources = {k: r for k, r in volumes.SOURCES.items() if k not in _NOT_PERSISTENT}
    sources |= {"local": _local, "csi": _persistent_csi}
    given = [key for key in sources if spec[key].given]
    if not given:
        spec.required("a kind of volume")
    volumes.source(spec, sources)
    if spec["volumeAttributesClassName"].given and not spec["csi"].given:
        spec["csi"].required("with volumeAttributesClassName")
    if spec["local"].given and not required.given:
        required.required("with local")


def _local(found: Field) -> None:
    """ValidateLocalVolumeSource."""
    if not found["path"]:
        found["path"].required()
    found["path"].must(names.no_backsteps(found["path"].text))


def _persistent_csi(found: Field) -> None:
    """ValidateCSIPersistentVolumeSource."""
    volumes.csi_driver(found["driver"])
    if not found["volumeHandle"]:
        found["volumeHandle"].required()
    for key in ("controllerPublish", "controllerExpand", "nodePublish", "nodeExpand"):
        reference = found[f"{key}SecretRef"]
        if reference.given:
            for part in ("name", "namespace"):
                if not reference[part]:
                    reference[part].required()


def priority_class(item: Field) -> None:
    """ValidatePriorityClass."""
    metadata.metadata(item["metadata"], names.dns_subdomain, namespaced=False)
    name = item["metadata"]["name"]
    if name.text.startswith("system-"):
        known = {"system-cluster-critical": 2000000000, "system-node-critical": 2000001000}
        if known.get(name.text) != item["value"].number or item["globalDefault"]:
            name.invalid("names that begin with system- are Kubernetes' own")
    elif item["value"].number > _MOST_PRIORITY:
        item["value"].invalid(f"must be no more than {_MOST_PRIORITY}")
    if item["preemptionPolicy"].given:
        item["preemptionPolicy"].one_of(("PreemptLowerPriority", "Never"))
