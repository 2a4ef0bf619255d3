"""YAML as FrameworkController reads it: gopkg.in/yaml.v2 v2.2.8, its first document only.

yaml.v2 is a translation of libyaml, which PyYAML's C loader is, so the events are the same but
for what is closed here; what a plain scalar means differs from PyYAML and from YAML 1.2, and
is in `resolve`. Source: https://github.com/go-yaml/yaml/tree/v2.2.8 (decode.go, resolve.go).
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from fcgitops.core.lazy import regex
from fcgitops.text import conflicts, yamlio

MAX_BYTES = 1 << 20
"""A ConfigMap holds no more (k8s.io/api/core/v1: MaxSecretSize, which ConfigMap shares)."""
MAX_NODES = 60_000
"""2,500 entries of podFailureSpec have no more values; a bound on the time to judge."""
MAX_DEPTH = 990
"""A bound of our own: libyaml as PyYAML 6.0.4 carries it stops at 1,000, yaml.v2 at 10,000
(max_flow_level and max_indents in scannerc.go)."""

_TAG = "tag:yaml.org,2002:"
STR, BOOL, INT, FLOAT, NULL, TIMESTAMP, BINARY, MERGE = (
    _TAG + name for name in ("str", "bool", "int", "float", "null", "timestamp", "binary", "merge")
)
_RESOLVABLE = {"", STR, BOOL, INT, FLOAT, NULL, TIMESTAMP}

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class GoError(Exception):
    """FrameworkController would panic: what it cannot read, and the line."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


@dataclass(slots=True)
class Node:
    """One value of the file."""

    kind: str
    """scalar, sequence, mapping or alias"""
    line: int
    value: str = ""
    """Of a scalar its text, of an alias the anchor's name."""
    tag: str = ""
    implicit: bool = False
    """Whether a scalar is plain, without a tag."""
    children: list[Node] = field(default_factory=list)
    """A sequence's items; a mapping's keys and values in turn."""
    target: Node | None = None
    """What an alias stands for."""

    @property
    def resolved(self) -> Node:
        """The node itself, or what an alias stands for."""
        return self.target or self

    @property
    def pairs(self) -> list[tuple[Node, Node]]:
        """A mapping's keys and values."""
        return list(zip(self.children[::2], self.children[1::2], strict=True))

    @property
    def is_merge(self) -> bool:
        """Whether this key is `<<`."""
        plain = self.implicit or self.tag == MERGE
        return self.kind == "scalar" and self.value == "<<" and plain


class Document(NamedTuple):
    """The first document of a file."""

    root: Node | None
    """None where the file is empty."""
    ignored: int = 0
    """The line from which on the rest of the file is not read, or 0."""


def parse(data: bytes) -> Document:
    """The first document of `data`, at most 1 MiB.

    Raises:
        GoError: yaml.v2 refuses it, or it is beyond the bounds above.
    """
    if len(data) > MAX_BYTES:
        raise GoError(0, f"has over {MAX_BYTES} bytes, which is all that a ConfigMap holds")
    _refuse_directives(data)
    if _BOM in data[1:]:  # yaml.v2 skips the first one only, libyaml one on each line
        data = data[:1] + data[1:].replace(_BOM, _STAND_INS["\ufeff"].encode())
    for _ in range(_MOST_COLONS):
        try:
            return _parse(data)
        except yaml.YAMLError as error:
            if line := conflicts.line(data):
                raise GoError(line, conflicts.WHAT) from error
            data = _with_colon_as_text(data, error)
        except ValueError as error:  # PyYAML's, for what is no character
            raise GoError(0, f"is not text: {error}") from error
    raise GoError(0, "is not valid YAML: too many ':' before a bracket or a comma")


def _parse(data: bytes) -> Document:
    builder = _Builder()
    next_event = _Loader(data).get_event
    event = next_event()
    while not isinstance(event, yaml.DocumentEndEvent | yaml.StreamEndEvent):
        builder.add(event)
        event = next_event()
    ended = isinstance(event, yaml.DocumentEndEvent)
    return Document(builder.root, _rest(next_event) if ended else 0)


_BOM = "\ufeff".encode()
_STAND_INS = {"\ufeff": "\uf8f0", ":": "\uf8f1"}
"""Characters that are text to yaml.v2 where libyaml takes them for something else."""
_ORIGINALS = str.maketrans({new: old for old, new in _STAND_INS.items()})
_MOST_COLONS = 50


def _with_colon_as_text(data: bytes, error: yaml.YAMLError) -> bytes:
    """`data` without the colon that newer libyaml refuses between brackets: `{a: b:}`.

    Raises:
        GoError: that is not what is wrong.
    """
    mark = getattr(error, "problem_mark", None)
    if mark is None or getattr(error, "problem", None) != "found unexpected ':'":
        raise _syntax(error) from error
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise _syntax(error) from error
    at = mark.index + text.startswith("\ufeff")  # libyaml counts from behind it
    text = text[:at] + _STAND_INS[":"] + text[at + 1 :]
    return text.encode()


def _rest(next_event: Callable[[], Any]) -> int:
    """The line on which something follows the first document, or 0."""
    try:
        event = next_event()
    except yaml.YAMLError as error:
        return _syntax(error).line or 1
    return _line(event) if isinstance(event, yaml.DocumentStartEvent) else 0


def _line(event: Any) -> int:  # noqa: ANN401 - PyYAML's events
    return int(event.start_mark.line) + 1


def _syntax(error: yaml.YAMLError) -> GoError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    text = getattr(error, "problem", None) or str(error).partition("\n")[0]
    if text == yamlio.TOO_DEEP:
        return GoError(mark.line + 1 if mark else 1, f"nests over {MAX_DEPTH} levels deep")
    return GoError(mark.line + 1 if mark else 1, f"is not valid YAML: {text}")


