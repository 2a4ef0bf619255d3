"""What is written for each version of Argo CD is what that version's API knows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from fcgitops.model.answers import ARGOCD_VERSIONS, Answers
from fcgitops.model.environment import PROFILES
from fcgitops.sync.argocd import environments as argocd
from testbed.controlplane import ControlPlane, control_plane
from testbed.programs import eventually

pytestmark = pytest.mark.cluster

CRDS = Path(__file__).resolve().parents[1] / "data" / "argocd"
VERSIONS = sorted(ARGOCD_VERSIONS)
KEYS = ("", "0123456789ABCDEF, FEDCBA9876543210")


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A cluster that knows one version after the other."""
    with control_plane(tmp_path_factory.mktemp("plane")) as plane:
        yield plane


def generated(version: str, profile: str = "hardened", keys: str = KEYS[1]) -> str:
    """AppProject and ApplicationSet of a repository with a long name, as a List."""
    answers = Answers(
        "r" * 63, profile, repo_url="https://git.example.com/ml/deploy.git",
        argocd_version=version, signing_keys=keys,
    )  # fmt: skip
    items = [argocd.app_project(answers), argocd.application_set(answers)]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def takes(plane: ControlPlane, objects: str, *, status: int = 0) -> str:
    """What the API server says of the objects, unknown fields being mistakes; it keeps none.

    It may be a moment until it goes by a new CRD.
    """
    arguments = ("--server-side", "--dry-run=server", "--validate=strict", "--namespace=default")
    return plane.kubectl("apply", "-f", "-", *arguments, data=objects, status=status)


def install(plane: ControlPlane, version: str) -> None:
    """Have the cluster know this version's AppProject and ApplicationSet, and no other's."""
    plane.establish((CRDS / f"{version}.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_version_takes_what_is_written_for_it(plane: ControlPlane, version: str) -> None:
    """For both profiles, and with and without signing keys."""
    install(plane, version)
    for profile, keys in product(PROFILES, KEYS):
        objects = generated(version, profile, keys)
        said = eventually(lambda o=objects: takes(plane, o), 10, f"{version} takes {objects}")
        assert said.count("serverside-applied (server dry run)") == 2


@pytest.mark.parametrize(("version", "newer"), [("3.2", "3.3"), ("3.4", "3.5")])
def test_a_version_does_not_take_what_came_later(
    plane: ControlPlane, version: str, newer: str
) -> None:
    """Limits by name and sourceIntegrity; so an unknown field is noticed here."""
    install(plane, version)
    objects = generated(newer)
    said = eventually(lambda: (takes(plane, objects, status=1),), 10, f"{version} refuses")
    assert "appproject" not in said[0]
