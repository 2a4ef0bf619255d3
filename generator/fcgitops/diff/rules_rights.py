"""R00 to R18: rights that are granted and withdrawn (facts, section 5).

Computed as sets, so that rules which are split, merged or reordered make no difference. A change
of rights never restarts anything, and is in force within a second.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from fcgitops.diff.change import CRD, Change, Controller, Side
from fcgitops.diff.effects import Said, Says, Severity, rule
from fcgitops.diff.objects import Pair, label, name, namespace
from fcgitops.diff.rights import (
    ANY,
    Granted,
    Right,
    Subject,
    bindings,
    escalates,
    subjects_of,
    summary,
)
from fcgitops.diff.rules_pod import in_namespace
from fcgitops.diff.stored import mapping, stored

_FC = "frameworkcontroller.microsoft.com"
_CRDS = ("apiextensions.k8s.io", "customresourcedefinitions")

NEEDS: dict[Right, str] = {
    Right(*_CRDS, "get", CRD): "R04",
    Right(*_CRDS, "update", CRD): "R04",
    Right(*_CRDS, "create"): "R04b",
    **{
        Right(g, r, "list"): "R05"
        for g, r in ((_FC, "frameworks"), ("", "configmaps"), ("", "pods"))
    },
    Right("", "pods", "create"): "R06",
    Right("", "configmaps/finalizers", "update"): "R06",
    Right(_FC, "frameworks", "update"): "R07",
    Right("", "configmaps", "create"): "R07",
    Right(_FC, "frameworks/finalizers", "update"): "R07",
    Right("", "configmaps", "delete"): "R08",
    Right("", "pods", "delete"): "R08",
    Right(_FC, "frameworks", "delete"): "R08",
    **{
        Right(g, r, "watch"): "R09"
        for g, r in ((_FC, "frameworks"), ("", "configmaps"), ("", "pods"))
    },
    **{
        Right(g, r, "get"): "R10"
        for g, r in ((_FC, "frameworks"), ("", "configmaps"), ("", "pods"))
    },
}
"""What FrameworkController needs, and the row that says what happens without it."""

_NNI = ("nni-manager", "nni-trial")
_RBAC = ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")


def _account(controller: Controller | None) -> Subject | None:
    return (
        Subject("ServiceAccount", controller.account, controller.namespace) if controller else None
    )


def _rights(side: Side, subject: Subject | None) -> Granted:
    return side.granted(subject) if subject else Granted(frozenset())


class _Account:
    """FrameworkController's account on both sides, and what it may do."""

    def __init__(self, change: Change) -> None:
        before, after = change.controllers
        self.before = _account(before)
        self.after = _account(after)
        self.old = _rights(change.before, self.before)
        self.new = _rights(change.after, self.after)

    @property
    def on_both(self) -> bool:
        """Whether FrameworkController is there before and after."""
        return self.before is not None and self.after is not None

    def lost(self) -> list[Right]:
        """What it needs, had, and has no more; [] where that cannot be known."""
        if not self.on_both or self.new.unknown:
            return []
        return [need for need in NEEDS if self.old.allows(need) and not self.new.allows(need)]

    def lost_all(self) -> bool:
        """Whether it can do nothing any more."""
        return self.on_both and bool(self.old.rights) and not self.new.rights


def _where(change: Change, subject: Subject | None, *, wider: bool) -> str:
    """The RBAC object by which a subject's rights change, as it is called in what is printed."""
    found: list[Pair] = []
    side = change.after if wider else change.before
    bound = [
        (mapping(b.get("roleRef")).get("kind"), mapping(b.get("roleRef")).get("name"))
        for b in bindings(side.objects)
        if subject is None or any(subject.is_covered_by(s) for s in subjects_of(b))
    ]
    for pair in change.of_kind(*_RBAC):
        one = pair.after if wider else pair.before
        if one is None:
            continue
        if pair.kind.endswith("Binding"):
            relevant = subject is None or any(subject.is_covered_by(s) for s in subjects_of(one))
            if relevant:
                found.append(pair)
        elif (pair.kind, name(one)) in bound:
            found.insert(0, pair)
    if found:
        roles = [p for p in found if not p.kind.endswith("Binding")]
        refs = [p for p in found if p.kind.endswith("Binding") and _other_role(p)]
        return (refs or roles or found)[0].label
    changed = change.of_kind(*_RBAC)
    controller = change.after.controller or change.before.controller
    if not changed and controller is not None:
        return controller.label
    return changed[0].label if changed else f"ServiceAccount/{subject.name if subject else ''}"


