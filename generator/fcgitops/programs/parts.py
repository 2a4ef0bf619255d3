"""What a kustomization is built from: the local files and folders that it names, and theirs.

Source of the keys: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from fcgitops.core.errors import InputError
from fcgitops.core.lazy import regex
from fcgitops.text import yamlio
from fcgitops.text.tree import may_have

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""The names of a kustomization's file, in the order in which kustomize looks for them."""
_LISTS = ("resources", "components", "generators", "transformers", "validators", "crds")
_GENERATORS = ("configMapGenerator", "secretGenerator")


class Files:
    """What is on disk, but for what is pending."""

    def __init__(self, pending: Mapping[str, bytes | None]) -> None:
        """A view of the disk, as it is when a folder is first asked for.

        Args:
            pending: absolute paths → files as they will be, None for those that go.
        """
        self._pending = pending
        self._direct: dict[str, Direct] = {}
        self._folders: set[str] = set()
        for path, data in pending.items():
            folder = path.rpartition("/")[0] if data is not None else ""
            while folder and folder not in self._folders:
                self._folders.add(folder)
                folder = folder.rpartition("/")[0]

    def direct(self, folder: str) -> Direct:
        """What the kustomization of a folder names; a folder that many share is read once."""
        if folder not in self._direct:
            self._direct[folder] = self._read(folder)
        return self._direct[folder]

    def _read(self, folder: str) -> Direct:
        places = [f"{folder}/{name}" for name in NAMES]
        file = next(filter(self._has, places), None)
        if file is None:
            return Direct((), (places[0],), ())
        named = [
            os.path.normpath(f"{folder}/{text}")
            for text in _named(_below_its_head(self._content(file)))
        ]
        folders: list[str] = []
        there, missing = [file], list[str]()
        for path in named:
            if self._has_folder(path):
                folders.append(path)
            else:
                (there if self._has(path) else missing).append(path)
        return Direct(tuple(there), tuple(missing), tuple(folders))

    def _has(self, path: str) -> bool:
        if path in self._pending:
            return self._pending[path] is not None
        return may_have(path)

    def _has_folder(self, path: str) -> bool:
        return path in self._folders or os.path.isdir(path)  # noqa: PTH112

    def _content(self, path: str) -> bytes:
        """A file's content; nothing where it cannot be read, which kustomize says better."""
        if path in self._pending:
            return self._pending[path] or b""
        try:
            return Path(path).read_bytes()
        except OSError:
            return b""


class Direct(NamedTuple):
    """What one kustomization is built from: its own file and those that it names; whole paths."""

    there: tuple[str, ...]
    missing: tuple[str, ...]
    folders: tuple[str, ...]
    """With a kustomization each, or the lack of one."""


def parts(folder: Path, files: Files | None = None) -> Iterator[Direct]:
    """What a kustomization is built from, and each below it, however it is reached.

    Args:
        folder: with the kustomization.
        files: what there is; by default what is on disk.
    """
    files = files or Files({})
    waiting, seen = [os.path.normpath(folder)], set[str]()
    while waiting:
        place = waiting.pop()
        if place not in seen:
            seen.add(place)
            direct = files.direct(place)
            waiting += direct.folders
            yield direct


_HEAD = regex(rb"(?:#[^\n]*\n)*")


def _below_its_head(content: bytes) -> bytes:
    """A text without the comments above it, in which generated ones name their environment."""
    return _HEAD.sub(b"", content, count=1)


@functools.lru_cache(maxsize=64)
def _named(content: bytes) -> tuple[str, ...]:
    """The paths that a kustomization names; what may be a URL is left out.

    Most environments have the same one, and all share the base's and the components'.
    """
    try:
        document = yamlio.construct(yamlio.compose_first(content, NAMES[0])[0], NAMES[0])
    except InputError:  # kustomize says it better
        return ()
    texts = _texts(document if isinstance(document, dict) else {})
    return tuple(text for text in texts if _is_local(text) and not set(":?\n\0") & set(text))


def _is_local(text: str) -> bool:
    return text.startswith(".") or "." not in text.partition("/")[0] or "/" not in text


def _texts(document: dict[str, Any]) -> Iterator[str]:
    found = [item for key in _LISTS for item in _list(document, key)]
    found += [p.get("path") for p in _list(document, "patches") if isinstance(p, dict)]
    for key in _GENERATORS:
        for generator in _list(document, key):
            for item in _list(generator, "files") if isinstance(generator, dict) else ():
                found.append(str(item).rpartition("=")[2])
    return (text for text in found if isinstance(text, str) and text)


def _list(document: dict[str, Any], key: str) -> list[Any]:
    value = document.get(key)
    return value if isinstance(value, list) else []
