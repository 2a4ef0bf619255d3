"""Entry points as both sides have them: Flux's Kustomizations, sources; Argo CD's Applications."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator

from fcgitops.diff.change import Change, spec
from fcgitops.diff.objects import Pair, annotations_of
from fcgitops.diff.rendering import Side
from fcgitops.kubernetes.objects import (
    Fields,
    Object,
    group,
    listing,
    mapping,
    mappings,
    name,
    namespace,
)
from fcgitops.model.synctools import FLUX

ARGO = ("Application", "ApplicationSet")
SOURCES = ("GitRepository", "OCIRepository", "Bucket")


def is_flux(o: Object) -> bool:
    """Whether it is one of Flux's own kinds."""
    return group(o).endswith("toolkit.fluxcd.io")


def is_flux_bootstrapped(o: Object) -> bool:
    """Whether it is one of Flux's own entry points, which Argo CD never sees."""
    return (
        is_flux(o)
        or namespace(o) == FLUX.namespace
        or (_KEPT in annotations_of(o) and o["kind"].startswith("ClusterRole"))
    )


_KEPT = "kustomize.toolkit.fluxcd.io/prune"


def shrinks(change: Change) -> bool:
    """Whether hardly anything is left of what an environment rendered."""
    before, after = (rendered(side) for side in (change.before, change.after))
    gone = change.before.controller is not None and change.after.controller is None
    return gone and before >= 4 and after * 4 <= before


def rendered(side: Side) -> int:
    """How many objects are no entry points."""
    return sum(not is_flux_bootstrapped(o) for o in side.objects)


def both(change: Change, *kinds: str) -> Iterator[tuple[Pair, Object, Object]]:
    """Objects of some kinds that differ and are on both sides."""
    for pair in change.of_kind(*kinds):
        if pair.before is not None and pair.after is not None:
            yield pair, pair.before, pair.after


def kustomizations(change: Change) -> Iterator[tuple[Pair, Fields, Fields]]:
    """Flux's Kustomizations that differ, by their specs."""
    for pair, before, after in both(change, "Kustomization"):
        if is_flux(after):
            yield pair, spec(before), spec(after)


def application(o: Object) -> Fields:
    """The spec of an Application, or of an ApplicationSet's template."""
    found = spec(o)
    return mapping(mapping(found.get("template")).get("spec")) if o["kind"] == ARGO[1] else found


def applications(change: Change) -> Iterator[tuple[Pair, Fields, Fields]]:
    """Applications and ApplicationSets that differ, by the specs of their Applications."""
    for pair, before, after in both(change, *ARGO):
        yield pair, application(before), application(after)


def automated(application: Fields) -> Fields | None:
    """spec.syncPolicy.automated; None where nothing is synced by itself."""
    policy = mapping(application.get("syncPolicy"))
    found = policy.get("automated")
    if found is None and "automated" not in policy:
        return None
    fields = mapping(found)
    return None if fields.get("enabled") is False else fields


def sources(application: Fields) -> list[Fields]:
    """What an Application reads, whether one source or several."""
    single = mapping(application.get("source"))
    return [*([single] if single else []), *mappings(application.get("sources"))]


def projects(side: Side, wanted: str) -> list[Object]:
    """The AppProjects of a name: one, or none."""
    return [o for o in side.all("AppProject") if name(o) == wanted]


def applications_of(side: Side, project: Object) -> list[Object]:
    """The Applications of a project, and the ApplicationSets that make some."""
    found = (o for kind in ARGO for o in side.all(kind))
    return [o for o in found if application(o).get("project") == name(project)]


def matches(value: str, projects: list[Object], key: str) -> bool:
    """Whether a pattern that AppProjects list under a key fits a value."""
    patterns = [str(p) for o in projects for p in listing(spec(o).get(key))]
    return any(fnmatch.fnmatchcase(value, pattern) for pattern in patterns)
