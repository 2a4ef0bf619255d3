"""Files that commands write where the user says: whole or not at all, and behind no link."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from fcgitops.core.errors import InputError, Problem
from fcgitops.text.tree import safe_join
from fcgitops.text.words import count


def place(root: Path, target: Path) -> Path:
    """A folder for what a command writes, made absolute.

    Args:
        root: the repository's.
        target: the folder, wherever it is.

    Raises:
        InputError: a link in the repository, which anybody may have committed, leads elsewhere.
    """
    target = Path(os.path.abspath(target))  # noqa: PTH100 - resolve() would follow a link
    for above in target.parents:
        if above.resolve() == root:
            return safe_join(root, target.relative_to(above).as_posix())
    return target


def write(target: Path, files: Mapping[str, bytes]) -> None:
    """Writes all files beside where they belong, and then moves each there.

    Args:
        target: the folder, which is made where it is not there.
        files: path below it → content.

    Raises:
        InputError: links are in the way, and nothing was written; or a file cannot be written,
            and the message says how many were.
    """
    places = _places(target, files)
    made: list[Path] = []
    pending: dict[Path, Path] = {}
    done = 0
    file = target
    try:
        for file, content in places.items():
            _folder(file.parent, made)
            with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".", delete=False) as new:
                pending[file] = Path(new.name)
                new.write(content)
        umask = os.umask(0)
        os.umask(umask)
        for file, written in pending.items():
            written.chmod(0o666 & ~umask)
            written.replace(file)
            done += 1
    except BaseException as error:
        for written in pending.values():
            written.unlink(missing_ok=True)
        for path in reversed(made):
            with suppress(OSError):  # what is done is in it
                path.rmdir()
        if not isinstance(error, OSError):  # somebody has stopped it
            raise
        verb = "was" if done == 1 else "were"
        so_far = f"{done} of {count(len(files), 'file')} {verb} written" if done else ""
        what = f"cannot be written: {error.strerror}"
        raise InputError(Problem(str(file), what, so_far or "nothing was written")) from error


def _places(target: Path, files: Mapping[str, bytes]) -> dict[Path, bytes]:
    """Where each file belongs → its content.

    Raises:
        InputError: with each link, device or the like that is in the way, by where it stands.
    """
    places: dict[Path, bytes] = {}
    problems: list[Problem] = []
    for name, content in files.items():
        try:
            place = safe_join(target, name)
        except InputError as error:
            problems += [replace(p, where=str(target / p.where)) for p in error.problems]
            continue
        if place.exists() and not (place.is_file() or place.is_dir()):
            what = "is a device or the like, which would be replaced"
            problems.append(Problem(str(place), what, "a file"))
        places[place] = content
    if problems:
        raise InputError(problems)
    return places


def _folder(path: Path, made: list[Path]) -> Path:
    """`path`, once it is a folder; what had to be made for it is added to `made`."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir()
        made.append(folder)
    return path
