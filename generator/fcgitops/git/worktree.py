"""What a work tree, its index and its HEAD hold: the reading side of git."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from fcgitops.core.errors import InputError, Problem
from fcgitops.core.lazy import regex
from fcgitops.git.program import Git, failure, raw, terminated, text

FILE = "100644"
EXECUTABLE = "100755"

SUBMODULE = "160000"

EMPTY_TREE = {
    "sha1": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "sha256": "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}


_AT_ONCE = 100
"""So many paths are asked for in one command line."""
_MADE = regex(r":\d{6} (?!0{6})\d{6} [0-9a-f]+ ([0-9a-f]+) [A-Z]\0([^\0]+)\0")
"""A file's new content in what `git log --raw -z` prints, and its path; of none that is deleted."""


class Entry(NamedTuple):
    """A file as the index and trees know it."""

    mode: str
    id: str


@dataclass(frozen=True)
class Index:
    """What the index says.

    Attributes:
        entries: by path; a path with conflicts is missing here.
        unmerged: the paths with conflicts.
        halved: those of them that one side has deleted.
        skipped: the paths that a sparse checkout leaves out of the work tree.
        overlooked: the paths whose changes git was told not to look for: path → how it is told
            to look for them again.
        stamp: of the index file when it was read.
    """

    entries: dict[str, Entry]
    unmerged: frozenset[str]
    halved: frozenset[str]
    skipped: frozenset[str]
    overlooked: dict[str, str]
    stamp: list[int] = field(compare=False)


def stamp(path: Path | str) -> list[int]:
    """What tells one version of a file from another; empty where there is none."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [found.st_mode, found.st_ino, found.st_size, found.st_mtime_ns]


def is_plain(path: str) -> bool:
    """Whether a path stays in the work tree, out of .git, and whole in git's line protocols."""
    parts = path.split("/")
    return not re.search(r"[\n\0]", path) and not any(
        part in {"", ".", ".."} or part.lower() == ".git" for part in parts
    )


