"""What cannot be read, or is not in the work tree, is never taken for "there is none"."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import CopyOf, Fcgitops, tree
from gitenv import git, write

NNI = "clusters/argocd/nni.yaml"
PROD = "overlays/prod/environment.yaml"


@pytest.fixture
def nni(copy_of: CopyOf) -> Path:
    """A repository with NNI enabled in prod, and an experiment there."""
    return copy_of(
        ["new", "deploy", "--env", "dev", "--env", "prod=customized-config"],
        ["nni", "enable", "prod", "--storage", "nfs://10.0.0.1/export"],
        ["nni", "experiment", "mnist", "--env", "prod"],
    )


def typo(top: Path) -> None:
    text = (top / PROD).read_text()
    write(top, {PROD: text.replace("nni:", "nni: x")})


def committed_typo(top: Path) -> None:
    typo(top)
    git(top, "commit", "-qam", "typo")


def conflict(top: Path) -> None:
    text = (top / PROD).read_text()
    write(top, {PROD: f"<<<<<<< ours\n{text}=======\n{text}>>>>>>> theirs\n"})
    git(top, "commit", "-qam", "conflict")


def empty(top: Path) -> None:
    write(top, {PROD: "# nni:\nnni: {namespace: [\n"})


def cut_off(top: Path) -> None:
    write(top, {PROD: ""})


def written_over(top: Path) -> None:
    write(top, {PROD: "- something else\n"})


def moved_away(top: Path) -> None:
    (top / "overlays/prod").rename(top.parent / "prod")


def file_deleted(top: Path) -> None:
    (top / PROD).unlink()


Damage = Callable[[Path], None]


CHANGE = ["overlay", "dev", "--set", "labels={team: a}"]


@pytest.mark.sampled(6)
@pytest.mark.parametrize(
    ("damage", "arguments"),
    [
        (typo, CHANGE),
        (committed_typo, CHANGE),
        (conflict, CHANGE),
        (empty, CHANGE),
        (cut_off, CHANGE),
        (written_over, CHANGE),
        (moved_away, CHANGE),
        (file_deleted, CHANGE),
        (moved_away, ["overlay", "stage"]),
        (typo, ["nni", "enable", "dev", "--storage", "nfs://10.0.0.2/export"]),
        (committed_typo, ["remove", "dev"]),
    ],
)
def test_another_environment_that_cannot_be_read(
    nni: Path, fcgitops: Fcgitops, damage: Damage, arguments: list[str]
) -> None:
    """NNI's entry points of all environments stay; 0.1.0 committed their deletion, and exited 0."""
    damage(nni)
    before = git(nni, "rev-parse", f"HEAD:{NNI}", "HEAD:overlays/prod")
    fcgitops("-C", nni, *arguments)
    assert git(nni, "rev-parse", f"HEAD:{NNI}", "HEAD:overlays/prod") == before
    assert (nni / NNI).exists()
    changed = git(nni, "show", "--name-only", "--format=").splitlines()
    assert not [path for path in changed if path.startswith(("overlays/prod/", "experiments/"))]


@pytest.mark.parametrize(
    ("key", "edited"),
    [
        ("nni:\n  storage: nfs://10.0.0.1/export\n  namespace: nni\n", ""),
        ("sync: argocd", "sync: flux"),
    ],
)
def test_an_edit_of_another_environment_that_is_not_committed(
    copy_of: CopyOf, fcgitops: Fcgitops, key: str, edited: str
) -> None:
    """NNI's entry points follow from what the commit holds, so a clone of it is in line."""
    top = copy_of(
        ["new", "deploy", "--env", "dev", "--env", "prod", "--gitops", "both",
         "--repo-url", "https://git.example.com/a/b.git"],
        ["nni", "enable", "prod", "--storage", "nfs://10.0.0.1/export"],
    )  # fmt: skip
    write(top, {PROD: (top / PROD).read_text().replace(key, edited)})
    ran = fcgitops("-C", top, *CHANGE)
    note = f"note: the entry points of NNI are left as they are: {PROD}: its edit is not committed"
    assert (ran.status, note in ran.err) == (0, True)
    git(top, "clone", "-q", ".", top.parent / "clone")
    assert fcgitops("-C", top.parent / "clone", "verify").status == 0


def test_it_is_said(nni: Path, fcgitops: Fcgitops) -> None:
    """What is left as it is, and which file keeps it from being known."""
    typo(nni)
    (nni / "list.yaml").write_text("- {name: dev, labels: {team: a}}\n")
    ran = fcgitops("-C", nni, "overlays", "--from", nni / "list.yaml")
    assert f"note: the entry points of NNI are left as they are: {PROD}:10: is not valid" in ran.err


@pytest.mark.parametrize("command", ["list", "verify"])
def test_a_command_that_reads_tells_of_it(nni: Path, fcgitops: Fcgitops, command: str) -> None:
    """Not that all is well with what it has not seen."""
    moved_away(nni)
    ran = fcgitops("-C", nni, command, status=None)
    assert "note: committed, but not in the work tree: prod" in ran.err


