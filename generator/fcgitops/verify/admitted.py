"""What keeps FrameworkController's Pod from being made, or from every node.

The API server takes the StatefulSet all the same: only its Pod is held to quotas, ranges and
priorities, and the scheduler alone knows that a rule fits no node.

Source: k8s.io/kubernetes, plugin/pkg/admission/limitranger and priority,
pkg/quota/v1/evaluator/core/pods.go, and SetDefaults_LimitRangeItem of pkg/apis/core/v1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from fcgitops.kubernetes import quantity
from fcgitops.kubernetes.objects import mapping, mappings
from fcgitops.manifests.overlay import NAME
from fcgitops.verify.judged import named
from fcgitops.verify.registry import Fault, Faults
from fcgitops.verify.subjects import Object, Rendered

_OBJECT = f"StatefulSet {NAME}"
_POD = "spec.template.spec"
_COMPUTE = ("cpu", "memory")
_PRIORITIES = {"": 0, "system-cluster-critical": 2000000000, "system-node-critical": 2000001000}
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_ALL_PODS = {"NotTerminating", "NotBestEffort"}
"""Scopes of quotas that hold FrameworkController's Pod: it has no deadline, and requests."""


class Amounts(NamedTuple):
    """In thousandths, by the resource."""

    requests: dict[str, int]
    limits: dict[str, int]


class Taken(NamedTuple):
    """What the Pod takes."""

    each: list[Amounts]
    """By its containers, the init containers too."""
    whole: Amounts
    """By those together that run at the same time, or by an init container, if that is more."""


def faults(r: Rendered) -> Faults:
    """What is wrong, of all kinds."""
    yield from _priority(r)
    yield from _nodes(r.pod())
    if r.pod().get("resources"):
        return  # of the whole Pod: other rules, which few clusters have
    taken = _taken(r)
    for item in _here(r, "LimitRange"):
        for i, limit in enumerate(mappings(mapping(item.get("spec")).get("limits"))):
            yield from _out_of_range(item, i, limit, taken)
            if limit.get("type") == "Container":
                yield from _below_request(item, i, taken)
    for item in _here(r, "ResourceQuota"):
        yield from _beyond_quota(item, taken)


def _here(r: Rendered, kind: str) -> Iterator[Object]:
    """The objects of a kind in the StatefulSet's namespace."""
    for item in r.objects:
        if item.get("kind") == kind and item["metadata"].get("namespace") == r.namespace():
            yield item


def _priority(r: Rendered) -> Faults:
    """The Pod's own numbers must be those of its PriorityClass and RuntimeClass."""
    pod = r.pod()
    name, priority = str(pod.get("priorityClassName") or ""), pod.get("priority")
    rendered = [item.get("value") for item in r.all("PriorityClass", name)]
    wanted = _PRIORITIES.get(name, rendered[0] if rendered else None)
    if priority is not None and wanted is not None and priority != wanted:
        what = f"is {priority}, and {wanted} by its priorityClassName: its Pod is refused"
        yield Fault(what, "take it out", object=_OBJECT, path=f"{_POD}.priority")
    if pod.get("preemptionPolicy") == "Never" and not name:
        what = "is Never without a PriorityClass that says so: its Pod is refused"
        yield Fault(what, "take it out", object=_OBJECT, path=f"{_POD}.preemptionPolicy")
    if pod.get("overhead") and not pod.get("runtimeClassName"):
        what = "is given without a RuntimeClass that says so: its Pod is refused"
        yield Fault(what, "take it out", object=_OBJECT, path=f"{_POD}.overhead")


def _nodes(pod: Object) -> Faults:
    """Rules that no node fits."""
    affinity = mapping(pod.get("affinity"))
    system = mapping(pod.get("nodeSelector")).get("kubernetes.io/os", "linux")
    if system != "linux":
        what = f"is {system}: FrameworkController's image is for linux"
        yield Fault(what, "linux", object=_OBJECT, path=f"{_POD}.nodeSelector[kubernetes.io/os]")
    required = mapping(mapping(affinity.get("nodeAffinity")).get(_REQUIRED))
    terms = mappings(required.get("nodeSelectorTerms"))
    if terms and not any(t.get("matchExpressions") or t.get("matchFields") for t in terms):
        what = "is empty, which fits no node: its Pod is never scheduled"
        path = f"{_POD}.affinity.nodeAffinity.{_REQUIRED}.nodeSelectorTerms"
        yield Fault(what, "matchExpressions", object=_OBJECT, path=path)
    for i, term in enumerate(mappings(mapping(affinity.get("podAffinity")).get(_REQUIRED))):
        if term.get("labelSelector") is None:
            what = "has no labelSelector, which fits no Pod to be near: its Pod is never scheduled"
            path = f"{_POD}.affinity.podAffinity.{_REQUIRED}[{i}]"
            yield Fault(what, "labelSelector", object=_OBJECT, path=path)
    if pod.get("readinessGates"):
        what = "keep the Pod from being Ready until something else sets its condition"
        yield Fault(what, "none", object=_OBJECT, path=f"{_POD}.readinessGates")


