"""The three-way merge of YAML by what it says: keys and items, where git's is one of lines.

What each side has changed is taken from it; where both have changed one value, and differently,
there is a conflict. An item of a list is known by its name (or another key that is one), else by
what it says and by where it stands among the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Generic, NamedTuple, TypeVar

import yaml

from fcgitops.text import yamlio
from fcgitops.text.yamltree import Alias, Entry, Scalar, UnknownFormError, Version

T = TypeVar("T")

MergeText = Callable[[str, str, str], str | None]
"""(base, ours, theirs) → one text of several lines with the changes of both; None: a conflict."""

_NAMES = ("name", "id", "path", "key", "code", "mountPath", "containerPort", "port", "repo")
"""What an item of a list is known by: the first of them that is there in all, and in no two the
same."""
_SEQUENCES = {"args", "command", "initContainers", "podFailureSpec", "script", "steps"}
"""The lists in which the order of two additions at one place is for a person to decide."""


class ConflictError(Exception):
    """Both sides have changed the same value."""


@dataclass(frozen=True)
class Kept:
    """A value as it stands in ours."""

    node: yaml.Node


@dataclass(frozen=True)
class Taken:
    """A value as it stands in theirs."""

    node: yaml.Node


@dataclass(frozen=True)
class Joined:
    """A text of several lines with the changes of both."""

    text: str


@dataclass(frozen=True)
class Mixed:
    """A collection of ours with changes of theirs in it.

    Attributes:
        node: as it stands in ours; None for the file, which is a list of documents.
        parts: its entries, in order. Those of ours that are not among them have gone.
    """

    node: yaml.CollectionNode | None
    parts: list[Part]


Tree = Kept | Taken | Joined | Mixed


@dataclass(frozen=True)
class Part:
    """An entry of a collection that has changes of both sides.

    Attributes:
        tree: its value.
        ours: the entry in ours; None where theirs has added it.
        theirs: the entry in theirs; None where ours has added it, or theirs taken it away.
        takes_lead: whether theirs alone has changed the comments above it.
    """

    tree: Tree
    ours: Entry | None
    theirs: Entry | None
    takes_lead: bool = False

    @property
    def key(self) -> yaml.Node | None:
        """Its key; None for an item."""
        entry = self.ours or self.theirs
        return entry.key if entry else None


def value(tree: Tree) -> Any:  # noqa: ANN401 - a YAML document is any value
    """What a merge comes to, as dict, list, str, int, float, bool or None."""
    if isinstance(tree, Kept | Taken):
        node = tree.node.target if isinstance(tree.node, Alias) else tree.node
        return yamlio.construct(node, "")
    if isinstance(tree, Joined):
        return tree.text
    if isinstance(tree.node, yaml.MappingNode):
        return {yamlio.construct(part.key, ""): value(part.tree) for part in tree.parts}
    return [value(part.tree) for part in tree.parts]


class Three(NamedTuple, Generic[T]):
    """Something of each version: of the base, of ours, of theirs."""

    base: T
    ours: T
    theirs: T


Names = Three[list[Hashable]]
"""A name for each entry of a collection; what belongs together has one name in all versions."""


class Merge:
    """The merge of three versions of a file.

    Args:
        versions: what both sides started from, the user's, the new one.
        merge_text: merges texts of several lines.
    """

    def __init__(self, versions: Three[Version], merge_text: MergeText) -> None:
        self._versions = versions
        self._merge_text = merge_text

    def tree(self) -> Mixed:
        """What it comes to: the documents of the file.

        Raises:
            ConflictError: both sides have changed the same value.
            UnknownFormError: one has a form of YAML that this does not know.
        """
        entries = Three(*(version.documents for version in self._versions))
        if all(len(found) == 1 for found in entries):
            names: Names = Three([0], [0], [0])
        else:
            names = _of_objects(self._means(entries))
        if any(None in found or len({*found}) < len(found) for found in names):
            raise UnknownFormError
        parts = self._parts(entries, names)
        return Mixed(None, sorted(parts, key=lambda part: part.ours is None))

    def _means(self, entries: Three[list[Entry]]) -> Three[list[Hashable]]:
        pairs = zip(self._versions, entries, strict=True)
        return Three(*([version.means(entry.value) for entry in found] for version, found in pairs))

    def _value(self, nodes: Three[Any], of: str) -> Tree:
        """The merge of one value.

        Args:
            nodes: in each version; the base's is None where both sides have added it.
            of: the key that it stands behind.
        """
        base, ours, theirs = (
            version.means(node) if node else None
            for version, node in zip(self._versions, nodes, strict=True)
        )
        kinds = {type(node) for node in nodes if node}
        if (
            len(kinds) == 1
            and kinds != {yaml.ScalarNode}
            and nodes.ours.value
            and nodes.theirs.value
        ):
            return self._collection(nodes, of)
        if theirs in (ours, base):
            return Kept(nodes.ours)
        if ours == base:
            return Taken(nodes.theirs)
        texts = [getattr(found, "value", "") for found in (base, ours, theirs)]
        if all(isinstance(text, str) and "\n" in text for text in texts):
            joined = self._merge_text(*texts)
            if joined is not None:
                return Joined(joined)
        raise ConflictError

    def _collection(self, nodes: Three[Any], of: str) -> Mixed:
        pairs = list(zip(self._versions, nodes, strict=True))
        entries = Three(*(version.entries(node) if node else [] for version, node in pairs))
        if isinstance(nodes.ours, yaml.MappingNode):
            both = zip(self._versions, entries, strict=True)
            names: Names = Three(
                *([version.means(e.key) for e in found if e.key] for version, found in both)
            )
            return Mixed(nodes.ours, self._parts(entries, names))
        names = _of_items(self._means(entries))
        if of in _SEQUENCES:
            _refuse_neighbours(names)
        return Mixed(nodes.ours, self._parts(entries, names, _order(names)))

    def _parts(
        self,
        entries: Three[list[Entry]],
        names: Names,
        order: tuple[list[Hashable], list[Hashable]] | None = None,
    ) -> list[Part]:
        """The merge of entries, in the order of the first list, with the second's additions.

        The two lists are ours and theirs if nothing else is given.
        """
        pairs = zip(names, entries, strict=True)
        base, ours, theirs = (dict(zip(named, found, strict=True)) for named, found in pairs)
        parts: dict[Hashable, Part] = {}
        for name in {**ours, **theirs}:
            found = Three(base.get(name), ours.get(name), theirs.get(name))
            if part := self._part(found):
                parts[name] = part
        first, second = order or (names.ours, names.theirs)
        return [parts[name] for name in _interleaved(first, second) if name in parts]

    def _part(self, found: Three[Entry | None]) -> Part | None:
        """The merge of one entry; None where it goes."""
        base, ours, theirs = found
        if ours and theirs:
            nodes = Three(base and base.value, ours.value, theirs.value)
            of = str(ours.key.value) if ours.key else ""
            return Part(self._value(nodes, of), ours, theirs, self._takes_lead(found))
        if ours and not base:
            return Part(Kept(ours.value), ours, None)
        if theirs and not base:
            return Part(Taken(theirs.value), None, theirs)
        means = [v.means(e.value) for v, e in zip(self._versions, found, strict=True) if e]
        if means[0] != means[-1]:
            raise ConflictError  # one has taken away what the other has changed
        return None

    def _takes_lead(self, found: Three[Entry | None]) -> bool:
        base, ours, theirs = (
            entry and [line.strip() for line in version.lead_of(entry).splitlines()]
            for version, entry in zip(self._versions, found, strict=True)
        )
        return base == ours != theirs


def _of_objects(means: Three[list[Hashable]]) -> Names:
    """A name for each document; one that a side has only renamed keeps its former name."""
    names: Names = Three(*([_object(document) for document in found] for found in means))
    rests = Three(*([_nameless(document) for document in found] for found in means))
    for own, rest, other in ((names.ours, rests.ours, names.theirs),
                             (names.theirs, rests.theirs, names.ours)):  # fmt: skip
        gone = {r: n for n, r in zip(names.base, rests.base, strict=True) if n not in own}
        for i, name in enumerate(own):
            if name not in {*names.base, *other}:
                own[i] = gone.pop(rest[i], name)
    return names


def _nameless(document: Hashable) -> Hashable:
    """What an object says beside its name and namespace."""
    metadata = _below(document, "metadata")
    for key in ("name", "namespace"):
        metadata = _without(metadata, key)
    return _without(document, "metadata"), metadata


def _object(document: Hashable) -> Hashable:
    """What a Kubernetes object among others is known by; None of anything else."""
    kind, metadata = _below(document, "kind"), _below(document, "metadata")
    name = _below(metadata, "name")
    known = kind is not None and name is not None
    return (kind, _below(metadata, "namespace"), name) if known else None


def _below(means: Hashable, key: str) -> Hashable:
    """The value of a key of what a mapping means; None where there is none."""
    pairs = means if isinstance(means, frozenset) else ()
    return next((below for name, below in pairs if name.value == key), None)


def _of_items(means: Three[list[Hashable]]) -> Names:
    """A name for each item of a list."""
    for key in _NAMES:
        names: Names = Three(*([_below(item, key) for item in found] for found in means))
        known = all(isinstance(name, Scalar) for found in names for name in found)
        if known and all(len({*found}) == len(found) for found in names):
            ours = _renamed(means.base, means.ours, key, names.theirs)
            theirs = _renamed(means.base, means.theirs, key, names.ours)
            return Three(names.base, ours, theirs)
    ours, theirs = (_aligned(means.base, side) for side in means[1:])
    return Three(list(range(len(means.base))), ours, theirs)


def _renamed(
    base: list[Hashable], side: list[Hashable], key: str, others: Collection[Hashable]
) -> list[Hashable]:
    """The names of a side's items; one that it has only renamed keeps its former name."""
    old, new = ([_below(item, key) for item in found] for found in (base, side))
    names = list(new)
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        for i, j in zip(range(i1, i2), range(j1, j2), strict=False) if tag == "replace" else ():
            rest = (_without(base[i], key), _without(side[j], key))
            if rest[0] == rest[1] and old[i] not in new and new[j] not in {*old, *others}:
                names[j] = old[i]
    return names


