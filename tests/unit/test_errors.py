"""How problems read, and what a command ends with."""

from __future__ import annotations

import py_compile
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from fcgitops.core.errors import FcgitopsError, FoundError, InputError, Problem, ToolError, messages
from modules import PACKAGE


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (Problem("image.tag", "is empty"), "image.tag: is empty"),
        (Problem("image.tag", "is empty", "pin one"), "image.tag: is empty (pin one)"),
        (Problem("", "is empty"), "is empty"),
        (Problem("a\nb", "c\td", "e\x1b[0m"), r"a\nb: c\td (e\x1b[0m)"),
        (Problem("é", "right-to-left \u202e here"), r"é: right-to-left \u202e here"),
    ],
)
def test_problem_is_one_line(problem: Problem, line: str) -> None:
    """A problem is one line, whatever a user typed: nothing in it reaches the terminal raw."""
    assert str(problem) == line


@pytest.mark.parametrize(
    ("error", "status"),
    [(InputError, 2), (FoundError, 1), (ToolError, 3), (FcgitopsError, 2)],
)
def test_exit_status(error: type[FcgitopsError], status: int) -> None:
    """Each kind of error has its exit status: 1 found something, 2 wrong input, 3 a tool."""
    assert error(Problem("a", "b")).exit_status == status


def test_all_problems_are_told() -> None:
    """An error carries all problems; each becomes one line, in order."""
    error = InputError(Problem(where, "is wrong") for where in ("b", "a\n"))
    assert messages(error) == ["error: b: is wrong", r"error: a\n: is wrong"]
    assert str(error) == r"b: is wrong; a\n: is wrong"


@pytest.mark.parametrize("command", ["list", "verify"])
def test_a_compiled_module_that_is_cut_off(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python leaves one where a disk is full. Nobody has stopped the command: it cannot start."""
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    source = str(PACKAGE / f"commands/{command}.py")
    compiled = Path(py_compile.compile(source, doraise=True) or "")
    compiled.write_bytes(compiled.read_bytes()[:100])
    code = (
        "import sys, fcgitops.cli.main, fcgitops.__main__ as start\n"
        "sys.pycache_prefix, *sys.argv = sys.argv[1:]\n"
        "start.main()"
    )
    words = [sys.executable, "-c", code, str(tmp_path), "fcgitops", command]
    ran = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert ran.returncode == 3
    assert ": a module cannot be imported: marshal data too short (delete " in ran.stderr
    assert "\n" not in ran.stderr.strip()


def test_ctrl_c_before_a_command_has_begun(tmp_path: Path) -> None:
    """Its modules are still being imported, and no traceback tells of them."""
    code = (
        "import signal, sys, fcgitops.__main__ as start\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # not behind &\n"
        "sys.addaudithook(lambda event, arguments: event != 'import'\n"
        "    or arguments[0] != 'fcgitops.cli.nni' or signal.raise_signal(signal.SIGINT))\n"
        "sys.argv = ['fcgitops', 'list']\n"
        "start.main()"
    )
    words = [sys.executable, "-c", code]
    ran = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stderr.strip()) == (130, "stopped: nothing more was done")


def test_ctrl_c_when_a_command_has_ended(tmp_path: Path) -> None:
    """Nothing is left to stop but Python, and no traceback tells of that."""
    code = (
        "import atexit, signal, sys, fcgitops.__main__ as start\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # not behind &\n"
        "atexit.register(signal.raise_signal, signal.SIGINT)\n"
        "sys.argv = ['fcgitops', 'list']\n"
        "start.main()"
    )
    words = [sys.executable, "-c", code]
    ran = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert ran.returncode == -signal.SIGINT
    assert ran.stderr.startswith("error: ")
    assert "\n" not in ran.stderr.strip()


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_what_cannot_be_printed_is_told(option: str) -> None:
    """A full disk behind standard output is a line, and no traceback."""
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "fcgitops", option]
        ran = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (2, "error: No space left on device\n")
