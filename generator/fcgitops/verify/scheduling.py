"""Rules by which no node fits FrameworkController's Pod: the scheduler alone knows it.

Source: k8s.io/component-helpers, scheduling/corev1/nodeaffinity/nodeaffinity.go;
https://kubernetes.io/docs/reference/labels-annotations-taints/ for the labels of every node.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from fcgitops.kubernetes.objects import REQUIRED, Object, mapping, mappings
from fcgitops.model.image import MACHINE, MACHINES, PUBLISHED
from fcgitops.verify.registry import Fault, Faults
from fcgitops.verify.subjects import POD, STATEFUL_SET, Rendered

_SYSTEM = ("kubernetes.io/os", "beta.kubernetes.io/os")


def faults(r: Rendered) -> Faults:
    """What is wrong with node selector and affinity, and readiness gates."""
    pod = r.pod()
    affinity, chosen = mapping(pod.get("affinity")), mapping(pod.get("nodeSelector"))
    has = dict.fromkeys(_SYSTEM, "linux")
    if re.match(rf"{PUBLISHED}(?=[:@]|$)", str(r.container().get("image", ""))):
        has |= dict.fromkeys(MACHINES, MACHINE)  # the published image; a mirror may have others
    for label in chosen.keys() & has.keys():
        if chosen[label] != has[label]:
            what = f"is {chosen[label]}: FrameworkController's image is for {has[label]}"
            path = f"{POD}.nodeSelector[{label}]"
            yield Fault(what, has[label], object=STATEFUL_SET, path=path)
    required = mapping(mapping(affinity.get("nodeAffinity")).get(REQUIRED))
    terms = mappings(required.get("nodeSelectorTerms"))
    path = f"{POD}.affinity.nodeAffinity.{REQUIRED}.nodeSelectorTerms"
    if terms and not any(t.get("matchExpressions") or t.get("matchFields") for t in terms):
        what = "is empty, which fits no node: its Pod is never scheduled"
        yield Fault(what, "matchExpressions", object=STATEFUL_SET, path=path)
    elif terms and not any(_fits(term, has | chosen) for term in terms):
        what = "fits no node that FrameworkController can run on: its Pod is never scheduled"
        yield Fault(what, "kubernetes.io/os: linux", object=STATEFUL_SET, path=path)
    for i, near in enumerate(mappings(mapping(affinity.get("podAffinity")).get(REQUIRED))):
        if near.get("labelSelector") is None:
            what = "has no labelSelector, which fits no Pod to be near: its Pod is never scheduled"
            path = f"{POD}.affinity.podAffinity.{REQUIRED}[{i}]"
            yield Fault(what, "labelSelector", object=STATEFUL_SET, path=path)
    if pod.get("readinessGates"):
        what = "keep the Pod from being Ready until something else sets its condition"
        yield Fault(what, "none", object=STATEFUL_SET, path=f"{POD}.readinessGates")


def _fits(term: Object, known: dict[str, str]) -> bool:
    """Whether some node may fit a term, of whose labels some are known."""
    rules = mappings(term.get("matchExpressions"))
    keys = {str(rule.get("key")) for rule in rules}
    return all(_may_be([r for r in rules if r.get("key") == key], known.get(key)) for key in keys)


def _may_be(rules: Iterable[Object], value: str | None) -> bool:
    """Whether a label may be as all rules of one key ask: of a given value, or of any or none."""
    allowed: set[str] | None = None if value is None else {value}
    needed, absent = value is not None, False
    unwanted: set[str] = set()
    for rule in rules:
        values = set(map(str, rule.get("values") or ()))
        operator = rule.get("operator")
        if operator == "In":
            allowed = values if allowed is None else allowed & values
        elif operator == "NotIn":
            unwanted |= values
        elif operator in ("Gt", "Lt") and not all(re.fullmatch(r"-?[0-9]+", v) for v in values):
            return False
        needed |= operator in ("In", "Exists", "Gt", "Lt")
        absent |= operator == "DoesNotExist"
    if needed and absent:
        return False
    return not needed or allowed is None or bool(allowed - unwanted)
