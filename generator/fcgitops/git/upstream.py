"""What has not been pushed: told by the remote's branches as they are known here."""

from __future__ import annotations

from pathlib import Path

from fcgitops.git.program import Git, text


def synced(directory: Path, branch: str) -> str:
    """The name of the remote branch that clusters are synced from, as far as it is known.

    Args:
        directory: in the work tree.
        branch: its name on the remote.

    Returns:
        That which HEAD follows, if it is called so; else that of `origin`, or of another remote;
        else what HEAD follows. "" where there is none, as long as nothing was pushed.
    """
    git = Git(directory)
    answer = git.ask("rev-parse", "-q", "--verify", "--abbrev-ref", "@{upstream}")
    followed = "" if answer.status else text(answer.out).strip()
    named = ("for-each-ref", "--format=%(refname:short)", f"refs/remotes/*/{branch}")
    there = git.line(*named).split()
    first = next((ref for ref in there if ref == f"origin/{branch}"), next(iter(there), ""))
    return followed if followed in there else first or followed


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
