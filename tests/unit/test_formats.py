"""Each output format, held to the schema that its readers have published."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import jsonschema_rs
import pytest
from conftest import Fcgitops
from fcgitops.core.findings import HAZARD, INFO, REJECT, Finding
from fcgitops.core.reporting import FORMATS, Judged, Report, Silenced, render
from gitenv import write

SCHEMAS = Path(__file__).parents[1] / "data" / "formats"
ODD = "100% of a: b,\nc; ]]> & <x> \x1b[31m é\u202e"
RULES = {"FCG30": (REJECT, "The API server takes it."), "FCG38": (HAZARD, "It is there."),
         "FCG32": (INFO, "It is known.")}  # fmt: skip
FOUND = Finding("FCG30", REJECT, "spec.replica", 7, "is no field", "replicas",
                "overlays/prod/local/a b.yaml", "prod", "StatefulSet fc")  # fmt: skip
PLACELESS = Finding("FCG38", HAZARD, "", 0, "no Secret x is there", overlay="prod")
KNOWN = Finding("FCG32", INFO, "", 0, "nothing is known of it", overlay="dev", object="Thing t")
UNKNOWN_RULE = Finding("FCG99", HAZARD, "", 0, ODD, ODD, file="clusters/argocd/x.yaml")
ACCEPTED = Finding(
    "FCG38", HAZARD, "", 3, "no Secret y", file="overlays/prod/a.yaml", overlay="prod"
)
REPORT = Report(
    "verify",
    lambda: RULES,
    (FOUND, PLACELESS, KNOWN, UNKNOWN_RULE),
    (Silenced(ACCEPTED, "comes with the cluster"),),
    {name: f"overlays/{name}/kustomization.yaml" for name in ("dev", "prod", "stage")},
    seconds=1.25,
)
NOTHING = Report("verify", lambda: RULES, overlays={"dev": "overlays/dev/kustomization.yaml"})
FILES = Report(
    "config check",
    lambda: {"FCC11": (HAZARD, "every key is known")},
    files=(Judged("a.yaml", [Finding("FCC11", HAZARD, "x", 2, "is no key")]), Judged("b.yaml", [])),
)
REPORTS = {"some": REPORT, "none": NOTHING, "files": FILES}


def json_schema(name: str) -> Any:
    return jsonschema_rs.validator_for(json.loads((SCHEMAS / name).read_text()))


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_sarif(report: Report) -> None:
    """A log of SARIF 2.1.0."""
    log = json.loads(render("sarif", report))
    assert list(json_schema("sarif-schema-2.1.0.json").iter_errors(log)) == []


def test_sarif_says_all() -> None:
    """Number, level, place, object, and why a silenced finding does not count."""
    (run,) = json.loads(render("sarif", REPORT))["runs"]
    first, second, *_, last = run["results"]
    assert {rule["id"]: rule["defaultConfiguration"]["level"] for rule in
            run["tool"]["driver"]["rules"]} == {
        "FCG30": "error", "FCG38": "warning", "FCG32": "note",
    }  # fmt: skip
    assert (first["ruleId"], first["ruleIndex"], first["level"]) == ("FCG30", 0, "error")
    assert first["message"]["text"] == "spec.replica: is no field (replicas)"
    assert first["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "overlays/prod/local/a%20b.yaml"},
                "region": {"startLine": 7},
            },
            "logicalLocations": [
                {"fullyQualifiedName": "prod", "kind": "module"},
                {"fullyQualifiedName": "StatefulSet fc", "kind": "object"},
            ],
        }
    ]
    place = second["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "overlays/prod/kustomization.yaml"
    assert last["suppressions"] == [{"kind": "inSource", "justification": "comes with the cluster"}]
    assert len({str(result["partialFingerprints"]) for result in run["results"]}) == 5


@pytest.mark.sampled(3)
@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_junit(report: Report) -> None:
    """Ant's JUnitReport, the strictest form of JUnit's XML."""
    text = render("junit", report)
    import xmlschema  # noqa: PLC0415 - a tenth of what it takes to collect all tests

    errors = xmlschema.XMLSchema(SCHEMAS / "JUnit.xsd").iter_errors(text)
    assert [str(error.reason) for error in errors] == []


def test_junit_says_all() -> None:
    """A case a finding; one that is silenced is skipped, what is well passes, an info is output."""
    suite = ElementTree.fromstring(render("junit", REPORT))[0]
    assert {k: suite.get(k) for k in ("tests", "failures", "errors", "skipped", "time")} == {
        "tests": "6", "failures": "3", "errors": "0", "skipped": "1", "time": "1.250",
    }  # fmt: skip
    cases = [
        (case.get("classname"), case.get("name"), case[0].tag if len(case) else "")
        for case in suite.iter("testcase")
    ]
    assert cases == [
        ("prod", "FCG30 StatefulSet fc spec.replica", "failure"),
        ("prod", "FCG38 overlays/prod/kustomization.yaml", "failure"),
        ("clusters/argocd/x.yaml", "FCG99 clusters/argocd/x.yaml", "failure"),
        ("prod", "FCG38 overlays/prod/a.yaml:3", "skipped"),
        ("dev", "verify", ""),
        ("stage", "verify", ""),
    ]
    assert "nothing is known of it" in (suite.findtext("system-out") or "")


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_gitlab(report: Report) -> None:
    """A list of what GitLab's server takes, each with a fingerprint of its own."""
    rows = json.loads(render("gitlab", report))
    schema = json_schema("gitlab-codeclimate.json")
    assert [error for row in rows for error in schema.iter_errors(row)] == []
    assert {row["severity"] for row in rows} <= {"info", "minor", "major", "critical", "blocker"}
    assert len({row["fingerprint"] for row in rows}) == len(rows)
    assert all(row["location"]["path"] and row["location"]["lines"]["begin"] >= 1 for row in rows)


