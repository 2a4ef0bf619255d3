"""Git as a program: how it is started, in which environment, and how its failures read.

The only module that imports GitPython, whose command interface starts what holds the lock or is
talked to while it runs; its object database is not used. Importing it takes 90 ms, which who only
asks a question does not pay: that is asked with `process` alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import IO, Any, NamedTuple

from fcgitops.core import shell
from fcgitops.core.errors import FcgitopsError, InputError, Problem, ToolError
from fcgitops.core.lazy import regex
from fcgitops.core.redaction import redacted
from fcgitops.programs import process

MINIMUM = (2, 38)
"""The oldest git whose plumbing does what `transaction` relies on."""

_INSTALL = "install git {}.{} or later: https://git-scm.com/downloads".format(*MINIMUM)
_NO_GIT = Problem("git", "is not installed, or does not run", _INSTALL)

_KEPT = regex(
    r"GIT_((AUTHOR|COMMITTER)_(NAME|EMAIL|DATE)|SSH.*|ASKPASS|CONFIG_.*|EXEC_PATH|SSL_.*|PROXY_.*"
    r"|HTTP_.*|ALLOW_PROTOCOL|PROTOCOL.*|CEILING_DIRECTORIES|DISCOVERY_ACROSS_FILESYSTEM"
    r"|TEMPLATE_DIR|DEFAULT_HASH|TERMINAL_PROMPT|TRACE.*|PYTHON_.*)"
)
"""What of GIT_* reaches git; GIT_DIR or GIT_INDEX_FILE, set in every hook, must not."""

_SETTINGS = (
    "--no-optional-locks",  # or `git status`, killed as it notes what it saw, leaves index.lock
    *("-c", "core.fsmonitor=false", "-c", "gc.auto=0", "-c", "maintenance.auto=false"),
    # What a person has set for reading would stand in what is read here.
    *("-c", "log.showSignature=false", "-c", "log.follow=false", "-c", "color.grep=false"),
    *("-c", "i18n.logOutputEncoding=UTF-8", "-c", "submodule.recurse=false"),
    *("-c", "diff.orderFile=/dev/null"),
)
_NO_HOOKS = ("-c", "core.hooksPath=/dev/null")
_ENGLISH = {"LANGUAGE": "C", "LC_ALL": "C"}
"""What git says is read; GitPython sets the same."""
_DENIED = regex(
    r"^(?:warning: could not open directory '(.+/)'|(.+)): Permission denied$", re.MULTILINE
)
"""What `git status` says of a folder, or of a file that it knows, and passes over."""
_LONGEST = 86_400.0
"""Seconds: a push, or a user's hook, takes what it takes."""


class Answer(NamedTuple):
    """How a git command ended."""

    status: int
    out: bytes
    err: str

    @property
    def reason(self) -> str:
        """The line of stderr that says why it failed."""
        lines = [line.strip() for line in self.err.splitlines() if line.strip()]
        told = [line for line in lines if line.startswith(("fatal:", "error:"))]
        line = (told or lines[-1:] or [f"ended with status {self.status}"])[0]
        return redacted(re.sub(r"^(fatal|error): ", "", line))

    @property
    def way_out(self) -> str:
        """What helps: that a repository of somebody else is trusted, or that a lock goes."""
        if found := re.search(r"Unable to create '(.+\.lock)': File exists", self.err):
            return f"if no git command runs any more, remove {found[1]}"
        found = re.search(r"^\s*(git config --global --add safe\.directory .*)$", self.err, re.M)
        return found[1] if found else ""


class Git:
    """Starts git in one directory.

    Attributes:
        directory: where git runs.
        held: a descriptor that git's processes keep open, so that the lock behind it
            outlives this process for as long as an orphaned child still writes.
    """

    def __init__(self, directory: Path, held: int | None = None) -> None:
        self.directory = directory
        self.held = held
        self._command = _command()

    def start(
        self,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        hooks: bool = False,
        hold: bool = True,
    ) -> Process:
        """Start git with pipes on stdin, stdout and stderr.

        Args:
            *arguments: git's subcommand and what follows it.
            env: variables on top of the environment.
            hooks: let git run the user's hooks.
            hold: pass the lock's descriptor on; not for what may leave a daemon behind,
                such as a hook or gpg.
        """
        from subprocess import PIPE  # noqa: PLC0415 - GitPython has loaded it

        descriptors = (self.held,) if hold and self.held is not None else ()
        command = [*_scrubbing(env or {}), self._command, *_options(hooks=hooks), *arguments]
        process = (
            _gitpython()
            .Git(str(self.directory))
            .execute(
                command, istream=PIPE, as_process=True, env=dict(env or {}), pass_fds=descriptors
            )
        )
        return Process(process)

    def ask(
        self,
        *arguments: str,
        data: bytes = b"",
        env: Mapping[str, str] | None = None,
        hooks: bool = False,
        hold: bool = True,
    ) -> Answer:
        """Run git with `data` on its stdin, to its end, however it ends."""
        if hold and self.held is not None:
            return self.start(*arguments, env=env, hooks=hooks, hold=hold).finish(data)
        command = [self._command, *_options(hooks=hooks), *arguments]
        surroundings = {**_kept(), **_ENGLISH, **(env or {})}
        result = process.run(
            command, cwd=self.directory, env=surroundings, data=data, timeout=_LONGEST
        )
        return Answer(result.status, result.stdout, result.stderr)

    def run(
        self,
        *arguments: str,
        data: bytes = b"",
        env: Mapping[str, str] | None = None,
        hooks: bool = False,
        hold: bool = True,
        accept: Collection[int] = (0,),
    ) -> bytes:
        """Run git and return its stdout.

        Raises:
            ToolError: its status is not one to accept.
        """
        answer = self.ask(*arguments, data=data, env=env, hooks=hooks, hold=hold)
        if answer.status not in accept:
            raise failure(arguments, answer)
        return answer.out

    def line(self, *arguments: str, accept: Collection[int] = (0,)) -> str:
        """Run git and return the one line that it prints."""
        return text(self.run(*arguments, accept=accept)).removesuffix("\n")


