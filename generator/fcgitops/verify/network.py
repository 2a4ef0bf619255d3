"""Whether network policies leave FrameworkController's Pod a way to the API server."""

from __future__ import annotations

from fcgitops.core.findings import HAZARD
from fcgitops.kubernetes import metadata
from fcgitops.kubernetes.field import Field
from fcgitops.kubernetes.objects import Object, mapping, mappings
from fcgitops.verify.registry import Fault, Faults
from fcgitops.verify.subjects import NEEDS, Rendered, named

_DNS = 53


@NEEDS.check("FCG40", HAZARD)
def reachable(r: Rendered) -> Faults:
    """The network policies that select its Pod leave it a way to the API server."""
    labels = r.controller()["spec"]["template"].get("metadata", {}).get("labels") or {}
    limiting = [
        o for o in r.objects
        if o.get("kind") == "NetworkPolicy" and _limits_egress(o) and _selects(o, labels)
    ]  # fmt: skip
    if limiting and not any(mappings(o["spec"].get("egress")) for o in limiting):
        names = " and ".join(named(o) for o in limiting)
        what = "lets the Pod reach nothing, the API server neither"
        yield Fault(what, "egress.mode of environment.yaml", object=names, path="spec.egress")
    elif limiting and not any(
        _leads(rule) for o in limiting for rule in mappings(o["spec"].get("egress"))
    ):
        names = " and ".join(named(o) for o in limiting)
        what = "has no rule that may lead to the API server: none opens TCP to an address but for "
        what += "DNS"
        yield Fault(what, "egress.mode of environment.yaml", object=names, path="spec.egress")


def _leads(rule: Object) -> bool:
    """Whether a rule may lead to the API server, which is no Pod that a selector finds."""
    ports, peers = mappings(rule.get("ports")), mappings(rule.get("to"))
    open_ = [p for p in ports if p.get("protocol", "TCP") == "TCP" and not _is_dns(p)]
    blocks = [
        p for p in peers if not str(mapping(p.get("ipBlock")).get("cidr", "127")).startswith("127")
    ]
    return bool(open_ or not ports) and bool(blocks or not peers)


def _is_dns(port: Object) -> bool:
    """Port 53; or a name, which is of a port of a Pod."""
    only = port.get("port")
    return isinstance(only, str) or (only == _DNS and port.get("endPort", _DNS) == _DNS)


def _limits_egress(policy: Object) -> bool:
    spec = policy.get("spec") or {}
    return "Egress" in (spec.get("policyTypes") or []) or "egress" in spec


def _selects(policy: Object, labels: dict[str, str]) -> bool:
    selector = (policy.get("spec") or {}).get("podSelector") or {}
    return metadata.matches(Field.of(selector), labels)
