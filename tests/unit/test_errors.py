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


def listing(folder: Path, *before: str) -> subprocess.CompletedProcess[str]:
    """`fcgitops list` outside a repository, in a process of its own.

    Args:
        folder: where it runs.
        before: statements that prepare the process.
    """
    lines = [
        "import atexit, signal, sys, threading, time, fcgitops.__main__ as start",
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # not behind &",
        *before,
        "sys.argv = ['fcgitops', 'list']",
        "start.main()",
    ]
    command = [sys.executable, "-c", "\n".join(lines)]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=30
    )


CTRL_C = """
import fcgitops.commands.list as command
command.run = lambda *_: signal.raise_signal(signal.SIGINT)
"""
"""As soon as the command runs."""
NO_REPOSITORY = (
    "error: .: is in no repository of fcgitops: no fcgitops.yaml here or above "
    "(go into one, or make one with `fcgitops new DEST`)"
)


@pytest.mark.parametrize(
    ("before", "told"),
    [
        ([CTRL_C], "stopped: nothing more was done"),
        # One that imports may wait for ever for a lock that the import of another thread had.
        (
            ["threading.Thread(target=time.sleep, args=[60]).start()", CTRL_C],
            "stopped: nothing more was done",
        ),
        # The second one, while the command takes back what it had begun.
        (
            [
                CTRL_C,
                "import fcgitops.core.ending as ending",
                "ending.stopped = lambda: signal.raise_signal(signal.SIGINT)",
            ],
            "",
        ),
        # Nothing is left to stop but Python.
        (["atexit.register(signal.raise_signal, signal.SIGINT)"], NO_REPOSITORY),
    ],
)
def test_ctrl_c(before: list[str], told: str, tmp_path: Path) -> None:
    """It ends the process as it ends others, so that a shell's loop ends as well."""
    ran = listing(tmp_path, *before)
    assert (ran.returncode, ran.stderr.strip()) == (-signal.SIGINT, told)


AT_EACH_LINE = """
import signal, sys, threading, time
from fcgitops import __main__ as start

def stopped_at(line):
    seen = 0
    def trace(frame, event, argument):
        nonlocal seen
        if event == "line" and frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            seen += 1
            if seen == line:
                signal.raise_signal(signal.SIGINT)
        return trace
    signal.signal(signal.SIGINT, start._stop)
    try:
        sys.settrace(trace)
        import one
        sys.settrace(None)
        while seen >= line:
            time.sleep(0.001)
        return False
    except KeyboardInterrupt:
        sys.settrace(None)
        return True

line = 1
while stopped_at(line):
    thread = threading.Thread(target=__import__, args=["two"], daemon=True)
    thread.start()
    thread.join(5)
    assert not thread.is_alive(), f"line {line}"
    for name in ("one", "two"):
        sys.modules.pop(name, None)
    line += 5
print(line > 50)
"""


def test_ctrl_c_amid_an_import(tmp_path: Path) -> None:
    """It is not lost, and leaves no lock for which another thread that imports would wait."""
    (tmp_path / "one.py").write_text("number = 1\n")
    (tmp_path / "two.py").write_text("number = 2\n")
    command = [sys.executable, "-c", AT_EACH_LINE]
    ran = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert (ran.stdout, ran.stderr) == ("True\n", "")


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_what_cannot_be_printed_is_told(option: str) -> None:
    """A full disk behind standard output is a line, and no traceback."""
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "fcgitops", option]
        ran = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (2, "error: No space left on device\n")
