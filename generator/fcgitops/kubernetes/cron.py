"""Schedules as CronJobs and Argo CD's sync windows have them, and durations as Go reads them.

Source: github.com/robfig/cron, parser.go; time.ParseDuration of Go.
"""

from __future__ import annotations

import re

from fcgitops.core.lazy import regex

_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_NICKNAMES = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
_NUMBER = regex(r"\+?[0-9]+")
_UNITS = {
    "ns": 1e-9, "us": 1e-6, "\u00b5s": 1e-6, "\u03bcs": 1e-6, "ms": 1e-3,
    "s": 1, "m": 60, "h": 3600,
}  # fmt: skip
_PART = rf"([0-9]+\.?[0-9]*|\.[0-9]+)({'|'.join(_UNITS)})"
_DURATION = regex(rf"[-+]?(?:{_PART})+|[-+]?0")


def is_schedule(text: str) -> bool:
    """Whether github.com/robfig/cron's ParseStandard takes it."""
    if text.startswith("@"):
        every = text.removeprefix("@every ")
        return text in _NICKNAMES or (every != text and seconds(every) is not None)
    parts = text.split()
    if len(parts) != 5 or "TZ" in text:
        return False
    return all(
        _part(item, low, high)
        for part, (low, high) in zip(parts, _RANGES, strict=True)
        for item in filter(None, part.split(","))
    )


def _part(item: str, low: int, high: int) -> bool:
    """getRange: N, N-M or *, and /STEP; what is behind `*-` is not looked at."""
    span, slash, step = item.partition("/")
    if slash and not (_NUMBER.fullmatch(step) and int(step) > 0):
        return False
    first, *more = span.split("-")
    if first in ("*", "?"):
        return True
    known = _MONTHS if high == 12 else _DAYS if high == 6 else []
    ends = [
        known.index(end.lower()) + low
        if end.lower() in known
        else int(end)
        if _NUMBER.fullmatch(end)
        else -1
        for end in (first, *more)
    ]
    return len(ends) <= 2 and ends == sorted(ends) and low <= ends[0] and ends[-1] <= high


def seconds(duration: str) -> float | None:
    """How long a duration is; None where time.ParseDuration takes it for none."""
    if not _DURATION.fullmatch(duration):
        return None
    total = sum(float(number) * _UNITS[unit] for number, unit in re.findall(_PART, duration))
    return -total if duration.startswith("-") else total
