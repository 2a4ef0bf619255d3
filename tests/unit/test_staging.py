"""The folder beside DEST in which a repository is made before it is moved there."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest
from conftest import Fcgitops
from fcgitops.git.staging import staging


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def left(folder: Path, name: str, *files: str) -> Path:
    """What a killed run has left, or something like it."""
    stage = folder / name
    stage.mkdir()
    for file in files:
        (stage / file).parent.mkdir(parents=True, exist_ok=True)
        (stage / file).write_text("")
    return stage


def test_what_killed_runs_left_goes(tmp_path: Path) -> None:
    """Empty, begun, or whole but for the move: the next run for the same DEST removes it."""
    left(tmp_path, ".deploy.abcd_123.fcgitops")
    left(tmp_path, ".deploy.abcd_124.fcgitops", ".git/fcgitops/begun", "README.md")
    with staging(tmp_path / "deploy") as stage:
        assert names(tmp_path) == [stage.name]
        stage.rename(tmp_path / "deploy")
    assert names(tmp_path) == ["deploy"]


def test_what_may_be_somebody_elses_stays(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A run that is alive, another DEST, a link; what nobody can tell is named."""
    others = [".other.abcd_123.fcgitops", ".deploy.abc.fcgitops", "deploy.fcgitops"]
    for name in others:
        left(tmp_path, name, ".git/fcgitops/begun")
    (tmp_path / ".deploy.abcd_125.fcgitops").symlink_to(tmp_path / others[0])
    left(tmp_path, ".deploy.abcd_126.fcgitops", "thesis.tex")
    before = names(tmp_path)
    with staging(tmp_path / "deploy") as alive, staging(tmp_path / "deploy") as second:
        assert names(tmp_path) == sorted([*before, alive.name, second.name])
    assert f"this deletes it: rm -rf {tmp_path}/.deploy.abcd_126.fcgitops" in capfd.readouterr().err


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    """Not even the folders that had to be made for it."""
    with pytest.raises(ValueError, match="no"), staging(tmp_path / "a/b/deploy"):
        raise ValueError("no")
    assert names(tmp_path) == []


def test_where_folders_cannot_be_locked(
    tmp_path: Path, fcgitops: Fcgitops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on NFS: it is made all the same, and what a killed run left stays."""
    real = fcntl.flock

    def flock(descriptor: int, how: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").resolve().is_dir():
            raise OSError(9, "Bad file descriptor")
        real(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    stage = left(tmp_path, ".deploy.abcd_123.fcgitops", ".git/fcgitops/begun")
    fcgitops("new", tmp_path / "deploy", "--no-input")
    assert stage.exists()
