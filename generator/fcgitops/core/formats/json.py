"""For a program: a list of findings, or of files with their verdicts and findings."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from fcgitops.core.findings import Finding, verdict
from fcgitops.core.reporting import Report

_FIELDS_IN_A_FILE = ("rule", "severity", "path", "line", "message", "hint")
_FIELDS = ("rule", "severity", "overlay", "object", "file", "line", "path", "message", "hint")


def render(report: Report) -> str:
    """The findings that are not silenced; an empty list where all is well."""
    rows = list(map(fields, report.findings))
    rows += [
        {
            "file": judged.name,
            "verdict": verdict(judged.findings),
            "findings": [_fields(finding, _FIELDS_IN_A_FILE) for finding in judged.findings],
        }
        for judged in report.files
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"


def fields(finding: Finding) -> dict[str, Any]:
    """A finding of a repository."""
    return _fields(finding, _FIELDS)


def _fields(finding: Finding, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(finding, name) for name in names}
