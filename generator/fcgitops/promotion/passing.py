"""The gates before what a branch promotes, as a check of its pull request asks them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from fcgitops.core.lazy import regex
from fcgitops.git import program as git
from fcgitops.git.history import History
from fcgitops.model import layout
from fcgitops.model.gates import before
from fcgitops.promotion.gates import Guard, Verdict
from fcgitops.promotion.health import Health, Statuses
from fcgitops.promotion.origin import Origin
from fcgitops.repository.contents import Repository

_PROMOTED = regex(
    r"^(?P<source>[a-z0-9-]+)(?P<elsewhere> of .+)? at [0-9a-f]{7,40} → (?P<names>[a-z0-9, -]+)$",
    re.MULTILINE,
)
"""A line that `Origin.leads_to` writes."""
_OF_THE_SOURCE = ("verified", "healthy", "soaked")
"""What is asked about what is promoted."""


class Barred(NamedTuple):
    """A gate that is not open.

    Attributes:
        environment: that it stands before.
        verdict: of the gate.
        is_known: whether it could be asked: a job knows no cluster, and no other repository.
    """

    environment: str
    verdict: Verdict
    is_known: bool


def barred(
    repository: Repository, start: str, statuses: Callable[[], Statuses | None]
) -> Iterator[Barred]:
    """The gates before what was promoted since `start` that are not open, and not overruled.

    Args:
        repository: as it is on disk.
        start: a revision.
        statuses: those of what is synced, for gates that go by one; None where nobody tells them.
    """
    history = History(repository.root)
    changed = {*git.changed_since(repository.root, start)}
    for name in repository.environment_names():
        path = layout.source_path(name)
        if path not in changed:
            continue
        environment = repository.environment(name)
        gates = before(repository.answers.gates, environment)
        promoted = _promoted(history.messages(start, f"{history.prefix}{path}"), name)
        if not (gates and promoted):
            continue
        told = statuses() if any(gate.status for gate in gates) else None
        health = Health(history, history.head, None, told, repository)
        origin = Origin(promoted["source"], repository, history.head, history)
        guard = Guard(repository, origin, health)
        overruled = guard.overruled(environment)
        for verdict in guard.verdicts(environment):
            is_elsewhere = bool(promoted["elsewhere"]) and verdict.gate in _OF_THE_SOURCE
            if verdict.gate in overruled or (verdict.is_open and not is_elsewhere):
                continue
            nobody = verdict.gate == "healthy" and told is None
            yield Barred(name, verdict, is_known=not (nobody or is_elsewhere))


def _promoted(messages: list[str], name: str) -> re.Match[str] | None:
    """What the newest commit says that promotes to an environment."""
    for message in messages:
        for found in _PROMOTED.finditer(message):
            if name in found["names"].split(", "):
                return found
    return None
