"""Files of ignore patterns, as `.gitignore` is one, for folders that are in no repository."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from fcgitops.git.program import Git


def matched(folder: Path, patterns: Path) -> list[str]:
    """What a file of patterns leaves out of a folder, and nothing else does.

    Args:
        folder: to look through.
        patterns: the file; its patterns are relative to `folder`.

    Returns:
        Paths relative to `folder`, a folder that is left out whole with a "/" at its end.

    Raises:
        ToolError: git fails.
    """
    with tempfile.TemporaryDirectory(prefix="fcgitops-") as bare:
        git = Git(folder)
        git.run("init", "--quiet", "--bare", bare)
        found = git.run(
            f"--git-dir={bare}", f"--work-tree={folder.resolve()}", "ls-files", "-z", "--others",
            "--ignored", "--directory", f"--exclude-from={patterns.resolve()}",
        )  # fmt: skip
    return [os.fsdecode(path) for path in found.split(b"\0") if path]
