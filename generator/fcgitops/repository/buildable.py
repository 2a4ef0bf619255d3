"""What nothing builds without, and what is not there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from fcgitops.core.errors import Problem
from fcgitops.model.kustomization import Kustomization
from fcgitops.programs.parts import Files, parts


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
        what = f"is missing, and {item} does not build without it"
        for direct in parts(root / item.folder, files):
            for path in direct.missing:
                place = os.path.relpath(path, root)
                if not place.startswith(".."):
                    found.setdefault(place, Problem(place, what))
    return list(found.values())
