"""`kind-test`: what it refuses before anything is made. tests/kind runs it for real."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema_rs
import pytest
from conftest import Fcgitops
from fcgitops.commands import kind_test
from fcgitops.core import interrupts
from fcgitops.core.errors import FoundError, Problem, ToolError
from fcgitops.programs import kustomize
from fcgitops.trial import cluster as kind
from fcgitops.trial import fit
from fcgitops.trial.cluster import Cluster
from fcgitops.trial.steps import Steps
from test_containers import program

ROOT = Path(__file__).parents[2]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH, for the programs that a test puts there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("KUSTOMIZE", kustomize.find().command[0])
    monkeypatch.setenv("PATH", str(folder))
    for name in ("KUBECTL", "KIND_CONFIG", "KIND_EXPERIMENTAL_PROVIDER"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.mark.parametrize(
    ("there", "missing"),
    [
        ("", "docker or podman, kind, kubectl"),
        ("docker kubectl", "kind"),
        ("podman kind", "kubectl"),
        ("kind kubectl", "docker or podman"),
    ],
)
def test_what_is_missing_is_told_in_one_line(
    fcgitops: Fcgitops, repository: Path, place: Path, there: str, missing: str
) -> None:
    """With where to get it, and the exit status of a missing program."""
    for name in there.split():
        program(place, name, "exit 1")

    ran = fcgitops("-C", repository, "kind-test", "prod", status=3)

    assert ran.err == (
        f"error: kind-test: needs what is not on PATH: {missing} "
        "(https://kind.sigs.k8s.io/docs/user/quick-start says how to install them)\n"
    )
    assert ran.out == ""


def test_a_daemon_that_does_not_answer(
    fcgitops: Fcgitops, repository: Path, place: Path
) -> None:  # fmt: skip
    """Docker's own words."""
    program(place, "docker", "echo Cannot connect to the Docker daemon >&2; exit 1")
    for name in ("kind", "kubectl"):
        program(place, name, "exit 1")

    ran = fcgitops("-C", repository, "kind-test", "prod", status=3)

    assert ran.err == "error: docker: Cannot connect to the Docker daemon (is it started?)\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("prood",), "error: prood: is no overlay of this repository (did you mean 'prod'?)\n"),
        (("--all", "dev"), "error: --all: does not go with a name (one of the two)\n"),
    ],
)
def test_a_wrong_name(
    fcgitops: Fcgitops, repository: Path, arguments: tuple[str, ...], said: str
) -> None:
    """Before anything is looked for."""
    assert fcgitops("-C", repository, "kind-test", *arguments, status=2).err == said


