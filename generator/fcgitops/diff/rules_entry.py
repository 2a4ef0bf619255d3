"""E07, E11, E25: the entry points of either sync tool (facts, section 8).

E01 to E06 follow from an environment's own file: `rules_environment` has them.
"""

from __future__ import annotations

from fcgitops.core import shell
from fcgitops.diff.change import Change, spec
from fcgitops.diff.effects import Said, Says, Severity, rule
from fcgitops.diff.entry import (
    SOURCES,
    applications,
    automated,
    both,
    kustomizations,
    matches,
    projects,
    sources,
)
from fcgitops.diff.secrecy import redact
from fcgitops.kubernetes.objects import mapping


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
