"""E07 to E28: what the sync tools are pointed at, and what leaves Git (facts, section 8).

E01 to E06 follow from an environment's own file: `environments` has them.
"""

from __future__ import annotations

import fnmatch
import shlex
from collections.abc import Iterator

from fcgitops.diff.change import Change, Side, spec
from fcgitops.diff.effects import Said, Says, Severity, rule
from fcgitops.diff.objects import (
    Object,
    Pair,
    annotations_of,
    group,
    label,
    labels_of,
    name,
    namespace,
)
from fcgitops.diff.rules_network import guards
from fcgitops.diff.rules_rights import APPLIED
from fcgitops.diff.secrecy import redact
from fcgitops.diff.stored import Fields, listing, mapping, mappings

_ARGO = ("Application", "ApplicationSet")
_SOURCES = ("GitRepository", "OCIRepository", "Bucket")


def _is_flux(o: Object) -> bool:
    return group(o).endswith("toolkit.fluxcd.io")


def _both(change: Change, *kinds: str) -> Iterator[tuple[Pair, Object, Object]]:
    for pair in change.of_kind(*kinds):
        if pair.before is not None and pair.after is not None:
            yield pair, pair.before, pair.after


def _kustomizations(change: Change) -> Iterator[tuple[Pair, Fields, Fields]]:
    """Flux's Kustomizations that differ, by their specs."""
    for pair, before, after in _both(change, "Kustomization"):
        if _is_flux(after):
            yield pair, spec(before), spec(after)


def _application(o: Object) -> Fields:
    """The spec of an Application, or of an ApplicationSet's template."""
    found = spec(o)
    return mapping(mapping(found.get("template")).get("spec")) if o["kind"] == _ARGO[1] else found


def _applications(change: Change) -> Iterator[tuple[Pair, Fields, Fields]]:
    for pair, before, after in _both(change, *_ARGO):
        yield pair, _application(before), _application(after)


def _automated(application: Fields) -> Fields | None:
    """spec.syncPolicy.automated; None where nothing is synced by itself."""
    policy = mapping(application.get("syncPolicy"))
    found = policy.get("automated")
    if found is None and "automated" not in policy:
        return None
    fields = mapping(found)
    return None if fields.get("enabled") is False else fields


def _sources(application: Fields) -> list[Fields]:
    single = mapping(application.get("source"))
    return [*([single] if single else []), *mappings(application.get("sources"))]


@rule("E07", "the repository's URL differs", Severity.FAILS, "X G")
def other_url(change: Change) -> Says:
    """Nothing reaches a cluster before make bootstrap."""
    for pair, before, after in _both(change, *_SOURCES):
        if spec(before).get("url") != spec(after).get("url"):
            yield Said(
                pair.label,
                f"Flux reads {redact(str(spec(after).get('url')))} once this is applied (`make "
                "bootstrap`). If it cannot, the GitRepository is not Ready, the Kustomization "
                "stays Ready, and nothing arrives.",
                "try it first: git ls-remote " + shlex.quote(redact(str(spec(after).get("url")))),
                certain=False,
            )
    for pair, old, new in _applications(change):
        urls = [[str(s.get("repoURL")) for s in _sources(part)] for part in (old, new)]
        if urls[0] != urls[1]:
            allowed = _projects(change.after, str(new.get("project")))
            missing = [u for u in urls[1] if allowed and not _matches(u, allowed, "sourceRepos")]
            do = (
                "change the AppProject's sourceRepos in the same commit"
                if missing
                else "make bootstrap"
            )
            yield Said(
                pair.label,
                f"Argo CD reads {redact(', '.join(urls[1]))} once this is applied (`make "
                "bootstrap`); the AppProject must allow it, else `application repo … is not "
                "permitted in project`.",
                do,
                certain=bool(missing),
            )


def _projects(side: Side, wanted: str) -> list[Object]:
    return [o for o in side.all("AppProject") if name(o) == wanted]


def _matches(value: str, projects: list[Object], key: str) -> bool:
    patterns = [str(p) for o in projects for p in listing(spec(o).get(key))]
    return any(fnmatch.fnmatchcase(value, pattern) for pattern in patterns)


_SHARD = "sharding.fluxcd.io/key"


