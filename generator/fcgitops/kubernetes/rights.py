"""Rights as sets: what roles and bindings grant to whom, and what one set has over another.

A right is one verb on one resource of one API group, of one name or of any, in one namespace or
in all. Source: pkg/registry/rbac/validation and plugin/pkg/auth/authorizer/rbac of Kubernetes 1.34.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from fcgitops.kubernetes.field import Field
from fcgitops.kubernetes.metadata import matches
from fcgitops.kubernetes.objects import (
    Fields,
    Object,
    labels_of,
    listing,
    mapping,
    mappings,
    name,
    namespace,
)

ANY = "*"
_NAMED_NOTHING = ("create", "deletecollection")
"""Verbs that grant nothing with resourceNames: the name is not known yet, or there is none."""


class Right(NamedTuple):
    """One right. `name` and `place` are `*` for any; a URL has the group `url`."""

    group: str
    resource: str
    verb: str
    name: str = ANY
    place: str = ANY

    def contains(self, other: Right) -> bool:
        """Whether whoever has this right has the other one too."""
        if self.group == "url" or other.group == "url":
            return self.group == other.group and (
                _url(self.resource, other.resource) and _is(self.verb, other.verb)
            )
        return (
            _is(self.group, other.group) and _resource(self.resource, other.resource)
            and _is(self.verb, other.verb) and _is(self.name, other.name)
            and _is(self.place, other.place)
        )  # fmt: skip

    def __str__(self) -> str:
        """In words: create pods/exec; get CRDs of one name."""
        if self.group == "url":
            return f"{'all verbs on' if self.verb == ANY else self.verb} URL {self.resource}"
        resource = "everything" if self.resource == ANY else self.resource
        text = f"{'all verbs on' if self.verb == ANY else self.verb} {resource}"
        if self.group == ANY and self.resource != ANY:
            text += " of every API group"
        elif self.group != ANY and self.resource == ANY:
            text += f" of the API group {self.group}" if self.group else " of the core API group"
        if self.name != ANY:
            text += f" {self.name}"
        return text if self.place == ANY else f"{text} in {self.place}"


def _is(wide: str, narrow: str) -> bool:
    return wide in (ANY, narrow)


def _resource(wide: str, narrow: str) -> bool:
    if _is(wide, narrow):
        return True
    return wide.startswith("*/") and narrow.endswith(wide[1:])


def _url(wide: str, narrow: str) -> bool:
    if wide.endswith("*"):
        return narrow.startswith(wide[:-1])
    return wide == narrow


HOLDERS = "Holders"
"""The kind of a subject that stands for everybody who has a ClusterRole of that name."""


@dataclass(frozen=True, order=True)
class Subject:
    """Who may have rights: a ServiceAccount, a User, a Group, or the holders of a ClusterRole."""

    kind: str
    name: str
    namespace: str = ""

    def __str__(self) -> str:
        """In words."""
        if self.kind == "ServiceAccount":
            return f"ServiceAccount {self.namespace}/{self.name}"
        if self.kind == HOLDERS:
            return f"Whoever has ClusterRole {self.name}"
        return f"{self.kind} {self.name}"

    def is_covered_by(self, other: Subject) -> bool:
        """Whether a binding to `other` binds this subject."""
        if self == other or (other.kind == "Group" and other.name == "system:authenticated"):
            return True
        if self.kind != "ServiceAccount":
            return False
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{self.namespace}")
        if other.kind == "Group":
            return other.name in groups
        full = f"system:serviceaccount:{self.namespace}:{self.name}"
        return other.kind == "User" and other.name == full


_ROLES_KNOWN: dict[str, list[Fields]] = {
    "cluster-admin": [
        {"apiGroups": [ANY], "resources": [ANY], "verbs": [ANY]},
        {"nonResourceURLs": [ANY], "verbs": [ANY]},
    ]
}
"""Roles that every cluster has, and whose rights are known."""


_AGGREGATES = "rbac.authorization.k8s.io/aggregate-to-"
"""What labels begin with by which a ClusterRole's rules become part of admin, edit or view."""


def role_named(binding: Object) -> tuple[str, str]:
    """Kind and name of the role that a binding names."""
    reference = mapping(binding.get("roleRef"))
    return str(reference.get("kind")), str(reference.get("name"))


