"""`fcgitops verify`: builds the overlays and checks what they render."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

from fcgitops import checks, git, kustomize, render, terminal, yamlio
from fcgitops.checks import Finding, Rendered
from fcgitops.environments import Request, outcome, plan
from fcgitops.errors import FOUND, InputError, ToolError
from fcgitops.model import VARIANTS, Environment
from fcgitops.repository import Repository, source_path
from fcgitops.scaffold import OVERLAYS
from fcgitops.tree import read_file


def run(folder: Path, names: Iterable[str], form: str) -> int:
    """Prints every finding.

    Args:
        folder: somewhere in the repository.
        names: environments or variants; all when empty.
        form: `text` or `json`.

    Returns:
        0 where all is well, 1 where something was found.

    Raises:
        ToolError: there is no good kustomize.
    """
    repository = Repository.find(folder)
    wanted = repository.require(names, repository.overlay_names())
    program = kustomize.find()
    if program.remark:
        terminal.say(f"note: {program.command[0]}: {program.remark}")
    findings: list[Finding] = []
    environments: dict[str, Environment] = {}
    for name in repository.headless_names():
        message = f"{source_path(name)} is missing, or no plain file"
        findings.append(Finding("FCG11", name, message, f"git checkout {source_path(name)}"))
    for name in wanted:
        if name in VARIANTS:
            continue
        try:
            plan(repository, [Request(name, source_path(name))])
            environments[name] = repository.environment(name)
        except InputError as error:
            findings += [Finding("FCG11", name, str(problem)) for problem in error.problems]
        else:
            findings += _in_line(repository, name)
    for path, result in program.build_all(repository.root / OVERLAYS / name for name in wanted):
        if isinstance(result, ToolError):
            findings += [Finding("FCG00", path.name, problem.what) for problem in result.problems]
            continue
        config = read_file(repository.root, f"{OVERLAYS}/{path.name}/{render.CONFIG_FILE}")
        rendered = Rendered(
            path.name,
            [o for o in yamlio.load_all(result, path.name) if o],
            repository.answers.profile,
            environments.get(path.name),
            config.decode() if config is not None else None,
        )
        findings += checks.check(rendered)
    if form == "json":
        terminal.as_json([dataclasses.asdict(finding) for finding in findings])
    else:
        for finding in findings:
            terminal.data(f"{finding}\n")
    if findings:
        terminal.say(f"{len(findings)} findings in {len(wanted)} overlays")
        return FOUND
    found = f"{' '.join(program.command[:-1])} {program.version}"
    terminal.say(
        f"{len(wanted)} overlays built with {found}; {len(checks.CHECKS)} checks each: all well"
    )
    return 0


def _in_line(repository: Repository, name: str) -> list[Finding]:
    """FCG12: the generated files say what environment.yaml says."""
    planned = plan(repository, [Request(name, source_path(name))])
    result = outcome(repository, planned, git.merge_file)
    stale = [
        path
        for path, content in result.files.items()
        if content != read_file(repository.root, path)
    ]
    return [
        Finding("FCG12", name, f"{path} is not in line with {render.SOURCE_FILE}",
                f"make overlay ENV={name}")
        for path in sorted({*stale, *result.conflicts})
    ]  # fmt: skip
