"""`fcgitops promote`, `gates` and `rollback`: from environment to environment, and back."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from fcgitops.cli import completion, options

command = partial(click.command, cls=options.Command)


@command()
@click.argument("source", metavar="FROM", shell_complete=completion.environments)
@click.argument("names", nargs=-1, metavar="[TO]...", shell_complete=completion.environments)
@click.option("--label", metavar="KEY=VALUE", help="Promote to all environments with this label.")
@click.option("--wave", metavar="N%", help="Promote to that share of them now, in order.")
@options.gates
@click.option(
    "--overrule", metavar="REASON", help="Promote though gates are closed; the commit says why."
)
@click.option(
    "--trailer",
    "trailers",
    metavar="'KEY: VALUE'",
    multiple=True,
    help="A line at the end of the commit's message, such as an approval.",
)
@options.writes
@options.at
@click.pass_context
def promote(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Copies what was proven in FROM to other environments.

    It copies image, variant, settings, components and NNI's limits. First it shows what that does
    to clusters, as a dry run does; then it commits, if `verify` finds no fault.
    """
    from fcgitops.commands import promote as module  # noqa: PLC0415

    return module.run(options.folder(context, at), **given)


@command()
@click.argument("name", metavar="TO", shell_complete=completion.environments)
@click.option(
    "--from",
    "source",
    metavar="FROM",
    type=options.WORD,
    shell_complete=completion.environments,
    help="What is to be promoted; default: what each gate names.",
)
@options.gates
@options.form("text", "json")
@options.at
@click.pass_context
def gates(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Says which gates before the environment TO are open, and why.

    It exits 1 where one is closed. The key `gates` of fcgitops.yaml lists them.
    """
    from fcgitops.commands import gates as module  # noqa: PLC0415

    return module.run(options.folder(context, at), **given)


@command()
@click.argument("name", shell_complete=completion.environments)
@click.option(
    "--to",
    metavar="REV",
    type=options.WORD,
    shell_complete=completion.revisions,
    help="The revision to go back to; default: before NAME's last change.",
)
@click.option("--release", is_flag=True, help="Roll nothing back; let promotions to NAME go on.")
@options.writes
@options.at
@click.pass_context
def rollback(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Puts the environment NAME back to what it was, in a new commit.

    It builds both, and writes nothing unless NAME renders what it rendered then. Promotions pass
    NAME by afterwards, until --release.
    """
    from fcgitops.commands import rollback as module  # noqa: PLC0415

    return module.run(options.folder(context, at), **given)


@command()
@click.argument("source", metavar="DIR|-", type=options.PATH)
@click.option("--name", metavar="NAME", required=True, help="The environment that is made.")
@click.option("--cluster", metavar="NAME_OR_URL", help="Its cluster; default: one with its name.")
@click.option("--namespace", metavar="NS", help="Where it is to run; default: where it runs now.")
@click.option(
    "--set",
    "sets",
    metavar="KEY=VALUE",
    shell_complete=completion.assignments,
    multiple=True,
    help="A key of environment.yaml, whatever was found.",
)
@click.option(
    "--overrule",
    metavar="REASON",
    help="Adopt though `verify` finds faults; the commit says why.",
)
@options.form("text", "json")
@options.commits
@options.at
@click.pass_context
def adopt(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Makes an environment of manifests that run FrameworkController now.

    DIR is a folder or file of manifests, - is standard input. What no key says goes to local/. It
    prints what differs then, and the steps of the move; it changes nothing on a cluster. It commits
    if `verify` finds no fault.
    """
    from fcgitops.commands import adopt as module  # noqa: PLC0415

    return module.run(options.folder(context, at), **given)


COMMANDS = (promote, gates, rollback, adopt)
