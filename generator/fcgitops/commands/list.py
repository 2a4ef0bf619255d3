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
    rows = []
    problems: list[Problem] = []
    for name in repository.environment_names():
        try:
            env = repository.environment(name)
        except InputError as error:
            problems += error.problems
            continue
        rows.append(
            {
                "name": name,
                "variant": env.variant,
                "cluster": env.cluster_name,
                "server": env.cluster_server,
                "namespace": env.namespace,
                "sync": env.sync,
            }
            | ({"hold": env.hold} if env.hold else {})
        )
    problems += [
        Problem(
            layout.source_path(name),
            "is missing, or no plain file",
            repository.way_back(layout.source_path(name)),
        )
        for name in repository.headless_names()
    ]
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
