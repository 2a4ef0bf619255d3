"""`fcgitops verify`: builds the overlays and checks what they render."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from fcgitops.core import terminal
from fcgitops.core.errors import FOUND
from fcgitops.core.reporting import Report, fails, render
from fcgitops.model import layout
from fcgitops.programs import kustomize
from fcgitops.repository.contents import Repository
from fcgitops.verify import catalogue, verification


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
    start = time.monotonic()
    findings = verification.verify(repository, wanted, program)
    report = Report(
        "verify",
        catalogue.rules(),
        findings,
        overlays={str(item): f"{item.folder}/{layout.KUSTOMIZATION_FILE}" for item in wanted},
        seconds=time.monotonic() - start,
    )
    terminal.data(render(form, report))
    if fails(findings):
        terminal.say(f"{len(findings)} findings in {len(wanted)} kustomizations")
        return FOUND
    found = program.title
    terminal.say(
        f"{len(wanted)} kustomizations built with {found}; {verification.CHECKS} checks: all well"
    )
    return 0
