"""What Argo CD is pointed at: clusters/argocd/, one AppProject and one ApplicationSet for all.

Adding an environment edits neither: the ApplicationSet's git files generator reads the very
overlays/*/environment.yaml. Nothing that it generates, or fails to, deletes anything.
Sources: https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/ and
/user-guide/projects/; what differs between versions is at the constants below.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from fcgitops.kubernetes.objects import RBAC, Object, group, name, namespace
from fcgitops.manifests import guardrails, overlay
from fcgitops.model import layout
from fcgitops.model.answers import Answers
from fcgitops.model.framework import CRD
from fcgitops.model.synctools import ARGOCD, FLUX
from fcgitops.text import yamlio
from fcgitops.text.tree import Tree

FOLDER = ARGOCD.folder
NAME = overlay.NAME
NAMESPACE = ARGOCD.namespace
PROJECT_FILE = "appproject.yaml"
SET_FILE = "applicationset.yaml"

_REFRESH = (3, 2)
"""From this version on a retry can take the branch's newest commit (RetryStrategy in types.go)."""
_NAME_LIMITS = (3, 3)
"""From this version on a cluster-wide kind can be limited to a name (AppProject's
clusterResourceWhitelist; ClusterResourceRestrictionItem in types.go)."""
SOURCE_INTEGRITY = (3, 5)
"""From this version on sourceIntegrity replaces signatureKeys; they cannot be used together."""

_EXCLUDE = (3, 1)
"""From this version on the git files generator can leave files out (`exclude`): its * also matches
what lies deeper than an environment's folder, such as a copy below local/."""

