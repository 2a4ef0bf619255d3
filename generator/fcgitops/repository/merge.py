"""The three-way merge of what was generated last, what the user has, and what is generated now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fcgitops import __version__
from fcgitops.git.program import merge_file
from fcgitops.text import conflicts, sameness
from fcgitops.text.tree import Tree, read_file

if TYPE_CHECKING:
    from fcgitops.text.yamlsplice import Outcome

Labels = tuple[str, str, str]

_YAML = (".yaml", ".yml")

LABELS: Labels = ("yours", "generated last time", f"fcgitops {__version__}")
"""What git writes beside the markers, for ours, base and theirs."""


class Conflict(NamedTuple):
    """One file in which the user and the generator changed the same lines."""

    base: bytes
    ours: bytes
    theirs: bytes
    merged: bytes


@dataclass
class Merged:
    """What a merge comes to; paths as they were given."""

    files: dict[str, bytes | None] = field(default_factory=dict)
    """What each path should hold: all that the generator has a say in, None for deleted."""
    conflicts: dict[str, Conflict] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    """Sentences that a user should read, such as a deleted file that stays deleted."""

    def add(self, other: Merged) -> None:
        """Takes over what another merge, of other paths, comes to."""
        self.files |= other.files
        self.conflicts |= other.conflicts
        self.notes += other.notes

    def stale(self, root: Path) -> list[str]:
        """The paths below `root` that do not hold what they should, and those in conflict."""
        now = {path: read_file(root, path) for path in self.files}
        stale = {
            path
            for path, data in self.files.items()
            if data != now[path] and (data is None or data != plain(now[path] or b"", data))
        }
        return sorted({*stale, *self.conflicts})


def deleted_note(path: str) -> str:
    """What a user is told of a generated file that he has deleted."""
    return f"{path} was deleted here and stays so"


def merge(
    base: Mapping[str, bytes],
    ours: Mapping[str, bytes | None],
    theirs: Tree,
) -> Merged:
    """Merges each path on its own; what one side alone changed is taken, git merges the rest.

    Args:
        base: the record.
        ours: what the user has, for every path of `base` and `theirs`.
        theirs: what is generated now.
    """
    merged = Merged()
    for path in sorted({*base, *theirs}):
        old, mine, new = base.get(path), ours.get(path), theirs.get(path)
        if new in (mine, old):  # the same already, or nothing new
            if new == mine:
                merged.files[path] = new
            elif mine is None:
                merged.notes.append(deleted_note(path))
        elif mine == old:
            merged.files[path] = new
        elif mine is None:
            merged.notes.append(deleted_note(path))
        elif new is None:
            merged.notes.append(f"{path} is no longer generated; it has your edits and stays")
        else:
            if not path.endswith(_YAML):  # of which the layout is kept, this too
                mine = plain(mine, old)
            whole = mine in (old, new)
            found = new if whole else _of_both(path, (old or b"", mine, new))
            if isinstance(found, Conflict):
                merged.conflicts[path] = found
            else:
                merged.files[path] = found
    return merged


def plain(mine: bytes, generated: bytes | None) -> bytes:
    """A text without the line ends that git, or an editor, of another system has given it."""
    return mine if b"\r\n" in (generated or b"") else mine.replace(b"\r\n", b"\n")


def merge_of_two(
    bases: tuple[Mapping[str, bytes], Mapping[str, bytes]],
    ours: Mapping[str, bytes | None],
    theirs: Tree,
) -> Merged:
    """Merges each path where two branches met that have a record each.

    A file as either branch generated it is nobody's edit. Of one in which git has left a conflict
    the edits of each branch are carried over, one after the other.

    Args:
        bases: the records of the two branches.
        ours: what the work tree has, for every path of `bases` and `theirs`.
        theirs: what is generated now.
    """
    total = Merged()
    for path in sorted({*bases[0], *bases[1], *theirs}):
        mine = ours.get(path)
        new = {path: theirs[path]} if path in theirs else {}
        olds = [{path: base[path]} if path in base else {} for base in bases]
        if mine is not None and conflicts.line(mine):
            found = Merged()
            for old, side in zip(olds, conflicts.sides(mine), strict=True):
                found = merge(old, {path: side}, new)
                data = found.files.get(path)
                new = new if data is None else {path: data}
                if found.conflicts:
                    break
        else:
            tried = [merge(old, {path: mine}, new) for old in olds]
            whole = [found for found in tried if path in found.files]
            found = next(iter(whole), tried[0])
        total.add(found)
    return total


def _of_both(path: str, versions: tuple[bytes, bytes, bytes]) -> bytes | Conflict:
    """The merge of a file that both sides have changed: (base, ours, theirs) → one text.

    Git's merge stands where its values are right; it knows lines alone, and may conflict where no
    value does, or write one key twice.
    """
    base, ours, theirs = versions
    text, conflicted = merge_file(base, ours, theirs, LABELS)
    if base and path.endswith(_YAML):
        return _of_yaml(versions, text, conflicted=conflicted)
    if conflicted and _is_formatted(path, base, ours):
        return theirs
    return Conflict(base, ours, theirs, text) if conflicted else text


def _is_formatted(path: str, base: bytes, ours: bytes) -> bool:
    """Whether the user's file has another layout alone."""
    if path.endswith(".json"):
        return sameness.is_layout_only(base, ours)
    return path.endswith(".md") and sameness.is_reflowed(base, ours)


def _of_yaml(
    versions: tuple[bytes, bytes, bytes], text: bytes, *, conflicted: bool
) -> bytes | Conflict:
    """The merge of a YAML file that both sides have changed.

    Args:
        versions: base, ours and theirs.
        text: git's own merge of them.
        conflicted: whether that has conflict markers.
    """
    base, ours, theirs = versions
    if sameness.is_layout_only(base, ours):
        clean = not conflicted and sameness.means(text, theirs)
        return text if clean else _laid_out(versions)
    found = _by_structure(versions)
    if found is None:  # a form of YAML that is not merged so
        # Git may write a key twice in a text that was right.
        right = sameness.is_readable(text) or not sameness.is_readable(ours)
    else:
        right = found.documents is not None and sameness.has(text, found.documents)
    if right and not conflicted:
        return text
    if found and found.text is not None:
        return found.text
    if not conflicted:  # against nothing git finds all that differs
        text, _ = merge_file(b"", ours, theirs, LABELS)
    return Conflict(base, ours, theirs, text)


def _laid_out(versions: tuple[bytes, bytes, bytes]) -> bytes:
    """The new text in the layout of ours, where that leaves no comment that the new one has not."""
    base, ours, theirs = versions
    found = _by_structure((base, plain(ours, base), theirs))
    text = found.text if found else None
    if text is None or not sameness.means(text, theirs):
        return theirs
    more = sameness.comments(text.decode()) - sameness.comments(theirs.decode())
    return theirs if more else text


def _by_structure(versions: tuple[bytes, bytes, bytes]) -> Outcome | None:
    """The merge of keys and items, in which git merges texts of several lines."""
    from fcgitops.text import yamlsplice  # noqa: PLC0415 - few files were changed by both

    def merge_text(*texts: str) -> str | None:
        old, mine, new = (part.encode() for part in texts)
        found, conflicted = merge_file(old, mine, new, LABELS)
        return None if conflicted else found.decode()

    return yamlsplice.merge(*versions, merge_text)
