"""FrameworkController's rights: each that it uses is there, and none that it has no use for.

What it uses was seen in a real API server's audit log, without a single 403 through all that it
does; what happens without one of them was tried, too (facts of the project, tests/e2e).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from fcgitops.core.findings import HAZARD, INFO
from fcgitops.verify.judged import named
from fcgitops.verify.registry import Fault, Faults
from fcgitops.verify.subjects import NEEDS, Object, Rendered

CRDS, FRAMEWORKS = "apiextensions.k8s.io", "frameworkcontroller.microsoft.com"
CRD = "frameworks.frameworkcontroller.microsoft.com"
RBAC = "rbac.authorization.k8s.io"
ALL_RIGHTS = "cluster-admin"
"""A ClusterRole that every cluster has."""


@dataclass(frozen=True, order=True)
class Right:
    """Something that an account may do; `*` is any."""

    group: str
    resource: str
    """With its subresource: pods/exec."""
    verb: str
    name: str = "*"
    """Of one object alone."""

    def __str__(self) -> str:
        """As a sentence has it: get customresourcedefinitions of apiextensions.k8s.io."""
        verb = "do anything with" if self.verb == "*" else self.verb
        what = "all resources" if self.resource == "*" else self.resource
        place = {"": "", "*": " of all groups"}.get(self.group, f" of {self.group}")
        only = f", {self.name} alone" if self.name != "*" else ""
        return f"{verb} {what}{place}{only}"


_GONE = {
    "create customresourcedefinitions": "it panics on a cluster without the CRD",
    "customresourcedefinitions": "it panics at each start",
    "list": "it hangs before its first Framework, Running and Ready",
    "watch": "it lists everything again each second",
    "create pods": "every Framework fails that starts or retries",
    "configmaps/finalizers": "every Framework fails that starts or retries, where "
    "OwnerReferencesPermissionEnforcement is on",
    "frameworks/finalizers": "Frameworks do not advance, where "
    "OwnerReferencesPermissionEnforcement is on",
    "update frameworks": "no Framework advances",
    "create configmaps": "no Framework starts",
    "delete frameworks": "completed Frameworks stay for ever",
    "delete": "Frameworks do not complete",
    "get": "it cannot confirm what it deleted",
}
"""What happens without a right: by verb and resource, or one of them."""
NEEDED = (
    Right(CRDS, "customresourcedefinitions", "create"),
    *(Right(CRDS, "customresourcedefinitions", verb, CRD) for verb in ("get", "update")),
    *(
        Right(FRAMEWORKS, "frameworks", verb)
        for verb in ("get", "list", "watch", "update", "delete")
    ),
    *(
        Right("", resource, verb)
        for resource in ("configmaps", "pods")
        for verb in ("get", "list", "watch", "create", "delete")
    ),
    Right(FRAMEWORKS, "frameworks/finalizers", "update"),
    Right("", "configmaps/finalizers", "update"),
)
"""What FrameworkController does, in all namespaces."""
_MAKES = {
    "pods", "deployments", "statefulsets", "daemonsets", "replicasets", "jobs", "cronjobs",
    "replicationcontrollers", "podtemplates", "roles", "clusterroles", "rolebindings",
    "clusterrolebindings", "mutatingwebhookconfigurations", "validatingwebhookconfigurations",
    "certificatesigningrequests", "persistentvolumes", "serviceaccounts",
}  # fmt: skip
_READS = {"secrets"}
_ACTS = {
    "pods/exec", "pods/attach", "pods/portforward", "pods/ephemeralcontainers", "pods/proxy",
    "services/proxy", "nodes/proxy", "serviceaccounts/token", "certificatesigningrequests/approval",
}  # fmt: skip


def escalates(right: Right) -> bool:
    """Whether who has a right can take others': https://kubernetes.io/docs/concepts/security/rbac-good-practices/."""
    if "*" in (right.group, right.verb, right.resource) or right.resource.startswith("*/"):
        return True
    if right.verb in ("escalate", "bind", "impersonate", "deletecollection"):
        return True
    writes = right.verb in ("create", "update", "patch", "delete")
    return (
        (right.resource in _MAKES and writes)
        or right.resource in _READS
        or right.resource in _ACTS
        or (right.resource == "namespaces" and writes)
    )


