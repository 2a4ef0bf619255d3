"""What `--help` shows, and what a shell completes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import ptys
import pytest
from click.shell_completion import ShellComplete
from conftest import Fcgitops
from fcgitops.cli import options, shells
from fcgitops.cli.main import COMPLETE, cli
from fcgitops.core.errors import InputError
from gitenv import git, write


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


def _paths() -> Iterator[tuple[str, click.Parameter]]:
    """Each option and argument of every command that takes a path."""
    for name, command in commands(cli):
        for found in command.params:
            if isinstance(found.type, click.Path):
                yield f"{name} {found.opts[-1]}", found


@pytest.mark.parametrize(("name", "found"), list(_paths()), ids=[name for name, _ in _paths()])
def test_an_empty_path_is_refused(name: str, found: click.Parameter) -> None:
    """As of a variable of a shell that is not set: it is neither this folder nor the default."""
    with pytest.raises(InputError, match="is empty"):
        found.type.convert("", found, None)


@pytest.mark.parametrize(
    "typed",
    [
        ("-C", "", "list"),
        ("build", "--output", ""),
        ("diff", "--fail-on", ""),
        ("diff", "--context", ""),
        ("promote", "dev", "prod", "--from-repo", ""),
        ("overlay", "dev", "--branch", ""),
    ],
    ids=" ".join,
)
def test_an_empty_value_is_no_default(typed: tuple[str, ...], fcgitops: Fcgitops) -> None:
    """Nothing is done, and the option is named."""
    option = typed[typed.index("") - 1]
    assert fcgitops(*typed, status=2).err.startswith(f"error: {option}: is empty (")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_the_script_of_a_shell(shell: str, fcgitops: Fcgitops) -> None:
    """Each asks fcgitops itself, by the one environment variable."""
    assert f"_FCGITOPS_COMPLETE={shell}_complete" in fcgitops("completion", shell).out


SCRIPTS = {
    "bash": """
        source <(fcgitops completion bash)
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
        _fcgitops_completion fcgitops
        echo "${COMPREPLY[*]}"
    """,
    "zsh": """
        autoload -Uz compinit; compinit -u -D
        source <(fcgitops completion zsh)
        compadd() { print -r -- "${(@P)argv[-1]}" }
        words=("$@"); CURRENT=$#
        _fcgitops_completion
    """,
    "fish": """
        fcgitops completion fish | source
        complete --do-complete (string join " " -- $argv)
    """,
}
"""Shell → a program of it that prints what it would complete the last of its arguments to."""


@pytest.mark.slow
@pytest.mark.parametrize("shell", SCRIPTS)
def test_a_real_shell_completes(shell: str, repository: Path, tmp_path: Path) -> None:
    """Environments and files of the repository, and every fixed word."""
    if not shutil.which(shell):
        pytest.skip(f"there is no {shell}")
    programs = tmp_path / "bin"
    write(programs, {"fcgitops": f'#!/bin/sh\nexec "{sys.executable}" -m fcgitops "$@"\n'})
    (programs / "fcgitops").chmod(0o755)
    git(repository, "tag", "stable")
    env = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}

    def complete(*words: str) -> set[str]:
        script = [shell, "-c", SCRIPTS[shell], *([shell] if shell != "fish" else [])]
        ran = subprocess.run(
            [*script, "fcgitops", *words],
            cwd=repository, env=env, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return set(ran.stdout.split())

    assert complete("overlay", "p") == {"prod"}
    assert complete("diff", "") == {"dev", "prod", "main", "stable"}
    assert complete("overlay", "x", "--variant", "c") == {"customized-config"}
    assert complete("verify", "--since", "st") == {"stable"}


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["overlay", "x", "--variant", "=", "cu"], {"customized-config"}),
        (["overlay", "x", "--variant", "="], {"customized-config", "default-config"}),
        (["new", "x", "--env", "dev", "=", "cu"], {"customized-config"}),
        (["overlay", "prod", "--set", "image.t"], {"image.tag=", "image.tagPolicy="}),
    ],
)
def test_bash_completes_behind_an_equals_sign(words: list[str], wanted: set[str]) -> None:
    """It hands over the word in its parts, and takes what belongs behind the sign."""
    env = {"COMP_WORDS": " ".join(["fcgitops", *words]), "COMP_CWORD": str(len(words))}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in env.items():
            patch.setenv(name, value)
        said = shells.Bash(cli, {}, "fcgitops", COMPLETE).complete()
    assert {line.partition(",")[2] for line in said.splitlines()} == wanted


@pytest.mark.slow
def test_zsh_completes_behind_an_equals_sign(repository: Path, tmp_path: Path) -> None:
    """Typed into a shell that runs on a terminal."""
    if not shutil.which("zsh"):
        pytest.skip("there is no zsh")
    programs = tmp_path / "bin"
    write(programs, {"fcgitops": f'#!/bin/sh\nexec "{sys.executable}" -m fcgitops "$@"\n'})
    (programs / "fcgitops").chmod(0o755)
    env = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "PS1": "> ", "TERM": "dumb"}
    with ptys.Shell(["zsh", "-f", "-i"], repository, env) as shell:
        start = "autoload -Uz compinit; compinit -u -D; source <(fcgitops completion zsh)"
        shell.typed(f"{start}; echo REA''DY\n", "\nREADY")
        shell.typed("fcgitops overlay prod --variant=cu\t", "customized-config")
        said = shell.typed(" --dry-run; echo DO''NE\n", "\nDONE")
    assert "cucustomized" not in said
    assert "nothing to do" in said


WORDS = {
    ("-C", "REPOSITORY", "verify", "p"): ["prod"],
    ("overlay", "-C", "REPOSITORY", ""): ["dev", "prod"],
    ("-C", "REPOSITORY", "build", ""): ["default-config", "customized-config", "dev", "prod"],
    ("-C", "REPOSITORY", "nni", "experiment", "x", "--env", "d"): ["dev"],
    ("-C", "REPOSITORY", "nni", "remove", ""): [],
    ("-C", "/", "verify", "p"): [],
    ("ver",): ["verify"],
    ("new", "x", "--profile", ""): ["hardened", "upstream"],
    ("new", "x", "--gitops", ""): ["argocd", "flux", "both"],
    ("new", "x", "--env", "a=c"): ["a=customized-config"],
    ("bootstrap", "--gitops", ""): ["argocd", "flux"],
    ("verify", "--format", "j"): ["json", "junit"],
    ("verify", "--explain", "fcg3"): [f"FCG3{number}" for number in range(10)],
    ("diff", "--fail-on", "d"): ["data-loss"],
    ("config", "explain", "kubeC"): ["kubeConfigFilePath", "kubeClientQps", "kubeClientBurst"],
}
"""What stands on the command line → what its last word may become."""


@pytest.mark.parametrize("typed", WORDS, ids=" ".join)
def test_words_that_are_completed(typed: tuple[str, ...], repository: Path) -> None:
    """Of each option and argument that has a closed set of values."""
    *words, last = [str(repository) if word == "REPOSITORY" else word for word in typed]
    found = ShellComplete(cli, {}, "fcgitops", COMPLETE).get_completions(words, last)
    assert [item.value for item in found] == WORDS[typed]


def test_files_are_completed_where_a_file_is_wanted(repository: Path) -> None:
    """By the shell itself, which is told so."""
    for words in (["config", "check"], ["config", "merge"], ["nni", "check"], ["restore"],
                  ["overlays", "--from"], ["overlay", "x", "--config"]):  # fmt: skip
        found = ShellComplete(cli, {}, "fcgitops", COMPLETE).get_completions(words, "")
        assert [item.type for item in found] == ["file"], words
