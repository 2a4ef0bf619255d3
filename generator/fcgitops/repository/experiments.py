"""Requests to add or change experiments → the experiments as they will be. Writes nothing."""

from __future__ import annotations

import codecs
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from fcgitops.core import shell
from fcgitops.core.errors import InputError, Problem
from fcgitops.manifests import nni_experiment, nni_starter
from fcgitops.model import experiment as model
from fcgitops.model import layout
from fcgitops.model.environment import Environment
from fcgitops.model.experiment import Experiment
from fcgitops.repository import agreement
from fcgitops.repository.contents import Repository
from fcgitops.text import yamledit, yamlio
from fcgitops.text.tree import Tree, safe_join
from fcgitops.text.values import did_you_mean

_MAX_READ = 16 * model.MAX_BYTES
_MAX_FILES = 10_000
"""Where reading a folder stops: what is far too big to be an experiment is no reason to wait."""


@dataclass(frozen=True)
class Planned:
    """One experiment as it will be."""

    experiment: Experiment
    environment: Environment
    own: Tree
    """The user's files, relative to the experiment's folder."""
    new: bool


class Code(NamedTuple):
    """What somebody brings along for a new experiment."""

    files: Tree
    source: str
    """The folder that has them, for messages."""


def plan(
    repository: Repository,
    name: str,
    *,
    environment: str = "",
    code: Code | None = None,
    environments: Mapping[str, Environment] | None = None,
) -> Planned:
    """The experiment `name` as it will be, valid.

    Args:
        repository: as it is on disk.
        name: the experiment's.
        environment: where it is to run; empty for where it does already.
        code: for a new experiment; None for the starter's own.
        environments: those that change in the same commit, by name.

    Raises:
        InputError: with every problem.
    """
    if problems := model.check_name(name, "NAME"):
        raise InputError(problems)
    place = f"{layout.EXPERIMENTS}/{name}"
    own = read_folder(repository, name)
    new = layout.RUN_FILE not in own
    if new:
        _refuse_new(repository, name, environment, own)
        own = _started(repository, Experiment(name, environment), code, environments)
    elif code is not None:
        what = f"{place} is there already: its files are yours to change"
        raise InputError(Problem("--from", what, "without --from"))
    where = code.source if code else place
    run_path = f"{where}/{layout.RUN_FILE}"
    own[layout.RUN_FILE], found = _run(name, own[layout.RUN_FILE], environment, run_path)
    env = of(repository, found, "--env" if new else f"{run_path}: environment", environments)
    inputs = model.inputs(own)
    problems = model.check_inputs(inputs, where)
    if new:
        problems += _taken_for_generated(own, where)
    if layout.EXPERIMENT_FILE in inputs:
        problems += agreement.check(inputs, env, where)
    if problems:
        raise InputError(problems)
    users = {path: data for path, data in own.items() if path not in model.GENERATED}
    return Planned(found, env, users, new)


def _refuse_new(repository: Repository, name: str, environment: str, there: Tree) -> None:
    """Refuses a new experiment in a folder that has files, or of no environment.

    Raises:
        InputError: it is one.
    """
    if there:
        place = f"{layout.EXPERIMENTS}/{name}"
        raise InputError(Problem(place, "is there already, and is no experiment", "another name"))
    if not environment:
        hint = did_you_mean("", ready(repository)) or "fcgitops nni enable ENV"
        raise InputError(Problem("--env", f"is needed for the new experiment {name}", hint))


def _started(
    repository: Repository,
    wanted: Experiment,
    code: Code | None,
    environments: Mapping[str, Environment] | None,
) -> Tree:
    """The files that a new experiment starts with: somebody's code, or the starter's own.

    Raises:
        InputError: its environment is none, or not made ready for NNI.
    """
    env = of(repository, wanted, "--env", environments)
    files, source = code or Code({}, "")
    own = nni_starter.files(wanted.name, env, files, source)
    return own | {layout.RUN_FILE: own.get(layout.RUN_FILE) or model.source(wanted).encode()}


def _taken_for_generated(own: Tree, where: str) -> list[Problem]:
    """A problem for each file of a person's whose name a generated one has."""
    return [
        Problem(f"{where}/{path}", "would be taken for a generated file", "another name")
        for path in model.GENERATED
        if path in own and not own[path].startswith(nni_experiment.HEADER.encode())
    ]


def _run(name: str, source: bytes, environment: str, where: str) -> tuple[bytes, Experiment]:
    """The text of a run.yaml, its environment changed unless empty, and what it describes."""
    document = yamlio.load(source, where)
    there = document.get("environment") if isinstance(document, dict) else None
    if environment not in ("", there):
        mark = codecs.BOM_UTF8 if source.startswith(codecs.BOM_UTF8) else b""
        changes: dict[yamledit.KeyPath, str] = {("environment",): environment}
        source = mark + yamledit.edit(source.decode("utf-8-sig"), changes, where).encode()
    return source, model.parse(name, source, where)