@rule("E09", "the label of Flux's shard differs", Severity.OUTAGE, "X")
def other_shard(change: Change) -> Says:
    """Without controllers for that shard nothing arrives."""
    for pair in change.of_kind("Kustomization", *_SOURCES):
        if pair.after is None or not _is_flux(pair.after):
            continue
        old = labels_of(pair.before).get(_SHARD) if pair.before else None
        new = labels_of(pair.after).get(_SHARD)
        if old != new and (pair.before is not None or new):
            which = f"shard {new}" if new else "no shard"
            yield Said(
                pair.label,
                f"The controllers of {which} take over. Where there are none nothing arrives, and "
                "the status stays as it was.",
                "start that shard's controllers first",
                f"kubectl -n flux-system get deploy -l {_SHARD}={new}" if new else "",
                certain=False,
            )


@rule("E10", "suspend is turned on", Severity.MANUAL, "X")
def suspended(change: Change) -> Says:
    """No commit, no healing."""
    for pair in change.of_kind("Kustomization", *_SOURCES):
        if pair.after is None or not _is_flux(pair.after):
            continue
        if spec(pair.after).get("suspend") is True and spec(pair.before).get("suspend") is not True:
            kind = "kustomization" if pair.kind == "Kustomization" else "source git"
            place = namespace(pair.after)
            where = f" -n {shlex.quote(place)}" if place not in ("", "flux-system") else ""
            yield Said(
                pair.label,
                "Nothing that is pushed later arrives, and a hand-made change is not healed, "
                "until it is resumed. Deleting the suspended Kustomization leaves its objects "
                "behind.",
                f"flux resume {kind} {shlex.quote(name(pair.after))}{where}   # or suspend: false",
            )


@rule("E11", "pruning is turned off", Severity.MANUAL, "X G")
def prune_off(change: Change) -> Says:
    """What leaves Git stays."""
    flux = [(p, old.get("prune"), new.get("prune")) for p, old, new in _kustomizations(change)]
    argo = [
        (p, mapping(_automated(old)).get("prune"), mapping(_automated(new)).get("prune"))
        for p, old, new in _applications(change)
        if _automated(new) is not None
    ]
    forgotten = "what left Git meanwhile stays for ever, as it is out of the inventory"
    for pairs, later in ((flux, forgotten), (argo, "the leftovers are pruned")):
        for pair, old, new in pairs:
            if old is True and new is not True:
                yield Said(
                    pair.label,
                    "Old ConfigMaps and what leaves Git stay on the cluster. Once pruning is on "
                    f"again, {later}.",
                    "prune: true",
                )


@rule("E12", "selfHeal is turned off", Severity.MANUAL, "G")
def heal_off(change: Change) -> Says:
    """Hand-made changes stay."""
    for pair, old, new in _applications(change):
        if _automated(new) is None:
            continue
        if (
            mapping(_automated(old)).get("selfHeal") is True
            and mapping(_automated(new)).get("selfHeal") is not True
        ):
            says = "Hand-made changes on the cluster stay: Argo CD no longer takes them back."
            yield Said(pair.label, says, "selfHeal: true")


@rule("E13", "automated sync is gone", Severity.FAILS, "G")
def no_automation(change: Change) -> Says:
    """No commit is applied."""
    for pair, old, new in _applications(change):
        if _automated(old) is not None and _automated(new) is None:
            application = name(pair.either) if pair.kind == _ARGO[0] else "APPLICATION"
            yield Said(
                pair.label,
                "No commit is applied any more, and nothing says so but `OutOfSync`.",
                f"sync by hand: argocd app sync {application}; or put automated back",
            )


def _options(application: Fields) -> list[str]:
    return [str(o) for o in listing(mapping(application.get("syncPolicy")).get("syncOptions"))]


@rule("E14", "ServerSideApply is gone", Severity.NONE, "G")
def client_side(change: Change) -> Says:
    """No restart; fields that leave Git are still removed."""
    for pair, old, new in _applications(change):
        if "ServerSideApply=true" in _options(old) and "ServerSideApply=true" not in _options(new):
            says = "Nothing restarts; fields that leave Git are still removed."
            yield Said(pair.label, says)


