"""The shim that makes faults, the commands that meet them, and what is there afterwards."""

from __future__ import annotations

import json
import mmap
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gitenv import SETTINGS

from faults import gitfiles
from faults.folders import Look

SHIM = Path(__file__).with_name("shim.c")
KINDS = {"kill": 1, "torn": 2, "full": 3, "eio": 4, "dead": 5}
"""What happens at the call, as the shim numbers it:

kill: the process group is killed before the call. torn: the same, once half of it is written.
full: this call and all later ones that take room fail with ENOSPC.
eio: this call fails with EIO. dead: this one and all later ones do.
"""
_LONGEST = 120.0
"""Seconds that a command takes at most."""
_HEAD, _LINES, _WIDTH = struct.Struct("4q"), 4096, 240


@dataclass(frozen=True)
class Call:
    """A call that changes a file.

    Attributes:
        what: its name and the file's path.
        takes_room: whether a full disk fails it.
        failed: whether it failed by itself, as the removal of what is not there.
    """

    what: str
    takes_room: bool
    failed: bool

    @property
    def aside(self) -> bool:
        """Whether it is in a temporary folder of the command's own, with nothing of a user's."""
        return "/fcgitops-" in self.what

    @property
    def verb(self) -> str:
        """Its name."""
        return self.what.partition(" ")[0]

    @property
    def changes(self) -> bool:
        """Whether a process that is started then can see that it was made."""
        return not self.failed and self.verb != "fsync"


