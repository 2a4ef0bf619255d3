"""`gates` of fcgitops.yaml: what must be so before an environment is promoted to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from fcgitops.core.errors import Problem
from fcgitops.core.lazy import regex
from fcgitops.kubernetes import values as kube
from fcgitops.model.environment import Environment
from fcgitops.text.values import did_you_mean
from fcgitops.text.words import named, shown

SECTION = "gates"
"""The key of fcgitops.yaml: a list."""
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CODEOWNERS = "codeowners"
"""The approval that the forge asks for."""

_UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_HOURS = regex(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")
_TRAILER = regex(r"[A-Za-z][A-Za-z-]{0,62}\Z")
_ADDRESS = regex(r"[^<>]*<(?P<bracketed>[^<>@\s]+@[^<>@\s]+)>|(?P<bare>[^<>@\s]+@[^<>@\s]+)")


@dataclass(frozen=True)
class Window:
    """When something may be promoted, by the clocks of one place.

    Attributes:
        days: names of days; all where none is.
        start: minutes after midnight.
        end: minutes after midnight; of the day after, where it is not behind `start`.
        zone: the name of a time zone, such as Europe/Oslo.
    """

    days: tuple[str, ...]
    start: int
    end: int
    zone: str

    def there(self, now: datetime) -> datetime:
        """A moment by the clocks of that place."""
        import zoneinfo  # noqa: PLC0415 - few have windows

        return now.astimezone(zoneinfo.ZoneInfo(self.zone))

    def holds(self, now: datetime) -> bool:
        """Whether a moment is in it. A window over midnight is of the day on which it begins."""
        there = self.there(now)
        minute, today = there.hour * 60 + there.minute, there.weekday()
        if self.start < self.end:
            return self.start <= minute < self.end and self._is_of(today)
        if minute >= self.start:
            return self._is_of(today)
        return minute < self.end and self._is_of(today - 1)

    def _is_of(self, weekday: int) -> bool:
        """Whether it begins on a day; -1 is the Sunday before."""
        return not self.days or DAYS[weekday] in self.days

    def __str__(self) -> str:
        """The window as a sentence has it."""
        times = "-".join(f"{t // 60:02}:{t % 60:02}" for t in (self.start, self.end))
        return f"{', '.join(self.days) or 'every day'}, {times} {self.zone}"


@dataclass(frozen=True)
class Approval:
    """Whose word it takes.

    Attributes:
        trailer: of the commit, such as Approved-by; "" where the forge asks its code owners.
        by: e-mail addresses that may stand there; anybody's where none is given.
    """

    trailer: str
    by: tuple[str, ...] = ()

    def is_of(self, signed: str) -> bool:
        """Whether what stands behind the trailer is of one who may say it."""
        return not self.by or address(signed) in map(address, self.by)


@dataclass(frozen=True)
class Gate:
    """One item of the list.

    Attributes:
        target: the environment that it stands before, or KEY=VALUE of its `labels`.
        source: the one environment that may be promoted there; "" for any.
        verified: whether `verify` must pass for the source.
        healthy: whether the source must be synced and well on its cluster.
        status: how the name of the commit status begins that says so instead; "" for none.
        soaked: how long the source must not have changed; None for no matter.
        window: when; None for always.
        approval: whose word it takes; None for nobody's.
    """

    target: str
    source: str = ""
    verified: bool = False
    healthy: bool = False
    status: str = ""
    soaked: timedelta | None = None
    window: Window | None = None
    approval: Approval | None = None

    def stands_before(self, environment: Environment) -> bool:
        """Whether an environment is meant."""
        key, equals, value = self.target.partition("=")
        if equals:
            return environment.labels.get(key) == value
        return environment.name == key


@dataclass(frozen=True)
class Gates:
    """All of a repository, and the list as it is written."""

    items: tuple[Gate, ...] = ()
    written: Sequence[Mapping[str, Any]] = field(default_factory=list)


def address(signed: str) -> str:
    """The e-mail address of `Ada <ada@example.com>`, or of itself, as it is compared."""
    found = _ADDRESS.fullmatch(signed.strip())
    return (found["bracketed"] or found["bare"]).casefold() if found else ""


def parse(value: object, where: str) -> tuple[Gates, list[Problem]]:
    """The gates of what fcgitops.yaml has below `gates`, and what is wrong with it.

    Args:
        value: a list of mappings.
        where: the file, for messages.
    """
    place = f"{where}: {SECTION}"
    if value is None:
        return Gates(), []
    if not isinstance(value, list):
        return Gates(), [Problem(place, f"{shown(value)} is no list", "`- for: prod` items")]
    problems: list[Problem] = []
    items = []
    for number, item in enumerate(value):
        spot = f"{place}[{number}]"
        if not isinstance(item, dict) or "for" not in item:
            problems.append(Problem(spot, "does not say what it stands before", "for: prod"))
            continue
        found = _Item(item, spot)
        items.append(found.gate())
        problems += found.problems
    return (Gates() if problems else Gates(tuple(items), value)), problems


class _Item:
    """One item as it is written, and what is wrong with it."""

    def __init__(self, item: Mapping[Any, Any], place: str) -> None:
        self.item = item
        self.place = place
        self.problems: list[Problem] = []

    def gate(self) -> Gate:
        """What it says; what is wrong is left out."""
        parts = {
            "for": self._target,
            "from": self._source,
            "verified": self._yes,
            "healthy": self._healthy,
            "soaked": self._soaked,
            "window": self._window,
            "approval": self._approval,
        }
        self.unknown(self.item, "", parts)
        found: dict[str, Any] = {}
        for name, read in parts.items():
            if name in self.item:
                found |= read(name, self.item[name])
        return Gate(**{"target": "", **found})

    def unknown(self, mapping: Mapping[Any, Any], below: str, known: Iterable[str]) -> None:
        """Notes keys that there are not."""
        for key in mapping:
            if key not in known:
                self.wrong(f"{below}{named(key)}", "is not known", did_you_mean(key, known))

    def wrong(self, name: str, what: str, hint: str = "") -> dict[str, Any]:
        """Notes what is wrong; nothing comes of it."""
        self.problems.append(Problem(f"{self.place}.{name}", what, hint))
        return {}

    def _target(self, name: str, value: object) -> dict[str, Any]:
        text = value if isinstance(value, str) else ""
        key, equals, label = text.partition("=")
        wrong = kube.labels({key: label}) if equals else kube.dns_label(text)
        if wrong:
            hint = "the name of an environment, or KEY=VALUE of its labels"
            return self.wrong(name, f"{shown(value)} is neither", hint)
        return {"target": text}

    def _source(self, name: str, value: object) -> dict[str, Any]:
        if wrong := kube.dns_label(value):
            return self.wrong(name, wrong, "the name of an environment")
        return {"source": value}

    def _yes(self, name: str, value: object) -> dict[str, Any]:
        if not isinstance(value, bool):
            return self.wrong(name, f"{shown(value)} is neither true nor false")
        return {name: value}

    def _healthy(self, name: str, value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            return self._yes(name, value)
        self.unknown(value, f"{name}.", ["status"])
        status = value.get("status")
        if not isinstance(status, str) or not status:
            hint = "status: how the name of the commit status begins"
            return self.wrong(name, "names no commit status", hint)
        return {name: True, "status": status}

    def _soaked(self, name: str, value: object) -> dict[str, Any]:
        found = (
            re.fullmatch(r"([1-9][0-9]{0,3})([mhdw])", value) if isinstance(value, str) else None
        )
        if not found:
            return self.wrong(name, f"{shown(value)} is no time", "30m, 24h, 3d or 1w")
        return {name: timedelta(seconds=int(found[1]) * _UNITS[found[2]])}

    def _window(self, name: str, value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            hint = "{days: [mon, tue], hours: 09:00-16:00, zone: Europe/Oslo}"
            return self.wrong(name, f"{shown(value)} is not a mapping", hint)
        before = len(self.problems)
        self.unknown(value, f"{name}.", ["days", "hours", "zone"])
        days = value.get("days", [])
        if not isinstance(days, list) or not all(day in DAYS for day in days):
            self.wrong(f"{name}.days", f"{shown(days)} is no list of days", ", ".join(DAYS))
        hours = value.get("hours", "00:00-24:00")
        found = _HOURS.fullmatch(hours) if isinstance(hours, str) else None
        start, end = (
            (int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4]))
            if found
            else (0, 0)
        )
        if start == end or end > 24 * 60:
            hint = "HH:MM-HH:MM, in quotes: '09:00-16:00', or '22:00-06:00' over midnight"
            self.wrong(f"{name}.hours", f"{shown(hours)} are no hours", hint)
        zone = value.get("zone")
        if not isinstance(zone, str) or not _is_zone(zone):
            what = f"{shown(zone)} is no time zone that is known here"
            known = "such as Europe/Oslo, or UTC" if _is_zone("UTC") else "none is: install tzdata"
            self.wrong(f"{name}.zone", what, known)
        if len(self.problems) > before:
            return {}
        return {name: Window(tuple(days), start, end, str(zone))}

    def _approval(self, name: str, value: object) -> dict[str, Any]:
        if value == CODEOWNERS:
            return {name: Approval("")}
        item = value if isinstance(value, dict) else {"trailer": value}
        self.unknown(item, f"{name}.", ["trailer", "by"])
        trailer, by = item.get("trailer"), item.get("by", [])
        if not isinstance(trailer, str) or not _TRAILER.match(trailer):
            hint = f"{CODEOWNERS}, or the trailer of a commit such as Approved-by"
            return self.wrong(name, f"{shown(trailer)} is none", hint)
        if not isinstance(by, list) or not all(isinstance(o, str) and address(o) for o in by):
            return self.wrong(f"{name}.by", f"{shown(by)} is no list of e-mail addresses")
        return {name: Approval(trailer, tuple(by))}


def _is_zone(name: str) -> bool:
    import zoneinfo  # noqa: PLC0415

    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def before(gates: Gates, environment: Environment) -> list[Gate]:
    """The gates that an environment is promoted through."""
    return [gate for gate in gates.items if gate.stands_before(environment)]
