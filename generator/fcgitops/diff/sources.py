"""The environments' own files of one state, each read once: which tool syncs one, and to where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from fcgitops.diff import environment
from fcgitops.diff.environment import Settings
from fcgitops.diff.units import Content, Unit
from fcgitops.model import layout


class Sources:
    """Those of one state.

    Args:
        content: the state.
    """

    def __init__(self, content: Content) -> None:
        self._content = content
        self._read: dict[str, Settings | None] = {}

    def settings(self, unit: Unit | None) -> Settings | None:
        """What a unit's source says; None where it has none that can be read."""
        if unit is None or not unit.source:
            return None
        if unit.name not in self._read:
            data = self._content.texts([unit.source]).get(unit.source)
            self._read[unit.name] = environment.read(unit.name, data, self._defaults)
        return self._read[unit.name]

    @cached_property
    def _defaults(self) -> Mapping[str, Any]:
        """What fcgitops.yaml says of environments that do not say it."""
        file = f"{self._content.prefix}{layout.ANSWERS}"
        return environment.defaults(self._content.texts([file]).get(file))

    def by_place(self, units: Iterable[Unit]) -> dict[tuple[str, str], list[str]]:
        """Where environments go → the names of those that go there."""
        found: dict[tuple[str, str], list[str]] = {}
        with_source = [unit for unit in units if unit.source]
        self._content.texts(unit.source for unit in with_source)
        for unit in with_source:
            if settings := self.settings(unit):
                found.setdefault(settings.place, []).append(unit.name)
        return found
