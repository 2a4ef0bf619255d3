"""Rules on Applications, ApplicationSets and AppProjects of Argo CD."""

from __future__ import annotations

import fnmatch
from typing import Any

from fcgitops.core import shell
from fcgitops.diff.change import Change, Side, spec
from fcgitops.diff.effects import Said, Says, Severity, rule
from fcgitops.diff.entry import (
    ARGO,
    application,
    applications,
    automated,
    both,
    matches,
    projects,
    sources,
)
from fcgitops.diff.objects import label
from fcgitops.diff.rules_flux_rights import APPLIED
from fcgitops.diff.secrecy import redact
from fcgitops.kubernetes.objects import Fields, Object, listing, mapping, mappings, name


@rule("E12", "selfHeal is turned off", Severity.MANUAL, "G")
def heal_off(change: Change) -> Says:
    """Hand-made changes stay."""
    for pair, old, new in applications(change):
        if automated(new) is None:
            continue
        if (
            mapping(automated(old)).get("selfHeal") is True
            and mapping(automated(new)).get("selfHeal") is not True
        ):
            says = "Hand-made changes on the cluster stay: Argo CD no longer takes them back."
            yield Said(pair.label, says, "selfHeal: true")


@rule("E13", "automated sync is gone", Severity.FAILS, "G")
def no_automation(change: Change) -> Says:
    """No commit is applied."""
    for pair, old, new in applications(change):
        if automated(old) is not None and automated(new) is None:
            application = name(pair.either) if pair.kind == ARGO[0] else "APPLICATION"
            typed = shell.line("argocd", "app", "sync", application)
            yield Said(
                pair.label,
                "No commit is applied any more, and nothing says so but `OutOfSync`.",
                f"sync by hand: {typed}; or put automated back",
            )


def _options(application: Fields) -> list[str]:
    return [str(o) for o in listing(mapping(application.get("syncPolicy")).get("syncOptions"))]


@rule("E14", "ServerSideApply is gone", Severity.NONE, "G")
def client_side(change: Change) -> Says:
    """No restart; what leaves Git is removed only where Argo CD has noted that it was in it."""
    for pair, old, new in applications(change):
        if "ServerSideApply=true" in _options(old) and "ServerSideApply=true" not in _options(new):
            says = (
                "Nothing restarts. A field that leaves Git is removed only where the object was "
                "applied once without ServerSideApply before; else it stays on the cluster."
            )
            yield Said(pair.label, says)


@rule("E15", "what keeps an ApplicationSet from deleting is gone", Severity.LOSS, "G")
def set_deletes(change: Change) -> Says:
    """An environment that leaves Git, or an Application that is deleted, takes more with it."""
    for pair, before, after in both(change, ARGO[1]):
        old, new = (mapping(spec(o).get("syncPolicy")) for o in (before, after))
        if _deletes_with_it(after) and not _deletes_with_it(before):
            yield Said(
                pair.label,
                "Its Applications get a finalizer: from now on deleting one deletes all that it "
                "has applied. Where the Namespace has Delete=confirm the deletion waits for "
                "`argocd app confirm-deletion`.",
                "take resources-finalizer.argocd.argoproj.io out of template.metadata",
            )
        if not _keeps_applications(old) or not _keeps_objects(old):
            continue
        do = "put create-update and preserveResourcesOnDeletion: true back"
        leaves = "a file of its generator that is gone or no longer matches deletes its Application"
        if not _keeps_objects(new):
            by_hand = "deleting an Application, or this set, deletes"
            what = by_hand if _keeps_applications(new) else f"{leaves} and"
            yield Said(
                pair.label,
                f"From now on {what} all that this has applied. Where the Namespace has "
                "Delete=confirm the deletion waits for `argocd app confirm-deletion`.",
                do,
            )
        elif not _keeps_applications(new):
            yield Said(
                pair.label,
                f"From now on {leaves}. What this has applied stays, and nobody syncs it.",
                do,
                severity=Severity.MANUAL,
            )