_GUARDRAILS = [
    ("admissionregistration.k8s.io", f"ValidatingAdmissionPolicy{suffix}", name)
    for suffix in ("", "Binding")
    for name in guardrails.POLICIES
]
CLUSTER_KINDS: dict[str, list[tuple[str, str, str]]] = {
    "hardened": [
        ("", "Namespace", ""),
        (RBAC, "ClusterRole", NAME),
        (RBAC, "ClusterRoleBinding", NAME),
        ("apiextensions.k8s.io", "CustomResourceDefinition", CRD),
        *_GUARDRAILS,
    ],
    "upstream": [
        (RBAC, "ClusterRoleBinding", NAME),
        ("apiextensions.k8s.io", "CustomResourceDefinition", CRD),
        *_GUARDRAILS,
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


def files(answers: Answers, more: Tree) -> Tree:
    """The files of clusters/argocd/, relative to it.

    Args:
        answers: of the repository.
        more: further ones, to be applied with them.
    """
    return {
        **more,
        PROJECT_FILE: _file(
            "# What the Applications may do: this repository alone, and just the kinds that it\n"
            "# renders. If local/ of an environment adds another kind, add it here.\n",
            app_project(answers),
        ),
        SET_FILE: _file(
            "# One Application for each overlays/ENV/environment.yaml with `sync: argocd`.\n"
            "# create-update: a file that is gone or broken deletes no Application, and deleting\n"
            "# an Application, or this set, deletes nothing on its cluster.\n"
            "# A commit is applied when Argo CD next looks at Git: within 3 minutes by default,\n"
            "# at once with a webhook. What somebody changes or deletes on a cluster is restored\n"
            "# from Git within seconds.\n",
            application_set(answers),
        ),
        "kustomization.yaml": _file(
            "",
            {
                "apiVersion": "kustomize.config.k8s.io/v1beta1",
                "kind": "Kustomization",
                "namespace": NAMESPACE,
                "resources": [PROJECT_FILE, SET_FILE, *more],
            },
        ),
    }


def _file(comment: str, document: dict[str, Any]) -> bytes:
    return (comment + yamlio.dump(document)).encode()


def at_least(answers: Answers, version: tuple[int, int]) -> bool:
    """Whether the Argo CD of the answers is of this version, or newer."""
    major, minor = answers.argocd_version.split(".")
    return (int(major), int(minor)) >= version


def app_project(answers: Answers) -> dict[str, Any]:
    """The AppProject of the environments."""
    return project(
        answers,
        name=NAME,
        description=f"FrameworkController, as {answers.repo_slug} has it",
        cluster_kinds=CLUSTER_KINDS[answers.profile],
        namespaced_kinds=NAMESPACED_KINDS[answers.profile],
        denied=("default",) if answers.profile == "hardened" else (),
    )


def unlisted(objects: Iterable[Object], answers: Answers) -> list[str]:
    """What the AppProject of the environments lacks for some objects, a line each of its lists.

    Args:
        objects: those of no namespace are cluster-wide.
        answers: of the repository.
    """
    profile = answers.profile
    wide = CLUSTER_KINDS[profile]
    named = at_least(answers, _NAME_LIMITS)
    found: dict[str, list[dict[str, str]]] = {}
    for o in objects:
        key = (group(o), str(o["kind"]))
        item = {"group": key[0], "kind": key[1]}
        if namespace(o):
            listed, place = NAMESPACED_KINDS[profile], "namespaceResourceWhitelist"
            known = key in listed
        else:
            place = "clusterResourceWhitelist"
            known = any(
                (*key, only) == each and (not named or only in ("", name(o)))
                for each in wide
                for only in each[2:]
            )
            item |= {"name": name(o)} if named else {}
        if not known and item not in found.setdefault(place, []):
            found[place].append(item)
    return [f"{place}: {yamlio.scalar(items)}" for place, items in found.items() if items]


def project(  # noqa: PLR0913 - what differs between projects, all by name
    answers: Answers,
    *,
    name: str,
    description: str,
    cluster_kinds: Sequence[tuple[str, str, str]],
    namespaced_kinds: Sequence[tuple[str, str]],
    denied: Sequence[str] = (),
) -> dict[str, Any]:
    """An AppProject: one repository, any cluster, no system namespace, the kinds rendered.

    Clusters and namespaces are what each environment.yaml says. A list of them here would be a
    file that every new environment has to edit, and each edit of it takes another `bootstrap`.

    Args:
        answers: of the repository.
        name: its own.
        description: a sentence.
        cluster_kinds: as `CLUSTER_KINDS`.
        namespaced_kinds: as `NAMESPACED_KINDS`.
        denied: namespaces that are not its own, beside those of the cluster and the sync tools.
    """
    named = at_least(answers, _NAME_LIMITS)
    spec: dict[str, Any] = {
        "description": description,
        "sourceRepos": [answers.source_url],
        "destinations": [
            {"server": "*", "namespace": "*"},
            *(
                {"server": "*", "namespace": f"!{namespace}"}
                for namespace in ("kube-*", NAMESPACE, FLUX.namespace, *denied)
            ),
        ],
        "clusterResourceWhitelist": _distinct(
            {"group": group, "kind": kind} | ({"name": only} if named and only else {})
            for group, kind, only in cluster_kinds
        ),
        "namespaceResourceWhitelist": [
            {"group": group, "kind": kind} for group, kind in namespaced_kinds
        ],
    }
    if answers.keys and at_least(answers, SOURCE_INTEGRITY):
        # A pattern: a URL that by some spelling did not match it would go unverified. The
        # project has one repository only.
        policy = {"repos": [{"url": "*"}], "gpg": {"mode": "head", "keys": answers.keys}}
        spec["sourceIntegrity"] = {"git": {"policies": [policy]}}
    elif answers.keys:
        spec["signatureKeys"] = [{"keyID": key} for key in answers.keys]
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {
            "name": name,
            # Deleting the project while Applications use it would leave them without rights.
            "finalizers": ["resources-finalizer.argocd.argoproj.io"],
        },
        "spec": spec,
    }


def _distinct(items: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    """Each of them once, in their order."""
    return [dict(item) for item in dict.fromkeys(tuple(item.items()) for item in items)]


def application_set(answers: Answers) -> dict[str, Any]:
    """The ApplicationSet over the environments that Argo CD syncs."""
    generator = git_files(answers, layout.OVERLAYS, layout.SOURCE_FILE) | {"selector": selector()}
    template = application(
        answers,
        name=f"{NAME}-{{{{ .path.basename }}}}",
        path="{{ .path.path }}",
        watched=[".", *(f"../../{folder}" for folder in layout.SHARED), "../{{ .variant }}"],
    )
    return applications(NAME, generator, template)


def git_files(answers: Answers, folder: str, file: str, prefix: str = "") -> dict[str, Any]:
    """A generator over one file of each folder in a folder of the repository.

    Args:
        answers: of the repository.
        folder: whose folders have the file.
        file: its name.
        prefix: below which key the file's own path is found, where another generator has `path`.
    """
    files: list[dict[str, Any]] = [{"path": answers.at(f"{folder}/*/{file}")}]
    if at_least(answers, _EXCLUDE):
        files.append({"path": answers.at(f"{folder}/*/*/{file}"), "exclude": True})
    return from_git(answers, files, prefix)


def from_git(answers: Answers, files: list[dict[str, Any]], prefix: str = "") -> dict[str, Any]:
    """A generator over files of the repository. Arguments as those of `git_files`."""
    spec: dict[str, Any] = {
        "repoURL": answers.source_url,
        "revision": answers.branch,
        "files": files,
    }
    return {"git": spec | ({"pathParamPrefix": prefix} if prefix else {})}


def selector(*more: dict[str, Any]) -> dict[str, Any]:
    """The selector of what a generator finds for the environments that Argo CD syncs.

    Args:
        more: expressions over the keys of environment.yaml.
    """
    expressions = {"matchExpressions": list(more)} if more else {}
    return {"matchLabels": {"sync": ARGOCD.name}, **expressions}


def applications(name: str, generator: dict[str, Any], template: dict[str, Any]) -> dict[str, Any]:
    """An ApplicationSet that deletes nothing, whatever its generator finds or does not."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": {"name": name},
        "spec": {
            "goTemplate": True,
            "goTemplateOptions": ["missingkey=error"],
            "generators": [generator],
            "syncPolicy": {
                "applicationsSync": "create-update",
                "preserveResourcesOnDeletion": True,
            },
            "template": template,
        },
    }


def application(  # noqa: PLR0913 - what differs between Applications, all by name
    answers: Answers,
    *,
    name: str,
    path: str,
    watched: list[str],
    project: str = NAME,
    namespace: str = "{{ .namespace }}",
) -> dict[str, Any]:
    """The template of an Application on the cluster of an environment.

    Args:
        answers: of the repository.
        name: as a Go template over environment.yaml.
        path: the folder that it renders, the same.
        watched: what else that folder is rendered from, relative to it. A commit that changes
            nothing there is not looked at closely.
        project: the AppProject.
        namespace: its own, as a template too.
    """
    return {
        "metadata": {
            "name": name,
            "annotations": {"argocd.argoproj.io/manifest-generate-paths": ";".join(watched)},
        },
        "spec": {
            "project": project,
            "source": {
                "repoURL": answers.source_url,
                "targetRevision": answers.branch,
                "path": path,
            },
            "destination": {
                "name": '{{ if not (dig "server" "" .cluster) }}{{ .cluster.name }}{{ end }}',
                "server": '{{ dig "server" "" .cluster }}',
                "namespace": namespace,
            },
            "syncPolicy": _sync_policy(answers),
        },
    }


def _sync_policy(answers: Answers) -> dict[str, Any]:
    # While a failed sync is retried no other begins: without `refresh` the commit that mends it
    # would wait for the end of the retries, which there must be one of then.
    refresh = at_least(answers, _REFRESH)
    return {
        "automated": {"prune": True, "selfHeal": True, "allowEmpty": False},
        # No PruneLast: the sync would go on until what it applied is healthy, and no later commit
        # is synced before: not even the revert of one with which FrameworkController panics.
        "syncOptions": ["ServerSideApply=true", "FailOnSharedResource=true"],
        # A revision whose sync failed is not tried again without this.
        "retry": {
            "limit": -1 if refresh else 5,
            **({"refresh": True} if refresh else {}),
            "backoff": {"duration": "5s", "factor": 2, "maxDuration": "1m"},
        },
    }
