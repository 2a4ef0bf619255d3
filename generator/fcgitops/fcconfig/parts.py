"""FrameworkController's file as text: what it means, and the keys and entries that it is made of.

Comments and empty lines belong to what they stand above, so that a part can be put elsewhere.
"""

from __future__ import annotations

import functools
import re
from typing import Any, NamedTuple

import yaml

from fcgitops.core.errors import InputError, Problem
from fcgitops.core.findings import REJECT
from fcgitops.core.lazy import regex
from fcgitops.fcconfig.decode import read
from fcgitops.fcconfig.goyaml import GoError
from fcgitops.fcconfig.schema import LIST
from fcgitops.text import yamledit

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_COMMENT = regex(r"#[^\n]*")
_COMMENTS = regex(r"(?:[ \t]*(?:#[^\n]*)?\n)*")


class Part(NamedTuple):
    """One key of a block mapping, or one item of a block list, as text."""

    name: str
    before: str
    """Comments and empty lines above it."""
    body: str


@functools.lru_cache(maxsize=16)
def meaning(text: str, where: str = "settings") -> dict[str, Any]:
    """What FrameworkController would get of `text`; that of a file with faults may be anything.

    Not to be changed by who reads it.

    Raises:
        InputError: it cannot be read, or codes do not tell its entries apart.
    """
    try:
        decoded = read(text.encode())[1]
    except GoError as error:
        raise InputError(Problem(where, error.message)) from error
    codes = [entry.get("code") for entry in decoded.value.get(LIST) or [] if entry]
    if decoded.broken or None in codes or len(set(codes)) < len(codes):
        faults = [f.problem(where) for f in decoded.findings if f.severity == REJECT]
        raise InputError(faults or Problem(where, f"{LIST} needs a code of its own each"))
    return decoded.value


def _root(text: str) -> Any:  # noqa: ANN401 - PyYAML's nodes
    try:
        return yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise InputError(Problem("", "is not one document")) from error


@functools.lru_cache(maxsize=16)
def keys_of(text: str) -> tuple[tuple[Part, ...], str]:
    """The keys of a mapping, and what stands behind the last."""
    text = re.sub(r"\r\n?", "\n", text.removeprefix("\ufeff"))
    text += "\n" if text and not text.endswith("\n") else ""
    text = re.sub(r"\A((?:\s*(?:#[^\n]*)?\n)*)---[ \t]*(#[^\n]*\n)?\n?", r"\1\2", text)
    root = _root(text)
    if root is None or isinstance(root, yaml.ScalarNode):
        return (), text
    if root.flow_style:
        return _inline_keys(text, root)
    if column := root.start_mark.column:
        return keys_of(re.sub(rf"^ {{1,{column}}}", "", text, flags=re.MULTILINE))
    return _parts(text, [(key.value, key, value) for key, value in root.value])


class Entries(NamedTuple):
    """A block list at column 0: the line of its key, its items, and comments behind the last."""

    head: str
    parts: tuple[Part, ...]
    tail: str = ""


@functools.lru_cache(maxsize=16)
def entries_of(body: str) -> Entries:
    """The entries of podFailureSpec, of the text of that key."""
    head = f"{LIST}:\n"
    root = _root(body)
    node = root.value[0][1] if root else None
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        return Entries(f"{LIST}:{_behind(body, node)}\n" if node else head, ())
    names = [str(item["code"]) for item in meaning(body)[LIST]]
    if node.flow_style:
        found: list[Part] = []
        position = node.start_mark.index
        for name, item in zip(names, node.value, strict=True):
            before = _comments(body[position : item.start_mark.index])
            found.append(Part(name, before, f"- {_inline(body, item)}\n"))
            position = item.end_mark.index
        tail = _comments(body[position : node.end_mark.index - 1])
        return Entries(f"{LIST}:{_behind(body, node)}\n", tuple(found), tail)
    first = body.index("\n") + 1
    column = node.start_mark.column
    dedented = (
        re.sub(rf"^ {{1,{column}}}", "", body[first:], flags=re.M) if column else body[first:]
    )
    items = _root(dedented).value
    parts, tail = _parts(dedented, [(n, i, i) for n, i in zip(names, items, strict=True)])
    return Entries(body[:first], parts, tail)


def _comments(gap: str) -> str:
    """The comments between two values in brackets, a line each; the rest there is commas."""
    return "".join(f"{comment}\n" for comment in _COMMENT.findall(gap))


def _inline_keys(text: str, root: Any) -> tuple[tuple[Part, ...], str]:  # noqa: ANN401
    """The keys of a mapping in braces."""
    parts, position = [], 0
    for key, value in root.value:
        before = _comments(text[position : key.start_mark.index])
        parts.append(Part(key.value, before, f"{key.value}: {_inline(text, value)}\n"))
        position = value.end_mark.index
    return tuple(parts), _comments(text[position:])


def _behind(text: str, node: Any) -> str:  # noqa: ANN401 - PyYAML's nodes
    """The comment behind a value, on its line."""
    found = _COMMENT.search(text[node.end_mark.index :].partition("\n")[0])
    return f"  {found[0]}" if found else ""


def _inline(text: str, node: Any) -> str:  # noqa: ANN401 - PyYAML's nodes
    """The text of a value within brackets, its further lines indented."""
    lines = text[node.start_mark.index : node.end_mark.index].split("\n")
    return "\n    ".join(line.strip() if i else line for i, line in enumerate(lines))


def _parts(text: str, nodes: list[tuple[str, Any, Any]]) -> tuple[tuple[Part, ...], str]:
    """Splits the text between nodes: (name, where it starts, where it ends)."""
    parts = []
    position = 0
    for name, start, last in nodes:
        comments = _COMMENTS.match(text, position)
        begin = comments.end() if comments else position
        end = yamledit.end_of(last)
        end -= text[end - 1] == "\n"  # a literal ends with its newline
        end = yamledit.end_with_comments(text, end, start.start_mark.column)
        end = min(end + 1, len(text))
        parts.append(Part(name, text[position:begin], text[begin:end]))
        position = end
    return tuple(parts), text[position:]
