"""Why a kustomization does not build: what is not there, and keys that are given twice."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from fcgitops.core.errors import InputError, Problem
from fcgitops.model.kustomization import Kustomization
from fcgitops.programs.parts import Files, parts
from fcgitops.text import yamlio


def missing_parts(
    root: Path, items: Iterable[Kustomization], pending: Mapping[str, bytes | None] | None = None
) -> list[Problem]:
    """A problem for each file that kustomizations are built from, and that is not there.

    Args:
        root: the repository.
        items: the kustomizations; the first that needs a file is named.
        pending: files as they will be, None for those that go.
    """
    root = Path(os.path.normpath(root))
    files = Files({f"{root}/{path}": data for path, data in (pending or {}).items()})
    found: dict[str, Problem] = {}
    for item in items:
        for direct in parts(root / item.folder, files):
            for path in direct.missing:
                state = "is a symbolic link to nothing" if Path(path).is_symlink() else "is missing"
                place = os.path.relpath(path, root)
                if not place.startswith(".."):
                    what = f"{state}, and {item} does not build without it"
                    found.setdefault(place, Problem(place, what))
    return list(found.values())


def repeated_keys(root: Path, item: Kustomization) -> list[Problem]:
    """A problem for each key that is given twice in the files that a kustomization is built from.

    kustomize names the line of such a key, and not the file.
    """
    root = Path(os.path.normpath(root))
    return [
        Problem(f"{os.path.relpath(path, root)}:{line}", f"repeats the key '{name}'",
                yamlio.KEEP_ONE)
        for direct in parts(root / item.folder)
        for path in direct.there
        for name, line in _repeated(Path(path))
    ]  # fmt: skip


def _repeated(file: Path) -> list[tuple[str, int]]:
    """The repeated keys of one file, each with its line; none of a file that is no YAML."""
    try:
        roots = yamlio.compose_all(yamlio.decoded(file.read_bytes(), ""))
    except (InputError, OSError):
        return []
    return [found for root in roots for found in yamlio.repeated_keys(root)]
