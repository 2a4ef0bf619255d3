"""Rules on the rights that FrameworkController needs."""

from __future__ import annotations

from collections.abc import Iterator

from fcgitops.diff.accounts import RBAC, Account, changed_by, may_differ, named
from fcgitops.diff.change import Change
from fcgitops.diff.effects import Said, Says, Severity, rule
from fcgitops.diff.objects import label
from fcgitops.diff.rendering import Controller, Side
from fcgitops.kubernetes.objects import name, namespace
from fcgitops.kubernetes.rights import Right, Subject, subjects_of, summary
from fcgitops.model.framework import CRD
from fcgitops.model.needed_rights import NEEDS


def _lost(change: Change, number: str) -> Iterator[tuple[str, list[Right]]]:
    if not may_differ(change):
        return
    account = Account(change)
    if account.lost_all():
        return
    lost = [need for need in account.lost() if NEEDS[need].row == number]
    if lost:
        yield changed_by(change, account.before, wider=False), lost


_RESTORE = "restore the rule"


def _tells(number: str, title: str, how_bad: Severity, says: str, count: str = "") -> None:
    """Makes the rule of a row of `NEEDS` of which one sentence is said; {} are the lost rights."""

    @rule(number, title, how_bad, "F")
    def find(change: Change) -> Says:
        for where, lost in _lost(change, number):
            yield Said(where, says.format(summary(lost)), _RESTORE, count)


_tells(
    "R04",
    "it may no longer get or update its CRD",
    Severity.OUTAGE,
    "Without {}: nothing at once; from the next restart on "
    "FrameworkController panics: it reads and updates its CRD at every start.",
)


@rule("R04b", "it may no longer create its CRD", Severity.OUTAGE, "F")
def crd_create(change: Change) -> Says:
    """Only where the CRD is not there yet."""
    for where, lost in _lost(change, "R04b"):
        yield Said(
            where,
            f"Without {summary(lost)}: nothing where the CRD is there; on a new cluster "
            "FrameworkController panics at its start.",
            _RESTORE,
            f"kubectl get crd {CRD}",
            certain=False,
        )


WITHOUT_STATUS = (
    "kubectl get frameworks -A -o json | jq '[.items[] | select(.status == null) | select(now - "
    "(.metadata.creationTimestamp|fromdate) > 60)] | length'"
)
_tells(
    "R05",
    "it may no longer list frameworks, configmaps or pods",
    Severity.OUTAGE,
    "Without {}: nothing at once; from the next restart on "
    "FrameworkController hangs before its first Framework, stays Running and Ready, and "
    "only logs `Failed to list`.",
    count=WITHOUT_STATUS,
)


@rule("R06", "it may no longer create pods, or update configmaps/finalizers", Severity.LOSS, "F S")
def creates_pods(change: Change) -> Says:
    """A 403 counts as the Framework's fault."""
    for where, lost in _lost(change, "R06"):
        only = " (where OwnerReferencesPermissionEnforcement is on)" if all(
            right.resource.endswith("/finalizers") for right in lost
        ) else ""  # fmt: skip
        yield Said(
            where,
            f"Without {summary(lost)} each Framework that starts or retries FAILS with -310 "
            f"PodCreationUnknownError at once, without a restart and without a crash{only}.",
            _RESTORE,
        )


_tells(
    "R07",
    "it may no longer write Frameworks or make their ConfigMaps",
    Severity.OUTAGE,
    "Without {}: at once new Frameworks wait and running ones do not "
    "advance; all goes on once it is back.",
    count=WITHOUT_STATUS,
)


@rule("R08", "it may no longer delete configmaps, pods or frameworks", Severity.OUTAGE, "F")
def deletes(change: Change) -> Says:
    """Frameworks do not complete; or the retention deletes nothing."""
    for where, lost in _lost(change, "R08"):
        of_frameworks = [right for right in lost if right.resource == "frameworks"]
        others = [right for right in lost if right not in of_frameworks]
        if others:
            says = f"Without {summary(others)} Frameworks do not complete: their Pods stay."
            yield Said(where, says, _RESTORE)
        if of_frameworks:
            yield Said(
                where,
                f"Without {summary(of_frameworks)} the retention deletes nothing: completed "
                "Frameworks pile up.",
                _RESTORE,
                severity=Severity.NONE,
            )


