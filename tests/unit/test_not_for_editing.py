"""What is changed by hand and cannot be carried out is refused, by every command that reads it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from conftest import Fcgitops
from fcgitops import __version__
from fcgitops.manifests.skeleton import template_root
from fcgitops.model import layout
from gitenv import clone_released, git, state, write

READING = [
    ["list"], ["build"], ["verify"], ["bootstrap", "prod"], ["kind-test"], ["diff"],
    ["config", "merge", "overlays/prod/frameworkcontroller.yaml"],
]  # fmt: skip
WRITING = [
    ["overlay", "prod"], ["overlay", "prod", "--dry-run"], ["overlays"], ["remove", "prod"],
    ["nni", "enable", "prod", "--storage", "nfs://10.0.0.1/a"],
    ["nni", "experiment", "mnist", "--env", "prod"], ["update"], ["update", "--check"],
    ["restore", "README.md"], ["status"],
]  # fmt: skip
VERSION = (
    f"fcgitops.yaml: version: says that fcgitops 9.9.9 wrote this repository, but "
    f"{__version__} did, and no command can change that (set it back: `version: {__version__}`; "
    "or use the one that requirements.txt pins)"
)


def edit(folder: Path, old: str, new: str) -> None:
    """Changes fcgitops.yaml by hand."""
    file = folder / "fcgitops.yaml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


@pytest.mark.sampled(4)
@pytest.mark.parametrize("command", [*READING, *WRITING], ids=lambda c: " ".join(c[:2]))
def test_every_command_that_reads_it_says_so(
    command: list[str], repository: Path, fcgitops: Fcgitops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All at once, committed or not, with what to set back; nothing is written."""
    edit(repository, "profile: hardened", "profile: upstream")
    edit(repository, "gitops: argocd", "gitops: flux")
    edit(repository, "repo_slug: deploy", "repo_slug: other")
    edit(repository, f"version: {__version__}", "version: 9.9.9")
    git(repository, "commit", "-qam", "by hand")
    before = state(repository)
    monkeypatch.chdir(repository)
    ran = fcgitops(*command, status=2)

    what = "was set by hand, and no command can carry that out: the files here were generated for"
    assert ran.err.splitlines() == [
        f"error: {VERSION}",
        f"error: fcgitops.yaml: repo_slug: 'other' {what} 'deploy' "
        "(set it back: `repo_slug: deploy`)",
        f"error: fcgitops.yaml: profile: 'upstream' {what} 'hardened' "
        "(set it back: `profile: hardened`)",
        f"error: fcgitops.yaml: gitops: 'flux' {what} 'argocd' (set it back: `gitops: argocd`)",
    ]
    assert ran.out == ""
    assert state(repository) == before


@pytest.mark.slow
def test_a_version_alone(repository: Path, fcgitops: Fcgitops) -> None:
    """What only reads does not depend on it, and says so; `verify` finds it, others refuse."""
    edit(repository, f"version: {__version__}", "version: 9.9.9")
    for command in (["list"], ["build", "dev"], ["diff"]):
        ran = fcgitops("-C", repository, *command)
        assert ran.err == f"note: {VERSION}\n"
        assert ran.out
    out = fcgitops("-C", repository, "verify", status=1).out
    assert out.startswith("fcgitops.yaml: FCG12: version: says that fcgitops 9.9.9 wrote this")
    for command in WRITING:
        assert fcgitops("-C", repository, *command, status=2).err == f"error: {VERSION}\n"


def test_a_forge_alone(repository: Path, fcgitops: Fcgitops) -> None:
    """`diff` tells such an edit by its lines, without reading YAML; `forge` is among them."""
    edit(repository, "forge: both", "forge: github")
    ran = fcgitops("-C", repository, "diff", status=2)
    assert ran.err.startswith("error: fcgitops.yaml: forge: 'github' was set by hand, and no ")


def test_a_tree_without_git(repository: Path, fcgitops: Fcgitops) -> None:
    """As an export has it: the record is there all the same."""
    shutil.rmtree(repository / ".git")
    assert fcgitops("-C", repository, "list").out.count("\n") == 3
    edit(repository, "profile: hardened", "profile: upstream")
    assert "profile: 'upstream' was set by hand" in fcgitops("-C", repository, "list", status=2).err


def test_they_are_those_that_the_skeleton_is_rendered_from() -> None:
    """Entry points and environments are generated again from all others by `overlays`.

    `forge` chooses among the skeleton's files; `requirement` stands in requirements.txt.
    """
    skeleton = template_root() / "{{cookiecutter.repo_slug}}"
    text = "".join(path.read_text() for path in skeleton.rglob("*") if path.is_file())
    rendered = set(re.findall(r"cookiecutter\.(\w+)", text))
    assert rendered - {"requirement"} == set(layout.FIXED_ANSWERS) - {"forge"}


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("repo_url: ''", "repo_url: https://git.example.com/a/b.git"),
        ("branch: main", "branch: trunk"),
        ("argocd_version: '3.2'", "argocd_version: '3.3'"),
        ("signing_keys: ''", "signing_keys: 0123456789ABCDEF"),
    ],
)
def test_what_is_for_editing_is_carried_out(
    old: str, new: str, repository: Path, fcgitops: Fcgitops
) -> None:
    """The entry points follow, and all is well."""
    edit(repository, old, new)
    assert "Bring the entry points in line" in fcgitops("-C", repository, "overlays").err
    fcgitops("-C", repository, "verify")


