"""`fcgitops list`: the environments."""

from __future__ import annotations

from pathlib import Path

from fcgitops.core import terminal
from fcgitops.core.errors import InputError, Problem
from fcgitops.model import layout
from fcgitops.repository.contents import Repository


def run(folder: Path, form: str) -> int:
    """Prints one row an environment.

    Args:
        folder: somewhere in the repository.
        form: `text` or `json`.

    Raises:
        InputError: with every environment that cannot be read; the others are printed.
    """
    repository = Repository.find(folder)
    repository.require_answers()
    repository.say_state()
    rows, problems = _rows(repository)
    if form == "json":
        terminal.as_json(rows)
    elif rows:
        shown = dict.fromkeys(name for row in rows for name in row)
        terminal.table([{name: row.get(name, "") for name in shown} for row in rows])
    elif not problems:
        terminal.say("no environments yet: `fcgitops overlay NAME` adds one")
    if problems:
        raise InputError(problems)
    return 0


def _rows(repository: Repository) -> tuple[list[dict[str, str]], list[Problem]]:
    """A row an environment, and the problems of those that cannot be read."""
    rows: list[dict[str, str]] = []
    problems: list[Problem] = []
    for name in repository.environment_names():
        try:
            env = repository.environment(name)
        except InputError as error:
            problems += error.problems
            continue
        row = {
            "name": name,
            "variant": env.variant,
            "cluster": env.cluster_name,
            "server": env.cluster_server,
            "namespace": env.namespace,
            "sync": env.sync,
        }
        rows.append(row | ({"hold": env.hold} if env.hold else {}))
    for name in repository.headless_names():
        path = layout.source_path(name)
        what = "is missing, or no plain file"
        problems.append(Problem(path, what, repository.way_back(path)))
    return rows, problems
