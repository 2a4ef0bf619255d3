"""Where a command that is walked stops, so that it can be tried from there again and again.

A run is the same up to the call that fails. So it is made once: before it starts a program, while
none runs, it stops, and each try of a call that comes before the next stop is a child forked there.
A try begins with all that the run has in memory, and with the files as they were (see `folders`).
What a fork would share with it, positions and locks of open files, each gets anew.
"""

from __future__ import annotations

import fcntl
import gc
import os
import re
import socket
import stat
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

ENDED, STOPPED, TRY, ON = b"ended", b"stopped", b"try", b"on"
_CLOSED_ON_EXEC = getattr(os, "O_CLOEXEC", 0)


class Opened(NamedTuple):
    """A file or folder that is open.

    Attributes:
        descriptor: its number.
        path: where it stands.
        flags: as it was opened.
        position: from where it is read or written.
        locked: whether a lock is held on it.
        inheritable: whether programs that are started have it, too.
    """

    descriptor: int
    path: str
    flags: int
    position: int
    locked: bool
    inheritable: bool

    def again(self) -> None:
        """Open what stands there now, in its place."""
        flags = self.flags & ~(os.O_CREAT | os.O_TRUNC | os.O_EXCL)
        fresh = os.open(self.path, flags)
        os.dup2(fresh, self.descriptor, inheritable=self.inheritable)
        os.close(fresh)
        if not self.flags & os.O_DIRECTORY:
            os.lseek(self.descriptor, self.position, os.SEEK_SET)
        if self.locked:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def opened(roots: Sequence[str]) -> list[Opened] | None:
    """What of some folders is open here; None where that cannot be opened again."""
    found = []
    for link in Path("/proc/self/fd").iterdir():
        number = int(link.name)
        try:
            kind = os.fstat(number).st_mode
            path = str(link.readlink())
        except OSError:  # the one by which the names were read
            continue
        if number < 3 or not path.startswith(tuple(roots)):
            continue
        if path.endswith(" (deleted)") or not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
            return None
        told = Path(f"/proc/self/fdinfo/{number}").read_text()
        flags, position = re.findall(r"(?m)^(?:flags|pos):\s+(\d+)", told)[::-1]
        found.append(
            Opened(
                descriptor=number,
                path=path,
                flags=int(flags, 8) & ~_CLOSED_ON_EXEC,
                position=int(position),
                locked="FLOCK" in told,
                inheritable=os.get_inheritable(number),
            )
        )
    return found


def redirect(files: Sequence[str]) -> None:
    """Have stdout and stderr in files, behind what they hold."""
    for descriptor, file in enumerate(files, 1):
        fresh = os.open(file, os.O_WRONLY | os.O_APPEND)
        os.dup2(fresh, descriptor)
        os.close(fresh)


def ended(started: int) -> int:
    """The status of a child that leads a process group, when all of that have ended."""
    _, status = os.waitpid(started, 0)
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-started, 0)
    return status


class Line:
    """The way to those who have it walked.

    Args:
        descriptor: of a socket.
        roots: the folders whose files are put back before each try.
        files: for stdout and stderr of a try.
    """

    def __init__(self, descriptor: int, roots: Sequence[str], files: Sequence[str]) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._roots, self._files = roots, files
        self.walking = True

    @contextmanager
    def stopping(self) -> Iterator[None]:
        """Stop now, and before each program that is started."""
        start = subprocess.Popen.__init__

        def stopping(*arguments: Any, **options: Any) -> None:
            self.stop()
            start(*arguments, **options)

        subprocess.Popen.__init__ = stopping  # type: ignore[assignment]
        try:
            self.stop()
            yield
        finally:
            subprocess.Popen.__init__ = start  # type: ignore[method-assign]

    def stop(self) -> None:
        """Let tries begin here, if all that runs is this thread."""
        if not self.walking or threading.active_count() > 1 or _has_children():
            return
        files = opened(self._roots)
        if files is None:
            return
        here = Path.cwd()
        self._socket.sendall(STOPPED + b"\n")
        tried = False
        while self._socket.recv(16) == TRY:
            tried = True
            for file in files:
                if file.locked:
                    fcntl.flock(file.descriptor, fcntl.LOCK_UN)
            gc.freeze()  # or each child would copy the pages of all objects, to count references
            started = os.fork()
            if not started:
                os.setsid()
                self.walking = False
                self._socket.close()
                _go_on(here, files)
                redirect(self._files)
                return
            self._socket.sendall(b"%s %d\n" % (ENDED, ended(started)))
        if tried:
            _go_on(here, files)

    def end(self, status: int) -> None:
        """Say how the run has ended."""
        self._socket.sendall(b"%s %d\n" % (ENDED, status << 8))


def _go_on(here: Path, files: Sequence[Opened]) -> None:
    os.chdir(here)
    for file in files:
        file.again()


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True
