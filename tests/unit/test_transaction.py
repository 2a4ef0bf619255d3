"""Committing, all or nothing: real repositories, real hooks, real kills."""

from __future__ import annotations

import fcntl
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from fcgitops import transaction
from fcgitops.errors import FcgitopsError, FoundError, InputError, ToolError
from fcgitops.git import Git
from fcgitops.gitrepo import Stages, init_and_commit, open_repository
from gitenv import SETTINGS, committed, files, git, git_home, make_repository, state, write

__all__ = ["git_home", "make_repository"]

Make = Callable[..., Path]
pytestmark = pytest.mark.usefixtures("git_home")

BEFORE = {"a": "a\n", "d/b": "b\n", "d/c": "c\n", "keep": "k\n"}
CHANGES: dict[str, bytes | None] = {"a": b"A\n", "d/b": None, "new/x/y": b"y\n"}
AFTER = {"a": "A\n", "d/c": "c\n", "keep": "k\n", "new/x/y": "y\n"}


def in_child(action: Callable[[], object]) -> int:
    """Start a child that does it and ends: 0 done, 1 refused, 2 failed otherwise.

    Whatever happens, the child never returns into pytest.
    """
    child = os.fork()
    if child:
        return child
    status = 2
    try:
        action()
        status = 0
    except FcgitopsError:
        status = 1
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def refusal(directory: Path, changes: Mapping[str, bytes | None], **options: object) -> list[str]:
    """What a commit that is refused says, having left everything as it was."""
    before = state(directory)
    with pytest.raises(InputError) as caught:
        open_repository(directory).commit(changes, "refused", **options)  # type: ignore[arg-type]
    assert state(directory) == before
    return [str(problem) for problem in caught.value.problems]


