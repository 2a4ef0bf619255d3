"""Bringing a new tree to the branch, the index and the work tree: all of it or nothing.

The order, so that a run may be killed at any point:

1. a copy of the index; the journal, which says what is to happen; `index.lock`, which
   keeps other git processes out and is known as ours by the token in it;
2. the new value of the branch, prepared and held: nobody can move the branch any more;
3. the work tree and the copied index, by git's own two-tree merge, which leaves alone
   whatever else the user changed or staged;
4. the branch moves (without a commit: the copied index becomes the index), from here on
   only forward;
5. the copied index becomes the index; the lock and the journal are removed.

Whatever happens in between, `recovery` finishes it or takes it back.
"""

from __future__ import annotations

import posixpath
import re
import secrets
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from fcgitops.core.errors import FcgitopsError, FoundError, InputError, Problem, ToolError
from fcgitops.git import commits
from fcgitops.git.journal import File, Journal, copy_index, lock_index, on_copy, save
from fcgitops.git.preflight import Change, Disk, refuse_changed
from fcgitops.git.program import Answer, failure, no_place, raw, terminated, text
from fcgitops.git.recovery import Outcome, abandon, forward, recover
from fcgitops.git.worktree import Entry, WorkTree, index_info, stamp

Conflict = tuple[Entry | None, Entry | None, Entry | None]
"""A conflict in the index: the base's, our and their entry."""


@dataclass(frozen=True)
class Step:
    """What the repository shall be brought to.

    Attributes:
        tree: the new tree.
        changes: how it differs from HEAD's.
        commit: the branch's new commit; None to leave the branch where it is.
        branch: the ref of the branch to make and check out; None for the present one.
        stages: the paths that stay in conflict.
        resolved: paths whose conflicts end here, with the file as the work tree has it.
        note: a file in our own directory that is written with all this, and its content; an empty
            one takes it away.
    """

    tree: str
    changes: list[Change]
    commit: str | None = None
    branch: str | None = None
    stages: Mapping[str, Conflict] = field(default_factory=dict)
    resolved: Collection[str] = ()
    note: tuple[str, str] = ("", "")

    @property
    def before(self) -> list[Change]:
        """What the work tree has otherwise than HEAD, and is written over."""
        return [
            replace(change, new=change.old, content=None)
            for change in self.changes
            if change.overwritten
        ]


def apply(tree: WorkTree, step: Step, reason: str) -> None:
    """Bring branch, index and work tree to what `step` says; call it under the lock.

    Args:
        tree: the work tree, as examined.
        step: what shall be.
        reason: the line for the reflog.

    Raises:
        FcgitopsError: it could not be done; everything is as it was, or the message says that
            the next run sees to it.
    """
    _refuse_left_out(tree, step)
    journal, touched = None, False
    try:
        copy_index(tree)
        journal = _journal(tree, step)
        save(tree, journal)
        lock_index(tree, journal.token, journal.index)
        with _prepared(tree, journal, reason) as move:
            refuse_changed(tree, step.changes)
            touched = True
            _merge(tree, step, journal.before)
            move()
        forward(tree, journal)
    except BaseException as error:
        try:
            outcome = abandon(tree, journal) if journal and not touched else recover(tree)
        except (OSError, FcgitopsError) as again:
            raise Unfinished(tree.top, error, again) from error
        if outcome is Outcome.FORWARD and isinstance(error, Exception):
            return  # it failed when nothing but tidying up was left, which is done now
        if isinstance(error, OSError):
            raise ToolError(_problems(tree.top, error)) from error
        raise


class Unfinished(ToolError):
    """The change was interrupted, and can be neither finished nor taken back now.

    Attributes:
        reasons: what kept it from being done.
    """

    def __init__(self, top: Path, error: BaseException, again: Exception) -> None:
        self.reasons = _problems(top, error)
        what = "the change was interrupted, and cannot be finished or taken back now"
        hint = "nothing is lost: the next fcgitops command that writes here does so"
        reasons = [Problem(p.where, p.what) for p in _problems(top, again)]
        super().__init__([*reasons, Problem(str(top), what, hint)])


def _problems(top: Path, error: BaseException) -> tuple[Problem, ...]:
    if isinstance(error, FcgitopsError):
        return error.problems
    what = f"cannot be written: {error.strerror}" if isinstance(error, OSError) else str(error)
    return (Problem(str(top), what, "nothing was written"),)


def _journal(tree: WorkTree, step: Step) -> Journal:
    plain: list[File] = []
    adopted: list[File] = []
    overwritten: list[File] = []
    for change in step.changes:
        kind = adopted if change.adopted else overwritten if change.overwritten else plain
        kind.append((change.path, change.old, change.new))
    written = [path for path, _, new in (*plain, *overwritten) if new]
    head = tree.head or tree.empty_tree
    new = step.commit or (tree.head if step.branch else None) or ""
    ref = step.branch or (tree.ref if step.commit else None) or ""
    return Journal(
        token=secrets.token_hex(16),
        index=stamp(tree.index),
        ref=ref if new else "",
        old="" if step.branch else tree.head or "",
        new=new,
        head=tree.ref or "",
        new_head=step.branch or tree.ref or "",
        files=plain,
        adopted=adopted,
        overwritten=overwritten,
        directories=Disk(tree.top).missing_directories(written),
        note=step.note[0],
        noted=step.note[1],
        before=commits.write_tree(tree, step.before) if overwritten else head,
        after=step.commit or step.tree,
    )


