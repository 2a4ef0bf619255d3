"""What is typed of `argocd`, against Argo CD's own API server, which asks nobody for a name."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from testbed.argocd import ArgoCD
from testbed.programs import environment, free_port, running

Typed = Callable[[str], "subprocess.CompletedProcess[str]"]
"""Types a line into a shell."""


@contextmanager
def argocd_cli(argo: ArgoCD, folder: Path) -> Iterator[Typed]:
    """A shell in which `argocd` works, as long as the context lasts.

    Args:
        argo: the running Argo CD.
        folder: where the API server's log goes.
    """
    port = free_port()
    kubeconfig = argo.plane.kubeconfig_of("argocd", argo.namespace)
    command = (
        "argocd", "--insecure", "--disable-auth", "--address=127.0.0.1", f"--port={port}",
        "--metrics-address=127.0.0.1", f"--metrics-port={free_port()}",
        f"--kubeconfig={kubeconfig}", f"--namespace={argo.namespace}",
        f"--redis=127.0.0.1:{argo.redis}",
        f"--repo-server=127.0.0.1:{argo.repo_server}", "--repo-server-plaintext",
    )  # fmt: skip
    served = {"ARGOCD_BINARY_NAME": "argocd-server", "ARGOCD_GPG_ENABLED": "false"}
    told = {"ARGOCD_SERVER": f"127.0.0.1:{port}", "ARGOCD_OPTS": "--plaintext",
            "ARGOCD_AUTH_TOKEN": "of-nobody"}  # fmt: skip

    def typed(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-c", line], env=environment(folder, told),
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip

    with running(command, folder, name="argocd-server", env=served) as server:
        server.listens(port)
        yield typed
