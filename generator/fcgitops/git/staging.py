"""A folder in which something is made before it is moved, whole, to where it belongs.

It stands beside that place, is locked as long as it is used, and is gone after a failure. What
a killed run left there is known by its name and by its lock, which nobody holds any more.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from fcgitops.core import shell, terminal
from fcgitops.core.errors import Problem, ToolError

_SUFFIX = ".fcgitops"
_MAX_NAME = 100


@contextmanager
def staging(dest: Path) -> Iterator[Path]:
    """A new folder beside `dest`; it and what had to be made for it are gone after a failure.

    Raises:
        ToolError: it failed, and the folder could not be removed.
    """
    made = [parent for parent in dest.parents if not parent.exists()]
    dest.parent.mkdir(parents=True, exist_ok=True)
    with _held(dest.parent):
        _clear(dest)
        stage = Path(tempfile.mkdtemp(dir=dest.parent, prefix=_prefix(dest), suffix=_SUFFIX))
        held = _hold(stage)
    umask = os.umask(0)
    os.umask(umask)
    try:
        stage.chmod(0o777 & ~umask)
        yield stage
    except BaseException as error:
        shutil.rmtree(stage, ignore_errors=True)
        for parent in made:
            with suppress(OSError):
                parent.rmdir()
        if stage.exists():
            what = f"is unfinished, and cannot be removed now, for {error}"
            typed = shell.line("rm", "-rf", str(stage))
            hint = f"the next `fcgitops new` here does it, or {typed}"
            raise ToolError(Problem(str(stage), what, hint)) from error
        raise
    finally:
        os.close(held)


def _prefix(dest: Path) -> str:
    return f".{dest.name[:_MAX_NAME]}."


def _hold(folder: Path) -> int:
    """The descriptor that holds the lock of a folder, where folders can be locked (not on NFS)."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    with suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Keep others that do the same out of a folder, for a moment."""
    descriptor = _hold(folder)
    try:
        yield
    finally:
        os.close(descriptor)


def _clear(dest: Path) -> None:
    """Remove what killed runs left beside `dest`; what is not surely theirs is named."""
    ours = re.compile(rf"{re.escape(_prefix(dest))}[a-z0-9_]{{8}}{re.escape(_SUFFIX)}")
    for folder in dest.parent.iterdir():
        if not ours.fullmatch(folder.name):
            continue
        try:
            held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:  # no folder
            continue
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            names = {path.name for path in folder.iterdir()}
            if names <= {".git"} or (folder / ".git" / "fcgitops").is_dir():
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # of a run that is alive, or nobody can tell
            continue
        finally:
            os.close(held)
        if folder.exists():
            typed = shell.line("rm", "-rf", str(folder))
            terminal.say(f"note: an interrupted run left a folder; this deletes it: {typed}")
