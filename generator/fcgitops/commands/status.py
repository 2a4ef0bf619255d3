"""`fcgitops status`: what of a repository is as generated, edited, missing or out of line."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from fcgitops import __version__
from fcgitops.core import terminal
from fcgitops.core.errors import InputError, Problem
from fcgitops.model import layout
from fcgitops.repository import experiments, generated, update
from fcgitops.repository.contents import WAY_ON, Repository
from fcgitops.repository.generated import File, State
from fcgitops.text.words import count


def run(folder: Path, form: str) -> int:
    """Says what became of what was generated.

    Args:
        folder: somewhere in the repository.
        form: `text` or `json`.

    Returns:
        0, whatever it says.

    Raises:
        InputError: a newer version wrote the repository, or a sparse checkout leaves out files.
    """
    repository = Repository.find(folder)
    repository.require_no_newer_version()
    _refuse_left_out(repository, *layout.READ)
    repository.say_state()
    files = generated.files(repository)
    _refuse_left_out(
        repository, *{f.path.partition("/")[0] for f in files if f.state is State.MISSING}
    )
    found = _Found(repository, files, *_drift(repository), _held(repository))
    if form == "json":
        _show_as_json(found)
    else:
        _show(found)
    return 0


class _Found(NamedTuple):
    """What there is to say of a repository."""

    repository: Repository
    files: list[File]
    drifted: list[str]
    """The files that another text would be generated for now."""
    problems: list[str]
    """Why that cannot be told."""
    held: dict[str, str]
    """The environments that nothing is promoted to, and why."""


def _show_as_json(found: _Found) -> None:
    version = found.repository.version
    terminal.as_json(
        {
            "version": version,
            "newer": __version__ if version != __version__ else None,
            "files": [_row(file) for file in found.files],
            "drift": found.drifted,
            "held": found.held,
            "problems": found.problems,
        }
    )


def _show(found: _Found) -> None:
    version = found.repository.version
    if found.repository.update_waits:
        terminal.data(f"an update waits for its conflicts: {WAY_ON}\n")
    elif version != __version__:
        terminal.data(
            f"fcgitops {version} wrote this repository, this is {__version__}: `fcgitops update`\n"
        )
    for file in found.files:
        if file.state is State.EDITED:
            terminal.row("edited", "yellow", f"{file.path}: {_lines(file)}{_otherwise(file)}")
        elif file.state is State.MISSING:
            terminal.row("missing", "red", file.path)
    for path in found.drifted:
        terminal.row("out of line", "yellow", path)
    for problem in found.problems:
        terminal.row("cannot be generated", "red", problem)
    for name, why in found.held.items():
        terminal.row("held", "yellow", f"{name}: {why}")
    states = Counter(file.state for file in found.files)
    told = ", ".join(f"{states[state]} {state}" for state in State)
    terminal.data(f"{count(len(found.files), 'file')}: {told}\n")
    if found.drifted:
        terminal.say("`fcgitops update` brings all in line with their sources; your edits stay")


def _refuse_left_out(repository: Repository, *folders: str) -> None:
    """Refuses to speak of what a sparse checkout leaves out.

    Raises:
        InputError: with what brings it here.
    """
    if repository.head:
        repository.head.refuse_left_out(*folders)


def _drift(repository: Repository) -> tuple[list[str], list[str]]:
    """The files that another text would be generated for now, and why that cannot be told."""
    if repository.version != __version__:  # all of them may
        return [], []
    problems: list[Problem] = []
    for name in repository.experiment_names():  # an update leaves these as they are
        try:
            experiments.as_it_is(repository, name)
        except InputError as error:
            problems += error.problems
    try:
        drifted = update.plan(repository).merged.stale(repository.root)
    except InputError as error:
        drifted, problems = [], [*error.problems, *problems]
    return drifted, list(dict.fromkeys(map(str, problems)))


def _held(repository: Repository) -> dict[str, str]:
    """The environments that nothing is promoted to, and why; those that can be read."""
    found = {}
    for name in repository.environment_names():
        with suppress(InputError):
            if b"hold" in (repository.source(name) or b""):
                found[name] = repository.environment(name).hold
    return {name: why for name, why in found.items() if why}


def _lines(file: File) -> str:
    spans = [str(first) if first == last else f"{first}-{last}" for first, last in file.lines]
    return f"line{'s' if len(spans) > 1 or '-' in spans[0] else ''} {', '.join(spans)}"


def _otherwise(file: File) -> str:
    return ", which says otherwise than its source" if file.contradicts else ""


def _row(file: File) -> dict[str, Any]:
    row: dict[str, Any] = {"path": file.path, "state": file.state.name.lower()}
    if file.state is State.EDITED:
        row |= {"lines": [list(span) for span in file.lines], "contradicts": file.contradicts}
    return row
