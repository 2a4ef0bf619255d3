"""Records that name what is not generated: hostile, or from a bad merge."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Fcgitops
from fcgitops.model.answersfile import load
from fcgitops.repository import record
from fcgitops.repository.provenance import generated_base, is_generated
from gitenv import git, write


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("overlays/prod/kustomization.yaml", True),
        ("overlays/prod/patches/statefulset.yaml", True),
        ("overlays/prod/nni/limits.yaml", True),
        ("experiments/mnist/job.yaml", True),
        ("clusters/flux/prod/sync.yaml", True),
        ("clusters/flux/prod/experiments/mnist/sync.yaml", True),
        ("clusters/argocd/nni.yaml", True),
        ("overlays/prod/environment.yaml", False),
        ("overlays/prod/local/kustomization.yaml", False),
        ("overlays/prod/patches/mine.yaml", False),
        ("overlays/prod/../dev/kustomization.yaml", False),
        ("overlays/prod/more/kustomization.yaml", False),
        ("overlays/prod//kustomization.yaml", False),
        ("experiments/mnist/run.yaml", False),
        ("clusters/flux/flux-system/gotk-sync.yaml", False),
        ("clusters/argocd/mine.yaml", False),
        ("README.md", False),
    ],
)
def test_is_generated(path: str, known: bool) -> None:
    """A file of an environment or an experiment, at its place."""
    assert is_generated(path) == known


@pytest.mark.slow
def test_all_that_is_generated(repository: Path, fcgitops: Fcgitops) -> None:
    """Whatever a record of this version names is known."""
    for name, sync in (("dev", "argocd"), ("prod", "flux")):
        keys = ["sync=" + sync, "labels={team: a}", "apiServer.address=https://10.0.0.9:6443"]
        sets = [word for key in keys for word in ("--set", key)]
        fcgitops("-C", repository, "overlay", name, *sets)
        limits = ["--set", "nni.quota={pods: 9}", "--storage", f"nfs://10.0.0.1/{name}"]
        fcgitops("-C", repository, "nni", "enable", name, *limits)
        fcgitops("-C", repository, "nni", "experiment", f"e-{name}", "--env", name)
    places = git(repository, "ls-files", "*/.fcgitops").splitlines()
    recorded = [
        f"{Path(place).parent}/{path}"
        for place in places
        for path in record.decode((repository / place).read_bytes()) or {}
    ]
    assert len(places) >= 6
    assert [path for path in recorded if not is_generated(path)] == []
    base = record.decode((repository / ".fcgitops/base").read_bytes()) or {}
    assert generated_base(base, load((repository / "fcgitops.yaml").read_bytes()))[1] == []


@pytest.mark.parametrize("path", ["overlays/dev/environment.yaml", "base/mine.yaml"])
def test_the_base_record_names_a_file_of_the_user(
    repository: Path, fcgitops: Fcgitops, path: str
) -> None:
    """`restore` leaves the file alone, and verify finds the record."""
    mine = "variant: default-config\nsync: argocd\n"
    place = repository / ".fcgitops/base"
    recorded = record.decode(place.read_bytes()) or {}
    forged = record.encode({**recorded, path: b"theirs\n"})
    write(repository, {path: mine, str(place): forged})
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "a record")
    fcgitops("-C", repository, "restore", path, status=None)
    assert (repository / path).read_text() == mine
    found = fcgitops("-C", repository, "verify", status=1)
    assert f".fcgitops/base: FCG20: names {path}, where nothing is generated" in found.out


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("folder", "path"),
    [
        ("overlays/dev", "environment.yaml"),
        ("overlays/dev", "local/kustomization.yaml"),
        ("overlays/dev", "mine.yaml"),
        ("overlays/dev", "../prod/environment.yaml"),
    ],
)
def test_a_record_that_names_a_file_of_the_user(
    repository: Path, fcgitops: Fcgitops, folder: str, path: str
) -> None:
    """It stays as it is, verify finds it; 0.1.0 deleted the file, or took an edit of it back."""
    file = repository / folder / path
    if not file.exists():
        file.write_text("mine\n")
    place = repository / folder / ".fcgitops"
    recorded = record.decode(place.read_bytes()) or {}
    write(repository, {str(place): record.encode({**recorded, path: file.read_bytes()})})
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "hostile")
    before = file.read_bytes()

    found = fcgitops("-C", repository, "verify", "dev", status=1)
    assert f"dev: FCG20: {folder}/.fcgitops: names {folder}/{path}, where nothing" in found.out
    ran = fcgitops("-C", repository, "overlay", "dev", "--namespace", "other")
    assert f"names {folder}/{path}: not generated there, so left alone" in ran.err
    if path != "environment.yaml":
        assert file.read_bytes() == before
    assert "namespace: other" in (repository / folder / "environment.yaml").read_text()
    fcgitops("-C", repository, "verify", "dev")


def test_remove_leaves_what_others_have_there(repository: Path, fcgitops: Fcgitops) -> None:
    """Flux's own bootstrap is not removed with an environment because a record names it."""
    fcgitops("-C", repository, "overlay", "dev", "--set", "sync=flux")
    folder = "clusters/flux/dev"
    write(repository, {f"{folder}/gotk-sync.yaml": "flux's own\n"})
    place = repository / folder / ".fcgitops"
    recorded = record.decode(place.read_bytes()) or {}
    place.write_bytes(record.encode({**recorded, "gotk-sync.yaml": b"flux's own\n"}))
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "hostile")
    fcgitops("-C", repository, "remove", "dev")
    assert git(repository, "ls-files", folder) == f"{folder}/gotk-sync.yaml"
