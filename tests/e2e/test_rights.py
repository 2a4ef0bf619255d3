"""FrameworkController gets by with just the rights that the repository gives it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yamls
from testbed.controller import JOBS, framework, framework_controller
from testbed.controlplane import ControlPlane, control_plane
from testbed.programs import eventually
from testbed.site import CILIUM, NAMESPACE, fcgitops

pytestmark = pytest.mark.cluster

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
CRD = GOLDEN / "hardened" / "repository" / "components" / "crd" / "crd.yaml"
"""There from the start: the garbage collector looks for new kinds only every 30 s."""
USER = f"system:serviceaccount:{NAMESPACE}:{NAMESPACE}"

NOT_SEEN = {
    ("frameworks/finalizers", "update"): "asked by the admission plugin "
    "OwnerReferencesPermissionEnforcement, which the API server's log does not show",
    ("configmaps/finalizers", "update"): "the same, when a Pod's owner is its ConfigMap",
    (
        "customresourcedefinitions",
        "create",
    ): "at the first start on a cluster; here the CRD is there, "
    "and the tests of Argo CD and Flux start without it",
    ("configmaps", "get"): "FrameworkController asks past its cache when it is not sure that a "
    "ConfigMap is gone",
    ("pods", "get"): "the same of a Pod",
    ("frameworks", "get"): "the same of a Framework",
}
"""Rights that stay though no run here used them, and why."""


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A cluster on which nothing has been applied yet."""
    with control_plane(tmp_path_factory.mktemp("plane"), crds=CRD.read_text()) as plane:
        yield plane


def apply_environment(plane: ControlPlane, folder: Path) -> None:
    """An environment of the profile `hardened`, and a namespace for Frameworks."""
    fcgitops(folder, "new", folder / "deploy", "--no-input", "--env", "prod=customized-config")
    built, _ = fcgitops(folder, "-C", folder / "deploy", "build", "prod")
    plane.apply(built, "--server-side")
    plane.kubectl("create", "namespace", JOBS)


def pods_of(plane: ControlPlane, name: str) -> list[str]:
    """The Framework's Pods that run."""
    found = plane.get("pods", "-n", JOBS, "-l", f"FC_FRAMEWORK_NAME={name}")
    return [p["metadata"]["name"] for p in found if p["status"].get("phase") == "Running"]


def running_pod(plane: ControlPlane, name: str) -> str:
    """The one Pod of a Framework, once it runs."""
    (pod,) = eventually(lambda: pods_of(plane, name) or missing(name), 30, f"{name} has a Pod")
    return pod


def missing(what: object) -> Any:
    raise AssertionError(f"not yet: {what}")


def state(plane: ControlPlane, name: str) -> tuple[str, str]:
    """The Framework's state, and how it ended."""
    status = plane.get("framework", name, "-n", JOBS).get("status") or {}
    ended = (status.get("attemptStatus", {}).get("completionStatus") or {}).get("type", {})
    return status.get("state", ""), ended.get("name", "")


def completes(plane: ControlPlane, name: str, how: str) -> None:
    """Wait until the Framework has ended so."""
    eventually(
        lambda: state(plane, name) == ("Completed", how) or missing(state(plane, name)),
        30, f"{name} has {how}",
    )  # fmt: skip


def test_every_rendered_object_is_accepted(plane: ControlPlane) -> None:
    """The API server takes each object of each golden repository."""
    plane.establish(CILIUM)
    seen = 0
    for rendered in sorted(GOLDEN.glob("*/rendered/*.yaml")):
        objects = yamls.load_all(rendered.read_text())
        namespaces = {o["metadata"].get("namespace", "default") for o in objects}
        known = plane.kubectl("get", "namespaces", "-o", "name").split()
        for namespace in namespaces - {name.partition("/")[2] for name in known}:
            plane.kubectl("create", "namespace", namespace)
        arguments = ("--server-side", "--dry-run=server", "--force-conflicts")
        answer = plane.apply(rendered.read_text(), *arguments)
        assert answer.count("serverside-applied (server dry run)") == len(objects), rendered
        seen += len(objects)
    assert seen > 50


def test_rights(plane: ControlPlane, tmp_path: Path) -> None:
    """Through create, success, failure, retry, stop, deletion and restart: no 403, none unused."""
    apply_environment(plane, tmp_path)
    config = "frameworkCompletedRetainSec: 4\nkubeClientQps: 200\n"
    with framework_controller(plane, config=config):
        for name, retries in (("good", 0), ("bad", 0), ("again", 1), ("stopped", 0)):
            plane.apply(framework(name, retries))
        plane.finish(running_pod(plane, "good"), JOBS)
        completes(plane, "good", "Succeeded")
        plane.finish(running_pod(plane, "bad"), JOBS, exit_code=1)
        completes(plane, "bad", "Failed")
        first = running_pod(plane, "again")
        uid = plane.get("pod", first, "-n", JOBS)["metadata"]["uid"]
        plane.finish(first, JOBS, exit_code=1)
        eventually(
            lambda: (
                pods_of(plane, "again")
                and plane.get("pod", first, "-n", JOBS)["metadata"]["uid"] != uid
            ) or missing("a second attempt"),
            30, "it is tried again",
        )  # fmt: skip
        plane.finish(running_pod(plane, "again"), JOBS)
        completes(plane, "again", "Succeeded")
        running_pod(plane, "stopped")
        stop = '--patch={"spec":{"executionType":"Stop"}}'
        plane.kubectl("patch", "framework", "stopped", "-n", JOBS, "--type=merge", stop)
        left = ("get", "frameworks", "-n", JOBS, "-o", "name")
        eventually(lambda: not plane.kubectl(*left) or missing(left), 60, "all are deleted again")
    with framework_controller(plane, config=config):
        plane.apply(framework("later"))
        running_pod(plane, "later")
        eventually(lambda: state(plane, "later")[0] == "AttemptRunning", 30, "it has seen that")
    requests = plane.audit(user=USER)
    assert [request for request in requests if request["code"] == 403] == []
    used = {(request["resource"], request["verb"]) for request in requests}
    granted = {
        (resource, verb)
        for rule in plane.get("clusterrole", NAMESPACE)["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert granted - used == set(NOT_SEEN) - used
    assert "customresourcedefinitions" in {resource for resource, _ in used}
