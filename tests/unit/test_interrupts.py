"""Signals are noted, and acted upon where it is safe; programs end with what watches them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fcgitops.core import interrupts
from fcgitops.core.errors import ToolError
from fcgitops.core.interrupts import SIGNALS, Interrupted
from fcgitops.programs.process import run


@pytest.fixture(autouse=True)
def nothing_ignored() -> Iterator[None]:
    """As a terminal starts programs, whatever started these tests (nohup, `make test &`)."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_raises_at_the_next_check(number: signal.Signals) -> None:
    """And not before; the exit status is the shell's."""
    with interrupts.noted() as noted:
        noted.check()
        os.kill(os.getpid(), number)
        with pytest.raises(Interrupted) as raised:
            noted.check()

    assert raised.value.exit_status == 128 + number
    assert str(raised.value) == f"stopped by {number.name}"


def test_a_second_signal_does_not_disturb_what_is_shielded() -> None:
    """The first that came is the one that is told."""
    done = []
    with interrupts.noted() as noted:
        os.kill(os.getpid(), signal.SIGTERM)
        with noted.shielded():
            os.kill(os.getpid(), signal.SIGINT)
            noted.check()
            done.append("taken back")
        with pytest.raises(Interrupted, match="SIGTERM"):
            noted.check()

    assert done == ["taken back"]


def test_a_signal_ends_a_sleep() -> None:
    """At once."""
    start = time.monotonic()
    later = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    with interrupts.noted() as noted, pytest.raises(Interrupted):
        later.start()
        noted.sleep(30)

    assert time.monotonic() - start < 5


AT_EACH_LINE = """\
import signal, sys
from fcgitops.core.interrupts import Interrupted, noted

def lines_until(line):
    seen = 0
    def trace(frame, event, argument):
        nonlocal seen
        seen += event == "line"
        if event == "line" and seen == line:
            signal.raise_signal(signal.SIGTERM)
        return trace
    with noted() as interrupts:
        try:
            sys.settrace(trace)
            interrupts.sleep(0.01)
            sys.settrace(None)
            interrupts.check()
        except Interrupted:
            sys.settrace(None)
            return seen
    assert seen < line, f"the signal at line {line} was lost"

line = 1
while lines_until(line):
    line += 1
print(line > 5)
"""


def test_a_signal_at_any_line_of_a_sleep_ends_it() -> None:
    """Two of them are usual: a terminal's, and that which make passes on.

    The first wakes the sleep, and the second comes while it ends. A wait for a threading.Event that
    the handler sets would hold the Event's lock then, which the handler waits for.
    """
    command = [sys.executable, "-c", AT_EACH_LINE]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert (ended.stdout, ended.stderr) == ("True\n", "")


def test_a_shielded_sleep_is_not_cut_short() -> None:
    """Even after a signal: what is taken back may have to wait for something."""
    with interrupts.noted() as noted:
        os.kill(os.getpid(), signal.SIGINT)
        with noted.shielded():
            start = time.monotonic()
            noted.sleep(0.3)
            assert time.monotonic() - start >= 0.3


def test_the_handlers_of_before_are_back() -> None:
    """Ctrl-C is KeyboardInterrupt again."""
    before = [signal.getsignal(number) for number in SIGNALS]
    with interrupts.noted():
        pass

    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_nohup_is_respected() -> None:
    """A terminal that goes away is nothing to a command that was told to ignore it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupts.noted() as noted:
            os.kill(os.getpid(), signal.SIGHUP)
            noted.check()
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_watched_program_ends_with_all_that_it_has_started(tmp_path: Path) -> None:
    """As soon as its watch raises."""
    script = f"sleep 600 & echo $! > {tmp_path}/child; wait"

    def watch() -> None:
        if (tmp_path / "child").exists() and (tmp_path / "child").read_text():
            raise Interrupted(signal.SIGINT)

    with pytest.raises(Interrupted):
        run(["sh", "-c", script], watch=watch)

    stat = Path("/proc", (tmp_path / "child").read_text().strip(), "stat")
    end = time.monotonic() + 5
    while stat.exists() and ") Z " not in stat.read_text() and time.monotonic() < end:
        time.sleep(0.05)
    assert not stat.exists() or ") Z " in stat.read_text()


def test_what_is_given_to_a_slow_program_arrives_while_it_is_watched() -> None:
    """Once and whole, however often it is looked at: `kubectl apply` waits for a server."""
    looks: list[int] = []
    data = b"kind: Job\n" * 100_000  # more than a pipe holds
    ran = run(["sh", "-c", "sleep 0.35; cat"], data=data, watch=lambda: looks.append(1), timeout=20)
    assert (ran.status, ran.stdout == data) == (0, True)
    assert len(looks) >= 2


def test_a_watched_program_is_read_to_its_end() -> None:
    """However long it takes, and whatever it says."""
    looks = []
    result = run(
        ["sh", "-c", "echo a; sleep 0.5; echo b; echo c >&2; exit 7"],
        watch=lambda: looks.append(1),
    )

    assert (result.status, result.stdout, result.stderr) == (7, b"a\nb\n", "c\n")
    assert len(looks) >= 2


@pytest.mark.sampled(2)
@pytest.mark.parametrize("watch", [None, lambda: None])
def test_a_program_that_takes_too_long_is_ended(watch: None) -> None:
    """With or without a watch."""
    start = time.monotonic()
    with pytest.raises(ToolError, match="sleep: did not end within 0 s"):
        run(["sleep", "600"], timeout=0.3, watch=watch)

    assert time.monotonic() - start < 5
