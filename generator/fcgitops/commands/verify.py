"""`fcgitops verify`: builds the overlays and checks what they render."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fcgitops.core import terminal
from fcgitops.core.errors import FOUND
from fcgitops.core.findings import ACCEPT, verdict
from fcgitops.core.reporting import FORMATS, Report
from fcgitops.programs import kustomize
from fcgitops.repository.contents import Repository
from fcgitops.verify import verification


def run(folder: Path, names: Iterable[str], form: str) -> int:
    """Prints every finding.

    Args:
        folder: somewhere in the repository.
        names: environments, variants, ENV/nni, experiments/NAME; all when empty.
        form: one of `reporting.FORMATS`.

    Returns:
        0 where all is well, 1 where something was found.

    Raises:
        ToolError: there is no good kustomize.
    """
    repository = Repository.find(folder)
    repository.say_state()
    wanted = repository.wanted(names)
    program = kustomize.find()
    if program.remark:
        terminal.say(f"note: {program.command[0]}: {program.remark}")
    findings = verification.verify(repository, wanted, program)
    terminal.data(FORMATS[form](Report(findings)))
    if verdict(findings) != ACCEPT:
        terminal.say(f"{len(findings)} findings in {len(wanted)} kustomizations")
        return FOUND
    found = program.title
    terminal.say(
        f"{len(wanted)} kustomizations built with {found}; {verification.CHECKS} checks: all well"
    )
    return 0
