"""What `--format json` prints has the shape that docs/json.md publishes, key by key."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from conftest import Fcgitops
from fcgitops.cli.main import cli
from gitenv import git, write

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/json.md").read_text(encoding="utf-8")
SEED = ROOT / "tests/data/seed/frameworkcontroller-with-default-config.yaml"
TABLE = dict(re.findall(r"^\| `fcgitops ([^`]+) --format json` .* \| \[(\w+)\]\(json/", PAGE, re.M))


@pytest.fixture
def changed(repository: Path, fcgitops: Fcgitops) -> Path:
    """A repository in which there is something to say: edits, a gate, a hold, findings."""
    fcgitops(
        "-C", repository, "overlay", "prod", "--set", "workerNumber=800", "--set", "hold=broken"
    )
    text = (repository / "fcgitops.yaml").read_text()
    write(repository, {
        "fcgitops.yaml": f"{text}gates: [{{for: prod, from: dev, verified: true, soaked: 1w}}]\n",
        "README.md": "# Ours\n",
        "overlays/dev/kustomization.yaml": "resources: [../nowhere]\n",
        "Makefile": None,
    })  # fmt: skip
    git(repository, "commit", "-qam", "Changed")
    return repository


def said(fcgitops: Fcgitops, command: str, folder: Path, status: int) -> Any:
    """What a command prints, once its schema has taken it."""
    name = TABLE[command]
    named = {"ENV": "prod", "FILE": "my.yaml", "DIR": SEED}
    typed = [named.get(word, word) for word in command.split()]
    more = {"diff": ["HEAD~2..HEAD"], "adopt DIR": ["--name", "live"]}.get(command, [])
    ran = fcgitops("-C", folder, *typed, *more, "--format", "json", status=status)
    document = json.loads(ran.out)
    schema = json.loads((ROOT / f"docs/json/{name}.schema.json").read_text())
    wrong = [str(error) for error in jsonschema_rs.validator_for(schema).iter_errors(document)]
    assert wrong == []
    return document


@pytest.mark.parametrize(
    ("command", "status"),
    [("list", 0), ("status", 0), ("verify", 1), ("diff", 3), ("gates ENV", 1), ("adopt DIR", 0),
     ("config check", 0), ("nni check FILE", 1), ("doctor", 0)],
)  # fmt: skip
def test_what_is_printed_is_what_is_published(
    command: str, status: int, changed: Path, fcgitops: Fcgitops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every key of the document is in the schema, and of the right type; it says something."""
    monkeypatch.chdir(changed)
    write(changed, {"my.yaml": "trialConcurrency: none\n"})
    assert said(fcgitops, command, changed, status)


def test_nothing_found_is_an_empty_list(repository: Path, fcgitops: Fcgitops) -> None:
    """Of verify, where all is well."""
    assert said(fcgitops, "verify", repository, 0) == []


def test_every_command_that_prints_json_is_published() -> None:
    """With those of groups."""
    found = set()
    for name, command in cli.commands.items():
        for path, one in [(name, command), *((f"{name} {n}", c) for n, c in getattr(
            command, "commands", {}).items())]:  # fmt: skip
            forms = [p for p in one.params if p.name == "form" and "json" in p.type.choices]
            found |= {path} if forms else set()
    assert {re.sub(" (ENV|FILE|DIR)$", "", command) for command in TABLE} == found
