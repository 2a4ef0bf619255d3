"""A second process that reads a fleet's files while this one imports what will look at them.

Imports next to nothing, as `inputs` does.
"""

from __future__ import annotations

import json
import os
import select
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any


class Ahead:
    """What a fork of this process works out meanwhile.

    To be made before any thread is started: a fork has none of them, and locks that they hold
    stay locked in it.

    Args:
        work: gives what JSON can say.
    """

    def __init__(self, work: Callable[[], object]) -> None:
        self._from, to = os.pipe()
        self._child = os.fork()
        if self._child:
            os.close(to)
            return
        # A Ctrl-C, say, which this process gets, too, is nothing that the fork should tell.
        with suppress(BaseException), open(to, "w", encoding="ascii") as pipe:  # noqa: PTH123
            json.dump(work(), pipe)
        os._exit(0)  # nothing of what this process would do at its end is the fork's

    def outcome(self, meanwhile: Iterable[object]) -> Any:  # noqa: ANN401 - what JSON says
        """What was worked out; None where that failed. Waits for it; to be asked once.

        Args:
            meanwhile: is gone through, a step at a time, until there is an answer.
        """
        for _ in meanwhile:
            if select.select([self._from], [], [], 0)[0]:
                break
        with open(self._from, encoding="ascii") as pipe:  # noqa: PTH123
            told = pipe.read()
        os.waitpid(self._child, 0)
        try:
            return json.loads(told)
        except ValueError:
            return None


def may_work() -> bool:
    """Whether there is a processor for it."""
    return (os.cpu_count() or 1) > 1
