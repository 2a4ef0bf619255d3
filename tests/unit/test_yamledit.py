"""Setting keys in a YAML text without touching the rest of it."""

from __future__ import annotations

from typing import Any

import pytest
from fcgitops.core.errors import InputError
from fcgitops.text.yamledit import Document, KeyPath, edit

MINE = """\
# mine
b: 'two'   # why two
a:         # a map
  # first
  y: 1  # one
  x: "2"
  # last

# the list
l:
- 1 # uno
- 2
f: {k: v}  # flow
t: |
  line
# end
"""


def set_block(text: str, key: str, block: str, where: str) -> str:
    return Document(text, where).with_block(key, block, where).text


@pytest.mark.parametrize(
    ("path", "value", "old", "new"),
    [
        (("b",), "three", "b: 'two'   # why two\n", "b: three   # why two\n"),
        (("b",), [], "b: 'two'   # why two\n", "b: []   # why two\n"),
        (("b",), {"c": 1}, "b: 'two'   # why two\n", "b:   # why two\n  c: 1\n"),
        (("a", "y"), 5, "  y: 1  # one\n", "  y: 5  # one\n"),
        (("a", "y"), "x\ny", "  y: 1  # one\n", '  y: "x\\ny"  # one\n'),
        (("a", "z"), 3, '  x: "2"\n', '  x: "2"\n  z: 3\n'),
        (("a", "z", "q"), 3, '  x: "2"\n', '  x: "2"\n  z:\n    q: 3\n'),
        (("l",), [3], "- 1 # uno\n- 2\n", "  - 3\n"),
        (("f", "m"), 1, "f: {k: v}  # flow\n", "f:  # flow\n  k: v\n  m: 1\n"),
        (("t",), "one", "t: |\n  line\n", "t: one\n"),
        (
            ("a",),
            1,
            'a:         # a map\n  # first\n  y: 1  # one\n  x: "2"\n',
            "a: 1         # a map\n  # first\n",
        ),
        (("m",), {"o": [1]}, "  line\n", "  line\nm:\n  o:\n  - 1\n"),
    ],
)
def test_edit(path: KeyPath, value: object, old: str, new: str) -> None:
    """One key changes where it stands or is added at its place; the rest stays as it is."""
    assert MINE.count(old) == 1
    assert edit(MINE, {path: value}, "f") == MINE.replace(old, new)


@pytest.mark.parametrize(
    ("text", "changes", "edited"),
    [
        ("", {("a",): 1, ("b", "c"): 2}, "a: 1\nb:\n  c: 2\n"),
        ("# mine\n", {("a",): 1}, "# mine\na: 1\n"),
        ("a: 1 # no newline", {("b",): 2}, "a: 1 # no newline\nb: 2\n"),
        ("a: 1\n\n\n", {("b",): 2}, "a: 1\nb: 2\n\n\n"),
        ("a:\nb: 1\n", {("a",): "x"}, "a: x\nb: 1\n"),
        ("a:\nb: 1\n", {("a", "k"): "x"}, "a:\n  k: x\nb: 1\n"),
        ("a: # why\nb: 1\n", {("a",): "x"}, "a: x # why\nb: 1\n"),
        ("'a': 1\n\"b\": 2\n", {("a",): 3, ("b",): 4}, "'a': 3\n\"b\": 4\n"),
        ("--- # d\na: 1\n... # e\n", {("b",): 2}, "--- # d\na: 1\nb: 2\n... # e\n"),
        ("😀: 1 # é\nb: 😀 # x\n", {("b",): "k"}, "😀: 1 # é\nb: k # x\n"),
        ("{a: 1}\n", {("b",): 2}, "a: 1\nb: 2\n"),
        ("? a\n: 1\n", {("a",): 2}, "? a\n: 2\n"),
        ("? a\n", {("a",): 1}, "a: 1\n"),
        ("? a\n? b\n", {("a",): [1]}, "a:\n- 1\nb: null\n"),
        ("a: 1\r\nb: 2\r\n", {("a",): 3}, "a: 3\r\nb: 2\r\n"),
        ("a: 1\n", {}, "a: 1\n"),
    ],
)
def test_edit_shapes(text: str, changes: dict[KeyPath, Any], edited: str) -> None:
    """A text of any shape takes a key: empty, comments only, no last newline, flow style."""
    assert edit(text, changes, "f") == edited


def test_edit_broken() -> None:
    """A text that is no YAML is refused, not rewritten."""
    with pytest.raises(InputError, match=r"^f:1: is not valid YAML: "):
        edit("a: b: c\n", {("a",): 1}, "f")


