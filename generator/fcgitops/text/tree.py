"""A tree of files as a value, POSIX path → content: pure functions make it, only git writes it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from stat import S_ISDIR, S_ISLNK, S_ISREG

from fcgitops.core.errors import InputError, Problem

LINK = "is a symbolic link, which fcgitops does not follow"
"""What is wrong with one."""

Tree = dict[str, bytes]
"""Relative POSIX path → content of a plain file."""


def read_tree(root: Path) -> Tree:
    """Every plain file under `root`, sorted by path; `.git`, byte code and links are left out."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
        and not path.is_symlink()
        and path.suffix != ".pyc"
        and path.relative_to(root).parts[0] != ".git"
    }


def under(tree: Mapping[str, bytes], folder: str) -> Tree:
    """The part of `tree` below `folder`, with paths relative to it."""
    prefix = f"{folder}/"
    return {path[len(prefix) :]: data for path, data in tree.items() if path.startswith(prefix)}


def at(folder: str, tree: Mapping[str, bytes]) -> Tree:
    """`tree` moved below `folder`."""
    return {f"{folder}/{path}": data for path, data in tree.items()}


def safe_join(root: Path, path: str) -> Path:
    """`root / path`, refused where `path` or a symbolic link on its way leaves `root`.

    Raises:
        InputError: `path` is absolute, has `..`, or passes through a symbolic link.
    """
    return Path(_joined(root, path))


def _joined(root: Path, path: str) -> str:
    """What `safe_join` makes, as text: a repository has many files."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or ".." in parts or not parts:
        raise InputError(Problem(path, "leaves the repository", "a relative path without '..'"))
    whole = "/".join((str(root), *parts))
    joined = str(root)
    for part in parts:
        joined = f"{joined}/{part}"
        try:
            linked = S_ISLNK(os.lstat(joined).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            break
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise InputError(Problem(path, f"cannot be read: {why}")) from error
        if linked:
            raise InputError(
                Problem(
                    joined[len(str(root)) + 1 :],
                    LINK,
                    "put the file itself there",
                )
            )
    return whole


def may_have(file: str) -> bool:
    """Whether there is a file; one that cannot be told is there for whoever reads it, and says so.

    Args:
        file: its whole path.
    """
    try:
        return S_ISREG(os.stat(file).st_mode)  # noqa: PTH116 - quicker than a Path
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False


def read_file(root: Path, path: str) -> bytes | None:
    """Content of the file `path` under `root`, or None where there is none.

    Raises:
        InputError: the path leaves `root`, or is no readable plain file.
    """
    joined = _joined(root, path)
    try:
        mode = os.stat(joined).st_mode  # noqa: PTH116 - quicker than a Path
        if not S_ISREG(mode):  # a pipe would never end
            what = "a folder" if S_ISDIR(mode) else "no plain file"
            raise InputError(Problem(path, f"is {what}", "move it away: a file belongs there"))
        with open(joined, "rb", buffering=0) as file:  # noqa: PTH123
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise InputError(Problem(path, f"cannot be read: {error.strerror}")) from error