def test_a_config_that_is_no_file(
    fcgitops: Fcgitops, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable is named."""
    monkeypatch.setenv("KIND_CONFIG", "nowhere.yaml")

    ran = fcgitops("-C", repository, "kind-test", "prod", status=2)

    assert ran.err == "error: KIND_CONFIG: nowhere.yaml is no file\n"


@pytest.mark.slow
def test_a_cluster_that_cannot_be_made_is_deleted(
    fcgitops: Fcgitops, repository: Path, place: Path, tmp_path: Path
) -> None:
    """The one that was tried, with its own kubeconfig, and no other."""
    log = tmp_path / "log"
    program(place, "docker", '[ "$1" != image ]')
    program(
        place,
        "kind",
        f'echo "$@" >> {log}\n[ "$1" != create ] || {{ echo "no space left" >&2; exit 1; }}',
    )
    program(place, "kubectl", "exit 1")
    ran = fcgitops("-C", repository, "kind-test", "prod", "--format", "json", status=3)
    assert "error: kind: cannot make a cluster: no space left\n" in ran.err
    steps = json.loads(ran.out)
    schema = json.loads((ROOT / "docs/json/steps.schema.json").read_text())
    assert jsonschema_rs.is_valid(schema, steps)
    assert [(step["step"], step["result"]) for step in steps] == [
        ("create", "failed"), ("delete", "ok"),
    ]  # fmt: skip
    create, delete = (line.split() for line in log.read_text().splitlines())
    name, kubeconfig = create[3], create[5]
    assert create[:3] == ["create", "cluster", "--name"]
    assert delete == ["delete", "cluster", "--name", name, "--kubeconfig", kubeconfig]
    assert name.startswith("fcgitops-")
    assert not Path(kubeconfig).parent.exists()


@pytest.fixture
def log(place: Path, tmp_path: Path) -> Path:
    """What docker, kind and kubectl are told; a cluster is made, and is never ready."""
    path = tmp_path / "log"
    program(place, "docker", f'echo docker "$@" >> {path}\n[ "$1" != image ]')
    program(place, "kind", f'echo kind "$@" >> {path}')
    program(place, "kubectl", "exit 1")
    return path


@pytest.mark.sampled(3)
@pytest.mark.parametrize("stderr", ["", "2>/dev/full", "2>&-"])
def test_the_cluster_is_deleted_though_nobody_reads_on(
    repository: Path, log: Path, stderr: str
) -> None:
    """As in `make kind-test 2>&1 | tee log` after a Ctrl-C, which ends tee too."""
    read, write = os.pipe()
    os.close(read)
    command = f'exec "$0" -m fcgitops -C "$1" kind-test prod {stderr}'
    ran = subprocess.run(
        ["/bin/sh", "-c", command, sys.executable, repository],
        stdout=subprocess.DEVNULL, stderr=write, check=False,
    )  # fmt: skip
    os.close(write)

    assert ran.returncode
    create, delete = (line for line in log.read_text().splitlines() if line.startswith("kind "))
    assert create.startswith("kind create cluster --name fcgitops-")
    assert delete.split()[1:] == ["delete", *create.split()[2:7]]


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "docker", ['[ "$1" = version ]', '[ "$1" != ps ] || echo 0123456789ab; [ "$1" != image ]']
)
def test_a_cluster_that_may_still_be_there_is_not_called_deleted(
    fcgitops: Fcgitops,
    repository: Path,
    place: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    docker: str,
) -> None:
    """Where docker cannot tell any more, or still has a node: with what deletes it by hand."""
    monkeypatch.setattr(kind, "PERSISTENCE", 0.5)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # its kubeconfig stays
    program(place, "docker", docker)
    program(place, "kind", "echo no exit event >&2; exit 1")
    program(place, "kubectl", "exit 1")

    ran = fcgitops("-C", repository, "kind-test", "prod", status=3)

    last = ran.err.splitlines()[-1]
    assert last.startswith("error: kind: cannot delete the cluster fcgitops-")
    assert ": no exit event (kind delete cluster --name fcgitops-" in last
    assert [line.split()[-1] for line in ran.out.splitlines() if " delete " in line] == ["failed"]


def test_an_environment_that_stays_is_told_with_all_that_was_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The next is not tried on top of it."""

    class Trial:
        namespace = "default"

        def __init__(self, _cluster: Any, name: str, *_: Any) -> None:
            self.name = name

        def run(self, _task: str) -> None:
            raise FoundError(Problem(self.name, "not rolled out"))

        def remove(self) -> None:
            raise ToolError(Problem("kubectl", "timed out"))

    monkeypatch.setattr(kind_test, "Trial", Trial)
    monkeypatch.setattr(kind_test.diagnosis, "tell", lambda *_: None)
    monkeypatch.setattr(fit, "fit", lambda *_: fit.Fitted([]))
    cluster: Any = SimpleNamespace(kinds=set, kubectl=None)

    with pytest.raises(FoundError) as raised:
        kind_test._try_all(cluster, {"a": [], "b": [], "c": []}, set(), "busybox", Steps())

    assert [str(problem) for problem in raised.value.problems] == [
        "a: not rolled out",
        "kubectl: timed out",
        "b, c: not tried: a is still on the cluster",
    ]


def test_the_users_own_defaults_for_kubectl_do_not_hold(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `delete: interactive` of Kubernetes' own example of a kuberc, nothing is deleted."""
    monkeypatch.setenv("KUBERC", "/of/the/user")
    for name in ("docker", "kind", "kubectl"):
        program(place, name, 'echo "$KUBERC"')
    with interrupts.noted() as signals:
        cluster = Cluster(kind.find(signals), "fcgitops-0", tmp_path)

        assert cluster.kubectl.output("delete", "namespace", "x") == "off\n"
