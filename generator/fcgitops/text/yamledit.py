"""Changes values in a YAML text and leaves every other character as it is.

`environment.yaml` belongs to its user: comments, order and quoting stay when a command
sets a key. PyYAML tells where each node stands in the text; an edit is a splice there.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Mapping
from typing import Any

import yaml

from fcgitops.core.errors import InputError, Problem
from fcgitops.text import scalars, yamlio

KeyPath = tuple[str, ...]


class Document:
    """A YAML text with its nodes and its value, each made once; an edit makes another document.

    Args:
        text: a YAML document, perhaps empty.
        where: the file, for messages.
    """

    def __init__(self, text: str, where: str) -> None:
        self.text = text
        self.where = where

    @functools.cached_property
    def root(self) -> yaml.Node | None:
        """The node graph. Raises as `yamlio.compose`."""
        return yamlio.compose(self.text.encode(), self.where)

    @functools.cached_property
    def value(self) -> Any:  # noqa: ANN401 - a YAML document is any value
        """What the text means. Raises as `yamlio.load`."""
        return yamlio.construct(self.root, self.where)

    def misread(
        self, texts: Collection[str], shared: Collection[str], but: Collection[str]
    ) -> list[Problem]:
        """What is read as something else than what was meant; as `scalars.misread`."""
        return scalars.misread(self.root, self.where, texts=texts, shared=shared, but=but)

    def edited(self, changes: Mapping[KeyPath, Any]) -> Document:
        """The document, a block mapping, with each key path in `changes` set to its value.

        Args:
            changes: path of keys → value; missing parents are made.

        Raises:
            InputError: the text is not valid YAML, or what would be a parent in it is no mapping.
        """
        if not changes:
            return self
        wanted = with_entries(self.value, changes, self.where)
        try:
            found = self
            for path, value in changes.items():
                found = Document(_set(found, path, value), self.where)
            if found.value == wanted:
                return found
        except InputError:
            pass
        # The splice knows YAML's usual forms. For the rest a plain dump is right, if plainer.
        return Document(yamlio.dump(wanted), self.where)

    def without(self, path: KeyPath) -> Document:
        """The document without the key at `path`, and without the mappings that it leaves empty.

        What stands behind the key goes with it; comments above it stay.

        Raises:
            InputError: the text is not valid YAML.
        """
        while len(path) > 1 and _at(self.value, path[:-1]) == {path[-1]: _at(self.value, path)}:
            path = path[:-1]
        if path[-1] not in (_at(self.value, path[:-1]) or {}):
            return self
        wanted = _without(self.value, path)
        cut = Document(_cut(self, path), self.where)
        return cut if cut.means(wanted or None) else Document(yamlio.dump(wanted), self.where)

    def with_block(self, key: str, block: str, where: str) -> Document:
        """The document with `key` set to the mapping in the text `block`, comments and all.

        Args:
            key: of the top level.
            block: a YAML mapping.
            where: its file, for messages.
        """
        value = yamlio.load(block.encode(), where)
        lines = re.sub(r"\r\n?", "\n", block).removesuffix("\n").split("\n")
        body = [line for line in lines if not line.startswith(("---", "...", "%"))]
        indented = "\n".join(f"  {line}".rstrip() for line in body)
        bare = self.edited({(key,): None})
        assert isinstance(bare.root, yaml.MappingNode)  # noqa: S101 - `edited` has just made one
        found = _find(bare.root, key)
        assert found  # noqa: S101
        name, null = found
        text = bare.text
        colon, end = _colon(text, name), null.end_mark.index
        comment = text[end : _line_end(text, end)]
        rest = text[end_with_comments(text, end, name.start_mark.column) :]
        result = Document(f"{text[:colon]}{comment}\n{indented}{rest}", self.where)
        wanted = _with(self.value, (key,), value, self.where)
        return result if result.means(wanted) else self.edited({(key,): value})

    def block(self, key: str) -> str:
        """What stands below the top-level `key`, dedented, comments and all; empty where it is not.

        The opposite of `with_block`. Raises as `edited`.
        """
        found = _find(self.root, key) if isinstance(self.root, yaml.MappingNode) else None
        value = self.value.get(key) if found else None
        if found is None or value is None:
            return ""
        text, (name, node) = self.text, found
        if _is_block(node, yaml.MappingNode):
            start = text.find("\n", name.end_mark.index) + 1
            end = end_of(node)
            end -= text[end - 1] == "\n"  # a literal ends with its newline
            end = end_with_comments(text, end, name.start_mark.column)
            own, column = re.sub(r"\r\n?", "\n", text[start:end]), node.start_mark.column
            own = re.sub(rf"^ {{1,{column}}}", "", own.removesuffix("\n"), flags=re.M) + "\n"
        else:
            own = text[node.start_mark.index : node.end_mark.index] + "\n"
        return own if Document(own, self.where).means(value) else yamlio.dump(value)

    def line(self, path: str) -> int:
        """The line of the key at `path`, as podFailureSpec[0].code, or of what would hold it.

        From 1; 0 where there is no such key of the top level.
        """
        node, line = self.root, 0
        for name, place in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
            if name and isinstance(node, yaml.MappingNode) and (found := _find(node, name)):
                line, node = found[0].start_mark.line + 1, found[1]
            elif place and isinstance(node, yaml.SequenceNode) and int(place) < len(node.value):
                node = node.value[int(place)]
                line = node.start_mark.line + 1
            else:
                break
        return line

    def means(self, wanted: object) -> bool:
        """Whether the text is valid, and has this value."""
        try:
            return bool(self.value == wanted)
        except InputError:
            return False


def with_entries(document: Any, changes: Mapping[KeyPath, Any], where: str) -> Any:  # noqa: ANN401
    """A value with each key path in `changes` set to its value; missing parents are made.

    Raises:
        InputError: what would be a parent is no mapping.
    """
    for path, value in changes.items():
        document = _with(document, path, value, where)
    return document


def edit(text: str, changes: Mapping[KeyPath, Any], where: str) -> str:
    """`Document.edited` of a text."""
    return Document(text, where).edited(changes).text


def _with(document: Any, path: KeyPath, value: Any, where: str, depth: int = 0) -> Any:  # noqa: ANN401
    if depth == len(path):
        return value
    if not isinstance(document, dict | None):
        place = f"{where}: {'.'.join(path[:depth])}" if depth else where
        raise InputError(Problem(place, "is not a mapping", "KEY: VALUE lines"))
    old, key = document or {}, path[depth]
    return {**old, key: _with(old.get(key), path, value, where, depth + 1)}


def _at(document: Any, path: KeyPath) -> Any:  # noqa: ANN401
    for key in path:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _without(document: Any, path: KeyPath) -> Any:  # noqa: ANN401
    key, *rest = path
    if not rest:
        return {name: value for name, value in document.items() if name != key}
    return {**document, key: _without(document[key], tuple(rest))}


def _cut(document: Document, path: KeyPath) -> str:
    """The text without the lines of a key; as it is where the key has none of its own."""
    text, node = document.text, document.root
    name: yaml.Node | None = None
    for key in path:
        if not isinstance(node, yaml.MappingNode) or node.flow_style:
            return text
        if not (found := _find(node, key)):
            return text
        name, node = found
    assert name is not None  # noqa: S101 - a path has a key
    assert node is not None  # noqa: S101
    start = text.rfind("\n", 0, name.start_mark.index) + 1
    end = end_of(node)
    end -= text[end - 1] == "\n"  # a literal ends with its newline
    end = end_with_comments(text, end, name.start_mark.column)
    return text[:start] + text[end:].removeprefix("\r").removeprefix("\n")


def _find(node: yaml.MappingNode, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    return next(((name, value) for name, value in node.value if name.value == key), None)


def _set(document: Document, path: KeyPath, value: object) -> str:
    node, text = document.root, document.text
    if not _is_block(node, yaml.MappingNode):
        newline = "" if text.endswith("\n") or not text else "\n"
        return f"{text}{newline}{yamlio.dump(_with(None, path, value, document.where))}"
    return _set_in(node, text, path, value, document.where)


def _set_in(node: Any, text: str, path: KeyPath, value: object, where: str) -> str:  # noqa: ANN401
    key, rest = path[0], path[1:]
    found = _find(node, key)
    if found is None:
        return _insert(text, node, {key: _with(None, rest, value, where)})
    name, child = found
    if rest and _is_block(child, yaml.MappingNode):
        return _set_in(child, text, rest, value, where)
    if rest:
        old = yamlio.load(text[child.start_mark.index : end_of(child)].encode(), where)
        value = _with(old, rest, value, where)
    return _replace(text, name, child, value)


def _is_block(node: yaml.Node | None, kind: type[yaml.CollectionNode]) -> bool:
    return isinstance(node, kind) and not node.flow_style


def end_of(node: yaml.Node) -> int:
    """Where the node's own text ends: a block collection's mark lies behind trailing comments."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return end_of(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)