class TestCommit:
    """What a commit does."""

    def test_plain(self, make_repository: Make) -> None:
        """One commit with one parent on the branch; work tree and index follow."""
        top = make_repository(BEFORE)
        parent = git(top, "rev-parse", "HEAD")
        made = open_repository(top).commit(CHANGES, "subject\n\nbody\n")
        assert git(top, "rev-list", "--parents", "-1", "main") == f"{made} {parent}"
        assert git(top, "log", "-1", "--format=%an <%ae>|%B") == (
            "Ada <ada@example.com>|subject\n\nbody\n"
        )
        assert files(top) == AFTER
        assert git(top, "status", "--porcelain") == ""
        assert git(top, "reflog", "-1", "--format=%gs") == "commit: subject"
        assert git(top, "ls-tree", "HEAD", "a").startswith("100644 blob")
        assert git(top, "for-each-ref", "--format=%(refname)") == "refs/heads/main"
        git(top, "fsck", "--strict")

    def test_below(self, make_repository: Make) -> None:
        """Paths are relative to the content's root, a folder of a bigger repository."""
        top = make_repository({"a": "top", "in/a": "old"})
        open_repository(top / "in").commit({"a": b"new", "b": b"b"}, "below")
        assert files(top) == {"a": "top", "in/a": "new", "in/b": "b"}
        assert git(top, "status", "--porcelain") == ""

    @pytest.mark.parametrize("name", ["é ü", '"quoted"', "back\\slash", "-dash", "tab\there"])
    def test_names(self, make_repository: Make, name: str) -> None:
        """Whatever a file is called, it is added, changed and deleted."""
        top = make_repository(BEFORE)
        for content in (b"1", b"2", None):
            open_repository(top).commit({f"d/{name}": content, name: content}, "m")
            wanted = {name, f"d/{name}"} if content else set()
            assert set(files(top)) - set(BEFORE) == wanted
            assert git(top, "status", "--porcelain") == ""

    def test_nothing_to_do(self, make_repository: Make) -> None:
        """What HEAD holds already makes no commit, nor a branch, even if the file is dirty."""
        top = make_repository(BEFORE)
        write(top, {"a": "edited"})
        before = state(top)
        same: dict[str, bytes | None] = {"a": b"a\n", "no such": None}
        assert open_repository(top).commit(same, "m", branch="b") is None
        assert state(top) == before

    def test_without_commit(self, make_repository: Make) -> None:
        """Without a commit the changes are in the work tree and the index."""
        top = make_repository(BEFORE)
        assert open_repository(top).commit(CHANGES, "m", commit=False) is None
        assert git(top, "status", "--porcelain") == "M  a\nD  d/b\nA  new/x/y"
        assert files(top) == AFTER
        # and the next run may commit them
        assert open_repository(top).commit(CHANGES, "m") == git(top, "rev-parse", "HEAD")
        assert git(top, "status", "--porcelain") == ""

    def test_again(self, make_repository: Make) -> None:
        """The same object commits twice."""
        repository = open_repository(make_repository(BEFORE))
        made = [repository.commit({"a": content}, "m") for content in (b"1", b"2")]
        assert repository.head == made[1]
        assert repository.read_head(["a"]) == {"a": b"2"}

    def test_users_changes_stay(self, make_repository: Make) -> None:
        """Dirty, staged, deleted and untracked files of the user's stay exactly so."""
        top = make_repository({**BEFORE, "staged": "1", "both": "1", "gone": "1", "mode": "1"})
        write(top, {"keep": "edited", "staged": "2", "both": "2", "untracked": "u", "added": "1"})
        write(top, {".git/info/exclude": "ignored\n", "ignored": "i"})
        git(top, "add", "staged", "both", "added")
        write(top, {"both": "3", "gone": None})
        (top / "mode").chmod(0o755)
        (top / "empty").mkdir()
        status = git(top, "status", "--porcelain", "--ignored")
        kept = {k: v for k, v in files(top).items() if k not in BEFORE or k == "keep"}
        open_repository(top).commit(CHANGES, "m")
        assert git(top, "status", "--porcelain", "--ignored") == status
        assert git(top, "show", ":both") == "2"
        assert files(top) == {**AFTER, **kept}
        assert set(git(top, "show", "--format=", "--name-only").split()) == set(CHANGES)

    def test_edited_by_hand(self, make_repository: Make) -> None:
        """Files that hold the new content already are committed: edited, new, deleted."""
        top = make_repository(BEFORE)
        write(top, {"a": "A\n", "new/x/y": "y\n", "d/b": None})
        open_repository(top).commit(CHANGES, "m")
        assert committed(top) == {k: v.strip() for k, v in AFTER.items()}
        assert git(top, "status", "--porcelain") == ""

    def test_staged_by_hand(self, make_repository: Make) -> None:
        """The same where they are staged, in whatever version."""
        top = make_repository(BEFORE)
        write(top, {"a": "older", "new/x/y": "y\n"})
        git(top, "add", "-A")
        write(top, {"a": "A\n"})
        open_repository(top).commit(CHANGES, "m")
        assert git(top, "status", "--porcelain") == ""

    def test_touched(self, make_repository: Make) -> None:
        """A file whose time changed, but not its content, is not in the way."""
        top = make_repository(BEFORE)
        os.utime(top / "a", (1, 1))
        open_repository(top).commit(CHANGES, "m")
        assert git(top, "status", "--porcelain") == ""

    def test_executable(self, make_repository: Make) -> None:
        """A file keeps the executable bit that it has in HEAD."""
        top = make_repository(BEFORE)
        (top / "a").chmod(0o755)
        git(top, "commit", "-qam", "executable")
        open_repository(top).commit(CHANGES, "m")
        assert git(top, "ls-tree", "HEAD", "a").startswith("100755")
        assert os.access(top / "a", os.X_OK)

    def test_many(self, make_repository: Make) -> None:
        """Hundreds of files in one commit."""
        top = make_repository(BEFORE)
        many = {f"env{i:03}/f{n}": b"%d %d\n" % (i, n) for i in range(150) for n in range(4)}
        open_repository(top).commit(many, "m")
        assert files(top) == {**BEFORE, **{path: many[path].decode() for path in many}}
        assert git(top, "status", "--porcelain") == ""


class TestBranch:
    """The commit on a branch of its own."""

    def test_new(self, make_repository: Make) -> None:
        """It goes to the new branch, which is then checked out, as by `git switch -c`."""
        top = make_repository(BEFORE)
        repository = open_repository(top)
        old = repository.head
        made = repository.commit(CHANGES, "m", branch="team/feature")
        assert repository.branch == git(top, "branch", "--show-current") == "team/feature"
        assert (git(top, "rev-parse", "main"), git(top, "rev-parse", "HEAD")) == (old, made)
        assert git(top, "rev-parse", "--abbrev-ref", "@{-1}") == "main"
        assert files(top) == AFTER
        assert git(top, "status", "--porcelain") == ""

    def test_from_detached(self, make_repository: Make) -> None:
        """A detached HEAD gets onto a branch that way."""
        top = make_repository(BEFORE)
        git(top, "switch", "-q", "--detach")
        open_repository(top).commit(CHANGES, "m", branch="b")
        assert git(top, "branch", "--show-current") == "b"

    @pytest.mark.parametrize("contents", [BEFORE, {}])
    def test_without_commit(self, make_repository: Make, contents: dict[str, str]) -> None:
        """Without a commit the branch is made all the same, born or not."""
        top = make_repository(contents)
        open_repository(top).commit({"x": b"x"}, "m", branch="b", commit=False)
        assert git(top, "symbolic-ref", "HEAD") == "refs/heads/b"
        assert git(top, "status", "--porcelain") == "A  x"

    @pytest.mark.parametrize(
        ("name", "what"),
        [
            ("main", "'main' exists"),
            ("other", "'other' exists"),
            ("a b", "'a b' is not a valid branch name"),
            ("-x", "'-x' is not a valid branch name"),
            ("@{-1}", "'@{-1}' is not a valid branch name"),
            ("a..b", "'a..b' is not a valid branch name"),
            ("", "'' is not a valid branch name"),
        ],
    )
    def test_refused(self, make_repository: Make, name: str, what: str) -> None:
        """A branch that exists, or whose name is invalid, is refused."""
        top = make_repository(BEFORE)
        git(top, "branch", "other")
        (problem,) = refusal(top, CHANGES, branch=name)
        assert problem.startswith(f"--branch: {what}")

    def test_in_the_way(self, make_repository: Make) -> None:
        """A branch whose name is another one's folder cannot be made: nothing is."""
        top = make_repository(BEFORE)
        before = state(top)
        with pytest.raises(ToolError, match="'refs/heads/main' exists"):
            open_repository(top).commit(CHANGES, "m", branch="main/x")
        assert state(top) == before


