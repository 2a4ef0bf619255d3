"""`fcgitops nni enable`, `experiment` and `remove`: NNI experiments in the repository."""

from __future__ import annotations

import posixpath
from pathlib import Path, PurePosixPath
from typing import Any

from fcgitops.commands.environments import refuse_all, write_environments
from fcgitops.commands.writing import Options, change
from fcgitops.core import terminal
from fcgitops.core.errors import InputError, Problem
from fcgitops.core.printable import printable
from fcgitops.git import patterns
from fcgitops.model import assignments, layout
from fcgitops.model import experiment as model
from fcgitops.model.assignments import SETTABLE
from fcgitops.model.environment import Environment
from fcgitops.nnifile import experiment_file, schema
from fcgitops.repository import changes, experiments, unresolved
from fcgitops.repository.changes import Change
from fcgitops.repository.contents import Repository
from fcgitops.repository.environments import Request
from fcgitops.repository.merge import Merged
from fcgitops.sync import entrypoints, removal
from fcgitops.text.tree import Tree
from fcgitops.text.words import count

NAMESPACE = "nni"
"""Where experiments run unless the user says otherwise."""


def enable(
    folder: Path,
    name: str,
    *,
    namespace: str | None,
    storage: str | None,
    sets: tuple[str, ...],
    **options: Any,  # noqa: ANN401
) -> int:
    """Makes an environment ready for NNI experiments, or changes how it is.

    Args:
        folder: somewhere in the repository.
        name: an environment that is there.
        namespace: of the experiments; as it is, or `NAMESPACE`, when None.
        storage: the URL of the share; as it is when None.
        sets: KEY=VALUE each, further keys of environment.yaml.
        options: those of `writing.Options`.

    Returns:
        0, or 1 where the user's edits and the new text conflict.

    Raises:
        InputError, ToolError: nothing was written.
    """
    typed, problems = assignments.parse(sets, "--set", SETTABLE)
    if storage is not None:
        typed.given["nni.storage"] = storage

    def requests(repository: Repository) -> Any:  # noqa: ANN401
        repository.require([name], repository.environment_names(), "environment")
        there = _namespace(repository, name)
        chosen = namespace or typed.given.get("nni.namespace") or there or NAMESPACE
        typed.given["nni.namespace"] = chosen
        wanted = Request.of(name, f"environment {name!r}", typed)
        return refuse_all(repository, [wanted], problems)

    return write_environments(folder, requests, Options(**options), whole=True)


def _namespace(repository: Repository, name: str) -> str:
    try:
        return repository.environment(name).nni_namespace
    except InputError:  # planning it says what is wrong
        return ""


def experiment(
    folder: Path,
    name: str,
    *,
    environment: str | None,
    source: Path | None,
    **options: Any,  # noqa: ANN401
) -> int:
    """Adds an experiment, or brings the generated files of one in line with the user's.

    Args:
        folder: somewhere in the repository.
        name: the experiment.
        environment: where it is to run; where it does already when None.
        source: a folder with trial code, or with a whole experiment, for a new one.
        options: those of `writing.Options`.

    Returns:
        0, or 1 where the user's edits and the new text conflict.

    Raises:
        InputError, ToolError: nothing was written.
    """
    code: experiments.Code | None = None
    if source is not None:
        place = folder / source
        if not place.is_dir():
            raise InputError(Problem("--from", f"{source} is no folder", "a folder of trial code"))
        ignored = _nni_ignores(place)
        code = experiments.Code(experiments.read_plain(place, str(source), ignored), str(source))

    def make(repository: Repository) -> Change:
        planned = experiments.plan(repository, name, environment=environment or "", code=code)
        wanted = unresolved.requests(repository, [])
        what = changes.of_environments(repository, wanted, experiment=planned)
        deleted = dict.fromkeys(_gone(repository, name, planned.own))
        what.merged.files = deleted | what.merged.files | unresolved.taken_away(repository)
        return what

    return change(folder, make, Options(**options), resolve=True)


def _nni_ignores(folder: Path) -> list[str]:
    """What NNI would leave out of a folder of code (nni_node/common/tarball.js), and so do we.

    The folder may be an experiment's: its code is where its experiment.yaml says.
    """
    ignored: list[str] = []
    for below in dict.fromkeys(("", _code_folder(folder))):
        place = folder / below
        if (file := place / ".nniignore").is_file():
            ignored += [posixpath.join(below, path) for path in patterns.matched(place, file)]
    ignored = sorted(set(ignored))
    if ignored:
        terminal.say(f"note: left out, as .nniignore has it: {_some(ignored)}")
    return ignored


def _code_folder(folder: Path) -> str:
    """Where an experiment's own file says that its code is; "" for the folder itself."""
    try:
        value = experiment_file.read((folder / layout.EXPERIMENT_FILE).read_bytes()).value
    except (OSError, experiment_file.Unreadable):  # the check says why
        return ""
    keys = value if isinstance(value, dict) else {}
    named = [v for k, v in keys.items() if isinstance(k, str) and schema.folded(k) == _CODE]
    path = PurePosixPath(*(v for v in named[-1:] if isinstance(v, str)))
    return "" if path.is_absolute() or ".." in path.parts or path == PurePosixPath() else str(path)


_CODE = "trialcodedirectory"


def _some(paths: list[str]) -> str:
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return printable(", ".join(paths[:3]) + more)


def _gone(repository: Repository, name: str, own: Tree) -> list[str]:
    """The user's committed files of an experiment that are no longer there."""
    there = f"{layout.EXPERIMENTS}/{name}"
    return [
        path
        for path in repository.git.list_head(there)
        if not (repository.root / path).exists() and path.removeprefix(f"{there}/") not in own
    ]


def remove(folder: Path, name: str, **options: Any) -> int:  # noqa: ANN401
    """Deletes an experiment's committed files, and prints what takes it off its cluster.

    Raises:
        InputError: there is no such experiment; nothing was written.
    """
    lines: list[str] = []

    def make(repository: Repository) -> Change:
        repository.require([name], repository.experiment_names(), "experiment")
        head = repository.git
        place = f"{layout.EXPERIMENTS}/{name}"
        entries = entrypoints.experiment_folders(name, repository.environment_names())
        committed = [path for folder in (place, *entries) for path in head.list_head(folder)]
        if not committed:
            raise InputError(Problem(place, "is not committed yet", head.way_out(place)))
        merged = Merged(dict.fromkeys(committed))
        files = [path for path in (repository.root / place).rglob("*") if not path.is_dir()]
        there = {path.relative_to(repository.root).as_posix() for path in files}
        if others := sorted(there - set(committed)):
            what = f"stay{'' if others[1:] else 's'}, such as {others[0]}"
            files_there = count(len(others), "file that is not", "files that are not")
            merged.notes.append(printable(f"{place}: {files_there} committed {what}"))
        lines.extend(removal.experiment_commands(name, _environment(repository, name)))
        return Change(merged, removed={place})

    status = change(folder, make, Options(**options))
    for line in lines:
        terminal.say(line)
    return status


def _environment(repository: Repository, name: str) -> Environment | None:
    try:
        found = model.parse(name, repository.experiment_source(name), name)
        return repository.environment(found.environment)
    except InputError:
        return None
