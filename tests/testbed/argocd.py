"""Argo CD's controllers on a control plane, as host processes: no API server, no UI, no Dex.

Argo CD 3.2.6: one binary, whose ARGOCD_BINARY_NAME says which component it is. What differs from
an installation in a cluster is what its environment says here; see also
https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/#clusters
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from testbed.controlplane import ControlPlane
from testbed.programs import Program, beside, free_port, need, running

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
        namespace: where its objects belong.
    """

    plane: ControlPlane
    programs: dict[str, Program]
    clusters: dict[str, str]
    namespace: str = NAMESPACE

    def refresh(self, application: str) -> None:
        """Have an Application look at Git now, as a webhook would."""
        target = (f"--namespace={self.namespace}", "application", application)
        self.plane.kubectl("annotate", *target, "--overwrite", "argocd.argoproj.io/refresh=normal")


@contextmanager
def argocd(
    plane: ControlPlane, folder: Path, clusters: Iterable[str] = ("prod",)
) -> Iterator[ArgoCD]:
    """Run Argo CD on a control plane; it polls Git every 10 seconds.

    Args:
        plane: where it runs and what it deploys to.
        folder: its state: checkouts and logs.
        clusters: names of the clusters that it knows. All of them are `plane`, the first in
            order under its own URL; `in-cluster`, which is always there, is `plane` as well.
    """
    need("argocd", "redis-server", "kustomize", "git", files=["crds/argocd", "argocd-config"])
    # A query makes another cluster of it for Argo CD; client-go leaves it out.
    queries = {name: f"?{name}" if index else "" for index, name in enumerate(sorted(clusters))}
    urls = {name: plane.server + query for name, query in queries.items()}
    _install(plane, urls)

    kubeconfig = plane.kubeconfig_of("argocd", NAMESPACE)
    redis, repo_server, metrics, webhook = (free_port() for _ in range(4))
    with ExitStack() as stack:

        def start(name: str, *command: str | Path) -> Program:
            env = {
                "ARGOCD_BINARY_NAME": f"argocd-{name}",
                "ARGOCD_GPG_ENABLED": "false",
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
            "--revision-cache-expiration=1s",  # else a branch is asked for every 3 minutes
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
        yield ArgoCD(plane, programs, urls)


def _install(plane: ControlPlane, urls: dict[str, str]) -> None:
    """CRDs, ConfigMaps and Secrets, the default project and the clusters."""
    crds = sorted(beside("crds/argocd").glob("*.yaml"))
    plane.establish("\n---\n".join(path.read_text(encoding="utf-8") for path in crds))
    config = {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in sorted(beside("argocd-config").glob("argocd-*.yaml"))
    }
    config["argocd-secret"]["stringData"] = {"server.secretkey": "testbed"}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    known = [_cluster(plane, name, url) for name, url in urls.items()]
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
