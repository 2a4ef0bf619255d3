"""A node tree and the schema → the values that FrameworkController gets, and what is wrong.

Follows the decoder of gopkg.in/yaml.v2 v2.2.8 (decode.go) into the structs of FrameworkController's
config.go, with its quirks: a repeated mapping adds to the first, `NULL` is zero where `null` is
the default, a float is cut off for an int, a merge key overrides what stands before it.
"""

from __future__ import annotations

import functools
import math
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from fcgitops.core.findings import Finding, Path
from fcgitops.core.findings import dotted as text
from fcgitops.core.lazy import regex
from fcgitops.fcconfig import goyaml, schema
from fcgitops.fcconfig.findings import found
from fcgitops.fcconfig.goyaml import Document, GoError, Node
from fcgitops.fcconfig.schema import Schema
from fcgitops.text.values import did_you_mean

MAX_VALUES = 60_000
"""Values read, those of aliases each time: a bound on the time to judge."""
MAX_ENTRY = 5000
"""Values in one entry of podFailureSpec, for the same reason; they have some twenty."""
MAX_FAULTS = 1000
"""Nobody reads more of them, and each takes its time."""


class _Broken(Exception):
    """The value has been reported and has no meaning."""


class _TooMuchError(Exception):
    """There is more in the file than is judged."""


@dataclass
class Decoded:
    """What FrameworkController would get, as far as it can be read."""

    value: dict[str, Any] = field(default_factory=dict)
    lines: dict[Path, int] = field(default_factory=dict)
    """Path of a value → the line where it stands."""
    broken: set[Path] = field(default_factory=set)
    """Paths of what has been reported already."""
    sizes: list[int] = field(default_factory=list)
    """Values in each entry of podFailureSpec."""
    regexes: list[tuple[Path, int, str]] = field(default_factory=list)
    """Path, line and text of all, also of those that a repeated key replaces: Go compiles them."""
    findings: list[Finding] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """The line of the value at `path`, or of the nearest that holds it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


@functools.lru_cache(maxsize=16)
def read(data: bytes) -> tuple[Document, Decoded]:
    """A whole file; not to be changed by its reader.

    Raises:
        GoError: it cannot be read at all.
    """
    return _in_parts(data) or _whole(data)


def _whole(data: bytes) -> tuple[Document, Decoded]:
    document = goyaml.parse(data)
    decoded = decode(document.root)
    decoded.findings[:0] = islice(_repeated_keys(document.root), MAX_FAULTS)
    return document, decoded


_CONTAINERS = ("mapping", "sequence")


def _repeated_keys(root: Node | None) -> Iterator[Finding]:
    stack = [("", root)] if root else []
    while stack:
        place, node = stack.pop()
        seen: dict[str, int] = {}
        pairs = node.pairs if node.kind == "mapping" else []
        for key, value in pairs:
            read = key.resolved
            name = read.value if read.kind == "scalar" else "?"
            repeated = name in seen and read.kind == "scalar"
            if repeated or value.kind in _CONTAINERS or key.kind in _CONTAINERS:
                path = f"{place}.{name}" if place else name
                stack += [(path, child) for child in (value, key) if child.kind in _CONTAINERS]
            if repeated:
                message = f"is given on line {seen[name]} already: the last one wins"
                yield found("FCC03", path, key.line, message, "keep one of the two")
            seen[name] = key.line
        if node.kind == "sequence":
            found_in = enumerate(node.children)
            stack += [
                (f"{place}[{i}]", child) for i, child in found_in if child.kind in _CONTAINERS
            ]


_LIST = b"podFailureSpec:"
_SIMPLE = regex(
    rb"(?P<head>(?:[ \t]*(?:#[^\n]*)?\n"
    rb"|[A-Za-z]+: [A-Za-z0-9.][\w.:/-]*[ \t]*(?:[ \t]#[^\n]*)?\n)*)"
    rb"(?P<list>podFailureSpec:[ \t]*(?:#[^\n]*)?\n(?:(?:-? [^\n]*|#[^\n]*)?\n)*)"
)
"""Settings, one a line, and then the list: most of the files of a fleet, which share the list."""
_PARTED = 1 << 16
"""Bytes of the largest file that is read in parts: far below every bound here and in `goyaml`."""


def _in_parts(data: bytes) -> tuple[Document, Decoded] | None:
    """The same of a file whose list has been read before, in the time that its settings take.

    None where the file has another form, or anything is wrong with it.
    """
    found = _SIMPLE.fullmatch(data) if len(data) <= _PARTED else None
    if found is None or _LIST in found["head"]:
        return None
    try:
        head, own = _whole(found["head"])
        tail, others = _list(found["list"], found["head"].count(b"\n"))
    except GoError:
        return None
    if own.findings or others.findings or tail.root is None:
        return None
    if head.root is None:
        return tail, others
    root = replace(head.root, children=[*head.root.children, *tail.root.children])
    lines = others.lines | own.lines
    return Document(root), replace(others, value=own.value | others.value, lines=lines)


@functools.lru_cache(maxsize=16)
def _list(data: bytes, above: int) -> tuple[Document, Decoded]:
    """A file's list, with so many lines above it. Raises as `read`."""
    return _whole(b"\n" * above + data)


