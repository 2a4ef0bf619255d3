"""A Code Quality report of GitLab, which a merge request shows.

Source: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter

from fcgitops.core.findings import HAZARD, INFO, REJECT, Finding
from fcgitops.core.formats import text
from fcgitops.core.reporting import Report

_SEVERITIES = {REJECT: "blocker", HAZARD: "critical", INFO: "info"}


def render(report: Report) -> str:
    """A list of degradations; GitLab compares their fingerprints with the target branch's."""
    seen: Counter[str] = Counter()
    rows = []
    for finding in report.all():
        said = text.line(finding)
        seen[said] += 1
        rows.append(
            {
                "type": "issue",
                "check_name": finding.rule,
                "description": said,
                "severity": _SEVERITIES[finding.severity],
                "fingerprint": fingerprint(finding, seen[said]),
                "location": {"path": finding.file, "lines": {"begin": finding.line or 1}},
            }
        )
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"


def fingerprint(finding: Finding, occurrence: int = 1) -> str:
    """What stays the same when lines above it come or go.

    Args:
        finding: of any kind.
        occurrence: from 1, of those that say the very same.
    """
    parts = (finding.rule, finding.overlay, finding.file, finding.object, finding.sentence)
    return hashlib.sha256(os.fsencode("\0".join((*parts, str(occurrence))))).hexdigest()[:32]
