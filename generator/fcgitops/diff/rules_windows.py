"""Rules on the sync windows of an AppProject, which say when Argo CD may sync.

Source: Argo CD 3.2.6, pkg/apis/application/v1alpha1/types.go, SyncWindows.Matches and CanSync. An
open deny window closes what it names; an allow window closes the same whenever none is open.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from typing import NamedTuple

from fcgitops.core import shell
from fcgitops.diff.change import Change, spec
from fcgitops.diff.effects import Said, Says, Severity, rule
from fcgitops.diff.entry_points import ARGO, application, applications_of, automated
from fcgitops.diff.kubectl import APPLICATIONS
from fcgitops.kubernetes import cron
from fcgitops.kubernetes.objects import Object, listing, mapping, name

_LISTS = ("applications", "clusters", "namespaces")
Values = tuple[frozenset[str], ...]
"""Of each of `_LISTS`: the patterns of a window, or what an Application has."""


class Window(NamedTuple):
    """One window of an AppProject."""

    kind: str
    schedule: str
    duration: str
    zone: str
    patterns: Values
    all_must_fit: bool
    by_hand: bool
    """Whether a sync by hand is let through where it closes."""
    number: int
    """As `argocd proj windows` takes it."""

    @property
    def when(self) -> str:
        """When it is open."""
        return f"for {self.duration} from each `{self.schedule}` ({self.zone})"

    @property
    def whose(self) -> str:
        """What it names."""
        given = [f"{key} {', '.join(sorted(p))}"
                 for key, p in zip(_LISTS, self.patterns, strict=True) if p]  # fmt: skip
        return (" and " if self.all_must_fit else " or ").join(given)

    @property
    def unreadable(self) -> str:
        """What Argo CD cannot read of it; "" where it can."""
        if self.schedule.startswith("@") or not cron.is_schedule(self.schedule):
            return f"the schedule `{self.schedule}`"
        return f"the duration `{self.duration}`" if cron.seconds(self.duration) is None else ""

    def names(self, values: Values) -> bool:
        """Whether it is for an Application, as far as that can be known."""
        fit = [
            any(fnmatch.fnmatchcase(value, pattern) for value in of for pattern in patterns)
            for patterns, of in zip(self.patterns, values, strict=True)
            if patterns
        ]
        return all(fit) if self.all_must_fit else any(fit)

    def covers(self, other: Window) -> bool:
        """Whether it is open whenever the other one is, for the same; and closes as much."""
        kinds = [(w.kind, w.schedule, w.zone, w.whose) for w in (self, other)]
        longer = (cron.seconds(self.duration) or 0) >= (cron.seconds(other.duration) or 0)
        as_strict = self.kind == "allow" or other.by_hand or not self.by_hand
        return kinds[0] == kinds[1] and longer and as_strict


@rule("E29", "an AppProject's windows let less be synced, or more", Severity.FAILS, "G")
def windows(change: Change) -> Says:
    """No commit arrives, not even a revert, and nothing is healed."""
    for pair in change.of_kind("AppProject"):
        if pair.after is None:
            continue
        old, new = (list(_windows(o)) for o in (pair.before, pair.after))
        for window, says in _closed(old, new):
            owned = applications_of(change.after, pair.after)
            certain = any(window.names(_target(o)) for o in owned)
            prunes = bool(owned) and all(map(_prunes, owned))
            by_hand = "is let through" if window.by_hand else "is refused, too"
            yield Said(
                pair.label,
                f"{says}: no commit arrives, not even a revert, and what is changed by hand "
                f"stays. A sync by hand {by_hand}.",
                _way_through(name(pair.after), window, prunes=prunes),
                "" if certain else APPLICATIONS,
                certain=certain,
            )
        for window, _ in _closed([now._replace(by_hand=False) for now in new], old):
            says = f"Argo CD syncs {window.whose} at other times, too: what waits in Git arrives."
            yield Said(pair.label, says, severity=Severity.NONE)


def _way_through(project: str, window: Window, *, prunes: bool) -> str:
    """What to type to have one commit synced all the same, as it would have been by itself.

    Without --prune an old ConfigMap stays, and `argocd` fails. A window that it has edited is
    Argo CD's own field, and stays when it has left Git; applied once more, it is ours again.
    """
    if window.unreadable:
        return "correct it, such as schedule: 0 22 * * *, duration: 2h"
    sync = "argocd app sync APPLICATION" + (" --prune" if prunes else "")
    words = ("argocd", "proj", "windows", "enable-manual-sync", project, str(window.number))
    edits = f"{shell.line(*words)} && {sync} && make bootstrap ENV=ENVIRONMENT"
    return sync if window.by_hand else edits


def _closed(old: list[Window], new: list[Window]) -> Iterator[tuple[Window, str]]:
    """By which window less is synced than before, and when."""
    for window in new:
        if any(known.covers(window) for known in old):
            continue
        if window.unreadable:
            unreadable = f"Argo CD cannot read {window.unreadable}"
            yield window, f"{unreadable}, and syncs nothing of {window.whose}"
        elif window.kind == "deny" and (cron.seconds(window.duration) or 0) > 0:
            yield window, f"Argo CD syncs nothing of {window.whose} {window.when}"
    yield from _outside(old, new)


def _outside(old: list[Window], new: list[Window]) -> Iterator[tuple[Window, str]]:
    """By which windows that allow to sync it is allowed less: nothing is synced outside them."""
    for first in {w.whose: w for w in new if w.kind == "allow" and not w.unreadable}.values():
        now, before = (
            [w for w in some if (w.kind, w.whose) == ("allow", first.whose)] for some in (new, old)
        )
        if not before or any(not any(w.covers(known) for w in now) for known in before):
            times = " or ".join(window.when for window in now)
            yield first, f"Argo CD syncs nothing of {first.whose} but {times}"


def _windows(project: Object | None) -> Iterator[Window]:
    """The windows of an AppProject that are for any Application at all."""
    for number, fields in enumerate(listing(spec(project).get("syncWindows"))):
        window = mapping(fields)
        patterns = tuple(frozenset(map(str, listing(window.get(key)))) for key in _LISTS)
        if any(patterns):
            yield Window(
                str(window.get("kind")),
                str(window.get("schedule")),
                str(window.get("duration")),
                str(window.get("timeZone") or "UTC"),
                patterns,
                window.get("andOperator") is True,
                window.get("manualSync") is True,
                number,
            )


def _prunes(o: Object) -> bool:
    """Whether what leaves Git is deleted by each automated sync."""
    return mapping(automated(application(o))).get("prune") is True


def _target(o: Object) -> Values:
    """What an Application is called, and where it goes.

    Those of an ApplicationSet have its `{{…}}` there, which a `*` alone is sure to fit.
    """
    made = mapping(mapping(spec(o).get("template")).get("metadata"))
    goes_to = mapping(application(o).get("destination"))
    called = made.get("name") if o["kind"] == ARGO[1] else name(o)
    return tuple(
        frozenset(str(value) for value in values if value)
        for values in (
            [called],
            [goes_to.get("name"), goes_to.get("server")],
            [goes_to.get("namespace")],
        )
    )
