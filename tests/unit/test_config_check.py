"""`fcgitops config check`: one verdict a file, and everything that is wrong in it at once."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Fcgitops
from fcgitops.core.findings import ACCEPT, HAZARD, INFO, LONGEST, REJECT, Finding, verdict
from fcgitops.fcconfig.check import MAX_REGEX_CHARACTERS, check
from fcgitops.fcconfig.decode import MAX_VALUES
from fcgitops.fcconfig.findings import RULES
from fcgitops.fcconfig.image import shipped_text

ROWS = Path(__file__).parents[1] / "data" / "frameworkcontroller" / "config-verdicts.jsonl"
MIN = "frameworkMinRetryDelaySecForTransientConflictFailed"
MAX = "frameworkMaxRetryDelaySecForTransientConflictFailed"
RE2 = "https://github.com/google/re2/wiki/Syntax; look-around and \\1 are not in it"

Found = tuple[str, str, str, int, str]


def judged(text: str | bytes) -> tuple[Finding, ...]:
    return check(text.encode() if isinstance(text, str) else text)


def shown(finding: Finding) -> Found:
    return finding.rule, finding.severity, finding.path, finding.line, finding.hint


def faults(text: str | bytes, *infos: str) -> list[Found]:
    """What is wrong, without what is only worth knowing but for the rules `infos`."""
    return [shown(f) for f in judged(text) if f.severity != INFO or f.rule in infos]


def test_agreement_with_frameworkcontroller() -> None:
    """On 600 files that it was started with, the verdict is the recorded one, bar none."""
    rows = [json.loads(line) for line in ROWS.read_text(encoding="utf-8").splitlines()]
    scored = [row for row in rows if row["verdict"] != "skip"]
    wrong = [
        f"{row['id']} {row['kind']}: {row['verdict']}, not {found}\n{row['yaml']}"
        for row in scored
        if (found := verdict(judged(row["yaml"]))) != row["verdict"]
    ]
    assert (len(rows), len(scored)) == (600, 588)
    assert not wrong, "\n".join(wrong)


def entry(*patterns: str, code: str = "1", kind: str = "") -> str:
    """A list of one entry: code on line 2, type on line 3, patterns from line 5 on."""
    lines = [f"- code: {code}", f"  type: {{{kind}}}", "  podPatterns:"]
    return "\n".join(["podFailureSpec:", *lines, *(f"  - {p}" for p in patterns), ""])


ONE_FAULT: list[tuple[str, str | bytes, Found]] = [
    (
        "no YAML",
        "workerNumber: 5\nkubeClientQps: [1\n",
        ("FCC01", REJECT, "", 3, ""),
    ),
    (
        "an alias of nothing",
        "workerNumber: 5\nkubeClientQps: *x\n",
        ("FCC01", REJECT, "", 2, ""),
    ),
    (
        "another version of YAML",
        "%YAML 1.2\n---\nworkerNumber: 5\n",
        ("FCC01", REJECT, "", 1, ""),
    ),
    (
        "over 1 MiB",
        b"#" * ((1 << 20) + 1),
        ("FCC01", REJECT, "", 0, ""),
    ),
    (
        "a second document",
        "workerNumber: 5\n---\nkubeClientQps: 5\n",
        ("FCC02", HAZARD, "", 2, "one document a file"),
    ),
    (
        "a second document that is no YAML",
        "workerNumber: 5\n---\n[\n",
        ("FCC02", HAZARD, "", 2, "one document a file"),
    ),
    (
        "a repeated key",
        "workerNumber: 5\nkubeClientQps: 5\nworkerNumber: 6\n",
        ("FCC03", HAZARD, "workerNumber", 3, "keep one of the two"),
    ),
    (
        "a repeated key in other quotes",
        "workerNumber: 5\n'workerNumber': 5\n",
        ("FCC03", HAZARD, "workerNumber", 2, "keep one of the two"),
    ),
    (
        "a repeated key far down",
        entry("containers:\n    - codeRange: {min: 1,\n        min: 2}"),
        (
            "FCC03",
            HAZARD,
            "podFailureSpec[0].podPatterns[0].containers[0].codeRange.min",
            7,
            "keep one of the two",
        ),
    ),
    (
        "a merge after a key",
        "workerNumber: 5\n<<: {workerNumber: 6}\n",
        ("FCC04", HAZARD, "", 2, "put << first"),
    ),
    (
        "a merge after a key in an entry",
        entry("nameRegex: a\n    <<: {nameRegex: b}"),
        ("FCC04", HAZARD, "podFailureSpec[0].podPatterns[0]", 6, "put << first"),
    ),
    (
        "UTF-16",
        "workerNumber: 200\n".encode("utf-16"),
        ("FCC05", HAZARD, "", 1, "save it as UTF-8"),
    ),
    (
        "a key with a typing mistake",
        "workerNumber: 200\nworkerNumbr: 5\n",
        ("FCC11", HAZARD, "workerNumbr", 2, "did you mean 'workerNumber'?"),
    ),
    (
        "a key in another case",
        "KubeClientQPS: 5\n",
        ("FCC11", HAZARD, "KubeClientQPS", 1, "did you mean 'kubeClientQps'?"),
    ),
    (
        "a key that is nothing",
        "zzzz: 5\n",
        ("FCC11", HAZARD, "zzzz", 1, ""),
    ),
    (
        "a key in an entry",
        entry("nameRegexp: a"),
        (
            "FCC11",
            HAZARD,
            "podFailureSpec[0].podPatterns[0].nameRegexp",
            5,
            "did you mean 'nameRegex'?",
        ),
    ),
    (
        "a key of another object",
        "logObjectSnapshot:\n  framework:\n    onTaskRetry: true\n",
        (
            "FCC11",
            HAZARD,
            "logObjectSnapshot.framework.onTaskRetry",
            3,
            "did you mean 'onFrameworkRetry'?",
        ),
    ),
    (
        "text for a number",
        "workerNumber: '5'\n",
        ("FCC12", REJECT, "workerNumber", 1, "a whole number, at least 1"),
    ),
    (
        "a number for true or false",
        "largeFrameworkCompression: 1\n",
        ("FCC12", REJECT, "largeFrameworkCompression", 1, "true or false"),
    ),
    (
        "a list for a mapping",
        "logObjectSnapshot:\n  pod: [1]\n",
        ("FCC12", REJECT, "logObjectSnapshot.pod", 2, "a mapping"),
    ),
    (
        "a mapping for text",
        entry("nameRegex: {a: b}"),
        (
            "FCC12",
            REJECT,
            "podFailureSpec[0].podPatterns[0].nameRegex",
            5,
            "a regular expression",
        ),
    ),
    (
        "a scalar for the file",
        "workerNumber\n",
        ("FCC12", REJECT, "", 1, "a mapping"),
    ),
    (
        "more than 32 bits",
        "workerNumber: 2147483648\n",
        ("FCC12", REJECT, "workerNumber", 1, "a whole number, at least 1"),
    ),
    (
        "infinity",
        "kubeClientQps: .inf\n",
        ("FCC15", REJECT, "kubeClientQps", 1, "a number, above 0, at most 10000"),
    ),
    (
        "a tag that does not fit",
        "workerNumber: !!int x\n",
        ("FCC12", REJECT, "workerNumber", 1, "a whole number, at least 1"),
    ),
    (
        "null in quotes for a regular expression",
        entry("nameRegex: 'null'"),
        ("FCC12", REJECT, "podFailureSpec[0].podPatterns[0].nameRegex", 5, "null without quotes"),
    ),
    (
        "a fraction for a whole number",
        "workerNumber: 99.9\n",
        ("FCC13", HAZARD, "workerNumber", 1, "a whole number"),
    ),
    (
        "not a number",
        "kubeClientQps: .nan\n",
        ("FCC13", HAZARD, "kubeClientQps", 1, "a number, above 0, at most 10000"),
    ),
    (
        "NULL",
        "frameworkCompletedRetainSec: NULL\n",
        ("FCC13", HAZARD, "frameworkCompletedRetainSec", 1, "null"),
    ),
    (
        "octal",
        "workerNumber: 0310\n",
        ("FCC14", HAZARD, "workerNumber", 1, "200"),
    ),
    (
        "octal of newer programs",
        "workerNumber: 0o310\n",
        ("FCC14", HAZARD, "workerNumber", 1, "200"),
    ),
    (
        "beyond the range",
        "kubeClientQps: 0\n",
        ("FCC15", REJECT, "kubeClientQps", 1, "a number, above 0, at most 10000"),
    ),
    (
        "a code that is FrameworkController's",
        entry("{}", code="200"),
        (
            "FCC15",
            REJECT,
            "podFailureSpec[0].code",
            2,
            "a whole number: at most -1000, or from 1 to 199, or at least 220",
        ),
    ),
    (
        "no code",
        "podFailureSpec:\n- podPatterns: [{}]\n",
        (
            "FCC15",
            REJECT,
            "podFailureSpec[0]",
            2,
            "a whole number: at most -1000, or from 1 to 199, or at least 220",
        ),
    ),
    (
        "no patterns",
        "podFailureSpec:\n- code: 1\n",
        ("FCC15", REJECT, "podFailureSpec[0]", 2, "a list of at least 1"),
    ),
    (
        "an empty list of patterns",
        "podFailureSpec:\n- code: 1\n  podPatterns: []\n",
        ("FCC15", REJECT, "podFailureSpec[0].podPatterns", 3, "a list of at least 1"),
    ),
    (
        "a type that is not Failed",
        entry("{}", kind="name: Succeeded"),
        ("FCC15", REJECT, "podFailureSpec[0].type.name", 3, "one of Failed"),
    ),
    (
        "an unknown attribute",
        entry("{}", kind="attributes: [Transient, transient]"),
        (
            "FCC16",
            HAZARD,
            "podFailureSpec[0].type.attributes[1]",
            3,
            "one of Transient, Permanent, Conflict",
        ),
    ),
    (
        "look-ahead",
        entry("nameRegex: a", "messageRegex: '(?!a)'"),
        ("FCC17", REJECT, "podFailureSpec[0].podPatterns[1].messageRegex", 6, RE2),
    ),
    (
        "a regular expression of a container",
        entry("containers:\n    - {reasonRegex: '('}"),
        ("FCC17", REJECT, "podFailureSpec[0].podPatterns[0].containers[0].reasonRegex", 6, RE2),
    ),
    (
        "a group as newer Go has it",
        entry("nameRegex: '(?<n>a)'"),
        ("FCC18", HAZARD, "podFailureSpec[0].podPatterns[0].nameRegex", 5, ""),
    ),
    (
        "a class as newer Go has it",
        entry("nameRegex: '\\p{lu}'"),
        ("FCC18", HAZARD, "podFailureSpec[0].podPatterns[0].nameRegex", 5, ""),
    ),
    (
        "the delays the wrong way round",
        f"{MIN}: 10\n{MAX}: 9\n",
        ("FCC21", REJECT, MAX, 2, "the lower one first"),
    ),
    (
        "a lower delay above the default of the upper",
        f"{MIN}: 901\n",
        ("FCC21", REJECT, MIN, 1, "the lower one first"),
    ),
    (
        "an upper delay below the default of the lower",
        f"{MAX}: 59\n",
        ("FCC21", REJECT, MAX, 1, "the lower one first"),
    ),
    (
        "a code twice",
        entry("nameRegex: a") + "- code: 1\n  podPatterns: [{}]\n",
        ("FCC22", REJECT, "podFailureSpec[1].code", 6, "each code once"),
    ),
    (
        "a range the wrong way round",
        entry("containers: [{codeRange: {min: 5, max: 4}}]"),
        (
            "FCC23",
            HAZARD,
            "podFailureSpec[0].podPatterns[0].containers[0].codeRange",
            5,
            "min ≤ max",
        ),
    ),
    (
        "an address that is none",
        "kubeApiServerAddress: http://h:x\nkubeConfigFilePath: /k\n",
        ("FCC24", REJECT, "kubeApiServerAddress", 1, "http[s]://HOST:PORT"),
    ),
    (
        "an address of another protocol",
        "kubeApiServerAddress: ftp://h\nkubeConfigFilePath: /k\n",
        ("FCC25", HAZARD, "kubeApiServerAddress", 1, "http[s]://HOST:PORT"),
    ),
    *(
        (
            f"the Pod itself, as {address}",
            f"kubeApiServerAddress: '{address}'\nkubeConfigFilePath: /k\n",
            (
                "FCC26",
                HAZARD,
                "kubeApiServerAddress",
                1,
                "the API server's address in its network, or leave it out",
            ),
        )
        for address in ("https://localhost:6443", "127.0.0.1:8080", "http://[::1]", "0.0.0.0")
    ),
    (
        "a ConfigMap that holds the file",
        "kind: ConfigMap\napiVersion: v1\ndata:\n  x.yaml: ''\n  frameworkcontroller.yaml: |\n"
        "    workerNumber: many\n",
        (
            "FCC06",
            HAZARD,
            "",
            1,
            "yq '.data[\"frameworkcontroller.yaml\"]' takes it out; so does `overlay --config`",
        ),
    ),
    (
        "another object",
        '{"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "", "b": ""}}',
        ("FCC06", HAZARD, "", 1, "the text that a ConfigMap has at data.frameworkcontroller.yaml"),
    ),
    (
        "nothing said of snapshots",
        "workerNumber: 200\n",
        ("FCC31", INFO, "logObjectSnapshot", 0, "set it, true or false"),
    ),
    (
        "entries that the image knows are lacking",
        "workerNumber: 200\n",
        ("FCC32", INFO, "podFailureSpec", 0, "`fcgitops config merge` keeps them"),
    ),
    (
        "entries that the image knows are lacking from a list",
        "workerNumber: 200\n" + entry("nameRegex: a"),
        ("FCC32", INFO, "podFailureSpec", 3, "`fcgitops config merge` keeps them"),
    ),
    (
        "sizes that do not fit each other",
        "kubeClientQps: 80\nworkerNumber: 5\n",
        ("FCC33", INFO, "workerNumber", 2, "about 200; guidance"),
    ),
    (
        "a pattern that hides what is below",
        entry("{}") + "- code: 2\n  podPatterns: [{}]\n",
        ("FCC34", INFO, "podFailureSpec[0].podPatterns[0]", 5, "put it last"),
    ),
    (
        "an address without a kubeconfig",
        "workerNumber: 200\nkubeApiServerAddress: http://h:8080\n",
        (
            "FCC35",
            INFO,
            "kubeApiServerAddress",
            2,
            "kubeConfigFilePath too, unless KUBECONFIG is set",
        ),
    ),
    (
        "a burst of none",
        "workerNumber: 200\nkubeClientBurst: 0\n",
        ("FCC36", INFO, "kubeClientBurst", 2, "at least 1"),
    ),
]


@pytest.mark.parametrize(
    ("text", "wanted"), [row[1:] for row in ONE_FAULT], ids=[row[0] for row in ONE_FAULT]
)
def test_one_fault(text: str | bytes, wanted: Found) -> None:
    """A file with one fault has that finding and no other, at its line, with its hint."""
    assert faults(text, wanted[0]) == [wanted]


def test_every_rule_has_a_file() -> None:
    """The table above knows every rule, with its severity."""
    known = dict.fromkeys((rule, severity) for _, _, (rule, severity, _, _, _) in ONE_FAULT)
    assert sorted(known) == [(rule, severity) for rule, (severity, _) in RULES.items()]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n",
        "---\n",
        "null\n",
        "kubeClientQps: 1e2\nworkerNumber: 2e2\n",
        "workerNumber: 200\r\nkubeClientBurst: 120\r\n",
        "\ufeffworkerNumber: 200\n",
        "workerNumber: &n 200\nkubeClientBurst: *n\n",
        "logObjectSnapshot:\n  pod: {<<: {onPodDeletion: false}}\n",
        "workerNumber: null\npodFailureSpec: ~\nlogObjectSnapshot:\n",
        "kubeApiServerAddress: https://[fd00::1]:6443/\n",
        "kubeApiServerAddress: ''\n",
        f"{MIN}: 0\n{MAX}: 0\n",
        f"{MIN}: 60\n{MAX}: 60\n",
        "workerNumber: 0x10\nkubeClientBurst: 1_000\n",
        "kubeClientQps: 0.5\nkubeClientBurst: 0\n",
        "frameworkCompletedRetainSec: -9223372036854775808\n",
        entry("{}", kind="name: '', attributes: [Transient, Permanent, Conflict]"),
        entry("containers: [{codeRange: {min: 5, max: 5}, signalRange: {max: -1}}]"),
        entry("nameRegex: ''\n    reasonRegex: null\n    messageRegex: 5"),
        entry("{}", code="-1000"),
        entry("{}", code="220"),
    ],
)
def test_accepted(text: str) -> None:
    """What is right has no finding but what is worth knowing."""
    assert verdict(judged(text)) == ACCEPT
    assert faults(text) == []


def test_the_images_own_file_is_accepted_with_one_remark() -> None:
    """It says nothing of snapshots; with that said, nothing at all is left."""
    assert [f.rule for f in judged(shipped_text())] == ["FCC31"]
    quiet = shipped_text() + "logObjectSnapshot: {pod: {onPodDeletion: true}}\n"
    assert judged(quiet) == ()


def test_everything_at_once() -> None:
    """All kinds of mistakes in the order of their lines: FrameworkController tells the first."""
    text = f"""\
