"""The command line: options and arguments, one function a command, each handed to its module.

Imports click alone; a command's module is imported when it runs.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import click

from fcgitops import __version__
from fcgitops.cli import changing, completion, looking, options, promoting
from fcgitops.cli.config import config
from fcgitops.cli.nni import nni
from fcgitops.core import ending, terminal
from fcgitops.core.errors import WRONG_INPUT

COMPLETE = "_FCGITOPS_COMPLETE"
"""The environment variable by which a shell asks for the words that may follow."""


def run(arguments: list[str]) -> int:
    """Runs one command.

    Returns:
        The exit status: 0 fine, 1 found something, 2 wrong input, 3 a tool failed.

    Raises:
        ImportError: a module cannot be imported.
    """
    terminal.for_programs(on=False)
    if COMPLETE in os.environ:
        from fcgitops.cli import shells  # noqa: PLC0415 - when a shell asks

        shells.register()
    for argument in arguments:
        if not argument.isprintable() and any("\ud800" <= c <= "\udfff" for c in argument):
            terminal.say(f"error: {argument!r} is not UTF-8 text")
            return WRONG_INPUT
    try:
        return ending.status_of(
            lambda: cli.main(
                arguments, prog_name="fcgitops", complete_var=COMPLETE, standalone_mode=False
            )
        )
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        for told in shown.getvalue().splitlines():
            terminal.say(told)
        return WRONG_INPUT
    except click.Abort:
        return ending.stopped()


@click.group(cls=options.GroupedHelp, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="fcgitops %(version)s")
@options.at
@click.pass_context
def cli(context: click.Context, /, at: Path | None) -> None:
    """Keeps FrameworkController in a Git repository for Argo CD or Flux."""
    context.obj = at or Path()


@cli.command()
@click.argument(
    "name", required=False, default="", metavar="[NAME]", shell_complete=completion.environments
)
@click.option(
    "--gitops",
    "tool_name",
    metavar="argocd|flux",
    shell_complete=completion.tools,
    help="The tool; default: the one that syncs NAME.",
)
@click.option("--yes", is_flag=True, help="Apply without asking.")
@options.at
@click.pass_context
def bootstrap(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Points Argo CD or Flux at this repository.

    It applies the entry points to kubectl's current context.
    """
    from fcgitops.commands import bootstrap as command  # noqa: PLC0415

    return command.run(options.folder(context, at), **given)


@cli.command(name="kind-test")
@click.argument("names", nargs=-1, shell_complete=completion.environments)
@click.option(
    "--all", "everything", is_flag=True, help="Run all environments, one after the other."
)
@click.option("--keep", is_flag=True, help="Keep the cluster, and print how to look into it.")
@options.form("text", "json")
@options.at
@click.pass_context
def kind_test(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Runs environments in a kind cluster that is made for it.

    It runs a Framework to its end, and deletes the cluster afterwards. Without NAMES it takes
    the first environment. These environment variables change what it uses: KIND_NODE_IMAGE and
    KIND_CONFIG (the cluster), FRAMEWORKCONTROLLER_IMAGE (instead of the environments' image),
    TASK_IMAGE (of the Framework).
    """
    from fcgitops.commands import kind_test as command  # noqa: PLC0415

    return command.run(options.folder(context, at), **given)


@cli.command()
@options.form("text", "json")
@options.at
@click.pass_context
def doctor(context: click.Context, /, at: Path | None, form: str) -> int:
    """Shows which programs are here, and which are missing."""
    from fcgitops.commands import doctor as command  # noqa: PLC0415

    return command.run(options.folder(context, at), form)


@cli.command()
@click.option(
    "--into", metavar="DIR", type=options.FOLDER, required=True, help="The folder for the program."
)
@options.at
@click.pass_context
def tools(context: click.Context, /, at: Path | None, into: Path) -> int:
    """Installs the pinned kustomize.

    Go builds it, or the release's archive brings it; its SHA-256 is checked.
    """
    from fcgitops.commands import tools as command  # noqa: PLC0415

    return command.run(options.folder(context, at), into)


@cli.command(name="completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion_(shell: str) -> int:
    """Prints the script with which a shell completes words.

    It completes commands, options, their values, and names in the repository.

    bash: source <(fcgitops completion bash). zsh: the same, after compinit.
    fish: fcgitops completion fish | source.
    """
    from fcgitops.cli import shells  # noqa: PLC0415 - the shell asks for it once

    click.echo(shells.SHELLS[shell](cli, {}, "fcgitops", COMPLETE).source())
    return 0


for found in (*changing.COMMANDS, *promoting.COMMANDS, *looking.COMMANDS, config, nni):
    cli.add_command(found)
