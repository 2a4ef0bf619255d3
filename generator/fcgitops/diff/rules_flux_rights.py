"""Rules on the rights that Flux's account needs to apply what is rendered."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from fcgitops.diff.accounts import changed_by, may_differ, rights_of
from fcgitops.diff.change import Change
from fcgitops.diff.effects import Said, Says, Severity, rule
from fcgitops.diff.objects import Pair
from fcgitops.diff.rendering import Side
from fcgitops.kubernetes.objects import mapping, mappings, name, namespace
from fcgitops.kubernetes.rights import (
    ANY,
    Granted,
    Right,
    Subject,
    bindings,
    expand,
    role_named,
    subjects_of,
    summary,
)
from fcgitops.model.needed_rights import NEEDS
from fcgitops.model.synctools import FLUX

APPLIED: dict[str, tuple[str, str]] = {
    "Namespace": ("", "namespaces"),
    "ServiceAccount": ("", "serviceaccounts"),
    "Service": ("", "services"),
    "ConfigMap": ("", "configmaps"),
    "StatefulSet": ("apps", "statefulsets"),
    "ClusterRole": ("rbac.authorization.k8s.io", "clusterroles"),
    "ClusterRoleBinding": ("rbac.authorization.k8s.io", "clusterrolebindings"),
    "Role": ("rbac.authorization.k8s.io", "roles"),
    "RoleBinding": ("rbac.authorization.k8s.io", "rolebindings"),
    "NetworkPolicy": ("networking.k8s.io", "networkpolicies"),
    "CiliumNetworkPolicy": ("cilium.io", "ciliumnetworkpolicies"),
    "CustomResourceDefinition": ("apiextensions.k8s.io", "customresourcedefinitions"),
    "ResourceQuota": ("", "resourcequotas"),
    "LimitRange": ("", "limitranges"),
    "PersistentVolumeClaim": ("", "persistentvolumeclaims"),
    "Job": ("batch", "jobs"),
}
"""Kind → API group and resource of what Flux applies here."""


def _flux_accounts(change: Change) -> list[Subject]:
    """The accounts that Flux's Kustomizations apply as."""
    found: dict[Subject, None] = {}
    for side in (change.before, change.after):
        for o in side.all("Kustomization"):
            wanted = mapping(o.get("spec")).get("serviceAccountName")
            if wanted:
                found[Subject("ServiceAccount", str(wanted), namespace(o))] = None
    return list(found)


def _flux_lost(change: Change) -> Iterator[tuple[Subject, list[Right], Granted]]:
    if not may_differ(change):
        return
    for subject in _flux_accounts(change):
        old, new = rights_of(change.before, subject), rights_of(change.after, subject)
        less = old.beyond(new)
        if less and not new.unknown:
            yield subject, less, new


def _is_held_to_grant(right: Right, new: Granted) -> bool:
    """Whether it is one of FrameworkController's own, which Flux must have to grant it."""
    return any(right.contains(need) and not new.allows(need) for need in NEEDS)


_LACKS = (
    "Flux's account lacks what a role that it applies grants ({}): nothing of the environment is "
    "applied (`attempting to grant RBAC permissions not currently held`)."
)


@rule("R17", "Flux's account lacks what a rendered role grants", Severity.FAILS, "X")
def cannot_grant(change: Change) -> Says:
    """Nothing of the environment is applied."""
    withdrawn = list(_withdrawn(change))
    yield from withdrawn
    if not withdrawn and FLUX.name in change.tools:
        yield from _newly_granted(change)


def _withdrawn(change: Change) -> Says:
    """Rights that Flux's account must have to grant them, and that it loses."""
    for subject, less, new in _flux_lost(change):
        if _may_escalate(new):
            continue
        held = [r for r in less if _is_held_to_grant(r, new) and not _is_applying_by_group(r)]
        if held:
            where = changed_by(change, subject, wider=False)
            yield Said(where, _LACKS.format(summary(held)), "put it back, and run make bootstrap")


