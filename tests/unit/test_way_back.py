"""What is advised to have a file back is typed into a shell, wherever its user stands."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import CopyOf, Fcgitops
from fcgitops.repository.contents import Repository
from gitenv import git, write

SOURCE = "overlays/a b/environment.yaml"
ROLE = "base/clusterrole.yaml"
FILES = {"fcgitops.yaml": "a: 1\n", SOURCE: "sync: flux\n", ROLE: "rules: []\n"}


def _deleted(root: Path, path: str) -> None:
    (root / path).unlink()


def _deleted_with_git(root: Path, path: str) -> None:
    git(root, "rm", "-q", path)


def _emptied(root: Path, path: str) -> None:
    (root / path).write_text("")


def _emptied_and_staged(root: Path, path: str) -> None:
    _emptied(root, path)
    git(root, "add", path)


def _deleted_and_committed(root: Path, path: str) -> None:
    _deleted_with_git(root, path)
    git(root, "commit", "-qm", "gone")


def _emptied_and_committed(root: Path, path: str) -> None:
    _emptied(root, path)
    git(root, "commit", "-qam", "emptied")


UNCOMMITTED = (_deleted, _deleted_with_git, _emptied, _emptied_and_staged)
COMMITTED = (_deleted_and_committed, _emptied_and_committed)
State = Callable[[Path, str], None]


def typed(command: str, here: Path) -> None:
    """Types a line into a shell, where `fcgitops` is this one."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-c", command], cwd=here, env=environment, check=True)


@pytest.fixture(params=["", "infra/fc"])
def root(request: pytest.FixtureRequest, git_home: Path, tmp_path: Path) -> Path:
    """The content's root: the top of a Git repository, and a folder of a bigger one."""
    top = tmp_path / "repository"
    git(tmp_path, "init", "-q", str(top))
    write(top, {f"{request.param}/{path}".lstrip("/"): text for path, text in FILES.items()})
    git(top, "add", "-A")
    git(top, "commit", "-qm", "first")
    return top / request.param


@pytest.mark.sampled(5)
@pytest.mark.parametrize("where", ["top", "root", "below", "outside"])
@pytest.mark.parametrize("state", [*UNCOMMITTED, *COMMITTED])
def test_a_source(root: Path, state: State, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is as HEAD has it; where that is the fault, as it was before."""
    top = Path(git(root, "rev-parse", "--show-toplevel"))
    here = {"top": top, "root": root, "below": root / "base", "outside": top.parent}[where]
    state(root, SOURCE)
    monkeypatch.chdir(here)

    command = Repository(root).way_back(SOURCE)
    typed(command, here)

    assert ("-C" in command) == (where == "outside")
    assert (root / SOURCE).read_text() == FILES[SOURCE]
    assert git(root, "diff", "--name-only") == ""  # the index has it so, too


@pytest.mark.parametrize("state", UNCOMMITTED)
def test_a_generated_file(root: Path, state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is as HEAD has it."""
    state(root, ROLE)
    monkeypatch.chdir(root)
    typed(Repository(root).way_back(ROLE), root)
    assert (root / ROLE).read_text() == FILES[ROLE]
    assert git(root, "status", "--porcelain") == ""


def test_a_file_that_is_staged_and_not_committed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is as the index has it."""
    write(root, {"overlays/new/environment.yaml": "sync: argocd\n"})
    git(root, "add", "-A")
    (root / "overlays/new/environment.yaml").unlink()
    monkeypatch.chdir(root / "overlays")
    command = Repository(root).way_back("overlays/new/environment.yaml")
    typed(command, root / "overlays")
    assert command == "git restore new/environment.yaml"
    assert (root / "overlays/new/environment.yaml").read_text() == "sync: argocd\n"


def test_what_git_never_had(root: Path, tmp_path: Path) -> None:
    """There is nothing to type; an exported tree has no history at all."""
    assert Repository(root).way_back("overlays/x/environment.yaml") == "write it anew"
    write(tmp_path / "export", FILES)
    assert Repository(tmp_path / "export").way_back(SOURCE) == "take it back from Git"


@pytest.mark.sampled(6)
@pytest.mark.parametrize("state", COMMITTED)
@pytest.mark.parametrize("where", [".", "overlays", ".."])
def test_a_generated_file_that_is_committed_so(
    copy_of: CopyOf, fcgitops: Fcgitops, monkeypatch: pytest.MonkeyPatch, state: State, where: str
) -> None:
    """It is as it was generated."""
    repository = copy_of(["new", "deploy", "--env", "dev"])
    path = "clusters/argocd/applicationset.yaml"
    before = (repository / path).read_text()
    state(repository, path)
    here = (repository / where).resolve()
    monkeypatch.chdir(here)
    command = Repository(repository).way_back(path)
    assert command.startswith("fcgitops ")
    monkeypatch.setenv("FCGITOPS_EFFECTS", "off")
    typed(command, here)
    assert (repository / path).read_text() == before


@pytest.mark.parametrize("where", [".", "overlays"])
def test_what_makes_it_a_repository(root: Path, fcgitops: Fcgitops, where: str) -> None:
    """Where fcgitops.yaml is gone nothing here is a repository, and Git has it."""
    _deleted_with_git(root, "fcgitops.yaml")
    here = root / where
    ran = fcgitops("-C", here, "list", status=2)
    told, _, command = ran.err.rstrip(")\n").partition(" (")
    assert told == "error: fcgitops.yaml: is missing here, and was committed"
    typed(command, here)
    assert (root / "fcgitops.yaml").read_text() == FILES["fcgitops.yaml"]
