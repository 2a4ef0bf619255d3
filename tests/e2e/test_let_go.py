"""What has applied FrameworkController until now lets go of it, by the lines that `adopt` prints.

An Application, a Kustomization, or a release of Helm's has the old manifests from another Git
repository. Each would heal and prune them; whatever is typed, nothing of it comes back or goes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from gitenv import git, write
from gitserver import serve
from test_adopted import HAND_MADE, permit, pods
from test_rights import CRD
from testbed.controller import JOBS, framework
from testbed.controlplane import ControlPlane, control_plane
from testbed.programs import eventually, stays
from testbed.site import ENVIRONMENT, Site, site

pytestmark = pytest.mark.cluster

PLACE = "fc"
KINDS = "statefulset,service,configmap,serviceaccount,networkpolicy"
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: old
  namespace: argocd
  finalizers: [resources-finalizer.argocd.argoproj.io]
spec:
  project: default
  source: {{repoURL: "{url}", path: ., targetRevision: main}}
  destination: {{name: in-cluster, namespace: fc}}
  syncPolicy: {{automated: {{prune: true, selfHeal: true}}}}
"""
KUSTOMIZATION = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {{name: old, namespace: flux-system}}
spec: {{interval: 5s, url: "{url}", ref: {{branch: main}}}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: old, namespace: flux-system}}
spec:
  interval: 5s
  path: ./
  prune: true
  sourceRef: {{kind: GitRepository, name: old}}
"""
APPLIERS = {
    "argocd": (APPLICATION, ("applications.argoproj.io", "old", "-n", "argocd")),
    "flux": (KUSTOMIZATION, ("kustomizations.kustomize.toolkit.fluxcd.io", "old", "-n",
                             "flux-system")),
}  # fmt: skip


HELMS = """\
apiVersion: v1
kind: Service
metadata:
  name: frameworkcontroller
  namespace: fc
  labels: {app.kubernetes.io/managed-by: Helm}
  annotations: {meta.helm.sh/release-name: web, meta.helm.sh/release-namespace: fc}
spec: {clusterIP: None, selector: {app: frameworkcontroller}}
---
apiVersion: v1
kind: Secret
metadata:
  name: sh.helm.release.v1.web.v1
  namespace: fc
  labels: {owner: helm, name: web, status: deployed, version: "1"}
type: helm.sh/release.v1
"""
"""A part of it that a release of Helm's has made, which Helm remembers in a Secret."""


@contextmanager
def applied(tool: str, folder: Path) -> Iterator[Site]:
    """A cluster to which such a one applies the old manifests, and heals them."""
    for name in ("old", "site"):
        (folder / name).mkdir()
    with (
        control_plane(folder, crds=CRD.read_text()) as plane,
        serve(folder / "old") as server,
        site(tool, plane, folder / "site", starts=()) as here,
    ):
        plane.kubectl("create", "namespace", JOBS)
        repository = folder / "old" / "clone"
        git(repository.parent, "clone", "-q", server.url, repository.name)
        write(repository, {"all.yaml": HAND_MADE})
        git(repository, "add", "-A")
        git(repository, "-c", "user.name=Ada", "-c", "user.email=ada@example.com",
            "commit", "-qm", "Old")  # fmt: skip
        git(repository, "push", "-q", "origin", "HEAD:main")
        text, _ = APPLIERS[tool]
        plane.apply(text.format(url=server.url))
        eventually(lambda: pods(plane, PLACE), 90, "the old tool has applied it")
        scaled(plane, 0)
        eventually(lambda: replicas(plane) == 1, 60, "it heals it")
        yield here


def scaled(plane: ControlPlane, to: int) -> None:
    """Somebody scales it by hand."""
    plane.kubectl("scale", "statefulset", "frameworkcontroller", "-n", PLACE, f"--replicas={to}")


def replicas(plane: ControlPlane) -> int:
    """How many Pods it is to have."""
    found = plane.get("statefulset", "frameworkcontroller", "-n", PLACE)
    return int(found["spec"]["replicas"])


def uids(plane: ControlPlane) -> dict[str, str]:
    """KIND/NAME → uid of what is in the namespace, and of what may be anywhere."""
    found = [*plane.get(KINDS, "-n", PLACE), *plane.get("clusterroles,clusterrolebindings")]
    return {
        f"{o['kind']}/{o['metadata']['name']}": o["metadata"]["uid"]
        for o in found
        if o["metadata"]["name"].startswith("frameworkcontroller")
        and not o["metadata"]["name"].endswith("-flux")
    }


def live(plane: ControlPlane) -> str:
    """What somebody reads from the cluster."""
    there = plane.kubectl("get", f"{KINDS},poddisruptionbudget", "-n", PLACE, "-o", "yaml")
    bound = plane.kubectl("get", "clusterrolebinding/fc", "clusterrole/fc", "-o", "yaml")
    return f"{there}---\n{bound}"


def typed(step: dict[str, Any]) -> str:
    """The lines of a step, those that are comments too, as somebody types them who means them."""
    return "\n".join(line.removeprefix("# ") for line in step["lines"])


@pytest.mark.parametrize("tool", APPLIERS)
def test_the_old_tool_lets_go(tool: str, tmp_path: Path) -> None:
    """It heals nothing once it is paused; forgotten, it takes nothing with it; nor does Helm."""
    with applied(tool, tmp_path) as here:
        plane, (_, applier) = here.plane, APPLIERS[tool]
        plane.apply(framework("stays"))
        plane.apply(HELMS)
        (tmp_path / "live.yaml").write_text(live(plane))
        said, _ = here.fcgitops("adopt", tmp_path / "live.yaml", "--name", ENVIRONMENT,
                                "--format", "json")  # fmt: skip
        steps = {step["title"].partition(";")[0]: step for step in json.loads(said)["runbook"]}
        let_go = steps["What applies it until now lets go of it"]
        assert here.type("\n".join(let_go["lines"]))
        assert plane.get("secrets", "-n", PLACE, "-l", "owner=helm") == []
        assert plane.get("service", "frameworkcontroller", "-n", PLACE)
        scaled(plane, 0)
        stays(lambda: replicas(plane), 8)
        assert replicas(plane) == 0
        scaled(plane, 1)

        way = steps["Before anything is pushed: what cannot be changed is made anew"]
        here.type("\n".join(way["lines"]))
        rights = next(step for title, step in steps.items() if "apply what local/ adds" in title)
        for line in rights["lines"]:
            if line.startswith("#   "):
                permit(here, line[1:])
        git(here.repository, "push", "-q", "origin", "HEAD:main")
        here.fcgitops("bootstrap", ENVIRONMENT, "--yes")
        eventually(here.status, 60, "the new one knows it")
        here.wait_for(git(here.repository, "rev-parse", "HEAD"), 120)

        here.type("\n".join(steps["Take away what is left, which nothing uses any more"]["lines"]))
        before = uids(plane)
        assert len(before) >= 7
        here.type(typed(steps["What has applied it forgets it"]))
        assert plane.kubectl("get", *applier, "--ignore-not-found") == ""
        stays(lambda: uids(plane), 8)
        assert uids(plane) == before
        assert [o["metadata"]["name"] for o in plane.get("frameworks", "-n", JOBS)] == ["stays"]
        assert here.applied(git(here.repository, "rev-parse", "HEAD"))
