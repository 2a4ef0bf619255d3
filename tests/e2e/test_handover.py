"""From Argo CD to Flux and back, by what `overlay` prints; Argo CD remembers Git as by default."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from gitenv import git
from testbed.argocd import ArgoCD
from testbed.controlplane import control_plane
from testbed.flux import flux
from testbed.programs import eventually, stays
from testbed.site import APPLICATION, ENVIRONMENT, NAMESPACE, Site, fail, site

pytestmark = pytest.mark.cluster

KUSTOMIZATION = ("kustomizations.kustomize.toolkit.fluxcd.io", "-n", "flux-system")


@pytest.fixture
def prod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The environment prod, which Argo CD has applied; on its cluster there is Flux, too."""
    folder = tmp_path_factory.mktemp("both")
    with (
        control_plane(tmp_path_factory.mktemp("plane")) as plane,
        site("argocd", plane, folder, "--gitops", "both", remembers="3m") as prod,
        flux(plane, folder / "flux"),
    ):
        prod.fcgitops("bootstrap", ENVIRONMENT, "--yes")
        eventually(lambda: applications(prod), 60, "the Application is generated")
        prod.wait_for(git(prod.repository, "rev-parse", "HEAD"), 90)
        yield prod


def applications(prod: Site) -> list[str]:
    """The Applications, by name."""
    found = prod.plane.get("applications.argoproj.io", "-n", "argocd")
    return [application["metadata"]["name"] for application in found]


def uids(prod: Site) -> dict[str, str]:
    """KIND/NAME → uid of what the repository has put on the cluster."""
    kinds = "statefulsets,services,configmaps,serviceaccounts,networkpolicies,namespaces"
    found = prod.plane.get(f"{kinds},clusterroles,clusterrolebindings", "-n", NAMESPACE)
    return {
        f"{o['kind']}/{o['metadata']['name']}": o["metadata"]["uid"]
        for o in found
        if o["metadata"]["name"].startswith(NAMESPACE)
        and not o["metadata"]["name"].endswith("-flux")
    }


def synced_by(prod: Site, tool: str) -> None:
    """Change the tool, push, and type what was printed; until then the other one goes on."""
    _, said = prod.fcgitops("overlay", ENVIRONMENT, "--set", f"sync={tool}")
    assert "E05" in prod.foretold()
    git(prod.repository, "push", "-q", "origin", "HEAD:main")
    scale = ("scale", "statefulset", NAMESPACE, "-n", NAMESPACE, "--replicas=0")
    prod.plane.kubectl(*scale)
    if tool == "flux":
        refresh(prod)
    else:
        reconcile(prod)
    eventually(
        lambda: prod.plane.get("statefulset", NAMESPACE, "-n", NAMESPACE)["spec"]["replicas"],
        60, "the first tool heals it",
    )  # fmt: skip
    assert prod.type(said)


def refresh(prod: Site) -> None:
    """Have Argo CD look for environments in Git now."""
    assert isinstance(prod.running, ArgoCD)
    prod.running.find_environments(NAMESPACE)


def reconcile(prod: Site) -> None:
    """Have Flux compare the cluster with Git now."""
    asked = f"reconcile.fluxcd.io/requestedAt={time.time_ns()}"
    kind, *place = KUSTOMIZATION
    prod.plane.kubectl("annotate", kind, NAMESPACE, *place, "--overwrite", asked)


@pytest.mark.proves("X", "E05")
@pytest.mark.proves("G", "E05")
def test_handover(prod: Site) -> None:
    """E05: each tool goes on until it lets go of all, deletes none of it, and comes not back."""
    before = uids(prod)
    assert len(before) >= 8
    prod.plane.kubectl("delete", "applications.argoproj.io", APPLICATION, "-n", "argocd")
    eventually(lambda: applications(prod), 30, "it comes back while Git names it")

    synced_by(prod, "flux")
    stays(lambda: (applications(prod), uids(prod)), 5)
    assert applications(prod) == []
    assert uids(prod) == before
    prod.fcgitops("bootstrap", ENVIRONMENT, "--yes")
    wanted = git(prod.repository, "rev-parse", "HEAD")
    eventually(
        lambda: (
            prod.plane.get(*KUSTOMIZATION)[0].get("status", {}).get("lastAppliedRevision", "")
            == f"main@sha1:{wanted}"
        ) or fail(prod.plane.get(*KUSTOMIZATION)),
        60, "Flux has applied it",
    )  # fmt: skip
    assert uids(prod) == before

    synced_by(prod, "argocd")
    assert prod.plane.get(*KUSTOMIZATION) == []
    refresh(prod)
    eventually(lambda: applications(prod) == [APPLICATION] or fail("none"), 60, "it is back")
    eventually(
        lambda: prod.status().get("sync", {}).get("status") == "Synced" or fail(prod.status()),
        60, "Argo CD has taken it over",
    )  # fmt: skip
    assert uids(prod) == before
