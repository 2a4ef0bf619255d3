"""Rules on the namespace, on who may connect where, and on the Service."""

from __future__ import annotations

from collections.abc import Iterator

from fcgitops.core import shell
from fcgitops.diff import egress, entry_points
from fcgitops.diff.change import Change, values
from fcgitops.diff.effects import Said, Says, Severity, rule
from fcgitops.diff.kubectl import in_namespace, let_go
from fcgitops.diff.objects import Pair, guards, label, sync_options
from fcgitops.diff.rendering import Side
from fcgitops.diff.stored import stored
from fcgitops.kubernetes import podsecurity
from fcgitops.kubernetes.objects import Fields, Object, mapping, mappings, name, namespace

NNI_ACCOUNTS = ("nni-manager", "nni-trial")


def runs_experiments(side: Side, place: str) -> bool:
    """Whether NNI's accounts are in a namespace: its Pods are those of Frameworks."""
    return any(side.has("ServiceAccount", account, place) for account in NNI_ACCOUNTS)


def _namespace_pair(change: Change, wanted: str) -> Pair | None:
    found = [p for p in change.of_kind("Namespace") if name(p.before or p.either) == wanted]
    return found[0] if found else None


@rule("N01", "the environment's namespace differs", Severity.MANUAL, "X G")
def moved(change: Change) -> Says:
    """Everything is made anew there; Argo CD waits for a confirmation."""
    if not change.moved or change.both is None:
        return
    old, new = (c.namespace for c in change.both)
    waits = any(tool.habits.confirms for tool in change.appliers) and asks_before_pruning(
        change, old
    )
    says = (
        f"FrameworkController is made anew in {new}. The rights move with the binding: the old "
        "one can write nothing from then on, so the two do not fight. "
    )
    says += (
        "With Flux the old objects are pruned (not the Namespace); with Argo CD nothing of the "
        "new commit is synced to its end until the old Namespace is let go of." if waits
        else "The old objects are pruned."
    )  # fmt: skip
    yield Said(
        f"Namespace/{old}",
        says,
        f"Argo CD: {let_go(old)}" if waits else "",
        severity=None if waits else Severity.RESTART,
    )
    if change.after.namespace_of(new) is None and new not in _ALWAYS_THERE:
        query = f"kubectl get namespace {shell.quote(new)}"
        yield Said(
            f"Namespace/{new}",
            f"Namespace {new} is not rendered: unless it is on the cluster, the API server refuses "
            "whatever is to be made in it.",
            f"before the merge: {query}",
            query,
            certain=False,
            severity=Severity.FAILS,
        )


_ALWAYS_THERE = ("default", "kube-system", "kube-public", "kube-node-lease")


def asks_before_pruning(change: Change, place: str) -> bool:
    """Whether Argo CD is to prune a Namespace, and must be told that it may."""
    before = change.before.namespace_of(place)
    if before is None or change.after.namespace_of(place) is not None:
        return False
    return "Prune=confirm" in sync_options(before)


def _levels(pair: Pair) -> Iterator[tuple[str, str, int]]:
    """(level before, level after, its version), where they are on both sides."""
    if pair.before is not None and pair.after is not None and pair.how == "same":
        old, _ = podsecurity.enforced(pair.before)
        new, minor = podsecurity.enforced(pair.after)
        yield old, new, minor


@rule(
    "N02",
    "the Namespace enforces a stricter level, which the Pod does not pass",
    Severity.OUTAGE,
    "A K",
)
def stricter(change: Change) -> Says:
    """The running Pod stays, the next one is refused."""
    after = change.after.controller
    if after is None or change.new_pod:
        return
    pair = _namespace_pair(change, after.namespace)
    for old, new, _ in _levels(pair) if pair else ():
        faults = podsecurity.violations(after.template, new)
        known = podsecurity.violations(after.template, old)
        if faults and not known:
            yield Said(
                label(pair.either) if pair else "",
                f"The running Pod stays; the next one is refused: it does not pass {new} "
                f"({'; '.join(faults)}).",
                "mend the Pod in the commit before",
            )


