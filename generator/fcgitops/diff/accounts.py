"""Whose rights may differ between both sides of a change, and by which object."""

from __future__ import annotations

from fcgitops.diff.change import Change
from fcgitops.diff.objects import Pair, guards, moves
from fcgitops.diff.rendering import Controller, Side
from fcgitops.diff.stored import stored
from fcgitops.kubernetes.objects import Object, name
from fcgitops.kubernetes.rights import (
    Granted,
    Right,
    RoleReference,
    Subject,
    bindings,
    holders,
    role_named,
    subjects_of,
)
from fcgitops.model.needed_rights import NEEDS

RBAC = ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")


def account_of(controller: Controller | None) -> Subject | None:
    """FrameworkController's account; None where FrameworkController is not there."""
    return (
        Subject("ServiceAccount", controller.account, controller.namespace) if controller else None
    )


def rights_of(side: Side, subject: Subject | None) -> Granted:
    """What a subject may do on one side; nothing where there is no subject."""
    return side.granted(subject) if subject else Granted(frozenset())


def unknown(change: Change, found: Granted) -> frozenset[RoleReference]:
    """Roles of which it is not known what they grant: not rendered, nor gone with this change."""
    gone = {
        (pair.kind, name(pair.before))
        for pair in change.of_kind("ClusterRole", "Role")
        if pair.before is not None
        and not guards(pair.before)
        and (pair.after is None or name(pair.after) != name(pair.before))
    }
    return frozenset(role for role in found.unknown if (role.kind, role.name) not in gone)


def named(roles: frozenset[RoleReference]) -> str:
    """Roles in words: ClusterRole edit, Role a."""
    return ", ".join(sorted({f"{role.kind} {role.name}" for role in roles}))


class Account:
    """FrameworkController's account on both sides, and what it may do."""

    def __init__(self, change: Change) -> None:
        before, after = change.controllers
        self.before = account_of(before)
        self.after = account_of(after)
        self.old = rights_of(change.before, self.before)
        self.new = rights_of(change.after, self.after)
        self.unknown = unknown(change, self.new)

    @property
    def on_both(self) -> bool:
        """Whether FrameworkController is there before and after."""
        return self.before is not None and self.after is not None

    def lost(self) -> list[Right]:
        """What it needs, had, and has no more; [] where that cannot be known."""
        if not self.on_both or self.unknown:
            return []
        return [need for need in NEEDS if self.old.allows(need) and not self.new.allows(need)]

    def lost_all(self) -> bool:
        """Whether it can do nothing any more of what it needs in all namespaces."""
        had, has = (any(map(granted.allows, NEEDS)) for granted in (self.old, self.new))
        return self.on_both and had and not has


def changed_by(change: Change, subject: Subject | None, *, wider: bool) -> str:
    """The RBAC object by which a subject's rights change, as it is called in what is printed.

    A binding that names another role comes before a role, and that before any other binding.
    """

    def binds(binding: Object) -> bool:
        return subject is None or any(subject.is_covered_by(s) for s in subjects_of(binding))

    side = change.after if wider else change.before
    bound = {role_named(binding) for binding in bindings(side.objects) if binds(binding)}
    roles: list[Pair] = []
    binding_pairs: list[Pair] = []
    for pair in change.of_kind(*RBAC):
        one = pair.after if wider else pair.before
        if one is None:
            continue
        if pair.kind.endswith("Binding"):
            binding_pairs += [pair] if binds(one) else []
        elif (pair.kind, name(one)) in bound or subject in holders([one]):
            roles.insert(0, pair)
    other_role = [pair for pair in binding_pairs if names_other_role(pair)]
    if found := other_role or roles or binding_pairs or change.of_kind(*RBAC):
        return found[0].label
    if controller := change.after.controller or change.before.controller:
        return controller.label
    return f"ServiceAccount/{subject.name if subject else ''}"


def names_other_role(pair: Pair) -> bool:
    """Whether a binding names another role than before."""
    return (
        pair.before is not None
        and pair.after is not None
        and stored(pair.before).get("roleRef") != stored(pair.after).get("roleRef")
    )


def subjects(change: Change) -> list[tuple[Subject | None, Subject | None]]:
    """Everybody whose rights may differ: before, after; FrameworkController's account as one."""
    account = Account(change)
    own = {s for s in (account.before, account.after) if s}
    others: dict[Subject, None] = {}
    for side in (change.before, change.after):
        for binding in bindings(side.objects):
            others |= dict.fromkeys(s for s in subjects_of(binding) if s not in own)
        others |= dict.fromkeys(holders(side.objects))
    moved_to = moves(change.pairs)
    found: list[tuple[Subject | None, Subject | None]] = []
    if account.before or account.after:
        found.append((account.before, account.after))
    arrived = set()
    for subject in others:
        if subject in arrived:
            continue
        target = subject
        if subject.kind == "ServiceAccount" and subject.namespace in moved_to:
            moved = Subject(subject.kind, subject.name, moved_to[subject.namespace])
            if moved in others:
                target = moved
                arrived.add(moved)
        found.append((subject, target))
    return found


def may_differ(change: Change) -> bool:
    """Whether a role, a binding or FrameworkController's account differs: else no rights do."""
    if change.of_kind(*RBAC) or change.moved:
        return True
    before, after = change.controllers
    return before is not None and after is not None and before.account != after.account
