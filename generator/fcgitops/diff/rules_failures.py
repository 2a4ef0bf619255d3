"""Rules on what another podFailureSpec does to Pods that fail.

It takes effect at FrameworkController's next start, and not before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from fcgitops.core.lazy import regex
from fcgitops.diff.change import Change
from fcgitops.diff.effects import Said, Says, Severity, rule
from fcgitops.diff.settings import Settings, attributes, called, image_codes
from fcgitops.kubernetes.objects import mappings
from fcgitops.text.words import count

Entry: TypeAlias = dict[str, Any]
"""An entry of podFailureSpec."""


def _from_image(settings: tuple[Settings, Settings]) -> bool:
    return settings[0].of_image and not settings[1].of_image


_WITHOUT = {
    "Transient": "is no longer retried for free (Transient) and counts against maxRetryCount",
    "Permanent": "is retried (Permanent: it was not)",
}


@rule("S08", "an entry of podFailureSpec is gone", Severity.RESTART, "F S")
def entry_gone(change: Change) -> Says:
    """Such failures become ContainerUnrecognizedFailed, or the next entry's that matches."""
    settings = change.runs_with
    if settings is None or _from_image(settings):
        return
    gone = [e for code, e in settings[0].entries.items() if code not in settings[1].entries]
    yield from _each(change, gone, _without)


def _without(entry: Entry) -> str:
    known = [_WITHOUT[kind] for kind in attributes(entry) if kind in _WITHOUT]
    then = known[0] if known else "and is judged by that"
    return (
        f"{called(entry)} is no longer known: such a failure becomes "
        f"ContainerUnrecognizedFailed, {then}. Pods that fail while "
        "FrameworkController restarts are judged by the new list; what is recorded stays."
    )


_MOST = 5
"""Entries that get a sentence each; the rest share one."""


def _each(change: Change, entries: list[Entry], says: Callable[[Entry], str]) -> Says:
    """What is said of each of some entries; of many it is said of the first few."""
    for entry in entries[:_MOST]:
        yield Said(change.config_label, says(entry))
    if more := entries[_MOST:]:
        codes = ", ".join(str(entry.get("code")) for entry in more)
        yield Said(change.config_label, f"So it is with {len(more)} more: {codes}.")


def _retried(kinds: tuple[str, ...]) -> str:
    if "Permanent" in kinds:
        return "no longer retried at all"
    if "Transient" in kinds:
        return "retried without counting against maxRetryCount" + (
            ", after a random delay" if "Conflict" in kinds else ""
        )
    return "retried, and count against maxRetryCount"


@rule("S09", "the attributes of an entry's type differ", Severity.RESTART, "F S")
def other_attributes(change: Change) -> Says:
    """With fancyRetryPolicy they decide whether such a failure is retried."""
    settings = change.runs_with
    if settings is None:
        return
    before, after = settings
    for code, entry in after.entries.items():
        old = attributes(before.entries[code]) if code in before.entries else None
        new = attributes(entry)
        if old is not None and old != new:
            words = [", ".join(kinds) or "no attribute" for kinds in (old, new)]
            yield Said(
                change.config_label,
                f"{code} {words[0]} → {words[1]}: with fancyRetryPolicy such failures are "
                f"{_retried(new)}.",
            )


_WORD = regex(r"(?P<flags>\(\?[a-zA-Z]+\))?\^(?P<word>[A-Za-z0-9_-]+)\$\Z")


def _reason(pattern: dict[str, Any]) -> tuple[str, bool] | None:
    """(the one word that the Pod's reason must be, whether its case counts not); None: any."""
    found = _WORD.match(str(pattern.get("reasonRegex") or ""))
    return (found["word"], "i" in (found["flags"] or "")) if found else None


def _disjoint(one: Entry, other: Entry) -> bool:
    a, b = _reason(one), _reason(other)
    if a is None or b is None:
        return False
    return a[0].lower() != b[0].lower() if a[1] or b[1] else a[0] != b[0]


def _overlap(one: Entry, other: Entry) -> bool:
    """Whether a Pod can match both entries; container patterns match if any container does."""
    return any(
        not _disjoint(p, q)
        for p in mappings(one.get("podPatterns"))
        for q in mappings(other.get("podPatterns"))
    )


@rule("S10", "entries that a Pod can both match change their order", Severity.RESTART, "F")
def other_order(change: Change) -> Says:
    """The first entry that matches wins."""
    settings = change.runs_with
    if settings is None:
        return
    before, after = settings
    order = [code for code in after.entries if code in before.entries]
    place = {code: number for number, code in enumerate(before.entries)}
    swapped = [
        (code, late)
        for number, code in enumerate(order)
        for late in order[number + 1 :]
        if place[late] < place[code] and _overlap(after.entries[late], after.entries[code])
    ]
    kinds = {code: attributes(entry) for code, entry in after.entries.items()}
    swapped.sort(key=lambda codes: kinds[codes[0]] == kinds[codes[1]])
    for code, late in swapped[:_MOST]:
        first = ", ".join(kinds[code]) or "no attribute"
        then = ", ".join(kinds[late]) or "no attribute"
        yield Said(
            change.config_label,
            f"{called(after.entries[late])} ({then}) now comes after {code} ({first}), which can "
            f"match the same Pods: they get {code}, and are {_retried(kinds[code])}.",
        )
    if len(swapped) > _MOST:
        more = count(len(swapped) - _MOST, "other pair")
        yield Said(change.config_label, f"So it is with {more} of entries.")


@rule("S11", "an entry is new, or matches other failures", Severity.RESTART, "F")
def entry_new(change: Change) -> Says:
    """Matched failures get its code from the next start on."""
    settings = change.runs_with
    if settings is None:
        return
    before, after = settings
    new = [entry for code, entry in after.entries.items() if code not in before.entries]
    other = [
        entry for code, entry in after.entries.items()
        if code in before.entries
        and before.entries[code].get("podPatterns") != entry.get("podPatterns")
    ]  # fmt: skip
    then = "from the next start on what it matches gets its code"
    yield from _each(change, new, lambda entry: f"{called(entry)} is new: {then}.")
    matches = "matches other failures"
    yield from _each(change, other, lambda entry: f"{called(entry)} {matches}: {then}.")


@rule(
    "S12",
    "a file of its own takes the place of the image's, without its codes",
    Severity.RESTART,
    "S",
)
def image_codes_gone(change: Change) -> Says:
    """The mounted file replaces the image's whole list."""
    settings = change.runs_with
    if settings is None or not _from_image(settings):
        return
    missing = [code for code in image_codes() if code not in settings[1].entries]
    if missing:
        listed = ", ".join(map(str, missing[:_MOST])) + (", …" if len(missing) > _MOST else "")
        yield Said(
            change.config_label,
            f"{count(len(missing), 'code')} that the image's own file knows "
            f"{'is' if len(missing) == 1 else 'are'} no longer known ({listed}): "
            "such a failure becomes ContainerUnrecognizedFailed and counts against maxRetryCount.",
            "shippedPodFailureSpec: keep",
        )