def test_an_answer_that_is_gone_is_missed(repository: Path, fcgitops: Fcgitops) -> None:
    """What the generator has written there; what it has never asked has its default."""
    edit(repository, "  branch: main\n", "")
    ran = fcgitops("-C", repository, "list", status=2)
    assert ran.err == "error: fcgitops.yaml: answers.branch: is missing (take it back from Git)\n"


@pytest.mark.parametrize("damage", ["missing", "cut", "not text"])
def test_without_a_record_nothing_can_be_compared(
    damage: str, repository: Path, fcgitops: Fcgitops
) -> None:
    """With no Git either, the file is taken as it is; `verify` says that the record is not."""
    shutil.rmtree(repository / ".git")
    edit(repository, f"version: {__version__}", "version: 9.9.9")
    record = repository / ".fcgitops/base"
    content = {"missing": None, "cut": b"# x\n=> fcgitops.yaml\n", "not text": b"\xff\n"}[damage]
    write(repository, {".fcgitops/base": content})
    assert fcgitops("-C", repository, "list").out.count("\n") == 3
    assert record.exists() == (content is not None)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("committed", [False, True])
def test_gits_history_has_the_record(committed: bool, repository: Path, fcgitops: Fcgitops) -> None:
    """It is no way around to delete the record as well."""
    edit(repository, "profile: hardened", "profile: upstream")
    write(repository, {".fcgitops/base": None})
    if committed:
        git(repository, "commit", "-qam", "by hand")
    for command in (["list"], ["diff"], ["overlays"], ["verify"]):
        assert (
            "profile: 'upstream' was set by hand"
            in fcgitops("-C", repository, *command, status=2).err
        )


def test_an_edit_that_a_commit_has(repository: Path, fcgitops: Fcgitops) -> None:
    """`diff` of commits says it of the one in question, and compares."""
    edit(repository, "gitops: argocd", "gitops: flux")
    git(repository, "commit", "-qam", "by hand")
    said = fcgitops("-C", repository, "diff", "HEAD~1..HEAD").out
    assert said.splitlines() == [
        "2 environments and 1 other part do not change (equal inputs: not built)",
        "HEAD: fcgitops.yaml: gitops 'flux' was set by hand, and no command can carry that out: "
        "the files here were generated for 'argocd'",
    ]


def test_a_version_that_an_update_has_left_behind(repository: Path, fcgitops: Fcgitops) -> None:
    """Somebody has committed its conflicts' resolution himself: the next update sets it."""
    edit(repository, f"version: {__version__}", "version: 0.1.0")
    git(repository, "commit", "-qam", "by hand")
    said = fcgitops("-C", repository, "overlay", "prod", status=2).err
    assert "version: says that fcgitops 0.1.0" in said
    ran = fcgitops("-C", repository, "update")
    assert "note: fcgitops.yaml: version: says that fcgitops 0.1.0 wrote this" in ran.err
    assert f"\nversion: {__version__}\n" in (repository / "fcgitops.yaml").read_text()
    fcgitops("-C", repository, "verify")


@pytest.mark.slow
def test_an_update_that_waits_for_its_conflicts(tmp_path: Path, fcgitops: Fcgitops) -> None:
    """fcgitops.yaml is as it was till then, new answers and all: nobody has edited anything.

    Somebody who ends it with plain git leaves it so, and a colleague's next update sets it.
    """
    root = clone_released("hand-edits", tmp_path)
    fcgitops("-C", root, "update", status=1)
    for command in (["list"], ["build", "dev"], ["status"], ["diff"]):
        assert "version: " not in fcgitops("-C", root, *command).err
    for path in git(root, "diff", "--name-only", "--diff-filter=U").splitlines():
        git(root, "checkout", "-q", "--theirs", path)
    git(root, "commit", "-qam", "by myself")
    git(tmp_path, "clone", "-q", str(root), "colleague")
    theirs = tmp_path / "colleague"
    version = (
        "fcgitops.yaml: version: says that fcgitops 0.1.0 wrote this repository; what is here was "
        f"generated by {__version__} (set it back: `version: {__version__}`; or commit it: "
        "`fcgitops update` sets it)"
    )
    assert fcgitops("-C", theirs, "list").err == f"note: {version}\n"
    assert fcgitops("-C", theirs, "overlays", status=2).err == f"error: {version}\n"
    fcgitops("-C", theirs, "update")
    fcgitops("-C", theirs, "verify")
