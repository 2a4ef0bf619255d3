"""E29: what an AppProject's sync windows close, and what no longer."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from diff_edits import ARGO, WINDOW, Rendering
from fcgitops.diff import compare
from fcgitops.diff.effects import Effect

ALLOW = WINDOW | {"kind": "allow"}
LONGER, SHORTER = ({"duration": hours} for hours in ("12h", "9h30m"))
BY_HAND = {"manualSync": True}
OWN, OTHER = ({"applications": [name]} for name in ("frameworkcontroller-*", "other"))


def effects(old: list[Any] | None, new: list[Any] | None, *, prunes: bool = True) -> list[Effect]:
    """What is said of a project whose windows change, and whose Applications prune or not."""
    before = Rendering(ARGO)
    made = before("ApplicationSet")["spec"]["template"]["spec"]
    made["syncPolicy"]["automated"]["prune"] = prunes
    after = copy.deepcopy(before)
    for rendering, windows in ((before, old), (after, new)):
        if windows is not None:
            rendering("AppProject")["spec"]["syncWindows"] = windows
    found = compare.outcome(before.objects, after.objects).effects
    return [effect for effect in found if effect.id == "E29"]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (None, [WINDOW], "syncs nothing of applications * for 10h from each `0 8 * * 1-5` (UTC):"),
        ([WINDOW], [WINDOW | LONGER], "for 12h from each"),
        ([WINDOW | BY_HAND], [WINDOW], "A sync by hand is refused, too."),
        (None, [WINDOW | BY_HAND], "A sync by hand is let through."),
        ([WINDOW], [WINDOW | {"timeZone": "Europe/Berlin"}], "(Europe/Berlin):"),
        (None, [ALLOW], "syncs nothing of applications * but for 10h from each `0 8 * * 1-5`"),
        ([ALLOW], [ALLOW | SHORTER], "but for 9h30m from each"),
        ([ALLOW, ALLOW | {"schedule": "0 20 * * *"}], [ALLOW], "but for 10h from each"),
        ([ALLOW], [ALLOW, ALLOW | OTHER], "syncs nothing of applications other but"),
        (None, [WINDOW | {"schedule": "@daily"}], "cannot read the schedule `@daily`"),
        (None, [ALLOW | {"schedule": "0 25 * * *"}], "cannot read the schedule `0 25 * * *`"),
        (None, [ALLOW | {"duration": "1d"}], "cannot read the duration `1d`"),
        (
            None,
            [WINDOW | OWN | {"clusters": ["a"], "andOperator": True}],
            "applications frameworkcontroller-* and clusters a",
        ),
        (None, [WINDOW | OWN | {"namespaces": ["x"]}], "frameworkcontroller-* or namespaces x"),
    ],
)
def test_what_closes_more_than_before_is_said(
    old: list[Any] | None, new: list[Any], says: str
) -> None:
    """With when, whose, and what to do about it."""
    found = [effect for effect in effects(old, new) if effect.severity.word == "sync will fail"]
    (effect,) = found
    assert says in effect.says
    assert effect.do


@pytest.mark.parametrize(
    ("window", "do"),
    [
        (WINDOW | BY_HAND, "argocd app sync APPLICATION --prune"),
        (
            WINDOW,
            "argocd proj windows enable-manual-sync frameworkcontroller 0 && "
            "argocd app sync APPLICATION --prune && make bootstrap ENV=ENVIRONMENT",
        ),
    ],
)
def test_what_lets_a_commit_through_is_told(window: dict[str, Any], do: str) -> None:
    """With what takes back the edit of a window, which would else outlive it in Git."""
    assert effects(None, [window])[0].do == do
    (effect,) = effects(None, [window], prunes=False)
    assert effect.do == do.replace(" --prune", "")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ([WINDOW], [WINDOW]),
        ([WINDOW], [WINDOW | {"description": "frozen"}]),
        ([WINDOW], [WINDOW | {"timeZone": "UTC", "manualSync": False}]),
        (None, [WINDOW | {"duration": "0s"}]),
        (None, [WINDOW | {"duration": "-1h"}]),
        (None, [{"kind": "deny", "schedule": "* * * * *", "duration": "1h"}]),
        ([WINDOW], [WINDOW | BY_HAND]),
        ([ALLOW], [ALLOW, ALLOW]),
        (None, ["no window"]),
        (None, "no list"),
    ],
)
def test_what_closes_nothing_more_is_not_said(old: list[Any] | None, new: list[Any]) -> None:
    """Neither the same in other words, nor what is never open or nobody's."""
    assert effects(old, new) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ([WINDOW], None),
        ([WINDOW], [WINDOW | SHORTER]),
        ([ALLOW], None),
        ([ALLOW], [ALLOW | LONGER]),
        ([ALLOW], [ALLOW, ALLOW | {"schedule": "0 20 * * *"}]),
    ],
)
def test_what_closes_less_lets_arrive_what_waits(old: list[Any], new: list[Any] | None) -> None:
    """And nothing else is said."""
    (effect,) = effects(old, new)
    assert effect.severity.word == "none"
    assert "what waits in Git arrives" in effect.says


@pytest.mark.parametrize(
    ("fields", "certain"),
    [
        ({"applications": ["*"]}, True),
        (OWN, True),
        ({"applications": ["frameworkcontroller-prod"]}, False),
        (OTHER, False),
        ({"applications": ["other"], "namespaces": ["*"]}, True),
        ({"applications": ["other"], "namespaces": ["*"], "andOperator": True}, False),
        ({"applications": [], "clusters": ["dev"]}, False),
    ],
)
def test_it_is_certain_where_the_window_names_an_application(
    fields: dict[str, Any], certain: bool
) -> None:
    """Else the query says which there are."""
    (effect,) = effects(None, [WINDOW | fields])
    assert effect.certain is certain
    assert bool(effect.count) is not certain
