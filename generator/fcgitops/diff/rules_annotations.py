"""Rules on annotations by which an object tells a sync tool how to treat it."""

from __future__ import annotations

from fcgitops.diff import hooks
from fcgitops.diff.change import CRD_KIND, Change
from fcgitops.diff.effects import Effect, Said, Says, Severity, rule
from fcgitops.diff.hooks import Fate
from fcgitops.diff.objects import SYNC_OPTIONS, Pair, annotations_of, sync_options
from fcgitops.kubernetes.objects import Object, labels_of
from fcgitops.model.synctools import Traits

_GOES_WITH = {
    "Namespace": (Severity.LOSS, "all that is in it"),
    CRD_KIND: (Severity.LOSS, "every object of its kind"),
    "PersistentVolumeClaim": (Severity.LOSS, "its volume (unless that is retained)"),
    "PersistentVolume": (Severity.LOSS, "what is on it (unless that is retained)"),
    "Job": (Severity.LOSS, "its Pod (its work begins anew)"),
    "StatefulSet": (Severity.OUTAGE, "its Pods"),
    "Deployment": (Severity.OUTAGE, "its Pods"),
    "DaemonSet": (Severity.OUTAGE, "its Pods"),
    "ReplicaSet": (Severity.OUTAGE, "its Pods"),
    "ServiceAccount": (Severity.OUTAGE, "the tokens of the Pods that run as it"),
    "Framework": (Severity.LOSS, "its Pods and its status"),
    "ClusterRole": (Severity.OUTAGE, "the rights that it grants, for a moment"),
    "ClusterRoleBinding": (Severity.OUTAGE, "the rights that it grants, for a moment"),
    "Role": (Severity.OUTAGE, "the rights that it grants, for a moment"),
    "RoleBinding": (Severity.OUTAGE, "the rights that it grants, for a moment"),
}
"""Kind → how bad it is that an object is deleted and made anew, and what goes with it."""
_FATES = {
    Fate.ANEW: "takes it for a hook: it deletes it{too} and makes it anew, at {sync} "
    "and at each later one. Between two syncs nothing heals it.",
    Fate.EITHER: "takes it for a hook: it deletes it{too} and makes it anew, or leaves it deleted: "
    "it prunes in the same phase.",
    Fate.ENDED: "takes it for a hook: it deletes it{too} once it has succeeded, at {sync} and at "
    "each later one.",
    Fate.PRUNED: "counts it as not rendered ({why}): it prunes it{too} and does not make it anew.",
    Fate.APPLIED: "takes it for a hook: it applies it at each sync of a commit, and deletes it "
    "if it fails. Between two syncs nothing heals it.",
}
_RUN_TO_END = ("Job", "Pod")
"""Kinds that hooks are for: of one that was a hook already nothing is lost."""
_REFUSED = ("C03", "N10", "R11", "S03", "X04")
"""Rules by which the API server refuses to change an object that is there."""
_UPDATED = (CRD_KIND, "Namespace")
"""Kinds that Argo CD updates where it would replace others."""


@rule("E30", "a sync tool takes an object for a hook", Severity.MANUAL, "G")
def hook(change: Change) -> Says:
    """It is deleted, and made anew or not."""
    for tool in change.appliers:
        alone = not any(hooks.starts_sync(tool, pair) for pair in change.differing)
        sync = "the next sync" if alone else "the sync of this commit"
        for pair in change.differing if alone else ():
            if pair.after is None or hooks.skips(tool, pair.after):
                continue  # it never reaches the cluster
            yield Said(
                pair.label,
                f"{tool.label} starts no sync where only hooks differ: this reaches the cluster "
                "once another object differs, or with the command.",
                "argocd app sync APPLICATION",
            )
        for pair in change.pairs:
            fate = hooks.fate(tool, pair.before, pair.after)
            was = hooks.annotation(tool, pair.before)
            if fate is None or (fate is Fate.APPLIED and pair.before == pair.after):
                continue
            if was and pair.kind in _RUN_TO_END:
                continue
            severity, too = _lost_with(pair)
            why = hooks.annotation(tool, pair.after)
            yield Said(
                pair.label,
                f"{tool.label} {_FATES[fate].format(too=too, why=why, sync=sync)}",
                f"take {why.partition(':')[0]} out",
                severity=Severity.MANUAL if fate is Fate.APPLIED else severity,
            )


@rule("E31", "a sync tool replaces an object by force", Severity.MANUAL, "G")
def replaced(change: Change) -> Says:
    """It is deleted and made anew at each sync of a commit, but for a CRD and a Namespace.

    Source: gitops-engine, pkg/sync/sync_context.go (applyObject).
    """
    for tool in change.appliers:
        for pair in change.pairs:
            if _is_replaced(tool, pair):
                severity, too = _lost_with(pair)
                yield Said(
                    pair.label,
                    f"{tool.label} replaces it by force: it deletes it{too} and makes it anew, at "
                    "the sync of this commit and of each later one.",
                    f"take Force=true out of {SYNC_OPTIONS}",
                    severity=severity,
                )


