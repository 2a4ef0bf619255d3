"""`fcgitops promote FROM TO…`: what was proven in one environment goes to others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fcgitops.commands import environments, given, writing
from fcgitops.commands.gates import health
from fcgitops.commands.writing import Options
from fcgitops.core import shell
from fcgitops.core.errors import FoundError, InputError, Problem
from fcgitops.core.lazy import regex
from fcgitops.promotion import origin as origins
from fcgitops.promotion import targets
from fcgitops.promotion.gates import Guard, Verdict, overruled
from fcgitops.promotion.origin import Origin
from fcgitops.promotion.targets import Label, Wave
from fcgitops.repository import promotion
from fcgitops.repository.changes import Change
from fcgitops.repository.contents import Repository
from fcgitops.repository.environments import Request
from fcgitops.repository.merge import Merged
from fcgitops.text.words import count

_TRAILER = regex(r"[A-Za-z][A-Za-z0-9-]*: \S")
_MOST = 3
"""So many environments the commit's first line names."""


@dataclass(frozen=True)
class Asked:
    """What is to be promoted.

    Attributes:
        source: the environment that it comes from.
        names: those that it goes to.
        label: of those that it goes to instead.
        percent: how many of a hundred of them now; 0 for all.
        overrule: why closed gates do not matter; None where nobody says so.
        trailers: lines for the end of the commit's message.
        from_repo: PATH[@REV] of another repository that the source is in.
    """

    source: str
    names: tuple[str, ...]
    label: Label | None
    percent: int
    overrule: str | None
    trailers: tuple[str, ...]
    from_repo: str | None


def run(  # noqa: PLR0913 - the command's options
    folder: Path,
    source: str,
    names: tuple[str, ...],
    *,
    label: str | None,
    wave: str | None,
    context: str | None,
    status: str | None,
    overrule: str | None,
    trailers: tuple[str, ...],
    from_repo: str | None,
    **options: Any,  # noqa: ANN401
) -> int:
    """Copies what travels of one environment to others, in one commit.

    Args:
        folder: somewhere in the repository.
        source: the environment that it comes from.
        names: those that it goes to.
        label: KEY=VALUE of those that it goes to instead.
        wave: how many of them now, such as 10%.
        context: the kubectl context of the source's cluster, for gates.
        status: a file of commit statuses, for gates; - is standard input.
        overrule: why closed gates do not matter.
        trailers: KEY: VALUE each, for the end of the commit's message.
        from_repo: PATH[@REV] of another repository that the source is in.
        options: those of `writing.Options`.

    Returns:
        0, or 1 where the user's edits and the new text conflict.

    Raises:
        InputError, ToolError: nothing was written.
        FoundError: a gate is closed, or `verify` would fail afterwards; nothing was written.
    """
    asked = Asked(
        source,
        names,
        Label.parse(label, "--label") if label is not None else None,
        targets.parse_wave(wave, "--wave") if wave is not None else 0,
        overrule,
        trailers,
        from_repo,
    )
    _refuse_words(asked)
    how = Options(**options)
    told: list[str] = []

    def make(repository: Repository) -> Change:
        with origins.of(repository, asked.from_repo, folder, source) as origin:
            asking = health(folder, origin, context, status)
            on_branch = how.branch is not None
            guard = Guard(repository, origin, asking, trailers, on_branch=on_branch)
            return _planned(repository, asked, origin, guard, told)

    def foresee(repository: Repository, what: Change) -> Sequence[str]:
        from fcgitops.promotion.preview import Preview  # noqa: PLC0415 - imports every rule

        preview = Preview(repository.root, what.merged.files)
        preview.refuse_faults(item.environment.name for item in what.environments)
        return [*told, "", *preview.lines()]

    return writing.change(folder, make, how, foresee=foresee)


