"""Flux's source-controller and kustomize-controller on a control plane, as host processes.

kustomize-controller 1.9.6 and source-controller 1.3.0, the newest ones that build from the Go
module proxy. They do not agree on two CRDs: source-controller 1.3.0 watches v1beta2 of Bucket and
OCIRepository, kustomize-controller 1.9.6 watches their v1, and ExternalArtifact. So the CRDs are
source-controller 1.9.6's, which serve the older versions too.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yamls

from testbed.controlplane import ControlPlane
from testbed.programs import Program, beside, free_port, need, running

CRD = dict[str, Any]

NAMESPACE = "flux-system"
UNSHARDED = "--watch-label-selector=!sharding.fluxcd.io/key"
"""What has the label is of other controllers: https://fluxcd.io/flux/installation/configuration/sharding/"""
CRDS = ("crds/source-controller", "crds/source-controller-v1.9.6", "crds/kustomize-controller")


@dataclass(frozen=True)
class Flux:
    """A running Flux.

    Attributes:
        plane: where it runs.
        source: source-controller.
        kustomize: kustomize-controller.
        namespace: where its objects belong.
    """

    plane: ControlPlane
    source: Program
    kustomize: Program
    namespace: str = NAMESPACE

    def reconcile(self, kind: str, name: str) -> None:
        """Have a GitRepository or a Kustomization reconciled now, as `flux reconcile` does."""
        asked = f"reconcile.fluxcd.io/requestedAt={time.time_ns()}"
        target = (f"--namespace={self.namespace}", kind, name)
        self.plane.kubectl("annotate", *target, "--overwrite", asked)


@contextmanager
def flux(plane: ControlPlane, folder: Path, *flags: str) -> Iterator[Flux]:
    """Run Flux on a control plane, all-powerful as `flux bootstrap` makes it.

    Args:
        plane: where.
        folder: its state: artifacts and logs.
        flags: further ones of kustomize-controller, such as `--no-cross-namespace-refs=true`.
    """
    need("source-controller", "kustomize-controller", files=CRDS)
    plane.apply(f"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {NAMESPACE}\n")
    plane.establish(json.dumps({"apiVersion": "v1", "kind": "List", "items": _crds()}))

    env = {
        "KUBECONFIG": str(plane.kubeconfig_of("flux", NAMESPACE)),
        "RUNTIME_NAMESPACE": NAMESPACE,
    }
    common = ("--metrics-addr=0", "--health-addr=0", "--events-addr=", UNSHARDED)
    artifacts, storage = f"127.0.0.1:{free_port()}", folder / "artifacts"
    storage.mkdir(parents=True)
    source_controller = (
        "source-controller",
        *common,
        f"--storage-path={storage}",
        f"--storage-addr={artifacts}",
        f"--storage-adv-addr={artifacts}",
    )
    # What a dependency holds up is looked at again after 30 s by default.
    kustomize_controller = ("kustomize-controller", *common, "--requeue-dependency=2s", *flags)
    with (
        running(source_controller, folder, env=env) as source,
        running(kustomize_controller, folder, env=env) as kustomize,
    ):
        source.says('"Starting workers"', times=5)  # one for each of its kinds
        kustomize.says('"Starting workers"')
        yield Flux(plane, source, kustomize)


SYNC = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {{name: flux-system, namespace: flux-system}}
spec: {{interval: 5s, url: {url}, ref: {{branch: main}}}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: flux-system, namespace: flux-system}}
spec:
  interval: 10m
  path: ./{path}
  prune: true
  sourceRef: {{kind: GitRepository, name: flux-system}}
"""


def gotk(url: str, path: str) -> dict[str, str]:
    """The files that `flux bootstrap git --path PATH` commits, as Flux 2.9.5 does.

    In place of the controllers, which run here already, there is their Namespace.
    """
    own = f"{path}/flux-system"
    return {
        f"{own}/gotk-components.yaml": (
            f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {NAMESPACE}}}\n"
        ),
        f"{own}/gotk-sync.yaml": SYNC.format(url=url, path=path),
        f"{own}/kustomization.yaml": (
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
            "resources: [gotk-components.yaml, gotk-sync.yaml]\n"
        ),
    }


def _crds() -> list[CRD]:
    """The CRDs of both controllers, by the newest text of each, with every version served."""
    found: dict[str, CRD] = {}
    for folder in map(beside, CRDS):
        for path in sorted(folder.glob("*.yaml")):
            crd = yamls.load(path.read_text(encoding="utf-8"))
            older = found.get(crd["metadata"]["name"], {"spec": {"versions": []}})
            versions = {version["name"]: version for version in crd["spec"]["versions"]}
            for version in older["spec"]["versions"]:
                versions.setdefault(version["name"], version | {"storage": False})
            crd["spec"]["versions"] = list(versions.values())
            found[crd["metadata"]["name"]] = crd
    return list(found.values())
