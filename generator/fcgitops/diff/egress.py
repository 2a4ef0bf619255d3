"""Where FrameworkController's Pod may connect: by all policies that select it, which add up."""

from __future__ import annotations

from fcgitops.diff.change import Controller, Side, spec
from fcgitops.diff.stored import stored
from fcgitops.kubernetes.objects import Fields, Object, listing, mapping, mappings, name, namespace

POLICIES = ("NetworkPolicy", "CiliumNetworkPolicy")
_MOST = 6


def selects(policy: Object, controller: Controller | None) -> bool:
    """Whether a policy is about FrameworkController's Pod."""
    if controller is None:
        return name(policy).startswith("frameworkcontroller")
    if namespace(policy) != controller.namespace:
        return False
    fields = spec(policy)
    selector = mapping(fields.get("podSelector") or fields.get("endpointSelector"))
    labels = mapping(mapping(controller.template.get("metadata")).get("labels"))
    wanted = {
        str(k).removeprefix("k8s:"): v for k, v in mapping(selector.get("matchLabels")).items()
    }
    return wanted.items() <= labels.items() and not selector.get("matchExpressions")


def of(policy: Object | None, controller: Controller | None) -> list[Fields] | None:
    """What one policy lets FrameworkController's Pod reach; None where it limits nothing."""
    if policy is None or not selects(policy, controller):
        return None
    fields = mapping(stored(policy).get("spec"))
    if policy["kind"] == "NetworkPolicy" and "Egress" not in listing(fields.get("policyTypes")):
        return None
    if policy["kind"] != "NetworkPolicy" and "egress" not in fields:
        return None
    return mappings(fields.get("egress"))


def reach(side: Side) -> list[Fields] | None:
    """What all policies together let FrameworkController's Pod reach; None for any place."""
    found = [of(o, side.controller) for kind in POLICIES for o in side.all(kind)]
    limits = [rules for rules in found if rules is not None]
    rules = [item for part in limits for item in part]
    return rules if limits and {} not in rules else None


def limits_ingress(policy: Object | None) -> bool:
    """Whether a policy says who may connect to the Pods that it selects."""
    if policy is None:
        return False
    fields = mapping(stored(policy).get("spec"))
    if policy["kind"] == "NetworkPolicy":
        return "Ingress" in listing(fields.get("policyTypes"))
    return "ingress" in fields


def places(rules: list[Fields]) -> str:
    """Where rules let Pods connect to, in words."""
    found: list[str] = []
    for item in rules:
        ports = [str(p.get("port")) for p in mappings(item.get("ports")) if p.get("port")]
        for port in mappings(item.get("toPorts")):
            ports += [str(p.get("port")) for p in mappings(port.get("ports"))]
        hosts = [
            str(mapping(t.get("ipBlock")).get("cidr", "Pods")) for t in mappings(item.get("to"))
        ]
        hosts += map(str, listing(item.get("toCIDR")))
        hosts += map(str, listing(item.get("toEntities")))
        suffix = f":{','.join(dict.fromkeys(ports))}" if ports else ""
        found += [f"{host}{suffix}" for host in hosts or ["any address"]]
    return ", ".join(found[:_MOST]) + (", …" if len(found) > _MOST else "") or "nothing"
