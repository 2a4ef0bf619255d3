"""Whether a change may be made: all that speaks against it, found before anything is written."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from fcgitops.core import shell
from fcgitops.core.errors import InputError, Problem
from fcgitops.git.journal import other_git
from fcgitops.git.program import terminated, text
from fcgitops.git.worktree import EXECUTABLE, FILE, Entry, WorkTree, is_plain, stamp

_UNCOMMITTED = "has changes that are not committed"
_COMMIT_FIRST = "commit or stash them first"

_UNDER_WAY = {
    "MERGE_HEAD": ("merge", "`git commit` finishes it, `git merge --abort` takes it back"),
    "rebase-merge": ("rebase", "`git rebase --continue` or `--abort`"),
    "rebase-apply/applying": ("`git am`", "`git am --continue` or `--abort`"),
    "rebase-apply": ("rebase", "`git rebase --continue` or `--abort`"),
    "CHERRY_PICK_HEAD": ("cherry-pick", "`git cherry-pick --continue` or `--abort`"),
    "REVERT_HEAD": ("revert", "`git revert --continue` or `--abort`"),
    "sequencer": ("cherry-pick or revert of several commits", "`--continue` or `--abort` it"),
    "BISECT_START": ("bisect", "`git bisect reset`"),
}
"""What git leaves in its directory while it waits for the user, and how that is ended."""


@dataclass(frozen=True)
class Change:
    """One file's way from HEAD to what it shall be.

    Attributes:
        path: from the top of the work tree.
        old: HEAD's, None where HEAD has no such file; of what is overwritten the work tree's.
        new: what it shall be, None to delete it.
        content: the new content; None to delete it, or where git has the object already.
        adopted: the work tree is as it shall be already (edited by hand, or left by an
            earlier run that did not commit), and only the index has to follow.
        seen: the `stamp` of the file in the work tree.
        overwritten: the work tree has something else than HEAD, which goes.
    """

    path: str
    old: Entry | None
    new: Entry | None
    content: bytes | None
    adopted: bool
    seen: list[int]
    overwritten: bool = False


def examine(
    tree: WorkTree, contents: Mapping[str, bytes | None], overwrite: Collection[str] = ()
) -> list[Change]:
    """What has to change so that HEAD, index and work tree hold `contents`.

    Paths that hold it in HEAD already are left out, whatever the user did to them.

    Args:
        tree: the work tree.
        contents: by path from the top; None to delete.
        overwrite: those of the paths that are written whatever the work tree holds.

    Raises:
        InputError: something of the user's is in the way; one problem a path.
    """
    _refuse(_misnamed(contents))
    old = tree.head_names(contents)
    new = {path: None if c is None else tree.name(c) for path, c in contents.items()}
    changed = [path for path in contents if old[path] != new[path] or path in overwrite]
    if not changed:
        return []
    disk = Disk(tree.top)
    obstacles = [p for path in changed for p in disk.obstacles(path)]
    _refuse(obstacles or _overlooked(tree, changed))
    _refuse(_filtered(tree, [path for path in changed if contents[path] is not None]))
    states = _states(tree, {path: contents[path] for path in changed}, old, new)
    allowed = {s.path for s in states if s.adopted or s.clean or s.path in overwrite}
    _refuse([_unclean(tree, state) for state in states if state.path not in allowed])
    return [state.change() for state in states]


class _State(NamedTuple):
    """One path as HEAD, the index and the work tree have it, and as it shall be.

    Attributes:
        path: from the top of the work tree.
        head: the name of HEAD's object; None where HEAD has no such file.
        staged: the index's entry; None where it has none.
        file: the name of the object that `git add` would make of the file now; None where there
            is no file.
        new: the name of the object that it shall be; None to delete it.
        content: the new content; None to delete it, or where git has the object already.
        executable: whether the file may be executed; None where git does not look at that.
        seen: the `stamp` of the file.
    """

    path: str
    head: str | None
    staged: Entry | None
    file: str | None
    new: str | None
    content: bytes | None
    executable: bool | None
    seen: list[int]

    @property
    def settled(self) -> bool:
        """Whether HEAD and the file are as they shall be: they differed in line ends at most."""
        return self.file == self.new == self.head

    @property
    def adopted(self) -> bool:
        """Whether the file is as it shall be."""
        return self.file == self.new

    @property
    def clean(self) -> bool:
        """Whether the file and the index are as HEAD has them."""
        staged = self.staged
        if self.file != self.head or (staged and staged.id) != self.head:
            return False
        if staged is None or self.executable is None:
            return True
        return self.executable == (staged.mode == EXECUTABLE)

    def change(self) -> Change:
        """The way from HEAD to what it shall be; what the file holds beyond that is overwritten."""
        overwritten = not (self.adopted or self.clean)
        before = after = self.staged.mode if self.staged else FILE
        if (self.adopted or overwritten) and self.executable is not None:
            after = EXECUTABLE if self.executable else FILE
        return Change(
            path=self.path,
            old=_entry(after, self.file) if overwritten else _entry(before, self.head),
            new=_entry(after, self.new),
            content=None if self.adopted else self.content,
            adopted=self.adopted,
            seen=self.seen,
            overwritten=overwritten,
        )


def _states(
    tree: WorkTree,
    contents: Mapping[str, bytes | None],
    head: Mapping[str, str | None],
    new: Mapping[str, str | None],
) -> list[_State]:
    """The state of each path that is to change, those aside that are settled.

    Args:
        tree: the work tree.
        contents: what the paths shall hold; None to delete.
        head: the names of HEAD's objects.
        new: the names of the objects that hold `contents` as they are, unfiltered.
    """
    disk = Disk(tree.top)
    seen = {path: stamp(f"{tree.top}/{path}") for path in contents}
    on_disk = {path: disk.read(path) for path in contents}
    # "As git would add it", for line ends and filters; only asked for what differs.
    asked = [
        path
        for path, data in on_disk.items()
        if data is not None and (data == contents[path] or tree.name(data) != head[path])
    ]
    added = tree.names(asked, write=True)
    # Git may give these line ends on its way to the work tree, and takes them away on the way back.
    theirs = {path: data for path, data in contents.items() if data and b"\r\n" in data}
    converted = tree.added({p: data for p, data in theirs.items() if data != on_disk[p]})
    looks_at_modes = tree.enabled("core.filemode")
    states = []
    for path, content in contents.items():
        data = on_disk[path]
        holds_it = data is not None and data == content
        known = added[path] if holds_it else converted.get(path)
        state = _State(
            path=path,
            head=head[path],
            staged=tree.staged.entries.get(path),
            file=None if data is None else added.get(path, head[path]),
            new=known or new[path],
            content=None if known else content,
            executable=(data is not None and disk.executable(path)) if looks_at_modes else None,
            seen=seen[path],
        )
        if not state.settled:
            states.append(state)
    return states


def refuse_changed(tree: WorkTree, changes: Iterable[Change]) -> None:
    """Refuse what is no longer as it was when `tree` and `changes` were made.

    A hook, or a person at a passphrase, may take minutes. Call it while `index.lock` and the
    branch are held, so that git can change none of it any more.

    Raises:
        InputError: HEAD, the index or one of the files is not as it was.
    """
    now, hint = tree.again(tree.git.held), "nothing was written; run the command again"
    if (now.head, now.ref) != (tree.head, tree.ref):
        what = "another commit or branch was checked out meanwhile"
        _refuse([Problem(str(tree.top), what, hint)])
    if stamp(tree.index) != tree.staged.stamp and now.staged != tree.staged:
        _refuse([Problem(str(tree.top), "the index was changed meanwhile", hint)])
    disk = Disk(tree.top)
    problems = [Problem(p.where, p.what, hint) for c in changes for p in disk.obstacles(c.path)]
    _refuse(
        problems
        or [
            Problem(change.path, "was changed meanwhile", hint)
            for change in changes
            if stamp(f"{tree.top}/{change.path}") != change.seen
        ]
    )


def _overlooked(tree: WorkTree, paths: Iterable[str]) -> list[Problem]:
    """Paths that are there, and whose changes git was told not to look for."""
    told = tree.staged.overlooked
    return [
        Problem(
            path,
            "is to be committed, and git was told to overlook its changes",
            shell.about(("git", "update-index", told[path]), [path], tree.top, tree.top),
        )
        for path in paths
        if path in told and os.path.lexists(tree.top / path)
    ]


_NO_FILTER = ("unspecified", "unset", "set")
"""What `git check-attr` says where there is no name of a filter."""


def _filtered(tree: WorkTree, paths: Iterable[str]) -> list[Problem]:
    """Paths that git would send through a filter, such as git-crypt's or git-lfs's.

    Their content is written as it is, which with git-crypt would publish what is to be secret.
    A filter for the way out alone changes nothing of what is committed.
    """
    data = terminated(paths)
    if not data:
        return []
    told = text(tree.git.run("check-attr", "-z", "--stdin", "filter", data=data)).split("\0")
    problems = []
    for path, name in zip(told[0::3], told[2::3], strict=False):
        keys = {key.rpartition(".")[2] for key in tree.config if key.startswith(f"filter.{name}.")}
        if name not in _NO_FILTER and (not keys or keys & {"clean", "process"}):
            what = f"goes through the filter {name!r} (.gitattributes), which is not run here"
            problems.append(Problem(path, what, f"exempt it there: `{path} -filter`"))
    return problems


def _under_way(tree: WorkTree) -> tuple[str, str] | None:
    return next((told for name, told in _UNDER_WAY.items() if (tree.git_dir / name).exists()), None)


def way_on(tree: WorkTree) -> str:
    """How what git waits for is gone on with; empty where it waits for nothing."""
    found = _under_way(tree)
    return found[1] if found else ""


def refuse_unfinished(
    tree: WorkTree, *, commit: bool, new_branch: bool = False, resolved: Collection[str] = ()
) -> None:
    """Refuse a repository in which a commit now would not be the one that is meant.

    Args:
        tree: the work tree.
        commit: a commit shall be made, on the branch that is checked out.
        new_branch: the commit goes to a new branch, so that HEAD may be detached.
        resolved: paths whose conflicts end with it.

    Raises:
        InputError: it is so.
    """
    top = str(tree.top)
    problems = []
    if found := _under_way(tree):
        problems.append(Problem(top, f"a {found[0]} is under way", found[1]))
    if tree.lock.exists():
        problems.append(other_git(tree))
    if commit and tree.ref is None and not new_branch:
        hint = "switch to a branch, or make one with --branch NAME"
        problems.append(Problem(top, "HEAD is detached: no branch is checked out", hint))
    _refuse(problems)
    index = tree.staged
    if unmerged := index.unmerged - {*resolved}:
        hint = "resolve them, then `git add`"
        _refuse([Problem(path, "has conflicts", hint) for path in sorted(unmerged)])
    if commit and tree.head is None and index.entries:
        # The first commit of somebody's own repository is theirs to make.
        _refuse([Problem(top, "has staged files but no commit yet", "run `git commit` first")])


def refuse_branch(tree: WorkTree, branch: str) -> None:
    """Refuse a branch to be made that exists, or whose name is invalid.

    Raises:
        InputError: it is so.
    """
    answer = tree.git.ask("check-ref-format", "--branch", branch)
    if answer.status or answer.out.decode().strip() != branch:  # "@{-1}" is expanded
        _refuse([Problem("--branch", f"{branch!r} is not a valid branch name")])
    ref = f"refs/heads/{branch}"
    listed = text(tree.git.run("for-each-ref", "--format=%(refname)", "refs/heads"))
    for other in {tree.ref or "", *listed.split("\n")} - {""}:
        name = other.removeprefix("refs/heads/")
        if other == ref:
            _refuse([Problem("--branch", f"{branch!r} exists", "choose a new name")])
        if other.startswith(f"{ref}/") or ref.startswith(f"{other}/"):  # a file and a folder
            _refuse([Problem("--branch", f"{branch!r} cannot be beside {name!r}", "another name")])


class Disk:
    """The work tree's files, looked at without following a symbolic link."""

    def __init__(self, top: Path) -> None:
        self._top = str(top)  # a change may have thousands of paths
        self._parents: dict[str, Problem | None] = {"": None}

    def _mode(self, path: str) -> int | None:
        """The mode of what stands at a path; None where there is nothing."""
        try:
            return os.lstat(f"{self._top}/{path}").st_mode
        except (FileNotFoundError, NotADirectoryError):
            return None

    def obstacles(self, path: str) -> Iterator[Problem]:
        """What keeps the path from being an ordinary file, or becoming one."""
        problem = self._parent(_parent(path))
        mode = None if problem else self._mode(path)
        if problem:
            yield Problem(path, problem.what, problem.hint)
        elif mode is not None and stat.S_ISLNK(mode):
            yield Problem(path, "is a symbolic link", "it would be followed; remove it first")
        elif mode is not None and not stat.S_ISREG(mode):
            yield Problem(path, "is in the way: not an ordinary file", "move it first")

    def read(self, path: str) -> bytes | None:
        """The content of the file, None where there is none."""
        try:
            with open(f"{self._top}/{path}", "rb", buffering=0) as file:  # noqa: PTH123
                return file.read()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise InputError(Problem(path, f"cannot be read: {error.strerror}")) from error

    def executable(self, path: str) -> bool:
        """Whether its owner may execute the file, which is all that git records."""
        return bool((self._mode(path) or 0) & stat.S_IXUSR)

    def missing_directories(self, paths: list[str]) -> list[str]:
        """The directories that writing the paths would make, outermost first."""
        missing: set[str] = set()
        for directory in {_parent(path) for path in paths}:
            name = directory
            while name and name not in missing and self._mode(name) is None:
                missing.add(name)
                name = _parent(name)
        return sorted(missing)

    def _parent(self, directory: str) -> Problem | None:
        """What is wrong with a directory or one above it; None also where it is missing."""
        if directory not in self._parents:
            problem = self._parent(_parent(directory))
            mode = None if problem else self._mode(directory)
            if mode is None:
                pass
            elif stat.S_ISLNK(mode):
                hint = "it would be followed; remove it first"
                problem = Problem("", f"{directory} is a symbolic link", hint)
            elif not stat.S_ISDIR(mode):
                problem = Problem(
                    "", f"{directory} is in the way: not a directory", "move it first"
                )
            elif self._mode(f"{directory}/.git") is not None:
                problem = Problem("", f"{directory} is another Git repository", "move it first")
            self._parents[directory] = problem
        return self._parents[directory]


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise InputError(problems)


