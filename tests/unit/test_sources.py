"""A commit holds what it follows from, and what a command says of its commit is true."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import CopyOf, Fcgitops
from gitenv import committed, git, state, write

NNI = ["nni.storage=nfs://10.0.0.1/a", "nni.namespace=nni"]
VARIANT = "overlays/customized-config/frameworkcontroller.yaml"
ROLE = "base/clusterrole.yaml"
Edit = Callable[[str], str]


def replaced(old: str, new: str) -> Edit:
    """An edit of a file."""

    def edit(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return edit


def edit(folder: Path, path: str, how: Edit) -> None:
    """Edits a file, and commits nothing."""
    file = folder / path
    file.write_text(how(file.read_text()))


def changed(folder: Path) -> list[str]:
    """What the newest commit changes."""
    return git(folder, "show", "--name-only", "--format=").splitlines()


ENVIRONMENTS = ["alpha", "beta=customized-config", "gamma", "delta=customized-config"]
URL = "https://git.example.com/a/b.git"


@pytest.fixture
def fleet(copy_of: CopyOf) -> Path:
    """Environments of both variants and both tools, with an experiment."""
    envs = [word for name in ENVIRONMENTS for word in ("--env", name)]
    return copy_of(
        ["new", "fleet", *envs, "--gitops", "both", "--repo-url", URL],
        *(["overlay", name, "--set", "sync=flux"] for name in ("gamma", "delta")),
        ["nni", "enable", "alpha", "--storage", "nfs://10.0.0.1/a"],
        ["nni", "experiment", "mnist", "--env", "alpha"],
    )


@pytest.mark.sampled(24)
@pytest.mark.parametrize(
    ("path", "how", "command", "names", "subject"),
    [
        ("fcgitops.yaml", replaced("tag: v1.0.0", "tag: v1.0.1"), ["overlays"],
         ["alpha", "beta", "gamma", "delta"], "Change 4 environments"),
        ("fcgitops.yaml", replaced("tag: v1.0.0", "tag: v1.0.1"), ["overlay", "alpha"],
         ["alpha", "beta", "gamma", "delta"], "Change 4 environments"),
        ("fcgitops.yaml", replaced("version: '3.2'", "version: '3.3'"), ["overlay", "gamma"],
         [], "Bring the entry points in line"),
        ("fcgitops.yaml", lambda text: f"{text}# why\n", ["overlay", "gamma"],
         [], "Change fcgitops.yaml"),
        ("fcgitops.yaml", replaced("tag: v1.0.0", "tag: v1.0.1"), ["nni", "experiment", "mnist"],
         ["alpha", "beta", "gamma", "delta"], "Change 4 environments"),
        ("fcgitops.yaml", replaced("tag: v1.0.0", "tag: v1.0.1"), ["remove", "e"],
         ["alpha", "beta", "gamma", "delta"], "Change 4 environments; Remove environment e"),
        (VARIANT, replaced("workerNumber: 500", "workerNumber: 77"), ["overlay", "beta"],
         ["beta", "delta"], "Change environments beta, delta"),
        (VARIANT, replaced("workerNumber: 500", "workerNumber: 77"), ["overlays"],
         ["beta", "delta"], "Change environments beta, delta"),
        (ROLE, lambda text: f"{text}# why\n", ["overlay", "gamma"],
         [], "Change base/clusterrole.yaml"),
        ("overlays/alpha/environment.yaml", lambda text: f"{text}resources: {{cpu: 300m}}\n",
         ["overlay", "alpha"], ["alpha"], "Change environment alpha"),
        ("components/nni/manager", lambda text: f"{text}# why\n", ["nni", "experiment", "mnist"],
         [], "Change experiment mnist"),
        ("components/nni/manager", lambda text: f"{text}# why\n", ["overlay", "alpha"],
         [], "Change experiment mnist"),
        ("experiments/mnist/code/trial.py", lambda text: f"{text}# why\n", ["overlay", "alpha"],
         [], "Change experiment mnist"),
    ],
)  # fmt: skip
def test_an_edit_goes_into_the_commit_that_follows_from_it(
    path: str,
    how: Edit,
    command: list[str],
    names: list[str],
    subject: str,
    fleet: Path,
    fcgitops: Fcgitops,
    tmp_path: Path,
) -> None:
    """It is named, all that follows from it is there, and in a clone nothing is to do."""
    if command == ["remove", "e"]:  # with NNI: what is left then follows from fcgitops.yaml
        fcgitops("-C", fleet, "overlay", "e", *(w for s in NNI for w in ("--set", s)))
    edit(fleet, path, how)
    ran = fcgitops("-C", fleet, *command)
    line = next(line for line in ran.err.splitlines() if ": commit " in line)

    assert line.startswith(f"{subject}: commit ")
    assert line.endswith(f" on main, with your edit of {path}")
    assert git(fleet, "log", "-1", "--format=%B") == f"{subject}\n\nWith edits of {path}\n"
    assert git(fleet, "status", "--porcelain") == ""
    touched = {p.split("/")[1] for p in changed(fleet) if p.endswith("kustomization.yaml")}
    touched |= {p.split("/")[1] for p in changed(fleet) if p.startswith("overlays/")}
    touched |= {p.split("/")[2] for p in changed(fleet) if p.startswith("clusters/flux/")}
    assert touched - {"customized-config", "mnist", "e"} == set(names)
    git(tmp_path, "clone", "-q", str(fleet), "clone")
    there = fcgitops("-C", tmp_path / "clone", "overlays", "--dry-run")
    assert (there.out, there.err) == (
        "", "nothing was written; without --dry-run: nothing to do\n",
    )  # fmt: skip


def test_rights_that_change_reach_those_who_grant_them(fleet: Path, fcgitops: Fcgitops) -> None:
    """What applies an environment with Flux must have what it grants; Argo CD has all."""
    edit(fleet, ROLE, replaced("[configmaps/finalizers]", "[configmaps/finalizers, pods]"))
    ran = fcgitops("-C", fleet, "overlay", "gamma")

    assert ran.err.startswith("Change environments delta, gamma: commit ")
    folders = [f"clusters/flux/{name}" for name in ("delta", "gamma")]
    assert changed(fleet) == [
        ROLE,
        *(f"{folder}/{file}" for folder in folders for file in (".fcgitops", "account.yaml")),
    ]


def test_an_edit_that_nothing_follows_from_stays_where_it_is(
    fleet: Path, fcgitops: Fcgitops
) -> None:
    """Of the other variant, and of another environment: not even read."""
    edit(fleet, VARIANT, replaced("workerNumber: 500", "workerNumber: 77"))
    edit(fleet, "overlays/beta/environment.yaml", lambda text: f"{text}# why\n")
    ran = fcgitops("-C", fleet, "overlay", "alpha", "--set", "resources.cpu=1")

    assert "your edit" not in ran.err
    assert git(fleet, "status", "--porcelain").splitlines() == [
        " M overlays/beta/environment.yaml",
        f" M {VARIANT}",
    ]


def test_the_environment_of_an_experiment_comes_along(fleet: Path, fcgitops: Fcgitops) -> None:
    """The Job follows from environment.yaml, so what else does is brought in line too."""
    path = "overlays/alpha/environment.yaml"
    edit(fleet, path, lambda text: f"{text}resources: {{cpu: 300m}}\n")
    ran = fcgitops("-C", fleet, "nni", "experiment", "mnist")

    assert ran.err.startswith("Change environment alpha: commit ")
    assert f"with your edit of {path}" in ran.err
    assert "overlays/alpha/patches/statefulset.yaml" in changed(fleet)
    assert git(fleet, "status", "--porcelain") == ""


def test_one_that_cannot_be_read_is_left_and_named(fleet: Path, fcgitops: Fcgitops) -> None:
    """An environment that was not asked for does not keep the others back."""
    edit(fleet, "fcgitops.yaml", replaced("tag: v1.0.0", "tag: v1.0.1"))
    write(fleet, {"overlays/delta/environment.yaml": "variant: [\n"})
    ran = fcgitops("-C", fleet, "overlay", "alpha")

    assert (
        "note: delta was left as it is: overlays/delta/environment.yaml:2: is not valid YAML"
        in ran.err
    )
    assert "Change environments alpha, beta, gamma: commit " in ran.err
    assert git(fleet, "status", "--porcelain") == " M overlays/delta/environment.yaml"


def test_more_edits_are_all_named(repository: Path, fcgitops: Fcgitops) -> None:
    """In the order of their paths' kinds, and what is left uncommitted is staged."""
    edit(repository, "fcgitops.yaml", replaced("tag: v1.0.0", "tag: v1.0.1"))
    edit(repository, "overlays/dev/environment.yaml", lambda text: f"{text}# why\n")
    before = state(repository)
    ran = fcgitops("-C", repository, "overlay", "dev", "--dry-run")
    assert ran.err == (
        "nothing was written; without --dry-run: Change environments dev, prod, with your edits of "
        "overlays/dev/environment.yaml, fcgitops.yaml\n"
    )
    assert state(repository) == before
    fcgitops("-C", repository, "overlay", "dev", "--no-commit")
    assert git(repository, "diff", "--name-only") == ""
    assert "fcgitops.yaml" in git(repository, "diff", "--cached", "--name-only").splitlines()


