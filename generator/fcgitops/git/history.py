"""The states of a repository that can be compared: commits, and the work tree as it is now.

Commits are read from Git's objects: nothing is checked out, and a work tree that differs is not
touched. Paths are relative to the work tree's top.
"""

from __future__ import annotations

import datetime
import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Protocol

from fcgitops.core import shell
from fcgitops.core.errors import InputError, Problem, ToolError
from fcgitops.git import program
from fcgitops.git.program import Git, raw, text
from fcgitops.git.worktree import EXECUTABLE, FILE, SUBMODULE, Entry, WorkTree, blobs, listed

LINK = "120000"
"""The mode of a symbolic link; its content is where it leads."""


class State(Protocol):
    """What a repository holds at one time."""

    @property
    def label(self) -> str:
        """How it is called in what is printed."""

    @property
    def files(self) -> Mapping[str, Entry]:
        """Path → mode and object name of every file."""

    def read(self, paths: Iterable[str]) -> dict[str, bytes]:
        """The contents of some files; those that are not there are left out."""

    def ignored(self, paths: Iterable[str]) -> list[str]:
        """What is beside some files and git ignores: no commit will have it."""

    def grep(self, words: Iterable[str], folder: str, names: Iterable[str]) -> set[str]:
        """The files of one of the names below `folder` in which one of the words stands."""

    @property
    def is_exact(self) -> bool:
        """Whether where `place` has them stands nothing else, such as what git ignores."""

    def place(self, paths: Iterable[str], folder: Path) -> Path:
        """A folder in which the files stand: `folder`, into which they are written, or another."""


class Commit:
    """What a commit holds."""

    is_exact = True

    def __init__(self, git: Git, name: str, label: str, known: dict[str, bytes]) -> None:
        """Reads nothing yet.

        Args:
            git: of its repository.
            name: the commit's.
            label: what people call it.
            known: by object name, the contents that were read so far, of whichever commit: most
                files are the same in all.
        """
        self.name = name
        self.label = label
        self._git = git
        self._known = known

    @cached_property
    def files(self) -> dict[str, Entry]:
        """Path → mode and object name; submodules are none of the repository's files."""
        found = listed(self._git, self.name)
        return {path: entry for path, entry in found.items() if entry.mode != SUBMODULE}

    def read(self, paths: Iterable[str]) -> dict[str, bytes]:
        """The contents of some files; those that are not there are left out."""
        wanted = {path: self.files[path].id for path in paths if path in self.files}
        missing = list(dict.fromkeys(name for name in wanted.values() if name not in self._known))
        contents = blobs(self._git, missing)
        self._known |= {n: c for n, c in zip(missing, contents, strict=True) if c is not None}
        return {path: self._known[name] for path, name in wanted.items()}

    def grep(self, words: Iterable[str], folder: str, names: Iterable[str]) -> set[str]:
        """The files of one of the names below `folder` in which one of the words stands."""
        prefix = f"{self.name}:"
        found = _grep(self._git, words, folder, names, self.name)
        return {path.removeprefix(prefix) for path in found}

    def place(self, paths: Iterable[str], folder: Path) -> Path:
        """Writes the files into `folder`, and returns it."""
        return _written(self.files, self.read(paths), folder)

    def ignored(self, _: Iterable[str]) -> list[str]:
        """Nothing: a commit has it all."""
        return []


def _written(files: Mapping[str, Entry], contents: Mapping[str, bytes], folder: Path) -> Path:
    """Writes contents into `folder`, and returns it.

    A link is made where it stays within the folder, as kustomize would refuse it otherwise.
    """
    top = folder.resolve()
    made: set[Path] = set()
    for path, content in contents.items():
        file = top / path
        if file.parent not in made:
            file.parent.mkdir(parents=True, exist_ok=True)
            made.add(file.parent)
        mode = files[path].mode
        if mode == LINK:
            target = os.path.normpath(os.path.join(file.parent, os.fsdecode(content)))  # noqa: PTH118
            if Path(target).is_relative_to(top) and not os.fsdecode(content).startswith("/"):
                file.symlink_to(os.fsdecode(content))
        elif mode in (FILE, EXECUTABLE):
            file.write_bytes(content)
    return top


