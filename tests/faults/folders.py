"""Folders as they are: read at once, and put back as they were, whatever has happened to them.

A file that is put back is the same one, by its number and times, as far as these can be set: git
takes it for unchanged, and so does a command that has looked at it before. What cannot be set is
when its number last changed hands (`ctime`); git is told not to look at that (core.trustCTime).
"""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from typing import NamedTuple

_RACY = 50_000_000
"""Nanoseconds within which a file may change again, and its times stay."""


class Found(NamedTuple):
    """A file, a link or a folder.

    Attributes:
        mode: its kind and mode.
        inode: its number.
        modified: when it was written, in ns.
        content: of a file; where a link leads; nothing of a folder.
    """

    mode: int
    inode: int
    modified: int
    content: bytes

    @property
    def is_folder(self) -> bool:
        """Whether it is one."""
        return stat.S_ISDIR(self.mode)


Look = dict[str, Found]
"""What stands below some folders, by its path."""


class Folders:
    """Folders that are looked at often.

    Args:
        roots: the folders.
        aside: an empty folder on the same file system.
    """

    def __init__(self, roots: list[Path], aside: Path) -> None:
        self.roots = [str(root) for root in roots]
        self._aside = str(aside)
        self._known: dict[int, tuple[tuple[int, ...], bytes]] = {}
        self._linked: set[int] = set()

    def look(self) -> Look:
        """All that stands there now; what has not changed since the last time is not read."""
        found: Look = {}
        for root in self.roots:
            self._look_below(root, found)
        return found

    def _look_below(self, folder: str, found: Look) -> None:
        with os.scandir(folder) as entries:
            for entry in entries:
                about = entry.stat(follow_symlinks=False)
                content = b""
                if stat.S_ISDIR(about.st_mode):
                    self._look_below(entry.path, found)
                elif stat.S_ISLNK(about.st_mode):
                    content = os.fsencode(Path(entry.path).readlink())
                else:
                    content = self._content(entry.path, about)
                mode, inode, modified = about.st_mode, about.st_ino, about.st_mtime_ns
                found[entry.path] = Found(mode, inode, modified, content)

    def _content(self, path: str, about: os.stat_result) -> bytes:
        times = (about.st_size, about.st_mtime_ns, about.st_ctime_ns)
        known = self._known.get(about.st_ino)
        if known and known[0] == times:
            return known[1]
        content = Path(path).read_bytes()
        if time.time_ns() - about.st_ctime_ns > _RACY:
            self._known[about.st_ino] = times, content
        return content

    def keep(self) -> Look:
        """All that stands there now; nothing of it gets lost, whatever becomes of it."""
        there = self.look()
        fresh = {
            found.inode: path
            for path, found in there.items()
            if not found.is_folder and found.inode not in self._linked
        }
        for path in fresh.values():
            os.link(path, self._kept(there[path]), follow_symlinks=False)
        self._linked |= fresh.keys()
        return self.look() if fresh else there

    def _kept(self, found: Found) -> str:
        return f"{self._aside}/{found.inode}"

    def restore(self, kept: Look, now: Look) -> None:
        """Put back all that `keep` has found, from what `look` finds there now."""
        for name in sorted(now.keys() - kept.keys(), reverse=True):  # what is in a folder first
            _remove(Path(name), now[name])
        other = {name: found for name, found in kept.items() if now.get(name) != found}
        for name, found in sorted(other.items()):
            path, there = Path(name), now.get(name)
            if there and found.is_folder and there.mode == found.mode:
                continue
            if there and (found.is_folder or there.inode != found.inode):
                _remove(path, there)
                there = None
            if found.is_folder:
                path.mkdir()
                path.chmod(stat.S_IMODE(found.mode))
                continue
            if not there:
                os.link(self._kept(found), path, follow_symlinks=False)
            if not path.is_symlink():
                self._mend(path, found)

    def _mend(self, path: Path, found: Found) -> None:
        """Give a file that is the same again what it held, and its mode and time."""
        if path.read_bytes() != found.content:
            path.chmod(0o600)
            path.write_bytes(found.content)
        path.chmod(stat.S_IMODE(found.mode))
        os.utime(path, ns=(found.modified, found.modified))
        self._known.pop(found.inode, None)


def _remove(path: Path, found: Found) -> None:
    if found.is_folder:
        path.rmdir()
    else:
        path.unlink()
