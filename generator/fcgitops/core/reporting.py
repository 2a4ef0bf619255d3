"""What a command found, as a value: one place for `verify`, `config check` and `nni check`.

A format is a module of `core/formats/` with a function `render`, and its name in `FORMATS`.
"""

from __future__ import annotations

import dataclasses
import importlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from fcgitops.core import terminal
from fcgitops.core.findings import INFO, Finding, Rules

FORMATS = ("text", "json", "junit", "sarif", "github", "gitlab")
"""What `--format` takes."""


class Judged(NamedTuple):
    """A file that was named to be judged: it gets a verdict."""

    name: str
    findings: Sequence[Finding]


class Silenced(NamedTuple):
    """A finding that a comment beside its cause takes back."""

    finding: Finding
    reason: str


@dataclass(frozen=True)
class Report:
    """What a command found: in a repository, or in each of some files."""

    command: str
    """Such as `verify`."""
    rules: Callable[[], Rules]
    """All that was asked, for the formats that list it."""
    findings: Sequence[Finding] = ()
    """What was found in a repository."""
    silenced: Sequence[Silenced] = ()
    overlays: Mapping[str, str] = field(default_factory=dict)
    """Each kustomization that was looked at → the file that a finding without one is shown at."""
    files: Sequence[Judged] = ()
    folder: str = ""
    """The content's own, from the Git repository's top, "" or "folder/": what shows findings beside
    a change names files from that top."""
    seconds: float = 0.0
    style: terminal.Style = terminal.plain
    """How a format for people sets words off."""

    def shown(self, finding: Finding) -> Finding:
        """A finding of a repository with a file: for formats that show all in files."""
        file = finding.file or self.overlays.get(finding.overlay, "")
        return dataclasses.replace(finding, file=file and self.folder + file)

    def all(self) -> Iterator[Finding]:
        """Every finding that is not silenced, with its file, as far as one is known."""
        yield from map(self.shown, self.findings)
        for judged in self.files:
            for finding in judged.findings:
                yield dataclasses.replace(finding, file=judged.name)


def fails(findings: Sequence[Finding]) -> bool:
    """Whether one of them is more than worth knowing."""
    return any(finding.severity != INFO for finding in findings)


def render(form: str, report: Report) -> str:
    """The report in one of `FORMATS`."""
    module = importlib.import_module(f"fcgitops.core.formats.{form}")
    text: str = module.render(report)
    return text


def tell(form: str, report: Report) -> None:
    """Prints the report in one of `FORMATS`."""
    styled = dataclasses.replace(report, style=terminal.style(sys.stdout))
    terminal.data(render(form, styled))
