"""Rules on rights that are granted and withdrawn.

Computed as sets, so that rules which are split, merged or reordered make no difference. A change
of rights never restarts anything, and is in force within a second.
"""

from __future__ import annotations

from collections.abc import Iterator

from fcgitops.core import shell
from fcgitops.diff.accounts import (
    RBAC,
    Account,
    changed_by,
    may_differ,
    names_other_role,
    rights_of,
    subjects,
)
from fcgitops.diff.change import Change
from fcgitops.diff.effects import UNLESS_MEANT, Said, Says, Severity, rule
from fcgitops.diff.kubectl import in_namespace
from fcgitops.diff.objects import Pair
from fcgitops.diff.rendering import Side
from fcgitops.kubernetes.objects import Object, mapping, name, namespace
from fcgitops.kubernetes.rights import (
    ANY,
    Granted,
    Right,
    RoleReference,
    Subject,
    bindings,
    escalates,
    expand,
    role_named,
    rules_of,
    subjects_of,
    summary,
)


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


def _widened(change: Change) -> Iterator[tuple[Subject, list[Right], bool]]:
    """(who, rights that are new, whether it is FrameworkController's account)."""
    if not may_differ(change):
        return
    account = Account(change)
    for before, after in subjects(change):
        if after is None:
            continue
        own = after == account.after
        if own and not account.on_both:
            continue
        if not own and not _was_known(change, before):
            continue
        old, new = rights_of(change.before, before), rights_of(change.after, after)
        if _is_moved(change):
            new = Granted(frozenset(_in_old_place(r, change) for r in new.rights), new.unknown)
        more = new.beyond(old)
        if more:
            yield after, more, own


def _was_known(change: Change, subject: Subject | None) -> bool:
    """Whether rights are widened, and not simply there with a part that is new as a whole."""
    return bool(change.before.objects) and subject is not None


def _joins(change: Change, subject: Subject) -> str:
    """The binding by which a subject newly gets a role that FrameworkController has, or had."""
    account = Account(change)
    if account.after is None:
        return ""
    roles = {
        str(mapping(b.get("roleRef")))
        for side, own in ((change.before, account.before), (change.after, account.after))
        for b in bindings(side.objects)
        if own in subjects_of(b) and _makes_pods(side, b)
    }
    for pair in change.of_kind("ClusterRoleBinding", "RoleBinding"):
        if pair.after is None or str(mapping(pair.after.get("roleRef"))) not in roles:
            continue
        before = subjects_of(pair.before) if pair.before else []
        if subject in subjects_of(pair.after) and subject not in before:
            return pair.label
    return ""


def _makes_pods(side: Side, binding: Object) -> bool:
    """Whether it is by this binding that FrameworkController makes Pods."""
    roles = [o for o in side.objects if o["kind"] in ("ClusterRole", "Role")]
    rights = Granted(frozenset(expand(rules_of(roles, binding) or [])))
    return rights.allows(Right("", "pods", "create"))


@rule("R00", "rules are written otherwise, the rights are the same", Severity.NONE, "A")
def same_rights(change: Change) -> Says:
    """Split, merged or reordered rules, other metadata."""
    changed = [
        p for p in change.of_kind(*RBAC)
        if p.before and p.after and p.how == "same" and not names_other_role(p)
    ]  # fmt: skip
    if not changed or change.moved or any(True for _ in _widened(change)):
        return
    for before, after in subjects(change):
        old, new = rights_of(change.before, before), rights_of(change.after, after)
        if old.beyond(new) or new.unknown - old.unknown:
            return
    for pair in changed:
        if _unbound_and_other(change, pair):
            continue
        yield Said(pair.label, "The rights stay the same.")


