"""`fcgitops build`: what the overlays render."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from fcgitops.commands import output as to_files
from fcgitops.core import progress, shell, terminal
from fcgitops.core.errors import InputError, Problem, ToolError
from fcgitops.git import repo
from fcgitops.model import layout
from fcgitops.model.kustomization import Kustomization
from fcgitops.programs import kustomize
from fcgitops.repository.contents import Repository
from fcgitops.text import jsonio
from fcgitops.text.tree import safe_join
from fcgitops.text.words import count

WRITTEN = "built.json"
"""In our folder of Git's directory: output folder → file → SHA-256 of what was written there."""


def run(folder: Path, names: Iterable[str], output: Path | None) -> int:
    """Builds the named overlays, or all, to stdout or to one file each.

    Args:
        folder: somewhere in the repository.
        names: environments, variants, ENV/nni and experiments/NAME.
        output: a folder for NAME.yaml files; stdout when None. Files that an earlier build wrote
            there, and nobody has changed, go with their overlays.

    Raises:
        InputError: a name is no overlay, a sparse checkout leaves out what it is built from, or a
            file cannot be written.
        ToolError: with every overlay that does not build; nothing was written.
    """
    repository = Repository.find(folder)
    repository.require_answers()
    wanted = repository.wanted(names)
    if repository.head:
        repository.head.refuse_left_out(*layout.COMMON, *(item.folder for item in wanted))
    program = kustomize.find()
    if program.remark:
        terminal.say(f"note: {program.command[0]}: {program.remark}")
    target = to_files.place(repository.root, folder / output) if output is not None else None
    folders = {repository.root / item.folder: item for item in wanted}
    built: dict[Kustomization, bytes] = {}
    problems: list[Problem] = []
    for path, result in progress.watched(program.build_all(folders), len(folders), "built"):
        if isinstance(result, ToolError):
            problems += result.problems
        else:
            built[folders[path]] = result
    if problems:
        raise ToolError(problems)
    if target is None:
        for i, (item, objects) in enumerate(built.items()):
            divider = "---\n" if i else ""
            terminal.data(f"{divider}{shell.comment(item.folder)}\n".encode() + objects)
        return 0
    files = {f"{item}.yaml": objects for item, objects in built.items()}
    to_files.write(target, files)
    _clear(repository, target, files, [f"{item}.yaml" for item in repository.kustomizations()])
    terminal.say(f"{count(len(files), 'overlay')} rendered to {shell.quote(str(output))}/")
    return 0


def _clear(
    repository: Repository, target: Path, files: Mapping[str, bytes], known: Collection[str]
) -> None:
    """Removes what earlier builds wrote for overlays that are gone, and notes what is there now.

    Args:
        repository: whose overlays they are. Without Git nothing is noted, and nothing removed.
        target: the output folder.
        files: what this build wrote.
        known: the names of the files that all overlays of the repository have.
    """
    try:
        note = repo.open_repository(repository.root).notes / WRITTEN
    except InputError:
        return
    noted: dict[str, dict[str, str]] = {}
    with suppress(OSError, ValueError):  # none yet, or damaged: then nothing is known to be ours
        noted = jsonio.load(note.read_bytes())
    ours = noted.get(str(target), {})
    for name in sorted(set(ours) - set(known)):
        file, digest = safe_join(target, name), ours.pop(name)
        if not file.is_file():
            continue
        if _digest(file.read_bytes()) == digest:
            file.unlink()
            terminal.say(f"removed {file}: its overlay is gone")
        else:
            terminal.say(f"note: {file} stays: its overlay is gone, but somebody changed it")
        with suppress(OSError):  # it is the output folder, or has other files
            if file.parent != target:
                file.parent.rmdir()
    noted[str(target)] = ours | {name: _digest(content) for name, content in files.items()}
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps(noted, indent=1), encoding="utf-8")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
