"""Starting git, reading what it holds, and merging single files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unittest.mock import ANY

import pytest
from fcgitops.core.errors import FcgitopsError, InputError, ToolError
from fcgitops.core.redaction import redacted
from fcgitops.git import program as driver
from fcgitops.git.history import History
from fcgitops.git.program import Git, inside_other_work_tree, merge_file
from fcgitops.git.repo import open_repository
from fcgitops.git.worktree import WorkTree
from gitenv import git, git_home, make_repository, write

__all__ = ["git_home", "make_repository"]

Make = Callable[..., Path]
pytestmark = pytest.mark.usefixtures("git_home")


def program(directory: Path, text: str) -> Path:
    """A shell script named git, alone in a directory."""
    directory.mkdir()
    script = directory / "git"
    script.write_text(f"#!/bin/sh\n{text}\n")
    script.chmod(0o755)
    return script


def test_import_is_lazy() -> None:
    """Importing the Git layer does not import GitPython, which takes 90 ms."""
    code = "import fcgitops.git.repo, sys; print('git' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize(
    ("script", "what"),
    [
        (None, "git: is not installed, or does not run"),
        ("echo git version 2.37.9", "git: git version 2.37.9 is too old"),
        ("exit 1", "git: is not installed, or does not run"),
    ],
)
def test_missing_or_old(tmp_path: Path, script: str | None, what: str) -> None:
    """Where git is missing or too old, the message says which version to install."""
    place = program(tmp_path / "bin", script).parent if script else tmp_path
    code = "from pathlib import Path; from fcgitops.git.program import Git; Git(Path())"
    env = {**os.environ, "PATH": str(place), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].endswith(
        f"ToolError: {what} (install git 2.38 or later: https://git-scm.com/downloads)"
    )


def test_environment(make_repository: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a hook's environment says about its own repository does not reach git."""
    here, other = make_repository({"a": "1"}), make_repository({"b": "2"})
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Kept")
    assert Git(here).line("ls-files") == "a"
    assert Git(here).start("ls-files").finish().out == b"a\n"
    own = {"GIT_INDEX_FILE": str(here / "another")}  # as a commit is prepared
    assert Git(here).start("ls-files", env=own).finish().out == b""
    assert Git(here).line("var", "GIT_AUTHOR_IDENT").startswith("Kept <ada@example.com>")


def test_failure_is_one_line(make_repository: Make) -> None:
    """A git command that fails becomes an error with git's own line."""
    with pytest.raises(ToolError, match=r"^git rev-parse: Needed a single revision$"):
        Git(make_repository({"a": "1"})).run("rev-parse", "--verify", "nothing")


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("error: unable to create file x: No space left on device", InputError),
        ("fatal: sha1 file 'x' write error. Out of diskspace", InputError),
        ("fatal: cannot create y: Read-only file system", InputError),
        ("fatal: bad object HEAD", ToolError),
    ],
)
def test_no_room_is_the_user_s_matter(said: str, kind: type[FcgitopsError]) -> None:
    """A place that takes no file is wrong input, in all words that git has for it."""
    found = driver.failure(("fast-import",), driver.Answer(128, b"", f"{said}\n"))
    assert type(found) is kind


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("fatal: 'https://me:pw@host/x' failed", "fatal: 'https://host/x' failed"),
        ("https://token@host/x", "https://host/x"),
        ("https://host/a@b", "https://host/a@b"),
        ("git@host:x", "git@host:x"),
    ],
)
def test_redact(line: str, expected: str) -> None:
    """No user or password of a URL is printed."""
    assert redacted(line) == expected


BASE = b"a\nb\nc\n"


@pytest.mark.parametrize(
    ("ours", "theirs", "merged", "conflict"),
    [
        (BASE, b"a\nb\nC\n", b"a\nb\nC\n", False),
        (b"A\nb\nc\n", b"a\nb\nC\n", b"A\nb\nC\n", False),
        (
            b"a\nX\nc\n",
            b"a\nY\nc\n",
            b"a\n<<<<<<< yours\nX\n=======\nY\n>>>>>>> new\nc\n",
            True,
        ),
        (b"a\0X", b"a\0Y", b"a\0X", True),
    ],
)
def test_merge_file(ours: bytes, theirs: bytes, merged: bytes, conflict: bool) -> None:
    """A file is merged as `git merge` would; what it cannot merge stays ours."""
    assert merge_file(BASE, ours, theirs, ("yours", "old", "new")) == (merged, conflict)


