"""docs/commands.md: every command with its options, made from the command line itself."""

from __future__ import annotations

from collections.abc import Iterator

import click

from fcgitops.cli.main import cli
from fcgitops.cli.options import SECTIONS

_HEAD = """\
# Commands

Made from the command line itself by `make docs`; `fcgitops COMMAND --help` says the same.

Every command works offline and has `-C DIR`, after `fcgitops` or after the command: work there.
Data goes to stdout, all else to stderr. Exit status: 0 fine, 1 found something (a finding, a
difference, a conflict, a generated file that is missing), 2 wrong input (an option, a name, a
source such as environment.yaml), 3 a program is missing or failed.
"""
_EVERYWHERE = {"at", "help"}
"""Options that every command has."""


def page() -> str:
    """The whole page."""
    return "\n".join(_lines()).rstrip("\n") + "\n"


def _lines() -> Iterator[str]:
    yield _HEAD
    for heading, names in SECTIONS.items():
        yield f"## {heading}\n"
        for name in names:
            yield from _command(cli.commands[name], f"fcgitops {name}")


def _command(command: click.Command, called: str) -> Iterator[str]:
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from _command(inner, f"{called} {name}")
        return
    context = click.Context(command, info_name=called)
    arguments = [p for p in command.params if isinstance(p, click.Argument)]
    usage = " ".join([called, *(word for p in arguments for word in p.get_usage_pieces(context))])
    yield f"### `{called}`\n"
    yield f"`{usage}`\n"
    yield from (f"{_plain(part)}\n" for part in (command.help or "").split("\n\n"))
    options = [p for p in command.params if isinstance(p, click.Option)]
    rows = [_row(p, context) for p in options if p.name not in _EVERYWHERE and not p.hidden]
    if rows:
        yield "| option | what it does |\n| --- | --- |"
        yield from rows
        yield ""


def _row(option: click.Option, context: click.Context) -> str:
    written, _ = option.get_help_record(context) or ("", "")
    many = ", more than once" if option.multiple else ""
    shown = written.replace("|", "\\|")
    return f"| `{shown}`{many} | {_plain(option.help or '')} |"


def _plain(text: str) -> str:
    """A text on one line, in which Markdown means nothing."""
    joined = " ".join(text.split())
    return joined.replace("<", "&lt;").replace("|", "\\|").replace("[", "\\[").replace("*", "\\*")
