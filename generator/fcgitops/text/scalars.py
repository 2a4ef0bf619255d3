"""Plain YAML scalars that may be read as something else than what was meant.

Where a text must stand, `yes` is a truth value and `1.10` the number 1.1. Elsewhere `010` is 8
to YAML 1.1 and 10 to YAML 1.2; `1e3` is text to PyYAML and a number to Go.
"""

from __future__ import annotations

import re
from collections.abc import Collection

import yaml

from fcgitops.core.errors import Problem
from fcgitops.core.lazy import regex
from fcgitops.text import yamlio

_OTHERS = (":int", ":float", ":bool", ":timestamp")
"""Tags of what a person may have meant as text; `null` is not among them."""
_PLAIN_NUMBER = regex(
    r"[-+]?(0|[1-9][0-9]*) | 0x[0-9a-fA-F]+ | [-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+][0-9]+)?"
    r" | [-+]?\.(inf|Inf|INF) | \.(nan|NaN|NAN)",
    re.VERBOSE,
)
"""A number that YAML 1.1, YAML 1.2 and Go's readers take for the same one."""


def take_as_text(node: yaml.Node | None, path: tuple[str | None, ...]) -> None:
    """Makes a plain number, truth value or date text, as it is written, where a name is meant.

    Args:
        node: what `compose` gave.
        path: the keys that lead there; None stands for each key of a mapping or item of a list.
    """
    if isinstance(node, yaml.MappingNode) and path:
        for key, value in node.value:
            if path[0] in (None, key.value):
                take_as_text(value, path[1:])
    elif isinstance(node, yaml.SequenceNode) and path and path[0] is None:
        for item in node.value:
            take_as_text(item, path[1:])
    elif isinstance(node, yaml.ScalarNode) and not path and node.tag.endswith(_OTHERS):
        node.tag = "tag:yaml.org,2002:str"


def misread(  # noqa: PLR0913 - all but two have a default
    node: yaml.Node | None,
    where: str,
    *,
    texts: Collection[str] = (),
    shared: Collection[str] = (),
    but: Collection[str] = (),
    at: str = "",
) -> list[Problem]:
    """A problem for each plain scalar that is read as something else than what was meant.

    Args:
        node: what `yamlio.compose` gave. What must be text is text in it afterwards, as it was
            written: no check of its value tells the same once more.
        where: the file, for messages.
        texts: key paths where a text must stand; PATH.* is each entry there, PATH[] each item.
        shared: key paths whose text another program reads from the same file.
        but: key paths whose values have rules of their own.
        at: the key path where `node` stands.
    """
    search = _Search(where, texts, shared, but)
    if node is not None:
        search.look_at(node, at)
    return search.problems


class _Search:
    """A walk through the nodes of a file. Arguments as those of `misread`."""

    def __init__(
        self, where: str, texts: Collection[str], shared: Collection[str], but: Collection[str]
    ) -> None:
        self.problems: list[Problem] = []
        self._where, self._texts, self._shared, self._but = where, texts, shared, but
        # "" or "[]", of an item → what the paths begin with whose entries, or items, are texts.
        self._entries = {
            item: tuple(p.removesuffix(f"*{item}") for p in texts if p.endswith(f".*{item}"))
            for item in ("", "[]")
        }

    def look_at(self, node: yaml.Node, path: str, item: str = "") -> None:
        """Notes what is misread in a node.

        Args:
            node: any.
            path: the keys that lead to it.
            item: "[]" of an item of a list that stands at `path`.
        """
        if path in self._but:
            return
        is_text = f"{path}{item}" in self._texts or path.startswith(self._entries[item])
        if isinstance(node, yaml.MappingNode):
            if not is_text:  # else it is none at all, as its check says
                self._look_at_entries(node, path)
        elif isinstance(node, yaml.SequenceNode):
            for entry in node.value:
                self.look_at(entry, path, "[]" if isinstance(entry, yaml.ScalarNode) else "")
        elif isinstance(node, yaml.ScalarNode) and not node.style:
            if is_text and _is_other(node):
                self._must_be_text(node, path, node.value)
            elif problem := _number(node) or (_text(node) if path in self._shared else None):
                place = f"{self._where}:{node.start_mark.line + 1}"
                self.problems.append(Problem(place, f"{node.value} {problem[0]}", problem[1]))

    def _look_at_entries(self, node: yaml.MappingNode, path: str) -> None:
        names_are_texts = any(f"{path}." in prefixes for prefixes in self._entries.values())
        for key, value in node.value:
            if names_are_texts and _is_other(key):
                self._must_be_text(key, path, f"the key {key.value}")
            self.look_at(value, f"{path}.{key.value}" if path else str(key.value))

    def _must_be_text(self, node: yaml.ScalarNode, path: str, what: str) -> None:
        place = f"{self._where}:{node.start_mark.line + 1}: {path}"
        reads = f"{what} is read as {_kind(node)}, and must be text"
        self.problems.append(Problem(place, reads, f"quote it: {yamlio.scalar(node.value)}"))
        node.tag = "tag:yaml.org,2002:str"


def _is_other(node: yaml.Node) -> bool:
    """Whether it is read as what a person may have meant as text. 1:30 is text."""
    if not isinstance(node, yaml.ScalarNode) or node.style or not node.tag.endswith(_OTHERS):
        return False
    return node.tag.endswith(":timestamp") or ":" not in node.value


def _kind(node: yaml.ScalarNode) -> str:
    """What a number, a truth value or a date is read as, where that is not how it is written."""
    if node.tag.endswith(":timestamp"):
        return "a date"
    meaning = _meaning(node)
    if node.tag.endswith(":bool"):
        return "a truth value" if meaning == node.value else meaning
    return "a number" if meaning == node.value else f"the number {meaning}"


def _meaning(node: yaml.ScalarNode) -> str:
    """What a scalar is read as, as one would write it; as it is written where it is nothing."""
    try:
        return yamlio.scalar(yamlio.Loader("").construct_document(node))
    except (yaml.YAMLError, ValueError):
        return str(node.value)


def _number(node: yaml.ScalarNode) -> tuple[str, str] | None:
    """What is wrong with a number that others take for another one, and what would be right."""
    is_number = node.tag.endswith((":int", ":float")) and ":" not in node.value
    if not is_number or _PLAIN_NUMBER.fullmatch(node.value):
        return None
    value = _meaning(node)
    return f"is {value} to some readers of YAML, and not to others", f"{value}, or quote it as text"


def _text(node: yaml.ScalarNode) -> tuple[str, str] | None:
    """What is wrong with a text that others take for a number or a truth value, and the mending."""
    if node.tag.endswith(":str") and yamlio.NO_TEXT.fullmatch(node.value.replace("_", "")):
        return "is text to some readers of YAML, and not to others", "quote it"
    return None
