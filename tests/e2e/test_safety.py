"""Whole commands in bad company: at once, without space, refused by the server.

Killed, and on a disk that fails, is in tests/faults.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Fcgitops, snapshot
from gitenv import git, state
from gitserver import serve

NEW = ["--env", "dev", "--env", "prod=customized-config", "--no-input"]


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    """The command in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "fcgitops", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


@pytest.mark.slow
def test_two_at_once(repository: Path, fcgitops: Fcgitops) -> None:
    """Each of many commands started together is done whole or refused whole."""
    processes = [start("-C", repository, "overlay", f"e{i}") for i in range(6)]
    results = [(process.communicate()[1], process.returncode) for process in processes]
    done = [i for i, (_, status) in enumerate(results) if status == 0]

    assert done
    for i, (err, status) in enumerate(results):
        assert status in (0, 2), err
        assert (repository / "overlays" / f"e{i}").exists() == (status == 0)
        if status:
            assert "another fcgitops is at work" in err
    assert git(repository, "status", "--porcelain") == ""
    assert len(git(repository, "log", "--format=%s").splitlines()) == 1 + len(done)


@pytest.mark.slow
def test_two_new_at_once(git_home: Path, tmp_path: Path) -> None:
    """One makes the repository; the other says why it did not, or that there is nothing to do."""
    processes = [start("new", tmp_path / "deploy", *NEW) for _ in range(3)]
    results = [(process.communicate()[1], process.returncode) for process in processes]

    assert 0 in [status for _, status in results]
    assert all(status in (0, 2) for _, status in results), results
    assert "Traceback" not in "".join(err for err, _ in results)
    assert [path.name for path in tmp_path.iterdir()] == ["deploy"]
    git(tmp_path / "deploy", "fsck", "--strict")


def test_a_disk_that_takes_no_file(fcgitops: Fcgitops) -> None:
    """One line, status 2."""
    ran = fcgitops("new", "/proc/deploy", "--no-input", status=2)

    assert len(ran.err.splitlines()) == 1
    assert "nothing was written" in ran.err


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")
@pytest.mark.parametrize("size", [64, 200, 300])
def test_a_full_disk(size: int, fcgitops: Fcgitops, git_home: Path, tmp_path: Path) -> None:
    """Status 2 with the reason, and the disk is as it was; git does as it does by itself."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no mounting here")
    (git_home / ".gitconfig").write_text("[user]\nname = Ada\nemail = ada@example.com\n")
    try:
        ran = fcgitops("new", disk / "deploy", *NEW, status=2)
        said = ("No space left on", "Out of diskspace", "unable to write file", "couldn't write")
        assert any(words in ran.err for words in said)
        assert "Traceback" not in ran.err
        assert snapshot(disk) == {}
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_no_identity_is_said_before_anything_is_written(
    git_home: Path, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """With the command that sets it."""
    (git_home / ".gitconfig").write_text("[user]\nname = Ada\n")
    ran = fcgitops("new", tmp_path / "deploy", "--no-input", status=2)

    assert "git config --global user.name" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_new_pushes(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """The commit is at the server, and the branch tracks it."""
    with serve(tmp_path) as server:
        fcgitops("new", tmp_path / "deploy", *NEW, "--repo-url", server.url, "--push")
        assert git(server.repository, "rev-parse", "main") == (
            git(tmp_path / "deploy", "rev-parse", "HEAD")
        )


@pytest.mark.parametrize("why", ["password", "protected", "nobody"])
def test_a_push_that_is_refused_leaves_the_commit(
    why: str, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """Status 3, and the message names the plain command that finishes the work."""
    options = {"password": {"password": "s3cret"}, "protected": {"protected": True}, "nobody": {}}
    with serve(tmp_path, **options[why]) as server:
        url = server.url
        if why == "nobody":
            url = "http://127.0.0.1:9/nobody.git"
        folder = tmp_path / "deploy"
        ran = fcgitops("new", folder, *NEW, "--repo-url", url, "--push", status=3)

    assert f"git -C {folder} push -u origin main" in ran.err
    assert git(folder, "log", "--format=%s") == "Scaffold deploy"
    assert git(folder, "status", "--porcelain") == ""


def test_hooks_of_the_user_are_respected(repository: Path, fcgitops: Fcgitops) -> None:
    """A pre-commit hook sees what would be committed, and its refusal leaves all as it was."""
    hook = repository / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntest ! -e overlays/stage || { echo no stage here; exit 1; }\n")
    hook.chmod(0o755)
    before = state(repository)
    ran = fcgitops("-C", repository, "overlay", "stage", status=1)
    assert "no stage here" in ran.err
    assert state(repository) == before
    fcgitops("-C", repository, "overlay", "other")
