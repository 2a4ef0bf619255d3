"""What a run writes down before it touches anything of the user's, and what it locks.

A journal that is read is not trusted: whoever hands over a repository with its .git hands over
this file, too. It may name nothing outside the work tree, and no file but those in which its
two trees differ.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fcgitops.core.errors import InputError, Problem, ToolError
from fcgitops.git.program import raw, text
from fcgitops.git.worktree import Entry, WorkTree, is_plain, stamp
from fcgitops.text import jsonio

PATIENCE = 5.0
"""Seconds that a run waits for another one to end."""

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
        overwritten: the same, of what is written whatever the work tree held; that is the old one.
        directories: the directories that did not exist before, outermost first.
        note: the file in our own directory that is written when all is done; "" for none.
        noted: its content; "" takes the file away.
        before: the tree or commit that was, with what is overwritten in it.
        after: the one that shall be.
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
    overwritten: list[File]
    directories: list[str]
    note: str
    noted: str
    before: str
    after: str


@contextmanager
def exclusive(tree: WorkTree) -> Iterator[int]:
    """Hold the lock that keeps two runs from this work tree.

    Yields:
        Its descriptor, for git's processes to keep open.

    Raises:
        InputError: another run holds it, and does not end within `PATIENCE`.
    """
    folder = tree.git_dir / "fcgitops"
    if folder.is_symlink():  # git has followed it, and what is swept up would be somebody else's
        what = "is a symbolic link, and what is in there is written and removed"
        raise InputError(Problem(str(folder), what, "remove the link"))
    tree.private.mkdir(exist_ok=True)
    descriptor = os.open(tree.private / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        end = time.monotonic() + PATIENCE
        while not _flocked(descriptor):
            if time.monotonic() > end:
                hint = "wait until it has ended"
                raise InputError(Problem(str(tree.top), "another fcgitops is at work here", hint))
            time.sleep(0.02)
        yield descriptor
    finally:
        os.close(descriptor)


def _flocked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def save(tree: WorkTree, journal: Journal) -> None:
    """Write the journal: whole and on the disk before anything else is."""
    fresh = tree.private / "journal.new"
    with fresh.open("w", encoding="utf-8") as file:
        file.write(json.dumps(vars(journal), separators=(",", ":")))  # in C, where `dump` is not
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(place(tree))
    descriptor = os.open(tree.private, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def place(tree: WorkTree) -> Path:
    """Where the journal stands."""
    return tree.private / "journal"


def load(tree: WorkTree) -> Journal | None:
    """The journal that a killed run left, if one did.

    Raises:
        InputError: it is damaged, or none that this version writes.
    """
    try:
        found = jsonio.load(place(tree).read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise InputError(damaged(tree)) from error
    if not _valid(found):
        raise InputError(damaged(tree))
    for key in _FILES:
        found[key] = [(p, o and Entry(*o), n and Entry(*n)) for p, o, n in found[key]]
    journal = Journal(**found)
    if not (_agrees(tree, journal) and _is_ours(tree, journal.note)):
        raise InputError(damaged(tree))
    return journal


def damaged(tree: WorkTree) -> Problem:
    """The problem where the journal cannot be what a run of this version left."""
    hint = "look at `git status`, then remove that file"
    if tree.lock.exists():
        hint += f" and, if no git command runs, {tree.lock}"
    return Problem(str(place(tree)), "is damaged, or from another version of fcgitops", hint)


_ID = r"(?:[0-9a-f]{40}|[0-9a-f]{64})"
_REF = r"refs/(?!.*(?:\.\.|//|/\.|@\{))[^\0-\x20\x7f~^:?*\[\\]+(?<![./])"
_TEXTS = {
    "token": r"[0-9a-f]{32}",
    "ref": f"(?:{_REF})?",
    "old": f"{_ID}?",
    "new": f"{_ID}?",
    "head": f"(?:{_REF})?",
    "new_head": f"(?:{_REF})?",
    "note": r"(?:(?:at/.+/)?[a-z]+\.json)?",
    "noted": r"(?s:.*)",
    "before": _ID,
    "after": _ID,
}
_FILES = ("files", "adopted", "overwritten")
_LISTS = ("index", *_FILES, "directories")


def _valid(found: object) -> bool:
    """Whether what was read has the form of a journal, and names nothing outside the tree."""
    if not isinstance(found, dict) or found.keys() != {*_TEXTS, *_LISTS}:
        return False
    texts = all(
        isinstance(found[key], str) and re.fullmatch(form, found[key])
        for key, form in _TEXTS.items()
    )
    if not texts or not all(isinstance(found[key], list) for key in _LISTS):
        return False
    if not all(_is_file(file) for key in _FILES for file in found[key]):
        return False
    written = [path for path, _, _ in (*found["files"], *found["overwritten"])]
    parents = {str(parent) for path in written for parent in PurePosixPath(path).parents}
    return all(isinstance(number, int) for number in found["index"]) and all(
        isinstance(name, str) and name != "." and name in parents for name in found["directories"]
    )


def _is_file(found: object) -> bool:
    if not isinstance(found, list) or len(found) != 3:
        return False
    path, *entries = found
    return (
        isinstance(path, str)
        and is_plain(path)
        and entries != [None, None]
        and all(entry is None or _is_entry(entry) for entry in entries)
    )


def _is_entry(found: object) -> bool:
    if not isinstance(found, list) or not all(isinstance(part, str) for part in found):
        return False
    return bool(re.fullmatch(f"(?:100644|100755|120000|160000) {_ID}", " ".join(found)))


def _agrees(tree: WorkTree, journal: Journal) -> bool:
    """Whether the files that the journal names are those in which its two trees differ."""
    command = ("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev")
    answer = tree.git.ask(*command, journal.before, journal.after)
    if answer.status:
        return False
    words = text(answer.out).split("\0")[:-1]
    differing = {
        (path, *(None if int(name, 16) == 0 else name for name in meta.split(" ")[2:4]))
        for meta, path in zip(words[0::2], words[1::2], strict=True)
    }
    files = (*journal.files, *journal.adopted, *journal.overwritten)
    return differing == {(path, old and old.id, new and new.id) for path, old, new in files}


def _is_ours(tree: WorkTree, note: str) -> bool:
    """Whether a note stands in our own directory, and no link leads out of it."""
    place = (tree.private / note).resolve()
    return not note or (is_plain(note) and place.is_relative_to(tree.private.resolve()))


def write_note(tree: WorkTree, journal: Journal) -> None:
    """Write the note, or take it away."""
    if not journal.note:
        return
    path = tree.private / journal.note
    if not journal.noted:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = tree.private / "file"
    fresh.write_text(journal.noted, encoding="utf-8")
    fresh.replace(path)


def forget(tree: WorkTree) -> None:
    """Remove the journal, and then what is worthless without it."""
    place(tree).unlink()
    sweep(tree)


def sweep(tree: WorkTree) -> None:
    """Remove what is worthless without a journal."""
    for name in ("index", "index.lock", "back", "back.lock", "journal.new", "token", "file"):
        with suppress(OSError):
            (tree.private / name).unlink()


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


def back_index(tree: WorkTree) -> Path:
    """Where an index stands of what is put back into the work tree."""
    return tree.private / "back"


def on_copy(tree: WorkTree) -> dict[str, str]:
    """The environment in which git works on the copy."""
    return {"GIT_INDEX_FILE": str(copied_index(tree))}


class LockStays(ToolError):
    """All is done, but for the lock of the index, which cannot be removed now."""


@contextmanager
def changed_index(tree: WorkTree) -> Iterator[dict[str, str]]:
    """A copy of the index that git may change, and that then becomes the index.

    Yields:
        The environment in which git works on it.

    Raises:
        InputError: another git process is at work.
        LockStays: it has become the index.
    """
    token, copied = secrets.token_hex(16), stamp(tree.index)
    try:
        copy_index(tree)
        lock_index(tree, token, copied, journal=False)
        yield on_copy(tree)
        copied_index(tree).replace(tree.index)
    except BaseException:
        with suppress(OSError):
            _free(tree, token)
        raise
    try:
        _free(tree, token)
    except OSError as error:
        what = f"cannot be removed now: {error.strerror}"
        hint = "the next fcgitops command that writes does so"
        raise LockStays(Problem(str(tree.lock), what, hint)) from error


def _free(tree: WorkTree, token: str) -> None:
    """Remove the lock, and then the token: where the lock stays the next run knows it by that."""
    unlock_index(tree, token)
    sweep(tree)


def lock_index(tree: WorkTree, token: str, copied: list[int], *, journal: bool = True) -> None:
    """Make `index.lock`, whole at once: a link cannot be there without its content.

    Args:
        tree: the work tree.
        token: the lock's content.
        copied: the `stamp` of the index when it was copied.
        journal: whether one tells the next run of the token; else the token stays beside the copy
            of the index until all is swept up.

    Raises:
        InputError: another git process is at work, or was since the index was copied.
    """
    file = tree.private / "token"
    file.write_text(token, encoding="ascii")
    try:
        try:
            tree.lock.hardlink_to(file)
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            _write_new(tree.lock, token)
    except FileExistsError as error:
        raise InputError(other_git(tree)) from error
    finally:
        if journal:
            file.unlink()
    if stamp(tree.index) != copied:
        raise InputError(other_git(tree))


def _write_new(path: Path, content: str) -> None:
    """Write a file that is not there yet, or none."""
    with path.open("x", encoding="ascii") as file:
        try:
            file.write(content)
            file.flush()
        except OSError:
            path.unlink()
            raise


def other_git(tree: WorkTree) -> Problem:
    """The problem where another git process holds the index."""
    hint = f"if no git command runs any more, remove {tree.lock}"
    return Problem(str(tree.top), "another git command is at work here", hint)


def unlock_index(tree: WorkTree, token: str) -> None:
    """Remove `index.lock` if it is ours."""
    with suppress(FileNotFoundError):
        if tree.lock.read_bytes() == raw(token):
            tree.lock.unlink()


def unlock_without_journal(tree: WorkTree) -> None:
    """Remove an `index.lock` that a killed run has left which kept no journal."""
    with suppress(FileNotFoundError):
        token = (tree.private / "token").read_bytes()
        if re.fullmatch(rb"[0-9a-f]{32}", token):
            unlock_index(tree, text(token))
