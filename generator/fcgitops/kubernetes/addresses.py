"""IP addresses and networks as Kubernetes' older fields take them.

Source: k8s.io/utils/net, ParseIPSloppy and ParseCIDRSloppy: unlike Python's and Go's own, they take
leading zeros (010.0.0.1), and bits of the host in a network (10.0.0.1/8).
"""

from __future__ import annotations

import ipaddress
import re

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_V4 = re.compile(r"[0-9]+(\.[0-9]+){3}")


def parse(text: str) -> Address | None:
    """An address; None where it is none."""
    if _V4.fullmatch(text):
        parts = [int(part) for part in text.split(".")]
        return ipaddress.IPv4Address(bytes(parts)) if max(parts) <= 255 else None
    if "%" in text or ":" not in text:
        return None
    try:
        return ipaddress.IPv6Address(text)
    except ValueError:
        return None


def parse_network(text: str) -> Network | None:
    """A network in CIDR notation; None where it is none."""
    address, slash, length = text.partition("/")
    found = parse(address)
    if found is None or not slash or not re.fullmatch(r"[0-9]+", length):
        return None
    if int(length) > found.max_prefixlen:
        return None
    return ipaddress.ip_network(
        (int(found), int(length)) if found.version == 4 else (found.packed, int(length)),
        strict=False,
    )


def ip(text: str) -> str:
    """IsValidIPForLegacyField: a complaint, or ""."""
    return "" if parse(text) else "must be an IP address, such as 10.9.8.7 or 2001:db8::ffff"


def cidr(text: str) -> str:
    """IsValidCIDRForLegacyField: a complaint, or ""."""
    return "" if parse_network(text) else "must be a network, such as 10.9.8.0/24 or 2001:db8::/64"


def outside(text: str) -> str:
    """ValidateEndpointIP: an address that others can reach."""
    found = parse(text)
    if found is None:
        return ip(text)
    found = getattr(found, "ipv4_mapped", None) or found
    if found.is_unspecified:
        return "must not be unspecified"
    if found.is_loopback:
        return "must not be a loopback address"
    local = found.is_link_local or _link_local_multicast(found)
    return "must not be link-local" if local else ""


def _link_local_multicast(found: Address) -> bool:
    """Go's net.IP.IsLinkLocalMulticast: 224.0.0.0/24, and ff02::/16 with any flags."""
    if found.version == 4:
        return found.packed[:3] == bytes([224, 0, 0])
    return found.packed[0] == 0xFF and found.packed[1] & 0x0F == 2