class Process:
    """A git process that has been started."""

    def __init__(self, process: Any) -> None:  # noqa: ANN401 - GitPython's wrapper of Popen
        self._process = process
        self.pid: int = process.proc.pid
        self.stdin: IO[bytes] = process.stdin
        self.stdout: IO[bytes] = process.stdout
        self.stderr: IO[bytes] = process.stderr

    def finish(self, data: bytes = b"") -> Answer:
        """Send `data`, read what comes, wait for the end."""
        out, err = self._process.communicate(data)
        return Answer(self._process.returncode, out, text(err))

    def wait(self) -> int:
        """Wait for the end; the pipes are the caller's matter."""
        status: int = self._process.proc.wait()
        return status


_NO_PLACE = (
    "No space left on device",
    "Out of diskspace",  # git's own words where a part of a pack was written
    "Read-only file system",
    "Disk quota exceeded",
    "unable to write file",  # where git does not say more
    "couldn't write '",
)


def failure(arguments: tuple[str, ...], answer: Answer) -> FcgitopsError:
    """The error for a git command that failed; a place that takes no file is wrong input."""
    name = next((a for a in arguments if not a.startswith("-") and "=" not in a), "")
    where = " ".join(filter(None, ("git", name)))
    problem = Problem(where, answer.reason, answer.way_out)
    return InputError(problem) if no_place(answer) else ToolError(problem)


def no_place(answer: Answer) -> bool:
    """Whether git failed for want of a place that takes a file."""
    return any(words in answer.err for words in _NO_PLACE)


def text(data: bytes) -> str:
    """What git prints, as text; bytes that are no UTF-8 survive the way back."""
    return data.decode("utf-8", "surrogateescape")


def terminated(paths: Iterable[str]) -> bytes:
    """Paths as git reads and prints them with -z: a NUL behind each."""
    return raw("".join(f"{path}\0" for path in paths))


def raw(value: str) -> bytes:
    """The reverse of `text`."""
    return value.encode("utf-8", "surrogateescape")


def glance(directory: Path, *arguments: str) -> bytes | None:
    """What git prints to a question whose answer may be left out.

    None where git fails, or is not there.
    """
    try:
        result = process.run(["git", *_options(), *arguments], cwd=directory, env=_kept())
    except ToolError:
        return None
    return result.stdout if result.status == 0 else None


def differing(directory: Path) -> frozenset[str] | None:
    """The files below a directory that differ from HEAD, new ones included, ignored ones not.

    Returns:
        Their paths from the work tree's top; None where it cannot be told.

    Raises:
        InputError: something cannot be read, which git passes over.
    """
    listed = ("status", "--porcelain", "-z", "--untracked-files=all", "--no-renames", "--", ".")
    surroundings = {**_kept(), **_ENGLISH}
    try:
        told = process.run(["git", *_options(), *listed], cwd=directory, env=surroundings)
    except ToolError:
        return None
    denied = _DENIED.findall(told.stderr)
    if lost := [file for _, file in denied if file]:  # a folder with none of them is nobody's
        folders = [folder for folder, _ in denied if folder and lost[0].startswith(folder)]
        place = folders[0].rstrip("/") if folders else lost[0]
        raise InputError(Problem(place, "cannot be read: Permission denied"))
    return None if told.status else frozenset(i[3:] for i in text(told.stdout).split("\0") if i)


def named_otherwise(revision: str) -> str:
    """What may be typed where a word names no revision."""
    remote, slash, branch = revision.partition("/")
    if slash and branch == "HEAD":  # a clone has it; git before 2.48 makes it nowhere else
        return f"`{shell.line('git', 'remote', 'set-head', remote, '--auto')}` makes it"
    return "a branch, tag or commit: `git fetch origin` brings those that are elsewhere"