class Work:
    """The work tree as it is now: what is tracked, changed or new, and not ignored.

    What a sparse checkout leaves out is as HEAD has it: it is unchanged, and not missing.
    """

    label = "the work tree"
    is_exact = False

    def __init__(self, tree: WorkTree, head: Commit, changed: frozenset[str] | None) -> None:
        self._tree = tree
        self._head = head
        self._changed = changed

    @cached_property
    def changed(self) -> frozenset[str]:
        """The paths that differ from HEAD, untracked ones included; ignored ones are not.

        Raises:
            ToolError: git does not tell.
        """
        root = self._tree.top / self._tree.prefix
        found = program.differing(root) if self._changed is None else self._changed
        if found is None:
            raise ToolError(Problem("git status", "does not tell what differs from HEAD"))
        return found

    @cached_property
    def files(self) -> dict[str, Entry]:
        """HEAD's files, with those that differ as they are now."""
        found = dict(self._head.files)
        there = {p for p in self.changed if os.path.lexists(self._tree.top / p)}
        links = {p for p in there if (self._tree.top / p).is_symlink()}
        plain = sorted(p for p in there - links if (self._tree.top / p).is_file())
        names = self._tree.names(plain)
        for path in self.changed:
            if path in names:
                found[path] = Entry(FILE, names[path])
            elif path in links:
                target = os.fsencode((self._tree.top / path).readlink())
                found[path] = Entry(LINK, self._tree.name(target))
            else:
                found.pop(path, None)
        return found

    def read(self, paths: Iterable[str]) -> dict[str, bytes]:
        """The contents of some files; those that are not there are left out."""
        found = {}
        for path in paths:
            if path in self.files:
                file = self._tree.top / path
                try:
                    linked = file.is_symlink()
                    found[path] = os.fsencode(file.readlink()) if linked else file.read_bytes()
                except FileNotFoundError:  # a sparse checkout leaves it out
                    found |= self._head.read([path])
        return found

    def grep(self, words: Iterable[str], folder: str, names: Iterable[str]) -> set[str]:
        """The files of one of the names below `folder` in which one of the words stands."""
        found = set(_grep(self._tree.git, words, folder, names)) - self.changed
        return found | _holding(self.read(_named(self.changed, folder, names)), words)

    def place(self, paths: Iterable[str], folder: Path) -> Path:
        """The work tree itself, which is only read.

        `folder` where not all of them are in it, or where there is more, which no commit will have.
        """
        wanted = [path for path in paths if path in self.files]
        are_there = all(os.path.lexists(self._tree.top / path) for path in wanted)
        if are_there and not self.ignored(wanted):
            return self._tree.top
        return _written(self.files, self.read(wanted), folder)

    def ignored(self, paths: Iterable[str]) -> list[str]:
        """What is beside some files and git ignores: no commit will have it."""
        folders = sorted({posixpath.dirname(path) for path in paths} - {""})
        return [path for folder in folders for path in self._unknown(folder, folders)]

    def _unknown(self, folder: str, folders: list[str]) -> Iterator[str]:
        """What a folder holds and is no file of this state; empty folders and submodules are not.

        Files that are new are of this state: git leaves out only what it ignores.
        """
        with os.scandir(self._tree.top / folder) as there:
            for entry in there:
                path = f"{folder}/{entry.name}"
                if path in self.files:
                    continue
                if not entry.is_dir(follow_symlinks=False):
                    yield path
                elif not any(f"{other}/".startswith(f"{path}/") for other in folders):
                    held = os.listdir(entry.path)  # noqa: PTH208 - names are all that is asked
                    if held and ".git" not in held:
                        yield f"{path}/"


