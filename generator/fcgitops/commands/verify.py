"""`fcgitops verify`: builds the overlays and checks what they render."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from fcgitops.core import shell, terminal
from fcgitops.core.errors import FOUND, InputError, Problem
from fcgitops.core.findings import INFO
from fcgitops.core.reporting import Report, fails, tell
from fcgitops.model import layout
from fcgitops.text.words import count
from fcgitops.verify import session
from fcgitops.verify.session import Session

if TYPE_CHECKING:
    from fcgitops.verify.server import ApiServer


def run(  # noqa: PLR0913 - the command's options
    folder: Path,
    names: Iterable[str] = (),
    form: str = "text",
    *,
    explain: str | None = None,
    since: str | None = None,
    shard: str | None = None,
    afresh: bool = False,
    server: bool = False,
    context: str | None = None,
) -> int:
    """Prints every finding.

    Args:
        folder: somewhere in the repository.
        names: environments, variants, ENV/nni, experiments/NAME; all when empty.
        form: one of `reporting.FORMATS`.
        explain: a number that is to be explained instead.
        since: a revision; what was not touched since HEAD and it parted is left out.
        shard: I/N, a share of what would be verified.
        afresh: whether results of former runs are not asked for.
        server: whether a cluster's API server is asked too, by dry runs.
        context: of which kubectl context; kubectl's current one by default.

    Returns:
        0 where all is well, 1 where something was found.

    Raises:
        InputError: a name is none of the repository's, its answers cannot be read, or `context` is
            given without `server`.
        ToolError: there is no good kustomize, or the API server cannot be asked.
    """
    if explain is not None:
        from fcgitops.commands import explain as explaining  # noqa: PLC0415 - imports all checks

        return explaining.run(explain)
    asked = _server(context) if server else None
    if context is not None and asked is None:
        what = "is of the API server that --server asks"
        raise InputError(Problem("--context", what, f"--server --context {shell.quote(context)}"))
    start = time.monotonic()
    ran = Session(layout.root_of(folder), afresh=afresh)
    wanted = ran.wanted(list(names), since, shard)
    ran.verify(wanted, others=shard is None or shard.startswith("1/"), server=asked)
    report = Report(
        "verify",
        session.rules,
        ran.findings,
        ran.silenced,
        {str(item): f"{item.folder}/{layout.KUSTOMIZATION_FILE}" for item in wanted},
        folder=ran.prefix,
        seconds=time.monotonic() - start,
    )
    tell(form, report)
    if asked:
        terminal.say(f"asked {asked.title} by dry runs")
    for back in ran.silenced:
        place = back.finding.place or back.finding.overlay
        terminal.say(f"ignored: {place}: {back.finding.rule}: {back.reason}")
    terminal.say(f"{_numbers(ran, len(wanted))} in {report.seconds:.1f} s: {_outcome(report)}")
    return FOUND if fails(ran.findings) else 0


def _server(context: str | None) -> ApiServer:
    from fcgitops.verify.server import ApiServer  # noqa: PLC0415 - with --server alone

    return ApiServer(context)


def _numbers(ran: Session, wanted: int) -> str:
    """How much was looked at, and how."""
    known = wanted - len(ran.asked)
    unchanged = f", {known:,} of them unchanged" if known else ""
    return (
        f"{count(wanted, 'kustomization')}{unchanged}, {count(ran.objects, 'object')} built with "
        f"{ran.program}, {ran.checks} checks"
    )


def _outcome(report: Report) -> str:
    """What was found, in words."""
    infos = [finding for finding in report.findings if finding.severity == INFO]
    found = len(report.findings) - len(infos)
    parts = [count(found, "finding") if found else "all well"]
    if infos:
        parts.append(f"{count(len(infos), 'thing')} worth knowing")
    if report.silenced:
        parts.append(f"{len(report.silenced)} ignored")
    return ", ".join(parts)
