"""What is wrong with an experiment's own files: by NNI's rules, and by its environment's."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from fcgitops.core.errors import Problem
from fcgitops.core.findings import HAZARD, REJECT
from fcgitops.manifests import nni_starter
from fcgitops.model import layout
from fcgitops.model.environment import Environment
from fcgitops.text import yamlio
from fcgitops.text.tree import Tree


def check(inputs: Tree, environment: Environment, where: str) -> list[Problem]:
    """Why the files should not run in an environment.

    Args:
        inputs: what the manager gets, its experiment.yaml among them.
        environment: made ready for NNI.
        where: the folder, for messages.
    """
    import tempfile  # noqa: PLC0415 - experiments only

    from fcgitops.nnifile import experiment_file  # noqa: PLC0415 - experiments only
    from fcgitops.nnifile.check import check as check_file  # noqa: PLC0415

    file_name = f"{where}/{layout.EXPERIMENT_FILE}"
    try:
        config = _plain(experiment_file.read(inputs[layout.EXPERIMENT_FILE]).value)
    except experiment_file.Unreadable:  # the check says why
        config = None
    if outside := _outside(config, file_name):  # which is another file here than there
        return outside
    with tempfile.TemporaryDirectory(prefix="fcgitops-") as folder:
        for path, data in inputs.items():  # NNI asks whether what it names is there
            file = Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        found = check_file(inputs[layout.EXPERIMENT_FILE], Path(folder))
    problems = [f.problem(file_name) for f in found if f.severity in (REJECT, HAZARD)]
    if any(f.severity == REJECT for f in found):
        return problems
    return problems + _belongs(config, environment, file_name)


def _outside(config: Any, where: str) -> list[Problem]:  # noqa: ANN401 - any YAML
    """Paths at which the manager, which gets this folder alone, would find something else."""
    document = config if isinstance(config, dict) else {}
    named = {key: document.get(key.lower()) for key in ("trialCodeDirectory", "searchSpaceFile")}
    for kind in ("tuner", "assessor", "advisor"):
        algorithm = document.get(kind)
        if isinstance(algorithm, dict):
            named[f"{kind}.codeDirectory"] = algorithm.get("codedirectory")
    return [
        Problem(f"{where}: {key}", f"{path!r} is not in the experiment's folder", "put it there")
        for key, path in named.items()
        if isinstance(path, str)
        and (path.startswith(("/", "~")) or ".." in PurePosixPath(path).parts)
    ]


def _belongs(config: Any, environment: Environment, where: str) -> list[Problem]:  # noqa: ANN401
    own = config.get("trainingservice") if isinstance(config, dict) else None
    if not isinstance(own, dict):
        return []
    return [
        Problem(
            f"{where}: trainingService.{key}",
            f"is not what {environment.name} has",
            f"{key}: {yamlio.scalar(value)}",
        )
        for key, value in nni_starter.belonging(environment).items()
        if own.get(key.lower()) != _plain(value)
    ]


def _plain(value: Any) -> Any:  # noqa: ANN401 - a YAML document is any value
    """Keys as NNI compares them: without case and underscores."""
    if isinstance(value, dict):
        return {str(k).replace("_", "").lower(): _plain(item) for k, item in value.items()}
    return value
