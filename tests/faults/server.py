"""Runs commands in forked children, under the shim: a fork takes 5 ms, all the imports 300.

Reads one JSON list a line: the working folder, the files for stdout and stderr, the arguments.
Answers with the child's status as `waitpid` tells it, once the child and all that it has started
are gone.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import traceback

import git  # noqa: F401 - what commands import when they need it
from fcgitops.cli import main as cli
from fcgitops.commands import new, nni, overlay, overlays, remove  # noqa: F401
from fcgitops.fcconfig import check  # noqa: F401

_BECOME_SUBREAPER = 36


def child(folder: str, files: list[str], arguments: list[str]) -> None:
    """One command, in a process group of its own."""
    status = 70
    try:
        os.setsid()
        os.chdir(folder)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for descriptor, file in enumerate(files, 1):
            os.dup2(os.open(file, os.O_WRONLY), descriptor)
        status = cli.run(arguments)
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def main() -> None:
    """Serves until stdin ends."""
    # What a killed command leaves running becomes a child of this process, which waits for it.
    ctypes.CDLL(None).prctl(_BECOME_SUBREAPER, 1, 0, 0, 0)
    for line in sys.stdin:
        folder, files, arguments = json.loads(line)
        started = os.fork()
        if not started:
            child(folder, files, arguments)
        status = 0
        while True:
            try:
                ended, how = os.waitpid(-1, 0)
            except ChildProcessError:
                break
            if ended == started:
                status = how
        sys.stdout.write(f"{status}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
