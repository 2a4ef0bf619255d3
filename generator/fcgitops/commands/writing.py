"""What overlay, overlays and remove share: a change is shown, left uncommitted, or committed."""

from __future__ import annotations

import difflib
import io
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from fcgitops.core import terminal
from fcgitops.core.errors import FOUND, FoundError, InputError, Problem
from fcgitops.git import program, repo
from fcgitops.model import layout
from fcgitops.model.environment import Environment
from fcgitops.repository import experiments
from fcgitops.repository.contents import Repository
from fcgitops.repository.environments import (
    Planned,
    Request,
    left_namespace,
    outcome,
    plan,
    repository_outcome,
)
from fcgitops.repository.merge import Conflict, Merged
from fcgitops.sync import entrypoints, registry, removal
from fcgitops.text import yamlio
from fcgitops.text.tree import read_file

Contents = Mapping[str, bytes | None]
Plan = Callable[[Repository], tuple[Merged, str]]
"""From the repository as it is to what it should hold, and the commit's message."""


@dataclass(frozen=True)
class Options:
    """What every command that writes takes."""

    branch: str | None = None
    no_commit: bool = False
    dry_run: bool = False

    def __post_init__(self) -> None:
        """Refuses options that contradict each other."""
        if self.branch and self.no_commit:
            raise InputError(
                Problem("--branch", "commits, and --no-commit does not", "one of the two")
            )


def change(folder: Path, make: Plan, options: Options) -> int:
    """Carries out one change of the repository that `folder` is in, whole or not at all.

    Args:
        folder: somewhere in the repository.
        make: reads the repository, under the lock, and says what to write.
        options: of the command.

    Returns:
        0, or 1 where the user's edits and the new text conflict.

    Raises:
        InputError, FoundError, ToolError: nothing was written.
    """
    found = Repository.find(folder)
    worktree = repo.open_repository(found.root)
    with nullcontext() if options.dry_run else worktree.lock():
        repository = Repository(found.root)  # read under the lock
        repository.require_same_version()
        worktree.refuse_left_out(*layout.READ)
        merged, message = make(repository)
        for note in merged.notes:
            terminal.say(f"note: {note}")
        if options.dry_run:
            show(repository.root, merged)
            if not merged.conflicts:
                _say(effects(found.root, merged.files))
            return FOUND if merged.conflicts else 0
        if merged.conflicts:
            return _conflicts(worktree, merged, message, options)
        differs = any(read_file(found.root, path) != data for path, data in merged.files.items())
        told = effects(found.root, merged.files)
        body = "\n".join([message, "", *told]) if told else message
        commit = worktree.commit(
            merged.files, body, branch=options.branch, commit=not options.no_commit
        )
    if commit:
        terminal.say(f"{message}: commit {commit[:10]} on {worktree.branch}")
    elif differs:
        terminal.say(f"{message}: left in the work tree and the index; `git commit` finishes it")
    else:
        terminal.say(f"nothing to do: {len(merged.files)} files are as they should be")
        return 0
    _say(told)
    return 0


EFFECTS = "FCGITOPS_EFFECTS"
"""Set to `off` where a command that writes is not to wait for the builds that its effects take."""


def effects(root: Path, files: Contents) -> list[str]:
    """What a change does to clusters, as lines; none where HEAD holds it already."""
    if os.environ.get(EFFECTS) == "off":
        return []
    from fcgitops.diff import spoken  # noqa: PLC0415 - a command that only reads does without

    return spoken.of_change(root, files)


def _say(told: Sequence[str]) -> None:
    for line in told:
        terminal.say(line)


def write_environments(
    folder: Path,
    requests: Callable[[Repository], Sequence[Request]],
    options: Options,
    *,
    whole: bool = False,
) -> int:
    """Adds or changes environments in one commit. Returns and raises as `change`.

    Args:
        folder: somewhere in the repository.
        requests: what to add or change.
        options: of the command.
        whole: whether the entry points of the repository are brought in line too.
    """

    def make(repository: Repository) -> tuple[Merged, str]:
        planned = plan(repository, requests(repository))
        merged = outcome(repository, planned, program.merge_file)
        merged.add(_experiments(repository, [item.environment for item in planned]))
        if whole or _nni_is_on(repository, planned):
            changed_environments = [item.environment for item in planned]
            merged.add(repository_outcome(repository, program.merge_file, changed_environments))
        added = [p.environment.name for p in planned if p.new]
        changed = _changed(repository, [p.environment.name for p in planned if not p.new], merged)
        message = (
            "; ".join(
                part for part in (_sentence("Add", added), _sentence("Change", changed)) if part
            )
            or "Bring the entry points in line"
        )
        for item in planned:
            env = item.environment
            if env.api_address.startswith("https:") and not env.kubeconfig_secret:
                terminal.say(
                    f"note: {env.name}: FrameworkController sends no token to apiServer.address "
                    "unless apiServer.kubeconfigSecret gives it a kubeconfig"
                )
            before = entrypoints.generated_for(repository.root, env.name, env.sync)
            if not item.new and before is not registry.of(env):
                terminal.say(f"note: {removal.handover(env, before)}")
            if note := _namespace_left(repository, env):
                terminal.say(f"note: {note}")
        return merged, message

    return change(folder, make, options)


