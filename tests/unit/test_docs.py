"""The docs say what is so: pages that are made are current, quoted messages are printed."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pictures
import pytest
import yamls
from conftest import Fcgitops
from fcgitops.cli import reference
from fcgitops.cli.main import cli

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "tests/golden/hardened/repository").glob("docs/fcgitops/*.md")),
]


def test_the_page_of_commands_is_made_from_the_command_line() -> None:
    """`make docs` writes it; every command is on it."""
    page = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    assert page == reference.page()
    missing = [name for name in cli.commands if f"### `fcgitops {name}" not in page]
    assert missing == []


def test_messages_that_are_explained_are_printed() -> None:
    """Every fixed part of them stands in the code."""
    text = "\n".join(p.read_text() for p in (ROOT / "generator").rglob("*.py"))
    source = re.sub(r'"\s*\n\s*f?"', "", text)
    page = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8")
    quoted = re.findall(r"^\| `([^`]*)`", page, re.M)
    parts = [part.strip(" ,:") for row in quoted for part in re.split(r"…|\b[XY]\b", row)]
    assert len(quoted) >= 9
    assert [part for part in parts if part not in source] == []


@pytest.mark.slow
def test_the_first_steps_work(
    fcgitops: Fcgitops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command of ours on the page, in its folder, but for what takes a server."""
    page = (ROOT / "docs/start.md").read_text(encoding="utf-8")
    lines = [line for block in re.findall(r"^```sh\n(.*?)^```$", page, re.M | re.S)
             for line in block.splitlines()]  # fmt: skip
    monkeypatch.chdir(tmp_path)
    ran = []
    for line in lines:
        words = shlex.split(line)
        if words[0] == "cd":
            monkeypatch.chdir(words[1])
        elif words[0] == "fcgitops":
            fcgitops(*(word for word in words[1:] if word != "--push"))
            ran.append(words[1])
    assert ran == ["new", "overlay", "overlay", "new"]
    assert (tmp_path / "fleet/clusters/flux/dev/sync.yaml").is_file()


def lost_words(line: str) -> list[str]:
    """The words of a command that there are not: the command itself, its options."""
    words = [word for word in shlex.split(line, comments=True)[1:] if word != "|"]
    if words[:1] == ["-C"]:
        del words[:2]
    command: click.Command = cli
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(click.Context(command), words.pop(0))
        if found is None:
            return [line]
        command = found
    known = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
    return [w for w in words if w.startswith("--") and w.partition("=")[0] not in {"--", *known}]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_every_page_is_one(page: Path) -> None:
    """Each command that a block shows, and each of its options, is on the command line."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    blocks = re.findall(r"^ *```(?:sh|console)\n(.*?)^ *```$", text, re.M | re.S)
    lines = [line.strip().removeprefix("$ ") for block in blocks for line in block.splitlines()]
    typed = [line.removeprefix(".venv/bin/") for line in lines]
    lost = [lost_words(line) for line in typed if line.startswith("fcgitops ")]
    assert [words for words in lost if words] == []


@pytest.mark.slow
def test_the_way_into_production_works(
    fcgitops: Fcgitops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command of ours, in its order, but for those that ask a cluster; then `verify`."""
    page = (ROOT / "docs/production.md").read_text(encoding="utf-8")
    (gates,) = re.findall(r"^```yaml\n(.*?)^```$", page, re.M | re.S)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FCGITOPS_EFFECTS", "off")
    ran = []
    for line in re.findall(r"^(?:fcgitops|cd) .*$", page, re.M):
        words = shlex.split(line)
        if words[0] == "cd":
            monkeypatch.chdir(words[1])
        elif not {"--server", "--live"} & {*words}:
            fcgitops(*words[1:])
            ran.append(words[1])
    assert ran == ["new", "overlay", "config", *["overlay"] * 3, "rollback"]
    file = tmp_path / "fleet/fcgitops.yaml"
    file.write_text(file.read_text() + gates)
    fcgitops("verify")
    assert "soaked" in fcgitops("gates", "prod", status=1).out


def test_every_right_has_its_row() -> None:
    """Those of FrameworkController's ClusterRole and of NNI's Roles, rule for rule."""
    page = (ROOT / "docs/rights.md").read_text(encoding="utf-8")
    golden = ROOT / "tests/golden/hardened/repository"
    rules = yamls.load((golden / "base/clusterrole.yaml").read_text())["rules"]
    rows = [line.split(" | ") for line in page.splitlines() if line.count(" | ") == 4]
    told = [[re.findall(r"`([^`]+)`", cell) for cell in row[:3]] for row in rows]
    assert [row for row in told if row[2]] == [
        [[group for group in rule["apiGroups"] if group], rule["resources"], rule["verbs"]]
        for rule in rules
    ]
    accounts = (golden / "overlays/every-key/nni/accounts.yaml").read_text()
    for role in (o for o in yamls.load_all(accounts) if o["kind"] == "Role"):
        verbs = ", ".join(f"`{verb}`" for verb in role["rules"][0]["verbs"])
        assert f"| `{role['metadata']['name']}` | {verbs} of Frameworks" in page


@pytest.mark.slow
@pytest.mark.parametrize("name", pictures.SESSIONS)
def test_pictures_show_what_is_printed(name: str) -> None:
    """`make pictures` would draw the same words; nothing in them is fetched."""
    there = (ROOT / f"docs/pictures/{name}.svg").read_text(encoding="utf-8")
    assert pictures.words(there) == pictures.words(pictures.drawn(name))
    assert re.findall(r"(?:href|src|url)\s*[=(]\s*[\"']?(?!#|&#)[a-z]+:", there) == []


@pytest.mark.slow
def test_the_site_is_strict_about_links(tmp_path: Path) -> None:
    """Each page is in the navigation, each link leads to a page and its heading."""
    for name in ("docs", "mkdocs.yml"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    ran = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=tmp_path, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    pages = {path.stem for path in (tmp_path / "site").glob("*.html")}
    assert {path.stem for path in (ROOT / "docs").glob("*.md")} <= pages
    texts = [path.read_text(encoding="utf-8") for path in (tmp_path / "site").glob("*.html")]
    assert [src for text in texts for src in re.findall(r'<script src="(\w+:[^"]+)"', text)] == []