def _other_role(pair: Pair) -> bool:
    return (
        pair.before is not None
        and pair.after is not None
        and stored(pair.before).get("roleRef") != stored(pair.after).get("roleRef")
    )


def _subjects(change: Change) -> list[tuple[Subject | None, Subject | None]]:
    """Everybody whose rights may differ: before, after; FrameworkController's account as one."""
    account = _Account(change)
    own = {s for s in (account.before, account.after) if s}
    others: dict[Subject, None] = {}
    for side in (change.before, change.after):
        for binding in bindings(side.objects):
            others |= dict.fromkeys(s for s in subjects_of(binding) if s not in own)
    moves = {
        namespace(p.before): namespace(p.after)
        for p in change.pairs if p.how == "moved" and p.before and p.after
    }  # fmt: skip
    found: list[tuple[Subject | None, Subject | None]] = []
    if account.before or account.after:
        found.append((account.before, account.after))
    arrived = set()
    for subject in others:
        if subject in arrived:
            continue
        target = subject
        if subject.kind == "ServiceAccount" and subject.namespace in moves:
            moved = Subject(subject.kind, subject.name, moves[subject.namespace])
            if moved in others:
                target = moved
                arrived.add(moved)
        found.append((subject, target))
    return found


def _is_moved(change: Change) -> bool:
    return any(pair.how == "moved" for pair in change.pairs)


def _in_old_place(right: Right, change: Change) -> Right:
    """The right with its namespace as it was called before the move."""
    for pair in change.pairs:
        if (
            pair.how == "moved"
            and pair.before
            and pair.after
            and right.place == namespace(pair.after)
        ):
            return right._replace(place=namespace(pair.before))
    return right


def _may_differ(change: Change) -> bool:
    """Whether a role, a binding or FrameworkController's account differs: else no rights do."""
    if change.of_kind(*_RBAC) or change.moved:
        return True
    before, after = change.controllers
    return before is not None and after is not None and before.account != after.account


def _widened(change: Change) -> Iterator[tuple[Subject, list[Right], bool]]:
    """(who, rights that are new, whether it is FrameworkController's account)."""
    if not _may_differ(change):
        return
    account = _Account(change)
    for before, after in _subjects(change):
        if after is None:
            continue
        own = after == account.after
        if own and not account.on_both:
            continue
        if not own and not _was_known(change, before):
            continue
        old, new = _rights(change.before, before), _rights(change.after, after)
        if _is_moved(change):
            new = Granted(frozenset(_in_old_place(r, change) for r in new.rights), new.unknown)
        more = new.beyond(old)
        if more:
            yield after, more, own


def _was_known(change: Change, subject: Subject | None) -> bool:
    """Whether rights are widened, and not simply there with a part that is new as a whole."""
    return bool(change.before.objects) and subject is not None


def _joins(change: Change, subject: Subject) -> str:
    """The binding by which a subject newly gets the role of FrameworkController; "" for none."""
    account = _Account(change)
    if account.after is None:
        return ""
    roles = {
        str(mapping(b.get("roleRef")))
        for b in bindings(change.after.objects)
        if account.after in subjects_of(b)
    }
    for pair in change.of_kind("ClusterRoleBinding", "RoleBinding"):
        if pair.after is None or str(mapping(pair.after.get("roleRef"))) not in roles:
            continue
        before = subjects_of(pair.before) if pair.before else []
        if subject in subjects_of(pair.after) and subject not in before:
            return pair.label
    return ""


@rule("R00", "rules are written otherwise, the rights are the same", Severity.NONE, "A")
def same_rights(change: Change) -> Says:
    """Split, merged or reordered rules, other metadata."""
    changed = [
        p for p in change.of_kind(*_RBAC)
        if p.before and p.after and p.how == "same" and not _other_role(p)
    ]  # fmt: skip
    if not changed or change.moved or any(True for _ in _widened(change)):
        return
    for before, after in _subjects(change):
        if _rights(change.before, before).beyond(_rights(change.after, after)):
            return
    for pair in changed:
        if _unbound_and_other(change, pair):
            continue
        yield Said(pair.label, "The rights stay the same.")


