"""Workflow commands of GitHub Actions: annotations beside the lines of a pull request.

Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands; how
they are escaped: https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts
"""

from __future__ import annotations

from fcgitops.core.findings import HAZARD, INFO, REJECT, Finding
from fcgitops.core.formats import text
from fcgitops.core.printable import printable
from fcgitops.core.reporting import Report

_COMMANDS = {REJECT: "error", HAZARD: "error", INFO: "notice"}


def render(report: Report) -> str:
    """A command a finding, which the runner takes from a step's output."""
    return "".join(f"{_command(finding)}\n" for finding in report.all())


def _command(finding: Finding) -> str:
    properties = {"file": finding.file, "line": str(finding.line or ""), "title": finding.rule}
    given = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    return f"::{_COMMANDS[finding.severity]} {given}::{_data(text.line(finding))}"


def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    """A value as the runner decodes it: it knows line ends, and other odd characters are shown."""
    shown = "".join(c if c in "\r\n" else printable(c) for c in value)
    return _data(shown).replace(":", "%3A").replace(",", "%2C")
