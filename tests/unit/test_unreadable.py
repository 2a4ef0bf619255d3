"""An environment.yaml that cannot be read is one mistake, told once, by every command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import CopyOf, Fcgitops

SOURCE = "overlays/prod/environment.yaml"
FAULTS = {
    "a: [b\n": f"{SOURCE}:2: is not valid YAML: did not find expected ',' or ']'",
    "- a\n": f"{SOURCE}: [a] is not a mapping (KEY: VALUE lines)",
    "": f"{SOURCE}: is empty (git restore {SOURCE})",
    "# only this\n": f"{SOURCE}: is empty (git restore {SOURCE})",
    "<<<<<<< HEAD\na: b\n=======\na: c\n>>>>>>> other\n": (
        f"{SOURCE}:1: has an unresolved merge conflict "
        "(choose one side, or join them; then `git add`)"
    ),
    "LINK": (
        f"{SOURCE}: is a symbolic link, which fcgitops does not follow (put the file itself there)"
    ),
}


@pytest.fixture(params=FAULTS)
def spoilt(request: pytest.FixtureRequest, copy_of: CopyOf) -> tuple[Path, str]:
    """A repository with the environments dev and prod, of which prod's source is spoilt."""
    repository = copy_of(["new", "deploy", "--env", "dev", "--env", "prod"])
    place = repository / SOURCE
    if request.param == "LINK":
        place.unlink()
        place.symlink_to("../dev/environment.yaml")
    else:
        place.write_text(request.param)
    return repository, FAULTS[request.param]


@pytest.mark.sampled(3)
def test_it_is_told_once(spoilt: tuple[Path, str], fcgitops: Fcgitops) -> None:
    """The environment beside it is listed."""
    repository, told = spoilt
    for command in (["overlay", "prod"], ["overlays"]):
        ran = fcgitops("-C", repository, *command, status=2)
        assert (ran.out, ran.err) == ("", f"error: {told}\n")
    ran = fcgitops("-C", repository, "list", status=2)
    assert [line.split()[0] for line in ran.out.splitlines()] == ["NAME", "dev"]
    assert ran.err == f"error: {told}\n"
    ran = fcgitops("-C", repository, "status")
    assert ran.out.splitlines()[0] == f"cannot be generated: {told}"
    assert ran.out.count("cannot be generated") == 1


@pytest.mark.sampled(6)
def test_it_is_one_finding(spoilt: tuple[Path, str], fcgitops: Fcgitops) -> None:
    """Of the environment, whether that is asked for or all."""
    repository, told = spoilt
    for names in ([], ["prod"]):
        ran = fcgitops("-C", repository, "verify", *names, status=1)
        assert ran.out == f"prod: FCG11: {told}\n"
        assert ran.err.endswith(": 1 finding\n")


@pytest.mark.sampled(3)
def test_it_is_not_compared(spoilt: tuple[Path, str], fcgitops: Fcgitops) -> None:
    """Nothing is said of what a change does that nobody can read; the others are compared."""
    repository, _ = spoilt
    ran = fcgitops("-C", repository, "diff", status=1)
    first, second, *_ = ran.out.splitlines()
    assert first == "prod: cannot be compared"
    assert second.startswith(f"  error  after: {SOURCE}")
    assert ran.out.count("error") == 1
    ran = fcgitops("-C", repository, "overlay", "dev", "--set", "resources.cpu=1", status=None)
    assert ran.status == (2 if (repository / SOURCE).is_symlink() else 0)


@pytest.mark.slow
def test_a_folder_that_cannot_be_read(copy_of: CopyOf) -> None:
    """One finding of `verify`; `list` has the others; `diff` does not pass over it, as git does."""
    repository = copy_of(["new", "deploy", "--env", "dev", "--env", "prod"])
    told = {
        "verify": (1, f"prod: FCG11: {SOURCE}: cannot be read: Permission denied\n"),
        "list": (2, "NAME  VARIANT         CLUSTER  SERVER  NAMESPACE            SYNC\n"
                    "dev   default-config  dev              frameworkcontroller  argocd\n"),
        "diff": (2, ""),
    }  # fmt: skip
    (repository / "overlays/prod").chmod(0)
    try:
        for command, (status, out) in told.items():
            ran = _by_anybody(repository, command)
            assert (ran.returncode, ran.stdout) == (status, out)
        assert ran.stderr == "error: overlays/prod: cannot be read: Permission denied\n"
    finally:
        (repository / "overlays/prod").chmod(0o755)


@pytest.mark.slow
def test_local_that_cannot_be_read(copy_of: CopyOf, fcgitops: Fcgitops) -> None:
    """One cause is one finding: it does not build. A link to nothing is not called missing."""
    repository = copy_of(["new", "deploy", "--env", "dev"])
    local = repository / "overlays/dev/local"
    local.chmod(0)
    try:
        out = _by_anybody(repository, "verify").stdout
    finally:
        local.chmod(0o755)
    assert [line.split(": ")[:2] for line in out.splitlines()] == [["dev", "FCG00"]]
    shutil.rmtree(local)
    local.symlink_to("nowhere")
    out = fcgitops("-C", repository, "verify", status=1).out
    assert [line.split(": ")[:2] for line in out.splitlines()] == [["dev", "FCG00"]]
    assert "overlays/dev/local: is a symbolic link to nothing" in out


@pytest.mark.slow
def test_a_base_that_cannot_be_read(repository: Path) -> None:
    """No check is at a loss: it does not build, and cannot be compared with its source."""
    (repository / "base").chmod(0)
    try:
        out = _by_anybody(repository, "verify").stdout
    finally:
        (repository / "base").chmod(0o755)
    assert {line.split(": ")[1] for line in out.splitlines()} == {"FCG00", "FCG12"}


def _by_anybody(repository: Path, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*_without_roots_rights(), sys.executable, "-m", "fcgitops", command],
        cwd=repository, capture_output=True, text=True, check=False,
    )  # fmt: skip


def _without_roots_rights() -> list[str]:
    """What starts a program that may read what anybody may, where the tests are root's."""
    if os.geteuid():
        return []
    if not shutil.which("setpriv"):
        pytest.skip("root reads everything, and there is no setpriv")
    rights = "-dac_override,-dac_read_search"
    return ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}"]