def test_line_ends_are_no_edit(repository: Path, fcgitops: Fcgitops) -> None:
    """As a checkout on Windows has them."""
    git(repository, "config", "core.autocrlf", "true")
    file = repository / "fcgitops.yaml"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    ran = fcgitops("-C", repository, "overlay", "dev", "--set", "resources.cpu=1")
    assert "your edit" not in ran.err
    assert ran.err.startswith("Change environment dev: commit ")


def test_a_message_of_ones_own(repository: Path, fcgitops: Fcgitops) -> None:
    """For each command that commits, `new` included."""
    fcgitops("-C", repository, "overlay", "dev", "--namespace", "ml", "-m", "Move dev\n\nWhy: …")
    assert git(repository, "log", "-1", "--format=%B") == "Move dev\n\nWhy: …\n"
    edit(repository, "fcgitops.yaml", replaced("tag: v1.0.0", "tag: v1.0.1"))
    fcgitops("-C", repository, "overlays", "--message", "v1.0.1 everywhere")
    assert git(repository, "log", "-1", "--format=%B") == "v1.0.1 everywhere\n"
    fcgitops("-C", repository, "remove", "dev", "-m", "Bye")
    assert git(repository, "log", "-1", "--format=%B") == "Bye\n"
    fcgitops("new", repository.parent / "other", "--no-input", "-m", "Hello")
    assert git(repository.parent / "other", "log", "-1", "--format=%B") == "Hello\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-m", " "], "--message: is empty"),
        (["-m", "x", "--no-commit"], "--message: is for what commits, and --no-commit does not"),
    ],
)
def test_a_message_that_cannot_be_one(
    options: list[str], message: str, repository: Path, fcgitops: Fcgitops
) -> None:
    """Empty, or for no commit."""
    assert message in fcgitops("-C", repository, "overlay", "dev", *options, status=2).err


