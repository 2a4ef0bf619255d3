"""What `diff` says of FrameworkController's Pod, seen with a real kubelet in a kind cluster.

An environment runs; a patch of its Pod is committed, foretold and applied, and what the kubelet
makes of it is what was foretold. A patch close to it is not foretold, and the Pod runs with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from fcgitops.trial.cluster import Cluster
from gitenv import git, write
from testbed.deployed import ENVIRONMENT, NAME, Deployed
from testbed.programs import eventually, stays
from testbed.site import COMPONENT, fcgitops

pytestmark = pytest.mark.kind

CONTAINER = "/spec/template/spec/containers/0"
Operation = dict[str, Any]


@pytest.fixture(scope="module")
def prod(
    kind_cluster: Cluster,
    kind_images: list[tuple[str, str]],
    task_image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Deployed]:
    """An environment that runs; nothing of it is left afterwards."""
    folder = tmp_path_factory.mktemp("kubelet")
    root = folder / "deploy"
    fcgitops(folder, "new", root, "--no-input", "--profile", "hardened",
             "--env", f"{ENVIRONMENT}=customized-config")  # fmt: skip
    loaded = frozenset(there for _, there in kind_images)
    prod = Deployed(kind_cluster, root, "hardened", loaded, task_image)
    prod.sync()
    prod.wait()
    yield prod
    prod.trial().remove()


@pytest.fixture(autouse=True)
def as_it_was(prod: Deployed) -> Iterator[None]:
    """Each test begins and ends with the environment as it was made."""
    yield
    patched(prod)
    prod.wait()


def patched(prod: Deployed, *operations: Operation) -> dict[str, str]:
    """Commit and apply a patch of the StatefulSet instead of the former one; what was foretold."""
    patches = []
    if operations:
        target = {"kind": "StatefulSet", "name": NAME}
        patches = [{"target": target, "patch": yaml.safe_dump([*operations])}]
    text = COMPONENT + yaml.safe_dump({"resources": [], "patches": patches})
    write(prod.repository, {f"overlays/{ENVIRONMENT}/local/kustomization.yaml": text})
    git(prod.repository, "commit", "-qam", "Patch the Pod", "--allow-empty")
    command = ("-C", prod.repository, "diff", "HEAD~1", "--format", "json")
    said, _ = fcgitops(prod.repository.parent, *command)
    prod.sync()
    effects = [e for one in json.loads(said)["environments"] for e in one["effects"]]
    return {effect["id"]: effect["says"] for effect in effects}


def adds(field: str, value: object) -> Operation:
    """An operation that sets a field of FrameworkController's container, or appends to a list."""
    return {"op": "add", "path": f"{CONTAINER}/{field}", "value": value}


def status(prod: Deployed) -> dict[str, Any]:
    """What the kubelet says of FrameworkController's container."""
    found: list[dict[str, Any]] = prod.pod().get("status", {}).get("containerStatuses") or [{}]
    return found[0]


def events(prod: Deployed) -> str:
    """What happened to the Pod, in the kubelet's words."""
    about = f"--field-selector=involvedObject.uid={prod.pod()['metadata']['uid']}"
    return "\n".join(f"{e['reason']}: {e['message']}" for e in prod.get("events", about) or [])


def mounted(**more: object) -> list[Operation]:
    """Operations that mount a Secret."""
    secret = {"secretName": "certificate", **more}
    return [
        {"op": "add", "path": "/spec/template/spec/volumes/-",
         "value": {"name": "certificate", "secret": secret}},
        adds("volumeMounts/-", {"name": "certificate", "mountPath": "/certificate"}),
    ]  # fmt: skip


def variable(**more: object) -> Operation:
    """An operation that takes a variable from a Secret."""
    reference = {"name": "certificate", "key": "one", **more}
    return adds("env", [{"name": "CERTIFICATE", "valueFrom": {"secretKeyRef": reference}}])


