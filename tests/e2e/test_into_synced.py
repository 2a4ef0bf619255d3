"""Real Argo CD and real Flux sync a folder of a bigger repository, and on after `eject`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from gitenv import git, write
from testbed.controlplane import control_plane
from testbed.programs import eventually, stays
from testbed.site import APPLICATION, ENVIRONMENT, NAMESPACE, Site, site

pytestmark = pytest.mark.cluster

PATH = "infrastructure/frameworkcontroller"


@pytest.fixture(scope="module", params=["argocd", "flux"])
def prod(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The environment prod, in a folder, whose cluster the tool was pointed at."""
    folder = tmp_path_factory.mktemp(request.param)
    with (
        control_plane(tmp_path_factory.mktemp("plane")) as plane,
        site(request.param, plane, folder, path=PATH) as prod,
    ):
        prod.fcgitops("bootstrap", ENVIRONMENT, "--yes")
        if prod.tool == "argocd":
            names = ("get", "applications.argoproj.io", APPLICATION, "-n", "argocd")
            eventually(lambda: plane.kubectl(*names), 60, "the Application is generated")
        yield prod


def test_the_folder_is_synced(prod: Site) -> None:
    """What stands elsewhere in the repository, called alike, is not."""
    prod.wait_for(git(prod.repository, "rev-parse", "HEAD"), 90)
    pod = prod.plane.get("pod", f"{NAMESPACE}-0", "-n", NAMESPACE)
    assert pod["status"]["phase"] == "Running"
    assert not prod.plane.kubectl("get", "configmaps", "-A", "--field-selector",
                                  "metadata.name=not-ours", "-o", "name")  # fmt: skip
    if prod.tool == "argocd":
        found = prod.plane.kubectl("get", "applications.argoproj.io", "-n", "argocd", "-o", "name")
        assert found.split() == [f"application.argoproj.io/{APPLICATION}"]


def test_a_change_arrives(prod: Site) -> None:
    """By a command from the folder; a commit beside it changes nothing."""
    prod.fcgitops("overlay", ENVIRONMENT, "--set", "workerNumber=300")
    prod.wait_for(prod.push())
    assert "workerNumber: 300" in prod.configuration()
    before = prod.versions()
    top = prod.repository.parents[1]
    write(top, {"apps/new.yaml": "kind: None\n"})
    git(top, "add", "-A")
    git(top, "commit", "-qm", "Beside it")
    prod.push()
    stays(lambda: prod.versions() == before, 15)


def test_ejected_it_is_synced_on(prod: Site) -> None:
    """Nothing on the cluster differs, and the next edit by hand arrives."""
    before = prod.versions()
    prod.fcgitops("eject")
    commit = prod.push()
    prod.wait_for(commit)
    assert prod.versions() == before
    file = prod.repository / f"overlays/{ENVIRONMENT}/frameworkcontroller.yaml"
    text = file.read_text().replace("workerNumber: 300", "workerNumber: 200")
    prod.commit({f"overlays/{ENVIRONMENT}/frameworkcontroller.yaml": text})
    prod.wait_for(prod.push())
    assert "workerNumber: 200" in prod.configuration()