def _unbound_and_other(change: Change, pair: Pair) -> bool:
    """Whether a role differs that nobody is bound to here: nobody's rights are known to change."""
    if pair.kind.endswith("Binding") or pair.after is None:
        return False
    reference = (pair.kind, name(pair.after))
    return not any(
        (mapping(b.get("roleRef")).get("kind"), mapping(b.get("roleRef")).get("name")) == reference
        for b in bindings(change.after.objects)
    )


def _who(subject: Subject, *, own: bool) -> str:
    if own:
        return "FrameworkController"
    if subject.kind == "Group" and subject.name in (
        "system:authenticated",
        "system:unauthenticated",
    ):
        return (
            "Everybody who can log in" if subject.name.endswith(":authenticated") else "Everybody"
        )
    return str(subject)


@rule("R01", "rights are widened", Severity.RIGHTS, "A")
def widened(change: Change) -> Says:
    """The rights that are new, without an escalation."""
    for subject, more, own in _widened(change):
        if not own and _joins(change, subject):
            continue
        if not any(escalates(right) for right in more):
            before = _before(change, subject, more)
            says = f"{_who(subject, own=own)} may now: {summary(more)}{before}."
            yield Said(_where(change, subject, wider=True), says)


def _before(change: Change, subject: Subject, more: list[Right]) -> str:
    """Of which names alone it was before, where that is what has changed."""
    old = _rights(change.before, subject)
    names = sorted({
        right.name for right in old.rights
        if right.name != ANY and any(wide.contains(right) for wide in more)
    })  # fmt: skip
    return f" (before only of {', '.join(names)})" if names else ""


@rule("R02", "rights are widened by an escalation", Severity.RIGHTS, "A")
def escalated(change: Change) -> Says:
    """Rights that lead to more rights than they name."""
    for subject, more, own in _widened(change):
        if not own and _joins(change, subject):
            continue
        bad = [right for right in more if escalates(right)]
        if bad:
            rest = [right for right in more if right not in bad]
            also = f" (and {summary(rest)})" if rest else ""
            meaning = _meaning(bad)
            yield Said(
                _where(change, subject, wider=True),
                f"{_who(subject, own=own)} may now {meaning}: {summary(bad)}{also}.",
                "take it back unless it is meant",
            )


def _meaning(bad: list[Right]) -> str:
    if any(right.resource == ANY and right.verb == ANY for right in bad):
        return "do everything"
    if any(right.resource.startswith("pods/") for right in bad):
        return "run commands in Pods, or reach into them"
    if any(right.resource == "secrets" for right in bad):
        return "read Secrets"
    if any(right.verb in ("escalate", "bind", "impersonate") for right in bad):
        return "take rights that it has not"
    return "get at more than is named here"


@rule("R03", "rights are narrowed, none that it needs", Severity.NONE, "S")
def narrowed(change: Change) -> Says:
    """Nothing is missing."""
    if not _may_differ(change):
        return
    account = _Account(change)
    if not account.on_both or account.lost() or account.new.unknown or change.moved:
        return
    less = account.old.beyond(account.new)
    if less and account.before == account.after:
        says = f"FrameworkController may no longer: {summary(less)}. It needs none of it."
        yield Said(_where(change, account.after, wider=False), says)


def _lost(change: Change, number: str) -> Iterator[tuple[str, list[Right]]]:
    if not _may_differ(change):
        return
    account = _Account(change)
    if account.lost_all():
        return
    lost = [need for need in account.lost() if NEEDS[need] == number]
    if lost:
        yield _where(change, account.before, wider=False), lost


_RESTORE = "restore the rule"


@rule("R04", "it may no longer get or update its CRD", Severity.OUTAGE, "F")
def crd_update(change: Change) -> Says:
    """It updates its CRD at every start."""
    for label_, lost in _lost(change, "R04"):
        yield Said(
            label_,
            f"Without {summary(lost)}: nothing at once; from the next restart on "
            "FrameworkController panics: it reads and updates its CRD at every start.",
            _RESTORE,
        )


@rule("R04b", "it may no longer create its CRD", Severity.OUTAGE, "F")
def crd_create(change: Change) -> Says:
    """Only where the CRD is not there yet."""
    for label_, lost in _lost(change, "R04b"):
        command = f"kubectl get crd {CRD}"
        yield Said(
            label_,
            f"Without {summary(lost)}: nothing where the CRD is there; on a new cluster "
            "FrameworkController panics at its start.",
            _RESTORE,
            command,
            certain=False,
        )


