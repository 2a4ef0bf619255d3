"""The programs of the testbed: where they are, how they are started, watched and ended.

They are built from pinned Go modules into one folder, with the CRDs, kwok's stages and Argo CD's
ConfigMaps beside it: $TESTBED_BIN, or the fcgitops-testbed/bin of the user's cache.
"""

from __future__ import annotations

import atexit
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

T = TypeVar("T")

# As they are when the tests are collected: a test may have another HOME.
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "fcgitops-testbed", "bin")
PATH = os.environ["PATH"]

# Debian's, by the program.
PACKAGES = {
    "redis-server": "redis-server", "openssl": "openssl", "git": "git",
    "gpg": "gnupg", "gpgconf": "gnupg",
}  # fmt: skip
TAIL = 12

_running: list[Program] = []


def search_path() -> str:
    """The PATH of every program here: $TESTBED_BIN, PATH, the cache."""
    return os.pathsep.join(filter(None, [os.environ.get("TESTBED_BIN"), PATH, str(CACHE)]))


def need(*names: str, files: Sequence[str] = ()) -> None:
    """Skip the test where a program is missing, or a file or folder beside the programs."""
    programs = [name for name in names if not shutil.which(name, path=search_path())]
    missing = programs + [name for name in files if not _beside(name)]
    if missing:
        wanted = dict.fromkeys(PACKAGES[name] for name in programs if name in PACKAGES)
        packages = [f"apt-get install {name}" for name in wanted]
        where = f"$TESTBED_BIN, on PATH or in {CACHE}"
        pytest.skip("; ".join([f"no {', '.join(missing)} in {where}", *packages]))


def beside(name: str) -> Path:
    """A file or folder beside the programs, such as `kwok-stages.yaml`."""
    found = _beside(name)
    assert found, f"no {name}: ask for it with need()"
    return found


def _beside(name: str) -> Path | None:
    folders = [os.environ.get("TESTBED_BIN"), CACHE]
    paths = [Path(folder).parent / name for folder in folders if folder]
    return next((path for path in paths if path.exists()), None)


def environment(folder: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a program knows of this machine: nothing but PATH, and a HOME below `folder`."""
    home = folder / "home"
    (home / "tmp").mkdir(parents=True, exist_ok=True)
    fixed = {"PATH": search_path(), "HOME": str(home), "TMPDIR": str(home / "tmp")}
    return fixed | {"LANG": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1"} | dict(extra or {})


def free_port() -> int:
    """A port that nobody listens at, below those that outgoing connections get."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass(frozen=True, eq=False)
class Program:
    """A running program.

    Attributes:
        name: what failures call it.
        log: its stdout and stderr.
        process: it, the leader of a process group of its own.
    """

    name: str
    log: Path
    process: subprocess.Popen[bytes]

    def text(self) -> str:
        """What it has said so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def wait_until(self, ready: Callable[[], T], timeout: float, what: str) -> T:
        """`eventually`, as long as it runs at all."""

        def check() -> T:
            if not self.alive():
                pytest.fail(f"{self.name} ended with {self.process.returncode}\n{self.tail()}")
            return ready()

        return eventually(check, timeout, what)

    def says(self, words: str, timeout: float = 30, times: int = 1) -> None:
        """Wait until its log has `words`."""
        self.wait_until(
            lambda: self.text().count(words) >= times, timeout, f"{self.name} says {words!r}"
        )

    def listens(self, port: int, timeout: float = 30) -> None:
        """Wait until it takes connections."""

        def connects() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        self.wait_until(connects, timeout, f"{self.name} listens at {port}")

    def stop(self, grace: float = 5) -> int:
        """SIGTERM, and SIGKILL for all of its group after `grace` seconds; its exit status."""
        if self.alive():
            os.killpg(self.process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(grace)
            self.kill()
        return self.process.wait()

    def kill(self) -> None:
        """SIGKILL for all of its group, whose leader it was."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def tail(self, lines: int = TAIL) -> str:
        """The end of its log."""
        kept = [line[:300] for line in self.text().splitlines()[-lines:]]
        state = "" if self.alive() else f", ended with {self.process.returncode}"
        return "\n".join([f"--- {self.name} ({self.log}{state})", *kept])


@contextmanager
def running(
    command: Sequence[str | Path],
    folder: Path,
    *,
    name: str = "",
    grace: float = 0,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Iterator[Program]:
    """Run a program as long as the context lasts; it is not there any longer afterwards.

    It has a process group of its own, so that Ctrl-C ends it when its context says so and not
    before; see `dies_with_us` for all other ends.

    Args:
        command: the program's name or path, and its arguments.
        folder: where its log goes, and its HOME.
        name: the log's, where it is not the program's.
        grace: how many seconds it has between SIGTERM and SIGKILL.
        env: what it finds in its environment beside PATH, HOME, TMPDIR and LANG.
        cwd: where it stands, `folder` if it does not matter.
    """
    name = name or Path(command[0]).name
    log = folder / f"{name}.log"
    folder.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*dies_with_us(), *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment(folder, env),
            cwd=cwd or folder,
            start_new_session=True,
        )
    program = Program(name, log, process)
    _running.append(program)
    try:
        yield program
    finally:
        program.stop(grace)
        _running.remove(program)


def dies_with_us() -> list[str]:
    """What a command begins with that the kernel is to kill when this process is gone.

    PR_SET_PDEATHSIG, prctl(2); the shell looks whether we were there when it was set.
    """
    setpriv = shutil.which("setpriv", path=PATH)
    if not setpriv:
        return []
    there = '[ "$PPID" = "$0" ] && exec "$@"'
    return [setpriv, "--pdeathsig", "KILL", "--", "sh", "-c", there, str(os.getpid())]


@atexit.register
def _stop_all() -> None:
    """What no context manager has ended, as after a second Ctrl-C."""
    for program in reversed(_running):
        if program.alive():
            program.kill()


SLACK = 5
"""So many times as long as on an idle machine is waited for what has to come."""


def eventually(check: Callable[[], T], timeout: float, what: str, interval: float = 0.1) -> T:
    """Call `check` until its value is true, and give that value.

    Args:
        check: an AssertionError of its is a "not yet", as a false value is.
        timeout: in seconds, on an idle machine; when `SLACK` times as many are over the test
            fails, with the last value and the end of every running program's log.
        what: what is waited for.
        interval: seconds between two calls.
    """
    __tracebackhide__ = True
    end = time.monotonic() + timeout * SLACK
    last: object = None
    while True:
        try:
            last = value = check()
        except AssertionError as problem:
            last = problem
        else:
            if value:
                return value
        if time.monotonic() > end:
            tails = "\n".join(program.tail() for program in _running)
            pytest.fail(f"not within {timeout * SLACK} s: {what}\nlast: {last!r}\n{tails}")
        time.sleep(interval)


def stays(check: Callable[[], object], seconds: float) -> None:
    """Fails if what `check` gives changes, within a time that grows with the machine's load."""
    __tracebackhide__ = True
    first, busy = check(), os.getloadavg()[0] / (os.cpu_count() or 1)
    end = time.monotonic() + seconds * max(1.0, busy)
    while time.monotonic() < end:
        time.sleep(0.5)
        assert check() == first