def _without(item: Hashable, key: str) -> Hashable:
    pairs = item if isinstance(item, frozenset) else ()
    return frozenset(pair for pair in pairs if pair[0].value != key)


def _aligned(base: list[Hashable], side: list[Hashable]) -> list[Hashable]:
    """The place in the base of each item of a side; for one that is new what it says.

    The same item belongs to the same one wherever it has moved to; what stands in the place of
    another one is that one, changed.
    """
    once = {item: i for i, item in enumerate(base) if base.count(item) == 1}
    found: dict[int, Hashable] = {
        j: once[item] for j, item in enumerate(side) if item in once and side.count(item) == 1
    }
    known = {*found.values()}
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, base, side, autojunk=False).get_opcodes():
        if tag in ("equal", "replace"):
            places = (i for i in range(i1, i2) if i not in known)
            rest = (j for j in range(j1, j2) if j not in found)
            found |= {j: i for i, j in zip(places, rest, strict=False)}
    new: Counter[Hashable] = Counter()
    for j, item in enumerate(side):
        if j not in found:
            new[item] += 1
            found[j] = ("new", item, new[item])
    return [found[j] for j in range(len(side))]


def _order(names: Names) -> tuple[list[Hashable], list[Hashable]]:
    """The list whose order a merged one has, and the other one.

    Raises:
        ConflictError: both sides have changed the order, and differently.
    """
    if _is_ordered_as(names.theirs, names.base) or _is_ordered_as(names.theirs, names.ours):
        return names.ours, names.theirs
    if _is_ordered_as(names.ours, names.base):
        return names.theirs, names.ours
    raise ConflictError


def _is_ordered_as(names: Sequence[Hashable], others: Sequence[Hashable]) -> bool:
    there, known = {*names}, {*others}
    common = [name for name in names if name in known]
    return common == [name for name in others if name in there]


def _refuse_neighbours(names: Names) -> None:
    """Refuses different additions of both sides at one place."""
    known = {*names.base}
    places: list[dict[Hashable, list[Hashable]]] = []
    for side in names[1:]:
        added: dict[Hashable, list[Hashable]] = {}
        place: Hashable = None
        for name in side:
            if name in known:
                place = name
            else:
                added.setdefault(place, []).append(name)
        places.append(added)
    ours, theirs = places
    if any(ours[place] != theirs[place] for place in ours.keys() & theirs.keys()):
        raise ConflictError


def _interleaved(first: list[Hashable], second: list[Hashable]) -> list[Hashable]:
    """All names: the first list's, and each other one behind the one that it stands behind."""
    found = list(first)
    there = {*found}
    place = 0
    for name in second:
        if name not in there:
            found.insert(place, name)
            there.add(name)
        place = found.index(name) + 1
    return found
