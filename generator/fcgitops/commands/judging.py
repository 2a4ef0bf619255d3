"""What `config check` and `nni check` share: files are read, judged, and their findings printed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fcgitops.commands import given
from fcgitops.core.errors import FOUND, InputError, Problem
from fcgitops.core.findings import ACCEPT, HAZARD, Finding, Rules, verdict
from fcgitops.core.reporting import Judged, Report, tell

STANDARD_INPUT = "-"
MAX_BYTES = 1 << 20
"""What a ConfigMap holds (k8s.io/api/core/v1: MaxSecretSize, which ConfigMap shares)."""


@dataclass(frozen=True)
class Checker:
    """What the two differ in."""

    command: str
    """Its name, such as `nni check`."""
    rules: Rules
    judge: Callable[[bytes, str], Sequence[Finding]]
    """What a file holds, and its name → its findings."""
    fails: Callable[[Sequence[Finding]], bool]
    """Whether findings of one file make the command fail."""


def run(folder: Path, files: tuple[str, ...], form: str, checker: Checker) -> int:
    """Prints every finding and the verdict of each file.

    Args:
        folder: what the names are relative to.
        files: names; `-` is standard input.
        form: one of `reporting.FORMATS`.
        checker: what judges them.

    Returns:
        1 where a file fails, else 0.

    Raises:
        InputError: with each file that cannot be read, after the others have been judged.
    """
    problems: list[Problem] = []
    judged: list[Judged] = []
    for name in files:
        try:
            data = read(folder, name)
        except OSError as error:
            problems.append(Problem(name, f"cannot be read: {error.strerror}"))
            continue
        judged.append(Judged(name, checker.judge(data, name)))
    return report(judged, problems, form, checker)


def report(
    judged: Sequence[Judged], problems: Sequence[Problem], form: str, checker: Checker
) -> int:
    """Prints what was found, and what kept the rest from being judged. Returns as `run`.

    Raises:
        InputError: with the `problems`.
    """
    tell(form, Report(checker.command, lambda: checker.rules, files=judged))
    if problems:
        raise InputError(problems)
    return FOUND if any(checker.fails(file.findings) for file in judged) else 0


def fails(findings: Sequence[Finding], *, allow_hazards: bool) -> bool:
    """Whether a file is rejected, or has a hazard that is not allowed."""
    fine = {ACCEPT, HAZARD} if allow_hazards else {ACCEPT}
    return verdict(findings) not in fine


def read(folder: Path, name: str) -> bytes:
    """At most one byte more than a ConfigMap holds, which is enough to judge that.

    Raises:
        OSError: it cannot be read.
    """
    return given.read(None if name == STANDARD_INPUT else folder / name, MAX_BYTES)
