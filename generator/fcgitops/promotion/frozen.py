"""An environment's own copy of what it is built on, for the time that all others have newer ones.

The copy stands in the environment's folder, in the layout of the repository, so that references
within it hold as they are; those from the environment's kustomizations are led there.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping

from fcgitops.core.errors import InputError, Problem
from fcgitops.core.lazy import regex
from fcgitops.diff.units import Content
from fcgitops.git.history import LINK
from fcgitops.model import layout
from fcgitops.programs.parts import NAMES
from fcgitops.text.tree import Tree

FOLDER = "rollback"
"""In the environment's folder."""
_WORD = regex(r"[^\s'\"\[\]{},=#]+")


def freeze(content: Content, folders: tuple[str, ...], own: str, files: Tree) -> Tree:
    """The files of an environment, and a copy of all else that they are rendered from.

    Args:
        content: the state that it is rendered from.
        folders: what kustomize builds of it, from the work tree's top.
        own: its folder, from the content's root.
        files: its own files there, from the content's root.

    Raises:
        InputError: it is rendered from a symbolic link, or from what is not in the repository.
    """
    prefix = content.prefix
    paths = {path for folder in folders for path in content.closure(folder)}
    outside = sorted(path for path in paths if not path.startswith(f"{prefix}{own}/"))
    if wrong := [path for path in outside if not _may_be_copied(content, path)]:
        what = "cannot be copied, and has changed since"
        raise InputError(Problem(path, what, "take it back by hand") for path in wrong)
    copies = {path.removeprefix(prefix): data for path, data in content.texts(outside).items()}
    there = {*copies, *(parent for path in copies for parent in _parents(path))}

    def lead(place: str) -> str:
        return f"{own}/{FOLDER}/{place}" if place in there else place

    frozen = {f"{own}/{FOLDER}/{path}": data for path, data in copies.items()}
    record = f"{own}/{layout.RECORD_FILE}"
    if record in files:
        frozen[f"{own}/{FOLDER}/{layout.RECORD_FILE}"] = files[record]
    return _led(files, own, lead) | frozen


def thaw(own: str, files: Tree) -> Tree:
    """The reverse: the environment's files as they were before, on what all share.

    Args:
        own: its folder, from the content's root.
        files: all below it, from the content's root.
    """
    start = f"{own}/{FOLDER}/"
    record = files.get(f"{start}{layout.RECORD_FILE}")
    rest = {path: data for path, data in files.items() if not path.startswith(start)}
    thawed = _led(rest, own, lambda place: place.removeprefix(start))
    return thawed | ({f"{own}/{layout.RECORD_FILE}": record} if record is not None else {})


def is_frozen(own: str, files: Mapping[str, bytes]) -> bool:
    """Whether an environment has such a copy."""
    return any(path.startswith(f"{own}/{FOLDER}/") for path in files)


def _may_be_copied(content: Content, path: str) -> bool:
    return path.startswith(content.prefix) and content.state.files[path].mode != LINK


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: n + 1]) for n in range(len(parts))]


def _led(files: Tree, own: str, lead: Callable[[str], str]) -> Tree:
    """Files whose kustomizations name other places: from the content's root to the same."""
    found = dict(files)
    for path, data in files.items():
        folder, _, name = path.rpartition("/")
        if name not in NAMES or path.startswith(f"{own}/{FOLDER}/"):
            continue

        def led(word: re.Match[str], folder: str = folder) -> str:
            if "/" not in word[0] and word[0] != "..":
                return word[0]
            place = posixpath.normpath(posixpath.join(folder, word[0]))
            other = lead(place)
            return word[0] if other == place else posixpath.relpath(other, folder)

        found[path] = _WORD.sub(led, data.decode("utf-8", "surrogateescape")).encode(
            "utf-8", "surrogateescape"
        )
    return found
