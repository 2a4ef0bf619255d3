"""The three-way merge of files: what was generated, what the user has, what is generated now."""

from __future__ import annotations

import pytest
from fcgitops import __version__
from fcgitops.git.program import merge_file
from fcgitops.repository.merge import Conflict, Merged, merge

OLD, MINE, NEW = b"a\n.\n.\n.\nb\n", b"A\n.\n.\n.\nb\n", b"a\n.\n.\n.\nB\n"
CLASH = b"x\n.\n.\n.\nb\n"
DELETED = "f was deleted here and stays so"
STAYS = "f is no longer generated; it has your edits and stays"
KEPT: dict[str, bytes | None] = {}


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "files", "notes"),
    [
        # base   ours   theirs
        (OLD, OLD, OLD, {"f": OLD}, []),
        (OLD, OLD, NEW, {"f": NEW}, []),
        (OLD, OLD, None, {"f": None}, []),
        (OLD, MINE, OLD, KEPT, []),
        (OLD, MINE, NEW, {"f": b"A\n.\n.\n.\nB\n"}, []),
        (OLD, MINE, None, KEPT, [STAYS]),
        (OLD, NEW, NEW, {"f": NEW}, []),
        (OLD, None, OLD, KEPT, [DELETED]),
        (OLD, None, NEW, KEPT, [DELETED]),
        (OLD, None, None, {"f": None}, []),
        (None, None, NEW, {"f": NEW}, []),
        (None, NEW, NEW, {"f": NEW}, []),
    ],
)
def test_table(
    base: bytes | None,
    ours: bytes | None,
    theirs: bytes | None,
    files: dict[str, bytes | None],
    notes: list[str],
) -> None:
    """What one side alone changed is taken; a user's edit or deletion is never undone."""

    def tree(content: bytes | None) -> dict[str, bytes]:
        return {} if content is None else {"f": content}

    assert merge(tree(base), {"f": ours}, tree(theirs), merge_file) == Merged(files, {}, notes)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "text"),
    [
        (
            {"f": OLD}, MINE, CLASH,
            b"<<<<<<< yours\nA\n=======\nx\n>>>>>>> fcgitops VERSION\n.\n.\n.\nb\n",
        ),
        ({}, b"mine\n", b"new\n",
         b"<<<<<<< yours\nmine\n=======\nnew\n>>>>>>> fcgitops VERSION\n"),
    ],
)  # fmt: skip
def test_conflict(base: dict[str, bytes], ours: bytes, theirs: bytes, text: bytes) -> None:
    """Where both changed the same lines, git's own markers say whose is whose."""
    text = text.replace(b"VERSION", __version__.encode())
    conflict = Conflict(base.get("f", b""), ours, theirs, text)
    assert merge(base, {"f": ours}, {"f": theirs}, merge_file) == Merged({}, {"f": conflict}, [])


def test_each_path_on_its_own() -> None:
    """A conflict in one file does not keep the others back."""
    base = {"a": OLD, "b": OLD, "gone": OLD}
    ours = {"a": MINE, "b": OLD, "gone": OLD, "new": None, "not ours": b"x"}
    merged = merge(base, ours, {"a": CLASH, "b": NEW, "new": NEW}, merge_file)
    assert (merged.files, list(merged.conflicts)) == ({"b": NEW, "gone": None, "new": NEW}, ["a"])


GENERATED = b"# Ours.\na:\n- name: x\n  value: 'yes'\nb: 1\n"
RENEWED = b"# Ours.\na:\n- name: x\n  value: 'no'\nb: 2\n"


@pytest.mark.parametrize(
    "formatted",
    [
        b'# Ours.\na:\n  - name: x\n    value: "yes"\nb: 1\n',
        b'a: [{name: x, value: "yes"}]\n\nb: 1 # Ours.\n',
        b"b: 1\na:\n- {value: 'yes', name: x}\n",
    ],
    ids=["as prettier", "a moved comment", "as a plain dump"],
)
def test_a_formatted_file_is_not_edited(formatted: bytes) -> None:
    """Where git's merge conflicts, though no value differs, the new text is taken."""
    found = merge({"f.yaml": GENERATED}, {"f.yaml": formatted}, {"f.yaml": RENEWED}, merge_file)
    assert (found.files, found.conflicts) == ({"f.yaml": RENEWED}, {})


def test_the_layout_of_a_formatted_file_is_kept() -> None:
    """Where git's merge gives the new values with it."""
    old, new = b"a:\n- x\n- y\nb: 1\n\nc: 1\n\nd: 1\n", b"a:\n- x\n- y\nb: 1\n\nc: 1\n\nd: 2\n"
    mine = b"a:\n  - x\n  - y\nb: 1\n\nc: 1\n\nd: 1\n"
    found = merge({"f.yaml": old}, {"f.yaml": mine}, {"f.yaml": new}, merge_file)
    assert found.files == {"f.yaml": mine.replace(b"d: 1", b"d: 2")}


@pytest.mark.parametrize(
    "edited",
    [
        b"# Ours.\na:\n  - name: x\n    value: yes\nb: 1\n",
        b"# Ours.\na:\n  - name: x\n    value: 'yes'\nb: 1.0\n",
        b"# Ours.\na:\n  - name: x\n    value: 'yes\nb: 1\n",
    ],
    ids=["another type", "another number", "no YAML"],
)
def test_an_edit_in_a_formatted_file_is_one(edited: bytes) -> None:
    """A value or a type that is not the generator's stays a conflict."""
    found = merge({"f.yaml": GENERATED}, {"f.yaml": edited}, {"f.yaml": RENEWED}, merge_file)
    assert (found.files, list(found.conflicts)) == ({}, ["f.yaml"])
