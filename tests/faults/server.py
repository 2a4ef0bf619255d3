"""Runs commands in forked children, under the shim: a fork takes 5 ms, all the imports 300.

Reads one JSON list a line: one of `HOW`, the arguments, the working folder, the files for stdout
and stderr, and further variables of the environment. Answers with the status as `waitpid` tells it,
once the child and all that it has started are gone.
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
from typing import Any

import fcgitops
from fcgitops.cli import main as cli
from fcgitops.git import recovery

from faults import stops
from faults.memory import Memory

HOW = ("here", "forked", "walked")
"""How it is run.

here: by the server itself, which learns by it: its children need not import, or work out, what it
has already. forked: in a child. walked: in a child that can be tried from where it stops on its
way; how it goes is told by a socket of its own, and here nothing.
"""
_BECOME_SUBREAPER = 36


def settle(folder: str, files: list[str], env: dict[str, str]) -> None:
    """Make this process one in which a command is typed: with stdout and stderr in files."""
    os.chdir(folder)
    os.environ.update(env)
    stops.redirect(files)


def command(arguments: list[str]) -> int:
    """One command; its exit status."""
    try:
        return cli.run(arguments)
    except BaseException:
        traceback.print_exc()
        return 70
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def forked(arguments: list[str], *place: Any) -> int:
    """One command in a process group of its own; its status when all its processes have ended."""
    started = os.fork()
    if not started:
        os.setsid()
        settle(*place)
        os._exit(command(arguments))
    return stops.ended(started)


def walked(line: stops.Line, arguments: list[str], *place: Any) -> int:
    """One command that stops on its way; its process."""
    started = os.fork()
    if not started:
        os.setsid()
        become_subreaper()
        settle(*place)
        line.stop_at_each_start()
        status = command(arguments)
        if line.walking:  # a try comes out here, too
            line.end(status)
        os._exit(status)
    return started


def become_subreaper() -> None:
    """What a killed command leaves running becomes a child of this process, which waits for it."""
    ctypes.CDLL(None).prctl(_BECOME_SUBREAPER, 1, 0, 0, 0)


def know_all_modules() -> None:
    """Import all of the package: what the server has not, each of its children would import."""
    for found in pkgutil.walk_packages(fcgitops.__path__, "fcgitops."):
        if found.name != "fcgitops.__main__":
            importlib.import_module(found.name)


def main() -> None:
    """Serves until stdin ends."""
    know_all_modules()
    become_subreaper()
    # No git that is alive can hold a lock here: those of a killed command are waited for.
    recovery._WRITES_AT_ONCE = 0.01
    descriptor, *tries = json.loads(os.environ["FAULT_WALKS"])
    os.set_inheritable(descriptor, False)
    line, memory = stops.Line(descriptor, *tries), Memory()
    requests, answers = (os.fdopen(os.dup(number), mode) for number, mode in ((0, "r"), (1, "w")))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    walking = 0
    for request in requests:
        how, arguments, *place = json.loads(request)
        if how == "walked":
            if walking:
                os.waitpid(walking, 0)
            memory.awake = False  # or it would make other calls than a user's does
            walking = walked(line, arguments, *place)
            memory.awake = True
            continue
        if how == "here":
            surroundings = dict(os.environ)
            settle(*place)
            status = command(arguments) << 8
            os.environ.clear()
            os.environ.update(surroundings)
            gc.freeze()  # or each child would copy the pages of all objects, to count references
        else:
            status = forked(arguments, *place)
        answers.write(f"{status}\n")
        answers.flush()
    if walking:
        os.waitpid(walking, 0)


if __name__ == "__main__":
    main()
