"""Lines of a shell that delete what an environment has rendered, one object each; pure."""

from __future__ import annotations

from collections.abc import Iterable

from fcgitops.core import shell
from fcgitops.core.lazy import regex
from fcgitops.kubernetes.objects import Object
from fcgitops.model.environment import Environment

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
_IS_KIND = regex(r"[a-z][a-z0-9]*(\.[a-z0-9]([-a-z0-9.]*[a-z0-9])?)?")
"""kind or kind.group, and no list of them or option of kubectl's."""


def lines(objects: Iterable[Object]) -> list[str]:
    """One command an object, but for those with which others would go."""
    there = [o for o in objects if o["kind"] not in _GUARDED]
    others = dict.fromkeys(o["kind"] for o in there if o["kind"] not in _KINDS)
    return [_line(o) for kind in (*_KINDS, *others) for o in there if o["kind"] == kind]


def kind_of(o: Object) -> str:
    """The kind of an object as kubectl takes it; one that it may not take is no such word."""
    group = str(o["apiVersion"]).rpartition("/")[0]
    return _KINDS.get(o["kind"]) or f"{str(o['kind']).lower()}{'.' if group else ''}{group}"


def is_kind(kind: str) -> bool:
    """Whether kubectl takes it for a kind, and for nothing else."""
    return _IS_KIND.fullmatch(kind) is not None


def _line(o: Object) -> str:
    metadata, kind = o["metadata"], kind_of(o)
    name, namespace = str(metadata["name"]), metadata.get("namespace")
    if not is_kind(kind):
        what = f"{shell.line(kind, name)} is of no kind that a cluster knows"
        return shell.comment(what)
    place = ["--namespace", str(namespace)] if namespace else []
    return shell.line("kubectl", *place, "delete", *shell.named(kind, name))


def cluster(environment: Environment) -> str:
    """Name and address of an environment's cluster."""
    server = environment.cluster_server
    return f"{environment.cluster_name} at {server}" if server else environment.cluster_name
