"""Lines that a person types into a shell. Whatever prints one makes it here."""

from __future__ import annotations

import shlex

from fcgitops.core.printable import printable


def quote(word: str) -> str:
    r"""`word` as one argument, whatever characters it holds; on one line, and printable.

    What is no printable character makes it $'…', which bash, zsh and ksh read, with the bytes of
    UTF-8 as \ooo.
    """
    if word.isprintable():
        return shlex.quote(word)
    raw = word.encode("utf-8", "surrogateescape")
    plain = set(range(0x20, 0x7F)) - set(b"'\\")
    return "$'" + "".join(chr(b) if b in plain else f"\\{b:03o}" for b in raw) + "'"


def line(*words: str, note: str = "") -> str:
    """One command: a program and its arguments, and behind them a comment."""
    typed = " ".join(map(quote, words))
    return f"{typed}  {comment(note)}" if note else typed


def comment(text: str) -> str:
    """A comment, which ends with its line: nothing in it is typed."""
    return f"# {printable(text)}"
