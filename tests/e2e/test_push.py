"""Pushing, against a real Git server that speaks smart HTTP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fcgitops.core.errors import ToolError
from fcgitops.git.push import push
from fcgitops.git.repo import init_and_commit
from gitenv import git, git_home, make_repository
from gitserver import serve

__all__ = ["git_home", "make_repository"]

pytestmark = pytest.mark.usefixtures("git_home")


def scaffolded(directory: Path, url: str) -> Path:
    """A repository with one commit and the remote `origin`."""
    directory.mkdir()
    init_and_commit(directory, {"README.md": b"hello\n"}, "first", remote_url=url, branch="main")
    return directory


def test_accepted(tmp_path: Path) -> None:
    """A push brings the commit to the remote, and the branch tracks it."""
    with serve(tmp_path) as server:
        here = scaffolded(tmp_path / "here", server.url)
        push(here, "main")
        assert git(server.repository, "rev-parse", "main") == git(here, "rev-parse", "HEAD")
        assert git(here, "rev-parse", "--abbrev-ref", "@{upstream}") == "origin/main"


def test_password_accepted(tmp_path: Path) -> None:
    """A password in the URL is used."""
    with serve(tmp_path, password="s3cret") as server:
        here = scaffolded(tmp_path / "here", server.url_as("ada", "s3cret"))
        push(here, "main")
        assert git(server.repository, "rev-parse", "main") == git(here, "rev-parse", "HEAD")


def test_large_push(tmp_path: Path) -> None:
    """A push bigger than git's buffer, which is sent in chunks, arrives."""
    noise = "".join(f"{i * 2654435761 % 4294967296:x}" for i in range(300_000)).encode()
    with serve(tmp_path) as server:
        (tmp_path / "here").mkdir()
        init_and_commit(
            tmp_path / "here", {"noise": noise}, "big", remote_url=server.url, branch="main"
        )
        push(tmp_path / "here", "main")
        assert git(server.repository, "cat-file", "-s", "main:noise") == str(len(noise))


def refused(here: Path, *, remote: str = "origin") -> tuple[str, str]:
    """What a push that fails says, and its hint; the local commit is still there."""
    before = git(here, "rev-parse", "HEAD")
    with pytest.raises(ToolError) as caught:
        push(here, "main", remote=remote)
    assert git(here, "rev-parse", "HEAD") == before
    (problem,) = caught.value.problems
    return f"{problem.where}: {problem.what}", problem.hint


def test_protected_branch(tmp_path: Path) -> None:
    """A protected branch: the server's own words, and the command that finishes the work."""
    with serve(tmp_path, protected=True) as server:
        here = scaffolded(tmp_path / "here", server.url)
        what, hint = refused(here)
    assert "You are not allowed to push code to protected branches" in what
    assert "pre-receive hook declined" in what
    assert f"git -C {here} push -u origin main" in hint


def test_wrong_password(tmp_path: Path) -> None:
    """A wrong password is refused without a question, and is not printed."""
    with serve(tmp_path, password="s3cret") as server:
        here = scaffolded(tmp_path / "here", server.url_as("ada", "wr0ng"))
        what, hint = refused(here)
    assert "Authentication failed" in what
    assert "wr0ng" not in what + hint


def test_no_password(tmp_path: Path) -> None:
    """Where a password is missing, git does not ask on the terminal."""
    with serve(tmp_path, password="s3cret") as server:
        what, _ = refused(scaffolded(tmp_path / "here", server.url))
    assert "terminal prompts disabled" in what


def test_url_instead_of_name(tmp_path: Path) -> None:
    """A URL with credentials serves as the remote; no message holds them."""
    with serve(tmp_path, password="s3cret") as server:
        here = scaffolded(tmp_path / "here", "")
        what, hint = refused(here, remote=server.url_as("ada", "wr0ng"))
        assert "wr0ng" not in what + hint
        push(here, "main", remote=server.url_as("ada", "s3cret"))
        assert git(server.repository, "rev-parse", "main") == git(here, "rev-parse", "HEAD")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:1/x.git", "unable to access 'http://127.0.0.1:1/x.git/'"),
        ("/nowhere/x.git", "'/nowhere/x.git' does not appear to be a git repository"),
        ("", "'origin' does not appear to be a git repository"),
    ],
)
def test_unreachable(tmp_path: Path, url: str, reason: str) -> None:
    """A remote that cannot be reached: git's reason in a line."""
    what, _ = refused(scaffolded(tmp_path / "here", url))
    assert reason in what


def test_behind(tmp_path: Path, make_repository: Callable[..., Path]) -> None:
    """A remote that has commits of its own is never overwritten."""
    with serve(tmp_path) as server:
        other = make_repository({"theirs": "1"})
        git(other, "push", "-q", server.url, "main")
        what, _ = refused(scaffolded(tmp_path / "here", server.url))
        assert "[rejected] main -> main (fetch first)" in what
        assert git(server.repository, "rev-parse", "main") == git(other, "rev-parse", "HEAD")


def test_pre_push_hook(tmp_path: Path) -> None:
    """The user's own pre-push hook is asked."""
    with serve(tmp_path) as server:
        here = scaffolded(tmp_path / "here", server.url)
        hook = here / ".git" / "hooks" / "pre-push"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\necho 'not on a Friday' >&2\nexit 1\n")
        hook.chmod(0o755)
        what, _ = refused(here)
    assert "not on a Friday" in what
