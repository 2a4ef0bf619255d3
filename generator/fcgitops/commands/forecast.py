"""What a command would change, as text or as data: what `--dry-run` prints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from fcgitops.core import terminal
from fcgitops.core.redaction import redacted
from fcgitops.model import layout
from fcgitops.repository.merge import Merged
from fcgitops.text.tree import read_file
from fcgitops.text.unified import unified

ADDED, CHANGED, REMOVED, CONFLICT = "added", "changed", "removed", "conflict"


def show(root: Path, merged: Merged) -> None:
    """Prints what would change as a unified diff, the records last: nobody reads them."""
    contents: dict[str, bytes | None] = dict(merged.files)
    contents |= {path: conflict.merged for path, conflict in merged.conflicts.items()}
    for path in sorted(contents, key=lambda path: (path.endswith(layout.RECORDS), path)):
        old, new = read_file(root, path), contents[path]
        if old != new:
            terminal.difference(unified(path, old, new))


def show_tree(root: Path, tree: Mapping[str, bytes | None], message: str, form: str) -> None:
    """Prints what would change of a folder that is written at once.

    Args:
        root: the folder, as it is.
        tree: content by path below it; None deletes.
        message: of the commit.
        form: `text` or `json`.
    """
    merged = Merged(dict(tree))
    if form == "json":
        title = message.partition("\n")[0]
        show_as_json(title, of_a_tree(root, tree), (), merged)
    else:
        show(root, merged)


def show_as_json(
    title: str, files: Mapping[str, str], effects: Iterable[str], merged: Merged
) -> None:
    """Prints what would be changed; docs/json.md has its shape.

    Args:
        title: the first line of the commit; empty where there is nothing to do.
        files: path → what becomes of it, from the content's root.
        effects: what clusters would feel of it, in lines.
        merged: what it would hold, with notes.
    """
    document = {
        "title": title or None,
        "files": [{"path": path, "change": files[path]} for path in sorted(files)],
        "effects": [redacted(line) for line in effects if line],
        "notes": [redacted(note) for note in merged.notes],
    }
    terminal.as_json(document)


def files(merged: Merged, differing: Iterable[str], there: Iterable[str]) -> dict[str, str]:
    """Path → what becomes of it.

    Args:
        merged: what the repository would hold.
        differing: those of its files that HEAD has otherwise.
        there: the paths that HEAD has.
    """
    known = {*there}
    found = {
        path: REMOVED if merged.files[path] is None else CHANGED if path in known else ADDED
        for path in differing
    }
    return found | dict.fromkeys(merged.conflicts, CONFLICT)


def of_a_tree(root: Path, tree: Mapping[str, bytes | None]) -> dict[str, str]:
    """Path → what becomes of it, of a folder that no commit holds yet."""
    now = {path: read_file(root, path) for path in tree}
    return {
        path: ADDED if now[path] is None else REMOVED if data is None else CHANGED
        for path, data in tree.items()
        if now[path] != data
    }
