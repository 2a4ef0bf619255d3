"""For a person, and for grep: a line a finding, and one a verdict."""

from __future__ import annotations

from fcgitops.core.findings import ACCEPT, HAZARD, INFO, REJECT, Finding, verdict
from fcgitops.core.printable import line as printed
from fcgitops.core.printable import printable
from fcgitops.core.redaction import redacted
from fcgitops.core.reporting import Report
from fcgitops.core.terminal import Style

_STYLES = {REJECT: "red", HAZARD: "yellow", INFO: "cyan", ACCEPT: "green"}


def render(report: Report) -> str:
    """A line a finding, and one a verdict; the report's style sets off severities and numbers."""
    style = report.style
    rows = [_row(line(f), f.severity, f.rule, style) for f in report.findings]
    for judged in report.files:
        name = printable(judged.name)
        for f in judged.findings:
            gap = "" if f.line else " "
            rows.append(_row(f"{name}:{gap}{f}", f.severity, f.rule, style))
        said = verdict(judged.findings)
        rows.append(_row(f"{name}: {said}", said, "", style))
    return "".join(f"{row}\n" for row in rows)


def _row(text: str, severity: str, rule: str, style: Style) -> str:
    """`text` as a line, with severity and number, which stand between colons, set off."""
    parts = printed(text).split(": ")
    words = (severity, rule)
    return ": ".join(style(part, _STYLES[severity]) if part in words else part for part in parts)


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
        "" if finding.cause or finding.object in finding.message else finding.object,
        finding.sentence,
    )
    hint = f" ({finding.hint})" if finding.hint else ""
    return printable(redacted(": ".join(part for part in parts if part) + hint))
