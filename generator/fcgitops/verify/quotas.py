"""ResourceQuotas that refuse what is rendered: FrameworkController's Pod, or objects beside it.

Source: k8s.io/kubernetes, pkg/quota/v1/evaluator/core/pods.go and
k8s.io/apiserver, pkg/quota/v1/generic/evaluator.go.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from fcgitops.kubernetes import quantity
from fcgitops.kubernetes.objects import Object, group, mapping, mappings
from fcgitops.verify.registry import Fault, Faults
from fcgitops.verify.subjects import Rendered, named

_COMPUTE = ("cpu", "memory")
_CORE = ("services", "configmaps", "secrets", "persistentvolumeclaims")
"""Resources that a quota counts by their names alone, too."""
_THERE = {"configmaps": 1, "serviceaccounts": 1}
"""What Kubernetes makes in every namespace: kube-root-ca.crt, default."""


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


def faults(r: Rendered, item: Object, taken: Taken) -> Faults:
    """What a quota of the StatefulSet's namespace refuses.

    Args:
        r: the overlay.
        item: the ResourceQuota.
        taken: what FrameworkController's Pod takes.
    """
    spec = mapping(item.get("spec"))
    hard = milli(spec.get("hard"))
    rules = mappings(mapping(spec.get("scopeSelector")).get("matchExpressions"))
    rules += [{"scopeName": scope, "operator": "Exists"} for scope in spec.get("scopes") or ()]
    if all(_holds(rule, r.pod(), taken) for rule in rules):
        yield from _of_pod(item, hard, taken)
    if not rules:
        yield from _of_objects(r, item, hard)


def _holds(rule: Object, pod: Object, taken: Taken) -> bool:
    """Whether a quota of a scope counts the Pod. It has no deadline: a StatefulSet's has none."""
    best_effort = not any(taken.whole.requests.get(key) for key in _COMPUTE)
    found = {
        "NotTerminating": True, "BestEffort": best_effort, "NotBestEffort": not best_effort,
    }  # fmt: skip
    scope, operator = str(rule.get("scopeName")), rule.get("operator")
    if scope != "PriorityClass":
        return found.get(scope, False)
    name, values = str(pod.get("priorityClassName") or ""), rule.get("values") or ()
    return {
        "In": name in values, "NotIn": name not in values, "Exists": bool(name),
        "DoesNotExist": not name,
    }.get(str(operator), False)  # fmt: skip


def _of_pod(item: Object, hard: dict[str, int], taken: Taken) -> Faults:
    """The podEvaluator's Constraints, and what the Pod uses by itself."""
    for counted, most in hard.items():
        part, _, key = (f"requests.{counted}" if counted in _COMPUTE else counted).partition(".")
        if counted in ("pods", "count/pods") and most < 1000:
            yield refused(item, f"hard[{counted}]", "there may be no Pod")
        elif part in ("requests", "limits") and key in _COMPUTE:
            if any(key not in getattr(one, part) for one in taken.each):
                said = f"a container of it has no {part[:-1]} of {key}"
                yield refused(item, f"hard[{counted}]", said)
            elif getattr(taken.whole, part)[key] > most:
                yield refused(item, f"hard[{counted}]", f"it takes more {key} by itself")


def _of_objects(r: Rendered, item: Object, hard: dict[str, int]) -> Faults:
    """Quotas of how many objects there may be; itself and Pods aside."""
    there = Counter(
        _resource(o) for o in r.objects
        if o["metadata"].get("namespace") == r.namespace() and o["kind"] != "ResourceQuota"
    )  # fmt: skip
    for counted, most in hard.items():
        resource = counted.removeprefix("count/")
        if (counted not in _CORE and resource == counted) or not there[resource]:
            continue
        needed = there[resource] + _THERE.get(resource, 0)
        if most < needed * 1000:
            more = ", with the one that every namespace has" if resource in _THERE else ""
            what = f"allows {most // 1000} of the {needed} {resource.partition('.')[0]}{more}: "
            what += "the API server refuses the rest"
            hint = f"{needed} or more"
            yield Fault(what, hint, object=named(item), path=f"spec.hard[{counted}]")


def _resource(o: Object) -> str:
    """What count/… calls a kind: configmaps, statefulsets.apps."""
    name = str(o["kind"]).lower()
    plural = f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"
    return f"{plural}.{group(o)}" if group(o) else plural


def refused(item: Object, path: str, why: str) -> Fault:
    """An object, and why FrameworkController's Pod is not made where it is."""
    what = f"FrameworkController's Pod is refused: {why}"
    return Fault(what, "change one of them", object=named(item), path=f"spec.{path}")


def milli(amounts: object) -> dict[str, int]:
    """Amounts of resources in thousandths."""
    found = {key: quantity.parse(value) for key, value in mapping(amounts).items()}
    return {key: value.milli for key, value in found.items() if value is not None}
