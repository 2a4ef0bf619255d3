"""The JSON Schemas that editors use take what fcgitops takes, and mark what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yamls
from conftest import Fcgitops
from fcgitops.core.errors import InputError
from fcgitops.fcconfig import schema as controller
from fcgitops.model import consistency, environment, experiment, gates, layout, schemas
from fcgitops.text import values
from gitenv import write

TESTS = Path(__file__).parents[1]
GOLDEN = [TESTS / f"golden/{profile}/repository" for profile in ("hardened", "upstream")]
FILES = {
    Path(path).name.partition(".")[0]: json.loads(data) for path, data in schemas.files().items()
}


def judge(name: str) -> Any:
    """The validator of one kind of file, with the schema of FrameworkController's beside it."""
    text = controller.FILE.read_text()

    def beside(uri: str) -> Any:
        assert uri.endswith("/frameworkcontroller.schema.json"), uri
        return json.loads(text)

    schema = {"$id": "json-schema:///schemas/x.json", **FILES[name]}
    return jsonschema_rs.validator_for(schema, retriever=beside)


def takes(name: str, text: str) -> bool:
    """Whether a schema takes the text of a file."""
    return bool(judge(name).is_valid(yamls.load(text)))


@pytest.mark.parametrize("root", GOLDEN, ids=lambda root: root.parent.name)
def test_what_is_generated_names_its_schema_and_is_taken(root: Path) -> None:
    """Every environment.yaml, run.yaml and fcgitops.yaml; the modeline leads to a file."""
    found = [root / "fcgitops.yaml", *root.glob("overlays/*/environment.yaml"),
             *root.glob("experiments/*/run.yaml")]  # fmt: skip
    for path in found:
        first = path.read_text().partition("\n")[0]
        schema = path.parent / first.removeprefix("# yaml-language-server: $schema=")
        assert schema.is_file(), first
        assert takes(schema.name.partition(".")[0], path.read_text()), path


def test_every_key_has_its_help() -> None:
    """As the tables of keys have it; no other key is known."""
    for name, keys in (("environment", environment.KEYS), ("run", experiment.KEYS)):
        for path, key in keys.items():
            node = FILES[name]
            for part in path.split("."):
                assert node["additionalProperties"] is False
                node = node["properties"][part]
            assert node["description"] == key.help


def test_the_words_that_a_key_takes_are_those_of_its_check() -> None:
    """Each choice passes it, and no other word."""
    for path, schema in schemas._VALUES.items():
        choices = schema.get("enum") or schema.get("items", {}).get("enum", [])
        listed = "items" in schema
        check = environment.KEYS[path].check
        assert [word for word in choices if check([word] if listed else word)] == []
        assert not choices or check(["other"] if listed else "other")
    assert (
        consistency.PINNED
        in FILES["environment"]["properties"]["image"]["properties"]["tagPolicy"]["enum"]
    )


TAKEN = [
    "image:\ncluster: {name: a}\n",
    "image: {tag: }\n",
    "resources: {cpu: 2, memory: 1Gi}\n",
    "nni: {quota: {requests.cpu: 100}, limits: {default: {cpu: 1, memory: 1Gi}}}\n",
    "tolerations: [{key: a, operator: Exists, tolerationSeconds: 5}]\n",
    "expects: {serviceAccounts: [a/b], secrets: []}\n",
    "expects: {secrets: [a, a]}\n",
    "egress: {mode: cidr, endpoints: [{cidr: 10.0.0.1/32, port: 6443}]}\n",
    "variant: customized-config\nsettings: {workerNumber: 800, kubeClientQps: 1.5}\n",
    "hold: 'rolled back'\n",
]
REFUSED = [
    "image: {tga: v1.0.0}\n",
    "image: v1.0.0\n",
    "namespace: 12\n",
    "variant: custom\n",
    "sync: [argocd]\n",
    "labels: {team: 1}\n",
    "components: [crds]\n",
    "components: [crd, crd]\n",
    "image: {pullSecrets: [a, a]}\n",
    "resources: {cpu: -1}\n",
    "nni: {namespace: nni, limits: {defaults: {cpu: 1}}}\n",
    "tolerations: [{keys: a}]\n",
    "egress: {mode: cidr, endpoints: [{cidr: 10.0.0.1/32, port: 0}]}\n",
    "expects: {secret: [a]}\n",
    "variant: customized-config\nsettings: {workerNumbers: 800}\n",
    "variant: customized-config\nsettings: {workerNumber: none}\n",
    "- a\n",
]


