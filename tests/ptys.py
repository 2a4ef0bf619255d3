"""A shell on a terminal of its own, into which a test types."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

LONGEST = 60.0
"""Seconds until what was typed has come to its end."""


class Shell:
    """An interactive program."""

    def __init__(self, command: list[str], folder: Path, env: Mapping[str, str]) -> None:
        self._end, other = pty.openpty()
        self._process = subprocess.Popen(
            command, cwd=folder, env=dict(env), stdin=other, stdout=other, stderr=other,
            start_new_session=True,
        )  # fmt: skip
        os.close(other)

    def __enter__(self) -> Shell:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._end)

    def typed(self, text: str, end: str) -> str:
        """Types, and returns what is shown until `end` is."""
        os.write(self._end, text.encode())
        shown = ""
        limit = time.monotonic() + LONGEST
        while end not in shown.replace("\r", ""):
            left = limit - time.monotonic()
            assert left > 0 and select.select([self._end], [], [], left)[0], shown
            shown += os.read(self._end, 4096).decode(errors="replace")
        return shown