def test_a_dry_run_speaks_of_what_would_be(fleet: Path, fcgitops: Fcgitops) -> None:
    """Nothing that it says sounds as if it were done."""
    before = state(fleet)
    ran = fcgitops("-C", fleet, "overlay", "beta", "--set", "sync=flux", "--dry-run")
    assert "note: beta: from this change on Flux syncs it." in ran.err
    assert ran.err.endswith("nothing was written; without --dry-run: Change environment beta\n")
    ran = fcgitops("-C", fleet, "remove", "beta", "--dry-run")
    assert ran.err.startswith("nothing was written; without --dry-run: Remove environment beta\n")
    assert "# This deletes nothing on the cluster beta.\n" in ran.err
    ran = fcgitops("-C", fleet, "overlay", "beta", "--dry-run")
    assert (ran.out, ran.err) == ("", "nothing was written; without --dry-run: nothing to do\n")
    assert state(fleet) == before


def test_an_experiment_is_not_taken_for_an_environment(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """Of the same name."""
    folder = tmp_path / "deploy"
    fcgitops("new", folder, "--env", "mnist", "--env", "prod", "--no-input")
    fcgitops("-C", folder, "nni", "enable", "prod", "--storage", "nfs://10.0.0.1/a")
    fcgitops("-C", folder, "nni", "experiment", "mnist", "--env", "prod")
    edit(folder, "experiments/mnist/code/trial.py", lambda text: f"{text}# why\n")
    ran = fcgitops("-C", folder, "overlays")
    assert ran.err.startswith("Change experiment mnist: commit ")


def test_a_sparse_checkout_leaves_nothing_behind(repository: Path, fcgitops: Fcgitops) -> None:
    """Where nothing changes, nothing is said to have been left."""
    git(repository, "sparse-checkout", "set", "--no-cone", "/*", "!/.github/")
    ran = fcgitops("-C", repository, "overlays")
    assert ran.err.startswith("nothing to do: ")


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("path", "missing"),
    [
        ("overlays/prod/kustomization.yaml", "overlays/prod/kustomization.yaml"),
        ("overlays/prod/frameworkcontroller.yaml", "overlays/prod/frameworkcontroller.yaml"),
        ("overlays/prod/local/kustomization.yaml", "overlays/prod/local/kustomization.yaml"),
        ("base/statefulset.yaml", "base/statefulset.yaml"),
    ],
)
@pytest.mark.parametrize("commit", [False, True])
def test_what_does_not_build_is_not_as_it_should_be(
    path: str, missing: str, commit: bool, repository: Path, fcgitops: Fcgitops
) -> None:
    """A file is gone without which nothing builds: status 1, and the command that gets it back."""
    (repository / path).unlink()
    if commit:
        git(repository, "commit", "-qam", "gone")
    ran = fcgitops("-C", repository, "overlay", "prod", status=1)

    what = f"error: {missing}: is missing, and prod does not build without it"
    back = "fcgitops" if commit else "git"
    assert f"{what} ({back} restore {missing})" in ran.err
    assert "nothing to do" not in ran.err
    assert git(repository, "status", "--porcelain") == ("" if commit else f" D {path}")
    if commit:
        fcgitops("-C", repository, "restore", missing)
        fcgitops("-C", repository, "overlay", "prod")


