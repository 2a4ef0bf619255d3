"""What must be true of the records of what was generated last."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from fcgitops.core import shell
from fcgitops.core.errors import InputError
from fcgitops.core.findings import HAZARD
from fcgitops.model import layout
from fcgitops.repository import provenance, record
from fcgitops.text.tree import read_file
from fcgitops.verify.registry import Fault, Faults
from fcgitops.verify.subjects import (
    ENVIRONMENT,
    EXPERIMENT,
    REPOSITORY,
    Experiment,
    Known,
    Whole,
)


@ENVIRONMENT.check("FCG20", HAZARD)
def records_of_an_environment(known: Known) -> Faults:
    """A record (`.fcgitops`) names only files that are generated beside it."""
    name = known.environment.name
    yield from _others(known.repository.root, layout.overlay(name))
    yield from _others(known.repository.root, f"{layout.CLUSTERS}/*/{name}")


@EXPERIMENT.check("FCG20", HAZARD)
def records_of_an_experiment(experiment: Experiment) -> Faults:
    """A record (`.fcgitops`) names only files that are generated beside it."""
    root = experiment.repository.root
    yield from _others(root, f"{layout.EXPERIMENTS}/{experiment.name}")
    yield from _others(root, f"{layout.CLUSTERS}/*/*/{layout.EXPERIMENTS}/{experiment.name}")


@REPOSITORY.check("FCG20", HAZARD)
def records_left_behind(whole: Whole) -> Faults:
    """A record (`.fcgitops`) names only files that are generated beside it."""
    for name in whole.repository.headless_names():
        yield from _others(whole.repository.root, layout.overlay(name))
    recorded = record.known(read_file(whole.repository.root, layout.BASE_RECORD))
    strange = provenance.generated_base(recorded, whole.repository.answers)[1]
    yield from (_fault(layout.BASE_RECORD, path) for path in strange)


def _others(root: Path, folders: str) -> Faults:
    """What the records in some folders name besides.

    Args:
        root: the repository's.
        folders: a pattern of folders that may have a record.
    """
    for file in sorted(root.glob(f"{folders}/{layout.RECORD_FILE}")):
        folder = file.parent.relative_to(root).as_posix()
        place = f"{folder}/{layout.RECORD_FILE}"
        recorded: dict[str, bytes] = {}
        with suppress(InputError):  # a symbolic link: other checks say so
            recorded = record.decode(read_file(root, place)) or {}
        for path in provenance.generated(folder, recorded)[1]:
            yield _fault(place, path)


def _fault(place: str, path: str) -> Fault:
    """What is said of a record that names a path where nothing is generated."""
    message = f"names {path}, where nothing is generated"
    return Fault(message, shell.line("git", "log", "-p", "--", place), file=place)
