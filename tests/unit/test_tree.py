"""Trees as values, and the paths that lead out of one."""

from __future__ import annotations

from pathlib import Path

import pytest
from fcgitops.core.errors import InputError
from fcgitops.text.tree import at, read_file, read_tree, safe_join, under
from gitenv import write

LEAVES = "leaves the repository (a relative path without '..')"
LINK = "is a symbolic link, which fcgitops does not follow (put the file itself there)"


def test_read_tree(tmp_path: Path) -> None:
    """Plain files are read, sorted; Git's own, byte code and links are not."""
    write(tmp_path, {"b/.git": "1", ".git/x": "", "a.yaml": b"\xff", "b/c.pyc": "", ".f": "2"})
    (tmp_path / "link").symlink_to("a.yaml")
    (tmp_path / "folder").symlink_to("b")
    tree = {".f": b"2", "a.yaml": b"\xff", "b/.git": b"1"}
    assert list(read_tree(tmp_path).items()) == list(tree.items())


def test_under_and_at() -> None:
    """A part of a tree is taken out by its folder, and moved below another."""
    tree = {"a/b": b"1", "a/c/d": b"2", "ab": b"3", "a": b"4"}
    assert under(tree, "a") == {"b": b"1", "c/d": b"2"}
    assert at("x/y", {"b": b"1"}) == {"x/y/b": b"1"}


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("../x", f"../x: {LEAVES}"),
        ("a/../../x", f"a/../../x: {LEAVES}"),
        ("a/../b", f"a/../b: {LEAVES}"),
        ("/etc/passwd", f"/etc/passwd: {LEAVES}"),
        ("", LEAVES),
        (".", f".: {LEAVES}"),
        ("out/passwd", f"out: {LINK}"),
        ("in/f", f"in: {LINK}"),
        ("d/link", f"d/link: {LINK}"),
        ("d/dangling", f"d/dangling: {LINK}"),
    ],
)
def test_refused(tmp_path: Path, path: str, message: str) -> None:
    """No path leads out of the repository, nor through a symbolic link wherever it points."""
    write(tmp_path, {"d/f": "1"})
    for name, to in {"out": "/etc", "in": "d", "d/link": "f", "d/dangling": "no"}.items():
        (tmp_path / name).symlink_to(to)
    for call in (safe_join, read_file):
        with pytest.raises(InputError) as caught:
            call(tmp_path, path)
        assert str(caught.value) == message


def test_read_file(tmp_path: Path) -> None:
    """A file's content is read; where no file can be, there is none; a folder is an error."""
    write(tmp_path, {"d/f": b"\xff1"})
    assert safe_join(tmp_path, "d/new/x") == tmp_path / "d/new/x"
    assert read_file(tmp_path, "d/f") == b"\xff1"
    assert read_file(tmp_path, "d/no") is None
    assert read_file(tmp_path, "d/f/below") is None
    with pytest.raises(InputError) as caught:
        read_file(tmp_path, "d")
    assert str(caught.value) == "d: is a folder (move it away: a file belongs there)"


def test_too_long(tmp_path: Path) -> None:
    """A path that no file system takes is an error with its name, no traceback."""
    write(tmp_path, {"d/f": ""})
    for path in ("a" * 300, f"d/{'a' * 300}/b"):
        for call in (safe_join, read_file):
            with pytest.raises(InputError) as caught:
                call(tmp_path, path)
            assert str(caught.value) == f"{path}: cannot be read: File name too long"
