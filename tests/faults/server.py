"""Runs commands in forked children, under the shim: a fork takes 5 ms, all the imports 300.

Reads one JSON list a line: the working folder, the files for stdout and stderr, the arguments,
whether the server itself is to run them, and further variables of a child's environment. The
server's own runs are what it learns by: its children need not import, or work out, what it has
already. Answers with the status as `waitpid` tells it, once the child and all that it has started
are gone.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import pkgutil
import sys
import traceback

import fcgitops
from fcgitops.cli import main as cli

_BECOME_SUBREAPER = 36


def command(folder: str, files: list[str], arguments: list[str], env: dict[str, str]) -> int:
    """One command, with stdout and stderr in files."""
    os.chdir(folder)
    os.environ.update(env)
    for descriptor, file in enumerate(files, 1):
        opened = os.open(file, os.O_WRONLY)
        os.dup2(opened, descriptor)
        os.close(opened)
    try:
        return cli.run(arguments)
    except BaseException:
        traceback.print_exc()
        return 70
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def forked(folder: str, files: list[str], arguments: list[str], env: dict[str, str]) -> int:
    """One command in a process group of its own; its status when all its processes have ended."""
    started = os.fork()
    if not started:
        os.setsid()
        os._exit(command(folder, files, arguments, env))
    status = 0
    while True:
        try:
            ended, how = os.waitpid(-1, 0)
        except ChildProcessError:
            return status
        if ended == started:
            status = how


def know_all_modules() -> None:
    """Import all of the package: what the server has not, each of its children would import."""
    for found in pkgutil.walk_packages(fcgitops.__path__, "fcgitops."):
        if found.name != "fcgitops.__main__":
            importlib.import_module(found.name)


def main() -> None:
    """Serves until stdin ends."""
    know_all_modules()
    # What a killed command leaves running becomes a child of this process, which waits for it.
    ctypes.CDLL(None).prctl(_BECOME_SUBREAPER, 1, 0, 0, 0)
    requests, answers = (os.fdopen(os.dup(number), mode) for number, mode in ((0, "r"), (1, "w")))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for line in requests:
        folder, files, arguments, here, env = json.loads(line)
        if here:
            status = command(folder, files, arguments, env) << 8
            gc.freeze()  # or each child would copy the pages of all objects, to count references
        else:
            status = forked(folder, files, arguments, env)
        answers.write(f"{status}\n")
        answers.flush()


if __name__ == "__main__":
    main()