def _refuse_words(asked: Asked) -> None:
    """Refuses what would not stand in a commit's message as it is meant.

    Raises:
        InputError: with each.
    """
    problems = [
        Problem("--trailer", f"{text!r} is no trailer", "'Approved-by: Ada <ada@example.com>'")
        for text in asked.trailers
        if not (_TRAILER.match(text) and text.isprintable())
    ]
    problems += given.no_reason(asked.overrule)
    if problems:
        raise InputError(problems)


def _planned(
    repository: Repository, asked: Asked, origin: Origin, guard: Guard, told: list[str]
) -> Change:
    """What the repository holds afterwards; `told` gets what is said of it first."""
    own = "" if origin.elsewhere else origin.name
    names = targets.candidates(repository, own, asked.names, asked.label)
    names, held = _not_held(repository, names, by_name=asked.label is None)
    requests = _requests(repository, origin, names)
    if not requests:
        where = names[0] if len(names) == 1 else count(len(names), "environment")
        verb = "has" if len(names) == 1 else "have"
        return Change(Merged(), idle=f"{where} {verb} all that travels of {asked.source}")
    wave = Wave.of(names, [n for n in names if n not in requests], asked.percent or 100)
    overruled = _overruled(repository, asked, guard, wave.taken)
    what = environments.of_requests(repository, [requests[name] for name in wave.taken])
    told.append(origin.leads_to(wave.taken))
    if repository.answers.gates.items:  # a pull request's check asks them
        what.lead = told[0]
    if asked.percent:
        told.append(str(wave))
    what.merged.notes += held + origin.notes(repository)
    few = len(wave.taken) <= _MOST
    to = ", ".join(wave.taken) if few else count(len(wave.taken), "environment")
    what.title = f"Promote {asked.source} to {to}"
    for lines in filter(None, (overruled, asked.trailers)):
        what.footer = [*what.footer, "", *lines]
    return what


def _requests(repository: Repository, origin: Origin, names: Sequence[str]) -> dict[str, Request]:
    """The requests of environments that have not all that travels, by name.

    Raises:
        InputError: with every problem of every environment.
    """
    source = promotion.side(origin.repository, origin.name)
    found: dict[str, Request] = {}
    problems: list[Problem] = []
    for name in names:
        try:
            request = promotion.request(repository, source, name, repository.answers.promote)
        except InputError as error:
            problems += error.problems
            continue
        if request:
            found[name] = request
    if problems:
        raise InputError(problems)
    return found


def _overruled(repository: Repository, asked: Asked, guard: Guard, names: list[str]) -> list[str]:
    """What is to stand in the commit of closed gates: which, and why they do not matter.

    Raises:
        FoundError: one is closed, and nothing is said of why that does not matter.
    """
    closed: dict[str, list[Verdict]] = {}
    for name in names:
        verdicts = guard.verdicts(repository.environment(name))
        if wrong := [verdict for verdict in verdicts if not verdict.is_open]:
            closed[name] = wrong
    if closed and asked.overrule is None:
        raise FoundError(
            Problem(name, f"the gate {v.gate} is closed: {v.why}", "or --overrule 'REASON'")
            for name, wrong in closed.items()
            for v in wrong
        )
    named: dict[tuple[str, ...], list[str]] = {}
    for name, wrong in closed.items():
        named.setdefault(tuple(dict.fromkeys(v.gate for v in wrong)), []).append(name)
    reason = asked.overrule or ""
    return [overruled(gates, those, reason) for gates, those in named.items()]


def _not_held(
    repository: Repository, names: list[str], *, by_name: bool
) -> tuple[list[str], list[str]]:
    """The environments that are not held, and a note on each of the others.

    Raises:
        FoundError: one that was named is held.
    """
    found = {name: repository.environment(name).hold for name in names}
    held = [
        Problem(name, f"is held: {why}", shell.line("fcgitops", "rollback", name, "--release"))
        for name, why in found.items()
        if why
    ]
    if held and (by_name or len(held) == len(names)):
        raise FoundError(held)
    return [name for name, why in found.items() if not why], [f"left out: {p}" for p in held]
