"""`fcgitops review`: tells a pull request what it does, and whether it may be merged."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from fcgitops.commands.diff import compare_states
from fcgitops.core import terminal
from fcgitops.core.errors import FOUND, InputError, Problem, ToolError
from fcgitops.core.findings import Finding
from fcgitops.core.reporting import fails
from fcgitops.diff.effects import Severity
from fcgitops.diff.markdown import as_markdown, as_text
from fcgitops.diff.report import Report
from fcgitops.forge import found as forges
from fcgitops.forge.comments import MARK
from fcgitops.forge.requests import Conclusion, PullRequest, Verdict
from fcgitops.git import program as git
from fcgitops.model import layout
from fcgitops.promotion import passing
from fcgitops.promotion.health import Statuses
from fcgitops.promotion.passing import Barred
from fcgitops.repository.contents import Repository
from fcgitops.text.words import count
from fcgitops.verify.session import Session

_LONGEST = 4_000
"""Characters of the findings; with `markdown.LIMIT` it stays below what any forge takes."""
_GATES = 1_000
"""Characters of what is said of gates."""


def run(folder: Path, base: str | None, *, dry_run: bool) -> int:
    """Comments on the pull request that CI runs for, and sets its check.

    Args:
        folder: somewhere in the repository.
        base: what the change is compared with; the request's own base by default.
        dry_run: print the comment, and tell the forge nothing.

    Returns:
        1 where it should not be merged: `verify` finds a fault, or a sync will fail.

    Raises:
        InputError: there is neither a request nor `base`, or `base` is no revision here.
        ToolError: there is no good kustomize, or the forge refuses or does not answer.
    """
    request = forges.request(os.environ)
    start = base or (request.base if request else "")
    if not start:
        what = "is not known: this runs for no pull request of GitHub or GitLab"
        raise InputError(Problem("--base", what, "--base main"))
    root = layout.root_of(folder)
    report = compare_states(root, (f"{start}..HEAD",))
    ran = Session(root)
    ran.verify(ran.wanted([], start, None))
    gates = _gates(root, start, request)
    verdict = _verdict(ran.findings, report, gates)
    text = f"{MARK}\n{_findings(ran.findings)}{_barred(gates)}{as_markdown(report)}"
    _tell(request, verdict, text, _head(root), dry_run=dry_run)
    terminal.say(f"{verdict.conclusion.value}: {verdict.title}")
    return FOUND if verdict.conclusion is Conclusion.FAILURE else 0


def _gates(root: Path, start: str, request: PullRequest | None) -> list[Barred]:
    """The gates before what the request promotes that are not open; none where that is unknown."""
    repository = Repository(root)

    def statuses() -> Statuses | None:
        if request is None or request.silent:
            return None
        with suppress(ToolError):  # a token that may not read them: the gate is not known
            return Statuses.read(request.statuses(request.base), request.base)
        return None

    with suppress(InputError):  # `verify` says what cannot be read
        return list(passing.barred(repository, start, statuses))
    return []


def _head(root: Path) -> str:
    """The commit that was looked at."""
    return git.text(git.glance(root, "rev-parse", "HEAD") or b"").strip()


def _tell(
    request: PullRequest | None, verdict: Verdict, text: str, commit: str, *, dry_run: bool
) -> None:
    """Says it where it can be said: on the request, else on stdout and on the job's own page."""
    silent = request.silent if request else "this runs for no pull request"
    if request and not silent and not dry_run:
        try:
            done = request.comment(text)
            request.conclude(verdict, text, commit)
        except ToolError:
            _show(text)  # what the forge does not take is not lost
            raise
        terminal.say(f"{request.title}: comment {done}")
        return
    if not dry_run:
        terminal.say(f"note: no comment: {silent}")
    _show(text)


def _show(text: str) -> None:
    """Prints the text, and adds it to the job's own page."""
    terminal.lines(text)
    if place := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(place).open("a", encoding="utf-8") as summary:
            summary.write(text)


def _verdict(findings: Sequence[Finding], report: Report, gates: Sequence[Barred]) -> Verdict:
    """Whether it may be merged: not where it will not sync, and with a thought where it does."""
    faults = sum(fails([finding]) for finding in findings)
    unknown = sum(bool(entry.errors) for entry in report.entries)
    reasons = [count(faults, "finding of verify", "findings of verify")] * bool(faults)
    reasons += [f"{count(unknown, 'environment')} cannot be compared"] * bool(unknown)
    if failing := _with(report, Severity.FAILS):
        reasons.append(f"sync will fail in {count(failing, 'environment')}")
    if closed := sum(gate.is_known for gate in gates):
        reasons.append(f"{count(closed, 'gate')} closed")
    if reasons:
        return Verdict(Conclusion.FAILURE, "; ".join(reasons))
    worst = report.worst
    if worst > Severity.NONE:
        number = count(_with(report, worst), "environment")
        return Verdict(Conclusion.NEUTRAL, f"at worst: {worst.word}, in {number}")
    if gates:
        return Verdict(Conclusion.NEUTRAL, f"{count(len(gates), 'gate')} could not be asked here")
    changes = "no effect on any cluster" if report.changes else "nothing changes on any cluster"
    return Verdict(Conclusion.SUCCESS, changes)


def _with(report: Report, severity: Severity) -> int:
    """How many environments have an effect of a severity."""
    return sum(
        any(effect.severity is severity for effect in entry.outcome.effects)
        for entry in report.entries
    )


def _barred(gates: Sequence[Barred]) -> str:
    """The gates that are not open, as Markdown."""
    lines = []
    for environment, verdict, is_known in gates:
        state = "closed" if is_known else "not asked here"
        lines.append(f"- {as_text(f'{environment}: {verdict.gate}: {state}: {verdict.why}')}\n")
    return _listed("Gates", lines, _GATES, "gate", "fcgitops gates ENV")


def _findings(findings: Sequence[Finding]) -> str:
    """What `verify` finds, as Markdown."""
    lines = []
    for finding in findings:
        if fails([finding]):
            where = finding.place or finding.overlay
            line = f"- {as_text(f'{where}: {finding.rule}: {finding.sentence}')}\n"
            if finding.hint:
                line = f"{line.rstrip()} ({as_text(finding.hint)})\n"
            lines.append(line)
    return _listed("What verify finds", lines, _LONGEST, "finding", "fcgitops verify")


def _listed(title: str, lines: Sequence[str], room: int, noun: str, command: str) -> str:
    """A section of lines; those that do not fit into `room` characters are counted."""
    shown: list[str] = []
    for line in lines:
        if len(line) <= room:
            shown.append(line)
            room -= len(line)
    if not lines:
        return ""
    left = len(lines) - len(shown)
    rest = f"- … and {count(left, f'more {noun}')}: `{command}`\n" if left else ""
    return f"## {title}\n\n{''.join(shown)}{rest}\n"
