"""Results of `verify` that are kept between runs, by the content of all that was read.

One file a repository, of this program's very code: see `core/cache`. Imports next to nothing, as
`inputs` does.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from fcgitops.core import cache
from fcgitops.core.findings import Finding
from fcgitops.model.facts import Facts
from fcgitops.text import jsonio

_FORMAT = b"verify 1"


@dataclass(frozen=True)
class Result:
    """What was found in one kustomization."""

    key: str = ""
    """The digest of its inputs; empty where they cannot be told."""
    more: tuple[str, ...] = ()
    """Paths that it read besides its own files and those that all share."""
    findings: tuple[Finding, ...] = ()
    objects: int = 0
    """How many it renders."""
    facts: Facts | None = None
    """What others must know of it; None where it is no environment, or cannot be read."""
    lasting: bool = True
    """Whether it depends on its inputs alone."""

    def with_key(self, key: str) -> Result:
        """The result of inputs with that digest."""
        return replace(self, key=key)


@dataclass
class Kept:
    """The results of one repository."""

    results: dict[str, Result] = field(default_factory=dict)
    """Kustomization, or empty for the repository as a whole → its result."""
    summary: dict[str, Any] = field(default_factory=dict)
    """What else a run without a change has to say."""


def load(root: str, identity: str) -> Kept:
    """The results of the last run that are still good for this code; none where they are not.

    Args:
        root: the content's root.
        identity: of the code and of kustomize.
    """
    body = cache.load(place(root), _whole(root, identity))
    if body is None:
        return Kept()
    try:
        document = jsonio.load(body)
        results = {name: _result(*fields) for name, fields in document["results"].items()}
        return Kept(results, document["summary"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return Kept()


def save(root: str, identity: str, kept: Kept) -> None:
    """Keeps results for the next run; a folder that cannot be written is no matter."""
    rows = {
        name: (r.key, r.more, [list(vars(f).values()) for f in r.findings], r.objects, r.facts)
        for name, r in kept.results.items()
        if r.key and r.lasting
    }
    body = json.dumps({"results": rows, "summary": kept.summary}, separators=(",", ":")).encode()
    cache.save(place(root), _whole(root, identity), body)


def place(root: str) -> Path:
    """The file of one repository."""
    return cache.folder("verify") / f"{sha256(os.fsencode(root)).hexdigest()[:32]}.json"


def _whole(root: str, identity: str) -> bytes:
    return b"\0".join((_FORMAT, os.fsencode(root), identity.encode()))


def _result(
    key: str, more: list[str], findings: list[list[Any]], objects: int, facts: list[Any] | None
) -> Result:
    found = tuple(Finding(*fields) for fields in findings)
    known = Facts(*facts) if facts else None
    return Result(key, tuple(more), found, objects, known)
