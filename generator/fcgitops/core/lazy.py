"""Regular expressions that are compiled when they are first used.

A command uses few of those that modules hold: to compile all took `verify` 17 ms at each start.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


class _Regex:
    """Compiles at the first use of any attribute, and keeps that as its own."""

    def __init__(self, pattern: Any, flags: int) -> None:  # noqa: ANN401 - text or bytes
        self._pattern = pattern
        self._flags = flags

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as re.Pattern has it
        value = getattr(re.compile(self._pattern, self._flags), name)
        setattr(self, name, value)
        return value


def regex(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """What `re.compile` gives, for whoever asks it by its methods; made when it is first asked.

    Args:
        pattern: as `re` takes it; a mistake in it is told at the first use.
        flags: such as `re.IGNORECASE`.
    """
    return cast("re.Pattern[AnyStr]", _Regex(pattern, flags))
