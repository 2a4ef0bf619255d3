"""Whether a Pod asks for more of its node than before: what is required, not what is preferred.

Source: pkg/scheduler/framework/plugins (nodeaffinity, interpodaffinity, podtopologyspread) and
staging/src/k8s.io/component-helpers/scheduling/corev1 (tolerations) of Kubernetes 1.34.
"""

from __future__ import annotations

from fcgitops.kubernetes.objects import REQUIRED, Fields, listing, mapping, mappings


def loses_toleration(before: Fields, after: Fields) -> bool:
    """Whether a taint that was tolerated may be so no longer."""
    new = mappings(after.get("tolerations"))
    return any(
        not any(_covers(toleration, old) for toleration in new)
        for old in mappings(before.get("tolerations"))
    )


def _covers(wide: Fields, narrow: Fields) -> bool:
    """Whether a toleration tolerates every taint that another one does."""
    if wide == narrow:  # by whichever operator: 1.35 adds some
        return True
    exists = wide.get("operator") == "Exists"
    if wide.get("effect") and wide.get("effect") != narrow.get("effect"):
        return False
    if exists and not wide.get("key"):
        return True
    if wide.get("key") != narrow.get("key"):
        return False
    if exists:
        return True
    equal = {one.get("operator") or "Equal" for one in (wide, narrow)} == {"Equal"}
    return equal and (wide.get("value") or "") == (narrow.get("value") or "")


def asks_for_more(before: Fields, after: Fields) -> bool:
    """Whether affinity requires what it did not. Terms of nodes add up, those of Pods hold all."""
    old, new = mapping(before.get("affinity")), mapping(after.get("affinity"))
    was, terms = _node_terms(old), _node_terms(new)
    if terms and not (was and all(term in terms for term in was)):
        return True
    return any(
        term not in listing(mapping(old.get(kind)).get(REQUIRED))
        for kind in ("podAffinity", "podAntiAffinity")
        for term in listing(mapping(new.get(kind)).get(REQUIRED))
    )


def _node_terms(affinity: Fields) -> list[object]:
    required = mapping(mapping(affinity.get("nodeAffinity")).get(REQUIRED))
    return listing(required.get("nodeSelectorTerms"))


def spreads_more(before: Fields, after: Fields) -> bool:
    """Whether a constraint is new that holds a Pod back where it cannot be met."""
    old = listing(before.get("topologySpreadConstraints"))
    return any(
        constraint not in old and constraint.get("whenUnsatisfiable") != "ScheduleAnyway"
        for constraint in mappings(after.get("topologySpreadConstraints"))
    )