workerNumber: 0
kubeClientQPS: 5
kubeClientBurst: '7'
kubeClientQps: 1.5
kubeClientQps: 20000
{MIN}: 100
{MAX}: 99
frameworkCompletedRetainSec: 1.5
podFailureSpec:
- code: 5
  podPatterns: []
- code: 5
  type: {{name: Lost, attributes: [Odd]}}
  podPatterns:
  - nameRegex: (
    reasonRegex: (?<n>a)
    containers:
    - codeRange: {{min: 2, max: 1, mx: 1}}
- phrase: x
---
more: 1
"""
    pattern = "podFailureSpec[1].podPatterns[0]"
    assert [f[:4] for f in faults(text)] == [
        ("FCC15", REJECT, "workerNumber", 1),
        ("FCC11", HAZARD, "kubeClientQPS", 2),
        ("FCC12", REJECT, "kubeClientBurst", 3),
        ("FCC03", HAZARD, "kubeClientQps", 5),
        ("FCC15", REJECT, "kubeClientQps", 5),
        ("FCC21", REJECT, MAX, 7),
        ("FCC13", HAZARD, "frameworkCompletedRetainSec", 8),
        ("FCC15", REJECT, "podFailureSpec[0].podPatterns", 11),
        ("FCC22", REJECT, "podFailureSpec[1].code", 12),
        ("FCC15", REJECT, "podFailureSpec[1].type.name", 13),
        ("FCC16", HAZARD, "podFailureSpec[1].type.attributes[0]", 13),
        ("FCC17", REJECT, f"{pattern}.nameRegex", 15),
        ("FCC18", HAZARD, f"{pattern}.reasonRegex", 16),
        ("FCC11", HAZARD, f"{pattern}.containers[0].codeRange.mx", 18),
        ("FCC23", HAZARD, f"{pattern}.containers[0].codeRange", 18),
        ("FCC15", REJECT, "podFailureSpec[2]", 19),
        ("FCC15", REJECT, "podFailureSpec[2]", 19),
        ("FCC02", HAZARD, "", 20),
    ]


def test_what_is_broken_is_said_once() -> None:
    """A value of the wrong type is not also out of range or missing."""
    text = "workerNumber: x\npodFailureSpec:\n- code: x\n  podPatterns: x\n- 5\n"
    assert [f[:3] for f in faults(text)] == [
        ("FCC12", REJECT, "workerNumber"),
        ("FCC12", REJECT, "podFailureSpec[0].code"),
        ("FCC12", REJECT, "podFailureSpec[0].podPatterns"),
        ("FCC12", REJECT, "podFailureSpec[1]"),
    ]


def test_the_last_of_repeated_keys_counts() -> None:
    """As FrameworkController reads it; but a list that is replaced was compiled first."""
    assert verdict(judged("workerNumber: 0\nworkerNumber: 5\n")) == HAZARD
    assert verdict(judged("workerNumber: 5\nworkerNumber: 0\n")) == REJECT
    assert verdict(judged(entry("nameRegex: (") + "podFailureSpec: []\n")) == REJECT


def test_the_line_of_a_regular_expression_in_a_replaced_list() -> None:
    """It is where it is written, not where the key is given again."""
    found = faults(entry("nameRegex: (") + "podFailureSpec: []\n")
    assert [(rule, line) for rule, _, _, line, _ in found] == [("FCC17", 5), ("FCC03", 6)]


def test_a_repeated_key_after_not_a_number() -> None:
    """The second value counts, and FrameworkController panics on it."""
    assert verdict(judged("kubeClientQps: .nan\nkubeClientQps: 0\n")) == REJECT
    assert verdict(judged("<<: {kubeClientQps: .nan}\nkubeClientQps: 0\n")) == REJECT


def test_octal_for_a_number_that_may_be_a_fraction() -> None:
    """`017` is 15 there too, and `0o17` text to the Go of the published image."""
    for text, hint in (("017", "15"), ("0o17", "15")):
        assert faults(f"kubeClientQps: {text}\n") == [("FCC14", HAZARD, "kubeClientQps", 1, hint)]


def test_bytes_that_are_no_text() -> None:
    """!!binary for a text is read as it is; only a regular expression must be UTF-8."""
    assert verdict(judged("kubeConfigFilePath: !!binary /w==\n")) == HAZARD
    assert verdict(judged(entry("nameRegex: !!binary /w=="))) == REJECT


def test_a_key_in_base64() -> None:
    """To yaml.v2 this is workerNumber."""
    assert verdict(judged("!!binary d29ya2VyTnVtYmVy: 0\n")) == REJECT


def test_a_repeated_key_after_infinity() -> None:
    """As with any other number beyond its range, the last one counts."""
    for text in (".inf", "1e39", "-.inf"):
        assert verdict(judged(f"kubeClientQps: {text}\nkubeClientQps: 5\n")) == HAZARD


@pytest.mark.parametrize(
    ("findings", "word"),
    [
        ([], ACCEPT),
        ([INFO], ACCEPT),
        ([INFO, HAZARD], HAZARD),
        ([HAZARD, REJECT, INFO], REJECT),
    ],
)
def test_the_worst_finding_is_the_verdict(findings: list[str], word: str) -> None:
    """What is only worth knowing leaves a file accepted."""
    assert verdict(Finding("FCC00", severity, "", 1, "") for severity in findings) == word


@pytest.mark.parametrize(
    ("finding", "line"),
    [
        (Finding("R", "reject", "a.b", 3, "is x", "y"), "3: reject: R: a.b: is x (y)"),
        (Finding("R", "reject", "", 0, "is x"), "reject: R: is x"),
        (
            Finding("R", "hazard", "a\nb", 1, "\x1b[31m", "\u202e"),
            "1: hazard: R: a\\nb: \\x1b[31m (\\u202e)",
        ),
    ],
)
def test_a_finding_on_one_line(finding: Finding, line: str) -> None:
    """Whatever characters the file holds, a terminal sees one line of text."""
    assert str(finding) == line


def test_a_long_value_is_cut_off() -> None:
    """It may be as long as the file."""
    found = judged(f"workerNumber: {'x' * 10_000}\n{'k' * 1000}: 1\n")
    lengths = [max(len(f.message), len(f.path)) for f in found if f.severity != INFO]
    assert lengths == [LONGEST, LONGEST]


def test_bounds_of_our_own() -> None:
    """Beyond what a person writes the rest is not judged, and rejected."""
    many = "".join(f"  - nameRegex: '{n:05}{'a' * 9_900}'\n" for n in range(31))
    found = faults(f"podFailureSpec:\n- code: 1\n  podPatterns:\n{many}")
    assert [f[:2] for f in found] == [("FCC17", REJECT)]
    assert MAX_REGEX_CHARACTERS < 31 * 9_905

    wide = "x: &p [" + "{}, " * 1000 + "]\npodFailureSpec: ["
    wide += "{code: 1, podPatterns: *p}, " * (MAX_VALUES // 1000 + 1) + "]\n"
    assert ("FCC01", REJECT, "", 1, "") in faults(wide)


# The command.

QUIET = shipped_text() + "logObjectSnapshot: {pod: {onPodDeletion: true}}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with one file of each verdict."""
    (tmp_path / "accept.yaml").write_text(QUIET)
    (tmp_path / "hazard.yaml").write_text(QUIET + "workerNumbr: 5\n")
    (tmp_path / "reject.yaml").write_text(QUIET + "workerNumber: '5'\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


LAST = QUIET.count("\n") + 1
HAZARDS = (
    f"hazard.yaml:{LAST}: hazard: FCC11: workerNumbr: is no key that FrameworkController reads "
    "(did you mean 'workerNumber'?)\nhazard.yaml: hazard\n"
)
REJECTS = (
    f"reject.yaml:{LAST}: reject: FCC12: workerNumber: is the text '5' "
    "(a whole number, at least 1)\nreject.yaml: reject\n"
)


@pytest.mark.parametrize(
    ("arguments", "status", "out"),
    [
        (["accept.yaml"], 0, "accept.yaml: accept\n"),
        (["hazard.yaml"], 1, HAZARDS),
        (["reject.yaml"], 1, REJECTS),
        (["--allow-hazards", "accept.yaml", "hazard.yaml"], 0, "accept.yaml: accept\n" + HAZARDS),
        (["--allow-hazards", "reject.yaml"], 1, REJECTS),
        (["--allow-hazards", "reject.yaml", "accept.yaml"], 1, REJECTS + "accept.yaml: accept\n"),
        (["accept.yaml", "hazard.yaml"], 1, "accept.yaml: accept\n" + HAZARDS),
        (["./accept.yaml", "accept.yaml"], 0, "./accept.yaml: accept\naccept.yaml: accept\n"),
    ],
)
def test_text_and_status(
    folder: Path, fcgitops: Fcgitops, arguments: list[str], status: int, out: str
) -> None:
    """The findings of each file and its verdict; 1 where one is rejected, or a hazard."""
    ran = fcgitops("config", "check", *arguments, status=status)
    assert (ran.out, ran.err) == (out, "")


def test_json(folder: Path, fcgitops: Fcgitops) -> None:
    """The same for a program, in the order of the command line."""
    ran = fcgitops(
        "config", "check", "--format", "json", "reject.yaml", "accept.yaml", "hazard.yaml", status=1
    )
    assert json.loads(ran.out) == [
        {
            "file": "reject.yaml",
            "verdict": "reject",
            "findings": [
                {
                    "rule": "FCC12",
                    "severity": "reject",
                    "path": "workerNumber",
                    "line": LAST,
                    "message": "is the text '5'",
                    "hint": "a whole number, at least 1",
                }
            ],
        },
        {"file": "accept.yaml", "verdict": "accept", "findings": []},
        {
            "file": "hazard.yaml",
            "verdict": "hazard",
            "findings": [
                {
                    "rule": "FCC11",
                    "severity": "hazard",
                    "path": "workerNumbr",
                    "line": LAST,
                    "message": "is no key that FrameworkController reads",
                    "hint": "did you mean 'workerNumber'?",
                }
            ],
        },
    ]
    assert ran.err == ""


def stdin(data: bytes) -> Any:
    return io.TextIOWrapper(io.BytesIO(data), encoding="utf-8")


def test_standard_input(folder: Path, fcgitops: Fcgitops, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` is what is piped in, any bytes, and at most one byte more than is read of a file."""
    monkeypatch.setattr(sys, "stdin", stdin(b"\xef\xbb\xbf" + QUIET.encode()))
    assert fcgitops("config", "check", "-").out == "-: accept\n"
    monkeypatch.setattr(sys, "stdin", stdin(b"\xff\x00\xff"))
    ran = fcgitops("config", "check", "accept.yaml", "-", status=1)
    assert ran.out.startswith("accept.yaml: accept\n-:1: reject: FCC01: is not valid YAML: ")
    monkeypatch.setattr(sys, "stdin", stdin(b"a" * (2 << 20)))
    assert "-: reject\n" in fcgitops("config", "check", "-", status=1).out


def test_standard_input_twice(
    folder: Path, fcgitops: Fcgitops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second time it is empty, as with cat, or refused; no traceback."""
    monkeypatch.setattr(sys, "stdin", stdin(QUIET.encode()))
    fcgitops("config", "check", "-", "-", status=None)


def test_a_file_that_cannot_be_read(folder: Path, fcgitops: Fcgitops) -> None:
    """Status 2, after the others have been judged; each such file is named."""
    (folder / "d").mkdir()
    ran = fcgitops("config", "check", "none.yaml", "d", "hazard.yaml", status=2)
    assert ran.out == HAZARDS
    assert ran.err.splitlines() == [
        "error: none.yaml: cannot be read: No such file or directory",
        "error: d: cannot be read: Is a directory",
    ]
    ran = fcgitops("config", "check", "--format", "json", "none.yaml", "accept.yaml", status=2)
    assert json.loads(ran.out) == [{"file": "accept.yaml", "verdict": "accept", "findings": []}]


def test_usage(folder: Path, fcgitops: Fcgitops) -> None:
    """No file outside a repository, or a form that there is not, is a wrong command line."""
    assert "is in no repository of fcgitops" in fcgitops("config", "check", status=2).err
    assert "xml" in fcgitops("config", "check", "--format", "xml", "accept.yaml", status=2).err


@pytest.mark.parametrize("name", ["a\nb: accept", "\x1b[31mred", "-x.yaml", " ", "é\u202e", "*"])
def test_odd_names(folder: Path, fcgitops: Fcgitops, name: str) -> None:
    """A name is data: on one line as text, whole in JSON, whatever characters it has."""
    (folder / name).write_text(QUIET + "zzzz: 1\n")
    printable = "".join(c if c.isprintable() else repr(c)[1:-1] for c in name)
    text = fcgitops("config", "check", "--", name, status=1).out
    assert text == (
        f"{printable}:{LAST}: hazard: FCC11: zzzz: is no key that FrameworkController reads\n"
        f"{printable}: hazard\n"
    )
    row = json.loads(fcgitops("config", "check", "--format", "json", "--", name, status=1).out)
    assert row[0]["file"] == name


def test_a_file_is_found_from_another_folder(folder: Path, fcgitops: Fcgitops) -> None:
    """As with the other commands, -C comes first, and the name is relative to it."""
    os.chdir("/")
    assert fcgitops("-C", folder, "config", "check", "accept.yaml").out == "accept.yaml: accept\n"
    absolute = str(folder / "accept.yaml")
    assert fcgitops("config", "check", absolute).out == f"{absolute}: accept\n"


def test_strict(folder: Path, fcgitops: Fcgitops) -> None:
    """--strict counts what an accepted file panics on a moment later, as before a commit."""
    (folder / "burst.yaml").write_text(QUIET + "kubeClientBurst: 0\n")
    assert fcgitops("config", "check", "burst.yaml").out.endswith("burst.yaml: accept\n")
    fcgitops("config", "check", "--strict", "burst.yaml", status=1)
    fcgitops("config", "check", "--strict", "accept.yaml")


@pytest.mark.parametrize("number", ["99999999999999999999", "1e30"])
def test_a_number_too_big_to_be_read_is_called_that(number: str) -> None:
    """It is a whole number of at least 1: what is wrong with it is its size."""
    (finding,) = (f for f in judged(f"workerNumber: {number}\n") if f.severity == REJECT)
    assert (finding.rule, finding.message) == ("FCC12", f"{number} is beyond 32 bits")
