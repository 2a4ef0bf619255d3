"""What stays on a cluster where an environment leaves it, its sync tool or its namespace."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from fcgitops.core import terminal
from fcgitops.core.errors import InputError, ToolError
from fcgitops.core.printable import printable
from fcgitops.kubernetes.objects import Object
from fcgitops.model import clusters, layout
from fcgitops.model.environment import Environment
from fcgitops.model.kustomization import Kind, Kustomization
from fcgitops.programs import kustomize
from fcgitops.repository import experiments
from fcgitops.repository.contents import Repository
from fcgitops.repository.environments import Planned, left_namespace
from fcgitops.sync import entrypoints, registry, removal
from fcgitops.sync.tool import Held
from fcgitops.text import yamlio


def notes(repository: Repository, planned: Sequence[Planned]) -> list[str]:
    """What is to be typed because of a change, a note an environment and reason.

    Args:
        repository: as it was before the change.
        planned: the environments as they will be.

    Returns:
        Notes of several lines each: what happens, and the lines of a shell.
    """
    there = {layout.source_path(item.environment.name): item for item in planned if not item.whole}
    sources = repository.git.read_head(there)
    found = [
        note for path, item in there.items() for note in _notes(repository, item, sources[path])
    ]
    return ["\n".join(map(printable, lines)) for lines in found if lines]


def _notes(repository: Repository, item: Planned, source: bytes | None) -> list[list[str]]:
    environment, name = item.environment, item.environment.name
    before = entrypoints.generated_for(repository.root, name, environment.sync)
    old = _parsed(repository, item, source)
    moved = old and _cluster(old) != _cluster(environment)
    found = []
    if old and moved:
        there = held(repository, dataclasses.replace(old, sync=before.traits.name))
        found.append(removal.cluster_left(environment, before, there))
    elif before is not registry.of(environment):
        there = held(repository, environment, rendered=False)
        found.append(removal.handover(environment, before, there))
    if namespace := left_namespace(repository, environment):
        tool, profile = registry.of(environment), repository.answers.profile
        found.append(tool.namespace_left(environment, namespace, profile))
    return found


def _cluster(environment: Environment) -> tuple[str, str]:
    return environment.cluster_name, clusters.identity(environment.cluster_server)


def _parsed(repository: Repository, item: Planned, source: bytes | None) -> Environment | None:
    """What a file's content described; None where there was none, or it described none.

    What is in the work tree was read already: as a rule that is the same.
    """
    if source is None:
        return None
    name = item.environment.name
    try:
        if item.before and item.before.text == yamlio.decoded(source, name):
            return repository.described(name, item.before)
        return repository.parse(name, source)
    except InputError:
        return None


def held(repository: Repository, environment: Environment, *, rendered: bool = True) -> list[Held]:
    """What a sync tool has on the cluster of an environment, that which stands on others first.

    Args:
        repository: where its files are as they were synced.
        environment: as it was.
        rendered: whether the objects are needed. Where they cannot be had, that is said.
    """
    name = environment.name
    found = [
        Held(environment, experiment=experiment)
        for experiment in experiments.of_environments(repository, [name])[0]
    ]
    kinds = [Kind.NNI, Kind.OVERLAY] if environment.runs_nni else [Kind.OVERLAY]
    return found + [
        Held(
            environment,
            _objects(repository, Kustomization(kind, name)) if rendered else (),
            nni=kind is Kind.NNI,
        )
        for kind in kinds
    ]


def _objects(repository: Repository, item: Kustomization) -> list[Object]:
    """What a kustomization renders; nothing where there is no kustomize, or it does not build."""
    try:
        rendered = kustomize.find().build(repository.root / item.folder)
        return [found for found in yamlio.load_all(rendered, str(item)) if found]
    except ToolError as error:
        terminal.say(f"note: its objects are not listed: {error}")
        return []


def as_it_was(repository: Repository, name: str) -> Environment:
    """An environment as its file says, or where that is damaged as the generated ones do.

    Which tool syncs it is told by what was generated: an edit of the file came after that.
    """
    try:
        environment = repository.environment(name)
    except InputError as error:
        terminal.say(f"note: taken as it was generated last: {error}")
        environment = _generated(repository, name)
    tool = entrypoints.generated_for(repository.root, name, environment.sync)
    return dataclasses.replace(environment, sync=tool.traits.name)


def _generated(repository: Repository, name: str) -> Environment:
    """An environment as far as its generated files tell; they do not name its cluster."""
    folder = layout.overlay(name)
    files = repository.recorded(folder)
    namespaces = {}
    for key, file in (
        ("namespace", layout.KUSTOMIZATION_FILE),
        ("nni_namespace", f"{layout.NNI}/{layout.KUSTOMIZATION_FILE}"),
    ):
        document = yamlio.load(files.get(file, b""), f"{folder}/{file}")
        if isinstance(document, dict) and isinstance(document.get("namespace"), str):
            namespaces[key] = document["namespace"]
    sync = repository.answers.environment_defaults["sync"]
    return dataclasses.replace(Environment(name, cluster_name=name, sync=sync), **namespaces)
