"""The registry of checks: each has a number, a severity, a place where it looks, and a sentence.

A check is a function with a docstring, registered for the `Place` whose subject it takes:

    @RENDERED.check("FCG02", HAZARD)
    def namespace(r: Rendered) -> Faults:
        '''Every namespaced object is in the environment's namespace.'''
        yield Fault("Service x is in a, not in b", "namespace: in kustomization.yaml")

The docstring's first line is the sentence in the tables; the rest is for who asks for more.
Numbers stay for ever.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from fcgitops.core.errors import FcgitopsError, Problem
from fcgitops.core.findings import HAZARD, Finding
from fcgitops.core.lazy import regex

T = TypeVar("T")

UNEXPECTED = "FCG99"
"""The number of a check that could not be asked."""

_PACKAGE = Path(__file__).parents[1]


class Fault(NamedTuple):
    """What a check says of one thing; the registry adds the number and what is not given."""

    message: str
    hint: str = ""
    """What to do, or what would be right."""
    file: str = ""
    """From the repository's top."""
    line: int = 0
    """In the file, from 1; 0 for the file itself."""
    object: str = ""
    """Kind and name."""
    path: str = ""
    """The key."""
    cause: str = ""
    """The field at fault where `message` names object and field in its own words."""
    overlay: str = ""
    """The subject's where it is not given."""
    severity: str = ""
    """The check's where it is not given."""


Faults = Iterator[Fault]


@dataclass(frozen=True)
class Check(Generic[T]):
    """One check of one place."""

    number: str
    severity: str
    """reject: kustomize or the API server refuses it. hazard: it runs wrongly, or not at all."""
    ask: Callable[[T], Iterable[Fault]]

    @property
    def sentence(self) -> str:
        """What is right, on one line."""
        return self.explanation.partition("\n")[0]

    @property
    def explanation(self) -> str:
        """The sentence, and all else that there is to say."""
        return inspect.getdoc(self.ask) or ""


class Place(Generic[T]):
    """Where checks look: they are asked with subjects of the type `T`, in the numbers' order."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._checks: dict[str, Check[T]] = {}

    @property
    def checks(self) -> list[Check[T]]:
        """All that are registered."""
        return [check for _, check in sorted(self._checks.items())]

    def check(
        self, number: str, severity: str
    ) -> Callable[[Callable[[T], Iterable[Fault]]], Callable[[T], Iterable[Fault]]]:
        """Registers the decorated function, under a number that is new in this place."""
        if number in self._checks or not re.fullmatch(r"FCG\d\d", number):
            raise ValueError(f"{number} is taken, or is no number of a check")

        def register(ask: Callable[[T], Iterable[Fault]]) -> Callable[[T], Iterable[Fault]]:
            self._checks[number] = Check(number, severity, ask)
            return ask

        return register

    def ask(self, subject: T, overlay: str = "") -> list[Finding]:
        """The findings of all checks; one that fails is a finding too, and hides no other.

        Args:
            subject: what the checks look at.
            overlay: whose it is; empty where it is no one's.
        """
        found: list[Finding] = []
        for check in self.checks:
            try:
                found += (_finding(check, fault, overlay) for fault in check.ask(subject))
            except Exception as error:  # whatever it is, the others go on
                found.append(unexpected(check.number, error, overlay))
        return found


def _finding(check: Check[T], fault: Fault, overlay: str) -> Finding:
    return Finding(
        check.number,
        fault.severity or check.severity,
        fault.path,
        fault.line,
        fault.message,
        fault.hint,
        fault.file,
        fault.overlay or overlay,
        fault.object,
        fault.cause,
    )


def unexpected(number: str, error: Exception, overlay: str) -> Finding:
    """FCG99: `number` met an error that it did not expect.

    Args:
        number: the check, or what was done.
        error: what it met.
        overlay: whose objects or files it looked at.
    """
    if isinstance(error, FcgitopsError):
        problem = error.problems[0]
        message = f"{number} could not be asked: {problem.where}: {problem.what}"
        return Finding(UNEXPECTED, HAZARD, "", 0, message, problem.hint, overlay=overlay)
    import traceback  # noqa: PLC0415 - seldom

    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if _PACKAGE in Path(frame.filename).parents]
    frame = (own or frames)[-1]
    place = f"{Path(frame.filename).relative_to(_PACKAGE.parent)}:{frame.lineno}"
    message = f"{number} could not be asked: {type(error).__name__}: {error} (at {place})"
    hint = "the other checks were asked; please report this one"
    return Finding(UNEXPECTED, HAZARD, "", 0, message, hint, overlay=overlay)


_WHERE = regex(r"(?P<file>[^:]*)(:(?P<line>[0-9]+))?(: (?P<path>.*))?", re.DOTALL)


def fault(problem: Problem, overlay: str = "") -> Fault:
    """A problem, whose place is FILE[:LINE][: KEY], as the fault of a check."""
    where = _WHERE.fullmatch(problem.where)
    if where is None:
        return Fault(f"{problem.where}: {problem.what}", problem.hint, overlay=overlay)
    return Fault(
        problem.what,
        problem.hint,
        file=where["file"],
        line=int(where["line"] or 0),
        path=where["path"] or "",
        overlay=overlay,
    )
