"""For any edits of user and generator: with git's real merge, none is ever lost."""

from __future__ import annotations

from examples import examples
from fcgitops.repository.merge import merge
from hypothesis import given
from hypothesis import strategies as st

LENGTH = 20
contents = st.one_of(st.none(), st.lists(st.sampled_from("abc"), max_size=6).map(
    lambda rows: "".join(f"{row}\n" for row in rows).encode()
))  # fmt: skip


def text(edits: dict[int, str], who: str) -> bytes:
    rows = (f"{who} {edits[n]}\n" if n in edits else f"line {n}\n" for n in range(LENGTH))
    return "".join(rows).encode()


words = st.text("xyz", min_size=1, max_size=3)
edits = st.dictionaries(st.integers(0, LENGTH - 1), words, max_size=5)


@examples(40)
@given(edits, edits)
def test_edits_apart_survive(mine: dict[int, str], theirs: dict[int, str]) -> None:
    """Edits in lines apart from each other are all in the result, without a conflict."""
    theirs = {
        n: word for n, word in theirs.items() if not any(abs(n - other) <= 1 for other in mine)
    }
    base, ours, new = text({}, ""), text(mine, "mine"), text(theirs, "new")
    merged = merge({"f": base}, {"f": ours}, {"f": new})
    result = merged.files.get("f", ours)
    wanted = [
        f"mine {mine[n]}" if n in mine else f"new {theirs[n]}" if n in theirs else f"line {n}"
        for n in range(LENGTH)
    ]
    assert (merged.conflicts, (result or b"").decode().splitlines()) == ({}, wanted)


@examples(40)
@given(edits, edits)
def test_no_edit_is_lost(mine: dict[int, str], theirs: dict[int, str]) -> None:
    """Where edits meet, each line of the user's is in the result or in the conflict."""
    base, ours, new = text({}, ""), text(mine, "mine"), text(theirs, "new")
    merged = merge({"f": base}, {"f": ours}, {"f": new})
    result = merged.conflicts["f"].merged if merged.conflicts else merged.files.get("f", ours)
    assert {f"mine {word}" for word in mine.values()} <= set((result or b"").decode().splitlines())


@examples(80)
@given(contents, contents, contents)
def test_algebra(base: bytes | None, ours: bytes | None, theirs: bytes | None) -> None:
    """Untouched files follow the generator; where it says nothing new, the user's stay."""

    def tree(content: bytes | None) -> dict[str, bytes]:
        return {} if content is None else {"f": content}

    merged = merge(tree(base), {"f": ours}, tree(theirs))
    conflict = merged.conflicts.get("f")
    result = merged.files.get("f", ours)
    if ours == base:
        assert (result, conflict) == (theirs, None)
    if theirs == base:
        assert (result, conflict) == (ours, None)
    if ours not in (base, theirs):
        assert result is not None or ours is None
    if result != ours and ours not in (base, None):
        assert base != theirs
