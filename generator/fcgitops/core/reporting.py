"""Findings as a person or a program reads them: one place for `verify`, `config` and `nni check`.

A format is a function from a `Report` to text, and a line in `FORMATS`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fcgitops.core.findings import INFO, Finding, verdict
from fcgitops.core.terminal import printable


@dataclass(frozen=True)
class Judged:
    """A file that was named to be judged: it gets a verdict."""

    name: str
    findings: Sequence[Finding]


@dataclass(frozen=True)
class Report:
    """What a command found: in a repository, or in each of some files."""

    findings: Sequence[Finding] = ()
    """Of a repository."""
    files: Sequence[Judged] = ()


def text(report: Report) -> str:
    """A line a finding, and one a verdict."""
    lines = [line(finding) for finding in report.findings]
    for judged in report.files:
        name = printable(judged.name)
        lines += [f"{name}:{finding}" for finding in judged.findings]
        lines.append(f"{name}: {verdict(judged.findings)}")
    return "".join(f"{line}\n" for line in lines)


def line(finding: Finding) -> str:
    """A finding of a repository: the overlay or the file, the number, and what is wrong there.

    File and object are told where the sentence does not name them already.
    """
    named = finding.file.rpartition("/")[2] in finding.message and not finding.line
    parts = (
        finding.overlay or finding.place,
        INFO if finding.severity == INFO else "",
        finding.rule,
        finding.place if finding.overlay and not named else "",
        "" if finding.object in finding.message else finding.object,
        finding.sentence,
    )
    hint = f" ({finding.hint})" if finding.hint else ""
    return printable(": ".join(part for part in parts if part) + hint)


def as_json(report: Report) -> str:
    """A list of findings, or of files with their verdicts and findings."""
    rows = [_fields(finding, _FIELDS) for finding in report.findings]
    rows += [
        {
            "file": judged.name,
            "verdict": verdict(judged.findings),
            "findings": [_fields(finding, _FIELDS_IN_A_FILE) for finding in judged.findings],
        }
        for judged in report.files
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"


FORMATS: dict[str, Callable[[Report], str]] = {"text": text, "json": as_json}
"""What `--format` takes."""

_FIELDS_IN_A_FILE = ("rule", "severity", "path", "line", "message", "hint")
_FIELDS = ("rule", "severity", "overlay", "object", "file", "line", "path", "message", "hint")


def _fields(finding: Finding, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(finding, name) for name in names}
