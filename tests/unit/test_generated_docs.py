"""What a generated repository says of itself is so: README, docs/fcgitops/, AGENTS.md."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from conftest import Fcgitops
from fcgitops.cli.main import cli

GOLDEN = [
    Path(__file__).parents[1] / f"golden/{profile}/repository"
    for profile in ("hardened", "upstream")
]
IDS = [root.parent.name for root in GOLDEN]


def pages(root: Path) -> list[Path]:
    """All that it says of itself."""
    return [root / "README.md", root / "AGENTS.md", *sorted(root.glob("docs/fcgitops/*.md"))]


def anchors(text: str) -> set[str]:
    """The names of a page's headings, as forges make them."""
    titles = re.findall(r"^#+ (.*)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("root", GOLDEN, ids=IDS)
def test_readme_is_read_in_two_minutes(root: Path) -> None:
    """How one value is changed comes first; every other page is one link away."""
    text = (root / "README.md").read_text()
    assert len(text.split()) <= 700
    titles = re.findall(r"^## (.*)$", text, re.M)
    assert titles == ["Change one value", "What else is done here"]
    assert {path.name for path in root.glob("docs/fcgitops/*.md")} == set(
        re.findall(r"\]\(docs/fcgitops/([\w-]+\.md)\)", text)
    )


@pytest.mark.parametrize("root", GOLDEN, ids=IDS)
def test_links_lead_to_files_and_headings(root: Path) -> None:
    """Of every page, from where it stands."""
    lost = []
    for path in pages(root):
        for link in re.findall(r"\]\(([^)]+)\)", path.read_text()):
            file, _, heading = link.partition("#")
            target = path.parent / file if file else path
            if not link.startswith("https://") and not (
                target.exists() and (not heading or heading in anchors(target.read_text()))
            ):
                lost.append(f"{path.name}: {link}")
    assert lost == []


@pytest.mark.parametrize("root", GOLDEN, ids=IDS)
def test_what_is_typed_is_there(root: Path) -> None:
    """Each target of make, each command of fcgitops."""
    targets = set(re.findall(r"^([a-z0-9-]+):", (root / "Makefile").read_text(), re.M))
    text = "\n".join(path.read_text() for path in pages(root))
    typed = re.findall(r"(?:^|`)make ((?:[a-z-]+ ?)+?)(?=[ `\n][^a-z]|[A-Z`\n])", text, re.M)
    assert len(typed) > 20
    assert {word for line in typed for word in line.split()} <= targets
    commands = set(re.findall(r"(?:^|`)(?:\.venv/bin/)?fcgitops ([a-z-]+)", text, re.M))
    assert len(commands) > 8
    assert commands <= set(cli.commands)


def test_programs_get_json(fcgitops: Fcgitops, repository: Path) -> None:
    """The commands that AGENTS.md names print it, as it says."""
    text = (GOLDEN[0] / "AGENTS.md").read_text()
    (sentence,) = re.findall(r"With `--format json` these print.*?\.\n?(?= Every)", text, re.S)
    named = [words.split() for words in re.findall(r"`fcgitops ([^`]+)`", sentence)]
    assert len(named) == 7
    for words in named:
        if words[-1] == "FILE":
            continue  # its own tests have files
        arguments = ["prod" if word == "ENV" else word for word in words]
        ran = fcgitops("-C", repository, *arguments, "--format", "json")
        json.loads(ran.out)


def test_agents_edits_sources_alone() -> None:
    """Each file that it names is a source: no record has it."""
    text = (GOLDEN[0] / "AGENTS.md").read_text()
    table = re.findall(r"^\| `([^`]+)` \|", text, re.M)
    assert table == [
        "overlays/ENV/environment.yaml", "fcgitops.yaml", "experiments/NAME/",
        "overlays/ENV/local/", "requirements.txt",
    ]  # fmt: skip
    for schema in re.findall(r"`(schemas/[^`]+)`", text):
        assert (GOLDEN[0] / schema).is_file()
