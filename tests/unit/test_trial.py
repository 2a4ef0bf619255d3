"""What is read off a StatefulSet, its Pods and a Framework."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from fcgitops.core.errors import FoundError
from fcgitops.trial.fit import Fitted
from fcgitops.trial.steps import Steps
from fcgitops.trial.trial import Trial, complaint, framework, outcome, rolled_out


def stateful_set(generation: int = 2, replicas: int = 1, **status: int) -> dict[str, Any]:
    """One of the given status."""
    return {
        "metadata": {"generation": generation},
        "spec": {"replicas": replicas},
        "status": status,
    }


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        (stateful_set(observedGeneration=2, readyReplicas=1, updatedReplicas=1), True),
        (stateful_set(observedGeneration=1, readyReplicas=1, updatedReplicas=1), False),
        (stateful_set(observedGeneration=2, readyReplicas=1), False),
        (stateful_set(observedGeneration=2, updatedReplicas=1), False),
        (stateful_set(), False),
        ({"metadata": {"generation": 1}, "spec": {}}, False),
        (None, False),
    ],
)
def test_rolled_out(live: dict[str, Any] | None, expected: bool) -> None:
    """Seen by its controller, with a ready Pod of the newest revision."""
    assert rolled_out(live) is expected


def pod(**status: Any) -> dict[str, Any]:
    """A Pod of the given status."""
    return {"metadata": {"name": "fc-0"}, "status": status}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    """A Pod whose container waits."""
    state = {"waiting": {"reason": reason, "message": message}}
    return pod(containerStatuses=[{"state": state}])


@pytest.mark.parametrize(
    ("pods", "expected"),
    [
        ([], "there is no Pod"),
        (None, "there is no Pod"),
        ([pod()], ""),
        ([waiting("ContainerCreating")], ""),
        ([pod(containerStatuses=[{"state": {"running": {}}}])], ""),
        ([waiting("ErrImagePull", "no such host ")], "Pod fc-0: ErrImagePull: no such host"),
        ([pod(), waiting("CrashLoopBackOff")], "Pod fc-0: CrashLoopBackOff"),
        (
            [pod(conditions=[{"type": "PodScheduled", "status": "False", "message": "no node"}])],
            "Pod fc-0: no node",
        ),
        (
            [pod(conditions=[{"type": "PodScheduled", "status": "False", "reason": "Gated"}])],
            "Pod fc-0: Gated",
        ),
    ],
)
def test_complaint(pods: list[dict[str, Any]] | None, expected: str) -> None:
    """What is wrong, in Kubernetes' words; nothing while there is only something to wait for."""
    assert complaint(pods) == expected


def test_no_pod_may_be_right() -> None:
    """Of a Framework that has not been seen yet."""
    assert complaint([], needed=False) == ""


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        (None, ("", "")),
        ({"status": None}, ("", "")),
        ({"status": {"state": "AttemptRunning", "attemptStatus": {"completionStatus": None}}},
         ("AttemptRunning", "")),
        ({"status": {"state": "Completed",
                     "attemptStatus": {"completionStatus": {"type": {"name": "Failed"}}}}},
         ("Completed", "Failed")),
    ],
)  # fmt: skip
def test_outcome(live: dict[str, Any] | None, expected: tuple[str, str]) -> None:
    """The state, and how it ended once it has."""
    assert outcome(live) == expected


def test_a_framework_that_is_held_stays_until_it_is_let_go() -> None:
    """Its retention may be no time at all."""
    assert "finalizers" not in framework("a", "busybox")["metadata"]
    assert framework("a", "busybox", hold=True)["metadata"]["finalizers"]


def test_the_framework_of_another_environment_is_not_taken_for_this_ones() -> None:
    """One that was left has completed, whatever this environment does."""
    established = {"status": {"conditions": [{"type": "Established", "status": "True"}]}}
    applied: list[tuple[str, ...]] = []
    kubectl = SimpleNamespace(
        get=lambda kind, *_: established if kind == "crd" else {"status": {"state": "Completed"}},
        apply=lambda *arguments: applied.append(arguments),
    )
    cluster: Any = SimpleNamespace(kubectl=kubectl)
    controller = {"kind": "StatefulSet", "metadata": {"name": "frameworkcontroller"}}

    with pytest.raises(FoundError, match="prod: a Framework hello is there already"):
        Trial(cluster, "prod", Fitted([controller]), Steps()).submit("busybox")

    assert applied == []
