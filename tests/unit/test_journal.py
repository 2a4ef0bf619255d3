"""Journals that no run of this version has left: damaged, foreign, forged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commits import AFTER, BEFORE, CHANGES, Make, kill_before
from fcgitops.core.errors import InputError
from fcgitops.git import journal
from fcgitops.git.repo import open_repository
from fcgitops.git.worktree import WorkTree
from gitenv import files, git, write

pytestmark = pytest.mark.usefixtures("git_home")

Forge = Callable[[dict[str, Any]], object]


@pytest.fixture
def left(make_repository: Make) -> Path:
    """A repository whose run was killed before the branch moved."""
    top = make_repository(BEFORE)
    kill_before(top, "the branch")
    return top


def place(top: Path) -> Path:
    return top / ".git" / "fcgitops" / "journal"


@pytest.mark.sampled(3)
@pytest.mark.parametrize("content", [b"", b"\0" * 64, b"{", b"[]", b"null", b"\xff", b"[" * 99_999])
def test_damaged(left: Path, content: bytes) -> None:
    """An empty or broken one is named, and with it what to remove; 0.1.0 ended in a traceback."""
    place(left).write_bytes(content)
    with pytest.raises(InputError) as caught:
        open_repository(left).commit(CHANGES, "m")
    told = str(caught.value)
    assert f"{place(left)}: is damaged, or from another version" in told
    assert f"remove that file and, if no git command runs, {left / '.git' / 'index.lock'}" in told
    # And that is a way out.
    place(left).unlink()
    (left / ".git" / "index.lock").unlink()
    git(left, "reset", "-q", "--hard")
    git(left, "clean", "-fdq")
    open_repository(left).commit(CHANGES, "m")
    assert files(left) == AFTER


def test_cut_at_any_byte(left: Path) -> None:
    """However much of it is there, it is refused or followed, and nothing else comes of it."""
    whole = place(left).read_bytes()
    for length in range(0, len(whole), 41):
        place(left).write_bytes(whole[:length])
        with pytest.raises(InputError, match="is damaged"):
            open_repository(left).recover()
    place(left).write_bytes(whole)
    open_repository(left).recover()
    assert files(left) == BEFORE


def _entry(found: dict[str, Any], path: str) -> None:
    found["files"].append([path, None, found["files"][0][2]])


FORGED: dict[str, Forge] = {
    "a file outside": lambda found: _entry(found, "../victim"),
    "an absolute path": lambda found: _entry(found, "/tmp/victim"),
    "git's own file": lambda found: _entry(found, ".git/config"),
    "a file of the user's": lambda found: _entry(found, "mine"),
    "one file less": lambda found: found["files"].pop(),
    "another content": lambda found: found["files"][0].__setitem__(2, ["100644", "1" * 40]),
    "a folder outside": lambda found: found["directories"].append("../empty"),
    "a folder of the user's": lambda found: found["directories"].append("empty"),
    "a ref that leaves": lambda found: found.update(ref="refs/heads/../../../victim"),
    "no ref": lambda found: found.update(ref="HEAD", new_head="HEAD"),
    "an option": lambda found: found.update(before="--output=victim", after="--all"),
    "another tree": lambda found: found.update(after=found["before"]),
    "a note outside": lambda found: found.update(note="at/../../../../note.json", noted="x"),
    "a note of git's": lambda found: found.update(note="../config", noted="x"),
    "a missing key": lambda found: found.pop("old"),
    "another key": lambda found: found.update(more=1),
    "another type": lambda found: found.update(files={}, index="1"),
    "types within": lambda found: found.update(index=[None], directories=[1], adopted=[[]]),
    "an entry of numbers": lambda found: found["files"][0].__setitem__(2, [1, 2]),
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("what", FORGED)
def test_forged(left: Path, what: str) -> None:
    """One that names what no run wrote is refused; 0.1.0 removed files outside the tree."""
    victim = left.parent / "victim"
    empty = [left.parent / "empty", left / "empty"]
    for folder in empty:
        folder.mkdir()
    same = (left / "a").read_bytes()
    victim.write_bytes(same)
    write(left, {"mine": same})
    found = json.loads(place(left).read_text())
    FORGED[what](found)
    place(left).write_text(json.dumps(found))
    before = files(left)
    with pytest.raises(InputError, match="is damaged, or from another version"):
        open_repository(left).commit(CHANGES, "m")
    assert victim.read_bytes() == same
    assert all(folder.is_dir() for folder in empty)
    assert files(left) == before


def test_file_system_without_hard_links(
    make_repository: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There `index.lock` is made like any file; 0.1.0 could write nothing at all."""

    def no_link(_: Path, __: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", no_link)
    top = make_repository(BEFORE)
    open_repository(top).commit(CHANGES, "m")
    assert (files(top), git(top, "status", "--porcelain")) == (AFTER, "")
    # Another one's lock is respected there, too.
    lock = top / ".git" / "index.lock"
    tree = WorkTree.at(top)
    lock.write_text("another's")
    journal.copy_index(tree)
    with pytest.raises(InputError, match="another git command is at work here"):
        open_repository(top).commit({"a": b"2"}, "m")
    assert lock.read_text() == "another's"


class TestDurable:
    """What is on the disk before the journal goes."""

    @pytest.mark.parametrize(("setting", "told"), [(None, True), ("none", False), ("all", False)])
    def test_as_the_user_says(self, make_repository: Make, setting: str | None, told: bool) -> None:
        """Objects and refs, unless `core.fsync` says otherwise: git's default leaves out both."""
        top = make_repository(BEFORE)
        if setting:
            git(top, "config", "core.fsync", setting)
        assert ("core.fsync=committed,pack-metadata,reference" in WorkTree.at(top).durable) == told
        open_repository(top).commit(CHANGES, "m")
        assert files(top) == AFTER


def test_a_folder_elsewhere_is_not_swept(make_repository: Make, tmp_path: Path) -> None:
    """Where .git/fcgitops is a link, nothing behind it is written or removed."""
    top = make_repository(BEFORE)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "index").write_text("mine")
    (top / ".git/fcgitops").symlink_to(elsewhere)

    with pytest.raises(InputError, match="is a symbolic link"):
        open_repository(top).commit({"a": b"A\n"}, "m")

    assert [path.name for path in elsewhere.iterdir()] == ["index"]
