"""C01 to C25: what a change does to FrameworkController's Pod (facts, section 3)."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from fcgitops.diff import objects, podsecurity, quantity
from fcgitops.diff.change import Change, Controller, values
from fcgitops.diff.effects import Said, Says, Severity, rule
from fcgitops.diff.objects import namespace
from fcgitops.diff.secrecy import names_one, redact
from fcgitops.diff.stored import Fields, listing, mapping, mappings
from fcgitops.kubernetes.field import Fault


def in_namespace(command: str, place: str) -> str:
    """A kubectl command for a namespace, quoted to be typed."""
    return f"kubectl -n {shlex.quote(place)} {command}" if place else f"kubectl {command}"


def _recreate(controller: Controller, *, orphan: bool) -> str:
    command = in_namespace(f"delete statefulset {controller.name}", controller.namespace)
    if orphan:
        return (
            f"{command} --cascade=orphan   # then sync: the Pod is adopted, and restarts only if "
            "the template changed too"
        )
    return f"{command}   # without --cascade=orphan: the Pod goes too; then sync"


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


@rule("C02", "the StatefulSet differs, its Pod template and replicas do not", Severity.NONE, "K")
def nothing_restarts(change: Change) -> Says:
    """Metadata, the update strategy, or values that the API server fills in anyway."""
    if change.both is None or change.moved or change.renamed or change.stays:
        return
    before, after = change.both
    if before.template != after.template or (
        change.pair and change.pair.before == change.pair.after
    ):
        return
    if before.replicas != after.replicas or _other_ordinals(change):
        return
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
def immutable(change: Change) -> Says:
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
        yield Said(controller.label, says, _recreate(controller, orphan="selector" not in fields))
    yield from _other_immutable(change)


def _other_immutable(change: Change) -> Says:
    """StatefulSets that are not FrameworkController's, and PriorityClasses."""
    from fcgitops.diff.refused import immutable_fields  # noqa: PLC0415 - beside its use

    for pair in change.of_kind("StatefulSet", "PriorityClass"):
        if pair.how != "same" or pair is change.pair:
            continue
        for before, after in values(pair):
            if pair.kind == "StatefulSet":
                fields = immutable_fields(before, after)
            else:
                names = ("value", "preemptionPolicy")
                fields = tuple(n for n in names if before.get(n) != after.get(n))
            if fields:
                kind, name = pair.kind.lower(), objects.name(pair.either)
                orphan = " --cascade=orphan" if kind == "statefulset" else ""
                command = in_namespace(f"delete {kind} {name}{orphan}", namespace(pair.either))
                what = f"The API server refuses the object: {' and '.join(fields)} cannot change."
                yield Said(pair.label, what, f"{command}   # then sync")


@rule("C25", "C03 and another ConfigMap in one commit, with Argo CD", Severity.OUTAGE, "G")
def pruned_under_it(change: Change) -> Says:
    """Argo CD prunes first: the ConfigMap that the unchanged StatefulSet names is gone."""
    if change.both is None or not (change.immutable or change.on_delete_refused):
        return
    if "argocd" not in change.tools or change.invalid:
        return
    before = change.both[0]
    for kind, name in before.mounted:
        place = before.namespace
        if change.after.has(kind, name, place) or _stays(change, kind, name, place):
            continue
        if change.before.has(kind, name, place):
            yield Said(
                f"{kind}/{objects.without_hash(name)}",
                f"Argo CD prunes first and applies then: the {kind} that the unchanged StatefulSet "
                "still names is deleted. The running Pod goes on; the next one (a drained node is "
                "enough) does not start. Flux applies and prunes nothing.",
                _recreate(before, orphan="selector" not in change.immutable)
                if change.immutable else "two commits: the update strategy alone, then the rest",
            )  # fmt: skip


def _stays(change: Change, kind: str, wanted: str, place: str) -> bool:
    """Whether Argo CD does not prune an object that is rendered before."""
    return any(
        objects.name(o) == wanted and namespace(o) == place and objects.kept_by_argocd(o)
        for o in change.before.all(kind)
    )


@rule("C04", "the object is invalid", Severity.FAILS, "A")
def invalid(change: Change) -> Says:
    """A field that no schema knows, a value out of its range."""
    for label, reasons in change.refusals.items():
        kind = label.partition("/")[0]
        if kind in _OF_OTHER_RULES:
            continue
        listed = "; ".join(dict.fromkeys(_reason(reason) for reason in reasons[:_MOST]))
        more = f" (and {len(reasons) - _MOST} more)" if len(reasons) > _MOST else ""
        unknown = all("is no field of" in reason.message for reason in reasons)
        do = "correct the name and push" if unknown else "correct the value and push"
        yield Said(label, f"The API server refuses the {kind}: {listed}{more}.", do)


