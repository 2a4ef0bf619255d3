"""`fcgitops overlays`: adds or changes many environments at once, from a YAML list or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fcgitops.commands.writing import Options, read_text, refuse_all, write_environments
from fcgitops.core.errors import InputError, Problem
from fcgitops.model.answers import parse_value
from fcgitops.model.environment import KEYS
from fcgitops.repository import environments
from fcgitops.repository.contents import Repository, source_path
from fcgitops.repository.environments import Request
from fcgitops.text import keypaths, yamlio
from fcgitops.text.values import did_you_mean


def run(folder: Path, source: str | None, **options: Any) -> int:  # noqa: ANN401
    """Adds or changes what the list names; without a list, brings all environments in line.

    Args:
        folder: somewhere in the repository.
        source: a file, or - for standard input.
        options: those of `writing.Options`.

    Returns:
        0, or 1 where the user's edits and the new text conflict.

    Raises:
        InputError: with every problem of every item; nothing was written.
    """
    if source is None:
        return write_environments(folder, _all, Options(**options), whole=True)
    name = "standard input" if source == "-" else source
    text = read_text(None if source == "-" else folder / source, name)
    requests, problems = parse(text, name)
    return write_environments(
        folder, lambda repository: refuse_all(repository, requests, problems), Options(**options)
    )


def _all(repository: Repository) -> list[Request]:
    return [Request(name, source_path(name)) for name in repository.environment_names()]


def parse(text: str, where: str) -> tuple[list[Request], list[Problem]]:
    """The requests of a YAML list of mappings, or of CSV with a head line, and what is wrong.

    Both know the keys of environment.yaml and `name`; CSV writes a nested one with dots
    (`cluster.server`, `settings.workerNumber`) and leaves out what an empty cell is for.

    Raises:
        InputError: it is neither.
    """
    first = next((line for line in text.splitlines() if line.strip() and line[0] != "#"), "")
    is_csv = not first.lstrip().startswith(("-", "[")) and first.split(",")[0].strip() == "name"
    return _from_csv(text, where) if is_csv else _from_yaml(text, where)


def _from_yaml(text: str, where: str) -> tuple[list[Request], list[Problem]]:
    items = yamlio.load(text.encode(), where)
    if not isinstance(items, list):
        raise InputError(
            Problem(
                where, "is no list of environments", "`- name: prod` items, or CSV with `name,…`"
            )
        )
    problems: list[Problem] = []
    requests = []
    for number, item in enumerate(items, 1):
        place = f"{where}: item {number}"
        name = item.get("name") if isinstance(item, dict) else None
        if not isinstance(name, str):
            problems.append(Problem(place, "has no name", "name: prod"))
            continue
        place = f"{place} ({name})"
        flat, wrong = keypaths.flatten({k: v for k, v in item.items() if k != "name"}, place, KEYS)
        problems += wrong
        requests.append(Request(name, place, flat))
    return requests, problems


def _from_csv(text: str, where: str) -> tuple[list[Request], list[Problem]]:
    rows = csv.DictReader(io.StringIO(text), skipinitialspace=True)
    problems = _unknown_columns(rows.fieldnames or (), where)
    requests = []
    for row in rows:
        place = f"{where}:{rows.line_num}"
        if None in row or None in row.values():
            problems.append(Problem(place, "has not as many cells as the head line"))
            continue
        cells = {key.strip(): cell.strip() for key, cell in row.items() if key and cell.strip()}
        try:
            requests.append(_request({k: v for k, v in cells.items() if _is_column(k)}, place))
        except InputError as error:
            problems += error.problems
    return requests, problems


def _unknown_columns(columns: Sequence[str], where: str) -> list[Problem]:
    known = ["name", *(path for path in KEYS if path != "settings")]
    return [
        Problem(f"{where}: column {column!r}", "is not known", did_you_mean(column, known))
        for column in map(str.strip, columns)
        if not _is_column(column)
    ]


def _is_column(name: str) -> bool:
    return name == "name" or (name in KEYS and name != "settings") or name.startswith("settings.")


def _request(cells: dict[str, str], place: str) -> Request:
    name = cells.pop("name", "")
    sets = [
        f"{key.removeprefix('settings.')}={cell}"
        for key, cell in cells.items()
        if key.startswith("settings.")
    ]
    given = {
        key: parse_value(key, cell, place)
        for key, cell in cells.items()
        if not key.startswith("settings.")
    }
    return Request(name, f"{place} ({name})", given, environments.parse_sets(sets, place)[1])