@rule("N03", "the Namespace enforces a laxer level", Severity.RIGHTS, "A")
def laxer(change: Change) -> Says:
    """More privileged Pods are allowed there."""
    for pair in change.of_kind("Namespace"):
        for old, new, _ in _levels(pair):
            if podsecurity.LEVELS.index(new) < podsecurity.LEVELS.index(old):
                what = "Privileged Pods" if new == "privileged" else "Pods that may run as root"
                yield Said(pair.label, f"{what} are allowed in the namespace ({old} → {new}).")


@rule("N04", "the Namespace is no longer rendered", Severity.NONE, "X G")
def namespace_gone(change: Change) -> Says:
    """Both guards keep it; Argo CD waits for a confirmation."""
    for pair in change.of_kind("Namespace"):
        if pair.after is not None or pair.before is None or not change.stays_there(pair.before):
            continue
        says = "The Namespace stays, and all in it: nothing here deletes it by itself."
        yield Said(pair.label, says)
        place = name(pair.before)
        confirms = any(tool.habits.confirms for tool in change.appliers)
        waits = confirms and not change.moved and asks_before_pruning(change, place)
        if waits and not entry_points.shrinks(change):  # else E28 says what to do about it
            yield Said(
                pair.label,
                "Argo CD waits until somebody confirms that the Namespace may be pruned, which "
                "deletes it and all in it. No later commit, not even the revert, is synced before "
                "it is confirmed, or let go of.",
                f"Argo CD; the Namespace stays, and the rest is synced: {let_go(place)}",
                severity=Severity.MANUAL,
            )


@rule("N05", "what keeps the Namespace from being deleted is gone", Severity.LOSS, "G S")
def unguarded(change: Change) -> Says:
    """The next removal takes it, and all in it."""
    for pair in change.of_kind("Namespace"):
        if pair.before is None:
            continue
        if pair.after is None:
            if not change.stays_there(pair.before):
                heals = any(tool.habits.confirms for tool in change.appliers)
                yield Said(
                    pair.label,
                    "The Namespace is pruned, and all in it, experiments and their Frameworks "
                    "included (Flux's generated account may not delete a Namespace)."
                    + (
                        " Argo CD then tries for ever to make the rest in it, and syncs no later "
                        "commit, not even the revert."
                        if heals
                        else ""
                    ),
                    "put it back, and annotate it first"
                    + (
                        "; once it is gone: revert, then: argocd app terminate-op APPLICATION; "
                        "argocd app sync APPLICATION"
                        if heals
                        else ""
                    ),
                )
        elif (lost := sorted(guards(pair.before) - guards(pair.after))) and pair.how == "same":
            yield Said(
                pair.label,
                f"{', '.join(lost)} is gone: the next removal takes the Namespace and all in "
                "it (Argo CD; Flux's generated account may not delete a Namespace).",
                "put it back",
            )


def _policies(change: Change) -> Iterator[Pair]:
    for pair in change.of_kind(*egress.POLICIES):
        if pair.how == "moved":
            continue
        old = pair.before is not None and egress.selects(pair.before, change.before.controller)
        new = pair.after is not None and egress.selects(pair.after, change.after.controller)
        if old or new:
            yield pair


def _decides(change: Change) -> str:
    """The policy by which FrameworkController reaches other places; else what it selects."""
    for pair in _policies(change):
        old, new = change.controllers
        if egress.of(pair.before, old) != egress.of(pair.after, new):
            return pair.label
    return change.both[1].label if change.both else ""


def _reach(change: Change) -> tuple[list[Fields] | None, list[Fields] | None]:
    """Where FrameworkController may connect on both sides; None for any place."""
    before, after = change.controllers
    if before and not after:
        return None, None
    return egress.reach(change.before), egress.reach(change.after)


@rule("N06", "an egress policy is new, or lets it connect elsewhere", Severity.OUTAGE, "F")
def reach_differs(change: Change) -> Says:
    """At once, without a restart."""
    old, new = _reach(change)
    if new is None:
        return
    if old is not None and not egress.beyond(old, new):
        if more := egress.beyond(new, old):
            says = f"FrameworkController may now connect to {egress.places(more)}, too."
            yield Said(_decides(change), says, severity=Severity.RIGHTS)
        return
    command = "kubectl get endpointslices -n default -l kubernetes.io/service-name=kubernetes"
    yield Said(
        _decides(change),
        f"From now on FrameworkController reaches {egress.places(new)}{' alone' if new else ''}, "
        "without a restart. "
        "If that is not where the network sees the API server, it goes on without news, and panics "
        "at its next start.",
        f"it must be one of these: {command}",
        command,
        certain=False,
    )


