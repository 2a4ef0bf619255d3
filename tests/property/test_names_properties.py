"""For any text: it is a name that everything downstream takes, or it is refused in one line."""

from __future__ import annotations

import re
import string

import yamls
from examples import examples
from fcgitops.core.errors import InputError
from fcgitops.manifests import overlay
from fcgitops.model import environment
from fcgitops.model.answers import Answers, parse
from fcgitops.model.answersfile import load
from fcgitops.model.answersfile import render as render_answers
from fcgitops.text import values
from hypothesis import given
from hypothesis import strategies as st

odd = st.sampled_from(list("-._/$(){}'\"`\\\n\r\t\0 :#&*!|>%@\u200b\u202eо٣é"))
mixed = st.lists(st.one_of(st.sampled_from(string.ascii_lowercase + "0123456789-"), odd)).map(
    "".join
)
labels = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True)


@examples(200)
@given(st.one_of(mixed, st.text(max_size=70), labels))
def test_name(name: str) -> None:
    """A name passes if and only if it is a DNS label that is not reserved."""
    problems = environment.check_name(name, "NAME")
    right = bool(name) and len(name) <= 63 and set(name) <= set(
        string.ascii_lowercase + string.digits + "-"
    ) and name[0] != "-" and name[-1] != "-" and name not in environment.RESERVED_NAMES  # fmt: skip
    assert bool(problems) is not right
    assert all(str(problem).isprintable() for problem in problems)


@examples(100)
@given(labels.filter(lambda name: name not in environment.RESERVED_NAMES))
def test_name_in_yaml(name: str) -> None:
    """Any name that passes is read back as that text from every file it is written to."""
    defaults = environment.default_values("upstream")
    source = yamls.load(overlay.source(name, {}, defaults))
    assert source["cluster"]["name"] == name
    for own, over in (({"namespace": name}, {}), ({}, {"namespace": name})):
        source = yamls.load(overlay.source("x", own, defaults | over))
        assert source["namespace"] == name
    moved = environment.environment("x", {"namespace": name}, {}, "upstream", "f")
    tree = overlay.environment_files(moved, "upstream", "")
    assert yamls.load(tree["kustomization.yaml"])["namespace"] == name


@examples(100)
@given(st.one_of(mixed, st.text(max_size=20)))
def test_answers(text: str) -> None:
    """Any text as any answer is taken whole or refused; what is taken reads back the same."""
    for question in ("repo_slug", "repo_url", "requirement", "environments", "defaults"):
        try:
            answers = parse({"repo_slug": "fc", question: text})
        except InputError as error:
            assert all(str(problem).isprintable() for problem in error.problems)
            continue
        again = load(render_answers(answers))
        assert (again.repo_slug, again.repo_url) == (answers.repo_slug, answers.repo_url)
        assert isinstance(answers, Answers)
        if question in ("repo_slug", "repo_url", "requirement"):
            assert not re.search(r"[\n\r\0$`\"'{}]", text)


@examples(100)
@given(st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda children: st.one_of(
        st.lists(children, max_size=3), st.dictionaries(st.text(max_size=8), children, max_size=3)
    ), max_leaves=6,
))  # fmt: skip
def test_any_value_for_any_key(value: object) -> None:
    """Whatever YAML holds for a key, the check answers with lines, never with an error."""
    for path, key in environment.KEYS.items():
        message = key.check(value)
        assert isinstance(message, str), path
    assert isinstance(values.did_you_mean(value, ["a"]), str)
