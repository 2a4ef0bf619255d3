"""Reads and writes YAML: strict about what a person may have mistyped, and safe to feed anything.

Reading refuses what would silently lose a setting (a repeated key, a second document,
aliases, which a generated file never needs) and what would hurt (files over 1 MiB, deep
nesting: PyYAML's C loader segfaults at 100,000 levels). Writing is deterministic.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import yaml

from fcgitops.core.errors import InputError, Problem, ToolError
from fcgitops.core.lazy import regex
from fcgitops.text import conflicts

MAX_BYTES = 1 << 20
MAX_DEPTH = 50
MAX_RENDERED_DEPTH = 150
"""MAX_DEPTH of what is rendered. A CRD's schema has two levels for each of an object's; what walks
an object takes up to five of Python's 1,000 frames a level."""
MAX_NUMBER = 100
"""Characters of a number; Python itself refuses to write down one of over 4,300 digits."""
MAX_VALUES = 1_000_000
"""Values of a file with its aliases written out: a bound on the time to look at them."""
UNWRITABLE = regex("[\x7f-\x9f\ufffe\uffff]|\\A\t(?=[^\n]*\n)")
"""What kustomize 5.8 makes no YAML of, or YAML of another text: control characters from DEL on, and
a tab before all else where there are several lines. Tried with every control character."""
NULLS = ("null", "Null", "NULL", "~")
"""What stands for no value, unless it is quoted."""
TOO_DEEP = "exceeded maximum nesting depth"
"""What libyaml says at 1,000 levels since PyYAML 6.0.4, before it gives any event of them."""

if TYPE_CHECKING:
    from yaml import SafeDumper as _Dumper
    from yaml import SafeLoader as _SafeLoader
else:  # libyaml's where it is there
    _SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    _Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


_TAG = "tag:yaml.org,2002:"
_STR, _SEQ, _MAP = (f"{_TAG}{kind}" for kind in ("str", "seq", "map"))
_SCALARS = frozenset(f"{_TAG}{kind}" for kind in ("null", "bool", "int", "float", "timestamp"))
_USUAL = {yaml.ScalarNode: _STR, yaml.SequenceNode: _SEQ, yaml.MappingNode: _MAP}
"""The tag of a node that says nothing else, by its kind."""
_TAGS: dict[str, str] = {}
"""The tags of plain scalars, which PyYAML finds by regular expressions, each time anew."""
_MOST_TAGS, _LONGEST = 10_000, 100
"""Bounds on what is kept: scalars, and characters of one."""


class _Resolver(yaml.resolver.Resolver):
    """PyYAML's, but the tag of a plain scalar is found once."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:  # noqa: ANN401 - as PyYAML has it
        """The tag of a node that states none."""
        if kind is not yaml.ScalarNode or not implicit[0]:
            return _USUAL[kind]
        if (tag := _TAGS.get(value)) is None:
            tag = super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]
            if len(value) <= _LONGEST:
                if len(_TAGS) >= _MOST_TAGS:
                    _TAGS.clear()
                _TAGS[value] = tag
        return tag

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:  # noqa: ANN401
        """Nothing depends on a node's path."""

    def ascend_resolver(self) -> None:
        """See `descend_resolver`."""


class _Rare(Exception):
    """A node that only PyYAML's own way makes a value of."""


