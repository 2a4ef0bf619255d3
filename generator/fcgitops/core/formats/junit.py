"""JUnit's XML, which every CI server shows: a test case a finding, and one for what is well.

The form of Ant's JUnitReport, the strictest of those that are read.
Source: https://github.com/windyroad/JUnit-Schema
"""

from __future__ import annotations

import datetime
from xml.etree import ElementTree

from fcgitops.core.findings import INFO, Finding
from fcgitops.core.formats import text
from fcgitops.core.printable import printable
from fcgitops.core.reporting import Report

Case = tuple[str, str, Finding | None, str]
"""What was looked at, the case's name, what failed there, and why that does not count."""


def render(report: Report) -> str:
    """One test suite. What is only worth knowing stands in its output."""
    cases = _cases(report)
    failed = [case for case in cases if case[2] and not case[3]]
    skipped = [case for case in cases if case[3]]
    suites = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(
        suites,
        "testsuite",
        package="fcgitops",
        id="0",
        name=f"fcgitops {report.command}",
        timestamp=datetime.datetime.now(tz=datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        hostname="localhost",
        tests=str(len(cases)),
        failures=str(len(failed)),
        errors="0",
        skipped=str(len(skipped)),
        time=f"{report.seconds:.3f}",
    )
    ElementTree.SubElement(suite, "properties")
    for place, name, finding, reason in cases:
        case = ElementTree.SubElement(
            suite, "testcase", name=printable(name), classname=printable(place), time="0"
        )
        if reason:
            ElementTree.SubElement(case, "skipped", message=printable(reason))
        elif finding:
            failure = ElementTree.SubElement(
                case, "failure", type=finding.severity, message=printable(finding.sentence)
            )
            failure.text = text.line(finding)
    infos = [text.line(finding) for finding in report.all() if finding.severity == INFO]
    ElementTree.SubElement(suite, "system-out").text = "\n".join(infos)
    ElementTree.SubElement(suite, "system-err")
    ElementTree.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(suites, "unicode")}\n'


def _cases(report: Report) -> list[Case]:
    found = [finding for finding in report.all() if finding.severity != INFO]
    cases: list[Case] = [(_place(f), _name(f), f, "") for f in found]
    for silenced in report.silenced:
        finding = report.shown(silenced.finding)
        cases.append((_place(finding), _name(finding), finding, silenced.reason))
    failed = {place for place, *_ in cases}
    names = [*report.overlays, *(judged.name for judged in report.files)]
    cases += [(name, report.command, None, "") for name in names if name not in failed]
    return cases


def _place(finding: Finding) -> str:
    return finding.overlay or finding.file


def _name(finding: Finding) -> str:
    parts = (finding.rule, finding.object, finding.path or finding.place)
    return " ".join(part for part in parts if part)