@rule("E15", "what keeps an ApplicationSet from deleting is gone", Severity.LOSS, "G")
def set_deletes(change: Change) -> Says:
    """An environment that leaves Git is deleted on its cluster."""
    for pair, before, after in _both(change, _ARGO[1]):
        policies = [mapping(spec(o).get("syncPolicy")) for o in (before, after)]
        if _keeps(policies[0]) and not _keeps(policies[1]):
            yield Said(
                pair.label,
                "From now on an environment.yaml that is gone or no longer matches deletes its "
                "Application and what that has applied: FrameworkController. Where the Namespace "
                "has Delete=confirm the deletion waits for `argocd app confirm-deletion`.",
                "put create-update and preserveResourcesOnDeletion: true back",
            )


def _keeps(policy: Fields) -> bool:
    kept = policy.get("applicationsSync") in ("create-update", "create-only")
    return kept and policy.get("preserveResourcesOnDeletion") is True


_CLUSTER_KINDS = {"Namespace", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition",
                  "PriorityClass"}  # fmt: skip


def _allowed(project: Object, kind: str, of: str) -> bool:
    """Whether an AppProject lets Applications have a kind of an API group."""
    fields = spec(project)
    cluster = kind in _CLUSTER_KINDS
    white = fields.get("clusterResourceWhitelist" if cluster else "namespaceResourceWhitelist")
    black = mappings(
        fields.get("clusterResourceBlacklist" if cluster else "namespaceResourceBlacklist")
    )
    if any(_is_kind(entry, kind, of) for entry in black):
        return False
    if white is None:
        return not cluster
    return any(_is_kind(entry, kind, of) for entry in mappings(white))


def _is_kind(entry: Fields, kind: str, of: str) -> bool:
    return fnmatch.fnmatchcase(of, str(entry.get("group", ""))) and fnmatch.fnmatchcase(
        kind, str(entry.get("kind", ""))
    )


@rule("E17", "an AppProject allows less than is rendered", Severity.FAILS, "G")
def project_narrowed(change: Change) -> Says:
    """Nothing of the Application is applied, nothing is deleted."""
    rendered = {o["kind"] for o in change.after.objects} if change.after.controller else None
    for pair, before, after in _both(change, "AppProject"):
        gone = [
            f"{of or 'core'}:{kind}"
            for kind, (of, _) in APPLIED.items()
            if _allowed(before, kind, of) and not _allowed(after, kind, of)
            and (rendered is None or kind in rendered)
        ]  # fmt: skip
        if gone:
            yield Said(
                pair.label,
                f"Every Application that renders one of {', '.join(gone)} fails to sync: "
                f"`resource {gone[0].replace('core:', ':')} is not permitted in project "
                f"{name(after)}`. Nothing of it is applied, nothing is deleted.",
                "put the kind back",
            )
        used = {str(s.get("repoURL")) for o in _argo(change.after, after) for s in _sources(o)}
        old, new = (list(map(str, listing(spec(o).get("sourceRepos")))) for o in (before, after))
        lost = sorted(
            u for u in used or {p for p in old if p not in new and "*" not in p}
            if _matches(u, [before], "sourceRepos") and not _matches(u, [after], "sourceRepos")
        )  # fmt: skip
        if lost:
            yield Said(
                pair.label,
                f"The project no longer allows {redact(', '.join(lost))}: `InvalidSpecError`, "
                "nothing is applied.",
                "put sourceRepos back",
            )
        if lost_places := _lost_destinations(before, after):
            yield Said(
                pair.label,
                f"The project no longer allows the destination {', '.join(lost_places)}: "
                "Applications there get `InvalidSpecError`, nothing is applied.",
                "put destinations back",
            )


def _argo(side: Side, project: Object) -> list[Fields]:
    """The Applications of a project, those of ApplicationSets included."""
    found = [_application(o) for kind in _ARGO for o in side.all(kind)]
    return [fields for fields in found if fields.get("project") == name(project)]


def _lost_destinations(before: Object, after: Object) -> list[str]:
    old, new = (
        [_destination(d) for d in mappings(spec(o).get("destinations"))] for o in (before, after)
    )
    allowed = [d for d in old if not d.startswith("!") and d not in new]
    denied = [d for d in new if d.startswith("!") and d not in old]
    return [*(d for d in allowed if "*/*" not in new), *denied]