@pytest.mark.parametrize("arguments", [["overlay", "prod"], ["remove", "prod"]])
def test_what_is_moved_away_is_asked_for(
    nni: Path, fcgitops: Fcgitops, arguments: list[str]
) -> None:
    """It is no new environment, nor one that is not known."""
    moved_away(nni)
    ran = fcgitops("-C", nni, *arguments, status=2)
    assert "prod: is committed, but not in the work tree (git restore overlays/prod" in ran.err


def test_an_environment_in_the_place_of_a_variant(nni: Path, fcgitops: Fcgitops) -> None:
    """Its name is refused, and whatever else there is, is verified."""
    write(nni, {"overlays/default-config/environment.yaml": "variant: default-config\n"})
    ran = fcgitops("-C", nni, "verify", status=1)
    what = "overlays/default-config/environment.yaml: 'default-config' is reserved"
    assert f"default-config: FCG11: {what}" in ran.out


def test_its_cluster_is_taken(nni: Path, fcgitops: Fcgitops) -> None:
    """FrameworkController is one per cluster, also where the other one was moved away."""
    moved_away(nni)
    ran = fcgitops("-C", nni, "overlay", "stage", "--cluster", "prod", status=2)
    assert "the environment prod is on this cluster already" in ran.err
    assert "(git restore overlays/prod, or commit that it is gone)" in ran.err


def test_a_cluster_that_is_left_by_an_edit_that_is_not_committed(
    repository: Path, fcgitops: Fcgitops
) -> None:
    """The commit does not hold that edit: in a clone of it both would be on the cluster."""
    write(repository, {PROD: (repository / PROD).read_text().replace("name: prod", "name: other")})
    moves = ("-C", repository, "overlay", "dev", "--cluster", "prod")
    assert fcgitops(*moves, status=2).err == (
        "error: overlays/dev/environment.yaml: cluster.name: the environment prod is on this"
        f" cluster already; the edit of {PROD} is not committed"
        " (commit it first: fcgitops overlay prod)\n"
    )
    fcgitops("-C", repository, "overlay", "prod")
    fcgitops(*moves)


@pytest.mark.parametrize("damage", ["typo", "moved away"])
def test_an_experiment_that_cannot_tell_where_it_runs(
    nni: Path, fcgitops: Fcgitops, damage: str
) -> None:
    """Its environment is not removed; 0.1.0 did so."""
    run = nni / "experiments/mnist/run.yaml"
    if damage == "typo":
        run.write_text("environment: [\n")
        git(nni, "commit", "-qam", "typo")
    else:
        shutil.rmtree(run.parent)
    before = tree(nni)
    ran = fcgitops("-C", nni, "remove", "prod", status=2)
    assert "experiments/mnist" in ran.err
    assert tree(nni) == before


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        (".fcgitops/base", ["nni", "enable", "prod"]),
        ("overlays/customized-config/frameworkcontroller.yaml", ["overlay", "prod"]),
        ("base/clusterrole.yaml", ["overlay", "dev"]),
        ("components/nni/kustomization.yaml", ["nni", "experiment", "mnist"]),
    ],
)
def test_a_shared_file_that_is_missing(
    nni: Path, fcgitops: Fcgitops, path: str, arguments: list[str]
) -> None:
    """It is not taken for one that was never there."""
    (nni / path).unlink()
    ran = fcgitops("-C", nni, *arguments, status=1)
    assert f"{path}: is missing here, and was committed (git restore {path}" in ran.err
    git(nni, "restore", path)
    fcgitops("-C", nni, *arguments)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("dry", [[], ["--dry-run"]])
@pytest.mark.parametrize("cone", ["--cone", "--no-cone"])
def test_sparse(nni: Path, fcgitops: Fcgitops, cone: str, dry: list[str]) -> None:
    """What a sparse checkout leaves out is not deleted, nor is half of it generated."""
    git(nni, "sparse-checkout", "set", cone, "overlays/dev", "base")
    if cone == "--no-cone":
        git(nni, "sparse-checkout", "add", "/fcgitops.yaml")
    before = (tree(nni), git(nni, "status", "--porcelain"))
    ran = fcgitops("-C", nni, "overlay", "dev", "--set", "labels={team: a}", *dry, status=2)
    (command,) = re.findall(r"\((git sparse-checkout add .*)\)", ran.err)
    assert command.split()[3:][-4:] == ["clusters", "components", "experiments", "overlays"]
    assert (tree(nni), git(nni, "status", "--porcelain")) == before
    # What is printed is a way out.
    git(nni, *command.split()[1:])
    fcgitops("-C", nni, "overlay", "dev", "--set", "labels={team: a}")


