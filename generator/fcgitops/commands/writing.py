"""What commands that write share: a change is shown, left uncommitted, or committed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from fcgitops.commands import amiss, conflicted, forecast
from fcgitops.core import terminal
from fcgitops.core.errors import FOUND, InputError, Problem
from fcgitops.model import layout
from fcgitops.repository import changes, unresolved
from fcgitops.repository.applying import to_apply
from fcgitops.repository.changes import Change
from fcgitops.repository.contents import Repository
from fcgitops.repository.merge import Merged
from fcgitops.text.tree import read_file

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
    """The form of what `dry_run` prints: `text` or `json`."""

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
            unresolved.refuse(repository)
        git.refuse_left_out(*layout.READ)
        ready = _Ready.of(repository, make(repository), foresee, resolve=resolve)
        if options.dry_run:
            return _show(ready, options, tell)
        merged = ready.what.merged
        if ready.waits:
            _refuse_commit(repository, options)
            return conflicted.resolve(repository, merged)
        if merged.conflicts:
            conflicted.refuse_branch(merged, options.branch)
            (leave or conflicted.leave)(repository, ready.what, options.message or ready.told)
            return FOUND
        effects = effects_of(found.root, merged.files) if ready.foreseen is None else []
        branch = options.branch or git.branch
        commit = _commit(ready, options, effects)
    if not (commit or (options.no_commit and ready.differing)):
        amiss.nothing_to_do(repository, ready.what)
        return 0
    terminal.note(*merged.notes)  # not before: what refuses has done nothing of it
    if commit:
        terminal.say(f"{ready.told}: commit {commit[:10]} on {branch}{_with_yours(ready.edits)}")
    else:
        typed = ready.what.by_hand(ready.told)
        terminal.say(f"{ready.told}: left in the work tree and the index; `{typed}` finishes it")
    if ready.foreseen:
        tell("\n".join(ready.foreseen))
    terminal.note(*ready.entry_points)
    _say(ready.what.told)
    _say(effects)
    terminal.note(*map(str, ready.what.lacking))
    return 0


class _Ready(NamedTuple):
    """A change that is worked out, and that nothing speaks against."""

    repository: Repository
    what: Change
    differing: Sequence[str]
    """The files that HEAD has otherwise."""
    told: str
    """What it does, in one line; empty where there is nothing to do."""
    edits: Sequence[str]
    """The user's own edits of sources that go into the commit."""
    entry_points: Sequence[str]
    """What has to be applied to a cluster for it, in notes."""
    foreseen: Sequence[str] | None
    """What it does, in lines; None where nobody has foreseen that."""
    waits: bool
    """Whether git waits, in a merge or the like, for what it generates anew."""

    @classmethod
    def of(
        cls, repository: Repository, what: Change, foresee: Foresee | None, *, resolve: bool
    ) -> _Ready:
        """Works out what is said and asked of a change. Arguments as those of `change`.

        Raises:
            InputError, FoundError: it should not be made.
        """
        amiss.refuse_unbuildable(repository, what)
        conflicted.refuse_marked(repository, what.merged)
        differing = repository.git.differing(what.merged.files)
        told = what.told_by(differing)
        edits = _edits(repository, what.merged, [p for p in differing if p not in what.left])
        entry_points = to_apply(repository, what, differing)
        waits = resolve and bool(unresolved.records(repository))
        foreseen: list[str] | None = None
        if foresee:
            there = differing and not what.merged.conflicts
            foreseen = [*foresee(repository, what), *what.footer] if there else []
        return cls(repository, what, differing, told, edits, entry_points, foreseen, waits)


def _refuse_commit(repository: Repository, options: Options) -> None:
    """Refuses options of a commit where git waits for a merge to be resolved.

    Raises:
        InputError: one is given.
    """
    if options.branch or options.message:
        raise InputError(
            Problem(str(repository.root), "there are conflicts: no commit is made now",
                    "without --branch and --message")
        )  # fmt: skip


def _commit(ready: _Ready, options: Options, effects: Sequence[str]) -> str | None:
    """Commits a change, or leaves it in the work tree and the index. Returns the commit, if any."""
    what = ready.what
    return ready.repository.git.commit(
        what.merged.files,
        _worded(options, what)
        or _message(ready.told, ready.edits, what.told, ready.foreseen or effects),
        branch=options.branch,
        commit=not options.no_commit,
        overwrite=what.overwrite,
        resolved=what.resolved,
        ends=what.ends,
    )


def _show(ready: _Ready, options: Options, tell: Tell) -> int:
    """Shows what a change would do, and says that it was not done. Returns as `change`."""
    repository, what, merged = ready.repository, ready.what, ready.what.merged
    if not (ready.differing or ready.waits or merged.conflicts):
        amiss.refuse(repository, what)
    told = conflicted.in_line(merged) if ready.waits else ready.told
    terminal.note(*merged.notes, *ready.entry_points)
    if options.form == "json":
        _show_as_json(ready, told)
    else:
        if ready.foreseen:
            tell("\n".join(ready.foreseen))
        if merged.conflicts or ready.foreseen is None:
            forecast.show(repository.root, merged)
        if merged.conflicts:
            conflicted.tell(merged)
        elif ready.foreseen is None:
            _say(what.told)
            _say(effects_of(repository.root, merged.files))
        would = f"{told}{_with_yours(ready.edits)}" if told else "nothing to do"
        terminal.say(f"nothing was written; without --dry-run: {would}")
    return FOUND if merged.conflicts else 0


def _show_as_json(ready: _Ready, told: str) -> None:
    """Shows it for a program; its effects are worked out where nobody has foreseen them."""
    repository, merged = ready.repository, ready.what.merged
    effects = ready.foreseen
    if effects is None:
        asked = told and not merged.conflicts
        effects = effects_of(repository.root, merged.files) if asked else []
    files = forecast.files(merged, ready.differing, repository.git.list_head())
    forecast.show_as_json(told, files, effects, merged)


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


def effects_of(root: Path, files: Mapping[str, bytes | None]) -> list[str]:
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
    record_of = {path: repository.record_of(path) for path in edited}
    new = {*git.edited(set(record_of.values()))}
    staged = [path for path in edited if record_of[path] in new]
    left = {*staged} - {*git.edited_since_staged(staged)} if staged else set()
    return [path for path in edited if path not in left]


def _with_yours(edits: Sequence[str]) -> str:
    """The end of a sentence that names edits; empty for none."""
    if not edits:
        return ""
    return f", with your edit{'s' if len(edits) > 1 else ''} of {', '.join(edits)}"
