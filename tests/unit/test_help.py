"""What `--help` shows, and what a shell completes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from conftest import Fcgitops
from fcgitops.cli import options
from fcgitops.cli.main import cli


def commands(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command and its words, those of groups too."""
    for name, command in group.commands.items():
        yield f"{path}{name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path}{name} ")


@pytest.mark.parametrize(
    ("name", "command"), list(commands(cli)), ids=[name for name, _ in commands(cli)]
)
def test_a_command_says_what_it_does_in_one_short_sentence(
    name: str, command: click.Command
) -> None:
    """A verb first, a full stop last, and whole: at most 72 characters."""
    sentence = command.get_short_help_str(limit=1000)
    assert len(sentence) <= 72
    assert sentence.endswith(".")
    assert sentence.split()[0].rstrip(",").endswith("s"), sentence


def test_every_command_has_its_section() -> None:
    """`--help` groups all of them, each once."""
    listed = [name for names in options.SECTIONS.values() for name in names]
    assert sorted(listed) == sorted(cli.commands)


def test_help_shows_sections(fcgitops: Fcgitops) -> None:
    """A heading, then its commands, none cut short."""
    out = fcgitops("--help").out
    assert "\nLook:\n  list    Lists the environments.\n" in out
    assert "..." not in out.split("Make and change:")[1]
    assert "Other:" not in out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_the_script_of_a_shell(shell: str, fcgitops: Fcgitops) -> None:
    """Each asks fcgitops itself, by the one environment variable."""
    assert f"_FCGITOPS_COMPLETE={shell}_complete" in fcgitops("completion", shell).out


def test_bash_completes_environments(repository: Path) -> None:
    """What bash gets for `fcgitops -C … verify p<Tab>`, `overlay <Tab>`, and `ver<Tab>`."""

    def complete(*words: str) -> list[str]:
        ran = subprocess.run(
            [sys.executable, "-m", "fcgitops"], capture_output=True, text=True, check=True,
            env={**os.environ, "_FCGITOPS_COMPLETE": "bash_complete",
                 "COMP_WORDS": " ".join(("fcgitops", *words)), "COMP_CWORD": str(len(words))},
        )  # fmt: skip
        return ran.stdout.split()

    assert complete("-C", str(repository), "verify", "p") == ["plain,prod"]
    assert complete("overlay", "-C", str(repository), "") == ["plain,dev", "plain,prod"]
    assert complete("-C", "/", "verify", "p") == []
    assert complete("ver") == ["plain,verify"]
