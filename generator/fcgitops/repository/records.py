"""Records in which two branches met, and that git has left to be resolved.

Nobody can resolve them by hand, and nobody has to: what they hold is generated anew, from the
sources that the merge has come to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

from fcgitops.core import shell
from fcgitops.core.errors import InputError, Problem
from fcgitops.model import experiment, layout
from fcgitops.repository import provenance
from fcgitops.repository.contents import Repository
from fcgitops.repository.environments import Request
from fcgitops.sync import registry
from fcgitops.text import conflicts


def unresolved(repository: Repository) -> list[str]:
    """The records with conflicts in Git's index."""
    return [path for path in repository.git.unmerged if path.endswith(layout.RECORDS)]


def refuse_unresolved(repository: Repository) -> None:
    """Refuses what does not end conflicts, where records have them: no `git commit` does before.

    Raises:
        InputError: with each of them, and what ends it.
    """
    found = unresolved(repository)
    way_on = f"; then {repository.git.under_way}" if found and repository.git.under_way else ""
    hint = f"`fcgitops overlays` generates it anew{way_on}"
    problems = [Problem(path, conflicts.WHAT, hint) for path in found]
    if problems:
        raise InputError(problems)


def of(paths: Iterable[str]) -> list[str]:
    """The paths that are records, which nobody edits."""
    return [path for path in paths if path.endswith(layout.RECORDS)]


def of_source(repository: Repository, path: str) -> str:
    """The record of what follows from a source."""
    own = f"{path.rpartition('/')[0]}/{layout.RECORD_FILE}"
    return own if (repository.root / own).is_file() else layout.BASE_RECORD


def base_is_unresolved(repository: Repository) -> bool:
    """Whether the base's record has conflicts in Git's index."""
    return layout.BASE_RECORD in unresolved(repository)


def with_unresolved(repository: Repository, requests: Sequence[Request]) -> Sequence[Request]:
    """Requests, and one more for each environment whose record has conflicts.

    Raises:
        InputError: with each source that one branch has deleted: nobody else can decide.
    """
    found = unresolved(repository)
    halved = repository.git.halved if found else set()
    undecided = sorted(halved & {_source(path) for path in found})
    if undecided:
        raise InputError(
            Problem(path, "one branch has changed it, the other one has deleted it",
                    f"`{shell.line('git', 'add', path)}` keeps it, "
                    f"`{shell.line('git', 'rm', path)}` takes it away")
            for path in undecided
        )  # fmt: skip
    known = {request.name for request in requests}
    there = set(repository.environment_names())
    names = {_environment(repository, path) for path in found}
    more = sorted((names & there) - known)
    anew = {_environment(repository, path) for path in halved & {*found}}
    return [
        replace(request, anew=request.name in anew)
        for request in (*requests, *(Request(name, layout.source_path(name)) for name in more))
    ]


def taken_away(repository: Repository) -> dict[str, bytes | None]:
    """What goes where one branch has taken away what the other one has generated anew.

    The source is gone, so that was decided; what is not generated is left to the user.
    """
    halved = repository.git.halved
    folders = [
        path.removesuffix(layout.RECORD_FILE)
        for path in unresolved(repository)
        if path in halved and not (repository.root / _source(path)).exists()
    ]
    return {
        path: None
        for path in halved
        for folder in folders
        if path.startswith(folder)
        and (provenance.is_generated(path) or path == f"{folder}{layout.RECORD_FILE}")
    }


def _source(record: str) -> str:
    """The source of what a record is of."""
    *folders, name, _ = f"/{record}".split("/")
    if folders[-1:] == [layout.EXPERIMENTS]:
        return f"{layout.EXPERIMENTS}/{name}/{layout.RUN_FILE}"
    return layout.ANSWERS if record == layout.BASE_RECORD else layout.source_path(name)


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
