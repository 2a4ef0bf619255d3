"""Where the command starts. `--version` costs little more than Python itself."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from fcgitops import __version__


def main() -> None:
    """Runs the command line and ends the process with its status."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"fcgitops {__version__}\n")
        return
    try:
        status = _run()
    except BrokenPipeError:  # `fcgitops build | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    sys.exit(status)


def _run() -> int:
    if sys.argv[1:] == ["diff"]:  # before each commit: it does not wait for the command line
        from fcgitops.commands import diff  # noqa: PLC0415
        from fcgitops.core import ending  # noqa: PLC0415

        return ending.status_of(lambda: diff.run(Path()))
    from fcgitops.cli.main import run  # noqa: PLC0415 - click takes 30 ms

    return run(sys.argv[1:])


if __name__ == "__main__":
    main()
