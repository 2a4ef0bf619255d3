"""No command commits an environment that nothing can build."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import CopyOf, Fcgitops
from fcgitops.programs.parts import Files, parts
from gitenv import clone_released, committed, git, state, write

NOT_THERE = "is missing, and prod does not build without it"
SET = ["overlay", "prod", "--set", "resources.cpu=300m"]


@pytest.fixture
def mnist(copy_of: CopyOf) -> Path:
    """A repository with an experiment in its environment prod."""
    return copy_of(
        ["new", "deploy", "--env", "prod"],
        ["nni", "enable", "prod", "--storage", "nfs://10.0.0.1/a"],
        ["nni", "experiment", "mnist", "--env", "prod"],
    )


@pytest.mark.sampled(6)
@pytest.mark.parametrize(
    ("where", "path", "named"),
    [
        ("HEAD", "overlays/prod/kustomization.yaml", "overlays/prod/kustomization.yaml"),
        ("here", "overlays/prod/kustomization.yaml", "overlays/prod/kustomization.yaml"),
        ("here", "overlays/prod/frameworkcontroller.yaml",
         "overlays/prod/frameworkcontroller.yaml"),
        ("here", "overlays/prod/local/kustomization.yaml", "overlays/prod/local"),
        ("here", "base/statefulset.yaml", "base/statefulset.yaml"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
def test_a_change_without_what_it_is_built_from(
    path: str, named: str, where: str, dry: list[str], repository: Path, fcgitops: Fcgitops
) -> None:
    """It is refused, with the command that brings the file back; then it is made."""
    git(repository, "rm", "-q", path)
    git(repository, *(["commit", "-qm", "gone"] if where == "HEAD" else ["reset", "-q"]))
    before = state(repository)
    said = fcgitops("-C", repository, *SET, *dry, status=1).err
    back = "fcgitops" if where == "HEAD" else "git"
    assert said.splitlines()[-1] == f"error: {named}: {NOT_THERE} ({back} restore {named})"
    assert state(repository) == before

    if back == "git":
        git(repository, "restore", named)
    else:
        fcgitops("-C", repository, "restore", named)
    fcgitops("-C", repository, *SET)
    fcgitops("-C", repository, "build", "prod")


def test_each_command_that_changes_it(repository: Path, fcgitops: Fcgitops) -> None:
    """From a list, with NNI, or after an edit; another environment is none of its business."""
    git(repository, "rm", "-q", "overlays/prod/kustomization.yaml")
    git(repository, "commit", "-qm", "gone")
    write(repository, {"list.yaml": "- name: prod\n  namespace: other\n"})
    for command in (
        ["overlays", "--from", repository / "list.yaml"],
        ["nni", "enable", "prod", "--storage", "nfs://a/b"],
    ):
        assert NOT_THERE in fcgitops("-C", repository, *command, status=1).err
    source = repository / "overlays/prod/environment.yaml"
    source.write_text(source.read_text() + "priorityClassName: high\n")
    assert NOT_THERE in fcgitops("-C", repository, "overlays", status=1).err
    fcgitops("-C", repository, "overlay", "dev", "--set", "resources.cpu=300m")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "item"),
    [
        ("experiments/mnist/kustomization.yaml", "experiments/mnist"),
        ("experiments/mnist/service.yaml", "experiments/mnist"),
        ("overlays/prod/nni/kustomization.yaml", "prod/nni"),
    ],
)
def test_what_nni_has_is_no_other(path: str, item: str, mnist: Path, fcgitops: Fcgitops) -> None:
    """A deletion of what an experiment, or NNI in an environment, needs is refused, not said."""
    (mnist / path).unlink()
    before = state(mnist)
    command = ["nni", "experiment", "mnist"] if "mnist" in item else SET
    what = f"is missing, and {item} does not build without it"
    ran = fcgitops("-C", mnist, *command, status=1)
    assert ran.err == f"error: {path}: {what} (git restore {path})\n"
    assert state(mnist) == before

    if path.endswith("/kustomization.yaml"):
        git(mnist, "commit", "-qam", "gone")
        ran = fcgitops("-C", mnist, *command, status=1)
        assert ran.err == f"error: {path}: {what} (fcgitops restore {path})\n"
        fcgitops("-C", mnist, "restore", path)
        fcgitops("-C", mnist, *command)
        fcgitops("-C", mnist, "build", item)


def test_a_deletion_that_is_committed(repository: Path, fcgitops: Fcgitops) -> None:
    """Of another file it is somebody's decision, which stays; what does not build is told."""
    git(repository, "rm", "-q", "base/statefulset.yaml")
    git(repository, "commit", "-qm", "gone")
    said = fcgitops("-C", repository, *SET).err
    place = "base/statefulset.yaml"
    assert f"note: {place}: {NOT_THERE} (fcgitops restore {place})\n" in said
    fcgitops("-C", repository, "restore", place)
    fcgitops("-C", repository, "build", "prod")


def test_a_file_that_is_no_longer_needed(repository: Path, fcgitops: Fcgitops) -> None:
    """What a change takes out of an environment need not be there."""
    git(repository, "rm", "-q", "overlays/prod/frameworkcontroller.yaml")
    git(repository, "commit", "-qm", "gone")
    fcgitops("-C", repository, "overlay", "prod", "--variant", "default-config")
    fcgitops("-C", repository, "build", "prod")


