"""What came of one comparison, as values: effects, and the objects that differ."""

from __future__ import annotations

from typing import Any, NamedTuple

from fcgitops.core.printable import printable
from fcgitops.diff.effects import Effect, Severity
from fcgitops.text.words import count

_LONGEST = 160
"""Characters of a value that are shown."""
_BEFORE = 30
"""So many of them stand before the first that differs, of two values that are long."""
_ITEMS = 6
"""So many items of a long list are shown."""


class Field(NamedTuple):
    """One difference. Before is None where the field is new, after where it is gone."""

    path: str
    before: Any
    after: Any

    def __str__(self) -> str:
        """As one line: path: before → after."""
        if self.before == self.after:
            return f"{self.path}: {shown(self.after)} (its content differs)"
        if self.before is None:
            return f"{self.path}: {shown(self.after)} (new)"
        if self.after is None:
            return f"{self.path}: {shown(self.before)} (gone)"
        old, new = _text(self.before), _text(self.after)
        if max(len(old), len(new)) > _LONGEST:
            if items := _items(self.before, self.after):
                return f"{self.path}: {items}"
            old, new = _from_where_they_differ(old, new)
        return f"{self.path}: {_cut(old)} → {_cut(new)}"


def _items(before: object, after: object) -> str:
    """What came into a list and what went; "" where that does not tell how two values differ."""
    if not (isinstance(before, list) and isinstance(after, list)):
        return ""
    come = [f"+ {shown(item)}" for item in after if item not in before]
    gone = [f"- {shown(item)}" for item in before if item not in after]
    told = [*come, *gone]
    if len(told) >= len(before) + len(after):
        return ""
    more = f", … {len(told) - _ITEMS} more" if len(told) > _ITEMS else ""
    return ", ".join(told[:_ITEMS]) + more


def _from_where_they_differ(old: str, new: str) -> tuple[str, str]:
    """Two long texts without most of what both begin with: cut, they would look the same."""
    pairs = enumerate(zip(old, new, strict=False))
    start = next((i for i, (a, b) in pairs if a != b), min(len(old), len(new))) - _BEFORE
    return (old, new) if start <= 0 else (f"…{old[start:]}", f"…{new[start:]}")


def shown(value: Any) -> str:  # noqa: ANN401
    """A value on one line, cut off where it is long."""
    return _cut(_text(value))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _text(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, dict):
        text = "{" + ", ".join(f"{k}: {shown(v)}" for k, v in value.items()) + "}"
    elif isinstance(value, list):
        text = "[" + ", ".join(shown(v) for v in value) + "]"
    else:
        text = str(value)
    return printable(text)


_MARKS = {"added": "+", "removed": "-"}


class ObjectChange(NamedTuple):
    """One object that differs.

    Attributes:
        label: Kind/name.
        namespace: where it is, "" where it has none.
        how: `added`, `removed`, `changed`, `moved` or `renamed`.
        fields: what differs; none where it is new or gone.
    """

    label: str
    namespace: str
    how: str
    fields: tuple[Field, ...] = ()

    @property
    def place(self) -> str:
        """Its name, and its namespace where it has one."""
        return f"{self.label} in {self.namespace}" if self.namespace else self.label

    @property
    def line(self) -> str:
        """It as a line of a diff: + for new, - for gone, ~ for another."""
        return f"{_MARKS.get(self.how, '~')} {self.place}"


class Outcome(NamedTuple):
    """What a change of one environment does, and what differs."""

    effects: tuple[Effect, ...] = ()
    objects: tuple[ObjectChange, ...] = ()

    @property
    def worst(self) -> Severity:
        """The severity of its worst effect."""
        return max((effect.severity for effect in self.effects), default=Severity.NONE)

    @property
    def became(self) -> str:
        """What became of its objects: 1 object is new, 2 objects are gone, 3 objects differ."""
        number, found = len(self.objects), {o.how for o in self.objects}
        states = {"added": "new", "removed": "gone"}
        state = states.get(found.pop(), "") if len(found) == 1 else ""
        one, more = (f"is {state}", f"are {state}") if state else ("differs", "differ")
        return f"{count(number, 'object')} {one if number == 1 else more}"
