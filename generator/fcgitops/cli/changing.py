"""`fcgitops new`, `overlay`, `update` and the other commands that make or change a repository."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click

from fcgitops.cli import completion, options

command = partial(click.command, cls=options.Command)


@command()
@click.argument("dest", type=options.FOLDER, required=False, metavar="[DEST]")
@click.option(
    "--into",
    metavar="REPO",
    type=options.FOLDER,
    help="Instead of DEST: a Git repository that is there; with --path.",
)
@click.option("--path", metavar="DIR", help="The folder of REPO that is to be made.")
@click.option(
    "--answers", metavar="FILE", type=options.FOLDER, help="The answers, as YAML or JSON."
)
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
@click.option("--repo-url", metavar="URL", help="The URL of the Git repository that is synced.")
@click.option("--push", is_flag=True, help="Push the commit to that URL.")
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
    from fcgitops.commands import new as module  # noqa: PLC0415

    return module.run(folder / dest, **given)


@command()
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
    shell_complete=completion.assignments,
    multiple=True,
    help="A setting of FrameworkController, or a key of environment.yaml.",
)
@click.option(
    "--unset",
    metavar="KEY",
    shell_complete=completion.keys,
    multiple=True,
    help="Take KEY out of environment.yaml: its default applies again.",
)
@click.option("--take", is_flag=True, help="Turn edits of its generated files into keys.")
@options.writes
@options.at
@click.pass_context
def overlay(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Adds or changes the environment NAME.

    Without options it brings the generated files in line with environment.yaml.
    """
    from fcgitops.commands import overlay as module  # noqa: PLC0415

    return module.run(options.folder(context, at), **given)


@command()
@click.option(
    "--from",
    "source",
    metavar="FILE",
    type=options.PATH,
    help="A YAML list or CSV; - is standard input.",
)
@options.writes
@options.at
@click.pass_context
def overlays(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Adds or changes many environments in one commit.

    Without --from it brings the generated files of all in line with their environment.yaml.
    """
    from fcgitops.commands import overlays as module  # noqa: PLC0415

    return module.run(options.folder(context, at), **given)


@command()
@click.argument("name", shell_complete=completion.environments)
@options.writes
@options.at
@click.pass_context
def remove(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Removes the environment NAME from Git, not from its cluster.

    It removes local/ too, and prints what to type to take it off the cluster.
    """
    from fcgitops.commands import remove as module  # noqa: PLC0415

    return module.run(options.folder(context, at), **given)


@command()
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where something is newer.")
@click.option("--diff", is_flag=True, help="Show what would change: files, objects, effects.")
@click.option("--continue", "resume", is_flag=True, help="Finish, once the conflicts are resolved.")
@click.option("--abort", is_flag=True, help="Take back an update that left conflicts.")
@options.writes
@options.at
@click.pass_context
def update(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Carries the repository to this version of fcgitops.

    It replaces files without edits, and merges the others.
    """
    from fcgitops.commands import update as module  # noqa: PLC0415

    return module.run(options.folder(context, at), **given)


@command()
@click.argument("paths", nargs=-1, required=True, type=options.PATH, metavar="PATH...")
@options.writes
@options.at
@click.pass_context
def restore(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Puts generated text back, deleted files too.

    Each PATH, a file or a folder, gets the text that was generated last.
    """
    from fcgitops.commands import restore as module  # noqa: PLC0415

    return module.run(options.folder(context, at), **given)


@command()
@options.writes
@options.at
@click.pass_context
def eject(context: click.Context, /, at: Path | None, **given: Any) -> int:  # noqa: ANN401
    """Leaves plain files that need no fcgitops, in one commit.

    It removes the records, the Makefile and the CI steps that call fcgitops. What is rendered stays
    the same, byte for byte.
    """
    from fcgitops.commands import eject as module  # noqa: PLC0415

    return module.run(options.folder(context, at), **given)


COMMANDS = (new, overlay, overlays, remove, update, restore, eject)
