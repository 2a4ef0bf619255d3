"""What a checker says: findings as values, and the verdict that they add up to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fcgitops.core.errors import Problem
from fcgitops.core.printable import printable
from fcgitops.core.redaction import redacted

REJECT = "reject"
"""The program that the file is for would refuse it."""
HAZARD = "hazard"
"""It would take the file, and then not do what is written, or fail."""
ACCEPT = "accept"
"""It takes the file, and does what is written."""
INFO = "info"
"""The severity of what is right, and worth knowing."""

Path = tuple[str | int, ...]
"""Where a value stands in a file: keys, and from 0 the places in lists."""

Rules = dict[str, tuple[str, str]]
"""Number → severity and what is right. Numbers stay for ever."""


@dataclass(frozen=True)
class Finding:
    """One thing to know about a file, or about what a kustomization renders."""

    rule: str
    severity: str
    path: str
    """The key, such as podFailureSpec[0].code; empty where it is none's."""
    line: int
    """In `file`, from 1; 0 for the file itself."""
    message: str
    hint: str = ""
    """What to do, or what would be right."""
    file: str = ""
    """From the repository's top, or as the user named it."""
    overlay: str = ""
    """The kustomization: OVERLAY, ENV/nni or experiments/NAME; empty where it is no one's."""
    object: str = ""
    """Kind and name, such as "StatefulSet frameworkcontroller"."""
    cause: str = ""
    """The field at fault where `message` names object and field in its own words; not shown."""

    @property
    def place(self) -> str:
        """FILE:LINE as far as they are known."""
        return f"{self.file}:{self.line}" if self.line and self.file else self.file

    @property
    def sentence(self) -> str:
        """The key and what is to say of it."""
        return f"{self.path}: {self.message}" if self.path else self.message

    def __str__(self) -> str:
        """The finding on one line, without the file."""
        place = f"{self.line}: " if self.line else ""
        hint = f" ({self.hint})" if self.hint else ""
        text = f"{place}{self.severity}: {self.rule}: {self.sentence}{hint}"
        return printable(redacted(text))

    def problem(self, file: str) -> Problem:
        """The finding as a problem of `file`."""
        place = f"{file}:{self.line}" if self.line else file
        return Problem(place, f"{self.sentence} [{self.rule}]", self.hint)


LONGEST = 300
"""Characters of a path or a message: a value in it may be as long as the file."""


def shortened(text: str) -> str:
    """`text`, cut off where it is longer than `LONGEST`."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def dotted(path: Path) -> str:
    """A path as it is shown: podFailureSpec[0].code."""
    shown = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return shown.removeprefix(".")


def verdict(findings: Iterable[Finding]) -> str:
    """reject, hazard or accept: the worst of the findings."""
    severities = {finding.severity for finding in findings}
    return next((s for s in (REJECT, HAZARD) if s in severities), ACCEPT)


def table(rules: Rules) -> list[str]:
    """The rules as the lines of a Markdown table."""
    rows = [f"| {rule} | {severity} | {what} |" for rule, (severity, what) in rules.items()]
    return ["| rule | severity | what is right |", "| --- | --- | --- |", *rows]
