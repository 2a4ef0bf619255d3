"""What a user gives a command: a file or standard input to read, or the reason for something."""

from __future__ import annotations

import errno
import os
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
        data = read(path, yamlio.MAX_BYTES)
    except OSError as error:
        raise InputError(Problem(name, f"cannot be read: {error.strerror}")) from error
    if len(data) > yamlio.MAX_BYTES:
        raise InputError(Problem(name, f"has over {yamlio.MAX_BYTES} bytes"))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(Problem(name, "is not UTF-8 text")) from error


def read(path: Path | None, most: int) -> bytes:
    """What stands in a file or comes from standard input, which may never end.

    Args:
        path: the file; None is standard input.
        most: so many bytes are wanted, and one more is read where there are more.

    Raises:
        OSError: it cannot be read.
    """
    if path is not None:
        with path.open("rb") as file:
            return file.read(most + 1)
    if sys.stdin is None or sys.stdin.closed:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    data: bytes | None = sys.stdin.buffer.read(most + 1)
    if data is None:  # it does not block, and has nothing yet
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return data


def no_reason(overrule: str | None) -> list[Problem]:
    """What is wrong with the words of --overrule, which go into a commit's message."""
    if overrule is None or (overrule.strip() and overrule.isprintable()):
        return []
    return [Problem("--overrule", "gives no reason", "a line that says why")]