def _unbound_and_other(change: Change, pair: Pair) -> bool:
    """Whether a role differs that nobody is bound to here: nobody's rights are known to change."""
    if pair.kind.endswith("Binding") or pair.after is None:
        return False
    return not any(
        role_named(binding) == (pair.kind, name(pair.after)) and subjects_of(binding)
        for binding in bindings(change.after.objects)
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
            yield Said(changed_by(change, subject, wider=True), says)
    for subject, role, own in _newly_bound(change):
        if role.name not in _ESCALATING:
            yield _by_role(change, subject, role, own=own)


def _before(change: Change, subject: Subject, more: list[Right]) -> str:
    """Of which names alone it was before, where that is what has changed."""
    old = rights_of(change.before, subject)
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
            also = f", and also {summary(rest)}" if rest else ""
            meaning = _meaning(bad)
            yield Said(
                changed_by(change, subject, wider=True),
                f"{_who(subject, own=own)} may now {meaning} ({summary(bad)}){also}.",
                UNLESS_MEANT,
            )
    for subject, role, own in _newly_bound(change):
        if role.name in _ESCALATING:
            yield _by_role(change, subject, role, own=own)


def _newly_bound(change: Change) -> Iterator[tuple[Subject, RoleReference, bool]]:
    """(who, a role that is not all in Git, whether it is FrameworkController's account)."""
    if not may_differ(change):
        return
    account = Account(change)
    for before, after in subjects(change):
        own = after == account.after
        if after is None or not _was_known(change, before) or (own and not account.on_both):
            continue
        old, new = rights_of(change.before, before).unknown, rights_of(change.after, after).unknown
        for role in sorted(new):
            known = role in old or role._replace(place=ANY) in old
            rendered = change.after.has(
                role.kind, role.name, "" if role.kind == "ClusterRole" else role.place
            )
            if not known and (rendered or not _was_bound(change, before, role)):
                yield after, role, own


def _was_bound(change: Change, subject: Subject | None, role: RoleReference) -> bool:
    """Whether somebody had a role before, wherever its rules were."""
    return any(
        role_named(binding) == (role.kind, role.name)
        and any(subject is not None and subject.is_covered_by(s) for s in subjects_of(binding))
        for binding in bindings(change.before.objects)
    )


_HAS_MORE = "and what the cluster adds to that role"
_ESCALATING = {
    "admin": f"it may change nearly all, read Secrets, grant these rights, {_HAS_MORE}",
    "edit": f"it may change nearly all, read Secrets, run Pods as any ServiceAccount, {_HAS_MORE}",
}
_MEANT = {**_ESCALATING, "view": f"it may read nearly all but Secrets, {_HAS_MORE}"}
"""ClusterRoles that every cluster has → what they grant.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles
"""


def _by_role(change: Change, subject: Subject, role: RoleReference, *, own: bool) -> Said:
    where = "" if role.place == ANY else f" in {role.place}"
    known = _MEANT.get(role.name, "") if role.kind == "ClusterRole" else ""
    means = known or "which is not all in Git: what it grants stands on the cluster alone"
    scope = () if role.kind == "ClusterRole" else ("-n", role.place)
    return Said(
        changed_by(change, subject, wider=True),
        f"{_who(subject, own=own)} gets {role.kind} {role.name}{where}"
        f"{':' if known else ','} {means}.",
        UNLESS_MEANT,
        shell.line("kubectl", *scope, "describe", role.kind.lower(), role.name),
        certain=bool(known),
    )


def _meaning(bad: list[Right]) -> str:
    if any(right.group == right.resource == right.verb == ANY for right in bad):
        return "do everything"
    if all(right.group == "url" for right in bad):
        return "ask for any URL of the API server"
    if any(right.resource.startswith("pods/") for right in bad):
        return "run commands in Pods, or reach into them"
    if any(right.resource == "secrets" for right in bad):
        return "read Secrets"
    if any(right.verb in ("escalate", "bind", "impersonate") for right in bad):
        return "take rights that it has not"
    return "gain further rights by this"


@rule("R03", "rights are narrowed, none that it needs", Severity.NONE, "S")
def narrowed(change: Change) -> Says:
    """Nothing is missing."""
    if not may_differ(change):
        return
    account = Account(change)
    if not account.on_both or account.lost() or account.unknown or change.moved:
        return
    less = account.old.beyond(account.new)
    if less and account.before == account.after:
        says = f"FrameworkController may no longer: {summary(less)}. It needs none of it."
        yield Said(changed_by(change, account.after, wider=False), says)


@rule("R11", "a binding names another role", Severity.MANUAL, "A X G")
def role_reference(change: Change) -> Says:
    """Flux: refused. Argo CD: replaced without a word."""
    for pair in change.of_kind("ClusterRoleBinding", "RoleBinding"):
        if pair.how == "same" and names_other_role(pair):
            words = ("delete", *shell.named(pair.kind.lower(), name(pair.either)))
            command = in_namespace(namespace(pair.either), *words)
            account = Account(change).before
            own = account is not None and account in subjects_of(pair.before or {})
            yield Said(
                pair.label,
                "The API server refuses another roleRef. Flux then applies nothing until the "
                "binding is deleted by hand; Argo CD deletes it and makes it anew by itself, "
                "without a word. In between whom it binds has no rights"
                + (": it cannot write, and nothing fails by that." if own else "."),
                f"Flux, with `flux reconcile` at once after it: {command}",
                severity=None
                if any(not tool.habits.replaces_bindings for tool in change.appliers)
                else Severity.NONE,
            )


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
