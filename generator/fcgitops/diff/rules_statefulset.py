"""Rules on FrameworkController's StatefulSet."""

from __future__ import annotations

from fcgitops.core import shell
from fcgitops.diff import immutable, objects
from fcgitops.diff.change import CRD_KIND, Change, spec, values
from fcgitops.diff.effects import Said, Says, Severity, rule
from fcgitops.diff.kubectl import FRAMEWORKS, PODS, in_namespace, recreate
from fcgitops.diff.rendering import Controller
from fcgitops.diff.secrecy import names_one, redact
from fcgitops.kubernetes import names
from fcgitops.kubernetes.field import Fault
from fcgitops.kubernetes.objects import Object, mapping, name, namespace
from fcgitops.programs import namehash
from fcgitops.text.words import count


@rule(
    "C01", "the stored Pod template differs, replicas stay at 1 or more", Severity.RESTART, "K F S"
)
def restarts(change: Change) -> Says:
    """The old Pod is deleted, then the new one is made: never both."""
    if change.rolls and change.both and not change.renamed and not _other_ordinals(change):
        yield Said(
            change.both[1].label,
            "FrameworkController restarts: its Pod is deleted, then made anew; nothing is "
            "reconciled in between (seconds, and what it takes to pull the image and to schedule "
            "the Pod), running Frameworks go on.",
        )


_HARMLESS = {"updateStrategy", "minReadySeconds", "revisionHistoryLimit",
             "persistentVolumeClaimRetentionPolicy"}  # fmt: skip


@rule(
    "C02",
    "the StatefulSet differs, its Pod template does not, or Pods become fewer",
    Severity.NONE,
    "K",
)
def nothing_restarts(change: Change) -> Says:
    """Metadata, the update strategy, values that are filled in anyway, one Pod instead of more."""
    if change.both is None or change.moved or change.renamed or change.stays:
        return
    before, after = change.both
    if before.replicas > after.replicas >= 1 and not _other_ordinals(change):
        left = f"{after.replicas} are left, and fight on"
        if after.replicas == 1:
            left = "one is left: FrameworkController is alone again"
        yield Said(after.label, f"Of {count(before.replicas, 'Pod')} {left}.")
    is_same = change.pair and change.pair.before == change.pair.after
    same_pods = before.template == after.template and before.replicas == after.replicas
    if same_pods and not is_same and not _other_ordinals(change):
        yield from _same_pods(before, after)


def _same_pods(before: Controller, after: Controller) -> Says:
    """Of a StatefulSet that differs, and whose Pods do not."""
    differ = {
        key for key in {*before.spec, *after.spec} if before.spec.get(key) != after.spec.get(key)
    }
    if before.holds_back and not after.holds_back and after.replicas:
        says = (
            "The roll-out is held back no longer: where an earlier change of the Pod template "
            "waits, FrameworkController restarts now; where none does, nothing restarts."
        )
        yield Said(after.label, says, certain=False)
    elif differ <= _HARMLESS:
        what = (
            f"Only {' and '.join(sorted(differ))} changes" if differ
            else "Only the StatefulSet's own metadata changes"
            if before.stored != after.stored
            else "The StatefulSet changes in Git and not on the API server"
        )  # fmt: skip
        yield Said(after.label, f"{what}: nothing restarts.")


@rule("C03", "a field differs that a StatefulSet may not change", Severity.MANUAL, "A K X G S")
def made_anew(change: Change) -> Says:
    """Refused until the StatefulSet is deleted; its Pod can stay, unless the selector differs."""
    fields = change.immutable
    if fields and change.both and not change.invalid:
        controller = change.both[0]
        named = " and ".join(fields)
        says = f"The API server refuses the StatefulSet: {named} cannot change. "
        if "selector" in fields:
            says += (
                "Made anew it does not adopt the old Pod, whose labels do not match, and makes no "
                "new one either, as that has the same name: the Pod must go too."
            )
        else:
            says += (
                "Until it is made anew Flux applies nothing of the environment, and Argo CD all "
                "but the StatefulSet."
            )
        yield Said(controller.label, says, recreate(controller, orphan="selector" not in fields))
    yield from _other_immutable(change)


