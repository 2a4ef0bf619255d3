"""`fcgitops nni …`: NNI experiments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fcgitops.cli import completion, options
from fcgitops.core.reporting import FORMATS


@click.group(cls=options.Group)
def nni() -> None:
    """Adds, checks and removes NNI experiments."""


@nni.command(name="enable")
@click.argument("name", metavar="ENV", shell_complete=completion.environments)
@click.option("--namespace", metavar="NS", help="Where the experiments run.  [default: nni]")
@click.option(
    "--storage",
    metavar="URL",
    help="The share: nfs://SERVER/PATH or azure://ACCOUNT/SHARE?keyVault=NAME&key=NAME.",
)
@click.option(
    "--set", "sets", metavar="KEY=VALUE", multiple=True, help="A key of environment.yaml."
)
@options.writes
@options.at
@click.pass_context
def nni_enable(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Makes the environment ENV ready for NNI experiments.

    It gets a namespace, accounts and limits for them.
    """
    from fcgitops.commands import nni as command  # noqa: PLC0415

    return command.enable(options.folder(context, at), **given)


@nni.command(name="experiment")
@click.argument("name", shell_complete=completion.experiments)
@click.option(
    "--env",
    "environment",
    metavar="ENV",
    type=options.WORD,
    shell_complete=completion.environments,
    help="The environment it runs in.",
)
@click.option(
    "--from",
    "source",
    metavar="DIR",
    type=options.FOLDER,
    help="Trial code, or a folder with an experiment.yaml, for a new one.",
)
@options.writes
@options.at
@click.pass_context
def nni_experiment(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Adds an experiment, or brings its generated files in line.

    They follow from its run.yaml and its environment.
    """
    from fcgitops.commands import nni as command  # noqa: PLC0415

    return command.experiment(options.folder(context, at), **given)


@nni.command(name="remove")
@click.argument("name", shell_complete=completion.experiments)
@options.writes
@options.at
@click.pass_context
def nni_remove(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Removes an experiment from Git, not from its cluster.

    It prints what to type to take it off the cluster.
    """
    from fcgitops.commands import nni as command  # noqa: PLC0415

    return command.remove(options.folder(context, at), **given)


@nni.command(name="check")
@click.argument("files", nargs=-1, required=True, type=options.PATH, metavar="FILE…")
@options.form(*FORMATS)
@options.hazards
@click.option("--convert", is_flag=True, help="Print a FILE of NNI's version 1 as version 2.")
@options.at
@click.pass_context
def nni_check(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Says of each experiment FILE whether NNI 3.0 runs it here.

    FILE may be - for standard input.

    Verdicts: reject (NNI refuses it), hazard (NNI takes it, and then fails or ignores a part),
    accept.
    """
    from fcgitops.commands import nni_check as command  # noqa: PLC0415

    return command.run(options.folder(context, at), **given)