def _nni_is_on(repository: Repository, planned: Sequence[Planned]) -> bool:
    """Whether the entry points that environments share may depend on what changes."""
    there = (repository.root / path for path in entrypoints.of_nni(repository.answers))
    return any(item.environment.runs_nni for item in planned) or any(map(Path.exists, there))


def _experiments(repository: Repository, changed: Sequence[Environment]) -> Merged:
    """The experiments of environments that change, brought in line; the unreadable are noted."""
    environments = {env.name: env for env in changed}
    names, unreadable = experiments.of_environments(repository, environments)
    there, notes = [], [f"an experiment was left as it is: {problem}" for problem in unreadable]
    for name in names:
        try:
            there.append(experiments.as_it_is(repository, name, environments))
        except InputError as error:
            notes.append(f"experiments/{name} was left as it is: {error}")
    merged = experiments.outcome(repository, there, program.merge_file)
    merged.notes += notes
    return merged


def _namespace_left(repository: Repository, environment: Environment) -> str:
    """What is to be typed because an environment leaves its namespace; empty for nothing."""
    old = left_namespace(repository, environment)
    tool, profile = registry.of(environment), repository.answers.profile
    return tool.namespace_left(environment, old, profile) if old else ""


def refuse_all(
    repository: Repository, requests: Sequence[Request], problems: Sequence[Problem]
) -> Sequence[Request]:
    """`requests`, unless there are `problems`: then those of the requests are told with them.

    Raises:
        InputError: with all of them.
    """
    if not problems:
        return requests
    try:
        plan(repository, requests)
    except InputError as error:
        problems = [*problems, *error.problems]
    raise InputError(problems)


def _changed(repository: Repository, names: list[str], merged: Merged) -> list[str]:
    """Those of many environments of which a file will not be as HEAD has it."""
    if len(names) < 2:
        return names
    there = repo.open_repository(repository.root).read_head(merged.files)
    differing = [path for path, data in merged.files.items() if there[path] != data]
    differing += merged.conflicts
    folders = {path.split("/")[1] for path in differing}
    return [name for name in names if name in folders]


def _sentence(verb: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    if len(names) > 3:
        return f"{verb} {len(names)} environments"
    return f"{verb} environment{'s' if len(names) > 1 else ''} {', '.join(names)}"


def show(root: Path, merged: Merged) -> None:
    """Prints what would change as a unified diff."""
    contents: dict[str, bytes | None] = dict(merged.files)
    contents |= {path: conflict.merged for path, conflict in merged.conflicts.items()}
    for path in sorted(contents):
        old, new = read_file(root, path), contents[path]
        if old != new:
            terminal.data(unified(path, old, new))


def unified(path: str, old: bytes | None, new: bytes | None) -> str:
    """A unified diff of one file; None is one that is not there."""
    lines = difflib.unified_diff(
        _lines(old),
        _lines(new),
        "/dev/null" if old is None else f"a/{path}",
        "/dev/null" if new is None else f"b/{path}",
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def _lines(content: bytes | None) -> list[str]:
    """Lines as git counts them: `splitlines` knows more ends than the newline."""
    return io.StringIO((content or b"").decode(errors="replace"), newline="\n").readlines()


def _conflicts(worktree: repo.GitRepository, merged: Merged, message: str, options: Options) -> int:
    if options.branch:
        hint = f"`git switch -c {options.branch}`, then the same without --branch"
        raise FoundError(
            Problem(path, "your edit and the new text change the same lines", hint)
            for path in merged.conflicts
        )
    stages = {path: _stages(conflict) for path, conflict in merged.conflicts.items()}
    worktree.leave_conflict(merged.files, stages)
    for path in merged.conflicts:
        terminal.say(f"conflict: {path}: your edit and the new text change the same lines")
    paths = " ".join(sorted({path.rpartition("/")[0] for path in merged.conflicts}))
    terminal.say(
        "resolve them (`git mergetool`, or edit the markers), `git add` them and "
        f"`git commit -m '{message}'`;\n"
        f"`git restore --source=HEAD --staged --worktree {paths}` takes all of it back"
    )
    return FOUND


def _stages(conflict: Conflict) -> repo.Stages:
    return repo.Stages(conflict.base or None, conflict.ours, conflict.theirs, conflict.merged)


def read_text(path: Path | None, name: str) -> str:
    """The text of a file that the user named, or of standard input.

    Args:
        path: the file; None is standard input.
        name: how the user named it.

    Raises:
        InputError: it cannot be read, is no UTF-8 text or has over 1 MiB.
    """
    try:
        with sys.stdin.buffer if path is None else path.open("rb") as file:
            data = file.read(yamlio.MAX_BYTES + 1)
    except OSError as error:
        raise InputError(Problem(name, f"cannot be read: {error.strerror}")) from error
    if len(data) > yamlio.MAX_BYTES:
        raise InputError(Problem(name, f"has over {yamlio.MAX_BYTES} bytes"))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(Problem(name, "is not UTF-8 text")) from error
