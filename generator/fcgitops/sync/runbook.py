"""An ordered list of what a person does on clusters, as values; pure.

Each step says what it is for, and has lines of a shell. Comments among them say what to look at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from fcgitops.core import shell


class Step(NamedTuple):
    """One step: it is done, and seen to be done, before the next one."""

    title: str
    lines: tuple[str, ...]


def as_text(steps: Iterable[Step]) -> Iterator[str]:
    """The steps as lines: the title as a comment with its number, then what is typed."""
    for number, step in enumerate(steps, 1):
        yield shell.comment(f"{number}. {step.title}")
        yield from step.lines


def rolled_out(namespace: str, name: str) -> str:
    """What shows that a StatefulSet runs, or has not within some minutes."""
    words = ("rollout", "status", "--timeout=5m", f"statefulset/{name}")
    return shell.line("kubectl", "--namespace", namespace, *words)
