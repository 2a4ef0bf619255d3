"""A YAML text as entries, each a key's or an item's: what it means, and where it stands."""

from __future__ import annotations

import functools
import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from fcgitops.core.lazy import regex
from fcgitops.text import yamlio
from fcgitops.text.yamledit import end_of, end_with_comments

_MERGE = "tag:yaml.org,2002:merge"
_DASH = regex(r"-[ \t]*\Z")
_START = regex(r"^---(?=\s|\Z)", re.MULTILINE)
_ASIDE = regex(r"[ \t]*(?:#.*)?\r?\n?\Z")
"""A line that is empty, or a comment."""


class UnknownFormError(Exception):
    """A form of YAML that entries are not told of: a merge key, a key that is no scalar."""


class Alias(yaml.ScalarNode):
    """The place of an alias, `*x`; what it stands for is written elsewhere, and not to be edited.

    Args:
        target: what it stands for.
        event: where it stands.
    """

    def __init__(self, target: yaml.Node, event: Any) -> None:  # noqa: ANN401 - of two parsers
        super().__init__(target.tag, "", event.start_mark, event.end_mark)
        self.target = target


@dataclass(frozen=True)
class Scalar:
    """What a scalar means: in Python 1, 1.0 and true are equal."""

    tag: str
    value: Any


@dataclass(frozen=True)
class Entry:
    """A key and its value, an item of a list, or a document.

    Attributes:
        key: None for an item and a document.
        value: what it holds.
        lead: where the comments and empty lines above it begin.
        start: where the key, the dash or the document itself begins.
        end: where its last line ends, with the comments that belong to it.
    """

    key: yaml.Node | None
    value: yaml.Node
    lead: int
    start: int
    end: int


class Version:
    """One version of a YAML file.

    Args:
        data: its bytes.

    Raises:
        InputError: it is no YAML, or repeats a key.
        UnknownFormError: it has a form of YAML that this does not know.
    """

    def __init__(self, data: bytes) -> None:
        self.text = yamlio.decoded(data, "")
        self.roots = yamlio.compose_all(self.text)
        self._seen: dict[int, Hashable] = {}
        self._aliases: dict[tuple[int, int], Alias] = {}
        for root in self.roots:
            if not isinstance(root, yaml.CollectionNode):
                raise UnknownFormError
            yamlio.construct(root, "")
            self._look(root)

    def _look(self, node: yaml.Node) -> None:
        """Refuses what is not known; what each node means is kept."""
        self._seen[id(node)] = None
        if isinstance(node, yaml.MappingNode):
            for number, (key, value) in enumerate(node.value):
                if not isinstance(key, yaml.ScalarNode) or key.tag == _MERGE:
                    raise UnknownFormError
                if id(key) in self._seen:
                    raise UnknownFormError
                self._look(key)
                self._look_at(node, number, value)
        elif isinstance(node, yaml.SequenceNode):
            for number, item in enumerate(node.value):
                self._look_at(node, number, item)
        self._seen[id(node)] = self._frozen(node)

    def _look_at(self, parent: yaml.Node, number: int, node: yaml.Node) -> None:
        """Refuses what is not known in a value; one that is met again stands there as an alias."""
        if id(node) not in self._seen:
            self._look(node)
            return
        if self._seen[id(node)] is None:  # it holds itself
            raise UnknownFormError
        alias = Alias(node, next(self._alias_events))  # nodes are looked at in the text's order
        self._aliases[id(parent), number] = alias
        self._seen[id(alias)] = self._seen[id(node)]

    @functools.cached_property
    def _alias_events(self) -> Iterator[yaml.Event]:
        events = yaml.parse(self.text, Loader=yaml.SafeLoader)
        return (event for event in events if isinstance(event, yaml.AliasEvent))

    def _frozen(self, node: yaml.Node) -> Hashable:
        if isinstance(node, yaml.MappingNode):
            return frozenset((self.means(key), self.means(value)) for key, value in node.value)
        if isinstance(node, yaml.SequenceNode):
            return tuple(map(self.means, node.value))
        is_text = node.tag.endswith(":str")
        return Scalar(node.tag, node.value if is_text else yamlio.construct(node, ""))

    def means(self, node: yaml.Node) -> Hashable:
        """What a node means, whatever its layout: a frozenset of pairs, a tuple, or a Scalar."""
        return self._seen[id(node)]

    @functools.cached_property
    def documents(self) -> list[Entry]:
        """The documents, each from below its `---`.

        Raises:
            UnknownFormError: there is none, or their starts are not found.
        """
        starts = [found.start() for found in _START.finditer(self.text)]
        if len(starts) == len(self.roots) - 1:  # the first one has none
            starts.insert(0, 0)
        if not starts or len(starts) != len(self.roots):
            raise UnknownFormError
        ends = [*(start - 1 for start in starts[1:]), len(self.text.rstrip("\r\n"))]
        return [
            Entry(None, root, start, start, end)
            for root, start, end in zip(self.roots, starts, ends, strict=True)
        ]

    def entries(self, node: yaml.CollectionNode) -> list[Entry]:
        """The entries of a collection, in their order.

        Raises:
            UnknownFormError: it has a tag, or a dash that is not found.
        """
        is_map = isinstance(node, yaml.MappingNode)
        pairs = node.value if is_map else [(None, item) for item in node.value]
        found: list[Entry] = []
        bound = 0
        for number, (key, written) in enumerate(pairs):
            value = self._aliases.get((id(node), number), written)
            if node.flow_style:
                start = key.start_mark.index if key else value.start_mark.index
                found.append(Entry(key, value, start, start, value.end_mark.index))
                continue
            start = key.start_mark.index if key else self._dash(value)
            end = end_of(value)
            end -= self.text[end - 1 : end] == "\n"  # a literal ends with its newline
            end = end_with_comments(
                self.text, end, self._column(found[0].start if found else start)
            )
            end -= self.text[end - 1 : end] == "\r"
            found.append(Entry(key, value, self._lead(start, bound), start, end))
            bound = end
        return found

    def _dash(self, item: yaml.Node) -> int:
        found = _DASH.search(self.text, 0, item.start_mark.index)
        if not found:
            raise UnknownFormError
        return found.start()

    def _lead(self, start: int, bound: int) -> int:
        """Where the comments and empty lines above `start` begin."""
        text = self.text
        line = text.rfind("\n", 0, start) + 1
        if text[line:start].strip():
            return start
        while line > bound:
            above = text.rfind("\n", 0, line - 1) + 1
            if above < bound or not _ASIDE.match(text, above, line):
                break
            line = above
        return line

    def line_of(self, entry: Entry) -> int:
        """Where the line of an entry begins."""
        return self.text.rfind("\n", 0, entry.start) + 1

    def column(self, entry: Entry) -> int:
        """The column of an entry; that of its collection may be an anchor's."""
        return self._column(entry.start)

    def _column(self, index: int) -> int:
        return index - (self.text.rfind("\n", 0, index) + 1)

    def owns_line(self, entry: Entry) -> bool:
        """Whether nothing stands before it in its line, such as the dash of an item."""
        return not self.text[self.line_of(entry) : entry.start].strip()

    def lead_of(self, entry: Entry) -> str:
        """The comments and empty lines above an entry."""
        return self.text[entry.lead : self.line_of(entry)] if self.owns_line(entry) else ""
