"""KEY=VALUE as users type it: which key it means, and which value."""

from __future__ import annotations

from typing import Any

import pytest
from fcgitops.model import assignments
from fcgitops.model.assignments import SETTABLE, Target
from fcgitops.model.environment import KEYS

ENTRIES: dict[str, tuple[Target, object]] = {
    "labels.team=ml": (Target("labels", ("team",)), "ml"),
    "labels.example.com/team=1": (Target("labels", ("example.com/team",)), "1"),
    "annotations.note=a=b: {c}": (Target("annotations", ("note",)), "a=b: {c}"),
    "annotations.note=two\nlines": (Target("annotations", ("note",)), "two\nlines"),
    "nodeSelector.kubernetes.io/os=linux": (
        Target("nodeSelector", ("kubernetes.io/os",)),
        "linux",
    ),
    "nni.quota.requests.nvidia.com/gpu=8": (
        Target("nni.quota", ("requests.nvidia.com/gpu",)),
        "8",
    ),
    "nni.limits.default.nvidia.com/gpu=1": (
        Target("nni.limits", ("default", "nvidia.com/gpu")),
        "1",
    ),
    "expects.secrets=a,b": (Target("expects", ("secrets",)), ["a", "b"]),
    "nni.limits.max={cpu: 4}": (Target("nni.limits", ("max",)), {"cpu": 4}),
}


@pytest.mark.parametrize("pair", ENTRIES)
def test_an_entry_of_a_mapping(pair: str) -> None:
    """Every key that holds a mapping takes one entry, whose name may have dots; text stays text."""
    typed, problems = assignments.parse([pair], "--set", SETTABLE)
    assert (typed.given, dict([ENTRIES[pair]]), problems) == ({}, typed.entries, [])


def test_a_setting_is_found_with_and_without_its_place() -> None:
    """As `--set` has always taken it, and as environment.yaml and CSV have it."""
    for pair in ("workerNumber=8", "settings.workerNumber=8"):
        typed, _ = assignments.parse([pair], "--set", SETTABLE)
        assert typed.settings == {("workerNumber",): 8}


def test_every_mapping_takes_entries() -> None:
    """But `settings`, whose own table says what its keys are."""
    mappings = {path for path, key in KEYS.items() if key.kind is dict}
    assert {path for path, key in KEYS.items() if key.levels} == mappings - {"settings"}


@pytest.mark.parametrize(
    ("pairs", "values"),
    [
        (["labels={a: b}", "labels.team=ml"], {"labels": {"a": "b", "team": "ml"}}),
        (["labels.team=ml", "labels={a: b}"], {"labels": {"a": "b"}}),
        (["labels.team=ml", "labels.a=b"], {"labels": {"of": "all", "team": "ml", "a": "b"}}),
        (["labels=x", "labels.team=ml"], {"labels": "x"}),  # which its check refuses
        (
            ["nni.limits.max.cpu=2", "nni.limits.max.memory=1Gi", "nni.limits.min.cpu=1"],
            {"nni.limits": {"max": {"cpu": "2", "memory": "1Gi"}, "min": {"cpu": "1"}}},
        ),
    ],
)
def test_the_later_one_counts(pairs: list[str], values: dict[str, Any]) -> None:
    """A whole mapping replaces what was said before; an entry leaves the others as they are."""
    typed, _ = assignments.parse(pairs, "--set", SETTABLE)
    defaults = {"labels": {"of": "all"}}
    assert typed.over(defaults) == values
    assert defaults == {"labels": {"of": "all"}}


@pytest.mark.parametrize(
    "pair",
    ["image.tag=null", "image.registry=~", "labels.team=Null", "components=NULL",
     "tolerations=null", "resources.cpu=null", "settings.kubeConfigFilePath=null"],
)  # fmt: skip
def test_null_is_no_value(pair: str) -> None:
    """Not the text `null`: whoever types it means that there is none, whatever the key takes."""
    typed, problems = assignments.parse([pair], "--set", SETTABLE)
    given = [*typed.given.values(), *typed.entries.values(), *typed.settings.values()]
    assert (given, problems) == ([None], [])


@pytest.mark.parametrize(
    ("pair", "problem"),
    [
        ("label.team=ml", "--set: 'label.team' is not known (did you mean 'labels.team'?)"),
        ("cluster.labels.a=b", "--set: 'cluster.labels.a' is not known (did you mean 'labels.a'?)"),
        ("labels.=ml", "--set: 'labels.' is not known (labels.NAME)"),
        ("nni.limits..cpu=1", "--set: 'nni.limits..cpu' is not known (nni.limits.NAME.NAME)"),
        ("namespace.x=1", "--set: 'namespace.x' is not known (did you mean 'namespace'?)"),
        ("settings.x=1", "--set: 'settings.x' is not known"),
        (
            "settings.workerNumbr=1",
            "--set: 'settings.workerNumbr' is not known (did you mean 'workerNumber'?)",
        ),
    ],
)
def test_refused(pair: str, problem: str) -> None:
    """What is no key and no entry gets a hint at the nearest one."""
    _, problems = assignments.parse([pair], "--set", SETTABLE)
    assert [str(one) for one in problems] == [problem]


def test_what_has_an_option_of_its_own() -> None:
    """That option is named, with the value that was meant for it."""
    own = {"variant": "--variant", "cluster": "--cluster"}
    _, problems = assignments.parse(
        ["variant=customized-config", "cluster=a b", "cluster.name=x"],
        "--set",
        assignments.SETTABLE,
        options=own,
    )
    assert [str(problem) for problem in problems] == [
        "--set: 'variant' has an option of its own (--variant customized-config)",
        "--set: 'cluster' has an option of its own (--cluster 'a b')",
    ]