_DIRECTIVE = regex(rb"^%YAML[ \t]+(?!1\.1(?:[ \t\r\n#]|\Z))", re.MULTILINE)


def _refuse_directives(data: bytes) -> None:
    """yaml.v2 knows no version but 1.1; libyaml since 0.2.5 takes 1.2 too."""
    head = re.split(rb"^(?![%#\s])", data.removeprefix(b"\xef\xbb\xbf"), maxsplit=1, flags=re.M)[0]
    if found := _DIRECTIVE.search(head):
        line = head.count(b"\n", 0, found.start()) + 1
        raise GoError(line, "is not valid YAML: a %YAML directive other than 1.1")


class _Builder:
    """Events of one document → its node tree, without recursion."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self._open: list[Node] = []
        self._flow = 0
        self._anchors: dict[str, Node] = {}
        self._count = 0

    def add(self, event: Any) -> None:  # noqa: ANN401 - PyYAML's events
        if isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
            self._flow -= self._flow > 0
            return
        if not isinstance(event, yaml.NodeEvent):
            return
        line = _line(event)
        self._count += 1
        if self._count > MAX_NODES:
            raise GoError(line, f"holds over {MAX_NODES} values: not judged further")
        node = self._node(event, line)
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node
        if isinstance(event, yaml.CollectionStartEvent):
            self._open.append(node)
            self._flow += bool(self._flow or event.flow_style)  # what is in a flow is one
            if len(self._open) > MAX_DEPTH:
                raise GoError(line, f"nests over {MAX_DEPTH} levels deep")

    def _node(self, event: Any, line: int) -> Node:  # noqa: ANN401 - PyYAML's events
        if isinstance(event, yaml.AliasEvent):
            target = self._anchors.get(str(event.anchor))
            if target is None:
                raise GoError(line, f"names the anchor {event.anchor!r}, which is not defined")
            return Node("alias", line, str(event.anchor), target=target)
        if isinstance(event, yaml.ScalarEvent):
            if self._flow and not event.style and "?" in event.value:
                raise GoError(line, "is not valid YAML: a '?' in brackets (quote the text)")
            value = event.value.translate(_ORIGINALS)
            node = Node("scalar", line, value, event.tag or "", event.implicit[0])
        else:
            kind = "mapping" if isinstance(event, yaml.MappingStartEvent) else "sequence"
            node = Node(kind, line, tag=event.tag or "")
        if event.anchor:
            self._anchors[event.anchor] = node
        return node


_WORDS: dict[str, tuple[str, Any]] = {
    **dict.fromkeys(
        ("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), (BOOL, True)
    ),
    **dict.fromkeys(
        ("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), (BOOL, False)
    ),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), (NULL, None)),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), (FLOAT, math.nan)),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), (FLOAT, math.inf)),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), (FLOAT, -math.inf)),
}
_HINTED = frozenset("+-0123456789yYnNtTfFoO~.")
_FLOAT = regex(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_INTEGER = regex(
    r"(?P<sign>[-+]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<bin>[01]+)|0[oO](?P<o>[0-7]+)"
    r"|0(?P<oct>[0-7]+)|(?P<dec>0|[1-9][0-9]*))\Z"
)
_TIMESTAMP = regex(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]| )[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}.*)?\Z"
)


def resolve(node: Node) -> tuple[str, Any]:
    """The tag and the value of a scalar: None, bool, int, float, str or (!!binary) bytes.

    A timestamp is left as text: to every field of the configuration it is the same as text.

    Raises:
        GoError: the value is not what its tag says.
    """
    text, tag = node.value, node.tag
    if not tag and not node.implicit:
        return STR, text
    if tag == BINARY:
        try:
            return BINARY, base64.b64decode(re.sub(r"[\r\n]", "", text), validate=True)
        except (binascii.Error, ValueError) as error:
            raise GoError(node.line, "is tagged !!binary and is not base64") from error
    if tag not in _RESOLVABLE:
        return tag, text
    found, value = (STR, text) if tag == STR else _plain(text)
    if tag in ("", found):
        return found, value
    if tag == FLOAT and found == INT and int(value) < 1 << 63:
        return FLOAT, float(value)
    if tag == TIMESTAMP and _TIMESTAMP.match(text):
        return TIMESTAMP, text
    raise GoError(node.line, f"is {text!r}, not what its tag !!{tag.removeprefix(_TAG)} says")


def _plain(text: str) -> tuple[str, Any]:
    if text and text[0] not in _HINTED:
        return STR, text
    if text in _WORDS:
        return _WORDS[text]
    if text[0] == ".":
        return _float(text) or (STR, text)
    if text[0] not in "+-0123456789":
        return STR, text
    plain = text.replace("_", "")
    number = integer(plain)
    if number is not None:
        return INT, number
    return _float(plain) or (STR, text)


def integer(plain: str) -> int | None:
    """What strconv.ParseInt or ParseUint of base 0 make of `plain`, None where both refuse."""
    found = _INTEGER.match(plain)
    if not found:
        return None
    base, digits = next(
        (base, found[name])
        for name, base in (("dec", 10), ("hex", 16), ("bin", 2), ("o", 8), ("oct", 8))
        if found[name] is not None
    )
    digits = digits.lstrip("0") or "0"
    if len(digits) > 64:  # no number of 64 bits; Python limits how many digits it converts
        return None
    number = int(found["sign"] + digits, base)
    highest = (1 << 63) - 1 if found["sign"] else (1 << 64) - 1
    return number if -(1 << 63) <= number <= highest else None


def _float(text: str) -> tuple[str, float] | None:
    if not _FLOAT.match(text):
        return None
    number = float(text)
    return None if math.isinf(number) else (FLOAT, number)
