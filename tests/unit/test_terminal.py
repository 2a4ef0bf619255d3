"""Colours and bars: on a terminal alone, and only where they are wanted."""

from __future__ import annotations

import io
import os
import pty
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest
from conftest import Fcgitops
from fcgitops.cli import main as cli
from fcgitops.core import reporting, terminal
from fcgitops.programs import process
from fcgitops.trial.steps import Steps

ESCAPE = "\x1b"
BROKEN = "resources: [nowhere]\n"
OnATerminal = Callable[..., tuple[int, str]]


@contextmanager
def pseudo_terminal(said: bytearray) -> Iterator[None]:
    """A real one as standard output and error; `said` is what was written to it."""
    master, slave = pty.openpty()

    def read() -> None:
        try:
            while part := os.read(master, 4096):
                said.extend(part)
        except OSError:  # Linux says so once the other side is closed
            pass

    reader = Thread(target=read)
    reader.start()
    with (
        io.TextIOWrapper(os.fdopen(slave, "wb", 0), write_through=True) as stream,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(sys, "stdout", stream)
        patch.setattr(sys, "stderr", stream)
        yield
    reader.join()
    os.close(master)


@pytest.fixture(autouse=True)
def a_usual_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """As most are."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.fixture
def on_a_terminal(git_home: Path) -> OnATerminal:
    """Runs a command on a pseudo-terminal: (exit status, all that was written to it)."""

    def run(folder: Path, *arguments: str) -> tuple[int, str]:
        said = bytearray()
        with pseudo_terminal(said):
            status = cli.run(["-C", str(folder), *arguments])
        return status, said.decode().replace("\r\n", "\n")

    return run


@pytest.fixture
def slow_kustomize(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kustomize that takes its time, as one that builds large overlays does."""
    real = process.which("kustomize") or pytest.skip("there is no kustomize on PATH")
    program = tmp_path / "kustomize"
    program.write_text(f'#!/bin/sh\n[ "$1" = version ] || sleep 0.3\nexec {real} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("KUSTOMIZE", str(program))
    monkeypatch.setattr(os, "cpu_count", lambda: 1)


def screen(output: str) -> str:
    """What is left to see once everything was written: a terminal, as far as bars need one."""
    rows, row = [""], 0
    for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|[\r\n]|[^\x1b\r\n]+", output):
        if part == "\n":
            row += 1
            rows += [""] * (row == len(rows))
        elif part == "\x1b[1A":
            row -= 1
        elif part in ("\x1b[2K", "\r"):
            rows[row] = ""
        elif not part.startswith(ESCAPE):
            rows[row] += part
    return "\n".join(rows)


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("command", "word"),
    [(("verify",), "verified"), (("build", "--output", "out"), "built")],
    ids=["verify", "build"],
)
def test_a_bar_counts_what_is_built_and_is_gone_at_the_end(
    repository: Path,
    on_a_terminal: OnATerminal,
    slow_kustomize: None,
    command: tuple[str, ...],
    word: str,
) -> None:
    """Four overlays, built one after the other: the bar counts them, and leaves nothing."""
    status, output = on_a_terminal(repository, *command)

    assert status == 0, output
    assert re.search(rf"{word} .*[34]/4", output)
    assert "\x1b[?25l" not in output  # the cursor stays: a killed command could not bring it back
    assert word not in screen(output)
    assert len(screen(output).strip().split("\n")) == 1  # the command's own last line


def test_a_step_shows_its_time_while_it_lasts() -> None:
    """Then a line with its outcome takes its place; what is said meanwhile stands above it."""
    steps, said, long = Steps(), bytearray(), "a line as long as it has to be " * 5
    with pseudo_terminal(said), steps.step("prod", "roll-out") as result:
        terminal.say(long)
        result("ready")
    output = said.decode().replace("\r\n", "\n")

    assert re.search(r"prod: roll-out.*0:00:00", output)
    left = re.sub(r"[0-9.]+ s\)", "N s)", screen(output))
    left = re.sub(r" +$", "", left, flags=re.MULTILINE)  # which older versions of rich write
    assert left.rstrip("\n") == f"{long.rstrip()}\nprod: roll-out: ready (N s)"


def test_severities_and_headings_have_colours(
    repository: Path, on_a_terminal: OnATerminal, fcgitops: Fcgitops
) -> None:
    """What is rejected is red, headings are bold, and so on."""

    def shown(*arguments: str) -> str:
        return on_a_terminal(repository, *arguments)[1]

    (repository / "broken.yaml").write_text("workerNumber: -1\n")
    judged = shown("config", "check", "broken.yaml")
    assert "broken.yaml:1: \x1b[31mreject\x1b[0m: \x1b[31mFCC15\x1b[0m: workerNumber: " in judged
    assert "broken.yaml: \x1b[36minfo\x1b[0m: \x1b[36mFCC31\x1b[0m: logObjectSnapshot: " in judged
    assert judged.endswith("broken.yaml: \x1b[31mreject\x1b[0m\n")

    assert shown("list").startswith("\x1b[1mNAME  VARIANT")
    assert "\n\x1b[1mLook\x1b[0m:\n" in shown("--help")
    assert "\n\x1b[1mOptions\x1b[0m:\n" in shown("nni", "check", "--help")
    assert shown("remove", "nobody").startswith("\x1b[31merror\x1b[0m: nobody: ")

    dry = shown("overlay", "dev", "--set", "resources.cpu=2", "--dry-run")
    assert "\n\x1b[36m@@ " in dry
    assert "\n\x1b[32m+resources:\x1b[0m\n" in dry

    fcgitops("-C", repository, "overlay", "dev", "--set", "image.tag=v1.0.1")
    assert "\x1b[1mdev\x1b[0m: " in shown("diff", "HEAD~..HEAD")

    (repository / "README.md").write_text("mine\n")
    assert "\x1b[33medited\x1b[0m: README.md: " in shown("status")


@pytest.mark.sampled(2)
@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_escape_codes_where_they_are_not_wanted(
    repository: Path,
    on_a_terminal: OnATerminal,
    slow_kustomize: None,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
) -> None:
    """Sources: https://no-color.org (present and not empty); a dumb terminal knows no codes."""
    monkeypatch.setenv(variable, value)
    (repository / "overlays" / "dev" / "kustomization.yaml").write_text(BROKEN)
    for arguments in (["verify"], ["list"], ["--help"], ["status"], ["remove", "x"]):
        output = on_a_terminal(repository, *arguments)[1]
        assert output
        assert ESCAPE not in output, arguments


@pytest.mark.slow
def test_formats_for_programs_have_no_escape_codes(
    repository: Path, on_a_terminal: OnATerminal, slow_kustomize: None
) -> None:
    """Not even on a terminal, where bar and report would stand on the same screen."""
    (repository / "overlays" / "dev" / "kustomization.yaml").write_text(BROKEN)
    (repository / "broken.yaml").write_text("workerNumber: -1\n")
    check = ("config", "check", "broken.yaml")
    commands = [
        ("verify", "--format", "json"),
        *((*check, "--format", form) for form in reporting.FORMATS if form != "text"),
        ("list", "--format", "json"),
        ("status", "--format", "json"),
        ("diff", "--format", "json"),
        ("diff", "--format", "markdown"),
    ]
    for arguments in commands:
        output = on_a_terminal(repository, *arguments)[1]
        assert output
        assert ESCAPE not in output, arguments
    assert ESCAPE in on_a_terminal(repository, *check)[1]  # the next command is for people again


@pytest.mark.slow
def test_no_escape_codes_in_a_file(
    repository: Path, fcgitops: Fcgitops, slow_kustomize: None
) -> None:
    """Whatever is redirected is plain text."""
    (repository / "overlays" / "dev" / "kustomization.yaml").write_text(BROKEN)
    for arguments in (["verify"], ["list"], ["--help"]):
        ran = fcgitops("-C", repository, *arguments, status=None)
        assert ESCAPE not in ran.out + ran.err
