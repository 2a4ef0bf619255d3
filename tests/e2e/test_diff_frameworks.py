"""What `diff` says of Frameworks: who fights over them, how they are stored, who asks for what."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from diff_edits import second, sets, setting
from test_diff_controller import ACCOUNT, KEPT, nothing_left, plane, sides
from test_rights import USER, completes, pods_of, running_pod, state
from testbed.controller import JOBS, framework, framework_controller
from testbed.controlplane import ControlPlane
from testbed.programs import eventually, stays

pytestmark = pytest.mark.cluster
__all__ = ["nothing_left", "plane"]
FRAMEWORKS = "/apis/frameworkcontroller.microsoft.com/v1/namespaces/{}/frameworks/{}"


def deleted(plane: ControlPlane) -> int:
    """How many Pods FrameworkController has deleted, or ConfigMaps, whose Pods go with them."""
    found = [plane.audit(user=USER, resource=r, verb="delete") for r in ("pods", "configmaps")]
    return sum(map(len, found))


@pytest.mark.proves("F", "C07 C28")
def test_two_of_it_delete_each_other_s_pods(plane: ControlPlane) -> None:
    """C07, C28: what one has made the other takes for nobody's; one alone deletes nothing."""
    config, _, said = sides(sets("spec.replicas", 2))
    assert "C07" in said
    assert "C07" not in sides(sets("spec.replicas", 1), sets("spec.replicas", 0))[2]
    assert "C28" in sides(second("Deployment"))[2]
    assert "C28" not in sides(second("Deployment", replicas=0))[2]
    with framework_controller(plane, config=config):
        plane.apply(framework("alone"))
        running_pod(plane, "alone")
        eventually(lambda: state(plane, "alone")[0] == "AttemptRunning", 30, "it has seen that")
        before = deleted(plane)
        stays(lambda: deleted(plane), 2)
        numbers = itertools.count()
        with framework_controller(plane, config=config):

            def met() -> bool:
                """Whether the two have met: of several at once, one is likely to be in time."""
                several = [framework(f"both{next(numbers)}") for _ in range(10)]
                plane.apply("---\n".join(several))
                return deleted(plane) > before

            eventually(met, 60, "one deletes what the other has made", interval=1)


@pytest.mark.proves("F", "N11")
def test_it_asks_for_no_service(plane: ControlPlane) -> None:
    """N11: without its own one a Framework runs to its end as with it."""
    config, _, said = sides(lambda r: r.drop("Service"))
    assert "N11" in said
    assert "N11" not in sides(setting(workerNumber=77))[2]
    namespace, name = ACCOUNT.split("/")
    with framework_controller(plane, config=config):
        plane.kubectl("delete", "service", name, "-n", namespace)
        plane.apply(framework("served"))
        plane.finish(running_pod(plane, "served"), JOBS)
        completes(plane, "served", "Succeeded")
    for resource in ("services", "endpoints", "endpointslices"):
        assert plane.audit(user=USER, resource=resource) == []


def two_tasks(name: str) -> str:
    """A Framework that has ended when both of its tasks have."""
    policy = "{minFailedTaskCount: 1, minSucceededTaskCount: 1}"
    return (
        framework(name)
        .replace("taskNumber: 1", "taskNumber: 2")
        .replace(policy, "{minFailedTaskCount: 2, minSucceededTaskCount: -1}")
    )


def fail(plane: ControlPlane, pod: str, size: int) -> None:
    """End a Pod with a message of that many bytes, which its Framework's status has twice."""
    message = {"exitCode": 1, "reason": "Error", "message": "x" * size}
    ended = [{"name": "main", "ready": False, "restartCount": 0, "image": "", "imageID": "",
              "state": {"terminated": message}}]  # fmt: skip
    body = json.dumps({"status": {"phase": "Failed", "containerStatuses": ended}})
    path = f"/api/v1/namespaces/{JOBS}/pods/{pod}/status"
    status, answer = plane.ask("PATCH", path, body, "application/merge-patch+json")
    assert status == 200, answer


def attempt(plane: ControlPlane, name: str) -> dict[str, Any]:
    """What is stored of a Framework's attempt."""
    answer = plane.ask("GET", FRAMEWORKS.format(JOBS, name))[1]
    found: dict[str, Any] = json.loads(answer)["status"]["attemptStatus"]
    return found


def is_packed(plane: ControlPlane, name: str) -> bool:
    """Whether the tasks' statuses are stored compressed, where their readers find nothing."""
    found = attempt(plane, name)
    packed, plain = found.get("taskRoleStatusesCompressed"), found.get("taskRoleStatuses")
    assert bool(packed) is not bool(plain)
    return bool(packed)


PACKING, PLAIN = ({"largeFrameworkCompression": on} for on in (True, False))


@pytest.mark.proves("F", "S14")
def test_big_statuses_are_stored_where_readers_find_nothing(plane: ControlPlane) -> None:
    """S14: from 700 KiB on; a smaller one is stored as it was."""
    before, after, said = sides(setting(**PACKING), lambda r: (KEPT(r), setting(**PLAIN)(r)))
    assert "S14" in said
    for config, name, size, packed in (
        (before, "big", 400_000, False),
        (after, "bigger", 400_000, True),
        (after, "small", 300_000, False),
    ):
        with framework_controller(plane, config=config):
            plane.apply(framework(name))
            fail(plane, running_pod(plane, name), size)
            completes(plane, name, "Failed")
            assert is_packed(plane, name) is packed


def pods(plane: ControlPlane, name: str) -> list[str]:
    """Both Pods of a Framework, once they run and it has seen that."""
    both = eventually(lambda: len(found := pods_of(plane, name)) == 2 and sorted(found), 30, "two")
    assert isinstance(both, list)
    eventually(lambda: state(plane, name)[0] == "AttemptRunning", 30, "it has seen that")
    return both


@pytest.mark.proves("F", "S15")
def test_a_status_that_was_compressed_may_be_too_large_without(plane: ControlPlane) -> None:
    """S15: read it is, but at its next change not written; with compression on it goes on."""
    before, after, said = sides(setting(**PLAIN), lambda r: (KEPT(r), setting(**PACKING)(r)))
    assert "S15" in said
    assert "S15" not in sides(setting(**PACKING), setting(**PLAIN))[2]
    with framework_controller(plane, config=before):
        plane.apply(two_tasks("large"))
        first, second = pods(plane, "large")
        fail(plane, first, 900_000)
        eventually(lambda: is_packed(plane, "large"), 30, "it is compressed")
    with framework_controller(plane, config=after) as started:
        plane.finish(second, JOBS, exit_code=1)
        eventually(lambda: "request is too large" in started.text(), 60, "it is too large")
        stays(lambda: state(plane, "large")[1], 2)
        assert state(plane, "large")[1] == ""
        assert started.alive()
    with framework_controller(plane, config=before):
        completes(plane, "large", "Failed")
