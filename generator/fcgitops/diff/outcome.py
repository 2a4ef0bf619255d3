"""What came of one comparison, as values: effects, and the objects that differ."""

from __future__ import annotations

from typing import Any, NamedTuple

from fcgitops.core.printable import printable
from fcgitops.diff.effects import Effect, Severity

_LONGEST = 160
"""Characters of a value that are shown."""


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
        return f"{self.path}: {shown(self.before)} → {shown(self.after)}"


def shown(value: Any) -> str:  # noqa: ANN401
    """A value on one line, cut off where it is long."""
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, dict):
        text = "{" + ", ".join(f"{k}: {shown(v)}" for k, v in value.items()) + "}"
    elif isinstance(value, list):
        text = "[" + ", ".join(shown(v) for v in value) + "]"
    else:
        text = str(value)
    text = printable(text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


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


class Outcome(NamedTuple):
    """What a change of one environment does, and what differs."""

    effects: tuple[Effect, ...] = ()
    objects: tuple[ObjectChange, ...] = ()

    @property
    def worst(self) -> Severity:
        """The severity of its worst effect."""
        return max((effect.severity for effect in self.effects), default=Severity.NONE)
