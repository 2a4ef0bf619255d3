"""`make kind-test` in freshly generated repositories, as a user types it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fcgitops.trial.cluster import Cluster, Kind
from testbed.deployed import NAME
from testbed.site import fcgitops

pytestmark = pytest.mark.kind

SECONDS = 90
"""What one environment may take where the images are at hand."""
LIMIT = 600
"""Seconds after which what has not ended hangs."""
KUBECONFIG = "apiVersion: v1\nkind: Config\ncurrent-context: precious\n"
ODD = (
    "nodeSelector={gpu: none}",
    "priorityClassName=high",
    "egress.mode=cidr",
    "egress.endpoints=[{cidr: 192.0.2.1/32, port: 6443}]",
    "apiServer.address=https://192.0.2.1:6443",
    "apiServer.kubeconfigSecret=elsewhere",
    "image.registry=registry.example.com/mirror",
    "components=[crd]",
)
ODDER = (
    "egress.mode=cilium",
    "kubeApiServerAddress=https://192.0.2.1:6443",
    "kubeConfigFilePath=/nowhere",
    "frameworkCompletedRetainSec=0",
)
"""What a cluster of one's own has, and a new one has not."""


@dataclass(frozen=True)
class User:
    """Somebody with a kubeconfig, a repository and make.

    Attributes:
        home: theirs.
        repository: theirs.
        said: all that make has printed.
    """

    home: Path
    repository: Path
    said: list[str] = field(default_factory=list)

    @contextmanager
    def start(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """`make kind-test ARGUMENTS…`, as the leader of a process group, until it has ended.

        A test would wait for ever where it hangs: it is killed then, and the test fails.
        """
        (self.home / "tmp").mkdir(exist_ok=True)
        env = os.environ | {
            "HOME": str(self.home),
            "TMPDIR": str(self.home / "tmp"),
            "KUBECONFIG": str(self.home / "kubeconfig"),
        }
        command = ["make", f"FCGITOPS={sys.executable} -m fcgitops", "kind-test", *arguments]
        process = subprocess.Popen(
            command, cwd=self.repository, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, start_new_session=True,
        )  # fmt: skip
        limit = threading.Timer(LIMIT, os.killpg, (process.pid, signal.SIGKILL))
        limit.start()
        try:
            with process:
                yield process
        finally:
            limit.cancel()
        assert process.returncode != -signal.SIGKILL, f"not ended after {LIMIT} s"

    def make(self, *arguments: str, status: int = 0) -> str:
        """`make kind-test ARGUMENTS…`; all that it prints."""
        with self.start(*arguments) as process:
            out, _ = process.communicate()
        self.said.append(out)
        assert process.returncode == status, out
        return out

    def clusters(self) -> set[str]:
        """The clusters that were made."""
        return set(re.findall(r"fcgitops-[0-9a-f]{8}", "".join(self.said)))


@pytest.fixture
def user(tmp_path: Path, kind_program: Kind) -> Iterator[User]:
    """A user whose repository has `dev` (default-config) and `prod` (customized-config)."""
    (tmp_path / "kubeconfig").write_text(KUBECONFIG)
    repository = tmp_path / "deploy"
    fcgitops(
        tmp_path, "new", repository, "--no-input", "--env", "dev", "--env", "prod=customized-config"
    )
    user = User(tmp_path, repository)
    yield user
    for name in user.clusters():  # kept, or left by a test that failed
        if kind_program.containers.of_cluster(name):
            command = ("kind", "delete", "cluster", "--kubeconfig", os.devnull, "--name", name)
            subprocess.run(command, check=True)


@pytest.fixture
def nothing_left(kind_program: Kind, kind_cluster: Cluster, user: User) -> Iterator[None]:
    """Afterwards the cluster is gone; the user's files and another cluster are as they were."""
    yield
    (name,) = user.clusters()
    assert kind_program.containers.of_cluster(name) == []
    assert (user.home / "kubeconfig").read_text() == KUBECONFIG
    assert not (user.home / ".kube").exists()
    assert list((user.home / "tmp").iterdir()) == []
    assert kind_cluster.kubectl.get("nodes")


def steps(out: str) -> list[tuple[str, str, str]]:
    """The table of the steps: of what, which, and its result; clusters by the name `cluster`."""
    rows = re.findall(r"^(\S+) {2,}(\S.*?) {2,}\d+\.\d {2,}(\S.*)$", out, re.MULTILINE)
    return [(re.sub(r"^fcgitops-[0-9a-f]{8}$", "cluster", of), step, was) for of, step, was in rows]


def test_one_environment(user: User, nothing_left: None) -> None:
    """It is applied, rolled out and runs a Framework; nothing is left, and nothing else touched."""
    start = time.monotonic()
    out = user.make("ENV=prod")
    seconds = time.monotonic() - start
    found = steps(out)
    assert [step[:2] for step in found if step[1] != "load images"] == [
        ("cluster", "create"),
        ("prod", "apply"),
        ("prod", "roll-out"),
        ("prod", "Framework"),
        ("cluster", "delete"),
    ]
    assert ("prod", "Framework", "Completed/Succeeded") in found
    assert seconds < SECONDS


def test_from_a_folder_of_a_bigger_repository(user: User) -> None:
    """As from a repository of its own."""
    mono = user.home / "mono"
    subprocess.run(["git", "init", "-q", mono], check=True)
    place = ("new", "--into", mono, "--path", "infra/fc", "--no-input")
    fcgitops(user.home, *place, "--env", "prod=customized-config")
    out = User(user.home, mono / "infra/fc", user.said).make("ENV=prod")
    assert ("prod", "Framework", "Completed/Succeeded") in steps(out)


def test_all_of_them_whatever_they_need_of_their_own_cluster(
    user: User, nothing_left: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mirror, an API server elsewhere, labels, classes, policies: what differs here is told."""
    for name, odd in (("dev", ODD), ("prod", ODDER)):
        sets = [word for one in odd for word in ("--set", one)]
        fcgitops(user.home, "-C", user.repository, "overlay", name, *sets)
    controller = os.environ.get("FRAMEWORKCONTROLLER_IMAGE") or f"{NAME}/{NAME}:v1.0.0"
    monkeypatch.setenv("FRAMEWORKCONTROLLER_IMAGE", controller)
    out = user.make("ENV=all")
    assert [step for step in steps(out) if step[1] == "Framework"] == [
        ("dev", "Framework", "Completed/Succeeded"),
        ("prod", "Framework", "Completed/Succeeded"),
    ]
    for line in (
        "dev: left out of the Pod: KUBE_APISERVER_ADDRESS, KUBECONFIG",
        f"dev: NetworkPolicy {NAME}-egress limits nothing here",
        f"prod: left out, as kind does not know cilium.io/v2: CiliumNetworkPolicy {NAME}-egress",
        f"prod: left out of {NAME}.yaml: kubeApiServerAddress, kubeConfigFilePath",
    ):
        assert line in out


def test_a_failure_is_explained_and_the_cluster_can_be_kept(user: User, kind_program: Kind) -> None:
    """Events, description and log say why; KEEP=1 leaves the cluster, and says how to look."""
    path = user.repository / "overlays" / "prod" / "frameworkcontroller.yaml"
    path.write_text(path.read_text().replace("workerNumber: 500\n", "workerNumber: 0\n"))
    out = user.make("ENV=prod", "KEEP=1", status=2)  # make's own, of our 1
    assert "Error 1" in out
    assert ("prod", "roll-out", "failed") in steps(out)
    assert "panic: Config Validation Failed: WorkerNumber 0 should be positive" in out
    assert re.search(r"Warning +BackOff", out)
    assert re.search(r"error: prod: after \d+ s not rolled out; Pod \S+: CrashLoopBackOff", out)
    name = re.search(r"kind delete cluster --name (\S+)", out)
    kubeconfig = re.search(r"export KUBECONFIG=(\S+)", out)
    assert name
    assert kubeconfig
    env = os.environ | {"KUBECONFIG": kubeconfig[1], "HOME": str(user.home)}
    pods = subprocess.run(
        ["kubectl", "get", "pods", "--all-namespaces"],
        env=env, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert f"{NAME}-0" in pods
    assert kind_program.containers.of_cluster(name[1])
    subprocess.run(["kind", "delete", "cluster", "--name", name[1]], env=env, check=True)
    assert kind_program.containers.of_cluster(name[1]) == []


@contextmanager
def started(user: User, words: str) -> Iterator[subprocess.Popen[str]]:
    """`make kind-test` from the moment when it says so."""
    with user.start("ENV=dev") as process:
        assert process.stdout
        for line in process.stdout:
            user.said.append(line)
            if words in line:
                break
        yield process
        user.said.append(process.stdout.read())


@pytest.mark.parametrize(
    ("words", "later", "sent"),
    [
        ("create", 0.3, [signal.SIGINT]),
        ("create", 6, [signal.SIGTERM]),
        ("load images", 2, [signal.SIGINT, signal.SIGINT]),
        ("roll-out", 1, [signal.SIGTERM, signal.SIGINT]),
    ],
)
def test_a_signal_ends_it_and_the_cluster(
    user: User, nothing_left: None, words: str, later: float, sent: list[signal.Signals]
) -> None:
    """Ctrl-C, which a terminal sends to make and all its programs, and SIGTERM; once or twice."""
    with started(user, words) as process:
        time.sleep(later)
        for number in sent:
            os.killpg(process.pid, number)
            time.sleep(0.5)
    assert process.returncode != 0


def test_sigterm_for_make_alone(user: User, nothing_left: None) -> None:
    """As a CI runner stops a job: make passes it on, and the cluster is deleted."""
    with started(user, "load images") as process:
        process.terminate()
    assert process.returncode != 0