def _other_immutable(change: Change) -> Says:
    """Objects that are not FrameworkController's StatefulSet."""
    for pair in change.of_kind(*immutable.KINDS):
        if pair.how != "same" or pair is change.pair:
            continue
        for before, after in values(pair):
            if name(before) != name(after):
                continue
            if fields := immutable.differing(pair.kind, before, after):
                kind, place = pair.kind.lower(), namespace(pair.either)
                orphan = [] if kind in ("priorityclass", "secret") else ["--cascade=orphan"]
                command = in_namespace(
                    place, "delete", *shell.named(kind, name(pair.either)), *orphan
                )
                what = f"The API server refuses the object: {' and '.join(fields)} cannot change."
                yield Said(pair.label, what, f"before the sync: {command}")


@rule("C25", "C03 and another ConfigMap in one commit, with Argo CD", Severity.OUTAGE, "G")
def pruned_under_it(change: Change) -> Says:
    """Argo CD prunes first: the ConfigMap that the unchanged StatefulSet names is gone."""
    if change.both is None or not (change.immutable or change.on_delete_refused):
        return
    if change.invalid or not any(tool.habits.prunes_first for tool in change.appliers):
        return
    before = change.both[0]
    for kind, called in before.mounted:
        place = before.namespace
        if change.after.has(kind, called, place) or _stays(change, kind, called, place):
            continue
        if change.before.has(kind, called, place):
            yield Said(
                f"{kind}/{namehash.without_hash(called)}",
                f"Argo CD prunes first and applies then: the {kind} that the unchanged StatefulSet "
                "still names is deleted. The running Pod goes on; the next one (a drained node is "
                "enough) does not start. Flux applies and prunes nothing.",
                recreate(before, orphan="selector" not in change.immutable)
                if change.immutable else "two commits: the update strategy alone, then the rest",
            )  # fmt: skip


def _stays(change: Change, kind: str, wanted: str, place: str) -> bool:
    """Whether Argo CD does not prune an object that is rendered before."""
    return any(
        name(o) == wanted and namespace(o) == place and objects.kept_by_argocd(o)
        for o in change.before.all(kind)
    )


@rule("C04", "the object is invalid", Severity.FAILS, "A")
def invalid(change: Change) -> Says:
    """A field that no schema knows, a value out of its range."""
    known = {pair.label for pair in change.of_kind(CRD_KIND) if pair.before}  # D05 is about these
    for label, reasons in change.refusals.items():
        kind = label.partition("/")[0]
        if kind in _OF_OTHER_RULES or label in known:
            continue
        listed = "; ".join(dict.fromkeys(_reason(reason) for reason in reasons[:_MOST]))
        more = f" (and {len(reasons) - _MOST} more)" if len(reasons) > _MOST else ""
        unknown = all("is no field of" in reason.message for reason in reasons)
        do = "correct the name and push" if unknown else "correct the value and push"
        yield Said(label, f"The API server refuses the {kind}: {listed}{more}.", do)


_MOST = 3
"""Reasons that are named."""


_OF_OTHER_RULES = ("LimitRange", "PersistentVolumeClaim", "ResourceQuota")
"""Kinds of which X10 says why they are refused."""


_CONTENT = (["data"], ["stringData"], ["binaryData"])


def _reason(fault: Fault) -> str:
    """Why an object is refused, without a value that may be a secret."""
    path = [str(part) for part in fault.path]
    if path[:1] in _CONTENT and any(map(names.key, path[1:])):
        return f"a key of {path[0]} is invalid"  # kustomize takes a whole line for one
    if path[-1:] == ["value"] or path[:1] in _CONTENT:
        return f"{fault.where} is invalid"
    return redact(str(fault)) if not any(map(names_one, path)) else f"{fault.where} is invalid"


@rule("C05", "replicas go to 0", Severity.OUTAGE, "K F")
def stopped(change: Change) -> Says:
    """Nothing starts, retries or completes."""
    if change.both and not change.stays and change.both[0].replicas >= 1 > change.both[1].replicas:
        yield Said(
            change.both[1].label,
            "FrameworkController stops: Frameworks neither start, retry nor end in their status; "
            "running Pods go on.",
            "set replicas to 1 again",
            PODS,
        )


