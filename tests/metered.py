"""A checker's command on files that no person writes, with what it takes of time and space.

Processor time is measured, not time of the wall, which depends on what else runs.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import IO

MOST_SECONDS = 1.0
MOST_BYTES = 200 << 20
# Starts the command and says what it took: a small process, as the size of a child counts from
# its parent's, and pytest is large.
METER = r"""
import os, sys
child = os.spawnv(os.P_NOWAIT, sys.executable, sys.argv[1:])
_, status, used = os.wait4(child, 0)
print(f"\n{os.waitstatus_to_exitcode(status)} {used.ru_utime + used.ru_stime} {used.ru_maxrss}")
"""


def checked(
    group: str, *arguments: str | Path, stdin: IO[bytes] | None = None
) -> tuple[int, str, float, int]:
    """Status and output of `fcgitops GROUP check ARGUMENTS`, its seconds and its bytes."""
    command = [sys.executable, "-m", "fcgitops", group, "check", *map(str, arguments)]
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", METER, *command],
        stdin=stdin or subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=True,
        timeout=60,
    )
    out, _, last = run.stdout.decode().removesuffix("\n").rpartition("\n")
    status, seconds, size = last.split()
    return int(status), out, float(seconds), int(size) * (1 if sys.platform == "darwin" else 1024)


def rejected(group: str, *arguments: str | Path, stdin: IO[bytes] | None = None) -> str:
    """The output, having asserted that it is a rejection, or a hazard, within the bounds."""
    status, out, seconds, size = checked(group, *arguments, stdin=stdin)
    if seconds >= MOST_SECONDS and stdin is None:  # a busy machine takes longer: once more
        seconds = min(seconds, checked(group, *arguments)[2])
    assert status == 1, out[-2000:]
    assert "Traceback" not in out
    assert seconds < MOST_SECONDS
    assert size < MOST_BYTES
    return out


def aliases(first: str, width: int, depth: int, last: str) -> bytes:
    """Each line names the one before it `width` times."""
    lines = [f"a0: &a0 {first}"]
    for level in range(1, depth + 1):
        lines.append(f"a{level}: &a{level} [" + ", ".join([f"*a{level - 1}"] * width) + "]")
    return "\n".join([*lines, last.format(f"*a{depth}"), ""]).encode()
