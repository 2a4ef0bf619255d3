"""What is printed to be typed, typed at once after the push, as it stands, while others go on.

Argo CD remembers Git for as long as by default, and whatever applies the entry points themselves
is asked to apply what it has fetched, again and again: nothing that was typed away comes back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from gitenv import git
from test_rights import CRD
from testbed.controlplane import ControlPlane, control_plane
from testbed.flux import gotk
from testbed.programs import eventually, stays
from testbed.site import ENVIRONMENT, NAMESPACE, OTHER, Site, fail, site

pytestmark = pytest.mark.cluster

FLUX = ("-n", "flux-system")
KUSTOMIZATIONS = "kustomizations.kustomize.toolkit.fluxcd.io"
APPLICATIONS = "applications.argoproj.io"


def names(plane: ControlPlane, kind: str, *place: str) -> set[str]:
    """Of the objects of a kind."""
    return {o["metadata"]["name"] for o in plane.get(kind, *place)}


def left(plane: ControlPlane) -> dict[str, str]:
    """KIND/NAME → uid of what FrameworkController has on a cluster, its Namespace aside."""
    kinds = "statefulsets,services,configmaps,serviceaccounts,networkpolicies"
    found = plane.get(f"{kinds},clusterroles,clusterrolebindings", "-n", NAMESPACE)
    return {
        f"{o['kind']}/{o['metadata']['name']}": o["metadata"]["uid"]
        for o in found
        if o["metadata"]["name"].startswith(NAMESPACE)
        and not o["metadata"]["name"].endswith("-flux")
    }


@contextmanager
def again_and_again(plane: ControlPlane, *target: str) -> Iterator[None]:
    """Somebody has Flux apply what it has fetched, several times a second."""
    ended = threading.Event()

    def ask() -> None:
        while not ended.wait(0.2):
            asked = f"reconcile.fluxcd.io/requestedAt={time.time_ns()}"
            plane.kubectl("annotate", *target, *FLUX, "--overwrite", asked)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def pushed(prod: Site) -> str:
    """Pushed, and nobody tells the tool."""
    git(prod.repository, "push", "-q", "origin", "HEAD:main")
    return git(prod.repository, "rev-parse", "HEAD")


@pytest.fixture
def argo(tmp_path: Path) -> Iterator[Site]:
    """Argo CD has applied prod; it knows another cluster, too."""
    (tmp_path / "site").mkdir()
    with (
        control_plane(tmp_path / "plane", crds=CRD.read_text()) as plane,
        control_plane(tmp_path / "other") as other,
        site("argocd", plane, tmp_path / "site", other=other, remembers="3m") as prod,
    ):
        prod.fcgitops("bootstrap", ENVIRONMENT, "--yes")
        eventually(lambda: names(plane, APPLICATIONS, "-n", "argocd"), 90, "an Application")
        prod.wait_for(git(prod.repository, "rev-parse", "HEAD"), 120)
        yield prod


def applications(prod: Site) -> set[str]:
    """The Applications by name."""
    return names(prod.plane, APPLICATIONS, "-n", "argocd")


def test_argo_cd_is_told_amid_a_sync(argo: Site) -> None:
    """A change is being synced when the environment is removed: what was typed away stays so."""
    argo.fcgitops("overlay", ENVIRONMENT, "--set", "workerNumber=777", "--set", "labels={team: a}")
    argo.push()
    _, said = argo.fcgitops("remove", ENVIRONMENT)
    pushed(argo)
    assert argo.type(said)
    stays(lambda: (applications(argo), left(argo.plane)), 8)
    assert (applications(argo), left(argo.plane)) == (set(), {})


def test_argo_cd_leaves_a_cluster(argo: Site) -> None:
    """What is deleted on the cluster that is left is not healed by who has not seen the commit."""
    there = argo.other
    assert there
    _, said = argo.fcgitops("overlay", ENVIRONMENT, "--cluster", OTHER)
    pushed(argo)
    assert argo.type(said)
    stays(lambda: left(argo.plane), 8)
    assert left(argo.plane) == {}
    eventually(lambda: left(there) or fail("nothing"), 120, "it is on the other one")


@pytest.fixture
def flux(tmp_path: Path) -> Iterator[Site]:
    """Flux's own bootstrap has applied prod's entry points, and with them prod."""
    (tmp_path / "site").mkdir()
    with (
        control_plane(tmp_path / "plane", crds=CRD.read_text()) as plane,
        site("flux", plane, tmp_path / "site", "--gitops", "both") as prod,
    ):
        files = gotk(prod.server.url, f"clusters/flux/{ENVIRONMENT}")
        prod.commit(files, "Add Flux sync manifests")
        prod.fcgitops("overlay", ENVIRONMENT, "--set", "sync=flux")
        pushed(prod)
        sync = files[f"clusters/flux/{ENVIRONMENT}/flux-system/gotk-sync.yaml"]
        plane.apply(sync.replace("interval: 5s", "interval: 20s"), "--server-side")
        eventually(lambda: left(plane) or fail("nothing"), 120, "prod is applied")
        yield prod


def state(prod: Site) -> tuple[set[str], dict[str, str]]:
    """The Kustomizations, and what they have put on the cluster."""
    return names(prod.plane, KUSTOMIZATIONS, *FLUX), left(prod.plane)


def test_flux_is_told_before_its_own_bootstrap_has_seen_it(flux: Site) -> None:
    """The Kustomization that applies the entry points makes none of them anew."""
    _, said = flux.fcgitops("remove", ENVIRONMENT)
    with again_and_again(flux.plane, KUSTOMIZATIONS, "flux-system"):
        pushed(flux)
        assert flux.type(said)
        stays(lambda: state(flux), 8)
    assert state(flux) == ({"flux-system"}, {})


def test_flux_hands_over_before_its_own_bootstrap_has_seen_it(flux: Site) -> None:
    """Nor does it have the Kustomization prune again, which would take all off the cluster."""
    before = left(flux.plane)
    _, said = flux.fcgitops("overlay", ENVIRONMENT, "--set", "sync=argocd")
    with again_and_again(flux.plane, KUSTOMIZATIONS, "flux-system"):
        pushed(flux)
        assert flux.type(said.partition("# 5. ")[0])
        stays(lambda: state(flux), 8)
    assert state(flux) == ({"flux-system"}, before)
