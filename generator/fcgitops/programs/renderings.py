"""What kustomize rendered, kept between runs by the content of all that it read.

What is rendered may hold what its repository holds: files and folders are the user's alone.
"""

from __future__ import annotations

import os
import zlib
from contextlib import suppress
from pathlib import Path

from fcgitops.core import cache
from fcgitops.programs import kustomize
from fcgitops.programs.kustomize import FETCH, Kustomize

_FORM = "rendering 1"
_MOST = 48
"""Files in each of 256 folders: about 12,000 renderings, of 4 kB each."""


class Renderings:
    """The renderings of one kustomize.

    Attributes:
        used: whether any is kept: not where kustomize may fetch what changes elsewhere.
    """

    def __init__(self, program: Kustomize) -> None:
        self.used = os.environ.get(FETCH, "") in ("", "0")
        self._folder = cache.folder("renderings")
        about = kustomize.identity(program.command[0])
        self._identity = "\0".join((_FORM, *program.command, about))

    def find(self, key: str) -> bytes | None:
        """What was rendered of inputs with this digest; None where that is not known."""
        if not self.used:
            return None
        file = self._file(key)
        body = cache.load(file, self._of(key))
        if body is None:
            return None
        with suppress(OSError):
            os.utime(file)  # the least used go first
        return zlib.decompress(body)

    def keep(self, key: str, rendered: bytes) -> None:
        """Keeps what was rendered."""
        if self.used:
            file = self._file(key)
            cache.save(file, self._of(key), zlib.compress(rendered, 1))
            _tidy(file.parent)

    def _file(self, key: str) -> Path:
        return self._folder / key[:2] / key

    def _of(self, key: str) -> bytes:
        return f"{self._identity}\0{key}".encode("utf-8", "surrogateescape")


def _tidy(folder: Path) -> None:
    """Leaves the files of a folder that were used last."""
    with suppress(OSError):
        with os.scandir(folder) as entries:
            there = list(entries)
        if len(there) > _MOST:
            ages = {entry.path: entry.stat().st_mtime_ns for entry in there}
            for path in sorted(ages, key=lambda path: ages[path])[: len(there) - _MOST]:
                os.unlink(path)  # noqa: PTH108