_MOST = 3
"""Reasons that are named."""
_OF_OTHER_RULES = ("LimitRange", "PersistentVolumeClaim", "ResourceQuota",
                   "CustomResourceDefinition")  # fmt: skip
"""Kinds of which X10 and D05 say why they are refused."""


def _reason(fault: Fault) -> str:
    """Why an object is refused, without a value that may be a secret."""
    path = [str(part) for part in fault.path]
    if path[-1:] == ["value"] or path[:1] in (["data"], ["stringData"], ["binaryData"]):
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


PODS = "kubectl get pods -A -l FC_FRAMEWORK_NAME --no-headers | wc -l"
FRAMEWORKS = "kubectl get frameworks -A --no-headers | wc -l"


@rule("C06", "replicas go from 0 to 1, or the StatefulSet is new", Severity.NONE, "K F")
def started(change: Change) -> Says:
    """It starts, and catches up."""
    before, after = change.controllers
    if after is None or change.moved or change.renamed or change.stays or after.replicas != 1:
        return
    if before is None or before.replicas < 1:
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
            f"with {after.replicas} replica{'s' * (after.replicas > 1)}, partition {partition} "
            "holds"
        )  # fmt: skip
        says = f"The Pod template changes and no Pod is replaced: {why} the roll-out back. "
        if on_delete:
            command = in_namespace(f"delete pod {after.pod_name}", after.namespace)
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
        command = in_namespace(
            f"patch statefulset {controller.name} --type=json -p {shlex.quote(patch)}",
            controller.namespace,
        )
        yield Said(
            controller.label,
            "Server-side apply keeps the defaulted rollingUpdate, so the API server refuses "
            "OnDelete.",
            f"{command}   # or leave the type alone",
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


_ALWAYS_THERE = ("system-node-critical", "system-cluster-critical")


@rule("C12", "the Pod's PriorityClass is not rendered", Severity.OUTAGE, "K")
def priority_class(change: Change) -> Says:
    """The old Pod is deleted, the new one refused."""
    after = change.after.controller
    if after is None or not change.new_pod:
        return
    wanted = str(after.pod.get("priorityClassName") or "")
    if not wanted or wanted in _ALWAYS_THERE or change.after.has("PriorityClass", wanted):
        return
    before = change.before.controller
    gone = change.before.has("PriorityClass", wanted)
    if gone or before is None or before.pod.get("priorityClassName") != wanted:
        says = (
            f"Unless PriorityClass {wanted} exists on the cluster, the new Pod is refused after "
            "the old one is gone: FrameworkController is down."
        )
        command = f"kubectl get priorityclass {shlex.quote(wanted)}"
        yield Said(after.label, says, f"{command}   # before the merge", command, certain=False)


@rule("C13", "the Pod's ServiceAccount is not rendered", Severity.OUTAGE, "K")
def account_missing(change: Change) -> Says:
    """Each new Pod is refused."""
    after = change.after.controller
    if after is None or change.invalid or after.account == "default" or after.replicas < 1:
        return
    if change.after.has("ServiceAccount", after.account, after.namespace):
        return
    before = change.before.controller
    if before is not None and before.account == after.account and not change.moved:
        was_there = change.before.has("ServiceAccount", before.account, before.namespace)
        if not was_there:
            return
    when = (
        "the new Pod is refused after the old one is gone" if change.new_pod
        else "the next Pod is refused"
    )  # fmt: skip
    yield Said(
        after.label,
        f"ServiceAccount {after.account} is not there: {when}.",
        f"render ServiceAccount {after.account} and bind it, or change the name back",
    )


@rule(
    "C14", "the new Pod does not pass the level that its Namespace enforces", Severity.OUTAGE, "A K"
)
def pod_security(change: Change) -> Says:
    """The StatefulSet is accepted with a warning, its Pod refused."""
    after = change.after.controller
    if after is None or not change.new_pod:
        return
    level, _ = podsecurity.enforced(change.after.namespace_of(after.namespace))
    violations = podsecurity.violations(after.template, level)
    if violations:
        yield Said(
            after.label,
            f"The namespace enforces {level}: the StatefulSet is accepted with a warning, its new "
            f"Pod is refused after the old one is gone ({'; '.join(violations)}).",
            "restore the security context, or lower the level of the namespace first",
        )


@rule("C15", "where the Pod may run is narrowed", Severity.OUTAGE, "K")
def scheduling(change: Change) -> Says:
    """Pending where no node fits, after the old Pod is gone."""
    if change.both is None or not change.new_pod or change.moved or change.renamed:
        return
    before, after = change.both
    narrowed = list(_narrowed(before.pod, after.pod))
    if narrowed:
        selector = mapping(after.pod.get("nodeSelector"))
        pairs = ",".join(f"{key}={value}" for key, value in selector.items())
        command = "kubectl get nodes" + (f" -l {shlex.quote(pairs)}" if pairs else "")
        says = (
            f"{' and '.join(narrowed)}: where no node fits, the new Pod stays Pending after the "
            "old one is gone."
        )
        yield Said(after.label, says, f"{command}   # before the merge", command, certain=False)


def _narrowed(before: Fields, after: Fields) -> Iterator[str]:
    old, new = mapping(before.get("nodeSelector")), mapping(after.get("nodeSelector"))
    if any(old.get(key) != value for key, value in new.items()):
        yield "the node selector asks for more"
    tolerated = listing(after.get("tolerations"))
    if any(item not in tolerated for item in listing(before.get("tolerations"))):
        yield "a toleration is gone"
    for name in ("affinity", "topologySpreadConstraints", "nodeName", "runtimeClassName",
                 "schedulerName"):  # fmt: skip
        if after.get(name) and before.get(name) != after.get(name):
            yield f"{name} differs"
    if any(larger for larger in _raised(before, after)):
        yield "it requests more"


def _raised(before: Fields, after: Fields) -> Iterator[str]:
    """Resources of which the Pod's containers request more."""
    old, new = _requests(before), _requests(after)
    for name, amount in new.items():
        if amount > old.get(name, 0):
            yield name


def _requests(pod: Fields) -> dict[str, float]:
    total: dict[str, float] = {}
    for container in mappings(pod.get("containers")):
        resources = mapping(container.get("resources"))
        asked = {**mapping(resources.get("limits")), **mapping(resources.get("requests"))}
        for name, amount in asked.items():
            total[name] = total.get(name, 0) + float(quantity.value(amount) or 0)
    return total


@rule("C16", "a ConfigMap or Secret that the Pod needs is not rendered", Severity.OUTAGE, "-")
def volume_missing(change: Change) -> Says:
    """The Pod waits: FailedMount."""
    after = change.after.controller
    if after is None or change.invalid or after.replicas < 1:
        return
    before = change.before.controller
    old = set() if before is None or change.moved else set(_needed(before))
    for kind, name in dict.fromkeys(_needed(after)):
        if change.after.has(kind, name, after.namespace):
            continue
        was_there = change.before.has(kind, name, after.namespace)
        if (kind, name) in old and not was_there:
            continue
        where = "is no longer rendered" if was_there else "is not rendered"
        what = f"{kind} {name} {where}"
        when = "the new Pod" if change.new_pod else "the next Pod"
        command = in_namespace(f"get {kind.lower()} {name}", after.namespace)
        unless = "" if was_there else "unless it is on the cluster already, "
        yield Said(
            after.label,
            f"{what}: {unless}{when} waits for it and does not start (FailedMount).",
            "put it back" if was_there else f"create it first: {command}",
            command,
            certain=was_there,
        )


def _needed(controller: Controller) -> Iterator[tuple[str, str]]:
    """ConfigMaps and Secrets of volumes and of environment variables that are not optional."""
    yield from controller.mounted
    for container in controller.containers:
        origins = [mapping(v.get("valueFrom")) for v in mappings(container.get("env"))]
        for origin in [*origins, *mappings(container.get("envFrom"))]:
            for kind, keys in (("ConfigMap", ("configMapKeyRef", "configMapRef")),
                               ("Secret", ("secretKeyRef", "secretRef"))):  # fmt: skip
                for key in keys:
                    reference = mapping(origin.get(key))
                    if reference.get("name") and not reference.get("optional"):
                        yield kind, str(reference["name"])


@rule("C17", "the image reference differs", Severity.RESTART, "K")
def image(change: Change) -> Says:
    """It is pulled before FrameworkController is back."""
    if change.rolls and change.both:
        old, new = (str(c.container.get("image", "")) for c in change.both)
        if old != new:
            yield Said(
                change.both[1].label,
                "The node pulls an image by another reference before FrameworkController is "
                f"back; a reference that does not exist is an outage ({redact(old)} → "
                f"{redact(new)}).",
                f"try the reference before the merge: docker manifest inspect {shlex.quote(new)}",
            )


def tag_of(reference: str) -> tuple[str, str, str]:
    """(name, tag, digest) of an image reference."""
    named, _, digest = reference.partition("@")
    head, slash, last = named.rpartition("/")
    last, _, tag = last.partition(":")
    return head + slash + last, tag, digest


@rule("C18", "the image's tag is latest or none, without a digest", Severity.MANUAL, "S")
def unpinned(change: Change) -> Says:
    """Each new Pod may be another program."""
    after, before = change.after.controller, change.before.controller
    if after is None or change.invalid:
        return
    reference = str(after.container.get("image", ""))
    _, tag, digest = tag_of(reference)
    new = before is None or before.container.get("image") != reference
    if reference and new and not digest and tag in ("", "latest"):
        yield Said(
            after.label,
            f"{redact(reference)} names no version: each new Pod may run another program, and Git "
            "shows no change when it does.",
            "name a version, or a digest",
        )


@rule("C19", "the image is v0.9.0 or older", Severity.OUTAGE, "F")
def too_old(change: Change) -> Says:
    """It knows apiextensions.k8s.io/v1beta1 alone."""
    before, after = change.controllers
    if after is None or change.invalid:
        return
    if _is_too_old(after) and not (before and _is_too_old(before)):
        yield Said(
            after.label,
            "v0.9.0 and older know apiextensions.k8s.io/v1beta1 alone, which Kubernetes 1.22 "
            "dropped: panic at start.",
            "use v1.0.0 or newer",
        )


def _is_too_old(controller: Controller) -> bool:
    name, tag, _ = tag_of(str(controller.container.get("image", "")))
    version = re.match(r"v?(\d+)\.(\d+)(\.\d+)?(?![\d.])", tag)
    return name.endswith("frameworkcontroller") and version is not None and version[1] == "0"


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
            in_namespace(f"delete pod {after.pod_name}", after.namespace) + "   # after the revert",
        )