class TestUnborn:
    """A repository without a commit."""

    def test_commit(self, make_repository: Make) -> None:
        """The changes become the first commit."""
        top = make_repository()
        write(top, {"untracked": "u"})
        made = open_repository(top).commit({"a": b"a", "d/b": b"b"}, "root")
        assert git(top, "rev-list", "--parents", "HEAD") == made
        assert git(top, "status", "--porcelain") == "?? untracked"
        assert git(top, "reflog", "-1", "--format=%gs") == "commit (initial): root"

    def test_staged(self, make_repository: Make) -> None:
        """Where the user has staged files, the first commit is theirs to make."""
        top = make_repository()
        write(top, {"mine": "m"})
        git(top, "add", "mine")
        (problem,) = refusal(top, {"a": b"a"})
        assert "no commit yet (run `git commit` first)" in problem
        open_repository(top).commit({"a": b"a"}, "m", commit=False)
        assert git(top, "status", "--porcelain") == "A  a\nA  mine"


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

    def test_ref_lock(self, make_repository: Make) -> None:
        """So is that of a branch."""
        top = make_repository(BEFORE)
        lock = top / ".git" / "refs" / "heads" / "main.lock"
        lock.touch()
        with pytest.raises(ToolError, match=r"main\.lock': File exists"):
            open_repository(top).commit(CHANGES, "m")
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


class TestLock:
    """Two runs at once."""

    def test_refused(self, make_repository: Make) -> None:
        """The second is refused while the first is at work, and not afterwards."""
        top = make_repository(BEFORE)
        first, second = open_repository(top), open_repository(top)
        refused = pytest.raises(InputError, match="another fcgitops is at work here")
        with first.lock(), refused:
            second.commit(CHANGES, "m")
        assert second.commit(CHANGES, "m")

    def test_orphan(self, make_repository: Make) -> None:
        """A git process that outlives its run keeps the lock."""
        top = make_repository(BEFORE)

        def hang() -> None:
            repository = open_repository(top)
            with repository.lock():
                orphan = repository._tree.git.start("cat-file", "--batch")
                (top / "pid").write_text(str(orphan._process.pid))
                os.kill(os.getpid(), signal.SIGSTOP)

        child = in_child(hang)
        os.waitpid(child, os.WUNTRACED)
        orphan_pid = int((top / "pid").read_text())
        os.kill(orphan_pid, signal.SIGSTOP)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with pytest.raises(InputError, match="another fcgitops is at work here"):
            open_repository(top).commit(CHANGES, "m")
        os.kill(orphan_pid, signal.SIGKILL)
        patiently(lambda: open_repository(top).commit(CHANGES, "m"))

    def test_race(self, make_repository: Make) -> None:
        """Of many at once each either commits or is refused: no commit is lost."""
        top = make_repository(BEFORE)
        children = [
            in_child(lambda n=number: open_repository(top).commit({f"n{n}": b"x"}, f"n{n}"))
            for number in range(8)
        ]
        done = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        assert set(files(top)) - set(BEFORE) == {f"n{i}" for i, d in enumerate(done) if d == 0}
        assert git(top, "rev-list", "--count", "HEAD") == str(1 + done.count(0))
        assert git(top, "status", "--porcelain") == ""


def patiently(action: Callable[[], object]) -> None:
    """Do it as soon as orphaned git processes have given the lock free."""
    for _ in range(200):
        try:
            action()
        except InputError as error:
            if "another fcgitops" not in str(error):
                raise
            time.sleep(0.01)
        else:
            return
    raise AssertionError("the lock is never given free")


