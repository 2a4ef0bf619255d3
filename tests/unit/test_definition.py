"""FCG50: the CRD of Frameworks beside FrameworkController's own."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yamls
from fcgitops.verify.definition import differences

CRD = Path(__file__).parents[2] / "{{cookiecutter.repo_slug}}/components/crd/crd.yaml"
Edit = Callable[[dict[str, Any]], object]
STARTS = "FrameworkController ends at its start"
PUT_BACK = "is not FrameworkController's own, which takes it away at each start"
HAZARD, INFO = "hazard: ", "info: "


def version(spec: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = spec["versions"][0]
    return found


def fields(spec: dict[str, Any]) -> dict[str, Any]:
    """What a Framework's spec may have."""
    found: dict[str, Any] = version(spec)["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return found


def task_roles(spec: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = fields(spec)["properties"]["taskRoles"]["items"]["properties"]
    return found


def nullable(spec: dict[str, Any]) -> dict[str, Any]:
    """The line that v1.0.0 has not."""
    found: dict[str, Any] = task_roles(spec)["task"]["properties"]["podGracefulDeletionTimeoutSec"]
    return found


def seen(edit: Edit) -> list[str]:
    spec = copy.deepcopy(yamls.load(CRD.read_text(encoding="utf-8"))["spec"])
    edit(spec)
    return [
        f"{HAZARD if found.is_hazard else INFO}{found.path}: {found.says}"
        for found in differences(spec)
    ]


@pytest.mark.parametrize(
    "edit",
    [
        lambda spec: spec.keys(),
        lambda spec: spec["names"].update(listKind="FrameworkList", singular="framework"),
        lambda spec: spec.update(conversion={"strategy": "None"}, preserveUnknownFields=False),
        lambda spec: version(spec).update(additionalPrinterColumns=[], subresources={}),
        lambda spec: nullable(spec).pop("nullable"),
        lambda spec: fields(spec).update(description="What is to run."),
    ],
    ids=["as it is", "names filled in", "more filled in", "empty", "of v1.0.0", "described"],
)
def test_no_difference(edit: Edit) -> None:
    """What the API server fills in, what v1.0.0 writes, and words for readers."""
    assert seen(edit) == []


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda spec: spec.update(scope="Cluster"), f"{HAZARD}scope: is not Namespaced: {STARTS}"),
        (lambda spec: spec["names"].update(kind="Fw"),
         f"{HAZARD}names.kind: is not Framework: {STARTS}"),
        (lambda spec: version(spec).update(served=False),
         f"{HAZARD}versions[0].served: is not true: FrameworkController and all clients get 404"),
        (lambda spec: version(spec).update(storage=False),
         f"{HAZARD}versions[0].storage: is not true: FrameworkController stores v1, and ends at "
         "its start"),
        (lambda spec: version(spec).update(subresources={"status": {}}),
         f"{HAZARD}versions[0].subresources.status: has the API server drop every status that "
         "FrameworkController writes"),
        (lambda spec: version(spec).update(name="v2"),
         f"{HAZARD}versions: has no v1, which FrameworkController reads"),
        (lambda spec: fields(spec).update(required=["description"]),
         f"{HAZARD}versions[0].schema: refuses Frameworks that FrameworkController takes: "
         "spec: required"),
        (lambda spec: fields(spec).update({"x-kubernetes-validations": [{"rule": "false"}]}),
         f"{HAZARD}versions[0].schema: refuses Frameworks that FrameworkController takes: "
         "spec: x-kubernetes-validations"),
        (lambda spec: fields(spec)["properties"].pop("description"),
         f"{HAZARD}versions[0].schema: has the API server drop spec.description of every "
         "Framework"),
        (lambda spec: fields(spec)["properties"]["executionType"]["enum"].append("Pause"),
         f"{INFO}versions[0].schema: takes more than FrameworkController's own, which it puts "
         "back at each start"),
        (lambda spec: spec["names"].update(shortNames=["fw"]),
         f"{INFO}names.shortNames: {PUT_BACK}"),
        (lambda spec: version(spec).update(additionalPrinterColumns=[{"name": "State"}]),
         f"{INFO}versions[0].additionalPrinterColumns: {PUT_BACK}"),
    ],
)  # fmt: skip
def test_difference(edit: Edit, expected: str) -> None:
    """Each by its place, with what comes of it."""
    assert expected in seen(edit)
