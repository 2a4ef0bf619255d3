"""`fcgitops gates TO`: which gates before an environment are open, and why."""

from __future__ import annotations

import sys
from pathlib import Path

from fcgitops.commands.given import read_text
from fcgitops.core import terminal
from fcgitops.core.errors import FOUND
from fcgitops.core.printable import printable
from fcgitops.git.history import Commit, History
from fcgitops.promotion.gates import Guard, Verdict
from fcgitops.promotion.health import Health, Statuses
from fcgitops.repository.contents import Repository


def run(  # noqa: PLR0913 - the command's options
    folder: Path,
    name: str,
    form: str,
    *,
    source: str | None,
    context: str | None,
    status: str | None,
) -> int:
    """Prints the gates before an environment.

    Args:
        folder: somewhere in the repository.
        name: the environment.
        form: `text` or `json`.
        source: the environment that is to be promoted; by default, the one that each gate names.
        context: the kubectl context of its cluster.
        status: a file of commit statuses; - is standard input.

    Returns:
        0 where all are open, 1 where one is closed.

    Raises:
        InputError: a name is none of the repository's, or the file holds no statuses.
    """
    repository = Repository.find(folder)
    repository.require_answers()
    known = repository.environment_names()
    repository.require([name, *([source] if source else [])], known, "environment")
    history = History(repository.root)
    asked = health(folder, history, history.head, context, status)
    environment = repository.environment(name)
    guard = Guard(repository, repository.root, source or "", asked)
    found = guard.verdicts(environment)
    if environment.hold:
        found.insert(0, Verdict("hold", name, is_open=False, why=environment.hold))
    closed = [verdict for verdict in found if not verdict.is_open]
    if form == "json":
        terminal.as_json(
            {
                "environment": name,
                "from": source,
                "open": not closed,
                "gates": [
                    {"gate": v.gate, "for": v.target, "open": v.is_open, "why": v.why}
                    for v in found
                ],
            }
        )
    style = terminal.style(sys.stdout)
    for verdict in found if form != "json" else ():
        word = style("open", "green") if verdict.is_open else style("closed", "red")
        terminal.data(f"{name}: {verdict.gate}: {word}: {printable(verdict.why)}\n")
    if not found and form != "json":
        terminal.data(f"{name}: no gate stands before it\n")
    return FOUND if closed else 0


def health(
    folder: Path, history: History, commit: Commit, context: str | None, status: str | None
) -> Health:
    """What can be asked of the cluster of an environment.

    Args:
        folder: where the user is.
        history: of the repository that the environment is in.
        commit: in which it is so.
        context: the kubectl context of its cluster.
        status: a file of commit statuses; - is standard input.

    Raises:
        InputError: the file holds none.
    """
    if status is None:
        return Health(history, commit, context)
    where = "standard input" if status == "-" else status
    text = read_text(None if status == "-" else folder / status, where)
    return Health(history, commit, context, Statuses.parse(text, where))
