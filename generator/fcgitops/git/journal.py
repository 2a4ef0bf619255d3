"""What a run writes down before it touches anything of the user's, and what it locks."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from fcgitops.core.errors import InputError, Problem
from fcgitops.git.program import raw
from fcgitops.git.worktree import Entry, WorkTree

File = tuple[str, Entry | None, Entry | None]
"""A path, its old and its new entry."""


@dataclass(frozen=True)
class Journal:
    """What a later run has to know to finish or to take back.

    Attributes:
        token: the content of our `index.lock`.
        index: the state of the index file when it was copied; empty where there was none.
        ref: the ref that moves, "" where none does.
        old: its old value, "" where it is made.
        new: its new value.
        head: the ref that HEAD named.
        new_head: the ref that HEAD shall name.
        files: path, old and new entry, of what changes in the work tree.
        adopted: the same, of what the work tree held already.
        directories: the directories that did not exist before, outermost first.
        merge_message: what is to be written to MERGE_MSG.
    """

    token: str
    index: list[int]
    ref: str
    old: str
    new: str
    head: str
    new_head: str
    files: list[File]
    adopted: list[File]
    directories: list[str]
    merge_message: str


@contextmanager
def exclusive(tree: WorkTree) -> Iterator[int]:
    """Hold the lock that keeps two runs from this work tree.

    Yields:
        Its descriptor, for git's processes to keep open.

    Raises:
        InputError: another run holds it.
    """
    tree.private.mkdir(exist_ok=True)
    descriptor = os.open(tree.private / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            hint = "wait until it has ended"
            problem = Problem(str(tree.top), "another fcgitops is at work here", hint)
            raise InputError(problem) from error
        yield descriptor
    finally:
        os.close(descriptor)


def save(tree: WorkTree, journal: Journal) -> None:
    """Write the journal: whole and on the disk before anything else is."""
    fresh = tree.private / "journal.new"
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(asdict(journal), file, separators=(",", ":"))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(tree.private / "journal")


def load(tree: WorkTree) -> Journal | None:
    """The journal that a killed run left, if one did."""
    try:
        found = json.loads((tree.private / "journal").read_bytes())
    except FileNotFoundError:
        return None
    for key in ("files", "adopted"):
        found[key] = [(p, o and Entry(*o), n and Entry(*n)) for p, o, n in found[key]]
    return Journal(**found)


def forget(tree: WorkTree) -> None:
    """Remove the journal, and then what is worthless without it."""
    (tree.private / "journal").unlink()
    copied_index(tree).unlink(missing_ok=True)


def copy_index(tree: WorkTree) -> None:
    """Copy the index, its time included: by it git knows which entries it cannot trust."""
    copy = copied_index(tree)
    copy.with_name("index.lock").unlink(missing_ok=True)
    if tree.index.exists():
        shutil.copyfile(tree.index, copy)
        shutil.copystat(tree.index, copy)
    else:
        copy.unlink(missing_ok=True)
        tree.git.run("read-tree", "--empty", env=on_copy(tree))


def copied_index(tree: WorkTree) -> Path:
    """Where the copy of the index stands until it becomes the index."""
    return tree.private / "index"


def on_copy(tree: WorkTree) -> dict[str, str]:
    """The environment in which git works on the copy."""
    return {"GIT_INDEX_FILE": str(copied_index(tree))}


def lock_index(tree: WorkTree, journal: Journal) -> None:
    """Make `index.lock`, whole at once: a link cannot be there without its content.

    Raises:
        InputError: another git process is at work, or was since the index was copied.
    """
    token = tree.private / "token"
    token.write_text(journal.token, encoding="ascii")
    try:
        tree.lock.hardlink_to(token)
    except FileExistsError as error:
        raise InputError(other_git(tree)) from error
    finally:
        token.unlink()
    if state(tree.index) != journal.index:
        raise InputError(other_git(tree))


def other_git(tree: WorkTree) -> Problem:
    """The problem where another git process holds the index."""
    hint = f"if no git command runs any more, remove {tree.lock}"
    return Problem(str(tree.top), "another git command is at work here", hint)


def unlock_index(tree: WorkTree, journal: Journal) -> None:
    """Remove `index.lock` if it is ours."""
    with suppress(FileNotFoundError):
        if tree.lock.read_bytes() == raw(journal.token):
            tree.lock.unlink()


def state(path: Path) -> list[int]:
    """What tells one version of a file from another; empty where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return []
    return [found.st_ino, found.st_size, found.st_mtime_ns]