def decode(root: Node | None) -> Decoded:
    """Decodes the whole document, and goes on after each mistake."""
    decoder = _Decoder()
    if root is not None:
        try:
            decoder.decode(root)
        except (_TooMuchError, RecursionError) as error:
            what = error.args[0] if isinstance(error, _TooMuchError) else "merges nest too deep"
            message = f"{what}: not judged further"
            decoder.out.findings.append(found("FCC01", "", root.line, message))
    return decoder.out


class _Decoder:
    def __init__(self) -> None:
        self.out = Decoded()
        self._read = 0
        self._inside: set[int] = set()

    def decode(self, root: Node) -> None:
        try:
            value = self._value(root, schema.load(), ())
        except _Broken:
            return
        self.out.value = value or {}

    def _say(self, rule: str, path: Path, node: Node, message: str, hint: str = "") -> None:
        self.out.findings.append(found(rule, text(path), node.line, message, hint))
        if len(self.out.findings) >= MAX_FAULTS:
            raise _TooMuchError(f"has {MAX_FAULTS} faults")

    def _refuse(self, path: Path, node: Node, message: str, hint: str = "") -> _Broken:
        self.out.broken.add(path)
        self._say("FCC12", path, node, message, hint)
        return _Broken()

    def _value(self, node: Node, wanted: Schema, path: Path, old: Any = None) -> Any:  # noqa: ANN401
        """The value of `node` for a field of the schema `wanted`.

        Args:
            node: of the document.
            wanted: the field's schema.
            path: where it stands.
            old: what an earlier key of the same name, or a merge, has given.

        Raises:
            _Broken: it has none, which is reported.
        """
        self._read += 1
        if self._read > MAX_VALUES:
            raise _TooMuchError(f"aliases expand to over {MAX_VALUES} values")
        if not self._inside:  # an alias is where it is used
            self.out.lines[path] = node.line
        if node.target is None:
            return self._own_value(node, wanted, path, old)
        if id(node) in self._inside:
            raise self._refuse(path, node, f"the alias *{node.value} contains itself")
        self._inside.add(id(node))
        try:
            return self._value(node.target, wanted, path, old)
        finally:
            self._inside.discard(id(node))

    def _own_value(self, node: Node, wanted: Schema, path: Path, old: Any) -> Any:  # noqa: ANN401
        kind = schema.kind(wanted)
        if kind == "object" and node.kind == "mapping":
            return self._struct(node, wanted, path, old)
        if kind == "array" and node.kind == "sequence":
            return self._list(node, wanted, path)
        if node.kind != "scalar":
            shown = "a mapping" if node.kind == "mapping" else "a list"
            raise self._refuse(path, node, f"is {shown}", schema.describe(wanted))
        try:
            tag, value = goyaml.resolve(node)
        except GoError as error:
            raise self._refuse(path, node, error.message, schema.describe(wanted)) from error
        if value is None:
            return self._null(node, wanted, path)
        # yaml.v2 asks whether it is null before it asks whether it is quoted.
        if node.value in ("null", "~") and not node.tag and wanted.get("format") == "re2":
            raise self._refuse(path, node, f"is {node.value!r} in quotes", "null without quotes")
        if tag == goyaml.BINARY:
            value = self._binary(node, value, wanted, path)
        return self._scalar(node, value, wanted, path)

    def _binary(self, node: Node, value: bytes, wanted: Schema, path: Path) -> str:
        try:
            return value.decode()
        except UnicodeDecodeError as error:
            if wanted.get("format") == "re2":
                raise self._refuse(path, node, "is !!binary and no UTF-8 text", "text") from error
            if schema.kind(wanted) == "string":
                self._say("FCC13", path, node, "is !!binary and no UTF-8 text", "text")
            return value.decode("latin-1")

    def _null(self, node: Node, wanted: Schema, path: Path) -> Any:  # noqa: ANN401
        """`null` and `~` are the default; yaml.v2 makes its zero of `Null` and `NULL`."""
        kind = schema.kind(wanted)
        zeros: dict[str, Any] = {"integer": 0, "number": 0.0, "boolean": False}
        if node.value in ("Null", "NULL") and not node.tag and kind in zeros:
            self._say("FCC13", path, node, f"{node.value} is read as {zeros[kind]}", "null")
            return zeros[kind]
        if node.value in ("Null", "NULL") and not node.tag and kind == "object":
            return {}  # an empty one, not none
        return None

    def _scalar(self, node: Node, value: Any, wanted: Schema, path: Path) -> Any:  # noqa: ANN401
        kind = schema.kind(wanted)
        numeric = isinstance(value, int | float) and not isinstance(value, bool)
        if kind == "string":
            word = value if node.tag == goyaml.BINARY else node.value
            if wanted.get("format") == "re2":
                self.out.regexes.append((path, node.line, word))
            return word
        if kind == "boolean" and isinstance(value, bool):
            return value
        if kind == "integer" and numeric:
            return self._integer(node, value, wanted, path)
        if kind == "number" and numeric:
            return self._float(node, value, wanted, path)
        quoted = isinstance(value, str) and not node.implicit
        shown = f"is the text {node.value!r}" if quoted else f"is {node.value!r}"
        raise self._refuse(path, node, shown, schema.describe(wanted))

    def _integer(self, node: Node, value: int | float, wanted: Schema, path: Path) -> int:
        bits = int(wanted["format"].removeprefix("int"))
        fits = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
        number = value
        if isinstance(value, float):
            if not value <= 1 << 63:  # NaN too
                beyond = f"{node.value} is beyond {bits} bits"
                message = beyond if math.isfinite(value) else f"is {node.value}"
                raise self._refuse(path, node, message, schema.describe(wanted))
            # What amd64 makes of a float beyond int64.
            number = int(value) if abs(value) < 1 << 63 else -(1 << 63)
        if not fits[0] <= number <= fits[1]:
            message = f"{node.value} is beyond {bits} bits"
            raise self._refuse(path, node, message, schema.describe(wanted))
        if isinstance(value, float) and number != value:
            self._say("FCC13", path, node, f"{node.value} is read as {number}", "a whole number")
        elif isinstance(value, int):
            self._form(node, int(number), path)
        return int(number)

    def _form(self, node: Node, number: int, path: Path) -> None:
        digits = node.value.lstrip("+-").replace("_", "")
        if digits[:2] in ("0o", "0O"):
            message = f"{node.value} is text, and refused, to the Go of the published image"
            self._say("FCC14", path, node, message, str(number))
        elif len(digits) > 1 and digits.isdigit() and digits[0] == "0":
            message = f"{node.value} is octal: FrameworkController reads {number}"
            self._say("FCC14", path, node, message, str(number))

    def _float(self, node: Node, value: float, wanted: Schema, path: Path) -> float:
        if math.isnan(value):
            self._say("FCC13", path, node, "NaN passes FrameworkController's range check",
                      schema.describe(wanted))  # fmt: skip
            raise _Broken
        try:
            number: float = struct.unpack("<f", struct.pack("<f", value))[0]
        except OverflowError:
            number = math.copysign(math.inf, value)
        if math.isinf(number):  # a number that JSON has, and just as far beyond the range
            number = math.copysign(sys.float_info.max, number)
        if isinstance(value, int):
            self._form(node, value, path)
        return number

    def _list(self, node: Node, wanted: Schema, path: Path) -> list[Any]:
        items = schema.follow(wanted["items"])
        values: list[Any] = []
        is_entry = path == (schema.LIST,)
        if is_entry:
            self.out.sizes.clear()
        for index, child in enumerate(node.children):
            before = self._read
            try:
                values.append(self._value(child, items, (*path, index)))
            except _Broken:
                self.out.broken.add((*path, index))
                values.append(None)
            if is_entry:
                self.out.sizes.append(self._read - before)
                if self.out.sizes[-1] > MAX_ENTRY:
                    raise _TooMuchError(f"{text((*path, index))} holds over {MAX_ENTRY} values")
        return values

    def _struct(self, node: Node, wanted: Schema, path: Path, old: Any) -> dict[str, Any]:  # noqa: ANN401
        value: dict[str, Any] = old if isinstance(old, dict) else {}
        written: set[str] = set()
        for key, child in node.pairs:
            if key.is_merge:
                self._merge(child, wanted, path, value, written)
                continue
            name = self._key(key, path)
            if name is not None:
                self._field(name, key, child, wanted, path, value)
                written.add(name)
        return value

    def _key(self, key: Node, path: Path) -> str | None:
        node = key.resolved
        if node.kind != "scalar":
            self._say("FCC12", path, key, "a key is a list or a mapping", "a name")
            return None
        try:
            _, value = goyaml.resolve(node)
        except GoError as error:
            self._say("FCC12", path, key, f"a key {error.message}")
            return None
        if isinstance(value, bytes):
            return value.decode("latin-1")
        return "" if value is None else node.value

    def _field(  # noqa: PLR0913, PLR0917 - one place, one value
        self, name: str, key: Node, child: Node, wanted: Schema, path: Path, value: dict[str, Any]
    ) -> None:
        properties = wanted["properties"]
        here = (*path, name)
        if name not in properties:
            hint = did_you_mean(name[:100], properties)
            self._say("FCC11", here, key, "is no key that FrameworkController reads", hint)
            return
        self.out.lines[here] = child.line
        self.out.broken.discard(here)
        try:
            field_schema = schema.follow(properties[name])
            value[name] = self._value(child, field_schema, here, value.get(name))
        except _Broken:
            value.pop(name, None)
            self.out.broken.add(here)

    def _merge(
        self, node: Node, wanted: Schema, path: Path, value: dict[str, Any], written: set[str]
    ) -> None:
        sources = node.children[::-1] if node.kind == "sequence" else [node]
        if any(source.resolved.kind != "mapping" for source in sources):
            self._say("FCC12", path, node, "a merge key takes a mapping, or a list of them")
            return
        for source in sources:
            for key, _ in source.resolved.pairs:
                name = key.resolved.value
                if name in written and name in wanted["properties"]:
                    message = f"the merged {name} replaces the one above it"
                    self._say("FCC04", path, node, message, "put << first")
            try:
                self._value(source, wanted, path, value)
            except _Broken:
                self.out.broken.add(path)
