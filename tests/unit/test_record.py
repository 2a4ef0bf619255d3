"""The record of what was generated."""

from __future__ import annotations

import pytest
from fcgitops.manifests.skeleton import render_skeleton
from fcgitops.model import layout
from fcgitops.model.answers import Answers
from fcgitops.model.environment import PROFILES
from fcgitops.repository import record
from fcgitops.repository.scaffold import base_tree, repository_tree

TREE = {"b/c.yaml": b"image: registry/x:v1\n\n# |=> \xc3\xa9\n", "a": b"", "d e": b"1\n"}
TEXT = """\
# What fcgitops generated here last time, the base of its next merge. Leave it as it is.
# Each file's lines follow its path; letters are rotated by 13.
=> a
=> b/c.yaml
|vzntr: ertvfgel/k:i1
|
|# |=> é
=> d e
|1
"""


def test_form() -> None:
    """A record is text, sorted by path; its lines are not those of the files it records."""
    assert record.encode(TREE).decode() == TEXT
    assert record.decode(TEXT.encode()) == TREE


def test_no_newline() -> None:
    """A last line without a newline is told from one with it."""
    assert record.encode({"a": b"x\ny"}).endswith(b"=> a\n|k\n\\l\n")


@pytest.mark.parametrize(
    "tree",
    [{}, {"a": b""}, {"=> a": b"=> b\n# c\n|d\n"}, {"a": b"x", "b": b"\\\n\\", "c\r": b"\r\n\r"}],
)
def test_round_trip(tree: dict[str, bytes]) -> None:
    """What looks like the record's own syntax is told apart from it."""
    assert record.decode(record.encode(tree)) == tree


@pytest.mark.parametrize(
    "data",
    [
        None,
        b"",
        b"\n",
        b"=> a\n|b\n",
        b"\xff" + TEXT.encode(),
        TEXT.replace("|1", "1").encode(),
        TEXT.replace("=> d e\n", "<<<<<<< yours\n=> d e\n=======\n>>>>>>> other\n").encode(),
        TEXT.replace("=> a\n", "|lost its path\n=> a\n").encode(),
        TEXT.replace("=> a\n", "a\n").encode(),
    ],
)
def test_damaged(data: bytes | None) -> None:
    """A record that is missing or damaged is none; it never passes for something else."""
    assert record.decode(data) is None


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(TEXT.encode() + b"=> a\n|k\n", id="a path twice"),
        pytest.param(TEXT.encode()[:-1], id="cut in a line"),
        pytest.param(TEXT.replace("\n", "\r\n", 3).encode(), id="some other line ends"),
        pytest.param(TEXT.encode().partition(b"\n")[0], id="cut in the first line"),
        pytest.param(TEXT.encode() + b"\\k\n|l\n", id="a line behind the last"),
    ],
)
def test_damaged_unseen(data: bytes) -> None:
    """A record in which a path stands twice, or that was cut or half converted, is damaged."""
    assert record.decode(data) is None


def test_of_another_system() -> None:
    """Git may give a record other line ends; then all of it has them."""
    assert record.decode(TEXT.replace("\n", "\r\n").encode()) == record.decode(TEXT.encode())
    assert record.decode(TEXT.encode())


@pytest.mark.parametrize("profile", PROFILES)
def test_of_a_repository(profile: str) -> None:
    """A repository's records hold exactly what was generated, and nothing of `local/`."""
    answers = Answers("fc", profile, environments={"prod": "customized-config"})
    skeleton = render_skeleton(answers)
    base = base_tree(answers, skeleton)
    assert record.decode(base[layout.BASE_RECORD]) == {
        path: data for path, data in base.items() if path != layout.BASE_RECORD
    }
    tree = repository_tree(answers, skeleton)
    recorded = record.decode(tree["overlays/prod/.fcgitops"]) or {}
    assert sorted(recorded) == ["frameworkcontroller.yaml", "kustomization.yaml"]
    assert all(tree[f"overlays/prod/{path}"] == data for path, data in recorded.items())
