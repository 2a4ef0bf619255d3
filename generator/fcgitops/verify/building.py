"""What kustomize says of a kustomization."""

from __future__ import annotations

from fcgitops.core.errors import ToolError
from fcgitops.core.findings import REJECT
from fcgitops.programs.kustomize import WouldFetch
from fcgitops.verify.registry import Fault, Faults, fault
from fcgitops.verify.subjects import BUILT, Built


@BUILT.check("FCG00", REJECT)
def builds(built: Built) -> Faults:
    """The overlay builds."""
    if not isinstance(built.result, ToolError) or isinstance(built.result, WouldFetch):
        return
    for problem in built.reasons:
        yield fault(problem)
    for problem in () if built.reasons else built.result.problems:
        yield Fault(_redacted(problem.what), problem.hint)


@BUILT.check("FCG45", REJECT)
def fetches_nothing(built: Built) -> Faults:
    """Nothing is fetched while it is built, unless it is pinned by a commit and allowed.

    What a branch or a web server has changes without a commit here, and is whatever its owner wants
    it to be. So kustomize is not started where a kustomization names it.
    """
    if isinstance(built.result, WouldFetch):
        for problem in built.result.problems:
            yield Fault(f"{problem.where} {problem.what}", problem.hint)


def _redacted(said: str) -> str:
    """Kustomize's words, which may have a whole object in them, without what may be a secret."""
    from fcgitops.diff.secrecy import redact  # noqa: PLC0415 - where something is wrong, alone

    return redact(said)
