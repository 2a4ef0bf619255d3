"""`fcgitops config …`: FrameworkController's own configuration file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fcgitops.cli import completion, options
from fcgitops.core.reporting import FORMATS


@click.group(cls=options.Group)
def config() -> None:
    """Checks, merges and explains FrameworkController's configuration."""


@config.command(name="check")
@click.argument("files", nargs=-1, type=options.PATH, metavar="[FILE…]")
@options.form(*FORMATS)
@options.hazards
@click.option("--strict", is_flag=True, help="Exit 1 also where an accepted file can panic later.")
@options.at
@click.pass_context
def config_check(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Says of each FILE whether FrameworkController starts with it.

    FILE may be - for standard input. Without FILE it checks all files of the repository, and
    those that its environments would be generated with.

    Verdicts: reject (FrameworkController panics), hazard (it starts, but ignores or changes a
    value), accept.
    """
    from fcgitops.commands import config as command  # noqa: PLC0415

    return command.check(options.folder(context, at), **given)


@config.command(name="merge")
@click.argument("file", type=options.PATH, metavar="FILE")
@click.option("--replace", is_flag=True, help="Take FILE's podFailureSpec as the whole list.")
@options.at
@click.pass_context
def config_merge(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Prints FILE merged over the settings of customized-config.

    It keeps the podFailureSpec of the image.
    """
    from fcgitops.commands import config as command  # noqa: PLC0415

    return command.merge(options.folder(context, at), **given)


@config.command(name="schema")
def config_schema() -> int:
    """Prints the JSON Schema of the file."""
    from fcgitops.commands import config as command  # noqa: PLC0415

    return command.schema()


@config.command(name="explain")
@click.argument("key", required=False, metavar="[KEY]", shell_complete=completion.settings)
@options.form("text", "json")
def config_explain(key: str | None, form: str) -> int:
    """Says what KEY does, what it takes and what it is by default.

    Without KEY it lists all keys.
    """
    from fcgitops.commands import config as command  # noqa: PLC0415

    return command.explain(key, form)


@config.command(name="suggest")
@click.option(
    "--max-mutating-inflight",
    "inflight",
    metavar="N",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    help="kube-apiserver's --max-mutating-requests-inflight; 200 is its own default.",
)
@click.option(
    "--frameworks",
    metavar="M",
    type=click.IntRange(min=0),
    help="Frameworks that are active at the same time; needed.",
)
@click.option(
    "--tasks-per-framework",
    "tasks",
    metavar="K",
    type=click.IntRange(min=0),
    help="Tasks in the largest Framework; needed.",
)
@options.form("text", "json")
def config_suggest(inflight: int, frameworks: int | None, tasks: int | None, form: str) -> int:
    """Prints settings that fit a cluster, with the reasons.

    They are guidance, not a measurement.
    """
    from fcgitops.commands import config as command  # noqa: PLC0415

    return command.suggest(inflight, frameworks, tasks, form)
