"""What a Pod names: accounts, ConfigMaps, Secrets, claims, classes, and where it does.

Source: the fields of PodSpec in the API reference of Kubernetes that hold another object's name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from fcgitops.kubernetes.objects import Fields, mapping, mappings

_ONE = {
    "serviceAccountName": "ServiceAccount",
    "priorityClassName": "PriorityClass",
    "runtimeClassName": "RuntimeClass",
    "schedulerName": "scheduler",
}
"""Fields that hold a name."""
SYSTEM_PRIORITIES = {"system-cluster-critical": 2000000000, "system-node-critical": 2000001000}
"""PriorityClasses that every cluster has → their values (pkg/apis/scheduling/types.go)."""
_CLAIMS = {
    "resourceClaimName": "ResourceClaim",
    "resourceClaimTemplateName": "ResourceClaimTemplate",
}
"""Fields of `resourceClaims` that hold a name; the template is made a claim of the Pod's own
(pkg/controller/resourceclaim)."""
_VOLUMES = {"configMap": "ConfigMap", "secret": "Secret"}
_VARIABLE = {"configMapKeyRef": "ConfigMap", "secretKeyRef": "Secret"}
_VARIABLES = {"configMapRef": "ConfigMap", "secretRef": "Secret"}


class Reference(NamedTuple):
    """One object that a Pod names, of its own namespace or of none."""

    kind: str
    name: str
    place: str
    """The field, from the Pod's spec: volumes[config].configMap."""
    key: str = ""
    """The key in it; empty for all of it."""
    optional: bool = False
    """Whether the Pod starts without it."""

    @property
    def is_volume(self) -> bool:
        """Whether a volume is made of it."""
        return self.place.startswith("volumes[")


def of_pod(pod: Fields) -> Iterator[Reference]:
    """Everything that a Pod names.

    Args:
        pod: its spec.
    """
    for field, kind in _ONE.items():
        if pod.get(field):
            yield Reference(kind, str(pod[field]), field)
    for secret in mappings(pod.get("imagePullSecrets")):
        yield Reference("Secret", str(secret.get("name")), "imagePullSecrets", optional=True)
    for claim in mappings(pod.get("resourceClaims")):
        for field, kind in _CLAIMS.items():
            if claim.get(field):
                place = f"resourceClaims[{claim.get('name')}].{field}"
                yield Reference(kind, str(claim[field]), place)
    for volume in mappings(pod.get("volumes")):
        yield from _of_volume(volume)
    for field in ("initContainers", "containers"):
        for container in mappings(pod.get(field)):
            yield from _of_container(container)


def _of_volume(volume: Fields) -> Iterator[Reference]:
    place = f"volumes[{volume.get('name')}]"
    if claim := mapping(volume.get("persistentVolumeClaim")).get("claimName"):
        yield Reference("PersistentVolumeClaim", str(claim), place)
    for field, source in volume.items():
        for key in ("secretRef", "nodePublishSecretRef"):
            if name := mapping(mapping(source).get(key)).get("name"):
                yield Reference("Secret", str(name), f"{place}.{field}.{key}")
    if name := mapping(volume.get("azureFile")).get("secretName"):
        yield Reference("Secret", str(name), f"{place}.azureFile")
    for part in (volume, *mappings(mapping(volume.get("projected")).get("sources"))):
        for field, kind in _VOLUMES.items():
            if isinstance(source := part.get(field), dict):
                keys = [str(item.get("key")) for item in mappings(source.get("items"))]
                for key in keys or [""]:
                    yield _named(kind, source, f"{place}.{field}", key)


def _of_container(container: Fields) -> Iterator[Reference]:
    place = f"containers[{container.get('name')}]"
    for source in mappings(container.get("envFrom")):
        for field, kind in _VARIABLES.items():
            if isinstance(found := source.get(field), dict):
                yield _named(kind, found, f"{place}.envFrom")
    for variable in mappings(container.get("env")):
        origin = mapping(variable.get("valueFrom"))
        for field, kind in _VARIABLE.items():
            if isinstance(found := origin.get(field), dict):
                at = f"{place}.env[{variable.get('name')}]"
                yield _named(kind, found, at, str(found.get("key") or ""))


def _named(kind: str, source: Fields, place: str, key: str = "") -> Reference:
    """A reference by `name`, or `secretName` in a volume."""
    name = str(source.get("name") or source.get("secretName") or "")
    return Reference(kind, name, place, key, bool(source.get("optional")))
