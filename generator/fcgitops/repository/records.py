"""Records in which two branches met, and that git has left to be resolved.

Nobody can resolve them by hand, and nobody has to: what they hold is generated anew, from the
sources that the merge has come to.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from fcgitops.core.errors import InputError
from fcgitops.model import experiment, layout
from fcgitops.repository.contents import Repository
from fcgitops.repository.environments import Request
from fcgitops.sync import registry


def unresolved(repository: Repository) -> list[str]:
    """The records with conflicts in Git's index."""
    ends = (f"/{layout.RECORD_FILE}", layout.BASE_RECORD)
    return [path for path in repository.git.unmerged if path.endswith(ends)]


def base_is_unresolved(repository: Repository) -> bool:
    """Whether that of the base is one of them."""
    return layout.BASE_RECORD in unresolved(repository)


def with_unresolved(repository: Repository, requests: Sequence[Request]) -> Sequence[Request]:
    """Requests, and one more for each environment that has such a record."""
    known = {request.name for request in requests}
    there = set(repository.environment_names())
    names = {_environment(repository, path) for path in unresolved(repository)}
    more = sorted((names & there) - known)
    return [*requests, *(Request(name, layout.source_path(name)) for name in more)]


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
