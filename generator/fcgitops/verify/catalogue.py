"""All checks together: each subject's module is imported here, which registers its checks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fcgitops.core.findings import HAZARD, Rules
from fcgitops.verify import (  # noqa: F401 - each registers its checks
    building,
    controller,
    definition,
    dependencies,
    effect,
    entry_points,
    gates,
    guardrails,
    neighbours,
    network,
    nni,
    records,
    rights,
    running,
    server,
    silence,
    sources,
    starting,
    validity,
)
from fcgitops.verify.registry import UNEXPECTED, Check
from fcgitops.verify.subjects import PLACES


def checks() -> list[tuple[str, Check[Any]]]:
    """Each check with the title of the place where it looks, by number."""
    found = [(place.title, check) for place in PLACES for check in place.checks]
    return sorted(found, key=lambda pair: pair[1].number)


def table() -> list[str]:
    """The lines of the table in the generated docs."""
    rows = [f"| {number} | {sentence} |" for number, (_, sentence) in sorted(rules().items())]
    return ["| | |", "| --- | --- |", *rows]


def rules() -> Rules:
    """Number → severity and what is right, of all checks and of FCG99."""
    found: Rules = {}
    for _, check in checks():
        _, sentences = found.get(check.number, ("", ""))
        if check.sentence not in sentences:
            sentences = f"{sentences} {check.sentence}".strip()
        found[check.number] = check.severity, sentences
    return found | {UNEXPECTED: (HAZARD, "Every check ran to its end.")}


def write(file: Path) -> None:
    """Writes the table anew into a file that has one, from FCG00 to the file's end."""
    text = file.read_text(encoding="utf-8")
    head, _ = text.split("| | |\n| --- | --- |\n| FCG00 ", 1)
    file.write_text("\n".join([head.rstrip("\n"), "", *table(), ""]), encoding="utf-8")