def test_merge_file_many_conflicts() -> None:
    """The number of conflicts, which git puts into its exit status, is no failure."""
    base, ours, theirs = (
        b"".join(b"%d\n%s\n\n\n\n\n" % (i, side) for i in range(300)) for side in (b"", b"x", b"y")
    )
    merged, conflict = merge_file(base, ours, theirs, ("o", "b", "t"))
    assert (merged.count(b"<<<<<<< o"), conflict) == (300, True)


def test_inside_other_work_tree(make_repository: Make, tmp_path: Path) -> None:
    """A path in another repository is found, unless that repository ignores it."""
    top = make_repository({".gitignore": "/build/\n", "a": "1", "d/b": "2"})
    expected = {
        top / "new": top,
        top / "d" / "x" / "y": top,
        top: top,
        top / "build" / "x": None,
        tmp_path / "beside" / "x": None,
        top / ".git" / "x": None,
    }
    assert {path: inside_other_work_tree(path) for path in expected} == expected


class TestRepository:
    """Opening a repository and reading its HEAD."""

    def test_top(self, make_repository: Make) -> None:
        """The content's root may be the top, or a folder of it."""
        top = make_repository({"a": "1", "in side/b": "2"})
        at_top, below = open_repository(top), open_repository(top / "in side")
        assert (at_top.top, at_top.prefix, at_top.branch) == (top, "", "main")
        assert (below.top, below.prefix, below.root) == (top, "in side/", top / "in side")
        assert at_top.head == git(top, "rev-parse", "HEAD")

    def test_unborn(self, make_repository: Make) -> None:
        """A repository without a commit has a branch, no head, and no files."""
        repository = open_repository(make_repository())
        assert (repository.branch, repository.head) == ("main", None)
        assert (repository.read_head(["a"]), repository.list_head()) == ({"a": None}, [])

    def test_detached(self, make_repository: Make) -> None:
        """A detached HEAD has no branch."""
        top = make_repository({"a": "1"})
        git(top, "switch", "-q", "--detach")
        assert open_repository(top).branch is None

    def test_none(self, tmp_path: Path, make_repository: Make) -> None:
        """A directory outside of any work tree is refused."""
        top = make_repository()
        for place in (tmp_path, top / ".git", top / "missing"):
            with pytest.raises(InputError, match=r"is not in a Git work tree|is not a directory"):
                open_repository(place)

    @pytest.mark.parametrize(
        "start",
        [
            "switch -q main",
            "pack-refs --all",
            "switch -q --detach",
            "worktree add -q -b elsewhere ../linked",
        ],
    )
    def test_what_happened_meanwhile_is_read_again(self, make_repository: Make, start: str) -> None:
        """Whatever git does in between, a work tree is known as if it were opened then."""
        place = make_repository({"a": "1\n"})
        git(place, "branch", "other")
        git(place, *start.split())
        place = place.with_name("linked") if "worktree" in start else place
        for meanwhile in (
            "log",
            "commit -q --allow-empty -m second",
            "pack-refs --all",
            "reset -q --hard HEAD~1",
            "switch -q -c new",
            "update-ref --no-deref HEAD other",
            "switch -q --detach new",
            "symbolic-ref refs/heads/alias refs/heads/other",
            "symbolic-ref HEAD refs/heads/alias",
            "switch -q --orphan none",
            "commit -q --allow-empty -m third",
        ):
            before = WorkTree.at(place)
            git(place, *meanwhile.split())
            assert before.again(None) == replace(WorkTree.at(place), git=ANY), meanwhile

    def test_nothing_happened_meanwhile(
        self, make_repository: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where HEAD and its branch are what they were, git is not asked."""
        before = WorkTree.at(make_repository({"a": "1\n"}))
        monkeypatch.setenv("PATH", str(tmp_path))
        assert before.again(None) == replace(before, git=ANY)

    def test_what_commits_share_is_read_once(
        self, make_repository: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A content that was read of one commit is known of all, at whatever path."""
        top = make_repository({"a": "1\n", "b": "2\n"})
        git(top, "mv", "a", "moved")
        git(top, "commit", "-q", "-m", "moved")
        history = History(top)
        former = history.commit("HEAD~1")
        assert list(former.files) == ["a", "b"]
        assert history.head.read(["moved", "b"]) == {"moved": b"1\n", "b": b"2\n"}
        monkeypatch.setenv("PATH", str(tmp_path))
        assert former.read(["a", "b", "none"]) == {"a": b"1\n", "b": b"2\n"}

    @pytest.mark.parametrize("many", [0, 200])
    def test_read(self, make_repository: Make, many: int) -> None:
        """HEAD's contents are read, whatever the work tree holds; few or many at once."""
        top = make_repository({"a": "1\n", "d/é b": b"\xff\0\n", "d/empty": ""})
        write(top, {"a": "changed"})
        wanted = {"a": b"1\n", "d/é b": b"\xff\0\n", "d/empty": b"", "d": None, "no such": None}
        wanted |= {f"missing{i}": None for i in range(many)}
        assert open_repository(top).read_head(wanted) == wanted

    def test_former(self, make_repository: Make) -> None:
        """Each file's contents on the branch, the newest first; a merge counts once, as it came."""
        top = make_repository({"in [1]/a": "a1", "in [1]/b": "b1", "a": "another"})

        def commit(contents: dict[str, str], *arguments: str) -> None:
            write(top, {f"in [1]/{path}": text for path, text in contents.items()})
            git(top, "add", "-A")
            git(top, "commit", "-qm", "Some", *arguments)

        commit({"a": "a2"})
        git(top, "rm", "-q", "in [1]/b")
        commit({})
        git(top, "checkout", "-qb", "side")
        commit({"a": "not seen"})
        commit({"a": "a3"})
        git(top, "checkout", "-q", "main")
        git(top, "merge", "-q", "--no-ff", "--no-edit", "side")
        commit({"b": "b2", "a": "a1"})
        git(top, "config", "log.showRoot", "false")
        git(top, "config", "log.diffMerges", "combined")
        wanted = {"a": [b"a1", b"a3", b"a2", b"a1"], "b": [b"b2", b"b1"], "none": []}
        repository = open_repository(top / "in [1]")
        assert repository.former(wanted, limit=9) == wanted
        assert repository.former(["a"], limit=2) == {"a": wanted["a"][:2]}
        few = {path: those[:1] for path, those in wanted.items()}
        assert repository.former(wanted, limit=1) == few

    def test_read_below(self, make_repository: Make) -> None:
        """Paths are relative to the content's root."""
        top = make_repository({"a": "top", "in/a": "below", "in/d/b": "2"})
        repository = open_repository(top / "in")
        assert repository.read_head(["a"]) == {"a": b"below"}
        assert repository.list_head() == ["a", "d/b"]
        assert repository.list_head("d") == ["d/b"]

    def test_list(self, make_repository: Make) -> None:
        """HEAD's files are listed, all or below a folder."""
        top = make_repository({"a": "1", "d/b": "2", "d/e/é": "3", "dd/c": "4"})
        repository = open_repository(top)
        assert repository.list_head() == ["a", "d/b", "d/e/é", "dd/c"]
        assert repository.list_head("d/") == repository.list_head("d") == ["d/b", "d/e/é"]
        assert repository.list_head("none") == []


def test_one_import_of_gitpython() -> None:
    """Only one module imports GitPython."""
    package = Path(driver.__file__).parents[1]
    found = [
        path.name
        for path in package.rglob("*.py")
        if any(
            line.strip().startswith(("import git ", "from git ", "import git\n"))
            or line.strip() in {"import git", "import git  # noqa: PLC0415"}
            for line in path.read_text().splitlines()
        )
    ]
    assert found == ["program.py"]


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a folder away takes root")
def test_a_repository_of_somebody_else(make_repository: Make) -> None:
    """What git itself says is passed on: its reason, and its way out."""
    directory = make_repository({"a": "a\n"})
    os.chown(directory, 12345, 12345)
    said = (
        f"git rev-parse: detected dubious ownership in repository at '{directory}' "
        f"(git config --global --add safe.directory {directory})"
    )
    for asked in (open_repository, inside_other_work_tree):
        with pytest.raises(ToolError) as caught:
            asked(directory)
        assert str(caught.value) == said


def test_a_path_of_two_lines(make_repository: Make) -> None:
    """Git tells its paths in lines: one that is two would be taken for others."""
    top = make_repository({"a": "1"})
    moved = top.rename(top.with_name("x\ny"))
    for _ in range(2):
        with pytest.raises(InputError, match="has a line break in its path"):
            open_repository(moved)
        git(moved, "checkout", "-q", "--orphan", "unborn")


def test_a_link_reads_the_same_committed_or_not(make_repository: Make) -> None:
    """It holds where it leads: in the work tree as in a commit, and is not followed."""
    top = make_repository({"a": "text", "b": "text"})
    (top / "a").unlink()
    (top / "a").symlink_to("b")
    assert History(top).work.read(["a", "b"]) == {"a": b"b", "b": b"text"}
    git(top, "commit", "-qam", "a link")
    history = History(top)
    assert history.work.read(["a", "b"]) == history.head.read(["a", "b"])
