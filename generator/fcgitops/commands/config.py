"""`fcgitops config …`: FrameworkController's configuration file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fcgitops.commands import judging
from fcgitops.core import terminal
from fcgitops.core.errors import FoundError, InputError, Problem
from fcgitops.core.findings import Finding
from fcgitops.core.printable import printable
from fcgitops.fcconfig import schema as schema_module
from fcgitops.text.values import did_you_mean
from fcgitops.text.words import count


def check(
    folder: Path, files: tuple[str, ...], form: str, *, allow_hazards: bool, strict: bool
) -> int:
    """Prints every finding and the verdict of each file.

    Args:
        folder: what the names are relative to.
        files: names; `-` is standard input. None: all that the repository there has, and what would
            be generated of it.
        form: one of `reporting.FORMATS`.
        allow_hazards: whether hazards count as fine.
        strict: whether what an accepted file panics on a moment later counts too.

    Returns:
        1 where a file is rejected, or a hazard that is not allowed; else 0.

    Raises:
        InputError: with each file that cannot be read, after the others have been judged.
        MissingError: HEAD has the variant's file, and the work tree has not.
    """
    from fcgitops.core.findings import ACCEPT, verdict  # noqa: PLC0415
    from fcgitops.fcconfig.check import check as judge  # noqa: PLC0415 - its imports cost most
    from fcgitops.fcconfig.findings import RULES, faults  # noqa: PLC0415

    def fails(findings: Sequence[Finding]) -> bool:
        if strict and verdict(findings) == ACCEPT:
            return bool(faults(findings))
        return judging.fails(findings, allow_hazards=allow_hazards)

    checker = judging.Checker("config check", RULES, lambda data, _: judge(data), fails)
    if files:
        return judging.run(folder, files, form, checker)
    from fcgitops.model import layout  # noqa: PLC0415
    from fcgitops.repository import configurations  # noqa: PLC0415
    from fcgitops.repository.contents import Repository  # noqa: PLC0415

    repository = Repository.find(folder)
    repository.require_answers()
    repository.read(layout.VARIANT_FILE)  # without it nothing that is customized can be judged
    return judging.report(*configurations.judged(repository), form, checker)


def merge(folder: Path, file: str, *, replace: bool) -> int:
    """Prints `file` over the variant's settings, as a customized environment would have it.

    Args:
        folder: what the name is relative to; within a repository, its customized-config is meant.
        file: a name, or `-`.
        replace: whether its podFailureSpec is the whole list.

    Raises:
        InputError: it cannot be read.
        FoundError: it is one that FrameworkController would not take as it is.
    """
    from fcgitops.fcconfig import merging, wrapped  # noqa: PLC0415
    from fcgitops.fcconfig.check import check as judge  # noqa: PLC0415
    from fcgitops.fcconfig.findings import faults  # noqa: PLC0415

    try:
        data, note = wrapped.taken_out(judging.read(folder, file))
    except OSError as error:
        raise InputError(Problem(file, f"cannot be read: {error.strerror}")) from error
    if note:
        terminal.say(f"note: {printable(file)} {note}")
    if problems := [found.problem(file) for found in faults(judge(data))]:
        raise FoundError(problems)
    variant = _variant(folder)
    how = merging.REPLACE if replace else merging.KEEP
    own = data.decode("utf-8-sig")
    merged = merging.merge(own, variant, how)
    if lost := merging.lost_comments(own, merged):
        verb = "is" if len(lost) == 1 else "are"
        more = " …" if len(lost) > 1 else ""
        what = f"{count(len(lost), 'comment')} {verb} not kept: {printable(lost[0])}{more}"
        terminal.say(f"note: {what}")
    terminal.data(merged)
    return 0


def _variant(folder: Path) -> str:
    """The text of customized-config: the repository's, or that of the profile hardened."""
    from fcgitops.repository import customized, scaffold  # noqa: PLC0415
    from fcgitops.repository.contents import Repository  # noqa: PLC0415

    try:
        repository = Repository.find(folder)
    except InputError:
        return scaffold.variant_config("hardened")
    repository.require_answers()
    return customized.variant_config(repository)


def schema() -> int:
    """Prints the JSON Schema."""
    terminal.data(schema_module.FILE.read_text(encoding="utf-8"))
    return 0


def explain(key: str | None, form: str) -> int:
    """Prints what is known of `key`, or one line a key; of all keys as `json`.

    Raises:
        InputError: there is no such key.
    """
    if key is None:
        if form == "json":
            terminal.as_json([_explained(path, found) for path, found in schema_module.walk()])
            return 0
        for path, found in schema_module.walk():
            terminal.data(f"{path}: {schema_module.describe(found)}\n")
        return 0
    from fcgitops.fcconfig import reference  # noqa: PLC0415

    wanted = schema_module.find(key)
    if wanted is None:
        known = [path.replace("[]", "") for path, _ in schema_module.walk()]
        hint = did_you_mean(key, known) or "`fcgitops config explain` lists all"
        raise InputError(Problem(key, "is no key of FrameworkController's file", hint))
    if form == "json":
        terminal.as_json([_explained(key, wanted)])
    else:
        terminal.data(reference.explain(key, wanted))
    return 0


def _explained(path: str, found: schema_module.Schema) -> dict[str, Any]:
    told = {"key": path, "takes": schema_module.describe(found), "does": found["description"]}
    return told | ({"default": found["default"]} if "default" in found else {})


def suggest(inflight: int, frameworks: int | None, tasks: int | None, form: str) -> int:
    """Prints settings as YAML, with their reasons as comments; or all of it as JSON.

    Raises:
        InputError: with each option that is not given; the settings depend on both.
    """
    from fcgitops.fcconfig import sizing  # noqa: PLC0415

    problems = (
        []
        if frameworks is not None
        else [Problem("--frameworks", "is not given", "how many are active at the same time")]
    )
    if tasks is None:
        what = "how many tasks the largest Framework has"
        problems.append(Problem("--tasks-per-framework", "is not given", what))
    if frameworks is None or tasks is None:
        raise InputError(problems)
    found = sizing.suggest(inflight, frameworks, tasks)
    if form == "json":
        settings = [{"key": s.name, "value": s.value, "why": s.reason} for s in found if s.name]
        also = [{"what": s.value, "why": s.reason} for s in found if not s.name]
        terminal.as_json({"settings": settings, "also": also})
    else:
        terminal.data(sizing.as_yaml(found))
    return 0
