"""`fcgitops adopt DIR|-`: manifests that run FrameworkController become an environment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fcgitops.adopt import making, reading, recognition, report, runbook
from fcgitops.adopt.adoption import Adoption, Asked
from fcgitops.adopt.recognition import Found
from fcgitops.commands import environments, given, writing
from fcgitops.commands.writing import Options
from fcgitops.core import terminal
from fcgitops.core.errors import FoundError, InputError, Problem
from fcgitops.model import assignments
from fcgitops.model.assignments import SETTABLE
from fcgitops.model.environment import check_name
from fcgitops.repository.changes import Change
from fcgitops.repository.contents import Repository
from fcgitops.repository.environments import Request

ENDINGS = (".yaml", ".yml", ".json")
MAX_BYTES = 64 << 20
"""Of all files together: a folder that has more was hardly meant."""


def run(  # noqa: PLR0913 - the command's options
    folder: Path,
    source: str,
    form: str,
    *,
    name: str,
    cluster: str | None,
    namespace: str | None,
    sets: tuple[str, ...],
    overrule: str | None,
    **options: Any,  # noqa: ANN401
) -> int:
    """Makes an environment of existing manifests, in one commit.

    Args:
        folder: somewhere in the repository.
        source: a folder of manifests, one file of them, or - for standard input.
        form: `text` or `json`.
        name: the environment's.
        cluster: the name of its cluster, or its API server's URL.
        namespace: where FrameworkController is to run; by default where it does.
        sets: KEY=VALUE each, of environment.yaml, whatever was found.
        overrule: why it does not matter what `verify` finds.
        options: those of `writing.Options`.

    Returns:
        0.

    Raises:
        InputError: with every mistake of the manifests; nothing was written.
        FoundError: `verify` would fail, which was told with the rest; nothing was written.
        ToolError: there is no good kustomize; nothing was written.
    """
    how = Options(**options)
    own = {"cluster": "--cluster"}
    typed, problems = assignments.parse(sets, "--set", SETTABLE, options=own)
    if cluster is not None:
        typed.given["cluster.server" if "://" in cluster else "cluster.name"] = cluster
    if namespace is not None:
        typed.given["namespace"] = namespace
    problems += [*check_name(name, "--name"), *given.no_reason(overrule)]
    try:
        found = recognition.find(reading.read(_files(folder, source)), namespace or "")
    except InputError as error:
        raise InputError([*problems, *error.problems]) from error
    if problems:
        raise InputError(problems)
    adopting = _Adopting(found, Asked(name, typed), overrule, form)
    return writing.change(folder, adopting.make, how, foresee=adopting.foresee, tell=adopting.tell)


class _Adopting:
    """One run of the command, as `writing.change` carries it out: made, foreseen, told."""

    def __init__(self, found: Found, asked: Asked, overrule: str | None, form: str) -> None:
        self._found, self._asked, self._overrule, self._form = found, asked, overrule, form
        self._adoption: Adoption

    def make(self, repository: Repository) -> Change:
        """What the repository holds afterwards."""

        def plan(request: Request) -> Change:
            return environments.of_requests(repository, [request])

        self._adoption = making.adopt(repository, self._found, self._asked, plan)
        return self._adoption.change

    def foresee(self, repository: Repository, what: Change) -> Sequence[str]:
        """What is said of it, in lines.

        Raises:
            FoundError: `verify` would fail, and nobody says why that does not matter.
        """
        from fcgitops.promotion import preview  # noqa: PLC0415 - imports every check

        name = self._asked.name
        faults = preview.Preview(repository.root, what.merged.files).faults([name])
        self._adoption = replace(self._adoption, faults=faults)
        lines = list(report.as_text(self._adoption, runbook.steps(self._adoption)))
        if faults and self._overrule is None:
            self.tell("\n".join(lines))
            what_now = "--set KEY=VALUE, other manifests, or --overrule 'REASON'"
            refusal = Problem(name, "is not adopted while `verify` would fail", what_now)
            raise FoundError([*map(preview.problem, faults), refusal])
        if faults and self._overrule is not None:
            rules = ", ".join(dict.fromkeys(finding.rule for finding in faults))
            what.footer = ["", f"overruled: {rules} of {name}: {self._overrule.strip()}"]
        return lines

    def tell(self, text: str) -> None:
        """Prints it as text, or all of the adoption as data."""
        if self._form == "json":
            terminal.as_json(report.as_json(self._adoption, runbook.steps(self._adoption)))
        else:
            terminal.lines(text)


def _files(folder: Path, source: str) -> dict[str, bytes]:
    """What is to be read: how each file is called → its content.

    Raises:
        InputError: with everything that cannot be read, or at more than 64 MiB.
    """
    problems: list[Problem] = []
    files: dict[str, Path | None] = {"standard input": None}
    if source != "-":
        place = folder / source
        paths = [place]
        if place.is_dir():
            paths = sorted(p for p in place.rglob("*") if p.suffix in ENDINGS)
            paths = [p for p in paths if p.is_file() and ".git" not in p.parts]
        files = {str(p.relative_to(folder) if p.is_relative_to(folder) else p): p for p in paths}
        if not paths:
            hint = f"files that end in {', '.join(ENDINGS)}, or - for standard input"
            problems.append(Problem(source, "has no manifests", hint))
    found: dict[str, bytes] = {}
    left = MAX_BYTES
    for name, path in files.items():
        try:
            found[name] = given.read(path, left)
        except OSError as error:
            problems.append(Problem(str(path or name), f"cannot be read: {error.strerror}"))
            continue
        left -= len(found[name])
        if left < 0:
            raise InputError(Problem(source, f"has over {MAX_BYTES >> 20} MiB"))
    if problems:
        raise InputError(problems)
    return found
