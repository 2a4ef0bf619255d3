"""`kind-test`: what it refuses before anything is made. tests/kind runs it for real."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Fcgitops
from fcgitops import kustomize
from test_containers import program


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
    ran = fcgitops("-C", repository, "kind-test", "prod", status=3)
    assert "error: kind: cannot make a cluster: no space left\n" in ran.err
    create, delete = (line.split() for line in log.read_text().splitlines())
    name, kubeconfig = create[3], create[5]
    assert create[:3] == ["create", "cluster", "--name"]
    assert delete == ["delete", "cluster", "--name", name, "--kubeconfig", kubeconfig]
    assert name.startswith("fcgitops-")
    assert not Path(kubeconfig).parent.exists()
