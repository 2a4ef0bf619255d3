"""A report for a pull request: a summary, the effects, and the details folded.

GitHub refuses a comment of more than 65,536 characters. What does not fit is counted and named,
the least bad first: nothing is left out without a word.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from fcgitops.core.lazy import regex
from fcgitops.core.printable import printable
from fcgitops.diff import report as reports
from fcgitops.diff.effects import Effect, Severity
from fcgitops.diff.outcome import ObjectChange
from fcgitops.diff.report import Fold, Report
from fcgitops.text.words import count

LIMIT = 60_000
"""Characters at most."""
_DETAILS = 12_000
"""Characters of one fold's details at most, so that one does not take the place of all others."""
_NAMES = 12
_NAME_LIST = 2_000
_ROWS = 60
_TABLE = 20_000
"""Characters of these."""
_TOLD = 8_000
"""Characters of what is said of the comparison as a whole."""
_TAIL = 400
"""Characters kept for what says what was left out."""


@dataclass(frozen=True)
class _Part:
    """A piece of text, and what is said in its place where it does not fit."""

    text: str
    instead: str = ""


def as_markdown(report: Report) -> str:
    """The whole report, at most `LIMIT` characters."""
    folds = reports.folded(report.entries)
    parts = [_Part(_head(report, folds))]
    parts += [_effects(fold) for fold in folds]
    details = [_details(fold) for fold in folds if fold.outcome.objects]
    return _fitted([*parts, *details], [_Part("\n".join(_closing(report)))])


def _fitted(parts: list[_Part], closing: list[_Part]) -> str:
    """The parts that fit, in order, and a sentence about each kind that does not."""
    tail = "".join(part.text for part in closing)
    room = LIMIT - len(tail) - _TAIL
    kept: list[str] = []
    left: list[str] = []
    for part in parts:
        if len(part.text) <= room:
            kept.append(part.text)
            room -= len(part.text)
        else:
            left.append(part.instead)
    if left:
        text = _left_out(left)
        kept.append(text)
    return "".join(kept) + tail


def _left_out(left: list[str]) -> str:
    """What did not fit: its kinds with their numbers."""
    counts = {what: left.count(what) for what in dict.fromkeys(left)}
    listed = ", ".join(f"{number} × {what}" for what, number in counts.items())
    return f"\n> Left out here for its length: {listed}. `fcgitops diff --full` shows it.\n"


def _head(report: Report, folds: list[Fold]) -> str:
    lines = ["## What this does to clusters", ""]
    if not report.changes:
        nothing = "Nothing changes on any cluster."
        told = [f"{_names(fold)}: {reports.summary(fold)}." for fold in folds]
        lines += _shortened(list(dict.fromkeys(told)) or [nothing], _TOLD)
        return "\n".join(lines) + "\n"
    rows = _alike(folds)
    lines += ["| environments | worst effect | effects |", "| --- | --- | --- |"]
    made = list(map(_row, rows[:_ROWS]))
    while len("".join(made)) > _TABLE:  # names may be long
        made.pop()
    lines += made
    if rest := rows[len(made) :]:
        number = sum(len(fold.names) for fold in rest)
        worst = max(fold.outcome.worst for fold in rest)
        lines.append(f"| {number} more, of {count(len(rest), 'kind')} | {worst.word} | … |")
    return "\n".join(lines) + "\n"


def _alike(folds: list[Fold]) -> list[Fold]:
    """Folds with the same effects by number, whatever the values, as one."""
    groups: dict[tuple[object, ...], list[Fold]] = {}
    for fold in folds:
        effects = tuple((e.id, e.severity, e.object) for e in fold.outcome.effects)
        groups.setdefault((effects, bool(fold.errors), bool(fold.outcome.objects)), []).append(fold)
    return [
        group[0]._replace(names=tuple(name for fold in group for name in fold.names))
        for group in groups.values()
    ]


def _row(fold: Fold) -> str:
    if fold.errors:
        return f"| {_names(fold)} | cannot be compared | |"
    counts: dict[tuple[Severity, str], int] = {}
    for effect in fold.outcome.effects:
        counts[effect.severity, effect.id] = counts.get((effect.severity, effect.id), 0) + 1
    listed = ", ".join(
        f"{number} × {rule} {severity.word}" if number > 1 else f"{rule} {severity.word}"
        for (severity, rule), number in counts.items()
    )
    worst = f"**{fold.outcome.worst.word}**"
    if not fold.outcome.effects:
        worst = reports.summary(fold)
    return f"| {_names(fold)} | {worst} | {listed} |"


def _names(fold: Fold) -> str:
    text = ", ".join(_code(name).replace("|", "\\|") for name in fold.names[:_NAMES])
    if len(fold.names) > _NAMES:
        text += f" and {len(fold.names) - _NAMES} more ({len(fold.names)} in all)"
    return text


