"""Where the command starts. `--version` costs little more than Python itself."""

from __future__ import annotations

import os
import sys

from fcgitops import __version__


def main() -> None:
    """Runs the command line and ends the process with its status."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"fcgitops {__version__}\n")
        return
    from fcgitops.cli.main import run  # noqa: PLC0415 - click takes 30 ms

    try:
        status = run(sys.argv[1:])
    except BrokenPipeError:  # `fcgitops build | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    sys.exit(status)


if __name__ == "__main__":
    main()
