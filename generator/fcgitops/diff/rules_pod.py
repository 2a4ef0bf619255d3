"""Rules on the Pod that FrameworkController gets."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fcgitops.core import shell
from fcgitops.diff import confinement, scheduling
from fcgitops.diff.change import Change
from fcgitops.diff.effects import Said, Says, Severity, rule
from fcgitops.diff.kubectl import in_namespace
from fcgitops.diff.rendering import Controller, Side
from fcgitops.diff.secrecy import redact
from fcgitops.kubernetes import podsecurity, quantity
from fcgitops.kubernetes.objects import Fields, listing, mapping, mappings, name, namespace
from fcgitops.kubernetes.references import SYSTEM_PRIORITIES, Reference
from fcgitops.programs import namehash
from fcgitops.text import images


@rule("C12", "the Pod's PriorityClass is not rendered", Severity.OUTAGE, "K")
def priority_class(change: Change) -> Says:
    """The old Pod is deleted, the new one refused; or the next one, where the class goes."""
    after, before = change.after.controller, change.before.controller
    if after is None or change.invalid or after.replicas < 1:
        return
    wanted = str(after.pod.get("priorityClassName") or "")
    if not wanted or wanted in SYSTEM_PRIORITIES or change.after.has("PriorityClass", wanted):
        return
    gone = change.before.has("PriorityClass", wanted)
    other = before is None or before.pod.get("priorityClassName") != wanted
    if gone or (other and change.new_pod):
        pod = (
            "the new Pod is refused after the old one is gone" if change.new_pod
            else "the next Pod is refused"
        )  # fmt: skip
        says = f"Unless PriorityClass {wanted} exists on the cluster, {pod}: " + (
            "FrameworkController is down."
        )
        command = f"kubectl get priorityclass {shell.quote(wanted)}"
        yield Said(after.label, says, f"before the merge: {command}", command, certain=False)


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
def narrowed(change: Change) -> Says:
    """Pending where no node fits, after the old Pod is gone."""
    if change.both is None or not change.new_pod or change.moved or change.renamed:
        return
    before, after = change.both
    asks = list(_narrowed(before.pod, after.pod))
    if asks:
        selector = mapping(after.pod.get("nodeSelector"))
        pairs = ",".join(f"{key}={value}" for key, value in selector.items())
        command = "kubectl get nodes" + (f" -l {shell.quote(pairs)}" if pairs else "")
        says = (
            f"{' and '.join(asks)}: where no node fits, the new Pod stays Pending after the "
            "old one is gone."
        )
        yield Said(after.label, says, f"before the merge: {command}", command, certain=False)


def _narrowed(before: Fields, after: Fields) -> Iterator[str]:
    old, new = mapping(before.get("nodeSelector")), mapping(after.get("nodeSelector"))
    if any(old.get(key) != value for key, value in new.items()):
        yield "the node selector asks for more"
    if scheduling.loses_toleration(before, after):
        yield "a toleration is gone"
    if scheduling.asks_for_more(before, after):
        yield "affinity asks for more"
    if scheduling.spreads_more(before, after):
        yield "topologySpreadConstraints ask for more"
    for field in ("nodeName", "runtimeClassName", "schedulerName"):
        if after.get(field) and before.get(field) != after.get(field):
            yield f"{field} differs"
    if after.get("schedulingGates") and not before.get("schedulingGates"):
        yield "schedulingGates keep it from every node"
    if any(larger for larger in _raised(before, after)):
        yield "it requests more"


def _raised(before: Fields, after: Fields) -> Iterator[str]:
    """Resources of which the Pod's containers request more."""
    old, new = _requests(before), _requests(after)
    for resource, amount in new.items():
        if amount > old.get(resource, 0):
            yield resource


def _requests(pod: Fields) -> dict[str, float]:
    total: dict[str, float] = {}
    for container in mappings(pod.get("containers")):
        resources = mapping(container.get("resources"))
        asked = {**mapping(resources.get("limits")), **mapping(resources.get("requests"))}
        for resource, amount in asked.items():
            total[resource] = total.get(resource, 0) + float(quantity.value(amount) or 0)
    return total


@rule(
    "C16", "what the Pod mounts or takes its variables from is not rendered", Severity.OUTAGE, "K L"
)
def volume_missing(change: Change) -> Says:
    """The Pod waits: FailedMount, CreateContainerConfigError of a variable, Pending of a claim."""
    after = change.after.controller
    if after is None or change.invalid or after.replicas < 1:
        return
    before = change.before.controller
    old = set() if before is None or change.moved else set(_needed(before))
    when = "the new Pod" if change.new_pod else "the next Pod"
    for (kind, wanted), reason in _needed(after).items():
        if change.after.has(kind, wanted, after.namespace):
            continue
        was_there = change.before.has(kind, wanted, after.namespace)
        if (kind, wanted) in old and not was_there:
            continue
        where = "is no longer rendered" if was_there else "is not rendered"
        what = f"{kind} {wanted} {where}"
        command = in_namespace(after.namespace, "get", *shell.named(kind.lower(), wanted))
        unless = "" if was_there else "unless it is on the cluster already, "
        yield Said(
            after.label,
            f"{what}: {unless}{when} waits for it and does not start ({reason}).",
            "put it back" if was_there else f"create it first: {command}",
            command,
            certain=was_there,
        )
    known = set() if before is None or change.moved else set(_missing_keys(change.before, before))
    for kind, wanted, key, reason in _missing_keys(change.after, after):
        if (kind, wanted, key, reason) not in known:
            yield Said(
                after.label,
                f"{kind} {wanted} has no key {redact(key)}: {when} waits for it and does not start "
                f"({reason}).",
                "put the key back, or take out what names it",
            )


