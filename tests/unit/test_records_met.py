"""Two branches that generated the same files meet: what is generated is generated anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Fcgitops
from gitenv import committed, git, write

RECORD = "overlays/prod/.fcgitops"
SOURCE = "overlays/prod/environment.yaml"
CONFIG = "overlays/prod/frameworkcontroller.yaml"


def branched(repository: Path, fcgitops: Fcgitops, *, edit: bool = False) -> None:
    """On `other` and on `main` the same setting of prod, and another key each, are changed."""
    git(repository, "switch", "-q", "-c", "other")
    if edit:
        change(repository, CONFIG, "- code: -1000\n", "- code: -1000  # theirs\n")
    fcgitops("-C", repository, "overlay", "prod", "--set", "workerNumber=7",
             "--set", "resources.cpu=300m")  # fmt: skip
    git(repository, "switch", "-q", "main")
    if edit:
        change(repository, CONFIG, "kubeClientQps: 200", "kubeClientQps: 150  # ours")
    fcgitops("-C", repository, "overlay", "prod", "--set", "workerNumber=9",
             "--set", "image.tag=v1.0.1")  # fmt: skip


def change(repository: Path, path: str, old: str, new: str) -> None:
    """Edits a generated file, and commits that."""
    text = (repository / path).read_text()
    assert old in text
    write(repository, {path: text.replace(old, new)})
    git(repository, "commit", "-qam", "by hand")


RESOLVED = """\
variant: customized-config
cluster:
  name: prod
namespace: frameworkcontroller
sync: argocd
image:
  tag: v1.0.1
resources:
  cpu: 300m
settings:
  workerNumber: 8
