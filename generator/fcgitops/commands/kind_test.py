"""`fcgitops kind-test`: runs environments in a kind cluster of its own."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from fcgitops.core import interrupts, progress, terminal
from fcgitops.core.errors import FoundError, InputError, Problem, ToolError
from fcgitops.kubernetes.objects import Object
from fcgitops.model import layout
from fcgitops.model.environment import DEFAULT_CONFIG
from fcgitops.programs import kustomize
from fcgitops.repository.contents import Repository
from fcgitops.text import yamlio
from fcgitops.text.words import count
from fcgitops.trial import cluster as kind
from fcgitops.trial import diagnosis, fit
from fcgitops.trial import images as nodeimages
from fcgitops.trial.cluster import Cluster
from fcgitops.trial.steps import Steps
from fcgitops.trial.trial import JOBS, Trial

TASK_IMAGE = "busybox:1.36.1"
"""Small, with a shell, and published."""


def run(
    folder: Path, names: tuple[str, ...], *, everything: bool, keep: bool, form: str = "text"
) -> int:
    """Applies each environment as Argo CD or Flux would, and runs a Framework on it.

    The settings are environment variables: $KIND_NODE_IMAGE and $KIND_CONFIG for the cluster,
    $FRAMEWORKCONTROLLER_IMAGE for what runs in the place of the environments' own image,
    $TASK_IMAGE for the Framework's task.

    Args:
        folder: somewhere in the repository.
        names: environments or variants; the first environment when empty.
        everything: all environments.
        keep: leave the cluster there at the end.
        form: of the table of steps: `text` or `json`.

    Returns:
        0 where all of them work.

    Raises:
        InputError: a name is no overlay, or there is no file $KIND_CONFIG.
        FoundError: with every environment that does not work.
        ToolError: docker, kind or kubectl is missing or fails; an overlay does not build.
        Interrupted: by a signal; the cluster is deleted then, too.
    """
    repository = Repository.find(folder)
    repository.require_answers()
    wanted = _wanted(repository, names, everything=everything)
    config = _setting("KIND_CONFIG")
    if config and not Path(config).is_file():
        raise InputError(Problem("KIND_CONFIG", f"{config} is no file"))
    steps = Steps()
    with interrupts.noted() as signals:
        program = kind.find(signals)
        overlays = _built(repository, wanted)
        task = _setting("TASK_IMAGE") or TASK_IMAGE
        controller = _setting("FRAMEWORKCONTROLLER_IMAGE")
        images = nodeimages.plan(program.containers, overlays.values(), controller, task)
        try:
            with program.cluster(steps, _setting("KIND_NODE_IMAGE"), config, keep=keep) as cluster:
                cluster.load(images, steps)
                _try_all(cluster, overlays, {there for _, there in images}, task, steps)
        finally:
            if form == "json":
                terminal.as_json([row | {"seconds": float(row["seconds"])} for row in steps.rows])
            else:
                terminal.table(steps.rows)
    return 0


def _setting(name: str) -> str:
    return os.environ.get(name, "").strip()


def _wanted(repository: Repository, names: tuple[str, ...], *, everything: bool) -> list[str]:
    environments = repository.environment_names()
    if everything and names:
        raise InputError(Problem("--all", "does not go with a name", "one of the two"))
    if everything:
        return environments or repository.overlay_names()
    if names:
        return repository.require(names, repository.overlay_names())
    first = (environments or [DEFAULT_CONFIG])[:1]
    if len(environments) > 1:
        number = count(len(environments), "environment")
        terminal.say(f"{first[0]}, the first of {number}; --all tries all")
    return first


def _built(repository: Repository, names: Iterable[str]) -> dict[str, list[Object]]:
    """Name → what it renders.

    Raises:
        ToolError: with every overlay that does not build, or has no FrameworkController.
    """
    folders = [repository.root / layout.OVERLAYS / name for name in names]
    built: dict[str, list[Object]] = {}
    problems: list[Problem] = []
    building = kustomize.find().build_all(folders)
    for path, result in progress.watched(building, len(folders), "built"):
        if isinstance(result, ToolError):
            problems += result.problems
            continue
        built[path.name] = [o for o in yamlio.load_all(result, path.name) if o]
        if not nodeimages.controller_image(built[path.name]):
            problems.append(Problem(path.name, "renders no FrameworkController", "make test"))
    if problems:
        raise ToolError(problems)
    return built


def _try_all(
    cluster: Cluster,
    overlays: dict[str, list[Object]],
    loaded: set[str],
    task: str,
    steps: Steps,
) -> None:
    """Tries one after the other.

    Raises:
        FoundError: with every environment that does not work.
    """
    problems: list[Problem] = []
    names = list(overlays)
    for index, (name, objects) in enumerate(overlays.items(), 1):
        fitted = fit.fit(objects, cluster.kinds(), loaded)
        for note in fitted.notes:
            terminal.say(f"{name}: {note}")
        trial = Trial(cluster, name, fitted, steps)
        try:
            trial.run(task)
        except (FoundError, ToolError) as error:
            problems += error.problems
            with suppress(ToolError):
                diagnosis.tell(cluster.kubectl, dict.fromkeys([trial.namespace, JOBS]))
        if index == len(names):
            break
        try:
            with steps.step(name, "remove"):
                trial.remove()
        except ToolError as error:
            problems += error.problems
            rest = ", ".join(names[index:])
            problems.append(Problem(rest, f"not tried: {name} is still on the cluster"))
            break
    if problems:
        raise FoundError(problems)
