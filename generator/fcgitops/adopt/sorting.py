"""What else there is beside FrameworkController: what goes to `local/`, and what stays out of Git.

Into Git goes what is tied to it. What controllers make, Secrets, Frameworks and what belongs to
others is named, with the reason why it stays where it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from fcgitops.adopt import selecting
from fcgitops.adopt.parts import writable
from fcgitops.adopt.reading import Item
from fcgitops.adopt.recognition import RUNS_PODS, Found, is_account
from fcgitops.diff.objects import bare_name, guards
from fcgitops.diff.secrecy import hide
from fcgitops.kubernetes import references
from fcgitops.kubernetes.objects import Fields, Object, group, mapping, mappings, name, namespace
from fcgitops.manifests.overlay import CONFIG_MAP
from fcgitops.model.framework import CRD
from fcgitops.programs.namehash import has_hash

_MADE = {
    "Pod", "ReplicaSet", "ControllerRevision", "Event", "Endpoints", "EndpointSlice", "Lease",
    "Node", "PodMetrics", "NodeMetrics", "ComponentStatus", "CSINode", "VolumeAttachment",
}  # fmt: skip
"""Kinds that a cluster makes by itself."""
_ALWAYS_THERE = {
    ("ConfigMap", "kube-root-ca.crt"),
    ("ServiceAccount", "default"),
    ("Service", "kubernetes"),
}
_HOOK = "is a hook, which Helm or Argo CD runs at its own times"
STAYS = "stays as it is; what leaves Git could be deleted, with all that is in it"
_STAY_OUT = {
    "Secret": "a Secret's values do not belong to Git; it has to be on the cluster",
    "Framework": "runs, and goes on",
    "Namespace": STAYS,
}
"""Kinds that never go to Git → why."""
SHARED = ("default", "kube-")
"""How the names of namespaces begin that are not FrameworkController's own."""


class LeftOut(NamedTuple):
    """An object, or a field of one, that does not go to Git."""

    what: str
    why: str


class Sorted(NamedTuple):
    """What becomes of the other objects.

    Attributes:
        pairs: those that have the name of one that is rendered.
        resources: those that are added to it.
        components: optional parts of the repository that are there already.
        left_out: the rest.
    """

    pairs: list[Item]
    resources: list[Item]
    components: list[str]
    left_out: list[LeftOut]


def is_shared(place: str) -> bool:
    """Whether a namespace is likely to be others' too."""
    return place == SHARED[0] or place.startswith(SHARED[1])


def sort(found: Found, rendered: Sequence[Object], guardrails: Iterable[Object]) -> Sorted:
    """Sorts what is not FrameworkController's own.

    Args:
        found: FrameworkController, and the others.
        rendered: what its environment renders.
        guardrails: what the component of that name renders.
    """
    known = {(o["kind"], bare_name(o)) for o in rendered}
    bounds = {(o["kind"], name(o)) for o in guardrails}
    has_bounds = bool(bounds) and bounds <= {(i.kind, name(i.object)) for i in found.others}
    outcome = Sorted([], [], ["guardrails"] if has_bounds else [], [])
    ties = _Ties(found)
    for item in found.others:
        if has_bounds and (item.kind, name(item.object)) in bounds:
            outcome.pairs.append(item)
        elif why := _stays_out(item):
            outcome.left_out.append(LeftOut(item.label, why))
        elif _is_definition(item):
            outcome.components.append("crd")
            outcome.pairs.append(item)
        elif (item.kind, bare_name(item.object)) in known:
            outcome.pairs.append(item)
        elif why := _does_not_belong(item, found.place, ties):
            outcome.left_out.append(LeftOut(item.label, why))
        else:
            outcome.resources.append(item)
    return outcome


def _is_definition(item: Item) -> bool:
    """Whether an object is the CRD of Frameworks."""
    return item.kind == "CustomResourceDefinition" and name(item.object) == CRD


def _stays_out(item: Item) -> str:
    """Why an object is none that belongs to Git, whatever it is tied to."""
    if item.kind in _STAY_OUT:
        return _STAY_OUT[item.kind]
    if item.kind in _MADE or (item.kind, name(item.object)) in _ALWAYS_THERE:
        return _HOOK if item.hook else "the cluster makes it"
    if item.kind in RUNS_PODS:
        return _HOOK if item.hook else "is another application's"
    if _is_definition(item) and item.live and not guards(item.object):
        return "FrameworkController makes it, and writes it anew at each start"
    former = item.kind == "ConfigMap" and bare_name(item.object) == CONFIG_MAP
    return "is a former configuration" if former and has_hash(name(item.object)) else ""


def _does_not_belong(item: Item, place: str, ties: _Ties) -> str:
    """Why an object that nothing of ours has the name of does not go to `local/`; empty if it does.

    Args:
        item: the object.
        place: FrameworkController's namespace.
        ties: what is FrameworkController's.
    """
    if item.hook and not ties.names(item):
        return _HOOK
    if not ties.has(item):
        return "nothing ties it to FrameworkController"
    if namespace(item.object) not in ("", place):
        return f"is in {namespace(item.object)}, and what an environment renders is in its own"
    if hide(item.object, ()) != item.object or not writable(item.object):
        return "may hold a secret, which does not belong to Git, or what kustomize cannot write"
    return ""


class _Ties:
    """What is FrameworkController's, by what it names or is named by."""

    def __init__(self, found: Found) -> None:
        self._found = found
        self._named = {(r.kind, r.name) for r in references.of_pod(found.pod)}
        self._labels = selecting.labels_of_pod(found.stateful_set.object)
        self._roles = {
            (str(ref.get("kind")), str(ref.get("name")))
            for item in found.others
            if self._binds(item.object)
            for ref in [mapping(item.object.get("roleRef"))]
        }
        if found.binding:
            ref = mapping(found.binding.object.get("roleRef"))
            self._roles.add((str(ref.get("kind")), str(ref.get("name"))))

    def has(self, item: Item) -> bool:
        """Whether an object is FrameworkController's."""
        o, key = item.object, (item.kind, name(item.object))
        own = namespace(o) == self._found.place and not is_shared(namespace(o))
        return own or self.names(item) or key in self._roles or self._binds(o) or self._selects(o)

    def names(self, item: Item) -> bool:
        """Whether its Pod names it."""
        return (item.kind, name(item.object)) in self._named

    def _binds(self, o: Object) -> bool:
        found = self._found
        return any(
            is_account(subject, found.account_name, found.place)
            for subject in mappings(o.get("subjects"))
        )

    def _selects(self, o: Object) -> bool:
        """Whether it is about the Pod: a policy, a budget, a monitor."""
        if namespace(o) != self._found.place:
            return False
        return any(selecting.selects(selector, self._labels) for selector in _selectors(o))


def _selectors(o: Object) -> Iterator[Fields]:
    spec = mapping(o.get("spec"))
    for key in ("selector", "podSelector", "endpointSelector"):
        selector = mapping(spec.get(key))
        if group(o) == "" and o["kind"] == "Service":
            yield selector
        yield mapping(selector.get("matchLabels"))
