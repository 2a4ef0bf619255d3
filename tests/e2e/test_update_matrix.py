"""500 edits and updates: what becomes of each, by the merge of values as the judge."""

from __future__ import annotations

from collections import Counter
from random import Random

from fcgitops.git.program import merge_file
from fcgitops.repository.merge import merge
from hypothesis import given, settings
from hypothesis import strategies as st
from mergecases import Case, case, cases


def outcome(one: Case) -> str:
    """What `update` makes of a case."""
    old, mine, new = (
        {} if text is None else {"f.yaml": text.encode()}
        for text in (one.base, one.ours, one.theirs)
    )
    found = merge(old, mine, new, merge_file)
    if "f.yaml" in found.conflicts:
        return one.judged(found.conflicts["f.yaml"].merged.decode(), conflict=True)
    data = found.files.get("f.yaml", mine.get("f.yaml"))
    return one.judged(None if data is None else data.decode(), conflict=False)


def test_500_edits_by_updates() -> None:
    """No edit is lost, nothing is clean that is none, and no conflict is needless."""
    made = list(cases(500))
    wrong = [(n, one.kind, outcome(one)) for n, one in enumerate(made)]

    assert [found for found in wrong if found[2] != "right"] == []
    conflicts = Counter(one.wanted is None for one in made if one.ours and one.theirs)
    assert min(conflicts.values()) >= 50  # of both kinds there are many


@settings(max_examples=100, deadline=None)
@given(st.integers(500))
def test_others_of_the_kind(seed: int) -> None:
    """The same of cases that nobody has seen before."""
    assert outcome(case(Random(seed))) == "right"
