"""Where the command starts. `--version` costs little more than Python itself."""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import NoReturn

from fcgitops import __version__

_SELDOM = 100_000
"""Objects between two collections of garbage: most commands are over before one pays."""
_SOON = 0.005
"""Seconds until a Ctrl-C that came amid an import is looked at again."""


def main() -> None:
    """Runs the command line and ends the process with its status.

    A Ctrl-C unwinds the command, which takes back what it has begun; another one ends the process
    at once. Behind `&` both are ignored, as Python finds it.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _stop)
    if sys.argv[1:] == ["--version"]:
        with suppress(OSError):  # which the command line tells
            print(f"fcgitops {__version__}", flush=True)
            return
    gc.set_threshold(_SELDOM)
    try:
        status = _run()
    except BrokenPipeError:  # `fcgitops build | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    except KeyboardInterrupt:  # before the command has begun
        from fcgitops.core import ending  # noqa: PLC0415

        status = ending.stopped()
    except (EOFError, ImportError) as error:  # such as one that was compiled while a disk was full
        place = Path(__file__).parent
        sys.stderr.write(
            f"error: {place}: a module cannot be imported: {error} (delete the folders "
            "__pycache__ there, or install fcgitops again)\n"
        )
        status = 3
    _end(status)


def _stop(_number: int, frame: FrameType | None) -> None:
    """Raises KeyboardInterrupt, but not amid an import.

    There Python may ignore it, or leave a lock taken for which a thread that imports waits for ever
    (`_get_module_lock` of Lib/importlib/_bootstrap.py).
    """
    while frame:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            signal.signal(signal.SIGALRM, _stop)
            signal.setitimer(signal.ITIMER_REAL, _SOON)
            return
        frame = frame.f_back
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    raise KeyboardInterrupt


def _end(status: int) -> NoReturn:
    """Ends the process: what Ctrl-C has stopped as that ends others, so that a shell's loop ends.

    Source: https://www.cons.org/cracauer/sigint.html
    """
    came = signal.getsignal(signal.SIGINT) is signal.SIG_DFL  # by `_stop`; no Ctrl-D is one
    if signal.getsignal(signal.SIGINT) is _stop:  # nothing is left to take back
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, 0)
    if came and status == 128 + signal.SIGINT:
        for stream in (sys.stdout, sys.stderr):
            with suppress(AttributeError, OSError):  # closed by the shell, or nobody reads
                stream.flush()
        os.kill(os.getpid(), signal.SIGINT)
    gc.freeze()  # nobody looks for garbage in what ends with the process
    sys.exit(status)


def _run() -> int:
    if sys.argv[1:] in (["diff"], ["verify"]):  # before each commit: without the command line
        command = import_module(f"fcgitops.commands.{sys.argv[1]}")
        from fcgitops.core import ending  # noqa: PLC0415

        return ending.status_of(lambda: command.run(Path()))
    from fcgitops.cli.main import run  # noqa: PLC0415 - click and the options: 40 ms

    return run(sys.argv[1:])


if __name__ == "__main__":
    main()
