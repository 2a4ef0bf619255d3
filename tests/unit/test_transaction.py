"""Committing, all or nothing: real repositories, real hooks, real kills."""

from __future__ import annotations

import fcntl
import os
import signal
from pathlib import Path

import pytest
from commits import AFTER, BEFORE, CHANGES, Make, in_child, patiently, refusal
from fcgitops.core.errors import FcgitopsError, InputError
from fcgitops.git import journal
from fcgitops.git.program import Git
from fcgitops.git.repo import Stages, init_and_commit, open_repository
from gitenv import committed, files, git, state, write

pytestmark = pytest.mark.usefixtures("git_home")


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

    @pytest.mark.sampled(3)
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
        with pytest.raises(InputError, match="'main/x' cannot be beside 'main'"):
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


class TestLock:
    """Two runs at once."""

    def test_refused(self, make_repository: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        """The second is refused while the first is at work, and not afterwards."""
        monkeypatch.setattr(journal, "PATIENCE", 0.2)
        top = make_repository(BEFORE)
        first, second = open_repository(top), open_repository(top)
        refused = pytest.raises(InputError, match="another fcgitops is at work here")
        with first.lock(), refused:
            second.commit(CHANGES, "m")
        assert second.commit(CHANGES, "m")

    def test_orphan(self, make_repository: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        """A git process that outlives its run keeps the lock."""
        monkeypatch.setattr(journal, "PATIENCE", 0.2)
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
        (problem,) = refusal(top, {f"f/new/{name}": b"n" for name in ("a", "b", "c/d", "e")})
        assert problem.startswith("f/new: is left out by the sparse checkout")

    def test_beyond_a_sparse_checkout(self, make_repository: Make) -> None:
        """What a sparse checkout leaves out, and is there all the same, stays: done or refused."""
        top = make_repository({**BEFORE, "e/x": "1"})
        git(top, "sparse-checkout", "set", "d")
        write(top, {"e/x": "1"})
        refusal(top, {"f/new": b"n"})
        open_repository(top).commit({"d/b": b"B"}, "m")
        assert (top / "e/x").read_text() == "1"
        assert git(top, "status", "--porcelain") == ""

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
        """Git sees the conflict, its three versions, and the clean changes."""
        top = make_repository(BEFORE)
        open_repository(top).leave_conflict({"new": b"n", "d/b": None}, {"a": CONFLICT})
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
        git(top, "commit", "-q", "-m", "update")
        assert git(top, "status", "--porcelain") == ""

    def test_deleted_by_them(self, make_repository: Make) -> None:
        """A version that is not there has no stage."""
        top = make_repository(BEFORE)
        stages = Stages(b"base\n", b"a\n", None, b"a, or not?\n")
        open_repository(top).leave_conflict({}, {"a": stages})
        assert git(top, "status", "--porcelain") == "UD a"

    def test_then_commit(self, make_repository: Make) -> None:
        """Resolved, it can be committed here too; the message that waited is gone."""
        top = make_repository(BEFORE)
        open_repository(top).leave_conflict({"new": b"n"}, {"a": CONFLICT})
        write(top, {"a": "resolved\n", ".git/MERGE_MSG": "waits\n"})
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
            open_repository(top).leave_conflict({}, {"a": CONFLICT})
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
        assert init_and_commit(tmp_path, {"a": b"a"}, "first", commit=False, branch="main") is None
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
            init_and_commit(top, {"x": b"x"}, "first", branch="main")
        assert state(top) == before


def test_lock_file_is_private(make_repository: Make) -> None:
    """The lock stands in the git directory, where no `git clean` takes it away."""
    top = make_repository(BEFORE)
    with open_repository(top).lock(), (top / ".git" / "fcgitops" / "lock").open() as file:
        with pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert Git(top).line("status", "--porcelain") == ""