@pytest.mark.parametrize(
    ("cone", "folder", "hint"),
    [
        ("--cone", "infra", "git sparse-checkout add infra/fc"),
        ("--no-cone", "", "git sparse-checkout add /fcgitops.yaml"),
    ],
)
def test_a_sparse_checkout_without_fcgitops_yaml(
    cone: str, folder: str, hint: str, tmp_path: Path, repository: Path, fcgitops: Fcgitops
) -> None:
    """What brings it here is named, and does; `git restore` brings nothing that is left out."""
    top, content = repository, repository
    if folder:  # a folder of a repository, which a file of the user's keeps there
        top, content = tmp_path / "mono", tmp_path / "mono/infra/fc"
        git(tmp_path, "init", "-q", str(top))
        write(top, {"docs/a": "a\n"})
        git(top, "add", "--all")
        git(top, "commit", "-qm", "before")
        fcgitops("new", "--into", top, "--path", "infra/fc", "--env", "dev")
    write(content, {"mine": "a\n"})
    git(top, "sparse-checkout", "set", cone, "docs" if folder else "/README.md")
    assert not (content / "fcgitops.yaml").exists()
    said = f"error: {top}: the sparse checkout leaves out files of fcgitops.yaml ({hint})\n"
    told = fcgitops("-C", content, "list", status=2).err  # typed where the user stands
    assert told.replace(f"(git -C {top} ", "(git ") == said
    git(top, *hint.split()[1:])
    assert (content / "fcgitops.yaml").exists()


def test_sparse_without_what_is_needed(nni: Path, fcgitops: Fcgitops) -> None:
    """Files that no command reads may be left out."""
    patterns = ["/*", "!/schemas/", "!/.github/"]
    git(nni, "sparse-checkout", "set", "--no-cone", *patterns)
    assert not (nni / "schemas").exists()
    fcgitops("-C", nni, "overlay", "dev", "--set", "labels={team: a}")
    assert git(nni, "ls-tree", "--name-only", "HEAD", "schemas") == "schemas"
    assert git(nni, "status", "--porcelain") == ""


@pytest.mark.sampled(2)
@pytest.mark.parametrize("command", [["status"], ["verify"], ["build", "prod"], ["list"]])
def test_sparse_for_those_who_look(
    command: list[str], repository: Path, fcgitops: Fcgitops
) -> None:
    """What a sparse checkout leaves out is no file that is missing; what brings it here is named.

    `list` has the rest all the same.
    """
    git(repository, "sparse-checkout", "set", "overlays/dev", ".fcgitops", "clusters")
    status = 0 if command == ["list"] else 2
    ran = fcgitops("-C", repository, *command, status=status)
    assert ran.err.endswith(")\n")
    (typed,) = set(re.findall(r"\((git sparse-checkout add .*)\)", ran.err))
    assert "git restore" not in ran.err
    assert "the sparse checkout leaves out files of " in ran.err
    git(repository, *typed.split()[1:])


def test_what_is_generated_for_others_may_be_left_out(repository: Path, fcgitops: Fcgitops) -> None:
    """One environment is built and verified where another one is not here."""
    here = ["overlays/dev", "overlays/default-config", "overlays/customized-config"]
    shared = ["base", "clusters", "components", ".fcgitops", ".github", "schemas"]
    git(repository, "sparse-checkout", "set", *here, *shared)
    fcgitops("-C", repository, "build", "dev")
    ran = fcgitops("-C", repository, "verify", "dev")
    what = "the sparse checkout leaves out files of overlays"
    assert f"{what} (git sparse-checkout add overlays)\n" in ran.err


def test_what_a_sparse_checkout_leaves_out_is_compared_as_head_has_it(
    nni: Path, fcgitops: Fcgitops
) -> None:
    """`diff` finds there no file that is missing, and `verify` no environment."""
    told = fcgitops("-C", nni, "diff", "dev", "prod").out
    git(nni, "sparse-checkout", "set", "--no-cone", "/*", "!/overlays/prod/")

    assert fcgitops("-C", nni, "diff", "dev", "prod").out == told
    assert "does not change" in fcgitops("-C", nni, "diff", "prod").out
    found = fcgitops("-C", nni, "verify", "experiments/mnist", status=1).out
    assert "leaves out files of overlays/prod (git sparse-checkout add overlays/prod)" in found


@pytest.mark.sampled(2)
@pytest.mark.parametrize("staged", [False, True])
@pytest.mark.parametrize("path", ["overlays/prod", "base/statefulset.yaml"])
def test_the_way_back_of_what_is_deleted(
    path: str, staged: bool, repository: Path, fcgitops: Fcgitops
) -> None:
    """What is advised works as it is printed, whether git was told of the deletion or not."""
    git(repository, "rm", "-rq", path)
    if not staged:
        git(repository, "reset", "-q")
    ran = fcgitops("-C", repository, "overlay", "prod", status=None)
    (typed,) = re.findall(r"\((git restore [^,)]*)", ran.err)
    assert ("--staged --worktree" in typed) == staged
    git(repository, *typed.split()[1:])
    assert git(repository, "status", "--porcelain") == ""
    assert fcgitops("-C", repository, "overlay", "prod").err.startswith("nothing to do")
