"""README, and the pages that it leads to, are true word for word: what they type works."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from conftest import Fcgitops
from fcgitops.cli.main import cli
from fcgitops.verify import catalogue

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def page(name: str) -> str:
    """A page of the docs."""
    return (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def typed(text: str) -> list[list[str]]:
    """What is typed to fcgitops in the sessions of a page, word by word."""
    lines = [line for block in blocks(text, "console") for line in block.splitlines()]
    return [shlex.split(line)[2:] for line in lines if line.startswith("$ fcgitops ")]


def test_it_is_read_in_a_few_minutes() -> None:
    """What it is, the two commands and a picture come first; the rest is in the docs."""
    assert len(README.split()) <= 700
    first = README[: README.index("\n## ")]
    assert blocks(first, "sh")[0] == "make demo\nmake test\n"  # by default zsh takes no comments
    assert "(docs/picture.svg)" in first
    assert f"**{len(catalogue.checks())} checks**" in README
    page = (ROOT / "docs" / "verify.md").read_text(encoding="utf-8")
    assert f"asks {len(catalogue.checks())} numbered checks" in page


def test_its_links_lead_somewhere() -> None:
    """To files of this repository, or elsewhere by a whole URL."""
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert [x for x in links if not x.startswith("https://") and not (ROOT / x).is_file()] == []


def test_the_session_is_what_is_printed(
    fcgitops: Fcgitops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From answers to a difference; of each command what it prints on stdout."""
    monkeypatch.chdir(tmp_path)
    (session,) = blocks(README, "console")
    commands = typed(README)
    assert [words[-1 if words[0] == "new" else 2] for words in commands] == [
        "prod=customized-config", "overlay", "diff", "verify",
    ]  # fmt: skip
    shown = re.split(r"^\$ .*\n", session, flags=re.M)[1:]
    for words, output in zip(commands[:-1], shown, strict=False):
        ran = fcgitops(*words, *(["--no-input"] if words[0] == "new" else []))
        assert ran.out == output
    fcgitops(*commands[-1])


def test_what_config_check_is_shown_to_print(
    fcgitops: Fcgitops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file stands above the command, and the whole output below it."""
    text = page("config-check")
    (shown,) = blocks(text, "console")
    (file,) = blocks(text, "yaml")
    command, _, output = shown.partition("\n")
    (tmp_path / "my.yaml").write_text(file)
    monkeypatch.chdir(tmp_path)
    assert fcgitops(*shlex.split(command)[2:], status=1).out == output


@pytest.mark.slow
def test_the_commands_that_make_a_repository_work(
    fcgitops: Fcgitops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A repository, its environment, its experiment, one after the other."""
    monkeypatch.chdir(tmp_path)
    ran = typed(page("new"))
    assert [" ".join(words[:4]) for words in ran] == [
        "new deploy --env dev",
        "-C deploy overlay prod",
        "-C deploy verify",
        "-C deploy nni enable",
        "-C deploy nni experiment",
        "-C deploy verify",
    ]
    for words in ran:
        fcgitops(*words, *(["--no-input"] if words[0] == "new" else []))


@pytest.mark.parametrize(("language", "name"), [("yaml", "list.yaml"), ("csv", "list.csv")])
def test_the_lists_of_environments_are_taken(
    language: str, name: str, fcgitops: Fcgitops, repository: Path
) -> None:
    """As they are shown, in both forms."""
    (text,) = blocks(page("glance"), language)
    (repository.parent / name).write_text(text)
    fcgitops("-C", repository, "overlays", "--from", repository.parent / name, "--dry-run")


def test_every_command_has_its_row() -> None:
    """In the table of commands, with those of groups."""
    rows = " ".join(re.findall(r"^\| (`.*)$", page("glance"), re.M))
    names = [
        f"{group} {name}".strip()
        for group, commands in (("", cli.commands), *(
            (name, found.commands) for name, found in cli.commands.items()
            if hasattr(found, "commands")
        ))
        for name in commands
        if not hasattr(commands[name], "commands")
    ]  # fmt: skip
    assert [name for name in names if f"`{name}" not in rows] == []
