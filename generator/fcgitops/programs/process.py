"""Starts programs, all but git. The only module that does."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple

from fcgitops.core.errors import Problem, ToolError

WATCH = 0.1
"""Seconds between two looks of `watch`."""


class Result(NamedTuple):
    """What a program left behind."""

    status: int
    stdout: bytes
    stderr: str


def which(name: str) -> str | None:
    """The program `name` on PATH, or None."""
    return shutil.which(name)


def which_all(name: str) -> list[str]:
    """Every program `name` on PATH, in its order; what two folders share by a link stands once."""
    found: dict[str, str] = {}
    for folder in os.get_exec_path():
        if program := shutil.which(name, path=folder):
            found.setdefault(os.path.realpath(program), program)
    return list(found.values())


def run(  # noqa: PLR0913 - all but one have a default
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    data: bytes = b"",
    timeout: float = 120,
    memory: int | None = None,
    watch: Callable[[], None] | None = None,
) -> Result:
    """Runs a program to its end, without a shell.

    Args:
        command: the program and its arguments.
        cwd: its working directory.
        env: its environment; ours by default.
        data: its standard input.
        timeout: seconds after which it is ended.
        memory: bytes that it may have, where the system can limit that for another process (Linux
            can); its own words tell then that there is no more.
        watch: called all the while; what it raises ends the program and all that it has started.
            They have a process group of their own then, so a Ctrl-C reaches them by `watch` alone.

    Raises:
        ToolError: it cannot be started, or ran too long.
    """
    name = str(command[0])
    stdin = _input(data, watched=watch is not None)
    try:
        process = subprocess.Popen(  # noqa: S603 - a list, no shell
            [str(part) for part in command],
            cwd=cwd,
            env=dict(env) if env is not None else None,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=watch is not None,
        )
    except OSError as error:
        raise ToolError(Problem(name, f"cannot be started: {error.strerror}")) from error
    finally:
        if not isinstance(stdin, int):
            stdin.close()
    with process:
        try:
            if memory is not None:
                _limit(process, memory)
            stdout, stderr = _outcome(process, data, timeout, watch)
        except BaseException as error:
            _kill(process, group=watch is not None)
            if isinstance(error, subprocess.TimeoutExpired):
                what = f"did not end within {timeout:.0f} s"
                raise ToolError(Problem(name, what)) from error
            raise
    return Result(process.returncode, stdout, stderr.decode(errors="replace"))


def _input(data: bytes, *, watched: bool) -> int | IO[bytes]:
    """What a program reads: a pipe; of one that is watched a file.

    Popen.communicate sends no more of its input once it was called again after a timeout
    (_communicate of Lib/subprocess.py): a program that is slow to read would wait for ever.
    """
    if not data or not watched:
        return subprocess.PIPE if data else subprocess.DEVNULL
    import tempfile  # noqa: PLC0415 - a cluster alone is watched

    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever starts the program closes it
    file.write(data)
    file.seek(0)
    return file


def _limit(process: subprocess.Popen[bytes], memory: int) -> None:
    """Limits what it holds, not what it reserves: a Go program reserves far more (RLIMIT_DATA)."""
    if hasattr(resource, "prlimit"):
        with suppress(ProcessLookupError):  # it has ended already
            resource.prlimit(process.pid, resource.RLIMIT_DATA, (memory, memory))


def _outcome(
    process: subprocess.Popen[bytes],
    data: bytes,
    timeout: float,
    watch: Callable[[], None] | None,
) -> tuple[bytes, bytes]:
    if watch is None:
        return process.communicate(data or None, timeout=timeout)
    end = time.monotonic() + timeout
    while True:
        try:
            return process.communicate(timeout=WATCH)
        except subprocess.TimeoutExpired:
            watch()
            if time.monotonic() > end:
                raise


def _kill(process: subprocess.Popen[bytes], *, group: bool) -> None:
    with suppress(ProcessLookupError):
        if group:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def said(result: Result, lines: int = 6) -> str:
    """The end of what a program said on stderr, as one line."""
    kept = [line.strip() for line in result.stderr.splitlines() if line.strip()]
    return "; ".join(kept[-lines:]) or f"ended with {result.status}"
