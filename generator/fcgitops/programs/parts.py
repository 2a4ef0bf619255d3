"""What a kustomization is built from: the local files and folders that it names, and theirs.

Source of the keys: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fcgitops.core.errors import InputError
from fcgitops.text import yamlio

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""As kustomize looks for them."""
_LISTS = ("resources", "components", "generators", "transformers", "validators", "crds")
_GENERATORS = ("configMapGenerator", "secretGenerator")


def parts(folder: Path) -> tuple[list[Path], list[Path]]:
    """The files that are there, and those that are not, however they are reached."""
    there: list[Path] = []
    missing: list[Path] = []
    waiting, seen = [folder], set[Path]()
    while waiting:
        place = waiting.pop()
        if place in seen:
            continue
        seen.add(place)
        file = next((place / name for name in NAMES if (place / name).is_file()), None)
        if file is None:
            missing.append(place / NAMES[0])
            continue
        there.append(file)
        for path in _named(file):
            if path.is_dir():
                waiting.append(path)
            else:
                (there if path.exists() else missing).append(path)
    return there, missing


def _named(file: Path) -> Iterator[Path]:
    """The paths that a kustomization names; what may be a URL is left out."""
    try:
        document = yamlio.load(file.read_bytes(), str(file))
    except (InputError, OSError):  # kustomize says it better
        return
    for text in _texts(document if isinstance(document, dict) else {}):
        local = text.startswith(".") or "." not in text.partition("/")[0] or "/" not in text
        if local and not set(":?\n\0") & set(text):
            yield Path(os.path.normpath(file.parent / text))


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
