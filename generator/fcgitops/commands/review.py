"""`fcgitops review`: tells a pull request what it does, and whether it may be merged."""

from __future__ import annotations

import os
from collections.abc import Sequence
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
from fcgitops.text.words import count
from fcgitops.verify.session import Session

_LONGEST = 4_000
"""Characters of the findings; with `markdown.LIMIT` it stays below what any forge takes."""


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
    verdict = _verdict(ran.findings, report)
    text = f"{MARK}\n{_findings(ran.findings)}{as_markdown(report)}"
    _tell(request, verdict, text, _head(root), dry_run=dry_run)
    terminal.say(f"{verdict.conclusion.value}: {verdict.title}")
    return FOUND if verdict.conclusion is Conclusion.FAILURE else 0


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


def _verdict(findings: Sequence[Finding], report: Report) -> Verdict:
    """Whether it may be merged: not where it will not sync, and with a thought where it does."""
    faults = sum(fails([finding]) for finding in findings)
    unknown = sum(bool(entry.errors) for entry in report.entries)
    reasons = [count(faults, "finding of verify", "findings of verify")] * bool(faults)
    reasons += [f"{count(unknown, 'environment')} cannot be compared"] * bool(unknown)
    if failing := _with(report, Severity.FAILS):
        reasons.append(f"sync will fail in {count(failing, 'environment')}")
    if reasons:
        return Verdict(Conclusion.FAILURE, "; ".join(reasons))
    worst = report.worst
    if worst > Severity.NONE:
        number = count(_with(report, worst), "environment")
        return Verdict(Conclusion.NEUTRAL, f"at worst: {worst.word}, in {number}")
    changes = "no effect on any cluster" if report.changes else "nothing changes on any cluster"
    return Verdict(Conclusion.SUCCESS, changes)


def _with(report: Report, severity: Severity) -> int:
    """How many environments have an effect of a severity."""
    return sum(
        any(effect.severity is severity for effect in entry.outcome.effects)
        for entry in report.entries
    )


def _findings(findings: Sequence[Finding]) -> str:
    """What `verify` finds, as Markdown; what does not fit is counted."""
    faults = [finding for finding in findings if fails([finding])]
    lines: list[str] = []
    room = _LONGEST
    for finding in faults:
        where = finding.place or finding.overlay
        line = f"- {as_text(f'{where}: {finding.rule}: {finding.sentence}')}\n"
        if finding.hint:
            line = f"{line.rstrip()} ({as_text(finding.hint)})\n"
        if len(line) <= room:
            lines.append(line)
            room -= len(line)
    if not faults:
        return ""
    left = len(faults) - len(lines)
    rest = f"- … and {count(left, 'more finding')}: `fcgitops verify`\n" if left else ""
    return f"## What verify finds\n\n{''.join(lines)}{rest}\n"
