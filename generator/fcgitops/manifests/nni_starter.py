"""The first files of an experiment: one that runs as it is, or what a folder of the user's has."""

from __future__ import annotations

from typing import Any

from fcgitops.core.errors import InputError, Problem
from fcgitops.manifests import nni_environment
from fcgitops.model import layout, storage
from fcgitops.model.environment import Environment
from fcgitops.model.experiment import IMAGE
from fcgitops.text import yamledit, yamlio
from fcgitops.text.tree import Tree, at

CODE = "code"
SEARCH_SPACE = "search_space.json"
TRIAL = "trial.py"

_SEARCH_SPACE = """\
{
  "x": {"_type": "uniform", "_value": [-10, 10]},
  "y": {"_type": "choice", "_value": [1, 2, 3]}
}
"""
_TRIAL = '''\
"""One trial: asks NNI for parameters, tries them, and reports how good they were."""

import nni


def main():
    """Replace this by your own training."""
    parameters = nni.get_next_parameter()
    score = -(parameters["x"] ** 2) / parameters["y"]
    nni.report_final_result(score)


if __name__ == "__main__":
    main()
'''


def files(name: str, environment: Environment, given: Tree, where: str) -> Tree:
    """The user's first files, relative to the experiment's folder.

    Args:
        name: the experiment's.
        environment: whose cluster it runs on.
        given: a folder of the user's: trial code, or with an `experiment.yaml` all of it.
        where: that folder, for messages; empty where none was given, for the example.

    Returns:
        `given` with what is missing; an experiment.yaml of the user's gets the environment's
        namespace, trial account and share, and keeps all else.

    Raises:
        InputError: the user's experiment.yaml is no YAML, or there is no trial to run.
    """
    if layout.EXPERIMENT_FILE in given:
        own = _of_environment(
            given[layout.EXPERIMENT_FILE], environment, f"{where}/{layout.EXPERIMENT_FILE}"
        )
        return {**given, layout.EXPERIMENT_FILE: own}
    code = dict(given)
    space = code.pop(SEARCH_SPACE, _SEARCH_SPACE.encode())
    if where and TRIAL not in code:
        what = f"has neither {layout.EXPERIMENT_FILE} nor {TRIAL}: what would a trial run?"
        what = what if given else "is empty"
        raise InputError(Problem(where, what, f"its trialCommand is `python3 {TRIAL}`"))
    return {
        layout.EXPERIMENT_FILE: _config(name, environment).encode(),
        SEARCH_SPACE: space,
        **at(CODE, code or {TRIAL: _TRIAL.encode()}),
    }


def belonging(environment: Environment) -> dict[str, Any]:
    """What the trainingService of every experiment of an environment says."""
    return {
        "namespace": environment.nni_namespace,
        "serviceAccountName": nni_environment.TRIAL,
        "storage": storage.parse(environment.nni_storage).config(),
    }


def _of_environment(config: bytes, environment: Environment, where: str) -> bytes:
    document = yamlio.load(config, where)
    own = document.get("trainingService") if isinstance(document, dict) else None
    if not isinstance(own, dict):
        return config  # the check says what is wrong with it
    changes: dict[yamledit.KeyPath, Any] = {
        ("trainingService", key): value
        for key, value in belonging(environment).items()
        if own.get(key) != value
    }
    try:
        return yamledit.edit(config.decode("utf-8-sig"), changes, where).encode()
    except InputError:
        return config


def _config(name: str, environment: Environment) -> str:
    """An experiment.yaml whose trials need nothing but NNI."""
    training_service = yamlio.dump(
        {
            "trainingService": {
                "platform": "frameworkcontroller",
                **belonging(environment),
                "reuseMode": True,
                "taskRoles": [
                    {
                        "name": "worker",
                        "dockerImage": IMAGE,
                        "taskNumber": 1,
                        "command": "unused",
                        "gpuNumber": 0,
                        "cpuNumber": 1,
                        "memorySize": "2gb",
                        "frameworkAttemptCompletionPolicy": {
                            "minFailedTaskCount": 1,
                            "minSucceedTaskCount": 1,
                        },
                    }
                ],
            }
        }
    )
    return (
        "# NNI's own file: https://nni.readthedocs.io/en/v3.0/reference/experiment_config.html\n"
        "# `fcgitops nni check` says what NNI refuses, and what it accepts but fails on later.\n"
        f"experimentName: {name}\n"
        f"searchSpaceFile: {SEARCH_SPACE}\n"
        f"trialCommand: python3 {TRIAL}\n"
        f"trialCodeDirectory: {CODE}\n"
        "trialConcurrency: 2\n"
        "maxTrialNumber: 10\n"
        "maxExperimentDuration: 2h\n"
        "tuner:\n"
        "  name: TPE\n"
        "  classArgs:\n"
        "    optimize_mode: maximize\n"
        "# Namespace, account and share are the environment's. reuseMode must stay true. NNI asks\n"
        "# for the `command` of a task role, and does not use it.\n"
        f"{training_service}"
    )
