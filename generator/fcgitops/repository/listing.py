"""What a repository holds, by the names of its folders alone: no file is read for it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from fcgitops.model import layout
from fcgitops.model.kustomization import Kind, Kustomization
from fcgitops.text.tree import may_have, safe_join


def folders(root: Path, path: str) -> list[str]:
    """The names of the folders just below a folder, sorted; none where it is not there.

    Raises:
        InputError: it is a symbolic link, or behind one.
    """
    try:
        with os.scandir(safe_join(root, path)) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def environments(root: Path) -> list[str]:
    """Folders below overlays/ with an environment.yaml. Raises as `folders`."""
    there = folders(root, layout.OVERLAYS)
    return _having(root, layout.OVERLAYS, there, layout.SOURCE_FILE)


def experiments(root: Path) -> list[str]:
    """Folders below experiments/ with a run.yaml. Raises as `folders`."""
    there = folders(root, layout.EXPERIMENTS)
    return _having(root, layout.EXPERIMENTS, there, layout.RUN_FILE)


def kustomizations(root: Path) -> list[Kustomization]:
    """All that kustomize can build. Raises as `folders`."""
    there = folders(root, layout.OVERLAYS)
    named = _having(root, layout.OVERLAYS, there, layout.SOURCE_FILE)
    variants = [name for name in layout.VARIANTS if name in there]
    # Once each: somebody may have put an environment.yaml beside a variant's files.
    overlays = [Kustomization(Kind.OVERLAY, name) for name in dict.fromkeys([*variants, *named])]
    parts = f"{layout.NNI}/{layout.KUSTOMIZATION_FILE}"
    with_nni = [  # what of them cannot be read is one overlay already
        name
        for name in named
        if os.path.isfile(f"{root}/{layout.overlay(name)}/{parts}")  # noqa: PTH113
    ]
    return [
        *overlays,
        *(Kustomization(Kind.NNI, name) for name in with_nni),
        *(Kustomization(Kind.EXPERIMENT, name) for name in experiments(root)),
    ]


def _having(root: Path, path: str, names: Iterable[str], file: str) -> list[str]:
    """The folders below a folder that have a file, or cannot be read."""
    top = f"{root}/{path}"
    return [name for name in names if may_have(f"{top}/{name}/{file}")]
