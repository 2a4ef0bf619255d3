"""Making a commit out of objects alone: nothing of the user's is touched here.

The tree comes from `git fast-import`, spliced on HEAD's: one process, whatever the number
of files, and only the folders on the way are read. The user's hooks see what is about to
be committed before it is: a hook that refuses leaves everything as it was.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from os import X_OK, access, environ
from pathlib import Path

from fcgitops.core import shell
from fcgitops.core.errors import FoundError, InputError, Problem
from fcgitops.git.preflight import Change
from fcgitops.git.program import Answer, Git, failure, raw, text
from fcgitops.git.worktree import WorkTree

_SCRATCH = "refs/fcgitops/scratch"
_FEW_OBJECTS = 20
"""From here on they stay in one pack; each loose one would be flushed to the disk by itself."""
_SOMEBODY = ("-c", "user.useConfigOnly=true")
"""No commit is made in a name that Git would have to make up."""
_MARK = b"fast-import"
"""What fast-import writes into the file that keeps its pack while it works."""


def write_tree(tree: WorkTree, changes: Iterable[Change], blobs: Iterable[bytes] = ()) -> str:
    """Write HEAD's tree with the changes made in it.

    Args:
        tree: the work tree.
        changes: what differs from HEAD.
        blobs: contents that are to be objects too, without a place in the tree.

    Returns:
        The name of the new tree.
    """
    parts = [_data(b"blob\n", blob) for blob in blobs]
    parts.append(b"commit %s\ncommitter x <x> 0 +0000\ndata 0\n" % raw(_SCRATCH))
    if tree.head:
        parts.append(b"from %s\n" % raw(tree.head))
    # Deletions first: a file may make room for a folder.
    for change in sorted(changes, key=lambda change: change.new is not None):
        path = _quoted(change.path)
        if change.new is None:
            parts.append(b"D %s\n" % path)
        elif change.content is None:
            parts.append(b"M %s %s %s\n" % (raw(change.new.mode), raw(change.new.id), path))
        else:
            header = b"M %s inline %s\n" % (raw(change.new.mode), path)
            parts.append(_data(header, change.content))
    # Ask for the root's name, then empty the branch again: no ref is written, nor locked.
    parts.append(b'ls ""\nreset %s\n\ndone\n' % raw(_SCRATCH))
    limit = ("-c", f"fastimport.unpackLimit={_FEW_OBJECTS}")
    command = (*tree.durable, *limit, "fast-import", "--quiet", "--done")
    answer = _fast_import(tree, command, b"".join(parts))
    if "cannot create keep file" in answer.err and _free_packs(tree):
        answer = _fast_import(tree, command, b"".join(parts))
    if answer.status:
        raise failure(command, answer)
    told = text(answer.out)
    return tree.empty_tree if told.startswith("missing") else told.split()[2]


def _fast_import(tree: WorkTree, command: tuple[str, ...], data: bytes) -> Answer:
    process = tree.git.start(*command)
    answer = process.finish(data)
    if answer.status:
        with suppress(OSError):  # its report, which is of no use here
            (tree.git_dir / f"fast_import_crash_{process.pid}").unlink()
    return answer


def _free_packs(tree: WorkTree) -> bool:
    """Remove the marks by which a killed fast-import keeps its pack, and any later one of the same.

    Returns:
        Whether there was one.
    """
    folder = tree.git.line("rev-parse", "--path-format=absolute", "--git-path", "objects/pack")
    found = {mark: mark.read_bytes() for mark in Path(folder).glob("*.keep")}
    marks = [
        mark
        for mark, content in found.items()
        # People mark packs of theirs, too, mostly with an empty file.
        if content == _MARK
        or (_MARK.startswith(content) and not mark.with_suffix(".pack").exists())
    ]
    for mark in marks:
        mark.unlink()
    return bool(marks)


def commit_tree(tree: WorkTree, new_tree: str, message: str) -> str:
    """Write the commit of `new_tree` on HEAD, once the user's hooks agree.

    Returns:
        The name of the commit, which no branch holds yet.

    Raises:
        FoundError: a hook refuses it.
        InputError: Git does not know the author's or committer's name and address.
    """
    message = _with_hooks(tree, new_tree, message.strip() + "\n").strip() + "\n"
    parent = ["-p", tree.head] if tree.head else []
    sign = ["-S"] if tree.enabled("commit.gpgsign") else []
    settings = (*tree.durable, "-c", "i18n.commitEncoding=UTF-8", *_SOMEBODY)
    command = (*settings, "commit-tree", new_tree, *parent, *sign)
    # Signing may start gpg-agent, a daemon, which must not inherit the lock.
    answer = tree.git.ask(*command, data=raw(message), hold=False)
    if answer.status:
        _refuse_nobody(tree.git)  # which says it better
        raise failure(command, answer)
    return text(answer.out).strip()


def _refuse_nobody(git: Git) -> None:
    """Refuse to commit for somebody whose name Git would have to make up.

    Raises:
        InputError: Git does not know the author's or committer's name and address.
    """
    for role in ("AUTHOR", "COMMITTER"):
        answer = git.ask(*_SOMEBODY, "var", f"GIT_{role}_IDENT")
        if answer.status:
            hint = "run `git config --global user.name NAME`, and user.email ADDRESS"
            raise InputError(Problem("author", "Git does not know who you are", hint))


def after_commit(tree: WorkTree) -> None:
    """Run the user's post-commit hook; as with `git commit`, its failure changes nothing."""
    if _present(tree, "post-commit"):
        tree.git.ask("hook", "run", "--ignore-missing", "post-commit", hooks=True, hold=False)


