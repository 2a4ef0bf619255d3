"""All checks asked of a repository: its sources are read, its kustomizations built in parallel."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fcgitops.core import progress
from fcgitops.core.errors import InputError, Problem, ToolError
from fcgitops.core.findings import Finding
from fcgitops.core.reporting import Silenced
from fcgitops.model import layout
from fcgitops.model.environment import VARIANTS, Environment
from fcgitops.model.kustomization import Kind, Kustomization
from fcgitops.programs.kustomize import Kustomize
from fcgitops.repository import experiments
from fcgitops.repository.contents import Repository
from fcgitops.repository.environments import Planned, as_it_is
from fcgitops.text import yamlio
from fcgitops.text.tree import read_file
from fcgitops.verify import catalogue, judged, origin, registry, silence
from fcgitops.verify.layers import Reader
from fcgitops.verify.subjects import (
    BUILT,
    COMMENTS,
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
    Comment,
    Comments,
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


@dataclass(frozen=True)
class Verified:
    """What was found, and how much was looked at."""

    findings: list[Finding]
    silenced: list[Silenced]
    objects: int


def verify(repository: Repository, wanted: Sequence[Kustomization], program: Kustomize) -> Verified:
    """Every finding, each once: the repository's, then those of each kustomization.

    Args:
        repository: as it is on disk.
        wanted: what is to be built.
        program: builds them.
    """
    findings, objects = _all(repository, wanted, program)
    comments = _comments(repository, wanted, findings)
    folders = {str(item): item.folder for item in wanted}
    findings, silenced = silence.applied(dict.fromkeys(findings), comments, folders)
    everything = set(wanted) == set(repository.kustomizations())
    findings += COMMENTS.ask(Comments(comments, everything))
    return Verified(findings, silenced, objects)


def _comments(
    repository: Repository, wanted: Sequence[Kustomization], findings: Iterable[Finding]
) -> list[Comment]:
    """Those of the kustomizations' own files, and of the files in which something was found."""
    root = repository.root
    own = {
        path.relative_to(root).as_posix()
        for item in wanted
        for path in (root / item.folder).rglob("*")
        if path.is_file()
    }
    return silence.read(root, sorted(own | {f.file for f in findings if f.file}))


def _all(
    repository: Repository, wanted: Sequence[Kustomization], program: Kustomize
) -> tuple[list[Finding], int]:
    """All findings, and how many objects were rendered."""
    planned: list[Planned] = []
    sources: list[Finding] = []
    environments: dict[Kustomization, Environment] = {}
    """Whose each is, as far as that can be read."""
    for item in wanted:
        name = str(item)
        if item.kind is Kind.EXPERIMENT:
            own = _experiment(repository, item.owner)
            sources += EXPERIMENT.ask(own, name)
            if own.planned:
                environments[item] = own.planned.environment
        elif item.kind is Kind.NNI:
            with suppress(InputError):  # FCG11 says it
                environments[item] = repository.environment(item.owner)
        elif name not in VARIANTS:
            problems: Sequence[Problem] = ()
            try:
                one = as_it_is(repository, name)
            except InputError as error:
                problems = error.problems
            sources += SOURCE.ask(Source(name, problems), name)
            if problems:
                continue
            planned.append(one)
            environments[item] = one.environment
            sources += ENVIRONMENT.ask(Known(repository, one), name)
    findings = REPOSITORY.ask(Whole(repository, planned)) + sources
    folders = {repository.root / item.folder: item for item in wanted}
    reader = Reader(repository.root)
    count = 0
    built = progress.watched(program.build_all(folders), len(folders), "verified")
    for path, result in built:
        item = folders[path]
        try:
            found, objects = _built(repository, reader, item, result, environments.get(item))
        except Exception as error:  # one overlay's fault hides no other's
            found, objects = [registry.unexpected("FCG00", error, str(item))], 0
        findings += (_placed(finding, reader, path) for finding in found)
        count += objects
    return findings, count


def _placed(finding: Finding, reader: Reader, folder: Path) -> Finding:
    """A finding of a rendered object with the file and the line of its cause."""
    if finding.file or not finding.object:
        return finding
    field = finding.cause or finding.path
    with suppress(Exception):  # where it stands is a help; what was found is what counts
        file, line = origin.origin(reader, folder, finding.object, field)
        return dataclasses.replace(finding, file=file, line=line)
    return finding


def _experiment(repository: Repository, name: str) -> Experiment:
    try:
        return Experiment(repository, name, experiments.as_it_is(repository, name), ())
    except InputError as error:
        return Experiment(repository, name, None, error.problems)


def _built(
    repository: Repository,
    reader: Reader,
    item: Kustomization,
    result: bytes | ToolError,
    environment: Environment | None,
) -> tuple[list[Finding], int]:
    """What is to say of one kustomization, as far as it was built; how many objects it renders."""
    name = str(item)
    objects: list[Object] = []
    if isinstance(result, bytes):
        try:
            objects = [o for o in yamlio.load_all(result, name) if isinstance(o, dict)]
        except ToolError as error:
            result = error
    if found := BUILT.ask(Built(result), name):
        return found, 0
    each = Objects(objects, repository.answers.versions)
    found = OBJECTS.ask(each, name)
    objects = judged.typed(each)
    # What shared layers lack is said once, whichever overlays have them.
    found += LAYERS.ask(Layered(reader, repository.root / item.folder, objects))
    if item.kind is not Kind.OVERLAY:
        if environment is None:
            return found, len(objects)
        subject = RenderedForNni(objects, environment, item.kind is Kind.EXPERIMENT)
        return found + NNI.ask(subject, name), len(objects)
    config = read_file(repository.root, f"{item.folder}/{layout.CONFIG_FILE}")
    text = config.decode(errors="surrogateescape") if config is not None else None
    overlay = Rendered(name, objects, repository.answers.profile, environment, text)
    if len(overlay.all("StatefulSet")) == 1:
        found += NEEDS.ask(overlay, name)
    found = _once(found + rendered(overlay))
    return sorted(found, key=lambda finding: finding.rule), len(objects)


_TOLD = {"FCG30": "FCG07", "FCG38": "FCG04", "FCG41": "FCG08"}
"""Check of any object → the older check of FrameworkController's own that may tell its fault."""


def _once(found: list[Finding]) -> list[Finding]:
    """Without the faults that an older check tells of the same key of the same object."""
    told = {(finding.rule, finding.object, finding.cause or finding.path) for finding in found}
    return [f for f in found if (_TOLD.get(f.rule), f.object, f.cause or f.path) not in told]


def rendered(subject: Rendered) -> list[Finding]:
    """All findings of what an overlay renders, in the numbers' order."""
    found = RENDERED.ask(subject, subject.overlay)
    if len(subject.all("StatefulSet")) == 1:
        found += CONTROLLER.ask(subject, subject.overlay)
    return sorted(found, key=lambda finding: finding.rule)
