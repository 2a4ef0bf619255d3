"""Edits of a generated file and updates of it, and what a merge of their values comes to."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import yaml
import yamls
from fcgitops.text import sameness, yamlio

GOLDEN = Path(__file__).parent / "golden" / "hardened" / "repository"
FILES = (
    "base/statefulset.yaml", "base/networkpolicy.yaml", "base/kustomization.yaml",
    "base/clusterrole.yaml", "overlays/every-key/kustomization.yaml",
    "overlays/every-key/egress.yaml", "overlays/prod/frameworkcontroller.yaml",
    "clusters/argocd/applicationset.yaml", "components/crd/kustomization.yaml",
)  # fmt: skip
"""Generated files that the cases are made of."""
NAMES = ("name", "code", "kind", "apiVersion")
"""Keys that an item or a document is known by: with another one it is another item."""
GONE = object()
"""A value that is not there."""


class Conflict(Exception):
    """Both sides have changed one value."""


def three_way(base: Any, ours: Any, theirs: Any, of: str = "") -> Any:
    """The merge of values: of mappings by keys, of lists by names, of lists of texts as sets.

    Items without a name are known by their place, where none is added or taken away. The order of
    a program's arguments is not to be guessed.

    Raises:
        Conflict: both sides have changed one value, and differently.
    """
    if same(ours, theirs) or same(theirs, base):
        return ours
    if same(ours, base):
        return theirs
    if isinstance(ours, dict) and isinstance(theirs, dict):
        known = base if isinstance(base, dict) else {}
        found = {
            key: three_way(known.get(key, GONE), ours.get(key, GONE), theirs.get(key, GONE), key)
            for key in {**ours, **theirs}
        }
        return {key: value for key, value in found.items() if value is not GONE}
    if isinstance(ours, list) and isinstance(theirs, list) and of not in ("args", "command"):
        known = base if isinstance(base, list) else []
        sides = [_by_name(side) for side in (known, ours, theirs)]
        if all(side is not None for side in sides):
            return list(three_way(*sides).values())
        if len(known) == len(ours) == len(theirs):
            return [three_way(*items) for items in zip(known, ours, theirs, strict=True)]
    raise Conflict


def _by_name(items: list[Any]) -> dict[Hashable, Any] | None:
    """Items by what tells them apart; None where nothing does."""
    if all(isinstance(item, str) for item in items):
        named: dict[Hashable, Any] = {item: item for item in items}
    elif all(isinstance(item, dict) and "name" in item for item in items):
        named = {item["name"]: item for item in items}
    else:
        return None
    return named if len(named) == len(items) else None


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal, with their types; the order of items aside."""
    return canonical(one) == canonical(other)


def canonical(value: Any) -> Hashable:
    """A value to compare: lists that names or texts tell apart have no order."""
    if isinstance(value, dict):
        return ("map", frozenset((key, canonical(item)) for key, item in value.items()))
    if isinstance(value, list):
        items = [canonical(item) for item in value]
        return frozenset(Counter(items).items()) if _by_name(value) else tuple(items)
    return type(value), str(value)


@dataclass(frozen=True)
class Case:
    """One file: as it was generated, as somebody has edited it, as it is generated now.

    Attributes:
        kind: what was done to it, for people.
        base: the text that was generated.
        ours: the edited one; None where it was deleted.
        theirs: the new one; None where it is generated no longer.
        wanted: the values of the merge; None for a conflict.
    """

    kind: str
    base: str
    ours: str | None
    theirs: str | None
    wanted: Any

    @property
    def changed_on_both_sides(self) -> bool:
        """Whether both sides have the file, and other values in it than were generated."""
        base, *sides = (
            text and yamlio.load(text.encode(), "") for text in (self.base, self.ours, self.theirs)
        )
        return all(side is not None and not same(side, base) for side in sides)

    def judged(self, text: str | None, *, conflict: bool) -> str:
        """What an outcome is: right, a lost edit, a false "clean", a needless conflict."""
        if self.ours is None or self.theirs is None:
            return "right" if text == self.ours and not conflict else "lost edit"
        if self.wanted is None:
            return "right" if conflict else "false clean"
        if conflict:
            return "needless conflict"
        own = sameness.comments(self.ours) - sameness.comments(self.base)
        try:
            value = yamlio.load((text or "").encode(), "")
        except Exception:
            return "lost edit"
        kept = own <= sameness.comments(text or "")
        return "right" if kept and same(value, self.wanted) else "lost edit"


def cases(number: int) -> Iterator[Case]:
    """So many cases, always the same."""
    for seed in range(number):
        yield case(Random(seed))


def case(random: Random) -> Case:
    """One case."""
    value = yamls.load((GOLDEN / random.choice(FILES)).read_text())
    base = _written(value)
    mine, new = copy.deepcopy(value), copy.deepcopy(value)
    places = [random.choice(list(_places(value))) for _ in range(3)]
    kinds = [_edit(random, mine, random.choice(places)) for _ in range(random.randint(1, 3))]
    for _ in range(random.randint(1, 3)):
        _edit(random, new, random.choice(places))
    ours, layout = _laid_out(random, mine, new)
    theirs = _written(new)
    file = random.random()
    if file < 0.05:
        return Case("file deleted", base, None, theirs, None)
    if file < 0.1 and ours != base:
        return Case("file no longer generated", base, ours, None, None)
    try:
        wanted = three_way(value, mine, new)
    except Conflict:
        wanted = None
    return Case(", ".join([*dict.fromkeys(kinds), layout]), base, ours, theirs, wanted)


