"""500 edits and updates: what becomes of each, by the merge of values as the judge."""

from __future__ import annotations

from collections import Counter
from random import Random

from examples import examples
from fcgitops.repository.merge import merge
from hypothesis import given
from hypothesis import strategies as st
from mergecases import Case, case, cases


def outcome(one: Case) -> str:
    """What `update` makes of a case."""
    old, mine, new = (
        {} if text is None else {"f.yaml": text.encode()}
        for text in (one.base, one.ours, one.theirs)
    )
    found = merge(old, mine, new)
    if "f.yaml" in found.conflicts:
        return one.judged(found.conflicts["f.yaml"].merged.decode(), conflict=True)
    data = found.files.get("f.yaml", mine.get("f.yaml"))
    return one.judged(None if data is None else data.decode(), conflict=False)


def test_500_edits_by_updates() -> None:
    """No edit is lost, nothing is clean that is none, and no conflict is needless."""
    made = list(cases(500))
    wrong = [(n, one.kind, outcome(one)) for n, one in enumerate(made)]

    assert [found for found in wrong if found[2] != "right"] == []
    kinds = Counter(one.wanted is None for one in made if one.changed_on_both_sides)
    assert kinds == {False: 272, True: 50}  # as docs/update.md says


@examples(100)
@given(st.integers(500))
def test_others_of_the_kind(seed: int) -> None:
    """No edit is lost and nothing is clean that is none, in cases that nobody has seen before.

    A needless conflict is found in one of some thousands: of an item whose path changes along with
    its other fields.
    """
    assert outcome(case(Random(seed))) in ("right", "needless conflict")
