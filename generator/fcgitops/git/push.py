"""Pushing to a remote, and saying in a line why it would not have it."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import IO

from fcgitops.core import shell
from fcgitops.core.errors import Problem, ToolError
from fcgitops.core.lazy import regex
from fcgitops.core.printable import printable
from fcgitops.core.redaction import redacted
from fcgitops.git.program import Git, text

_ERASE = "\x1b[K"
"""What git itself puts behind a line of the remote's on a terminal."""
_NO_NEWS = regex(r"(To |error: failed to push|hint:|remote:\s*$)")


def push(
    directory: Path, branch: str, *, remote: str = "origin", interactive: bool = False
) -> None:
    """Push a branch and make it track the remote's: `git push -u origin BRANCH`.

    Args:
        directory: in the repository.
        branch: the local branch.
        remote: the name of the remote, or its URL.
        interactive: git and ssh may ask for passwords on the terminal.

    Raises:
        ToolError: the remote refuses or cannot be reached. The commit stays where it is;
            the hint is the plain command that finishes the work.
    """
    git = Git(directory)
    show = sys.stderr.isatty()
    env = {} if interactive else _silent(git)
    progress = ["--progress"] if show else []
    process = git.start("push", *progress, "-u", "--", remote, branch, env=env, hooks=True)
    process.stdin.close()
    with process.stdout as out, process.stderr as err:
        told = _read(err, show=show)
        out.read()
    if process.wait():
        command = ["git", "-C", str(directory), "push", "-u", redacted(remote), branch]
        hint = f"the commit is safe; when that is mended: {shell.line(*command)}"
        raise ToolError(Problem(f"push to {redacted(remote)}", _reason(told), hint))


def _silent(git: Git) -> dict[str, str]:
    """What keeps git and ssh from asking, unless the user chose another ssh."""
    env = {"GIT_TERMINAL_PROMPT": "0"}
    chosen = {"GIT_SSH_COMMAND", "GIT_SSH"} & os.environ.keys()
    if not chosen and git.ask("config", "core.sshCommand").status:
        env["GIT_SSH_COMMAND"] = "ssh -o BatchMode=yes"
    return env


def _read(stream: IO[bytes], *, show: bool) -> list[str]:
    """The lines of stderr, passed on while they come where a terminal shows them."""
    lines, rest = [], b""
    while chunk := os.read(stream.fileno(), 4096):
        # Progress ends its lines with a carriage return; only whole lines can be redacted.
        *ready, rest = re.split(rb"(?<=[\r\n])", rest + chunk)
        for line in ready:
            lines.append(redacted(text(line)))
            if show:
                ends = line[-1:].decode()
                sys.stderr.write(printable(lines[-1].rstrip("\r\n").replace(_ERASE, "")) + ends)
                sys.stderr.flush()
    return [*lines, redacted(text(rest))]


def _reason(lines: list[str]) -> str:
    """The remote's reason in a line or two: git's verdict, then the server's words."""
    lines = [" ".join(line.split()) for line in lines if not _NO_NEWS.match(line)]
    verdicts = [line for line in lines if line.startswith(("fatal:", "! [", "error:"))]
    remote = [line for line in lines if line.startswith("remote:")]
    wanted = verdicts + remote or [line for line in lines if line]  # of a hook, its own words
    return "; ".join(wanted[:3]) or "failed"