@rule("C21", "the StatefulSet is no longer rendered", Severity.OUTAGE, "X")
def taken_off(change: Change) -> Says:
    """FrameworkController is taken off; CRD and Frameworks stay."""
    before, after = change.controllers
    if before is not None and after is None:
        yield Said(
            before.label,
            "FrameworkController is taken off the cluster: Frameworks neither start, retry nor end "
            "in their status; running Pods go on, the CRD and the Frameworks stay.",
            "put it back, or remove the environment on purpose",
            PODS,
        )


@rule("C22", "the memory limit falls", Severity.OUTAGE, "S")
def memory(change: Change) -> Says:
    """OOM kills where it is below what the cache takes."""
    if change.both is None or not change.new_pod:
        return
    before, after = change.both
    old, new = (
        quantity.value(
            mapping(mapping(c.container.get("resources")).get("limits")).get("memory", "")
        )
        for c in change.both
    )
    if new is not None and (old is None or new < old):
        verb = "The memory limit falls" if old is not None else "The memory gets a limit"
        command = f"kubectl top pod -n {shlex.quote(before.namespace)}"
        yield Said(
            after.label,
            f"{verb}: FrameworkController keeps every Framework, Pod and ConfigMap of the cluster "
            "in memory, and is killed above it.",
            command,
            command,
            certain=False,
        )


