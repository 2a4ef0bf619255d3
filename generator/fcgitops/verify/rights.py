"""FrameworkController's rights: each that it uses is there, and none that it has no use for."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from fcgitops.core.findings import HAZARD, INFO
from fcgitops.kubernetes import rights
from fcgitops.kubernetes.objects import Object, namespace
from fcgitops.kubernetes.rights import ANY, Right, Subject
from fcgitops.model.needed_rights import NEEDS as NEEDED
from fcgitops.verify.registry import Fault, Faults
from fcgitops.verify.subjects import NEEDS, Rendered, name_of, named

EVERYBODYS = (
    "system:basic-user", "system:discovery", "system:public-info-viewer",
    "system:service-account-issuer-discovery",
)  # fmt: skip
"""ClusterRoles that each cluster gives all accounts anyway (plugin/pkg/auth/authorizer/rbac/
bootstrappolicy of Kubernetes)."""


@NEEDS.check("FCG33", HAZARD)
def granted(r: Rendered) -> Faults:
    """FrameworkController's account has every right that it uses, in all namespaces."""
    account = account_of(r)
    bound = [(binding, *_role(r, binding)) for binding in _bindings(r, account)]
    if not bound:
        return  # FCG03 says that nothing is bound
    for binding, role, rules in bound:
        if rules is None:
            reference = (binding.get("roleRef") or {}).get("name", "")
            what = f"gives the rights of the ClusterRole {reference}, which is not rendered"
            yield Fault(what, "its own ClusterRole", object=named(binding), path="roleRef")
            return
        if role.get("aggregationRule"):
            what = "has an aggregationRule: Kubernetes puts other rules in the place of its own"
            yield Fault(what, "rules alone", object=named(role), path="aggregationRule")
    has = rights.granted(r.objects, account)
    names = " and ".join(sorted({named(role) for _, role, _ in bound}))
    for needed, without in NEEDED.items():
        if not has.allows(needed):
            what = f"may not {_sentence(needed)}: {without.says}"
            yield Fault(what, "add the verb", object=names, path="rules")


@NEEDS.check("FCG34", HAZARD)
def none_wider(r: Rendered) -> Faults:
    """In `hardened` it has only the rights that it uses, and no other account has them."""
    account = account_of(r)
    if r.profile == "hardened":
        for binding in rights.bindings(r.objects):
            if any(account.is_covered_by(other) for other in rights.subjects_of(binding)):
                yield from _unused(r, binding)
    direct = list(_bindings(r, account))
    roles = [rights.role_of(_roles(r), binding) for binding in direct]
    own = [role for role in roles if role is not None]
    for binding in rights.bindings(r.objects):
        if binding in direct or rights.role_of(_roles(r), binding) in own:
            for i, subject in enumerate(rights.subjects_of(binding)):
                if subject != account:
                    yield _shared(str(subject), named(binding), f"subjects[{i}]")
    for role in own:
        for holder in rights.holders([role]):
            yield _shared(str(holder), named(role), "metadata.labels")


def _unused(r: Rendered, binding: Object) -> Faults:
    role, rules = _role(r, binding)
    if rules is None and account_of(r) not in rights.subjects_of(binding):  # FCG33 says the rest
        name = rights.role_named(binding)[1]
        if name not in EVERYBODYS:
            what = f"gives it, too, the rights of the {named(role)}, which is not rendered"
            hint = "subjects that are meant alone"
            yield Fault(what, hint, object=named(binding), path="roleRef")
    place = ANY if binding["kind"] == "ClusterRoleBinding" else namespace(binding)
    rendered = bool(r.all(*rights.role_named(binding)))
    label, path = (named(role), "rules") if rendered else (named(binding), "roleRef")
    for one in sorted(set(rights.expand(rules or [], place))):
        if _used(one):
            continue
        deletes = one.verb in ("delete", "deletecollection")
        severity = HAZARD if deletes or rights.escalates(one) else INFO
        by = "" if rendered else f" by {name_of(role)}"
        what = f"may {_sentence(one)}{by}, which FrameworkController does not use"
        yield Fault(what, "take it away", severity=severity, object=label, path=path)


def _shared(who: str, label: str, path: str) -> Fault:
    what = f"{who} has FrameworkController's rights"
    return Fault(what, "a binding and a role of its own", object=label, path=path)


def _roles(r: Rendered) -> list[Object]:
    return [o for o in r.objects if o.get("kind") in ("ClusterRole", "Role")]


@functools.lru_cache(maxsize=1024)
def _used(right: Right) -> bool:
    """Whether FrameworkController uses it; the roles of a fleet grant the same ones."""
    return any(needed.contains(right) for needed in NEEDED)


def account_of(r: Rendered) -> Subject:
    """The ServiceAccount that FrameworkController's Pod runs as."""
    return Subject("ServiceAccount", r.account(), r.namespace())


def _bindings(r: Rendered, account: Subject) -> Iterator[Object]:
    """The bindings that name an account itself."""
    found = (o for o in r.objects if o.get("kind") in ("ClusterRoleBinding", "RoleBinding"))
    return (binding for binding in found if account in rights.subjects_of(binding))


def _role(r: Rendered, binding: Object) -> tuple[Object, list[Object] | None]:
    """The role that a binding names, and its rules; None where they are not known."""
    kind, name = rights.role_named(binding)
    role = next(iter(r.all(kind, name)), {"kind": kind, "metadata": {"name": name}})
    return role, rights.rules_of(_roles(r), binding)


def _sentence(right: Right) -> str:
    """As a sentence has it: get customresourcedefinitions of apiextensions.k8s.io."""
    verb = "do anything with" if right.verb == ANY else right.verb
    if right.group == "url":
        return f"{verb} the URL {right.resource}"
    what = "all resources" if right.resource == ANY else right.resource
    place = {"": "", ANY: " of all groups"}.get(right.group, f" of {right.group}")
    only = f", {right.name} alone" if right.name != ANY else ""
    return f"{verb} {what}{place}{only}"