@dataclass(frozen=True)
class WorkTree:
    """A work tree and where its HEAD stood when this was read.

    Attributes:
        git: git, run at the top.
        top: the work tree's top.
        prefix: the content's root below it, "" or "folder/".
        git_dir: this work tree's own git directory.
        index: the index file.
        private: our own directory in it (lock, journal).
        hooks: the directory of the user's hooks.
        algorithm: the hash of object names, `sha1` or `sha256`.
        head: HEAD's commit; None where there is no commit yet.
        ref: the ref that HEAD names; None where it is detached.
    """

    git: Git
    top: Path
    prefix: str
    git_dir: Path
    index: Path
    private: Path
    hooks: Path
    algorithm: str
    head: str | None
    ref: str | None

    @classmethod
    def at(cls, root: Path) -> WorkTree:
        """The work tree that holds the directory `root`.

        Raises:
            InputError: there is none.
        """
        if not root.is_dir():
            raise InputError(Problem(str(root), "is not a directory"))
        git = Git(root)
        # One process for all; where there is no commit yet, it fails at its last two words.
        command = (
            "rev-parse", "--path-format=absolute", "--show-toplevel", "--absolute-git-dir",
            "--git-path", "index", "--git-path", "fcgitops", "--git-path", "hooks",
            "--show-object-format", "--show-prefix", "HEAD", "--symbolic-full-name", "HEAD",
        )  # fmt: skip
        answer = git.ask(*command, hooks=True)  # or core.hooksPath would be our /dev/null
        lines = text(answer.out).split("\n")
        if len(lines) < 8:
            if "not a git repository" in answer.err or "must be run in a work tree" in answer.err:
                raise InputError(Problem(str(root), "is not in a Git work tree"))
            raise failure(command, answer)
        unborn = answer.status != 0
        if len(lines) != (9 if unborn else 10):
            what = "has a line break in its path, or in that of its hooks"
            raise InputError(Problem(str(root), what, "a path of one line"))
        top, git_dir, index, private, hooks, algorithm, prefix = lines[:7]
        at_top = Git(Path(top))
        ref = at_top.line("symbolic-ref", "-q", "HEAD", accept=(0, 1)) if unborn else lines[8]
        return cls(
            git=at_top,
            top=Path(top),
            prefix=prefix,
            git_dir=Path(git_dir),
            index=Path(index),
            private=Path(private),
            hooks=Path(hooks),
            algorithm=algorithm,
            head=None if unborn else lines[7],
            ref=ref if ref.startswith("refs/") else None,
        )

    def again(self, held: int | None) -> WorkTree:
        """The same work tree as it is now, its processes holding the descriptor `held`."""
        fresh = self if self._stands() else WorkTree.at(self.top / self.prefix)
        return replace(fresh, git=Git(self.top, held))

    def _stands(self) -> bool:
        """Whether HEAD and its branch are surely what they were.

        Two files tell in most repositories (gitrepository-layout(5)), and git need not be asked,
        which takes 3 ms. They do not where the branch is packed or has no commit, where HEAD is
        detached, in a linked work tree, and where refs are no files.
        """
        if not (self.head and self.ref):
            return False
        try:
            head = (self.git_dir / "HEAD").read_bytes()
            branch = (self.git_dir / self.ref).read_bytes()
        except OSError:
            return False
        return head == raw(f"ref: {self.ref}\n") and branch == raw(f"{self.head}\n")

    @property
    def empty_tree(self) -> str:
        """The name of the tree without files; git knows it without being told."""
        return EMPTY_TREE[self.algorithm]

    @property
    def lock(self) -> Path:
        """The file by which git processes exclude each other from the index."""
        return self.index.with_name(self.index.name + ".lock")

    @cached_property
    def config(self) -> dict[str, str]:
        """Git's settings; a key without a value means "true"."""
        settings = {}
        for item in text(self.git.run("config", "-z", "--list", hooks=True)).split("\0"):
            key, separator, value = item.partition("\n")
            settings[key] = value if separator else "true"
        return settings

    def enabled(self, key: str) -> bool:
        """Whether a yes-or-no setting says yes."""
        return self.config.get(key, "").lower() in {"true", "yes", "on", "1"}

    @property
    def durable(self) -> tuple[str, ...]:
        """Options with which git has objects and refs on the disk before it ends.

        Git's default leaves out what is not in a pack, a pack's index, and refs: a branch might
        survive a power cut, and its commit not. Where the user sets `core.fsync`, that is what
        holds.
        """
        if "core.fsync" in self.config:
            return ()
        return ("-c", "core.fsync=committed,pack-metadata,reference")

    def name(self, content: bytes) -> str:
        """The object name of a file's content."""
        header = b"blob %d\0" % len(content)
        return hashlib.new(self.algorithm, header + content, usedforsecurity=False).hexdigest()

    def names(self, paths: Iterable[str], *, write: bool = False) -> dict[str, str]:
        """The object names that files of the work tree would get, filters applied."""
        paths = list(paths)
        if not paths:
            return {}
        command = ("hash-object", *(["-w"] if write else []), "--stdin-paths")
        out = text(self.git.run(*command, data=raw("\n".join(paths) + "\n")))
        return dict(zip(paths, out.split(), strict=True))

    def added(self, contents: Mapping[str, bytes]) -> dict[str, str]:
        """The object names that contents would get at paths, filters applied; each is written.

        It takes a process for each.
        """
        command = ("hash-object", "-w", "--stdin", "--path")
        return {
            path: text(self.git.run(*command, path, data=content)).strip()
            for path, content in contents.items()
        }

    @cached_property
    def committed(self) -> Mapping[str, Entry]:
        """HEAD's files at or below the content's root; 5,000 take about 15 ms."""
        return {} if self.head is None else listed(self.git, self.head, self.prefix)

    def head_names(self, paths: Iterable[str]) -> dict[str, str | None]:
        """The object names of HEAD's files; None where HEAD has none at the path."""
        found = {path: self.committed.get(path) for path in paths}
        return {
            path: entry.id if entry and entry.mode != SUBMODULE else None
            for path, entry in found.items()
        }

    def edited(self, paths: Iterable[str]) -> list[str]:
        """The paths that the work tree has otherwise than HEAD, filters applied."""
        old = self.head_names(paths)
        new: dict[str, str | None] = {}
        for path in old:
            file = self.top / path
            if file.is_symlink():  # its content is where it leads, to git too
                new[path] = self.name(os.fsencode(file.readlink()))
            else:
                new[path] = self.name(file.read_bytes()) if file.is_file() else None
        other = [path for path in old if new[path] != old[path]]
        new |= self.names(path for path in other if new[path])  # this asks git, for filters
        gone = [path for path in other if new[path] is None]
        skipped = self.staged.skipped if gone else frozenset()
        return [path for path in other if new[path] != old[path] and path not in skipped]

    def head_contents(self, paths: Iterable[str]) -> dict[str, bytes | None]:
        """The contents of HEAD's files; None where HEAD has none at the path."""
        names = self.head_names(paths)
        there = {path: name for path, name in names.items() if name}
        contents = blobs(self.git, there.values())
        return dict.fromkeys(names) | dict(zip(there, contents, strict=True))

    def former_contents(self, paths: Collection[str], limit: int) -> dict[str, list[bytes]]:
        """The contents of files in the last commits that changed each, the newest first."""
        names: dict[str, list[str]] = {path: [] for path in paths}
        for start in range(0, len(names) if self.head else 0, _AT_ONCE):
            some = list(names)[start : start + _AT_ONCE]
            which = ["--first-parent", "--diff-merges=first-parent", "--root"]
            which += [f"--max-count={limit}"] if len(some) == 1 else []
            form = ("--format=", "--raw", "-z", "--no-abbrev", "--no-renames", self.head or "")
            told = self.git.run("log", *which, *form, "--", *(f":(literal){p}" for p in some))
            for name, path in _MADE.findall(text(told)):
                if path in names:
                    names[path].append(name)
        wanted = list(dict.fromkeys(name for those in names.values() for name in those[:limit]))
        there = dict(zip(wanted, blobs(self.git, wanted), strict=True))
        found = {path: [there[name] for name in those[:limit]] for path, those in names.items()}
        return {path: [blob for blob in those if blob is not None] for path, those in found.items()}

    def head_paths(self, under: str) -> list[str]:
        """HEAD's files at or below a path of the work tree; "" means all."""
        folder = f"{under.rstrip('/')}/" if under else ""
        return [p for p in self.committed if p == under or p.startswith(folder)]

    def head_folders(self, under: str) -> list[str]:
        """The names of HEAD's folders just below a path of the work tree."""
        within = [path.removeprefix(f"{under}/") for path in self.head_paths(under)]
        return sorted({path.partition("/")[0] for path in within if "/" in path})

    def ignored_paths(self, under: str) -> list[str]:
        """What git ignores below a path: files, and whole folders with a "/" at their end."""
        command = ("ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z")
        return [p for p in text(self.git.run(*command, "--", under)).split("\0") if p]

    def ignoring(self, paths: Iterable[str]) -> dict[str, str]:
        """The rule by which git ignores each of the paths that it does; they need not be there."""
        command = ("check-ignore", "--no-index", "--verbose", "-z", "--stdin")
        told = text(self.git.run(*command, data=terminated(paths), accept=(0, 1))).split("\0")[:-1]
        rows = zip(told[0::4], told[1::4], told[2::4], told[3::4], strict=True)
        return {
            path: f"{file}:{line}: {pattern}"
            for file, line, pattern, path in rows
            if not pattern.startswith("!")
        }

    @cached_property
    def staged(self) -> Index:
        """The whole index; 5,000 entries take about 10 ms."""
        entries: dict[str, Entry] = {}
        stages: dict[str, set[str]] = {}
        skipped, overlooked, when = set(), {}, stamp(self.index)
        for item in text(self.git.run("ls-files", "-s", "-v", "-z")).split("\0")[:-1]:
            meta, _, path = item.partition("\t")
            tag, mode, name, stage = meta.split(" ")
            if stage != "0":
                stages.setdefault(path, set()).add(stage)
                continue
            entries[path] = Entry(mode, name)
            if tag in "Ss":
                skipped.add(path)
                overlooked[path] = "--no-skip-worktree"
            elif tag.islower():
                overlooked[path] = "--no-assume-unchanged"
        halved = frozenset(path for path, there in stages.items() if not {"2", "3"} <= there)
        return Index(entries, frozenset(stages), halved, frozenset(skipped), overlooked, when)


