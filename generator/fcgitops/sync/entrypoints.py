"""What the sync tools are pointed at: files of the repository, and of each environment."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from fcgitops.model import layout
from fcgitops.model.answers import Answers
from fcgitops.model.environment import Environment
from fcgitops.model.experiment import Experiment
from fcgitops.sync import registry
from fcgitops.sync.tool import SyncTool
from fcgitops.text.tree import Tree, at


def of_repository(answers: Answers, with_nni: Collection[str] = ()) -> Tree:
    """The entry points that no environment has of its own, from the content's root.

    Args:
        answers: of the repository.
        with_nni: the names of the tools that sync an environment in which NNI is enabled.
    """
    tree: Tree = {}
    for name, tool in registry.TOOLS.items():
        if tool.traits in answers.tools:
            tree |= at(tool.folder, tool.repository_files(answers, with_nni=name in with_nni))
    return tree


def of_nni(answers: Answers) -> dict[str, str]:
    """The shared entry points that are there for NNI alone: path → name of the tool."""
    return {
        f"{tool.folder}/{path}": name
        for name, tool in registry.TOOLS.items()
        if tool.traits in answers.tools
        for path in tool.nni_files
    }


def tools_with_nni(answers: Answers, files: Collection[str]) -> set[str]:
    """The names of the tools of whose entry points for NNI alone `files` has some."""
    return {name for path, name in of_nni(answers).items() if path in files}


def made() -> list[str]:
    """Every file that this version or a former one makes as an entry point; * is one folder."""
    return [f"{tool.folder}/{path}" for tool in registry.TOOLS.values() for path in tool.made]


def is_shared(path: str) -> bool:
    """Whether a path is one that `of_repository` may have, or may have had."""
    return path in made()


def of_environment(
    environment: Environment, answers: Answers, cluster_role: bytes | None
) -> dict[str, Tree]:
    """The entry points of one environment: each folder that may have some, and its files.

    The folders of the tools that do not sync it have none.

    Args:
        environment: of any tool.
        answers: of its repository.
        cluster_role: content of `layout.CLUSTER_ROLE`, None where there is none.

    Raises:
        InputError: a tool that needs that file cannot read it.
    """
    own = registry.of(environment)
    return {
        folder(tool, environment.name): own.environment_files(environment, answers, cluster_role)
        if tool is own
        else {}
        for tool in registry.TOOLS.values()
    }


def of_experiment(
    experiment: Experiment,
    environment: Environment,
    answers: Answers,
    environments: Collection[str],
) -> dict[str, Tree]:
    """The entry points of one experiment: each folder that may have some, and its files.

    Args:
        experiment: it runs in `environment`.
        environment: of any tool.
        answers: of its repository.
        environments: the names of those in which it may have run before.
    """
    files = registry.of(environment).experiment_files(experiment, environment, answers)
    own = _experiment_folder(registry.of(environment), environment.name, experiment.name)
    others: dict[str, Tree] = {
        place: {} for place in experiment_folders(experiment.name, environments)
    }
    return others | {own: files}


def experiment_folders(experiment: str, environments: Collection[str]) -> list[str]:
    """Where entry points of an experiment may stand."""
    return [
        _experiment_folder(tool, environment, experiment)
        for tool in registry.TOOLS.values()
        for environment in environments
    ]


def _experiment_folder(tool: SyncTool, environment: str, experiment: str) -> str:
    return f"{folder(tool, environment)}/experiments/{experiment}"


def folder(tool: SyncTool, name: str) -> str:
    """Where the entry points of the environment `name` stand, if the tool has any for it."""
    return f"{tool.folder}/{name}"


def generated_for(root: Path, name: str, sync: str) -> SyncTool:
    """The tool that what was generated last of an environment is for.

    Args:
        root: the repository.
        name: the environment.
        sync: the tool's name as it is said now. An entry point of its own tells better; of the
            tools that need none for an environment, this tells which.
    """
    for tool in registry.TOOLS.values():
        if (root / folder(tool, name) / layout.RECORD_FILE).is_file():
            return tool
    traceless = [t for t in registry.TOOLS.values() if t.traits.central]
    return next((tool for tool in traceless if tool.traits.name == sync), traceless[0])
