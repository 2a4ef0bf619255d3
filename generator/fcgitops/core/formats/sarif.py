"""SARIF 2.1.0, which GitHub's code scanning, GitLab and editors read.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from fcgitops import __version__
from fcgitops.core.findings import HAZARD, INFO, REJECT, Finding, Rules
from fcgitops.core.formats.gitlab import fingerprint
from fcgitops.core.reporting import Report

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {REJECT: "error", HAZARD: "warning", INFO: "note"}


def render(report: Report) -> str:
    """One run, with the rules that were asked; a silenced finding is a suppressed result."""
    rules = report.rules()
    numbers = list(rules)
    results = [_result(finding, numbers) for finding in report.all()]
    for silenced in report.silenced:
        suppression = {"kind": "inSource", "justification": silenced.reason}
        result = _result(report.shown(silenced.finding), numbers)
        results.append({**result, "suppressions": [suppression]})
    driver = {
        "name": "fcgitops",
        "semanticVersion": __version__.replace(".dev", "-dev."),
        "rules": _rules(rules),
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"fcgitops {report.command}/"},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _rules(rules: Rules) -> list[dict[str, Any]]:
    return [
        {
            "id": number,
            "shortDescription": {"text": sentence},
            "defaultConfiguration": {"level": _LEVELS[severity]},
        }
        for number, (severity, sentence) in rules.items()
    ]


def _result(finding: Finding, numbers: list[str]) -> dict[str, Any]:
    hint = f" ({finding.hint})" if finding.hint else ""
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.sentence}{hint}"},
        "partialFingerprints": {"fcgitops/v1": fingerprint(finding)},
    }
    if finding.rule in numbers:
        result["ruleIndex"] = numbers.index(finding.rule)
    location: dict[str, Any] = {}
    if finding.file:
        physical: dict[str, Any] = {
            "artifactLocation": {"uri": quote(finding.file, errors="surrogateescape")}
        }
        physical["region"] = {"startLine": finding.line or 1}
        location["physicalLocation"] = physical
    logical = [
        {"fullyQualifiedName": name, "kind": kind}
        for name, kind in ((finding.overlay, "module"), (finding.object, "object"))
        if name
    ]
    if logical:
        location["logicalLocations"] = logical
    if location:
        result["locations"] = [location]
    return result