@contextmanager
def _prepared(tree: WorkTree, journal: Journal, reason: str) -> Iterator[Callable[[], None]]:
    """Hold the branch's new value ready; what is yielded makes it so."""
    if not journal.ref:
        yield lambda: None
        return
    zero = "0" * len(tree.empty_tree)
    # Of the user's hooks it runs `reference-transaction`, as `git commit` does.
    process = tree.git.start(*tree.durable, "update-ref", "-m", reason, "--stdin", hooks=True)

    def say(words: str, *expected: bytes) -> None:
        # A broken pipe is git having ended: what it says is in its stderr.
        with suppress(BrokenPipeError):
            process.stdin.write(raw(words))
            process.stdin.flush()
        if any(process.stdout.readline() != line for line in expected):
            with suppress(BrokenPipeError):
                process.stdin.close()
            err = text(process.stderr.read())
            refuse_changed(tree, ())  # which says it better
            answer = Answer(process.wait(), b"", err)
            if re.search(r"aborted by (the reference-transaction )?hook", err):
                raise FoundError(commits.refused_by("reference-transaction", err))
            hint = f"nothing was written; {answer.way_out or 'run the command again'}"
            problem = Problem(journal.ref, answer.reason, hint)
            raise InputError(problem) if no_place(answer) else ToolError(problem)

    try:
        say(
            f"start\nupdate {journal.ref} {journal.new} {journal.old or zero}\nprepare\n",
            b"start: ok\n",
            b"prepare: ok\n",
        )
        yield lambda: say("commit\n", b"commit: ok\n")
    finally:
        with suppress(BrokenPipeError):
            process.stdin.close()  # without a commit this gives the branch free again
        process.wait()
        process.stdout.close()
        process.stderr.close()


def stage(tree: WorkTree, paths: Collection[str], env: Mapping[str, str]) -> None:
    """Bring files as the work tree has them into the index that `env` names."""
    if paths:
        command = ("update-index", "--add", "--remove", "-z", "--stdin")
        tree.git.run(*command, data=terminated(sorted(paths)), env=env)


_FEW = 3
"""So many files are named one by one."""


def _refuse_left_out(tree: WorkTree, step: Step) -> None:
    """Refuse to write what a sparse checkout leaves out: git itself checks out those files alone.

    Raises:
        InputError: each path that would be left out.
    """
    written = {c.path: c.new for c in step.changes if c.new and not c.adopted}
    if not (written and tree.enabled("core.sparsecheckout")):
        return
    with tempfile.TemporaryDirectory(prefix="fcgitops-") as name:
        index, files = Path(name, "index"), Path(name, "files")
        files.mkdir()
        env = {"GIT_INDEX_FILE": str(index), "GIT_WORK_TREE": str(files)}
        command = ("update-index", "-z", "--index-info")
        tree.git.run(*command, data=index_info(written), env=env)
        alone = text(tree.git.run("write-tree", env=env)).strip()
        index.unlink()
        tree.git.run("read-tree", "-m", "-u", alone, env=env)
        outside = [path for path in written if not (files / path).exists()]
    hint = "`git sparse-checkout add` its folder"
    what = "is left out by the sparse checkout"
    if outside:
        # Of many, as of a new repository, the folder that has them all: its name is what is added.
        folder = posixpath.commonpath(outside) if len(outside) > _FEW else ""
        raise InputError(Problem(p, what, hint) for p in ([folder] if folder else outside))


def _merge(tree: WorkTree, step: Step, old: str) -> None:
    """Bring the work tree and the copied index from the tree `old` to the new one."""
    env = on_copy(tree)
    as_they_are = {change.path for change in step.changes if change.adopted or change.overwritten}
    stage(tree, {*step.resolved, *as_they_are}, env)
    # Or git would also remove what stands in the work tree beyond the user's sparse checkout.
    command = ("read-tree", "--no-sparse-checkout", "-m", "-u", old, step.tree)
    answer = tree.git.ask(*command, env=env)
    if "not uptodate" in answer.err:
        # Touched, yet not changed: `preflight` has seen that. Another size, as of other line
        # ends, is a change to `update-index --refresh`, so the files are added as they are.
        clean = [c.path for c in step.changes if not c.adopted and (tree.top / c.path).is_file()]
        tree.git.run("update-index", "-z", "--stdin", data=terminated(clean), env=env)
        answer = tree.git.ask(*command, env=env)
    if answer.status:
        raise failure(command, answer)
    deleted = [change.path for change in step.changes if not (change.new or change.adopted)]
    if stayed := [path for path in deleted if stamp(tree.top / path)]:  # git only warns
        hint = "nothing was written; who may write to its folder?"
        raise ToolError(Problem(path, "cannot be removed", hint) for path in stayed)
    if step.stages:
        lines, zero = [], "0" * len(step.tree)
        for path, stages in step.stages.items():
            lines.append(f"0 {zero}\t{path}")
            lines += [f"{e.mode} {e.id} {n}\t{path}" for n, e in enumerate(stages, 1) if e]
        tree.git.run("update-index", "-z", "--index-info", data=terminated(lines), env=env)
