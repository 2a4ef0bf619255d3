"""Files that are kept between runs, below the user's cache folder.

One is believed only where it is whole (its checksum), the user's own (owner and mode), and of what
it is asked for; else it is as if there were none. Imports next to nothing: who finds here what is
wanted is over before the rest would have been imported.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

_LARGEST = 1 << 28


def folder(name: str) -> Path:
    """Where files of a kind are kept."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    top = Path(base) if base.startswith("/") else Path.home() / ".cache"
    return top / "fcgitops" / name


def load(file: Path, identity: bytes) -> bytes | None:
    """What was kept in a file; None where it is not there, or not to be believed.

    Args:
        file: below `folder`.
        identity: of all that the content follows from, and of its form.
    """
    head, _, body = _read(file).partition(b"\n")
    return body if head == _head(identity, body) else None


def save(file: Path, identity: bytes, body: bytes) -> None:
    """Keeps something for the next run; a folder that cannot be written is no matter."""
    import tempfile  # noqa: PLC0415 - where there is something new

    with suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=file.parent)
        try:
            with os.fdopen(descriptor, "wb") as new:
                new.write(_head(identity, body) + b"\n" + body)
            os.replace(name, file)  # noqa: PTH105 - as it was made
        except BaseException:
            with suppress(OSError):
                os.unlink(name)  # noqa: PTH108
            raise


def code() -> str:
    """What changes with every change of this program: its files' names, sizes and dates."""
    package = Path(__file__).parents[1]
    parts = [sys.version]
    for place in (package, *(Path(entry.path) for entry in _folders(package))):
        with os.scandir(place) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if entry.name.endswith((".py", ".json", ".yaml")):
                    about = entry.stat()
                    parts.append(f"{entry.path} {about.st_size} {about.st_mtime_ns}")
    return sha256(os.fsencode("\n".join(parts))).hexdigest()


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


def _head(identity: bytes, body: bytes) -> bytes:
    """The first line: a checksum of what it is, and of the rest."""
    return b"fcgitops " + sha256(identity + b"\0" + body).hexdigest().encode()
