"""Clusters as environments name them: by a name, or by the address of their API server.

Argo CD finds a cluster by the name, or by the address as it stands in its Secret, a "/" at the end
aside (util/db/cluster.go, GetCluster and SecretToCluster); its own one it knows by one name and one
address (pkg/apis/application/v1alpha1, KubernetesInternalAPIServerAddr).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from fcgitops.core.errors import Problem
from fcgitops.core.lazy import regex
from fcgitops.core.redaction import redacted
from fcgitops.model import synctools
from fcgitops.text import hosts, values
from fcgitops.text.words import shown

IN_CLUSTER = "in-cluster"
"""The name of the cluster that Argo CD itself runs in."""
IN_CLUSTER_SERVER = "https://kubernetes.default.svc"
"""Its address: the one spelling that Argo CD knows."""

_NAME = regex(r"[A-Za-z0-9]([A-Za-z0-9._:/@-]{0,251}[A-Za-z0-9])?")
_SERVICE = regex(r"kubernetes(\.default(\.svc(\.[a-z0-9.-]+)?)?)?")
_WANTED = "a name as Argo CD or a kubeconfig has it: letters, digits and . _ : / @ -"
_SERVER = "https://HOST[:PORT]"
_URL = regex(r"[A-Za-z][A-Za-z0-9+.-]*:/")
"""How one begins, with a slash too few as well."""
_KEEPER = "the sync tool"


def name(value: object) -> str:
    """What is wrong with a cluster's name; an address without its scheme is none."""
    if not isinstance(value, str):
        return f"{shown(value)} is not text ({_WANTED}; quote it)"
    if _is_address(value):
        bare = ":" in value and hosts.ip(value) is not None and not value.startswith("[")
        return f"{shown(value)} is an address (https://{f'[{value}]' if bare else value})"
    if _URL.match(value):
        return f"{shown(value)} is an address ({_SERVER})"
    if redacted(value) != value:
        return f"carries a user or password (leave it out: {_KEEPER} keeps secrets)"
    if not _NAME.fullmatch(value):
        return f"{shown(value)} is not valid{values.odd_character(value)} ({_WANTED})"
    return ""


def _is_address(text: str) -> bool:
    """Whether it can be nothing but an address: OpenShift's names are like api-example-com:6443."""
    host, port = hosts.split_port(text.partition("/")[0])
    if hosts.ip(host) is not None or hosts.ip(text) is not None:
        return True
    full = "." in host or hosts.is_loopback(host)
    return port is not None and hosts.is_port(port) and hosts.is_host(host) and full


def server(value: object) -> str:
    """What is wrong with the address of an API server: http[s]://HOST[:PORT][/PATH]."""
    return values.url(value, ("https", "http"), _SERVER, keeper=_KEEPER)


def reached_from_a_pod(value: object) -> str:
    """What is wrong with an address that FrameworkController, in its Pod, is to reach."""
    wrong = server(value)
    if not wrong and hosts.is_loopback(urlsplit(str(value)).hostname or ""):
        return (
            f"{shown(value)} is FrameworkController's own Pod (the API server's address in its "
            "network, such as https://10.0.0.1:6443; or leave it out)"
        )
    return wrong


def one_spelling(url: str) -> str:
    """An address as Argo CD's Secrets have it, whichever way it was typed."""
    parts = urlsplit(url)
    if identity(url) == _OWN:
        return IN_CLUSTER_SERVER
    return url.rstrip("/") if parts.netloc else url


def identity(url: str) -> str:
    """An API server's address in the one form in which two addresses of one server are equal."""
    if not url:
        return ""
    parts = urlsplit(url)
    host = (parts.hostname or "").removesuffix(".")
    if _SERVICE.fullmatch(host):
        host = "kubernetes.default.svc"
    host = str(hosts.ip(host) or host)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{host}:{port}{parts.path.rstrip('/')}"


_OWN = identity(IN_CLUSTER_SERVER)


def identities(cluster_name: str, cluster_server: str) -> list[tuple[str, str]]:
    """By what two environments on one cluster are told: (the same for both, the key) each."""
    found = [(f"name {cluster_name}", "cluster.name")]
    if cluster_server:
        found.append((f"server {identity(cluster_server)}", "cluster.server"))
    elif cluster_name == IN_CLUSTER:
        found.append((f"server {_OWN}", "cluster.name"))
    return found


def is_certain(identity: str) -> bool:
    """Whether one of `identities` is a single cluster's, whoever's Argo CD speaks of it."""
    return identity.startswith("server ") and identity != f"server {_OWN}"


def needles(cluster_name: str, cluster_server: str) -> list[str]:
    """Texts of which an environment.yaml has one, in small letters, if its cluster is the same."""
    host = urlsplit(cluster_server).hostname or ""
    found = [cluster_name.lower()]
    if IN_CLUSTER in found or _SERVICE.fullmatch(host):
        found += [IN_CLUSTER, "kubernetes"]
    elif host:
        found.append("[" if ":" in host else host)  # an IPv6 address has many spellings
    return found


def problems(given: Mapping[str, Any], place: Callable[..., str]) -> list[Problem]:
    """What is wrong with the two keys together (key path → value), each told at its `place`."""
    server = given["cluster.server"]
    tool = synctools.KNOWN.get(str(given["sync"]))
    if not (tool and tool.finds_clusters and server):
        return []
    where = place("cluster.server", "cluster.name")
    if given["cluster.name"] == IN_CLUSTER and identity(server) != _OWN:
        what = f"is {server!r}, but {IN_CLUSTER} is the cluster that {tool.label} runs in"
        return [Problem(where, what, "another cluster.name, or no cluster.server")]
    if server != one_spelling(server):
        what = f"is {server!r}, by which {tool.label} does not find the cluster"
        return [Problem(where, what, one_spelling(server))]
    return []
