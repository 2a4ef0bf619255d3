"""What is not in line with its source, as faults of FCG12."""

from __future__ import annotations

from pathlib import Path

from fcgitops.model import layout
from fcgitops.repository.merge import Merged
from fcgitops.verify.registry import Fault, Faults


def out_of_line(merged: Merged, root: Path, source: str, hint: str) -> Faults:
    """A fault for each generated file that is not as it should be; the first says what to do.

    A record follows from the files beside it, so it is told alone where they are in line.

    Args:
        merged: what the files should hold.
        root: the repository.
        source: what they follow from.
        hint: the command that brings all of them in line.
    """
    stale = merged.stale(root)
    records = [path for path in stale if path.endswith(layout.RECORDS)]
    for path in [path for path in stale if path not in records] or records:
        yield Fault(f"{path} is not in line with {source}", hint, file=path)
        hint = ""
