"""FrameworkController's configuration in a repository: what stands there, and what would.

A hook sees an edit of environment.yaml before the files that follow from it are written; so the
text that they would have is judged with the texts that it is merged of. Takes no kustomize.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from fcgitops.core.errors import InputError, Problem
from fcgitops.core.findings import Finding
from fcgitops.core.reporting import Judged
from fcgitops.manifests import overlay
from fcgitops.model import environment as model
from fcgitops.model import layout
from fcgitops.repository import rivals
from fcgitops.repository.contents import Repository
from fcgitops.repository.environments import Planned, as_it_is
from fcgitops.text import yamlio
from fcgitops.text.tree import read_file
from fcgitops.text.yamledit import Document


def judged(repository: Repository) -> tuple[list[Judged], list[Problem]]:
    """Each text with its findings, and what is wrong with environments apart from that."""
    planned: list[Planned] = []
    problems: list[Problem] = []
    for name in repository.environment_names():
        try:
            planned.append(as_it_is(repository, name))
        except InputError as error:
            problems += error.problems
    if not problems:
        environments = [item.environment for item in planned]
        problems += rivals.others_on_the_clusters_of(repository, environments)
    variant = [*_file(repository, layout.VARIANT_FILE)]
    files = list(variant)
    good_variant = not any(_faults(file.findings) for file in variant)
    for item in planned:
        try:
            source = _source(repository, item, good_variant=good_variant)
            if source is not None and source not in files:  # that of the defaults is everybody's
                files.append(source)
        except InputError as error:  # what is no YAML mapping has no merged text
            problems += error.problems
        folder = layout.overlay(item.environment.name)
        files += _file(repository, f"{folder}/{layout.CONFIG_FILE}")
    return files, list(dict.fromkeys(problems))


def _findings(data: bytes) -> tuple[Finding, ...]:
    from fcgitops.fcconfig.check import check  # noqa: PLC0415 - only customized ones need it

    return check(data)


def _faults(findings: Sequence[Finding]) -> list[Finding]:
    from fcgitops.fcconfig.findings import faults  # noqa: PLC0415

    return faults(findings)


def of_source(repository: Repository, item: Planned) -> Judged | None:
    """What is wrong with the settings of an environment that are not generated yet.

    Args:
        repository: as it is on disk.
        item: the environment as it is.

    Returns:
        The file that they stand in, with its findings; None where there are none.

    Raises:
        InputError: they are no YAML mapping.
    """
    path = f"{layout.overlay(item.environment.name)}/{layout.CONFIG_FILE}"
    data = read_file(repository.root, path)
    try:
        text = item.configuration
    except InputError:  # said better where the value at fault stands, if it is one
        if found := _source(repository, item, good_variant=False):
            return found
        raise
    if not text or data == text.encode():
        return None
    variant = _file(repository, layout.VARIANT_FILE)
    good = not any(_faults(file.findings) for file in variant)
    return _source(repository, item, good_variant=good)


def _file(repository: Repository, path: str) -> Iterator[Judged]:
    data = read_file(repository.root, path)
    if data is not None:
        yield Judged(path, _findings(data))


def _source(repository: Repository, item: Planned, *, good_variant: bool) -> Judged | None:
    """The settings of an environment, where they or what is generated of them are at fault."""
    if item.environment.variant != model.CUSTOMIZED_CONFIG:
        return None
    own = _faults(_findings(overlay.own_settings(item.environment).encode()))
    if not own and good_variant:
        own = _faults(_findings(item.configuration.encode()))
    if not own:
        return None
    document, place = item.document, "settings"
    if not item.environment.settings_text:
        answers = read_file(repository.root, layout.ANSWERS) or b""
        document = Document(yamlio.decoded(answers, layout.ANSWERS), layout.ANSWERS)
        place = "defaults.settings"
    return Judged(document.where, [_at(found, document, place) for found in own])


def _at(found: Finding, document: Document, place: str) -> Finding:
    """A finding of settings where they stand in a document."""
    path = f"{place}.{found.path}" if found.path else place
    return dataclasses.replace(found, path=path, line=document.line(path))
