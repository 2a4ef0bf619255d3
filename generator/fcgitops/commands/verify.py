"""`fcgitops verify`: builds the overlays and checks what they render."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from fcgitops.commands import explain as explaining
from fcgitops.core import terminal
from fcgitops.core.errors import FOUND
from fcgitops.core.findings import INFO
from fcgitops.core.reporting import Report, fails, tell
from fcgitops.model import layout
from fcgitops.programs import kustomize
from fcgitops.repository.contents import Repository
from fcgitops.text.words import count
from fcgitops.verify import catalogue, verification
from fcgitops.verify.verification import Verified


def run(folder: Path, names: Iterable[str], form: str, explain: str | None) -> int:
    """Prints every finding.

    Args:
        folder: somewhere in the repository.
        names: environments, variants, ENV/nni, experiments/NAME; all when empty.
        form: one of `reporting.FORMATS`.
        explain: a number that is to be explained instead.

    Returns:
        0 where all is well, 1 where something was found.

    Raises:
        ToolError: there is no good kustomize.
    """
    if explain is not None:
        return explaining.run(explain)
    repository = Repository.find(folder)
    repository.say_state()
    _ = repository.answers  # nothing can be said where these cannot be read
    wanted = repository.wanted(names)
    program = kustomize.find()
    if program.remark:
        terminal.say(f"note: {program.command[0]}: {program.remark}")
    start = time.monotonic()
    verified = verification.verify(repository, wanted, program)
    report = Report(
        "verify",
        catalogue.rules(),
        verified.findings,
        verified.silenced,
        overlays={str(item): f"{item.folder}/{layout.KUSTOMIZATION_FILE}" for item in wanted},
        seconds=time.monotonic() - start,
    )
    tell(form, report)
    for silenced in verified.silenced:
        finding = silenced.finding
        place = finding.place or finding.overlay
        terminal.say(f"ignored: {place}: {finding.rule}: {silenced.reason}")
    terminal.say(
        f"{count(len(wanted), 'kustomization')} with {count(verified.objects, 'object')}, built "
        f"with {program.title}; {verification.CHECKS} checks in {report.seconds:.1f} s: "
        + _outcome(verified)
    )
    return FOUND if fails(verified.findings) else 0


def _outcome(verified: Verified) -> str:
    """What was found, in words."""
    infos = [finding for finding in verified.findings if finding.severity == INFO]
    found = len(verified.findings) - len(infos)
    parts = [count(found, "finding") if found else "all well"]
    if infos:
        parts.append(f"{count(len(infos), 'thing')} worth knowing")
    if verified.silenced:
        parts.append(f"{len(verified.silenced)} ignored")
    return ", ".join(parts)
