"""What the commands that add or change environments share: requests → one change, with remarks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from fcgitops.commands import leaving
from fcgitops.commands.writing import Options, change
from fcgitops.core.errors import InputError, Problem
from fcgitops.model import layout
from fcgitops.model.environment import CUSTOMIZED_CONFIG
from fcgitops.repository import changes, unresolved
from fcgitops.repository.changes import Change
from fcgitops.repository.contents import Repository
from fcgitops.repository.environments import Planned, Request, plan
from fcgitops.repository.merge import Merged


def write_environments(
    folder: Path,
    requests: Callable[[Repository], Sequence[Request]],
    options: Options,
    *,
    whole: bool = False,
) -> int:
    """Adds or changes environments in one commit. Returns and raises as `change`.

    Args:
        folder: somewhere in the repository.
        requests: what to add or change.
        options: of the command.
        whole: whether the entry points of the repository are brought in line too.
    """

    def make(repository: Repository) -> Change:
        return also_unresolved(repository, requests(repository), whole=whole)

    return change(folder, make, options, resolve=True)


def also_unresolved(
    repository: Repository, requests: Sequence[Request], *, whole: bool = False
) -> Change:
    """What `of_requests` returns, and what a merge has left to be generated anew.

    Git waits for the end of that merge. Arguments and errors as those of `of_requests`.
    """
    wanted = unresolved.requests(repository, requests)
    whole_too = whole or unresolved.has_base(repository)
    what = of_requests(repository, wanted, whole=whole_too)
    what.merged.files |= unresolved.taken_away(repository)
    return what


def of_requests(
    repository: Repository, requests: Sequence[Request], *, whole: bool = False
) -> Change:
    """The change that adds or changes environments, with notes on what a user should know.

    Args:
        repository: as it is on disk.
        requests: what to add or change.
        whole: whether the entry points of the repository are brought in line too.

    Raises:
        InputError: with every problem of every request.
    """
    what = changes.of_environments(repository, requests, whole=whole)
    for item in what.environments:
        what.merged.notes += _remarks(repository, item)
        if edited := _left_over(repository, item, what.merged):
            take = repository.git.typed("rm", paths=[edited])
            what.merged.notes.append(f"nothing reads {edited} now; `{take}` takes it away")
    what.merged.notes += leaving.notes(repository, what.environments)
    return what


def _left_over(repository: Repository, item: Planned, merged: Merged) -> str:
    """The configuration that an environment had, where it stays for its edits; else empty."""
    folder = layout.overlay(item.environment.name)
    path = f"{folder}/{layout.CONFIG_FILE}"
    if item.environment.variant == CUSTOMIZED_CONFIG or path in merged.files:
        return ""
    if not (repository.root / path).exists():
        return ""
    return path if layout.CONFIG_FILE in repository.recorded(folder) else ""


def _remarks(repository: Repository, item: Planned) -> list[str]:
    """What a user should know of one environment as it will be."""
    env, found = item.environment, []
    if env.api_address.startswith("https:") and not env.kubeconfig_secret:
        found.append(
            f"{env.name}: FrameworkController sends no token to apiServer.address unless "
            "apiServer.kubeconfigSecret gives it a kubeconfig"
        )
    if item.let_go:
        show = repository.git.typed("log", "-p", "--", paths=[layout.source_path(env.name)])
        found.append(
            f"{env.name}: its settings go out of {layout.SOURCE_FILE}, for {env.variant} has no "
            f"file for them; `{show}` shows them once more"
        )
    return found


def refuse_all(
    repository: Repository, requests: Sequence[Request], problems: Sequence[Problem]
) -> Sequence[Request]:
    """`requests`, unless there are `problems`: then those of the requests are told with them.

    Raises:
        InputError: with all of them.
    """
    if not problems:
        return requests
    try:
        plan(repository, requests)
    except InputError as error:
        problems = [*problems, *error.problems]
    raise InputError(problems)
