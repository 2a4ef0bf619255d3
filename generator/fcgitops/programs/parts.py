"""What a kustomization is built from: the local files and folders that it names, and theirs.

Source of the keys: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fcgitops.core.errors import InputError
from fcgitops.text import yamlio

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""As kustomize looks for them."""
_LISTS = ("resources", "components", "generators", "transformers", "validators", "crds")
_GENERATORS = ("configMapGenerator", "secretGenerator")


class Files:
    """What is on disk, but for what is pending."""

    def __init__(self, pending: Mapping[Path, bytes | None]) -> None:
        """A view of the disk.

        Args:
            pending: files as they will be, None for those that go.
        """
        self._pending = pending
        written = (path for path, data in pending.items() if data is not None)
        self._folders = {folder for path in written for folder in path.parents}

    def has(self, path: Path) -> bool:
        """Whether there is a file."""
        if path in self._pending:
            return self._pending[path] is not None
        return path.is_file()

    def has_folder(self, path: Path) -> bool:
        """Whether there is a folder."""
        return path in self._folders or path.is_dir()

    def read(self, path: Path) -> bytes:
        """A file's content; nothing where it cannot be read, which kustomize says better."""
        if data := self._pending.get(path):
            return data
        try:
            return path.read_bytes()
        except OSError:
            return b""


def parts(folder: Path, files: Files | None = None) -> tuple[list[Path], list[Path]]:
    """The files that are there, and those that are not, however they are reached.

    Args:
        folder: with the kustomization.
        files: what there is; by default what is on disk.
    """
    files = files or Files({})
    there: list[Path] = []
    missing: list[Path] = []
    waiting, seen = [folder], set[Path]()
    while waiting:
        place = waiting.pop()
        if place in seen:
            continue
        seen.add(place)
        file = next((place / name for name in NAMES if files.has(place / name)), None)
        if file is None:
            missing.append(place / NAMES[0])
            continue
        there.append(file)
        for text in _named(files.read(file)):
            path = Path(os.path.normpath(place / text))
            if files.has_folder(path):
                waiting.append(path)
            else:
                (there if files.has(path) else missing).append(path)
    return there, missing


@functools.lru_cache(maxsize=64)
def _named(content: bytes) -> tuple[str, ...]:
    """The paths that a kustomization names; what may be a URL is left out.

    A base, and a component, is the same one of every environment.
    """
    try:
        document = yamlio.load(content, NAMES[0])
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
