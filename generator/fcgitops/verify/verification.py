"""All checks asked of a repository: of its sources, and of what its kustomizations render."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from fcgitops.core.errors import FcgitopsError, InputError, Problem, ToolError
from fcgitops.core.findings import Finding
from fcgitops.kubernetes.objects import Object
from fcgitops.model import layout
from fcgitops.model.environment import DEFAULT_CONFIG, VARIANTS, Environment
from fcgitops.model.facts import Facts, Known
from fcgitops.model.kustomization import Kind, Kustomization
from fcgitops.repository import experiments
from fcgitops.repository.buildable import missing_parts, repeated_keys
from fcgitops.repository.contents import Repository
from fcgitops.repository.environments import Planned, as_it_is
from fcgitops.text import yamlio
from fcgitops.text.tree import read_file
from fcgitops.verify import catalogue, origin, registry, subjects, validity
from fcgitops.verify.kept import Result
from fcgitops.verify.layers import Reader
from fcgitops.verify.outputs import Output
from fcgitops.verify.references import References
from fcgitops.verify.server import ApiServer, tools
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
    SERVER,
    SOURCE,
    Built,
    Experiment,
    Layered,
    Objects,
    Rendered,
    RenderedForNni,
    Source,
    Whole,
)

CHECKS = len(catalogue.checks())
"""How many there are."""
_MOST_DOCUMENTS = 512
Seen = Callable[[Kustomization, Environment | None, Sequence[Object]], None]
"""Is told of a kustomization, its environment, where that can be read, and what it renders."""


class Still(Repository):
    """A repository that nobody changes meanwhile: its environments are looked for once."""

    @functools.cached_property
    def _named(self) -> list[str]:
        return super().environment_names()

    def environment_names(self) -> list[str]:
        """Names of the environments: folders below overlays/ with an environment.yaml."""
        return list(self._named)


class Verification:
    """All checks of one repository.

    Args:
        repository: as it is on disk.
        seen: is told of each that was built.
    """

    def __init__(self, repository: Repository, seen: Seen | None = None) -> None:
        self.repository = repository
        self._seen = seen
        self.reader = Reader(repository.root)
        self.references = References(self.reader)
        self._documents: dict[bytes, Object | None] = {}

    def each(self, outputs: Iterable[Output]) -> Iterator[tuple[Kustomization, Result]]:
        """What is to say of each kustomization, in the order given.

        Args:
            outputs: what kustomize says of them.
        """
        for item, built in outputs:
            yield item, self._result(item, built)
            if str(item) not in VARIANTS:  # what others are made of is kept
                self.reader.forget(self.repository.root / item.folder)
                self.references.forget(item.folder)
                self.repository.forget(item.owner)

    def asked_of(
        self, server: ApiServer, wanted: Sequence[Kustomization], outputs: Iterable[Output]
    ) -> Iterator[list[Finding]]:
        """What a cluster's API server says of each kustomization; nothing of one without objects.

        Args:
            server: the cluster's.
            wanted: what is to be asked.
            outputs: what kustomize says of that.

        Raises:
            ToolError: it does not answer.
        """
        of_tools = tools(self.repository, wanted)
        for (item, built), tool in zip(outputs, of_tools, strict=True):
            objects: list[Object] = []
            if isinstance(built, bytes):
                with suppress(FcgitopsError):  # FCG00 says it
                    objects = [o for o in yamlio.load_all(built, str(item)) if o]
            answers = server.answers(objects, tool, whole=item.kind is Kind.OVERLAY)
            folder = self.repository.root / item.folder
            yield [self._placed(f, folder) for f in SERVER.ask(answers, str(item))]

    def whole(self, environments: Sequence[Known]) -> list[Finding]:
        """What is to say of the repository as a whole.

        Args:
            environments: those that are verified.
        """
        return REPOSITORY.ask(Whole(self.repository, environments))

    def _result(self, item: Kustomization, built: bytes | ToolError) -> Result:
        """All that is found in one kustomization: each fault once, by the check that tells it."""
        name = str(item)
        try:
            found, environment = self._sources(item)
        except Exception as error:  # one environment's fault hides no other's
            found, environment = [registry.unexpected("FCG11", error, name)], None
        if found and not os.access(self.repository.root / item.folder, os.R_OK | os.X_OK):
            return Result(findings=tuple(found), lasting=False)  # that says it
        try:
            more, objects = self._built(item, built, environment)
        except Exception as error:
            more, objects = [registry.unexpected("FCG00", error, name)], []
        if any(finding.rule == "FCG00" for finding in more):
            found = [f for f in found if not _is_of_what_is_built(f, item)]
        if self._seen:
            self._seen(item, environment, objects)
        folder = self.repository.root / item.folder
        stale = {finding.file for finding in found if finding.rule == "FCG12"}
        placed = (self._placed(finding, folder) for finding in more)
        found += (_owned(f, item) for f in placed if not _follows(f, item, stale))
        unsure = any(finding.rule in _UNSURE for finding in found)
        read = None if unsure else self._read_besides(item, environment)
        return Result(
            more=read or (),
            findings=tuple(sorted(dict.fromkeys(found), key=lambda finding: finding.rule)),
            objects=len(objects),
            facts=Facts.of(environment) if environment and item.kind is Kind.OVERLAY else None,
            lasting=read is not None,
        )

    def _read_besides(
        self, item: Kustomization, environment: Environment | None
    ) -> tuple[str, ...] | None:
        """What a result depends on besides its own files; None where that cannot be told."""
        own = (item.folder, layout.overlay(item.owner))
        folder = self.repository.root / item.folder
        if any(layer.unread for layer in self.reader.layers(folder)):
            return None
        found = set(self.references.outside(item.folder, (*layout.COMMON, *own)))
        if item.kind is Kind.EXPERIMENT:
            if environment is None:
                return None
            found |= {layout.overlay(environment.name), layout.CLUSTERS}
        return None if any(path.startswith("..") for path in found) else tuple(sorted(found))

    def _sources(self, item: Kustomization) -> tuple[list[Finding], Environment | None]:
        """What is to say of a kustomization's sources, and the environment that it belongs to."""
        name, repository = str(item), self.repository
        if item.kind is Kind.EXPERIMENT:
            experiment = _experiment(repository, item.owner)
            own = experiment.planned.environment if experiment.planned else None
            found = EXPERIMENT.ask(experiment, name)
            return [self._at_its_key(finding) for finding in found], own
        if item.kind is Kind.NNI:
            with suppress(InputError):  # FCG11 says it
                return [], repository.environment(item.owner)
            return [], None
        if name in VARIANTS:
            return [], None
        problems: Sequence[Problem] = ()
        planned: Planned | None = None
        try:
            planned = as_it_is(repository, name)
        except InputError as error:
            problems = error.problems
        found = SOURCE.ask(Source(name, problems), name)
        if planned is not None:
            found += ENVIRONMENT.ask(subjects.Known(repository, planned, self.references), name)
        found = [self._at_its_key(finding) for finding in found]
        return found, planned.environment if planned else None

    def _built(
        self, item: Kustomization, result: bytes | ToolError, environment: Environment | None
    ) -> tuple[list[Finding], list[Object]]:
        """What is to say of what a kustomization renders, and the objects."""
        name, repository = str(item), self.repository
        texts: list[bytes] = []
        read: list[Object] = []
        if isinstance(result, bytes):
            try:
                texts, read = self._objects(result, name)
            except ToolError as error:
                result = error
        reasons = self._reasons(item, result) if isinstance(result, ToolError) else []
        if found := BUILT.ask(Built(result, reasons), name):
            folder = repository.root / item.folder
            return [self._stopped(finding, folder) for finding in found], []
        each = Objects(read, repository.answers.versions, texts)
        found = OBJECTS.ask(each, name)
        objects = validity.typed(each)
        # What shared layers lack is said once, whichever overlays have them.
        found += LAYERS.ask(Layered(self.reader, repository.root / item.folder, objects))
        if item.kind is not Kind.OVERLAY:
            if environment is None:
                return found, read
            subject = RenderedForNni(objects, environment, item.kind is Kind.EXPERIMENT)
            return found + NNI.ask(subject, name), read
        text = self._configuration(item, environment)
        overlay = Rendered(name, objects, repository.answers.profile, environment, text)
        if len(overlay.all("StatefulSet")) == 1:
            found += NEEDS.ask(overlay, name)
        found = _once(found + rendered(overlay))
        return sorted(found, key=lambda finding: finding.rule), read

    def _configuration(self, item: Kustomization, environment: Environment | None) -> str | None:
        """The overlay's frameworkcontroller.yaml; none where its variant has no use for one."""
        if environment is not None and environment.variant == DEFAULT_CONFIG:
            return None
        data = read_file(self.repository.root, f"{item.folder}/{layout.CONFIG_FILE}")
        return data.decode(errors="surrogateescape") if data is not None else None

    def _objects(self, built: bytes, name: str) -> tuple[list[bytes], list[Object]]:
        """The documents that kustomize printed, and the object that each of them says."""
        found = [(text, self._object(text, name)) for text in built.split(b"\n---\n")]
        return [text for text, item in found if item], [item for _, item in found if item]

    def _object(self, text: bytes, name: str) -> Object | None:
        """The object that a document of kustomize's says; what is printed alike is read once."""
        if text not in self._documents:
            if len(self._documents) >= _MOST_DOCUMENTS:
                self._documents.clear()
            (value,) = yamlio.load_all(text, name) or [None]
            self._documents[text] = value if isinstance(value, dict) else None
        return self._documents[text]

    def _reasons(self, item: Kustomization, error: ToolError) -> list[Problem]:
        """What is not there of a kustomization's files, with what brings it back; else odd keys."""
        root = self.repository.root
        missing = [
            dataclasses.replace(problem, hint=self.repository.way_back(problem.where))
            for problem in missing_parts(root, [item])
        ]
        return missing or (repeated_keys(root, item) if "already defined" in str(error) else [])

    def _at_its_key(self, finding: Finding) -> Finding:
        """A finding of a key of environment.yaml, or of fcgitops.yaml, with the key's line."""
        name = finding.file.rpartition("/")[2]
        if finding.line or not finding.path or name not in (layout.SOURCE_FILE, layout.ANSWERS):
            return finding
        data = read_file(self.repository.root, finding.file)
        line = origin.line_of(data.decode(errors="replace") if data else "", finding.path)
        return dataclasses.replace(finding, line=line)

    def _stopped(self, finding: Finding, folder: Path) -> Finding:
        """A finding of what kustomize says with the file and the line that it is about."""
        if finding.file:
            return finding
        from fcgitops.verify import unbuilt  # noqa: PLC0415 - where something is wrong, alone

        with suppress(OSError):  # where it stands is a help; what was found is what counts
            said = finding.message
            said = said.partition(": ")[2] if said.startswith("kustomize ") else said
            file, line = unbuilt.place(self.reader, folder, said)
            return dataclasses.replace(finding, file=file, line=line)
        return finding

    def _placed(self, finding: Finding, folder: Path) -> Finding:
        """A finding of a rendered object with the file and the line of its cause."""
        if finding.file or not finding.object:
            return finding
        field = finding.cause or finding.path
        with suppress(Exception):  # where it stands is a help; what was found is what counts
            file, line = origin.origin(self.reader, folder, finding.object, field)
            return dataclasses.replace(finding, file=file, line=line)
        return finding


