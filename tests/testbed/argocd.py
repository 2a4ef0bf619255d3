"""Argo CD's controllers on a control plane, as host processes: no UI, no Dex.

Argo CD 3.2.6: one binary, whose ARGOCD_BINARY_NAME says which component it is. What differs from
an installation in a cluster is what its environment says here; see also
https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/#clusters
"""

from __future__ import annotations

import gzip
import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import yamls

from testbed.controlplane import ControlPlane
from testbed.gnupg import stop_agent
from testbed.programs import Program, beside, eventually, free_port, need, running, search_path

NAMESPACE = "argocd"

# Argo CD's own API server would make it; see
# https://argo-cd.readthedocs.io/en/stable/user-guide/projects/#the-default-project
PROJECT = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "AppProject",
    "metadata": {"name": "default"},
    "spec": {
        "sourceRepos": ["*"],
        "destinations": [{"namespace": "*", "server": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    },
}


@dataclass(frozen=True)
class ArgoCD:
    """A running Argo CD.

    Attributes:
        plane: where it runs.
        programs: its components, by name.
        clusters: the URL under which it knows each cluster, by its name.
        redis: the port of its Redis.
        repo_server: that of what reads Git for it.
        namespace: where its objects belong.
    """

    plane: ControlPlane
    programs: dict[str, Program]
    clusters: dict[str, str]
    redis: int
    repo_server: int
    namespace: str = NAMESPACE

    def refresh(self, application: str) -> None:
        """Have an Application look at Git now, as a webhook would."""
        target = (f"--namespace={self.namespace}", "application", application)
        self.plane.kubectl("annotate", *target, "--overwrite", "argocd.argoproj.io/refresh=normal")

    def find_environments(self, applications: str) -> None:
        """Have an ApplicationSet look at Git now, and wait until it has: else within 3 minutes."""
        place = ("applicationsets.argoproj.io", applications, f"--namespace={self.namespace}")
        mark = "argocd.argoproj.io/application-set-refresh"
        self.plane.kubectl("annotate", *place, "--overwrite", f"{mark}=true")
        eventually(
            lambda: mark not in self.plane.get(*place)["metadata"].get("annotations", {}),
            60, "the ApplicationSet has seen the commit",
        )  # fmt: skip

    def cached(self, pattern: str) -> list[Any]:
        """What its components keep in Redis, gzip'd JSON each, by a pattern of keys."""
        with socket.create_connection(("127.0.0.1", self.redis), 10) as connection:
            stream = connection.makefile("rwb")
            keys = _redis(stream, "KEYS", pattern)
            return [json.loads(gzip.decompress(_redis(stream, "GET", key))) for key in keys]


def _redis(stream: IO[bytes], *command: str | bytes) -> Any:
    """The answer to a command: bulk strings and lists of them (the RESP protocol)."""
    words = [word.encode() if isinstance(word, str) else word for word in command]
    stream.write(b"*%d\r\n" % len(words))
    stream.writelines(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
    stream.flush()
    return _answer(stream)


def _answer(stream: IO[bytes]) -> Any:
    head = stream.readline()
    count = int(head[1:])
    if head[:1] == b"*":
        return [_answer(stream) for _ in range(count)]
    assert head[:1] == b"$", head
    return stream.read(count + 2)[:-2]


@contextmanager
def argocd(
    plane: ControlPlane,
    folder: Path,
    clusters: Mapping[str, ControlPlane],
    keys: Mapping[str, str] | None = None,
    remembers: str = "1s",
) -> Iterator[ArgoCD]:
    """Run Argo CD on a control plane; it polls Git every 10 seconds.

    Args:
        plane: where it runs.
        folder: its state: checkouts and logs.
        clusters: those that it knows, by name; one may have several. `in-cluster`, which is
            always there, is `plane`.
        keys: GnuPG's public keys by their IDs, armored. Without them it verifies no signatures.
        remembers: how long the commit of a branch is not asked for again; 3m by its own default.
    """
    need("argocd", "redis-server", "kustomize", "git", files=["crds/argocd", "argocd-config"])
    urls: dict[str, str] = {}
    for name, cluster in sorted(clusters.items()):
        # A query makes another cluster of it for Argo CD; client-go leaves it out.
        again = cluster.server in urls.values()
        urls[name] = f"{cluster.server}?{name}" if again else cluster.server
    _install(plane, [_cluster(clusters[name], name, url) for name, url in urls.items()])

    kubeconfig = plane.kubeconfig_of("argocd", NAMESPACE)
    redis, repo_server, metrics, webhook = (free_port() for _ in range(4))
    with ExitStack() as stack:
        signing = _signing(folder, keys) if keys else {}
        if signing:
            stack.callback(stop_agent, signing["ARGOCD_GNUPGHOME"])

        def start(name: str, *command: str | Path) -> Program:
            # Before 3.5 the generator verifies in a clone that is not there yet, and gives up:
            # https://github.com/argoproj/argo-cd/issues/23689
            verifies = signing and name != "applicationset-controller"
            env = {
                "ARGOCD_BINARY_NAME": f"argocd-{name}",
                **(signing if verifies else {"ARGOCD_GPG_ENABLED": "false"}),
                "ARGOCD_FAKE_IN_CLUSTER": "true",  # in-cluster is what KUBECONFIG says
                "ARGOCD_ASK_PASS_SOCK": str(folder / "askpass.sock"),  # else in /tmp
                "KUBECONFIG": str(kubeconfig),
            }
            full = f"argocd-{name}"
            programs[name] = stack.enter_context(running(command, folder, name=full, env=env))
            return programs[name]

        programs: dict[str, Program] = {}
        start(
            "redis", "redis-server", "--bind", "127.0.0.1", "--port", str(redis),
            "--save", "", "--dir", folder,
        ).listens(redis)  # fmt: skip
        server = start(
            "repo-server",
            "argocd",
            "--disable-tls",
            "--address=127.0.0.1",
            f"--port={repo_server}",
            "--metrics-address=127.0.0.1",
            f"--metrics-port={free_port()}",
            f"--redis=127.0.0.1:{redis}",
            f"--revision-cache-expiration={remembers}",
        )
        controller = start(
            "application-controller",
            "argocd",
            f"--kubeconfig={kubeconfig}",
            f"--namespace={NAMESPACE}",
            f"--metrics-port={metrics}",  # the one port that is not bound to loopback
            f"--redis=127.0.0.1:{redis}",
            f"--repo-server=127.0.0.1:{repo_server}",
            "--repo-server-plaintext",
            "--app-resync=10",
            "--app-resync-jitter=0",
        )
        sets = start(
            "applicationset-controller",
            "argocd",
            f"--kubeconfig={kubeconfig}",
            f"--namespace={NAMESPACE}",
            "--metrics-addr=0",
            "--probe-addr=0",
            f"--webhook-addr=127.0.0.1:{webhook}",
            f"--argocd-repo-server=127.0.0.1:{repo_server}",
            "--repo-server-plaintext",
        )
        server.listens(repo_server)
        controller.listens(metrics)
        sets.says("Starting workers")
        yield ArgoCD(plane, programs, urls, redis, repo_server)


WRAPPERS = {
    "git-verify-wrapper.sh": '#!/bin/sh\ngit verify-commit "$1" 2>&1 || [ $? = 1 ]\n',
    "gpg-wrapper.sh": '#!/bin/sh\ngpg "$@" 2>&1 || [ $? = 1 ]\n',
}
"""Programs of Argo CD's image that it asks about signatures: all is said on stdout, and a "no" is
no failure."""


def _signing(folder: Path, keys: Mapping[str, str]) -> dict[str, str]:
    """The environment in which it verifies signatures, with what its image would have."""
    source, tools = folder / "gpg" / "source", folder / "gpg" / "bin"
    for place in (source, tools, folder / "gpg" / "keys"):
        place.mkdir(parents=True, mode=0o700)
    for name, key in keys.items():
        (source / name).write_text(key, encoding="utf-8")
    for name, text in WRAPPERS.items():
        (tools / name).write_text(text, encoding="utf-8")
        (tools / name).chmod(0o755)
    return {
        "ARGOCD_GPG_ENABLED": "true",
        "ARGOCD_GNUPGHOME": str(folder / "gpg" / "keys"),
        "ARGOCD_GPG_DATA_PATH": str(source),
        "PATH": f"{tools}{os.pathsep}{search_path()}",
    }


def _install(plane: ControlPlane, known: list[dict[str, object]]) -> None:
    """CRDs, ConfigMaps and Secrets, the default project and the clusters."""
    crds = sorted(beside("crds/argocd").glob("*.yaml"))
    plane.establish("\n---\n".join(path.read_text(encoding="utf-8") for path in crds))
    config = {
        path.stem: yamls.load(path.read_text(encoding="utf-8"))
        for path in sorted(beside("argocd-config").glob("argocd-*.yaml"))
    }
    config["argocd-secret"]["stringData"] = {"server.secretkey": "testbed"}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    items = [namespace, PROJECT, *config.values(), *known]
    objects = {"apiVersion": "v1", "kind": "List", "items": items}
    plane.apply(json.dumps(objects), "--server-side", f"--namespace={NAMESPACE}")


def _cluster(plane: ControlPlane, name: str, url: str) -> dict[str, object]:
    """The Secret by which Argo CD knows a cluster."""
    config = {
        "bearerToken": plane.tokens()["argocd"],
        "tlsClientConfig": {"caData": plane.authority()},
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": f"cluster-{name}",
            "labels": {"argocd.argoproj.io/secret-type": "cluster"},
        },
        "stringData": {"name": name, "server": url, "config": json.dumps(config)},
    }
