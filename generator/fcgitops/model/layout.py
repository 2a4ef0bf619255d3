"""Where the files of a generated repository lie."""

from __future__ import annotations

from pathlib import Path

from fcgitops.core.errors import InputError, Problem

ANSWERS = "fcgitops.yaml"
"""What the repository is generated from; it stands at the content's root."""

BASE_RECORD = ".fcgitops/base"
"""What the generator wrote last time of all that belongs to no environment."""

RECORD_FILE = ".fcgitops"
"""The same of one environment or experiment, within its folder."""

CLUSTER_ROLE = "base/clusterrole.yaml"
"""What FrameworkController may do; the profile `upstream` has none."""

READ = (".fcgitops", "base", "clusters", "components", "experiments", "fcgitops.yaml", "overlays")
"""What a change is made of: each command that writes reads of all of these."""


def root_of(start: Path) -> Path:
    """The content's root of the repository that `start` is in, at whatever depth.

    Raises:
        InputError: it is in none.
    """
    folder = start.resolve()
    if not folder.is_dir():
        raise InputError(Problem(str(start), "is no folder"))
    for candidate in (folder, *folder.parents):
        if (candidate / ANSWERS).is_file():
            return candidate
    raise InputError(
        Problem(str(start), f"is in no repository of fcgitops: no {ANSWERS} here or above",
                "go into one, or make one with `fcgitops new DEST`")
    )  # fmt: skip