def _code(text: str) -> str:
    """Text as code, whatever is in it."""
    fence = _fence(text, 1)
    space = " " if "`" in text else ""
    return f"{fence}{space}{printable(text)}{space}{fence}"


def _fence(text: str, least: int) -> str:
    """What stands around code; no part of it can end the code."""
    runs = map(len, re.findall("`+", text))
    return "`" * max([least, *(run + 1 for run in runs if run >= least)])


_CODE = regex(r"(?<!`)(`[^`]+`)(?!`)")
_MEANT = regex(r"[*~`]|(?<!\w)_|_(?!\w)|\](?=[(\[:])|\\(?=[!-/:-@\[-`{-~])")
"""What Markdown would take for more than text: emphasis, a link, an escape."""
_MENTION = regex(r"(?<!\w)@(?=\w)")


def as_text(text: str) -> str:
    """Text in which HTML means nothing, and Markdown nothing but `code`; nobody is called by it."""
    parts = _CODE.split(printable(text))
    parts[::2] = [_MENTION.sub("@&#8203;", _escaped(part)) for part in parts[::2]]
    return "".join(parts)


def _escaped(text: str) -> str:
    return html.escape(_MEANT.sub(r"\\\g<0>", text), quote=False)


def _shortened(lines: list[str], most: int) -> list[str]:
    """The first lines, `most` characters at most, and how many are left out."""
    room = most
    for number, line in enumerate(lines):
        room -= len(line)
        if room < 0:
            return [*lines[:number], f"… and {len(lines) - number} more: `fcgitops diff --full`"]
    return lines


def _effects(fold: Fold) -> _Part:
    lines = ["", f"### {_names(fold)}", ""]
    if fold.errors:
        lines += [f"- **cannot be compared**: {as_text(error)}" for error in fold.errors]
    elif not fold.outcome.effects:
        said = reports.summary(fold)
        lines.append(f"{said[0].upper()}{said[1:]}.")
    for effect in fold.outcome.effects:
        lines += _effect(effect)
    text = "\n".join(lines) + "\n"
    worst = fold.outcome.worst.word
    who = count(len(fold.names), "environment")
    if fold.errors:
        return _Part(text, f"why {who} cannot be compared")
    return _Part(text, f"the effects of {who} (at worst {worst})")


def _effect(effect: Effect) -> Iterator[str]:
    yield f"- **{effect.severity.word}**{effect.unsure} · {effect.id} · {_code(effect.object)}"
    yield f"  {as_text(effect.says)}"
    if effect.do:
        yield f"  → {_advice(effect.do)}"
    if effect.query:
        yield f"  how many, or whether: {_code(effect.query)}"
    if effect.answer:
        yield f"  the cluster says: {_code(effect.answer)}"


_TYPED = regex(
    r"(?P<prose>(?:.*?: )?)(?P<command>(?:argocd|docker|fcgitops|flux|git|kubectl|make) .*?)"
    r"(?P<rest>(?:; (?:or|after) .*)?)"
)


def _advice(do: str) -> str:
    """What to do: as text, and what is typed as code."""
    found = _TYPED.fullmatch(do)
    if found is None:
        return as_text(do)
    return f"{as_text(found['prose'])}{_code(found['command'])}{as_text(found['rest'])}"


def _details(fold: Fold) -> _Part:
    title = html.escape(printable(", ".join(fold.names[:_NAMES])))
    if len(fold.names) > _NAMES:
        title += f" and {len(fold.names) - _NAMES} more"
    lines: list[str] = []
    length, left = 0, 0
    for o in fold.outcome.objects:
        for line in _object(o):
            if length + len(line) > _DETAILS:
                left += 1
                continue
            lines.append(line)
            length += len(line) + 1
    if left:
        lines.append(f"… {left} more lines: fcgitops diff --full")
    named = ""
    if len(fold.names) > _NAMES:
        every = printable(", ".join(fold.names))
        named = every if len(every) <= _NAME_LIST else f"{every[:_NAME_LIST]}… ({len(fold.names)})"
        named = f"<p>{html.escape(named)}</p>\n"
    body = "\n".join(lines)
    fence = _fence(body, 3)
    head = f"\n<details><summary>What differs: {title}</summary>\n{named}"
    text = f"{head}\n{fence}\n{body}\n{fence}\n\n</details>\n"
    return _Part(text, "what differs in a group of environments")


def _object(o: ObjectChange) -> Iterator[str]:
    yield printable(o.line)
    for field in o.fields:
        yield printable(f"    {field}")


def _closing(report: Report) -> Iterator[str]:
    if rest := report.rest:
        yield ""
        yield f"{rest[0].upper()}{rest[1:]}."
    for note in _shortened([as_text(note) for note in report.notes], _TOLD):
        yield ""
        yield f"> {note}"
    yield ""
