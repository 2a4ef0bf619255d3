"""YAML is read and written as PyYAML does it, however that was built."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from examples import examples
from fcgitops.text import yamlio
from hypothesis import example, given, settings
from hypothesis import strategies as st


class Pure(yaml.SafeDumper):
    """The emitter of a PyYAML that was built without libyaml."""

    ignore_aliases = yamlio._HouseDumper.ignore_aliases


def _written(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=yamlio._text(text).style)


Pure.add_representer(str, _written)


class Slow(yamlio._RenderedLoader):
    """PyYAML's own way to a value, for whatever a document holds."""

    resolve = yaml.resolver.Resolver.resolve
    construct_document = yaml.constructor.SafeConstructor.construct_document


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=30) | st.floats()
KEYS = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=8)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=3))
@example({"0": "\n"})
def test_both_emitters_of_pyyaml_write_the_same(value: dict[str, Any]) -> None:
    """A machine without libyaml generates the same tree."""
    pure = yaml.dump(value, Dumper=Pure, sort_keys=False, default_flow_style=False, width=1 << 30)
    # The mark of an end after an open block scalar, which only one of them writes, is not wanted.
    wanted = pure.removesuffix("...\n") if pure.endswith("\n...\n") else pure

    assert yamlio.dump(value) == wanted


SCALARS = st.sampled_from(
    ("a", "yes", "~", "0x1F", "1_000", "1:30", "1.5e3", ".inf", "2026-11-30", "=", "<<", "'1'")
) | st.sampled_from(
    ("*x", "*y", "&y b", "!!str 1", "!!int '3'", "!!float 1", "!!binary YQ==", "!!map a")
)
TEXTS = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda parts: f"[{', '.join(parts)}]")
        | st.lists(st.tuples(SCALARS, inner), max_size=3).map(
            lambda pairs: "{" + ", ".join(f"{key} : {value}" for key, value in pairs) + "}"
        )
        | inner.map(lambda text: f"!!set {text}")
    ),
    max_leaves=12,
)


@examples(400)
@given(TEXTS)
@example("{a: 1, <<: {b: 2}}")
@example("[*x, {a: *x}]")
@example("{a: !!map [[b, c]]}")
@example("[" * 170 + "]" * 170)
def test_a_document_says_what_it_says_to_pyyaml(text: str) -> None:
    """The quick way for what is usual, and PyYAML's for aliases, merge keys and rare tags."""
    document = f"- &x {{k: [v]}}\n- {text}\n".encode()

    assert _values(document, yamlio._RenderedLoader) == _values(document, Slow)


def _values(data: bytes, loader: type) -> str:
    try:
        return repr(list(yaml.load_all(data, Loader=loader)))
    except (yaml.YAMLError, ValueError, TypeError, LookupError, AttributeError) as error:
        return f"{type(error)} {error}"


def test_a_value_that_stands_twice_is_one() -> None:
    """An alias is the very value, not a copy: a bomb of them takes no memory."""
    (document,) = yamlio.load_all(b"a: &a [1]\nb: [*a, *a]\n")

    assert document["b"][0] is document["a"]
    assert document["b"][1] is document["a"]
