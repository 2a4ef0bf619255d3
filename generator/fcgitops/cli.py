"""The command line: options and arguments, one function a command, each handed to its module.

Imports click alone; a command's module is imported when it runs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from fcgitops import __version__
from fcgitops.core.errors import WRONG_INPUT, FcgitopsError, InputError, Problem, messages

F = TypeVar("F", bound=Callable[..., Any])
FOLDER = click.Path(path_type=Path)


def run(arguments: list[str]) -> int:
    """Runs one command.

    Returns:
        The exit status: 0 fine, 1 found something, 2 wrong input, 3 a tool failed.
    """
    for argument in arguments:
        if not argument.isprintable() and any("\ud800" <= c <= "\udfff" for c in argument):
            click.echo(f"error: {argument!r} is not UTF-8 text", err=True)
            return WRONG_INPUT
    try:
        status = cli.main(arguments, prog_name="fcgitops", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return WRONG_INPUT
    except click.Abort:
        click.echo("stopped: nothing more was done", err=True)
        return 130
    except FcgitopsError as error:
        for line in messages(error):
            click.echo(line, err=True)
        return error.exit_status
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        place = str(error.filename or "")
        problem = Problem(place, error.strerror or str(error), "nothing was written")
        for line in messages(InputError(problem)):
            click.echo(line, err=True)
        return WRONG_INPUT
    return status if isinstance(status, int) else 0


def _at(function: F) -> F:
    return click.option(
        "-C", "at", metavar="DIR", type=FOLDER, default=None, help="Work there instead of here."
    )(function)


def _writes(function: F) -> F:
    for option in (
        click.option(
            "--branch", metavar="NAME", help="Commit on a new branch, for a pull request."
        ),
        click.option("--no-commit", is_flag=True, help="Leave the change in work tree and index."),
        click.option("--dry-run", is_flag=True, help="Print the change as a diff, write nothing."),
    ):
        function = option(function)
    return function


def _folder(context: click.Context, /, at: Path | None) -> Path:
    """Where the command works: `-C` before it and after it add up, as in git."""
    return (context.obj or Path()) / (at or Path())


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="fcgitops %(version)s")
@_at
@click.pass_context
def cli(context: click.Context, /, at: Path | None) -> None:
    """FrameworkController by GitOps: a Git repository that Argo CD or Flux syncs."""
    context.obj = at or Path()


@cli.command()
@click.argument("dest", type=FOLDER)
@click.option("--answers", metavar="FILE", type=FOLDER, help="Answers as YAML or JSON.")
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
    multiple=True,
    help="An environment; default-config is the default variant.",
)
@click.option("--profile", metavar="hardened|upstream", help="Default: hardened.")
@click.option("--gitops", metavar="argocd|flux|both", help="Default: argocd.")
@click.option("--repo-url", metavar="URL", help="Where it will be pushed to.")
@click.option("--push", is_flag=True, help="Push the commit there.")
@click.option("--no-input", is_flag=True, help="Ask nothing: what is not given has its default.")
@_writes
@_at
@click.pass_context
def new(context: click.Context, /, at: Path | None, dest: Path, **options: Any) -> int:  # noqa: ANN401
    """Makes a repository at DEST, whose last part is its name, and commits it."""
    from fcgitops.commands import new as command  # noqa: PLC0415

    return command.run(_folder(context, at) / dest, **options)


@cli.command()
@click.argument("name")
@click.option("--variant", metavar="VARIANT", help="default-config or customized-config.")
@click.option(
    "--cluster",
    metavar="NAME_OR_URL",
    help="The cluster; its name is the environment's by default.",
)
@click.option("--namespace", metavar="NS", help="Where FrameworkController runs.")
@click.option("--config", metavar="FILE", type=FOLDER, help="Settings of FrameworkController.")
@click.option(
    "--set",
    "sets",
    metavar="KEY=VALUE",
    multiple=True,
    help="A setting of FrameworkController, or a key of environment.yaml.",
)
@_writes
@_at
@click.pass_context
def overlay(context: click.Context, /, at: Path | None, **options: Any) -> int:  # noqa: ANN401
    """Adds or changes the environment NAME; without options, brings its files in line."""
    from fcgitops.commands import overlay as command  # noqa: PLC0415

    return command.run(_folder(context, at), **options)


@cli.command()
@click.option(
    "--from",
    "source",
    metavar="FILE",
    type=click.Path(path_type=str),
    help="A YAML list or CSV; - is standard input.",
)
@_writes
@_at
@click.pass_context
def overlays(context: click.Context, /, at: Path | None, **options: Any) -> int:  # noqa: ANN401
    """Adds or changes many environments in one commit; without --from, brings all in line."""
    from fcgitops.commands import overlays as command  # noqa: PLC0415

    return command.run(_folder(context, at), **options)


@cli.command()
@click.argument("name")
@_writes
@_at
@click.pass_context
def remove(context: click.Context, /, at: Path | None, **options: Any) -> int:  # noqa: ANN401
    """Removes the environment NAME, its local/ included."""
    from fcgitops.commands import remove as command  # noqa: PLC0415

    return command.run(_folder(context, at), **options)


@cli.command(name="list")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@_at
@click.pass_context
def list_(context: click.Context, /, at: Path | None, form: str) -> int:
    """Lists the environments."""
    from fcgitops.commands import list as command  # noqa: PLC0415

    return command.run(_folder(context, at), form)


@cli.command()
@click.argument("names", nargs=-1)
@click.option("--output", metavar="DIR", type=FOLDER, help="One file an overlay, there.")
@_at
@click.pass_context
def build(context: click.Context, /, at: Path | None, **options: Any) -> int:  # noqa: ANN401
    """Renders overlays with kustomize: those named, or all."""
    from fcgitops.commands import build as command  # noqa: PLC0415

    return command.run(_folder(context, at), **options)


@cli.command()
@click.argument("names", nargs=-1)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@_at
@click.pass_context
def verify(context: click.Context, /, at: Path | None, **options: Any) -> int:  # noqa: ANN401
    """Builds overlays and checks what they render: those named, or all."""
    from fcgitops.commands import verify as command  # noqa: PLC0415

    return command.run(_folder(context, at), **options)


@cli.command()
@click.argument("sides", nargs=-1, metavar="[REV | A..B | A...B | ENV ENV] [ENV]...")
@click.option(
    "--rendered",
    metavar="BEFORE AFTER",
    nargs=2,
    type=click.Path(path_type=str),
    help="Compare two renderings, files or -.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.option("--full", is_flag=True, help="Every field and every name.")
@click.option("--exit-code", is_flag=True, help="Exit 1 where anything changes.")
@click.option("--fail-on", metavar="SEVERITY", help="Exit 1 where an effect is at least that bad.")
@_at
@click.pass_context
def diff(context: click.Context, /, at: Path | None, **options: Any) -> int:  # noqa: ANN401
    """Says what a change does to clusters before it is merged, effects first."""
    from fcgitops.commands import diff as command  # noqa: PLC0415

    return command.run(_folder(context, at), **options)


@cli.command()
@click.argument("name", required=False, default="", metavar="[NAME]")
@click.option("--gitops", "tool_name", metavar="argocd|flux", help="Default: what syncs NAME.")
@click.option("--yes", is_flag=True, help="Apply without asking.")
@_at
@click.pass_context
def bootstrap(context: click.Context, /, at: Path | None, **options: Any) -> int:  # noqa: ANN401
    """Points Argo CD or Flux, on kubectl's current context, at this repository."""
    from fcgitops.commands import bootstrap as command  # noqa: PLC0415

    return command.run(_folder(context, at), **options)


