"""IP addresses and networks as Kubernetes' older fields take them.

Source: k8s.io/utils/net, ParseIPSloppy and ParseCIDRSloppy: unlike Python's and Go's own, they take
leading zeros (010.0.0.1), and bits of the host in a network (10.0.0.1/8). Newer versions of
Kubernetes are strict, and refuse these (StrictIPCIDRValidation, k8s.io/apimachinery,
pkg/util/validation/ip.go).
"""

from __future__ import annotations

import ipaddress
import re

from fcgitops.core.lazy import regex
from fcgitops.kubernetes.field import Field

STRICT = 36
"""From when they are."""
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_V4 = regex(r"[0-9]+(\.[0-9]+){3}")


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


def ip(text: str, *, strict: bool = False) -> str:
    """IsValidIPForLegacyField: a complaint, or ""; `strict` as StrictIPCIDRValidation asks."""
    found = parse(text)
    if found is None:
        return "must be an IP address, such as 10.9.8.7 or 2001:db8::ffff"
    return _odd(text, found) if strict else ""


def cidr(text: str, *, strict: bool = False) -> str:
    """IsValidCIDRForLegacyField: a complaint, or ""; `strict` as StrictIPCIDRValidation asks."""
    found = parse_network(text)
    if found is None:
        return "must be a network, such as 10.9.8.0/24 or 2001:db8::/64"
    address, _, length = text.partition("/")
    given = parse(address)
    if not strict or given is None:
        return ""
    if length != str(found.prefixlen):
        return _ZEROS
    if complaint := _odd(address, given):
        return complaint
    if given != found.network_address:
        return f"must have no bits beyond the length: {found}"
    return ""


_ZEROS = "must have no leading zeros"


def _odd(text: str, found: Address) -> str:
    """What Go's net/netip does not take, or StrictIPCIDRValidation does not."""
    if found.version == 4:
        return "" if text == str(found) else _ZEROS
    if found.ipv4_mapped:
        return "must be no IPv4 address in an IPv6 one"
    # An IPv4 address at the end, whose parts may have zeros.
    last = text.rpartition(":")[2]
    return _ZEROS if "." in last and re.search(r"(^|\.)0[0-9]", last) else ""


def ip_of(found: Field) -> str:
    """A complaint of an address, by the Kubernetes that judges it, or ""."""
    return ip(found.text, strict=found.since(STRICT))


def cidr_of(found: Field, text: str) -> str:
    """A complaint of a network in a value, by the Kubernetes that judges it, or ""."""
    return cidr(text, strict=found.since(STRICT))


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