def listed(git: Git, commit: str, under: str = "") -> dict[str, Entry]:
    """The files of a commit at or below a path, submodules among them."""
    command = ("ls-tree", "-r", "-z", "--full-tree", commit, *(["--", under] if under else []))
    found = {}
    for item in text(git.run(*command)).split("\0")[:-1]:
        about, _, path = item.partition("\t")  # 100644 blob 2a0f…
        mode, _, name = about.split(" ")
        found[path] = Entry(mode, name)
    return found


def index_info(files: Mapping[str, Entry]) -> bytes:
    """Files as `git update-index -z --index-info` takes them into an index."""
    return terminated(f"{entry.mode} {entry.id}\t{path}" for path, entry in files.items())


def blobs(git: Git, names: Collection[str]) -> list[bytes | None]:
    """The contents of files by their object names; None for what is missing or no file.

    One process, whatever their number; none where there are no names.
    """
    if not names:
        return []
    data = raw("".join(f"{name}\n" for name in names))
    out = git.run("cat-file", "--batch", "--buffer", data=data)
    found: list[bytes | None] = []
    start = 0
    for _ in names:
        end = out.index(b"\n", start)
        line = out[start:end]
        start = end + 1
        if line.endswith(b" missing"):
            found.append(None)
            continue
        _, kind, size = line.split(b" ")
        found.append(out[start : start + int(size)] if kind == b"blob" else None)
        start += int(size) + 1
    return found
