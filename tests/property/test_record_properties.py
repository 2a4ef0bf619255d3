"""For any tree of text files: the record holds it whole, and in no other form."""

from __future__ import annotations

from examples import examples
from fcgitops.repository import record
from hypothesis import given
from hypothesis import strategies as st

characters = st.characters(codec="utf-8")
odd = st.sampled_from(["=> a", "|", "# x", "<<<<<<<", "\r", "\u2028", "\x85", "\f", "\0", "\ufeff"])
line = st.one_of(st.text(characters, max_size=20), odd).map(lambda text: text.replace("\n", ""))
contents = st.lists(line, max_size=6).map(lambda rows: "\n".join(rows).encode())
paths = st.text(characters, min_size=1, max_size=12).filter(lambda path: "\n" not in path)
trees = st.dictionaries(paths, contents, max_size=5)


@examples(200)
@given(trees)
def test_round_trip(tree: dict[str, bytes]) -> None:
    """A tree comes back as it was, whatever characters its paths and lines hold."""
    assert record.decode(record.encode(tree)) == tree


@examples(100)
@given(trees, st.randoms())
def test_order_does_not_matter(tree: dict[str, bytes], random: object) -> None:
    """The same tree gives the same bytes, in whatever order it was made."""
    shuffled = list(tree.items())
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert record.encode(dict(shuffled)) == record.encode(tree)


@examples(150)
@given(st.one_of(st.binary(max_size=80), st.text(max_size=80).map(str.encode)))
def test_anything(data: bytes) -> None:
    """Whatever bytes are there: a tree or none, never an error."""
    found = record.decode(data)
    assert found is None or all(isinstance(path, str) for path in found)
