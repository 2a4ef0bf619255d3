"""E27 and E28: what leaves Git (facts, section 8)."""

from __future__ import annotations

from fcgitops.diff.change import Change, spec
from fcgitops.diff.effects import Said, Says, Severity, rule
from fcgitops.diff.entry import ARGO, is_flux
from fcgitops.diff.objects import Pair, annotations_of, guards, labels_of
from fcgitops.diff.rules_network import asks_before_pruning
from fcgitops.kubernetes.objects import Object, mapping, name, namespace
from fcgitops.model.synctools import FLUX

_LOSSES = {"PersistentVolumeClaim": Severity.LOSS, "PersistentVolume": Severity.LOSS,
           "StatefulSet": Severity.OUTAGE, "Deployment": Severity.OUTAGE,
           "DaemonSet": Severity.OUTAGE, "AppProject": Severity.FAILS,
           "Application": Severity.OUTAGE, "ApplicationSet": Severity.OUTAGE,
           "CustomResourceDefinition": Severity.LOSS,
           "GitRepository": Severity.FAILS, "Kustomization": Severity.OUTAGE}  # fmt: skip


_SPOKEN_OF = ("Namespace", "Job")
"""Kinds of which other rules say what becomes of them."""


@rule("E27", "an object is no longer rendered", Severity.NONE, "X G")
def pruned(change: Change) -> Says:
    """Pruned, unless something keeps it."""
    ended = _experiments_gone(change)
    for pair in change.differing:
        if pair.after is not None or pair.before is None or pair.kind in _SPOKEN_OF:
            continue
        if pair.kind == "CustomResourceDefinition" and name(pair.before).endswith(
            "frameworkcontroller.microsoft.com"
        ):
            continue
        if pair.before is (change.before.controller and change.before.controller.object):
            continue
        if (namespace(pair.before), labels_of(pair.before).get("experiment")) in ended:
            continue
        if _has_successor(change, pair):
            continue
        kept = guards(pair.before)
        if all(
            tool.habits.guard in kept or (tool.central and _is_flux_bootstrapped(pair.before))
            for tool in change.appliers
        ):
            yield Said(pair.label, "It leaves Git and stays on the cluster: its guards keep it.")
        elif pair.kind in (*ARGO, "AppProject"):
            keeps = mapping(spec(pair.before).get("syncPolicy")).get("preserveResourcesOnDeletion")
            yield Said(
                pair.label,
                "It leaves Git and stays on the cluster: `make bootstrap` deletes nothing. Where "
                f"something else syncs its folder and prunes, {_then(pair.kind)}.",
                severity=Severity.MANUAL if keeps else _LOSSES[pair.kind],
                certain=False,
            )
        else:
            yield Said(
                pair.label,
                f"It is pruned: {_then(pair.kind)}.",
                severity=_LOSSES.get(pair.kind),
            )


def _then(kind: str) -> str:
    return {
        "PersistentVolumeClaim": "its volume and what is on it may go with it",
        "Kustomization": "Flux deletes what it has applied with it, unless it is suspended",
        "GitRepository": "nothing more arrives from it",
        "AppProject": "its Applications are no longer synced",
        "Application": "it is deleted, and with a finalizer what it has applied, too",
        "ApplicationSet": "its Applications are deleted with it, and what they have applied stays "
        "where preserveResourcesOnDeletion is true",
    }.get(kind, f"the {kind} is deleted on the cluster")


def _is_flux_bootstrapped(o: Object) -> bool:
    """Whether it is one of Flux's own entry points, which Argo CD never sees."""
    return is_flux(o) or namespace(o) == FLUX.namespace or ("kustomize.toolkit.fluxcd.io/prune" in (
        annotations_of(o)
    ) and o["kind"].startswith("ClusterRole"))  # fmt: skip


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
    before, after = (
        sum(not _is_flux_bootstrapped(o) for o in side.objects)
        for side in (change.before, change.after)
    )
    controller = change.before.controller
    if controller is None or change.after.controller is not None or before < 4:
        return
    if after * 4 > before:
        return
    waits = "refuses to sync nothing at all (allowEmpty: false)" if not after else (
        "waits for the Namespace's confirmation, and once it has that prunes the rest, even where "
        "a revert is in Git by then"
        if any(asks_before_pruning(change, name(o)) for o in change.before.all("Namespace"))
        else "prunes it"
    )  # fmt: skip
    left = f"{after or 'none'} {'is' if after < 2 else 'are'} still rendered"
    yield Said(
        controller.label,
        f"Of {before} objects {left}: Flux prunes all but the Namespace and the CRD, and stays "
        f"Ready. Argo CD {waits}.",
        "revert, unless the environment is removed on purpose",
    )