SOURCE = """\
variant: default-config
cluster:
  name: edge
namespace: frameworkcontroller
sync: argocd
"""


@pytest.mark.slow
@pytest.mark.parametrize("command", [["overlays"], ["overlay", "edge"]])
@pytest.mark.parametrize("was", ["untracked", "committed"])
def test_an_environment_yaml_that_somebody_has_written(
    command: list[str], was: str, repository: Path, fcgitops: Fcgitops
) -> None:
    """It is a new environment, with all files that one has from the start."""
    write(repository, {"overlays/edge/environment.yaml": SOURCE})
    if was == "committed":
        git(repository, "add", "overlays/edge")
        git(repository, "commit", "-qm", "by hand")
    assert "Add environment edge: commit " in fcgitops("-C", repository, *command).err

    fcgitops("-C", repository, "overlay", "twin", "--cluster", "twin", "--set", "sync=argocd")
    files = committed(repository)
    own = {path for path in files if path.startswith("overlays/edge/")}
    assert own == {p.replace("twin", "edge") for p in files if p.startswith("overlays/twin/")}
    fcgitops("-C", repository, "verify")
    assert fcgitops("-C", repository, "overlays").err.startswith("nothing to do: ")


def test_what_stands_in_its_local_folder_already(repository: Path, fcgitops: Fcgitops) -> None:
    """It goes into the commit too, and nothing is written over it; what Git ignores stays out."""
    kustomization = (repository / "overlays/dev/local/kustomization.yaml").read_text()
    own = kustomization.replace("resources: []", "resources: [note.yaml]")
    note = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: note}\n"
    write(repository, {
        ".git/info/exclude": "*.swp\n",
        "overlays/edge/environment.yaml": SOURCE,
        "overlays/edge/local/kustomization.yaml": own,
        "overlays/edge/local/note.yaml": note,
        "overlays/edge/local/.note.swp": "x",
    })  # fmt: skip
    fcgitops("-C", repository, "overlays")
    files = committed(repository)
    local = {path: text for path, text in files.items() if path.startswith("overlays/edge/local")}
    assert local == {
        "overlays/edge/local/kustomization.yaml": own.removesuffix("\n"),
        "overlays/edge/local/note.yaml": note.removesuffix("\n"),
    }
    fcgitops("-C", repository, "build", "edge")


@pytest.mark.parametrize(
    ("pending", "missing"),
    [
        ({}, ["gone.yaml"]),
        ({"kustomization.yaml": b""}, []),
        ({"kustomization.yaml": None}, ["kustomization.yaml"]),
        ({"gone.yaml": b""}, []),
        ({"gone.yaml": None}, ["gone.yaml"]),
    ],
)
def test_a_file_counts_as_it_will_be(
    pending: dict[str, bytes | None], missing: list[str], tmp_path: Path
) -> None:
    """Emptied, taken away or made in the same commit: what stands on the disk is no matter."""
    write(tmp_path, {"kustomization.yaml": "resources: [gone.yaml]\n"})
    files = Files({f"{tmp_path}/{path}": data for path, data in pending.items()})
    assert [Path(p).name for direct in parts(tmp_path, files) for p in direct.missing] == missing


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("path", "update"),
    [
        ("base/statefulset.yaml", True),
        ("overlays/prod/kustomization.yaml", True),
        ("base/statefulset.yaml", False),
    ],
)
def test_update_and_rollback(
    path: str, update: bool, copy_of: CopyOf, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """A deletion that is not committed is refused by them too, and nothing is written."""
    if update:
        repository, command = clone_released("hardened-argocd", tmp_path), ["update"]
    else:
        repository = copy_of(["new", "deploy", "--env", "prod"], SET)
        command = ["rollback", "prod"]
    (repository / path).unlink()
    before = state(repository)
    said = fcgitops("-C", repository, *command, status=1).err
    assert f"error: {path}: is missing, and " in said
    assert f"does not build without it (git restore {path})\n" in said
    assert state(repository) == before

    git(repository, "restore", path)
    fcgitops("-C", repository, *command)
    fcgitops("-C", repository, "build")


def test_a_file_that_nobody_ever_had(repository: Path, fcgitops: Fcgitops) -> None:
    """No command brings it back, so none is advised; `verify` says what is missing, too."""
    place = "overlays/prod/local/nowhere.yaml"
    text = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources:\n"
    write(repository, {"overlays/prod/local/kustomization.yaml": f"{text}- nowhere.yaml\n"})
    told = f"{place}: {NOT_THERE} (write it, or take it out of what names it)"
    assert f"note: {told}\n" in fcgitops("-C", repository, *SET).err
    assert fcgitops("-C", repository, "verify", "prod", status=1).out == f"prod: FCG00: {told}\n"


def test_verify_says_what_is_missing(repository: Path, fcgitops: Fcgitops) -> None:
    """Not what kustomize says of it, and what brings it back now."""
    place = "base/statefulset.yaml"
    (repository / place).unlink()
    told = f"prod: FCG00: {place}: {NOT_THERE}"
    for back in ("git restore", "git restore --staged --worktree"):
        said = fcgitops("-C", repository, "verify", "prod", status=1).out
        assert said == f"{told} ({back} {place})\n"
        git(repository, "rm", "-q", "--cached", "--ignore-unmatch", place)