@rule("C23", "the command goes through a shell", Severity.RESTART, "S")
def through_a_shell(change: Change) -> Says:
    """Bash as process 1 ignores SIGTERM: each stop lasts the whole grace period."""
    before, after = change.controllers
    if after is None or change.invalid:
        return
    if _through_a_shell(after) and not (before and _through_a_shell(before)):
        seconds = after.pod.get("terminationGracePeriodSeconds", 30)
        yield Said(
            after.label,
            f"The shell is process 1 and ignores SIGTERM: each stop lasts the whole {seconds} s.",
            "start FrameworkController's binary itself",
        )


def _through_a_shell(controller: Controller) -> bool:
    words = [str(w) for w in listing(controller.container.get("command"))]
    if not words:  # the image's entry point is start.sh
        return True
    program = words[0].rpartition("/")[2]
    if program in ("bash", "sh", "ash"):
        return not re.search(r"(\A|[;&\s])exec\s+\S*(?<!\.sh)(\s|\Z)", " ".join(words[1:]))
    return program == "start.sh"


@rule("C24", "the Pod is confined less", Severity.RIGHTS, "S")
def confined_less(change: Change) -> Says:
    """Privileges, host namespaces and paths, capabilities, root, a writable root file system."""
    if change.both is None or change.invalid or change.on_delete_refused:
        return
    before, after = change.both
    old = podsecurity.freedoms(before.pod)
    gained = [text for text in podsecurity.freedoms(after.pod) if text not in old]
    if gained:
        yield Said(after.label, f"The Pod is confined less: {', '.join(gained)}.")
