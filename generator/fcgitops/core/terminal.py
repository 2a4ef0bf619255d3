"""What commands say: data goes to stdout, everything else to stderr.

Whether escape codes are written, for colours or for a bar, is decided here alone: only to a
terminal, never where `NO_COLOR` is set (https://no-color.org) or TERM is dumb, and never by a
command whose `--format` is for programs.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from fcgitops.core.errors import InputError, Problem
from fcgitops.core.printable import line, printable
from fcgitops.core.redaction import redacted, redacted_urls

Style = Callable[[str, str], str]
"""(text, name of a style) → the text as it is written."""

_STYLES: dict[str, dict[str, Any]] = {
    "bold": {"bold": True},
    "dim": {"dim": True},
    "red": {"fg": "red"},
    "yellow": {"fg": "yellow"},
    "green": {"fg": "green"},
    "cyan": {"fg": "cyan"},
}
_HEADS = {"error": "red", "note": "cyan", "warning": "yellow"}
"""The first word of a sentence that is said → how it is set off."""
_MARKS = {"+++": "bold", "---": "bold", "+": "green", "-": "red", "@": "cyan"}
"""How a line of a unified diff begins → how it is set off."""
_for_programs = False


def for_programs(*, on: bool) -> None:
    """Whether what this command prints is for programs: then it has no escape codes at all."""
    global _for_programs  # noqa: PLW0603 - a process runs one command
    _for_programs = on


def takes_escapes(stream: TextIO | None) -> bool:
    """Whether escape codes may be written to `stream`."""
    if _for_programs or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream is not None and stream.isatty()


def plain(text: str, _style: str) -> str:
    """The text as it is."""
    return text


def style(stream: TextIO | None) -> Style:
    """How words are set off on `stream`: in colours, or not at all."""
    return _coloured if takes_escapes(stream) else plain


def _coloured(text: str, name: str) -> str:
    import click  # noqa: PLC0415 - where there is a terminal, it is imported already

    return click.style(text, **_STYLES[name])


def say(sentence: str = "") -> None:
    """A line for the person who typed the command, whatever characters are in it.

    Where nobody reads it any more, a pager that has ended or a terminal that is gone, it is lost:
    what a command has to take back is not left undone for it.
    """
    with suppress(OSError):
        if sys.stderr is not None:  # closed by the shell, as in `2>&-`
            head, colon, rest = line(redacted(sentence)).partition(":")
            shown = style(sys.stderr)(head, _HEADS[head]) if head in _HEADS else head
            sys.stderr.write(f"{shown}{colon}{rest}\n")


def note(*notes: str) -> None:
    """Sentences beside what is done, which may have several lines: what is typed stands alone."""
    for text in notes:
        for each in f"note: {text}".split("\n"):
            say(each)


def row(head: str, colour: str, rest: str) -> None:
    """A line of what the command is for: a word that is set off, and what it is said of.

    Raises as `data`.
    """
    data(f"{style(sys.stdout)(head, colour)}: {line(rest)}\n")


def lines(text: str) -> None:
    """What the command is for, as text to read: its lines, whatever characters are in them.

    Raises as `data`.
    """
    rows = text.removesuffix("\n").split("\n")
    # A tab does no harm, and a diff with another character in its place does not apply.
    data("".join("\t".join(map(line, row.split("\t"))) + "\n" for row in rows))


def difference(text: str) -> None:
    """A unified diff, as `lines`; on a terminal in the colours that git gives it.

    What logs in somewhere by a URL is left out: whoever reads a log reads it. Such a line does not
    apply.
    """
    text = redacted_urls(text)
    set_off = style(sys.stdout)
    if set_off is plain:
        lines(text)
        return
    for row in text.removesuffix("\n").split("\n"):
        shown = "\t".join(map(line, row.split("\t")))
        name = next((name for mark, name in _MARKS.items() if row.startswith(mark)), "")
        data(f"{set_off(shown, name) if name else shown}\n")


def data(text: str | bytes) -> None:
    """What the command is for, as it is.

    Raises:
        InputError: standard output was closed by the shell, as in `>&-`.
        OSError: it takes no more.
    """
    # A name that is no UTF-8 is escaped, in the form that JSON has, too.
    raw = text.encode(errors="backslashreplace") if isinstance(text, str) else text
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
    set_off = style(sys.stdout)
    for number, row in enumerate(cells):
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        text = line("  ".join(padded).rstrip())
        data(f"{text if number else set_off(text, 'bold')}\n")


def interactive() -> bool:
    """Whether there is a person to ask; a shell may have closed either, as in `<&-`."""
    ends = (sys.stdin, sys.stderr)
    return all(end is not None and end.isatty() for end in ends)
