"""The schema of FrameworkController's file, its help texts, and suggested sizes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from conftest import Fcgitops
from fcgitops.core.findings import HAZARD, REJECT, verdict
from fcgitops.fcconfig import reference, schema, sizing
from fcgitops.fcconfig.check import check
from fcgitops.fcconfig.decode import read
from fcgitops.fcconfig.findings import RULES
from fcgitops.fcconfig.image import shipped_text

DEFAULTS: dict[str, Any] = {
    "kubeApiServerAddress": None,
    "kubeConfigFilePath": None,
    "kubeClientQps": 80,
    "kubeClientBurst": 120,
    "workerNumber": 200,
    "largeFrameworkCompression": False,
    "crdEstablishedCheckIntervalSec": 1,
    "crdEstablishedCheckTimeoutSec": 60,
    "objectLocalCacheCreationTimeoutSec": 300,
    "frameworkCompletedRetainSec": 2592000,
    "frameworkMinRetryDelaySecForTransientConflictFailed": 60,
    "frameworkMaxRetryDelaySecForTransientConflictFailed": 900,
    "logObjectSnapshot": None,
    "podFailureSpec": [],
}
"""FrameworkController's own, from its config.go."""


def objects(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The schema and all below it."""
    below = [*found.get("properties", {}).values(), *found.get("$defs", {}).values()]
    below += [found["items"]] if "items" in found else []
    return [found, *(inner for child in below for inner in objects(child))]


def test_it_is_json_schema() -> None:
    """Draft 2020-12, which editors and jsonschema read."""
    found = schema.load()
    assert found["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema_rs.meta.validate(found)
    jsonschema_rs.Draft202012Validator(found)


def test_every_key_has_a_help_text_and_no_key_is_free() -> None:
    """Descriptions are sentences; each object closes its keys, which are mistakes otherwise."""
    for found in objects(schema.load()):
        assert set(found) & {"type", "$ref"}
        if "properties" in found:
            assert found["additionalProperties"] is False
            assert found["description"].endswith(".")
        for name, child in found.get("properties", {}).items():
            text = schema.follow(child)["description"]
            assert text[:1].isupper() or text.startswith("status."), name
            assert text.endswith("."), name


def test_every_number_has_its_type_in_go() -> None:
    """`format` says how many bits there are; nothing else would."""
    numbers = {
        (schema.kind(found), found.get("format"))
        for found in objects(schema.load())
        if "type" in found and schema.kind(found) in ("integer", "number")
    }
    assert numbers == {("integer", "int32"), ("integer", "int64"), ("number", "float")}


def test_defaults() -> None:
    """All settings, in the order of FrameworkController's config.go, with its defaults."""
    assert {name: schema.default(name) for name in schema.settings()} == DEFAULTS
    assert list(schema.settings()) == list(DEFAULTS)
    snapshots = [
        found["default"] for path, found in schema.walk() if path.startswith("logObjectSnapshot.")
        and "default" in found
    ]  # fmt: skip
    assert snapshots == [True] * 5


def test_defaults_are_valid() -> None:
    """They are what the schema itself allows, null included for every setting."""
    validator = jsonschema_rs.Draft202012Validator(schema.load())
    assert validator.is_valid(DEFAULTS)
    assert validator.is_valid(dict.fromkeys(DEFAULTS))
    assert validator.is_valid(None)
    assert validator.is_valid({})


@pytest.mark.parametrize(
    "value",
    [
        {"kubeClientQps": 0},
        {"kubeClientQps": 10000.5},
        {"kubeClientQps": "80"},
        {"kubeClientBurst": -1},
        {"kubeClientBurst": 10001},
        {"workerNumber": 0},
        {"workerNumber": 1.5},
        {"largeFrameworkCompression": "true"},
        {"crdEstablishedCheckIntervalSec": 0},
        {"crdEstablishedCheckTimeoutSec": 9},
        {"objectLocalCacheCreationTimeoutSec": 59},
        {"frameworkMinRetryDelaySecForTransientConflictFailed": -1},
        {"WorkerNumber": 5},
        {"logObjectSnapshot": {"pods": {}}},
        {"logObjectSnapshot": {"pod": {"onPodDeletion": 1}}},
        {"podFailureSpec": {}},
        {"podFailureSpec": [None]},
        *(
            {"podFailureSpec": [{"code": code, "podPatterns": [{}]}]}
            for code in (-999, -1, 0, 200, 219, 1.5, None)
        ),
        {"podFailureSpec": [{"podPatterns": [{}]}]},
        {"podFailureSpec": [{"code": 1}]},
        {"podFailureSpec": [{"code": 1, "podPatterns": None}]},
        {"podFailureSpec": [{"code": 1, "podPatterns": []}]},
        {"podFailureSpec": [{"code": 1, "podPatterns": [None]}]},
        {"podFailureSpec": [{"code": 1, "podPatterns": [{"name": "x"}]}]},
        {"podFailureSpec": [{"code": 1, "podPatterns": [{}], "type": {"name": "Succeeded"}}]},
        {"podFailureSpec": [{"code": 1, "podPatterns": [{}], "type": {"attributes": ["Odd"]}}]},
    ],
)
def test_what_it_refuses(value: object) -> None:
    """An editor marks what FrameworkController refuses or ignores."""
    assert not jsonschema_rs.Draft202012Validator(schema.load()).is_valid(value)


def test_what_it_takes() -> None:
    """The edges of each range, and the file of the image."""
    validator = jsonschema_rs.Draft202012Validator(schema.load())
    assert validator.is_valid(read(shipped_text().encode())[1].value)
    codes = [-2147483648, -1000, 1, 199, 220, 2147483647]
    assert validator.is_valid(
        {
            "kubeClientQps": 10000,
            "kubeClientBurst": 0,
            "workerNumber": 1,
            "crdEstablishedCheckIntervalSec": 1,
            "crdEstablishedCheckTimeoutSec": 10,
            "objectLocalCacheCreationTimeoutSec": 60,
            "frameworkCompletedRetainSec": -1,
            "frameworkMinRetryDelaySecForTransientConflictFailed": 0,
            "podFailureSpec": [{"code": code, "podPatterns": [{}]} for code in codes],
        }
    )


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("kubeApiServerAddress", "text"),
        ("kubeClientQps", "a number, above 0, at most 10000"),
        ("kubeClientBurst", "a whole number, from 0 to 10000"),
        ("workerNumber", "a whole number, at least 1"),
        ("largeFrameworkCompression", "true or false"),
        ("frameworkCompletedRetainSec", "a whole number"),
        ("logObjectSnapshot", "a mapping"),
        ("podFailureSpec", "a list"),
        (
            "podFailureSpec[].code",
            "a whole number: at most -1000, or from 1 to 199, or at least 220",
        ),
        ("podFailureSpec[].type.name", "one of Failed"),
        ("podFailureSpec[].podPatterns", "a list of at least 1"),
        ("podFailureSpec[].podPatterns[].nameRegex", "a regular expression"),
        ("podFailureSpec[0].podPatterns[12].containers[0].codeRange.min", "a whole number"),
        ("podFailureSpec.type", "a mapping"),
    ],
)
def test_describe(path: str, text: str) -> None:
    """What a value must be, in words; a path may have indices, empty ones or none."""
    found = schema.find(path)
    assert found is not None
    assert schema.describe(found) == text


