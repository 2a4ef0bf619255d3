"""Kinds with few rules: Namespace, ConfigMap, Secret, ServiceAccount, quotas, claims and classes.

Source: k8s.io/kubernetes, pkg/apis/core/validation and pkg/apis/scheduling/validation; for the
labels of a Namespace k8s.io/pod-security-admission, api/helpers.go.
"""

from __future__ import annotations

from fcgitops.core.lazy import regex
from fcgitops.kubernetes import amounts, metadata, names, volumes
from fcgitops.kubernetes.field import USELESS, Field
from fcgitops.kubernetes.podsecurity import LEVELS, MODES
from fcgitops.kubernetes.references import SYSTEM_PRIORITIES
from fcgitops.text import jsonio

MOST_BYTES = 1024 * 1024
"""Of a ConfigMap or a Secret: MaxSecretSize."""
_VERSION = regex(r"latest|v1\.(0|[1-9][0-9]*)")
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
        level, version = labels[f"{MODES}{mode}"], labels[f"{MODES}{mode}-version"]
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


def priority_class(item: Field) -> None:
    """ValidatePriorityClass."""
    metadata.metadata(item["metadata"], names.dns_subdomain, namespaced=False)
    name = item["metadata"]["name"]
    if name.text.startswith("system-"):
        if SYSTEM_PRIORITIES.get(name.text) != item["value"].number or item["globalDefault"]:
            name.invalid("names that begin with system- are Kubernetes' own")
    elif item["value"].number > _MOST_PRIORITY:
        item["value"].invalid(f"must be no more than {_MOST_PRIORITY}")
    item["preemptionPolicy"].one_of_if_given(("PreemptLowerPriority", "Never"))