def hook(top: Path, name: str, script: str) -> None:
    """Install a hook."""
    path = top / ".git" / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


class TestHooks:
    """The user's hooks."""

    def test_sees_what_is_committed(self, make_repository: Make, tmp_path: Path) -> None:
        """pre-commit sees precisely what will be committed, and not the user's other files."""
        top = make_repository(BEFORE)
        write(top, {"keep": "dirty", "untracked": "u", "staged": "s"})
        git(top, "add", "staged")
        seen = tmp_path / "seen"
        looks = f"(git diff --cached --name-status; git status -s) >{seen}"
        hook(top, "pre-commit", f"{looks}\ncp -r . {tmp_path}/copy")
        open_repository(top).commit(CHANGES, "m")
        assert seen.read_text() == ("M\ta\nD\td/b\nA\tnew/x/y\nM  a\nD  d/b\nA  new/x/y\n")
        assert files(tmp_path / "copy") == AFTER
        assert git(top, "status", "--porcelain") == " M keep\nA  staged\n?? untracked"
        assert git(top, "diff", "--cached", "--name-only") == "staged"

    @pytest.mark.parametrize("name", ["pre-commit", "prepare-commit-msg", "commit-msg"])
    def test_refuses(self, make_repository: Make, name: str) -> None:
        """A hook that fails leaves everything as it was, and its words are passed on."""
        top = make_repository(BEFORE)
        hook(top, name, "echo out; echo not like this >&2; exit 3")
        before = state(top)
        with pytest.raises(FoundError) as caught:
            open_repository(top).commit(CHANGES, "m")
        told = [str(problem) for problem in caught.value.problems]
        assert told[0] == f"{name} hook: refused the commit; nothing was written"
        assert sorted(told[1:]) == ["not like this", "out"]
        assert state(top) == before

    def test_message(self, make_repository: Make) -> None:
        """The hooks of the message may change it; they know where it comes from."""
        top = make_repository(BEFORE)
        hook(top, "prepare-commit-msg", 'echo "from $2" >>"$1"')
        hook(top, "commit-msg", 'git diff --cached --name-only | wc -l >>"$1"')
        open_repository(top).commit(CHANGES, "subject")
        message = git(top, "log", "-1", "--format=%B").split()
        assert message == ["subject", "from", "message", "3"]

    def test_empty_message(self, make_repository: Make) -> None:
        """An empty message aborts the commit, as always."""
        top = make_repository(BEFORE)
        hook(top, "commit-msg", ': >"$1"')
        with pytest.raises(FoundError, match="empty message"):
            open_repository(top).commit(CHANGES, "m")
        assert files(top) == BEFORE

    def test_post_commit(self, make_repository: Make, tmp_path: Path) -> None:
        """post-commit runs at the end; it may commit itself, and its failure is no matter."""
        top = make_repository(BEFORE)
        hook(
            top,
            "post-commit",
            f"git log -1 --format=%s >{tmp_path}/seen; git status -s >>{tmp_path}/seen; exit 1",
        )
        open_repository(top).commit(CHANGES, "m")
        assert (tmp_path / "seen").read_text() == "m\n"

    def test_hooks_path(self, make_repository: Make) -> None:
        """core.hooksPath is followed, relative to the top."""
        top = make_repository({**BEFORE, "in/x": "1"})
        write(top, {".githooks/pre-commit": "#!/bin/sh\nexit 1\n"})
        (top / ".githooks" / "pre-commit").chmod(0o755)
        git(top, "config", "core.hooksPath", ".githooks")
        with pytest.raises(FoundError):
            open_repository(top / "in").commit({"x": b"2"}, "m")

    def test_staging_hook(self, make_repository: Make) -> None:
        """A hook that stages changes of its own is refused: the commit would lack them."""
        top = make_repository(BEFORE)
        hook(top, "pre-commit", "echo more >>a; git add a")
        with pytest.raises(FoundError, match="stages changes of its own"):
            open_repository(top).commit(CHANGES, "m")
        assert (files(top), git(top, "status", "--porcelain")) == (BEFORE, "")

    def test_changing_hook(self, make_repository: Make) -> None:
        """What a hook changes without staging it is dropped, as `git commit` would."""
        top = make_repository(BEFORE)
        hook(top, "pre-commit", "echo more >>a")
        open_repository(top).commit(CHANGES, "m")
        assert (files(top), git(top, "status", "--porcelain")) == (AFTER, "")

    def test_not_without_commit(self, make_repository: Make) -> None:
        """Without a commit no hook runs."""
        top = make_repository(BEFORE)
        hook(top, "pre-commit", "exit 1")
        open_repository(top).commit(CHANGES, "m", commit=False)
        assert files(top) == AFTER


