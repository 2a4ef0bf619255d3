"""Starts programs, all but git. The only module that does."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fcgitops.errors import Problem, ToolError


@dataclass(frozen=True)
class Result:
    """What a program left behind."""

    status: int
    stdout: bytes
    stderr: str


def which(name: str) -> str | None:
    """The program `name` on PATH, or None."""
    return shutil.which(name)


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 120,
) -> Result:
    """Runs a program to its end, without a shell and without standard input.

    Args:
        command: the program and its arguments.
        cwd: its working directory.
        env: its environment; ours by default.
        timeout: seconds after which it is ended.

    Raises:
        ToolError: it cannot be started, or ran too long.
    """
    name = str(command[0])
    try:
        done = subprocess.run(  # noqa: S603 - a list, no shell
            [str(part) for part in command],
            cwd=cwd,
            env=dict(env) if env is not None else None,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ToolError(Problem(name, f"did not end within {timeout:.0f} s")) from error
    except OSError as error:
        raise ToolError(Problem(name, f"cannot be started: {error.strerror}")) from error
    return Result(done.returncode, done.stdout, done.stderr.decode(errors="replace"))
