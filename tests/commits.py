"""What the tests of commits share: a change, and children that make it."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from fcgitops.core.errors import FcgitopsError, InputError
from fcgitops.git import transaction
from fcgitops.git.repo import open_repository
from gitenv import state

Make = Callable[..., Path]

BEFORE = {"a": "a\n", "d/b": "b\n", "d/c": "c\n", "keep": "k\n"}
CHANGES: dict[str, bytes | None] = {"a": b"A\n", "d/b": None, "new/x/y": b"y\n"}
AFTER = {"a": "A\n", "d/c": "c\n", "keep": "k\n", "new/x/y": "y\n"}


def in_child(action: Callable[[], object]) -> int:
    """Start a child that does it and ends: 0 done, 1 refused, 2 failed otherwise.

    Whatever happens, the child never returns into pytest.
    """
    child = os.fork()
    if child:
        return child
    status = 2
    try:
        action()
        status = 0
    except FcgitopsError:
        status = 1
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def patiently(action: Callable[[], object]) -> None:
    """Do it as soon as orphaned git processes have given the lock free."""
    for _ in range(200):
        try:
            action()
        except InputError as error:
            if "another fcgitops" not in str(error):
                raise
            time.sleep(0.01)
        else:
            return
    raise AssertionError("the lock is never given free")


def refusal(directory: Path, changes: Mapping[str, bytes | None], **options: object) -> list[str]:
    """What a commit that is refused says, having left everything as it was."""
    before = state(directory)
    with pytest.raises(InputError) as caught:
        open_repository(directory).commit(changes, "refused", **options)  # type: ignore[arg-type]
    assert state(directory) == before
    return [str(problem) for problem in caught.value.problems]


def kill_before(top: Path, point: str) -> None:
    """Kill a commit of CHANGES before the branch moves, or before the index follows."""

    def die(event: str, arguments: tuple[object, ...]) -> None:
        if event == "os.rename" and str(arguments[1]).endswith(".git/index"):
            os.kill(os.getpid(), signal.SIGKILL)

    def merge_and_die(*arguments: object) -> None:
        merge(*arguments)  # type: ignore[arg-type]
        os.kill(os.getpid(), signal.SIGKILL)

    def act() -> None:
        if point == "the branch":
            transaction._merge = merge_and_die
        else:
            sys.addaudithook(die)
        open_repository(top).commit(CHANGES, "m")

    merge = transaction._merge
    assert os.WIFSIGNALED(os.waitpid(in_child(act), 0)[1])
