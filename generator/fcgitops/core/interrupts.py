"""Ctrl-C and its like, noted when they come and acted upon where it is safe.

Python raises KeyboardInterrupt between any two instructions, also between the start of a program
and the note that it runs. Whoever has to take something back, a cluster for instance, asks here
instead: `check` raises at the places that he has chosen, and `shielded` keeps them off.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from fcgitops.core.errors import FcgitopsError, Problem

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(FcgitopsError):
    """Somebody wants the command to end; its exit status is the shell's for that signal."""

    def __init__(self, number: int) -> None:
        super().__init__(Problem("", f"stopped by {signal.Signals(number).name}"))
        self.exit_status = 128 + number


class Interrupts:
    """Signals that ask for an end, as long as `noted` lasts."""

    def __init__(self) -> None:
        self._came = threading.Event()
        self._number = 0
        self._shielded = False

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._number = self._number or number
        self._came.set()

    def check(self) -> None:
        """Raises where a signal has come; to be called often.

        Raises:
            Interrupted: it has.
        """
        if self._number and not self._shielded:
            raise Interrupted(self._number)

    def sleep(self, seconds: float) -> None:
        """Waits, but not on after a signal. Raises as `check`."""
        if self._shielded:
            time.sleep(seconds)
            return
        self.check()
        self._came.wait(seconds)
        self.check()

    @contextmanager
    def shielded(self) -> Iterator[None]:
        """What is done here is done to its end, whatever comes."""
        before, self._shielded = self._shielded, True
        try:
            yield
        finally:
            self._shielded = before


@contextmanager
def noted() -> Iterator[Interrupts]:
    """Takes the signals over, and gives them back as they were.

    A SIGHUP that is ignored stays so: that is what nohup is for.
    """
    interrupts = Interrupts()
    before = {
        number: signal.signal(number, interrupts._note)
        for number in SIGNALS
        if (number, signal.getsignal(number)) != (signal.SIGHUP, signal.SIG_IGN)
    }
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
