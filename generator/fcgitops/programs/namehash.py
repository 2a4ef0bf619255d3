"""The hash that kustomize puts behind the names of the ConfigMaps and Secrets that it generates.

Source: `encode` of sigs.k8s.io/kustomize, api/hasher/hasher.go: ten of these characters.
"""

from __future__ import annotations

from fcgitops.core.lazy import regex

_HASH = regex(r"-[bcdfghkmt2456789]{10}\Z")


def without_hash(name: str) -> str:
    """A name without kustomize's hash."""
    return _HASH.sub("", name)


def has_hash(name: str) -> bool:
    """Whether a name ends in a hash of kustomize's."""
    return _HASH.search(name) is not None
