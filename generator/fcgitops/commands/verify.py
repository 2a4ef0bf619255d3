"""`fcgitops verify`: builds the overlays and checks what they render."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from fcgitops.core import terminal
from fcgitops.core.errors import FOUND, InputError, Problem, ToolError
from fcgitops.git import program as git
from fcgitops.manifests import overlay
from fcgitops.manifests.overlay import OVERLAYS
from fcgitops.model import answers, experiment, layout
from fcgitops.model.environment import VARIANTS, Environment
from fcgitops.programs import kustomize
from fcgitops.repository.contents import Repository, source_path
from fcgitops.repository.environments import Planned, as_it_is, outcome, repository_outcome
from fcgitops.sync import entrypoints, registry, safeguards
from fcgitops.sync.tool import SyncTool
from fcgitops.text import yamlio
from fcgitops.text.tree import at, read_file
from fcgitops.verify import checks, references
from fcgitops.verify import nni as verify_nni
from fcgitops.verify.checks import Finding, Rendered


def run(folder: Path, names: Iterable[str], form: str) -> int:
    """Prints every finding.

    Args:
        folder: somewhere in the repository.
        names: environments, variants, ENV/nni, experiments/NAME; all when empty.
        form: `text` or `json`.

    Returns:
        0 where all is well, 1 where something was found.

    Raises:
        ToolError: there is no good kustomize.
    """
    repository = Repository.find(folder)
    wanted = repository.require(names, repository.kustomization_names())
    program = kustomize.find()
    if program.remark:
        terminal.say(f"note: {program.command[0]}: {program.remark}")
    findings: list[Finding] = []
    for name in repository.headless_names():
        message = f"{source_path(name)} is missing, or no plain file"
        findings.append(Finding("FCG11", name, message, f"git checkout {source_path(name)}"))
    named = [name for name in wanted if name not in VARIANTS and "/" not in name]
    planned, problems = _read(repository, named)
    findings += [Finding("FCG11", _overlay(p.where), str(p)) for p in problems]
    findings += [finding for item in planned for finding in _in_line(repository, item)]
    findings += _entry_points_in_line(repository)
    findings += _unguarded(repository, planned)
    findings += [finding for item in planned for finding in _spelled_out(item)]
    findings += [finding for item in planned for finding in _in_sight(repository, item)]
    if not problems:
        findings += _left_behind(repository)
    environments = {item.environment.name: item.environment for item in planned}
    nni, more = _nni(repository, wanted)
    findings += more
    folders = {repository.kustomization_folder(name): name for name in wanted}
    for path, result in program.build_all(folders):
        name = folders[path]
        if isinstance(result, ToolError):
            findings += [Finding("FCG00", name, problem.what) for problem in result.problems]
            continue
        if "/" in name:
            if name in nni:
                objects = [o for o in yamlio.load_all(result, name) if o]
                findings += verify_nni.rendered(name, objects, nni[name])
                if name.startswith(f"{experiment.FOLDER}/"):
                    findings += verify_nni.bounded(name, objects)
            continue
        config = read_file(repository.root, f"{OVERLAYS}/{path.name}/{overlay.CONFIG_FILE}")
        rendered = Rendered(
            path.name,
            [o for o in yamlio.load_all(result, path.name) if o],
            repository.answers.profile,
            environments.get(path.name),
            config.decode(errors="surrogateescape") if config is not None else None,
        )
        findings += checks.check(rendered)
    if form == "json":
        terminal.as_json([dataclasses.asdict(finding) for finding in findings])
    else:
        for finding in findings:
            terminal.data(f"{finding}\n")
    if findings:
        terminal.say(f"{len(findings)} findings in {len(wanted)} kustomizations")
        return FOUND
    found = f"{' '.join(program.command[:-1])} {program.version}"
    terminal.say(
        f"{len(wanted)} kustomizations built with {found}; "
        f"{len(checks.CHECKS)} checks an environment: all well"
    )
    return 0


def _read(repository: Repository, names: list[str]) -> tuple[list[Planned], list[Problem]]:
    """The environments that can be read, and what is wrong with these and the others."""
    planned: list[Planned] = []
    problems: list[Problem] = []
    for name in names:
        try:
            planned.append(as_it_is(repository, name))
        except InputError as error:
            problems += error.problems
    try:
        problems += repository.others_on_the_clusters_of([p.environment for p in planned])
    except InputError as error:  # a neighbour that cannot be read
        problems += [problem for problem in error.problems if problem not in problems]
    return planned, problems


def _nni(
    repository: Repository, names: Iterable[str]
) -> tuple[dict[str, Environment], list[Finding]]:
    """The environments of ENV/nni and experiments/NAME, and what is wrong with the latter."""
    found: dict[str, Environment] = {}
    findings: list[Finding] = []
    for name in (name for name in names if "/" in name):
        folder, _, last = name.partition("/")
        if folder == experiment.FOLDER:
            item, more = verify_nni.sources(repository, last)
            findings += more
            if item:
                found[name] = item.environment
        else:
            with suppress(InputError):  # FCG11 says it
                found[name] = repository.environment(folder)
    return found, findings


def _overlay(where: str) -> str:
    """The environment that a problem's place, overlays/NAME/…, speaks of."""
    return where.split("/")[1] if where.startswith(f"{OVERLAYS}/") else where