@rule("C06", "replicas go from 0 to 1, or the StatefulSet is new", Severity.NONE, "K F")
def started(change: Change) -> Says:
    """It starts, and catches up."""
    after = change.starts
    if after is None or after.replicas != 1:
        return
    if change.before.controller is None and change.environment and change.environment.renamed_from:
        return  # E03 says what becomes of it
    says = "FrameworkController starts, and catches up with what has happened meanwhile."
    yield Said(after.label, says)


@rule("C07", "replicas go to 2 or more", Severity.LOSS, "K F S")
def several(change: Change) -> Says:
    """Two controllers fight."""
    before, after = change.controllers
    if after is None or after.replicas < 2 or change.stays:
        return
    if before is None or before.replicas < after.replicas:
        says = (
            f"{'Two' if after.replicas == 2 else after.replicas} FrameworkControllers fight: each "
            "deletes the Pods that the other has made, attempts are started over, and finished "
            "Frameworks run again."
        )
        yield Said(after.label, says, "set replicas to 1", FRAMEWORKS)


@rule("C28", "another workload runs FrameworkController, or scales it", Severity.LOSS, "K F")
def another(change: Change) -> Says:
    """Two controllers fight, whatever they are called."""
    if change.renamed or change.moved:
        return
    yield from _beside_or_instead(change)
    if change.after.controller is not None:
        yield from _scaled(change, change.after.controller)


def _beside_or_instead(change: Change) -> Says:
    """Workloads that newly run FrameworkController."""
    main = change.after.controller
    was, runs = ([o for o in side.objects if _runs(o)] for side in (change.before, change.after))
    known, there = ({objects.key(o) for o in each} for each in (was, runs))
    gone = [o for o in was if objects.key(o) not in there]
    for o in runs:
        if objects.key(o) in known:
            continue
        is_main = main is not None and o is main.object
        beside = [x for x in runs if x is not o and (not is_main or objects.key(x) in known)]
        if beside:
            yield Said(
                objects.label(o),
                f"It runs FrameworkController beside {objects.label(beside[0])}: both fight, each "
                "deletes the Pods that the other has made, and finished Frameworks run again.",
                "take one of them out",
                FRAMEWORKS,
            )
        elif gone:
            yield Said(
                objects.label(o),
                f"It takes the place of {objects.label(gone[0])}: with Flux both run until that is "
                "pruned, and fight: finished Frameworks may run again. Argo CD prunes first, so "
                "with it they do not overlap.",
                "set replicas to 0, sync, then put the other in its place",
                FRAMEWORKS,
            )


def _scaled(change: Change, controller: Controller) -> Says:
    for pair in change.of_kind("HorizontalPodAutoscaler"):
        fields = spec(pair.after)
        target = mapping(fields.get("scaleTargetRef"))
        own = (target.get("kind"), target.get("name")) == ("StatefulSet", controller.name)
        most = fields.get("maxReplicas")
        if own and isinstance(most, int) and most > 1:
            yield Said(
                pair.label,
                f"It may make up to {most} FrameworkControllers of {controller.label}, which "
                "fight: finished Frameworks run again.",
                "take it out: one replica is all that may run",
                FRAMEWORKS,
                certain=False,
            )


_WORKLOADS = ("StatefulSet", "Deployment", "DaemonSet", "ReplicaSet")


def _runs(o: Object) -> bool:
    """Whether a workload runs FrameworkController now."""
    if o["kind"] not in _WORKLOADS or mapping(o.get("spec")).get("replicas", 1) == 0:
        return False
    return objects.has_image(o) or objects.runs_frameworkcontroller(o)


@rule(
    "C08", "the template differs, and the update strategy replaces no Pod", Severity.MANUAL, "K S"
)
def held_back(change: Change) -> Says:
    """A partition at or above replicas, or OnDelete that was there before."""
    if change.both is None or change.moved or change.stays or not change.template_differs:
        return
    before, after = change.both
    if after.holds_back and before.replicas >= 1 and after.replicas >= 1:
        strategy = mapping(after.spec.get("updateStrategy"))
        partition = mapping(strategy.get("rollingUpdate")).get("partition")
        on_delete = strategy.get("type") == "OnDelete"
        why = "OnDelete holds" if on_delete else (
            f"with {count(after.replicas, 'replica')}, partition {partition} holds"
        )  # fmt: skip
        says = f"The Pod template changes and no Pod is replaced: {why} the roll-out back. "
        if on_delete:
            command = in_namespace(after.namespace, "delete", "pod", after.pod_name)
            yield Said(after.label, says + "The next Pod has the new template.", command)
        else:
            says += "The next Pod that is made for another reason has the OLD template."
            yield Said(after.label, says, "set partition to 0")


