"""Records in which two branches met, and that git has left to be resolved.

Nobody can resolve them by hand, and nobody has to: what they hold is generated anew, from the
sources that the merge has come to.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from fcgitops.core import shell
from fcgitops.core.errors import InputError, Problem
from fcgitops.model import experiment, layout
from fcgitops.repository import provenance, record
from fcgitops.repository.contents import Repository
from fcgitops.repository.environments import Request
from fcgitops.sync import registry
from fcgitops.text import conflicts


def records(repository: Repository) -> list[str]:
    """The records with conflicts in Git's index."""
    return record.among(repository.git.unmerged)


def refuse(repository: Repository) -> None:
    """Refuses what does not end conflicts, where records have them: no `git commit` does before.

    Raises:
        InputError: with each of them, and what ends it.
    """
    found = records(repository)
    way_on = f"; then {repository.git.under_way}" if found and repository.git.under_way else ""
    hint = f"`fcgitops overlays` generates it anew{way_on}"
    problems = [Problem(path, conflicts.WHAT, hint) for path in found]
    if problems:
        raise InputError(problems)


def has_base(repository: Repository) -> bool:
    """Whether the base's record has conflicts in Git's index."""
    return layout.BASE_RECORD in records(repository)


def requests(repository: Repository, wanted: Sequence[Request]) -> Sequence[Request]:
    """Requests, and one more for each environment whose record has conflicts.

    Raises:
        InputError: with each source that one branch has deleted: nobody else can decide.
    """
    found = records(repository)
    halved = repository.git.halved if found else set()
    undecided = sorted(halved & {_source(path) for path in found})
    if undecided:
        raise InputError(
            Problem(path, "one branch has changed it, the other one has deleted it",
                    f"`{shell.line('git', 'add', path)}` keeps it, "
                    f"`{shell.line('git', 'rm', path)}` takes it away")
            for path in undecided
        )  # fmt: skip
    known = {request.name for request in wanted}
    there = set(repository.environment_names())
    names = {_environment(repository, path) for path in found}
    more = sorted((names & there) - known)
    anew = {_environment(repository, path) for path in halved & {*found}}
    return [
        replace(request, anew=request.name in anew)
        for request in (*wanted, *(Request(name, layout.source_path(name)) for name in more))
    ]


def taken_away(repository: Repository) -> dict[str, bytes | None]:
    """What goes where one branch has taken away what the other one has generated anew.

    The source is gone, so that was decided; what is not generated is left to the user.
    """
    halved = repository.git.halved
    folders = [
        path.removesuffix(layout.RECORD_FILE)
        for path in records(repository)
        if path in halved and not (repository.root / _source(path)).exists()
    ]
    return {
        path: None
        for path in halved
        for folder in folders
        if path.startswith(folder)
        and (provenance.is_generated(path) or path == f"{folder}{layout.RECORD_FILE}")
    }


def _source(place: str) -> str:
    """The source of what a record is of."""
    *folders, name, _ = f"/{place}".split("/")
    if folders[-1:] == [layout.EXPERIMENTS]:
        return f"{layout.EXPERIMENTS}/{name}/{layout.RUN_FILE}"
    return layout.ANSWERS if place == layout.BASE_RECORD else layout.source_path(name)


def _environment(repository: Repository, path: str) -> str:
    """The environment that a record belongs to, or its experiment; empty for that of the base."""
    top, *rest = path.split("/")
    if top == layout.OVERLAYS:
        return rest[0]
    if top == layout.EXPERIMENTS:
        with suppress(InputError):  # `experiments` says what is wrong with it
            source = repository.experiment_source(rest[0])
            return experiment.parse(rest[0], source, path).environment
    for tool in registry.TOOLS.values():
        if path.startswith(f"{tool.folder}/"):
            return path.removeprefix(f"{tool.folder}/").split("/")[0]
    return ""
