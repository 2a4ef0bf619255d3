"""What a command that writes says of its change: a few lines, for people and for the commit."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path

from fcgitops.core.errors import FcgitopsError
from fcgitops.diff import report as reports
from fcgitops.diff.alike import alike
from fcgitops.diff.effects import Effect
from fcgitops.diff.fleet import Fleet
from fcgitops.diff.report import Fold, Report
from fcgitops.git.history import History
from fcgitops.programs import kustomize
from fcgitops.text.words import count

_LONGEST = 500
"""Characters of an error at most."""
_MOST = 40
"""Lines at most: a commit's body is read in full."""

_ALL = "once it is committed, `fcgitops diff HEAD~1` tells all"

_MOST_BUILT = 20
"""New environments at most: what is new has little effect that its source does not tell."""
_OF_EACH_KIND = 3
"""Of so many changed ones, whose files change in the same lines, those that are built."""


def of_change(root: Path, changes: Mapping[str, bytes | None]) -> list[str]:
    """The effects of HEAD with changes that are not made yet, one a line, the worst first.

    What cannot be told is said to be so: it is no reason not to commit.

    Args:
        root: the content's root.
        changes: content by path below it; None deletes.
    """
    try:
        history = History(root)
        fleet = Fleet.of(history.head, history.planned(changes), history.prefix)
        if not fleet.changed_paths:
            return []
        added = fleet.added if len(fleet.added) > _MOST_BUILT else []
        similar = alike(fleet, _OF_EACH_KIND) if len(fleet.changed) > _MOST_BUILT else []
        told = lines(fleet.report(kustomize.find(), {*added, *similar}))
        if added:
            many = count(len(added), "new environment")
            told.append(f"- {many}: not built for this list; {_ALL}")
        if similar:
            many = count(len(similar), "environment")
            told.append(
                f"- {many} more, whose files change in the same lines: not built for this list; "
                f"{_ALL}"
            )
        return told
    except FcgitopsError as error:
        return [f"effects: not known: {error.problems[0]}"]
    except OSError as error:  # no room for what is to be compared
        return [f"effects: not known: {error.strerror}"]


def lines(report: Report) -> list[str]:
    """The effects of a report, one a line; one line where there is none."""
    found = [line for fold in reports.folded(report.entries) for line in _fold(fold)]
    if not found:
        return ["effects: none on any cluster"]
    if len(found) > _MOST:
        left = len(found) - _MOST + 1
        found = [*found[: _MOST - 1], f"and {count(left, 'line')} more: {_ALL}"]
    return ["effects:", *(f"- {line}" for line in found)]


def _fold(fold: Fold) -> list[str]:
    named = reports.names(fold.names)
    if fold.errors:
        return [
            f"{named}: cannot be compared: {textwrap.shorten(error, _LONGEST, placeholder=' …')}"
            for error in fold.errors
        ]
    effects = fold.outcome.effects
    told = [
        f"{named}: {e.severity.word} ({e.id}{'' if e.certain else ', depends on the cluster'}): "
        f"{_says(e, effects)}" + (f" Do: {e.do}" if e.do else "")
        for e in effects
    ]
    if told or not fold.outcome.objects:
        return list(dict.fromkeys(told))
    return [f"{named}: {fold.outcome.became}, no effect is known"]


def _says(effect: Effect, among: Iterable[Effect]) -> str:
    """What an effect says, with its object where the sentence leaves open which one that is.

    So it does where it begins with "It" and that is no environment, and where the same rule speaks
    of other objects too.
    """
    others = any(other.id == effect.id and other.object != effect.object for other in among)
    if effect.says.startswith("It ") and "/" in effect.object:
        return f"{effect.object} {effect.says.removeprefix('It ')}"
    if others and effect.object.rpartition("/")[2] not in effect.says:
        return f"{effect.object}: {effect.says}"
    return effect.says
