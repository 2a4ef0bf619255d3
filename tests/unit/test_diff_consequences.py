"""What `diff` says of pairs whose effects are known (tests/data/consequences/README.md)."""

from __future__ import annotations

import functools

import pytest
from consequences import Consequence, all_pairs
from fcgitops.diff import compare
from fcgitops.diff.effects import Effect
from fcgitops.programs.namehash import without_hash

BY_NAME = {pair.name: pair for pair in all_pairs()}
PAIRS = [pytest.param(pair, id=name) for name, pair in BY_NAME.items()]


@functools.cache
def effects(name: str) -> tuple[Effect, ...]:
    """What is said of a pair; the tests below ask for three things of it."""
    return compare.outcome(BY_NAME[name].before, BY_NAME[name].after).effects


@pytest.mark.parametrize("pair", PAIRS)
def test_effects_are_said_as_they_are_known(pair: Consequence) -> None:
    """Every known effect is said with its severity and object, none that is known to be absent."""
    said = effects(pair.name)
    found = {(e.id, e.severity.word, e.object) for e in said}
    for wanted in pair.effects:
        matching = [f for f in found if f[0] == wanted["id"] and f[1] == wanted["severity"]]
        assert matching, (wanted, found)
        if "object" in wanted:
            assert wanted["object"] in [f[2] for f in matching]
    assert not {e.id for e in said} & set(pair.absent)


REFUSING = {"C03", "C04", "C09", "S03", "R11", "N10", "D05", "X04", "X10"}
"""Rules that say that the API server refuses the object."""


@pytest.mark.parametrize("pair", PAIRS)
def test_what_the_api_server_refuses_is_said_and_nothing_else(pair: Consequence) -> None:
    """The objects that were refused are those that `diff` says are."""
    said = {e.object for e in effects(pair.name) if e.id in REFUSING}
    kinds = ("ConfigMap", "Secret")
    refused = {without_hash(o) if o.startswith(kinds) else o for o in pair.refused}
    assert said == refused


@pytest.mark.parametrize("pair", [p for p in PAIRS if p.values[0].restarts is not None])
def test_a_restart_is_said_where_the_template_changed_and_nowhere_else(pair: Consequence) -> None:
    """A new revision of the Pod template is a restart, unless the roll-out is held back."""
    said = {e.id for e in effects(pair.name)}
    assert bool({"C01", "C08"} & said) == pair.restarts
    assert not {"C01", "C02"} <= said
