"""Merge conflicts that nobody has resolved, as git leaves them in a file."""

from __future__ import annotations

import re

from fcgitops.core.lazy import regex

WHAT = "has an unresolved merge conflict"
HINT = "choose one side, or join them; then `git add`"

_MARKERS = regex(
    rb"^<{7} [^\n]*\n(.*?)^(?:\|{7}[^\n]*\n.*?^)?={7}\r?\n(.*?)^>{7} [^\n]*(?:\n|\Z)", re.M | re.S
)


def line(data: bytes) -> int:
    """The line of the first conflict, from 1; 0 where there is none."""
    found = _MARKERS.search(data) if b"<<<<<<< " in data else None
    return data.count(b"\n", 0, found.start()) + 1 if found else 0


def sides(data: bytes) -> tuple[bytes, bytes]:
    """The whole text with one side of each conflict, and with the other."""
    return _MARKERS.sub(rb"\1", data), _MARKERS.sub(rb"\2", data)
