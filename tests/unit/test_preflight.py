"""What is in the way of a commit, and that it stays as it was."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from commits import AFTER, BEFORE, CHANGES, Make, refusal
from fcgitops.core.errors import InputError, ToolError
from fcgitops.git.repo import open_repository
from gitenv import SETTINGS, files, git, write

pytestmark = pytest.mark.usefixtures("git_home")

UNCOMMITTED = "has changes that are not committed (commit or stash them first)"
UNKNOWN = "has changes that are not committed (commit or move it first)"


def edited(top: Path) -> None:
    write(top, {"a": "mine", "d/b": "mine"})


def staged(top: Path) -> None:
    edited(top)
    git(top, "add", "-A")


def staged_only(top: Path) -> None:
    write(top, {"a": "mine"})
    git(top, "add", "a")
    write(top, {"a": "a\n"})


def deleted(top: Path) -> None:
    write(top, {"a": None})


def untracked(top: Path) -> None:
    write(top, {"new/x/y": "mine"})


def ignored(top: Path) -> None:
    write(top, {"new/x/y": "mine", ".git/info/exclude": "new\n"})


def other_mode(top: Path) -> None:
    (top / "a").chmod(0o755)


def folder(top: Path) -> None:
    (top / "new/x/y").mkdir(parents=True)


def not_a_folder(top: Path) -> None:
    write(top, {"new": "mine"})


def nested(top: Path) -> None:
    git(top, "init", "-q", "new")


def link(top: Path) -> None:
    (top / "a").unlink()
    (top / "a").symlink_to("keep")


def dangling(top: Path) -> None:
    (top / "new").mkdir()
    (top / "new" / "x").symlink_to("nowhere")


def link_to_folder(top: Path) -> None:
    (top / "d").rename(top / "elsewhere")
    (top / "d").symlink_to("elsewhere")


class TestInTheWay:
    """What of the user's a commit refuses to write over."""

    @pytest.mark.sampled(4)
    @pytest.mark.parametrize(
        ("prepare", "expected"),
        [
            (edited, [f"a: {UNCOMMITTED}", f"d/b: {UNCOMMITTED}"]),
            (staged, [f"a: {UNCOMMITTED}", f"d/b: {UNCOMMITTED}"]),
            (staged_only, [f"a: {UNCOMMITTED}"]),
            (deleted, [f"a: {UNCOMMITTED}"]),
            (other_mode, [f"a: {UNCOMMITTED}"]),
            (untracked, [f"new/x/y: {UNKNOWN}"]),
            (ignored, [f"new/x/y: {UNKNOWN}"]),
            (folder, ["new/x/y: is in the way: not an ordinary file (move it first)"]),
            (not_a_folder, ["new/x/y: new is in the way: not a directory (move it first)"]),
            (nested, ["new/x/y: new is another Git repository (move it first)"]),
            (link, ["a: is a symbolic link (it would be followed; remove it first)"]),
            (
                dangling,
                ["new/x/y: new/x is a symbolic link (it would be followed; remove it first)"],
            ),
            (
                link_to_folder,
                ["d/b: d is a symbolic link (it would be followed; remove it first)"],
            ),
        ],
    )
    def test_refused(
        self, make_repository: Make, prepare: Callable[[Path], None], expected: list[str]
    ) -> None:
        """Each path is named, and nothing is written, with a commit or without one."""
        top = make_repository(BEFORE)
        prepare(top)
        assert refusal(top, CHANGES) == expected
        assert refusal(top, CHANGES, commit=False) == expected

    @pytest.mark.parametrize(
        "path", ["../x", "/x", "a/../../x", ".git/config", "d/.GIT/x", "a\nb", ""]
    )
    def test_escape(self, make_repository: Make, path: str) -> None:
        """No path leads out of the work tree, or into .git."""
        (problem,) = refusal(make_repository(BEFORE), {path: b"x"})
        assert "is not a path that can be written" in problem


