"""What `--format json` prints has the shape that docs/json.md publishes, key by key."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from conftest import Fcgitops
from fcgitops import __version__
from fcgitops.cli.main import cli
from gitenv import clone_released, git, write

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


TYPED = {"ENV": "prod", "FILE": "my.yaml", "PATH": "README.md", "FROM": "dev", "TO": "prod",
         "DEST": "../new", "NAME": "mnist", "DIR": SEED}  # fmt: skip
MORE = {
    "diff": ["HEAD~2..HEAD"],
    "adopt DIR": ["--name", "live"],
    "config suggest": ["--frameworks", "20000", "--tasks-per-framework", "400"],
    "overlay ENV --dry-run": ["--namespace", "other"],
    "nni enable ENV --dry-run": ["--storage", "nfs://10.0.0.1/export"],
    "nni experiment NAME --dry-run": ["--env", "prod"],
    "new DEST --dry-run": ["--no-input"],
}
"""What some commands take besides."""


def said(fcgitops: Fcgitops, command: str, folder: Path, status: int) -> Any:
    """What a command prints, once its schema has taken it."""
    name = TABLE[command]
    typed = [TYPED.get(word, word) for word in command.split()]
    more = MORE.get(command, [])
    ran = fcgitops("-C", folder, *typed, *more, "--format", "json", status=status)
    document = json.loads(ran.out)
    schema = json.loads((ROOT / f"docs/json/{name}.schema.json").read_text())
    wrong = [str(error) for error in jsonschema_rs.validator_for(schema).iter_errors(document)]
    assert wrong == []
    return document


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("command", "status"),
    [("list", 0), ("status", 0), ("verify", 1), ("diff", 3), ("gates ENV", 1), ("adopt DIR", 0),
     ("config check", 0), ("nni check FILE", 1), ("doctor", 0), ("config explain", 0),
     ("config suggest", 0), ("new DEST --dry-run", 0), ("restore PATH --dry-run", 0)],
)  # fmt: skip
def test_what_is_printed_is_what_is_published(
    command: str, status: int, changed: Path, fcgitops: Fcgitops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every key of the document is in the schema, and of the right type; it says something."""
    monkeypatch.chdir(changed)
    write(changed, {"my.yaml": "trialConcurrency: none\n"})
    assert said(fcgitops, command, changed, status)


@pytest.mark.sampled(8)
@pytest.mark.parametrize(
    ("command", "changes"),
    [
        ("overlay ENV --dry-run", {"overlays/prod/environment.yaml": "changed"}),
        ("remove ENV --dry-run", {"overlays/prod/environment.yaml": "removed"}),
        ("nni enable ENV --dry-run", {"overlays/prod/nni/kustomization.yaml": "added"}),
        ("promote FROM TO --dry-run", {"overlays/prod/environment.yaml": "changed"}),
        ("rollback ENV --dry-run", {"overlays/prod/environment.yaml": "changed"}),
        ("eject --dry-run", {"fcgitops.yaml": "removed"}),
        ("overlays --dry-run", {}),
        ("update --dry-run", {}),
    ],
)
def test_a_dry_run_tells_programs_what_it_would_do(
    command: str, changes: dict[str, str], repository: Path, fcgitops: Fcgitops
) -> None:
    """Which files, and what clusters would feel of it; nothing is written."""
    for key in ("workerNumber=700", "workerNumber=800"):
        fcgitops("-C", repository, "overlay", "prod", "--set", key)
    fcgitops("-C", repository, "overlay", "dev", "--set", "image.tag=v1.0.1")
    head = git(repository, "rev-parse", "HEAD")

    document = said(fcgitops, command, repository, 0)

    found = {file["path"]: file["change"] for file in document["files"]}
    assert found.items() >= changes.items()
    assert (document["title"] is None) == (changes == {})
    assert git(repository, "rev-parse", "HEAD") == head
    assert git(repository, "status", "--porcelain") == ""


@pytest.mark.slow
def test_of_an_update(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """Its files, before anything is built; a conflict is one of them, and exit 1 says so."""
    root = clone_released("hand-edits", tmp_path)
    checked = said(fcgitops, "update --check", root, 1)
    assert (checked["version"], checked["newer"]) == ("0.1.0", __version__)
    conflicts = [f["path"] for f in checked["files"] if f["change"] == "conflict"]
    assert conflicts == [".github/workflows/test.yml"]
    assert said(fcgitops, "update --dry-run", root, 1)["files"] == checked["files"]


@pytest.mark.slow
def test_of_what_an_update_does_to_clusters(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """What `diff` would print of its commit."""
    root = clone_released("hardened-argocd", tmp_path)
    told = said(fcgitops, "update --diff", root, 0)
    assert "prod" in {environment["name"] for environment in told["environments"]}


def test_only_what_would_be_done_has_that_form(repository: Path, fcgitops: Fcgitops) -> None:
    """A command that writes says what it did in words."""
    ran = fcgitops("-C", repository, "overlays", "--format", "json", status=2)
    assert ran.err.startswith(
        "error: --format: json is a form of what would be done (with --dry-run)"
    )


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
    assert {re.sub(r" ([A-Z]+\b|--).*", "", command) for command in TABLE} == found