def changed_since(directory: Path, revision: str) -> list[str]:
    """The files below a directory that differ from where HEAD and a revision parted.

    Args:
        directory: in the work tree; what is not committed counts, and so do new files.
        revision: such as origin/main.

    Returns:
        Paths from the directory, of files that are gone too.

    Raises:
        InputError: there is no such revision, or the two have nothing in common.
    """
    git = Git(directory)
    parted = git.ask("merge-base", "--end-of-options", revision, "HEAD")
    if parted.status:
        reason = parted.reason if parted.err else "has nothing in common with HEAD"
        raise InputError(Problem(f"--since {revision}", reason, named_otherwise(revision)))
    start = text(parted.out).split()[0]
    differing = git.run("diff", "--name-only", "--no-renames", "--relative", "-z", start, "--", ".")
    new = git.run("ls-files", "--others", "--exclude-standard", "-z", "--", ".")
    return sorted({path for path in text(differing + new).split("\0") if path})


def merge_file(
    base: bytes, ours: bytes, theirs: bytes, labels: tuple[str, str, str]
) -> tuple[bytes, bool]:
    """Merge three versions of a file as `git merge` does; needs no repository.

    Args:
        base: what both sides started from.
        ours: the user's.
        theirs: the new one.
        labels: what the conflict markers call ours, base and theirs.

    Returns:
        The merged content, and whether it holds conflict markers. Binary content that
        both sides changed cannot be merged: ours, and True.
    """
    import tempfile  # noqa: PLC0415 - who asks a question does not need it

    with tempfile.TemporaryDirectory(prefix="fcgitops-") as name:
        directory = Path(name)
        for file, content in (("ours", ours), ("base", base), ("theirs", theirs)):
            (directory / file).write_bytes(content)
        names = [word for label in labels for word in ("-L", label)]
        command = ("merge-file", "-p", *names, "ours", "base", "theirs")
        answer = Git(directory).ask(*command)
    if answer.status == 255 and "binary" in answer.err:
        return ours, True
    if answer.status > 127:  # up to 127 it is the number of conflicts
        raise failure(command, answer)
    return answer.out, answer.status > 0


def inside_other_work_tree(path: Path) -> Path | None:
    """The top of the Git work tree that holds `path` and does not ignore it.

    `path` need not exist yet.

    Raises:
        ToolError: there is one, but it is somebody else's.
    """
    path = path.absolute()
    place = next(parent for parent in (path, *path.parents) if parent.is_dir())
    git = Git(place)
    command = ("rev-parse", "--show-toplevel")
    found = git.ask(*command)
    if found.way_out:
        raise failure(command, found)
    if found.status:
        return None
    top = Path(text(found.out).removesuffix("\n"))
    ignored = path != top and git.ask("check-ignore", "-q", "--", str(path)).status == 0
    return None if ignored else top


def _options(*, hooks: bool = False) -> tuple[str, ...]:
    """What stands before git's subcommand."""
    return _SETTINGS if hooks else (*_SETTINGS, *_NO_HOOKS)


def _kept() -> dict[str, str]:
    """Our environment, without what of GIT_* must not reach git."""
    return {k: v for k, v in os.environ.items() if not k.startswith("GIT_") or _KEPT.fullmatch(k)}


def _scrubbing(own: Collection[str]) -> list[str]:
    """A prefix that takes GIT_* out of the environment, but for what we set ourselves.

    GitPython can only add variables to its own environment, and taking them out of
    `os.environ` would be felt by the whole process.
    """
    foreign = {name for name in os.environ if name.startswith("GIT_")} - {*own}
    names = sorted(name for name in foreign if not _KEPT.fullmatch(name))
    return ["env", *(word for name in names for word in ("-u", name))] if names else []


def _gitpython() -> Any:  # noqa: ANN401 - a module
    """GitPython, told not to complain by itself where git is missing.

    Raises:
        ToolError: it cannot be imported; that runs `git version`, which may fail.
    """
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    try:
        import git  # noqa: PLC0415
    except Exception as error:  # not only ImportError: its own errors cannot be named yet
        raise ToolError(_NO_GIT) from error
    return git


@cache
def _command() -> str:
    """Git's executable, once it is known to be there and new enough.

    Raises:
        ToolError: git is missing or too old.
    """
    command = os.environ.get("GIT_PYTHON_GIT_EXECUTABLE") or "git"
    try:
        result = process.run([command, "version"], env=_kept(), timeout=30)
    except ToolError as error:
        raise ToolError(_NO_GIT) from error
    told = text(result.stdout).strip()
    version = tuple(map(int, re.findall(r"\d+", told)[:2]))
    if result.status or not version:
        raise ToolError(_NO_GIT)
    if version < MINIMUM:
        raise ToolError(Problem("git", f"{told} is too old", _INSTALL))
    return command
