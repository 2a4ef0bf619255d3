"""What a user wrote over the variant's file, with the image's list of Pod failures kept.

Works on the text, so that comments stay: each of the user's settings takes the place of the
variant's, and the user's entries of podFailureSpec come before those that are kept. The
outcome is decoded and compared with what it should mean.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import yaml

from fcgitops.core.errors import InputError, Problem
from fcgitops.fcconfig.decode import read
from fcgitops.fcconfig.findings import REJECT
from fcgitops.fcconfig.goyaml import GoError
from fcgitops.fcconfig.image import shipped_text
from fcgitops.text import yamledit, yamlio

LIST = "podFailureSpec"
KEEP, REPLACE = "keep", "replace"

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_HEADING = (
    "# What FrameworkController's image knows too (MIT License, Copyright (c) Microsoft\n"
    "# Corporation); an entry above with the same code takes the place of one here.\n"
)


class Part(NamedTuple):
    """One key of a block mapping, or one item of a block list, as text."""

    name: str
    before: str
    """Comments and empty lines above it."""
    body: str


@functools.lru_cache(maxsize=16)
def merge(own: str, variant: str, shipped: str = KEEP) -> str:
    """FrameworkController's file of the user's settings over the variant's.

    Args:
        own: YAML text of the user's settings; it has been checked.
        variant: the variant's file.
        shipped: `keep` the image's entries of podFailureSpec, or `replace` them by the user's.

    Raises:
        InputError: one of the two is no YAML mapping.
    """
    mine, theirs = _meaning(own), _meaning(variant, "the variant's file")
    wanted = {**theirs, **mine}
    entries = without_repeats(mine.get(LIST), theirs.get(LIST), _meaning(shipped_text())[LIST])
    if shipped == KEEP:
        wanted[LIST] = entries
    try:
        text = _spliced(own, variant, keep=shipped == KEEP)
        if _meaning(text) == wanted:
            return text
    except (InputError, ValueError, AttributeError, LookupError, StopIteration):
        pass  # a node that is not where its text is, such as an alias
    # The splice knows YAML's usual forms. For the rest a plain dump is right, if plainer.
    return yamlio.dump(_written(wanted))


@functools.lru_cache(maxsize=16)
def _meaning(text: str, where: str = "settings") -> dict[str, Any]:
    """What FrameworkController would get of `text`; that of a file with faults may be anything.

    Not to be changed by who reads it.
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


def settings(text: str) -> dict[str, Any]:
    """Settings as FrameworkController reads them, in values that it reads again as the same.

    Raises:
        InputError: they are no YAML mapping.
    """
    return {key: _written(value) for key, value in _meaning(text).items()}


def _written(value: Any) -> Any:  # noqa: ANN401 - a setting is any value
    if isinstance(value, dict):
        return {key: _written(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_written(inner) for inner in value]
    return _shortest(value) if isinstance(value, float) else value


def _shortest(number: float) -> float:
    """As a person would write a float of 32 bits."""
    return int(number) if number.is_integer() else float(f"{number:.7g}")


def without_repeats(*lists: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """The entries of all lists, the first of each code."""
    found: dict[int, dict[str, Any]] = {}
    for entry in (entry for entries in lists for entry in entries or []):
        found.setdefault(entry["code"], entry)
    return list(found.values())


def _spliced(own: str, variant: str, *, keep: bool) -> str:
    mine, mine_after = keys_of(own)
    theirs, after = keys_of(variant)
    parts = list(theirs)
    if any(part.name == "<<" for part in (*mine, *theirs)):
        raise InputError(Problem("<<", "means another thing elsewhere"))
    names = [part.name for part in parts]
    for part in mine:
        if part.name == LIST and keep:
            continue
        if part.name in names:
            index = names.index(part.name)
            old = parts[index]
            parts[index] = Part(part.name, old.before + part.before, part.body)
        else:
            parts.append(part)
    if keep:
        there = _named(LIST, parts)
        whole = _with_all_entries(_named(LIST, mine), there, shipped_text())
        if there in parts:
            parts = [whole if part is there else part for part in parts]
        else:
            parts.append(whole)
    return "".join(part.before + part.body for part in parts) + mine_after + after


def _named(name: str, parts: Iterable[Part]) -> Part:
    """The part of a name; an empty one where there is none."""
    return next((part for part in parts if part.name == name), Part(name, "", ""))


@functools.lru_cache(maxsize=16)
def _with_all_entries(own: Part, there: Part, image: str) -> Part:
    """The list of the user's entries, the variant's, and those that the image knows too."""
    items = entries_of(own.body)
    kept = entries_of(there.body)
    shipped = entries_of(_named(LIST, keys_of(image)[0]).body)
    seen = {item.name for item in items.parts}
    body = items.head + "".join(item.before + item.body for item in items.parts) + items.tail
    for others, heading in ((kept.parts, ""), (shipped.parts, _HEADING)):
        missing = {item.name for item in others} - seen
        seen |= missing
        if missing:
            body += heading + "".join(
                item.before + (item.body if item.name in missing else "") for item in others
            )
    if not seen:
        body = f"{LIST}: []\n"
    return Part(LIST, there.before + own.before, body)


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


class _List(NamedTuple):
    """A block list at column 0: the line of its key, its items, and comments behind the last."""

    head: str
    parts: tuple[Part, ...]
    tail: str = ""


@functools.lru_cache(maxsize=16)
def entries_of(body: str) -> _List:
    """The entries of podFailureSpec, of the text of that key."""
    head = f"{LIST}:\n"
    root = _root(body)
    node = root.value[0][1] if root else None
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        return _List(f"{LIST}:{_behind(body, node)}\n" if node else head, ())
    names = [str(item["code"]) for item in _meaning(body)[LIST]]
    if node.flow_style:
        found: list[Part] = []
        position = node.start_mark.index
        for name, item in zip(names, node.value, strict=True):
            before = _comments(body[position : item.start_mark.index])
            found.append(Part(name, before, f"- {_inline(body, item)}\n"))
            position = item.end_mark.index
        tail = _comments(body[position : node.end_mark.index - 1])
        return _List(f"{LIST}:{_behind(body, node)}\n", tuple(found), tail)
    first = body.index("\n") + 1
    column = node.start_mark.column
    dedented = (
        re.sub(rf"^ {{1,{column}}}", "", body[first:], flags=re.M) if column else body[first:]
    )
    items = _root(dedented).value
    parts, tail = _parts(dedented, [(n, i, i) for n, i in zip(names, items, strict=True)])
    return _List(body[:first], parts, tail)


_COMMENT = re.compile(r"#[^\n]*")


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


_COMMENTS = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*")


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


def lost_comments(own: str, merged: str) -> list[str]:
    """Comments of the user's text that are not in the merged one: a plain dump keeps none."""
    found = re.findall(r"(?m)(?:^|\s)(#[^\n\r]*)", own)
    return [comment for comment in found if comment.strip() not in merged]
