"""RBAC's roles and bindings.

Source: k8s.io/kubernetes, pkg/apis/rbac/validation/validation.go.
"""

from __future__ import annotations

from fcgitops.kubernetes import metadata, names
from fcgitops.kubernetes.field import Field
from fcgitops.kubernetes.objects import RBAC


def role(item: Field) -> None:
    """ValidateRole."""
    metadata.metadata(item["metadata"], names.path_segment, namespaced=True)
    for rule in item["rules"]:
        _rule(rule, namespaced=True)


def cluster_role(item: Field) -> None:
    """ValidateClusterRole."""
    metadata.metadata(item["metadata"], names.path_segment, namespaced=False)
    for rule in item["rules"]:
        _rule(rule, namespaced=False)
    aggregation = item["aggregationRule"]
    if aggregation.given:
        selectors = aggregation["clusterRoleSelectors"]
        if not selectors:
            selectors.required()
        for selector in selectors:
            metadata.selector(selector)


def _rule(rule: Field, *, namespaced: bool) -> None:
    """ValidatePolicyRule."""
    if not rule["verbs"]:
        rule["verbs"].required("one verb at least")
    if rule["nonResourceURLs"]:
        if namespaced:
            rule["nonResourceURLs"].forbidden("in a Role")
        if any(rule[key] for key in ("apiGroups", "resources", "resourceNames")):
            rule["nonResourceURLs"].forbidden("beside resources")
        return
    for key in ("apiGroups", "resources"):
        if not rule[key]:
            rule[key].required("one at least")


def role_binding(item: Field) -> None:
    """ValidateRoleBinding."""
    _binding(item, namespaced=True)


def cluster_role_binding(item: Field) -> None:
    """ValidateClusterRoleBinding."""
    _binding(item, namespaced=False)


def _binding(item: Field, *, namespaced: bool) -> None:
    metadata.metadata(item["metadata"], names.path_segment, namespaced=namespaced)
    reference = item["roleRef"]
    reference["apiGroup"].one_of((RBAC,), RBAC)  # SetDefaults_RoleBinding
    reference["kind"].one_of(("Role", "ClusterRole") if namespaced else ("ClusterRole",))
    reference["name"].required_as(names.path_segment)
    for subject in item["subjects"]:
        _subject(subject, namespaced=namespaced)


def _subject(subject: Field, *, namespaced: bool) -> None:
    """ValidateRoleBindingSubject, after SetDefaults_Subject."""
    kind, name, group = subject["kind"], subject["name"], subject["apiGroup"]
    if not name:
        name.required()
    kind.one_of(("ServiceAccount", "User", "Group"))
    if kind.text == "ServiceAccount":
        if name:
            name.must_be(names.dns_subdomain)
        if group:
            group.forbidden("of a ServiceAccount")
        if not namespaced and not subject["namespace"]:
            subject["namespace"].required("of a ServiceAccount")
    elif kind.text in ("User", "Group"):
        group.one_of((RBAC,), RBAC)