class Loader(_Resolver, _SafeLoader):
    """PyYAML's, but plain scalars are what Go's readers take them for, as far as it matters.

    The values `=` and `<<`, which kustomize prints plain, are text. So is 1:30, a number to the
    base of 60 in YAML 1.1 only, of which PyYAML needs a time that grows with the square of its
    length. No number is longer than any that somebody means.

    Attributes:
        plain: whether no document had an alias, a rare tag or more levels than MAX_RENDERED_DEPTH.
    """

    plain = True

    def sign(self, node: yaml.ScalarNode) -> Any:  # noqa: ANN401 - as PyYAML declares it
        """The text of a sign of YAML 1.1's own."""
        return self.construct_yaml_str(node)

    def number(self, node: yaml.ScalarNode) -> Any:  # noqa: ANN401 - int, float or str
        """The value of a scalar that PyYAML takes for a number."""
        text = self.construct_scalar(node)
        if ":" in text:
            return text
        if len(text) > MAX_NUMBER:
            what = f"a number has {len(text)} characters"
            raise yaml.constructor.ConstructorError(None, None, what, node.start_mark)
        whole = node.tag.endswith(":int")
        return self._read(self.construct_yaml_int if whole else self.construct_yaml_float, node)

    def date(self, node: yaml.ScalarNode) -> Any:  # noqa: ANN401 - a date or a datetime
        """The value of a scalar that PyYAML takes for a date."""
        return self._read(self.construct_yaml_timestamp, node)

    def _read(self, construct: Callable[[yaml.ScalarNode], Any], node: yaml.ScalarNode) -> Any:  # noqa: ANN401
        """What PyYAML makes of a scalar; its own error has no line."""
        try:
            return construct(node)
        except ValueError as error:
            mark = node.start_mark
            raise yaml.constructor.ConstructorError(None, None, str(error), mark) from error

    def construct_document(self, node: yaml.Node) -> Any:  # noqa: ANN401 - a YAML document is any value
        """The value of a document.

        Most hold mappings with text as keys, lists and scalars, each at one place. PyYAML's own
        way, which knows all else, takes three times as long.
        """
        try:
            return self._plain(node, set(), 0)
        except _Rare:
            self.plain = False
            return super().construct_document(node)

    def _plain(self, node: yaml.Node, met: set[int], depth: int) -> Any:  # noqa: ANN401 - any value
        """The value of a node. Raises _Rare; `met` are the collections so far."""
        tag, value = node.tag, node.value
        if type(node) is yaml.ScalarNode:
            if tag == _STR:
                return value
            if tag in _SCALARS:
                return self.yaml_constructors[tag](self, node)
            raise _Rare
        if id(node) in met or depth == MAX_RENDERED_DEPTH:  # an alias: one value at two places
            raise _Rare
        met.add(id(node))
        if tag == _SEQ and type(node) is yaml.SequenceNode:
            return [self._plain(item, met, depth + 1) for item in value]
        if tag != _MAP or type(node) is not yaml.MappingNode:
            raise _Rare
        found = {}
        for key, item in value:
            if key.tag != _STR or type(key) is not yaml.ScalarNode:
                raise _Rare
            found[key.value] = self._plain(item, met, depth + 1)
        return found


for _tag in ("tag:yaml.org,2002:value", "tag:yaml.org,2002:merge"):
    Loader.add_constructor(_tag, Loader.sign)
for _tag in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float"):
    Loader.add_constructor(_tag, Loader.number)
Loader.add_constructor("tag:yaml.org,2002:timestamp", Loader.date)


class _RenderedLoader(Loader):
    """Loader for what is rendered: dates are text, as Kubernetes reads them."""


_RenderedLoader.add_constructor("tag:yaml.org,2002:timestamp", Loader.sign)


def load(data: bytes, where: str) -> Any:  # noqa: ANN401 - a YAML document is any value
    """The one document in `data`, as dict, list, str, int, float, bool or None.

    Args:
        data: UTF-8 text, at most 1 MiB.
        where: the file, for messages.

    Raises:
        InputError: with every repeated key, or the first syntax error, and its line.
    """
    return construct(compose(data, where), where)


def construct(node: yaml.Node | None, where: str) -> Any:  # noqa: ANN401 - a YAML document is any value
    """The value of what `compose` gave; None of nothing. Raises as `load` does."""
    if node is None:
        return None
    problems = _refused_keys(node, where)
    if problems:
        raise InputError(problems)
    try:
        return Loader("").construct_document(node)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{where}:{mark.line + 1}" if mark else where
        raise InputError(Problem(place, f"is not valid YAML: {_first_line(error)}")) from error
    except (LookupError, AttributeError) as error:  # PyYAML's constructors take a tag's word
        what = "is not valid YAML: a value is not what its tag says"
        raise InputError(Problem(where, what)) from error


def load_all(rendered: bytes, where: str = "") -> list[Any]:
    """Every document of what kustomize printed.

    Raises:
        ToolError: it is no YAML, so it is not kustomize that printed it; or it is far too much.
    """
    documents = []
    try:
        loader = _RenderedLoader(rendered)
        try:
            while loader.check_data():  # type: ignore[no-untyped-call]
                documents.append(loader.get_data())
        finally:
            loader.dispose()
        if not loader.plain:
            _refuse_too_much(documents)
            _refuse_too_deep(documents)
        return documents
    except (yaml.YAMLError, ValueError, RecursionError, LookupError, AttributeError) as error:
        raise ToolError(
            Problem(where, f"kustomize did not print YAML: {_first_line(error)}")
        ) from error


def _refuse_too_deep(documents: Sequence[Any]) -> None:
    """Raises YAMLError where values nest too deep for whoever walks them."""
    level: list[Any] = [documents]
    for _ in range(MAX_RENDERED_DEPTH + 1):
        parts = (part for v in level for part in (v.values() if isinstance(v, dict) else v))
        level = [part for part in parts if isinstance(part, dict | list)]
    if level:
        raise yaml.YAMLError(f"nests over {MAX_RENDERED_DEPTH} levels deep")


