"""Lines of a shell that delete what an environment has rendered, one object each; pure."""

from __future__ import annotations

from fcgitops.model.environment import Environment
from fcgitops.sync.tool import Object

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


def lines(objects: list[Object]) -> list[str]:
    """One command an object, but for those with which others would go."""
    others = dict.fromkeys(o["kind"] for o in objects if o["kind"] not in _KINDS)
    return [
        _line(o)
        for kind in (*_KINDS, *others)
        if kind not in _GUARDED
        for o in objects
        if o["kind"] == kind
    ]


def _line(o: Object) -> str:
    namespace = o["metadata"].get("namespace")
    place = f"--namespace {namespace} " if namespace else ""
    group = o["apiVersion"].rpartition("/")[0]
    name = _KINDS.get(o["kind"]) or f"{o['kind'].lower()}{'.' if group else ''}{group}"
    return f"kubectl {place}delete {name} {o['metadata']['name']}"


def cluster(environment: Environment) -> str:
    """Name and address of an environment's cluster."""
    server = environment.cluster_server
    return f"{environment.cluster_name} ({server})" if server else environment.cluster_name
