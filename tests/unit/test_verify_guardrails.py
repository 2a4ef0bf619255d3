"""Guardrails that an overlay renders and that bound nobody: FCG47."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from fcgitops.core.formats.text import line
from fcgitops.kubernetes.objects import Object
from fcgitops.programs import kustomize
from fcgitops.text import yamlio
from fcgitops.verify import guardrails
from fcgitops.verify.subjects import NEEDS, Rendered
from gitenv import write
from test_render import base, files, make

BINDING, POLICY = guardrails._BINDING, guardrails._POLICY


@functools.cache
def built() -> tuple[bytes, Rendered]:
    """What kustomize renders for an environment with guardrails, and what it should be."""
    environment = make("hardened", "customized-config", {"components": ["guardrails"]})
    tree = base("hardened") | files(environment, "hardened")
    with TemporaryDirectory() as folder:
        write(Path(folder), tree)
        out = kustomize.find().build(Path(folder) / "overlays" / "prod")
    config = tree["overlays/prod/frameworkcontroller.yaml"].decode()
    return out, Rendered("prod", [], "hardened", environment, config)


def found(r: Rendered) -> list[str]:
    """What is said of its guardrails."""
    return [line(f) for f in NEEDS.ask(r, "prod") if f.rule == "FCG47"]


def the(r: Rendered, kind: str) -> Object:
    """The first object of a kind."""
    return next(o for o in r.objects if o["kind"] == kind)


def pod(r: Rendered) -> Object:
    """The Pod of the StatefulSet."""
    spec: Object = the(r, "StatefulSet")["spec"]["template"]["spec"]
    return spec


def rendered() -> Rendered:
    """The same, its objects made anew, so that a test may break them."""
    out, expected = built()
    return dataclasses.replace(expected, objects=yamlio.load_all(out))


def test_as_they_are_generated() -> None:
    """They bound FrameworkController."""
    assert found(rendered()) == []


ACTIONS = "spec.validationActions: "
UNBOUND = "whom the guardrails do not know: it acts without bounds"


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda r: pod(r).update(serviceAccountName="fc2"),
         f"StatefulSet frameworkcontroller: spec.template.spec.serviceAccountName: is fc2, "
         f"{UNBOUND} (frameworkcontroller)"),
        (lambda r: pod(r).update(serviceAccountName=None, serviceAccount="fc2"),
         f"StatefulSet frameworkcontroller: spec.template.spec.serviceAccountName: is fc2, "
         f"{UNBOUND} (frameworkcontroller)"),
        (lambda r: the(r, BINDING)["spec"].update(validationActions=["Warn", "Audit"]),
         f"{BINDING} frameworkcontroller: {ACTIONS}refuses nothing (Deny)"),
        (lambda r: the(r, BINDING)["spec"].update(validationActions=None),
         f"{BINDING} frameworkcontroller: {ACTIONS}refuses nothing (Deny)"),
        (lambda r: the(r, BINDING)["spec"].update(policyName="other"),
         f"{BINDING} frameworkcontroller: spec.policyName: binds other (frameworkcontroller)"),
        (lambda r: the(r, BINDING)["spec"].update(
            matchResources={"namespaceSelector": {"matchLabels": {"a": "b"}}}),
         f"{BINDING} frameworkcontroller: spec.matchResources: leaves out what it does not select "
         "(leave it out)"),
        (lambda r: the(r, POLICY)["spec"].update(failurePolicy="Ignore"),
         f"{POLICY} frameworkcontroller: spec.failurePolicy: lets pass what it cannot judge "
         "(Fail)"),
        (lambda r: the(r, POLICY)["spec"].update(validations=[]),
         f"{POLICY} frameworkcontroller: spec.validations: refuse nothing "
         "(those of components/guardrails/)"),
        (lambda r: the(r, POLICY)["spec"]["matchConstraints"].update(
            excludeResourceRules=[{"resources": ["pods"]}]),
         f"{POLICY} frameworkcontroller: spec.matchConstraints.excludeResourceRules: leaves out "
         "what it does not select (leave it out)"),
        (lambda r: the(r, POLICY)["spec"]["matchConditions"].append(
            {"name": "not-ours", "expression": "false"}),
         f"{POLICY} frameworkcontroller: spec.matchConditions: 'not-ours': leaves out what it does "
         "not select (leave it out)"),
        (lambda r: r.objects.remove(the(r, BINDING)),
         f"does not render {BINDING} frameworkcontroller (take components/guardrails back)"),
    ],
)  # fmt: skip
def test_what_bounds_nobody(edit: Callable[[Rendered], object], said: str) -> None:
    """Each way in which they would stand there and do nothing."""
    r = rendered()
    edit(r)
    assert found(r) == [f"prod: FCG47: {said}"]


@pytest.mark.parametrize(
    ("config", "lines"),
    [
        ("kubeConfigFilePath: /k/c\n", [1]),
        ("kubeApiServerAddress: https://a:6443\nkubeConfigFilePath: /k/c\n", [1, 2]),
        ("kubeConfigFilePath: ''\n", []),
        ("kubeConfigFilePath: [\n", []),
    ],
)  # fmt: skip
def test_a_user_of_the_configuration(config: str, lines: list[int]) -> None:
    """FrameworkController's own file may name another user too."""
    r = dataclasses.replace(rendered(), config=config)
    told = [f for f in NEEDS.ask(r, "prod") if f.rule == "FCG47"]
    assert [(f.file, f.line) for f in told] == [
        ("overlays/prod/frameworkcontroller.yaml", number) for number in lines
    ]
    assert all(f.message.endswith(UNBOUND) for f in told)
