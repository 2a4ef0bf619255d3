"""What keeps FrameworkController's Pod from being made, or from every node.

The API server takes the StatefulSet all the same: only its Pod is held to quotas, ranges and
priorities.

Source: k8s.io/kubernetes, plugin/pkg/admission/limitranger and priority,
and SetDefaults_LimitRangeItem of pkg/apis/core/v1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fcgitops.kubernetes.objects import Object, mapping, mappings
from fcgitops.kubernetes.references import SYSTEM_PRIORITIES
from fcgitops.model.image import LEAST, is_too_little
from fcgitops.verify import quotas, scheduling
from fcgitops.verify.quotas import Amounts, Taken, milli, refused
from fcgitops.verify.registry import Fault, Faults
from fcgitops.verify.subjects import POD, STATEFUL_SET, Rendered, name_of, named

_PRIORITIES = {"": 0, **SYSTEM_PRIORITIES}


def faults(r: Rendered) -> Faults:
    """What is wrong, of all kinds."""
    yield from _priority(r)
    yield from scheduling.faults(r)
    if r.pod().get("resources"):
        return  # of the whole Pod: other rules, which few clusters have
    taken = _taken(r)
    for item in _here(r, "LimitRange"):
        for i, limit in enumerate(mappings(mapping(item.get("spec")).get("limits"))):
            yield from _out_of_range(item, i, limit, taken)
            if limit.get("type") == "Container":
                yield from _below_request(item, i, taken)
                yield from _too_little(r, item, i, limit)
    for item in _here(r, "ResourceQuota"):
        yield from quotas.faults(r, item, taken)


def _here(r: Rendered, kind: str) -> Iterator[Object]:
    """The objects of a kind in the StatefulSet's namespace."""
    for item in r.objects:
        if item.get("kind") == kind and item["metadata"].get("namespace") == r.namespace():
            yield item


def _priority(r: Rendered) -> Faults:
    """The Pod's own numbers must be those of its PriorityClass and RuntimeClass."""
    pod = r.pod()
    name, priority = str(pod.get("priorityClassName") or ""), pod.get("priority")
    classes = [o for o in r.objects if o["kind"] == "PriorityClass"]
    chosen = [o for o in classes if (name_of(o) == name if name else o.get("globalDefault"))]
    value = chosen[0].get("value") if chosen else _PRIORITIES.get(name)
    if priority is not None and value is not None and priority != value:
        what = f"is {priority}, and {value} by its priorityClassName: its Pod is refused"
        yield Fault(what, "take it out", object=STATEFUL_SET, path=f"{POD}.priority")
    preempts = pod.get("preemptionPolicy")
    by_class = chosen[0].get("preemptionPolicy") if chosen else None
    known = bool(chosen) or name in _PRIORITIES
    if preempts and known and preempts != (by_class or "PreemptLowerPriority"):
        what = f"is {preempts} without a PriorityClass that says so: its Pod is refused"
        yield Fault(what, "take it out", object=STATEFUL_SET, path=f"{POD}.preemptionPolicy")
    if pod.get("overhead") and not pod.get("runtimeClassName"):
        what = "is given without a RuntimeClass that says so: its Pod is refused"
        yield Fault(what, "take it out", object=STATEFUL_SET, path=f"{POD}.overhead")


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
    limits, requests = (milli(given.get(key)) for key in ("limits", "requests"))
    requests = {**limits, **requests}
    for item in _here(r, "LimitRange"):
        for limit in mappings(mapping(item.get("spec")).get("limits")):
            if limit.get("type") == "Container":
                default = {**milli(limit.get("max")), **milli(limit.get("default"))}
                asked = {
                    **milli(limit.get("min")),
                    **default,
                    **milli(limit.get("defaultRequest")),
                }
                limits, requests = {**default, **limits}, {**asked, **requests}
    return Amounts(requests, limits)


def _below_request(item: Object, i: int, taken: Taken) -> Faults:
    """A default limit may be less than what a container asks for."""
    for one in taken.each:
        for key in one.limits.keys() & one.requests.keys():
            if one.limits[key] < one.requests[key]:
                said = f"a container of it asks for more {key} than the limit that it gets"
                yield refused(item, f"limits[{i}]", said)


def _too_little(r: Rendered, item: Object, i: int, limit: Object) -> Faults:
    """A default limit with which FrameworkController, that has none, does not live."""
    own = mapping(mapping(r.container().get("resources")).get("limits"))
    for key, given in {**mapping(limit.get("max")), **mapping(limit.get("default"))}.items():
        if key not in own and is_too_little(key, given):
            what = f"{given} is too little for FrameworkController: it is killed, or not ready"
            place = f"spec.limits[{i}].default[{key}]"
            yield Fault(what, f"{LEAST[key]} or more", object=named(item), path=place)


def _out_of_range(item: Object, i: int, limit: Object, taken: Taken) -> Faults:
    """PodValidateLimitFunc."""
    kind = limit.get("type")
    if kind not in ("Container", "Pod"):
        return
    of, units = ("it", [taken.whole]) if kind == "Pod" else ("a container of it", taken.each)
    for key, least in milli(limit.get("min")).items():
        if any(min(u.requests.get(key, -1), u.limits.get(key, least)) < least for u in units):
            yield refused(item, f"limits[{i}].min[{key}]", f"{of} asks for less {key}")
    for key, most in milli(limit.get("max")).items():
        if any(max(u.limits.get(key, most + 1), u.requests.get(key, 0)) > most for u in units):
            yield refused(item, f"limits[{i}].max[{key}]", f"{of} has no such limit of {key}")
    for key, ratio in milli(limit.get("maxLimitRequestRatio")).items():
        pairs = [(u.requests.get(key), u.limits.get(key)) for u in units]
        if any(not asked or not may or may * 1000 > ratio * asked for asked, may in pairs):
            place = f"limits[{i}].maxLimitRequestRatio[{key}]"
            yield refused(item, place, f"{of} may use more {key} for what it asks for")


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
