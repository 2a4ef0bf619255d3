"""What kustomize says of each kustomization; of those that render the same, one is built.

Imports no check: kustomize is at work while they are imported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from fcgitops.core.errors import ToolError
from fcgitops.model.kustomization import Kustomization
from fcgitops.programs.kustomize import Kustomize
from fcgitops.verify.inputs import Inputs

Output = tuple[Kustomization, bytes | ToolError]
"""A kustomization, and what it renders or why it cannot be built."""


def outputs(
    inputs: Inputs, program: Kustomize, wanted: Sequence[Kustomization]
) -> Iterator[Output]:
    """Builds kustomizations in parallel; gives them in the order given.

    Args:
        inputs: of the repository.
        program: builds.
        wanted: what is to be built.
    """
    root = Path(inputs.root)
    first: dict[str, Kustomization] = {}
    builds: dict[Kustomization, Kustomization] = {}
    for item in wanted:
        key = inputs.rendered(item)
        builds[item] = first.setdefault(key, item) if key else item
    counts = Counter(builds.values())
    folders = {root / one.folder: one for one in builds.values()}
    results = ((folders[path], out) for path, out in program.build_all(folders))
    there: dict[Kustomization, bytes | ToolError] = {}
    for item in wanted:
        one = builds[item]
        while one not in there:
            built, out = next(results)
            there[built] = out
        found = there[one]
        counts[one] -= 1
        if not counts[one]:
            del there[one]
        if isinstance(found, ToolError) and one != item:  # its words name the other folder
            ((_, found),) = program.build_all([root / item.folder])
        yield item, found