@pytest.mark.parametrize(
    ("text", "path", "place"),
    [
        ("- a\n- b\n", ("a",), "f"),
        ("a sentence\n", ("a",), "f"),
        ("cluster: main\n", ("cluster", "name"), "f: cluster"),
        ("a: {b: []} # mine\n", ("a", "b", "c"), "f: a.b"),
    ],
)
def test_edit_no_mapping(text: str, path: KeyPath, place: str) -> None:
    """What is no mapping is refused where a key is to be set: it would be thrown away."""
    with pytest.raises(InputError) as caught:
        edit(text, {path: 1}, "f")
    assert str(caught.value) == f"{place}: is not a mapping (KEY: VALUE lines)"


@pytest.mark.parametrize(
    ("text", "changes", "edited"),
    [
        ("a:  # why\n- 1\nb: 2 # two\n", {("a",): []}, "a: []  # why\nb: 2 # two\n"),
        ("a: # why\n  k: v # gone\n  # last\n", {("a",): {}}, "a: {} # why\n  # last\n"),
        ("a:\n  # in\n  k: v\nb: 2\n", {("a",): "t"}, "a: t\n  # in\nb: 2\n"),
        ("a:\n  # in\n  k: v # gone\n", {("a",): [1]}, "a:\n  # in\n  - 1\n"),
        ("a: # why\n  x # too\n", {("a",): "t"}, "a: t # why # too\n"),
        ("a: # why\n  # in\nb: 2\n", {("a", "k"): 1}, "a: # why\n  k: 1\n  # in\nb: 2\n"),
        ("t: | # why\n  x\n\n# end\n", {("t",): "s"}, "t: s # why\n\n# end\n"),
        ("t: >- # why\n  x\n", {("t",): [1]}, "t: # why\n  - 1\n"),
        ("a: {k: v} # flow\nb: 1\n", {("b",): "more..."}, "a: {k: v} # flow\nb: more...\n"),
        ("a: [0] # a\nb: 2\n", {("a",): ["x\ny"]}, "a: # a\n  - |-\n    x\n    y\nb: 2\n"),
        ("a:\n- 1\n  # of a\n# end\n", {("b",): 1}, "a:\n- 1\n  # of a\nb: 1\n# end\n"),
        ("a:   1 # a\n", {("a",): 2}, "a:   2 # a\n"),
        ("# no newline", {("a",): 1}, "# no newline\na: 1\n"),
        ("a: [1]\r\nb:\r\n- 1\r\n", {("b",): 2}, "a: [1]\r\nb: 2\r\n"),
    ],
)
def test_edit_comments(text: str, changes: dict[KeyPath, Any], edited: str) -> None:
    """A comment stays behind its key, one above the value above; those inside a block go."""
    assert edit(text, changes, "f") == edited


OLD = "v: 1 # x\nsettings:\n  old: 1\nz: 2 # y\n"


@pytest.mark.parametrize(
    ("block", "settings"),
    [
        ("workerNumber: 5 # c\n# end\n", "settings:\n  workerNumber: 5 # c\n  # end\n"),
        ("---\na: 1\n...\n", "settings:\n  a: 1\n"),
        ("%YAML 1.1\n---\na: 1\n", "settings:\n  a: 1\n"),
        ("a: 1\r\nb:\r\n- x\r\n", "settings:\n  a: 1\n  b:\n  - x\n"),
        ("{a: 1}\n", "settings:\n  {a: 1}\n"),
        ("a: |\n  x  \n  y\n", 'settings:\n  a: "x  \\ny\\n"\n'),
        ("", "settings:\n\n"),
    ],
)
def test_set_block(block: str, settings: str) -> None:
    """A whole mapping goes in with its comments; where that would change it, without them."""
    edited = set_block(OLD, "settings", block, "f")
    assert edited == f"v: 1 # x\n{settings}z: 2 # y\n"
    assert set_block("v: 1 # x\n", "settings", block, "f") == f"v: 1 # x\n{settings}"


def test_set_block_broken() -> None:
    """A block that is no YAML is refused."""
    with pytest.raises(InputError, match=r"^f:1: is not valid YAML: "):
        set_block(OLD, "settings", "a: b: c\n", "f")


@pytest.mark.parametrize(
    ("text", "edited"),
    [
        ("settings: # why\n  old: 1 # gone\n", "settings: # why\n  new: 5\n"),
        ("settings:\n  # gone\n\n  old: 1\n\n  # gone\n\n# z\nz: 1\n",
         "settings:\n  new: 5\n\n# z\nz: 1\n"),
        ("settings: {old: 1} # why\n", "settings: # why\n  new: 5\n"),
        ("a:\n  b: 1\n  # of b\n", "a:\n  b: 1\n  # of b\nsettings:\n  new: 5\n"),
    ],
)  # fmt: skip
def test_set_block_drops_old_comments(text: str, edited: str) -> None:
    """Comments of the settings that are replaced go with them, and no others."""
    assert set_block(text, "settings", "new: 5\n", "f") == edited
    assert set_block(edited, "settings", "new: 5\n", "f") == edited
