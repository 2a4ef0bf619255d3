"""README is true word for word: what it types works, and what it shows is what is printed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from conftest import Fcgitops
from fcgitops.cli.main import cli

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The code blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.M | re.S)


def test_what_config_check_is_shown_to_print(
    fcgitops: Fcgitops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file stands above the command, and the whole output below it."""
    (shown,) = (block for block in blocks("console") if "config check" in block)
    (file,) = (block for block in blocks("yaml") if "kubeClientqps" in block)
    command, _, output = shown.partition("\n")
    (tmp_path / "my.yaml").write_text(file)
    monkeypatch.chdir(tmp_path)
    assert fcgitops(*shlex.split(command)[2:], status=1).out == output


def test_the_commands_that_are_typed_work(
    fcgitops: Fcgitops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A repository, its environment, its experiment, one after the other."""
    monkeypatch.chdir(tmp_path)
    lines = [line for block in blocks("console") for line in block.splitlines()]
    typed = [shlex.split(line)[2:] for line in lines if line.startswith("$ fcgitops ")]
    ran = [words for words in typed if "check" not in words]
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


def test_every_command_has_its_row() -> None:
    """In the table of commands, with those of groups."""
    rows = " ".join(re.findall(r"^\| (`.*)$", README, re.M))
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