def merging(top: Path) -> None:
    git(top, "switch", "-qc", "other")
    write(top, {"keep": "other"})
    git(top, "commit", "-qam", "other")
    git(top, "switch", "-q", "main")
    write(top, {"keep": "main"})
    git(top, "commit", "-qam", "main")


class TestUnfinished:
    """The states of a repository in which a commit would not be the one that is meant."""

    @pytest.mark.parametrize(
        ("command", "what"),
        [
            (["merge", "-q", "other"], "a merge is under way"),
            (["rebase", "-q", "other"], "a rebase is under way"),
            (["cherry-pick", "other"], "a cherry-pick is under way"),
            (["revert", "--no-edit", "main~1"], "a revert is under way"),
        ],
    )
    def test_under_way(self, make_repository: Make, command: list[str], what: str) -> None:
        """A merge, rebase, cherry-pick or revert has to be finished first."""
        top = make_repository(BEFORE)
        merging(top)
        if command[0] == "revert":
            write(top, {"keep": "again"})
            git(top, "commit", "-qam", "again")
        subprocess.run(["git", *command], cwd=top, capture_output=True, check=False)
        assert any(what in problem for problem in _refused_as_is(top))

    def test_unmerged(self, make_repository: Make) -> None:
        """Conflicts in the index have to be resolved first."""
        top = make_repository(BEFORE)
        merging(top)
        git(top, "merge", "-q", "--squash", "other", status=1)
        assert _refused_as_is(top) == ["keep: has conflicts (resolve them, then `git add`)"]

    def test_detached(self, make_repository: Make) -> None:
        """A detached HEAD would lose the commit; left uncommitted it is fine."""
        top = make_repository(BEFORE)
        git(top, "switch", "-q", "--detach")
        (problem,) = _refused_as_is(top)
        assert "--branch NAME" in problem
        open_repository(top).commit(CHANGES, "m", commit=False)
        assert files(top) == AFTER

    def test_index_lock(self, make_repository: Make) -> None:
        """The lock of another git process is respected, and stays."""
        top = make_repository(BEFORE)
        (top / ".git" / "index.lock").touch()
        (problem,) = _refused_as_is(top)
        assert "another git command is at work here" in problem
        assert (top / ".git" / "index.lock").exists()
        assert files(top) == BEFORE

    @pytest.mark.parametrize("name", ["refs/heads/main.lock", "HEAD.lock"])
    def test_ref_lock(self, make_repository: Make, name: str) -> None:
        """So is that of a branch, or of HEAD; which file it is, is said."""
        top = make_repository(BEFORE)
        lock = top / ".git" / name
        lock.touch()
        with pytest.raises(ToolError, match=rf"if no git command runs any more, remove {lock}"):
            open_repository(top).commit(CHANGES, "m")
        assert lock.exists()
        lock.unlink()
        assert (files(top), git(top, "status", "--porcelain")) == (BEFORE, "")

    def test_nobody(self, make_repository: Make, git_home: Path) -> None:
        """Without a name git would make one up: refused, and what to run is said."""
        top = make_repository(BEFORE)
        (git_home / ".gitconfig").write_text(SETTINGS.replace("email", "nothing"))
        (problem,) = refusal(top, CHANGES)
        assert "Git does not know who you are (run `git config --global user.name" in problem
        assert open_repository(top).commit(CHANGES, "m", commit=False) is None

    def test_moved_meanwhile(self, make_repository: Make) -> None:
        """What was read from one commit is not committed on another."""
        top = make_repository(BEFORE)
        repository = open_repository(top)
        git(top, "commit", "-q", "--allow-empty", "-m", "meanwhile")
        with pytest.raises(InputError, match="has moved to another commit"):
            repository.commit(CHANGES, "m")
        with repository.lock():
            assert repository.commit(CHANGES, "m")


def _refused_as_is(top: Path) -> list[str]:
    before = (files(top), git(top, "rev-parse", "HEAD"))
    with pytest.raises(InputError) as caught:
        open_repository(top).commit(CHANGES, "m")
    assert (files(top), git(top, "rev-parse", "HEAD")) == before
    return [str(problem) for problem in caught.value.problems]
