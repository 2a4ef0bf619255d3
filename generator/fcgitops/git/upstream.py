"""What a remote has otherwise: told by its branches as they are known here."""

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


def unlike(directory: Path, upstream: str) -> dict[str, bool]:
    """The files below a directory that HEAD has otherwise than a remote branch.

    Args:
        directory: in the work tree.
        upstream: the remote branch.

    Returns:
        Paths from the directory → whether HEAD has changed it since it left that branch; else that
        has.
    """
    git = Git(directory)

    def changed(start: str) -> set[str]:
        told = git.run(
            "diff", "--name-only", "--no-renames", "--relative", "-z", start, "HEAD", "--", "."
        )
        return {path for path in text(told).split("\0") if path}

    found = changed(upstream)
    parted = text(git.ask("merge-base", upstream, "HEAD").out).strip() if found else ""
    ours = changed(parted) if parted else found
    return {path: path in ours for path in found}
