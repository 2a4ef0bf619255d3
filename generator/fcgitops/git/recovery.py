"""Finishing or taking back what a run left, killed or failed at whatever point.

What the journal means is read off the repository itself: either the branch has moved, and
the rest is finished, or it has not, and the work tree is taken back. A file that the user
has changed since is left as it is.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from enum import Enum
from pathlib import Path

from fcgitops.git.journal import (
    Journal,
    back_index,
    copied_index,
    forget,
    load,
    place,
    sweep,
    unlock_index,
    unlock_without_journal,
    write_note,
)
from fcgitops.git.preflight import Disk
from fcgitops.git.program import raw, text
from fcgitops.git.worktree import Entry, WorkTree, index_info, stamp


class Outcome(Enum):
    """What came of a run that was interrupted."""

    NOTHING = "there was none"
    BACK = "taken back"
    FORWARD = "finished"


def recover(tree: WorkTree) -> Outcome:
    """Finish or take back what a run left, this one or another; call it under the lock.

    The git processes of that run have ended: each of them holds the lock, too.

    Raises:
        OSError, FcgitopsError: it cannot be done now; what the run left is still there.
    """
    journal = load(tree)
    if journal is None:
        unlock_without_journal(tree)
        sweep(tree)
        return Outcome.NOTHING
    _free_head(tree, journal)
    _free_ref(tree, journal)
    if _decided(tree, journal):
        forward(tree, journal)
        return Outcome.FORWARD
    _back(tree, journal)
    return Outcome.BACK


def abandon(tree: WorkTree, journal: Journal) -> Outcome:
    """Give up a run that has not touched anything of the user's yet."""
    unlock_index(tree, journal.token)
    if place(tree).exists():
        forget(tree)
    return Outcome.BACK


def _decided(tree: WorkTree, journal: Journal) -> bool:
    """Whether the point of no return was reached."""
    if journal.ref:
        answer = tree.git.ask("rev-parse", "-q", "--verify", journal.ref)
        now = text(answer.out).strip()
        if not now or now == journal.new:
            return now == journal.new
        # Somebody may have committed on top of it since.
        return tree.git.ask("merge-base", "--is-ancestor", journal.new, now).status == 0
    switched = journal.new_head != journal.head and _head(tree) == journal.new_head
    return switched or not copied_index(tree).exists()


def forward(tree: WorkTree, journal: Journal) -> None:
    """Finish: the branch stands where it shall, and so does the work tree."""
    _free_head(tree, journal)
    if journal.new_head != journal.head and _head(tree) == journal.head:
        words = (journal.head or "HEAD", "to", journal.new_head)
        reason = "checkout: moving from " + " ".join(w.removeprefix("refs/heads/") for w in words)
        tree.git.run("symbolic-ref", "-m", reason, "HEAD", journal.new_head)
    if copied_index(tree).exists():
        if stamp(tree.index) == journal.index:
            copied_index(tree).replace(tree.index)
        elif _head(tree) == journal.new_head:
            _carry(tree, journal)
        else:  # the user has gone to another branch since
            copied_index(tree).unlink()
    write_note(tree, journal)
    unlock_index(tree, journal.token)
    forget(tree)


def _carry(tree: WorkTree, journal: Journal) -> None:
    """Bring our paths to the new tree in an index that somebody wrote since the copy."""
    unlock_index(tree, journal.token)
    entries = _entries(tree)
    gone = Entry("0", "0" * len(tree.empty_tree))
    moved = {
        path: new or gone
        for path, old, new in (*journal.files, *journal.adopted, *journal.overwritten)
        if entries.get(path) == old != new
    }
    if moved:
        tree.git.run("update-index", "-z", "--index-info", data=index_info(moved))
        tree.git.ask("update-index", "-q", "--refresh")
    copied_index(tree).unlink()


def _back(tree: WorkTree, journal: Journal) -> None:
    """Take back what was written to the work tree; the index was never touched."""
    copied_index(tree).with_name("index.lock").unlink(missing_ok=True)
    entries, disk = _entries(tree), Disk(tree.top)
    # Where the index says something else than before, the user has been there since.
    files = [
        (path, old, new)
        for path, old, new in journal.files
        if entries.get(path) == old and not any(disk.obstacles(path))
    ]
    files += [file for file in journal.overwritten if not any(disk.obstacles(file[0]))]
    present = {path: content for path, _, _ in files if (content := disk.read(path)) is not None}
    names = tree.names(present)
    restore = {}
    for path, old, new in files:
        now = names.get(path)
        ours = now is None or (new is not None and _written(tree, present[path], now, new))
        if old is not None and now != old.id and ours:
            restore[path] = old
        elif old is None and now is not None and ours:
            (tree.top / path).unlink()
    for directory in reversed(journal.directories):
        with suppress(OSError):  # something else is in it by now
            (tree.top / directory).rmdir()
    _check_out(tree, restore)
    unlock_index(tree, journal.token)
    if restore:
        tree.git.ask("update-index", "-q", "--refresh")
    forget(tree)


def _check_out(tree: WorkTree, files: Mapping[str, Entry]) -> None:
    """Write files, by an index of their own: the real one may hold others of these names."""
    if not files:
        return
    index = back_index(tree)
    for left in (index, index.with_name(f"{index.name}.lock")):
        left.unlink(missing_ok=True)
    env = {"GIT_INDEX_FILE": str(index)}
    tree.git.run("update-index", "-z", "--index-info", data=index_info(files), env=env)
    tree.git.run("checkout-index", "-f", "-q", "-a", env=env)


def _written(tree: WorkTree, content: bytes, name: str, new: Entry) -> bool:
    """Whether the content is the new one, or the part of it that a killed git wrote."""
    return (
        name == new.id
        or not content
        or tree.git.run("cat-file", "blob", new.id).startswith(content)
    )


def _free_head(tree: WorkTree, journal: Journal) -> None:
    """Remove the lock of HEAD, if that run has left it: its log is kept with the branch's."""
    _free(tree, tree.git_dir / "HEAD.lock", raw(f"ref: {journal.new_head}"))


def _free_ref(tree: WorkTree, journal: Journal) -> None:
    """Remove the lock of the branch, if that run has left it."""
    where = tree.git.ask("rev-parse", "--path-format=absolute", "--git-path", journal.ref)
    # Fails for a branch whose name is another one's folder: it never got there.
    if journal.ref and where.status == 0:
        _free(tree, Path(text(where.out).removesuffix("\n") + ".lock"), raw(journal.new))


def _free(tree: WorkTree, lock: Path, content: bytes) -> None:
    """Remove a lock that a git of that run has left, killed or unable to remove it itself.

    Such a lock is younger than the journal, holds what we had git write, or the beginning of
    that, and does not change: a git that is alive writes into it, or removes it, at once.
    """
    with suppress(FileNotFoundError, NotADirectoryError):
        found = stamp(lock)
        young = lock.stat().st_mtime_ns >= place(tree).stat().st_mtime_ns
        if young and content.startswith(lock.read_bytes().rstrip(b"\n")):
            time.sleep(_WRITES_AT_ONCE)
            if stamp(lock) == found:
                lock.unlink()


_WRITES_AT_ONCE = 0.5
"""Seconds after which a git that is alive has written into the lock that it has made."""


def _head(tree: WorkTree) -> str:
    """The ref that HEAD names now; "" where it is detached."""
    return tree.git.line("symbolic-ref", "-q", "HEAD", accept=(0, 1))


def _entries(tree: WorkTree) -> dict[str, Entry]:
    """The index as it is now, whatever `tree` remembers."""
    return tree.again(tree.git.held).staged.entries
