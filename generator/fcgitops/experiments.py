"""Requests to add or change experiments → the files that come of them. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fcgitops import entrypoints, yamledit
from fcgitops.environments import bring_in_line
from fcgitops.errors import InputError, Problem
from fcgitops.merge import Merged, MergeFile
from fcgitops.model import Environment
from fcgitops.nni import agreement, job, starter
from fcgitops.nni import experiment as model
from fcgitops.nni.experiment import FOLDER, RUN_FILE, Experiment
from fcgitops.repository import Repository
from fcgitops.tree import Tree, at, read_tree, safe_join
from fcgitops.values import did_you_mean


@dataclass(frozen=True)
class Planned:
    """One experiment as it will be."""

    experiment: Experiment
    environment: Environment
    own: Tree
    """The user's files, relative to the experiment's folder."""
    new: bool


def plan(  # noqa: PLR0913 - all but two have a default
    repository: Repository,
    name: str,
    *,
    environment: str = "",
    given: Tree | None = None,
    source: str = "",
    environments: Mapping[str, Environment] | None = None,
) -> Planned:
    """The experiment `name` as it will be, valid.

    Args:
        repository: as it is on disk.
        name: the experiment's.
        environment: where it is to run; empty for where it does already.
        given: a folder of the user's for a new experiment; None for the starter's own.
        source: that folder, for messages.
        environments: those that change in the same commit, by name.

    Raises:
        InputError: with every problem.
    """
    problems = model.check_name(name, "NAME")
    if problems:
        raise InputError(problems)
    folder = read_folder(repository, name)
    new = RUN_FILE not in folder
    if new and folder:
        there = f"{FOLDER}/{name}"
        raise InputError(Problem(there, "is there already, and is no experiment", "another name"))
    if new and not environment:
        hint = did_you_mean("", ready(repository)) or "--env"
        raise InputError(Problem("--env", f"is needed for the new experiment {name}", hint))
    if given is not None and not new:
        what = f"{FOLDER}/{name} is there already: its files are yours to change"
        raise InputError(Problem("--from", what, "without --from"))
    run_path = f"{FOLDER}/{name}/{RUN_FILE}"
    if new:
        found = Experiment(name, environment)
        env = of(repository, found, "--env", environments)
        own = starter.files(name, env, given or {}, source)
        own[RUN_FILE] = model.source(found).encode()
    else:
        own = folder
        text = own[RUN_FILE].decode("utf-8-sig", errors="strict")
        changes: dict[yamledit.KeyPath, str] = {}
        if environment:
            changes = {("environment",): environment}
        own[RUN_FILE] = yamledit.edit(text, changes, run_path).encode()
        found = model.parse(name, own[RUN_FILE], run_path)
        env = of(repository, found, f"{run_path}: environment", environments)
    inputs = model.inputs(own)
    where = source or f"{FOLDER}/{name}"
    problems = model.check_inputs(inputs, where)
    if model.CONFIG_FILE in inputs:
        problems += agreement.check(inputs, env, where)
    if problems:
        raise InputError(problems)
    return Planned(found, env, {RUN_FILE: own[RUN_FILE], **inputs}, new)


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
    if not changed and name not in repository.environment_names():
        hint = did_you_mean(name, ready(repository))
        raise InputError(Problem(where, f"{name!r} is no environment of this repository", hint))
    environment = changed or repository.environment(name)
    if not environment.runs_nni:
        what = f"{name} has no FrameworkController made ready for NNI"
        raise InputError(Problem(where, what, f"fcgitops nni enable {name} --storage …"))
    return environment


def of_environments(repository: Repository, names: Iterable[str]) -> list[str]:
    """The experiments whose run.yaml names one of the environments, readable ones alone."""
    wanted = set(names)
    found = []
    for name in repository.experiment_names():
        try:
            source = repository.experiment_source(name)
            if model.parse(name, source, name).environment in wanted:
                found.append(name)
        except InputError:
            continue
    return found


def outcome(repository: Repository, planned: Iterable[Planned], merge_file: MergeFile) -> Merged:
    """What the files of the planned experiments should hold, merged with the user's edits.

    Args:
        repository: as it is on disk.
        planned: the experiments.
        merge_file: git's own merge of one file.

    Returns:
        Paths relative to the repository.
    """
    total = Merged()
    component = read_tree(safe_join(repository.root, job.COMPONENT))
    for item in planned:
        env, folder = item.environment, f"{FOLDER}/{item.experiment.name}"
        files = job.files(item.experiment, env, model.inputs(item.own), component)
        bring_in_line(repository, folder, files, total, merge_file)
        total.files |= at(folder, item.own)
        entries = entrypoints.of_experiment(item.experiment, env)
        for name in repository.environment_names():
            place = entrypoints.experiment_folder(name, item.experiment.name)
            here = entries if name == env.name else {}
            bring_in_line(repository, place, here, total, merge_file)
    return total


def read_folder(repository: Repository, name: str) -> Tree:
    """Every file of an experiment's folder, hidden ones aside.

    Raises:
        InputError: with every symbolic link, which a ConfigMap cannot hold.
    """
    folder = safe_join(repository.root, f"{FOLDER}/{name}")
    return read_plain(folder, f"{FOLDER}/{name}") if folder.is_dir() else {}


def read_plain(folder: Path, where: str) -> Tree:
    """Every plain file below a folder, hidden ones aside, paths relative to it.

    Raises:
        InputError: with every symbolic link.
    """
    links = [
        Problem(f"{where}/{path.relative_to(folder).as_posix()}", "is a symbolic link",
                "put the file itself there")
        for path in sorted(folder.rglob("*"))
        if path.is_symlink()
    ]  # fmt: skip
    if links:
        raise InputError(links)
    return {
        path: data
        for path, data in read_tree(folder).items()
        if not any(part.startswith(".") for part in path.split("/"))
    }