"""


@pytest.mark.sampled(12)
@pytest.mark.parametrize("way", ["merge", "rebase", "cherry-pick"])
@pytest.mark.parametrize("command", [["overlay", "prod"], ["overlays"], ["overlay", "dev"]])
def test_the_next_command_resolves_it(
    way: str, command: list[str], repository: Path, fcgitops: Fcgitops
) -> None:
    """Once the source is resolved; what git waits for is finished as git says."""
    branched(repository, fcgitops)
    if way == "rebase":
        git(repository, "switch", "-q", "other")
    git(repository, *([way, "main"] if way == "rebase" else [way, "other"]), status=1)
    assert RECORD in git(repository, "diff", "--name-only", "--diff-filter=U").splitlines()

    ran = fcgitops("-C", repository, *command, status=2)
    assert f"{SOURCE}:" in ran.err
    assert "has an unresolved merge conflict" in ran.err
    write(repository, {SOURCE: RESOLVED})
    ran = fcgitops("-C", repository, *command)

    assert f"note: {RECORD} has an unresolved merge conflict: it is generated anew" in ran.err
    assert git(repository, "diff", "--name-only", "--diff-filter=U") == ""
    if way == "merge":
        git(repository, "commit", "-q", "--no-edit")
    else:
        git(repository, "-c", "core.editor=true", way, "--continue")
    files = committed(repository)
    assert "\nworkerNumber: 8\n" in files[CONFIG]
    assert "newTag: v1.0.1" in files["overlays/prod/kustomization.yaml"]
    assert "value: 300m" in files["overlays/prod/patches/statefulset.yaml"]
    assert not any("<<<<<<<" in text for text in files.values())
    assert fcgitops("-C", repository, "overlays").err.startswith("nothing to do: ")
    fcgitops("-C", repository, "verify")


@pytest.mark.slow
def test_a_command_that_does_not_resolve_it_names_the_one_that_does(
    repository: Path, fcgitops: Fcgitops
) -> None:
    """First: `git commit` refuses before."""
    branched(repository, fcgitops)
    git(repository, "merge", "other", status=1)
    write(repository, {SOURCE: RESOLVED})
    git(repository, "add", SOURCE)

    for command in (["remove", "dev"], ["restore", "."], ["promote", "dev", "prod"], ["update"]):
        assert fcgitops("-C", repository, *command, status=2).err == (
            f"error: {RECORD}: has an unresolved merge conflict "
            "(`fcgitops overlays` generates it anew; then `git commit` finishes it, "
            "`git merge --abort` takes it back)\n"
        )
    fcgitops("-C", repository, "overlays")
    git(repository, "commit", "-q", "--no-edit")


@pytest.mark.slow
def test_edits_of_both_branches_stay(repository: Path, fcgitops: Fcgitops) -> None:
    """In a generated file that both have edited, in which git has left a conflict."""
    branched(repository, fcgitops, edit=True)
    git(repository, "merge", "other", status=1)
    write(repository, {SOURCE: RESOLVED})
    fcgitops("-C", repository, "overlay", "prod")
    git(repository, "commit", "-q", "--no-edit")

    text = committed(repository)[CONFIG]
    assert "kubeClientQps: 150  # ours\n" in text
    assert "- code: -1000  # theirs\n" in text
    assert "\nworkerNumber: 8\n" in text
    fcgitops("-C", repository, "verify")


def test_what_is_not_generated_is_left_to_its_user(repository: Path, fcgitops: Fcgitops) -> None:
    """It is named, and how the merge is gone on with."""
    git(repository, "switch", "-q", "-c", "aside")
    git(repository, "switch", "-q", "main")
    branched(repository, fcgitops)
    for branch, line in (("other", "theirs"), ("main", "ours")):
        git(repository, "switch", "-q", branch)
        write(repository, {"notes.md": f"{line}\n"})
        git(repository, "add", "notes.md")
        git(repository, "commit", "-qm", line)
    git(repository, "merge", "other", status=1)
    write(repository, {SOURCE: RESOLVED})
    ran = fcgitops("-C", repository, "overlay", "prod")

    assert "still in conflict: notes.md\n" in ran.err
    assert "resolve the rest, `git add` it, and then: `git commit` finishes it" in ran.err
    assert git(repository, "diff", "--name-only", "--diff-filter=U") == "notes.md"


@pytest.mark.slow
def test_one_that_was_committed_is_generated_anew(repository: Path, fcgitops: Fcgitops) -> None:
    """Markers and all, by somebody who added everything: then it is a commit as any other."""
    branched(repository, fcgitops)
    git(repository, "merge", "other", status=1)
    write(repository, {SOURCE: RESOLVED})
    git(repository, "commit", "-qam", "merged in a hurry")
    assert "FCG12" in fcgitops("-C", repository, "verify", status=1).out
    ran = fcgitops("-C", repository, "overlay", "prod")

    assert "Change environment prod: commit " in ran.err
    assert not any("<<<<<<<" in text for text in committed(repository).values())
    fcgitops("-C", repository, "verify")


@pytest.mark.slow
def test_the_bases_record(repository: Path, fcgitops: Fcgitops) -> None:
    """Two branches with another URL each: entry points of the one that was chosen."""
    file = repository / "fcgitops.yaml"
    text = file.read_text()
    for branch, host in (("other", "b"), ("main", "a")):
        git(repository, "switch", "-q", *(["-c"] if branch == "other" else []), branch)
        file.write_text(text.replace("repo_url: ''", f"repo_url: https://{host}.example/x"))
        fcgitops("-C", repository, "overlays")
    git(repository, "merge", "other", status=1)
    assert ".fcgitops/base" in git(repository, "diff", "--name-only", "--diff-filter=U")
    file.write_text(text.replace("repo_url: ''", "repo_url: https://c.example/x"))
    ran = fcgitops("-C", repository, "overlay", "dev")

    assert "note: .fcgitops/base has an unresolved merge conflict: it is generated anew" in ran.err
    git(repository, "commit", "-q", "--no-edit")
    files = committed(repository)
    assert "repoURL: https://c.example/x" in files["clusters/argocd/applicationset.yaml"]
    assert not any("<<<<<<<" in text for text in files.values())
    fcgitops("-C", repository, "verify")


@pytest.mark.slow
def test_a_commit_cannot_be_asked_for(repository: Path, fcgitops: Fcgitops) -> None:
    """The merge's own is to come; other commands refuse as ever."""
    branched(repository, fcgitops)
    git(repository, "merge", "other", status=1)
    # Of a record in which they meet, our own side tells what was generated.
    assert f"edited: {CONFIG}: line" in fcgitops("-C", repository, "status").out
    write(repository, {SOURCE: RESOLVED})
    ran = fcgitops("-C", repository, "overlay", "prod", "--branch", "x", status=2)
    assert "there are conflicts: no commit is made now (without --branch and --message)" in ran.err
    assert "`git commit` finishes it" in fcgitops("-C", repository, "remove", "dev", status=2).err


