"""For any YAML value at any place: a message shows it as YAML has it, never as Python does."""

from __future__ import annotations

import re
from typing import Any

import pytest
from examples import examples
from fcgitops.core.errors import InputError
from fcgitops.fcconfig import schema as fc_schema
from fcgitops.fcconfig.check import check as check_config
from fcgitops.model import answers, answersfile, environment, experiment
from fcgitops.model.answers import QUESTIONS
from fcgitops.model.environment import KEYS
from fcgitops.nnifile import schema as nni_schema
from fcgitops.nnifile.check import check as check_experiment
from fcgitops.text import keypaths, yamlio
from fcgitops.text.words import shown
from hypothesis import given
from hypothesis import strategies as st

PYTHON = re.compile(
    r"\b(None|True|False|(?<!\.)nan|NoneType|dict|str|datetime|frozenset|(?<![0-9] )bytes)\b"
    r"|(?<!')\bb'|<class|<object|Error\b|codec can't|object has no|invalid literal"
)
"""What a message never has: how Python writes values, types, and its own errors (not "2 bytes")."""
QUOTED = re.compile(r"[\[{(]'([^']*)'")
"""Text in quotes that begins a list or a mapping: YAML writes few texts so, and Python all."""

words = st.text("cdfg-./", min_size=1, max_size=6).filter(lambda text: yamlio.scalar(text) == text)
"""Text that YAML shows without quotes, as no list of Python's does."""
"""Text that YAML shows without quotes, as no list of Python's does."""

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10**20),
    st.floats(),
    words,
    st.dates(),
    st.datetimes(),
    st.binary(max_size=4),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(words, scalars), inner, max_size=3)
    ),
    max_leaves=6,
)
documents = values | st.dictionaries(st.sampled_from([*KEYS, "cluster", "image"]), values)


def pythonic(lines: list[str]) -> list[str]:
    """Those lines that speak Python."""
    return [
        line
        for line in lines
        if PYTHON.search(line.replace("did you mean 'none'?", ""))
        or any(yamlio.scalar(text) == text for text in QUOTED.findall(line))
    ]


def said(error: InputError) -> list[str]:
    """What a user reads of it."""
    return [str(problem) for problem in error.problems]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        (float("inf"), ".inf"),
        ("a", "'a'"),
        (["a", "b c", None], "[a, b c, null]"),
        ({"a": {"b": "1"}}, "{a: {b: '1'}}"),
        ("x" * 400, "'" + "x" * 299 + "…"),
    ],
)
def test_a_value_is_shown_as_yaml_has_it(value: object, text: str) -> None:
    """On one line, and not without end."""
    assert shown(value) == text


@examples(80)
@given(st.sampled_from(sorted(KEYS)), values)
def test_keys_of_an_environment(path: str, value: Any) -> None:
    """environment.yaml and a list's item, where each key may hold anything."""
    flat, problems = keypaths.flatten(keypaths.nested({path: value}), "f", KEYS)
    lines = [str(problem) for problem in problems]
    try:
        environment.environment("dev", flat, {}, "hardened", "f")
    except InputError as error:
        lines += said(error)
    assert pythonic(lines) == []


@examples(80)
@given(documents)
def test_documents(document: Any) -> None:
    """A whole file of each kind that is read: environment.yaml, run.yaml, fcgitops.yaml."""
    lines = [str(p) for p in keypaths.flatten(document, "f", KEYS)[1]]
    text = yamlio.dump(document).encode()
    for read in (answersfile.load, lambda data: experiment.parse("mnist", data, "f")):
        try:
            read(text)
        except InputError as error:
            lines += said(error)
    assert pythonic(lines) == []


@examples(80)
@given(st.sampled_from(sorted(QUESTIONS)), values)
def test_answers(name: str, value: Any) -> None:
    """A file of answers, and fcgitops.yaml, whose answers may hold anything."""
    recorded = dict.fromkeys(answers.RECORDED, "")
    text = yamlio.dump({"version": value, "answers": recorded | {name: value}, "defaults": value})
    lines = []
    reads = (lambda: answers.parse({name: value}, "f"), lambda: answersfile.load(text.encode()))
    for read in reads:
        try:
            read()
        except InputError as error:
            lines += said(error)
    assert pythonic(lines) == []


@examples(80)
@given(st.sampled_from(sorted(experiment.KEYS)), values)
def test_keys_of_a_run(path: str, value: Any) -> None:
    """run.yaml."""
    text = yamlio.dump(keypaths.nested({"environment": "dev", path: value}))
    try:
        experiment.parse("mnist", text.encode(), "f")
    except InputError as error:
        assert pythonic(said(error)) == []


@examples(80)
@given(st.sampled_from(sorted(fc_schema.settings())), values)
def test_configurations(name: str, value: Any) -> None:
    """frameworkcontroller.yaml."""
    found = check_config(yamlio.dump({name: value}).encode())
    assert pythonic([str(finding) for finding in found]) == []


@examples(80)
@given(
    st.sampled_from(sorted({*nni_schema.EXPERIMENT.fields, "trainingService.taskRoles"})), values
)
def test_experiments(path: str, value: Any) -> None:
    """experiment.yaml."""
    document = {
        "searchSpace": {"x": {"_type": "choice", "_value": [1, 2]}},
        "trialCommand": "python3 a.py",
        "trialConcurrency": 1,
        "trainingService": {"platform": "frameworkcontroller"},
        "tuner": {"name": "TPE"},
    }
    node = document
    *parents, last = path.split(".")
    for parent in parents:
        node = node[parent]
    node[last] = value
    found = check_experiment(yamlio.dump(document).encode(), None)
    assert pythonic([str(finding) for finding in found]) == []
