"""Names of container images, by the grammar that every container runtime reads them with.

Source: github.com/distribution/reference 0.5 and newer, regexp.go and normalize.go.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from fcgitops.core.lazy import regex
from fcgitops.core.redaction import redacted
from fcgitops.text import hosts
from fcgitops.text.values import odd_character
from fcgitops.text.words import shown

_LABEL = r"[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?"
_DOMAIN = regex(rf"{_LABEL}(\.{_LABEL})*|\[[0-9A-Fa-f:]+\]")
_COMPONENT = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
_PATH = regex(rf"{_COMPONENT}(/{_COMPONENT})*")
_TAG = regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = regex(r"sha256:[0-9a-f]{64}")
_LONGEST = 255
"""Characters of registry and path; newer releases count the path alone."""

TAG = "letters, digits, '_', '.' and '-', at most 128, the first no '.' or '-'"
DIGEST = "sha256: and 64 hexadecimal digits"
REPOSITORY = "a lower-case image path such as team/image"
REGISTRY = "HOST[:PORT][/PATH] without a scheme"
_KEEPER = "a Secret that `image.pullSecrets` names"
REFERENCE = "an image such as registry.example.com/team/image:v1"


def tag(value: object) -> str:
    """What is wrong with a tag."""
    return _judged(value, TAG, _TAG.fullmatch)


def digest(value: object) -> str:
    """What is wrong with a digest."""
    return _judged(value, DIGEST, _DIGEST.fullmatch)


def repository(value: object) -> str:
    """What is wrong with an image's name without a registry."""
    return _judged(value, REPOSITORY, _is_path)


def registry(value: object) -> str:
    """What is wrong with a registry, which may have a path of its own."""
    if wrong := _judged(value, REGISTRY, _is_registry):
        return wrong
    assert isinstance(value, str)  # noqa: S101 - judged above
    host = value.partition("/")[0]
    if is_domain(host):
        return ""
    return (
        f"{shown(host)} without a dot or a port is a namespace of Docker Hub: docker.io/{value}/… "
        f"(registry.example.com or {host}:5000; a namespace belongs to image.repository)"
    )


def reference(value: object) -> str:
    """What is wrong with the whole name of an image."""
    return _judged(value, REFERENCE, _is_reference)


def split(reference: str) -> tuple[str, str, str]:
    """(name, tag, digest) of a reference, whether it is right or not; "" for what it lacks."""
    named, _, found_digest = reference.partition("@")
    head, slash, last = named.rpartition("/")
    last, _, found_tag = last.partition(":")
    return head + slash + last, found_tag, found_digest


def is_domain(text: str) -> bool:
    """Whether the first part of an image's name is its registry: splitDockerDomain."""
    return text == "localhost" or any(mark in text for mark in ".:[") or text != text.lower()


def _judged(value: object, wanted: str, right: Callable[[str], object]) -> str:
    if not isinstance(value, str):
        return f"{shown(value)} is not text ({wanted}; quote it)"
    if right(value):
        return ""
    if redacted(value) != value and not re.search(r"@sha\d+:", value):  # a digest
        return f"carries a user or password (leave it out: {_KEEPER} keeps it)"
    return f"{shown(value)} is not valid{odd_character(value)} ({wanted})"


def _is_path(text: str) -> bool:
    hexadecimal = re.fullmatch(r"[0-9a-f]{64}", text)  # an image's ID
    return _PATH.fullmatch(text) is not None and not hexadecimal and len(text) <= _LONGEST


def _is_registry(text: str) -> bool:
    domain, slash, path = text.partition("/")
    host, port = hosts.split_port(domain)
    right = _DOMAIN.fullmatch(host) and hosts.is_host(host)
    return bool(right) and (port is None or hosts.is_port(port)) and (not slash or _is_path(path))


def _is_reference(text: str) -> bool:
    name, at, found_digest = text.partition("@")
    if at and not _DIGEST.fullmatch(found_digest):
        return False
    slash = name.rfind("/")
    last, colon, found_tag = name[slash + 1 :].partition(":")
    name = name[: slash + 1] + last
    if colon and not _TAG.fullmatch(found_tag):
        return False
    first, _, rest = name.partition("/")
    right = _is_registry(first) and _is_path(rest) if rest and is_domain(first) else _is_path(name)
    return right and len(name) <= _LONGEST
