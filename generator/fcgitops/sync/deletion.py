"""Lines of a shell that delete what an environment has rendered, one object each; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from fcgitops.core import shell
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
_IS_KIND = re.compile(r"[a-z][a-z0-9]*(\.[a-z0-9]([-a-z0-9.]*[a-z0-9])?)?")
"""kind or kind.group, and no list of them or option of kubectl's."""


def lines(objects: Iterable[Object]) -> list[str]:
    """One command an object, but for those with which others would go."""
    there = [o for o in objects if o["kind"] not in _GUARDED]
    others = dict.fromkeys(o["kind"] for o in there if o["kind"] not in _KINDS)
    return [_line(o) for kind in (*_KINDS, *others) for o in there if o["kind"] == kind]


def _line(o: Object) -> str:
    metadata = o["metadata"]
    name, namespace = str(metadata["name"]), metadata.get("namespace")
    group = str(o["apiVersion"]).rpartition("/")[0]
    kind = _KINDS.get(o["kind"]) or f"{str(o['kind']).lower()}{'.' if group else ''}{group}"
    if not _IS_KIND.fullmatch(kind):
        return shell.comment(f"({kind} {name} is of no kind that a cluster knows)")
    place = ["--namespace", str(namespace)] if namespace else []
    # Behind -- a name is none of kubectl's options, such as --all.
    behind = ["--", name] if name.startswith("-") else [name]
    return shell.line("kubectl", *place, "delete", kind, *behind)


def cluster(environment: Environment) -> str:
    """Name and address of an environment's cluster."""
    server = environment.cluster_server
    return f"{environment.cluster_name} ({server})" if server else environment.cluster_name
