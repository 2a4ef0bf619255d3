"""A CRD of Frameworks that is another: what the real FrameworkController does with it (FCG50)."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yamls
from fcgitops.verify.definition import differences
from test_crd import CRD
from test_diff_controller import ends, plane
from test_diff_rights import CONFIG, NAME
from testbed.controlplane import ControlPlane

pytestmark = pytest.mark.cluster
__all__ = ["plane"]
Edit = Callable[[dict[str, Any]], object]


def another_version(spec: dict[str, Any]) -> None:
    """v2 is stored, and v1 served as well."""
    first = spec["versions"][0]
    spec["versions"].append({**copy.deepcopy(first), "name": "v2"})
    first["storage"] = False


@pytest.mark.parametrize(
    "edit",
    [
        lambda spec: spec.update(scope="Cluster"),
        lambda spec: spec["names"].update(kind="Fw", listKind="FwList"),
        another_version,
    ],
    ids=["scope", "kind", "stored version"],
)
def test_it_ends_at_its_start(plane: ControlPlane, edit: Edit) -> None:
    """It cannot put its own over it: the API server refuses that."""
    crd = yamls.load(CRD.read_text(encoding="utf-8"))
    edit(crd["spec"])
    assert any("ends at its start" in found.says for found in differences(crd["spec"]))
    plane.kubectl("delete", "crd", NAME, "--ignore-not-found")
    try:
        plane.apply(yamls.dump(crd))
        assert "Failed to put CRD" in ends(plane, CONFIG)
    finally:
        plane.kubectl("delete", "crd", NAME, "--ignore-not-found")
