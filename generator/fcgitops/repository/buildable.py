"""What nothing builds without, and what is not there."""

from __future__ import annotations

import os
from pathlib import Path

from fcgitops.core import shell
from fcgitops.core.errors import Problem
from fcgitops.model import layout
from fcgitops.programs.parts import parts


def missing_parts(root: Path, name: str) -> list[Problem]:
    """A problem for each file that an overlay is built from, and that is not there.

    Args:
        root: the repository.
        name: the overlay.
    """
    what = f"is missing, and {name} does not build without it"
    _, missing = parts(root / layout.OVERLAYS / name)
    paths = [os.path.relpath(path, root) for path in missing]
    return [
        Problem(path, what, shell.line("git", "restore", path))
        for path in paths
        if not path.startswith("..")
    ]
