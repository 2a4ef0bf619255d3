"""Values as HTML: whatever is in them, they are text on the page, and no secret."""

from __future__ import annotations

import functools
from html import escape

from fcgitops.core.printable import printable
from fcgitops.diff.secrecy import redact


@functools.lru_cache(maxsize=4096)  # rows have most of their words in common
def text(value: str) -> str:
    """A value on one line, for an element or an attribute in quotes."""
    return escape(printable(redact(value)))


def lines(values: list[str]) -> str:
    """A block of lines that keeps its blanks, and that a keyboard can scroll."""
    shown = "\n".join(map(text, values))
    return f'<pre tabindex="0">{shown}</pre>'
