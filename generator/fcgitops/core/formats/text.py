"""For a person, and for grep: a line a finding, and one a verdict."""

from __future__ import annotations

from fcgitops.core.findings import INFO, Finding, verdict
from fcgitops.core.printable import line as printed
from fcgitops.core.printable import printable
from fcgitops.core.redaction import redacted
from fcgitops.core.reporting import Report


def render(report: Report) -> str:
    """A line a finding, and one a verdict."""
    lines = [line(finding) for finding in report.findings]
    for judged in report.files:
        name = printable(judged.name)
        lines += [f"{name}:{finding}" for finding in judged.findings]
        lines.append(f"{name}: {verdict(judged.findings)}")
    return "".join(f"{printed(line)}\n" for line in lines)


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