def test_find_nothing() -> None:
    """A path that is no key has no schema."""
    assert [schema.find(path) for path in ("", "x", "podFailureSpec.x", "pod")] == [None] * 4


def test_walk_knows_every_key() -> None:
    """In the file's order, a mapping before what is in it."""
    paths = [path for path, _ in schema.walk()]
    assert len(paths) == len(set(paths)) == 41
    assert [path for path in paths if "." not in path] == list(DEFAULTS)
    assert paths[-1] == "podFailureSpec[].podPatterns[].containers[].codeRange.max"


# The commands.


def test_schema_command(fcgitops: Fcgitops) -> None:
    """The file, word for word, so that it may be redirected."""
    ran = fcgitops("config", "schema")
    assert (ran.out, ran.err) == (schema.FILE.read_text(encoding="utf-8"), "")
    assert json.loads(ran.out) == schema.load()


@pytest.mark.parametrize(
    ("key", "out"),
    [
        (
            "workerNumber",
            "workerNumber: a whole number, at least 1\n"
            "default: 200\n"
            "Frameworks that are worked on at the same time. It should grow with kubeClientQps.\n",
        ),
        (
            "logObjectSnapshot.task",
            "logObjectSnapshot.task: a mapping\n"
            "Tasks.\n"
            "  onTaskRetry: true or false\n"
            "  onTaskDeletion: true or false\n",
        ),
        (
            "podFailureSpec[3].type.name",
            "podFailureSpec[3].type.name: one of Failed\n"
            'default: "Failed"\n'
            "Failed, also when left out.\n",
        ),
        (
            "podFailureSpec.podPatterns.containers",
            "podFailureSpec.podPatterns.containers: a list\n"
            "Each must match a container of the Pod.\n"
            "\n"
            "Each item: Matches a failed container that matches all fields given.\n"
            "  nameRegex: a regular expression\n"
            "  reasonRegex: a regular expression\n"
            "  messageRegex: a regular expression\n"
            "  signalRange: a mapping\n"
            "  codeRange: a mapping\n",
        ),
    ],
)
def test_explain_a_key(fcgitops: Fcgitops, key: str, out: str) -> None:
    """What it takes, its default, what it does, and the keys in it."""
    assert fcgitops("config", "explain", key).out == out