def _with_hooks(tree: WorkTree, new_tree: str, message: str) -> str:
    """The message after the user's hooks have seen it and what is to be committed.

    pre-commit runs in a temporary directory that holds precisely the new tree, its index
    beside it: the user's other changes are not in it. Files that the hook changes there
    are dropped, as `git commit` would not commit them either; a hook that stages what it
    changed is refused, since the commit would silently lack it. The hooks of the message
    run at the work tree's top, as always.
    """
    before = _present(tree, "pre-commit")
    messages = [n for n in ("prepare-commit-msg", "commit-msg") if _present(tree, n)]
    if not (before or messages):
        return message
    _refuse_nobody(tree.git)  # a hook may take minutes
    with tempfile.TemporaryDirectory(prefix="fcgitops-") as name:
        index, copy, file = Path(name, "index"), Path(name, "tree"), Path(name, "COMMIT_EDITMSG")
        copy.mkdir()
        file.write_bytes(raw(message))
        env = {
            "GIT_INDEX_FILE": str(index),
            "GIT_DIR": str(tree.git_dir),
            "GIT_WORK_TREE": str(copy if before else tree.top),
            # The checkout has no .venv: the repository's own hook would install one each time. No
            # module is imported from the checkout (-P).
            "FCGITOPS": environ.get("FCGITOPS", f"{shell.quote(sys.executable)} -P -m fcgitops"),
        }
        if before:
            tree.git.run("read-tree", "--reset", "-u", new_tree, env=env)
            _run_hook(tree, copy, "pre-commit", env=env)
            staged = text(tree.git.run("write-tree", env=env)).strip()
            if staged != new_tree:
                hint = "let it fail instead, or commit with --no-commit and `git commit`"
                what = "stages changes of its own, which would be lost"
                raise FoundError(Problem("pre-commit hook", what, hint))
        else:
            tree.git.run("read-tree", new_tree, env=env)
        env = {"GIT_INDEX_FILE": str(index), "GIT_EDITOR": ":"}
        for hook in messages:
            source = ["message"] if hook == "prepare-commit-msg" else []
            _run_hook(tree, tree.top, hook, str(file), *source, env=env)
        message = text(file.read_bytes())
    if not message.strip():
        raise FoundError(Problem("commit-msg hook", "left an empty message"))
    return message


def _run_hook(
    tree: WorkTree, directory: Path, hook: str, *arguments: str, env: dict[str, str]
) -> None:
    """Run one hook in a directory.

    Raises:
        FoundError: it refuses; with all that it printed.
    """
    # Spelled out, since core.hooksPath may be relative to the work tree's top.
    command = ("-c", f"core.hooksPath={tree.hooks}", "hook", "run", "--ignore-missing", hook)
    words = ("--", *arguments) if arguments else ()
    answer = Git(directory).ask(*command, *words, env=env, hooks=True)
    if answer.status:
        raise FoundError(refused_by(hook, text(answer.out) + answer.err))


def refused_by(hook: str, told: str) -> list[Problem]:
    """The problem where a hook of the user's refuses, and all that it printed."""
    lines = [Problem("", line.rstrip()) for line in told.splitlines() if line.strip()]
    hint = "-m MESSAGE gives it another message" if hook == "commit-msg" else ""
    return [Problem(f"{hook} hook", "refused the commit; nothing was written", hint), *lines]


def _present(tree: WorkTree, hook: str) -> bool:
    """Whether the user has such a hook: looked up here, since a process takes 3 ms."""
    configured = any(key.startswith("hook.") for key in tree.config)  # git 2.54 and later
    return configured or access(tree.hooks / hook, X_OK)


def _data(header: bytes, content: bytes) -> bytes:
    return b"%sdata %d\n%s\n" % (header, len(content), content)


def _quoted(path: str) -> bytes:
    return b'"%s"' % raw(path.replace("\\", "\\\\").replace('"', '\\"'))