def _taken(r: Rendered) -> Taken:
    together = mappings(r.pod().get("containers"))
    first = mappings(r.pod().get("initContainers"))
    together += [c for c in first if c.get("restartPolicy") == "Always"]
    parts = [_amounts(r, c) for c in together]
    before = [_amounts(r, c) for c in first]
    whole = Amounts(
        _most([_sum(p.requests for p in parts), *(p.requests for p in before)]),
        _most([_sum(p.limits for p in parts), *(p.limits for p in before)]),
    )
    return Taken(parts + before, whole)


def _amounts(r: Rendered, container: Object) -> Amounts:
    """A container's, with what the LimitRanges of its namespace give it."""
    given = mapping(container.get("resources"))
    limits, requests = (_milli(given.get(key)) for key in ("limits", "requests"))
    requests = {**limits, **requests}
    for item in _here(r, "LimitRange"):
        for limit in mappings(mapping(item.get("spec")).get("limits")):
            if limit.get("type") == "Container":
                default = {**_milli(limit.get("max")), **_milli(limit.get("default"))}
                asked = {
                    **_milli(limit.get("min")),
                    **default,
                    **_milli(limit.get("defaultRequest")),
                }
                limits, requests = {**default, **limits}, {**asked, **requests}
    return Amounts(requests, limits)


def _below_request(item: Object, i: int, taken: Taken) -> Faults:
    """A default limit may be less than what a container asks for."""
    for one in taken.each:
        for key in one.limits.keys() & one.requests.keys():
            if one.limits[key] < one.requests[key]:
                said = f"a container of it asks for more {key} than the limit that it gets"
                yield _refused(item, f"limits[{i}]", said)


def _out_of_range(item: Object, i: int, limit: Object, taken: Taken) -> Faults:
    """PodValidateLimitFunc."""
    kind = limit.get("type")
    if kind not in ("Container", "Pod"):
        return
    of, units = ("it", [taken.whole]) if kind == "Pod" else ("a container of it", taken.each)
    for key, least in _milli(limit.get("min")).items():
        if any(min(u.requests.get(key, -1), u.limits.get(key, least)) < least for u in units):
            yield _refused(item, f"limits[{i}].min[{key}]", f"{of} asks for less {key}")
    for key, most in _milli(limit.get("max")).items():
        if any(max(u.limits.get(key, most + 1), u.requests.get(key, 0)) > most for u in units):
            yield _refused(item, f"limits[{i}].max[{key}]", f"{of} has no such limit of {key}")
    for key, ratio in _milli(limit.get("maxLimitRequestRatio")).items():
        pairs = [(u.requests.get(key), u.limits.get(key)) for u in units]
        if any(not asked or not may or may * 1000 > ratio * asked for asked, may in pairs):
            place = f"limits[{i}].maxLimitRequestRatio[{key}]"
            yield _refused(item, place, f"{of} may use more {key} for what it asks for")


def _beyond_quota(item: Object, taken: Taken) -> Faults:
    """The podEvaluator's Constraints, and what the Pod uses by itself."""
    spec = mapping(item.get("spec"))
    scopes = set(spec.get("scopes") or ())
    best_effort = not any(taken.whole.requests.get(key) for key in _COMPUTE)
    if spec.get("scopeSelector") or scopes - _ALL_PODS or (best_effort and scopes):
        return
    for counted, hard in _milli(spec.get("hard")).items():
        part, _, key = (f"requests.{counted}" if counted in _COMPUTE else counted).partition(".")
        if counted in ("pods", "count/pods") and hard < 1000:
            yield _refused(item, f"hard[{counted}]", "there may be no Pod")
        elif part in ("requests", "limits") and key in _COMPUTE:
            if any(key not in getattr(one, part) for one in taken.each):
                said = f"a container of it has no {part[:-1]} of {key}"
                yield _refused(item, f"hard[{counted}]", said)
            elif getattr(taken.whole, part)[key] > hard:
                yield _refused(item, f"hard[{counted}]", f"it takes more {key} by itself")


def _refused(item: Object, path: str, why: str) -> Fault:
    what = f"FrameworkController's Pod is refused: {why}"
    return Fault(what, "change one of them", object=named(item), path=f"spec.{path}")


def _sum(amounts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for one in amounts:
        for key, value in one.items():
            total[key] = total.get(key, 0) + value
    return total


def _most(amounts: Iterable[dict[str, int]]) -> dict[str, int]:
    most: dict[str, int] = {}
    for one in amounts:
        for key, value in one.items():
            most[key] = max(most.get(key, value), value)
    return most


def _milli(amounts: object) -> dict[str, int]:
    found = {key: quantity.parse(value) for key, value in mapping(amounts).items()}
    return {key: value.milli for key, value in found.items() if value is not None}
