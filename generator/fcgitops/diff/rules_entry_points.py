"""Rules on entry points, whichever sync tool reads them: where it reads, what it prunes.

What follows from an environment's own file is in `rules_environment`.
"""

from __future__ import annotations

from fcgitops.core import shell
from fcgitops.diff.change import Change, spec
from fcgitops.diff.effects import Said, Says, Severity, rule
from fcgitops.diff.entry_points import (
    ARGO,
    SOURCES,
    application,
    applications,
    automated,
    both,
    kustomizations,
    matches,
    projects,
    sources,
)
from fcgitops.diff.objects import Pair
from fcgitops.diff.secrecy import redact
from fcgitops.kubernetes.objects import Object, mapping, mappings


@rule("E07", "the repository's URL differs", Severity.FAILS, "X G")
def other_url(change: Change) -> Says:
    """Nothing reaches a cluster before make bootstrap."""
    for pair, before, after in both(change, *SOURCES):
        if spec(before).get("url") != spec(after).get("url"):
            yield Said(
                pair.label,
                f"Flux reads {redact(str(spec(after).get('url')))} once this is applied (`make "
                "bootstrap`). If it cannot, the GitRepository is not Ready, the Kustomization "
                "stays Ready, and nothing arrives.",
                "try it first: git ls-remote " + shell.quote(redact(str(spec(after).get("url")))),
                certain=False,
            )
    for pair, old, new in applications(change):
        urls = [[str(s.get("repoURL")) for s in sources(part)] for part in (old, new)]
        if urls[0] != urls[1]:
            allowed = projects(change.after, str(new.get("project")))
            missing = [u for u in urls[1] if allowed and not matches(u, allowed, "sourceRepos")]
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


@rule("E08", "another revision of the repository is followed", Severity.FAILS, "X G")
def other_revision(change: Change) -> Says:
    """What stands there is not known; a tag or a commit gets no later commit."""
    for pair, before, after in both(change, *SOURCES):
        old, new = _reference(before), _reference(after)
        if old != new and spec(before).get("url") == spec(after).get("url"):
            yield _other_revision(pair, "Flux", old, new)
    for pair, before, after in both(change, *ARGO):
        for followed in (_followed, _generated_from):
            was, now = followed(before), followed(after)
            if was and now and was != now:
                yield _other_revision(pair, "Argo CD", ", ".join(was), ", ".join(now))


def _other_revision(pair: Pair, tool: str, old: str, new: str) -> Said:
    names = [words.rsplit(maxsplit=1)[-1] for words in (old, new)]
    return Said(
        pair.label,
        f"{tool} follows {new} instead of {old}: the cluster gets what stands there. Where there "
        "is no such revision, or a commit or tag that stays, no later commit arrives.",
        f"compare them first: {shell.line('git', 'diff', *names)}",
        certain=False,
    )


def _reference(source: Object) -> str:
    """The revision that a source of Flux's follows, in words."""
    found = mapping(spec(source).get("ref"))
    for key in ("commit", "name", "semver", "tag", "branch"):  # the first of them decides
        if found.get(key):
            return f"{key} {found[key]}"
    return "branch master"


def _followed(o: Object) -> list[str]:
    """The revisions that an Application's sources follow."""
    return [str(source.get("targetRevision") or "HEAD") for source in sources(application(o))]


def _generated_from(o: Object) -> list[str]:
    """The revisions from which an ApplicationSet reads the environments."""
    found = (mapping(g.get("git")) for g in mappings(spec(o).get("generators")))
    return [str(git.get("revision") or "HEAD") for git in found if git]


@rule("E11", "pruning is turned off", Severity.MANUAL, "X G")
def prune_off(change: Change) -> Says:
    """What leaves Git stays."""
    flux = [(p, old.get("prune"), new.get("prune")) for p, old, new in kustomizations(change)]
    argo = [
        (p, mapping(automated(old)).get("prune"), mapping(automated(new)).get("prune"))
        for p, old, new in applications(change)
        if automated(new) is not None
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


@rule("E25", "signatures are asked for", Severity.FAILS, "X")
def signatures(change: Change) -> Says:
    """An unsigned HEAD is refused."""
    for pair in change.of_kind(*SOURCES, "AppProject"):
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
