"""Rules on quotas, limits and claims of a namespace."""

from __future__ import annotations

from collections.abc import Iterator

from fcgitops.core.lazy import regex
from fcgitops.diff.change import Change, spec
from fcgitops.diff.effects import Said, Says, Severity, rule
from fcgitops.diff.kubectl import in_namespace
from fcgitops.diff.objects import Pair
from fcgitops.diff.rendering import Side
from fcgitops.diff.stored import stored
from fcgitops.kubernetes import quantity
from fcgitops.kubernetes.objects import Fields, Object, mapping, mappings, name, namespace


def _falls(old: Fields, new: Fields) -> list[str]:
    """Names whose quantity is lower, or newly limited."""
    found = []
    for key, amount in new.items():
        before, after = quantity.value(old.get(key, "")), quantity.value(amount)
        if after is not None and (key not in old or (before is not None and after < before)):
            found.append(key)
    return found


@rule("X07", "a ResourceQuota is lower", Severity.NONE, "F S")
def quota(change: Change) -> Says:
    """New Pods wait; what runs goes on."""
    for pair in change.of_kind("ResourceQuota"):
        if pair.after is None:
            continue
        before = mapping(spec(stored(pair.before)).get("hard")) if pair.before else {}
        lower = _falls(before, mapping(spec(stored(pair.after)).get("hard")))
        if not lower or (pair.before is None and not change.before.objects):
            continue
        counted = [key for key in lower if key.startswith(_FRAMEWORKS)]
        if counted:
            yield Said(
                pair.label,
                "What runs goes on. Above the number of Frameworks no more can be made: NNI's "
                "manager gets a 403, and its experiment ends in ERROR.",
                "keep it above what experiments need at a time",
                in_namespace(namespace(pair.after), "get", "frameworks", "--no-headers")
                + " | wc -l",
                certain=False,
                severity=Severity.LOSS,
            )
        others = [key for key in lower if key not in counted]
        if others:
            yield Said(
                pair.label,
                f"What runs goes on. New Pods above {', '.join(others)} wait: FrameworkController "
                "tries again and again (`exceeded quota`), and fails nothing.",
            )
        yield from _own_pod(change, pair, others)


_FRAMEWORKS = "count/frameworks."
"""How a quota counts them: by resource and group."""


def _own_pod(change: Change, pair: Pair, limits: list[str]) -> Says:
    """Where FrameworkController's own Pod is one of those that a quota or limit is about."""
    controller = change.after.controller
    if controller is None or not limits or namespace(pair.either) != controller.namespace:
        return
    words = ("describe", pair.kind.lower(), name(pair.either))
    yield Said(
        pair.label,
        f"FrameworkController's own Pod is in this namespace, too: where {', '.join(limits)} does "
        "not let it in, its next Pod is refused, and nothing looks after the Frameworks.",
        "leave room for it, or take the limit to another namespace",
        in_namespace(controller.namespace, *words),
        certain=False,
        severity=Severity.OUTAGE,
    )


def refused_pods(change: Change, fails: str) -> Says:
    """X08, where a LimitRange or a quota has new Pods refused, and not wait.

    Args:
        change: of any environment.
        fails: what comes of it, to follow a comma.
    """
    for pair in change.of_kind("LimitRange", "ResourceQuota"):
        if pair.before is None and not change.before.objects:
            continue
        unstated = _newly_unstated(change, pair)
        if unstated:
            what, do = f"does not state {' and '.join(unstated)}", "add a LimitRange with a default"
            yield _refused(pair, what, fails, do)
            yield from _own_pod(change, pair, unstated)
        beyond = [] if pair.after is None or pair.kind == "ResourceQuota" else [
            f"{more} than {key} {amount}"
            for field, more in _BOUNDS.items()
            for key, amount in _tightened(pair, field)
        ]  # fmt: skip
        if beyond:
            what, do = f"asks for {' or '.join(beyond)}", "keep it beyond what trials request"
            yield _refused(pair, what, fails, do)
            yield from _own_pod(change, pair, beyond)


def _refused(pair: Pair, what: str, fails: str, do: str) -> Said:
    return Said(
        pair.label,
        f"Each new Pod that {what} is refused, {fails}.",
        do,
        in_namespace(namespace(pair.either), "get", "pods", "-o", "json")
        + " | jq '[.items[].spec.containers[].resources]'",
        certain=False,
    )


_COMPUTE = regex(r"(limits\.|requests\.)?(cpu|memory|ephemeral-storage)|limits\..+")
"""What a Pod must state, once a quota counts it (`must specify`): pkg/quota/v1/evaluator/core."""


def _newly_unstated(change: Change, pair: Pair) -> list[str]:
    """What Pods must newly state themselves, by what this quota counts or this LimitRange gave."""
    place = namespace(pair.either)
    known = _must_state(change.before, namespace(pair.before) if pair.before else place)
    newly = [key for key in _must_state(change.after, place) if key not in known]
    if pair.kind == "ResourceQuota":
        old, new = (mapping(spec(o).get("hard")) for o in (pair.before, pair.after))
        return [key for key in newly if key in new and key not in old]
    if pair.before is None:
        return []
    counted = _counted(change.before, namespace(pair.before))
    return [key for key in newly if key in counted and _fills_in(pair.before, key)]


