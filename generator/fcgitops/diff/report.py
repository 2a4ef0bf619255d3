"""Outcomes of environments → what is printed: folded, counted, as text or as JSON."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fcgitops.core.printable import line
from fcgitops.core.terminal import Style, plain
from fcgitops.diff import unchanged
from fcgitops.diff.effects import Effect, Severity
from fcgitops.diff.outcome import ObjectChange, Outcome
from fcgitops.text.words import count

WIDTH = 100
_NAMES_SHOWN = 8


@dataclass(frozen=True)
class Entry:
    """One environment: what its change does, or why that cannot be said.

    Attributes:
        name: the environment, or whatever was compared.
        outcome: effects and differences.
        errors: sides that cannot be built or read, each with its reason.
        note: what is to be said of it where nothing differs.
        status: the exit status that the errors stand for; 0 where there are none.
    """

    name: str
    outcome: Outcome = field(default_factory=Outcome)
    errors: tuple[str, ...] = ()
    note: str = ""
    status: int = 0


class Report(NamedTuple):
    """Everything that one `diff` found.

    Attributes:
        entries: those that differ, or that cannot be compared.
        unchanged: how many environments render the same on both sides.
        others: how many experiments and entry points do.
        reason: why they are known to be the same: "equal inputs, not built".
        notes: what is to be said of the comparison as a whole.
    """

    entries: tuple[Entry, ...]
    unchanged: int = 0
    others: int = 0
    reason: str = ""
    notes: tuple[str, ...] = ()

    @property
    def worst(self) -> Severity:
        """The severity of the worst effect."""
        return max((entry.outcome.worst for entry in self.entries), default=Severity.NONE)

    @property
    def changes(self) -> bool:
        """Whether anything differs, or may."""
        return any(e.outcome.objects or e.outcome.effects or e.errors for e in self.entries)

    @property
    def status(self) -> int:
        """The exit status of what cannot be compared: it must not pass for no effect."""
        return max((entry.status for entry in self.entries), default=0)

    @property
    def rest(self) -> str:
        """How many do not change, in a sentence; "" where there is none."""
        return unchanged.sentence(self.unchanged, self.others, self.reason)

    def reaches(self, severity: Severity) -> bool:
        """Whether an effect is at least that bad, or may be: an entry cannot be compared."""
        return any(
            entry.errors or any(effect.severity >= severity for effect in entry.outcome.effects)
            for entry in self.entries
        )


class Fold(NamedTuple):
    """Environments to which the same happens."""

    names: tuple[str, ...]
    outcome: Outcome
    errors: tuple[str, ...] = ()
    note: str = ""


def folded(entries: Iterable[Entry]) -> list[Fold]:
    """Entries with the same content as one, the worst first, then by their names."""
    groups: dict[tuple[Any, ...], list[str]] = {}
    for entry in entries:
        key = (entry.outcome.effects, _key(entry.outcome.objects), entry.errors, entry.note)
        groups.setdefault(key, []).append(entry.name)
    first = {entry.name: entry for entry in entries}
    folds = [
        Fold(tuple(found), one.outcome, one.errors, one.note)
        for found in groups.values()
        for one in (first[found[0]],)
    ]
    return sorted(folds, key=lambda fold: (not fold.errors, -fold.outcome.worst, fold.names[0]))


def _key(objects: tuple[ObjectChange, ...]) -> tuple[Any, ...]:
    return tuple(
        (
            o.label,
            o.namespace,
            o.how,
            tuple((f.path, repr(f.before), repr(f.after)) for f in o.fields),
        )
        for o in objects
    )


def names(found: tuple[str, ...], most: int = _NAMES_SHOWN) -> str:
    """Names in a sentence, whatever is in them, with their number where they are many."""
    shown = line(", ".join(found[:most]))
    return shown if len(found) <= most else f"{shown}, … ({count(len(found), 'environment')})"


def summary(fold: Fold) -> str:
    """What happens, in a few words."""
    if fold.errors:
        return "cannot be compared"
    if fold.outcome.effects:
        effects = count(len(fold.outcome.effects), "effect")
        return f"{effects}, the worst: {fold.outcome.worst.word}"
    if fold.outcome.objects:
        return f"{fold.outcome.became}, and no effect is known"
    return fold.note or "comments only: nothing is synced"


def as_json(report: Report) -> dict[str, Any]:
    """The report as data; docs/diff.md has its shape."""
    return {
        "environments": [_entry(entry) for entry in report.entries],
        "unchanged": {"environments": report.unchanged, "others": report.others},
        "notes": list(report.notes),
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "effects": [effect_json(effect) for effect in entry.outcome.effects],
        "objects": [
            {
                "object": o.label,
                "namespace": o.namespace,
                "change": o.how,
                "fields": [f._asdict() for f in o.fields],
            }
            for o in entry.outcome.objects
        ],
        "errors": list(entry.errors),
    }


def effect_json(effect: Effect) -> dict[str, Any]:
    """One effect as data."""
    return {**dataclasses.asdict(effect), "severity": effect.severity.word}


_STYLES = {
    Severity.NONE: "green",
    Severity.RESTART: "yellow",
    Severity.MANUAL: "yellow",
    Severity.FAILS: "red",
    Severity.RIGHTS: "red",
    Severity.OUTAGE: "red",
    Severity.LOSS: "red",
}


def as_text(report: Report, *, full: bool = False, style: Style = plain) -> Iterator[str]:
    """The lines that a person reads.

    Args:
        report: what was found.
        full: every field that differs, and every name.
        style: how words are set off.
    """
    for number, fold in enumerate(folded(report.entries)):
        if number:
            yield ""
        yield from _fold(fold, full=full, style=style)
    if rest := report.rest:
        if report.entries:
            yield ""
        yield rest
    elif not report.entries:
        yield "nothing changes"
    yield from map(line, report.notes)


def _fold(fold: Fold, *, full: bool, style: Style) -> Iterator[str]:
    label = names(fold.names, len(fold.names) if full else _NAMES_SHOWN)
    yield f"{style(label, 'bold')}: {summary(fold)}"
    for error in fold.errors:
        yield f"  {style('error', 'red')}  {line(error)}"
    for effect in fold.outcome.effects:
        yield from _effect(effect, style)
    if fold.outcome.objects and fold.outcome.effects:
        yield f"  {style('what differs', 'dim')}"
    for o in fold.outcome.objects:
        yield from _object(o, full=full)


def _effect(effect: Effect, style: Style) -> Iterator[str]:
    head = f"{effect.severity.word}{effect.unsure}"
    colour = _STYLES[effect.severity]
    of = line(f"{effect.id} {effect.object}")
    yield f"  {style(head, colour)}  {style(of, 'dim')}"
    yield from map(line, _wrapped(effect.says, "      "))
    if effect.do:
        yield line(f"      → {effect.do}")
    if effect.query:
        yield line(f"      ? {effect.query}")
    if effect.answer:
        yield line(f"      = {effect.answer}")


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


_FIELDS_SHOWN = 5


def _object(o: ObjectChange, *, full: bool) -> Iterator[str]:
    word = {"moved": " (moved)", "renamed": " (renamed)"}.get(o.how, "")
    yield line(f"    {o.line}{word}")
    shown = o.fields if full else o.fields[:_FIELDS_SHOWN]
    for each in shown:
        yield line(f"        {each}")
    if len(o.fields) > len(shown):
        yield f"        … {len(o.fields) - len(shown)} more (--full)"
    if o.how == "changed" and not o.fields:
        yield "        nothing that the API server would store differs"
