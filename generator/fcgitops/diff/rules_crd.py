"""Rules on the CustomResourceDefinition of Frameworks."""

from __future__ import annotations

from collections.abc import Iterator

from fcgitops.diff.change import CRD_KIND, Change, spec, values
from fcgitops.diff.effects import Said, Says, Severity, rule
from fcgitops.diff.kubectl import FRAMEWORKS
from fcgitops.diff.objects import Pair, guards
from fcgitops.kubernetes import structural
from fcgitops.kubernetes.objects import Fields, mapping, mappings, name
from fcgitops.model.framework import CRD


def _pairs(change: Change) -> Iterator[Pair]:
    for pair in change.of_kind(CRD_KIND):
        if name(pair.either) == CRD:
            yield pair


def _specs(change: Change) -> Iterator[tuple[Pair, Fields, Fields]]:
    for pair in _pairs(change):
        for before, after in values(pair):
            yield pair, mapping(before.get("spec")), mapping(after.get("spec"))


def _versions(spec: Fields) -> dict[str, Fields]:
    return {str(version.get("name")): version for version in mappings(spec.get("versions"))}


@rule("D01", "the CRD is new", Severity.NONE, "F X G")
def crd_new(change: Change) -> Says:
    """FrameworkController writes its own over it at each start."""
    for pair in _pairs(change):
        if pair.before is None:
            yield Said(
                pair.label,
                "FrameworkController writes its own spec over the CRD at each start: the one in "
                "Git must be that of the image's version, or the sync tool takes it back each "
                "time.",
            )


@rule("D02", "the CRD is no longer rendered, and was kept from pruning", Severity.NONE, "X G")
def crd_kept(change: Change) -> Says:
    """It stays, with every Framework."""
    for pair in _pairs(change):
        if pair.after is None and pair.before is not None and change.stays_there(pair.before):
            yield Said(pair.label, "The CRD and every Framework stay: prune is disabled on it.")


@rule("D03", "the CRD's schema differs", Severity.NONE, "F")
def schema_differs(change: Change) -> Says:
    """Until FrameworkController's next start."""
    for pair, before, after in _specs(change):
        old, new = _versions(before), _versions(after)
        if any(old[v].get("schema") != new[v].get("schema") for v in old if v in new):
            yield Said(
                pair.label,
                "The schema holds until FrameworkController's next start, which puts its own back.",
            )


@rule("D04", "the CRD gets a status subresource", Severity.LOSS, "F")
def status_subresource(change: Change) -> Says:
    """FrameworkController's status is dropped in silence."""
    for pair in _pairs(change):
        if pair.after is None:
            continue
        new = _versions(mapping(pair.after.get("spec")))
        old = _versions(mapping(pair.before.get("spec"))) if pair.before else {}
        if any(_has_status(v) and not _has_status(old.get(n, {})) for n, v in new.items()):
            yield Said(
                pair.label,
                "FrameworkController's status updates are dropped in silence: new Frameworks "
                "keep no status, and after its next restart (which removes the subresource) what "
                "ended meanwhile runs again.",
                "take it out before the merge",
                FRAMEWORKS,
            )


def _has_status(version: Fields) -> bool:
    return "status" in mapping(version.get("subresources"))


@rule("D05", "the CRD's group, scope, names or stored version differ", Severity.FAILS, "A")
def crd_refused(change: Change) -> Says:
    """Refused: field is immutable; of every CRD, as all of them are refused alike."""
    for pair in change.of_kind(CRD_KIND):
        what = [fault for old, new in values(pair) for fault in _refusals(spec(old), spec(new))]
        if pair.before is not None and not what:
            what = [str(fault) for fault in change.refusals.get(pair.label, [])]
        if what:
            force = "".join(
                f" ({tool.habits.replaces_by_force} would delete the CRD, and every "
                f"{mapping(spec(pair.before).get('names')).get('kind')}, to get there.)"
                for tool in change.appliers if tool.habits.replaces_by_force
            )  # fmt: skip
            yield Said(
                pair.label,
                f"The API server refuses: {'; '.join(what)}.{force}",
                "change it back",
            )


