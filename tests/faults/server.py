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
import tempfile
import traceback
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from typing import Any

import fcgitops
from fcgitops.cli import main as cli
from fcgitops.git import recovery
from fcgitops.git.worktree import WorkTree

from faults import stops
from faults.memory import Memory

HOW = ("here", "watched", "forked", "asking", "walked")
"""How it is run.

here: by the server itself, which learns by it: its children need not import, or work out, what it
has already. watched: the same, and it stops on its way. forked: in a child. walked: in a child that
can be tried from where it stops.

How those that stop go is told by a socket of its own, and here nothing. What they alone start is
under the shim: nothing is counted, or fails, in the others.
"""
_BECOME_SUBREAPER = 36


class OneAfterAnother(futures.Executor):
    """Stands in for the threads in which kustomize builds side by side: none can be forked.

    It makes no call itself, so that none is lost; and a call has the same number in each run.
    """

    def __init__(self, max_workers: int | None = None) -> None:
        del max_workers

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> futures.Future[Any]:
        """What it comes to, which is done when this returns."""
        future: futures.Future[Any] = futures.Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


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


def forked(arguments: list[str], *place: Any, recovered: Callable[[], bool] | None = None) -> int:
    """One command in a process group of its own; its status when all its processes have ended.

    Args:
        arguments: of `fcgitops`.
        *place: as for `settle`.
        recovered: asked once the command has set right what another one left: whether it goes on.
    """
    started = os.fork()
    if not started:
        os.setsid()
        settle(*place)
        if recovered:
            ask_after_recovery(recovered)
        os._exit(command(arguments))
    return stops.ended(started)


def ask_after_recovery(goes_on: Callable[[], bool]) -> None:
    """End this process behind its first recovery, unless it goes on."""
    recover = recovery.recover

    def asking(tree: WorkTree) -> recovery.Outcome:
        outcome = recover(tree)
        recovery.recover = recover
        if not goes_on():
            os._exit(0)
        return outcome

    recovery.recover = asking


def walked(line: stops.Line, arguments: list[str], *place: Any) -> int:
    """One command that stops on its way, and can be tried there; its process."""
    started = os.fork()
    if not started:
        os.setsid()
        become_subreaper()
        os._exit(watched(line, arguments, *place))
    return started


def watched(line: stops.Line, arguments: list[str], *place: Any) -> int:
    """One command that stops on its way, in this process; its status."""
    settle(*place)
    with line.stopping():
        status = command(arguments)
    if line.walking:  # a try comes out here, too
        line.end(status)
    return status


@contextmanager
def surroundings(**more: str) -> Iterator[None]:
    """The environment, which is as before in the end."""
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


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
    tempfile.gettempdir()  # tries once whether it can write there
    futures.ThreadPoolExecutor = OneAfterAnother  # type: ignore[assignment, misc]
    shim = os.environ.pop("LD_PRELOAD")
    descriptor, *tries = json.loads(os.environ.pop("FAULT_WALKS"))
    os.set_inheritable(descriptor, False)
    line, memory = stops.Line(descriptor, *tries), Memory()
    requests, answers = (os.fdopen(os.dup(number), mode) for number, mode in ((0, "r"), (1, "w")))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)

    def told_to_go_on() -> bool:
        answers.write("recovered\n")
        answers.flush()
        return requests.readline() == "on\n"

    walking = 0
    while request := requests.readline():
        how, arguments, *place = json.loads(request)
        if how in ("watched", "walked"):
            if walking:
                os.waitpid(walking, 0)
            walking = 0
            memory.awake = False  # or it would make other calls than a user's does
            with surroundings(LD_PRELOAD=shim):
                if how == "watched":
                    watched(line, arguments, *place)
                    gc.freeze()
                else:
                    walking = walked(line, arguments, *place)
            memory.awake = True
            continue
        if how == "here":
            with surroundings():
                settle(*place)
                status = command(arguments) << 8
            gc.freeze()  # or each child would copy the pages of all objects, to count references
        else:
            recovered = told_to_go_on if how == "asking" else None
            status = forked(arguments, *place, recovered=recovered)
        answers.write(f"{status}\n")
        answers.flush()
    if walking:
        os.waitpid(walking, 0)


if __name__ == "__main__":
    main()