@rule("R05", "it may no longer list frameworks, configmaps or pods", Severity.OUTAGE, "F")
def lists(change: Change) -> Says:
    """It hangs at its next start, Running and Ready."""
    for label_, lost in _lost(change, "R05"):
        yield Said(
            label_,
            f"Without {summary(lost)}: nothing at once; from the next restart on "
            "FrameworkController hangs before its first Framework, stays Running and Ready, and "
            "only logs `Failed to list`.",
            _RESTORE,
            WITHOUT_STATUS,
        )


WITHOUT_STATUS = (
    "kubectl get frameworks -A -o json | jq '[.items[] | select(.status == null) | select(now - "
    "(.metadata.creationTimestamp|fromdate) > 60)] | length'"
)


@rule("R06", "it may no longer create pods, or update configmaps/finalizers", Severity.LOSS, "F S")
def creates_pods(change: Change) -> Says:
    """A 403 counts as the Framework's fault."""
    for label_, lost in _lost(change, "R06"):
        only = " (where OwnerReferencesPermissionEnforcement is on)" if all(
            right.resource.endswith("/finalizers") for right in lost
        ) else ""  # fmt: skip
        yield Said(
            label_,
            f"Without {summary(lost)} each Framework that starts or retries FAILS with -310 "
            f"PodCreationUnknownError at once, without a restart and without a crash{only}.",
            _RESTORE,
        )


@rule("R07", "it may no longer write Frameworks or make their ConfigMaps", Severity.OUTAGE, "F")
def writes_frameworks(change: Change) -> Says:
    """New Frameworks wait, running ones do not advance."""
    for label_, lost in _lost(change, "R07"):
        yield Said(
            label_,
            f"Without {summary(lost)}: at once new Frameworks wait and running ones do not "
            "advance; all goes on once it is back.",
            _RESTORE,
            WITHOUT_STATUS,
        )


@rule("R08", "it may no longer delete configmaps, pods or frameworks", Severity.OUTAGE, "F")
def deletes(change: Change) -> Says:
    """Frameworks do not complete; or the retention deletes nothing."""
    for label_, lost in _lost(change, "R08"):
        of_frameworks = [right for right in lost if right.resource == "frameworks"]
        others = [right for right in lost if right not in of_frameworks]
        if others:
            says = f"Without {summary(others)} Frameworks do not complete: their Pods stay."
            yield Said(label_, says, _RESTORE)
        if of_frameworks:
            yield Said(
                label_,
                f"Without {summary(of_frameworks)} the retention deletes nothing: completed "
                "Frameworks pile up.",
                _RESTORE,
                severity=Severity.NONE,
            )


@rule("R09", "it may no longer watch frameworks, configmaps or pods", Severity.OUTAGE, "F")
def watches(change: Change) -> Says:
    """It lists everything again once a second."""
    for label_, lost in _lost(change, "R09"):
        yield Said(
            label_,
            f"Without {summary(lost)} FrameworkController lists everything again once a second: "
            "slow, and a load on the API server.",
            _RESTORE,
        )


@rule("R10", "it may no longer get frameworks, configmaps or pods", Severity.NONE, "F")
def gets(change: Change) -> Says:
    """Only confirmations after deletions fail."""
    for label_, lost in _lost(change, "R10"):
        says = f"Without {summary(lost)} only confirmations after deletions fail, in the log."
        yield Said(label_, says, _RESTORE)


@rule("R11", "a binding names another role", Severity.MANUAL, "A X G")
def role_reference(change: Change) -> Says:
    """Flux: refused. Argo CD: replaced without a word."""
    for pair in change.of_kind("ClusterRoleBinding", "RoleBinding"):
        if pair.how == "same" and _other_role(pair):
            command = in_namespace(
                f"delete {pair.kind.lower()} {shlex.quote(name(pair.either))}",
                namespace(pair.either),
            )
            yield Said(
                pair.label,
                "The API server refuses another roleRef. Flux then applies nothing until the "
                "binding is deleted by hand; Argo CD deletes it and makes it anew by itself, "
                "without a word. In between whom it binds has no rights: it cannot write, and "
                "nothing fails by that.",
                f"Flux: {command}   # then flux reconcile at once",
                severity=None if "flux" in change.tools else Severity.NONE,
            )


