"""Rules on Applications and ApplicationSets of Argo CD."""

from __future__ import annotations

from fcgitops.core import shell
from fcgitops.diff.change import Change, spec
from fcgitops.diff.effects import Said, Says, Severity, rule
from fcgitops.diff.entry_points import ARGO, application, applications, automated, both, sources
from fcgitops.diff.kubectl import APPLICATIONS
from fcgitops.diff.objects import Pair
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
    finalizers = listing(_template(o).get("finalizers"))
    return any("resources-finalizer" in str(each) for each in finalizers)


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
        yield from _other_names(pair, before, after)
        if _finds(before) != _finds(after):
            yield Said(
                pair.label,
                "It may find other environments: what it finds no more keeps its Application as "
                "it is, and the set changes that no longer.",
                APPLICATIONS,
                APPLICATIONS,
                certain=False,
            )
        if application(before).get("destination") != application(after).get("destination"):
            yield Said(
                pair.label,
                "Its Applications may go to another place: what they leave goes on running there, "
                "and nobody syncs it.",
                APPLICATIONS,
                APPLICATIONS,
                certain=False,
            )
        yield from _other_folders(pair, before, after)

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


def _other_names(pair: Pair, before: Object, after: Object) -> Says:
    old, new = (_template(o).get("name") for o in (before, after))
    if old != new:
        yield Said(
            pair.label,
            f"Each environment gets an Application of another name ({old} → {new}): the old one "
            "stays and has the objects, the new one fails (`Shared resource found`).",
            "let the old Applications go first: docs/fcgitops/sync.md",
            severity=Severity.FAILS,
        )


def _other_folders(pair: Pair, before: Object, after: Object) -> Says:
    old, new = (
        [str(source.get("path")) for source in sources(application(o))] for o in (before, after)
    )
    if old != new:
        yield Said(
            pair.label,
            f"Its Applications render {', '.join(new)} instead of {', '.join(old)}: what is not "
            "rendered there is pruned.",
            "look at what that renders: kubectl kustomize FOLDER",
            certain=False,
            severity=Severity.OUTAGE,
        )


def _template(o: Object) -> Fields:
    """The metadata that an ApplicationSet gives its Applications."""
    return mapping(mapping(spec(o).get("template")).get("metadata"))


def _finds(o: Object) -> list[Fields]:
    """By what an ApplicationSet finds its environments; the revision is E08's."""
    found = []
    for generator in mappings(spec(o).get("generators")):
        git = {k: v for k, v in mapping(generator.get("git")).items() if k != "revision"}
        found.append({**generator, "git": git})
    return found
