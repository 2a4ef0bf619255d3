"""Text as it may stand on a terminal or in a log, whoever chose its characters."""

from __future__ import annotations

import re

from fcgitops.core.lazy import regex

_COMMAND = regex(r"##(?=\[|vso\[)|^(\s*):(?=:)")
"""What a runner would obey: `##[…]` and `##vso[…]` anywhere in a line, `::…` at its start.

Sources: ActionCommand.cs of github.com/actions/runner; Azure Pipelines' logging commands.
"""


def printable(text: str) -> str:
    """`text` on one line: what is no printable character stands there as Python writes it."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def line(text: str) -> str:
    """A whole line of output, printable, and no command to the runner of a workflow either."""
    return _COMMAND.sub(_unlike, printable(text))


def _unlike(found: re.Match[str]) -> str:
    return "#\\x23" if found[0] == "##" else f"{found[1]}\\x3a"
