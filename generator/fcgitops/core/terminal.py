"""What commands say: data goes to stdout, everything else to stderr."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from fcgitops.core.errors import InputError, Problem
from fcgitops.core.printable import line, printable
from fcgitops.core.redaction import redacted


def say(sentence: str = "") -> None:
    """A line for the person who typed the command, whatever characters are in it.

    Where nobody reads it any more, a pager that has ended or a terminal that is gone, it is lost:
    what a command has to take back is not left undone for it.
    """
    with suppress(OSError):
        if sys.stderr is not None:  # closed by the shell, as in `2>&-`
            sys.stderr.write(f"{line(redacted(sentence))}\n")


def lines(text: str) -> None:
    """What the command is for, as text to read: its lines, whatever characters are in them.

    Raises as `data`.
    """
    rows = text.removesuffix("\n").split("\n")
    # A tab does no harm, and a diff with another character in its place does not apply.
    data("".join("\t".join(map(line, row.split("\t"))) + "\n" for row in rows))


def data(text: str | bytes) -> None:
    """What the command is for, as it is.

    Raises:
        InputError: standard output was closed by the shell, as in `>&-`.
        OSError: it takes no more.
    """
    raw = text.encode() if isinstance(text, str) else text
    if sys.stdout is None:
        what = os.strerror(errno.EBADF)
        raise InputError(Problem("standard output", what, "nothing was written"))
    with _told():
        sys.stdout.flush()
        sys.stdout.buffer.write(raw)


def flush() -> None:
    """Has the last of the data written, while a failure can still be told. Raises as `data`."""
    if sys.stdout is not None:
        with _told():
            sys.stdout.flush()


@contextmanager
def _told() -> Iterator[None]:
    """Where an error says what could not be written; a reader that has ended is none."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OSError(error.errno, error.strerror, "standard output") from error


def as_json(value: object) -> None:
    """Data for another program."""
    data(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def table(rows: Sequence[Mapping[str, str]]) -> None:
    """Rows under their keys, in columns as wide as their widest cell."""
    if not rows:
        return
    heads = list(rows[0])
    cells = [[head.upper() for head in heads]]
    cells += [[printable(row[head]) for head in heads] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(heads))]
    for row in cells:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        lines("  ".join(padded).rstrip())


def interactive() -> bool:
    """Whether there is a person to ask."""
    return sys.stdin.isatty() and sys.stderr.isatty()
