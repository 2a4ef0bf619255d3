"""The Pod Security Standards, held to Kubernetes' own cases of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fcgitops.kubernetes import podsecurity
from fcgitops.kubernetes.field import Field

CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "data" / "podsecurity" / "cases.jsonl")
    .read_text()
    .splitlines()
]


@pytest.mark.parametrize("level", podsecurity.LEVELS[1:])
def test_kubernetes_own_cases(level: str) -> None:
    """What its level refuses has a complaint, and what passes has none."""
    mine = [case for case in CASES if case["level"] == level]
    assert mine
    wrong = [
        (case["pod"]["metadata"]["name"], case["verdict"])
        for case in mine
        if any(podsecurity.complaints(Field.of(case["pod"]), level)) != (case["verdict"] == "fail")
    ]
    assert wrong == []


def test_an_annotation_is_named_where_it_stands() -> None:
    """The profile of a container may be in the template's annotations too."""
    key = "container.apparmor.security.beta.kubernetes.io/main"
    template = {"metadata": {"annotations": {key: "unconfined"}}, "spec": {}}
    assert podsecurity.violations(template, "baseline") == [
        f"{key} must be runtime/default or localhost/…"
    ]
