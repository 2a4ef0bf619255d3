"""For any change of a rendered object: what `verify` says of it is no Python.

FCG99 is left out: it names an error of the program itself, to be reported.
"""

from __future__ import annotations

import copy
import sys
from pathlib import Path
from typing import Any

from examples import examples
from fcgitops.verify.registry import UNEXPECTED
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
from test_messages_properties import pythonic, values
from test_oracle import asked, rendered


def places(node: Any, way: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a nested value."""
    found = [way] if way else []
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        found += places(value, (*way, key)) if isinstance(value, dict | list) else [(*way, key)]
    return found


PLACES = [way for way in places(rendered().objects) if len(way) > 1]
"""kustomize renders no list of anything but objects."""


@examples(30)
@given(st.lists(st.tuples(st.sampled_from(PLACES), values), min_size=1, max_size=3))
def test_findings(changes: list[tuple[tuple[str | int, ...], Any]]) -> None:
    """Some values become others, of any type."""
    r = rendered()
    for way, value in changes:
        node: Any = r.objects
        try:
            for part in way[:-1]:
                node = node[part]
            node[way[-1]] = copy.deepcopy(value)
        except (KeyError, IndexError, TypeError):  # what was changed before has no such place
            continue
    found = [finding for finding in asked(r) if finding.rule != UNEXPECTED]
    assert pythonic([str(finding) for finding in found]) == []
