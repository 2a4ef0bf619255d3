"""What can go wrong, as values: the bottom of the package.

Every failure that a user can meet is a `FcgitopsError` that carries all problems found
at once; `messages` turns it into lines and an exit status, in one place.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fcgitops.core.printable import line, printable
from fcgitops.core.redaction import redacted

FOUND = 1
"""Exit status: findings, differences, conflicts, a generated file that is missing or edited."""
WRONG_INPUT = 2
"""Exit status: wrong input: options, or a source that the command reads; nothing was written."""
TOOL_FAILED = 3
"""Exit status: a program is missing or failed."""


@dataclass(frozen=True)
class Problem:
    """One mistake: where it is, what is wrong there, and what would be right.

    `where` is a key, a file or an option; `hint` may be empty.
    """

    where: str
    what: str
    hint: str = ""

    def __str__(self) -> str:
        """The problem on one line, whatever characters a user typed, and without passwords."""
        text = f"{self.where}: {self.what}" if self.where else self.what
        if self.hint:
            text += f" ({self.hint})"
        return printable(redacted(text))


class FcgitopsError(Exception):
    """One or more problems that end a command with `exit_status`."""

    exit_status = WRONG_INPUT

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        told = (problems,) if isinstance(problems, Problem) else problems
        self.problems = tuple(dict.fromkeys(told))  # what many have in common is told once
        super().__init__("; ".join(map(str, self.problems)))


class InputError(FcgitopsError):
    """What the user gave is wrong; nothing was written."""


class MissingError(InputError):
    """A generated file is missing that the command needs: found, as where a build needs it."""

    exit_status = FOUND


class FoundError(FcgitopsError):
    """The command did its work and found something, a conflict for instance."""

    exit_status = FOUND


class ToolError(FcgitopsError):
    """A program that the command needs is missing, too old, or failed."""

    exit_status = TOOL_FAILED


def messages(error: FcgitopsError) -> list[str]:
    """The lines that a user reads, one a problem."""
    return [line(f"error: {problem}") for problem in error.problems]