def _counted(side: Side, place: str) -> dict[str, None]:
    """What the quotas of a namespace count and a Pod must state, in their order."""
    return {
        str(key): None
        for o in side.all("ResourceQuota")
        if namespace(o) == place
        for key in mapping(spec(o).get("hard"))
        if _COMPUTE.fullmatch(str(key))
    }


def _must_state(side: Side, place: str) -> list[str]:
    """The same, without what a LimitRange gives to Pods that state none."""
    ranges = [o for o in side.all("LimitRange") if namespace(o) == place]
    return [key for key in _counted(side, place) if not any(_fills_in(o, key) for o in ranges)]


def _fills_in(o: Object, key: str) -> bool:
    """Whether a LimitRange gives a default of what a quota counts."""
    kind, _, resource = key.rpartition(".")
    field = "default" if kind == "limits" else "defaultRequest"
    limits = mappings(spec(stored(o)).get("limits"))
    return any(resource in mapping(limit.get(field)) for limit in limits)


_BOUNDS = {"max": "more", "min": "less", "maxLimitRequestRatio": "a limit by request of more"}
"""Bounds of a LimitRange → what a Pod asks for that is refused."""


def _tightened(pair: Pair, field: str) -> Iterator[tuple[str, object]]:
    """What a bound of a LimitRange newly keeps out: resource, and the bound."""
    old, new = (_bounds(o, field) for o in (pair.before, pair.after))
    for key, amount in new.items():
        was, now = quantity.value(old.get(key, "")), quantity.value(amount)
        if key not in old or (now is not None and was is not None and (
            now > was if field == "min" else now < was
        )):  # fmt: skip
            yield key, amount


def _bounds(o: Object | None, field: str) -> Fields:
    found: Fields = {}
    for limit in mappings(spec(stored(o)).get("limits")) if o else []:
        if limit.get("type") in ("Container", "Pod"):
            found |= mapping(limit.get(field))
    return found


@rule("X10", "a limit, claim or quota is refused", Severity.FAILS, "A")
def refused(change: Change) -> Says:
    """Default above max, a claim's size or class, a quota's scopes."""
    for pair in change.of_kind("LimitRange", "PersistentVolumeClaim", "ResourceQuota"):
        if pair.after is None:
            continue
        after = stored(pair.after)
        before = stored(pair.before) if pair.before and pair.how == "same" else None
        what = list(_FAULTS[pair.kind](before, after))
        what += [str(fault) for fault in change.refusals.get(pair.label, []) if not what]
        if what:
            yield Said(
                pair.label,
                f"The API server refuses: {'; '.join(what)}.",
                "change it back",
                certain=what != [_ONCE_BOUND],
            )


def _limit_faults(before: Object | None, after: Object) -> Iterator[str]:
    known = set(_order_faults(before)) if before else set()
    for fault in _order_faults(after):
        if fault not in known:
            yield fault


_ORDER = ("min", "defaultRequest", "default", "max")


def _order_faults(o: Object) -> Iterator[str]:
    for limit in mappings(spec(o).get("limits")):
        for low_at, lower in enumerate(_ORDER):
            for upper in _ORDER[low_at + 1 :]:
                for key, amount in mapping(limit.get(lower)).items():
                    low = quantity.value(amount)
                    high = quantity.value(mapping(limit.get(upper)).get(key, ""))
                    if low is not None and high is not None and low > high:
                        yield f"{key}: {lower} {amount} is above {upper}"


_ONCE_BOUND = "volumeName is immutable, once the claim is bound to another volume"


def _claim_faults(before: Object | None, after: Object) -> Iterator[str]:
    if before is None:
        return
    old, new = spec(before), spec(after)
    free = ("resources", "volumeAttributesClassName", "volumeName")
    for key in sorted({*old, *new} - {*free}):
        if old.get(key) != new.get(key):
            yield f"{key} is immutable"
    if old.get("volumeName") != new.get("volumeName"):
        yield "volumeName is immutable" if old.get("volumeName") else _ONCE_BOUND
    limits = [mapping(s.get("resources")).get("limits") for s in (old, new)]
    if limits[0] != limits[1]:
        yield "resources.limits is immutable"
    asked = [dict(mapping(mapping(s.get("resources")).get("requests"))) for s in (old, new)]
    was, now = (quantity.value(one.pop("storage", "")) for one in asked)
    if asked[0] != asked[1]:
        yield "resources.requests are immutable but for storage"
    if was is not None and now is not None and now < was:
        yield "a claim cannot be less than what it has"
    elif was != now:
        yield "a claim's size may only grow, where its class allows it"


def _quota_faults(before: Object | None, after: Object) -> Iterator[str]:
    if before is None:
        return
    for key in ("scopes", "scopeSelector"):
        if spec(before).get(key) != spec(after).get(key):
            yield f"{key} is immutable"


_FAULTS = {
    "LimitRange": _limit_faults,
    "PersistentVolumeClaim": _claim_faults,
    "ResourceQuota": _quota_faults,
}
