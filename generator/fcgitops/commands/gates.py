"""`fcgitops gates TO`: which gates before an environment are open, and why."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import NamedTuple

from fcgitops.commands.given import read_text
from fcgitops.core import terminal
from fcgitops.core.errors import FOUND, InputError, Problem
from fcgitops.core.printable import line
from fcgitops.git.history import History
from fcgitops.model.environment import Environment
from fcgitops.model.gates import before
from fcgitops.promotion import origin as origins
from fcgitops.promotion.gates import Guard, Verdict
from fcgitops.promotion.health import Health, Statuses
from fcgitops.promotion.origin import Origin
from fcgitops.repository.contents import Repository

HELD = "hold"
"""The gate that stands before an environment that is held."""


def run(  # noqa: PLR0913 - the command's options
    folder: Path,
    name: str,
    form: str,
    *,
    source: str | None,
    context: str | None,
    status: str | None,
    from_repo: str | None,
) -> int:
    """Prints the gates before an environment.

    Args:
        folder: somewhere in the repository.
        name: the environment.
        form: `text` or `json`.
        source: the environment that is to be promoted; by default, the one that each gate names.
        context: the kubectl context of its cluster.
        status: a file of commit statuses; - is standard input.
        from_repo: PATH[@REV] of another repository that it is in.

    Returns:
        0 where all are open, 1 where one is closed that no commit overrules.

    Raises:
        InputError: a name is none of the repository's, or the file holds no statuses; or what is
            in another repository is not what its cluster runs.
    """
    repository = Repository.find(folder)
    repository.require_answers()
    own = [source] if source and from_repo is None else []
    repository.require([name, *own], repository.environment_names(), "environment")
    environment = repository.environment(name)
    with _origin(repository, folder, source, from_repo, environment) as origin:
        guard = Guard(repository, origin, health(folder, origin, context, status))
        found = guard.verdicts(environment)
        overruled = guard.overruled(environment)
    overruled.pop(HELD, None)  # which nobody may
    if environment.hold:
        found.insert(0, Verdict(HELD, name, is_open=False, why=environment.hold))
    rows = [
        _Row(verdict, "" if verdict.is_open else overruled.get(verdict.gate, ""))
        for verdict in found
    ]
    if form == "json":
        _show_as_json(name, source, rows)
    else:
        _show(name, rows)
    return 0 if all(row.passes for row in rows) else FOUND


class _Row(NamedTuple):
    """A gate's verdict, and why a commit says that it does not matter; "" where none says so."""

    verdict: Verdict
    overruled: str

    @property
    def passes(self) -> bool:
        """Whether it keeps nothing from being promoted."""
        return self.verdict.is_open or bool(self.overruled)


def _show(name: str, rows: Sequence[_Row]) -> None:
    """Prints the gates before an environment, a line each."""
    style = terminal.style(sys.stdout)
    for verdict, overruled in rows:
        word = style("open", "green") if verdict.is_open else style("closed", "red")
        more = f"; overruled: {overruled}" if overruled else ""
        terminal.data(f"{name}: {verdict.gate}: {word}: {line(verdict.why + more)}\n")
    if not rows:
        terminal.data(f"{name}: no gate stands before it\n")


def _show_as_json(name: str, source: str | None, rows: Sequence[_Row]) -> None:
    """Prints the same as data; docs/json.md has its shape."""
    terminal.as_json(
        {
            "environment": name,
            "from": source,
            "open": all(row.passes for row in rows),
            "gates": [
                {
                    "gate": verdict.gate,
                    "for": verdict.target,
                    "open": verdict.is_open,
                    "why": verdict.why,
                    "overruled": overruled or None,
                }
                for verdict, overruled in rows
            ],
        }
    )


def _origin(
    repository: Repository,
    folder: Path,
    source: str | None,
    from_repo: str | None,
    environment: Environment,
) -> AbstractContextManager[Origin]:
    """What is to be promoted; of this repository it may be one that each gate names."""
    gates = before(repository.answers.gates, environment)
    if from_repo is None or not gates:
        history = History(repository.root)
        return nullcontext(Origin(source or "", repository, history.head, history))
    named = {source} if source else {gate.source for gate in gates} - {""}
    if len(named) != 1:
        what = f"is not given, and the gates before {environment.name} do not name one environment"
        raise InputError(Problem("--from", what, f"the environment of {from_repo}"))
    return origins.elsewhere(repository, from_repo, folder, named.pop())


def health(folder: Path, origin: Origin, context: str | None, status: str | None) -> Health:
    """What can be asked of the cluster of an environment.

    Args:
        folder: where the user is.
        origin: the environment.
        context: the kubectl context of its cluster.
        status: a file of commit statuses; - is standard input.

    Raises:
        InputError: the file holds none.
    """
    statuses = None
    if status is not None:
        where = "standard input" if status == "-" else status
        text = read_text(None if status == "-" else folder / status, where)
        statuses = Statuses.parse(text, where)
    return Health(origin.history, origin.commit, context, statuses, origin.repository)
