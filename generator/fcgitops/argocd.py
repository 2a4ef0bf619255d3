"""What Argo CD is pointed at: clusters/argocd/, one AppProject and one ApplicationSet for all.

Adding an environment edits neither: the ApplicationSet's git files generator reads the very
overlays/*/environment.yaml. Nothing that it generates, or fails to, deletes anything.
Sources: https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/ and
/user-guide/projects/; what differs between versions is at the constants below.
"""

from __future__ import annotations

from typing import Any

from fcgitops import yamlio
from fcgitops.answers import Answers
from fcgitops.tree import Tree

FOLDER = "clusters/argocd"
NAME = "frameworkcontroller"
NAMESPACE = "argocd"
BRANCH = "main"

_NAME_LIMITS = (3, 3)
"""From this version on a cluster-wide kind can be limited to a name (AppProject's
clusterResourceWhitelist; ClusterResourceRestrictionItem in types.go)."""
_SOURCE_INTEGRITY = (3, 5)
"""From this version on sourceIntegrity replaces signatureKeys; they cannot be used together."""

_RBAC = "rbac.authorization.k8s.io"
_CRD = "frameworks.frameworkcontroller.microsoft.com"
CLUSTER_KINDS: dict[str, list[tuple[str, str, str]]] = {
    "hardened": [
        ("", "Namespace", ""),
        (_RBAC, "ClusterRole", NAME),
        (_RBAC, "ClusterRoleBinding", NAME),
        ("apiextensions.k8s.io", "CustomResourceDefinition", _CRD),
    ],
    "upstream": [
        (_RBAC, "ClusterRoleBinding", NAME),
        ("apiextensions.k8s.io", "CustomResourceDefinition", _CRD),
    ],
}
"""Profile → group, kind and name ("" for any) of what it can render outside namespaces."""
NAMESPACED_KINDS: dict[str, list[tuple[str, str]]] = {
    "hardened": [
        ("", "ConfigMap"),
        ("", "Service"),
        ("", "ServiceAccount"),
        ("apps", "StatefulSet"),
        ("networking.k8s.io", "NetworkPolicy"),
        ("cilium.io", "CiliumNetworkPolicy"),
    ],
    "upstream": [
        ("", "ConfigMap"),
        ("", "Service"),
        ("", "ServiceAccount"),
        ("apps", "StatefulSet"),
    ],
}
"""Profile → group and kind of what it can render inside namespaces."""


def files(answers: Answers) -> Tree:
    """The files of clusters/argocd/, relative to it."""
    return {
        "appproject.yaml": _file(
            "# What the Applications may do: this repository alone, and just the kinds that it\n"
            "# renders. If local/ of an environment adds another kind, add it here.\n",
            app_project(answers),
        ),
        "applicationset.yaml": _file(
            "# One Application for each overlays/ENV/environment.yaml with `sync: argocd`.\n"
            "# create-update: a file that is gone or broken deletes no Application, and deleting\n"
            "# an Application, or this set, deletes nothing on its cluster.\n",
            application_set(answers),
        ),
        "kustomization.yaml": _file(
            "",
            {
                "apiVersion": "kustomize.config.k8s.io/v1beta1",
                "kind": "Kustomization",
                "namespace": NAMESPACE,
                "resources": ["appproject.yaml", "applicationset.yaml"],
            },
        ),
    }


def _file(comment: str, document: dict[str, Any]) -> bytes:
    return (comment + yamlio.dump(document)).encode()


def _at_least(answers: Answers, version: tuple[int, int]) -> bool:
    major, minor = answers.argocd_version.split(".")
    return (int(major), int(minor)) >= version


def app_project(answers: Answers) -> dict[str, Any]:
    """The AppProject: one repository, any cluster, no system namespace, the kinds rendered."""
    named = _at_least(answers, _NAME_LIMITS)
    spec: dict[str, Any] = {
        "description": f"FrameworkController, as {answers.repo_slug} has it",
        "sourceRepos": [answers.source_url],
        "destinations": [
            {"server": "*", "namespace": "*"},
            *(
                {"server": "*", "namespace": f"!{namespace}"}
                for namespace in ("kube-*", NAMESPACE, "flux-system")
            ),
        ],
        "clusterResourceWhitelist": [
            {"group": group, "kind": kind} | ({"name": name} if named and name else {})
            for group, kind, name in CLUSTER_KINDS[answers.profile]
        ],
        "namespaceResourceWhitelist": [
            {"group": group, "kind": kind} for group, kind in NAMESPACED_KINDS[answers.profile]
        ],
    }
    if answers.keys and _at_least(answers, _SOURCE_INTEGRITY):
        policy = {
            "repos": [{"url": answers.source_url}],
            "gpg": {"mode": "head", "keys": answers.keys},
        }
        spec["sourceIntegrity"] = {"git": {"policies": [policy]}}
    elif answers.keys:
        spec["signatureKeys"] = [{"keyID": key} for key in answers.keys]
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {
            "name": NAME,
            # Deleting the project while Applications use it would leave them without rights.
            "finalizers": ["resources-finalizer.argocd.argoproj.io"],
        },
        "spec": spec,
    }


def application_set(answers: Answers) -> dict[str, Any]:
    """The ApplicationSet over the environments that Argo CD syncs."""
    generator = {
        "git": {
            "repoURL": answers.source_url,
            "revision": BRANCH,
            "files": [{"path": "overlays/*/environment.yaml"}],
        },
        "selector": {"matchLabels": {"sync": "argocd"}},
    }
    destination = {
        "name": '{{ if not (dig "server" "" .cluster) }}{{ .cluster.name }}{{ end }}',
        "server": '{{ dig "server" "" .cluster }}',
        "namespace": "{{ .namespace }}",
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": {"name": NAME},
        "spec": {
            "goTemplate": True,
            "goTemplateOptions": ["missingkey=error"],
            "generators": [generator],
            "syncPolicy": {
                "applicationsSync": "create-update",
                "preserveResourcesOnDeletion": True,
            },
            "template": {
                "metadata": {
                    "name": f"{NAME}-{{{{ .path.basename }}}}",
                    "annotations": {
                        "argocd.argoproj.io/manifest-generate-paths": (
                            ".;../../base;../../components;../{{ .variant }}"
                        )
                    },
                },
                "spec": {
                    "project": NAME,
                    "source": {
                        "repoURL": answers.source_url,
                        "targetRevision": BRANCH,
                        "path": "{{ .path.path }}",
                    },
                    "destination": destination,
                    "syncPolicy": _sync_policy(),
                },
            },
        },
    }


def _sync_policy() -> dict[str, Any]:
    return {
        "automated": {"prune": True, "selfHeal": True, "allowEmpty": False},
        # No PruneLast: the sync would go on until what it applied is healthy, and no later commit
        # is synced before: not even the revert of one with which FrameworkController panics.
        "syncOptions": ["ServerSideApply=true", "FailOnSharedResource=true"],
        # A revision whose sync failed is not tried again without this.
        "retry": {
            "limit": -1,
            "backoff": {"duration": "10s", "factor": 2, "maxDuration": "5m"},
        },
    }
