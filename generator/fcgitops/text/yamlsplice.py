"""Writes a merge of YAML into the user's text, by splices: all else stays as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml

from fcgitops.core.errors import InputError
from fcgitops.text import sameness, yamlio
from fcgitops.text.yamlmerge import (
    ConflictError,
    Joined,
    Kept,
    Merge,
    MergeText,
    Mixed,
    Part,
    Taken,
    Three,
    value,
)  # fmt: skip
from fcgitops.text.yamltree import Entry, UnknownFormError, Version


@dataclass(frozen=True)
class Outcome:
    """What a merge by structure comes to.

    Attributes:
        documents: the values; None for a conflict.
        text: the user's with them; None where it cannot be written so.
    """

    documents: list[Any] | None
    text: bytes | None = None


def merge(base: bytes, ours: bytes, theirs: bytes, merge_text: MergeText) -> Outcome | None:
    """The three-way merge of YAML files by their keys and items.

    Args:
        base: what both sides started from.
        ours: the user's.
        theirs: the new one.
        merge_text: merges texts of several lines.

    Returns:
        None where one of them is no YAML, or has a form of it that this does not know.
    """
    try:
        versions = Three(Version(base), Version(ours), Version(theirs))
        tree = Merge(versions, merge_text).tree()
        wanted = value(tree)
    except (InputError, UnknownFormError, RecursionError):
        return None
    except ConflictError:
        return Outcome(None)
    try:
        text = _Writer(versions).file(tree)
    except (UnknownFormError, InputError):
        return Outcome(wanted)
    data = text.encode()
    own = sameness.comments(versions.ours.text) - sameness.comments(versions.base.text)
    kept = own <= sameness.comments(text)
    return Outcome(wanted, data if kept and sameness.has(data, wanted) else None)


class _Writer:
    """Collects splices of ours' text."""

    def __init__(self, versions: Three[Version]) -> None:
        self._versions = versions
        self._known = sameness.comments(versions.base.text)
        self._ours, self._theirs = versions.ours, versions.theirs
        self._edits: list[tuple[int, int, str]] = []

    def file(self, tree: Mixed) -> str:
        """The whole text.

        Raises:
            UnknownFormError: it cannot be written by splices.
        """
        text = self._ours.text
        kept = {part.ours.start for part in tree.parts if part.ours}
        for entry in self._ours.documents:
            if entry.start not in kept:
                self._edit(entry.start, min(entry.end + 1, len(text)), "")
        for part in tree.parts:
            if part.ours:
                self._part(part)
        new = [part.theirs for part in tree.parts if part.theirs and not part.ours]
        for entry in new:
            body = self._theirs.text[entry.start : entry.end]
            start = "" if body.startswith("---") else "---\n"
            newline = "" if text.endswith("\n") else "\n"
            self._edit(len(text), len(text), f"{newline}{start}{body}\n")
        return self._applied(0, len(text))

    def _edit(self, start: int, end: int, text: str) -> None:
        if "\r\n" in self._ours.text:
            text = re.sub(r"\r?\n", "\r\n", text)
        self._edits.append((start, end, text))

    def _applied(self, start: int, end: int) -> str:
        """A piece of the text with the splices in it."""
        parts, at = [], start
        for first, last, text in sorted(self._edits, key=lambda edit: edit[:2]):
            if first < at or last > end:
                raise UnknownFormError
            parts += [self._ours.text[at:first], text]
            at = last
        return "".join([*parts, self._ours.text[at:end]])

    def _part(self, part: Part) -> None:
        """Changes an entry that ours has already."""
        tree, ours, theirs = part.tree, part.ours, part.theirs
        assert ours  # noqa: S101 - it is asked of such entries alone
        if theirs and part.takes_lead and self._ours.owns_line(ours):
            column = self._ours.column(ours)
            self._edit(ours.lead, self._ours.line_of(ours), self._lead(theirs, column))
        if isinstance(tree, Mixed):
            self._mixed(tree)
        elif isinstance(tree, Joined):
            self._join(tree, ours)
        elif isinstance(tree, Taken) and theirs:
            self._take(ours, theirs)

    def _take(self, ours: Entry, theirs: Entry) -> None:
        """Exchanges a value: a scalar by itself, anything else with its key or dash."""
        old, new = ours.value, theirs.value
        if isinstance(old, yaml.ScalarNode) and _is_line(old) and _is_line(new):
            token = self._theirs.text[new.start_mark.index : new.end_mark.index] or "null"
            if old.style:
                token = _quoted(yamlio.construct(new, ""), old.style) or token
            gap = "" if old.end_mark.index > old.start_mark.index else " "
            self._edit(old.start_mark.index, old.end_mark.index, gap + token)
        else:
            column = self._ours.column(ours)
            self._edit(ours.start, ours.end, self._body(theirs, column))

    def _join(self, tree: Joined, ours: Entry) -> None:
        """Exchanges a text of several lines."""
        if ours.key is None:
            raise UnknownFormError
        column = self._ours.column(ours)
        dumped = yamlio.dump({yamlio.construct(ours.key, ""): tree.text})
        self._edit(ours.start, ours.end, _indented(dumped.removesuffix("\n"), column))

    def _mixed(self, tree: Mixed) -> None:
        """Changes the entries of a collection."""
        node = tree.node
        assert node is not None  # noqa: S101 - only the file has none
        there = self._ours.entries(node)
        kept = [part.ours.start for part in tree.parts if part.ours]
        whole = len(kept) == len(there) == len(tree.parts)
        if node.flow_style:
            simple = all(
                isinstance(part.tree, Kept | Mixed) or _is_simple(part) for part in tree.parts
            )
            if whole and simple and kept == sorted(kept):
                for part in tree.parts:
                    self._part(part)
            else:
                written = yamlio.scalar(value(tree))
                self._edit(node.start_mark.index, node.end_mark.index, written)
        elif kept != sorted(kept):
            self._reordered(tree, there)
        elif not kept:
            self._exchanged(tree, there)
        else:
            self._deletions(there, {*kept})
            compact = not self._ours.owns_line(there[0])
            self._entries(tree, self._ours.column(there[0]), compact=compact)

    def _entries(self, tree: Mixed, column: int, *, compact: bool) -> None:
        """The entries that stay, and the new ones, each behind the one before it.

        Args:
            tree: the collection.
            column: where its entries begin.
            compact: whether the first of them stands behind a dash: the new ones go behind it.
        """
        place: int | None = None
        above: list[str] = []
        for part in tree.parts:
            if part.theirs and not part.ours:
                text = self._new(part.theirs, column)
                if place is None:
                    above.append(text)
                else:
                    self._edit(place, place, f"\n{text}")
            elif part.ours:
                self._part(part)
                if place is None and compact:
                    self._edit(part.ours.end, part.ours.end, "".join(f"\n{t}" for t in above))
                elif place is None:
                    line = self._ours.line_of(part.ours)
                    self._edit(line, line, "".join(f"{text}\n" for text in above))
                place = part.ours.end

    def _exchanged(self, tree: Mixed, there: list[Entry]) -> None:
        """Other entries, where none of ours stays."""
        column = self._ours.column(there[0])
        lines = "\n".join(self._new(part.theirs, column) for part in tree.parts if part.theirs)
        empty = "{}" if isinstance(tree.node, yaml.MappingNode) else "[]"
        self._edit(there[0].start, there[-1].end, lines.lstrip() or empty)

    def _reordered(self, tree: Mixed, there: list[Entry]) -> None:
        """The entries in theirs' order, each with the comments above it."""
        column = self._ours.column(there[0])
        pieces = []
        for part in tree.parts:
            if part.ours and self._ours.owns_line(part.ours):
                own = _Writer(self._versions)
                own._part(part)
                pieces.append(own._applied(part.ours.lead, part.ours.end))
            elif part.theirs and not part.ours:
                pieces.append(self._new(part.theirs, column))
            else:
                raise UnknownFormError
        self._edit(there[0].lead, there[-1].end, "\n".join(pieces))

    def _deletions(self, there: list[Entry], kept: set[int]) -> None:
        """Takes away what has gone, with the comments above it that were generated."""
        for number, entry in enumerate(there):
            if entry.start in kept:
                continue
            if not self._ours.owns_line(there[0]) and not any(
                e.start in kept for e in there[:number]
            ):
                if number == 0:  # the first one that stays goes behind the dash
                    stays = next(other for other in there if other.start in kept)
                    self._edit(entry.start, stays.start, "")
                continue
            generated = sameness.comments(self._ours.lead_of(entry)) <= self._known
            line = entry.lead if generated and number else self._ours.line_of(entry)
            self._edit(max(line - 1, 0), entry.end + (line == 0), "")

    def _new(self, entry: Entry, column: int) -> str:
        """An entry of theirs, with the comments above it, as lines of a collection of ours."""
        return f"{self._lead(entry, column)}{' ' * column}{self._body(entry, column)}"

    def _lead(self, entry: Entry, column: int) -> str:
        lines = self._theirs.lead_of(entry).splitlines()
        return "".join(f"{' ' * column}{line.strip()}".rstrip() + "\n" for line in lines)

    def _body(self, entry: Entry, column: int) -> str:
        """The lines of an entry of theirs, to stand at a column."""
        text = self._theirs.text
        body = text[entry.start : entry.end]
        if entry.key is None and not body.startswith("-"):  # of a flow sequence
            body = f"- {body}"
        return _indented(body, column, self._theirs.column(entry))


def _is_simple(part: Part) -> bool:
    """Whether a value can be exchanged where it stands in a flow collection."""
    return bool(part.ours and part.theirs) and all(
        _is_line(entry.value) for entry in (part.ours, part.theirs) if entry
    )


def _is_line(node: yaml.Node) -> bool:
    """Whether a value is a scalar on one line."""
    return (
        isinstance(node, yaml.ScalarNode)
        and node.style not in ("|", ">")
        and node.start_mark.line == node.end_mark.line
    )


def _quoted(text: object, style: str) -> str:
    """A text in quotes of a style; empty for what is none."""
    if not isinstance(text, str):
        return ""
    written: str = yaml.safe_dump(text, default_style=style, width=1 << 30, allow_unicode=True)
    return written.removesuffix("\n")


def _indented(text: str, column: int, old: int = 0) -> str:
    """Lines that stood at a column at another one; the first has no indentation."""
    first, *rest = text.split("\n")
    if column >= old:
        rest = [f"{' ' * (column - old)}{line}" if line.strip() else line for line in rest]
    else:
        rest = [re.sub(rf"^ {{1,{old - column}}}", "", line) for line in rest]
    return "\n".join([first, *rest])
