"""What a long command has done, and how long each step of it took."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fcgitops.core import progress, terminal


class Steps:
    """The steps, told as they begin, and a table of them at the end."""

    def __init__(self) -> None:
        self.rows: list[dict[str, str]] = []

    @contextmanager
    def step(self, of: str, what: str) -> Iterator[Callable[[str], None]]:
        """One step, ok unless it is told otherwise, or an exception ends it.

        Args:
            of: what it is done to, such as an environment's name.
            what: what is done.

        Yields:
            What takes the step's result, in a few words.
        """
        start = time.monotonic()
        row = {"of": of, "step": what, "seconds": "", "result": "failed"}
        self.rows.append(row)
        result = ["ok"]
        try:
            with progress.running(f"{of}: {what}"):
                yield result.append
            row["result"] = result[-1]
        finally:
            row["seconds"] = f"{time.monotonic() - start:.1f}"
            if terminal.takes_escapes(sys.stderr):  # what was shown while it ran is gone
                terminal.say(f"{of}: {what}: {row['result']} ({row['seconds']} s)")
