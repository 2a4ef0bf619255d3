"""`fcgitops new` in a Git repository that is there, and has nothing in it yet."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Fcgitops
from gitenv import committed, git, write

URL = "https://git.example.com/team/deploy.git"


def made(folder: Path, *options: str) -> Path:
    """A repository as `git init` makes it."""
    git(folder, "init", "-q", *options, "deploy")
    return folder / "deploy"


def test_it_is_filled(fcgitops: Fcgitops, git_home: Path, tmp_path: Path) -> None:
    """On its own branch, which is the one that is synced; its remote is the answer repo_url."""
    deploy = made(tmp_path, "-b", "trunk")
    git(deploy, "remote", "add", "origin", URL)
    git(deploy, "config", "user.name", "Grace")
    ran = fcgitops("new", deploy, "--env", "dev", "--no-input")

    assert git(deploy, "log", "--format=%an %s", "trunk") == "Grace Scaffold deploy"
    assert git(deploy, "symbolic-ref", "--short", "HEAD") == "trunk"
    assert git(deploy, "status", "--porcelain") == ""
    assert git(deploy, "remote", "-v").splitlines()[0] == f"origin\t{URL} (fetch)"
    files = committed(deploy)
    assert "branch: trunk" in files["fcgitops.yaml"]
    assert f"repo_url: {URL}" in files["fcgitops.yaml"]
    assert "targetRevision: trunk" in files["clusters/argocd/applicationset.yaml"]
    for said in ("README.md", "AGENTS.md", "Makefile", "docs/fcgitops/pull-requests.md"):
        assert ("BASE=origin/HEAD" in files[said], "main" in files[said].split()) == (True, False)
    assert "cd ." not in ran.err
    fcgitops("-C", deploy, "verify")


def test_it_is_the_same_as_a_new_one(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """The very tree, in the folder that one stands in, too."""
    deploy = made(tmp_path, "-b", "main")
    other = tmp_path / "other" / "deploy"
    fcgitops("new", "-C", deploy, ".", "--env", "dev", "--repo-url", URL, "--no-input")
    fcgitops("new", other, "--env", "dev", "--repo-url", URL, "--no-input")

    assert git(deploy, "rev-parse", "HEAD^{tree}") == git(other, "rev-parse", "HEAD^{tree}")
    assert git(deploy, "remote", "get-url", "origin") == URL


@pytest.mark.slow
def test_a_clone_of_an_empty_one_is_pushed(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """As a forge makes it: clone, new, push; a path is no URL for Argo CD and Flux."""
    git(tmp_path, "init", "-q", "--bare", "-b", "release", "remote.git")
    git(tmp_path, "clone", "-q", f"file://{tmp_path}/remote.git", "deploy")
    fcgitops("new", tmp_path / "deploy", "--no-input", "--push")
    assert git(tmp_path / "remote.git", "log", "--format=%s", "release") == "Scaffold deploy"

    git(tmp_path, "init", "-q", "--bare", "empty.git")
    git(tmp_path, "clone", "-q", f"{tmp_path}/empty.git", "second")
    ran = fcgitops("new", tmp_path / "second", "--no-input")
    assert "is no URL that can be synced: repo_url stays empty\n" in ran.err


@pytest.mark.slow
def test_the_options_of_all_that_write(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """A branch of another name, nothing but staged, nothing at all."""
    deploy = made(tmp_path, "-b", "main")
    fcgitops("new", deploy, "--no-input", "--dry-run")
    assert [path.name for path in deploy.iterdir()] == [".git"]
    fcgitops("new", deploy, "--no-input", "--branch", "scaffold", "-m", "Hello")
    assert git(deploy, "log", "--format=%s", "scaffold") == "Hello"
    assert git(deploy, "symbolic-ref", "--short", "HEAD") == "scaffold"

    git(tmp_path, "init", "-q", "staged")
    fcgitops("new", tmp_path / "staged", "--no-input", "--no-commit")
    assert len(git(tmp_path / "staged", "diff", "--cached", "--name-only").splitlines()) > 20


@pytest.mark.parametrize("there", ["a file", "a commit", "a staged file", "a branch elsewhere"])
def test_one_that_has_something_is_refused(there: str, fcgitops: Fcgitops, tmp_path: Path) -> None:
    """Nothing of it is touched."""
    deploy = made(tmp_path, "-b", "main")
    write(deploy, {"README.md": "# Ours\n"})
    if there != "a file":
        git(deploy, "add", "-A")
    if there in ("a commit", "a branch elsewhere"):
        git(deploy, "commit", "-qm", "first")
    if there == "a staged file":
        (deploy / "README.md").unlink()
    if there == "a branch elsewhere":
        git(deploy, "switch", "-q", "--orphan", "empty")
    before = git(deploy, "for-each-ref"), git(deploy, "ls-files", "-s")
    ran = fcgitops("new", deploy, "--no-input", status=2)

    only_git = [path.name for path in deploy.iterdir()] == [".git"]
    assert (
        "is a Git repository with commits, or with something staged" in ran.err
        if only_git
        else "is not empty, and no repository of fcgitops" in ran.err
    )
    assert (git(deploy, "for-each-ref"), git(deploy, "ls-files", "-s")) == before


def test_another_url_than_its_own_is_refused(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """Which of the two is meant nobody knows."""
    deploy = made(tmp_path)
    git(deploy, "remote", "add", "origin", URL)
    ran = fcgitops("new", deploy, "--no-input", "--repo-url", "https://x.example/y", status=2)
    assert ran.err == (
        f"error: repo_url: is https://x.example/y, and the remote origin here is {URL} "
        "(leave it out)\n"
    )
    fcgitops("new", deploy, "--no-input", "--repo-url", URL)


def test_another_branch_than_its_own_is_refused(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """What is committed would not be what is synced."""
    deploy = made(tmp_path, "-b", "trunk")

    said = fcgitops("new", deploy, "--no-input", "--set", "branch=other", status=2).err

    assert said == (
        f"error: branch: is 'other', and {deploy} is on the branch 'trunk' "
        f"(git -C {deploy} switch -c other, or leave the answer out)\n"
    )
    git(deploy, "switch", "-q", "-c", "other")
    fcgitops("new", deploy, "--no-input", "--set", "branch=other")
    assert git(deploy, "log", "--format=%s", "other") == "Scaffold deploy"
