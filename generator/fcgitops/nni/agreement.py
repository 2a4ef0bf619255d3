"""What is wrong with an experiment's own files: by NNI's rules, and by its environment's."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import yaml

from fcgitops import yamlio
from fcgitops.errors import Problem
from fcgitops.findings import HAZARD, REJECT
from fcgitops.model import Environment
from fcgitops.nni import starter
from fcgitops.nni.experiment import CONFIG_FILE
from fcgitops.tree import Tree


def check(inputs: Tree, environment: Environment, where: str) -> list[Problem]:
    """Why the files should not run in an environment.

    Args:
        inputs: what the manager gets, its experiment.yaml among them.
        environment: made ready for NNI.
        where: the folder, for messages.
    """
    from fcgitops.nni.check import check as check_file  # noqa: PLC0415 - experiments only

    with tempfile.TemporaryDirectory(prefix="fcgitops-") as folder:
        for path, data in inputs.items():  # NNI asks whether what it names is there
            file = Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        found = check_file(inputs[CONFIG_FILE], Path(folder))
    file_name = f"{where}/{CONFIG_FILE}"
    problems = [f.problem(file_name) for f in found if f.severity in (REJECT, HAZARD)]
    if any(f.severity == REJECT for f in found):
        return problems
    return problems + _belongs(inputs[CONFIG_FILE], environment, file_name)


def _belongs(config: bytes, environment: Environment, where: str) -> list[Problem]:
    own = _plain(yaml.safe_load(config)).get("trainingservice")
    if not isinstance(own, dict):
        return []
    return [
        Problem(
            f"{where}: trainingService.{key}",
            f"is not what {environment.name} has",
            f"{key}: {yamlio.scalar(value)}",
        )
        for key, value in starter.belonging(environment).items()
        if own.get(key.lower()) != _plain(value)
    ]


def _plain(value: Any) -> Any:  # noqa: ANN401 - a YAML document is any value
    """Keys as NNI compares them: without case and underscores."""
    if isinstance(value, dict):
        return {str(k).replace("_", "").lower(): _plain(item) for k, item in value.items()}
    return value