def _deletes_with_it(o: Object) -> bool:
    """Whether an ApplicationSet gives its Applications the finalizer by which they delete."""
    metadata = mapping(mapping(spec(o).get("template")).get("metadata"))
    return any("resources-finalizer" in str(each) for each in listing(metadata.get("finalizers")))


def _keeps_applications(policy: Fields) -> bool:
    """Whether an ApplicationSet deletes no Application of an environment that leaves Git."""
    return policy.get("applicationsSync") in ("create-update", "create-only")


def _keeps_objects(policy: Fields) -> bool:
    """Whether its Applications have no finalizer, so that deleting one deletes nothing else."""
    return policy.get("preserveResourcesOnDeletion") is True


@rule("E16", "an ApplicationSet makes other Applications", Severity.MANUAL, "G")
def other_applications(change: Change) -> Says:
    """Of another name, for other environments, of another place or folder, rendered otherwise."""
    for pair, before, after in both(change, ARGO[1]):
        old, new = (mapping(spec(o).get("template")) for o in (before, after))
        names = [mapping(part.get("metadata")).get("name") for part in (old, new)]
        if names[0] != names[1]:
            yield Said(
                pair.label,
                f"Each environment gets an Application of another name ({names[0]} → {names[1]}): "
                "the old one stays and has the objects, the new one fails (`Shared resource "
                "found`).",
                "let the old Applications go first: docs/fcgitops/sync.md",
                severity=Severity.FAILS,
            )
        if _finds(before) != _finds(after):
            yield Said(
                pair.label,
                "It may find other environments: what it finds no more keeps its Application as "
                "it is, and the set changes that no longer.",
                _LIST,
                _LIST,
                certain=False,
            )
        places = [mapping(part.get("spec")).get("destination") for part in (old, new)]
        if places[0] != places[1]:
            yield Said(
                pair.label,
                "Its Applications may go to another place: what they leave goes on running there, "
                "and nobody syncs it.",
                _LIST,
                _LIST,
                certain=False,
            )
        folders = [
            [str(source.get("path")) for source in sources(application(o))] for o in (before, after)
        ]
        if folders[0] != folders[1]:
            yield Said(
                pair.label,
                f"Its Applications render {', '.join(folders[1])} instead of "
                f"{', '.join(folders[0])}: what is not rendered there is pruned.",
                "look at what that renders: kubectl kustomize FOLDER",
                certain=False,
                severity=Severity.OUTAGE,
            )

    for pair, old, new in applications(change):
        differ = _otherwise(old, new)
        if pair.kind == ARGO[1] and pair.before and pair.after:
            made = (spec(pair.before), spec(pair.after))
            differ += [key for key in _MADE_BY if made[0].get(key) != made[1].get(key)]
        if differ:
            yield Said(
                pair.label,
                f"{', '.join(differ)} decides what Argo CD applies, beyond what the overlay "
                "renders: this comparison does not see what comes of it.",
                "argocd app manifests APPLICATION, before and after",
                certain=False,
            )


_LIST = "kubectl get applications.argoproj.io -A -o wide"
_KNOWN = {"path", "repoURL", "targetRevision", "ref", "name"}
"""Fields of an Application's source of which other rules speak, or that do nothing."""
_MADE_BY = ("goTemplate", "goTemplateOptions", "templatePatch")
"""Fields of an ApplicationSet by which its Applications are made, beside its template."""


def _otherwise(old: Fields, new: Fields) -> list[str]:
    """Fields of the sources that change what is rendered: kustomize, helm, plugin."""
    parts = [[{k: s[k] for k in s if k not in _KNOWN} for s in sources(o)] for o in (old, new)]
    if parts[0] == parts[1]:
        return []
    return list(dict.fromkeys(key for each in parts for source in each for key in source))


