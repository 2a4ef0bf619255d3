"""An experiment file as NNI 3.0 reads it: `yaml.safe_load` of UTF-8 text.

Source: nni/experiment/config/base.py, `ConfigBase.load`. That is PyYAML's own parser, not libyaml,
and its YAML is 1.1. The same parser is used here, so that the two cannot differ; files over
32 KiB are read by libyaml where it is there, which takes a tenth of the time.
"""

from __future__ import annotations

import functools
import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from fcgitops.core.findings import Finding, Path, dotted
from fcgitops.nnifile.rules import found
from fcgitops.text import conflicts

MAX_BYTES = 1 << 20
"""A ConfigMap holds no more, and so no experiment in a cluster."""
MAX_DEPTH = 150
"""PyYAML and NNI recurse into every level, and end in a RecursionError below 500."""
MAX_NODES = 60_000
"""A bound on the time to judge."""
MAX_VALUES = 300_000
"""With all aliases written out, which is what NNI walks through and sends to its manager."""
MAX_DIGITS = 1_000
"""Python refuses to read 4,301, and takes for ever to add up as many parts of 1:1:1."""
MAX_FAULTS = 200
"""Nobody reads more of them, and each takes its time."""
_SMALL = 32_768
"""Characters that PyYAML's own parser reads in a tenth of a second at the worst."""

_TAG = "tag:yaml.org,2002:"
STR = f"{_TAG}str"
INT = f"{_TAG}int"
_NUMBERS = {INT, f"{_TAG}float"}


