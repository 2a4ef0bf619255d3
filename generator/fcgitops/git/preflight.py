"""Whether a change may be made: all that speaks against it, found before anything is written."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fcgitops.core import shell
from fcgitops.core.errors import InputError, Problem
from fcgitops.git.journal import other_git
from fcgitops.git.program import raw, text
from fcgitops.git.worktree import EXECUTABLE, FILE, Entry, Index, WorkTree, is_plain, stamp

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
    index = tree.staged
    disk = Disk(tree.top)
    problems = [p for path in changed for p in disk.obstacles(path)]
    _refuse(problems or _overlooked(tree, changed))
    _refuse(_filtered(tree, [path for path in changed if contents[path] is not None]))
    seen = {path: stamp(f"{tree.top}/{path}") for path in changed}
    on_disk = {path: disk.read(path) for path in changed}
    # "As git would add it", for line ends and filters; only asked for what differs.
    asked = [
        path
        for path in changed
        if (data := on_disk[path]) is not None
        and (data == contents[path] or tree.name(data) != old[path])
    ]
    added = tree.names(asked, write=True)
    # Git may give these line ends on its way to the work tree, and takes them away on the way back.
    theirs = {path: data for path in changed if (data := contents[path]) and b"\r\n" in data}
    converted = tree.added({p: data for p, data in theirs.items() if data != on_disk[p]})
    changes = []
    for path in changed:
        data, content, entry = on_disk[path], contents[path], index.entries.get(path)
        if data is not None and data == content:
            new[path], content = added[path], None
        elif path in converted:
            new[path], content = converted[path], None
        found = None if data is None else added.get(path, old[path])
        if found == new[path] == old[path]:
            continue  # it differed in its line ends only, or is so already
        executable = data is not None and disk.executable(path) and tree.enabled("core.filemode")
        adopted = found == new[path]
        clean = found == old[path] and (entry.id if entry else None) == old[path]
        if clean and entry is not None and tree.enabled("core.filemode"):
            clean = executable == (entry.mode == EXECUTABLE)
        overwritten = path in overwrite and not (adopted or clean)
        if not (adopted or clean or overwritten):
            if data is not None and old[path] and not (entry or path in index.unmerged):
                problems.append(taken_out(tree, path))
            else:
                problems.append(_unclean(path, index, old[path]))
            continue
        mode = then = entry.mode if entry else FILE
        if (adopted or overwritten) and tree.enabled("core.filemode"):
            mode = EXECUTABLE if executable else FILE
        changes.append(
            Change(
                path=path,
                old=_entry(mode, found) if overwritten else _entry(then, old[path]),
                new=_entry(mode, new[path]),
                content=None if adopted else content,
                adopted=adopted,
                seen=seen[path],
                overwritten=overwritten,
            )
        )
    _refuse(problems)
    return changes


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
    data = raw("".join(f"{path}\0" for path in paths))
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


def _unclean(path: str, index: Index, old: str | None) -> Problem:
    """Why a path that is neither HEAD's nor the new one is refused."""
    if path in index.skipped:
        return Problem(path, "is left out by the sparse checkout", "`git sparse-checkout add` it")
    untracked = old is None and path not in index.entries
    return Problem(path, _UNCOMMITTED, "commit or move it first" if untracked else _COMMIT_FIRST)


def taken_out(tree: WorkTree, path: str) -> Problem:
    """That a file is there and in HEAD, and not in the index: a commit would delete it."""
    what = "was taken out of Git's index, so that the next `git commit` deletes it"
    how = ("git", "restore", "--staged")
    return Problem(path, what, f"`{shell.about(how, [path], tree.top, tree.top)}`")


def _entry(mode: str, name: str | None) -> Entry | None:
    return None if name is None else Entry(mode, name)


def _parent(path: str) -> str:
    return path.rpartition("/")[0]
