"""`fcgitops nni check …`: an NNI experiment file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fcgitops.commands import judging
from fcgitops.core.findings import Finding


def run(folder: Path, files: tuple[str, ...], form: str, *, allow_hazards: bool) -> int:
    """Prints every finding and the verdict of each file.

    Args:
        folder: what the names are relative to, and the paths in what standard input holds.
        files: names; `-` is standard input.
        form: one of `reporting.FORMATS`.
        allow_hazards: whether hazards count as fine.

    Returns:
        1 where a file is rejected, or a hazard that is not allowed; else 0.

    Raises:
        InputError: with each file that cannot be read, after the others have been judged.
    """
    from fcgitops.nnifile.check import check  # noqa: PLC0415 - its imports cost most
    from fcgitops.nnifile.rules import RULES  # noqa: PLC0415

    def judge(data: bytes, name: str) -> list[Finding]:
        beside = folder if name == judging.STANDARD_INPUT else (folder / name).parent
        return check(data, beside)

    def fails(findings: Sequence[Finding]) -> bool:
        return judging.fails(findings, allow_hazards=allow_hazards)

    return judging.run(folder, files, form, judging.Checker("nni check", RULES, judge, fails))