def _refuse_too_much(documents: Sequence[Any]) -> None:
    """Raises YAMLError where aliases stand for more values than anybody could look at."""
    if _count(documents, {}) > MAX_VALUES:
        raise yaml.YAMLError(f"with its aliases written out it has over {MAX_VALUES} values")


def _count(value: Any, known: dict[int, int]) -> int:  # noqa: ANN401 - values, or nodes of them
    """How many there are, those of an alias each time; too many where one holds itself."""
    parts = value.value if isinstance(value, yaml.Node) else value
    if isinstance(parts, dict):
        parts = [*parts, *parts.values()]
    if not isinstance(parts, list | tuple):
        return 1
    if id(value) not in known:
        known[id(value)] = MAX_VALUES  # until it is known
        known[id(value)] = 1 + sum(_count(part, known) for part in parts)
    return known[id(value)]


def decoded(data: bytes, where: str) -> str:
    """The text of a YAML file, without a byte order mark.

    Raises:
        InputError: it is no UTF-8, or has over 1 MiB.
    """
    if len(data) > MAX_BYTES:
        raise InputError(Problem(where, f"has {len(data)} bytes", f"at most {MAX_BYTES}"))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line_number = data.count(b"\n", 0, error.start) + 1
        raise InputError(Problem(f"{where}:{line_number}", "is not UTF-8 text")) from error


