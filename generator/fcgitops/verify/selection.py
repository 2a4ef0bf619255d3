"""Which kustomizations are verified: those that a change touches, a share of them."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fcgitops.core.errors import InputError, Problem
from fcgitops.model import layout
from fcgitops.model.kustomization import Kind, Kustomization

if TYPE_CHECKING:
    from fcgitops.verify.references import References

Known = Callable[[Kustomization], "Sequence[str] | None"]
"""Paths that an environment's kustomization reads besides its own files; None where none knows."""
SHARED = (
    layout.ANSWERS,
    layout.BASE_RECORD,
    *(f"{folder}/" for folder in layout.COMMON),
)
"""What every kustomization is made of: files, and folders with a slash at their end."""


def shard(items: Sequence[Kustomization], wanted: str) -> list[Kustomization]:
    """The share I of N of kustomizations: disjoint, together complete, of equal sizes.

    Args:
        items: in an order that is the same for each share.
        wanted: I/N, I from 1.

    Raises:
        InputError: it is no such share.
    """
    found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", wanted)
    number, count = map(int, found.groups()) if found else (0, 0)
    if not 1 <= number <= count:
        raise InputError(Problem("--shard", f"{wanted!r} is no share", "I/N, such as 1/4 to 4/4"))
    return list(items[number - 1 :: count])


def touched(
    root: Path, items: Sequence[Kustomization], changed: Iterable[str], known: Known
) -> list[Kustomization]:
    """Those of kustomizations that are made of a file that changed.

    Args:
        root: the repository's.
        items: to choose from.
        changed: paths from there.
        known: tells what one reads besides its own files, so that they need not be read.
    """
    paths = list(changed)
    if any(path.startswith(SHARED) for path in paths):
        return list(items)
    owners = {owner for path in paths if (owner := layout.owner(path))}
    others = [path for path in paths if not layout.owner(path)]
    environments = {owner for owner in owners if "/" not in owner}
    if not environments and not others:
        return [item for item in items if _unit(item) in owners]

    @functools.cache
    def references() -> References:
        """Where a change may matter to others; what overlays share is read once."""
        from fcgitops.verify.layers import Reader  # noqa: PLC0415 - where nobody knows
        from fcgitops.verify.references import References  # noqa: PLC0415

        return References(Reader(root))

    def read(item: Kustomization) -> Sequence[str]:
        found = None if item.kind is Kind.EXPERIMENT else known(item)
        return _outside(root, item, references()) if found is None else found

    return [
        item
        for item in items
        if _unit(item) in owners or _changed(read(item), environments, others)
    ]


def _unit(item: Kustomization) -> str:
    """What a kustomization is a part of, as `layout.owner` calls it."""
    return item.folder if item.kind is Kind.EXPERIMENT else item.owner


def _changed(read: Iterable[str], environments: set[str], others: list[str]) -> bool:
    """Whether one of the paths that a kustomization reads is of what changed."""
    folders = {layout.overlay(name) for name in environments}
    return any(
        path in folders
        or any(path.startswith(f"{folder}/") for folder in folders)
        or any(other == path or other.startswith(f"{path}/") for other in others)
        for path in read
    )


def _outside(root: Path, item: Kustomization, references: References) -> list[str]:
    """The paths that a kustomization reads besides its own files."""
    own = (item.folder, layout.overlay(item.owner), *layout.SHARED)
    read = references.outside(item.folder, own)
    references.reader.forget(root / item.folder)
    references.forget(item.folder)
    if item.kind is Kind.EXPERIMENT:
        read.append(layout.overlay(_environment(root, item)))
    return read


def _environment(root: Path, item: Kustomization) -> str:
    """The environment that an experiment's run.yaml names; empty where it names none."""
    return layout.environment_named((root / item.folder / layout.RUN_FILE).read_bytes())
