"""`fcgitops diff`: what a change does to clusters, effects first."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fcgitops.core import terminal
from fcgitops.core.errors import FOUND, InputError, Problem

if TYPE_CHECKING:
    from fcgitops.diff.report import Report


@dataclass(frozen=True)
class Options:
    """How the outcome is shown, and what makes the command fail.

    Attributes:
        form: text, json or markdown.
        full: every field and every name.
        exit_code: 1 where anything changes.
        fail_on: 1 where an effect is at least that bad; "" for never.
    """

    form: str = "text"
    full: bool = False
    exit_code: bool = False
    fail_on: str = ""


def run(  # noqa: PLR0913 - the options as they are typed
    folder: Path,
    sides: tuple[str, ...],
    rendered: tuple[str, str] | None,
    form: str,
    *,
    full: bool,
    exit_code: bool,
    fail_on: str | None,
) -> int:
    """Compares what the words name, and prints what the change does.

    Args:
        folder: somewhere in the repository, or anywhere with `rendered`.
        sides: revisions and environments, as typed.
        rendered: two files of rendered objects instead.
        form: `text` or `json`.
        full: every field and every name.
        exit_code: 1 where anything changes.
        fail_on: 1 where an effect is at least that bad.

    Returns:
        The exit status.

    Raises:
        InputError: a word names nothing, or a file is no rendering.
    """
    options = Options(form, full=full, exit_code=exit_code, fail_on=fail_on or "")
    refuse_severity(options.fail_on)
    if rendered is not None:
        if sides:
            what = "is not taken together with --rendered"
            raise InputError([Problem(word, what, "leave one of them out") for word in sides])
        return compare_files(folder, *rendered, options)
    return compare_states(folder, sides, options)


def compare_states(folder: Path, words: tuple[str, ...], options: Options) -> int:
    """Compares two states of a repository, or two environments.

    Args:
        folder: somewhere in the repository.
        words: as typed: revisions and environments.
        options: how it is shown.

    Raises:
        InputError: a word names nothing.
        ToolError: there is no good kustomize.
    """
    from fcgitops.diff.report import Report  # noqa: PLC0415 - for this command alone
    from fcgitops.git import program as git  # noqa: PLC0415
    from fcgitops.model import layout  # noqa: PLC0415

    root = layout.root_of(folder)
    if not words and git.is_clean(root):
        return show(Report((), *count(root), "equal inputs: nothing was built"), options)
    from fcgitops.diff import sides  # noqa: PLC0415 - a clean tree does not need it
    from fcgitops.git.history import History  # noqa: PLC0415
    from fcgitops.programs import kustomize  # noqa: PLC0415

    history = History(root)
    found = sides.parse(history, words)
    program = kustomize.find()
    if found.pairs is not None:
        report = Report(tuple(found.fleet.compare(found.pairs, program)))
    else:
        report = found.fleet.report(program)
    return show(dataclasses.replace(report, notes=found.notes), options)


def count(root: Path) -> tuple[int, int]:
    """How many environments and how many other units a work tree has."""
    environments = sum(1 for _ in root.glob("overlays/*/environment.yaml"))
    others = sum(1 for _ in root.glob("experiments/*/kustomization.yaml"))
    return environments, others + (root / "clusters/argocd/kustomization.yaml").is_file()


def compare_files(folder: Path, before: str, after: str, options: Options) -> int:
    """Compares two renderings; `-` is standard input.

    Args:
        folder: what the names are relative to.
        before: a file of rendered objects.
        after: another one.
        options: how it is shown.

    Returns:
        0, or 1 where `options` ask for it.

    Raises:
        InputError: a file cannot be read, or holds no rendered objects.
    """
    from fcgitops.diff import compare, objects  # noqa: PLC0415 - every rule is imported
    from fcgitops.diff.report import Entry, Report  # noqa: PLC0415

    if before == after == "-":
        raise InputError(Problem("--rendered", "standard input is one rendering", "a file"))
    texts: dict[str, bytes] = {}
    problems: list[Problem] = []
    for name in (before, after):
        try:
            texts[name] = _read(folder, name)
        except OSError as error:
            problems.append(Problem(name, f"cannot be read: {error.strerror}"))
    if problems:
        raise InputError(problems)
    sides = []
    for name in (before, after):
        try:
            sides.append(objects.load(texts[name], name))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    outcome = compare.outcome(sides[0], sides[1])
    label = "standard input" if after == "-" else Path(after).name
    note = "nothing differs" if texts[before] == texts[after] else ""
    return show(Report((Entry(label, outcome, note=note),)), options)


def _read(folder: Path, name: str) -> bytes:
    import sys  # noqa: PLC0415 - for standard input alone

    if name == "-":
        return sys.stdin.buffer.read()
    return (folder / name).read_bytes()


def refuse_severity(word: str) -> None:
    """Refuses a severity that there is not.

    Raises:
        InputError: with those that there are.
    """
    from fcgitops.diff.effects import Severity, severity  # noqa: PLC0415

    if word and severity(word) is None:
        known = ", ".join(repr(s.word) for s in Severity)
        raise InputError(Problem("--fail-on", f"{word!r} is no severity", f"one of {known}"))


def show(report: Report, options: Options) -> int:
    """Prints a report.

    Returns:
        The exit status that `options` ask for.
    """
    from fcgitops.diff import effects  # noqa: PLC0415
    from fcgitops.diff import report as reports  # noqa: PLC0415

    if options.form == "json":
        terminal.as_json(reports.as_json(report))
    elif options.form == "markdown":
        from fcgitops.diff.markdown import as_markdown  # noqa: PLC0415

        terminal.data(as_markdown(report))
    else:
        for line in reports.as_text(report, full=options.full):
            terminal.data(f"{line}\n")
    limit = effects.severity(options.fail_on) if options.fail_on else None
    failed = limit is not None and report.reaches(limit)
    return FOUND if failed or (options.exit_code and report.changes) else 0