def as_it_is(
    repository: Repository, name: str, environments: Mapping[str, Environment] | None = None
) -> Planned:
    """An experiment that is there, as its folder says.

    Args:
        repository: as it is on disk.
        name: the experiment's.
        environments: those that change in the same commit, by name.

    Raises:
        InputError: with every problem of its files.
    """
    return plan(repository, name, environments=environments)


def ready(repository: Repository) -> list[str]:
    """The environments that NNI is enabled in, those that cannot be read aside."""
    found = []
    for name in repository.environment_names():
        try:
            if repository.environment(name).runs_nni:
                found.append(name)
        except InputError:  # other commands say what is wrong with it
            continue
    return found


def of(
    repository: Repository,
    experiment: Experiment,
    where: str,
    environments: Mapping[str, Environment] | None = None,
) -> Environment:
    """The environment of an experiment, as it is or as it changes in the same commit.

    Raises:
        InputError: there is none of that name, or NNI is not enabled in it.
    """
    name = experiment.environment
    changed = (environments or {}).get(name)
    if not changed and name in repository.absent:
        raise InputError(repository.missing(name))
    if not changed and name not in repository.environment_names():
        hint = did_you_mean(name, ready(repository))
        raise InputError(Problem(where, f"{name!r} is no environment of this repository", hint))
    environment = changed or repository.environment(name)
    if not environment.runs_nni:
        what = f"{name} has no FrameworkController made ready for NNI"
        raise InputError(
            Problem(where, what, f"{shell.line('fcgitops', 'nni', 'enable', name, '--storage')} …")
        )
    return environment


def of_environments(
    repository: Repository, names: Iterable[str]
) -> tuple[list[str], list[Problem]]:
    """The experiments whose run.yaml names one of the environments.

    Returns:
        Their names, and a problem for each run.yaml that cannot tell.
    """
    wanted = set(names)
    found: list[str] = []
    problems: list[Problem] = []
    absent = repository.absent_experiments
    for name in (*repository.experiment_names(), *absent):
        where = f"{layout.EXPERIMENTS}/{name}/{layout.RUN_FILE}"
        try:
            source = absent.get(name) or repository.experiment_source(name)
            if model.parse(name, source, where).environment in wanted:
                found.append(name)
        except InputError as error:
            problems += error.problems
    return found, problems


def read_folder(repository: Repository, name: str) -> Tree:
    """Every file of an experiment's folder that Git does not ignore. Raises as `read_plain`."""
    place = f"{layout.EXPERIMENTS}/{name}"
    folder = safe_join(repository.root, place)
    ignored = {p.removeprefix(f"{place}/") for p in repository.ignored if p.startswith(f"{place}/")}
    return read_plain(folder, place, ignored) if folder.is_dir() else {}


def read_plain(folder: Path, where: str, ignored: Collection[str] = ()) -> Tree:
    """Every plain file below a folder, hidden ones and byte code aside, paths relative to it.

    Args:
        folder: to read.
        where: its name for messages.
        ignored: paths to leave out, with a "/" at its end that of a folder.

    Raises:
        InputError: with every symbolic link, which a ConfigMap cannot hold; or what cannot be
            read, or is far too big.
    """
    found: Tree = {}
    problems: list[Problem] = []
    size = 0
    try:
        for path in _walk(folder, frozenset(ignored)):
            file = folder / path
            if file.is_symlink():
                what = "is a symbolic link"
                problems.append(Problem(f"{where}/{path}", what, "put the file itself there"))
            elif file.is_file():
                size += file.stat().st_size
                if size > _MAX_READ or len(found) == _MAX_FILES:
                    what = f"has over {_MAX_READ >> 20} MiB or {_MAX_FILES} files"
                    raise InputError(Problem(where, what, model.ELSEWHERE))
                found[path] = file.read_bytes()
    except OSError as error:
        name = Path(error.filename).relative_to(folder).as_posix()
        raise InputError(Problem(f"{where}/{name}", f"cannot be read: {error.strerror}")) from error
    if problems:
        raise InputError(problems)
    return found


def _walk(folder: Path, ignored: Collection[str]) -> Iterator[str]:
    """The path of all that is no folder, sorted in each."""
    pending = [""]
    while pending:
        here = pending.pop()
        for entry in sorted((folder / here).iterdir()):
            path = f"{here}{entry.name}"
            byte_code = entry.name == "__pycache__" or entry.suffix == ".pyc"
            if entry.name.startswith(".") or byte_code or path in ignored:
                continue
            if not entry.is_dir() or entry.is_symlink():
                yield path
            elif f"{path}/" not in ignored:
                pending.append(f"{path}/")