class TestSigning:
    """commit.gpgSign, with the user's own settings."""

    def test_ssh(self, make_repository: Make, tmp_path: Path) -> None:
        """A commit is signed where the user signs commits."""
        top = make_repository(BEFORE)
        key = tmp_path / "key"
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
        subprocess.run(command, check=True)
        allowed = tmp_path / "allowed"
        allowed.write_text(f"ada@example.com {key.with_suffix('.pub').read_text()}")
        for name, value in {
            "gpg.format": "ssh",
            "user.signingKey": str(key),
            "gpg.ssh.allowedSignersFile": str(allowed),
            "commit.gpgSign": "yes",
        }.items():
            git(top, "config", name, value)
        open_repository(top).commit(CHANGES, "m")
        assert git(top, "log", "-1", "--format=%G? %GS") == "G ada@example.com"

    def test_fails(self, make_repository: Make) -> None:
        """A commit that cannot be signed is not made."""
        top = make_repository(BEFORE)
        git(top, "config", "commit.gpgSign", "true")
        git(top, "config", "gpg.program", "false")
        with pytest.raises(ToolError, match="gpg failed to sign the data"):
            open_repository(top).commit(CHANGES, "m")
        assert (files(top), git(top, "status", "--porcelain")) == (BEFORE, "")


class TestKinds:
    """The kinds of repositories and settings that there are."""

    def test_sha256(self, make_repository: Make) -> None:
        """A SHA-256 repository."""
        top = make_repository(BEFORE, "--object-format=sha256")
        made = open_repository(top).commit(CHANGES, "m")
        assert len(str(made)) == 64
        assert (files(top), git(top, "status", "--porcelain")) == (AFTER, "")
        unborn = make_repository(None, "--object-format=sha256")
        assert open_repository(unborn).commit({"a": b"a"}, "m")

    def test_linked_worktree(self, make_repository: Make, tmp_path: Path) -> None:
        """A linked work tree, whose index and lock are its own."""
        top = make_repository(BEFORE)
        other = tmp_path / "linked"
        git(top, "worktree", "add", "-q", "-b", "other", str(other))
        with open_repository(top).lock():
            open_repository(other).commit(CHANGES, "m")
        assert (files(top), git(top, "status", "--porcelain")) == (BEFORE, "")
        assert git(other, "status", "--porcelain") == ""
        assert set(files(other)) - {".git"} == set(AFTER)

    def test_split_index(self, make_repository: Make) -> None:
        """A split index."""
        top = make_repository(BEFORE)
        git(top, "update-index", "--split-index")
        write(top, {"staged": "s"})
        git(top, "add", "staged")
        for content in (b"1", b"2"):
            open_repository(top).commit({"a": content}, "m")
            assert git(top, "status", "--porcelain") == "A  staged"

    def test_sparse_checkout(self, make_repository: Make) -> None:
        """A sparse checkout: what it holds can be changed, what it leaves out is refused."""
        top = make_repository({**BEFORE, "e/x": "1"})
        git(top, "sparse-checkout", "set", "d")
        open_repository(top).commit({"d/b": b"B", "d/new": b"n"}, "m")
        assert git(top, "status", "--porcelain") == ""
        for changes in ({"e/x": b"2"}, {"f/new": b"n"}):
            (problem,) = refusal(top, changes)
            assert "is left out by the sparse checkout" in problem

    def test_autocrlf(self, make_repository: Make) -> None:
        """core.autocrlf: line ends are no changes; the commit holds LF, the work tree CRLF."""
        top = make_repository(BEFORE)
        git(top, "config", "core.autocrlf", "true")
        git(top, "rm", "-q", "--cached", "-r", ".")
        git(top, "reset", "-q", "--hard")
        assert (top / "a").read_bytes() == b"a\r\n"
        write(top, {"d/c": "edited\r\n"})
        open_repository(top).commit({**CHANGES, "d/c": b"edited\r\n", "keep": b"k\r\n"}, "m")
        assert (top / "a").read_bytes() == b"A\r\n"
        assert git(top, "cat-file", "blob", "HEAD:a") == "A"
        assert git(top, "cat-file", "-s", "HEAD:d/c") == "7"
        assert git(top, "status", "--porcelain") == ""
        assert git(top, "show", "--format=", "--name-only").split() == [
            "a",
            "d/b",
            "d/c",
            "new/x/y",
        ]

    def test_shallow(self, make_repository: Make, tmp_path: Path) -> None:
        """A shallow and partial clone."""
        top = make_repository(BEFORE)
        git(top, "commit", "-q", "--allow-empty", "-m", "second")
        git(top, "config", "uploadpack.allowFilter", "true")
        clone = tmp_path / "clone"
        git(tmp_path, "clone", "-q", "--depth=1", "--filter=blob:none", f"file://{top}", str(clone))
        open_repository(clone).commit(CHANGES, "m")
        assert (files(clone), git(clone, "status", "--porcelain")) == (AFTER, "")


