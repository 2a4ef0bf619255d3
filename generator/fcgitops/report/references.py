"""How the objects of one environment refer to each other: the edges of its diagram."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from fcgitops.kubernetes.objects import Object, listing, mapping, mappings, name, namespace

_TEMPLATED = ("StatefulSet", "Deployment", "DaemonSet", "ReplicaSet", "Job")
_BINDINGS = ("RoleBinding", "ClusterRoleBinding")
_VOLUMES = {
    "configMap": ("ConfigMap", "name"),
    "secret": ("Secret", "secretName"),
    "persistentVolumeClaim": ("PersistentVolumeClaim", "claimName"),
}
"""Source of a volume → the kind that it takes, and the key that names it."""
_PROJECTED = {"configMap": "ConfigMap", "secret": "Secret"}
_VARIABLES = {"configMapKeyRef": "ConfigMap", "secretKeyRef": "Secret"}
_ALL_VARIABLES = {"configMapRef": "ConfigMap", "secretRef": "Secret"}


class Reference(NamedTuple):
    """One object needs, or acts on, another."""

    source: int
    """The place of the one in the objects."""
    why: str
    """In a few words: "mounts", "runs as"."""
    target: int
    """The place of the other; -1 where it is none of the objects."""
    label: str
    """Kind and name of the other."""


def references(objects: Sequence[Object]) -> list[Reference]:
    """Every reference between the objects, and to objects that are not among them."""
    places: dict[tuple[str, str, str], int] = {}
    for place, o in enumerate(objects):
        places.setdefault((o["kind"], namespace(o), name(o)), place)
    found: dict[Reference, None] = {}
    for source, o in enumerate(objects):
        for why, kind, space, named in _named(o):
            target = places.get((kind, space, named), places.get((kind, "", named), -1))
            found[Reference(source, why, target, f"{kind}/{named}")] = None
        for why, target in _selected(o, objects):
            other = objects[target]
            found[Reference(source, why, target, f"{other['kind']}/{name(other)}")] = None
    return [reference for reference in found if reference.source != reference.target]


def _named(o: Object) -> Iterator[tuple[str, str, str, str]]:
    """(why, kind, namespace, name) of what an object names."""
    kind, space, spec = o["kind"], namespace(o), mapping(o.get("spec"))
    if kind in _TEMPLATED:
        pod = mapping(mapping(spec.get("template")).get("spec"))
        yield from ((why, other, space, named) for why, other, named in _of_pod(pod))
    if kind == "StatefulSet" and spec.get("serviceName"):
        yield "has the addresses of", "Service", space, str(spec["serviceName"])
    if kind in _BINDINGS:
        role = mapping(o.get("roleRef"))
        yield "grants", str(role.get("kind")), space, str(role.get("name"))
        for subject in mappings(o.get("subjects")):
            of = str(subject.get("namespace") or space)
            yield "to", str(subject.get("kind")), of, str(subject.get("name"))
    if kind == "PersistentVolumeClaim" and spec.get("volumeName"):
        yield "takes", "PersistentVolume", "", str(spec["volumeName"])
    if kind == "ValidatingAdmissionPolicyBinding" and spec.get("policyName"):
        yield "enforces", "ValidatingAdmissionPolicy", "", str(spec["policyName"])


def _of_pod(pod: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(why, kind, name) of what a Pod names; of its own namespace, or of none."""
    if pod.get("serviceAccountName"):
        yield "runs as", "ServiceAccount", str(pod["serviceAccountName"])
    if pod.get("priorityClassName"):
        yield "has the priority of", "PriorityClass", str(pod["priorityClassName"])
    for secret in mappings(pod.get("imagePullSecrets")):
        yield "is pulled with", "Secret", str(secret.get("name"))
    for volume in mappings(pod.get("volumes")):
        yield from _of_volume(volume)
    containers = [*listing(pod.get("initContainers")), *listing(pod.get("containers"))]
    for container in mappings(containers):
        yield from _of_container(container)


def _of_volume(volume: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for source, (kind, key) in _VOLUMES.items():
        if source in volume:
            yield "mounts", kind, str(mapping(volume[source]).get(key))
    for part in mappings(mapping(volume.get("projected")).get("sources")):
        for source, kind in _PROJECTED.items():
            if source in part:
                yield "mounts", kind, str(mapping(part[source]).get("name"))


def _of_container(container: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for variable in mappings(container.get("env")):
        for source, reference in mapping(variable.get("valueFrom")).items():
            if source in _VARIABLES:
                yield "reads", _VARIABLES[source], str(mapping(reference).get("name"))
    for variables in mappings(container.get("envFrom")):
        for source, kind in _ALL_VARIABLES.items():
            if source in variables:
                yield "reads", kind, str(mapping(variables[source]).get("name"))


def _selected(o: Object, objects: Sequence[Object]) -> Iterator[tuple[str, int]]:
    """(why, place) of the workloads whose Pods an object selects by labels."""
    spec = mapping(o.get("spec"))
    if o["kind"] == "Service":
        why, wanted = "leads to", mapping(spec.get("selector"))
        if not wanted:  # its addresses are given by hand
            return
    elif o["kind"] == "NetworkPolicy":
        why, wanted = "limits", mapping(mapping(spec.get("podSelector")).get("matchLabels"))
        if mapping(spec.get("podSelector")).get("matchExpressions"):
            return
    else:
        return
    for place, other in enumerate(objects):
        if other["kind"] in _TEMPLATED and namespace(other) == namespace(o):
            template = mapping(mapping(other.get("spec")).get("template"))
            labels = mapping(mapping(template.get("metadata")).get("labels"))
            if wanted.items() <= labels.items():
                yield why, place
