"""The record: what the generator wrote last time, kept in the tree as the base of every merge.

One plain file for each environment and one for the rest, so that branches which add
environments never meet in it. Its letters are rotated, so that `sed -i`, grep and
dependency bots, which change the generated files, leave the record of them alone.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping

from fcgitops.core.lazy import regex
from fcgitops.model import layout
from fcgitops.text import conflicts
from fcgitops.text.tree import Tree

_HEADER = (
    "# What fcgitops generated here last time, the base of its next merge. Leave it as it is.\n"
    "# Each file's lines follow its path; letters are rotated by 13.\n"
)
_LOWER = b"abcdefghijklmnopqrstuvwxyz"
_UPPER = _LOWER.upper()
_ROTATED = bytes.maketrans(_LOWER + _UPPER, _LOWER[13:] + _LOWER[:13] + _UPPER[13:] + _UPPER[:13])
"""ROT13, which is its own reverse; bytes of other letters are none of these."""


_COMMENTS = regex(rb"^#.*\n", re.MULTILINE)
_FILE = regex(rb"=> (?P<path>.*)\n(?P<lines>(?:\|.*\n)*)(?:\\(?P<rest>.*)\n)?")
"""A file: its path, its lines, and a last one without a newline."""


def with_record(files: Tree) -> Tree:
    """The files of an environment's folder with the record of them; nothing where there is none."""
    return {**files, layout.RECORD_FILE: encode(files)} if files else {}


def encode(tree: Mapping[str, bytes]) -> bytes:
    """The record of `tree`, whose files are UTF-8 text."""
    parts = [_HEADER.encode()]
    for path in sorted(tree):
        parts.append(f"=> {path}\n".encode())
        *lines, rest = tree[path].translate(_ROTATED).split(b"\n")
        parts += [b"|%s\n" % line for line in lines]
        parts += [b"\\%s\n" % rest] * bool(rest)  # a last line without a newline
    return b"".join(parts)


def decode(data: bytes | None) -> Tree | None:
    """The tree that a record holds, or None where it is missing or damaged."""
    tree = _decoded(data or b"")
    return None if tree is None else dict(tree)


@functools.lru_cache(maxsize=32)
def _decoded(data: bytes) -> Tree | None:
    """The tree that a record holds, kept: one command asks for the same record many times."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return None
    if data.count(b"\n") == data.count(b"\r\n"):  # git, on a system with other line ends
        data = data.replace(b"\r\n", b"\n")
    head, end, body = data.partition(b"\n")
    if not head.startswith(b"#") or head.endswith(b"\r") or not end:
        return None  # no record, or one that was edited
    body = _COMMENTS.sub(b"", body)
    tree: Tree = {}
    start = 0
    while found := _FILE.match(body, start):
        path = found["path"].decode()
        if path in tree:
            return None
        text = found["lines"][1:].replace(b"\n|", b"\n") + (found["rest"] or b"")
        tree[path] = text.translate(_ROTATED)
        start = found.end()
    return tree if start == len(body) else None  # else it was cut, or edited


def among(paths: Iterable[str]) -> list[str]:
    """The paths that are records, which nobody edits."""
    return [path for path in paths if path.endswith(layout.RECORDS)]


def sides(data: bytes | None) -> tuple[Tree, Tree] | None:
    """The trees of the two branches that met in a record; None where none are, or are damaged."""
    if not data or not conflicts.line(data):
        return None
    ours, theirs = map(decode, conflicts.sides(data))
    return None if ours is None or theirs is None else (ours, theirs)


def known(data: bytes | None) -> Tree:
    """What a record tells of what was generated: where two branches met, our own side."""
    met = sides(data)
    return met[0] if met else decode(data) or {}


def one(data: bytes | None, path: str) -> bytes | None:
    """One file of a record, or None where it has no such file, or is damaged there."""
    _, found, rest = (data or b"").partition(f"\n=> {path}\n".encode())
    text, _, _ = rest.partition(b"\n=> ")
    tree = decode(_HEADER.encode() + f"=> {path}\n".encode() + text.rstrip(b"\n") + b"\n")
    return tree[path] if found and tree else None