def _is_applying_by_group(right: Right) -> bool:
    """Whether R18 speaks of it: it is there to apply objects that are not of the core group."""
    return _is_applying(right) and right.group != "" and right.resource != "configmaps"


def _newly_granted(change: Change) -> Says:
    """Roles that grant more than any of Flux's accounts has, where all that they have is known."""
    accounts = _flux_accounts(change)
    all_rights = [rights_of(change.after, subject) for subject in accounts]
    known = [new for new in all_rights if new.rights and not new.unknown]
    if len(known) < len(all_rights) or any(map(_may_escalate, known)):
        return
    for pair in change.of_kind("ClusterRole", "Role"):
        if pair.after is None or _is_bound_in(change.after, pair, {s.namespace for s in accounts}):
            continue
        wanted = Granted(frozenset(_role_rights(pair)))
        # Which of them applies it is not known.
        lacking = [wanted.beyond(new) for new in known]
        if lacking and all(lacking):
            least = min(lacking, key=len)
            yield Said(pair.label, _LACKS.format(summary(least)), "make bootstrap first")


def _is_bound_in(side: Side, pair: Pair, places: Collection[str]) -> bool:
    """Whether a role is of an account in Flux's namespace: `make bootstrap` applies it."""
    for binding in bindings(side.objects):
        own = role_named(binding) == (pair.kind, name(pair.either))
        if own and any(subject.namespace in places for subject in subjects_of(binding)):
            return True
    return False


def _role_rights(pair: Pair) -> Iterator[Right]:
    if pair.after is not None:
        place = namespace(pair.after) if pair.kind == "Role" else ANY
        yield from expand(mappings(pair.after.get("rules")), place)


def _may_escalate(new: Granted) -> bool:
    wanted = Right("rbac.authorization.k8s.io", "clusterroles", "escalate")
    return new.allows(wanted)


_VERBS = ("create", "delete", "get", "patch")
"""What Flux does with an object."""


def _is_applying(right: Right) -> bool:
    return right.verb in (*_VERBS, ANY) and (
        right.resource == ANY or (right.group, right.resource) in APPLIED.values()
    )


@rule("R18", "Flux's account lacks a verb for a rendered kind", Severity.FAILS, "X")
def cannot_apply(change: Change) -> Says:
    """The server's dry run is refused, and nothing is applied."""
    rendered = {o["kind"] for o in change.after.objects}
    known = bool(change.after.controller)
    for subject, less, new in _flux_lost(change):
        refused, kept = [], []
        for kind, resource in APPLIED.items():
            if known and kind not in rendered:
                continue
            verbs = _verbs_lost(less, new, resource)
            if verbs == ["delete"]:
                kept.append(f"the {kind}")
            elif verbs:
                refused.append(f"the {kind} ({', '.join(verbs)})")
        where = changed_by(change, subject, wider=False)
        do = "put the verb back, and run make bootstrap"
        if refused:
            yield Said(
                where,
                f"Flux cannot apply {', '.join(refused)} (403), and then applies nothing of the "
                "environment.",
                do,
            )
        if kept:
            yield Said(
                where,
                f"Flux cannot delete {', '.join(kept)}: once one leaves Git it stays on the "
                "cluster, and the Kustomization is not Ready (PruneFailed).",
                do,
            )


def _verbs_lost(less: Iterable[Right], new: Granted, resource: tuple[str, str]) -> list[str]:
    """The verbs that Flux needs of a resource, and has lost for each object of it."""
    lost = {
        right.verb
        for right in less
        if right.resource == ANY or (right.group, right.resource) == resource
    }
    return [verb for verb in _VERBS if lost & {verb, ANY} and not _allows_some(new, resource, verb)]


def _allows_some(new: Granted, resource: tuple[str, str], verb: str) -> bool:
    """Whether the verb is still granted for some object of a resource."""
    return any(
        r.group in (resource[0], ANY) and r.resource in (resource[1], ANY) and r.verb in (verb, ANY)
        for r in new.rights
    )
