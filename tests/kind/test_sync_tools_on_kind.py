"""Real Argo CD and real Flux on a real kubelet: what they call healthy is what runs."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from fcgitops.model.framework import CRD
from fcgitops.trial.cluster import Cluster
from gitenv import git
from testbed.kindplane import KindPlane, plane_of
from testbed.programs import eventually
from testbed.site import ENVIRONMENT, NAMESPACE, Site, site

pytestmark = pytest.mark.kind

CONFIG = f"overlays/{ENVIRONMENT}/frameworkcontroller.yaml"
WATCHED = 40
"""Seconds for which the tool must not be taken in: a few rounds of a crash loop."""


@pytest.fixture(scope="module")
def plane(kind_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> KindPlane:
    """The cluster, for both."""
    return plane_of(kind_cluster, tmp_path_factory.mktemp("plane"))


@pytest.fixture(scope="module", params=["argocd", "flux"])
def prod(
    request: pytest.FixtureRequest, plane: KindPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The environment prod, synced and healthy; nothing of it is left afterwards."""
    with site(request.param, plane, tmp_path_factory.mktemp(request.param)) as prod:
        prod.fcgitops("bootstrap", ENVIRONMENT, "--yes")
        commit = git(prod.repository, "rev-parse", "HEAD")
        eventually(lambda: prod.applied(commit), 120, "it is synced and healthy")
        yield prod
    for left in (f"namespace/{NAMESPACE}", f"clusterrole/{NAMESPACE}",
                 f"clusterrolebinding/{NAMESPACE}", f"crd/{CRD}"):  # fmt: skip
        plane.kubectl("delete", left)


def test_a_panic_is_not_healthy_and_its_revert_is(prod: Site) -> None:
    """A configuration with which FrameworkController panics is applied, but never called healthy.

    `git revert` and a push bring the cluster back, without a hand on it.
    """
    before = _config(prod)
    text = (prod.repository / CONFIG).read_text(encoding="utf-8")
    prod.commit({CONFIG: text.replace("workerNumber: 500\n", "workerNumber: 0\n")}, "Panic")
    broken = prod.push()
    eventually(lambda: _config(prod) != before, 60, "it is applied")
    start = time.monotonic()
    while time.monotonic() - start < WATCHED:
        assert not prod.applied(broken), prod.status()
        time.sleep(0.3)
    pod = prod.plane.get("pod", f"{NAMESPACE}-0", "-n", NAMESPACE)
    assert pod["status"]["containerStatuses"][0]["restartCount"] >= 1
    git(prod.repository, "revert", "--no-edit", "HEAD")
    start = time.monotonic()
    fixed = prod.push()
    eventually(lambda: prod.applied(fixed), 240, "it is healthy again")
    print(f"{prod.tool}: healthy {time.monotonic() - start:.0f} s after the push of the revert")
    assert _config(prod) == before
    log = prod.plane.kubectl("logs", f"{NAMESPACE}-0", "-n", NAMESPACE)
    assert "Running frameworkcontroller with 500 workers" in log


def _config(prod: Site) -> str:
    """The ConfigMap that the StatefulSet mounts, by its name, which has a hash."""
    return prod.config_map()
