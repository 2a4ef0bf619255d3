"""Real Git repositories for tests, out of reach of the developer's own settings."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

YESTERDAY = time.time() - 86_400
RELEASED = Path(__file__).parent / "released"
"""Version → repositories that this version of fcgitops made, as bundles; see its README.md."""

SETTINGS = """\
[user]
    name = Ada
    email = ada@example.com
[init]
    defaultBranch = main
    templateDir =
[commit]
    gpgsign = false
[core]
    compression = 0
    checkStat = minimal
    trustctime = false
[gc]
    auto = 0
[maintenance]
    auto = false
"""
"""Who commits, no samples of hooks, and what makes small repositories quick: nothing is squeezed,
no commit looks for something to tidy up, and a copy of files is not one that was edited."""


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folders that were not there; `mktemp` looks at all that there are, which are thousands."""
    top = tmp_path_factory.mktemp("homes")
    return (top / str(number) for number in itertools.count())


@pytest.fixture
def git_home(homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose .gitconfig is all that git knows of its user."""
    home = next(homes)
    home.mkdir()
    isolate(home, monkeypatch)
    return home


def isolate(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes `home` the user's, with a .gitconfig that is all that git knows of him."""
    settings = home / ".gitconfig"
    settings.write_text(SETTINGS)
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for name in ("EMAIL", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


def git(directory: Path, *arguments: str, data: str = "", status: int = 0) -> str:
    """Run git; its stdout without the last line's end."""
    done = subprocess.run(
        ["git", *arguments], cwd=directory, input=data, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stderr
    return done.stdout.removesuffix("\n")


def settle(directory: Path) -> None:
    """Make a repository ready for `copied`: few files, and none as young as the index.

    Git reads a file again, in each copy and each time it is asked, that was written in the very
    second in which the index was.
    """
    git(directory, "repack", "-a", "-d", "-q")
    for name in git(directory, "ls-files", "-z").split("\0")[:-1]:
        os.utime(directory / name, (YESTERDAY, YESTERDAY), follow_symlinks=False)
    git(directory, "update-index", "-q", "--refresh")


def copied(made: Path, to: Path) -> Path:
    """A repository with all that is in another one; it is `to`, which is not there yet."""
    subprocess.run(["cp", "-a", str(made), str(to)], check=True)
    return to


def clone_released(name: str, directory: Path, version: str = "0.1.0") -> Path:
    """A clone, below `directory`, of a repository that a released version made."""
    git(directory, "clone", "--quiet", str(RELEASED / version / f"{name}.bundle"), name)
    return directory / name


def write(directory: Path, files: Mapping[str, str | bytes | None]) -> None:
    """Write files, by path; None deletes."""
    for name, content in files.items():
        path = directory / name
        if content is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def files(directory: Path) -> dict[str, str]:
    """The work tree: text by path, empty directories as "path/"."""
    found = {}
    for parent, directories, names in os.walk(directory):
        directories[:] = sorted(name for name in directories if name != ".git")
        here = Path(parent)
        for name in names:
            path = here / name
            content = path.readlink() if path.is_symlink() else path.read_bytes().decode()
            found[path.relative_to(directory).as_posix()] = str(content)
        if not directories and not names:
            found[f"{here.relative_to(directory).as_posix()}/"] = ""
    return found


def committed(directory: Path, revision: str = "HEAD") -> dict[str, str]:
    """The files of a commit: text by path, without the last line's end."""
    listed = git(directory, "ls-tree", "-r", "-z", revision).split("\0")[:-1]
    names = {item.partition("\t")[2]: item.split()[2] for item in listed}
    batch = subprocess.run(
        ["git", "cat-file", "--batch", "--buffer"],
        cwd=directory, input="\n".join(names.values()).encode(), capture_output=True, check=True,
    )  # fmt: skip
    found, rest = {}, batch.stdout
    for name in names:
        about, _, rest = rest.partition(b"\n")
        size = int(about.split()[2])
        found[name] = rest[:size].decode().removesuffix("\n")
        rest = rest[size + 1 :]
    return found


def state(directory: Path) -> dict[str, object]:
    """All that a user would miss: HEAD, branches, index, work tree, and locks left over."""
    locks = _locks(directory)
    status = git(directory, "status", "--porcelain=v2", "--branch", "--no-renames")
    return {
        "refs": git(directory, "for-each-ref", "--format=%(refname) %(tree)"),
        # HEAD's branch, or commit if it is on none; each blob in which the index is not as HEAD.
        "status": re.sub(r"^# branch\.oid .*\n(?=# branch\.head [^(])", "", status),
        "files": files(directory),
        "locks": locks,
    }


def _locks(directory: Path) -> list[str]:
    return [str(path) for path in (directory / ".git").rglob("*.lock")]


@pytest.fixture
def make_repository(
    git_home: Path,
    tmp_path: Path,
) -> Callable[..., Path]:
    """Makes repositories: each call gives one with the files, committed."""
    made = 0

    def make(contents: Mapping[str, str | bytes] | None = None, *options: str) -> Path:
        nonlocal made
        made += 1
        directory = tmp_path / f"repository{made}"
        git(tmp_path, "init", "-q", *options, str(directory))
        if contents:
            write(directory, contents)
            git(directory, "add", "-A")
            git(directory, "commit", "-q", "-m", "first")
        return directory

    return make
