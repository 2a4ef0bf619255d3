"""The order in which Argo CD and Flux apply objects."""

from __future__ import annotations

from pathlib import Path

import yamls
from examples import examples
from fcgitops.trial.apply_order import stages
from hypothesis import given
from hypothesis import strategies as st

GOLDEN = Path(__file__).parents[1] / "golden"


def test_a_whole_environment() -> None:
    """Definitions first; the account and its rights before the Pod that needs them."""
    text = (GOLDEN / "hardened" / "rendered" / "every-key.yaml").read_text()
    first, rest = stages(yamls.load_all(text))

    assert [o["kind"] for o in first] == ["Namespace", "CustomResourceDefinition"]
    assert [o["kind"] for o in rest] == [
        "NetworkPolicy",
        "NetworkPolicy",
        "ServiceAccount",
        "ConfigMap",
        "ClusterRole",
        "ClusterRoleBinding",
        "Service",
        "StatefulSet",
    ]


def test_waves_come_before_kinds_and_names_last() -> None:
    """As Argo CD sorts; a wave that is no number is none."""
    objects = [
        {"kind": kind, "metadata": {"name": name, "annotations": annotations}}
        for kind, name, annotations in (
            ("Widget", "w", None),
            ("ConfigMap", "b", {"argocd.argoproj.io/sync-wave": "x"}),
            ("ConfigMap", "a", {}),
            ("Service", "s", {"argocd.argoproj.io/sync-wave": "-1"}),
            ("Secret", "t", {"argocd.argoproj.io/sync-wave": "2"}),
        )
    ]

    assert [o["metadata"]["name"] for o in stages(objects)[1]] == ["s", "a", "b", "w", "t"]


@examples(100)
@given(st.permutations(["Namespace", "CustomResourceDefinition", "Pod", "Secret", "Odd"]))
def test_the_order_given_does_not_matter(kinds: list[str]) -> None:
    """What kustomize puts where is all the same."""
    found = stages({"kind": kind, "metadata": {"name": "a"}} for kind in kinds)

    assert [[o["kind"] for o in stage] for stage in found] == [
        ["Namespace", "CustomResourceDefinition"],
        ["Secret", "Pod", "Odd"],
    ]