def _destination(fields: Fields) -> str:
    server = fields.get("server") or fields.get("name") or "*"
    return f"{fields.get('namespace', '*')}/{server}"


@rule("E18", "an Application's project is not there", Severity.FAILS, "G")
def no_project(change: Change) -> Says:
    """The set refuses: error getting project."""
    for pair in change.of_kind(*_ARGO, "AppProject"):
        for o in [o for kind in _ARGO for o in change.after.all(kind)]:
            project = str(_application(o).get("project") or "default")
            if project == "default" or "{{" in project or _projects(change.after, project):
                continue
            was = [b for b in change.before.all(o["kind"]) if name(b) == name(o)]
            same = was and str(_application(was[0]).get("project")) == project
            there = _projects(change.before, project)
            if (same and not there) or (pair.either is not o and name(pair.either) != project):
                continue
            yield Said(
                label(o),
                f"AppProject {project} is not rendered: unless the cluster has it, Argo CD refuses "
                "(`error getting project`) and what is applied stays as it was.",
                "render the project, or name the one that is there",
                f"kubectl -n argocd get appproject {shlex.quote(project)}",
                certain=bool(there),
            )


@rule("E20", "force is turned on", Severity.LOSS, "X")
def force(change: Change) -> Says:
    """What is refused is deleted and made anew."""
    for pair, old, new in _kustomizations(change):
        if new.get("force") is True and old.get("force") is not True:
            yield Said(
                pair.label,
                "Flux then deletes and makes anew whatever the API server refuses to change: a "
                "StatefulSet with its Pod; a CRD, with every Framework, if its account may "
                "delete CRDs (the generated one may not).",
                "put force: false back",
                certain=False,
            )


@rule("E21", "Flux's path leads nowhere", Severity.FAILS, "X")
def no_path(change: Change) -> Says:
    """Kustomization path not found; nothing is pruned."""
    for o in change.after.all("Kustomization"):
        if not _is_flux(o):
            continue
        reference = mapping(spec(o).get("sourceRef"))
        after = _source(change.after, reference, o)
        path = str(spec(o).get("path") or "./")
        was = [b for b in change.before.all("Kustomization") if _same(b, o)]
        before = _source(change.before, mapping(spec(was[0]).get("sourceRef")), o) if was else None
        old = str(spec(was[0]).get("path") or "./") if was else path
        ignored, known = _ignored(after, path), _ignored(before, old)
        if (was and old == path and ignored == known) or not (was or ignored):
            continue
        if ignored and not (known and old == path):
            yield Said(
                label(o),
                f"The GitRepository ignores {path}: `kustomization path not found`; nothing is "
                "pruned.",
                "take the folder into spec.ignore's exceptions, or change it back",
            )
        elif old != path:
            yield Said(
                label(o),
                f"Flux renders {path} instead of {old}. Where the repository has no such folder: "
                "`kustomization path not found`; nothing is pruned.",
                f"git ls-tree -d HEAD {shlex.quote(path.removeprefix('./'))}",
                certain=False,
            )


def _same(one: Object, other: Object) -> bool:
    return group(one) == group(other) and (name(one), namespace(one)) == (
        name(other),
        namespace(other),
    )


def _source(side: Side, reference: Fields, of: Object) -> Object | None:
    place = str(reference.get("namespace") or namespace(of))
    for o in side.all(str(reference.get("kind"))):
        if name(o) == reference.get("name") and namespace(o) == place:
            return o
    return None


def _ignored(source: Object | None, path: str) -> bool:
    """Whether spec.ignore of a GitRepository leaves a folder out, by the rules of .gitignore."""
    patterns = str(spec(source).get("ignore") or "") if source else ""
    parts = [p for p in path.strip("/").split("/") if p not in ("", ".")]
    for depth in range(1, len(parts) + 1):
        here = "/".join(parts[:depth])
        verdict = False
        for line in patterns.splitlines():
            pattern = line.strip()
            if not pattern or pattern.startswith("#"):
                continue
            again = pattern.startswith("!")
            pattern = pattern.removeprefix("!").rstrip("/")
            anchored = "/" in pattern
            target = here if anchored else parts[depth - 1]
            if _fits(target, pattern.lstrip("/")):
                verdict = not again
        if verdict:
            return True
    return False


