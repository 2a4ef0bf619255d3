"""How far a long command is: a bar on a terminal, nothing where nobody watches."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from fcgitops.core import terminal

if TYPE_CHECKING:
    from rich.progress import Progress

T = TypeVar("T")
_PATIENCE = 0.5
"""Seconds without a bar: most commands are over by then."""


def watched(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    """The items, with a bar on standard error once they take a while.

    Args:
        items: as they come.
        total: how many there will be.
        what: is done with them, such as "verified".
    """
    if total < 2 or not terminal.takes_escapes(sys.stderr):
        yield from items
        return
    start, done = time.monotonic(), 0
    rest = iter(items)
    for item in rest:
        yield item
        done += 1
        if time.monotonic() - start > _PATIENCE:
            break
    if done < total:
        with _bar(counted=True) as bar:
            task = bar.add_task(what, total=total, completed=done)
            for item in rest:
                bar.advance(task)
                yield item


@contextmanager
def running(what: str) -> Iterator[None]:
    """Shows that `what` is under way, and for how long.

    Without a terminal it is one line, at the beginning.
    """
    if not terminal.takes_escapes(sys.stderr):
        terminal.say(f"{what} …")
        yield
        return
    with _bar(counted=False) as bar:
        bar.add_task(what, total=None)
        yield


def _bar(*, counted: bool) -> Progress:
    """A bar that goes when it ends; what is said meanwhile stands above it."""
    from rich.console import Console  # noqa: PLC0415 - 60 ms, where somebody waits already
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    class Quiet(Console):
        """It leaves the cursor: a command that is killed could not bring it back."""

        def show_cursor(self, show: bool = True) -> bool:  # noqa: ARG002
            return False

    console = Quiet(stderr=True, force_terminal=True, soft_wrap=True, highlight=False)
    text = TextColumn("{task.description}", markup=False)
    counter = (text, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    columns = counter if counted else (SpinnerColumn(), text, TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, redirect_stdout=False)
