"""`fcgitops adopt DIR|-`: manifests that run FrameworkController become an environment."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fcgitops.adopt import making, reading, recognition, report, runbook
from fcgitops.adopt.adoption import Adoption, Asked
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
"""Of all files together: more than any cluster's objects that are meant."""


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
    found = None
    try:
        items = reading.read(_files(folder, source))
        found = recognition.find(items, namespace or "")
    except InputError as error:
        problems += error.problems
    if problems or found is None:
        raise InputError(problems)
    asked = Asked(name, typed)
    made: list[Adoption] = []

    def make(repository: Repository) -> Change:
        def plan(request: Request) -> Change:
            return environments.of_requests(repository, [request])

        made.append(making.adopt(repository, found, asked, plan))
        return made[0].change

    def foresee(repository: Repository, what: Change) -> Sequence[str]:
        from fcgitops.promotion import preview  # noqa: PLC0415 - imports every check

        faults = preview.Preview(repository.root, what.merged.files).faults([name])
        made[0] = replace(made[0], faults=faults)
        lines = list(report.as_text(made[0], runbook.steps(made[0])))
        if faults and overrule is None:
            tell("\n".join(lines))
            what_now = "--set KEY=VALUE, other manifests, or --overrule 'REASON'"
            refusal = Problem(name, "is not adopted while `verify` would fail", what_now)
            raise FoundError([*map(preview.problem, faults), refusal])
        if faults and overrule is not None:
            rules = ", ".join(dict.fromkeys(finding.rule for finding in faults))
            what.footer = ["", f"overruled: {rules} of {name}: {overrule.strip()}"]
        return lines

    def tell(text: str) -> None:
        if form == "json":
            terminal.as_json(report.as_json(made[0], runbook.steps(made[0])))
        else:
            terminal.lines(text)

    return writing.change(folder, make, how, foresee=foresee, tell=tell)


def _files(folder: Path, source: str) -> dict[str, bytes]:
    """What is to be read: how each file is called → its content.

    Raises:
        InputError: with everything that cannot be read.
    """
    if source == "-":
        data = sys.stdin.buffer.read(MAX_BYTES + 1)
        found = {"standard input": data}
    else:
        place = folder / source
        paths = [place]
        if place.is_dir():
            paths = sorted(p for p in place.rglob("*") if p.suffix in ENDINGS)
            paths = [p for p in paths if p.is_file() and ".git" not in p.parts]
        found, problems = {}, []
        for path in paths:
            try:
                found[str(path.relative_to(folder) if path.is_relative_to(folder) else path)] = (
                    path.read_bytes()
                )
            except OSError as error:
                problems.append(Problem(str(path), f"cannot be read: {error.strerror}"))
        if not paths:
            hint = f"files that end in {', '.join(ENDINGS)}, or - for standard input"
            problems.append(Problem(source, "has no manifests", hint))
        if problems:
            raise InputError(problems)
    if sum(map(len, found.values())) > MAX_BYTES:
        raise InputError(Problem(source, f"has over {MAX_BYTES >> 20} MiB"))
    return found