def removed_and_changed(repository: Path, fcgitops: Fcgitops, *, here: bool) -> None:
    """One branch has removed prod, the other one has changed it: they meet on `main`."""
    git(repository, "switch", "-q", "-c", "other")
    commands = [["remove", "prod"], ["overlay", "prod", "--set", "workerNumber=7"]]
    fcgitops("-C", repository, *commands[here])
    git(repository, "switch", "-q", "main")
    fcgitops("-C", repository, *commands[not here])
    git(repository, "merge", "other", status=1)


@pytest.mark.slow
@pytest.mark.parametrize("here", [True, False])
@pytest.mark.parametrize("keep", [True, False])
def test_removed_on_one_branch_and_changed_on_the_other(
    here: bool, keep: bool, repository: Path, fcgitops: Fcgitops
) -> None:
    """Its source is for the user to decide about; all else follows from that."""
    removed_and_changed(repository, fcgitops, here=here)
    said = fcgitops("-C", repository, "overlays", status=2).err
    assert said == (
        f"error: {SOURCE}: one branch has changed it, the other one has deleted it "
        f"(`git add {SOURCE}` keeps it, `git rm {SOURCE}` takes it away)\n"
    )
    git(repository, "add" if keep else "rm", SOURCE)
    fcgitops("-C", repository, "overlays")
    git(repository, "commit", "-q", "--no-edit")

    own = {p.removeprefix("overlays/prod/") for p in committed(repository) if "/prod/" in p}
    assert own == ({
        ".fcgitops", "environment.yaml", "frameworkcontroller.yaml", "kustomization.yaml",
        "local/kustomization.yaml",
    } if keep else set())  # fmt: skip
    if keep:
        assert "\nworkerNumber: 7\n" in committed(repository)[CONFIG]
    fcgitops("-C", repository, "verify")
    assert fcgitops("-C", repository, "overlays").err.startswith("nothing to do: ")


@pytest.mark.slow
def test_a_stash_that_meets_a_commit(repository: Path, fcgitops: Fcgitops) -> None:
    """Git waits for nothing then, but for what is in conflict."""
    fcgitops("-C", repository, "overlay", "prod", "--set", "workerNumber=7", "--no-commit")
    git(repository, "stash", "-q")
    fcgitops("-C", repository, "overlay", "prod", "--set", "workerNumber=9")
    git(repository, "stash", "pop", status=1)
    git(repository, "checkout", "--theirs", SOURCE)
    ran = fcgitops("-C", repository, "overlay", "prod")

    assert "`git commit` finishes it\n" in ran.err
    git(repository, "commit", "-qm", "mine")
    assert "\nworkerNumber: 7\n" in committed(repository)[CONFIG]
    fcgitops("-C", repository, "verify")


@pytest.mark.slow
def test_code_of_an_experiment_in_conflict(repository: Path, fcgitops: Fcgitops) -> None:
    """It is the user's to resolve: what follows from it comes after."""
    fcgitops("-C", repository, "nni", "enable", "prod", "--storage", "nfs://10.0.0.1/a")
    fcgitops("-C", repository, "nni", "experiment", "mnist", "--env", "prod")
    code = "experiments/mnist/code/trial.py"
    text = (repository / code).read_text()
    for branch, line in (("other", "theirs"), ("main", "ours")):
        git(repository, "switch", "-q", *(["-c"] if branch == "other" else []), branch)
        write(repository, {code: f"{text}# {line}\n"})
        fcgitops("-C", repository, "nni", "experiment", "mnist")
    git(repository, "merge", "other", status=1)
    number = len(text.splitlines()) + 1
    for command in (["nni", "experiment", "mnist"], ["overlays"]):
        said = fcgitops("-C", repository, *command, status=2).err
        assert f"error: {code}:{number}: has an unresolved merge conflict" in said
        assert code in git(repository, "diff", "--name-only", "--diff-filter=U").splitlines()

    write(repository, {code: f"{text}# ours and theirs\n"})
    fcgitops("-C", repository, "nni", "experiment", "mnist")
    git(repository, "commit", "-q", "--no-edit")
    assert not any("<<<<<<<" in data for data in committed(repository).values())
    fcgitops("-C", repository, "verify")
