"""`fcgitops update`: carries a repository to this version of fcgitops."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fcgitops import __version__
from fcgitops.commands import conflicted, forecast, writing
from fcgitops.commands.writing import Options
from fcgitops.core import terminal
from fcgitops.core.errors import (
    FOUND,
    FcgitopsError,
    FoundError,
    InputError,
    Problem,
    ToolError,
)
from fcgitops.core.lazy import regex
from fcgitops.model import layout
from fcgitops.repository import record, update
from fcgitops.repository.changes import Change
from fcgitops.repository.contents import WAY_ON, Repository
from fcgitops.text import jsonio
from fcgitops.text.tree import read_file
from fcgitops.text.words import count


def run(  # noqa: PLR0913 - the command's options
    folder: Path,
    *,
    check: bool,
    diff: bool,
    resume: bool,
    abort: bool,
    form: str = "text",
    **options: Any,  # noqa: ANN401
) -> int:
    """Carries the repository to this version, merged with the user's edits.

    Args:
        folder: somewhere in the repository.
        check: only say whether there is something to do.
        diff: only show what would be done: files, and objects with their effects.
        resume: finish an update whose conflicts are resolved.
        abort: take back an update that left conflicts.
        form: of what `check`, `diff` or a dry run prints: `text` or `json`.
        options: those of `writing.Options`.

    Returns:
        0; 1 where the user's edits and the new text conflict, or where `check` finds something.

    Raises:
        InputError, ToolError: nothing was written.
        FoundError: with `resume`, conflicts that are not resolved.
    """
    shows = check or diff
    how = Options(**options, form="text" if shows else form)
    modes = {"--check": check, "--diff": diff, "--continue": resume, "--abort": abort}
    _refuse_together([name for name, given in modes.items() if given], how)
    if abort:
        return _abort(folder)
    if check:
        return _check(folder, form)
    if diff:
        return _diff(folder, form)

    def make(repository: Repository) -> Change:
        waiting = _Waiting.of(repository)
        if resume:
            return _resumed(repository, waiting)
        if waiting:
            raise InputError(Problem(layout.ANSWERS, "an update has left conflicts", WAY_ON))
        return update.plan(repository)

    return writing.change(folder, make, how, require=Repository.require_updatable, leave=_leave)


def _refuse_together(given: list[str], how: Options) -> None:
    """Refuses options that contradict each other.

    Raises:
        InputError: with each of them.
    """
    others = {"--dry-run": how.dry_run, "--no-commit": how.no_commit, "--branch": how.branch}
    if given != ["--continue"]:
        others |= {"--message": how.message}
    else:
        del others["--no-commit"]
    problems = [
        Problem(name, f"is not taken together with {given[0]}", "one of the two")
        for name in (*given[1:], *(name for name, value in others.items() if given and value))
    ]
    if problems:
        raise InputError(problems)


@dataclass
class _Waiting:
    """An update that waits for its conflicts, as it is kept in Git's own directory."""

    written: list[str]
    """What it wrote; without those files that the work tree held already."""
    staged: list[str]
    """What it staged of these others."""
    conflicts: list[str]
    message: str
    answers: str
    """fcgitops.yaml as the record had it; the record is new already, the file is not."""

    @staticmethod
    def place(repository: Repository) -> Path:
        """Where it is kept; no file where none waits."""
        return repository.git.notes / layout.UPDATE_WAITS

    @classmethod
    def of(cls, repository: Repository) -> _Waiting | None:
        """The one that waits; None where there is none, or where it was ended by plain git."""
        try:
            found = cls(**jsonio.load(cls.place(repository).read_bytes()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            where = str(cls.place(repository))
            how = ("restore", "--source=HEAD", "--staged", "--worktree")
            back = (
                f"`{repository.git.typed(*how, paths=['.'])}` takes the update back; then delete it"
            )
            raise InputError(Problem(where, "cannot be read", back)) from error
        if repository.update_waits:
            return found
        cls.place(repository).unlink()
        return None


def _leave(repository: Repository, what: Change, message: str) -> None:
    """Leaves conflicts in the work tree, the recorded version as it was."""
    merged = what.merged
    merged.files.pop(layout.ANSWERS, None)
    before = _Waiting.of(repository) or _Waiting([], [], [], "", _former_answers(repository))
    written = {*before.written, *conflicted.written(repository, merged)}
    staged = {*before.staged, *repository.git.differing(merged.files)} - written
    waiting = _Waiting(
        sorted(written), sorted(staged), sorted(merged.conflicts), message, before.answers
    )
    note = (_Waiting.place(repository), json.dumps(dataclasses.asdict(waiting)))
    conflicted.put(repository, what, note)
    terminal.say(
        f"{layout.ANSWERS} says {repository.version} until they are resolved (`git mergetool`, or "
        "edit the markers):"
    )
    terminal.say(
        "`fcgitops update --continue` finishes, `fcgitops update --abort` takes all of it back"
    )


def _former_answers(repository: Repository) -> str:
    old = record.decode(repository.base_record) or {}
    return old.get(layout.ANSWERS, b"").decode()


def _resumed(repository: Repository, waiting: _Waiting | None) -> Change:
    """The rest of an update whose conflicts are resolved.

    Raises:
        InputError: none waits.
        FoundError: there are conflict markers left.
    """
    if waiting is None:
        raise InputError(Problem("--continue", "no update waits for it", "fcgitops update"))
    committed = repository.git.read_head(waiting.conflicts)
    problems = [
        Problem(f"{path}:{line}", "is a conflict marker", "choose one side, or join them")
        for path in waiting.conflicts
        for line in _markers(read_file(repository.root, path) or b"", committed[path] or b"")
    ]
    if problems:
        raise FoundError(problems)
    former = waiting.answers.encode() or None
    what = update.plan(repository, answers=former)
    merged = what.merged
    own = {*waiting.written, *waiting.staged}
    for path in own - merged.conflicts.keys():
        merged.files.setdefault(path, read_file(repository.root, path))
    # What follows from the resolved ones was generated before, and may conflict with other edits.
    what.overwrite = [
        p for p in (*merged.files, *merged.conflicts) if p in own | {*merged.conflicts}
    ]
    what.resolved = own | {*waiting.conflicts}
    what.left = own
    what.ends = _Waiting.place(repository)
    what.title = waiting.message
    return what


_MARKER = regex(rb"(?:<{7}|\|{7}|>{7}) .*|={7}\r?")


def _markers(data: bytes, committed: bytes) -> list[int]:
    """The numbers of the lines that are conflict markers.

    A line of equals signs that was committed is none: it underlines a heading of Markdown.
    """
    headings = {line for line in committed.split(b"\n") if line.startswith(b"=")}
    lines = enumerate(data.split(b"\n"), 1)
    return [n for n, line in lines if _MARKER.fullmatch(line) and line not in headings]


_NOT_ALL = Problem(
    "--abort", "perhaps not all is as it was", "the next `fcgitops update --abort` does the rest"
)


def _abort(folder: Path) -> int:
    repository = Repository.find_to_write(folder)
    with repository.git.lock():
        waiting = _Waiting.of(repository)
        if waiting is None:
            raise InputError(
                Problem("--abort", "no update waits for it", "`git revert` takes back a commit")
            )
        _refuse_later_edits(repository, waiting)
        try:
            repository.git.restore(waiting.written, waiting.staged)
            _Waiting.place(repository).unlink()
        except OSError as error:
            raise ToolError([Problem("--abort", error.strerror or str(error)), _NOT_ALL]) from error
        except FcgitopsError as error:
            raise type(error)([*error.problems, _NOT_ALL]) from error
    terminal.say(f"{count(len(waiting.written), 'file')} are as they were")
    return 0


def _refuse_later_edits(repository: Repository, waiting: _Waiting) -> None:
    """Refuses to lose what was edited after the update had written it; a resolution goes.

    Raises:
        InputError: with each such file.
    """
    clean = sorted({*waiting.written} - {*waiting.conflicts})
    problems = [
        Problem(
            path,
            "was edited after the update had written it, and the edit would be lost",
            f"copy what you need, then `{repository.git.typed('restore', paths=[path])}`",
        )
        for path in repository.git.edited_since_staged(clean)
    ]
    if problems:
        raise InputError(problems)


def _planned(folder: Path) -> tuple[Repository, Change]:
    """The repository and what an update makes of it; nothing is written."""
    repository = Repository.find(folder)
    repository.require_updatable()
    repository.git.refuse_left_out(*layout.READ)
    return repository, update.plan(repository)


def _check(folder: Path, form: str) -> int:
    repository, what = _planned(folder)
    differing = repository.git.differing(what.merged.files)
    if form == "json":
        files = forecast.files(what.merged, differing, repository.git.list_head())
        versions = {"version": repository.version, "newer": __version__ if files else None}
        rows = [{"path": path, "change": files[path]} for path in sorted(files)]
        terminal.as_json({**versions, "files": rows})
        return FOUND if files else 0
    if not differing and not what.merged.conflicts:
        terminal.data(f"fcgitops {__version__} has nothing newer\n")
        return 0
    told = f"{count(len(differing), 'file')} would change"
    if what.merged.conflicts:
        told += f", {len(what.merged.conflicts)} with conflicts"
    terminal.data(f"from fcgitops {repository.version} to {__version__}: {told}\n")
    conflicted.tell(what.merged)
    return FOUND


def _diff(folder: Path, form: str) -> int:
    from fcgitops.commands import diff as command  # noqa: PLC0415 - it imports every rule
    from fcgitops.diff.fleet import Fleet  # noqa: PLC0415
    from fcgitops.git.history import History  # noqa: PLC0415
    from fcgitops.programs import kustomize  # noqa: PLC0415

    repository, what = _planned(folder)
    terminal.note(*what.merged.notes)
    if form == "text":
        forecast.show(repository.root, what.merged)
    if what.merged.conflicts:
        conflicted.tell(what.merged)
        return FOUND
    history = History(repository.root)
    fleet = Fleet.of(history.head, history.planned(what.merged.files), history.prefix)
    return command.show(fleet.report(kustomize.find()), command.Options(form=form))