class Planned:
    """A commit with changes that are not made yet."""

    label = "the change"
    is_exact = True

    def __init__(self, tree: WorkTree, base: Commit, changes: Mapping[str, bytes | None]) -> None:
        """What a commit holds once some contents are changed; None deletes the file."""
        self._tree = tree
        self._base = base
        self._changes = dict(changes)

    @cached_property
    def files(self) -> dict[str, Entry]:
        """The commit's files, with those that will differ."""
        found = dict(self._base.files)
        for path, content in self._changes.items():
            if content is None:
                found.pop(path, None)
            else:
                found[path] = Entry(FILE, self._tree.name(content))
        return found

    def read(self, paths: Iterable[str]) -> dict[str, bytes]:
        """The contents of some files; those that are not there are left out."""
        wanted = list(paths)
        found = self._base.read(path for path in wanted if path not in self._changes)
        new = {path: self._changes[path] for path in wanted if path in self._changes}
        return found | {path: content for path, content in new.items() if content is not None}

    def grep(self, words: Iterable[str], folder: str, names: Iterable[str]) -> set[str]:
        """The files of one of the names below `folder` in which one of the words stands."""
        found = self._base.grep(words, folder, names) - set(self._changes)
        return found | _holding(self.read(_named(self._changes, folder, names)), words)

    def ignored(self, _: Iterable[str]) -> list[str]:
        """Nothing: the commit to come has it all."""
        return []

    def place(self, paths: Iterable[str], folder: Path) -> Path:
        """Writes the files into `folder`, and returns it."""
        wanted = list(paths)
        top = self._base.place((p for p in wanted if p not in self._changes), folder)
        for path in wanted:
            content = self._changes.get(path)
            if content is not None:
                file = top / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
        return top


def _grep(
    git: Git, words: Iterable[str], folder: str, names: Iterable[str], *where: str
) -> list[str]:
    """The tracked files in which one of the words stands: as they are now, or in a commit."""
    sought = [part for word in words for part in ("-e", word)]
    if not sought:
        return []
    patterns = [f":(glob){folder}**/{name}" for name in names]
    # Threads cost more than they give here: most files are a few lines.
    command = ("grep", "--threads=1", "-l", "-z", "-I", "-F", *sought, *where, "--", *patterns)
    return [path for path in text(git.run(*command, accept=(0, 1))).split("\0") if path]


def _named(paths: Iterable[str], folder: str, names: Iterable[str]) -> list[str]:
    """The paths below a folder whose last part is one of the names."""
    known = set(names)
    return [p for p in paths if p.startswith(folder) and p.rpartition("/")[2] in known]


def _holding(contents: Mapping[str, bytes], words: Iterable[str]) -> set[str]:
    """The files in which one of the words stands."""
    sought = [raw(word) for word in words]
    return {path for path, data in contents.items() if any(word in data for word in sought)}


