"""Git's own files, read without git: thousands of states are looked at, and a process takes 3 ms.

git itself judges each content of a file once; a state that is made of what it has found to be fine,
with all that this refers to, is not shown to it again.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from gitenv import git

from faults.folders import Found, Look

_BEFORE_NAME = struct.Struct(">8xI12xI8xI20sH")
"""Of an entry of an index: when its file was written, its mode, its size, its object."""
_SUBMODULE = 0o160000
_HEXADECIMAL = re.compile(rb"\b[0-9a-f]{40}\b")


@lru_cache(maxsize=256)
def listed(index: bytes) -> str:
    """What `git ls-files -s -t` prints of an index; nothing where there is none."""
    if not index:
        return ""
    lines = []
    for entry in _entries(index):
        tag = "M" if entry.stage else "S" if entry.skipped else "H"
        lines.append(f"{tag} {entry.mode:06o} {entry.name} {entry.stage}\t{entry.path}")
    return "\n".join(lines)


class _Entry(NamedTuple):
    """A file in an index.

    What git compares with the file itself is `seen`: the second when it was written, and its size
    (`core.checkStat` is `minimal` here).
    """

    mode: int
    name: str
    stage: int
    skipped: bool
    path: str
    seen: tuple[int, int]
    end: int


@lru_cache(maxsize=256)
def _entries(index: bytes) -> list[_Entry]:
    assert hashlib.sha1(index[:-20]).digest() == index[-20:], "a damaged index"
    signature, version, count = struct.unpack_from(">4sII", index)
    assert signature == b"DIRC"
    assert version in (2, 3)
    at, found = 12, []
    for _ in range(count):
        second, mode, size, name, flags = _BEFORE_NAME.unpack_from(index, at)
        start, more = at + 62, 0
        if flags & 0x4000:
            (more,) = struct.unpack_from(">H", index, start)
            start += 2
        end = index.index(b"\0", start)
        path = index[start:end].decode()
        at += (end - at + 8) & ~7
        stage = flags >> 12 & 3
        skipped = bool(more & 0x4000)
        found.append(_Entry(mode, name.hex(), stage, skipped, path, (second, size), at))
    return found


@lru_cache(maxsize=256)
def _index_parts(index: bytes) -> tuple[bytes, frozenset[str]]:
    """What of an index is no time or number of a file, and the objects that it refers to."""
    entries = _entries(index)
    names = {entry.name for entry in entries if entry.mode != _SUBMODULE}
    rest = extensions = index[entries[-1].end if entries else 12 : -20]
    while rest:
        (size,) = struct.unpack_from(">I", rest, 4)
        if rest[:4] == b"TREE":
            names |= set(_cached_trees(rest[8 : 8 + size]))
        rest = rest[8 + size :]
    return listed(index).encode() + extensions, frozenset(names)


def _cached_trees(data: bytes) -> Iterator[str]:
    """The trees that an index has noted."""
    while data:
        about, _, data = data[data.index(b"\0") + 1 :].partition(b"\n")
        if not about.startswith(b"-"):
            yield data[:20].hex()
            data = data[20:]


@lru_cache(maxsize=4096)
def _refers(loose: bytes) -> frozenset[str]:
    """The objects that a loose one refers to."""
    header, _, body = zlib.decompress(loose).partition(b"\0")
    kind = header.partition(b" ")[0]
    if kind == b"tree":
        return frozenset(_of_tree(body))
    if kind == b"blob":
        return frozenset()
    return frozenset(name.decode() for name in _HEXADECIMAL.findall(body.partition(b"\n\n")[0]))


def _of_tree(body: bytes) -> Iterator[str]:
    while body:
        mode, _, rest = body.partition(b" ")
        _, _, rest = rest.partition(b"\0")
        if mode != b"160000":
            yield rest[:20].hex()
        body = rest[20:]


def _packed(pack_index: bytes) -> Iterator[str]:
    """The objects of a pack, by its index."""
    (count,) = struct.unpack_from(">I", pack_index, 8 + 255 * 4)
    start = 8 + 256 * 4
    for number in range(count):
        yield pack_index[start + 20 * number : start + 20 * number + 20].hex()


class Fsck:
    """What `git fsck --full --strict` says of states.

    Attributes:
        asked: how often it was asked.
    """

    def __init__(self) -> None:
        self.asked = 0
        self._fine: set[_File] = set()
        self._closed: dict[_File, frozenset[str]] = {}
        """Of a pack, the objects that were there when nothing was missing."""

    def damage(self, top: Path, look: Look) -> list[str]:
        """What git finds wrong; objects that nothing refers to yet are no damage.

        Args:
            top: of the repository.
            look: what stands there.
        """
        folder = f"{top}/.git/"
        files = {
            path.removeprefix(folder): found.content
            for path, found in look.items()
            if path.startswith(folder) and not found.is_folder
        }
        if not files:
            return []
        state = _State(files)
        if (
            state.readable
            and state.files <= self._fine
            and state.wanted <= state.there
            and all(self._closed[pack] <= state.there for pack in state.packs)
        ):
            return []
        self.asked += 1
        told = git(top, "fsck", "--full", "--strict").splitlines()
        wrong = [line for line in told if not line.startswith("dangling")]
        if state.readable and not wrong:
            self._fine |= state.files
            for pack in state.packs:
                self._closed[pack] = state.there & self._closed.get(pack, state.there)
        return wrong


_File = tuple[str, bytes]
"""The path of a file below .git, and what it holds."""


class _State:
    """What git judges of a state.

    Attributes:
        readable: whether all this is known.
        files: what it is made of.
        packs: those of them that are packs.
        there: its objects.
        wanted: the objects that loose ones, branches, logs and the index refer to.
    """

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files: set[_File] = set()
        self.packs: set[_File] = set()
        self.there: set[str] = set()
        self.wanted: set[str] = set()
        self.readable = True
        try:
            for path, content in files.items():
                self._add(path, content)
        except (AssertionError, IndexError, ValueError, struct.error, zlib.error):
            self.readable = False
        self.wanted.discard("0" * 40)

    def _add(self, path: str, content: bytes) -> None:
        first, *rest = path.split("/")
        if first == "objects" and not rest[-1].startswith("tmp_"):  # which git passes over
            self.files.add((path, content))
            if rest[0] == "pack":
                self.packs.add((path, content))
                if path.endswith(".idx"):
                    self.there.update(_packed(content))
            elif len(rest[0]) == 2:
                self.there.add("".join(rest))
                self.wanted |= _refers(content)
        elif path == "index":
            parts, names = _index_parts(content)
            self.files.add((path, parts))
            self.wanted |= names
        elif first in ("HEAD", "refs", "packed-refs", "logs", "shallow", "info", "config"):
            self.files.add((path, content))
            self.wanted.update(name.decode() for name in _HEXADECIMAL.findall(content))


Alike = frozenset[object]
"""Equal for states that are alike."""


def loose(top: Path, look: Look) -> Alike:
    """The loose objects that are there."""
    folder = f"{top}/.git/objects/"
    return frozenset(path for path in look if path.startswith(folder) and "/tmp_" not in path)


def alike(top: Path, look: Look) -> Alike:
    """What a command that is run there can tell from other states; loose objects are left out.

    Whatever is drawn or counted anew in each run is told as what it means: the token of a lock as
    the one that the journal has, times and numbers in an index as those of the files or others. Of
    what is elsewhere, in folders for temporary files, no name is drawn twice.
    """
    place, folder, tokens = f"{top.parent}/", f"{top}/", {}
    private = folder + ".git/fcgitops/"
    journal = look.get(private + "journal")

    def named(match: re.Match[bytes]) -> bytes:
        return tokens.setdefault(match[0], b"token %d" % len(tokens))

    found: set[object] = set()
    for path, one in sorted(look.items()):
        if not path.startswith(place):
            found.add("something temporary")
            continue
        content: object = one.content
        named_alike = _STAGING.sub("staging", path) if ".fcgitops" in path else path
        if "/.git/" not in path:
            found.add((named_alike, one.mode, content))
            continue
        if _LOOSE.search(path):
            continue
        if path in (f"{folder}.git/index", private + "index", private + "back"):
            content = _as_seen(folder, one.content, look)
        elif path.startswith(private) or path.endswith(".lock"):
            content = _TOKEN.sub(named, one.content)
            if one is journal:
                content = _stamped(content, look.get(f"{folder}.git/index"))
        young = journal and path.endswith(".lock") and one.modified >= journal.modified
        found.add((named_alike, one.mode, content, bool(young)))
    return frozenset(found)


_LOOSE = re.compile(r"/\.git/objects/(?:[0-9a-f]{2}(?:/|$)|(?:pack/)?tmp_)")
_TOKEN = re.compile(rb"\b[0-9a-f]{32}\b")
_STAGING = re.compile(r"\.[a-z]+\.[a-z0-9_]{8}\.fcgitops")


def _as_seen(folder: str, index: bytes, look: Look) -> object:
    """An index, and which of its files are as it has seen them."""
    try:
        parts, _ = _index_parts(index)
    except (AssertionError, IndexError, ValueError, struct.error):
        return index
    there = (look.get(folder + entry.path) for entry in _entries(index))
    seen = tuple(
        one is not None and entry.seen == (one.modified // 10**9, len(one.content))
        for entry, one in zip(_entries(index), there, strict=True)
    )
    return parts, seen


def _stamped(journal: bytes, index: Found | None) -> object:
    """A journal, and whether the index is still the one that it tells of."""
    try:
        told = json.loads(journal)
        stamp = told.pop("index")
    except (ValueError, TypeError, KeyError, AttributeError):
        return journal
    now = [index.mode, index.inode, len(index.content), index.modified] if index else []
    return json.dumps(told), stamp == now
