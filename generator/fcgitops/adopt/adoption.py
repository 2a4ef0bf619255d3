"""An adoption as a value: what was found, what it is to be, and what differs then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fcgitops.adopt.parts import Part
from fcgitops.adopt.recognition import Found
from fcgitops.adopt.sorting import LeftOut
from fcgitops.core.findings import Finding
from fcgitops.diff.outcome import Outcome
from fcgitops.kubernetes.objects import Object
from fcgitops.model.answers import Answers
from fcgitops.model.assignments import Assignments
from fcgitops.model.environment import Environment
from fcgitops.model.image import BINARY
from fcgitops.repository.changes import Change


@dataclass(frozen=True)
class Asked:
    """What was typed beside the manifests.

    Attributes:
        name: of the environment.
        typed: what options set.
    """

    name: str
    typed: Assignments = field(default_factory=Assignments)


@dataclass(frozen=True)
class Adoption:
    """An environment that takes the place of what runs without it.

    Attributes:
        found: what was recognised.
        change: what the repository should hold.
        environment: the new one.
        keys: key path → value of its environment.yaml, as they were found.
        parts: what takes the place of each object, and how it is patched.
        resources: what is added to it.
        left_out: what does not go to Git, and why.
        notes: what is taken otherwise than it was: where, and how.
        outcome: what differs, with its effects.
        rendered: the environment's objects.
        moved: whether FrameworkController is another StatefulSet from now on.
        answers: of the repository.
        faults: what of it `verify` would fail for.
    """

    found: Found
    change: Change
    environment: Environment
    keys: Mapping[str, Any]
    parts: Sequence[Part]
    resources: Sequence[Object]
    left_out: Sequence[LeftOut]
    notes: Sequence[LeftOut]
    outcome: Outcome
    rendered: Sequence[Object]
    moved: bool
    answers: Answers
    faults: Sequence[Finding] = ()

    @property
    def profile(self) -> str:
        """The repository's profile."""
        return self.answers.profile


def seen_profile(found: Found) -> str:
    """The profile that manifests are nearest to: hardened starts the program itself."""
    command = found.container.get("command") or []
    return "hardened" if command == [BINARY] else "upstream"