def role_of(roles: Iterable[Object], binding: Object) -> Object | None:
    """The role that a binding names; None where it is not among `roles`."""
    kind, wanted = role_named(binding)
    for role in roles:
        here = kind == "ClusterRole" or namespace(role) == namespace(binding)
        if role["kind"] == kind and name(role) == wanted and here:
            return role
    return None


def rules_of(roles: Iterable[Object], binding: Object) -> list[Fields] | None:
    """The rules of the role that a binding names; None where they are not known."""
    known = list(roles)
    role = role_of(known, binding)
    if role is not None:
        return _rules(known, role)
    kind, wanted = role_named(binding)
    return _ROLES_KNOWN.get(wanted) if kind == "ClusterRole" else None


def _rules(roles: list[Object], role: Object) -> list[Fields]:
    """A role's rules; of one with an aggregationRule those of the ClusterRoles that it selects.

    Kubernetes puts these in the place of its own:
    pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go.
    """
    if not is_aggregated(role):
        return mappings(role.get("rules"))
    selectors = mappings(mapping(role["aggregationRule"]).get("clusterRoleSelectors"))
    return [
        item
        for other in roles
        if other["kind"] == "ClusterRole" and name(other) != name(role)
        and any(matches(Field.of(chosen), labels_of(other)) for chosen in selectors)
        for item in mappings(other.get("rules"))
    ]  # fmt: skip


def is_aggregated(role: Object) -> bool:
    """Whether a role's rules are those of other roles, of which the cluster may have more."""
    return bool(role.get("aggregationRule"))


def holders(objects: Iterable[Object]) -> list[Subject]:
    """Those who have a ClusterRole to which another one among objects is added by its label."""
    found = {
        label.removeprefix(_AGGREGATES)
        for o in objects if o["kind"] == "ClusterRole"
        for label, value in labels_of(o).items()
        if label.startswith(_AGGREGATES) and value == "true"
    }  # fmt: skip
    return [Subject(HOLDERS, role) for role in sorted(found)]


def expand(rules: Iterable[Fields], place: str = ANY) -> Iterator[Right]:
    """The rights of rules, each by itself.

    Args:
        rules: of a role.
        place: the namespace that they hold in, `*` for all.

    `pods/*` is no wildcard, and grants nothing; `*` and `*/exec` are (ResourceMatches in
    pkg/apis/rbac/v1/evaluation_helpers.go).
    """
    for item in rules:
        verbs = [str(verb) for verb in listing(item.get("verbs"))]
        names = [str(wanted) for wanted in listing(item.get("resourceNames"))]
        for verb in verbs:
            for url in listing(item.get("nonResourceURLs")) if place == ANY else []:
                yield Right("url", str(url), verb)
            if names and verb in _NAMED_NOTHING:
                continue
            for group in listing(item.get("apiGroups")):
                for resource in listing(item.get("resources")):
                    if str(resource).endswith("/*"):
                        continue
                    for wanted in names or [ANY]:
                        yield Right(str(group), str(resource), verb, wanted, place)


def subjects_of(binding: Object) -> list[Subject]:
    """Whom a binding binds."""
    found = []
    for subject in mappings(binding.get("subjects")):
        kind, called = str(subject.get("kind")), str(subject.get("name"))
        account = kind == "ServiceAccount"
        place = str(subject.get("namespace") or namespace(binding)) if account else ""
        prefix = "system:serviceaccount:"
        if kind == "User" and called.startswith(prefix) and called.count(":") == 3:
            place, called = called.removeprefix(prefix).split(":")
            kind = "ServiceAccount"
        found.append(Subject(kind, called, place))
    return found


def bindings(objects: Iterable[Object]) -> list[Object]:
    """The ClusterRoleBindings and RoleBindings among objects."""
    return [o for o in objects if o["kind"] in ("ClusterRoleBinding", "RoleBinding")]


class RoleReference(NamedTuple):
    """A role that somebody is bound to, and where; `place` is `*` for all namespaces."""

    kind: str
    name: str
    place: str


