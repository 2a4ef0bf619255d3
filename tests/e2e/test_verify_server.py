"""`verify --server` on a real API server: what it refuses is found, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
import yamls
from checkcases import CONTAINER, STS, local, patch, resource
from conftest import Fcgitops
from testbed.controlplane import ControlPlane, api_server

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with api_server(tmp_path_factory.mktemp("api")) as plane:
        yield plane


@pytest.fixture
def asking(plane: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> ControlPlane:
    monkeypatch.setenv("KUBECONFIG", str(plane.kubeconfig_of("admin")))
    return plane


def state(plane: ControlPlane) -> str:
    """Whatever could be written, but for what the server itself writes."""
    kinds = "namespaces,serviceaccounts,configmaps,services,statefulsets,networkpolicies"
    kinds += ",clusterroles,clusterrolebindings,crds"
    return plane.kubectl("get", kinds, "--all-namespaces", "--output", "yaml")


def found(fcgitops: Fcgitops, root: Path, status: int, *more: str) -> list[str]:
    """What --server finds, each as its number and message."""
    ran = fcgitops("-C", root, "verify", "prod", "--server", *more, "--format", "json",
                   status=status)  # fmt: skip
    findings = yamls.load(ran.out)
    return [f"{f['object']}: {f['message']}" for f in findings if f["rule"] == "FCG46"]


def edited(root: Path, edits: dict[str, Any]) -> None:
    for path, text in edits.items():
        (root / path).write_text(text)


def test_a_new_cluster_takes_it_and_stays_as_it_is(
    asking: ControlPlane, repository: Path, fcgitops: Fcgitops
) -> None:
    """Though the namespace is not there yet."""
    before = state(asking)
    assert found(fcgitops, repository, 0) == []
    ran = fcgitops("-C", repository, "verify", "--server", "--context", "testbed")
    assert "asked the API server of testbed (v1.3" in ran.err
    assert state(asking) == before


@pytest.mark.parametrize(
    ("edits", "said"),
    [
        (patch(STS, f"{CONTAINER}/imagePullPolicy", "Sometimes"),
         "StatefulSet frameworkcontroller: the API server refuses it: The StatefulSet "),
        (patch(STS, f"{CONTAINER}/imagePull", "x"),
         "StatefulSet frameworkcontroller: the API server refuses it: "),
        (resource(apiVersion="example.com/v1", kind="Thing", metadata={"name": "a"}),
         "Thing a: the cluster does not know its kind: "),
    ],
)  # fmt: skip
def test_what_it_refuses_is_a_finding(
    edits: dict[str, Any], said: str, asking: ControlPlane, repository: Path, fcgitops: Fcgitops
) -> None:
    """By its number, with the server's words; once for each object."""
    edited(repository, edits)
    (message,) = found(fcgitops, repository, 1)
    assert message.startswith(said)


def test_what_only_the_cluster_knows(
    asking: ControlPlane, repository: Path, fcgitops: Fcgitops
) -> None:
    """A field that cannot change any more; who applies it is the sync tool's field manager."""
    rendered = fcgitops("-C", repository, "build", "prod").out
    asking.apply(rendered, "--server-side", "--field-manager=argocd-controller")
    assert found(fcgitops, repository, 0) == []
    edited(repository, patch(STS, "/spec/serviceName", "other"))
    (message,) = found(fcgitops, repository, 1)
    assert "updates to statefulset spec for fields other than" in message
    edited(repository, local())
    asking.kubectl("delete", "-f", "-", "--wait=false", data=rendered)


def test_who_may_not_ask(
    plane: ControlPlane, repository: Path, fcgitops: Fcgitops, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """It is no finding of the repository's: status 3, and what is missing."""
    config = yamls.load(plane.kubeconfig_of("admin").read_text())
    context = config["contexts"][0]["context"]
    for user in config["users"]:
        if user["name"] == context["user"]:
            user["user"]["as"] = "nobody"
    (tmp_path / "config").write_text(yaml.safe_dump(config))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    ran = fcgitops("-C", repository, "verify", "prod", "--server", status=3)
    assert 'User "nobody" cannot' in ran.err
    assert "may apply what the sync tool applies" in ran.err
