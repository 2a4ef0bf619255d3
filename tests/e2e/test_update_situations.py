"""What Git does to a repository, with a real update in between: no edit is lost, nothing conflicts.

The situations are those in which a branch, a ref or a second parent for what was generated last
have failed: it is in the tree, and ancestry never chooses it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Fcgitops
from fcgitops import __version__
from gitenv import clone_released, files, git, write

Situation = Callable[[Path, Callable[..., None]], Path]
"""(a repository with an edit, `fcgitops -C`) → the one that it is in the end."""

PLACE = "base/statefulset.yaml"
EDIT = "initialDelaySeconds: 20  # slow"


def edit(root: Path) -> None:
    """One line of a generated file, by hand."""
    text = (root / PLACE).read_text()
    line = next(line for line in text.splitlines() if "initialDelaySeconds" in line)
    write(root, {PLACE: text.replace(line.strip(), EDIT, 1)})
    git(root, "commit", "-qam", "Slow API servers")


def cloned(root: Path, *options: str) -> Path:
    """A clone beside it."""
    copy = root.with_name("clone")
    git(root.parent, "clone", "-q", *options, f"file://{root}", copy.name)
    return copy


def squashed(root: Path, *, message: str = "Squashed") -> None:
    """What a branch has, as one commit of main's."""
    git(root, "switch", "-q", "main")
    git(root, "merge", "-q", "--squash", "work")
    git(root, "commit", "-qm", message)
    git(root, "branch", "-qD", "work")


def update_squashed(root: Path, run: Callable[..., None]) -> Path:
    """A pull request with the update, squashed."""
    run(root, "update", "--branch", "work")
    squashed(root)
    return root


def edit_squashed(root: Path, run: Callable[..., None]) -> Path:
    """A pull request with another edit, squashed, and then an update."""
    git(root, "switch", "-qc", "work")
    write(root, {"NOTES.md": "mine\n"})
    git(root, "add", "-A")
    git(root, "commit", "-qm", "Notes")
    squashed(root)
    run(root, "update")
    return root


def edited_and_squashed(root: Path, run: Callable[..., None]) -> Path:
    """A pull request with the update, edited there, squashed."""
    run(root, "update", "--branch", "work")
    write(root, {"NOTES.md": "mine\n"})
    git(root, "add", "-A")
    git(root, "commit", "-qm", "Notes")
    squashed(root)
    return root


def two_squashed(root: Path, run: Callable[..., None]) -> Path:
    """Two pull requests from one commit, squashed one after the other."""
    git(root, "branch", "other")
    run(root, "update", "--branch", "work")
    squashed(root)
    git(root, "switch", "-q", "other")
    write(root, {"NOTES.md": "mine\n"})
    git(root, "add", "-A")
    git(root, "commit", "-qm", "Notes")
    git(root, "branch", "-qm", "work")
    squashed(root)
    return root


def rebased(root: Path, run: Callable[..., None]) -> Path:
    """The update's branch, rebased on what main has got since."""
    run(root, "update", "--branch", "work")
    git(root, "switch", "-q", "main")
    write(root, {"NOTES.md": "mine\n"})
    git(root, "add", "-A")
    git(root, "commit", "-qm", "Notes")
    git(root, "rebase", "-q", "main", "work")
    git(root, "switch", "-qC", "main")
    return root


def amended(root: Path, run: Callable[..., None]) -> Path:
    """The update's commit, amended."""
    run(root, "update")
    write(root, {"NOTES.md": "mine\n"})
    git(root, "add", "-A")
    git(root, "commit", "-q", "--amend", "-m", "Updated")
    return root


def picked(root: Path, run: Callable[..., None]) -> Path:
    """The update's commit, picked onto main."""
    run(root, "update", "--branch", "work")
    git(root, "switch", "-q", "main")
    write(root, {"NOTES.md": "mine\n"})
    git(root, "add", "-A")
    git(root, "commit", "-qm", "Notes")
    git(root, "cherry-pick", "work")
    return root


def reverted(root: Path, run: Callable[..., None]) -> Path:
    """The update, reverted and done again."""
    run(root, "update")
    git(root, "revert", "--no-edit", "HEAD")
    run(root, "update")
    return root


