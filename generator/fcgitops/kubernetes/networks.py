"""Services and network policies.

Source: k8s.io/kubernetes, pkg/apis/core/validation (validateService) and
pkg/apis/networking/validation (ValidateNetworkPolicySpec).
"""

from __future__ import annotations

from fcgitops.kubernetes import addresses, metadata, names
from fcgitops.kubernetes.containers import PROTOCOLS
from fcgitops.kubernetes.field import Field

_TYPES = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")
_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"
NODE_PORTS = (30000, 32767)
"""The range that kube-apiserver's --service-node-port-range has by default."""


def service(item: Field) -> None:
    """ValidateServiceCreate."""
    relaxed = item.since(36)  # RelaxedServiceNameValidation
    name = names.dns_label if relaxed else names.dns_label_1035
    metadata.metadata(item["metadata"], name, namespaced=True)
    _hints(item["metadata"]["annotations"])
    spec = item["spec"]
    kind = spec["type"].text or "ClusterIP"
    headless = "None" in (spec["clusterIP"].value, *spec["clusterIPs"].texts()[:1])
    spec["type"].one_of(_TYPES, "ClusterIP")
    if not spec["ports"] and not headless and kind != "ExternalName":
        spec["ports"].required()
    if headless and kind in ("LoadBalancer", "NodePort"):
        spec["clusterIP"].invalid(f"is for no {kind}")
    if kind == "ExternalName":
        _external_name(spec)
    _ports(spec, kind)
    metadata.label_map(spec["selector"])
    _affinity(spec)
    if kind != "ExternalName":
        _cluster_ips(spec, headless)
    for address in spec["externalIPs"]:
        address.must(addresses.outside(address.text) or addresses.ip_of(address))
    _load_balancer(item, kind)
    _traffic(spec, kind)


def _hints(annotations: Field) -> None:
    old = annotations["service.kubernetes.io/topology-aware-hints"]
    new = annotations["service.kubernetes.io/topology-mode"]
    if old.given and new.given and old.value != new.value:
        new.invalid("must match service.kubernetes.io/topology-aware-hints")


def _external_name(spec: Field) -> None:
    for key in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
        if spec[key]:
            spec[key].forbidden("of an ExternalName")
    name = spec["externalName"].text.removesuffix(".")
    if not name:
        spec["externalName"].required()
    else:
        spec["externalName"].must(names.dns_subdomain(name))


def _ports(spec: Field, kind: str) -> None:
    """validateServicePort, and what makes ports unique."""
    ports = spec["ports"]
    seen: dict[str, set[object]] = {"name": set(), "nodePort": set(), "port": set()}

    def once(key: str, identity: object, at: Field) -> None:
        if identity in seen[key]:
            at.duplicate()
        seen[key].add(identity)

    for port in ports:
        name, number, target, node = (port[k] for k in ("name", "port", "targetPort", "nodePort"))
        protocol = port["protocol"].text or "TCP"
        if name:
            name.must_be(names.dns_label)
            once("name", name.text, name)
        elif len(ports) > 1:
            name.required("where there are several ports")
        number.must(names.port_number(number.number))
        once("port", (number.number, protocol), number)
        port["protocol"].one_of(PROTOCOLS, "TCP")
        if target:
            target.must(
                names.port_name(target.text)
                if isinstance(target.value, str)
                else names.port_number(target.number)
            )
        if port["appProtocol"].given:
            port["appProtocol"].must_be(names.qualified)
        if node:
            once("nodePort", (node.number, protocol), node)
            if kind in ("ClusterIP", "ExternalName"):
                node.forbidden(f"with type: {kind}")
            elif not NODE_PORTS[0] <= node.number <= NODE_PORTS[1]:
                node.invalid(f"must be {NODE_PORTS[0]} to {NODE_PORTS[1]}")


def _affinity(spec: Field) -> None:
    affinity = spec["sessionAffinity"]
    affinity.one_of(("ClientIP", "None"), "None")
    seconds = spec["sessionAffinityConfig"]["clientIP"]["timeoutSeconds"]
    if affinity.text == "ClientIP" and seconds.given:
        seconds.at_least(1, 86400)


def _cluster_ips(spec: Field, headless: bool) -> None:
    """ValidateServiceClusterIPsRelatedFields."""
    one, several = spec["clusterIP"], spec["clusterIPs"]
    if several:
        if one and one.text != several.texts()[0]:
            several.invalid("must begin with clusterIP")
        if not one:
            one.required("the first of clusterIPs")
    elif one and one.text != "None":
        one.must(addresses.ip_of(one))
    for i, address in enumerate(several):
        if address.text == "None" and i == 0:
            if len(several) > 1:
                several.invalid("None is alone")
            continue
        address.must(addresses.ip_of(address))
    if len(several) > 2:
        several.fault("are more than 2")
    versions = [found.version for text in several.texts() if (found := addresses.parse(text))]
    if len(versions) == 2 and versions[0] == versions[1]:
        several.invalid("are two of the same family")
    _families(spec)
    if not headless:
        for version, family in zip(versions, spec["ipFamilies"], strict=False):
            if family.text in ("IPv4", "IPv6") and family.text != f"IPv{version}":
                family.invalid("is not the family of the address")