def _fits(path: str, pattern: str) -> bool:
    """Whether a path is what a pattern names: `*` does not cross a slash."""
    words, wanted = path.split("/"), pattern.split("/")
    return len(words) == len(wanted) and all(map(fnmatch.fnmatchcase, words, wanted))


@rule("E22", "Flux applies as an account that is not rendered", Severity.FAILS, "X")
def nobody(change: Change) -> Says:
    """Nobody may patch anything."""
    for pair in change.of_kind("Kustomization", "ServiceAccount"):
        for o in change.after.all("Kustomization"):
            wanted = str(spec(o).get("serviceAccountName") or "")
            place = namespace(o)
            if not _is_flux(o) or not wanted or change.after.has("ServiceAccount", wanted, place):
                continue
            was = [b for b in change.before.all("Kustomization") if _same(b, o)]
            same = was and spec(was[0]).get("serviceAccountName") == wanted
            there = change.before.has("ServiceAccount", wanted, place)
            if (same and not there) or (pair.either is not o and name(pair.either) != wanted):
                continue
            yield Said(
                label(o),
                f'`User "system:serviceaccount:{place}:{wanted}" cannot patch …`: nothing is '
                "applied.",
                f"render ServiceAccount {wanted} and bind it, or change the name back",
            )


@rule("E25", "signatures are asked for", Severity.FAILS, "X")
def signatures(change: Change) -> Says:
    """An unsigned HEAD is refused."""
    for pair in change.of_kind(*_SOURCES, "AppProject"):
        if pair.after is None:
            continue
        keys = ("verify",) if pair.kind != "AppProject" else ("signatureKeys", "sourceIntegrity")
        if any(spec(pair.after).get(k) and not spec(pair.before).get(k) for k in keys):
            yield Said(
                pair.label,
                "Commits must be signed from now on: an unsigned HEAD is refused (`unable to "
                "verify payload as the provided signature is empty`), and nothing arrives.",
                "sign: git config commit.gpgsign true",
                "git log -1 --format=%G?",
                certain=False,
            )


@rule("E26", "a source's Secret is not rendered", Severity.FAILS, "X")
def source_secret(change: Change) -> Says:
    """Failed to get secret."""
    for pair in change.of_kind(*_SOURCES):
        if pair.after is None:
            continue
        for key in ("secretRef", "certSecretRef"):
            wanted = str(mapping(spec(pair.after).get(key)).get("name") or "")
            old = str(mapping(spec(pair.before).get(key)).get("name") or "")
            if not wanted or wanted == old:
                continue
            if not change.after.has("Secret", wanted, namespace(pair.after)):
                command = f"kubectl -n {shlex.quote(namespace(pair.after))} get secret {wanted}"
                says = (
                    f"Unless Secret {wanted} is there: `failed to get secret`, and nothing arrives."
                )
                yield Said(
                    pair.label, says, f"{command}   # before the merge", command, certain=False
                )


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
        if ("prune: disabled" in kept or "flux" not in change.tools) and (
            "Prune" in kept or "argocd" not in change.tools or _is_flux_bootstrapped(pair.before)
        ):
            yield Said(pair.label, "It leaves Git and stays on the cluster: its guards keep it.")
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
    }.get(kind, f"the {kind} is deleted on the cluster")


def _is_flux_bootstrapped(o: Object) -> bool:
    """Whether it is one of Flux's own entry points, which Argo CD never sees."""
    return _is_flux(o) or namespace(o) == "flux-system" or ("kustomize.toolkit.fluxcd.io/prune" in (
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
    before, after = len(change.before.objects), len(change.after.objects)
    controller = change.before.controller
    if controller is None or change.after.controller is not None or before < 4:
        return
    if after * 4 > before:
        return
    waits = "refuses to sync nothing at all (allowEmpty: false)" if not after else (
        "waits for the Namespace's confirmation and does nothing"
        if any("Prune" in guards(o) for o in change.before.all("Namespace"))
        else "prunes it"
    )  # fmt: skip
    yield Said(
        controller.label,
        f"{before - after} of {before} objects are no longer rendered: Flux prunes all but the "
        f"Namespace and the CRD, and stays Ready. Argo CD {waits}.",
        "revert, unless the environment is removed on purpose",
    )
