"""The command line: options and arguments, one function a command, each handed to its module.

Imports click alone; a command's module is imported when it runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fcgitops import __version__
from fcgitops.cli import completion, options
from fcgitops.cli.config import config
from fcgitops.cli.nni import nni
from fcgitops.core import ending, terminal
from fcgitops.core.errors import WRONG_INPUT
from fcgitops.core.reporting import FORMATS

COMPLETE = "_FCGITOPS_COMPLETE"
"""The environment variable by which a shell asks for the words that may follow."""


def run(arguments: list[str]) -> int:
    """Runs one command.

    Returns:
        The exit status: 0 fine, 1 found something, 2 wrong input, 3 a tool failed.
    """
    terminal.for_programs(on=False)
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
        error.show()
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
@click.argument("dest", type=options.FOLDER, required=False, metavar="[DEST]")
@click.option(
    "--into",
    metavar="REPO",
    type=options.FOLDER,
    help="Instead of DEST: a Git repository that is there; with --path.",
)
@click.option("--path", metavar="DIR", help="The folder of REPO that is to be made.")
@click.option("--answers", metavar="FILE", type=options.FOLDER, help="Answers as YAML or JSON.")
@click.option(
    "--set",
    "sets",
    metavar="KEY=VALUE",
    multiple=True,
    help="An answer, or a default of environments such as image.registry.",
)
@click.option(
    "--env",
    "environments",
    metavar="NAME[=VARIANT]",
    shell_complete=completion.environment_of_variant,
    multiple=True,
    help="An environment; default-config is the default variant.",
)
@click.option(
    "--profile",
    metavar="hardened|upstream",
    shell_complete=completion.profiles,
    help="How strict the manifests are; default: hardened.",
)
@click.option(
    "--gitops",
    metavar="argocd|flux|both",
    shell_complete=completion.answers_to_gitops,
    help="What syncs its environments; default: argocd.",
)
@click.option("--repo-url", metavar="URL", help="The URL that it is pushed to.")
@click.option("--push", is_flag=True, help="Push the commit there.")
@click.option("--no-input", is_flag=True, help="Ask nothing, and take the defaults.")
@options.writes
@options.at
@click.pass_context
def new(
    context: click.Context,
    /,
    at: Path | None,
    dest: Path | None,
    into: Path | None,
    path: str | None,
    **given: Any,  # noqa: ANN401
) -> int:
    """Makes a repository at DEST and commits it.

    The last part of DEST is the repository's name. With --into and --path it makes a folder of
    a repository that is there, and touches nothing else of it.
    """
    folder = options.folder(context, at)
    if into is not None and path is not None and dest is None:
        from fcgitops.commands import into as within  # noqa: PLC0415

        return within.run(folder / into, path, **given)
    if dest is None or into is not None or path is not None:
        raise click.UsageError("either DEST, or --into REPO and --path DIR", context)
    from fcgitops.commands import new as command  # noqa: PLC0415

    return command.run(folder / dest, **given)


@cli.command()
@click.argument("name", shell_complete=completion.environments)
@click.option(
    "--variant",
    metavar="VARIANT",
    shell_complete=completion.variants,
    help="default-config or customized-config.",
)
@click.option(
    "--cluster",
    metavar="NAME_OR_URL",
    help="The cluster; default: one with the environment's name.",
)
@click.option("--namespace", metavar="NS", help="Where FrameworkController runs.")
@click.option(
    "--config", metavar="FILE", type=options.FOLDER, help="Settings of FrameworkController."
)
@click.option(
    "--set",
    "sets",
    metavar="KEY=VALUE",
    multiple=True,
    help="A setting of FrameworkController, or a key of environment.yaml.",
)
@click.option(
    "--unset",
    metavar="KEY",
    multiple=True,
    help="Take KEY out of environment.yaml: its default applies again.",
)
@options.writes
@options.at
@click.pass_context
def overlay(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Adds or changes the environment NAME.

    Without options it brings the generated files in line with environment.yaml.
    """
    from fcgitops.commands import overlay as command  # noqa: PLC0415

    return command.run(options.folder(context, at), **given)


