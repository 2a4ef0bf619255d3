"""The three-way merge of files: what was generated, what the user has, what is generated now."""

from __future__ import annotations

from pathlib import Path

import pytest
from fcgitops import __version__
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

    assert merge(tree(base), {"f": ours}, tree(theirs)) == Merged(files, {}, notes)


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
    assert merge(base, {"f": ours}, {"f": theirs}) == Merged({}, {"f": conflict}, [])


def test_each_path_on_its_own() -> None:
    """A conflict in one file does not keep the others back."""
    base = {"a": OLD, "b": OLD, "gone": OLD}
    ours = {"a": MINE, "b": OLD, "gone": OLD, "new": None, "not ours": b"x"}
    merged = merge(base, ours, {"a": CLASH, "b": NEW, "new": NEW})
    assert (merged.files, list(merged.conflicts)) == ({"b": NEW, "gone": None, "new": NEW}, ["a"])


GENERATED = b"# Ours.\na:\n- name: x\n  value: 'yes'\nb: 1\n"
RENEWED = b"# Ours.\na:\n- name: x\n  value: 'no'\nb: 2\n"


@pytest.mark.parametrize(
    ("formatted", "text"),
    [
        (b'# Ours.\na:\n  - name: x\n    value: "yes"\nb: 1\n',
         b'# Ours.\na:\n  - name: x\n    value: "no"\nb: 2\n'),
        (b'a: [{name: x, value: "yes"}]\n\nb: 1 # Ours.\n',
         b'a: [{name: x, value: "no"}]\n\nb: 2 # Ours.\n'),
        (b"b: 1\na:\n- {value: 'yes', name: x}\n", b"b: 2\na:\n- {value: 'no', name: x}\n"),
        (b"# Ours.\na:\n- name: x\n  value: !!str 'yes'\nb: 1\n", RENEWED),
    ],
    ids=["as prettier", "a moved comment", "as a plain dump", "a form that is not known"],
)  # fmt: skip
def test_a_formatted_file_is_not_edited(formatted: bytes, text: bytes) -> None:
    """Where git's merge conflicts, though no value differs, its layout has the new values.

    What cannot be written so is the new text.
    """
    found = merge({"f.yaml": GENERATED}, {"f.yaml": formatted}, {"f.yaml": RENEWED})
    assert (found.files, found.conflicts) == ({"f.yaml": text}, {})


@pytest.mark.parametrize("nothing", [b"", b"\n", b"# Off.\n", b"---\n", b"---\n# Off.\n...\n"])
@pytest.mark.parametrize("side", ["base", "ours", "theirs"])
def test_a_file_of_yaml_without_a_value(nothing: bytes, side: str) -> None:
    """Emptied, or all of it commented out, on either side: a conflict, with both sides' lines."""
    texts = {"base": GENERATED, "ours": GENERATED + b"mine: 1\n", "theirs": RENEWED, side: nothing}
    base, ours, theirs = ({"f.yaml": text} for text in texts.values())
    found = merge(base, ours, theirs)
    assert (found.files, list(found.conflicts)) == ({}, ["f.yaml"])
    for text in texts.values():
        kept = set(text.splitlines()) - set(texts["base"].splitlines())
        assert kept <= set(found.conflicts["f.yaml"].merged.splitlines())


def test_a_comment_that_goes_takes_the_layout_with_it() -> None:
    """It would be an edit of the user's from then on."""
    new = RENEWED.replace(b"# Ours.", b"# Another.")
    formatted = GENERATED.replace(b"- name", b"  - name").replace(b"  value", b"    value")
    found = merge({"f.yaml": GENERATED}, {"f.yaml": formatted}, {"f.yaml": new})
    assert b"# Another." in (found.files["f.yaml"] or b"")
    assert b"# Ours." not in (found.files["f.yaml"] or b"")


def test_a_key_beside_a_generated_one_after_a_formatter() -> None:
    """The edit, the new value, and the layout of both."""
    mine = b'# Ours.\na:\n  - name: x\n    value: "yes"\nb: 1\nmine: 3 # kept\n'
    found = merge({"f.yaml": GENERATED}, {"f.yaml": mine}, {"f.yaml": RENEWED})
    assert (found.files, found.conflicts) == (
        {"f.yaml": b'# Ours.\na:\n  - name: x\n    value: "no"\nb: 2\nmine: 3 # kept\n'}, {},
    )  # fmt: skip


MARKDOWN = (
    b"# A\n\nSee *x*, 1 of:\n* a\n* b\n\n| a | b |\n| - | -: |\n| long | 1 |\n```sh\nrun  x\n```\n"
)
PRETTIER = (
    b"# A\n\nSee _x_, 1 of:\n\n- a\n- b\n\n| a    |   b |\n| ---- | --: |\n| long |   1 |\n\n"
    b"```sh\nrun  x\n```\n"
)


@pytest.mark.parametrize(
    ("path", "base", "ours", "new", "kept"),
    [
        ("README.md", MARKDOWN, PRETTIER, MARKDOWN.replace(b"long", b"short"), True),
        ("README.md", MARKDOWN, PRETTIER.replace(b"run  x", b"run x"),
         MARKDOWN.replace(b"long", b"short"), False),
        ("r.json", b'{"a": [1, 2]}\n', b'{\n  "a": [\n    1, 2]\n}\n', b'{"a": [1, 3]}\n', True),
        ("Makefile", OLD, OLD.replace(b"\n", b"\r\n"), NEW, True),
        ("Makefile", OLD, MINE.replace(b"\n", b"\r\n"), CLASH, False),
    ],
    ids=["Markdown", "code in Markdown", "JSON", "line ends", "an edit with other line ends"],
)  # fmt: skip
def test_what_a_formatter_or_another_system_made_is_no_edit(
    path: str, base: bytes, ours: bytes, new: bytes, *, kept: bool
) -> None:
    """The new text; a word, or a line of code, that differs is an edit."""
    found = merge({path: base}, {path: ours}, {path: new})
    assert (path not in found.conflicts) == kept
    assert "json" in path or not kept or found.files == {path: new}


def test_files_of_another_system_are_as_they_should_be(tmp_path: Path) -> None:
    """Git converts them on their way."""
    (tmp_path / "f").write_bytes(OLD.replace(b"\n", b"\r\n"))
    assert Merged({"f": OLD}).stale(tmp_path) == []
    assert Merged({"f": NEW}).stale(tmp_path) == ["f"]
    assert Merged({"f": None}).stale(tmp_path) == ["f"]


def test_the_layout_of_a_formatted_file_is_kept() -> None:
    """Where git's merge gives the new values with it."""
    old, new = b"a:\n- x\n- y\nb: 1\n\nc: 1\n\nd: 1\n", b"a:\n- x\n- y\nb: 1\n\nc: 1\n\nd: 2\n"
    mine = b"a:\n  - x\n  - y\nb: 1\n\nc: 1\n\nd: 1\n"
    found = merge({"f.yaml": old}, {"f.yaml": mine}, {"f.yaml": new})
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
    found = merge({"f.yaml": GENERATED}, {"f.yaml": edited}, {"f.yaml": RENEWED})
    assert (found.files, list(found.conflicts)) == ({}, ["f.yaml"])
