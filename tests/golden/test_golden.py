"""Whole repositories, as committed here: what a change of the generator changes shows in the diff.

`make golden` writes them anew.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from conftest import Fcgitops
from fcgitops import __version__
from fcgitops.repository.contents import Repository
from gitenv import git
from renderers import in_kubectl, pinned

HERE = Path(__file__).parent
UPDATE = bool(os.environ.get("UPDATE_GOLDEN"))
PROFILES = ("hardened", "upstream")
NNI = {"hardened": "every-key", "upstream": "nni"}
"""Profile → the environment that an experiment is in."""


def generate(fcgitops: Fcgitops, profile: str, folder: Path) -> Path:
    """A repository with the two ways to run, and an environment that uses every key."""
    root = folder / profile
    fcgitops("new", root, "--profile", profile, "--gitops", "both", "--no-input",
             "--set", f"requirement=frameworkcontroller-gitops=={__version__}",
             "--env", "dev", "--env", "prod=customized-config")  # fmt: skip
    fcgitops("-C", root, "overlays", "--from", HERE / f"{profile}.yaml")
    fcgitops("-C", root, "nni", "experiment", "mnist", "--env", NNI[profile])
    return root


def files(root: Path) -> dict[str, str]:
    """Every committed file of a repository, or every file of a folder."""
    return {
        path.relative_to(root).as_posix(): path.read_text()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(root).parts
    }


@pytest.mark.parametrize("profile", PROFILES)
def test_a_repository_is_generated_as_it_is_here(
    profile: str, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """The same answers give the same files, byte for byte."""
    root = generate(fcgitops, profile, tmp_path)
    golden = HERE / profile / "repository"
    if UPDATE:
        shutil.rmtree(golden, ignore_errors=True)
        shutil.copytree(root, golden, ignore=shutil.ignore_patterns(".git"))

    assert files(root) == files(golden)
    assert git(root, "status", "--porcelain") == ""


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES)
def test_two_versions_of_kustomize_render_the_same_bytes(profile: str) -> None:
    """Argo CD, Flux and kubectl carry different versions; a sync must not depend on which."""
    repository = Repository(HERE / profile / "repository")
    there = repository.kustomizations()
    assert {f"{NNI[profile]}/nni", "experiments/mnist"} <= set(map(str, there))
    for item in there:
        golden = HERE / profile / "rendered" / f"{str(item).replace('/', '.')}.yaml"
        rendered = pinned().build(repository.root / item.folder)
        if UPDATE:
            golden.parent.mkdir(exist_ok=True)
            golden.write_bytes(rendered)

        assert rendered.decode() == golden.read_text()
        assert in_kubectl().build(repository.root / item.folder) == rendered