@pytest.mark.parametrize(
    ("text", "right"), [*((t, True) for t in TAKEN), *((t, False) for t in REFUSED)]
)
def test_an_environment_is_judged_as_fcgitops_judges_it(
    text: str, right: bool, fcgitops: Fcgitops, repository: Path
) -> None:
    """Each with one mistake, or none that a schema can know."""
    assert takes("environment", text) is right
    if not right:
        write(repository, {"overlays/dev/environment.yaml": text})
        assert fcgitops("-C", repository, "overlay", "dev", "--dry-run", status=2).out == ""


ANSWERS = (GOLDEN[0] / "fcgitops.yaml").read_text()
MORE = [
    ("promote: {travels: [sync], stays: []}\n", True),
    ("promote: {travel: [sync]}\n", False),
    ("promote: {travels: }\n", True),
    ("promote: {travels: ''}\n", False),
    ("promote: {stays: {}}\n", False),
    (
        "gates: [{for: prod, from: stage, verified: true, healthy: {status: ci}, soaked: 24h}]\n",
        True,
    ),
    (
        "gates: [{for: prod, window: {days: [mon], hours: '09:00-16:00', zone: Europe/Oslo}}]\n",
        True,
    ),
    ("gates: [{for: tier=prod, approval: {trailer: Approved-by, by: [a@b.c]}}]\n", True),
    ("gates: [{for: prod, approval: codeowners}]\n", True),
    ("gates: [{from: stage}]\n", False),
    ("gates: [{for: prod, soaked: 24}]\n", False),
    ("gates: [{for: prod, healthy: maybe}]\n", False),
    ("gates: [{for: prod, window: {days: [monday], zone: UTC}}]\n", False),
    ("gates: {for: prod}\n", False),
    ("anything: 1\n", False),
]


@pytest.mark.parametrize(("more", "right"), MORE)
def test_answers_are_judged_as_fcgitops_judges_them(
    more: str, right: bool, fcgitops: Fcgitops, repository: Path
) -> None:
    """`promote` and `gates` beside what is generated."""
    assert takes("fcgitops", ANSWERS + more) is right
    own = (repository / "fcgitops.yaml").read_text()
    write(repository, {"fcgitops.yaml": own + more})
    fcgitops("-C", repository, "list", status=0 if right else 2)


def test_defaults_are_keys_that_may_stand_there() -> None:
    """A key of one environment alone is marked, as is a number where an answer may be one."""
    known = FILES["fcgitops"]["properties"]["defaults"]["properties"]
    assert "hold" not in known
    assert set(known["nni"]["properties"]) >= {"storage", "quota"}
    assert "namespace" not in known["nni"]["properties"]
    assert takes("fcgitops", "version: '1'\nanswers: {repo_slug: true, argocd_version: 3.4}\n")
    assert not takes("fcgitops", "version: '1'\nanswers: {repo_slug: a, gitops: jenkins}\n")


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("environment: dev\n", True),
        ("environment: dev\nrun: 2\nuser: 1000\nresources: {cpu: 1, memory: 2Gi}\n", True),
        ("run: 2\n", False),
        ("environment: dev\nrun: 0\n", False),
        ("environment: dev\nuser: 2147483648\n", False),
        ("environment: dev\nimages: a\n", False),
        ("environment: dev\nnodeSelector: {gpu: true}\n", False),
    ],
)
def test_a_run_is_judged_as_fcgitops_judges_it(text: str, right: bool) -> None:
    """The same of an experiment's run.yaml."""
    assert takes("run", text) is right
    try:
        experiment.parse("mnist", text.encode(), layout.RUN_FILE)
    except InputError:
        assert not right
    else:
        assert right


def test_hostile_files_are_judged() -> None:
    """Deep nesting and aliases end in a verdict, as do long texts."""
    deep = "a: " + "{a: " * 90 + "1" + "}" * 90 + "\n"
    assert not takes("environment", deep)
    assert takes("environment", f"hold: '{'x' * 100_000}'\n")
    assert takes("environment", "nodeSelector: &a {team: ml}\nlabels: *a\n")


def test_days_are_those_of_gates() -> None:
    """No other word names a day."""
    item = FILES["fcgitops"]["properties"][gates.SECTION]["items"]["properties"]
    assert item["window"]["properties"]["days"]["items"]["enum"] == [*gates.DAYS]
    assert values.one_of(*gates.DAYS)("mon") == ""
