"""Where the Pods of NNI experiments may connect to: trials run what anybody writes.

Policies judge a Pod, not a container. So the way to the API server, which a trial's first container
takes to look whether its Framework is complete, is open to the trial too; what it may do there is
its account's matter. The share is mounted by the kubelet, whose traffic no policy judges; its port
is open all the same, for those who mount it themselves.
https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from __future__ import annotations

import ipaddress
from typing import Any

from fcgitops.model import storage
from fcgitops.model.environment import Environment
from fcgitops.text import hosts

PRIVATE = (
    *("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
    *("198.18.0.0/15", "240.0.0.0/4"),
)
"""Networks that are no part of the Internet: nodes, other Pods, others' services. RFC 1918, 6598
and 4193; and those for benchmarks and of class E, which EKS and GKE take for nodes and Pods:
https://cloud.google.com/vpc/docs/subnets#valid-ranges
https://docs.aws.amazon.com/eks/latest/best-practices/custom-networking.html"""
METADATA = ("168.63.129.16/32", "169.254.0.0/16", "192.0.0.192/32", "fe80::/10")
"""Where clouds tell a machine its secrets: link-local for nearly all, and an address of Azure's and
of Oracle's own. 100.100.100.200 (Alibaba) and fd00:ec2::254 (AWS) are in PRIVATE."""
NAT64 = "64:ff9b::"
"""Behind it, and one of 96 bits, a gateway knows each IPv4 address, private ones too in a cloud
(RFC 6052; https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-nat64-dns64.html)."""
NAT64_LOCAL = "64:ff9b:1::/48"
"""Prefixes of one's own for the same (RFC 8215)."""
NODE_LOCAL_DNS = "169.254.20.10/32"
"""https://kubernetes.io/docs/tasks/administer-cluster/nodelocaldns/"""
API_PORTS = (443, 6443)
"""The ports of the API servers of nearly all clusters."""
NFS_PORT = 2049

Object = dict[str, Any]


def policies(environment: Environment) -> list[Object]:
    """What limits outgoing traffic, of managers and trials alike."""
    rules = [_dns(), {"to": [{"podSelector": {}}]}, {"to": _internet()}]
    rules += _api_server(environment)
    rules += _share(environment)
    rules += [_rule([e["cidr"]], e["port"]) for e in environment.nni_egress]
    found: list[Object] = [
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": "nni-egress"},
            "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": rules},
        }
    ]
    if environment.egress_mode == "cilium":  # no address of a node is a network for Cilium
        found.append(
            {
                "apiVersion": "cilium.io/v2",
                "kind": "CiliumNetworkPolicy",
                "metadata": {"name": "nni-api-server"},
                "spec": {"endpointSelector": {}, "egress": [{"toEntities": ["kube-apiserver"]}]},
            }
        )
    return found


def _rule(networks: list[str], *ports: int) -> Object:
    return {
        "to": [{"ipBlock": {"cidr": network}} for network in networks],
        "ports": [{"protocol": "TCP", "port": port} for port in ports],
    }


def _dns() -> Object:
    return {
        "to": [
            {
                "namespaceSelector": {
                    "matchLabels": {"kubernetes.io/metadata.name": "kube-system"}
                },
                "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
            },
            {"ipBlock": {"cidr": NODE_LOCAL_DNS}},
        ],
        "ports": [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")],
    }


def _internet() -> list[Object]:
    closed = [ipaddress.ip_network(network) for network in (*PRIVATE, *METADATA, NAT64_LOCAL)]
    closed += [_by_ipv6(n) for n in closed if isinstance(n, ipaddress.IPv4Network)]
    closed.sort(key=lambda n: n.network_address.packed)
    return [
        {"ipBlock": {"cidr": everything, "except": [str(n) for n in closed if n.version == v]}}
        for v, everything in ((4, "0.0.0.0/0"), (6, "::/0"))
    ]


def _by_ipv6(network: ipaddress.IPv4Network) -> ipaddress.IPv6Network:
    """The addresses of an IPv4 network as they are behind `NAT64`."""
    first = int(ipaddress.IPv6Address(NAT64)) + int(network.network_address)
    return ipaddress.IPv6Network((first, 96 + network.prefixlen))


def _api_server(environment: Environment) -> list[Object]:
    """That of the experiments' own cluster, as narrowly as the environment says where it is."""
    elsewhere = environment.api_address or environment.kubeconfig_secret
    if environment.egress_mode == "cidr" and not elsewhere:
        return [_rule([e["cidr"]], e["port"]) for e in environment.egress_endpoints]
    if environment.egress_mode == "cilium":
        return []
    return [_rule(list(PRIVATE), *API_PORTS)]


def _share(environment: Environment) -> list[Object]:
    share = storage.parse(environment.nni_storage)
    if not isinstance(share, storage.Nfs):  # Azure's is on the Internet
        return []
    address = hosts.ip(share.server)
    if address is None:
        return [_rule(list(PRIVATE), NFS_PORT)]
    return [_rule([str(ipaddress.ip_network(address))], NFS_PORT)]