CONFLICT = Stages(b"base\n", b"a\n", b"theirs\n", b"<<<<<<< o\na\n=======\ntheirs\n>>>>>>> t\n")


class TestConflict:
    """A merge that is left for the user to resolve."""

    def test_left(self, make_repository: Make) -> None:
        """Git sees the conflict, its three versions and the message, and the clean changes."""
        top = make_repository(BEFORE)
        open_repository(top).leave_conflict({"new": b"n", "d/b": None}, {"a": CONFLICT}, "update")
        assert git(top, "status", "--porcelain") == "UU a\nD  d/b\nA  new"
        assert files(top) == {
            "a": CONFLICT.merged.decode(),
            "d/c": "c\n",
            "keep": "k\n",
            "new": "n",
        }
        assert [git(top, "show", f":{n}:a") for n in (1, 2, 3)] == ["base", "a", "theirs"]
        write(top, {"a": "resolved\n"})
        git(top, "add", "a")
        git(top, "-c", "core.editor=true", "commit", "-q")
        assert git(top, "log", "-1", "--format=%s") == "update"
        assert git(top, "status", "--porcelain") == ""

    def test_deleted_by_them(self, make_repository: Make) -> None:
        """A version that is not there has no stage."""
        top = make_repository(BEFORE)
        stages = Stages(b"base\n", b"a\n", None, b"a, or not?\n")
        open_repository(top).leave_conflict({}, {"a": stages}, "update")
        assert git(top, "status", "--porcelain") == "UD a"

    def test_then_commit(self, make_repository: Make) -> None:
        """Resolved, it can be committed here too; the message that waited is gone."""
        top = make_repository(BEFORE)
        open_repository(top).leave_conflict({"new": b"n"}, {"a": CONFLICT}, "update")
        write(top, {"a": "resolved\n"})
        git(top, "add", "a")
        open_repository(top).commit({"a": b"resolved\n", "new": b"n"}, "mine")
        assert git(top, "status", "--porcelain") == ""
        assert not (top / ".git" / "MERGE_MSG").exists()

    def test_refused(self, make_repository: Make) -> None:
        """The user's changes are not written over."""
        top = make_repository(BEFORE)
        write(top, {"a": "mine"})
        before = state(top)
        with pytest.raises(InputError, match="a: has changes that are not committed"):
            open_repository(top).leave_conflict({}, {"a": CONFLICT}, "update")
        assert state(top) == before


class TestInit:
    """A new repository with its first commit."""

    def test_new(self, tmp_path: Path, git_home: Path) -> None:
        """Branch, remote, the user's template and its hooks, one commit."""
        write(git_home, {"template/hooks/commit-msg": '#!/bin/sh\necho "Hooked: yes" >>"$1"\n'})
        (git_home / "template/hooks/commit-msg").chmod(0o755)
        git(tmp_path, "config", "--global", "init.templateDir", str(git_home / "template"))
        top = tmp_path / "new"
        write(top, {"mine": "m"})
        made = init_and_commit(top, {"a": b"a"}, "first", branch="trunk", remote_url="https://h/r")
        assert git(top, "log", "--format=%H %B").split() == [made, "first", "Hooked:", "yes"]
        assert git(top, "branch", "--show-current") == "trunk"
        assert git(top, "remote", "get-url", "origin") == "https://h/r"
        assert git(top, "status", "--porcelain") == "?? mine"

    def test_without_commit(self, tmp_path: Path) -> None:
        """Without a commit the files are staged."""
        assert init_and_commit(tmp_path, {"a": b"a"}, "first", commit=False) is None
        assert git(tmp_path, "status", "--porcelain") == "A  a"

    @pytest.mark.parametrize("fault", ["in the way", "hook", "nobody", "branch"])
    def test_fails(self, tmp_path: Path, git_home: Path, fault: str) -> None:
        """Where it fails, the directory is as it was."""
        top = tmp_path / "new"
        write(top, {"mine": "m"})
        if fault == "hook":
            write(git_home, {"template/hooks/pre-commit": "#!/bin/sh\nexit 1\n"})
            (git_home / "template/hooks/pre-commit").chmod(0o755)
            git(tmp_path, "config", "--global", "init.templateDir", str(git_home / "template"))
        if fault == "nobody":
            (git_home / ".gitconfig").write_text("")
        branch = "a b" if fault == "branch" else "main"
        path = "mine" if fault == "in the way" else "a/b"
        with pytest.raises(FcgitopsError):
            init_and_commit(top, {path: b"new"}, "first", branch=branch)
        assert files(tmp_path) == {"new/mine": "m"}
        assert not (top / ".git").exists()

    def test_exists(self, make_repository: Make) -> None:
        """A repository that is there already is left alone."""
        top = make_repository(BEFORE)
        before = state(top)
        with pytest.raises(InputError, match="is a Git repository already"):
            init_and_commit(top, {"x": b"x"}, "first")
        assert state(top) == before


