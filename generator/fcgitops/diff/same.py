"""Whether a change leaves what is rendered as it is, byte for byte: both sides are built."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from fcgitops.core import progress
from fcgitops.core.errors import Problem, ToolError
from fcgitops.diff.units import Content
from fcgitops.git.history import History, State
from fcgitops.programs.kustomize import Kustomize


def differing(
    root: Path, changes: Mapping[str, bytes | None], folders: Sequence[str], program: Kustomize
) -> list[str]:
    """The folders that HEAD with changes renders otherwise than HEAD.

    Args:
        root: the content's root.
        changes: content by path below it; None deletes.
        folders: what kustomize can build, below it too.
        program: builds.

    Raises:
        ToolError: with each that HEAD does not build: of that nothing can be said.
    """
    history = History(root)
    states: tuple[State, ...] = (history.head, history.planned(changes))
    with tempfile.TemporaryDirectory(prefix="fcgitops-") as scratch:
        sides = []
        for number, state in enumerate(states):
            content = Content(state, history.prefix)
            paths = [p for f in folders for p in content.closure(history.prefix + f)]
            sides.append(state.place(dict.fromkeys(paths), Path(scratch, str(number))))
        builds = [side / (history.prefix + folder) for folder in folders for side in sides]
        built = progress.watched(program.build_all(builds), len(builds), "built")
        found = [result for _, result in built]
        problems = [
            Problem(folder, problem.what.replace(f"{sides[0]}/", ""), problem.hint)
            for folder, before in zip(folders, found[0::2], strict=True)
            if isinstance(before, ToolError)
            for problem in before.problems
        ]
    if problems:
        raise ToolError(problems)
    pairs = zip(folders, found[0::2], found[1::2], strict=True)
    return [folder for folder, before, after in pairs if before != after]
