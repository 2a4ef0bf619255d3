"""Options that several commands share, and grouped help."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from fcgitops.core import terminal
from fcgitops.core.errors import InputError, Problem

F = TypeVar("F", bound=Callable[..., Any])


def _refuse_empty(value: object, param: click.Parameter | None, what: str) -> None:
    """Refuses an empty value, as of a variable of a shell that is not set: it is no default.

    Raises:
        InputError: it is one.
    """
    if value == "" and param is not None:
        named = param.metavar or (param.name or "").upper()
        name = param.opts[-1] if isinstance(param, click.Option) else named.strip("[].…")
        raise InputError(Problem(name, "is empty", what))


class _Path(click.Path):
    """A path; an empty one is not the folder that one stands in."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        """The path, of the type that was asked for. Raises as `_refuse_empty`."""
        _refuse_empty(value, param, "a path; . is this folder")
        return super().convert(value, param, ctx)


class _Word(click.types.StringParamType):
    """A text that says something where it is given."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        """The text. Raises as `_refuse_empty`."""
        _refuse_empty(value, param, "a value, or do without")
        return super().convert(value, param, ctx)


FOLDER = _Path(path_type=Path)
PATH = _Path(path_type=str)
WORD = _Word()
TEXT = "text"
"""The format for a person."""

SECTIONS = {
    "Make and change": ("new", "overlay", "overlays", "remove", "update", "restore", "eject"),
    "Promote": ("promote", "gates", "rollback"),
    "Take over": ("adopt",),
    "Look": ("list", "status", "build", "diff", "report"),
    "Check": ("verify", "config", "review", "kind-test"),
    "Sync": ("bootstrap",),
    "NNI": ("nni",),
    "This program": ("doctor", "tools", "completion"),
}
"""Heading → the commands below it, in the order in which `--help` shows them."""


class Formatter(click.HelpFormatter):
    """Sets headings off, where there is a terminal."""

    def write_heading(self, heading: str) -> None:
        """Writes a heading."""
        self.write(f"{'':>{self.current_indent}}{terminal.style(sys.stdout)(heading, 'bold')}:\n")


class Context(click.Context):
    """What a command is called with; its help is written by our `Formatter`."""

    formatter_class = Formatter


class Command(click.Command):
    """One command."""

    context_class = Context

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - as click says
        """Runs it.

        Raises:
            ImportError: a compiled module is cut off; click takes an EOFError for an answer's end.
        """
        try:
            return super().invoke(ctx)
        except EOFError as error:
            raise ImportError(str(error)) from error


class Group(click.Group):
    """Several commands below one word."""

    context_class = Context
    command_class = Command


class GroupedHelp(Group):
    """Lists commands under headings, each with its first sentence, whole."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the sections; a command of none of them stands at the end."""
        known = {name for names in SECTIONS.values() for name in names}
        others = tuple(name for name in self.list_commands(ctx) if name not in known)
        for heading, names in (*SECTIONS.items(), ("Other", others)):
            found = [(name, self.get_command(ctx, name)) for name in names]
            rows = [(name, made.get_short_help_str(limit=1000)) for name, made in found if made]
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)


def form(*known: str, of: str = "the output") -> Callable[[F], F]:
    """Gives the command the option --format, as `form`; of `known` formats, text is the default."""

    def note(_: click.Context, __: click.Parameter, chosen: str) -> str:
        terminal.for_programs(on=chosen != TEXT)
        return chosen

    return click.option(
        "--format",
        "form",
        type=click.Choice(known),
        default=TEXT,
        metavar="|".join(known),
        callback=note,
        help=f"The form of {of}.",
    )


def hazards(function: F) -> F:
    """Gives the command the option --allow-hazards, as `allow_hazards`."""
    return click.option(
        "--allow-hazards", is_flag=True, help="Exit 0 where there are hazards only."
    )(function)


def at(function: F) -> F:
    """Gives the command the option -C, as `at`."""
    return click.option(
        "-C", "at", metavar="DIR", type=FOLDER, default=None, help="Work there instead of here."
    )(function)


def writes(function: F) -> F:
    """Gives the command what each that writes has: `commits`, and --format for --dry-run."""
    return form(TEXT, "json", of="what --dry-run prints")(commits(function))


def commits(function: F) -> F:
    """Gives the command --branch, --message, --no-commit and --dry-run."""
    for option in (
        click.option(
            "--branch",
            metavar="NAME",
            type=WORD,
            help="Commit on a new branch, for a pull request.",
        ),
        click.option("-m", "--message", metavar="TEXT", help="The commit's message."),
        click.option("--no-commit", is_flag=True, help="Leave the change in work tree and index."),
        click.option("--dry-run", is_flag=True, help="Print the change as a diff, write nothing."),
    ):
        function = option(function)
    return function


def gates(function: F) -> F:
    """Gives the command what gates are asked with: --context, --status and --from-repo."""
    for option in (
        click.option(
            "--from-repo",
            metavar="PATH[@REV]",
            type=PATH,
            help="FROM is an environment of the repository at PATH.",
        ),
        click.option(
            "--context",
            metavar="CONTEXT",
            type=WORD,
            help="The kubectl context of FROM's cluster, for gates.",
        ),
        click.option(
            "--status",
            metavar="FILE",
            type=PATH,
            help="Commit statuses as JSON, for gates; - is stdin.",
        ),
    ):
        function = option(function)
    return function


def folder(context: click.Context, /, at: Path | None) -> Path:
    """Where the command works: `-C` before it and after it add up, as in git."""
    return (context.obj or Path()) / (at or Path())