def test_explain_all(fcgitops: Fcgitops) -> None:
    """One line a key."""
    lines = fcgitops("config", "explain").out.splitlines()
    assert lines[2] == "kubeClientQps: a number, above 0, at most 10000"
    assert [line.partition(": ")[0] for line in lines] == [path for path, _ in schema.walk()]


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("workernumber", "did you mean 'workerNumber'?"),
        ("podFailureSpec[0].cod", "did you mean 'podFailureSpec.code'?"),
        ("zzzz", "`fcgitops config explain` lists all"),
    ],
)
def test_explain_what_is_no_key(fcgitops: Fcgitops, key: str, hint: str) -> None:
    """The nearest one is named."""
    assert fcgitops("config", "explain", key, status=2).err == (
        f"error: {key}: is no key of FrameworkController's file ({hint})\n"
    )


def test_the_page_has_every_key_and_every_rule() -> None:
    """docs/configuration.md is generated, so that it is never behind."""
    page = reference.page()
    written = Path(__file__).parents[2] / "docs" / "configuration.md"
    assert written.read_text(encoding="utf-8") == page, "make docs"
    for path, found in schema.walk():
        assert f"| `{path}` | {schema.describe(found)} |" in page
    for rule, (severity, what) in RULES.items():
        assert f"| {rule} | {severity} | {what} |\n" in page
    assert "| `workerNumber` | a whole number, at least 1 | `200` | Frameworks that are " in page


# Suggested sizes.


def suggested(inflight: int = 200, frameworks: int = 0, tasks: int = 0) -> dict[str, Any]:
    text = sizing.as_yaml(sizing.suggest(inflight, frameworks, tasks))
    return read(text.encode())[1].value


@pytest.mark.parametrize(
    ("inflight", "sizes"),
    [
        (200, (80, 120, 200)),  # config.go
        (500, (200, 300, 500)),  # the image's default file
        (1, (1, 1, 2)),
        (1000, (400, 600, 1000)),
    ],
)
def test_sizes(inflight: int, sizes: tuple[int, int, int]) -> None:
    """They grow with what the API server serves, as FrameworkController's own two examples do."""
    found = suggested(inflight)
    assert tuple(found[name] for name in sizing.NAMES) == sizes


@pytest.mark.parametrize(("tasks", "compress"), [(0, False), (300, False), (301, True)])
def test_compression(tasks: int, compress: bool) -> None:
    """Above 300 tasks a Framework may outgrow etcd."""
    assert suggested(tasks=tasks)["largeFrameworkCompression"] is compress


@pytest.mark.parametrize(
    ("frameworks", "tasks", "also"),
    [
        (10_000, 10_000, []),
        (
            10_001,
            0,
            [
                "# also: kube-controller-manager --kube-api-qps=200 --kube-api-burst=300 "
                "--concurrent-gc-syncs=500"
            ],
        ),
        (0, 10_001, ["# also: at most 10000 tasks in one Framework"]),
    ],
)
def test_beyond_the_settings(frameworks: int, tasks: int, also: list[str]) -> None:
    """What no setting helps against is said as a comment."""
    lines = sizing.as_yaml(sizing.suggest(200, frameworks, tasks)).splitlines()
    assert [line for line in lines if line.startswith("# also: ")] == also


@pytest.mark.parametrize("inflight", [1, 2, 3, 200, 500, 16_666, 16_670, 10**9])
def test_a_suggestion_is_accepted(inflight: int) -> None:
    """Whatever the cluster, FrameworkController starts with it, and the sizes fit each other."""
    text = sizing.as_yaml(sizing.suggest(inflight, 20_000, 20_000))
    found = check(text.encode())
    assert verdict(found) == "accept"
    assert "FCC33" not in [finding.rule for finding in found]


def test_suggest_command(fcgitops: Fcgitops) -> None:
    """YAML with its reasons, for an API server as it comes unless told otherwise."""
    sizes = ("--frameworks", "20000", "--tasks-per-framework", "301")
    assert fcgitops("config", "suggest", *sizes).out == sizing.as_yaml(
        sizing.suggest(200, 20000, 301)
    )
    out = fcgitops("config", "suggest", "--max-mutating-inflight", "500", *sizes).out
    assert "# two fifths of --max-mutating-requests-inflight (500)\nkubeClientQps: 200\n" in out
    assert "# 301 tasks in one Framework; " in out
    for wrong in (["--max-mutating-inflight", "0"], ["--frameworks", "-1"], ["--tasks", "x"]):
        assert fcgitops("config", "suggest", *wrong, status=2).out == ""


def test_suggest_asks_for_what_it_needs(fcgitops: Fcgitops) -> None:
    """Nothing is guessed: the settings depend on both sizes."""
    ran = fcgitops("config", "suggest", status=2)
    assert ran.out == ""
    assert ran.err.splitlines() == [
        "error: --frameworks: is not given (how many are active at the same time)",
        "error: --tasks-per-framework: is not given (how many tasks the largest Framework has)",
    ]


def test_severities() -> None:
    """A rule of the schema is a hazard only where the schema says so."""
    marked = [f for f in objects(schema.load()) if "x-verdict" in f]
    assert [f["x-verdict"] for f in marked] == [HAZARD]
    assert (RULES["FCC15"][0], RULES["FCC16"][0]) == (REJECT, HAZARD)
