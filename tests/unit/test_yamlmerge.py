"""The merge of YAML by what it says, where git's merge of lines conflicts or is wrong."""

from __future__ import annotations

import pytest
from fcgitops.repository.merge import merge
from fcgitops.text import conflicts


def merged(base: str, ours: str, theirs: str) -> str | None:
    """The outcome for one file; None for a conflict, in which git's markers stand."""
    versions = (text.encode() for text in (base, ours, theirs))
    old, mine, new = ({"f.yaml": data} for data in versions)
    found = merge(old, mine, new)
    text = found.files.get("f.yaml")
    assert (text is None) == bool(found.conflicts)
    assert all(conflicts.line(conflict.merged) for conflict in found.conflicts.values())
    return text.decode() if text is not None else None


CLEAN = {
    "a key appended beside a generated one": (
        "a: 1\n",
        "a: 1\nmine: 2  # ours\n",
        "a: 1\nnew: 3\n",
        "a: 1\nnew: 3\nmine: 2  # ours\n",
    ),
    "a generated line changed next to an edited line": (
        "a: 1\nb: 2\n",
        "a: 10  # ours\nb: 2\n",
        "a: 1\nb: 20\n",
        "a: 10  # ours\nb: 20\n",
    ),
    "a moved block": (
        "a:\n  x: 1\n  y: 2\nb: 1\nc: 1\n",
        "c: 1\nb: 1\n# Moved.\na:\n  x: 1\n  y: 2\n",
        "a:\n  x: 1\n  y: 3\nb: 1\nc: 1\n",
        "c: 1\nb: 1\n# Moved.\na:\n  x: 1\n  y: 3\n",
    ),
    "requoted values beside an edit": (
        "a: 'x'\nb: '1'\nc: 1\n",
        'a: "x"\nb: "1"\nc: 2\n',
        "a: 'y'\nb: '2'\nc: 1\n",
        'a: "y"\nb: "2"\nc: 2\n',
    ),
    "named items in another layout": (
        "env:\n- name: A\n  value: a\n- name: B\n  value: b\n",
        "env:\n    - name: A\n      value: mine\n    - name: B\n      value: b\n",
        "env:\n- name: A\n  value: a\n- name: B\n  value: new\n- name: C\n  value: c\n",
        "env:\n    - name: A\n      value: mine\n    - name: B\n      value: new\n"
        "    - name: C\n      value: c\n",
    ),
    "an item added by each side": (
        "resources:\n- a\n",
        "resources:\n- a\n- mine\n",
        "resources:\n- a\n- new\n",
        "resources:\n- a\n- new\n- mine\n",
    ),
    "an item that was renamed": (
        "x:\n- name: a\n  tag: 1\n",
        "x:\n- name: mine\n  tag: 1\n",
        "x:\n- name: a\n  tag: 2\n",
        "x:\n- name: mine\n  tag: 2\n",
    ),
    "items without a name": (
        "rules:\n- verbs: [get]\n  resources: [pods]\n- verbs: [get]\n  resources: [nodes]\n",
        "rules:\n- verbs: [get, list]\n  resources: [pods]\n- verbs: [get]\n  resources: [nodes]\n",
        "rules:\n- verbs: [get]\n  resources: [pods]\n- verbs: [watch]\n  resources: [nodes]\n",
        "rules:\n- verbs: [get, list]\n  resources: [pods]\n- verbs: [watch]\n"
        "  resources: [nodes]\n",
    ),
    "a list that theirs orders otherwise": (
        "x:\n- a\n- b\n",
        "x:\n# Why.\n- a\n- b\n- mine\n",
        "x:\n- b\n- a\n",
        "x:\n- b\n- mine\n# Why.\n- a\n",
    ),
    "what theirs takes away beside an edit": (
        "a: 1\n# Of b.\nb: 2\nc: 3\n",
        "a: 10\n# Of b.\nb: 2\nc: 3\n",
        "a: 1\nc: 3\n",
        "a: 10\nc: 3\n",
    ),
    "what theirs takes away below a comment of ours": (
        "a: 1\nb: 2\nc: 3\n",
        "a: 1\n# Mine.\nb: 2\nc: 30\n",
        "a: 1\nc: 3\n",
        "a: 1\n# Mine.\nc: 30\n",
    ),
    "what ours takes away beside a change": (
        "a: 1\nb: 2\nc: 3\n",
        "a: 1\nc: 3\n",
        "a: 1\nb: 2\nc: 4\n",
        "a: 1\nc: 4\n",
    ),
    "comments of both": (
        "# Old.\na: 1\nb: 2\n",
        "# Old.\na: 10\n# Mine.\nb: 2\n",
        "# New.\na: 1\nb: 20\n",
        "# New.\na: 10\n# Mine.\nb: 20\n",
    ),
    "the same labels added by each side": (
        "a: 1\n",
        "a: 1\nlabels:\n  mine: x\n",
        "a: 1\nlabels:\n  new: y\n",
        "a: 1\nlabels:\n  new: y\n  mine: x\n",
    ),
    "a flow collection": (
        "a: {x: 1}\n",
        "a: {x: 1, mine: 2}  # ours\n",
        "a: {x: 2}\n",
        "a: {x: 2, mine: 2}  # ours\n",
    ),
    "a flow collection that both add to": (
        "verbs: [get]\n",
        "verbs: [get, mine]\n",
        "verbs: [get, new]\n",
        "verbs: [get, new, mine]\n",
    ),
    "a text of several lines": (
        "a: 1\nrun: |\n  one\n  two\n  three\n  four\n",
        "a: 2\nrun: |\n  ONE\n  two\n  three\n  four\n",
        "a: 1\nrun: |\n  one\n  two\n  three\n  FOUR\n",
        "a: 2\nrun: |\n  ONE\n  two\n  three\n  FOUR\n",
    ),
    "documents": (
        "kind: A\nmetadata: {name: x}\na: 1\n---\nkind: B\nmetadata: {name: x}\n",
        "kind: A\nmetadata: {name: x}\na: 2\n---\nkind: B\nmetadata: {name: x}\n"
        "---\nkind: Mine\nmetadata: {name: x}\n",
        "kind: A\nmetadata: {name: x}\na: 1\nb: 3\n---\nkind: B\nmetadata: {name: x}\n"
        "---\nkind: New\nmetadata: {name: x}\n",
        "kind: A\nmetadata: {name: x}\na: 2\nb: 3\n---\nkind: B\nmetadata: {name: x}\n"
        "---\nkind: Mine\nmetadata: {name: x}\n---\nkind: New\nmetadata: {name: x}\n",
    ),
    "documents of one name in two namespaces": (
        "kind: A\nmetadata: {name: x, namespace: a}\na: 1\nb: 1\n"
        "---\nkind: A\nmetadata: {name: x, namespace: b}\n",
        "kind: A\nmetadata: {name: x, namespace: a}\na: 2\nb: 1\n"
        "---\nkind: A\nmetadata: {name: x, namespace: b}\n",
        "kind: A\nmetadata: {name: x, namespace: a}\na: 1\nb: 2\n"
        "---\nkind: A\nmetadata: {name: x, namespace: b}\n",
        "kind: A\nmetadata: {name: x, namespace: a}\na: 2\nb: 2\n"
        "---\nkind: A\nmetadata: {name: x, namespace: b}\n",
    ),
    "documents of another namespace": (
        "kind: A\nmetadata: {name: x, namespace: a}\na: 1\nb: 1\n"
        "---\nkind: B\nmetadata: {name: x, namespace: a}\n",
        "kind: A\nmetadata: {name: x, namespace: mine}\na: 1\nb: 1\n"
        "---\nkind: B\nmetadata: {name: x, namespace: mine}\n",
        "kind: A\nmetadata: {name: x, namespace: a}\na: 2\nb: 1\n"
        "---\nkind: B\nmetadata: {name: x, namespace: a}\nc: 3\n",
        "kind: A\nmetadata: {name: x, namespace: mine}\na: 2\nb: 1\n"
        "---\nkind: B\nmetadata: {name: x, namespace: mine}\nc: 3\n",
    ),
    "a text that looks like a comment": (
        "a: 'x # y'\nb: 1\nrun: |\n  one\n  # two\n",
        '{"a": "x # y", "b": 1, "run": "one\\n# two\\n"} # mine\n',
        "a: 'x # y'\nb: 2\nrun: |\n  one\n  # two\n",
        '{"a": "x # y", "b": 2, "run": "one\\n# two\\n"} # mine\n',
    ),
    "anchors and aliases of ours": (
        "a:\n  x: 1\nb: 1\nc:\n- d\n- e\n",
        "a: &a\n  x: 1\n  mine: 2\nb: 1\nc:\n- &d d\n- e\n- *d\nalso: *a\n",
        "a:\n  x: 1\nb: 2\nc:\n- d\n- e\n- new\n",
        "a: &a\n  x: 1\n  mine: 2\nb: 2\nc:\n- &d d\n- e\n- new\n- *d\nalso: *a\n",
    ),
    "other keys in the place of all": (
        "a:\n  x: 1\nb: 1\n",
        "a:\n  x: 1\nb: 2\n",
        "a:\n  y: 1\nb: 1\n",
        "a:\n  y: 1\nb: 2\n",
    ),
    "the first key of an item taken away": (
        "x:\n- a: 1\n  b: 1\n  c: 1\n",
        "x:\n- a: 1\n  b: 1\n  c: 2\n",
        "x:\n- c: 1\n  d: 1\n",
        "x:\n- c: 2\n  d: 1\n",
    ),
    "line ends of another system": (
        "a: 1\nb: 2\n",
        "a: 10\r\nb: 2\r\n",
        "a: 1\nb: 20\nc: 3\n",
        "a: 10\r\nb: 20\r\nc: 3\r\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CLEAN.values(), ids=CLEAN)
def test_both_changes_are_taken(case: tuple[str, str, str, str]) -> None:
    """Where they are of different values; comments, order and layout are the user's."""
    assert merged(*case[:3]) == case[3]


CONFLICTS = {
    "one value": ("a: 1\nb: 1\n", "a: 2\nb: 1\n", "a: 3\nb: 1\n"),
    "one value of a moved block": (
        "a:\n  x: 1\nb: 1\nc: 1\n", "c: 1\nb: 1\na:\n  x: 2\n", "a:\n  x: 3\nb: 1\nc: 1\n",
    ),
    "taken away and changed": ("a: 1\nb: 1\n", "b: 1\n", "a: 2\nb: 1\n"),
    "changed and taken away": ("a: 1\nb: 1\n", "a: 2\nb: 1\n", "b: 1\n"),
    "one key added with two values": ("a: 1\n", "a: 1\nb: 2\n", "a: 1\nb: 3\n"),
    "one item added with two values": (
        "x:\n- {name: a}\n", "x:\n- {name: a}\n- {name: b, v: 1}\n",
        "x:\n- {name: a}\n- {name: b, v: 2}\n",
    ),
    "an item renamed to the name of a new one": (
        "x:\n- {name: a, v: 1}\n", "x:\n- {name: b, v: 1}\n",
        "x:\n- {name: a, v: 1}\n- {name: b, v: 2}\n",
    ),
    "the text and the number": ("a: x\nb: 1\n", "a: '1'\nb: 1\n", "a: 1\nb: 1\n"),
    "arguments of a program": (
        "args:\n- a\n", "args:\n- a\n- mine\n", "args:\n- a\n- new\n"
    ),
    "an order changed by both": (
        "x:\n- a\n- b\n- c\n", "x:\n- b\n- a\n- c\n", "x:\n- a\n- c\n- b\n"
    ),
    "a comment in what theirs takes away": (
        "a: 1\nb:\n  x: 1\n", "a: 2\nb:\n  # Mine.\n  x: 1\n", "a: 1\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CONFLICTS.values(), ids=CONFLICTS)
def test_what_both_changed_is_a_conflict(case: tuple[str, str, str]) -> None:
    """Git's own, with its markers."""
    assert merged(*case) is None


FAR = "".join(f"k{n}: {n}\n" for n in range(9))


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [
        (FAR, f"new: 1\n{FAR}", f"{FAR}new: 2\n"),
        (
            f"x:\n- {{name: a}}\n{FAR}y:\n- {{name: a}}\n",
            f"x:\n- {{name: b, v: 1}}\n- {{name: a}}\n{FAR}y:\n- {{name: a}}\nx2: 1\n",
            f"x:\n- {{name: a}}\n- {{name: b, v: 2}}\n{FAR}y:\n- {{name: a}}\n",
        ),
        (f"a: 1\n{FAR}", f"new: &n 1\na: *n\n{FAR}", f"a: 1\n{FAR}new: 2\n"),
        (f"a: 1\n{FAR}", f"new: &n {{x: 1}}\na: {{<<: *n}}\n{FAR}", f"a: 1\n{FAR}new: 2\n"),
        (f"a:\n  x: 1\n{FAR}", f"a: &a\n  x: 1\n{FAR}b: *a\n", f"a:\n  x: 2\n{FAR}"),
    ],
    ids=[
        "a key",
        "an item",
        "a key beside an alias",
        "a key beside a merge key",
        "what an alias says",
    ],
)
def test_what_only_git_takes_is_a_conflict(base: str, ours: str, theirs: str) -> None:
    """One name added by both, in lines far from each other; a value that an alias has, too."""
    assert merged(base, ours, theirs) is None


def test_one_key_added_by_both_is_written_once() -> None:
    """Though git would write it twice: the lines are far from each other."""
    assert merged(FAR, f"new: 1\n{FAR}", f"{FAR}new: 1\n") == f"new: 1\n{FAR}"


def test_a_text_that_git_merges_stays_as_git_merges_it() -> None:
    """Also where the structure is none: an alias, no YAML at all."""
    lines = "\n".join("abcdefgh") + "\n"
    for form in ("x: &x 1\ny: *x\n", "{{ a }}: [\n"):
        base = form + "".join(f"k{n}: {n}\n" for n in range(9))
        ours, theirs = base.replace("k0: 0", "k0: m"), base.replace("k8: 8", "k8: n")
        assert merged(base, ours, theirs) == ours.replace("k8: 8", "k8: n")
    assert merged(lines, "A" + lines[1:], lines[:-2] + "H\n") == "A" + lines[1:-2] + "H\n"
