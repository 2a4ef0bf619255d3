"""What a sync tool that runs hooks does with an object that is one; pure.

As Argo CD 3.2.6 has it: gitops-engine, pkg/sync/hook, pkg/sync/ignore and pkg/sync/reconcile.go;
argo-cd, controller/state.go (CompareAppState).
Where it knows no hook of that name, or one of a sync that fails, the object counts as not rendered.
"""

from __future__ import annotations

import enum

from fcgitops.diff.objects import Pair, annotations_of, guards
from fcgitops.kubernetes.objects import Object
from fcgitops.model.synctools import Traits

_RUN = {
    "argocd.argoproj.io/hook": {"PreSync", "Sync", "PostSync"},
    "helm.sh/hook": {"pre-install", "pre-upgrade", "post-install", "post-upgrade"},
}
"""Annotation → the hooks that run at a sync."""
_SKIP = "Skip"
_KNOWN = {*_RUN["argocd.argoproj.io/hook"], "SyncFail", _SKIP}
_FIRST = {"PreSync", "pre-install", "pre-upgrade"}
"""Those that run before anything is pruned."""
_BEFORE = {"BeforeHookCreation", "before-hook-creation"}
_SUCCEEDED = {"HookSucceeded", "hook-succeeded"}
_FAILED = {"HookFailed", "hook-failed"}


class Fate(enum.Enum):
    """What becomes of a hook that is on the cluster already."""

    ANEW = "deleted and made anew, at each sync of a commit"
    EITHER = "deleted and made anew, and maybe pruned then: both in the phase Sync, in any order"
    ENDED = "deleted once it has succeeded, at each sync of a commit"
    PRUNED = "deleted, as it counts as not rendered"
    APPLIED = "applied at each sync of a commit, and not healed in between"


def annotation(tool: Traits, o: Object | None) -> str:
    """What makes an object a hook of a tool, as KEY: VALUE; "" where it is none."""
    given = annotations_of(o) if o is not None else {}
    for key in tool.habits.hooks:
        if key in given:
            is_one = given[key] != "crd-install" and not skips(tool, o)
            return f"{key}: {given[key] or ''}".strip() if is_one else ""
    return ""


def skips(tool: Traits, o: Object | None) -> bool:
    """Whether the only hook that an object names is the one that a tool leaves alone."""
    given = annotations_of(o).get(tool.habits.hooks[0]) if o and tool.habits.hooks else None
    return _words(given) & _KNOWN == {_SKIP}


def fate(tool: Traits, before: Object | None, after: Object | None) -> Fate | None:
    """What becomes of an object that is a hook now; None where it is none, or is not there."""
    if before is None or after is None or not annotation(tool, after):
        return None
    given, keys = annotations_of(after), tool.habits.hooks
    runs = set().union(*(_words(given.get(key)) & _RUN[key] for key in keys))
    if not runs:
        prunes = tool.habits.prunes_crds or after["kind"] != "CustomResourceDefinition"
        return Fate.PRUNED if prunes and not keeps(tool, before) else None
    policies = set().union(
        *(_words(given.get(f"{key}-delete-policy")) for key in tool.habits.hooks)
    )
    if policies & _SUCCEEDED:
        return Fate.ENDED
    first = not annotation(tool, before) and not runs & _FIRST
    if not policies & _FAILED or policies & _BEFORE or first:
        return Fate.EITHER if first and "Sync" in runs else Fate.ANEW
    return Fate.APPLIED


def starts_sync(tool: Traits, pair: Pair) -> bool:
    """Whether a tool syncs for this difference: a hook does not count, nor what is skipped.

    Its annotation counts as it is on the cluster.
    """
    there = pair.after if pair.before is None else pair.before
    return not (annotation(tool, there) or skips(tool, pair.after))


def keeps(tool: Traits, gone: Object) -> bool:
    """Whether a tool leaves on the cluster what Git no longer has: for its guard, or as a hook."""
    return tool.habits.guard in guards(gone) or bool(annotation(tool, gone))


def _words(value: object) -> set[str]:
    return {word.strip() for word in str(value or "").split(",")} - {""}
