"""What a long command has done, and how long each step of it took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fcgitops.core import terminal


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
        terminal.say(f"{of}: {what} …")
        start = time.monotonic()
        row = {"of": of, "step": what, "seconds": "", "result": "failed"}
        self.rows.append(row)
        result = ["ok"]
        try:
            yield result.append
            row["result"] = result[-1]
        finally:
            row["seconds"] = f"{time.monotonic() - start:.1f}"
