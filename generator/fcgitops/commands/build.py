"""`fcgitops build`: what the overlays render."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from fcgitops.core import terminal
from fcgitops.core.errors import Problem, ToolError
from fcgitops.programs import kustomize
from fcgitops.repository.contents import Repository


def run(folder: Path, names: Iterable[str], output: Path | None) -> int:
    """Builds the named overlays, or all, to stdout or to one file each.

    Args:
        folder: somewhere in the repository.
        names: environments, variants, ENV/nni and experiments/NAME.
        output: a folder for NAME.yaml files; stdout when None.

    Raises:
        InputError: a name is no overlay.
        ToolError: with every overlay that does not build; nothing was written.
    """
    repository = Repository.find(folder)
    wanted = repository.require(names, repository.kustomization_names())
    program = kustomize.find()
    if program.remark:
        terminal.say(f"note: {program.command[0]}: {program.remark}")
    folders = {repository.kustomization_folder(name): name for name in wanted}
    built: list[tuple[Path, str, bytes]] = []
    problems: list[Problem] = []
    for path, result in program.build_all(folders):
        if isinstance(result, ToolError):
            problems += result.problems
        else:
            built.append((path, folders[path], result))
    if problems:
        raise ToolError(problems)
    if output is None:
        for i, (path, _, objects) in enumerate(built):
            divider = "---\n" if i else ""
            place = path.relative_to(repository.root).as_posix()
            terminal.data(f"{divider}# {place}\n".encode() + objects)
        return 0
    target = folder / output
    target.mkdir(parents=True, exist_ok=True)
    for _, name, objects in built:
        file = target / f"{name}.yaml"
        file.parent.mkdir(exist_ok=True)
        _replace(file, objects)
    terminal.say(f"{len(built)} overlays rendered to {output}/")
    return 0


def _replace(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as pending:
        pending.write(content)
    umask = os.umask(0)
    os.umask(umask)
    Path(pending.name).chmod(0o666 & ~umask)
    Path(pending.name).replace(path)