def _missing_keys(side: Side, controller: Controller) -> Iterator[tuple[str, str, str, str]]:
    """What its Pod names and is not in what is rendered: kind, name, key, what the kubelet says."""
    for found in controller.needed:
        for o in side.all(found.kind) if found.key else ():
            if (name(o), namespace(o)) != (found.name, controller.namespace):
                continue
            parts = (mapping(o.get(field)) for field in ("data", "stringData", "binaryData"))
            if not any(found.key in part for part in parts):
                yield found.kind, namehash.without_hash(found.name), found.key, _reason(found)


def _reason(reference: Reference) -> str:
    """What the kubelet, or the scheduler, says where what the Pod names is not there."""
    if reference.kind == "PersistentVolumeClaim":
        return "Pending"
    return "FailedMount" if reference.is_volume else "CreateContainerConfigError"


def _needed(controller: Controller) -> dict[tuple[str, str], str]:
    """Kind and name of what its Pod does not start without → what the kubelet says where it is not.

    Of what is a volume and a variable too, it speaks of the volume first.
    """
    reasons: dict[tuple[str, str], str] = {}
    for found in sorted(controller.needed, key=lambda found: not found.is_volume):
        reasons.setdefault((found.kind, found.name), _reason(found))
    return reasons


@rule("C17", "the image reference differs", Severity.RESTART, "K")
def image(change: Change) -> Says:
    """It is pulled before FrameworkController is back."""
    if change.rolls and change.both:
        old, new = (str(c.container.get("image", "")) for c in change.both)
        if old != new and (complaint := images.reference(new)):
            yield Said(
                change.both[1].label,
                f"The node refuses the image: {complaint}. The new Pod does not start after the "
                "old one is gone (InvalidImageName).",
                "correct the reference",
                severity=Severity.OUTAGE,
            )
        elif old != new:
            yield Said(
                change.both[1].label,
                "The node pulls an image by another reference before FrameworkController is "
                f"back; a reference that does not exist is an outage ({redact(old)} → "
                f"{redact(new)}).",
                f"try the reference before the merge: docker manifest inspect {shell.quote(new)}",
            )


@rule("C18", "the image's tag is latest or none, without a digest", Severity.MANUAL, "S")
def unpinned(change: Change) -> Says:
    """Each new Pod may be another program."""
    after, before = change.after.controller, change.before.controller
    if after is None or change.invalid:
        return
    reference = str(after.container.get("image", ""))
    _, tag, digest = images.split(reference)
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
    starting = [after for after in [change.starts] if after and _is_too_old(after)]
    for after in () if change.invalid else starting or change.newly(_is_too_old):
        yield Said(
            after.label,
            "v0.9.0 and older know apiextensions.k8s.io/v1beta1 alone, which Kubernetes 1.22 "
            "dropped: panic at start.",
            "use v1.0.0 or newer",
        )


def _is_too_old(controller: Controller) -> bool:
    name, tag, _ = images.split(str(controller.container.get("image", "")))
    version = re.match(r"v?(\d+)\.(\d+)(\.\d+)?(?![\d.])", tag)
    return name.endswith("frameworkcontroller") and version is not None and version[1] == "0"


@rule("C22", "the memory limit falls", Severity.OUTAGE, "L S")
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
        command = f"kubectl top pod -n {shell.quote(before.namespace)}"
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
    for after in () if change.invalid else change.newly(_through_a_shell):
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
    words += map(str, listing(controller.container.get("args")))
    program = words[0].rpartition("/")[2]
    if program == "bash" and _is_one_program(words):
        return False
    if program in ("bash", "sh", "ash"):
        return not re.search(r"(\A|[;&\s])exec\s+\S*(?<!\.sh)(\s|\Z)", " ".join(words[1:]))
    return program == "start.sh"


def _is_one_program(words: list[str]) -> bool:
    """Whether all that bash is told is to start one program, no script: it becomes that."""
    told = words[2] if len(words) > 2 and re.fullmatch(r"-\w*c", words[1]) else ""
    return bool(told) and not re.search(r"[;&|\n(){}<>`$]|\.sh(\s|\Z)", told)


@rule("C24", "the Pod is confined less", Severity.RIGHTS, "S")
def confined_less(change: Change) -> Says:
    """Privileges, host namespaces and paths, capabilities, root, a writable root file system."""
    if change.both is None or change.invalid or change.on_delete_refused:
        return
    before, after = change.both
    old = confinement.freedoms(before.pod)
    gained = [text for text in confinement.freedoms(after.pod) if text not in old]
    if gained:
        yield Said(after.label, f"The Pod is confined less: {', '.join(gained)}.")
