"""What kustomize says of a kustomization."""

from __future__ import annotations

from fcgitops.core.errors import ToolError
from fcgitops.core.findings import REJECT
from fcgitops.verify.registry import Fault, Faults
from fcgitops.verify.subjects import BUILT, Built


@BUILT.check("FCG00", REJECT)
def builds(built: Built) -> Faults:
    """The overlay builds."""
    if isinstance(built.result, ToolError):
        for problem in built.result.problems:
            yield Fault(problem.what, problem.hint)
