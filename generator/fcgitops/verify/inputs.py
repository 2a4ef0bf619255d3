"""What a kustomization is made of, by content: equal digests mean that nothing was changed.

Every file is read, none is believed by its date. Imports next to nothing: a `verify` that finds
nothing changed is over before the checks would have been imported.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from hashlib import sha256
from operator import attrgetter

from fcgitops.model import layout
from fcgitops.model.kustomization import Kind, Kustomization, may_take_files
from fcgitops.verify.ahead import Ahead, may_work

MARK = b"fcgitops:"
"""What a file holds that may take a finding back; see `silence`."""

_UNREAD = (os.fsencode(layout.SOURCE_FILE), os.fsencode(layout.RECORD_FILE))
"""Files of an environment that kustomize does not read."""
_KUSTOMIZATION = os.fsencode(layout.KUSTOMIZATION_FILE)
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
_READ = 1 << 14
"""Bytes at once: most files are smaller, and a bigger buffer takes its time to make."""
_MANY = 200
"""Kustomizations to read which takes much longer than to make a second process."""
_by_name = attrgetter("name")


class Unknowable(Exception):
    """What is read there cannot be told by content: a link leads elsewhere, or nothing is read."""


class Inputs:
    """The digests of one repository's kustomizations.

    Args:
        root: the content's root, without a symbolic link in it.
        variants: the overlays that environments share.
    """

    def __init__(self, root: str, variants: Iterable[str]) -> None:
        self.root = root
        self._top = os.fsencode(root) + b"/"
        self.marked: set[str] = set()
        """The files, of all that was read, that hold `MARK`."""
        self._known: dict[str, bytes] = {}
        self._variants = sorted(variants)
        self._ahead: Ahead | None = None

    def read_ahead(self, items: Sequence[Kustomization]) -> None:
        """Has a second process read what many are made of; no thread may have been started yet."""
        if len(items) >= _MANY and may_work():
            self._ahead = Ahead(lambda: self._read(items))

    def _read(self, items: Iterable[Kustomization]) -> object:
        for item in items:
            self.of(item)
        return {path: digest.hex() for path, digest in self._known.items()}, sorted(self.marked)

    def take_over(self, meanwhile: Iterable[object]) -> None:
        """Takes over what is read ahead; what was not, for some fault, is read when asked for.

        Args:
            meanwhile: steps of other work, which ends when that is there.
        """
        ahead, self._ahead = self._ahead, None
        if ahead and (told := ahead.outcome(meanwhile)):
            known, marked = told
            self._known |= {path: bytes.fromhex(digest) for path, digest in known.items()}
            self.marked.update(marked)

    def of(self, item: Kustomization, more: Iterable[str] = ()) -> str:
        """The digest of a kustomization.

        Args:
            item: what is built.
            more: what it reads besides its own files and those that all share.

        Returns:
            Hexadecimal digits; empty where its content cannot be told.
        """
        try:
            parts = [self.shared, *self._own(item)]
            parts += map(self._known_tree, more)
        except Unknowable:
            return ""
        return _hash(parts).hex()

    def rendered(self, item: Kustomization) -> str:
        """What an environment renders depends on this: two with the same render the same bytes.

        That is its content but for what kustomize does not read, and for its own name in the
        comments at the top of generated files.

        Returns:
            Empty where it is no environment, or where that cannot be told.
        """
        if item.kind is not Kind.OVERLAY or item.owner in self._variants:
            return ""
        folder = layout.overlay(item.owner)
        parts: list[bytes] = []
        try:
            self._rendering(self._top + os.fsencode(folder), _UNREAD, parts)
            return _hash([self.shared, *parts]).hex()
        except (Unknowable, OSError):
            return ""

    def _rendering(self, folder: bytes, unread: Sequence[bytes], parts: list[bytes]) -> None:
        for entry in _sorted(folder):
            if entry.name in unread:
                continue
            parts.append(entry.name + b"\0")
            if entry.is_dir(follow_symlinks=False):
                self._rendering(entry.path, (), parts)
                continue
            if not entry.is_file(follow_symlinks=False):
                raise Unknowable
            data = self._content(entry.path)
            # Of the user's own, or edited: any file may be data, comments and all.
            if (generated := layout.below_header(data)) is None:
                if b"Generator" in data:
                    raise Unknowable
            elif entry.name == _KUSTOMIZATION and may_take_files(generated):
                raise Unknowable
            else:
                data = generated
            parts += (b"file %d\0" % len(data), data)

    @cached_property
    def shared(self) -> bytes:
        """The digest of what every kustomization is made of. Raises as `tree`."""
        shared = (layout.ANSWERS, layout.BASE_RECORD, *layout.SHARED)
        variants = (layout.overlay(name) for name in self._variants)
        return b"".join(map(self._known_tree, (*shared, *variants)))

    def entry_points(self) -> bytes:
        """The digest of the entry points that no environment has of its own. Raises as `tree`."""
        return b"".join(
            self._known_tree(f"{layout.CLUSTERS}/{tool}/{name}")
            for tool, names in self._tools.items()
            for name in sorted(names)
            if not os.path.isdir(os.path.join(self.root, layout.OVERLAYS, name))  # noqa: PTH112, PTH118
        )

    def _own(self, item: Kustomization) -> Iterator[bytes]:
        """The digests of a kustomization's own folders. Raises as `tree`."""
        if item.kind is Kind.EXPERIMENT:
            yield self._known_tree(item.folder)
            return
        name = item.owner
        yield self._known_tree(layout.overlay(name))
        if name not in self._variants:
            for tool, there in self._tools.items():
                yield (
                    self._known_tree(f"{layout.CLUSTERS}/{tool}/{name}")
                    if name in there
                    else _NOTHING
                )

    @cached_property
    def _tools(self) -> dict[str, set[str]]:
        """Each folder of entry points, and the names in it. Raises as `tree`."""
        top = f"{self.root}/{layout.CLUSTERS}"
        try:
            with os.scandir(top) as entries:
                tools = sorted(e.name for e in entries if e.is_dir(follow_symlinks=False))
            return {tool: set(os.listdir(f"{top}/{tool}")) for tool in tools}  # noqa: PTH208
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise Unknowable from error

    def _known_tree(self, path: str) -> bytes:
        if path not in self._known:
            self._known[path] = self.tree(path)
        return self._known[path]

    def tree(self, path: str) -> bytes:
        """The digest of a file, or of a folder with all below it; of nothing where there is none.

        Raises:
            Unknowable: there is a link or a special file, or something cannot be read.
        """
        found: list[bytes] = []
        whole = self._top + os.fsencode(path)
        try:
            mode = os.lstat(whole).st_mode
            if stat.S_ISDIR(mode):
                self._folder(whole, found)
            elif stat.S_ISREG(mode):
                self._file(whole, found)
            else:
                raise Unknowable
        except (FileNotFoundError, NotADirectoryError):
            return _NOTHING
        except OSError as error:
            raise Unknowable from error
        return _hash(found)

    def _folder(self, folder: bytes, found: list[bytes]) -> None:
        there = _sorted(folder)
        found.append(b"folder %d\0" % len(there))
        for entry in there:
            found.append(entry.name + b"\0")
            if entry.is_file(follow_symlinks=False):
                self._file(entry.path, found)
            elif entry.is_dir(follow_symlinks=False):
                self._folder(entry.path, found)
            else:
                raise Unknowable

    def _file(self, path: bytes, found: list[bytes]) -> None:
        data = self._content(path)
        found += (b"file %d\0" % len(data), data)

    def _content(self, path: bytes) -> bytes:
        descriptor = os.open(path, _OPEN)
        try:
            data = part = os.read(descriptor, _READ)
            while len(part) == _READ:
                part = os.read(descriptor, _READ)
                data += part
        finally:
            os.close(descriptor)
        if MARK in data:
            self.marked.add(os.fsdecode(path.removeprefix(self._top)))
        return data


def _sorted(folder: bytes) -> list[os.DirEntry[bytes]]:
    with os.scandir(folder) as entries:
        return sorted(entries, key=_by_name)


def _hash(parts: Iterable[bytes]) -> bytes:
    return sha256(b"".join(parts)).digest()


_NOTHING = _hash([b"nothing"])
"""The digest of what is not there."""