def test_gitlab_fingerprints_do_not_know_lines() -> None:
    """What moves down by a line is no new degradation."""
    moved = Report("verify", lambda: RULES, (Finding(**{**vars(FOUND), "line": 9}),))
    there = Report("verify", lambda: RULES, (FOUND,))
    first, second = (json.loads(render("gitlab", report))[0] for report in (there, moved))
    assert first["fingerprint"] == second["fingerprint"]
    assert (first["location"]["lines"], second["location"]["lines"]) == ({"begin": 7}, {"begin": 9})


def commands(text: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Name, properties and data of workflow commands, read as the runner reads them."""
    for line in text.splitlines():
        head, _, data = line.removeprefix("::").partition("::")
        name, _, rest = head.partition(" ")
        pairs = [pair.split("=", 1) for pair in rest.split(",") if pair]
        yield name, {key: unquote(value) for key, value in pairs}, re.sub(
            "%(0A|0D|25)", lambda found: unquote(found[0]), data
        )  # fmt: skip


def test_github() -> None:
    """A line a finding, whatever characters it has; an annotation at its file and line."""
    found = list(commands(render("github", REPORT)))
    assert [(name, given) for name, given, _ in found] == [
        ("error", {"file": "overlays/prod/local/a b.yaml", "line": "7", "title": "FCG30"}),
        ("error", {"file": "overlays/prod/kustomization.yaml", "title": "FCG38"}),
        ("notice", {"file": "overlays/dev/kustomization.yaml", "title": "FCG32"}),
        ("error", {"file": "clusters/argocd/x.yaml", "title": "FCG99"}),
    ]
    assert found[0][2] == (
        "prod: FCG30: overlays/prod/local/a b.yaml:7: StatefulSet fc: spec.replica: is no field "
        "(replicas)"
    )
    assert found[3][2].startswith("clusters/argocd/x.yaml: FCG99: 100% of a: b,\\nc; ]]> & <x> ")


@pytest.mark.sampled(2)
@pytest.mark.parametrize("form", FORMATS)
def test_every_checker_has_every_format(form: str, fcgitops: Fcgitops, repository: Path) -> None:
    """On standard output, with the exit status of the text."""
    write(repository, {"overlays/prod/frameworkcontroller.yaml": "workerNumbr: 1\n"})
    path = repository / "overlays/prod/frameworkcontroller.yaml"
    for command in (
        ["verify", "prod"],
        ["config", "check", str(path)],
        ["nni", "check", str(path)],
    ):
        ran = fcgitops("-C", repository, *command, "--format", form, status=1)
        assert "FCG05" in ran.out or "FCC11" in ran.out or "NNI" in ran.out
