"""A kind cluster as the control plane that Argo CD and Flux run on, as processes of this host."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fcgitops.trial.cluster import Cluster

from testbed.controlplane import ControlPlane

HOME = "kube-system"
USERS = ("argocd", "flux")


@dataclass(frozen=True)
class KindPlane(ControlPlane):
    """A kind cluster; there is no audit log, and its users are ServiceAccounts.

    Attributes:
        accounts: the token of each of USERS.
    """

    accounts: Mapping[str, str] = field(default_factory=dict)

    def tokens(self) -> dict[str, str]:
        """The tokens of USERS."""
        return dict(self.accounts)


def plane_of(cluster: Cluster, folder: Path) -> KindPlane:
    """The cluster, with an all-powerful account for each of USERS.

    Args:
        cluster: one that runs.
        folder: for kubeconfigs and logs.
    """
    kubeconfig = folder / "admin.kubeconfig"
    kubeconfig.write_bytes(cluster.kubeconfig.read_bytes())
    kubeconfig.chmod(0o600)
    view = cluster.kubectl.output("config", "view", "--raw", "--minify", "--output=json")
    (found,) = json.loads(view)["clusters"]
    certificate = folder / "authority.pem"
    certificate.write_bytes(base64.b64decode(found["cluster"]["certificate-authority-data"]))
    plane = KindPlane(folder, found["cluster"]["server"], certificate, kubeconfig, {})
    tokens = {}
    for user in USERS:
        plane.kubectl("create", "serviceaccount", user, f"--namespace={HOME}")
        binding = (f"testbed-{user}", "--clusterrole=cluster-admin")
        plane.kubectl("create", "clusterrolebinding", *binding, f"--serviceaccount={HOME}:{user}")
        tokens[user] = plane.token_for(HOME, user)
    return KindPlane(folder, plane.server, certificate, kubeconfig, {}, tokens)
