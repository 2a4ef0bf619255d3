"""A commit whose StatefulSet the API server refuses takes nothing from the one that runs.

With Argo CD, which prunes before it applies, the configuration of the same commit would otherwise
take away the ConfigMap that the StatefulSet still mounts.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fcgitops.manifests.retired import KEPT
from gitenv import git
from testbed.controlplane import control_plane
from testbed.programs import eventually
from testbed.site import APPLICATION, ENVIRONMENT, NAMESPACE, Site, fail, site

pytestmark = pytest.mark.cluster

PATIENCE = 180
"""Seconds, for a machine with much else to do."""
IMMUTABLE = """\
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
patches:
- target: {kind: StatefulSet, name: frameworkcontroller}
  patch: |-
    - op: replace
      path: /spec/podManagementPolicy
      value: OrderedReady
"""


@pytest.fixture(scope="module", params=["argocd", "flux"])
def prod(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """An environment that the tool has applied."""
    folder = tmp_path_factory.mktemp(request.param)
    with (
        control_plane(tmp_path_factory.mktemp("plane")) as plane,
        site(request.param, plane, folder) as prod,
    ):
        prod.fcgitops("bootstrap", ENVIRONMENT, "--yes")
        if prod.tool == "argocd":
            names = ("get", "applications.argoproj.io", APPLICATION, "-n", "argocd")
            eventually(lambda: plane.kubectl(*names), PATIENCE, "the Application is generated")
        prod.wait_for(git(prod.repository, "rev-parse", "HEAD"), PATIENCE)
        yield prod


def configurations(prod: Site) -> set[str]:
    """The names of the ConfigMaps of configurations that are on the cluster."""
    found = prod.plane.get("configmaps", "-n", NAMESPACE)
    names = {o["metadata"]["name"] for o in found}
    return {name for name in names if name.startswith("frameworkcontroller-config-")}


def pod(prod: Site) -> dict[str, str]:
    """Uid, phase and mounted ConfigMap of the controller's Pod; empty while there is none."""
    found = prod.plane.get("pods", "-n", NAMESPACE, "-l", "app=frameworkcontroller")
    return {
        key: value
        for o in found
        for key, value in (
            ("uid", o["metadata"]["uid"]),
            ("phase", o["status"].get("phase", "")),
            *(("config", v["configMap"]["name"]) for v in o["spec"]["volumes"] if "configMap" in v),
        )
    }


@pytest.mark.proves("X", "C03")
@pytest.mark.proves("G", "C03")
def test_what_runs_keeps_its_configuration(prod: Site) -> None:
    """Refused, deleted, back with what it had; the revert is applied, and all is in line."""
    old, before = prod.config_map(), pod(prod)
    local = f"overlays/{ENVIRONMENT}/local/kustomization.yaml"
    (prod.repository / local).write_text(IMMUTABLE)
    git(prod.repository, "commit", "-qam", "An immutable field")
    prod.fcgitops("overlay", ENVIRONMENT, "--set", "workerNumber=901")
    assert "C03" not in prod.foretold()
    git(prod.repository, "reset", "-q", "--soft", "HEAD~2")
    git(prod.repository, "commit", "-qm", "Both in one commit")
    assert "C03" in prod.foretold()
    assert "C25" not in prod.foretold()  # what is mounted is kept
    refused = prod.push()
    eventually(
        lambda: "updates to statefulset spec" in prod.complaint(refused) or fail(prod.status()),
        PATIENCE, "the StatefulSet is refused",
    )  # fmt: skip
    assert prod.config_map() == old
    prod.plane.kubectl("delete", "pod", f"{NAMESPACE}-0", "-n", NAMESPACE, "--wait=false")
    eventually(
        lambda: {**pod(prod), "uid": ""} == {"uid": "", "phase": "Running", "config": old}
        and pod(prod)["uid"] != before["uid"],
        PATIENCE, "another Pod runs",
    )  # fmt: skip
    assert old in configurations(prod)  # what a kubelet waits for

    git(prod.repository, "revert", "--no-edit", "HEAD")
    prod.wait_for(prod.push(), PATIENCE)
    assert prod.config_map() == old
    assert pod(prod)["config"] == old


def test_former_configurations_do_not_pile_up(prod: Site) -> None:
    """The last few stay with Argo CD, none with Flux, however often it changes."""
    names = []
    for number in range(910, 910 + 2 * KEPT + 2):
        prod.fcgitops("overlay", ENVIRONMENT, "--set", f"workerNumber={number}")
        prod.wait_for(prod.push(), PATIENCE)
        names.append(prod.config_map())
    last = names[-KEPT - 2 :] if prod.tool == "argocd" else names[-1:]
    ours = lambda: configurations(prod) & {*names}  # noqa: E731
    eventually(lambda: ours() == {*last} or fail(ours()), PATIENCE, "the older ones are pruned")
    assert len(configurations(prod)) <= KEPT + 4
