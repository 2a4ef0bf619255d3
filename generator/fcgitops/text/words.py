"""How messages show a value, and a number of things."""

from __future__ import annotations

from fcgitops.core.redaction import redacted

LONGEST = 300
"""Characters of a value that a message shows: it may be as long as its file."""


def shown(value: object) -> str:
    """A value as YAML has it, on one line: null, true, [a, b]; text stands in quotes.

    Passwords in it are left out.

    A message speaks the language of the file that the value is in, whoever wrote the program.
    """
    if isinstance(value, str):
        text = repr(value)
    else:
        from fcgitops.text import yamlio  # noqa: PLC0415 - who counts things needs no YAML

        text = yamlio.scalar(value)
    text = redacted(text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def named(key: object) -> str:
    """A key as a message names it: text as it stands, any other value as YAML has it."""
    return key if isinstance(key, str) else shown(key)


def count(number: int, noun: str, plural: str = "") -> str:
    """A number and its noun: 1 file, 2 files.

    Args:
        number: how many.
        noun: for one.
        plural: for any other number, where that is not the noun with an s.
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
