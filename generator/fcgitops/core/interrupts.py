"""Ctrl-C and its like, noted when they come and acted upon where it is safe.

Python raises KeyboardInterrupt between any two instructions, also between the start of a program
and the note that it runs. Whoever has to take something back, a cluster for instance, asks here
instead: `check` raises at the places that he has chosen, and `shielded` keeps them off.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from fcgitops.core.errors import FcgitopsError, Problem

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOOK = 0.1
"""Seconds between two looks of `sleep`."""


class Interrupted(FcgitopsError):
    """Somebody wants the command to end; its exit status is the shell's for that signal."""

    def __init__(self, number: int) -> None:
        super().__init__(Problem("", f"stopped by {signal.Signals(number).name}"))
        self.exit_status = 128 + number


class Interrupts:
    """Signals that ask for an end, as long as `noted` lasts.

    A handler runs between two instructions of the main thread, whatever that holds. So it takes no
    lock, and what waits for it looks again and again: `set` of a threading.Event waits for ever
    where a signal comes while that thread is in `wait`, as the second of two does.
    """

    def __init__(self) -> None:
        self._number = 0
        self._shielded = False

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._number = self._number or number

    def check(self) -> None:
        """Raises where a signal has come; to be called often.

        Raises:
            Interrupted: it has.
        """
        if self._number and not self._shielded:
            raise Interrupted(self._number)

    def sleep(self, seconds: float) -> None:
        """Waits, but not on after a signal. Raises as `check`."""
        end = time.monotonic() + seconds
        self.check()
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, LOOK))
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