def _misnamed(paths: Mapping[str, object]) -> list[Problem]:
    """Paths that leave the work tree, reach into .git, or break git's line protocols."""
    return [
        Problem(path, "is not a path that can be written") for path in paths if not is_plain(path)
    ]


def _unclean(tree: WorkTree, state: _State) -> Problem:
    """Why a path whose file is neither HEAD's nor the new one is refused."""
    path, index = state.path, tree.staged
    untracked = not (state.staged or path in index.unmerged)
    if state.file and state.head and untracked:
        return taken_out(tree, path)
    if path in index.skipped:
        return Problem(path, "is left out by the sparse checkout", "`git sparse-checkout add` it")
    new = state.head is None and state.staged is None
    return Problem(path, _UNCOMMITTED, "commit or move it first" if new else _COMMIT_FIRST)


def taken_out(tree: WorkTree, path: str) -> Problem:
    """That a file is there and in HEAD, and not in the index: a commit would delete it."""
    what = "was taken out of Git's index, so that the next `git commit` deletes it"
    how = ("git", "restore", "--staged")
    return Problem(path, what, f"`{shell.about(how, [path], tree.top, tree.top)}`")


def _entry(mode: str, name: str | None) -> Entry | None:
    return None if name is None else Entry(mode, name)


def _parent(path: str) -> str:
    return path.rpartition("/")[0]
