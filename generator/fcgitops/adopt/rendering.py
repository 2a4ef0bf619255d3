"""What an environment renders once a change is made: kustomize builds it in a temporary folder."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from fcgitops.diff import objects
from fcgitops.diff.units import Content
from fcgitops.git.history import History
from fcgitops.kubernetes.objects import Object
from fcgitops.programs.kustomize import Kustomize


def of_change(
    root: Path, changes: Mapping[str, bytes | None], folder: str, program: Kustomize
) -> list[Object]:
    """The objects of a folder of HEAD with changes that are not made yet.

    Args:
        root: the content's root.
        changes: content by path below it; None deletes.
        folder: what kustomize can build, below it too.
        program: builds.

    Raises:
        ToolError: it does not build.
    """
    history = History(root)
    content = Content(history.planned(changes), history.prefix)
    place = history.prefix + folder
    with tempfile.TemporaryDirectory(prefix="fcgitops-") as scratch:
        top = content.state.place(content.closure(place), Path(scratch))
        return objects.load(program.build(top / place), folder)
