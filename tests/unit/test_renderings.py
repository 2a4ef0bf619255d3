"""Renderings that are kept between runs: believed only where they are whole and the user's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fcgitops.core import cache
from fcgitops.programs.kustomize import FETCH, Kustomize
from fcgitops.programs.renderings import Renderings

KEY = "ab" * 32


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kustomize:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    file = tmp_path / "kustomize"
    file.write_text("one")
    return Kustomize((str(file), "build"), "5.8.1", "PATH")


def kept_file() -> Path:
    return cache.folder("renderings") / KEY[:2] / KEY


def test_what_was_rendered_is_found_again(program: Kustomize) -> None:
    """By the digest of its inputs, and by nobody but the user."""
    Renderings(program).keep(KEY, b"kind: Namespace\n")
    assert Renderings(program).find(KEY) == b"kind: Namespace\n"
    assert Renderings(program).find("cd" * 32) is None
    assert kept_file().stat().st_mode & 0o077 == 0
    assert kept_file().parent.stat().st_mode & 0o077 == 0


def test_another_kustomize_renders_anew(program: Kustomize) -> None:
    """The program's file differs, or what is asked of it."""
    Renderings(program).keep(KEY, b"a")
    other = Kustomize((program.command[0], "kustomize"), "5.8.1", "PATH")
    assert Renderings(other).find(KEY) is None
    Path(program.command[0]).write_text("another")
    assert Renderings(program).find(KEY) is None


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: data.replace(b"fc", b"gc"), lambda _: b""]
)
def test_what_is_damaged_is_not_believed(
    damage: Callable[[bytes], bytes], program: Kustomize
) -> None:
    """Cut off, edited, emptied."""
    Renderings(program).keep(KEY, b"kind: Namespace\n")
    kept_file().write_bytes(damage(kept_file().read_bytes()))
    assert Renderings(program).find(KEY) is None


def test_what_others_may_write_is_not_believed(program: Kustomize, tmp_path: Path) -> None:
    """A file that is writable for others, or a link."""
    Renderings(program).keep(KEY, b"a")
    kept_file().chmod(0o666)
    assert Renderings(program).find(KEY) is None
    kept_file().chmod(0o600)
    kept_file().rename(tmp_path / "elsewhere")
    kept_file().symlink_to(tmp_path / "elsewhere")
    assert Renderings(program).find(KEY) is None


def test_nothing_is_kept_of_what_may_be_fetched(
    program: Kustomize, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is elsewhere may change without a digest here."""
    Renderings(program).keep(KEY, b"a")
    monkeypatch.setenv(FETCH, "1")
    assert Renderings(program).find(KEY) is None


def test_the_least_used_go(program: Kustomize) -> None:
    """A folder has a bounded number of files; the one that was just asked for stays."""
    renderings = Renderings(program)
    keys = [f"ab{number:062}" for number in range(60)]
    for key in keys:
        renderings.keep(key, b"a")
        renderings.find(keys[0])
    assert len(list(kept_file().parent.iterdir())) == 48
    assert renderings.find(keys[0]) == b"a"
    assert renderings.find(keys[1]) is None
    assert renderings.find(keys[-1]) == b"a"
