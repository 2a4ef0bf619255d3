"""`fcgitops overlay NAME`: adds or changes one environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fcgitops import environments
from fcgitops.commands.writing import Options, read_config, write_environments
from fcgitops.environments import Request


def run(  # noqa: PLR0913 - the command's options
    folder: Path,
    name: str,
    *,
    variant: str | None,
    cluster: str | None,
    namespace: str | None,
    config: Path | None,
    sets: tuple[str, ...],
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
        options: those of `writing.Options`.

    Returns:
        0, or 1 where the user's edits and the new text conflict.

    Raises:
        InputError, ToolError: nothing was written.
    """
    given, settings = environments.parse_sets(sets, "--set")
    if variant is not None:
        given["variant"] = variant
    if cluster is not None:
        given["cluster.server" if "://" in cluster else "cluster.name"] = cluster
    if namespace is not None:
        given["namespace"] = namespace
    text = read_config(folder / config) if config is not None else None
    request = Request(name, f"environment {name!r}", given, settings, text)
    return write_environments(folder, lambda _: [request], Options(**options))
