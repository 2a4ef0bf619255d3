"""All checks asked of a repository: its sources are read, its kustomizations built in parallel."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from fcgitops.core.errors import InputError, ToolError
from fcgitops.core.findings import Finding
from fcgitops.manifests import overlay
from fcgitops.manifests.overlay import OVERLAYS
from fcgitops.model import experiment
from fcgitops.model.environment import VARIANTS, Environment
from fcgitops.programs.kustomize import Kustomize
from fcgitops.repository import experiments
from fcgitops.repository.contents import Repository
from fcgitops.repository.environments import Planned, as_it_is
from fcgitops.text import yamlio
from fcgitops.text.tree import read_file
from fcgitops.verify import catalogue, judged, registry
from fcgitops.verify.layers import Reader
from fcgitops.verify.subjects import (
    BUILT,
    CONTROLLER,
    ENVIRONMENT,
    EXPERIMENT,
    LAYERS,
    NEEDS,
    NNI,
    OBJECTS,
    RENDERED,
    REPOSITORY,
    SOURCE,
    Built,
    Experiment,
    Known,
    Layered,
    Object,
    Objects,
    Rendered,
    RenderedForNni,
    Source,
    Whole,
)

CHECKS = len(catalogue.checks())
"""How many there are."""


def verify(repository: Repository, names: Sequence[str], program: Kustomize) -> list[Finding]:
    """Every finding, each once: the repository's, then those of each kustomization.

    Args:
        repository: as it is on disk.
        names: of its kustomizations.
        program: builds them.
    """
    planned: list[Planned] = []
    sources: list[Finding] = []
    environments: dict[str, Environment] = {}
    """Kustomization → the environment that it belongs to."""
    for name in names:
        folder, _, last = name.partition("/")
        if folder == experiment.FOLDER:
            found = _experiment(repository, last)
            sources += EXPERIMENT.ask(found, name)
            if found.planned:
                environments[name] = found.planned.environment
        elif last:
            with suppress(InputError):  # FCG11 says it
                environments[name] = repository.environment(folder)
        elif name not in VARIANTS:
            try:
                item = as_it_is(repository, name)
            except InputError as error:
                sources += SOURCE.ask(Source(name, error.problems), name)
                continue
            planned.append(item)
            environments[name] = item.environment
            sources += ENVIRONMENT.ask(Known(repository, item), name)
    findings = REPOSITORY.ask(Whole(repository, planned)) + sources
    folders = {repository.kustomization_folder(name): name for name in names}
    reader = Reader(repository.root)
    for path, result in program.build_all(folders):
        name = folders[path]
        try:
            findings += _built(repository, reader, name, result, environments.get(name))
        except Exception as error:  # one overlay's fault hides no other's
            findings.append(registry.unexpected("FCG00", error, name))
    return list(dict.fromkeys(findings))


def _experiment(repository: Repository, name: str) -> Experiment:
    try:
        return Experiment(repository, name, experiments.as_it_is(repository, name), ())
    except InputError as error:
        return Experiment(repository, name, None, error.problems)


def _built(
    repository: Repository,
    reader: Reader,
    name: str,
    result: bytes | ToolError,
    environment: Environment | None,
) -> list[Finding]:
    """What is to say of one kustomization, as far as it was built."""
    objects: list[Object] = []
    if isinstance(result, bytes):
        try:
            objects = [o for o in yamlio.load_all(result, name) if isinstance(o, dict)]
        except ToolError as error:
            result = error
    if found := BUILT.ask(Built(result), name):
        return found
    found = OBJECTS.ask(Objects(objects), name)
    objects = judged.typed(Objects(objects))
    # What shared layers lack is said once, whichever overlays have them.
    found += LAYERS.ask(Layered(reader, repository.kustomization_folder(name), objects))
    if "/" in name:
        if environment is None:
            return found
        of_experiment = name.startswith(f"{experiment.FOLDER}/")
        return found + NNI.ask(RenderedForNni(objects, environment, of_experiment), name)
    config = read_file(repository.root, f"{OVERLAYS}/{name}/{overlay.CONFIG_FILE}")
    text = config.decode(errors="surrogateescape") if config is not None else None
    subject = Rendered(name, objects, repository.answers.profile, environment, text)
    if len(subject.all("StatefulSet")) == 1:
        found += NEEDS.ask(subject, name)
    return sorted(found + rendered(subject), key=lambda finding: finding.rule)


def rendered(subject: Rendered) -> list[Finding]:
    """All findings of what an overlay renders, in the numbers' order."""
    found = RENDERED.ask(subject, subject.overlay)
    if len(subject.all("StatefulSet")) == 1:
        found += CONTROLLER.ask(subject, subject.overlay)
    return sorted(found, key=lambda finding: finding.rule)
