"""Where FrameworkController's Pod may connect: by all policies that select it, which add up."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import NamedTuple

from fcgitops.diff.change import spec
from fcgitops.diff.rendering import Controller, Side
from fcgitops.diff.stored import stored
from fcgitops.kubernetes.field import Field
from fcgitops.kubernetes.metadata import matches
from fcgitops.kubernetes.objects import (
    Fields,
    Object,
    listing,
    mapping,
    mappings,
    name,
    namespace,
    number,
)

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
    wanted = mapping(selector.get("matchLabels"))
    bare = {str(key).removeprefix("k8s:"): value for key, value in wanted.items()}
    return matches(Field.of({**selector, "matchLabels": bare}), labels)


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


class _Way(NamedTuple):
    """One peer by one port; None for any."""

    peer: Fields | None
    port: Fields | None


def _ways(rules: list[Fields]) -> Iterator[_Way]:
    for item in rules:
        peers: list[Fields | None] = [*mappings(item.get("to"))] or [None]
        ports: list[Fields | None] = [*mappings(item.get("ports"))] or [None]
        yield from (_Way(peer, port) for peer in peers for port in ports)


def beyond(rules: list[Fields], others: list[Fields]) -> list[Fields]:
    """Of `rules` those that let Pods connect to what none of `others` lets them."""
    known = list(_ways([other for other in others if _is_plain(other)]))
    return [
        item
        for item in rules
        if item not in others
        and not (
            _is_plain(item)
            and all(any(_within(way, wide) for wide in known) for way in _ways([item]))
        )
    ]


def _is_plain(item: Fields) -> bool:
    """Whether it is a rule of a NetworkPolicy, and not of Cilium's own."""
    return item.keys() <= {"to", "ports"}


def _within(narrow: _Way, wide: _Way) -> bool:
    return _peer_within(narrow.peer, wide.peer) and _port_within(narrow.port, wide.port)


def _peer_within(narrow: Fields | None, wide: Fields | None) -> bool:
    if wide is None or narrow == wide:
        return True
    if narrow is None or narrow.keys() != {"ipBlock"} or wide.keys() != {"ipBlock"}:
        return False
    block, around = mapping(narrow["ipBlock"]), mapping(wide["ipBlock"])
    inner, outer = _network(block.get("cidr")), _network(around.get("cidr"))
    if inner is None or outer is None or not _is_part(inner, outer):
        return False
    closed = listing(block.get("except"))
    return all(
        cidr in closed or (hole is not None and not hole.overlaps(inner))
        for cidr in listing(around.get("except"))
        for hole in [_network(cidr)]
    )


_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _network(cidr: object) -> _Network | None:
    try:
        return ipaddress.ip_network(str(cidr), strict=False)
    except ValueError:
        return None


def _is_part(inner: _Network, outer: _Network) -> bool:
    return (
        inner.version == outer.version
        and inner.network_address in outer
        and inner.prefixlen >= outer.prefixlen
    )


def _port_within(narrow: Fields | None, wide: Fields | None) -> bool:
    if wide is None or narrow == wide:
        return True
    if narrow is None or narrow.get("protocol") != wide.get("protocol"):
        return False
    if "port" not in wide:
        return True
    first, start = narrow.get("port"), wide["port"]
    if not isinstance(first, int) or not isinstance(start, int):
        return False
    last, end = number(narrow, "endPort", first), number(wide, "endPort", start)
    return start <= first and last <= end


def places(rules: list[Fields]) -> str:
    """Where rules let Pods connect to, in words."""
    found: list[str] = []
    for item in rules:
        ports = [_port(p) for p in mappings(item.get("ports"))]
        for port in mappings(item.get("toPorts")):
            ports += [str(p.get("port")) for p in mappings(port.get("ports"))]
        hosts = [_host(mapping(t.get("ipBlock"))) for t in mappings(item.get("to"))]
        hosts += map(str, listing(item.get("toCIDR")))
        hosts += map(str, listing(item.get("toEntities")))
        suffix = f":{','.join(dict.fromkeys(ports))}" if ports else ""
        found += [f"{host}{suffix}" for host in hosts or ["any address"]]
    return ", ".join(found[:_MOST]) + (", …" if len(found) > _MOST else "") or "nothing"


def _port(port: Fields) -> str:
    number = str(port.get("port") or "any port")
    until = f"-{port['endPort']}" if "endPort" in port else ""
    protocol = str(port.get("protocol") or "TCP")
    return f"{number}{until}" + ("" if protocol == "TCP" else f"/{protocol}")


def _host(block: Fields) -> str:
    if not block:
        return "Pods"
    closed = ", ".join(map(str, listing(block.get("except"))))
    return f"{block.get('cidr')}" + (f" (not {closed})" if closed else "")
