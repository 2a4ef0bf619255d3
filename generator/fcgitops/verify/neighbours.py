"""What must be true of several folders of one Git repository that fcgitops has each generated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from fcgitops.core.errors import InputError
from fcgitops.core.findings import HAZARD, INFO
from fcgitops.model import clusters, layout
from fcgitops.repository import rivals
from fcgitops.repository.contents import Repository
from fcgitops.verify.registry import Fault, Faults
from fcgitops.verify.subjects import REPOSITORY, Whole


@REPOSITORY.check("FCG48", HAZARD)
def alone_on_its_cluster(whole: Whole) -> Faults:
    """No other folder of the Git repository has an environment on the same cluster.

    FrameworkController is one per cluster, and entry points of two folders have the same names
    there: the Applications or Kustomizations of one would take the place of the other's. An address
    tells that for certain. A name may be one that two Argo CDs give to two clusters: an info.
    """
    for folder, other in _others(whole.repository):
        for rival in rivals.of_others(other, whole.environments):
            theirs = {identity for identity, _ in rival.identities}
            for env in whole.environments:
                if shared := {one: key for one, key in env.identities if one in theirs}:
                    yield _fault(env.name, f"{folder}/overlays/{rival.name}", shared)


def _others(repository: Repository) -> Iterator[tuple[str, Repository]]:
    """The other folders that are synced from where they stand; a copy, as for tests, is not."""
    place = repository.place
    if not place or place != repository.answers.path or not (head := repository.head):
        return
    for folder in head.beside(layout.ANSWERS):
        other = Repository(head.top / folder)
        with suppress(InputError):  # its own `verify` says what is wrong with it
            if other.answers.path == folder:
                yield folder, other


def _fault(name: str, rival: str, shared: dict[str, str]) -> Fault:
    """That two environments share a cluster, by what tells it best."""
    certain = [key for key in shared if clusters.is_certain(key)]
    file, one = layout.source_path(name), "FrameworkController is one per cluster"
    if certain:
        what, hint = f"{rival} is on this cluster already", f"{one}: give each its own"
    else:
        what = f"{rival} is on a cluster of this name, and entry points of both have the same names"
        hint = f"{one}: if it is the same, give each its own"
    severity = "" if certain else INFO
    return Fault(what, hint, file=file, path=shared[(certain or [*shared])[0]], overlay=name,
                 severity=severity)  # fmt: skip