@rule("E32", "a sync tool does not apply an object", Severity.MANUAL, "X G")
def skipped(change: Change) -> Says:
    """What changes in Git does not reach the cluster, now or again.

    Source: fluxcd/pkg, ssa/manager_apply.go (shouldSkipApply); gitops-engine, pkg/sync/hook/hook.go
    (Skip).
    """
    for tool in change.appliers:
        for pair in change.differing:
            if pair.after is None:
                continue
            why = _skipped_by(tool, pair.after, made=pair.before is not None)
            if why:
                reached = "nothing of it" if pair.before is None else "no change"
                yield Said(
                    pair.label,
                    f"{tool.label} does not apply it ({why}): {reached} reaches the cluster, and "
                    "nothing heals it.",
                    f"take {why.partition(':')[0]} out",
                )
            elif _skipped_by(tool, pair.before, made=True):
                yield Said(
                    pair.label,
                    f"{tool.label} applies it again: what was changed in Git meanwhile reaches the "
                    "cluster with this commit, and what was changed by hand is taken back.",
                    certain=False,
                    severity=Severity.NONE,
                )


@rule("E33", "a sync tool makes anew an object that it may not change", Severity.MANUAL, "X")
def forced(change: Change) -> Says:
    """Where the API server refuses a change of it.

    Source: fluxcd/pkg, ssa/manager_apply.go (shouldForceApply).
    """
    for tool in change.appliers:
        for pair in change.differing:
            is_new = not _says(tool, pair.before, *tool.habits.forcing)
            if pair.before is not None and _forces(tool, pair) and is_new:
                severity, too = _lost_with(pair)
                yield Said(
                    pair.label,
                    f"{tool.label} deletes it{too} and makes it anew once the API server refuses a "
                    "change.",
                    f"take {tool.habits.forcing[0]} out",
                    certain=False,
                    severity=severity,
                )


def possible(change: Change, told: list[Effect]) -> list[Effect]:
    """What is told, as it is of objects that a sync tool treats otherwise than others.

    Of an object that no tool applies nothing else happens. One that a tool deletes and makes anew
    is refused by nobody.
    """
    pairs = {pair.label: pair for pair in change.pairs if pair.after is not None}
    return [
        here
        for effect in told
        if (here := _possible(change, pairs[effect.object], effect) if effect.object in pairs
            else effect)
    ]  # fmt: skip


def _possible(change: Change, pair: Pair, effect: Effect) -> Effect | None:
    made = pair.before is not None
    skipped = [bool(_skipped_by(tool, pair.after, made=made)) for tool in change.appliers]
    if effect.id != "E32" and skipped and all(skipped):
        return None
    if any(_deletes(tool, pair) for tool in change.appliers):
        return None if effect.id in ("C02", *_REFUSED) else effect
    for tool in change.appliers:
        if made and effect.id in ("C04", *_REFUSED) and _forces(tool, pair):
            severity, too = _lost_with(pair)
            then = "and makes it anew with this change"
            if effect.id == "C04":
                then, severity = f"and cannot make it anew: {effect.says}", Severity.OUTAGE
            says = f"{tool.label} deletes it{too} {then.rstrip('.')}."
            key = tool.habits.forcing[0]
            return Effect(
                "E33", severity, effect.object, says, f"take {key} out in a commit before"
            )
    return effect


def _deletes(tool: Traits, pair: Pair) -> bool:
    """Whether E30 or E31 say that it is deleted."""
    fate = hooks.fate(tool, pair.before, pair.after)
    return fate not in (None, Fate.APPLIED) or _is_replaced(tool, pair)


def _forces(tool: Traits, pair: Pair) -> bool:
    """Whether a tool deletes it where it may not change it, as Git or the cluster has it say."""
    if _skipped_by(tool, pair.after, made=True):
        return False
    return any(_says(tool, o, *tool.habits.forcing) for o in (pair.before, pair.after))


def _lost_with(pair: Pair) -> tuple[Severity, str]:
    severity, what = _GOES_WITH.get(pair.kind, (Severity.MANUAL, ""))
    return severity, f", with {what}," if what else ""


def _is_replaced(tool: Traits, pair: Pair) -> bool:
    after = pair.after
    if pair.before is None or after is None or after["kind"] in _UPDATED:
        return False
    replacing = tool.habits.replacing
    return (
        bool(replacing) and replacing <= sync_options(after) and not hooks.annotation(tool, after)
    )


def _skipped_by(tool: Traits, o: Object | None, *, made: bool) -> str:
    """The annotation with which a tool leaves an object as it is, as KEY: VALUE; "" for none.

    Args:
        tool: the tool.
        o: the object.
        made: whether it is on the cluster already.
    """
    if hooks.skips(tool, o):
        return f"{tool.habits.hooks[0]}: Skip"
    habits = tool.habits
    marks = (*habits.skipping, *(habits.making_once if made else ()))
    found = [f"{key}: {value}" for key, value in marks if _says(tool, o, key, value)]
    return found[0] if found else ""


def _says(tool: Traits, o: Object | None, key: str, value: str) -> bool:
    if o is None or not key:
        return False
    if not tool.habits.reads_labels:
        return str(annotations_of(o).get(key)).strip() == value
    found = [str(given.get(key)) for given in (annotations_of(o), labels_of(o))]
    return value.lower() in [text.lower() for text in found]
