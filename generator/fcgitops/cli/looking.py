"""`fcgitops status`, `build`, `diff`, `verify` and the other commands that look and check."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from fcgitops.cli import completion, options
from fcgitops.core.reporting import FORMATS

command = partial(click.command, cls=options.Command)


@command()
@options.form("text", "json")
@options.at
@click.pass_context
def status(context: click.Context, /, at: Path | None, form: str) -> int:
    """Shows what is edited, missing or out of line.

    It looks at generated files, and says whether this fcgitops is newer.
    """
    from fcgitops.commands import status as module  # noqa: PLC0415

    return module.run(options.folder(context, at), form)


@command(name="list")
@options.form("text", "json")
@options.at
@click.pass_context
def list_(context: click.Context, /, at: Path | None, form: str) -> int:
    """Lists the environments."""
    from fcgitops.commands import list as module  # noqa: PLC0415

    return module.run(options.folder(context, at), form)


@command()
@click.argument("names", nargs=-1, shell_complete=completion.kustomizations)
@click.option(
    "--output", metavar="DIR", type=options.FOLDER, help="Write one file for each overlay to DIR."
)
@options.at
@click.pass_context
def build(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Renders overlays with kustomize.

    Without NAMES it renders all.
    """
    from fcgitops.commands import build as module  # noqa: PLC0415

    return module.run(options.folder(context, at), **given)


@command()
@click.argument("names", nargs=-1, shell_complete=completion.kustomizations)
@click.option(
    "--since",
    metavar="REV",
    type=options.WORD,
    shell_complete=completion.revisions,
    help="Check only what changed since HEAD branched off REV.",
)
@click.option("--shard", metavar="I/N", help="Check share I of N; all shares together check all.")
@click.option("--afresh", is_flag=True, help="Check all anew, without the results of former runs.")
@click.option("--server", is_flag=True, help="Ask a cluster's API server too, by dry runs.")
@click.option(
    "--context",
    metavar="CONTEXT",
    type=options.WORD,
    help="The kubectl context for --server; default: the current one.",
)
@click.option(
    "--explain",
    metavar="NUMBER",
    shell_complete=completion.numbers,
    help="Explain a check, such as FCG30, and stop.",
)
@options.form(*FORMATS)
@options.at
@click.pass_context
def verify(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Builds overlays and checks what they render.

    Without NAMES it checks all.
    """
    from fcgitops.commands import verify as module  # noqa: PLC0415

    return module.run(options.folder(context, at), **given)


@command()
@click.argument(
    "sides",
    nargs=-1,
    shell_complete=completion.sides,
    metavar="[REV | A..B | A...B | ENV ENV] [ENV]...",
)
@click.option(
    "--rendered",
    metavar="BEFORE AFTER",
    nargs=2,
    type=options.PATH,
    help="Compare two files with rendered objects; - is stdin.",
)
@options.form("text", "json", "markdown")
@click.option("--live", is_flag=True, help="Compare ENV in Git with what is on its cluster.")
@click.option(
    "--context",
    metavar="CONTEXT",
    type=options.WORD,
    help="The kubectl context to ask; default with --live: the current one.",
)
@click.option("--full", is_flag=True, help="Show every field and every name.")
@click.option(
    "--exit-code",
    is_flag=True,
    help="Exit 1 where anything changes, or cannot be compared.",
)
@click.option(
    "--fail-on",
    metavar="SEVERITY",
    type=options.WORD,
    shell_complete=completion.severities,
    help="Exit 1 where an effect is at least that bad, or cannot be known.",
)
@options.at
@click.pass_context
def diff(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Says what a change does to clusters, effects first.

    It applies nothing and checks nothing out, so it can run before a merge. Where it cannot compare
    something it says so, and exits 3 (kustomize failed) or 1 (a file cannot be read).
    """
    from fcgitops.commands import diff as module  # noqa: PLC0415

    return module.run(options.folder(context, at), **given)


@command()
@click.option(
    "--base",
    metavar="REV",
    type=options.WORD,
    shell_complete=completion.revisions,
    help="What it merges into; in CI the pull request says it.",
)
@click.option("--dry-run", is_flag=True, help="Print the comment, and tell the forge nothing.")
@options.at
@click.pass_context
def review(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Comments on a pull request: what it does to clusters.

    For the CI of GitHub and GitLab. It edits its one comment in place, and sets a check: failing
    where a sync would fail or verify finds a fault, neutral where there is something to think of.
    """
    from fcgitops.commands import review as module  # noqa: PLC0415

    return module.run(options.folder(context, at), **given)


@command()
@click.option(
    "--output", metavar="FILE", type=options.FOLDER, help="Write the page there; default: stdout."
)
@click.option(
    "--diff", "compared", metavar="A..B", help="Show first what B changes since it branched off A."
)
@options.at
@click.pass_context
def report(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Shows all environments on one HTML page.

    The page needs no network. It has the objects of each environment, how they refer to each
    other, what verify finds, and how any two environments differ.
    """
    from fcgitops.commands import report as module  # noqa: PLC0415

    return module.run(options.folder(context, at), **given)


COMMANDS = (status, list_, build, verify, diff, review, report)
