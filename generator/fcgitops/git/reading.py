"""What a Git repository holds: HEAD, the index and the work tree, read and not changed.

Paths are relative to the content's root, which may be a folder of a bigger repository.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from fcgitops.core import shell
from fcgitops.core.errors import InputError, Problem
from fcgitops.git import journal, preflight
from fcgitops.git.program import text
from fcgitops.git.worktree import WorkTree
from fcgitops.text.tree import read_file

Contents = Mapping[str, bytes | None]
"""Path → content; None for a file that is not to be there."""


class Reader:
    """A repository whose content stands at `root`, as it is: nothing here changes it."""

    def __init__(self, tree: WorkTree) -> None:
        self._tree = tree

    @property
    def top(self) -> Path:
        """The top of the work tree."""
        return self._tree.top

    @property
    def prefix(self) -> str:
        """The content's root below the top: "" or "folder/"."""
        return self._tree.prefix

    @property
    def root(self) -> Path:
        """The content's root."""
        return self.top / self.prefix

    @property
    def private(self) -> Path:
        """Our own folder in Git's directory; it need not be there yet."""
        return self._tree.private

    @property
    def notes(self) -> Path:
        """Our folder there for what is of this content alone: a repository may have several."""
        return self.private / "at" / self.prefix if self.prefix else self.private

    @property
    def branch(self) -> str | None:
        """The branch that is checked out, born or not; None where HEAD is detached."""
        ref = self._tree.ref
        return ref.removeprefix("refs/heads/") if ref else None

    @property
    def head(self) -> str | None:
        """HEAD's commit; None where there is no commit yet."""
        return self._tree.head

    @property
    def interrupted(self) -> bool:
        """Whether a run has left what the next one that writes sets right; or is at work."""
        return journal.place(self._tree).exists()

    @property
    def unmerged(self) -> list[str]:
        """The paths with conflicts, as the index has them."""
        found = sorted(self._tree.staged.unmerged)
        return [p.removeprefix(self.prefix) for p in found if p.startswith(self.prefix)]

    @property
    def halved(self) -> set[str]:
        """The paths in conflict that one side has changed and the other one deleted."""
        found = self._tree.staged.halved
        return {p.removeprefix(self.prefix) for p in found if p.startswith(self.prefix)}

    @property
    def under_way(self) -> str:
        """How what git waits for is gone on with; empty where it waits for nothing."""
        return preflight.way_on(self._tree)

    @property
    def is_fresh(self) -> bool:
        """Whether it is just made, or a clone of such a one: nothing committed, staged or there."""
        there = [path.name for path in self.top.iterdir()]
        if self.prefix or self.head or there != [".git"]:
            return False
        index = self._tree.staged
        return not (index.entries or index.unmerged or self._tree.git.line("for-each-ref"))

    @property
    def main_branch(self) -> str:
        """The branch that the remote `origin` has checked out, as far as is known here."""
        name = "refs/remotes/origin/"
        found = self._tree.git.line("symbolic-ref", "-q", f"{name}HEAD", accept=(0, 1))
        return found.removeprefix(name)

    @property
    def origin(self) -> str:
        """The URL of the remote `origin`; empty where there is none."""
        return self._tree.config.get("remote.origin.url", "")

    def read_head(self, paths: Iterable[str]) -> dict[str, bytes | None]:
        """The contents of HEAD's files; None where HEAD has none at the path."""
        wanted = {self.prefix + path: path for path in paths}
        return {wanted[p]: c for p, c in self._tree.head_contents(wanted).items()}

    def former(self, paths: Iterable[str], limit: int) -> dict[str, list[bytes]]:
        """The contents that files had on the branch, newest first, HEAD's own among them.

        Args:
            paths: the files.
            limit: how many of the commits that changed one are looked at.
        """
        wanted = {self.prefix + path: path for path in paths}
        return {wanted[p]: c for p, c in self._tree.former_contents(wanted, limit).items()}

    def list_head(self, under: str = "") -> list[str]:
        """HEAD's files at or below the path `under`; "" means all of the content."""
        found = self._tree.head_paths(self.prefix + under)
        return [path.removeprefix(self.prefix) for path in found]

    def tracked(self, under: str) -> list[str]:
        """The index's paths that are at, below or on the way to a path below the top.

        On the way there is a link or a submodule. The case of letters is no difference: on some
        file systems it is none.
        """
        wanted = under.casefold()
        return [
            path
            for path in (*self._tree.staged.entries, *self._tree.staged.unmerged)
            if f"{path.casefold()}/".startswith(f"{wanted}/")
            or f"{wanted}/".startswith(f"{path.casefold()}/")
        ]

    def beside(self, name: str) -> list[str]:
        """Folders that have such a file in the index, from the top, this content's root aside."""
        told = self._tree.git.run("ls-files", "-z", "--", f":(top,glob)**/{name}")
        found = [path.rpartition("/")[0] for path in text(told).split("\0") if path]
        return [folder for folder in found if f"{folder}/".lstrip("/") != self.prefix]

    def list_folders(self, under: str) -> list[str]:
        """The names of HEAD's folders just below the path `under`."""
        return self._tree.head_folders(self.prefix + under)

    def left_out(self, *folders: str) -> list[Problem]:
        """What a sparse checkout leaves out, with the command that brings it here.

        Args:
            *folders: paths, files of which may not be left out.
        """
        left_out = {
            path: folder
            for folder in folders
            for path in self._tree.staged.skipped
            if path == self.prefix + folder or path.startswith(f"{self.prefix}{folder}/")
            if not (self.top / path).exists()
        }
        if left_out and not self._tree.enabled("core.sparsecheckout"):
            return [
                Problem(path, "is not here, and git was told to overlook that",
                        shell.about(("git", "update-index", "--no-skip-worktree"), [path],
                                    self.top, self.top))
                for path in sorted(left_out)
            ]  # fmt: skip
        if not left_out:
            return []
        names = sorted(set(left_out.values()))
        what = f"the sparse checkout leaves out files of {', '.join(names)}"
        # A file of its own: git takes folders, and has files of the top by patterns alone.
        alone = {path for path, name in left_out.items() if path == self.prefix + name}
        places = [self.prefix + name for name in names]
        wanted = [(p.rpartition("/")[0] or f"/{p}") if p in alone else p for p in places]
        hint = shell.standing_in(self.top, "git", "sparse-checkout", "add", *wanted)
        return [Problem(str(self.top), what, hint)]

    def refuse_left_out(self, *folders: str) -> None:
        """Refuse where a sparse checkout leaves out what is needed. Arguments as for `left_out`.

        Raises:
            InputError: some are; the hint is the command that brings them here.
        """
        if problems := self.left_out(*folders):
            raise InputError(problems)

    def typed(self, *command: str, paths: Iterable[str]) -> str:
        """A command of git's about paths, as it works where its user is."""
        return shell.about(("git", *command), paths, self.root, self.top)

    def way_back(self, path: str) -> str:
        """What is typed to have a file or a folder as HEAD has it, in the index too.

        Of what HEAD has not: as the index has it; empty where that has not got it either.
        """
        place = self.prefix + path
        there = self._tree.staged.entries
        committed = self._tree.head_paths(place)
        if not (committed or self.tracked(place)):
            return ""
        staged = any(there.get(p) != self._tree.committed[p] for p in committed)
        how = ("--staged", "--worktree") if staged else ()
        return self.typed("restore", *how, paths=[path])

    def way_out(self, path: str) -> str:
        """What is done to be rid of a folder that HEAD has not: it is in the index, or nowhere."""
        if self.tracked(self.prefix + path):
            return self.typed("rm", "-r", "--cached", paths=[path])
        return "git knows nothing of it: delete it yourself"

    def way_back_in_history(self, path: str) -> str:
        """What is typed to have a file as it was before its last change; empty without one."""
        changed = ("log", "-1", "--format=%P", "HEAD", "--", self.prefix + path)
        for parent in self._tree.git.line(*changed).split() if self.head else ():
            entry = f"{parent}:{self.prefix}{path}"
            if self._tree.git.ask("cat-file", "-e", entry).status == 0:
                how = ("--staged", "--worktree", f"--source={parent[:10]}")
                return self.typed("restore", *how, paths=[path])
        return ""

    def differing(self, contents: Contents) -> list[str]:
        """The paths at which HEAD holds something else, or a file where there shall be none.

        Contents that the work tree has, and that git would add as HEAD has them, are the same.
        """
        old = self._tree.head_names(self.prefix + path for path in contents)
        new = {p: None if c is None else self._tree.name(c) for p, c in contents.items()}
        other = [path for path in contents if old[self.prefix + path] != new[path]]
        ends = {p for p in other if b"\r\n" in (data := contents[p] or b"") and self._has(p, data)}
        same = ends.difference(self.edited(ends)) if ends else ends
        return [path for path in other if path not in same]

    def _has(self, path: str, data: bytes) -> bool:
        """Whether the work tree has these bytes at the path."""
        return read_file(self.root, path) == data

    def edited(self, paths: Iterable[str]) -> list[str]:
        """The paths at which the work tree is not as HEAD: an edit that HEAD lacks.

        Line ends that git changes are no edit, and a file that a sparse checkout leaves out is
        none either.
        """
        return [
            path.removeprefix(self.prefix)
            for path in self._tree.edited(self.prefix + path for path in paths)
        ]

    def taken_out(self, paths: Iterable[str]) -> list[Problem]:
        """A problem for each of the paths that is there and in HEAD, and not in the index."""
        index = self._tree.staged
        return [
            replace(preflight.taken_out(self._tree, place), where=place.removeprefix(self.prefix))
            for place, name in self._tree.head_names(self.prefix + path for path in paths).items()
            if name and place not in index.entries and place not in index.unmerged
            if (self.top / place).is_file()
        ]

    def ignoring(self, paths: Iterable[str]) -> dict[str, str]:
        """The rule by which git ignores each of the paths that it does; they need not be there."""
        found = self._tree.ignoring(self.prefix + path for path in paths)
        return {path.removeprefix(self.prefix): rule for path, rule in found.items()}

    def refuse_unfinished(self, *, commit: bool, new_branch: bool) -> None:
        """Refuse a repository in which a commit now would not be the one that is meant.

        Args:
            commit: one shall be made.
            new_branch: on a new branch.

        Raises:
            InputError: git waits for something, has conflicts, or has no branch checked out.
        """
        preflight.refuse_unfinished(self._tree, commit=commit, new_branch=new_branch)

    def list_ignored(self, under: str) -> list[str]:
        """What git ignores below a path: files, and whole folders with a "/" at their end."""
        found = self._tree.ignored_paths(self.prefix + under)
        return [path.removeprefix(self.prefix) for path in found]
