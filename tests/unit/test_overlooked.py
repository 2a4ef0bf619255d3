"""Files whose changes git was told not to look for: git's own words of them help nobody."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Fcgitops
from gitenv import git, state, write

PREFIX = "is to be committed, and git was told to overlook its changes"


@pytest.mark.sampled(9)
@pytest.mark.parametrize("flag", ["skip-worktree", "assume-unchanged"])
@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("fcgitops.yaml", ["overlays"]),
        ("fcgitops.yaml", ["overlays", "--no-commit"]),
        ("overlays/dev/environment.yaml", ["overlay", "dev", "--set", "resources.cpu=300m"]),
        ("overlays/dev/kustomization.yaml", ["remove", "dev"]),
    ],
)
def test_a_change_of_one(
    flag: str, path: str, command: list[str], repository: Path, fcgitops: Fcgitops
) -> None:
    """It is named, with the command that has git look again; nothing is written before."""
    git(repository, "update-index", f"--{flag}", path)
    if path == "fcgitops.yaml":
        text = (repository / path).read_text()
        write(repository, {path: text.replace("repo_url: ''", "repo_url: https://a.example/b")})
    before = state(repository)
    said = fcgitops("-C", repository, *command, status=2).err
    assert said == f"error: {path}: {PREFIX} (git update-index --no-{flag} {path})\n"
    assert state(repository) == before

    git(repository, "update-index", f"--no-{flag}", path)
    fcgitops("-C", repository, *command)


def test_one_that_does_not_change(repository: Path, fcgitops: Fcgitops) -> None:
    """It is left as it is, with its mark."""
    git(repository, "update-index", "--skip-worktree", "README.md")
    fcgitops("-C", repository, "overlay", "dev", "--set", "resources.cpu=300m")
    assert git(repository, "ls-files", "-v", "README.md") == "S README.md"


def test_one_that_is_gone(repository: Path, fcgitops: Fcgitops) -> None:
    """Where there is no sparse checkout, none can be told to bring it."""
    path = "overlays/dev/environment.yaml"
    git(repository, "update-index", "--skip-worktree", path)
    (repository / path).unlink()
    said = fcgitops("-C", repository, "overlay", "prod", status=2).err
    assert said == (
        f"error: {path}: is not here, and git was told to overlook that "
        f"(git update-index --no-skip-worktree {path})\n"
    )
