"""Lines that a person types into a shell. Whatever prints one makes it here."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from fcgitops.core.lazy import regex
from fcgitops.core.printable import printable

_TRIES = 150
"""Of a wait, two seconds apart: five minutes, and more where each answer takes its time."""
_INERT = regex(r"""(?:[^;&|<>()$`\\"'!]|'[^']*'|"[^"$`\\!]*")*""")
"""What no shell obeys, whether it takes it for a comment or for words behind a program."""


def quote(word: str) -> str:
    r"""`word` as one argument, whatever characters it holds; on one line, and printable.

    What is no printable character makes it $'…', which bash, zsh and ksh read, with the bytes of
    UTF-8 as \ooo.
    """
    if word.startswith("="):  # where zsh puts a program's path
        return f"'='{quote(word[1:])}" if word[1:] else "'='"
    if word.isprintable():
        return shlex.quote(word)
    raw = word.encode("utf-8", "surrogateescape")
    plain = set(range(0x20, 0x7F)) - set(b"'\\")
    return "$'" + "".join(chr(b) if b in plain else f"\\{b:03o}" for b in raw) + "'"


def line(*words: str) -> str:
    """One command: a program and its arguments."""
    return " ".join(map(quote, words))


def until_empty(*words: str, otherwise: str) -> str:
    """A wait for a command to succeed and print nothing; it ends after some minutes.

    Args:
        words: of the command.
        otherwise: what is said when it has not done so; then the whole fails.
    """
    return _wait(f'there=$({line(*words)}) && [ -z "$there" ]', otherwise)


def until_it_says(text: str, *words: str, otherwise: str) -> str:
    """A wait for a command to print a text; it ends and fails as that of `until_empty`."""
    return _wait(f"{line(*words)} | {line('grep', '-q', '-F', text)}", otherwise)


def _wait(test: str, otherwise: str) -> str:
    ends = f"{line('echo', otherwise)} >&2; exit 1"
    return f"(for i in $(seq {_TRIES}); do {test} && exit; sleep 2; done; {ends})"


def one_by_one(*lines: str) -> list[str]:
    """Commands of which each is run once the one before has succeeded, as typed lines."""
    return [*(f"{each} &&" for each in lines[:-1]), *lines[-1:]]


def named(kind: str, *names: str) -> tuple[str, ...]:
    """Objects as kubectl takes them: KIND NAME…, and KIND/NAME where a name is like an option.

    Kubernetes takes a ClusterRoleBinding that is called `--all`.
    """
    if any(name.startswith("-") for name in names):
        return tuple(f"{kind}/{name}" for name in names)
    return (kind, *names)


def about(command: Iterable[str], paths: Iterable[str], root: Path, within: Path) -> str:
    """A command about files, as it works where its user is.

    Args:
        command: a program that knows `-C DIR`, and its first arguments.
        paths: of the files, relative to `root`.
        root: an absolute path.
        within: the folder, itself or one above, in which the program needs no `-C`.
    """
    program, *options = command
    here = _here()
    if here and (here == within or within in here.parents):
        return line(program, *options, *(os.path.relpath(root / path, here) for path in paths))
    return line(program, "-C", str(root), *options, *paths)


def standing_in(root: Path, program: str, *arguments: str) -> str:
    """A command that is typed in one folder alone, by a program that knows `-C DIR`."""
    return line(program, *(() if _here() == root else ("-C", str(root))), *arguments)


def _here() -> Path | None:
    """Where the user is; None where that was deleted."""
    with suppress(FileNotFoundError):
        return Path.cwd()
    return None


def comment(text: str) -> str:
    """A comment, which ends with its line: nothing in it is typed.

    At its prompt zsh takes none, unless it is told to (INTERACTIVE_COMMENTS): it runs a program
    called #, with the rest as that line's words. So what a shell would obey there is in quotes,
    and no comment stands behind a command.
    """
    shown = printable(text)
    if _INERT.fullmatch(shown):
        return f"# {shown}"
    return f'# "{shown}"' if _INERT.fullmatch(f'"{shown}"') else f"# {quote(shown)}"
