"""`fcgitops build` as a user types it: what it writes, what it takes away, what it says."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest
from conftest import Fcgitops
from fcgitops.programs import kustomize
from gitenv import git, write


def names(folder: Path) -> list[str]:
    """Every file below a folder, hidden ones too."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


@pytest.mark.slow
def test_files_of_overlays_that_are_gone_go_too(
    repository: Path, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """What build itself has written for them; somebody's own files and edits stay."""
    out = tmp_path / "out"
    for name in ("stage", "test"):
        fcgitops("-C", repository, "overlay", name)
    fcgitops("-C", repository, "build", "--output", out)
    write(out, {"mine.yaml": "a: 1\n", "test.yaml": "edited\n"})
    for name in ("stage", "test"):
        fcgitops("-C", repository, "remove", name)
    ran = fcgitops("-C", repository, "build", "--output", out)

    assert names(out) == [
        "customized-config.yaml", "default-config.yaml", "dev.yaml", "mine.yaml", "prod.yaml",
        "test.yaml",
    ]  # fmt: skip
    assert ran.err.splitlines() == [
        f"removed {out}/stage.yaml: its overlay is gone",
        f"note: {out}/test.yaml stays: its overlay is gone, but somebody changed it",
        f"4 overlays rendered to {out}/",
    ]


def test_what_a_build_of_one_did_not_build_stays(
    repository: Path, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """Its overlay is still there; and a file that was there before the first build is not ours."""
    out = tmp_path / "out"
    write(tmp_path, {"out/stage.yaml": "of an older fcgitops\n"})
    fcgitops("-C", repository, "build", "--output", out)
    ran = fcgitops("-C", repository, "build", "dev", "--output", out)

    assert ran.err == f"1 overlay rendered to {out}/\n"
    assert {"prod.yaml", "stage.yaml"} < set(names(out))


@pytest.mark.slow
def test_a_part_that_is_gone_takes_its_empty_folder_along(
    repository: Path, fcgitops: Fcgitops
) -> None:
    """ENV/nni, whose file stands in a folder of its own."""
    fcgitops("-C", repository, "nni", "enable", "dev", "--storage", "nfs://10.0.0.1/a")
    fcgitops("-C", repository, "build", "--output", repository / "build")
    assert (repository / "build/dev/nni.yaml").is_file()
    fcgitops("-C", repository, "remove", "dev")
    fcgitops("-C", repository, "build", "--output", repository / "build")

    assert names(repository / "build") == [
        "customized-config.yaml", "default-config.yaml", "prod.yaml",
    ]  # fmt: skip
    assert not (repository / "build/dev").exists()
    assert git(repository, "status", "--porcelain") == ""


@pytest.mark.slow
def test_a_damaged_note_of_what_was_written_removes_nothing(
    repository: Path, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """Then nothing is known to be ours; the next build knows again."""
    fcgitops("-C", repository, "overlay", "stage")
    fcgitops("-C", repository, "build", "--output", tmp_path / "out")
    fcgitops("-C", repository, "remove", "stage")
    (repository / ".git/fcgitops/built.json").write_text("{")
    fcgitops("-C", repository, "build", "--output", tmp_path / "out")
    assert (tmp_path / "out/stage.yaml").exists()


def test_a_failure_before_the_end_is_told_as_it_is(
    repository: Path, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """A place is taken by a folder: so many files were written. Nothing else is left there."""
    out = tmp_path / "out"
    (out / "dev.yaml").mkdir(parents=True)  # after customized-config and default-config
    ran = fcgitops("-C", repository, "build", "--output", out, status=2)

    assert ran.err == (
        f"error: {out}/dev.yaml: cannot be written: Is a directory (2 of 4 files were written)\n"
    )
    assert names(out) == ["customized-config.yaml", "default-config.yaml"]


def test_a_place_that_takes_no_more_gets_nothing(
    repository: Path, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """All files are written beside their places before one is moved."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, before[1]))
    try:
        ran = fcgitops("-C", repository, "build", "--output", tmp_path / "out/deep", status=2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert ran.err.endswith(": cannot be written: File too large (nothing was written)\n")
    assert not (tmp_path / "out").exists()


@pytest.mark.sampled(3)
@pytest.mark.parametrize("link", ["build", "build/dev", "build/prod.yaml"])
def test_a_link_in_the_repository_is_not_followed(
    link: str, repository: Path, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """Anybody may have committed it; outside nothing is written."""
    (tmp_path / "outside").mkdir()
    (repository / link).parent.mkdir(exist_ok=True)
    (repository / link).symlink_to(tmp_path / "outside")
    fcgitops("-C", repository, "nni", "enable", "dev", "--storage", "nfs://10.0.0.1/a")
    ran = fcgitops("-C", repository, "build", "--output", "build", status=2)

    assert f"{link}: is a symbolic link, which fcgitops does not follow" in ran.err
    assert names(tmp_path / "outside") == []
    assert names(repository / "build") == []


def test_overlays_are_built_at_the_same_time(
    repository: Path, fcgitops: Fcgitops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program of which one ends only once another one runs, too."""
    program = tmp_path / "kustomize"
    program.write_text(
        "#!/bin/sh\n"
        '[ "$1" = version ] && { echo v5.8.1; exit; }\n'
        f"touch {tmp_path}/running-$$\n"
        "for i in $(seq 200); do\n"
        f"  [ $(ls {tmp_path}/running-* | wc -l) -gt 1 ] && exit\n"
        "  sleep 0.05\n"
        "done\n"
        "exit 1\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("KUSTOMIZE", str(program))
    monkeypatch.setattr(kustomize.os, "cpu_count", lambda: 2)
    ran = fcgitops("-C", repository, "build", "--output", tmp_path / "out")
    assert ran.err == f"4 overlays rendered to {tmp_path}/out/\n"
