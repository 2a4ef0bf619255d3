"""What a person types to take a removed environment off its cluster; nothing here does it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fcgitops.model.environment import Environment
from fcgitops.sync import argocd, flux, nni_argocd, nni_flux

_GUARDED = ("Namespace", "CustomResourceDefinition")
"""With the first goes all that is in it, with the second every Framework of the cluster."""
_KINDS = {
    "StatefulSet": "statefulset",
    "Service": "service",
    "ConfigMap": "configmap",
    "NetworkPolicy": "networkpolicy",
    "CiliumNetworkPolicy": "ciliumnetworkpolicy",
    "ServiceAccount": "serviceaccount",
    "ClusterRoleBinding": "clusterrolebinding",
    "ClusterRole": "clusterrole",
}
"""Kind → its name for kubectl, in the order in which they go: the controller first."""

_FLUX = f"kubectl --namespace {flux.NAMESPACE}"
_KUSTOMIZATIONS = "kustomizations.kustomize.toolkit.fluxcd.io"
_FLUX_ITSELF = (
    f"{_FLUX} delete gitrepositories.source.toolkit.fluxcd.io {flux.NAME}",
    f"kubectl delete clusterrolebinding,clusterrole {flux.ACCOUNT}",
    f"{_FLUX} delete serviceaccount {flux.ACCOUNT}",
)
"""What takes away what Flux was pointed at an environment with, its Kustomization aside."""


def commands(
    environment: Environment,
    objects: Iterable[dict[str, Any]],
    nni_objects: Iterable[dict[str, Any]] = (),
) -> list[str]:
    """The lines of a shell, comments among them.

    Args:
        environment: the one that was removed.
        objects: what it rendered.
        nni_objects: what it rendered for NNI experiments.
    """
    lines = [
        f"# On the cluster {environment.cluster_name} nothing has been deleted.",
        "# Once this is merged and pushed: what runs there,",
        "kubectl get frameworks.frameworkcontroller.microsoft.com --all-namespaces",
        *_nni_commands(environment, nni_objects),
        "# and what takes FrameworkController off it; the CRD and every Framework stay:",
    ]
    there = list(objects)
    if not there:
        lines.append("# (what it rendered could not be listed: these lines are not all)")
    if environment.sync == "flux":
        lines += [
            f"{_FLUX} delete --wait {_KUSTOMIZATIONS} {flux.NAME}"
            "  # it takes back what it has applied, unless it is suspended",
            *_FLUX_ITSELF,
        ]
    else:
        application = f"{argocd.NAME}-{environment.name}"
        lines += [
            "# where Argo CD runs, this deletes the Application and nothing else;",
            *argocd.letting_go(application, argocd.NAME),
            f"# and on the cluster {_told(environment)}, for all clusters have these names:",
            *_deletions(there),
        ]
    lines += [
        f"# kubectl delete namespace {o['metadata']['name']}  # once nothing else is in it"
        for o in there
        if o["kind"] == "Namespace"
    ]
    return lines


def handover(environment: Environment) -> str:
    """What is said where the other tool is to sync an environment: the first does not let go.

    Args:
        environment: as it will be.
    """
    if environment.sync == "flux":
        place = "before `bootstrap`, where Argo CD runs"
        lines = argocd.letting_go(f"{argocd.NAME}-{environment.name}", argocd.NAME)
        tools = ("Flux", "Argo CD")
    else:
        place = f"on the cluster {_told(environment)}"
        lines = [
            f"{_FLUX} patch {_KUSTOMIZATIONS} {flux.NAME} --type=merge "
            """--patch='{"spec":{"prune":false}}'""",
            f"{_FLUX} delete --wait {_KUSTOMIZATIONS} {flux.NAME}",
            *_FLUX_ITSELF,
        ]
        tools = ("Argo CD", "Flux")
    return "\n".join(
        [
            f"{environment.name}: {tools[0]} syncs it now. If {tools[1]} has done so, it goes on, "
            f"until it is told to let go; what is there stays. Once this is pushed, {place}:",
            *lines,
        ]
    )


def _told(environment: Environment) -> str:
    """Name and address of a cluster."""
    server = environment.cluster_server
    return f"{environment.cluster_name} ({server})" if server else environment.cluster_name


def _nni_commands(environment: Environment, objects: Iterable[dict[str, Any]]) -> list[str]:
    """The same for what is there for experiments."""
    if not environment.runs_nni:
        return []
    namespace = environment.nni_namespace
    lines = ["# what takes NNI off it, the rights of managers and trials with it;"]
    if environment.sync == "flux":
        accounts = f"{nni_flux.ACCOUNT} {nni_flux.EXPERIMENTS_ACCOUNT}"
        lines += [
            f"{_FLUX} delete --wait {_KUSTOMIZATIONS} {nni_flux.NAME}",
            f"kubectl --namespace {namespace} delete rolebinding,role {accounts}",
            f"{_FLUX} delete serviceaccount {accounts}",
        ]
    else:
        name = nni_argocd.environment_name(environment.name)
        lines += [
            "# where Argo CD runs, this deletes the Application and nothing else;",
            *argocd.letting_go(name, nni_argocd.PROJECT),
            f"# and on the cluster {_told(environment)}:",
            *_deletions(list(objects)),
        ]
    last = f"# kubectl delete namespace {namespace}  # with all experiments and their claims"
    return [*lines, last]


def experiment_commands(name: str, environment: Environment | None) -> list[str]:
    """The same for an experiment.

    Args:
        name: the experiment's.
        environment: the one it was in, where that can be told.
    """
    if environment is None:
        return [f"# (where the experiment {name!r} ran cannot be told from its files)"]
    namespace = environment.nni_namespace
    lines = [
        f"# On the cluster {environment.cluster_name} nothing has been deleted.",
        "# Once this is merged and pushed: what takes the experiment off it; what it has found",
        "# stays on the share:",
    ]
    if environment.sync == "flux":
        lines.append(f"{_FLUX} delete --wait {_KUSTOMIZATIONS} {nni_flux.experiment_name(name)}")
    else:
        lines += [
            "# where Argo CD runs, this deletes the Application and nothing else;",
            *argocd.letting_go(nni_argocd.experiment_name(name), nni_argocd.EXPERIMENTS),
            f"# and on the cluster {_told(environment)}:",
            f"kubectl --namespace {namespace} delete job,service,configmap "
            f"--selector experiment={name}",
        ]
    return lines


def _deletions(objects: list[dict[str, Any]]) -> list[str]:
    others = dict.fromkeys(o["kind"] for o in objects if o["kind"] not in _KINDS)
    return [
        _deletion(o)
        for kind in (*_KINDS, *others)
        if kind not in _GUARDED
        for o in objects
        if o["kind"] == kind
    ]


def _deletion(o: dict[str, Any]) -> str:
    namespace = o["metadata"].get("namespace")
    place = f"--namespace {namespace} " if namespace else ""
    group = o["apiVersion"].rpartition("/")[0]
    name = _KINDS.get(o["kind"]) or f"{o['kind'].lower()}{'.' if group else ''}{group}"
    return f"kubectl {place}delete {name} {o['metadata']['name']}"