def _colon(text: str, key: yaml.Node) -> int:
    """Just behind the colon of `key`; a `? key` without one is left to the plain dump."""
    return text.find(":", key.end_mark.index) + 1


def _line_end(text: str, index: int) -> int:
    end = text.find("\n", index)
    end = end if end >= 0 else len(text)
    return end - text.endswith("\r", index, end)


def end_with_comments(text: str, index: int, column: int) -> int:
    """The end of the line, and of the comments below that are indented by more than `column`."""
    comments = re.compile(rf"[^\n]*(?:\s*\n[ \t]{{{column + 1},}}#[^\n]*)*").match(text, index)
    return comments.end() if comments else index


def _replace(text: str, key: yaml.Node, node: yaml.Node, value: object) -> str:
    """What is between the colon and the value stays, and a comment behind either.

    Comments inside a block belong to it, so that of its last line goes with it.
    """
    colon, start = _colon(text, key), int(node.start_mark.index)
    end = start + len(text[start : end_of(node)].rstrip("\r\n"))  # a literal's lie within it
    line_end = _line_end(text, end)
    between, behind = text[colon:start], ""
    if isinstance(node, yaml.ScalarNode) and node.style in ("|", ">"):
        header = text[start : _line_end(text, start)]
        behind = "".join(header.partition(" #")[1:])
    elif not _is_block(node, yaml.CollectionNode):
        behind = text[end:line_end]
    head, comments, tail = text[:colon], f"{between.rstrip()}{behind}", text[line_end:]
    if isinstance(value, dict | list) and value:
        return f"{head}{comments}\n{_indented(value, key.start_mark.column + 2)}{tail}"
    space = " " if "\n" in between else between or " "
    return f"{head}{space}{yamlio.scalar(value)}{comments}{tail}"


def _insert(text: str, parent: yaml.MappingNode, entry: dict[str, object]) -> str:
    column = parent.value[0][0].start_mark.column
    end = end_of(parent)
    if text[end - 1] == "\n":  # a literal ends with its newline
        end -= 1
    end = end_with_comments(text, end, column)
    rest = text[end:] or "\n"
    return f"{text[:end]}\n{_indented(entry, column)}{rest}"


def _indented(value: object, column: int) -> str:
    lines = yamlio.dump(value).splitlines()
    return "\n".join(f"{' ' * column}{line}" if line else line for line in lines)
