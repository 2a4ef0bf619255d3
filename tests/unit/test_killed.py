"""Commits whose process is killed, or whose disk is full: all or nothing."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from commits import AFTER, BEFORE, CHANGES, Make, in_child, kill_before, patiently
from conftest import Fcgitops
from fcgitops.core.errors import FcgitopsError, InputError
from fcgitops.git.journal import exclusive
from fcgitops.git.program import differing
from fcgitops.git.repo import init_and_commit, open_repository
from fcgitops.git.worktree import WorkTree
from gitenv import files, git, state, write

pytestmark = pytest.mark.usefixtures("git_home")


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


def uncommitted(top: Path) -> object:
    return open_repository(top).commit(CHANGES, "m", commit=False)


class TestKilled:
    """A run that is killed, at any point."""

    @pytest.mark.slow
    def test_at_every_step(self, make_repository: Make, tmp_path: Path) -> None:
        """After the next command all is wholly as before or wholly as it should be.

        With a file that the user has edited already to what it shall be; tests/faults has
        whole commands, killed at steps of git's own.
        """
        action = plainly
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

    @pytest.mark.slow
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

    @pytest.mark.sampled(2)
    @pytest.mark.parametrize(("content", "stays"), [("", False), ("0" * 40, True)])
    def test_a_branch_that_git_was_about_to_lock(
        self, make_repository: Make, content: str, stays: bool
    ) -> None:
        """A lock into which a killed git has written nothing yet goes, another's does not."""
        top = make_repository(BEFORE)
        kill_before(top, "the branch")
        with exclusive(WorkTree.at(top)):
            pass  # git, which has lost its parent, has removed its own by now
        lock = top / ".git" / "refs" / "heads" / "main.lock"
        lock.write_text(content)
        patiently(lambda: open_repository(top).recover())
        assert lock.exists() == stays
        assert files(top) == BEFORE

    def test_a_command_that_reads_tells(self, repository: Path, fcgitops: Fcgitops) -> None:
        """It does not set right what a killed run left, and says that there is something."""
        place = repository / ".git/fcgitops/journal"
        place.write_text("{}")
        ran = fcgitops("-C", repository, "list")
        assert "which the next command that writes sets right" in ran.err

    def test_another_command_goes_on_from_there(self, make_repository: Make) -> None:
        """The next one commits on a branch that a killed one had made, and not checked out."""
        top = make_repository(BEFORE)

        def die(event: str, arguments: tuple[object, ...]) -> None:
            if event == "subprocess.Popen" and "symbolic-ref" in str(arguments[1]):
                os.kill(os.getpid(), signal.SIGKILL)

        def act() -> None:
            sys.addaudithook(die)
            open_repository(top).commit(CHANGES, "m", branch="new")

        assert os.WIFSIGNALED(os.waitpid(in_child(act), 0)[1])
        assert git(top, "symbolic-ref", "HEAD") == "refs/heads/main"
        repository = open_repository(top)

        def go_on() -> None:
            with repository.lock():
                repository.commit({"more": b"more\n"}, "more")

        patiently(go_on)
        assert git(top, "symbolic-ref", "HEAD") == "refs/heads/new"
        assert git(top, "log", "--max-count=2", "--format=%s") == "more\nm"
        assert files(top) == {**AFTER, "more": "more\n"}

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

    def test_on_another_branch_since(self, make_repository: Make) -> None:
        """There the index stays as the user has made it."""
        top = make_repository(BEFORE)
        kill_before(top, "the index")
        (top / ".git" / "index.lock").unlink()
        git(top, "stash", "-q")
        git(top, "switch", "-q", "-c", "other", "main~1")
        patiently(lambda: open_repository(top).recover())
        assert (files(top), git(top, "status", "--porcelain")) == (BEFORE, "")
        assert git(top, "log", "-1", "--format=%s", "main") == "m"

    @pytest.mark.slow
    @pytest.mark.parametrize(("commit", "stride"), [(True, 2), (False, 3)])
    def test_init(self, tmp_path: Path, commit: bool, stride: int) -> None:
        """A repository that was being made is made by the next run, wherever it was killed."""
        contents = {"a": b"a", "d/b": b"b"}
        step, killed = 0, True
        while killed:
            top = tmp_path / f"try{step}"
            write(top, {"mine": "m"})
            make = partial(init_and_commit, top, contents, "first", branch="main", commit=commit)
            killed = run_and_die(make, step)
            with suppress(InputError):
                patiently(make)
            assert files(top) == {"a": "a", "d/b": "b", "mine": "m"}, f"killed at {step}"
            expected = "?? mine" if commit else "A  a\nA  d/b\n?? mine"
            assert git(top, "status", "--porcelain") == expected
            shutil.rmtree(top)
            step += stride


@pytest.mark.slow
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


@pytest.mark.slow
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


def test_a_look_takes_no_lock(make_repository: Make) -> None:
    """Git notes nothing in the index when it is asked what differs: killed then, it left a lock."""
    top = make_repository({"a": "a\n"})
    os.utime(top / "a", (1, 1))
    before = (top / ".git/index").read_bytes()
    assert differing(top) == frozenset()
    assert (top / ".git/index").read_bytes() == before
    git(top, "status")
    assert (top / ".git/index").read_bytes() != before