def _left_behind(repository: Repository) -> list[Finding]:
    """FCG14: a folder that a tool would go on to sync, of an environment that is not its own."""
    return [
        finding
        for tool in registry.TOOLS.values()
        if not tool.traits.reads_environments
        for finding in _left_behind_by(tool, repository)
    ]


def _left_behind_by(tool: SyncTool, repository: Repository) -> Iterator[Finding]:
    folder = repository.root / tool.folder
    names = repository.environment_names()
    for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
        file = next((f for f in reversed(tool.bootstrap.files) if (entry / f).is_file()), "")
        if not file:
            continue
        name = entry.name
        if name not in names:
            what = "there is no such environment"
        elif (own := repository.environment(name).tool) != tool.traits:
            what = f"{own.label} syncs it"
        else:
            continue
        place = f"{tool.folder}/{name}"
        message = f"{place}/{file} is for {tool.traits.label}, but {what}"
        yield Finding("FCG14", name, message, f"git rm -r {place}, but for what others have there")


def _spelled_out(item: Planned) -> list[Finding]:
    """FCG13: a tool that reads environment.yaml itself knows none of our defaults.

    Without `sync` Argo CD leaves the environment out; without another of these its
    ApplicationSet stops generating.
    """
    env = item.environment
    if not env.tool.reads_environments:
        return []
    document = yamlio.load(item.source, source_path(env.name)) or {}
    return [
        Finding(
            "FCG13",
            env.name,
            f"{overlay.SOURCE_FILE} does not spell out {key}, which {env.tool.label} reads there",
            f"{key}: {value}",
        )
        for key, value in (
            ("variant", env.variant),
            ("cluster", f"{{name: {env.cluster_name}}}"),
            ("namespace", env.namespace),
            ("sync", env.sync),
        )
        if not document.get(key)
    ]


def _in_sight(repository: Repository, item: Planned) -> list[Finding]:
    """FCG15: Flux fetches no other folders, and Argo CD takes no notice of a change in them."""
    env = item.environment
    own = f"{OVERLAYS}/{env.name}"
    return [
        Finding(
            "FCG15",
            env.name,
            f"{file} leads to {text}, where the sync tools do not look",
            f"keep what environments share below {overlay.SHARED[-1]}/",
        )
        for file, text in references.leading_out(
            repository.root, own, (*overlay.SHARED, f"{OVERLAYS}/{env.variant}", own)
        )
    ]


def _entry_points_in_line(repository: Repository) -> list[Finding]:
    """FCG12, of the entry points that no environment has of its own."""
    result = repository_outcome(repository, git.merge_file)
    stale = {p for p, content in result.files.items() if content != read_file(repository.root, p)}
    return [
        Finding("FCG12", path, f"is not in line with {answers.FILE}", "make overlays")
        for path in sorted({*stale, *result.conflicts})
    ]


def _unguarded(repository: Repository, planned: Iterable[Planned]) -> list[Finding]:
    """FCG18: an edit of an entry point may not take away what keeps it from deleting."""
    answers, role = repository.answers, read_file(repository.root, layout.CLUSTER_ROLE)
    wanted = entrypoints.of_repository(answers, repository.tools_with_nni([]))
    for item in planned:
        for folder, entries in entrypoints.of_environment(item.environment, answers, role).items():
            wanted |= at(folder, entries)
    found = {path: read_file(repository.root, path) for path in wanted}
    return [Finding("FCG18", *fields) for fields in safeguards.lost(wanted, found)]


def _in_line(repository: Repository, item: Planned) -> list[Finding]:
    """FCG12: the generated files say what environment.yaml says."""
    name = item.environment.name
    try:
        result = outcome(repository, [item], git.merge_file)
        stale = {
            path
            for path, content in result.files.items()
            if content != read_file(repository.root, path)
        }
    except InputError as error:
        return [Finding("FCG12", name, str(problem)) for problem in error.problems]
    return [
        Finding(
            "FCG12",
            name,
            f"{path} is not in line with {overlay.SOURCE_FILE}",
            f"make overlay ENV={name}",
        )
        for path in sorted({*stale, *result.conflicts})
    ]