def _written(value: Any) -> str:
    return f"# Generated. Change its source.\n{yamlio.dump(value)}"


Place = tuple[Any, ...]


def _places(value: Any, place: Place = ()) -> Iterator[Place]:
    """The places of all mappings, and of all lists of texts or of what has names."""
    if isinstance(value, dict):
        yield place
        for key, item in value.items():
            yield from _places(item, (*place, key))
    elif isinstance(value, list):
        if _by_name(value):
            yield place
        for number, item in enumerate(value):
            yield from _places(item, (*place, number))


def _edit(random: Random, document: Any, place: Place) -> str:
    """Edits the collection at a place, if it is still there; what was done."""
    found = document
    for key in place:
        there = isinstance(found, dict) and key in found
        there = there or (isinstance(found, list) and isinstance(key, int) and key < len(found))
        if not there:
            return "nothing"
        found = found[key]
    word = random.choice(("a", "b", "c"))
    if isinstance(found, list):
        return _edit_list(random, found, word)
    if not isinstance(found, dict):
        return "nothing"
    scalars = [key for key, item in found.items() if not isinstance(item, dict | list)]
    edit: Callable[[], str] = random.choice((
        lambda: _change(random, found, scalars), lambda: _change(random, found, scalars),
        lambda: _add(random, found, word), lambda: _delete(random, found),
        lambda: _rename(random, found, word), lambda: _move(random, found),
    ))  # fmt: skip
    return edit()


def _edit_list(random: Random, found: list[Any], word: str) -> str:
    if all(isinstance(item, str) for item in found):
        if f"./{word}" in found:
            found.remove(f"./{word}")
            return "item deleted"
        found.append(f"./{word}")
        return "item added"
    if not _by_name(found):
        return "nothing"
    edit = random.choice(("item deleted", "item added", "item added", "items moved"))
    if edit == "item deleted" and len(found) > 1:
        del found[random.randrange(len(found))]
    elif edit == "item added" and word not in [item["name"] for item in found]:
        found.insert(random.randint(0, len(found)), {"name": word, "x": random.randint(1, 2)})
    elif edit == "items moved" and len(found) > 1:
        found.append(found.pop(random.randrange(len(found) - 1)))
    return edit


def _change(random: Random, found: dict[str, Any], scalars: list[str]) -> str:
    for key in random.sample(scalars, 1) if scalars else ():
        if key not in NAMES:
            found[key] = random.choice((1, 2, "new", "1", True))
    return "value changed"


def _add(random: Random, found: dict[str, Any], word: str) -> str:
    found[f"x-{word}"] = random.choice((1, "new", {"y": 1}, ["./a"]))
    return "key added"


def _delete(random: Random, found: dict[str, Any]) -> str:
    keys = [key for key in found if key not in NAMES]
    if len(keys) > 1:
        del found[random.choice(keys)]
    return "key deleted"


def _rename(random: Random, found: dict[str, Any], word: str) -> str:
    keys = [key for key in found if key not in NAMES]
    if keys:
        found[f"renamed-{word}"] = found.pop(random.choice(keys))
    return "key renamed"


def _move(random: Random, found: dict[str, Any]) -> str:
    items = list(found.items())
    random.shuffle(items)
    found.clear()
    found.update(items)
    return "blocks moved"


def _laid_out(random: Random, value: Any, new: Any) -> tuple[str, str]:
    """A text of a value, as an editor or a formatter writes it; with a comment, perhaps."""
    style = random.choice(("by hand", "by hand", "comments", "quoted", "indented"))
    if style == "quoted":
        text = yamls.dump(value, sort_keys=False, default_style='"', width=1 << 20)
        return f"# Generated. Change its source.\n{text}", style
    if style == "indented":
        text = yaml.dump(value, Dumper=_Indented, sort_keys=False, indent=4, width=1 << 20)
        return f"# Generated. Change its source.\n{text}", style
    text = _written(value)
    lines = text.splitlines(keepends=True)
    if style == "comments":
        number = random.choice(list(_lines(yaml.compose(text), new)))
        lines.insert(number, f"{' ' * (len(lines[number]) - len(lines[number].lstrip()))}# Mine.\n")
    return "".join(lines), style


def _lines(node: yaml.Node | None, new: Any) -> Iterator[int]:
    """The lines of keys that the new document has, too: a comment there is nobody's to lose."""
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if isinstance(new, dict) and key.value in new:
            yield key.start_mark.line
            yield from _lines(value, new[key.value])


class _Indented(yaml.SafeDumper):
    """As prettier: items stand further in than their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        """Never without an indentation."""
        super().increase_indent(flow, False)
