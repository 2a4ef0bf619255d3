"""`expects` of an environment: what is on its cluster, though nothing here renders it."""

from __future__ import annotations

from fcgitops.kubernetes import names
from fcgitops.text.values import did_you_mean
from fcgitops.text.words import shown

KINDS = {
    "configMaps": "ConfigMap",
    "secrets": "Secret",
    "persistentVolumeClaims": "PersistentVolumeClaim",
    "resourceClaims": "ResourceClaim",
    "resourceClaimTemplates": "ResourceClaimTemplate",
    "priorityClasses": "PriorityClass",
    "runtimeClasses": "RuntimeClass",
    "serviceAccounts": "ServiceAccount",
    "namespaces": "Namespace",
    "schedulers": "scheduler",
}
"""List in `expects` → the kind that it names. ServiceAccounts are NAMESPACE/NAME."""


def check(value: object) -> str:
    """What is wrong with a value of `expects`, a line each; "" where nothing is."""
    if not isinstance(value, dict):
        return f"{shown(value)} is not a mapping (write secrets: [NAME])"
    return "\n".join(
        message for key, listed in value.items() for message in _listed(key, listed) if message
    )


def _listed(key: object, listed: object) -> list[str]:
    if key not in KINDS:
        return [f"{shown(key)} is not known ({did_you_mean(key, KINDS)})"]
    if not isinstance(listed, list):
        return [f"{key}: {shown(listed)} is not a list (write [NAME])"]
    return [f"{key}: {wrong}" for name in listed if (wrong := _name(key, name))]


def _name(key: object, name: object) -> str:
    if not isinstance(name, str):
        return f"{shown(name)} is not text (a name; quote it)"
    home, slash, last = name.rpartition("/")
    if (key == "serviceAccounts") != bool(slash):
        wanted = "NAMESPACE/NAME" if key == "serviceAccounts" else "a name alone"
        return f"{shown(name)} is not valid ({wanted})"
    wrong = names.dns_subdomain(last) or (names.dns_label(home) if slash else "")
    return f"{shown(name)} {wrong}" if wrong else ""
