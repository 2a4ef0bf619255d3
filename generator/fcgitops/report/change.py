"""What a change does, as the page shows it: effects first, the worst first, then the difference."""

from __future__ import annotations

from collections.abc import Iterator

from fcgitops.diff.effects import Effect
from fcgitops.diff.outcome import ObjectChange
from fcgitops.diff.report import Fold, Report, folded, summary
from fcgitops.report.markup import lines, text


def section(report: Report, title: str) -> str:
    """The part of the page on a change.

    Args:
        report: what was compared.
        title: the two sides, as they were typed.
    """
    return "\n".join(_parts(report, title))


def _parts(report: Report, title: str) -> Iterator[str]:
    yield f"<section><h2>What {text(title)} does</h2>"
    for fold in folded(report.entries):
        yield from _fold(fold)
    rest = report.rest or ("" if report.entries else "nothing changes")
    for line in (rest, *report.notes):
        if line:
            yield f"<p>{text(line)}</p>"
    yield "</section>"


def _fold(fold: Fold) -> Iterator[str]:
    yield f"<h3>{text(', '.join(fold.names))}: {text(summary(fold))}</h3>"
    for error in fold.errors:
        yield f'<p class="reject">{text(error)}</p>'
    for effect in fold.outcome.effects:
        yield _effect(effect)
    if fold.outcome.objects:
        yield "<details><summary>What differs</summary>"
        for changed in fold.outcome.objects:
            yield from _object(changed)
        yield "</details>"


def _effect(effect: Effect) -> str:
    word = text(effect.severity.word)
    commands = "".join(lines([command]) for command in (effect.do, effect.query) if command)
    return (
        f'<div class="effect {word.replace(" ", "-")}"><strong>{word}{effect.unsure}</strong>'
        f'<p>{text(effect.says)} <span class="soft">{text(effect.id)} {text(effect.object)}'
        f"</span></p>{commands}</div>"
    )


def _object(changed: ObjectChange) -> Iterator[str]:
    yield f"<p><strong>{text(changed.how)}: {text(changed.place)}</strong></p>"
    if changed.fields:
        yield lines([str(field) for field in changed.fields])
