"""`fcgitops verify --explain NUMBER`: what a check or a rule asks, and why."""

from __future__ import annotations

import sys
import textwrap

from fcgitops.core import terminal
from fcgitops.core.errors import InputError, Problem
from fcgitops.core.findings import Rules
from fcgitops.text.values import did_you_mean
from fcgitops.verify import catalogue
from fcgitops.verify.registry import UNEXPECTED

_SEVERITIES = {
    "reject": "it is refused",
    "hazard": "it is taken, and works wrongly or not at all",
    "info": "it is right, and worth knowing",
}


def run(number: str) -> int:
    """Prints all that is known of a number of `verify`, `config check` or `nni check`.

    Raises:
        InputError: there is no such number.
    """
    wanted = number.strip().upper()
    head, *lines = _check(wanted) or _rule(wanted)
    head = terminal.style(sys.stdout)(head, "bold")
    terminal.data("\n".join([head, *lines]) + "\n")
    return 0


def _check(number: str) -> list[str]:
    """A check of `verify`; each place where it looks has its own sentence."""
    rules = catalogue.rules()
    if number not in rules:
        return []
    severity, sentence = rules[number]
    lines = [f"{number} ({severity}: {_SEVERITIES[severity]})"]
    if number == UNEXPECTED:
        return [*lines, "", sentence]
    for place, check in catalogue.checks():
        if check.number == number:
            paragraphs = check.explanation.split("\n\n")
            text = "\n\n".join(textwrap.fill(" ".join(p.split()), 88) for p in paragraphs)
            lines += ["", f"Looks at {place}.", "", text]
    comment = f"# fcgitops: ignore {number} REASON"
    return [*lines, "", f"`{comment}` beside its cause takes it back, with a reason."]


def _rule(number: str) -> list[str]:
    """A rule of `config check` or `nni check`."""
    for command, rules in _tables().items():
        if number in rules:
            severity, sentence = rules[number]
            head = f"{number} ({severity}: {_SEVERITIES[severity]}), of `fcgitops {command}`"
            return [head, "", f"{sentence[:1].upper()}{sentence[1:]}."]
    hint = did_you_mean(number, numbers()) or "`fcgitops verify` prints the number of each finding"
    raise InputError(Problem("--explain", f"{number!r} is no number of a check or a rule", hint))


def numbers() -> list[str]:
    """All that can be explained."""
    return [*catalogue.rules(), *(rule for rules in _tables().values() for rule in rules)]


def _tables() -> dict[str, Rules]:
    from fcgitops.fcconfig import findings  # noqa: PLC0415 - asked for here alone
    from fcgitops.nnifile import rules  # noqa: PLC0415

    return {"config check": findings.RULES, "nni check": rules.RULES}