@rule("C09", "updateStrategy becomes OnDelete", Severity.FAILS, "A")
def on_delete(change: Change) -> Says:
    """Apply keeps the default that nobody owns."""
    if change.on_delete_refused and change.both and not change.invalid:
        controller = change.both[1]
        patch = '[{"op":"replace","path":"/spec/updateStrategy","value":{"type":"OnDelete"}}]'
        its = shell.named("statefulset", controller.name)
        words = ("patch", *its, "--type=json", "-p", patch)
        command = in_namespace(controller.namespace, *words)
        yield Said(
            controller.label,
            "Server-side apply keeps the defaulted rollingUpdate, so the API server refuses "
            "OnDelete.",
            f"leave the type alone, or: {command}",
        )


@rule("C10", "the StatefulSet is renamed in place", Severity.LOSS, "K S")
def renamed(change: Change) -> Says:
    """Two controllers until the old one is pruned."""
    if change.renamed and change.both and min(c.replicas for c in change.both) >= 1:
        old, new = change.both
        says = (
            f"{new.name} is another StatefulSet than {old.name}: with Flux both controllers run "
            "until the old one is pruned, and fight: finished Frameworks may run again. Argo CD "
            "prunes first, so with it they do not overlap."
        )
        yield Said(new.label, says, "set replicas to 0, sync, then rename", FRAMEWORKS)


def _other_ordinals(change: Change) -> bool:
    if change.both is None:
        return False
    starts = [mapping(c.spec.get("ordinals")).get("start", 0) for c in change.both]
    return bool(starts[0] != starts[1])


@rule("C11", "ordinals.start differs", Severity.LOSS, "K")
def other_ordinals(change: Change) -> Says:
    """The new Pod is made before the old one is deleted."""
    if change.both and _other_ordinals(change) and not change.stays and not change.moved:
        after = change.both[1]
        if min(c.replicas for c in change.both) >= 1:
            says = (
                f"{after.pod_name} is made before {change.both[0].pod_name} is deleted: two "
                "controllers for seconds, which fight; finished Frameworks may run again."
            )
            yield Said(after.label, says, "set replicas to 0 in the commit before", FRAMEWORKS)


@rule("C20", "podManagementPolicy is OrderedReady", Severity.MANUAL, "K")
def ordered(change: Change) -> Says:
    """A roll-out whose Pod never gets ready is not undone by a revert."""
    before, after = change.controllers
    if after is None or change.invalid or change.on_delete_refused:
        return
    if after.spec.get("podManagementPolicy") != "OrderedReady":
        return
    new = before is None or before.spec.get("podManagementPolicy") != "OrderedReady"
    if new or change.rolls:
        yield Said(
            after.label,
            "With OrderedReady a roll-out whose Pod never gets ready is not undone by a revert.",
            "after the revert: " + in_namespace(after.namespace, "delete", "pod", after.pod_name),
        )


@rule("C21", "the StatefulSet is no longer rendered", Severity.OUTAGE, "X")
def taken_off(change: Change) -> Says:
    """FrameworkController is taken off; CRD and Frameworks stay."""
    before, after = change.controllers
    if before is None or after is not None:
        return
    others = [o for o in change.after.objects if _runs(o)]
    known = {objects.key(o) for o in change.before.objects}
    if change.stays_there(before.object):
        yield Said(
            before.label,
            "It leaves Git and stays on the cluster, and FrameworkController goes on: no sync "
            "tool prunes it, nor heals it.",
            severity=Severity.MANUAL,
        )
    elif not others:
        yield Said(
            before.label,
            "FrameworkController is taken off the cluster: Frameworks neither start, retry nor end "
            "in their status; running Pods go on, the CRD and the Frameworks stay.",
            "put it back, or remove the environment on purpose",
            PODS,
        )
    elif objects.key(others[0]) in known:  # else C28 speaks of it
        says = f"It is pruned, and {objects.label(others[0])} runs FrameworkController alone."
        yield Said(before.label, says, severity=Severity.NONE)
