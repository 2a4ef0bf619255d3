"""Environments of a fleet that change as others do, as far as their files tell."""

from __future__ import annotations

import re
from collections import Counter

from fcgitops.diff.fleet import Fleet
from fcgitops.diff.units import Unit
from fcgitops.model import layout


def alike(fleet: Fleet, most: int) -> list[str]:
    """The environments that change as others do, but for the first `most` of each kind.

    Those of a kind have the same layers, components and files of people's own, and the same lines
    of theirs go and come, but for their names. What that does may still differ with all else that
    their files say.
    """
    own: dict[str, list[str]] = {}
    for path in sorted(fleet.changed_paths):
        own.setdefault(fleet.after.owner(path), []).append(path)
    for content in (fleet.before, fleet.after):
        content.texts(path for name in fleet.changed for path in own.get(name, ()))
    kinds: dict[object, list[str]] = {}
    for name in fleet.changed:
        lines = tuple(_lines_of(fleet, path, name) for path in own.get(name, ()))
        unit = fleet.after.units[name]
        layers = tuple(fleet.after.layers(folder) for folder in unit.kustomizations)
        kind = lines, layers, _own_files(fleet, unit), len(unit.plain)
        kinds.setdefault(kind, []).append(name)
    return [name for names in kinds.values() for name in names[most:]]


def _own_files(fleet: Fleet, unit: Unit) -> tuple[tuple[str, str], ...]:
    """What people have put into `local/`: its path there, and the name of its content."""
    places = [f"{folder}/{layout.LOCAL}" for folder in unit.kustomizations]
    files = fleet.after.state.files
    return tuple((p[len(at) :], files[p].id) for at in places for p in fleet.after.under(at))


def _lines_of(
    fleet: Fleet, path: str, name: str
) -> tuple[str, tuple[bytes, ...], tuple[bytes, ...]]:
    """A file of a unit, and the lines of it that go and that come; without the unit's name."""
    place = path.replace(f"/{name}/", "//")
    if path.endswith(f"/{layout.RECORD_FILE}"):
        return place, (), ()
    old, new = (
        Counter(content.texts([path]).get(path, b"").split(b"\n"))
        for content in (fleet.before, fleet.after)
    )
    gone, come = (_unnamed(lines, name) for lines in (old - new, new - old))
    return place, gone, come


def _unnamed(lines: Counter[bytes], name: str) -> tuple[bytes, ...]:
    """Lines, sorted, without a unit's name where they have it."""
    word = name.encode()
    own = rb"(?<![\w.-])%s(?![\w.-])" % re.escape(word)
    found = (re.sub(own, b"", line) if word in line else line for line in lines.elements())
    return tuple(sorted(found))
