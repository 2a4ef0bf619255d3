"""The shim that makes faults, the commands that meet them, and what must be true afterwards."""

from __future__ import annotations

import json
import mmap
import os
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gitenv import SETTINGS, files, git

SHIM = Path(__file__).with_name("shim.c")
KINDS = {"kill": 1, "torn": 2, "full": 3, "eio": 4, "dead": 5}
"""What happens at the call, as the shim numbers it:

kill: the process group is killed before the call. torn: the same, once half of it is written.
full: this call and all later ones that take room fail with ENOSPC.
eio: this call fails with EIO. dead: this one and all later ones do.
"""
_HEAD, _LINES, _WIDTH = struct.Struct("4q"), 4096, 120


class Plan:
    """The file by which the shims in all processes know what is to happen, and count."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("wb") as file:
            file.truncate(_HEAD.size + _LINES * _WIDTH)
        descriptor = os.open(path, os.O_RDWR)
        self._map = mmap.mmap(descriptor, 0)
        os.close(descriptor)

    @contextmanager
    def armed(self, kind: str = "", at: int = 0) -> Iterator[None]:
        """Count calls, and let a fault happen at the `at`-th."""
        _HEAD.pack_into(self._map, 0, 0, at, KINDS.get(kind, 0), 1)
        try:
            yield
        finally:
            _HEAD.pack_into(self._map, 0, self.count, 0, 0, 0)

    @property
    def count(self) -> int:
        """How many calls there were since it was armed last."""
        return int(_HEAD.unpack_from(self._map)[0])

    def call(self, number: int) -> str:
        """The name and the path of a counted call."""
        start = _HEAD.size + (number - 1) * _WIDTH
        return self._map[start : start + _WIDTH].partition(b"\0")[0].decode(errors="replace")


@dataclass(frozen=True)
class Ran:
    """What one command did; a negative status is the signal that ended it."""

    status: int
    out: str
    err: str


class Commands:
    """Runs commands under the shim, in children of one server that has all modules loaded.

    Args:
        folder: for its own files.
    """

    def __init__(self, folder: Path) -> None:
        self.plan = Plan(folder / "plan")
        self._files = [folder / "out", folder / "err"]
        (folder / "home").mkdir()
        (folder / "home/.gitconfig").write_text(SETTINGS)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        environment = kept | {
            "LD_PRELOAD": str(_compiled(folder)),
            "FAULT_PLAN": str(self.plan.path),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": os.pathsep.join(sys.path),
            # No kustomize: `remove` says so, and is 0.1 s faster.
            "PATH": str(_only_git(folder / "bin")),
            "KUSTOMIZE": "",
            "TMPDIR": str(folder),
            "HOME": str(folder / "home"),
            "GIT_CONFIG_GLOBAL": str(folder / "home/.gitconfig"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TEMPLATE_DIR": "",  # no samples of hooks
            # The same commit each time.
            "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z",
            "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
        }
        server = [sys.executable, str(Path(__file__).with_name("server.py"))]
        self._server = subprocess.Popen(
            server, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def close(self) -> None:
        """End the server."""
        self._server.communicate()

    def run(self, folder: Path, *arguments: str) -> Ran:
        """One command, to its end and that of all its processes."""
        assert self._server.stdin
        assert self._server.stdout
        for file in self._files:
            file.write_bytes(b"")
        line = json.dumps([str(folder), [str(file) for file in self._files], arguments])
        self._server.stdin.write(f"{line}\n")
        self._server.stdin.flush()
        status = os.waitstatus_to_exitcode(int(self._server.stdout.readline()))
        return Ran(status, *(file.read_text(errors="replace") for file in self._files))


def _compiled(folder: Path) -> Path:
    """The shim as a shared object."""
    shim = folder / "shim.so"
    command = ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([*command, "-o", str(shim), str(SHIM), "-ldl"], check=True)
    return shim


def _only_git(folder: Path) -> Path:
    """A folder for PATH with links to git and what hooks take."""
    folder.mkdir()
    for name in ("git", "env", "sh"):
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    return folder


@dataclass(frozen=True)
class Scenario:
    """A command that writes.

    Attributes:
        arguments: run in a copy of the prepared repository, or of an empty folder.
        again: what the second run may say instead of doing it, once the first has done it.
        status: with which it ends.
        fresh: whether it makes the repository.
    """

    arguments: Sequence[str]
    again: str = ""
    status: int = 0
    fresh: bool = False


SCENARIOS = {
    "new": Scenario(
        ["new", "deploy", "--env", "dev", "--no-input", "--gitops", "both"], fresh=True
    ),
    "overlay, new": Scenario(["overlay", "stage", "--variant", "customized-config"]),
    "overlay, change": Scenario(["overlay", "dev", "--namespace", "other"]),
    "overlay, conflict": Scenario(["overlay", "prod", "--set", "workerNumber=7"], "conflicts", 1),
    "overlay --branch": Scenario(["overlay", "stage", "--branch", "add/stage"], "exists"),
    "overlay --no-commit": Scenario(["overlay", "stage", "--no-commit"]),
    "overlays": Scenario(["overlays", "--from", "../list.yaml"]),
    "remove": Scenario(["remove", "dev"], "is no environment"),
    "nni enable": Scenario(["nni", "enable", "dev", "--storage", "nfs://10.0.0.1/export"]),
    "nni experiment": Scenario(["nni", "experiment", "mnist", "--env", "prod"]),
    "nni remove": Scenario(["nni", "remove", "first"], "is no experiment"),
}

LIST = """\
- {name: dev, namespace: other}
- {name: stage, variant: customized-config}
"""
PREPARE = [
    "new deploy --env dev --env prod=customized-config --no-input --gitops both"
    " --repo-url https://git.example.com/a/b.git",
    "-C deploy nni enable prod --storage nfs://10.0.0.1/export",
    "-C deploy nni experiment first --env prod",
]


def prepare(commands: Commands, place: Path) -> None:
    """The folder that each try gets a copy of: a repository, and all that must not be touched."""
    place.mkdir()
    (place / "list.yaml").write_text(LIST)
    for line in PREPARE:
        ran = commands.run(place, *line.split())
        assert ran.status == 0, ran.err
    top = place / "deploy"
    edited = top / "overlays/prod/frameworkcontroller.yaml"
    edited.write_text(edited.read_text().replace("workerNumber: 500", "workerNumber: 5"))
    git(top, "commit", "-qam", "An edit that the generator does not know")
    make_dirty(top)


def make_dirty(top: Path) -> None:
    """Give the user all that a fault must not touch."""
    (top / "notes").write_text("stashed\n")
    git(top, "add", "notes")
    git(top, "stash")
    (top / "README.md").write_text("edited, not staged\n")
    (top / "Makefile").write_text("staged\n")
    git(top, "add", "Makefile")
    (top / "Makefile").write_text("and edited again\n")
    (top / "untracked").write_text("untracked\n")
    (top / "ignored").write_text("ignored\n")
    (top / ".git/info").mkdir()
    (top / ".git/info/exclude").write_text("ignored\n")
    (top / "overlays/prod/local/kustomization.yaml").write_text("mine\n")


def state(top: Path) -> dict[str, object]:
    """All that a user would miss; looking at it changes nothing."""
    if not (top / ".git").exists():
        return {"files": files(top) if top.exists() else {}}
    return {
        "head": (top / ".git/HEAD").read_text(),
        "refs": _contents(top / ".git/refs") | _contents(top / ".git/packed-refs"),
        "index": git(top, "ls-files", "-s", "-t"),
        "stash": _contents(top / ".git/logs/refs/stash"),
        "files": files(top),
        "executable": [str(p) for p in top.glob("*") if os.access(p, os.X_OK) and p.is_file()],
    }


def _contents(place: Path) -> dict[str, str]:
    """Every file at or below a place."""
    found = [place] if place.is_file() else [p for p in place.rglob("*") if p.is_file()]
    return {str(path.relative_to(place)): path.read_text() for path in found}


def left_over(top: Path) -> set[str]:
    """The names of git's own files but for objects, so that a lock that stays is seen."""
    folder = top / ".git"
    names = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] not in ("objects", "hooks")
    }
    # `git init` tries whether links work with such a file, and lets it be if it cannot remove it.
    return {name for name in names if not re.fullmatch(r"t\w{6}", name)}
