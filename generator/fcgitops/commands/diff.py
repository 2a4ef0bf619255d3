"""`fcgitops diff`: what a change does to clusters, effects first."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fcgitops.core import terminal
from fcgitops.core.errors import FOUND, InputError, Problem
from fcgitops.diff import unchanged
from fcgitops.git import program as git
from fcgitops.model import layout
from fcgitops.repository.unedited import is_unedited
from fcgitops.text.tree import read_file
from fcgitops.text.words import count

if TYPE_CHECKING:
    from fcgitops.diff.report import Report


MAX_BYTES = 64 << 20
"""Of a rendering: one that is bigger was hardly meant, and a device has no end."""


class Options(NamedTuple):
    """How the outcome is shown, and what makes the command fail.

    Attributes:
        form: text, json or markdown.
        full: every field and every name.
        exit_code: 1 where anything changes, or cannot be compared.
        fail_on: 1 where an effect is at least that bad, or cannot be known; "" for never.
    """

    form: str = "text"
    full: bool = False
    exit_code: bool = False
    fail_on: str = ""


def run(  # noqa: PLR0913 - the options as they are typed
    folder: Path,
    sides: tuple[str, ...] = (),
    rendered: tuple[str, str] | None = None,
    form: str = "text",
    *,
    live: bool = False,
    context: str | None = None,
    full: bool = False,
    exit_code: bool = False,
    fail_on: str | None = None,
) -> int:
    """Compares what the words name, and prints what the change does.

    Args:
        folder: somewhere in the repository, or anywhere with `rendered`.
        sides: revisions and environments, as typed.
        rendered: two files of rendered objects instead.
        form: `text`, `json` or `markdown`.
        live: compare a cluster with Git.
        context: the cluster to ask.
        full: every field and every name.
        exit_code: 1 where anything changes.
        fail_on: 1 where an effect is at least that bad.

    Returns:
        The exit status.

    Raises:
        InputError: a word names nothing, or a file is no rendering.
        ToolError: a program is missing or fails.
    """
    options = Options(form, full=full, exit_code=exit_code, fail_on=fail_on or "")
    refuse_severity(options.fail_on)
    if rendered is not None:
        if sides or live:
            what = "is not taken together with --rendered"
            words = [*sides, *(["--live"] if live else [])]
            raise InputError([Problem(word, what, "leave one of them out") for word in words])
        return show(_asked(compare_files(folder, *rendered), context), options)
    if not (sides and ".." in sides[0]):  # else the work tree is not looked at
        _refuse_edits(layout.root_of(folder))
    if live:
        return show(compare_live(folder, sides, context), options)
    if sides:
        return show(_asked(compare_states(folder, sides), context), options)
    root = layout.root_of(folder)
    changed = git.differing(root)
    if changed is not None and not changed:
        return _show_unchanged(root, options)
    return show(_asked(compare_states(root, (), changed), context), options)


def _show_unchanged(root: Path, options: Options) -> int:
    """Says that nothing differs from HEAD.

    Imports next to nothing: all else takes longer to import than git to answer.
    """
    counts = unchanged.count(root)
    if options.form != "text":
        from fcgitops.diff.report import Report  # noqa: PLC0415

        return show(Report((), *counts, unchanged.NOT_BUILT), options)
    said = unchanged.sentence(*counts, unchanged.NOT_BUILT)
    terminal.data(f"{said or 'nothing changes'}\n")
    return 0


def _refuse_edits(root: Path) -> None:
    """Refuses a work tree whose fcgitops.yaml was edited where no command can carry that out.

    Raises:
        InputError: with each edit.
    """
    if is_unedited(read_file(root, layout.ANSWERS), read_file(root, layout.BASE_RECORD)):
        return
    from fcgitops.repository.contents import Repository  # noqa: PLC0415 - it says what is wrong

    Repository(root).require_answers()


def _asked(report: Report, context: str | None) -> Report:
    """The report, with what a cluster answers to its questions.

    Raises:
        InputError: it is of several environments, which one cluster cannot answer for.
    """
    if context is None:
        return report
    from fcgitops.diff import live  # noqa: PLC0415 - with --context alone
    from fcgitops.programs import kubectl  # noqa: PLC0415

    if len(report.entries) > 1:
        names = ", ".join(entry.name for entry in report.entries[:3])
        number = count(len(report.entries), "environment")
        what = f"is one cluster, and {number} differ: {names}, …"
        raise InputError(Problem("--context", what, "name the environment that is on it"))
    asking = kubectl.of_context(context)
    entries = (
        dataclasses.replace(e, outcome=live.answered(e.outcome, asking)) for e in report.entries
    )
    return report._replace(entries=tuple(entries))


def compare_live(folder: Path, words: tuple[str, ...], context: str | None) -> Report:
    """Compares what is on a cluster with what one environment renders.

    Raises:
        InputError: not one environment is named.
        ToolError: it cannot be built, or the cluster does not answer.
    """
    from fcgitops.diff import compare, live, sides  # noqa: PLC0415
    from fcgitops.diff.report import Entry, Report  # noqa: PLC0415
    from fcgitops.git.history import History  # noqa: PLC0415
    from fcgitops.programs import kubectl, kustomize  # noqa: PLC0415

    if len(words) != 1:
        raise InputError(Problem("--live", "compares one environment", "fcgitops diff --live ENV"))
    fleet = sides.parse(History(layout.root_of(folder)), words).fleet
    rendered, tool = fleet.rendered(words[0], kustomize.find())
    asking = kubectl.find() if context is None else kubectl.of_context(context)
    found = live.look(asking, rendered, tool)
    outcome = compare.outcome(found.before, found.after, frozenset({tool}))
    outcome = live.answered(live.with_refusals(outcome, found.refused), asking)
    return Report((Entry(f"{words[0]} on {asking.context}", outcome, note="nothing differs"),))


def compare_states(
    folder: Path, words: tuple[str, ...], changed: frozenset[str] | None = None
) -> Report:
    """Compares two states of a repository, or two environments.

    Args:
        folder: somewhere in the repository.
        words: as typed: revisions and environments.
        changed: what `git.differing` says of the work tree, where that was asked already.

    Raises:
        InputError: a word names nothing.
        ToolError: there is no good kustomize.
    """
    from fcgitops.diff import sides  # noqa: PLC0415 - a clean tree does not need it
    from fcgitops.diff.report import Report  # noqa: PLC0415
    from fcgitops.git.history import History  # noqa: PLC0415
    from fcgitops.programs import kustomize  # noqa: PLC0415

    history = History(layout.root_of(folder), changed)
    found = sides.parse(history, words)
    program = kustomize.find()
    if found.pairs is not None:
        report = Report(tuple(found.fleet.compare(found.pairs, program)))
    else:
        report = found.fleet.report(program)
    return report._replace(notes=(*found.notes, *report.notes))


def compare_files(folder: Path, before: str, after: str) -> Report:
    """Compares two renderings; `-` is standard input.

    Args:
        folder: what the names are relative to.
        before: a file of rendered objects.
        after: another one.

    Raises:
        InputError: a file cannot be read, has over 64 MiB, or holds no rendered objects.
    """
    from fcgitops.commands import given  # noqa: PLC0415
    from fcgitops.diff import compare, objects  # noqa: PLC0415 - every rule is imported
    from fcgitops.diff.report import Entry, Report  # noqa: PLC0415

    if before == after == "-":
        raise InputError(Problem("--rendered", "standard input is one rendering", "a file"))
    texts: dict[str, bytes] = {}
    problems: list[Problem] = []
    for name in (before, after):
        try:
            texts[name] = given.read(None if name == "-" else folder / name, MAX_BYTES)
        except OSError as error:
            problems.append(Problem(name, f"cannot be read: {error.strerror}"))
            continue
        if len(texts[name]) > MAX_BYTES:
            problems.append(Problem(name, f"has over {MAX_BYTES >> 20} MiB"))
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
    return Report((Entry(label, outcome, note=note),))


def refuse_severity(word: str) -> None:
    """Refuses a severity that there is not.

    Raises:
        InputError: with those that there are.
    """
    if not word:
        return
    from fcgitops.diff.effects import Severity, severity  # noqa: PLC0415

    if severity(word) is None:
        known = ", ".join(repr(s.word) for s in Severity)
        raise InputError(Problem("--fail-on", f"{word!r} is no severity", f"one of {known}"))


def show(report: Report, options: Options) -> int:
    """Prints a report.

    Returns:
        The exit status that `options` ask for; else that of what cannot be compared.
    """
    from fcgitops.diff import effects  # noqa: PLC0415
    from fcgitops.diff import report as reports  # noqa: PLC0415

    if options.form == "json":
        terminal.as_json(reports.as_json(report))
    elif options.form == "markdown":
        from fcgitops.diff.markdown import as_markdown  # noqa: PLC0415

        terminal.lines(as_markdown(report))
    else:
        style = terminal.style(sys.stdout)
        for line in reports.as_text(report, full=options.full, style=style):
            terminal.data(f"{line}\n")
    limit = effects.severity(options.fail_on) if options.fail_on else None
    failed = limit is not None and report.reaches(limit)
    return FOUND if failed or (options.exit_code and report.changes) else report.status
