"""Rules on what leaves Git."""

from __future__ import annotations

from fcgitops.diff import egress, entry_points, hooks
from fcgitops.diff.change import CRD_KIND, Change, spec
from fcgitops.diff.effects import Said, Says, Severity, rule
from fcgitops.diff.entry_points import ARGO, is_flux_bootstrapped
from fcgitops.diff.objects import Pair, label
from fcgitops.diff.rules_network import asks_before_pruning
from fcgitops.kubernetes.objects import Object, labels_of, mapping, name, namespace
from fcgitops.model import framework
from fcgitops.model.synctools import Traits

_LOSSES = {"PersistentVolumeClaim": Severity.LOSS, "PersistentVolume": Severity.LOSS,
           "StatefulSet": Severity.OUTAGE, "Deployment": Severity.OUTAGE,
           "DaemonSet": Severity.OUTAGE, "AppProject": Severity.FAILS,
           "Application": Severity.OUTAGE, "ApplicationSet": Severity.OUTAGE,
           CRD_KIND: Severity.LOSS,
           "GitRepository": Severity.FAILS, "Kustomization": Severity.OUTAGE}  # fmt: skip


_SPOKEN_OF = ("Namespace", "Job")
"""Kinds of which other rules say what becomes of them."""


@rule("E27", "an object is no longer rendered", Severity.NONE, "X G")
def pruned(change: Change) -> Says:
    """Pruned, unless something keeps it."""
    ended = _experiments_gone(change)
    for pair in change.differing:
        gone = pair.before
        if gone is None or pair.after is not None or _is_spoken_of(change, gone):
            continue
        if (namespace(gone), labels_of(gone).get("experiment")) in ended:
            continue
        if _has_successor(change, pair):
            continue
        able = [t for t in change.appliers if t.habits.prunes_crds or pair.kind != CRD_KIND]
        if all(_is_kept_by(tool, gone) for tool in able):
            why = _why_kept(able, gone)
            yield Said(pair.label, f"It leaves Git and stays on the cluster: {why}.")
        elif pair.kind in (*ARGO, "AppProject"):
            keeps = mapping(spec(gone).get("syncPolicy")).get("preserveResourcesOnDeletion")
            yield Said(
                pair.label,
                "It leaves Git and stays on the cluster: `make bootstrap` deletes nothing. Where "
                f"something else syncs its folder and prunes, {_then(pair.kind)}.",
                severity=Severity.MANUAL if keeps else _LOSSES[pair.kind],
                certain=False,
            )
        elif pair.kind == "NetworkPolicy" and _is_missed(change, gone):
            yield _policy_gone(change, gone)
        else:
            yield Said(
                pair.label,
                f"It is pruned: {_then(pair.kind)}.",
                certain=pair.kind != CRD_KIND,
                severity=_LOSSES.get(pair.kind),
            )


def _is_spoken_of(change: Change, gone: Object) -> bool:
    """Whether other rules say what becomes of it: of FrameworkController's own, and of kinds."""
    controller = change.before.controller
    if controller is not None and gone is controller.object:
        return True
    of_frameworks = name(gone).endswith(framework.GROUP)
    return gone["kind"] in _SPOKEN_OF or (gone["kind"] == CRD_KIND and of_frameworks)


def _is_kept_by(tool: Traits, gone: Object) -> bool:
    """Whether a tool does not delete it: by a guard, or as it never had it."""
    return hooks.keeps(tool, gone) or (tool.central and is_flux_bootstrapped(gone))


def _why_kept(able: list[Traits], gone: Object) -> str:
    taken = [tool for tool in able if hooks.annotation(tool, gone)]
    if taken:
        return f"{taken[0].label} does not prune what it takes for a hook"
    return "its guards keep it" if able else "Argo CD never prunes a CRD"


def _is_missed(change: Change, policy: Object) -> bool:
    """Whether a policy is of Pods that stay, and other than FrameworkController's."""
    accounts = change.after.all("ServiceAccount")
    stay = any(namespace(account) == namespace(policy) for account in accounts)
    return stay and not egress.selects(policy, change.before.controller)


def _policy_gone(change: Change, policy: Object) -> Said:
    fields = spec(policy)
    if not fields.get("ingress") and not fields.get("egress"):
        return Said(
            label(policy),
            "It is pruned: what it closed to the Pods that it selects is open then, unless another "
            "policy closes it.",
            "put it back, unless that is meant",
            certain=False,
            severity=Severity.RIGHTS,
        )
    if any(namespace(o) == namespace(policy) for o in change.after.all("NetworkPolicy")):
        return Said(
            label(policy),
            "It is pruned: what it alone let through is closed then, as far as another policy "
            "closes the rest.",
            "put it back, unless that is meant",
            certain=False,
            severity=Severity.OUTAGE,
        )
    return Said(label(policy), f"It is pruned: {_then('NetworkPolicy')}.")


def _then(kind: str) -> str:
    return {
        "PersistentVolumeClaim": "its volume and what is on it may go with it",
        CRD_KIND: "every object of its kind goes with it (Flux, where its account may delete CRDs; "
        "Argo CD never prunes one)",
        "Kustomization": "Flux deletes what it has applied with it, unless it is suspended",
        "GitRepository": "nothing more arrives from it",
        "AppProject": "its Applications are no longer synced",
        "Application": "it is deleted, and with a finalizer what it has applied, too",
        "ApplicationSet": "its Applications are deleted with it, and what they have applied stays "
        "where preserveResourcesOnDeletion is true",
    }.get(kind, f"the {kind} is deleted on the cluster")


def _has_successor(change: Change, pair: Pair) -> bool:
    """Whether another ConfigMap or Secret of the same bare name takes its place."""
    return any(
        other.after is not None
        and other.label == pair.label
        and other.kind in ("ConfigMap", "Secret")
        for other in change.pairs
    )


def _experiments_gone(change: Change) -> set[tuple[str, object]]:
    """(namespace, experiment) of the Jobs that are gone: nothing of theirs is deleted."""
    return {
        (namespace(p.before), labels_of(p.before).get("experiment"))
        for p in change.of_kind("Job")
        if p.after is None and p.before is not None and labels_of(p.before).get("experiment")
    }


@rule("E28", "hardly anything is rendered any more", Severity.OUTAGE, "X G")
def shrunk(change: Change) -> Says:
    """Flux prunes all but what is guarded."""
    controller = change.before.controller
    if controller is None or not entry_points.shrinks(change):
        return
    before, after = (entry_points.rendered(side) for side in (change.before, change.after))
    asks = after and any(
        asks_before_pruning(change, name(o)) for o in change.before.all("Namespace")
    )
    waits = "refuses to sync nothing at all (allowEmpty: false)" if not after else (
        "waits for the Namespace's confirmation, and once it has that prunes the rest, even where "
        "a revert is in Git by then"
        if asks
        else "prunes it"
    )  # fmt: skip
    left = f"{after or 'none'} {'is' if after < 2 else 'are'} still rendered"
    yield Said(
        controller.label,
        f"Of {before} objects {left}: Flux prunes all but the Namespace and the CRD, and stays "
        f"Ready. Argo CD {waits}.",
        "unless the environment is removed on purpose: revert"
        + (
            ", and only then end the sync that waits: argocd app terminate-op APPLICATION"
            if asks and any(tool.habits.confirms for tool in change.appliers)
            else ""
        ),
    )
