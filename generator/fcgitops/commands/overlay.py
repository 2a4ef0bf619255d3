"""`fcgitops overlay NAME`: adds or changes one environment."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from fcgitops.commands import environments, writing
from fcgitops.commands.given import read_text
from fcgitops.commands.writing import Options
from fcgitops.core import shell, terminal
from fcgitops.core.errors import FoundError, InputError, Problem
from fcgitops.core.printable import printable
from fcgitops.model import assignments, layout
from fcgitops.model import settings as settings_table
from fcgitops.model.assignments import SETTABLE
from fcgitops.model.environment import KEYS, check_name
from fcgitops.repository import record
from fcgitops.repository.changes import Change
from fcgitops.repository.contents import Repository
from fcgitops.repository.environments import Request
from fcgitops.repository.merge import merge
from fcgitops.text import yamlio
from fcgitops.text.tree import Tree


def run(  # noqa: PLR0913 - the command's options
    folder: Path,
    name: str,
    *,
    variant: str | None,
    cluster: str | None,
    namespace: str | None,
    config: Path | None,
    sets: tuple[str, ...],
    unset: tuple[str, ...],
    take: bool,
    **options: Any,  # noqa: ANN401
) -> int:
    """Adds or changes the environment `name`.

    Args:
        folder: somewhere in the repository.
        name: the environment.
        variant: default-config or customized-config; as it is, or default-config, when None.
        cluster: the name of its cluster, or its API server's URL.
        namespace: where FrameworkController runs.
        config: a file of settings, relative to the folder that the user is in.
        sets: KEY=VALUE each.
        unset: KEY each: it goes out of environment.yaml, so that its default holds.
        take: make of edits of its generated files the keys that they mean; taken alone.
        options: those of `writing.Options`.

    Returns:
        0, or 1 where the user's edits and the new text conflict.

    Raises:
        InputError, ToolError: nothing was written.
        FoundError: with `take`, there are edits, and none means a key.
    """
    how = Options(**options)
    if take:
        others = {"--variant": variant, "--cluster": cluster, "--namespace": namespace,
                  "--config": config, "--set": sets, "--unset": unset}  # fmt: skip
        return _take(folder, name, [option for option, given in others.items() if given], how)
    own = {"variant": "--variant", "cluster": "--cluster"}
    typed, problems = assignments.parse(sets, "--set", SETTABLE, options=own)
    gone, more = assignments.parse_unset(unset, "--unset", list(KEYS))
    problems += more
    if variant is not None:
        typed.given["variant"] = variant
    if cluster is not None:
        typed.given["cluster.server" if "://" in cluster else "cluster.name"] = cluster
    if namespace is not None:
        typed.given["namespace"] = namespace
    problems += [
        Problem("--unset", f"{'.'.join(path)!r} is set too", "one of the two")
        for path in typed.paths()
        if path in gone
    ]
    text = _read_settings(folder / config, str(config)) if config is not None else None
    request = Request.of(name, f"environment {name!r}", typed, text, gone)
    _ask_about(name, Repository.find(folder), ask=not how.dry_run)
    return environments.write_environments(
        folder, lambda repository: environments.refuse_all(repository, [request], problems), how
    )


def _take(folder: Path, name: str, others: Collection[str], how: Options) -> int:
    """Makes of edits of generated files the keys that they mean. Returns and raises as `run`."""
    from fcgitops.repository.taking import taken  # noqa: PLC0415 - for --take alone

    if others:
        raise InputError(
            Problem(option, "is not taken together with --take", "one of the two")
            for option in others
        )

    def make(repository: Repository) -> Change:
        repository.require([name], repository.environment_names(), "environment")
        found = taken(repository, name)
        if found.rest and not found.guesses:
            raise FoundError(found.rest)
        what = environments.also_unresolved(repository, [found.request])
        what.title = f"Take edits of {layout.overlay(name)} into its {layout.SOURCE_FILE}"
        what.told = [f"taken: {guess}" for guess in found.guesses]
        what.merged.notes += map(str, found.rest)
        _spell(repository, what, found.spelled)
        return what

    return writing.change(folder, make, how, resolve=True)


def _spell(repository: Repository, what: Change, spelled: Tree) -> None:
    """Merges files as their values are spelled where they are generated, not as they are there."""
    for path, mine in spelled.items():
        folder, _, name = path.rpartition("/")
        place = f"{folder}/{layout.RECORD_FILE}"
        sides = (repository.file(place), what.merged.files[place])
        base, theirs = ({path: record.known(data).get(name, b"")} for data in sides)
        what.merged.conflicts.pop(path, None)
        what.merged.add(merge(base, {path: mine}, theirs))
        what.overwrite = [*what.overwrite, path]


def _ask_about(name: str, repository: Repository, *, ask: bool) -> None:
    """Says that a name is a new one where it is close to a known one, and asks a person.

    Raises:
        InputError: he meant the other one.
    """
    known = repository.environment_names()
    near = [] if name in known else get_close_matches(name, known, n=1, cutoff=0.7)
    if not near or check_name(name, ""):
        return
    terminal.say(f"note: {name} is a new environment; {near[0]} is there already")
    if ask and terminal.interactive() and not click.confirm(f"Add {name}?", err=True):
        raise InputError(Problem(name, "was not added", shell.line("fcgitops", "overlay", near[0])))


def _read_settings(path: Path, name: str) -> str:
    """The text of a file of settings, whose mistakes are reported with its own name.

    Raises:
        InputError: with every mistake in it.
    """
    from fcgitops.fcconfig import wrapped  # noqa: PLC0415 - with --config only
    from fcgitops.fcconfig.check import check  # noqa: PLC0415
    from fcgitops.fcconfig.findings import faults  # noqa: PLC0415

    data, note = wrapped.taken_out(read_text(path, name).encode())
    text = data.decode()
    problems = [found.problem(name) for found in faults(check(text.encode()))]
    if problems:
        raise InputError(problems)
    wrong = settings_table.check(yamlio.load(text.encode(), name))
    if wrong:
        raise InputError(Problem(name, line) for line in wrong.split("\n"))
    if note:
        terminal.note(f"{printable(name)} {note}")
    return text