@cli.command()
@click.option(
    "--from",
    "source",
    metavar="FILE",
    type=click.Path(path_type=str),
    help="A YAML list or CSV; - is standard input.",
)
@options.writes
@options.at
@click.pass_context
def overlays(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Adds or changes many environments in one commit.

    Without --from it brings the generated files of all in line with their environment.yaml.
    """
    from fcgitops.commands import overlays as command  # noqa: PLC0415

    return command.run(options.folder(context, at), **given)


@cli.command()
@click.argument("name", shell_complete=completion.environments)
@options.writes
@options.at
@click.pass_context
def remove(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Removes the environment NAME from Git, not from its cluster.

    It removes local/ too, and prints what to type to take it off the cluster.
    """
    from fcgitops.commands import remove as command  # noqa: PLC0415

    return command.run(options.folder(context, at), **given)


@cli.command()
@click.argument("source", metavar="FROM", shell_complete=completion.environments)
@click.argument("names", nargs=-1, metavar="[TO]...", shell_complete=completion.environments)
@click.option("--label", metavar="KEY=VALUE", help="Promote to all environments with this label.")
@click.option("--wave", metavar="N%", help="Promote to that share of them now, in order.")
@options.writes
@options.at
@click.pass_context
def promote(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Copies what was proven in FROM to other environments.

    It copies image, variant, settings, components and NNI's limits, shows first what that does to
    clusters, and commits nothing that `verify` finds fault with. A dry run prints the same.
    """
    from fcgitops.commands import promote as command  # noqa: PLC0415

    return command.run(options.folder(context, at), **given)


@cli.command()
@click.argument("name", shell_complete=completion.environments)
@click.option(
    "--to",
    metavar="REV",
    shell_complete=completion.revisions,
    help="As it was there; default: before the last commit that changed it.",
)
@click.option("--release", is_flag=True, help="Let promotions to NAME go on, and stop.")
@options.writes
@options.at
@click.pass_context
def rollback(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Puts the environment NAME back to what it was, in a new commit.

    Both are built: what NAME renders is equal to what it rendered there, or nothing is written.
    Nothing is promoted to it afterwards, until --release.
    """
    from fcgitops.commands import rollback as command  # noqa: PLC0415

    return command.run(options.folder(context, at), **given)


@cli.command()
@click.option("--check", is_flag=True, help="Exit 1 where there is something newer.")
@click.option("--diff", is_flag=True, help="Show what would change: files, objects, effects.")
@click.option("--continue", "resume", is_flag=True, help="Finish; the conflicts are resolved.")
@click.option("--abort", is_flag=True, help="Take back an update that left conflicts.")
@options.writes
@options.at
@click.pass_context
def update(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Carries the repository to this version of fcgitops.

    It replaces files without edits, and merges the others.
    """
    from fcgitops.commands import update as command  # noqa: PLC0415

    return command.run(options.folder(context, at), **given)


@cli.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(), metavar="PATH...")
@options.writes
@options.at
@click.pass_context
def restore(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Puts generated text back, deleted files too.

    Each PATH, a file or a folder, gets the text that was generated last.
    """
    from fcgitops.commands import restore as command  # noqa: PLC0415

    return command.run(options.folder(context, at), **given)


@cli.command()
@options.form("text", "json")
@options.at
@click.pass_context
def status(context: click.Context, /, at: Path | None, form: str) -> int:
    """Shows what is edited, missing or out of line.

    It looks at generated files, and says whether this fcgitops is newer.
    """
    from fcgitops.commands import status as command  # noqa: PLC0415

    return command.run(options.folder(context, at), form)


@cli.command(name="list")
@options.form("text", "json")
@options.at
@click.pass_context
def list_(context: click.Context, /, at: Path | None, form: str) -> int:
    """Lists the environments."""
    from fcgitops.commands import list as command  # noqa: PLC0415

    return command.run(options.folder(context, at), form)


@cli.command()
@click.argument("names", nargs=-1, shell_complete=completion.kustomizations)
@click.option(
    "--output", metavar="DIR", type=options.FOLDER, help="Write a file for each overlay there."
)
@options.at
@click.pass_context
def build(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Renders overlays with kustomize.

    Without NAMES it renders all.
    """
    from fcgitops.commands import build as command  # noqa: PLC0415

    return command.run(options.folder(context, at), **given)


@cli.command()
@click.argument("names", nargs=-1, shell_complete=completion.kustomizations)
@click.option("--since", metavar="REV", help="Check only what changed since HEAD left REV.")
@click.option("--shard", metavar="I/N", help="Check share I; all N shares together are everything.")
@click.option("--afresh", is_flag=True, help="Use no results of former runs.")
@click.option("--server", is_flag=True, help="Ask a cluster's API server too, by dry runs.")
@click.option(
    "--context",
    metavar="CONTEXT",
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
    from fcgitops.commands import verify as command  # noqa: PLC0415

    return command.run(options.folder(context, at), **given)


@cli.command()
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
    type=click.Path(path_type=str),
    help="Compare two files with rendered objects; - is stdin.",
)
@options.form("text", "json", "markdown")
@click.option("--live", is_flag=True, help="Compare ENV in Git with what is on its cluster.")
@click.option(
    "--context",
    metavar="CONTEXT",
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
    shell_complete=completion.severities,
    help="Exit 1 where an effect is at least that bad, or cannot be known.",
)
@options.at
@click.pass_context
def diff(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Says what a change does to clusters, effects first.

    It applies nothing and checks nothing out, so it can run before a merge. What cannot be compared
    is said, and ends in 3 where kustomize failed, in 1 where a file cannot be read.
    """
    from fcgitops.commands import diff as command  # noqa: PLC0415

    return command.run(options.folder(context, at), **given)


@cli.command()
@click.option(
    "--base", metavar="REV", help="What it is to be merged into; in CI the request says it."
)
@click.option("--dry-run", is_flag=True, help="Print the comment, and tell the forge nothing.")
@options.at
@click.pass_context
def review(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Comments on a pull request: what it does to clusters.

    For the CI of GitHub and GitLab. It edits its one comment in place, and sets a check: failing
    where a sync would fail or verify finds a fault, neutral where there is something to think of.
    """
    from fcgitops.commands import review as command  # noqa: PLC0415

    return command.run(options.folder(context, at), **given)


@cli.command()
@click.option(
    "--output", metavar="FILE", type=options.FOLDER, help="Write the page there; default: stdout."
)
@click.option("--diff", "compared", metavar="A..B", help="Show first what B does that has left A.")
@options.at
@click.pass_context
def report(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Shows all environments on one HTML page.

    The page needs no network. It has the objects of each environment, how they refer to each
    other, what verify finds, and how any two environments differ.
    """
    from fcgitops.commands import report as command  # noqa: PLC0415

    return command.run(options.folder(context, at), **given)


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
@options.at
@click.pass_context
def doctor(context: click.Context, /, at: Path | None) -> int:
    """Shows which programs are here, and which are missing."""
    from fcgitops.commands import doctor as command  # noqa: PLC0415

    return command.run(options.folder(context, at))


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
    """Prints the script that makes a shell complete words.

    It completes commands, options, their values, and names in the repository.

    bash: source <(fcgitops completion bash). zsh: the same, after compinit.
    fish: fcgitops completion fish | source.
    """
    from click.shell_completion import get_completion_class  # noqa: PLC0415

    found = get_completion_class(shell)
    if found is None:  # click has all three
        return WRONG_INPUT
    click.echo(found(cli, {}, "fcgitops", COMPLETE).source())
    return 0


cli.add_command(config)
cli.add_command(nni)
