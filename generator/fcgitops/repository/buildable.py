"""What nothing builds without: the local files that a kustomization names, and that are not there.

Source of the keys: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fcgitops.core import shell
from fcgitops.core.errors import InputError, Problem
from fcgitops.model import layout
from fcgitops.text import yamlio

NAMES = (layout.KUSTOMIZATION_FILE, "kustomization.yml", "Kustomization")
"""As kustomize looks for them."""
_LISTS = ("resources", "components", "generators", "transformers", "validators", "crds")
_GENERATORS = ("configMapGenerator", "secretGenerator")


def missing_parts(root: Path, name: str) -> list[Problem]:
    """A problem for each file or folder that an overlay is built from, and that is not there.

    Args:
        root: the repository.
        name: the overlay.
    """
    problems: list[Problem] = []
    waiting, seen = [f"{layout.OVERLAYS}/{name}"], set[str]()
    while waiting:
        folder = waiting.pop()
        if folder in seen:
            continue
        seen.add(folder)
        file = next((f for f in NAMES if (root / folder / f).is_file()), None)
        if file is None:
            problems.append(_missing(f"{folder}/{NAMES[0]}", name))
            continue
        for path in _named(root / folder / file, folder):
            if (root / path).is_dir():
                waiting.append(path)
            elif not (root / path).exists():
                problems.append(_missing(path, name))
    return problems


def _missing(path: str, name: str) -> Problem:
    what = f"is missing, and {name} does not build without it"
    return Problem(path, what, shell.line("git", "restore", path))


def _named(file: Path, folder: str) -> Iterator[str]:
    """The paths that a kustomization names, from the top; what may be a URL is left out."""
    try:
        document = yamlio.load(file.read_bytes(), str(file))
    except (InputError, OSError):  # kustomize says it better
        return
    for text in _texts(document if isinstance(document, dict) else {}):
        path = posixpath.normpath(posixpath.join(folder, text))
        local = text.startswith(".") or "." not in text.partition("/")[0] or "/" not in text
        if local and not path.startswith("..") and not set(":?") & set(text):
            yield path


def _texts(document: dict[str, Any]) -> Iterator[str]:
    found = [item for key in _LISTS for item in _list(document, key)]
    found += [p.get("path") for p in _list(document, "patches") if isinstance(p, dict)]
    for key in _GENERATORS:
        for generator in _list(document, key):
            for item in _list(generator, "files") if isinstance(generator, dict) else ():
                found.append(str(item).rpartition("=")[2])
    return (text for text in found if isinstance(text, str) and "\n" not in text)


def _list(document: dict[str, Any], key: str) -> list[Any]:
    value = document.get(key)
    return value if isinstance(value, list) else []