class History:
    """The commits of a repository, by what people call them."""

    def __init__(self, root: Path, changed: frozenset[str] | None = None) -> None:
        """Reads where the repository is.

        Args:
            root: the content's root.
            changed: what `program.differing` says of it, where that was asked already.

        Raises:
            InputError: it is in no work tree, or has no commit yet.
        """
        self._tree = WorkTree.at(root)
        if self._tree.head is None:
            raise InputError(Problem(str(root), "has no commit yet", "commit, then compare"))
        self._changed = changed
        self._commits: dict[tuple[str, str], Commit] = {}
        self._known: dict[str, bytes] = {}
        self._head = self._commit(self._tree.head, "HEAD")

    @property
    def prefix(self) -> str:
        """The content's root below the work tree's top: "" or "folder/"."""
        return self._tree.prefix

    @property
    def head(self) -> Commit:
        """HEAD."""
        return self._head

    @cached_property
    def work(self) -> Work:
        """The work tree."""
        return Work(self._tree, self._head, self._changed)

    def planned(self, changes: Mapping[str, bytes | None]) -> Planned:
        """HEAD with changes to the content that are not made yet, by path below its root."""
        contents = {f"{self.prefix}{path}": content for path, content in changes.items()}
        return Planned(self._tree, self._head, contents)

    def _commit(self, name: str, label: str) -> Commit:
        key = name, label
        return self._commits.setdefault(key, Commit(self._tree.git, name, label, self._known))

    def is_commit(self, revision: str) -> bool:
        """Whether a word names a commit here."""
        return self._name(revision) != ""

    def _name(self, revision: str) -> str:
        wanted = f"{revision}^{{commit}}"
        answer = self._tree.git.ask("rev-parse", "-q", "--verify", "--end-of-options", wanted)
        return text(answer.out).strip() if answer.status == 0 else ""

    def commit(self, revision: str) -> Commit:
        """The commit that `revision` names.

        Raises:
            InputError: there is none here.
        """
        name = self._name(revision)
        if not name:
            hint = program.named_otherwise(revision)
            if self.is_shallow:
                hint = "`git fetch --unshallow` or `git fetch origin`"
            raise InputError(Problem(revision or "''", "is no revision of this repository", hint))
        return self._commit(name, revision)

    def changes_of(
        self, paths: Iterable[str], limit: int, until: Commit | None = None
    ) -> list[tuple[str, str]]:
        """The last commits of the branch that changed one of some paths, the newest first.

        Args:
            paths: from the work tree's top; of what was merged, the merge counts.
            limit: how many are looked at.
            until: the newest of them; HEAD by default.

        Returns:
            The name of each, and that of the commit before it; "" for the first one of all.
        """
        which = ("--first-parent", f"--max-count={limit}", "--format=%H %P")
        told = self._tree.git.line(
            "log", *which, (until or self._head).name, "--", *(f":(top,literal){p}" for p in paths)
        )
        found = (line.split() for line in told.splitlines())
        return [(names[0], names[1] if len(names) > 1 else "") for names in found]

    def when(self, commit: Commit) -> datetime.datetime:
        """When a commit was made, by its committer's clock."""
        told = self._tree.git.line("log", "--max-count=1", "--format=%cI", commit.name)
        return datetime.datetime.fromisoformat(told)

    def trailers(self, key: str, since: str, path: str) -> list[str]:
        """What stands behind a trailer in the message of the newest of some commits.

        Args:
            key: such as Approved-by.
            since: a revision; commits that it has are none of them.
            path: from the work tree's top; so are commits that do not change it.
        """
        form = f"--format=%(trailers:key={key},valueonly)"
        where = ("--max-count=1", "--end-of-options", f"{since}..{self._head.name}")
        told = self._tree.git.line("log", form, *where, "--", f":(top,literal){path}")
        return [line.strip() for line in told.splitlines() if line.strip()]

    def message(self, since: str, path: str) -> str:
        """The message of the same commit; empty where there is none."""
        return next(iter(self.messages(since, path)), "")

    def messages(self, since: str, path: str) -> list[str]:
        """The messages of all commits that changed a file since then, the newest first."""
        where = ("-z", "--format=%B", "--end-of-options", f"{since}..{self._head.name}")
        told = self._tree.git.run("log", *where, "--", f":(top,literal){path}")
        return [message for message in text(told).split("\0") if message]

    def is_published(self, commit: Commit) -> bool:
        """Whether a branch of a remote has a commit, as far as known here; so where none is."""
        git = self._tree.git
        known = ("for-each-ref", "--count=1", "--format=%(refname)", "refs/remotes")
        return not git.line(*known) or bool(git.line(*known, f"--contains={commit.name}"))

    def title(self, commit: Commit) -> str:
        """A commit's short name, its day and the first line of its message."""
        which = ("--max-count=1", "--date=short", "--format=%h (%cd: %s)", commit.name)
        return self._tree.git.line("log", *which)

    @cached_property
    def is_shallow(self) -> bool:
        """Whether the history was fetched in part only."""
        return self._tree.git.line("rev-parse", "--is-shallow-repository") == "true"

    def merge_base(self, one: Commit, other: Commit) -> Commit:
        """Where two commits have gone their own ways.

        Raises:
            InputError: they have nothing in common, or not as far as it was fetched.
        """
        answer = self._tree.git.ask("merge-base", one.name, other.name)
        found = text(answer.out).split()
        if found:
            return self._commit(found[0], f"the merge base of {one.label} and {other.label}")
        where = f"{one.label}..{other.label}"
        if not self.is_shallow:
            what = "have no commit in common"
            raise InputError(Problem(where, what, "compare them as two sides: ENV@A ENV@B"))
        depths = [self._tree.git.line("rev-list", "--count", c.name) for c in (one, other)]
        depth = max(map(int, depths))
        deepen = shell.line("git", "fetch", f"--deepen={max(50, depth * 4)}")
        raise InputError(
            Problem(
                where,
                f"have no commit in common among the {depth} that this shallow clone has",
                f"`{deepen}`, again until they have, or "
                "`git fetch --unshallow` (in CI: fetch-depth: 0)",
            )
        )
