"""Rules on Flux's Kustomizations and sources."""

from __future__ import annotations

import fnmatch
import posixpath

from fcgitops.core import shell
from fcgitops.diff.change import Change, spec
from fcgitops.diff.effects import Said, Says, Severity, rule
from fcgitops.diff.entry_points import SOURCES, is_flux, kustomizations
from fcgitops.diff.kubectl import in_namespace
from fcgitops.diff.objects import label
from fcgitops.diff.rendering import Side
from fcgitops.kubernetes.objects import Fields, Object, group, labels_of, mapping, name, namespace
from fcgitops.model.synctools import FLUX

_SHARD = "sharding.fluxcd.io/key"


@rule("E09", "the label of Flux's shard differs", Severity.OUTAGE, "X")
def other_shard(change: Change) -> Says:
    """Without controllers for that shard nothing arrives."""
    for pair in change.of_kind("Kustomization", *SOURCES):
        if pair.after is None or not is_flux(pair.after):
            continue
        old = labels_of(pair.before).get(_SHARD) if pair.before else None
        new = labels_of(pair.after).get(_SHARD)
        if old != new and (pair.before is not None or new):
            which = f"shard {new}" if new else "no shard"
            look = in_namespace(FLUX.namespace, "get", "deploy", "-l", f"{_SHARD}={new}")
            yield Said(
                pair.label,
                f"The controllers of {which} take over. Where there are none nothing arrives, and "
                "the status stays as it was.",
                "start that shard's controllers first",
                look if new else "",
                certain=False,
            )


@rule("E10", "suspend is turned on", Severity.MANUAL, "X")
def suspended(change: Change) -> Says:
    """No commit, no healing."""
    for pair in change.of_kind("Kustomization", *SOURCES):
        if pair.after is None or not is_flux(pair.after):
            continue
        if spec(pair.after).get("suspend") is True and spec(pair.before).get("suspend") is not True:
            kind = ["kustomization"] if pair.kind == "Kustomization" else ["source", "git"]
            place = namespace(pair.after)
            where = ["-n", place] if place not in ("", FLUX.namespace) else []
            typed = shell.line("flux", "resume", *kind, name(pair.after), *where)
            yield Said(
                pair.label,
                "Nothing that is pushed later arrives, and a hand-made change is not healed, "
                "until it is resumed. Deleting the suspended Kustomization leaves its objects "
                "behind.",
                f"suspend: false, or: {typed}",
            )


@rule("E20", "force is turned on", Severity.LOSS, "X")
def force(change: Change) -> Says:
    """What is refused is deleted and made anew."""
    for pair, old, new in kustomizations(change):
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
        if not is_flux(o):
            continue
        reference = mapping(spec(o).get("sourceRef"))
        after = _source(change.after, reference, o)
        path = str(spec(o).get("path") or "./")
        was = [b for b in change.before.all("Kustomization") if _same(b, o)]
        before = _source(change.before, mapping(spec(was[0]).get("sourceRef")), o) if was else None
        old = str(spec(was[0]).get("path") or "./") if was else path
        if posixpath.normpath(old) == posixpath.normpath(path):
            old = path  # ./overlays/prod is overlays/prod
        ignored, known = _ignored(after, path), _ignored(before, old)
        if (was and old == path and ignored == known) or not (was or ignored):
            continue
        if ignored and not (known and old == path):
            yield Said(
                label(o),
                f"The GitRepository ignores {path} (`kustomization path not found`); nothing is "
                "pruned.",
                "take the folder into spec.ignore's exceptions, or change it back",
            )
        elif old != path:
            yield Said(
                label(o),
                f"Flux renders {path} instead of {old}. Where the repository has no such folder: "
                "`kustomization path not found`; nothing is pruned.",
                f"git ls-tree -d HEAD {shell.quote(path.removeprefix('./'))}",
                certain=False,
            )


@rule("E23", "Flux renders or applies something else than the overlay", Severity.MANUAL, "X")
def something_else(change: Change) -> Says:
    """What is applied then is not what is compared here."""
    for pair, old, new in kustomizations(change):
        if old.get("sourceRef") != new.get("sourceRef"):
            where = mapping(new.get("sourceRef"))
            there = _source(change.after, where, pair.either) is not None
            unless = "" if there else ", which is not rendered: unless it is there nothing arrives"
            yield Said(
                pair.label,
                f"Flux takes what it applies from {where.get('kind')} {where.get('name')}{unless}.",
                "look at what that has in spec.path before the merge",
                certain=False,
                severity=Severity.MANUAL if there else Severity.FAILS,
            )
        keys = [key for key in _CHANGES if old.get(key) != new.get(key)]
        if keys:
            yield Said(
                pair.label,
                f"{', '.join(keys)} decides what Flux applies, or where, beyond what the overlay "
                "renders: this comparison does not see what comes of it, and what is applied "
                "elsewhere from then on is pruned where it was.",
                "flux diff kustomization " + shell.quote(name(pair.either)),
                certain=False,
            )


_CHANGES = ("targetNamespace", "kubeConfig", "patches", "images", "components", "namePrefix",
            "nameSuffix", "commonMetadata", "postBuild", "ignoreMissingComponents")  # fmt: skip
"""Fields of a Kustomization that change what is rendered, or send it elsewhere."""


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
    """Nobody may patch anything; without a name it applies as its own controller."""
    for pair, old, new in kustomizations(change):
        if old.get("serviceAccountName") and not new.get("serviceAccountName"):
            yield Said(
                pair.label,
                "Flux applies as kustomize-controller itself, which may do everything (cluster-"
                "admin), unless its flag --default-service-account names another account.",
                "put serviceAccountName back",
                severity=Severity.RIGHTS,
            )
    for pair in change.of_kind("Kustomization", "ServiceAccount"):
        for o in change.after.all("Kustomization"):
            wanted = str(spec(o).get("serviceAccountName") or "")
            place = namespace(o)
            if not is_flux(o) or not wanted or change.after.has("ServiceAccount", wanted, place):
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


@rule("E26", "a source's Secret is not rendered", Severity.FAILS, "X")
def source_secret(change: Change) -> Says:
    """Failed to get secret."""
    for pair in change.of_kind(*SOURCES):
        if pair.after is None:
            continue
        for key in ("secretRef", "certSecretRef"):
            wanted = str(mapping(spec(pair.after).get(key)).get("name") or "")
            old = str(mapping(spec(pair.before).get(key)).get("name") or "")
            if not wanted or wanted == old:
                continue
            if not change.after.has("Secret", wanted, namespace(pair.after)):
                words = ("get", *shell.named("secret", wanted))
                command = in_namespace(namespace(pair.after), *words)
                says = (
                    f"Unless Secret {wanted} is there: `failed to get secret`, and nothing arrives."
                )
                yield Said(pair.label, says, f"before the merge: {command}", command, certain=False)