@NEEDS.check("FCG33", HAZARD)
def granted(r: Rendered) -> Faults:
    """FrameworkController's account has every right that it uses, in all namespaces."""
    account = _account(r)
    bound = list(_bound(r, account))
    has: set[Right] = set()
    for binding, role in bound:
        if role is None:
            reference = (binding.get("roleRef") or {}).get("name", "")
            what = f"gives the rights of the ClusterRole {reference}, which is not rendered"
            yield Fault(what, "its own ClusterRole", object=named(binding), path="roleRef")
            return
        if role.get("aggregationRule"):
            what = "has an aggregationRule: Kubernetes puts other rules in the place of its own"
            yield Fault(what, "rules alone", object=named(role), path="aggregationRule")
        if binding.get("kind") == "ClusterRoleBinding":
            has |= set(rights(role))
    if not bound:
        return  # FCG03 says that nothing is bound
    for needed in NEEDED:
        if not any(contains(one, needed) for one in has):
            names = " and ".join(sorted({named(role) for _, role in bound if role}))
            what = f"may not {needed}: {_without(needed)}"
            yield Fault(what, "add the verb", object=names, path="rules")


@NEEDS.check("FCG34", HAZARD)
def none_wider(r: Rendered) -> Faults:
    """In `hardened` its rights go no further than what it uses, and nobody else has them."""
    account = _account(r)
    for binding, role in _bound(r, account):
        if r.profile == "hardened" and role is not None:
            wider = [
                one
                for one in sorted(set(rights(role)))
                if not any(contains(needed, one) for needed in NEEDED)
            ]
            for one in wider:
                severity = HAZARD if escalates(one) else INFO
                what = f"may {one}, which FrameworkController does not use"
                yield Fault(
                    what, "take it away", severity=severity, object=named(role), path="rules"
                )
        for i, subject in enumerate(binding.get("subjects") or []):
            if _subject(subject) != account:
                what = (
                    f"{subject.get('kind')} {subject.get('name')} has FrameworkController's rights"
                )
                yield Fault(
                    what,
                    "a binding and a role of its own",
                    object=named(binding),
                    path=f"subjects[{i}]",
                )


def _without(right: Right) -> str:
    for key in (f"{right.verb} {right.resource}", right.resource, right.verb):
        if key in _GONE:
            return _GONE[key]
    return "it is refused"


def rights(role: Object) -> Iterator[Right]:
    """The rights of a ClusterRole or Role, one by one."""
    for rule in role.get("rules") or []:
        if not isinstance(rule, dict):
            continue
        names = _texts(rule.get("resourceNames")) or ["*"]
        for url in _texts(rule.get("nonResourceURLs")):
            for verb in _texts(rule.get("verbs")):
                yield Right("", url, verb)
        for group in _texts(rule.get("apiGroups")):
            for resource in _texts(rule.get("resources")):
                for verb in _texts(rule.get("verbs")):
                    for name in names:
                        # No name is known yet, so such a rule gives nothing.
                        if name == "*" or verb not in ("create", "deletecollection"):
                            yield Right(group, resource, verb, name)


def contains(wide: Right, narrow: Right) -> bool:
    """Whether the first right includes the second."""
    resource = wide.resource in (narrow.resource, "*")
    if wide.resource.startswith("*/"):
        resource = narrow.resource.endswith(wide.resource[1:])
    return (
        resource
        and wide.group in ("*", narrow.group)
        and wide.verb in ("*", narrow.verb)
        and wide.name in ("*", narrow.name)
    )


def _texts(value: Any) -> list[str]:  # noqa: ANN401
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


Account = tuple[str, str]
"""Namespace and name."""


def _account(r: Rendered) -> Account:
    """FrameworkController's account."""
    pod = r.pod()
    name = pod.get("serviceAccountName") or pod.get("serviceAccount") or "default"
    return r.namespace(), str(name)


def _subject(subject: Object) -> Account | tuple[str, ...]:
    """Whom a binding names, an account as namespace and name."""
    name = str(subject.get("name", ""))
    if subject.get("kind") == "ServiceAccount":
        return str(subject.get("namespace", "")), name
    if subject.get("kind") == "User" and name.startswith("system:serviceaccount:"):
        return tuple(name.removeprefix("system:serviceaccount:").split(":", 1))
    return (str(subject.get("kind")), "", name)


def _bound(r: Rendered, account: Account) -> Iterator[tuple[Object, Object | None]]:
    """The bindings that name an account, and their roles; None for a role that is not known."""
    for binding in r.objects:
        if binding.get("kind") not in ("ClusterRoleBinding", "RoleBinding"):
            continue
        if account not in map(_subject, _dicts(binding.get("subjects"))):
            continue
        reference = binding.get("roleRef") or {}
        kind, name = reference.get("kind"), reference.get("name")
        role = next(iter(r.all(str(kind), str(name))), None)
        if role is None and name == ALL_RIGHTS:
            every = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
            role = {"kind": "ClusterRole", "metadata": {"name": ALL_RIGHTS}, "rules": [every]}
        yield binding, role


def _dicts(value: Any) -> Iterable[Object]:  # noqa: ANN401
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
