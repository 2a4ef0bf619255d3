"""PodDisruptionBudgets by which FrameworkController's one Pod is never evicted.

Source: k8s.io/kubernetes, pkg/controller/disruption/disruption.go (getExpectedPodCount) and
pkg/registry/core/pod/storage/eviction.go.
"""

from __future__ import annotations

from collections.abc import Iterator

from fcgitops.core.findings import INFO
from fcgitops.kubernetes import metadata
from fcgitops.kubernetes.field import Field
from fcgitops.kubernetes.objects import Object, group, mapping, namespace
from fcgitops.verify.registry import Fault, Faults
from fcgitops.verify.subjects import Rendered, named


def faults(r: Rendered) -> Faults:
    """What is worth knowing of the budgets that select its Pod: it may be meant."""
    found = list(_budgets(r))
    for item in found:
        spec = mapping(item.get("spec"))
        for key in ("minAvailable", "maxUnavailable"):
            given = spec.get(key)
            none = str(given) in ("0", "0%")
            if given is not None and none == (key == "maxUnavailable"):
                what = f"is {given} of the one Pod, which is thus never evicted: a drain of its "
                what += "node waits until somebody deletes the Pod"
                hint = "maxUnavailable: 1, or no budget"
                yield Fault(what, hint, object=named(item), path=f"spec.{key}", severity=INFO)
    for item in found[1:]:
        what = f"is for the same Pod as {named(found[0])}: the API server then evicts it never"
        yield Fault(what, "one of them", object=named(item), path="spec.selector", severity=INFO)


def _budgets(r: Rendered) -> Iterator[Object]:
    """Those in its namespace that select its Pod."""
    labels = mapping(r.controller()["spec"]["template"].get("metadata")).get("labels") or {}
    for item in r.objects:
        if item["kind"] != "PodDisruptionBudget" or group(item) != "policy":
            continue
        selector = mapping(item.get("spec")).get("selector")
        here = namespace(item) == r.namespace() and isinstance(selector, dict)
        if here and metadata.matches(Field.of(selector), labels):
            yield item
