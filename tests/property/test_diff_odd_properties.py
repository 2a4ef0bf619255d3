"""Whatever stands in a field of what is rendered, `diff` says what it can, without an exception."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yamls
from diff_edits import CASES, ELSEWHERE, PREPARED, Rendering
from examples import examples
from fcgitops.diff import compare
from hypothesis import given
from hypothesis import strategies as st

GOLDEN = Path(__file__).parents[1] / "golden"
ODD = [None, "x", -1, True, [], {}, 1.5, ["a"], {"a": "b"}, [[]], [{}], [None], {"name": {}}]
EDITS = [
    *(("frameworkcontroller", None, edit) for _, edit, _ in CASES),
    *((name, None, edit) for _, name, edit, _ in ELSEWHERE),
    *((name, prepare, edit) for _, name, prepare, edit in PREPARED),
]
KEPT = {("apiVersion",), ("kind",), ("metadata",), ("metadata", "name"), ("metadata", "namespace")}
"""Without these it is no object, which is refused before."""


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of all values in a value."""
    if path and path not in KEPT:
        yield path
    pairs = value.items() if isinstance(value, dict) else (
        enumerate(value) if isinstance(value, list) else ()
    )  # fmt: skip
    for key, inner in pairs:
        yield from places(inner, (*path, key))


@pytest.mark.slow
@examples(4000)
@given(st.data())
def test_an_odd_value_ends_nothing(data: st.DataObject) -> None:
    """Before, or after, or in the place of what a rule is about."""
    name, prepare, edit = data.draw(st.sampled_from(EDITS))
    plain = Rendering(name)
    if prepare:
        prepare(plain)
    edited = copy.deepcopy(plain)
    edit(edited)
    odd = copy.deepcopy(edited)
    changed = [o for o in odd.objects if o not in plain.objects] or odd.objects
    target: Any = data.draw(st.sampled_from(changed))
    *above, last = data.draw(st.sampled_from(list(places(target))))
    for key in above:
        target = target[key]
    target[last] = data.draw(st.sampled_from(ODD))

    for before, after in ((plain, odd), (odd, plain), (edited, odd)):
        for effect in compare.outcome(before.objects, after.objects).effects:
            assert effect.says


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("Namespace", "metadata.annotations", "x"),
        ("RoleBinding", "roleRef", None),
        ("StatefulSet", "spec.template.spec.containers", -1),
        ("StatefulSet", "spec.template.spec.containers.0.volumeMounts.0.name", ["a"]),
        ("StatefulSet", "spec.template.spec.containers.0.workingDir", 1),
        ("StatefulSet", "spec.template.spec.volumes.0", {"name": {}}),
        ("NetworkPolicy", "spec.egress.0.to.0.ipBlock", "x"),
    ],
)
def test_odd_values_that_once_ended_it(kind: str, path: str, value: object) -> None:
    """Each in one of the golden environments that have such an object."""
    tried = 0
    for file in sorted(GOLDEN.glob("*/rendered/*.yaml")):
        objects = [o for o in yamls.load_all(file.read_bytes()) if o]
        for number, o in enumerate(objects):
            odd = copy.deepcopy(objects)
            if o["kind"] == kind and sets_in(odd[number], path, value):
                tried += 1
                for sides in ((objects, odd), (odd, objects)):
                    compare.outcome(*sides)
    assert tried


def sets_in(target: Any, path: str, value: object) -> bool:
    """Sets a value where the object has one of that path."""
    *above, last = (int(key) if key.isdigit() else key for key in path.split("."))
    try:
        for key in above:
            target = target[key]
        target[last]
    except (KeyError, IndexError):
        return False
    target[last] = value
    return True