@rule("N07", "an egress policy is gone", Severity.RIGHTS, "P")
def reach_unlimited(change: Change) -> Says:
    """It may connect anywhere."""
    old, new = _reach(change)
    if old is not None and new is None:
        yield Said(_decides(change), "FrameworkController's Pod may connect anywhere.")


@rule("N08", "the ingress policy is gone, or lets more in", Severity.NONE, "S")
def ingress_gone(change: Change) -> Says:
    """It listens on no port."""
    for pair in _policies(change):
        old, new = (_lets_in(policy) for policy in (pair.before, pair.after))
        opened = old is not None and (new is None or any(item not in old for item in new))
        if opened and change.after.controller:
            says = "Pods may connect to FrameworkController, which listens on no port."
            yield Said(pair.label, says)


def _lets_in(policy: Object | None) -> list[Fields] | None:
    """Who may connect by a policy; None where it does not limit that."""
    if not egress.limits_ingress(policy):
        return None
    return mappings(mapping(stored(policy).get("spec")).get("ingress")) if policy else None


def _services(change: Change) -> Iterator[tuple[Pair, Fields, Fields]]:
    for pair in change.of_kind("Service"):
        for before, after in values(pair):
            yield pair, mapping(before.get("spec")), mapping(after.get("spec"))


def _is_own(pair: Pair, change: Change) -> bool:
    """Whether it is the Service of FrameworkController."""
    controllers = [c for c in change.controllers if c]
    names = {str(c.spec.get("serviceName")) for c in controllers} | {"frameworkcontroller"}
    return name(pair.before or pair.either) in names


@rule("N09", "clusterIP is left out", Severity.NONE, "A")
def address_left_out(change: Change) -> Says:
    """The API server keeps the address."""
    for pair, before, after in _services(change):
        outside = after.get("type") == "ExternalName"
        kept = before.get("clusterIP") and "clusterIP" not in after and not outside
        if kept and pair.how == "same":
            stays = "headless" if before["clusterIP"] == "None" else "at its address"
            says = f"The Service stays {stays}: the API server keeps an address that is left out."
            yield Said(pair.label, says)


def _address_refused(pair: Pair, before: Fields, after: Fields) -> bool:
    """Whether the API server refuses the address: it may not change once it is set."""
    old, new = before.get("clusterIP"), after.get("clusterIP")
    return pair.how == "same" and new is not None and old != new


@rule("N10", "clusterIP becomes an address, or None", Severity.MANUAL, "A")
def address_differs(change: Change) -> Says:
    """It may not change once it is set."""
    for pair, before, after in _services(change):
        if _address_refused(pair, before, after):
            its = shell.named("service", name(pair.either))
            command = in_namespace(namespace(pair.either), "delete", *its)
            says = "The API server refuses the Service: clusterIP may not change."
            if _is_own(pair, change):
                says += " FrameworkController listens on no port and does not notice."
            yield Said(pair.label, says, f"before the sync: {command}")


@rule("N11", "the Service is gone, or its ports, selector or type differ", Severity.NONE, "F")
def service_differs(change: Change) -> Says:
    """FrameworkController does not notice."""
    for pair in change.of_kind("Service"):
        if not _is_own(pair, change) or pair.before is None or change.moved:
            continue
        if pair.after is None or pair.how == "renamed":
            yield Said(pair.label, "The Service is gone, and FrameworkController does not notice.")
            continue
        for before, after in values(pair):
            old, new = mapping(before.get("spec")), mapping(after.get("spec"))
            keys = [k for k in ("ports", "selector", "type") if old.get(k) != new.get(k)]
            if keys and not _address_refused(pair, old, new):
                says = f"{' and '.join(keys)} differ, and FrameworkController does not notice."
                yield Said(pair.label, says)