def compose(data: bytes, where: str) -> yaml.Node | None:
    """The node graph of `data`, with each node's place in the text. Raises as `load` does."""
    text = decoded(data, where)
    if first := conflicts.line(data):
        raise InputError(Problem(f"{where}:{first}", conflicts.WHAT, conflicts.HINT))
    try:
        if _may_be_odd(text):
            _check_events(text, where)
        return yaml.compose(text, Loader=Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        if getattr(error, "problem", None) == TOO_DEEP:
            what = f"nests over {MAX_DEPTH} levels deep"
            raise InputError(Problem(f"{where}{line}", what)) from error
        raise InputError(
            Problem(f"{where}{line}", f"is not valid YAML: {_first_line(error)}")
        ) from error


def compose_first(data: bytes, where: str) -> tuple[yaml.Node | None, int]:
    """The first document of a file of which others are not read, as kustomize reads its own.

    Returns:
        Its node graph, and the line of a second document that holds something, 0 without one.

    Raises:
        InputError: as `compose` does, where there is but one document.
    """
    try:
        return compose(data, where), 0
    except InputError:
        documents = compose_all(decoded(data, where), where)
        if len(documents) < 2:
            raise
        more = further(documents)
        return documents[0], more[0].start_mark.line + 1 if more else 0


def further(documents: Sequence[yaml.Node]) -> list[yaml.Node]:
    """The documents of a file after its first one; an empty one, after a last ---, is none."""
    return [node for node in documents[1:] if node.value]


def compose_all(text: str, where: str = "") -> list[yaml.Node]:
    """The node graph of every document in a text, which may be anything a user wrote.

    Aliases are followed: a node may be met again.

    Raises:
        InputError: it is no YAML, or far too big or too deep.
    """
    if len(text) > MAX_BYTES:
        raise InputError(Problem(where, f"has over {MAX_BYTES} characters"))
    if "<<<<<<< " in text and (first := conflicts.line(text.encode())):
        raise InputError(Problem(f"{where}:{first}", conflicts.WHAT, conflicts.HINT))
    try:
        if sum(map(text.count, "[{:-?")) > MAX_DEPTH:
            _check_depth(text, where)
        nodes = list(yaml.compose_all(text, Loader=Loader))
        if "&" in text and "*" in text:
            _refuse_too_much(nodes)
        return nodes
    except (yaml.YAMLError, RecursionError) as error:
        raise InputError(Problem(where, f"is not valid YAML: {_first_line(error)}")) from error


def spans(text: str) -> list[tuple[int, int]]:
    """Where the values that are text, numbers and the like stand, in order; nothing in no YAML.

    That of a block begins below its `|`, behind which a comment may stand.
    """
    found = []
    try:
        for token in yaml.scan(text, Loader=Loader):
            if isinstance(token, yaml.ScalarToken):
                start, end = token.start_mark.index, token.end_mark.index
                if token.style in ("|", ">"):
                    start = text.find("\n", start)
                found.append((start, end))
    except yaml.YAMLError:
        return []
    return found


def _check_depth(text: str, where: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=Loader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise InputError(Problem(where, f"nests over {MAX_DEPTH} levels deep"))


def _may_be_odd(text: str) -> bool:
    """Whether `text` may hold an alias, a second document or deep nesting; small files do not.

    Each level of nesting takes one of the characters counted here, so few of them prove that
    there is none, at a tenth of the cost of looking at every event.
    """
    levels = sum(map(text.count, "[{:-?"))
    return levels > MAX_DEPTH or "*" in text or "---" in text or "..." in text


def _check_events(text: str, where: str) -> None:
    depth = documents = 0
    for event in yaml.parse(text, Loader=Loader):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise InputError(Problem(f"{where}:{line}", f"nests over {MAX_DEPTH} levels deep"))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            raise InputError(
                Problem(f"{where}:{line}", f"has an alias, *{event.anchor}", "write the value out")
            )
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise InputError(
                    Problem(f"{where}:{line}", "holds a second document", "one document a file")
                )


def _refused_keys(node: yaml.Node, where: str) -> list[Problem]:
    return [
        Problem(f"{where}:{line}", f"repeats the key '{name}'", KEEP_ONE)
        if name  # PyYAML's two emitters write an empty one differently, too
        else Problem(f"{where}:{line}", "a key is not a plain name")
        for name, line in _odd_keys(node)
    ]


KEEP_ONE = "keep one of the two"
"""What is to be done about a key that is given twice."""


def repeated_keys(node: yaml.Node) -> list[tuple[str, int]]:
    """The keys that a mapping of a node graph has had already, each with its line.

    What Go reads of such a text depends on the reader: the first one, the last one, or nothing.
    """
    return [(name, line) for name, line in _odd_keys(node) if name]


def _odd_keys(node: yaml.Node) -> list[tuple[str, int]]:
    """The repeated keys, and as "" the keys that are no plain names, each with its line."""
    found = []
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if not name or name in seen:
                found.append((name, key.start_mark.line + 1))
            seen.add(name)
            found += _odd_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            found += _odd_keys(item)
    return found


def _first_line(error: Exception) -> str:
    return getattr(error, "problem", None) or str(error).partition("\n")[0]


class _HouseDumper(_Resolver, _Dumper):
    """Block style, lists not indented, strings with several lines as literal blocks."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True

    def represent_data(self, data: Any) -> yaml.Node:  # noqa: ANN401 - any value
        """The node of a value: as PyYAML's, which looks for references, and styles, at each."""
        flow = self.default_flow_style
        if type(data) is str:
            return _text(data)
        if type(data) is dict:
            pairs = [(self.represent_data(k), self.represent_data(v)) for k, v in data.items()]
            return yaml.MappingNode(_MAP, pairs, flow_style=flow)
        if type(data) is list:
            return yaml.SequenceNode(_SEQ, list(map(self.represent_data, data)), flow_style=flow)
        return super().represent_data(data)


NO_TEXT = regex(
    r"""[-+]? ( 0x[0-9a-f]+ | 0o[0-7]+ | 0b[01]+ | ( [0-9]+\.?[0-9]* | \.[0-9]+ ) (e[-+]?[0-9]+)? )
      | [-+]? \.(inf|nan) | ~ | null | true | false | yes | no | on | off | y | n
      | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2} ([t\ ].*)?""",
    re.IGNORECASE | re.VERBOSE,
)
"""What plain, without its underscores, is no text to YAML 1.1, YAML 1.2 or Go's readers.

PyYAML quotes what is none to itself. https://yaml.org/spec/1.2.2/#1032-tag-resolution;
https://github.com/go-yaml/yaml/blob/v2/resolve.go, which kustomize and Kubernetes use.
"""


def _text(text: str) -> yaml.ScalarNode:
    """The node of a string."""
    style = "|" if "\n" in text else "'" if NO_TEXT.fullmatch(text.replace("_", "")) else None
    return yaml.ScalarNode(_STR, text, style=style)


_WIDTH = 1 << 30
"""No line is folded."""


def dump(value: object) -> str:
    """`value` as YAML in block style, keys in the order given, ending with a newline."""
    return _written(value, flow=False)


def scalar(value: object) -> str:
    """`value` on one line, as it may stand behind a key or a dash."""
    if isinstance(value, str) and "\n" in value:
        return yaml.safe_dump(value, default_style='"', width=_WIDTH).rstrip("\n")
    return _written(value, flow=True).rstrip("\n")


def _written(value: object, *, flow: bool) -> str:
    text: str = yaml.dump(
        value, Dumper=_HouseDumper, sort_keys=False, default_flow_style=flow, width=_WIDTH
    )
    return text[: -len("...\n")] if text.endswith("\n...\n") else text
