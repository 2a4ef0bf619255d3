"""How the objects of one environment refer to each other: the edges of its diagram."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from fcgitops.kubernetes import metadata, references
from fcgitops.kubernetes.field import Field
from fcgitops.kubernetes.objects import Fields, Object, mapping, mappings, name, namespace, pod_spec

_TEMPLATED = ("StatefulSet", "Deployment", "DaemonSet", "ReplicaSet", "Job")
_BINDINGS = ("RoleBinding", "ClusterRoleBinding")
_WHY = {
    "serviceAccountName": "runs as",
    "priorityClassName": "has the priority of",
    "runtimeClassName": "runs in",
    "schedulerName": "is placed by",
    "imagePullSecrets": "is pulled with",
    "resourceClaims": "is given",
    "volumes": "mounts",
    "containers": "reads",
}
"""Field of a Pod → what an object that it names is to it."""


class Edge(NamedTuple):
    """One object needs, or acts on, another."""

    source: int
    """The place of the one in the objects."""
    why: str
    """In a few words: "mounts", "runs as"."""
    target: int
    """The place of the other; -1 where it is none of the objects."""
    label: str
    """Kind and name of the other."""


def edges(objects: Sequence[Object]) -> list[Edge]:
    """Every reference between the objects, and to objects that are not among them."""
    places: dict[tuple[str, str, str], int] = {}
    for place, o in enumerate(objects):
        places.setdefault((o["kind"], namespace(o), name(o)), place)
    found: dict[Edge, None] = {}
    for source, o in enumerate(objects):
        for why, kind, space, named in _named(o):
            target = places.get((kind, space, named), places.get((kind, "", named), -1))
            found[Edge(source, why, target, f"{kind}/{named}")] = None
        for why, target in _selected(o, objects):
            other = objects[target]
            found[Edge(source, why, target, f"{other['kind']}/{name(other)}")] = None
    return [edge for edge in found if edge.source != edge.target]


def _named(o: Object) -> Iterator[tuple[str, str, str, str]]:
    """(why, kind, namespace, name) of what an object names."""
    kind, space, spec = o["kind"], namespace(o), mapping(o.get("spec"))
    if kind in _TEMPLATED:
        yield from ((why, other, space, named) for why, other, named in _of_pod(pod_spec(o)))
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


def _of_pod(pod: Fields) -> Iterator[tuple[str, str, str]]:
    """(why, kind, name) of what a Pod names."""
    for kind, named, place, *_ in references.of_pod(pod):
        yield _WHY[place.partition("[")[0]], kind, named


def _selected(o: Object, objects: Sequence[Object]) -> Iterator[tuple[str, int]]:
    """(why, place) of the workloads whose Pods an object selects by labels."""
    spec = mapping(o.get("spec"))
    if o["kind"] == "Service":
        why, chosen = "leads to", {"matchLabels": mapping(spec.get("selector"))}
        if not spec.get("selector"):  # its addresses are given by hand
            return
    elif o["kind"] == "NetworkPolicy":
        why, chosen = "limits", mapping(spec.get("podSelector"))
    else:
        return
    selector = Field.of(chosen)
    for place, other in enumerate(objects):
        if other["kind"] in _TEMPLATED and namespace(other) == namespace(o):
            template = mapping(mapping(other.get("spec")).get("template"))
            labels = mapping(mapping(template.get("metadata")).get("labels"))
            if metadata.matches(selector, labels):
                yield why, place