# --- killed ---------------------------------------------------------------------------


WRITING = {"os.rename", "os.remove", "os.link", "os.mkdir", "os.rmdir", "subprocess.Popen"}


def run_and_die(action: Callable[[], object], step: int) -> bool:
    """Run in a child that is killed before its `step`-th act upon the world.

    An act is a process started, or a file written, renamed, linked or removed.

    Returns:
        Whether it was killed; False where it had ended before.
    """
    left = step

    def die(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & 3
        if event in WRITING or writes:
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def act() -> None:
        sys.addaudithook(die)
        action()

    child = in_child(act)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def outcome(top: Path) -> dict[str, object]:
    """The state, with what a killed run leaves set right."""
    patiently(lambda: open_repository(top).recover())
    assert not (top / ".git" / "fcgitops" / "journal").exists()
    assert not list((top / ".git").rglob("*.lock"))
    return state(top)


def dirty(top: Path) -> None:
    """What a user may have lying about; and one file of the change is edited already."""
    write(top, {"keep": "dirty", "untracked": "u", "staged": "s"})
    git(top, "add", "staged")
    write(top, {"a": "A\n"})


def plainly(top: Path) -> object:
    return open_repository(top).commit(CHANGES, "m")


def on_branch(top: Path) -> object:
    return open_repository(top).commit(CHANGES, "m", branch="b")


def uncommitted(top: Path) -> object:
    return open_repository(top).commit(CHANGES, "m", commit=False)


def conflicting(top: Path) -> object:
    stages = Stages(b"1", b"c\n", b"2", b"<<<<<<< o\n")
    return open_repository(top).leave_conflict(CHANGES, {"d/c": stages}, "m")


class TestKilled:
    """A run that is killed, at any point."""

    @pytest.mark.parametrize("action", [plainly, on_branch, uncommitted, conflicting])
    def test_at_every_step(
        self, make_repository: Make, tmp_path: Path, action: Callable[[Path], object]
    ) -> None:
        """After the next command all is wholly as before or wholly as it should be."""
        original = make_repository(BEFORE)
        dirty(original)
        before = state(original)
        wanted = tmp_path / "wanted"
        shutil.copytree(original, wanted)
        action(wanted)
        after = state(wanted)
        seen, step, killed = [], 0, True
        while killed:
            top = tmp_path / f"try{step}"
            shutil.copytree(original, top)
            killed = run_and_die(lambda top=top: action(top), step)
            found = outcome(top)
            assert found in (before, after), f"killed at {step}"
            seen.append(found == after)
            shutil.rmtree(top)
            step += 1
        # It turns once, from "as before" to "as it should be".
        assert seen == sorted(seen)
        assert {False, True} == set(seen)

    @pytest.mark.parametrize("at", [1, 2, 3])
    @pytest.mark.parametrize("action", [plainly, uncommitted])
    def test_inside_git(
        self, make_repository: Make, action: Callable[[Path], object], at: int
    ) -> None:
        """Killed with all of its processes while git writes the work tree."""
        top = make_repository({**BEFORE, ".gitattributes": "* filter=deadly\n"})
        dirty(top)
        before = state(top)
        count = top / ".git" / "count"
        script = f"echo >>{count}; test $(wc -l <{count}) -lt {at} || kill -9 0; cat"
        git(top, "config", "filter.deadly.smudge", script)
        changes = {**CHANGES, "d/c": b"C\n", "z": b"z\n"}

        def act() -> None:
            os.setsid()
            open_repository(top).commit(changes, "m", commit=action is plainly)

        child = in_child(act)
        assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
        git(top, "config", "--unset", "filter.deadly.smudge")
        count.unlink()
        assert outcome(top) == before

    def test_edited_since(self, make_repository: Make) -> None:
        """What the user wrote between the kill and the next command is not lost."""
        top = make_repository(BEFORE)
        kill_before(top, "the branch")
        assert files(top) == AFTER
        write(top, {"a": "my edit", "new/x/mine": "mine"})
        patiently(lambda: open_repository(top).recover())
        assert files(top) == {**BEFORE, "a": "my edit", "new/x/mine": "mine"}
        assert git(top, "status", "--porcelain") == "M a\n?? new/".replace("M a", " M a").strip(
            "\n"
        )

    def test_foreign_lock_stays(self, make_repository: Make) -> None:
        """An index.lock that is not ours is not removed by recovery."""
        top = make_repository(BEFORE)
        kill_before(top, "the branch")
        (top / ".git" / "index.lock").write_text("somebody else's")
        patiently(lambda: open_repository(top).recover())
        assert (top / ".git" / "index.lock").exists()
        assert files(top) == BEFORE

    def test_committed_since(self, make_repository: Make) -> None:
        """A user who removed the lock and went on keeps what was staged and committed."""
        top = make_repository(BEFORE)
        kill_before(top, "the index")
        assert git(top, "log", "-1", "--format=%s") == "m"
        (top / ".git" / "index.lock").unlink()
        write(top, {"more": "m"})
        git(top, "add", "more")
        patiently(lambda: open_repository(top).recover())
        assert (files(top), git(top, "status", "--porcelain")) == (
            {**AFTER, "more": "m"},
            "A  more",
        )

    @pytest.mark.parametrize(("commit", "stride"), [(True, 2), (False, 3)])
    def test_init(self, tmp_path: Path, commit: bool, stride: int) -> None:
        """A repository that was being made is made by the next run, wherever it was killed."""
        contents = {"a": b"a", "d/b": b"b"}
        step, killed = 0, True
        while killed:
            top = tmp_path / f"try{step}"
            write(top, {"mine": "m"})
            make = lambda top=top: init_and_commit(top, contents, "first", commit=commit)  # noqa: E731
            killed = run_and_die(make, step)
            with suppress(InputError):
                patiently(make)
            assert files(top) == {"a": "a", "d/b": "b", "mine": "m"}, f"killed at {step}"
            expected = "?? mine" if commit else "A  a\nA  d/b\n?? mine"
            assert git(top, "status", "--porcelain") == expected
            shutil.rmtree(top)
            step += stride


def kill_before(top: Path, point: str) -> None:
    """Kill a commit of CHANGES before the branch moves, or before the index follows."""

    def die(event: str, arguments: tuple[object, ...]) -> None:
        if event == "os.rename" and str(arguments[1]).endswith(".git/index"):
            os.kill(os.getpid(), signal.SIGKILL)

    def merge_and_die(*arguments: object) -> None:
        merge(*arguments)  # type: ignore[arg-type]
        os.kill(os.getpid(), signal.SIGKILL)

    def act() -> None:
        if point == "the branch":
            transaction._merge = merge_and_die
        else:
            sys.addaudithook(die)
        open_repository(top).commit(CHANGES, "m")

    merge = transaction._merge
    assert os.WIFSIGNALED(os.waitpid(in_child(act), 0)[1])


# --- no space left --------------------------------------------------------------------


def test_file_size_limit(make_repository: Make, tmp_path: Path) -> None:
    """Where writing fails at whatever size, everything is as before."""
    original = make_repository(BEFORE)
    dirty(original)
    before = state(original)
    noise = bytes(i * i % 251 for i in range(60_000))
    for limit in (0, 150, 400, 2_000, 30_000):
        top = tmp_path / f"limit{limit}"
        shutil.copytree(original, top)

        def act(top: Path = top, limit: int = limit) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            open_repository(top).commit({**CHANGES, "big": noise}, "m")

        child = in_child(act)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1, limit
        assert outcome(top) == before, limit


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")
def test_no_space_left(make_repository: Make, tmp_path: Path) -> None:
    """On a full disk, however full, the commit is made or everything is as before."""
    original = make_repository(BEFORE)
    dirty(original)
    before = state(original)
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no mounting here")
    try:
        failed = 0
        for pages in (0, 2, 4, 6, 8, 9, 10, 11, 12, 13, 14, 16, 18, 20, 24):
            top = disk / "repository"
            shutil.copytree(original, top, ignore=shutil.ignore_patterns("*.sample"))
            ballast = disk / "ballast"
            with suppress(OSError), ballast.open("wb", buffering=0) as file:
                while file.write(bytes(4096)):
                    pass
            os.truncate(ballast, max(0, ballast.stat().st_size // 4096 * 4096 - pages * 4096))
            big = {**CHANGES, "big": bytes(i * i % 251 for i in range(12_000))}
            try:
                open_repository(top).commit(big, "m")
            except FcgitopsError:
                failed += 1
                ballast.unlink()
                assert outcome(top) == before, pages
            else:
                ballast.unlink()
                assert git(top, "log", "-1", "--format=%s") == "m"
                assert git(top, "diff", "--name-only") == "keep"
            shutil.rmtree(top)
        assert failed > 3
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_lock_file_is_private(make_repository: Make) -> None:
    """The lock stands in the git directory, where no `git clean` takes it away."""
    top = make_repository(BEFORE)
    with open_repository(top).lock(), (top / ".git" / "fcgitops" / "lock").open() as file:
        with pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert Git(top).line("status", "--porcelain") == ""