@rule("R12", "FrameworkController's account has no rights any more", Severity.OUTAGE, "F")
def no_rights(change: Change) -> Says:
    """No subject, no binding, or no role."""
    if not _may_differ(change):
        return
    account = _Account(change)
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
    if account.new.unknown:
        roles = ", ".join(sorted(account.new.unknown))
        says = f"Role {roles} is not rendered: unless the cluster has it, {says[0]}{says[1:]}"
    where = _gone_binding(change, account.before) or _where(change, account.before, wider=False)
    yield Said(where, says, "bind it again", WITHOUT_STATUS, certain=not account.new.unknown)


def _gone_binding(change: Change, account: Subject) -> str:
    """The role or binding that is gone, or names the account no more."""
    for pair in change.of_kind(*_RBAC):
        if pair.before is None:
            continue
        if pair.after is None:
            return pair.label
        bound = pair.kind.endswith("Binding") and account in subjects_of(pair.before)
        if bound and account not in subjects_of(pair.after) and not change.moved:
            return pair.label
    return ""


@rule("R13", "somebody else gets FrameworkController's role", Severity.RIGHTS, "A")
def another_subject(change: Change) -> Says:
    """Create and delete of all Pods and ConfigMaps."""
    for subject, _, own in _widened(change):
        where = "" if own else _joins(change, subject)
        if where:
            yield Said(
                where,
                f"{_who(subject, own=False)} gets FrameworkController's rights: create and delete "
                "of all Pods and ConfigMaps.",
                "take the subject out unless it is meant",
            )


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
    if _has_token(change.after, after) or (before and not _has_token(change.before, before)):
        return
    if not change.new_pod and change.both and change.both[0].template != after.template:
        return
    if after.variable("KUBECONFIG"):
        return
    when = "at its start" if change.new_pod else "at its next start"
    yield Said(
        after.label,
        f"The Pod gets no token: FrameworkController panics {when} (`no configuration has been "
        "provided`).",
        "automountServiceAccountToken: true on the Pod",
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


# What follows is about the account that Flux applies as, and about NNI's.

APPLIED: dict[str, tuple[str, str]] = {
    "Namespace": ("", "namespaces"),
    "ServiceAccount": ("", "serviceaccounts"),
    "Service": ("", "services"),
    "ConfigMap": ("", "configmaps"),
    "StatefulSet": ("apps", "statefulsets"),
    "ClusterRole": ("rbac.authorization.k8s.io", "clusterroles"),
    "ClusterRoleBinding": ("rbac.authorization.k8s.io", "clusterrolebindings"),
    "Role": ("rbac.authorization.k8s.io", "roles"),
    "RoleBinding": ("rbac.authorization.k8s.io", "rolebindings"),
    "NetworkPolicy": ("networking.k8s.io", "networkpolicies"),
    "CiliumNetworkPolicy": ("cilium.io", "ciliumnetworkpolicies"),
    "CustomResourceDefinition": _CRDS,
    "ResourceQuota": ("", "resourcequotas"),
    "LimitRange": ("", "limitranges"),
    "PersistentVolumeClaim": ("", "persistentvolumeclaims"),
    "Job": ("batch", "jobs"),
}
"""Kind → API group and resource of what Flux applies here."""


def _flux_accounts(change: Change) -> list[Subject]:
    """The accounts that Flux's Kustomizations apply as."""
    found: dict[Subject, None] = {}
    for side in (change.before, change.after):
        for o in side.all("Kustomization"):
            wanted = mapping(o.get("spec")).get("serviceAccountName")
            if wanted:
                found[Subject("ServiceAccount", str(wanted), namespace(o))] = None
    return list(found)


def _flux_lost(change: Change) -> Iterator[tuple[Subject, list[Right], Granted]]:
    if not _may_differ(change):
        return
    for subject in _flux_accounts(change):
        old, new = _rights(change.before, subject), _rights(change.after, subject)
        less = old.beyond(new)
        if less and not new.unknown:
            yield subject, less, new


def _is_held_to_grant(right: Right, new: Granted) -> bool:
    """Whether it is one of FrameworkController's own, which Flux must have to grant it."""
    return any(right.contains(need) and not new.allows(need) for need in NEEDS)


@rule("R17", "Flux's account lacks what a rendered role grants", Severity.FAILS, "X")
def cannot_grant(change: Change) -> Says:
    """Nothing of the environment is applied."""
    says = (
        "Flux's account lacks what FrameworkController's role grants ({}): nothing of the "
        "environment is applied (`attempting to grant RBAC permissions not currently held`)."
    )
    reported = False
    for subject, less, new in _flux_lost(change):
        held = [r for r in less if _is_held_to_grant(r, new) and not _may_escalate(new)]
        held = [
            r
            for r in held
            if not (_is_applying(r) and r.group != "" and r.resource != "configmaps")
        ]
        if held:
            reported = True
            yield Said(
                _where(change, subject, wider=False), says.format(summary(held)),
                "put it back, and run make bootstrap",
            )  # fmt: skip
    if reported or "flux" not in change.tools:
        return
    for subject in _flux_accounts(change):
        new = _rights(change.after, subject)
        if not new.rights or new.unknown or _may_escalate(new):
            continue
        for pair in change.of_kind("ClusterRole", "Role"):
            if pair.after is None or _belongs_to(change.after, pair, subject):
                continue
            rights = Granted(frozenset(_role_rights(pair)))
            missing = rights.beyond(new)
            if missing:
                yield Said(pair.label, says.format(summary(missing)), "make bootstrap first")


def _belongs_to(side: Side, pair: Pair, subject: Subject) -> bool:
    """Whether a role is the account's own, which `make bootstrap` applies."""
    for binding in bindings(side.objects):
        reference = mapping(binding.get("roleRef"))
        own = (reference.get("kind"), reference.get("name")) == (pair.kind, name(pair.either))
        if own and subject in subjects_of(binding):
            return True
    return False


def _role_rights(pair: Pair) -> Iterator[Right]:
    from fcgitops.diff.rights import expand  # noqa: PLC0415 - for this alone

    if pair.after is not None:
        place = namespace(pair.after) if pair.kind == "Role" else ANY
        yield from expand(pair.after.get("rules") or [], place)


def _may_escalate(new: Granted) -> bool:
    wanted = Right("rbac.authorization.k8s.io", "clusterroles", "escalate")
    return new.allows(wanted)


def _is_applying(right: Right) -> bool:
    return right.verb in ("get", "create", "patch", "delete", ANY) and (
        right.resource == ANY or (right.group, right.resource) in APPLIED.values()
    )


@rule("R18", "Flux's account lacks a verb for a rendered kind", Severity.FAILS, "X")
def cannot_apply(change: Change) -> Says:
    """The server's dry run is refused, and nothing is applied."""
    rendered = {o["kind"] for o in change.after.objects}
    known = bool(change.after.controller)
    for subject, less, new in _flux_lost(change):
        kinds = []
        for kind, resource in APPLIED.items():
            missing = [
                r for r in less
                if _is_applying(r) and (r.resource == ANY or (r.group, r.resource) == resource)
                and not (kind == "CustomResourceDefinition" and r.verb in ("update", "list"))
            ]  # fmt: skip
            verbs = sorted(
                {v for r in missing for v in _verbs(r)} & {"get", "create", "patch", "delete"}
            )
            verbs = [v for v in verbs if not _allows_some(new, resource, v)]
            if verbs and (not known or kind in rendered):
                kinds.append(f"the {kind} ({', '.join(verbs)})")
        if kinds:
            yield Said(
                _where(change, subject, wider=False),
                f"Flux cannot apply {', '.join(kinds)} (403), and then applies nothing of the "
                "environment.",
                "put the verb back, and run make bootstrap",
            )


def _verbs(right: Right) -> tuple[str, ...]:
    return ("get", "create", "patch", "delete") if right.verb == ANY else (right.verb,)


def _allows_some(new: Granted, resource: tuple[str, str], verb: str) -> bool:
    """Whether the verb is still granted for some object of a resource."""
    return any(
        r.group in (resource[0], ANY) and r.resource in (resource[1], ANY) and r.verb in (verb, ANY)
        for r in new.rights
    )


@rule("X09", "NNI's manager or its trials have fewer rights", Severity.LOSS, "S")
def nni_rights(change: Change) -> Says:
    """The manager ends in ERROR; a trial polls for 10 minutes and exits."""
    if not _may_differ(change):
        return
    for before, after in _subjects(change):
        if before is None or before.name not in _NNI or after is None:
            continue
        if not change.after.has("ServiceAccount", after.name, after.namespace):
            continue
        old, new = _rights(change.before, before), _rights(change.after, after)
        less = [] if new.unknown or before != after else old.beyond(new)
        if less:
            then = (
                "a 403 puts the experiment in ERROR" if before.name == _NNI[0]
                else "each trial's first container polls for 10 minutes and exits"
            )  # fmt: skip
            says = f"{before.name} may no longer: {summary(less)}. Then {then}."
            yield Said(_where(change, before, wider=False), says, _RESTORE)
