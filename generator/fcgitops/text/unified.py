"""Unified diffs, as git prints them."""

from __future__ import annotations

import difflib
import io


def unified(path: str, old: bytes | None, new: bytes | None) -> str:
    """A unified diff of one file; None is one that is not there."""
    lines = difflib.unified_diff(
        _lines(old),
        _lines(new),
        "/dev/null" if old is None else f"a/{path}",
        "/dev/null" if new is None else f"b/{path}",
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def _lines(content: bytes | None) -> list[str]:
    """Lines as git counts them: `splitlines` knows more ends than the newline."""
    return io.StringIO((content or b"").decode(errors="replace"), newline="\n").readlines()
