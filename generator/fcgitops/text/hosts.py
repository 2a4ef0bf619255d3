"""Hosts as URLs and image names have them: names, IPv4 addresses, IPv6 addresses in brackets."""

from __future__ import annotations

import ipaddress
import re

from fcgitops.core.lazy import regex

_NAME = regex(r"[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?")
_OWN_NAMES = ("localhost", "ip6-localhost", "ip6-loopback")
"""Names that the kubelet writes into each Pod's /etc/hosts (pkg/kubelet/kubelet_pods.go)."""


def is_host(text: str) -> bool:
    """Whether it is a name, an IPv4 address in its one spelling, or an IPv6 one in brackets."""
    if text.startswith("["):
        return text.endswith("]") and ip(text) is not None
    if re.fullmatch(r"[0-9.]+", text):
        return ip(text) is not None
    return _NAME.fullmatch(text) is not None


def is_port(text: str) -> bool:
    """Whether it is a port in decimal digits."""
    return re.fullmatch(r"[0-9]{1,5}", text) is not None and 0 < int(text) < 65536


def split_port(text: str) -> tuple[str, str | None]:
    """HOST[:PORT] as the two; None where there is no colon before a port."""
    host, colon, port = text.rpartition(":")
    return (host, port) if colon and "]" not in port else (text, None)


def ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host is, with or without brackets; None for a name."""
    bare = text.removeprefix("[").removesuffix("]")
    if ":" not in bare and not bare[-1:].isdigit():  # a name, told without an exception
        return None
    try:
        return None if "%" in bare else ipaddress.ip_address(bare)
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether a host is the machine that asks for it; within a Pod that is the Pod itself.

    Names as RFC 6761 has them, and addresses; 0.0.0.0 and :: lead to it too.
    """
    name = host.lower().removesuffix(".")
    if name in _OWN_NAMES or name.endswith(".localhost"):
        return True
    address = ip(name)
    if address is None:
        return re.fullmatch(r"127(\.[0-9]+){0,3}", name) is not None
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified
