"""Results of `verify` that are kept between runs, by the content of all that was read.

One file a repository below the user's cache folder. It is believed only where it is whole (its
checksum), the user's own (owner and mode), of this program's very code and of this repository;
else it is as if there were none. Imports next to nothing, as `inputs` does.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from fcgitops.core.findings import Finding
from fcgitops.model.facts import Facts

_FORMAT = "fcgitops verify 1"
_LARGEST = 1 << 28


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
    data = _read(place(root))
    head, _, body = data.partition(b"\n")
    if head != _head(root, identity, body):
        return Kept()
    try:
        document = json.loads(body)
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
    file = place(root)
    with suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=file.parent)
        try:
            with os.fdopen(descriptor, "wb") as new:
                new.write(_head(root, identity, body) + b"\n" + body)
            os.replace(name, file)  # noqa: PTH105 - as it was made
        except BaseException:
            with suppress(OSError):
                os.unlink(name)  # noqa: PTH108
            raise


def place(root: str) -> Path:
    """The file of one repository."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    folder = Path(base) if base.startswith("/") else Path.home() / ".cache"
    return folder / "fcgitops" / "verify" / f"{sha256(os.fsencode(root)).hexdigest()[:32]}.json"


def code() -> str:
    """What changes with every change of this program: its files' names, sizes and dates."""
    package = Path(__file__).parents[1]
    parts = [sys.version]
    for folder in (package, *(Path(entry.path) for entry in _folders(package))):
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if entry.name.endswith((".py", ".json", ".yaml")):
                    about = entry.stat()
                    parts.append(f"{entry.path} {about.st_size} {about.st_mtime_ns}")
    return sha256("\n".join(parts).encode()).hexdigest()


def program(path: str) -> str:
    """What changes with every change of a program."""
    try:
        about = os.stat(path)  # noqa: PTH116
    except OSError:
        return ""
    return f"{os.path.realpath(path)} {about.st_size} {about.st_mtime_ns}"


def _folders(package: Path) -> list[os.DirEntry[str]]:
    found: list[os.DirEntry[str]] = []
    waiting = [str(package)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            below = [e for e in entries if e.is_dir() and not e.name.startswith(("_", "."))]
        found += below
        waiting += [entry.path for entry in below]
    return sorted(found, key=lambda entry: entry.path)


def _read(file: Path) -> bytes:
    """The bytes of a file that is the user's own, and nobody else's to write; else none."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""
    with os.fdopen(descriptor, "rb") as opened:
        about = os.fstat(descriptor)
        mine = about.st_uid == os.geteuid() and not about.st_mode & 0o022
        if not (stat.S_ISREG(about.st_mode) and mine and about.st_size <= _LARGEST):
            return b""
        try:
            return opened.read()
        except OSError:
            return b""


def _head(root: str, identity: str, body: bytes) -> bytes:
    """The first line: of what the rest is, and its checksum."""
    parts = (_FORMAT.encode(), os.fsencode(root), identity.encode(), body)
    return _FORMAT.encode() + b" " + sha256(b"\0".join(parts)).hexdigest().encode()


def _result(
    key: str, more: list[str], findings: list[list[Any]], objects: int, facts: list[Any] | None
) -> Result:
    found = tuple(Finding(*fields) for fields in findings)
    known = Facts(*facts) if facts else None
    return Result(key, tuple(more), found, objects, known)