class Unreadable(Exception):
    """NNI cannot load the text: the line, from 1 or 0, and why."""

    def __init__(self, line: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.line = line
        self.message = message
        self.hint = hint


@dataclass(frozen=True)
class Source:
    """What a text holds, and where."""

    value: Any
    root: yaml.Node | None
    """The same as PyYAML's nodes; None where nothing is written."""
    repeated: tuple[Finding, ...] = ()
    """Keys that are given twice."""
    lines: dict[int, dict[str | int, tuple[yaml.Node, int]]] = field(default_factory=dict)
    """What has been looked up of it."""

    def line(self, path: Path) -> int:
        """The line of a key, or of the nearest above it that is there; 0 for the file."""
        node, line = self.root, 0
        for part in path:
            child = self._children(node).get(part)
            if child is None:
                break
            node, line = child
        return line

    def _children(self, node: yaml.Node | None) -> dict[str | int, tuple[yaml.Node, int]]:
        """What a node holds, with the line of each key: of two keys the last one counts."""
        known = self.lines.get(id(node))
        if known is None:
            known = {}
            if isinstance(node, yaml.SequenceNode):
                known = {i: (v, v.start_mark.line + 1) for i, v in enumerate(node.value)}
            elif isinstance(node, yaml.MappingNode):
                known = {
                    key.value: (value, key.start_mark.line + 1)
                    for key, value in node.value
                    if isinstance(key, yaml.ScalarNode)
                }
            self.lines[id(node)] = known
        return known


class _Parser(yaml.SafeLoader):
    """PyYAML's own, which does not go deeper than it has stack for."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """One value; refuses what is nested too deep."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Unreadable(self.line + 1, f"nests over {MAX_DEPTH} levels deep")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


_FastParser: Any = getattr(yaml, "CSafeLoader", _Parser)


@functools.lru_cache(maxsize=2)
def read(data: bytes) -> Source:
    """The one document in `data`; what was read last is known, for who judges the same again.

    Raises:
        Unreadable: NNI's `yaml.safe_load` fails on it, or it is beyond the bounds above.
    """
    if len(data) > MAX_BYTES:
        raise Unreadable(0, f"has over {MAX_BYTES} bytes, which is all that a ConfigMap holds")
    try:
        text = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8").read()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable(line, "is not UTF-8 text", "save it as UTF-8") from error
    parser: Any = _Parser
    if len(text) > _SMALL:
        parser = _FastParser
        _check_size(text)
    try:
        root = parser(text).get_single_node()
        if root is None:
            return Source(None, None)
        _check_nodes(root)
        # Before construction, which writes merges out.
        repeated = tuple(itertools.islice(_repeated_keys(root), MAX_FAULTS))
        return Source(yaml.SafeLoader("").construct_document(root), root, repeated)
    except yaml.YAMLError as error:
        if line := conflicts.line(data):
            raise Unreadable(line, conflicts.WHAT, conflicts.HINT) from error
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        what = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise Unreadable(line, f"is not valid YAML: {what}") from error
    except RecursionError as error:
        raise Unreadable(0, "nests too deep for NNI's parser") from error
    except (ValueError, ArithmeticError, LookupError, AttributeError, TypeError) as error:
        # PyYAML's constructors fail so on a value that is not what its form or tag says.
        raise Unreadable(0, f"is not valid YAML: a value cannot be read: {error}") from error


def _check_size(text: str) -> None:
    """Before nodes are made: libyaml's loader recurses in C, where a deep file ends the process."""
    depth = nodes = 0
    try:
        for event in yaml.parse(text, Loader=_FastParser):
            if isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
                continue
            nodes += 1
            depth += isinstance(event, yaml.CollectionStartEvent)
            line = event.start_mark.line + 1 if event.start_mark else 0
            if depth > MAX_DEPTH:
                raise Unreadable(line, f"nests over {MAX_DEPTH} levels deep")
            if nodes > MAX_NODES:
                raise Unreadable(line, f"has over {MAX_NODES} values: not judged further")
    except yaml.YAMLError:
        return  # which get_single_node meets again


def _check_nodes(root: yaml.Node) -> None:
    """Refuses what NNI would walk through for ever, or recurse into without end."""
    sizes: dict[int, int] = {}
    open_: set[int] = set()
    stack: list[tuple[yaml.Node, bool]] = [(root, False)]
    while stack:
        node, done = stack.pop()
        line = node.start_mark.line + 1
        if done:
            open_.discard(id(node))
            sizes[id(node)] = 1 + sum(sizes[id(child)] for child in _children(node))
            if sizes[id(node)] > MAX_VALUES:
                what = f"has over {MAX_VALUES} values with its aliases written out"
                raise Unreadable(line, f"{what}: NNI walks through all of them")
            continue
        if id(node) in sizes:
            continue
        if id(node) in open_:
            raise Unreadable(line, "holds itself by an alias: NNI recurses into it without end")
        if isinstance(node, yaml.ScalarNode):
            if node.tag in _NUMBERS and len(node.value) > MAX_DIGITS:
                raise Unreadable(line, f"a number has over {MAX_DIGITS} characters")
            sizes[id(node)] = 1
            continue
        open_.add(id(node))
        stack.append((node, True))
        stack += [(child, False) for child in _children(node)]


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for pair in node.value:
            yield from pair
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def nodes(root: yaml.Node | None) -> Iterator[tuple[Path, yaml.Node]]:
    """Every value of a file once, with the path at which it is met first."""
    stack: list[tuple[Path, yaml.Node]] = [((), root)] if root is not None else []
    seen: set[int] = set()
    while stack:
        path, node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield path, node
        if isinstance(node, yaml.MappingNode):
            stack += [((*path, _name(key)), value) for key, value in reversed(node.value)]
        elif isinstance(node, yaml.SequenceNode):
            stack += [((*path, i), child) for i, child in reversed(list(enumerate(node.value)))]


def _name(key: yaml.Node) -> str:
    return str(key.value) if isinstance(key, yaml.ScalarNode) else "?"


def _repeated_keys(root: yaml.Node | None) -> Iterator[Finding]:
    """NNI03: PyYAML takes the last of two, and says nothing."""
    for path, node in nodes(root):
        seen: dict[tuple[str, str], int] = {}
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else []:
            if not isinstance(key, yaml.ScalarNode) or key.tag == f"{_TAG}merge":
                continue
            line = key.start_mark.line + 1
            name = (key.tag, key.value)
            if name in seen:
                message = f"is given on line {seen[name]} already: the last one wins"
                yield found("NNI03", dotted((*path, key.value)), line, message, "keep one")
            seen[name] = line
