"""What a user gives a command: a file or standard input to read, or the reason for something."""

from __future__ import annotations

import sys
from pathlib import Path

from fcgitops.core.errors import InputError, Problem
from fcgitops.text import yamlio


def read_text(path: Path | None, name: str) -> str:
    """The text of a file that the user named, or of standard input.

    Args:
        path: the file; None is standard input.
        name: how the user named it.

    Raises:
        InputError: it cannot be read, is no UTF-8 text or has over 1 MiB.
    """
    try:
        with sys.stdin.buffer if path is None else path.open("rb") as file:
            data = file.read(yamlio.MAX_BYTES + 1)
    except OSError as error:
        raise InputError(Problem(name, f"cannot be read: {error.strerror}")) from error
    if len(data) > yamlio.MAX_BYTES:
        raise InputError(Problem(name, f"has over {yamlio.MAX_BYTES} bytes"))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(Problem(name, "is not UTF-8 text")) from error


def no_reason(overrule: str | None) -> list[Problem]:
    """What is wrong with the words of --overrule, which go into a commit's message."""
    if overrule is None or (overrule.strip() and overrule.isprintable()):
        return []
    return [Problem("--overrule", "gives no reason", "a line that says why")]