class Plan:
    """The file by which the shims in all processes know what is to happen, and count."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("wb") as file:
            file.truncate(_HEAD.size + _LINES * _WIDTH)
        descriptor = os.open(path, os.O_RDWR)
        self._map = mmap.mmap(descriptor, 0)
        os.close(descriptor)

    def arm(self, kind: str = "", at: int = 0, count: int = 0) -> None:
        """Count calls from here on, and let a fault happen at the `at`-th."""
        _HEAD.pack_into(self._map, 0, count, at, KINDS.get(kind, 0), 1)

    def disarm(self) -> None:
        """Count no more."""
        _HEAD.pack_into(self._map, 0, self.count, 0, 0, 0)

    @property
    def count(self) -> int:
        """How many calls there were since it was armed last."""
        return int(_HEAD.unpack_from(self._map)[0])

    def call(self, number: int) -> Call:
        """A counted call."""
        start = _HEAD.size + (number - 1) * _WIDTH
        line = self._map[start : start + _WIDTH].partition(b"\0")[0].decode(errors="replace")
        return Call(line[2:], line[0] == "+", line[1] == "!")


@dataclass(frozen=True)
class Ran:
    """What one command did; a negative status is the signal that ended it."""

    status: int
    out: str
    err: str


class Commands:
    """Runs commands, in children of one server that has all modules loaded.

    Args:
        folder: for its own files.
    """

    def __init__(self, folder: Path) -> None:
        self.plan = Plan(folder / "plan")
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.place = folder / "place"
        self._files = [folder / "out", folder / "err"]
        self._walked = [folder / "walked.out", folder / "walked.err"]
        self._tried = [folder / "tried.out", folder / "tried.err"]
        self._walk: Walk | None = None
        (folder / "home").mkdir()
        # A file that is put back has another ctime, and is the same to all that ask.
        (folder / "home/.gitconfig").write_text(f"{SETTINGS}[core]\n    trustCTime = false\n")
        self._line, theirs = socket.socketpair()
        self._line.settimeout(_LONGEST)
        roots = [str(self.place), str(self.temporary)]
        walks = [theirs.fileno(), roots, [str(file) for file in self._tried]]
        # Each git gets a copy, which takes Python longer than all else: no more than is needed.
        kept = ("LD_LIBRARY_PATH", "LANG")
        environment = {name: os.environ[name] for name in kept if name in os.environ} | {
            "LD_PRELOAD": str(_compiled(folder)),
            "FAULT_PLAN": str(self.plan.path),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": os.pathsep.join(sys.path),
            # No kustomize: `remove` says so, and is 0.1 s faster.
            "PATH": str(_only_git(folder / "bin")),
            "KUSTOMIZE": "",
            "FCGITOPS_EFFECTS": "off",  # which would be asked of kustomize
            "FAULT_WALKS": json.dumps(walks),
            "TMPDIR": str(self.temporary),
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
            server,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            pass_fds=[theirs.fileno()],
        )
        theirs.close()

    def close(self) -> None:
        """End the server."""
        self._server.communicate()

    def run(
        self, folder: Path, *arguments: str, here: bool = False, kustomize: bool = False
    ) -> Ran:
        """One command, to its end and that of all its processes.

        Args:
            folder: where it is typed.
            *arguments: of `fcgitops`.
            here: run by the server itself, so that its children have at once what it takes.
            kustomize: whether it finds one.
        """
        self._ask("here" if here else "forked", arguments, folder, self._files, kustomize)
        return _ran(_status(self._told()), self._files)

    def run_on(
        self, folder: Path, *arguments: str, kustomize: bool, enough: Callable[[], bool]
    ) -> Ran | None:
        """One command, in a child; None where it was ended behind its recovery.

        Args:
            folder: where it is typed.
            *arguments: of `fcgitops`.
            kustomize: whether it finds one.
            enough: asked when the command has set right what another one left: whether it ends.
        """
        self._ask("asking", arguments, folder, self._files, kustomize)
        told = self._told()
        ends = False
        if told == "recovered\n":
            ends = enough()
            self._tell("enough" if ends else "on")
            told = self._told()
        return None if ends else _ran(_status(told), self._files)

    def _told(self) -> str:
        assert self._server.stdout
        return self._server.stdout.readline()

    def _tell(self, line: str) -> None:
        assert self._server.stdin
        self._server.stdin.write(f"{line}\n")
        self._server.stdin.flush()

    def _ask(
        self, how: str, arguments: Sequence[str], folder: Path, files: list[Path], kustomize: bool
    ) -> None:
        for file in files:
            file.write_bytes(b"")
        env: dict[str, str] = {}
        if kustomize:  # with FCGITOPS_FETCH no renderings are kept: each run makes the same calls
            env = {"KUSTOMIZE": shutil.which("kustomize") or "", "FCGITOPS_FETCH": "1"}
        names = [str(file) for file in files]
        self._tell(json.dumps([how, arguments, str(folder), names, env]))

    def walk(
        self, folder: Path, *arguments: str, here: bool = False, kustomize: bool = False
    ) -> Walk:
        """One command, counted, that can be tried from where it stops on its way.

        Args:
            folder: where it is typed.
            *arguments: of `fcgitops`.
            here: run by the server itself, which learns by it; then it cannot be tried.
            kustomize: whether it finds one.
        """
        if self._walk:
            self._walk.leave()
        self.plan.arm()
        self._ask("watched" if here else "walked", arguments, folder, self._walked, kustomize)
        self._walk = Walk(self.plan, self._line, self._walked, self._tried)
        return self._walk


class Walk:
    """A command on its way: an iterator over the places where it stops.

    Each item tells how many calls there were before; then is the time for `attempt`.

    Attributes:
        ran: what it did, when it has ended: no other than what `Commands.run` does.
    """

    def __init__(
        self, plan: Plan, line: socket.socket, walked: list[Path], tried: list[Path]
    ) -> None:
        self.ran: Ran | None = None
        self._plan, self._line, self._walked, self._tried = plan, line, walked, tried
        self._told = line.makefile("r")
        self._count = 0
        self._stops = self._has_stopped()

    def __iter__(self) -> Iterator[int]:
        while self._stops:
            self._count = self._plan.count
            yield self._count
            self._go_on()

    def _go_on(self) -> None:
        self._plan.arm(count=self._count)
        self._line.sendall(b"on")
        self._stops = self._has_stopped()

    def _has_stopped(self) -> bool:
        """Whether it stops once more, when it does or has ended."""
        told = self._told.readline()
        if told == "stopped\n":
            return True
        self._plan.disarm()
        self.ran = _ran(_status(told), self._walked)
        return False

    def leave(self) -> None:
        """Let it go on to its end, if a test has failed on the way."""
        while self._stops:
            self._go_on()

    def attempt(self, kind: str, number: int) -> Ran:
        """Have a call fail that comes after this stop; what the command did then.

        It leaves files as they are then: before another attempt, or the next stop, they are to be
        what they were.
        """
        for before, file in zip(self._walked, self._tried, strict=True):
            shutil.copyfile(before, file)
        self._plan.arm(kind, number, self._count)
        self._line.sendall(b"try")
        status = _status(self._told.readline())
        self._plan.disarm()
        return _ran(status, self._tried)


def _status(told: str) -> int:
    return os.waitstatus_to_exitcode(int(told.removeprefix("ended ")))


def _ran(status: int, files: Sequence[Path]) -> Ran:
    return Ran(status, *(file.read_text(errors="replace") for file in files))


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


def state(top: Path, look: Look) -> dict[str, object]:
    """All that a user would miss, of what stands there."""
    folder = f"{top}/"
    files = {
        path.removeprefix(folder): found
        for path, found in look.items()
        if path.startswith(folder) and not path.startswith(f"{folder}.git/")
    }
    holding = {path.rpartition("/")[0] for path in files}
    tree = {
        f"{path}/" if found.is_folder else path: found.content
        for path, found in files.items()
        if path != ".git" and path not in holding
    }
    if ".git" not in files:
        return {"files": tree}
    mine = {
        path.removeprefix(f"{folder}.git/"): found.content
        for path, found in look.items()
        if path.startswith(f"{folder}.git/") and not found.is_folder
    }
    refs = {name: mine[name] for name in mine if name.startswith(("refs/", "packed-refs"))}
    executable = [
        path
        for path, found in files.items()
        if "/" not in path and found.mode & 0o100 and not found.is_folder
    ]
    return {
        "head": mine["HEAD"],
        "refs": refs,
        "index": gitfiles.listed(mine.get("index", b"")),
        "stash": mine.get("logs/refs/stash"),
        "files": tree,
        "executable": sorted(executable),
    }


def left_over(top: Path, look: Look) -> set[str]:
    """The names of git's own files but for objects, so that a lock that stays is seen."""
    folder = f"{top}/.git/"
    names = {
        path.removeprefix(folder)
        for path, found in look.items()
        if path.startswith(folder) and not found.is_folder
    }
    # `git init` tries whether links work with such a file, and lets it be if it cannot remove it.
    return {
        name
        for name in names
        if not name.startswith(("objects/", "hooks/")) and not re.fullmatch(r"t\w{6}", name)
    }