def added_by_two(root: Path, run: Callable[..., None]) -> Path:
    """Two branches from the updated one, each with an environment of its own."""
    run(root, "update")
    run(root, "overlay", "one", "--branch", "one")
    git(root, "switch", "-q", "main")
    run(root, "overlay", "two", "--branch", "two")
    git(root, "switch", "-q", "main")
    git(root, "merge", "-q", "--no-edit", "one")
    git(root, "merge", "-q", "--no-edit", "two")
    return root


def updated_by_two(root: Path, run: Callable[..., None]) -> Path:
    """Two branches with the same update, merged."""
    git(root, "branch", "other")
    run(root, "update", "-m", "One")
    git(root, "switch", "-q", "other")
    run(root, "update", "-m", "Two")
    git(root, "switch", "-q", "main")
    git(root, "merge", "-q", "--no-edit", "other")
    return root


def forced(root: Path, run: Callable[..., None]) -> Path:
    """A clone whose update was pushed over another history."""
    copy = cloned(root)
    run(copy, "update")
    git(root, "switch", "-q", "--detach")
    git(copy, "commit", "-q", "--amend", "-m", "Rewritten")
    git(copy, "push", "-q", "--force", "origin", "main")
    git(root, "switch", "-q", "main")
    return root


def never_pushed(root: Path, run: Callable[..., None]) -> Path:
    """The update, in a clone of a clone that was deleted: nothing but the branch has arrived."""
    copy = cloned(root)
    git(root, "switch", "-q", "--detach")
    run(copy, "update")
    git(copy, "push", "-q", "origin", "main")
    shutil.rmtree(copy)
    git(root, "switch", "-q", "main")
    return root


def without_history(root: Path, run: Callable[..., None]) -> Path:
    """The files in a new repository."""
    shutil.rmtree(root / ".git")
    git(root, "init", "-qb", "main")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "All of it")
    run(root, "update")
    return root


def changed_after_it(root: Path, run: Callable[..., None]) -> Path:
    """An environment changed after the update: the edit of the base stays."""
    run(root, "update")
    run(root, "overlay", "prod", "--set", "workerNumber=700")
    return root


def plain(root: Path, run: Callable[..., None]) -> Path:
    """The update, and nothing else."""
    run(root, "update")
    return root


def clone(*options: str) -> Situation:
    """Updated in a clone."""

    def make(root: Path, run: Callable[..., None]) -> Path:
        copy = cloned(root, *options)
        run(copy, "update")
        return copy

    return make


SITUATIONS: dict[str, Situation] = {
    "plain": plain,
    "clone": clone(),
    "single branch": clone("--single-branch"),
    "shallow clone": clone("--depth=1"),
    "partial clone": clone("--filter=blob:none"),
    "update squashed": update_squashed,
    "edit squashed": edit_squashed,
    "update edited and squashed": edited_and_squashed,
    "two squashed": two_squashed,
    "rebased": rebased,
    "amended": amended,
    "cherry-picked": picked,
    "reverted and again": reverted,
    "two branches add environments": added_by_two,
    "two branches update": updated_by_two,
    "force-push": forced,
    "never pushed": never_pushed,
    "history dropped": without_history,
    "changed after it": changed_after_it,
}


@pytest.fixture(scope="module")
def wanted() -> dict[str, str]:
    """The files of the plain situation, which comes first."""
    return {}


@pytest.mark.parametrize("name", SITUATIONS)
def test_an_update_in_each_situation(
    name: str, wanted: dict[str, str], fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """It comes to the same files, but for what was added, and a second one has nothing to do."""
    root = clone_released("hardened-argocd", tmp_path)
    edit(root)
    git(root, "config", "uploadpack.allowFilter", "true")

    def run(folder: Path, *arguments: str) -> None:
        fcgitops("-C", folder, *arguments)

    found = SITUATIONS[name](root, run)

    assert git(found, "status", "--porcelain") == ""
    assert f"version: {__version__}\n" in (found / "fcgitops.yaml").read_text()
    there = files(found)
    assert EDIT in there[PLACE]
    wanted.update({} if wanted else there)
    own = ("overlays/prod/", "overlays/one/", "overlays/two/", "NOTES.md")
    assert {p: t for p, t in there.items() if not p.startswith(own)} == {
        p: t for p, t in wanted.items() if not p.startswith(own)
    }
    assert "nothing to do" in fcgitops("-C", found, "update").err
