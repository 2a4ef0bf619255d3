"""What commands that write share: a change is shown, left uncommitted, or committed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from fcgitops.commands import amiss, forecast, leaving
from fcgitops.core import shell, terminal
from fcgitops.core.errors import FOUND, FoundError, InputError, Problem
from fcgitops.git import repo
from fcgitops.model import layout
from fcgitops.model.environment import CUSTOMIZED_CONFIG
from fcgitops.repository import changes, record, records
from fcgitops.repository.applying import to_apply
from fcgitops.repository.changes import Change
from fcgitops.repository.contents import Repository
from fcgitops.repository.environments import Planned, Request, plan
from fcgitops.repository.merge import Conflict, Merged
from fcgitops.text import conflicts
from fcgitops.text.tree import read_file
from fcgitops.text.unified import unified
from fcgitops.text.words import count

Contents = Mapping[str, bytes | None]
Plan = Callable[[Repository], Change]
"""From the repository as it is to what it should hold."""
Foresee = Callable[[Repository, Change], Sequence[str]]
"""From what it should hold to what that does, in lines; it refuses what should not be."""

Tell = Callable[[str], None]
"""Prints what was foreseen."""


@dataclass(frozen=True)
class Options:
    """What every command that writes takes."""

    branch: str | None = None
    no_commit: bool = False
    dry_run: bool = False
    message: str | None = None
    form: str = "text"
    """Of what `dry_run` prints: `text` or `json`."""

    def __post_init__(self) -> None:
        """Refuses options that contradict each other."""
        problems = [
            Problem(option, f"{what}, and --no-commit does not", "one of the two")
            for option, what, value in (
                ("--branch", "commits", self.branch),
                ("--message", "is for what commits", self.message),
            )
            if value is not None and self.no_commit
        ]
        if self.message is not None and not self.message.strip():
            problems.append(Problem("--message", "is empty", "a line that says what is done"))
        if self.form != "text" and not self.dry_run:
            what = f"{self.form} is a form of what would be done"
            problems.append(Problem("--format", what, "with --dry-run"))
        if problems:
            raise InputError(problems)


def change(  # noqa: PLR0913 - all but three have a default
    folder: Path,
    make: Plan,
    options: Options,
    *,
    require: Callable[[Repository], None] = Repository.require_same_version,
    leave: Callable[[Repository, Change, str], None] | None = None,
    foresee: Foresee | None = None,
    tell: Tell = terminal.lines,
    resolve: bool = False,
) -> int:
    """Carries out one change of the repository that `folder` is in, whole or not at all.

    Args:
        folder: somewhere in the repository.
        make: reads the repository, under the lock, and says what to write.
        options: of the command.
        require: refuses a repository that this change is not for.
        leave: leaves conflicts for the user, with the message of the commit that is to come, and
            says what is done with them; by default as `git merge` does.
        foresee: says what the change does before it is made, and refuses what should not be; it is
            the commit's body, and told on stdout; by default its effects are told.
        tell: prints that, once it is done.
        resolve: whether it generates anew what two branches have generated, where git waits for
            that in a merge, a rebase or the like.

    Returns:
        0, or 1 where the user's edits and the new text conflict.

    Raises:
        InputError, ToolError: nothing was written.
        FoundError: nothing was written, and the repository is not as it should be.
    """
    found = Repository.find_to_write(folder)
    git = found.git
    with nullcontext() if options.dry_run else git.lock():
        repository = Repository(found.root, git)  # read under the lock
        require(repository)
        if not resolve:
            records.refuse_unresolved(repository)
        git.refuse_left_out(*layout.READ)
        what = make(repository)
        amiss.refuse_unbuildable(repository, what)
        merged = what.merged
        _refuse_marked(repository, merged)
        differing = git.differing(merged.files)
        told = what.told_by(differing)
        edits = _edits(repository, merged, [p for p in differing if p not in what.left])
        entry_points = to_apply(repository, what, differing)
        waits = resolve and bool(records.unresolved(repository))
        foreseen: list[str] = []
        if foresee and differing and not merged.conflicts:
            foreseen = [*foresee(repository, what), *what.footer]
        if options.dry_run:
            if not (differing or waits or merged.conflicts):
                amiss.refuse(repository, what)
            told = _IN_LINE.format(count(len(merged.files), "file")) if waits else told
            terminal.note(*merged.notes, *entry_points)
            if options.form == "json":
                effects = foreseen if foresee else None
                return _show_as_json(repository, what, told, effects)
            if foreseen:
                tell("\n".join(foreseen))
            return _show(repository, what, told, edits, foresee)
        if waits:
            return _resolve(repository, merged, options)
        if merged.conflicts:
            _refuse_branch(merged, options)
            (leave or _leave)(repository, what, options.message or told)
            return FOUND
        effects = [] if foresee else effects_of(found.root, merged.files)
        branch = options.branch or git.branch
        commit = git.commit(
            merged.files,
            _worded(options, what) or _message(told, edits, what.told, foreseen or effects),
            branch=options.branch,
            commit=not options.no_commit,
            overwrite=what.overwrite,
            resolved=what.resolved,
            ends=what.ends,
        )
    if not (commit or (options.no_commit and differing)):
        amiss.nothing_to_do(repository, what)
        return 0
    terminal.note(*merged.notes)  # not before: what refuses has done nothing of it
    if commit:
        terminal.say(f"{told}: commit {commit[:10]} on {branch}{_with_yours(edits)}")
    else:
        terminal.say(
            f"{told}: left in the work tree and the index; `{what.by_hand(told)}` finishes it"
        )
    if foreseen:
        tell("\n".join(foreseen))
    terminal.note(*entry_points)
    _say(what.told)
    _say(effects)
    terminal.note(*map(str, what.lacking))
    return 0


def _refuse_marked(repository: Repository, merged: Merged) -> None:
    """Refuses to take a file for resolved in which git's markers still stand.

    Raises:
        InputError: with each of them.
    """
    lines = {
        path: conflicts.line(data)
        for path, data in merged.files.items()
        if data and b"<<<<<<< " in data and path in repository.git.unmerged
    }
    problems = [
        Problem(f"{path}:{line}", conflicts.WHAT, conflicts.HINT)
        for path, line in lines.items()
        if line
    ]
    if problems:
        raise InputError(problems)


_IN_LINE = "{} of this merge in line, and staged"


def _resolve(repository: Repository, merged: Merged, options: Options) -> int:
    """Puts what is generated anew into the work tree and the index of a merge that waits for it."""
    if options.branch or options.message:
        raise InputError(
            Problem(str(repository.root), "there are conflicts: no commit is made now",
                    "without --branch and --message")
        )  # fmt: skip
    git = repository.git
    marked = {path: conflict.merged for path, conflict in merged.conflicts.items()}
    new = {**merged.files, **marked}
    # A record last: it tells a later run that these files are to be generated anew.
    order = sorted(new, key=lambda path: path.endswith(layout.RECORDS))
    written = {p: new[p] for p in order if read_file(repository.root, p) != new[p]}
    git.resolve(written, (path for path in order if path not in merged.conflicts))
    terminal.note(*merged.notes)
    tell_conflicts(merged)
    terminal.say(_IN_LINE.format(count(len(merged.files), "file")))
    left = git.unmerged
    for path in left:
        terminal.say(f"still in conflict: {path}")
    way_on = git.under_way or "`git commit` finishes it"
    terminal.say(way_on if not left else f"resolve the rest, `git add` it, and then: {way_on}")
    return FOUND if merged.conflicts else 0


def _worded(options: Options, what: Change) -> str:
    """The message that somebody has given; empty where nobody has."""
    lead = ["", what.lead] if what.lead else []
    return "\n".join([options.message.strip(), *lead, *what.footer]) if options.message else ""


def _message(told: str, edits: Sequence[str], more: Sequence[str], effects: Sequence[str]) -> str:
    """A commit's message: what it does, what of the user's it holds, what clusters feel of it."""
    mine = f"With edits of {', '.join(edits)}" if edits else ""
    parts = [told, mine, "\n".join(more), "\n".join(effects)]
    return "\n\n".join(filter(None, parts))


EFFECTS = "FCGITOPS_EFFECTS"
"""Set to `off` where a command that writes is not to wait for the builds that its effects take."""


def effects_of(root: Path, files: Contents) -> list[str]:
    """What a change does to clusters, as lines; none where HEAD holds it already."""
    if os.environ.get(EFFECTS) == "off":
        return []
    from fcgitops.diff import spoken  # noqa: PLC0415 - a command that only reads does without

    return spoken.of_change(root, files)


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        terminal.say(line)


def _edits(repository: Repository, merged: Merged, differing: Sequence[str]) -> list[str]:
    """The sources that somebody has edited, and that go into the commit as they are.

    What a run with --no-commit has staged is none: its record is not committed either, and nobody
    edits one.
    """
    git, root = repository.git, repository.root
    sources = [path for path in differing if changes.is_source(path)]
    edited = [p for p in git.edited(sources) if read_file(root, p) == merged.files[p]]
    record_of = {path: records.of_source(repository, path) for path in edited}
    new = {*git.edited(set(record_of.values()))}
    staged = [path for path in edited if record_of[path] in new]
    left = {*staged} - {*git.edited_since_staged(staged)} if staged else set()
    return [path for path in edited if path not in left]


def _with_yours(edits: Sequence[str]) -> str:
    """The end of a sentence that names edits; empty for none."""
    if not edits:
        return ""
    return f", with your edit{'s' if len(edits) > 1 else ''} of {', '.join(edits)}"


def write_environments(
    folder: Path,
    requests: Callable[[Repository], Sequence[Request]],
    options: Options,
    *,
    whole: bool = False,
    title: str = "",
) -> int:
    """Adds or changes environments in one commit. Returns and raises as `change`.

    Args:
        folder: somewhere in the repository.
        requests: what to add or change.
        options: of the command.
        whole: whether the entry points of the repository are brought in line too.
        title: what it does, in one line; by default told by its files.
    """

    def make(repository: Repository) -> Change:
        what = also_unresolved(repository, requests(repository), whole=whole)
        what.title = title
        return what

    return change(folder, make, options, resolve=True)


def also_unresolved(
    repository: Repository, requests: Sequence[Request], *, whole: bool = False
) -> Change:
    """As `of_requests`, with what a merge that git waits for has left to be generated anew."""
    wanted = records.with_unresolved(repository, requests)
    whole_too = whole or records.base_is_unresolved(repository)
    what = of_requests(repository, wanted, whole=whole_too)
    what.merged.files |= records.taken_away(repository)
    return what


def of_requests(
    repository: Repository, requests: Sequence[Request], *, whole: bool = False
) -> Change:
    """The change that adds or changes environments, with notes on what a user should know.

    Args:
        repository: as it is on disk.
        requests: what to add or change.
        whole: whether the entry points of the repository are brought in line too.

    Raises:
        InputError: with every problem of every request.
    """
    what = changes.of_environments(repository, requests, whole=whole)
    for item in what.environments:
        what.merged.notes += _remarks(repository, item)
        if edited := _left_over(repository, item, what.merged):
            take = repository.git.typed("rm", paths=[edited])
            what.merged.notes.append(f"nothing reads {edited} now; `{take}` takes it away")
    what.merged.notes += leaving.notes(repository, what.environments)
    return what


def _left_over(repository: Repository, item: Planned, merged: Merged) -> str:
    """The configuration that an environment had, where it stays for its edits; else empty."""
    folder = f"{layout.OVERLAYS}/{item.environment.name}"
    path = f"{folder}/{layout.CONFIG_FILE}"
    if item.environment.variant == CUSTOMIZED_CONFIG or path in merged.files:
        return ""
    if not (repository.root / path).exists():
        return ""
    recorded = record.decode(read_file(repository.root, f"{folder}/{layout.RECORD_FILE}")) or {}
    return path if layout.CONFIG_FILE in recorded else ""


def _remarks(repository: Repository, item: Planned) -> list[str]:
    """What a user should know of one environment as it will be."""
    env, found = item.environment, []
    if env.api_address.startswith("https:") and not env.kubeconfig_secret:
        found.append(
            f"{env.name}: FrameworkController sends no token to apiServer.address unless "
            "apiServer.kubeconfigSecret gives it a kubeconfig"
        )
    if item.let_go:
        show = repository.git.typed("log", "-p", "--", paths=[layout.source_path(env.name)])
        found.append(
            f"{env.name}: its settings go out of {layout.SOURCE_FILE}, for {env.variant} has no "
            f"file for them; `{show}` shows them once more"
        )
    return found


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


def show(root: Path, merged: Merged) -> None:
    """Prints what would change as a unified diff."""
    contents: dict[str, bytes | None] = dict(merged.files)
    contents |= {path: conflict.merged for path, conflict in merged.conflicts.items()}
    for path in sorted(contents):
        old, new = read_file(root, path), contents[path]
        if old != new:
            terminal.difference(unified(path, old, new))


def show_tree(root: Path, tree: Contents, message: str, form: str) -> None:
    """The same of a folder that is written at once.

    Args:
        root: the folder, as it is.
        tree: content by path below it; None deletes.
        message: of the commit.
        form: `text` or `json`.
    """
    merged = Merged(dict(tree))
    if form == "json":
        title = message.partition("\n")[0]
        forecast.show(title, forecast.of_a_tree(root, tree), (), merged)
    else:
        show(root, merged)


def _show(
    repository: Repository,
    what: Change,
    told: str,
    edits: Sequence[str],
    foresee: Foresee | None,
) -> int:
    """Shows what a change would do, unless it is foreseen, and says that it was not done."""
    merged = what.merged
    if merged.conflicts or foresee is None:
        show(repository.root, merged)
    if merged.conflicts:
        tell_conflicts(merged)
    elif foresee is None:
        _say(what.told)
        _say(effects_of(repository.root, merged.files))
    would = f"{told}{_with_yours(edits)}" if told else "nothing to do"
    terminal.say(f"nothing was written; without --dry-run: {would}")
    return FOUND if merged.conflicts else 0


def _show_as_json(
    repository: Repository, what: Change, told: str, effects: Sequence[str] | None
) -> int:
    """The same for a program; the effects are asked for where they are not known."""
    merged = what.merged
    if effects is None:
        asked = told and not merged.conflicts
        effects = effects_of(repository.root, merged.files) if asked else []
    files = forecast.files(
        merged, repository.git.differing(merged.files), repository.git.list_head()
    )
    forecast.show(told, files, effects, merged)
    return FOUND if merged.conflicts else 0


def tell_conflicts(merged: Merged) -> None:
    """Names every file in which both sides changed the same lines."""
    for path in merged.conflicts:
        terminal.say(f"conflict: {path}: your edit and the new text change the same lines")


def _refuse_branch(merged: Merged, options: Options) -> None:
    """Refuses conflicts that would have to be left on a new branch.

    Raises:
        FoundError: with each of them.
    """
    if options.branch:
        switch = shell.line("git", "switch", "-c", options.branch)
        hint = f"`{switch}`, then the same without --branch"
        raise FoundError(
            Problem(path, "your edit and the new text change the same lines", hint)
            for path in merged.conflicts
        )


def written(repository: Repository, merged: Merged) -> list[str]:
    """The files that leaving the conflicts writes: those in conflict, and what merged cleanly."""
    clean = [
        path
        for path in repository.git.differing(merged.files)
        if read_file(repository.root, path) != merged.files[path]
    ]
    return sorted({*clean, *merged.conflicts})


def leave_conflicts(
    repository: Repository, what: Change, note: tuple[Path, str] | None = None
) -> None:
    """Leaves conflicts as git does, with a note in Git's own directory; says what it has done."""
    merged = what.merged
    stages = {path: _stages(conflict) for path, conflict in merged.conflicts.items()}
    repository.git.leave_conflict(
        merged.files, stages, overwrite=what.overwrite, resolved=what.resolved, note=note
    )
    terminal.note(*merged.notes)
    tell_conflicts(merged)


def _leave(repository: Repository, what: Change, message: str) -> None:
    paths = written(repository, what.merged)
    how = ("restore", "--source=HEAD", "--staged", "--worktree")
    back = repository.git.typed(*how, paths=paths)
    leave_conflicts(repository, what)
    terminal.say(
        "resolve them (`git mergetool`, or edit the markers), `git add` them and "
        f"`{what.by_hand(message)}`;"
    )
    terminal.say(f"`{back}` takes all of it back")


def _stages(conflict: Conflict) -> repo.Stages:
    return repo.Stages(conflict.base or None, conflict.ours, conflict.theirs, conflict.merged)
