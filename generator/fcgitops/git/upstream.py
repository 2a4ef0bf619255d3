"""What has not been pushed: told by the remote's branches as they are known here."""

from __future__ import annotations

from pathlib import Path

from fcgitops.git.program import Git, text


def of(directory: Path, branch: str) -> str:
    """The name of the remote branch that HEAD is pushed to.

    Args:
        directory: in the work tree.
        branch: what is synced, of the remote `origin`: for where HEAD follows nothing.

    Returns:
        "" where there is none, as long as nothing was pushed.
    """
    git = Git(directory)
    for name in ("@{upstream}", f"refs/remotes/origin/{branch}"):
        answer = git.ask("rev-parse", "-q", "--verify", "--abbrev-ref", name)
        if not answer.status:
            return text(answer.out).strip()
    return ""


def unpushed(directory: Path, upstream: str) -> set[str]:
    """The files below a directory that HEAD has otherwise than where it left a remote branch.

    Args:
        directory: in the work tree.
        upstream: the remote branch.

    Returns:
        Paths from the directory; of two branches with nothing in common, all that differ.
    """
    git = Git(directory)
    parted = git.ask("merge-base", upstream, "HEAD")
    start = text(parted.out).strip() or upstream
    told = git.run(
        "diff", "--name-only", "--no-renames", "--relative", "-z", start, "HEAD", "--", "."
    )
    return {path for path in text(told).split("\0") if path}
