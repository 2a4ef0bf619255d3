"""For any YAML mapping with comments: an edit means what it should and touches nothing else."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yamls
from examples import examples
from fcgitops.core.errors import InputError
from fcgitops.text import yamlio
from fcgitops.text.yamledit import edit
from hypothesis import assume, given
from hypothesis import strategies as st

texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12)
lines = st.text("ab:#-'\"{}[]&*!|>%@`., \n", max_size=10)
scalars = st.one_of(st.integers(), st.booleans(), st.none(), texts, lines)
keys = st.one_of(st.text("abc", min_size=1, max_size=2), st.sampled_from(["yes", "1", "é", "a b"]))
values = st.one_of(
    scalars, st.lists(scalars, max_size=3), st.dictionaries(keys, scalars, max_size=3)
)
documents = st.recursive(
    values,
    lambda children: st.dictionaries(keys, children, min_size=1, max_size=4),
    max_leaves=8,
).filter(lambda document: isinstance(document, dict) and document)
Line = tuple[str, tuple[str, ...]]
"""A line of the text, and the path of the key that it belongs to; a comment has none."""


def key_paths(value: object, prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The path of keys to each leaf of nested mappings."""
    if not isinstance(value, dict) or not value:
        return [prefix] if prefix else []
    return [path for key, child in value.items() for path in key_paths(child, (*prefix, key))]


def written(draw: st.DrawFn, document: dict[str, Any], path: tuple[str, ...] = ()) -> list[Line]:
    """The document as a person may have written it: comments, blank lines, quotes, flow."""
    found: list[Line] = []
    indent = "  " * len(path)
    for key, value in document.items():
        here = (*path, key)
        if draw(st.integers(0, 3)) == 0:
            found.append((draw(st.sampled_from([f"{indent}# own line", "", "# at the left"])), ()))
        quoted = '"' + key + '"' if draw(st.booleans()) else yamlio.scalar(key)
        if isinstance(value, dict) and value and draw(st.integers(0, 3)):
            found.append((f"{indent}{quoted}:", here))
            found += written(draw, value, here)
        elif isinstance(value, list) and value and draw(st.booleans()):
            found.append((f"{indent}{quoted}:", here))
            found += [(f"{indent}- {yamlio.scalar(item)}", here) for item in value]
        else:
            comment = draw(st.sampled_from(["", "  # after", " # it's {odd}: *"]))
            found.append((f"{indent}{quoted}: {yamlio.scalar(value)}{comment}", here))
    return found


@st.composite
def cases(draw: st.DrawFn) -> tuple[dict[str, Any], list[Line], tuple[str, ...], Any]:
    """A document, its lines, a path in or beside it, and a value."""
    document: Any = draw(documents)
    known = list(key_paths(document))
    path: tuple[Any, ...] = draw(st.sampled_from(known))
    path = path[: draw(st.integers(1, len(path)))]
    if draw(st.booleans()):
        path = (*path, draw(keys)) if draw(st.booleans()) else (*path[:-1], draw(keys))
    value = draw(values)
    return document, written(draw, document), path, value


def at(document: Any, path: tuple[str, ...]) -> Any:
    """What stands at the path, None for nothing."""
    for key in path:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def changed(document: Any, path: tuple[str, ...], value: Any) -> Any:
    """The document with the key set; no mapping in its way is an error."""
    if not path:
        return value
    if document is not None and not isinstance(document, dict):
        raise InputError(())
    result = copy.deepcopy(document or {})
    result[path[0]] = changed(result.get(path[0]), path[1:], value)
    return result


@examples(150)
@given(cases())
def test_edit(case: tuple[dict[str, Any], list[Line], tuple[str, ...], Any]) -> None:
    """The result parses to the wanted document; lines of other keys stay, in order."""
    document, written_lines, path, value = case
    text = "".join(f"{line}\n" for line, _ in written_lines)
    assert yamlio.load(text.encode(), "f") == document
    try:
        wanted = changed(document, path, value)
    except InputError:
        with pytest.raises(InputError, match="is not a mapping"):
            edit(text, {path: value}, "f")
        return
    edited = edit(text, {path: value}, "f")  # compared as text: True is no 1
    assert yamls.dump(yamlio.load(edited.encode(), "f")) == yamls.dump(wanted)
    left = iter(edited.split("\n"))
    for line, owner in written_lines:
        shared = min(len(owner), len(path))
        touched = not owner or owner[:shared] == path[:shared]
        assert touched or line in left, f"{line!r} is gone from {edited!r}"


@examples(60)
@given(cases())
def test_edit_again(case: tuple[dict[str, Any], list[Line], tuple[str, ...], Any]) -> None:
    """Setting a key to what it was just set to means the same."""
    document, written_lines, path, value = case
    assume(all(at(document, path[:i]) is None or isinstance(at(document, path[:i]), dict)
               for i in range(len(path))))  # fmt: skip
    once = edit("".join(f"{line}\n" for line, _ in written_lines), {path: value}, "f")
    again = edit(once, {path: value}, "f")
    assert yamlio.load(again.encode(), "f") == yamlio.load(once.encode(), "f")


@examples(60)
@given(documents)
def test_dump(document: dict[str, Any]) -> None:
    """What is written reads back the same, in the same order."""
    again = yamlio.load(yamlio.dump(document).encode(), "f")
    assert (again, list(again)) == (document, list(document))