@cli.command(name="kind-test")
@click.argument("names", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All environments, one after the other.")
@click.option("--keep", is_flag=True, help="Leave the cluster there, and say how to look into it.")
@_at
@click.pass_context
def kind_test(context: click.Context, /, at: Path | None, **options: Any) -> int:  # noqa: ANN401
    """Runs environments, with a Framework, in a kind cluster that is made for it and deleted.

    Without NAMES the first environment. Environment variables: KIND_NODE_IMAGE and KIND_CONFIG
    (the cluster's), FRAMEWORKCONTROLLER_IMAGE (in the place of the environments' own), TASK_IMAGE.
    """
    from fcgitops.commands import kind_test as command  # noqa: PLC0415

    return command.run(_folder(context, at), **options)


@cli.group()
def config() -> None:
    """FrameworkController's own configuration file: checked, merged, explained."""


@config.command(name="check")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.option("--allow-hazards", is_flag=True, help="Exit 0 where there are hazards only.")
@click.option("--strict", is_flag=True, help="Exit 1 too where an accepted file panics later.")
@_at
@click.pass_context
def config_check(context: click.Context, /, at: Path | None, **options: Any) -> int:  # noqa: ANN401
    """Says of each FILE whether FrameworkController starts with it; - is standard input.

    reject: it would panic. hazard: it would start, but not with what is written. accept.
    """
    from fcgitops.commands import config as command  # noqa: PLC0415

    return command.check(_folder(context, at), **options)


@config.command(name="merge")
@click.argument("file", metavar="FILE")
@click.option("--replace", is_flag=True, help="FILE's podFailureSpec is the whole list.")
@_at
@click.pass_context
def config_merge(context: click.Context, /, at: Path | None, **options: Any) -> int:  # noqa: ANN401
    """Prints FILE over the settings of customized-config, the image's podFailureSpec kept."""
    from fcgitops.commands import config as command  # noqa: PLC0415

    return command.merge(_folder(context, at), **options)


@config.command(name="schema")
def config_schema() -> int:
    """Prints the JSON Schema of the file."""
    from fcgitops.commands import config as command  # noqa: PLC0415

    return command.schema()


@config.command(name="explain")
@click.argument("key", required=False, metavar="[KEY]")
def config_explain(key: str | None) -> int:
    """Says what KEY does, what it takes and what it is by default; without KEY lists all."""
    from fcgitops.commands import config as command  # noqa: PLC0415

    return command.explain(key)


@config.command(name="suggest")
@click.option(
    "--max-mutating-inflight",
    "inflight",
    metavar="N",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    help="The API server's --max-mutating-requests-inflight.",
)
@click.option(
    "--frameworks",
    metavar="M",
    type=click.IntRange(min=0),
    default=0,
    help="Frameworks that are active at the same time.",
)
@click.option(
    "--tasks-per-framework",
    "tasks",
    metavar="K",
    type=click.IntRange(min=0),
    default=0,
    help="Tasks in the largest Framework.",
)
def config_suggest(inflight: int, frameworks: int, tasks: int) -> int:
    """Prints settings that fit a cluster, with the reasons: guidance, not a measurement."""
    from fcgitops.commands import config as command  # noqa: PLC0415

    return command.suggest(inflight, frameworks, tasks)


@cli.group()
def nni() -> None:
    """NNI experiments on FrameworkController."""


@nni.command(name="enable")
@click.argument("name", metavar="ENV")
@click.option("--namespace", metavar="NS", help="Where the experiments run.  [default: nni]")
@click.option(
    "--storage",
    metavar="URL",
    help="The share: nfs://SERVER/PATH or azure://ACCOUNT/SHARE?keyVault=NAME&key=NAME.",
)
@click.option(
    "--set", "sets", metavar="KEY=VALUE", multiple=True, help="A key of environment.yaml."
)
@_writes
@_at
@click.pass_context
def nni_enable(context: click.Context, /, at: Path | None, **options: Any) -> int:  # noqa: ANN401
    """Makes the environment ENV ready for NNI experiments: namespace, accounts, limits."""
    from fcgitops.commands import nni as command  # noqa: PLC0415

    return command.enable(_folder(context, at), **options)


@nni.command(name="experiment")
@click.argument("name")
@click.option("--env", "environment", metavar="ENV", help="The environment it runs in.")
@click.option(
    "--from",
    "source",
    metavar="DIR",
    type=FOLDER,
    help="Trial code, or a folder with an experiment.yaml, for a new one.",
)
@_writes
@_at
@click.pass_context
def nni_experiment(context: click.Context, /, at: Path | None, **options: Any) -> int:  # noqa: ANN401
    """Adds the experiment NAME, or brings its generated files in line with yours."""
    from fcgitops.commands import nni as command  # noqa: PLC0415

    return command.experiment(_folder(context, at), **options)


@nni.command(name="remove")
@click.argument("name")
@_writes
@_at
@click.pass_context
def nni_remove(context: click.Context, /, at: Path | None, **options: Any) -> int:  # noqa: ANN401
    """Removes the experiment NAME from Git, and prints what takes it off its cluster."""
    from fcgitops.commands import nni as command  # noqa: PLC0415

    return command.remove(_folder(context, at), **options)


@nni.command(name="check")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.option("--allow-hazards", is_flag=True, help="Exit 0 where there are hazards only.")
@_at
@click.pass_context
def nni_check(context: click.Context, /, at: Path | None, **options: Any) -> int:  # noqa: ANN401
    """Says of each experiment FILE whether NNI 3.0 runs it here; - is standard input.

    reject: NNI refuses it. hazard: it takes it, and fails later or ignores a part. accept.
    """
    from fcgitops.commands import nni_check as command  # noqa: PLC0415

    return command.run(_folder(context, at), **options)


@cli.command()
@_at
@click.pass_context
def doctor(context: click.Context, /, at: Path | None) -> int:
    """Shows which programs are here, at which versions, and what is missing."""
    from fcgitops.commands import doctor as command  # noqa: PLC0415

    return command.run(_folder(context, at))


@cli.command()
@click.option(
    "--into", metavar="DIR", type=FOLDER, required=True, help="The folder of the program."
)
@_at
@click.pass_context
def tools(context: click.Context, /, at: Path | None, into: Path) -> int:
    """Installs the pinned kustomize: by Go, or the release's archive checked by its SHA-256."""
    from fcgitops.programs import install as module  # noqa: PLC0415

    click.echo(module.install(_folder(context, at) / into))
    return 0