def _finds(o: Object) -> list[Fields]:
    """By what an ApplicationSet finds its environments; the revision is E08's."""
    found = []
    for generator in mappings(spec(o).get("generators")):
        git = {k: v for k, v in mapping(generator.get("git")).items() if k != "revision"}
        found.append({**generator, "git": git})
    return found


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
    for pair, before, after in both(change, "AppProject"):
        elsewhere = _moved_to(change, after)
        gone = [
            f"{of or 'core'}:{kind}"
            for kind, (of, _) in APPLIED.items()
            if _allowed(before, kind, of) and not _allowed(after, kind, of)
            and (rendered is None or kind in rendered)
            and not any(_allowed(project, kind, of) for project in elsewhere)
        ]  # fmt: skip
        if gone:
            yield Said(
                pair.label,
                f"Every Application that renders one of {', '.join(gone)} fails to sync: "
                f"`resource {gone[0].replace('core:', ':')} is not permitted in project "
                f"{name(after)}`. Nothing of it is applied, nothing is deleted.",
                "put the kind back",
            )
        used = {str(s.get("repoURL")) for o in _argo(change.after, after) for s in sources(o)}
        old, new = (list(map(str, listing(spec(o).get("sourceRepos")))) for o in (before, after))
        lost = sorted(
            u for u in used or {p for p in old if p not in new and "*" not in p}
            if matches(u, [before], "sourceRepos") and not matches(u, [after], "sourceRepos")
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
        if denied := _denied(before, after):
            applications = [mapping(o.get("destination")) for o in _argo(change.after, after)]
            goes_there = any(_fits(d, denied) for d in applications)
            names = ", ".join(_place(d) for d in denied)
            if goes_there or any("{{" in str(d) for d in applications):
                yield Said(
                    pair.label,
                    f"The project denies {names} now: an Application that goes there gets "
                    "`InvalidSpecError`, and nothing of it is applied.",
                    "put destinations back" if goes_there else "",
                    "" if goes_there else "kubectl get applications.argoproj.io -A -o wide",
                    certain=goes_there,
                    severity=None if goes_there else Severity.NONE,
                )


@rule("E19", "an AppProject allows more", Severity.RIGHTS, "G")
def project_widened(change: Change) -> Says:
    """Other repositories, places or kinds; or a project that allows all."""
    for pair, before, after in both(change, "AppProject"):
        for key, what in _OPENS.items():
            known, entries = (listing(spec(o).get(key)) for o in (before, after))
            more = [each for each in entries if each not in known and not _is_within(each, known)]
            if more := [
                entry for entry in more if not (isinstance(entry, dict) and _denies(entry))
            ]:
                names = ", ".join(map(_entry, more))
                says = f"Applications of the project may now {what}: {redact(names)}."
                yield Said(pair.label, says, _UNLESS_MEANT)
        denials = [
            place
            for place in _without_denials(before, after)
            if _is_within(place, listing(spec(after).get("destinations")))
        ]
        if denials:
            names = ", ".join(map(_place, denials))
            says = f"The project no longer denies its Applications {names}."
            yield Said(pair.label, says, _UNLESS_MEANT)
    for pair, old, new in applications(change):
        if new.get("project") == "default" != old.get("project"):
            yield Said(
                pair.label,
                f"Its Applications leave the project {old.get('project')} for default, which "
                "allows every repository, cluster and kind, unless somebody narrowed it.",
                _UNLESS_MEANT,
                "kubectl -n argocd get appproject default -o yaml",
                certain=False,
            )


_UNLESS_MEANT = "take it back unless it is meant"
_OPENS = {
    "sourceRepos": "come from",
    "destinations": "go to",
    "clusterResourceWhitelist": "render, of what is the cluster's",
    "namespaceResourceWhitelist": "render",
    "sourceNamespaces": "be made in the namespaces",
}
"""Lists of an AppProject → what an entry lets Applications do."""


def _is_within(entry: object, known: list[Any]) -> bool:
    """Whether an entry is no more than what one of others allows."""
    if not isinstance(entry, dict):
        return any(fnmatch.fnmatchcase(str(entry), str(wide)) for wide in known)
    return any(
        all(fnmatch.fnmatchcase(str(value), str(wide.get(key, ""))) for key, value in entry.items())
        for wide in known
        if isinstance(wide, dict) and not _denies(wide)
    )


def _entry(entry: object) -> str:
    """An entry of an AppProject's list, in words."""
    if not isinstance(entry, dict):
        return str(entry)
    if "kind" not in entry:
        return _place(entry)
    named = f" {entry['name']}" if entry.get("name") else ""
    return f"{entry.get('group') or 'core'}:{entry['kind']}{named}"


def _denials(project: Object) -> list[Fields]:
    return [d for d in mappings(spec(project).get("destinations")) if _denies(d)]


def _moved_to(change: Change, project: Object) -> list[Object]:
    """The projects that Applications of a project go to in this change: what they need is there."""
    found: list[Object] = []
    for _, old, new in applications(change):
        if old.get("project") == name(project) != new.get("project"):
            found += projects(change.after, str(new.get("project")))
    return found


def _argo(side: Side, project: Object) -> list[Fields]:
    """The Applications of a project, those of ApplicationSets included."""
    found = [application(o) for kind in ARGO for o in side.all(kind)]
    return [fields for fields in found if fields.get("project") == name(project)]


def _lost_destinations(before: Object, after: Object) -> list[str]:
    """What a project allowed and allows no more, as NAMESPACE/SERVER."""
    old, new = (
        [_place(d) for d in mappings(spec(o).get("destinations")) if not _denies(d)]
        for o in (before, after)
    )
    return [] if "*/*" in new else [place for place in old if place not in new]


def _denied(before: Object, after: Object) -> list[Fields]:
    """What a project denies and did not deny, without the "!"."""
    return _without_denials(after, before)


def _without_denials(project: Object, other: Object) -> list[Fields]:
    """What the first project denies and the other does not, without the "!"."""
    old, new = _denials(other), _denials(project)
    return [{k: str(v).removeprefix("!") for k, v in d.items()} for d in new if d not in old]


def _denies(destination: Fields) -> bool:
    return any(str(value).startswith("!") for value in destination.values())


def _fits(destination: Fields, denied: list[Fields]) -> bool:
    """Whether an Application goes to a place, as far as it says where it goes."""
    return any(
        all(fnmatch.fnmatchcase(str(destination.get(k, "")), str(v)) for k, v in place.items()
            if v != "*")
        for place in denied
    )  # fmt: skip


def _place(destination: Fields) -> str:
    server = destination.get("server") or destination.get("name") or "*"
    return f"{destination.get('namespace', '*')}/{server}"


@rule("E18", "an Application's project is not there", Severity.FAILS, "G")
def no_project(change: Change) -> Says:
    """The set refuses: error getting project."""
    for pair in change.of_kind(*ARGO, "AppProject"):
        for o in [o for kind in ARGO for o in change.after.all(kind)]:
            project = str(application(o).get("project") or "default")
            if project == "default" or "{{" in project or projects(change.after, project):
                continue
            was = [b for b in change.before.all(o["kind"]) if name(b) == name(o)]
            same = was and str(application(was[0]).get("project")) == project
            there = projects(change.before, project)
            spoken_of = pair.after is o or project in [name(p) for p in pair[:2] if p]
            if (same and not there) or not spoken_of:
                continue
            yield Said(
                label(o),
                f"AppProject {project} is not rendered: unless the cluster has it, Argo CD refuses "
                "(`error getting project`) and what is applied stays as it was.",
                "render the project, or name the one that is there",
                f"kubectl -n argocd get appproject {shell.quote(project)}",
                certain=bool(there),
            )
