"""Rules on AppProjects of Argo CD: which sources, places and kinds their Applications may have."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from typing import Any

from fcgitops.core import shell
from fcgitops.diff.change import Change, spec
from fcgitops.diff.effects import UNLESS_MEANT, Said, Says, Severity, rule
from fcgitops.diff.entry_points import (
    ARGO,
    application,
    applications,
    applications_of,
    both,
    matches,
    projects,
    sources,
)
from fcgitops.diff.kubectl import APPLICATIONS
from fcgitops.diff.objects import Pair, label
from fcgitops.diff.rules_flux_rights import APPLIED
from fcgitops.diff.secrecy import redact
from fcgitops.kubernetes.objects import Fields, Object, listing, mapping, mappings, name

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
    for pair, before, after in both(change, "AppProject"):
        owned = [application(o) for o in applications_of(change.after, after)]
        if gone := list(_kinds_gone(change, before, after)):
            yield Said(
                pair.label,
                f"Every Application that renders one of {', '.join(gone)} fails to sync: "
                f"`resource {gone[0].replace('core:', ':')} is not permitted in project "
                f"{name(after)}`. Nothing of it is applied, nothing is deleted.",
                "put the kind back",
            )
        if lost := _repositories_gone(before, after, owned):
            yield Said(
                pair.label,
                f"The project no longer allows {redact(', '.join(lost))}: `InvalidSpecError`, "
                "nothing is applied.",
                "put sourceRepos back",
            )
        if lost := _destinations_gone(before, after):
            yield Said(
                pair.label,
                f"The project no longer allows the destination {', '.join(lost)}: "
                "Applications there get `InvalidSpecError`, nothing is applied.",
                "put destinations back",
            )
        yield from _denied(pair, before, after, owned)


def _kinds_gone(change: Change, before: Object, after: Object) -> Iterator[str]:
    """What a project no longer lets its Applications have, as GROUP:KIND."""
    rendered = {o["kind"] for o in change.after.objects} if change.after.controller else None
    elsewhere = _moved_to(change, after)
    for kind, (of, _) in APPLIED.items():
        gone = _allowed(before, kind, of) and not _allowed(after, kind, of)
        needed = rendered is None or kind in rendered
        if gone and needed and not any(_allowed(project, kind, of) for project in elsewhere):
            yield f"{of or 'core'}:{kind}"


def _repositories_gone(before: Object, after: Object, owned: list[Fields]) -> list[str]:
    """URLs that a project allowed and allows no more: of its Applications, else of its list."""
    used = {str(source.get("repoURL")) for each in owned for source in sources(each)}
    old, new = (list(map(str, listing(spec(o).get("sourceRepos")))) for o in (before, after))
    listed = {url for url in old if url not in new and "*" not in url}
    return sorted(
        url for url in used or listed
        if matches(url, [before], "sourceRepos") and not matches(url, [after], "sourceRepos")
    )  # fmt: skip


def _denied(pair: Pair, before: Object, after: Object, owned: list[Fields]) -> Says:
    """Places that a project newly denies, if its Applications go there or may."""
    denied = _denials(after, but_not=before)
    places = [mapping(each.get("destination")) for each in owned]
    goes_there = any(_fits(place, denied) for place in places)
    if denied and (goes_there or any("{{" in str(place) for place in places)):
        yield Said(
            pair.label,
            f"The project denies {', '.join(map(_place, denied))} now: an Application that goes "
            "there gets `InvalidSpecError`, and nothing of it is applied.",
            "put destinations back" if goes_there else "",
            "" if goes_there else APPLICATIONS,
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
            more = [each for each in more if not (isinstance(each, dict) and _denies(each))]
            if more:
                names = ", ".join(map(_entry, more))
                says = f"Applications of the project may now {what}: {redact(names)}."
                yield Said(pair.label, says, UNLESS_MEANT)
        denials = [
            place
            for place in _denials(before, but_not=after)
            if _is_within(place, listing(spec(after).get("destinations")))
        ]
        if denials:
            names = ", ".join(map(_place, denials))
            says = f"The project no longer denies its Applications {names}."
            yield Said(pair.label, says, UNLESS_MEANT)
    for pair, old, new in applications(change):
        if new.get("project") == "default" != old.get("project"):
            yield Said(
                pair.label,
                f"Its Applications leave the project {old.get('project')} for default, which "
                "allows every repository, cluster and kind, unless somebody narrowed it.",
                UNLESS_MEANT,
                "kubectl -n argocd get appproject default -o yaml",
                certain=False,
            )


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


def _denials(project: Object, *, but_not: Object) -> list[Fields]:
    """The places that a project denies and another one does not, without the "!"."""
    known = mappings(spec(but_not).get("destinations"))
    found = mappings(spec(project).get("destinations"))
    return [
        {key: str(value).removeprefix("!") for key, value in place.items()}
        for place in found
        if _denies(place) and place not in known
    ]


def _moved_to(change: Change, project: Object) -> list[Object]:
    """The projects that Applications of a project go to in this change: what they need is there."""
    found: list[Object] = []
    for _, old, new in applications(change):
        if old.get("project") == name(project) != new.get("project"):
            found += projects(change.after, str(new.get("project")))
    return found


def _destinations_gone(before: Object, after: Object) -> list[str]:
    """What a project allowed and allows no more, as NAMESPACE/SERVER."""
    old, new = (
        [_place(d) for d in mappings(spec(o).get("destinations")) if not _denies(d)]
        for o in (before, after)
    )
    return [] if "*/*" in new else [place for place in old if place not in new]


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