_tells(
    "R09",
    "it may no longer watch frameworks, configmaps or pods",
    Severity.OUTAGE,
    "Without {} FrameworkController lists everything again once a second: "
    "slow, and a load on the API server.",
)
_tells(
    "R10",
    "it may no longer get frameworks, configmaps or pods",
    Severity.NONE,
    "Without {} only confirmations after deletions fail, in the log.",
)


@rule("R12", "FrameworkController's account has no rights any more", Severity.OUTAGE, "F")
def no_rights(change: Change) -> Says:
    """No subject, no binding, or no role."""
    if not may_differ(change):
        return
    account = Account(change)
    if account.before is None or account.after is None or not account.lost_all():
        return
    _, controller = change.controllers
    if controller is not None and controller.variable("KUBECONFIG"):
        return  # it is somebody else there
    if not change.after.has("ServiceAccount", account.after.name, account.after.namespace):
        return  # C13 and R15 say more
    says = (
        "FrameworkController can write nothing: nothing fails, nothing advances; at its next "
        "start it panics."
    )
    if account.unknown:
        says = f"Unless {named(account.unknown)} on the cluster grants what is needed, {says}"
    where = _gone_binding(change, account.before) or changed_by(change, account.before, wider=False)
    do = "bind it again" if _is_of_a_binding(change, where) else "put its rules back"
    yield Said(where, says, do, WITHOUT_STATUS, certain=not account.unknown)


def _is_of_a_binding(change: Change, where: str) -> bool:
    """Whether the rights went with an object that is gone, or with a binding: not with rules."""
    return not any(
        pair.label == where and pair.after for pair in change.of_kind("ClusterRole", "Role")
    )


def _gone_binding(change: Change, account: Subject) -> str:
    """The role or binding that is gone, or names the account no more."""
    for pair in change.of_kind(*RBAC):
        if pair.before is None:
            continue
        if pair.after is None:
            return pair.label
        bound = pair.kind.endswith("Binding") and account in subjects_of(pair.before)
        if bound and account not in subjects_of(pair.after) and not change.moved:
            return pair.label
    return ""


@rule("R15", "FrameworkController's ServiceAccount is gone", Severity.OUTAGE, "K")
def account_gone(change: Change) -> Says:
    """A running Pod's token dies with it."""
    before = change.before.controller
    if before is None or change.after.controller is None:
        return
    for pair in change.of_kind("ServiceAccount"):
        if pair.before is None or (pair.after is not None and pair.how == "same"):
            continue
        if pair.how == "moved" or name(pair.before) != before.account:
            continue
        if namespace(pair.before) == before.namespace:
            yield Said(
                label(pair.before),
                f"ServiceAccount {before.account} is pruned: the running Pod's token is no longer "
                "valid, and FrameworkController can neither read nor write.",
                "put it back, or rename it while replicas is 0",
            )


@rule("R16", "the Pod gets no token", Severity.OUTAGE, "F")
def no_token(change: Change) -> Says:
    """Panic at start: no configuration has been provided."""
    before, after = change.controllers
    if after is None or change.invalid or after.replicas < 1:
        return
    had_none = before and not change.starts and not _has_token(change.before, before)
    if had_none or _has_token(change.after, after):
        return
    if not change.new_pod and change.both and change.both[0].template != after.template:
        return
    if after.variable("KUBECONFIG"):
        return
    when = "at its start" if change.new_pod else "at its next start"
    yield Said(
        after.label,
        f"FrameworkController's Pod gets no token, and panics {when} (`no configuration has been "
        "provided`).",
        "set automountServiceAccountToken of the Pod to true",
    )


def _has_token(side: Side, controller: Controller) -> bool:
    """Whether the Pod gets a token: it decides, else its account, else yes."""
    said = controller.pod.get("automountServiceAccountToken")
    if said is None:
        for account in side.all("ServiceAccount"):
            if name(account) == controller.account and namespace(account) == controller.namespace:
                said = account.get("automountServiceAccountToken")
    projected = "serviceAccountToken" in str(controller.pod.get("volumes"))
    return said is not False or projected
