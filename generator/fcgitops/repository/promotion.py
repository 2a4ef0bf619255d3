"""What of one environment goes to another: two environments → the request that does it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fcgitops.manifests import overlay
from fcgitops.model import layout
from fcgitops.model.assignments import Target
from fcgitops.model.environment import DEFAULT_CONFIG, FIELDS, KEYS, Environment
from fcgitops.model.promotion import ABSENT, Path, Rules
from fcgitops.repository import provenance, record
from fcgitops.repository.contents import Repository
from fcgitops.repository.environments import Planned, Request, as_it_is
from fcgitops.text import keypaths
from fcgitops.text.tree import at

SETTINGS = "settings"


@dataclass(frozen=True)
class Side:
    """One environment, as promotion sees it.

    Attributes:
        environment: with its defaults filled in.
        given: key path → value, of the keys that its own file has.
        settings: those that it runs with, as FrameworkController reads them.
    """

    environment: Environment
    given: dict[str, Any]
    settings: dict[str, Any]

    @classmethod
    def of(cls, planned: Planned) -> Side:
        """The environment as its file says."""
        given, _ = keypaths.flatten(planned.document.value, planned.document.where, KEYS)
        env = planned.environment
        return cls(env, given, _settings(overlay.own_settings(env)))

    def value(self, key: str) -> Any:  # noqa: ANN401 - of any key
        """What it has of a key."""
        if key == SETTINGS:
            return self.settings
        return getattr(self.environment, FIELDS[key])

    def concerns(self, key: str) -> bool:
        """Whether a key means something to it."""
        if key == SETTINGS:
            return self.environment.variant != DEFAULT_CONFIG
        return self.environment.runs_nni or not key.startswith("nni.")


def side(repository: Repository, name: str) -> Side:
    """One environment of a repository, as its file says.

    Raises:
        InputError: with every problem of the file.
    """
    return Side.of(as_it_is(repository, name))


def request(repository: Repository, source: Side, name: str, rules: Rules) -> Request | None:
    """What an environment is to become when another one is promoted to it.

    A key that the other one has by default loses its line where it is the same by default here; an
    entry of a mapping is changed by itself, so that comments and order stay.

    Args:
        repository: that the environment is in.
        source: the other one.
        name: of the environment.
        rules: which keys travel.

    Returns:
        None where it has all of that already.

    Raises:
        InputError: with every problem of its file.
    """
    mine = side(repository, name)
    made = _Changes()
    defaults = dict(repository.defaults)
    defaults[SETTINGS] = _settings(overlay.own_settings(_bare(mine.environment, defaults)))
    for key in KEYS:
        if not source.concerns(key):
            continue
        if key != SETTINGS and not mine.concerns(key):
            continue
        wanted = rules.mixed(tuple(key.split(".")), source.value(key), mine.value(key))
        if wanted == mine.value(key):
            continue
        if key not in source.given and wanted == defaults[key]:
            made.unset.append(tuple(key.split(".")))
        else:
            made.set(key, mine.value(key) if key in mine.given else ABSENT, wanted)
    if made.is_empty:
        return None
    where = layout.source_path(name)
    return Request(name, where, made.given, made.settings, None, made.entries, made.unset)


def own_edits(repository: Repository, name: str) -> list[str]:
    """The files of an environment that somebody has edited or made: they follow from no key."""
    folder = layout.overlay(name)
    recorded = record.known(repository.file(f"{folder}/{layout.RECORD_FILE}"))
    made = provenance.generated(folder, recorded)[0] | at(folder, overlay.LOCAL)
    sources = (layout.SOURCE_FILE, layout.RECORD_FILE, layout.RETIRED_FILE)
    aside = {f"{folder}/{file}" for file in sources}
    there = at(folder, repository.folder(folder))
    return [p for p, data in there.items() if p not in aside and made.get(p) != data]


def _bare(environment: Environment, defaults: dict[str, Any]) -> Environment:
    """The environment with the repository's settings in the place of its own."""
    return dataclasses.replace(environment, settings=defaults[SETTINGS], settings_text="")


def _settings(text: str) -> dict[str, Any]:
    """A text of settings as FrameworkController reads it: 1e2 is a number there, 1:30 is text.

    Raises:
        InputError: it cannot read them.
    """
    if not text.strip():
        return {}
    from fcgitops.fcconfig import merging  # noqa: PLC0415 - most environments have none

    return merging.settings(text)


@dataclass
class _Changes:
    """The parts of a request."""

    given: dict[str, Any] = field(default_factory=dict)
    entries: dict[Target, Any] = field(default_factory=dict)
    settings: dict[Path, Any] = field(default_factory=dict)
    unset: list[Path] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.given or self.entries or self.settings or self.unset)

    def set(self, key: str, old: Any, new: Any) -> None:  # noqa: ANN401 - of any key
        """Notes a key's new value; of a mapping that is there, only what differs in it."""
        depth = 2 if key == SETTINGS else KEYS[key].levels
        if not (depth and isinstance(old, dict) and old and new):
            if key == SETTINGS and new:
                self.settings.update({(name,): value for name, value in new.items()})
            else:
                self.given[key] = new
            return
        for path, value in _differences(old, new, depth):
            if value is ABSENT:
                self.unset.append((*key.split("."), *path))
            elif key == SETTINGS:
                self.settings[path] = value
            else:
                self.entries[Target(key, path)] = value


def _differences(
    old: dict[str, Any], new: dict[str, Any], depth: int, path: Path = ()
) -> Iterator[tuple[Path, Any]]:
    """Path → new value of each entry that differs; ABSENT for one that goes."""
    for name in dict.fromkeys((*old, *new)):
        here, before, after = (*path, name), old.get(name, ABSENT), new.get(name, ABSENT)
        if before == after:
            continue
        inside = isinstance(before, dict) and isinstance(after, dict) and before and after
        if depth > 1 and inside:
            yield from _differences(before, after, depth - 1, here)
        else:
            yield here, after