def _families(spec: Field) -> None:
    """The families of a Service's addresses: two take a policy of two.

    Without a policy there is one, but of a headless Service without a selector
    (Allocators.initIPFamilyFields).
    """
    seen: set[str] = set()
    for family in spec["ipFamilies"]:
        family.one_of(("IPv4", "IPv6"))
        family.unique_in(seen)
    stack = spec["ipFamilyPolicy"]
    stack.one_of_if_given(("PreferDualStack", "RequireDualStack", "SingleStack"))
    unselected = spec["clusterIP"].text == "None" and not spec["selector"]
    if stack.text == "SingleStack" or not (stack.given or unselected):
        for key in ("clusterIPs", "ipFamilies"):
            if len(spec[key]) == 2:
                stack.invalid(f"must be PreferDualStack or RequireDualStack with two {key}")


def _load_balancer(item: Field, kind: str) -> None:
    spec = item["spec"]
    ranges = spec["loadBalancerSourceRanges"]
    annotated = item["metadata"]["annotations"][_RANGES]
    is_one = kind == "LoadBalancer"
    if ranges:
        if not is_one:
            ranges.forbidden("without type: LoadBalancer")
        for one in ranges:
            one.must(addresses.cidr_of(one, one.text.strip()))
    elif annotated.given:
        if not is_one:
            annotated.forbidden("without type: LoadBalancer")
        for text in filter(None, annotated.text.strip().split(",")):
            annotated.must(addresses.cidr_of(annotated, text.strip()))
    for key in ("allocateLoadBalancerNodePorts", "loadBalancerClass"):
        if spec[key].given and not is_one:
            spec[key].forbidden("without type: LoadBalancer")
    if is_one and spec["loadBalancerClass"].given:
        spec["loadBalancerClass"].must_be(names.qualified)


def _traffic(spec: Field, kind: str) -> None:
    """validateServiceExternalTrafficPolicy, …InternalTrafficFieldsValue, …TrafficDistribution."""
    policy, check = spec["externalTrafficPolicy"], spec["healthCheckNodePort"]
    outside = kind in ("LoadBalancer", "NodePort") or (kind == "ClusterIP" and spec["externalIPs"])
    if not outside:
        if policy:
            policy.invalid("is for Services that are reached from outside")
    else:
        policy.one_of(("Cluster", "Local"), "Cluster")
    if kind != "LoadBalancer" or policy.text != "Local":
        if check:
            check.invalid("takes type: LoadBalancer and externalTrafficPolicy: Local")
    elif check:
        check.must(names.port_number(check.number))
    spec["internalTrafficPolicy"].one_of_if_given(("Cluster", "Local"))
    newer = ("PreferSameZone", "PreferSameNode") if spec.since(34) else ()
    spec["trafficDistribution"].one_of_if_given(("PreferClose", *newer))


def policy(item: Field) -> None:
    """ValidateNetworkPolicy."""
    metadata.metadata(item["metadata"], names.dns_subdomain, namespaced=True)
    spec = item["spec"]
    metadata.selector(spec["podSelector"])
    for way, peers in (("ingress", "from"), ("egress", "to")):
        for rule in spec[way]:
            for port in rule["ports"]:
                _policy_port(port)
            for peer in rule[peers]:
                _peer(peer)
    if len(spec["policyTypes"]) > 2:
        spec["policyTypes"].fault("are more than 2")
    for kind in spec["policyTypes"]:
        kind.one_of(("Ingress", "Egress"))


def _policy_port(found: Field) -> None:
    """ValidateNetworkPolicyPort."""
    protocol, port, end = found["protocol"], found["port"], found["endPort"]
    protocol.one_of_if_given(PROTOCOLS)
    if not port.given:
        if end.given:
            end.forbidden("without port")
    elif isinstance(port.value, str):
        port.must_be(names.port_name)
        if end.given:
            end.forbidden("with a port that is a name")
    else:
        port.must(names.port_number(port.number))
        if end.given:
            end.must(names.port_number(end.number))
            if end.number < port.number:
                end.invalid("must be port or more")


def _peer(found: Field) -> None:
    """ValidateNetworkPolicyPeer."""
    pods, spaces, block = found["podSelector"], found["namespaceSelector"], found["ipBlock"]
    metadata.selector(pods)
    metadata.selector(spaces)
    if block.given:
        _block(block)
        if pods.given or spaces.given:
            found.forbidden("ipBlock goes with no other")
    elif not pods.given and not spaces.given:
        found.required("one of podSelector, namespaceSelector and ipBlock")


def _block(found: Field) -> None:
    """ValidateIPBlock."""
    cidr = found["cidr"]
    if not cidr:
        cidr.required()
        return
    whole = addresses.parse_network(cidr.text)
    if not cidr.must(addresses.cidr_of(cidr, cidr.text)) or whole is None:
        return
    for one in found["except"]:
        part = addresses.parse_network(one.text)
        if not one.must(addresses.cidr_of(one, one.text)) or part is None:
            continue
        if (
            part.version != whole.version
            or part.prefixlen <= whole.prefixlen
            or (part.network_address not in whole)
        ):
            one.invalid("must be a part of cidr")
