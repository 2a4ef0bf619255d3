"""`fcgitops overlays`: adds or changes many environments at once, from a YAML list or CSV."""

from __future__ import annotations

import csv
import io
from collections import Counter
from contextlib import suppress
from itertools import compress
from pathlib import Path
from typing import Any

from fcgitops.commands.environments import refuse_all, write_environments
from fcgitops.commands.given import read_text
from fcgitops.commands.writing import Options
from fcgitops.core.errors import InputError, Problem
from fcgitops.core.lazy import regex
from fcgitops.model import assignments, layout
from fcgitops.model.environment import KEYS, OTHERS_RULES, READ_BY_ARGOCD, TEXTS
from fcgitops.repository.contents import Repository
from fcgitops.repository.environments import Request
from fcgitops.text import scalars, yamlio

SEPARATORS = (",", ";", "\t")
"""Between the cells of CSV: which one a spreadsheet writes, its user's country decides."""
_ASIDE = regex(r"\s*(#.*|sep=.)?$")
"""A line before the head line: empty, a comment, or a spreadsheet's note of its separator."""
_KNOWN = [key for key in KEYS if key != "settings"]


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
    repository.say_state()  # it is not all of them that are here, maybe
    return [Request(name, layout.source_path(name)) for name in repository.environment_names()]


def parse(text: str, where: str) -> tuple[list[Request], list[Problem]]:
    """The requests of a YAML list of mappings, or of CSV with a head line, and what is wrong.

    Both know the keys of environment.yaml and `name`; CSV writes a nested one, and one entry of a
    mapping, with dots (`cluster.server`, `settings.workerNumber`, `labels.team`), and leaves out
    what an empty cell is for. Commas, semicolons or tabs separate its cells.

    Raises:
        InputError: it is neither.
    """
    lines = list(io.StringIO(text))
    skipped = next((i for i, line in enumerate(lines) if not _ASIDE.match(line)), len(lines))
    head = "".join(lines[skipped : skipped + 1])
    separator = next((s for s in SEPARATORS if "name" in _cells(head, s)), None)
    if separator is None or head.lstrip().startswith(("-", "[")):
        return _from_yaml(text, where)
    try:
        return _from_csv("".join(lines[skipped:]), separator, skipped, where)
    except csv.Error as error:
        raise InputError(Problem(where, f"is no CSV: {error}")) from error


def _cells(line: str, separator: str) -> list[str]:
    with suppress(csv.Error, StopIteration):
        return [cell.strip() for cell in next(_reader(line, separator))]
    return []


def _reader(text: str, separator: str) -> Any:  # noqa: ANN401 - csv's own class
    spaced = separator != "\t"
    return csv.reader(io.StringIO(text), delimiter=separator, skipinitialspace=spaced)


def _from_yaml(text: str, where: str) -> tuple[list[Request], list[Problem]]:
    root = yamlio.compose(text.encode(), where)
    scalars.take_as_text(root, (None, "name"))
    problems = scalars.misread(root, where, texts=TEXTS, shared=READ_BY_ARGOCD, but=OTHERS_RULES)
    items = yamlio.construct(root, where)
    if not isinstance(items, list):
        raise InputError(
            Problem(
                where, "is no list of environments", "`- name: prod` items, or CSV with `name,…`"
            )
        )
    requests = []
    for number, item in enumerate(items, 1):
        place = f"{where}: item {number}"
        name = item.get("name") if isinstance(item, dict) else None
        if not isinstance(name, str):
            problems.append(Problem(place, "has no name", "name: prod"))
            continue
        place = f"{place} ({name})"
        keys = {key: value for key, value in item.items() if key != "name"}
        typed, wrong = assignments.of_mapping(keys, place, list(KEYS))
        problems += wrong
        requests.append(Request.of(name, place, typed))
    return requests, problems


def _from_csv(
    text: str, separator: str, skipped: int, where: str
) -> tuple[list[Request], list[Problem]]:
    rows = _reader(text, separator)
    columns = [column.strip() for column in next(rows)]
    while not columns[-1]:  # a separator at the end of each line
        columns.pop()
    problems = _unknown(columns, where)
    right = [column != "name" and _is_column(column) for column in columns]
    requests = []
    for row in rows:
        place = f"{where}:{rows.line_num + skipped}"
        cells = [cell.strip() for cell in row]
        if not any(cells):  # a spreadsheet's empty line
            continue
        if not any(cells[len(columns) :]):
            del cells[len(columns) :]
        if len(cells) != len(columns):
            what = "has not as many cells as the head line"
            problems.append(Problem(place, f"{what}: {len(cells)}, not {len(columns)}"))
            continue
        name = cells[columns.index("name")]
        given = compress(zip(columns, cells, strict=True), right)
        pairs = [f"{column}={cell}" for column, cell in given if cell]
        typed, more = assignments.parse(pairs, place, _KNOWN)
        problems += more
        requests.append(Request.of(name, f"{place} ({name})", typed))
    return requests, problems


def _is_column(column: str) -> bool:
    """FrameworkController's settings stand below `settings`, as they do in environment.yaml."""
    return "=" not in column and (
        column == "name"
        or column.startswith("settings.")
        or assignments.target(column, _KNOWN) is not None
    )


def _unknown(columns: list[str], where: str) -> list[Problem]:
    problems = []
    for column, times in Counter(columns).items():
        place = f"{where}: column {column!r}"
        if not _is_column(column):
            hint = assignments.hint(column, ["name", *_KNOWN])
            problems.append(Problem(place, "is not known", hint))
        elif times > 1:
            problems.append(Problem(place, "is there twice", "once"))
    return problems