class Granted(NamedTuple):
    """What a subject may do.

    Attributes:
        rights: all that are known.
        unknown: roles that it is bound to, and that may grant more: they are not rendered, or
            the cluster adds others to them.
    """

    rights: frozenset[Right]
    unknown: frozenset[RoleReference] = frozenset()

    def allows(self, wanted: Right) -> bool:
        """Whether the right is among them, or within one of them."""
        return wanted in self.rights or any(right.contains(wanted) for right in self.rights)

    def beyond(self, other: Granted) -> list[Right]:
        """Rights that the other has not, without those that a wider one contains; sorted."""
        missing = sorted(right for right in self.rights if not other.allows(right))
        return [
            right for right in missing
            if not any(wider != right and wider.contains(right) for wider in missing)
        ]  # fmt: skip


def granted(objects: Iterable[Object], subject: Subject) -> Granted:
    """What a subject may do by the roles and bindings among objects."""
    found = list(objects)
    roles = [o for o in found if o["kind"] in ("ClusterRole", "Role")]
    rights: set[Right] = set()
    unknown: set[RoleReference] = set()
    if subject.kind == HOLDERS:
        label = f"{_AGGREGATES}{subject.name}"
        added = [role for role in roles if labels_of(role).get(label) == "true"]
        return Granted(frozenset(r for role in added for r in expand(_rules(roles, role))))
    for binding in bindings(found):
        if not any(subject.is_covered_by(other) for other in subjects_of(binding)):
            continue
        place = ANY if binding["kind"] == "ClusterRoleBinding" else namespace(binding)
        role, rules = role_of(roles, binding), rules_of(roles, binding)
        if rules is None or (role is not None and is_aggregated(role)):
            unknown.add(RoleReference(*role_named(binding), place))
        rights |= set(expand(rules or [], place))
    return Granted(frozenset(rights), frozenset(unknown))


_WORKLOADS = {"pods", "deployments", "statefulsets", "daemonsets", "replicasets",
              "replicationcontrollers", "jobs", "cronjobs", "podtemplates"}  # fmt: skip
_GRANTING = {"roles", "clusterroles", "rolebindings", "clusterrolebindings",
             "mutatingwebhookconfigurations", "validatingwebhookconfigurations",
             "certificatesigningrequests", "certificatesigningrequests/approval",
             "persistentvolumes"}  # fmt: skip
_INTO_PODS = ("exec", "attach", "portforward", "ephemeralcontainers", "proxy")
_WRITES = {"create", "update", "patch", ANY}
_CHANGES = {"update", "patch", ANY}
_SHOWS = {"get", "list", "watch", "deletecollection", *_CHANGES}
"""Verbs whose answer holds the object."""


def escalates(right: Right) -> bool:
    """Whether a right leads to more rights than it names.

    Source: https://kubernetes.io/docs/concepts/security/rbac-good-practices/
    """
    resource, verb = right.resource, right.verb
    part = resource.partition("/")[2]
    return (
        ANY in (right.group, resource, verb)
        or verb in ("escalate", "bind", "impersonate")
        or (resource == "secrets" and verb in _SHOWS)
        or resource.startswith("*/")
        or (resource.startswith("pods/") and part in _INTO_PODS)
        or (resource == "serviceaccounts/token" and verb == "create")
        or resource in ("nodes/proxy", "services/proxy")
        or (resource == "namespaces" and verb in _CHANGES)
        or (resource in _WORKLOADS | _GRANTING and verb in _WRITES)
    )


_MOST = 8
"""Kinds of rights that `summary` names."""


def summary(rights: Iterable[Right]) -> str:
    """Rights in words, those that differ in the verb alone together."""
    groups: dict[tuple[str, str, str, str], list[str]] = {}
    for right in rights:
        groups.setdefault((right.group, right.resource, right.name, right.place), []).append(
            right.verb
        )
    homes: dict[str, set[str]] = {}
    for group, resource, _, _ in groups:
        homes.setdefault(resource, set()).add(group)
    texts = []
    for (group, resource, wanted, place), verbs in groups.items():
        verb = ANY if ANY in verbs else ", ".join(verbs)
        alike = len(homes[resource]) > 1 and group not in ("", ANY, "url")
        named = f"{resource}.{group}" if alike else resource
        texts.append(str(Right(group, named, verb, wanted, place)))
    more = f" and {len(texts) - _MOST} more" if len(texts) > _MOST else ""
    return "; ".join(texts[:_MOST]) + more