@pytest.mark.proves("L", "C16")
@pytest.mark.parametrize(
    ("needs", "can_do_without", "reason"),
    [
        (mounted(), mounted(optional=True), "FailedMount"),
        ([variable()], [variable(optional=True)], "CreateContainerConfigError"),
    ],
)
def test_without_what_it_needs_the_pod_waits(
    prod: Deployed, needs: list[Operation], can_do_without: list[Operation], reason: str
) -> None:
    """C16: until it is there, as what is to be typed says; not for what is optional."""
    assert "C16" not in patched(prod, *can_do_without)
    prod.wait()
    assert reason in patched(prod, *needs)["C16"]
    said = lambda: f"{events(prod)}\n{json.dumps(status(prod))}"  # noqa: E731
    eventually(lambda: reason in said() and "certificate" in said(), 90, reason)
    assert not status(prod).get("started")
    place = ("--namespace", prod.namespace)
    secret = ("secret", "generic", "certificate", "--from-literal=one=1")
    prod.cluster.kubectl.output("create", *secret, *place)
    prod.cluster.kubectl.output("get", "secret", "certificate", *place)
    eventually(lambda: status(prod).get("ready"), 150, "the Pod starts")
    prod.cluster.kubectl.output("delete", "secret", "certificate", *place)


def limited(memory: str) -> list[Operation]:
    """Operations that set a memory limit, and the request, which is no higher."""
    return [
        {"op": "replace", "path": f"{CONTAINER}/resources/{each}/memory", "value": memory}
        for each in ("limits", "requests")
    ]


@pytest.mark.proves("L", "C22")
def test_above_its_memory_limit_it_is_killed(prod: Deployed) -> None:
    """C22: by ConfigMaps that are none of its own, in whatever namespace; with more it goes on."""
    assert "C22" not in patched(prod, *limited("2Gi"))
    prod.wait()
    assert "C22" in patched(prod, *limited("64Mi"))
    prod.wait()
    stays(prod.restarts, 3)
    assert prod.restarts() == 0
    big = [
        {"apiVersion": "v1", "kind": "ConfigMap", "data": {"x": "x" * 900_000},
         "metadata": {"name": f"big-{number}", "namespace": "default", "labels": {"big": "yes"}}}
        for number in range(90)  # 81 MB
    ]  # fmt: skip
    items = {"apiVersion": "v1", "kind": "List", "items": big}
    prod.cluster.kubectl.apply(json.dumps(items).encode())
    eventually(lambda: prod.restarts() >= 1, 60, "it is killed")
    killed = status(prod)["lastState"]["terminated"]["reason"]
    assert killed == "OOMKilled"
    assert "C22" not in patched(prod, *limited("2Gi"))
    prod.wait()
    stays(prod.restarts, 3)
    assert prod.restarts() == 0
    prod.cluster.kubectl.output("delete", "configmaps", "-n", "default", "-l", "big")


OFTEN = {"periodSeconds": 1, "failureThreshold": 1}
A_PORT, A_COMMAND = {"tcpSocket": {"port": 80}}, {"exec": {"command": ["true"]}}


@pytest.mark.proves("L", "C27")
def test_a_probe_of_a_port_ends_it_again_and_again(prod: Deployed) -> None:
    """C27: nobody answers; a probe that runs a command lets it be."""
    assert "C27" not in patched(prod, adds("livenessProbe", A_COMMAND | OFTEN))
    prod.wait()
    stays(prod.restarts, 5)
    assert prod.restarts() == 0
    told = patched(prod, adds("livenessProbe", A_PORT | OFTEN))
    assert "livenessProbe asks a port" in told["C27"]
    eventually(lambda: prod.restarts() >= 2, 60, "it is started again")
    assert "Liveness probe failed" in events(prod)
    assert "connection refused" in events(prod)


@pytest.mark.proves("L", "C27")
def test_with_a_readiness_probe_of_a_port_it_works_and_is_never_ready(prod: Deployed) -> None:
    """C27: the roll-out does not end, and FrameworkController does its work."""
    assert "never ready" in patched(prod, adds("readinessProbe", A_PORT | OFTEN))["C27"]
    words = "Running frameworkcontroller with "
    eventually(lambda: status(prod).get("started") and words in prod.log(), 60, words)
    assert prod.roll_out_status(5).status != 0
    assert (prod.restarts(), status(prod)["ready"]) == (0, False)