def test_what_does_not_build_is_not_committed(repository: Path, fcgitops: Fcgitops) -> None:
    """A part that was taken away on purpose, or not: its return is named, and nothing changes."""
    git(repository, "rm", "-q", "overlays/prod/kustomization.yaml")
    git(repository, "commit", "-qm", "gone")
    ran = fcgitops("-C", repository, "overlay", "prod", "--set", "workerNumber=8", status=1)
    assert ran.err == (
        "error: overlays/prod/kustomization.yaml: is missing, and prod does not build without it "
        "(fcgitops restore overlays/prod/kustomization.yaml)\n"
    )
    assert git(repository, "log", "-1", "--format=%s") == "gone"


def test_files_older_than_head_are_not_as_they_should_be(
    repository: Path, fcgitops: Fcgitops
) -> None:
    """HEAD is right, the work tree is not: nothing is to commit, and much to restore."""
    fcgitops("-C", repository, "overlay", "dev", "--set", "resources.cpu=1")
    old = committed(repository, "HEAD~1")
    for name in ("kustomization.yaml", ".fcgitops"):
        write(repository, {f"overlays/dev/{name}": f"{old[f'overlays/dev/{name}']}\n"})
    ran = fcgitops("-C", repository, "overlay", "dev", status=1)
    assert (
        "error: overlays/dev/kustomization.yaml: is not as it should be; HEAD has it so "
        "(git restore overlays/dev/kustomization.yaml)"
    ) in ran.err


def test_a_variant_is_no_environment(repository: Path, fcgitops: Fcgitops) -> None:
    """Which it is told as, by every command that takes environments alone."""
    for command in (["nni", "enable"], ["remove"], ["bootstrap"]):
        ran = fcgitops("-C", repository, *command, "default-config", status=2)
        assert "default-config: is a variant, and no environment (one of dev, prod)" in ran.err


def test_a_conflict_is_taken_back_in_all_its_files(fleet: Path, fcgitops: Fcgitops) -> None:
    """Entry points too, with the command that is printed; an edit of one's own is not lost."""
    edit(fleet, "overlays/gamma/kustomization.yaml", replaced("namespace: f", "namespace: my-f"))
    git(fleet, "commit", "-qam", "mine")
    edit(fleet, "fcgitops.yaml", lambda text: f"{text}# why\n")
    ran = fcgitops("-C", fleet, "overlay", "gamma", "--namespace", "ml", status=1)
    command = ran.err.partition("`git restore ")[2].partition("`")[0]
    git(fleet, "restore", *command.split())
    assert git(fleet, "status", "--porcelain") == "M  fcgitops.yaml"
