"""`fcgitops nni check …`: an NNI experiment file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fcgitops.commands import judging
from fcgitops.core import terminal
from fcgitops.core.errors import InputError, Problem
from fcgitops.core.findings import Finding
from fcgitops.core.printable import printable
from fcgitops.text import yamlio
from fcgitops.text.words import count


def run(
    folder: Path, files: tuple[str, ...], form: str, *, allow_hazards: bool, convert: bool
) -> int:
    """Prints every finding and the verdict of each file, or a file of version 1 as version 2.

    Args:
        folder: what the names are relative to, and the paths in what standard input holds.
        files: names; `-` is standard input.
        form: one of `reporting.FORMATS`.
        allow_hazards: whether hazards count as fine.
        convert: whether to convert the one file, not to judge it.

    Returns:
        1 where a file is rejected, or a hazard that is not allowed; else 0.

    Raises:
        InputError: with each file that cannot be read, after the others have been judged; or with
            all that keeps a file from being converted.
    """
    if convert:
        return _convert(folder, files)
    from fcgitops.nnifile.check import check  # noqa: PLC0415 - its imports cost most
    from fcgitops.nnifile.rules import RULES  # noqa: PLC0415

    def judge(data: bytes, name: str) -> list[Finding]:
        beside = folder if name == judging.STANDARD_INPUT else (folder / name).parent
        return check(data, beside)

    def fails(findings: Sequence[Finding]) -> bool:
        return judging.fails(findings, allow_hazards=allow_hazards)

    return judging.run(folder, files, form, judging.Checker("nni check", RULES, judge, fails))


def _convert(folder: Path, files: tuple[str, ...]) -> int:
    from fcgitops.nnifile import experiment_file, version1  # noqa: PLC0415

    if len(files) > 1:
        raise InputError(Problem("--convert", f"has {count(len(files), 'file')}", "one at a time"))
    (name,) = files
    try:
        value = experiment_file.read(judging.read(folder, name)).value
    except OSError as error:
        raise InputError(Problem(name, f"cannot be read: {error.strerror}")) from error
    except experiment_file.Unreadable as error:
        place = f"{name}:{error.line}" if error.line else name
        raise InputError(Problem(place, error.message, error.hint)) from error
    if not version1.is_version_1(value):
        what = "is not of version 1: it has trainingService, or no key of version 1's own"
        raise InputError(Problem(name, what, "`fcgitops nni check` judges it"))
    new, left = version1.convert(value, name)
    for key in left:
        terminal.say(printable(f"note: {name}: {key} has no place in version 2"))
    terminal.data(yamlio.dump(new))
    return 0