def _refusals(before: Fields, after: Fields) -> Iterator[str]:
    for key in ("group", "scope"):
        if before.get(key) != after.get(key):
            yield f"{key} is immutable"
    old, new = mapping(before.get("names")), mapping(after.get("names"))
    for key in ("plural", "kind"):
        if old.get(key) != new.get(key):
            yield f"names.{key} is immutable"
    was, now = _versions(before), _versions(after)
    stored = [name for name, version in now.items() if version.get("storage") is True]
    if len(stored) != 1:
        yield "spec.versions must have exactly one version marked as storage version"
    gone = [n for n, version in was.items() if version.get("storage") is True and n not in now]
    if gone:
        yield f"{gone[0]} is stored, and missing from spec.versions"


@rule("D06", "the CRD goes, or what keeps it does", Severity.LOSS, "X G F")
def crd_pruned(change: Change) -> Says:
    """Every Framework and all their Pods are deleted."""
    for pair in _pairs(change):
        if pair.before is None:
            continue
        if pair.after is None:
            if not change.stays_there(pair.before):
                yield Said(
                    pair.label,
                    "Flux prunes the CRD if its account may delete CRDs: EVERY Framework of the "
                    "cluster and all their Pods are deleted, and a running FrameworkController "
                    "does not make it anew. (The generated account may not: the Kustomization "
                    "then stays PruneFailed. Argo CD never prunes a CRD.)",
                    f"annotate it first: kubectl annotate crd {CRD} "
                    "argocd.argoproj.io/sync-options=Prune=false,Delete=false "
                    "kustomize.toolkit.fluxcd.io/prune=disabled",
                    FRAMEWORKS,
                    certain=False,
                )
        elif "prune: disabled" in guards(pair.before) - guards(pair.after):
            yield Said(
                pair.label,
                "Nothing keeps the CRD any more: once it leaves Git, Flux prunes it if its "
                "account may delete CRDs, and every Framework with it.",
                "put prune: disabled back",
                FRAMEWORKS,
                certain=False,
            )


@rule("D07", "the CRD's schema is narrower", Severity.FAILS, "F")
def schema_narrower(change: Change) -> Says:
    """New Frameworks outside of it are refused."""
    for pair, before, after in _specs(change):
        old, new = _versions(before), _versions(after)
        schemas = [(v, _schema(old[v]), _schema(new[v])) for v in new if v in old]
        if found := [where for v, o, n in schemas for where in structural.narrower(o, n, v)]:
            yield Said(
                pair.label,
                "New Frameworks outside of the narrower schema are refused "
                f"({', '.join(found[:3])}); existing ones still get their status. "
                "FrameworkController's next start puts its own schema back.",
                "change it back",
            )
        if dropped := [where for _, o, n in schemas for where in structural.dropped(o, n)]:
            yield Said(
                pair.label,
                f"The API server drops {', '.join(dropped[:3])} of every Framework that it reads "
                "or writes from then on: what is written until FrameworkController's next start, "
                "which puts its own schema back, has lost it.",
                "change it back before the merge",
                FRAMEWORKS,
                severity=Severity.LOSS,
            )


def _schema(version: Fields) -> Fields:
    return mapping(mapping(version.get("schema")).get("openAPIV3Schema"))


@rule("D08", "a version of the CRD is no longer served", Severity.OUTAGE, "A")
def not_served(change: Change) -> Says:
    """All clients get 404."""
    for pair, before, after in _specs(change):
        old, new = _versions(before), _versions(after)
        gone = [
            v for v in new if old.get(v, {}).get("served") is True and new[v].get("served") is False
        ]
        if gone:
            yield Said(
                pair.label,
                f"{', '.join(gone)} is no longer served: all clients, FrameworkController "
                "included, get 404.",
                "served: true",
            )
