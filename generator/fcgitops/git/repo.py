"""A Git repository as the rest of the program sees it: commits and what else changes it.

Paths are relative to the content's root, which may be a folder of a bigger repository;
contents are bytes, None deletes the file.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from fcgitops.core.errors import FcgitopsError, InputError, Problem, ToolError
from fcgitops.git import commits, journal, preflight, recovery, transaction
from fcgitops.git.program import Git, terminated
from fcgitops.git.reading import Contents, Reader
from fcgitops.git.worktree import FILE, Entry, WorkTree


@dataclass(frozen=True)
class Stages:
    """A conflict: three versions (None: the file is not there) and their merge.

    Attributes:
        base: what both sides started from.
        ours: HEAD's.
        theirs: the new one.
        merged: with conflict markers, for the work tree.
    """

    base: bytes | None
    ours: bytes | None
    theirs: bytes | None
    merged: bytes


class GitRepository(Reader):
    """A repository whose content stands at `root`: what changes it, all or nothing."""

    def __init__(self, tree: WorkTree) -> None:
        self._locked = self._outdated = False
        super().__init__(tree)

    @property
    def _tree(self) -> WorkTree:
        """The work tree; after a lock it is read anew as soon as somebody asks, which few do."""
        if self._outdated:
            self._tree = self._read.again(None)
        return self._read

    @_tree.setter
    def _tree(self, tree: WorkTree) -> None:
        self._read, self._outdated = tree, False

    def add_origin(self, url: str) -> None:
        """Makes the remote `origin`.

        Raises:
            ToolError: there is one already.
        """
        self._tree.git.run("remote", "add", "--", "origin", url)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other runs out, and set right what a killed one left.

        What is read inside is still so when it is committed. A lock within a lock is the
        same lock.

        Raises:
            InputError: another run is at work.
        """
        if self._locked:
            yield
            return
        with journal.exclusive(self._tree) as descriptor:
            self._tree = self._tree.again(descriptor)
            self._locked = True
            try:
                self.recover()
                yield
            finally:
                self._locked, self._outdated = False, True

    def recover(self) -> bool:
        """Finish or take back what a killed run left; `lock` does so by itself.

        Returns:
            Whether there was something.
        """
        if not self._locked:
            with self.lock():
                return False
        try:
            outcome = recovery.recover(self._tree)
        except OSError as error:
            what = f"an interrupted run cannot be set right: {error.strerror}"
            hint = "nothing is lost: the next fcgitops command that writes here tries again"
            raise ToolError(Problem(str(self.top), what, hint)) from error
        found = outcome is not recovery.Outcome.NOTHING
        if found:
            self._tree = self._tree.again(self._tree.git.held)
        return found

    def commit(  # noqa: PLR0913 - all but two have a default
        self,
        changes: Contents,
        message: str,
        *,
        branch: str | None = None,
        commit: bool = True,
        overwrite: Iterable[str] = (),
        resolved: Collection[str] = (),
        ends: Path | None = None,
    ) -> str | None:
        """Commit contents on the branch that is checked out: one commit with one parent.

        All or nothing. A path may be changed whose file is as HEAD says, or already as it
        shall be (edited by hand, or left by an earlier run that did not commit). All else
        that the user changed or staged stays exactly as it is.

        Args:
            changes: content by path; what HEAD holds already changes nothing.
            message: the commit's message.
            branch: a new branch to make, check out and commit on.
            commit: False leaves the changes in the work tree and the index.
            overwrite: paths of `changes` whose files are written whatever they hold; after a
                failure they hold it again.
            resolved: paths whose conflicts end with the file as the work tree has it then, and
                files that are no longer in the index and shall be.
            ends: one of our notes, which goes with it.

        Returns:
            The new commit; None where there is none to make.

        Raises:
            InputError: something of the user's is in the way.
            FoundError: a hook of the user's refuses.
            ToolError: git failed.
        """
        seen = (self._tree.head, self._tree.ref)
        settled = [self.prefix + path for path in resolved]
        with self.lock():
            tree = self._tree
            if (tree.head, tree.ref) != seen:
                hint = "run the command again"
                raise InputError(Problem(str(self.top), "has moved to another commit", hint))
            new_branch = branch is not None
            preflight.refuse_unfinished(
                tree, commit=commit, new_branch=new_branch, resolved=settled
            )
            if branch is not None:
                preflight.refuse_branch(tree, branch)
            found = preflight.examine(
                tree, self._from_top(changes), {self.prefix + path for path in overwrite}
            )
            made = self._carry_out(found, message, branch, settled, ends, commit=commit)
        if made:
            with suppress(OSError):
                commits.after_commit(tree)
        return made

    def _carry_out(  # noqa: PLR0913 - as `commit`
        self,
        found: list[preflight.Change],
        message: str,
        branch: str | None,
        settled: Collection[str],
        ends: Path | None,
        *,
        commit: bool,
    ) -> str | None:
        """The rest of `commit`; `settled` are the resolved paths, from the top."""
        tree = self._tree
        head = tree.head_names(change.path for change in found)
        if all(head[change.path] == (change.new and change.new.id) for change in found):
            commit, branch = False, None  # HEAD has it all: there is none to make
            if not (found or settled or ends):
                return None
        new_tree = commits.write_tree(tree, found)
        new_commit = commits.commit_tree(tree, new_tree, message) if commit else None
        step = transaction.Step(
            tree=new_tree,
            changes=found,
            commit=new_commit,
            branch=None if branch is None else f"refs/heads/{branch}",
            resolved=settled,
            note=self._note(ends),
        )
        kind = "commit" if tree.head else "commit (initial)"
        subject = message.strip().partition("\n")[0]
        reason = f"{kind}: {subject}" if commit else "branch: Created from HEAD"
        transaction.apply(tree, step, reason)
        if commit:  # git commit forgets a message that waited for it, too
            with suppress(OSError):
                (tree.git_dir / "MERGE_MSG").unlink()
        return new_commit

    @contextmanager
    def _overwritten(self, contents: Contents) -> Iterator[None]:
        """Write files of the work tree; what they held is back where it fails.

        Raises:
            ToolError: it failed, and they could not be written back.
        """
        paths = [self.prefix + path for path in contents]
        disk = preflight.Disk(self.top)
        if problems := [problem for path in paths for problem in disk.obstacles(path)]:
            raise InputError(problems)
        before = {path: disk.read(self.prefix + path) for path in contents}
        made = disk.missing_directories(paths)
        try:
            self.rewrite(contents)
            yield
        except (transaction.Unfinished, journal.LockStays):
            raise  # what was written belongs to what is done, or is to be finished
        except BaseException as error:
            try:
                self.rewrite(before)
                for folder in reversed(made):
                    (self.top / folder).rmdir()
            except OSError as again:
                what = f"was written, and cannot be written back now: {again.strerror}"
                hint = "the next run of the same command goes on from there"
                told = error.problems if isinstance(error, FcgitopsError) else ()
                reasons = [Problem(problem.where, problem.what) for problem in told]
                named = [Problem(path, what, hint) for path in contents]
                raise ToolError([*reasons, *named]) from error
            raise

    def leave_conflict(
        self,
        changes: Contents,
        conflicted: Mapping[str, Stages],
        *,
        overwrite: Iterable[str] = (),
        resolved: Collection[str] = (),
        note: tuple[Path, str] | None = None,
    ) -> None:
        """Leave a merge with conflicts for the user to resolve, as git does.

        Like `commit` without a commit for `changes`. Each conflicted path gets its
        markers in the work tree and its three versions in the index, so that
        `git status` and `git mergetool` see it.

        Args:
            changes: content by path.
            conflicted: the conflicts by path.
            overwrite: as for `commit`.
            resolved: as for `commit`.
            note: one of our notes, and what it says from then on.

        Raises:
            InputError: something of the user's is in the way.
            ToolError: git failed.
        """
        merged = {path: stages.merged for path, stages in conflicted.items()}
        contents = self._from_top({**changes, **merged})
        settled = [self.prefix + path for path in resolved]
        with self.lock():
            tree = self._tree
            preflight.refuse_unfinished(tree, commit=False, resolved=settled)
            found = preflight.examine(tree, contents, {self.prefix + path for path in overwrite})
            versions = {
                self.prefix + path: (stages.base, stages.ours, stages.theirs)
                for path, stages in conflicted.items()
            }
            blobs = {v for three in versions.values() for v in three if v is not None}
            step = transaction.Step(
                tree=commits.write_tree(tree, found, sorted(blobs)),
                changes=found,
                stages={path: _entries(tree, three) for path, three in versions.items()},
                resolved=settled,
                note=self._note(*note) if note else ("", ""),
            )
            transaction.apply(tree, step, "")

    def _note(self, place: Path | None, content: str = "") -> tuple[str, str]:
        return (str(place.relative_to(self.private)) if place else "", content)

    def resolve(self, contents: Contents, paths: Iterable[str]) -> None:
        """Writes files, and takes some of the work tree into the index: their conflicts end.

        Args:
            contents: by path, in this order, as for `rewrite`; after a failure the files hold again
                what they held.
            paths: those that go into the index.

        Raises:
            InputError: another git process is at work, or a file cannot be written.
            ToolError: git failed.
        """
        with self.lock(), self._overwritten(contents):
            with journal.changed_index(self._tree) as env:
                transaction.stage(self._tree, {self.prefix + path for path in paths}, env)
            self._tree = self._tree.again(self._tree.git.held)

    def rewrite(self, contents: Contents) -> None:
        """Writes files of the work tree, each whole or not at all; the index is not asked.

        Whatever else they hold is lost. Killed in between, it has written the first of them.

        Args:
            contents: by path, in this order; None takes the file away.
        """
        whole = self.private / "file"
        for path, content in contents.items():
            target = self.root / path
            if content is None:
                target.unlink(missing_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            whole.write_bytes(content)
            if target.exists():
                shutil.copymode(target, whole)
            try:
                whole.replace(target)
            except OSError as error:
                if error.errno != errno.EXDEV:  # Git's directory is on another file system
                    raise
                target.write_bytes(content)

    def restore(self, paths: Iterable[str], staged: Iterable[str] = ()) -> None:
        """Puts files back as HEAD has them, in the index and in the work tree.

        Files that HEAD has not are taken away. Whatever else they hold is lost. Killed, or failed,
        in between, it has put back some of the files, and nothing in the index.

        Args:
            paths: to put back.
            staged: the same in the index alone.
        """
        with self.lock():
            tree = self._tree
            with journal.changed_index(tree) as env:
                self._restore([self.prefix + path for path in paths], env, "--worktree")
                self._restore([self.prefix + path for path in staged], env)
            self._tree = tree.again(tree.git.held)

    def _restore(self, paths: Iterable[str], env: Mapping[str, str], *where: str) -> None:
        tree = self._tree
        names = tree.head_names(paths)
        there = [path for path, name in names.items() if name]
        gone = [path for path, name in names.items() if not name]
        if there:
            listed = ("--pathspec-from-file=-", "--pathspec-file-nul")
            command = ("--literal-pathspecs", "restore", "-q", "--source=HEAD", "--staged", *where)
            tree.git.run(*command, *listed, data=terminated(there), env=env)
        if gone:
            command = ("update-index", "--force-remove", "-z", "--stdin")
            tree.git.run(*command, data=terminated(gone), env=env)
        for path in gone if where else ():
            (self.top / path).unlink(missing_ok=True)
            with suppress(OSError):  # as git does, with the folders that are empty now
                os.removedirs((self.top / path).parent)

    def edited_since_staged(self, paths: Iterable[str]) -> list[str]:
        """The paths whose file holds what neither the index nor HEAD has.

        The beginning of HEAD's is not that: a `restore` that was killed leaves it.
        """
        tree, wanted = self._tree, [self.prefix + path for path in paths]
        staged = {path: entry.id for path, entry in tree.staged.entries.items()}
        there = [path for path in wanted if (tree.top / path).is_file()]
        names = tree.names(there)
        other = [path for path in there if names[path] != staged.get(path)]
        head = tree.head_contents(other)
        return [
            path.removeprefix(self.prefix)
            for path in other
            if not (head[path] or b"").startswith((tree.top / path).read_bytes())
        ]

    def uncommitted(self, paths: Iterable[str]) -> bool:
        """Whether the work tree or the index has one of the paths otherwise than HEAD."""
        wanted = [self.prefix + path for path in paths]
        index, names = self._tree.staged, self._tree.head_names(wanted)
        staged = {path: entry.id for path, entry in index.entries.items()}
        return bool(self._tree.edited(wanted)) or any(
            path in index.unmerged or staged.get(path) != name for path, name in names.items()
        )

    def _from_top(self, contents: Contents) -> dict[str, bytes | None]:
        return {self.prefix + path: content for path, content in contents.items()}


def open_repository(root: Path) -> GitRepository:
    """The repository whose work tree holds `root`, the content's root.

    Raises:
        InputError: there is none.
    """
    return GitRepository(WorkTree.at(root))


def init_and_commit(  # noqa: PLR0913 - all but four have a default
    directory: Path,
    changes: Contents,
    message: str,
    *,
    branch: str,
    commit: bool = True,
    remote_url: str = "",
) -> str | None:
    """Make a repository in an existing directory, and its first commit.

    All or nothing: where it fails, `directory` is as it was. A repository that a killed
    run had begun is begun again.

    Args:
        directory: it may hold files, unless they are in the way.
        changes: content by path.
        message: the commit's message.
        branch: the branch's name.
        commit: False leaves the files staged.
        remote_url: the URL of the remote `origin`; "" for none.

    Returns:
        The commit; None where there is none to make.

    Raises:
        InputError: the directory is a repository already, or something is in the way.
        FoundError: a hook of the user's refuses.
        ToolError: git failed.
    """
    git, git_dir = Git(directory), directory / ".git"
    begun = git_dir / "fcgitops" / "begun"
    if git.ask("check-ref-format", "--branch", branch).status:
        raise InputError(Problem("branch", f"{branch!r} is not a valid branch name"))
    if begun.exists() or _hardly_begun(git_dir):
        _abandon(directory)
    if git_dir.exists() or git_dir.is_symlink():
        raise InputError(Problem(str(directory), "is a Git repository already"))
    try:
        begun.parent.mkdir(parents=True)
        begun.touch()
        # The user's own templates apply, and so do the hooks that they bring.
        git.run("init", "-q", "-b", branch, hooks=True)
        if remote_url:
            git.run("remote", "add", "--", "origin", remote_url)
        made = open_repository(directory).commit(changes, message, commit=commit)
    except BaseException:
        if not (git_dir / "fcgitops" / "journal").exists():  # else it can still be set right
            shutil.rmtree(git_dir, ignore_errors=True)
        raise
    begun.unlink()
    return made


def _hardly_begun(git_dir: Path) -> bool:
    """Whether a run was killed before it could leave its mark."""
    return git_dir.is_dir() and {path.name for path in git_dir.iterdir()} <= {"fcgitops"}


def _abandon(directory: Path) -> None:
    """Take back a repository that a killed run had begun, unless it has its commit."""
    git_dir = directory / ".git"
    if (git_dir / "HEAD").exists() and (git_dir / "fcgitops" / "journal").exists():
        open_repository(directory).recover()
    if Git(directory).ask("rev-parse", "-q", "--verify", "HEAD").status == 0:
        (git_dir / "fcgitops" / "begun").unlink()
    else:
        shutil.rmtree(git_dir)


def _entries(tree: WorkTree, versions: tuple[bytes | None, ...]) -> transaction.Conflict:
    base, ours, theirs = (None if v is None else Entry(FILE, tree.name(v)) for v in versions)
    return base, ours, theirs