_UNSURE = ("FCG00", "FCG11", "FCG12", "FCG18", "FCG45", "FCG99")
"""Findings that may go, or be mended otherwise, without a change of the files.

A folder is missing, a file is as Git's history or its index has it, a check failed.
"""


def _experiment(repository: Repository, name: str) -> Experiment:
    try:
        return Experiment(repository, name, experiments.as_it_is(repository, name), ())
    except InputError as error:
        return Experiment(repository, name, None, error.problems)


_FROM = {
    "FCG02": (layout.KUSTOMIZATION_FILE,),
    "FCG06": (layout.KUSTOMIZATION_FILE,),
    "FCG09": (layout.KUSTOMIZATION_FILE, layout.EGRESS_FILE),
}
"""Check of what environment.yaml asks for → the generated files that say it to kustomize."""


def _is_of_what_is_built(finding: Finding, item: Kustomization) -> bool:
    """Whether FCG12 says that the user's own part cannot be read: who cannot build it says that."""
    local = f"{item.folder}/{layout.LOCAL}"
    return finding.rule == "FCG12" and (
        finding.file == local or finding.file.startswith(f"{local}/")
    )


def _follows(finding: Finding, item: Kustomization, stale: Collection[str]) -> bool:
    """Whether a finding is there because a generated file is not in line: FCG12 says that."""
    return any(f"{item.folder}/{file}" in stale for file in _FROM.get(finding.rule, ()))


def _owned(finding: Finding, item: Kustomization) -> Finding:
    """A finding of a layer as one of the kustomization whose file it is in; of none if shared."""
    if finding.overlay or not finding.file.startswith(f"{layout.OVERLAYS}/"):
        return finding
    own = f"{item.folder}/"
    owner = str(item) if finding.file.startswith(own) else finding.file.split("/")[1]
    return dataclasses.replace(finding, overlay=owner)


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
