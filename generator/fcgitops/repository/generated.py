"""What became of what was generated: each file as it was, edited, or missing. Writes nothing."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from fcgitops.core.errors import InputError
from fcgitops.manifests import overlay
from fcgitops.model import layout
from fcgitops.repository import changes, provenance, record
from fcgitops.repository.contents import Repository
from fcgitops.repository.merge import plain
from fcgitops.text import sameness
from fcgitops.text.tree import Tree, at, read_file


class State(StrEnum):
    """What a file of a repository is."""

    GENERATED = "as generated"
    EDITED = "edited"
    MISSING = "missing"
    OWN = "the user's own"


@dataclass(frozen=True)
class File:
    """One file.

    Attributes:
        path: from the repository's root.
        state: what it is.
        lines: first and last line of each edit, in the file as it is; where lines were taken
            away, the line before them, twice.
        contradicts: whether an edit of a file that follows from `environment.yaml` or `run.yaml`
            replaces or takes away what was generated, beside comments and layout.
    """

    path: str
    state: State
    lines: tuple[tuple[int, int], ...] = ()
    contradicts: bool = False


def files(repository: Repository) -> list[File]:
    """Every committed or generated file, in the order of paths."""
    known = texts(repository)
    found = [_state(repository, path, text) for path, text in known.items()]
    records = {*provenance.records(repository.root), layout.BASE_RECORD}
    there = repository.head.list_head() if repository.head else []
    others = {path for path in there if path not in known and path not in records}
    found += [File(path, State.OWN) for path in others if (repository.root / path).exists()]
    return sorted(found, key=lambda file: file.path)


def texts(repository: Repository) -> Tree:
    """Path → what was generated there last, by the records; not fcgitops.yaml, a source."""
    old, _ = provenance.generated_base(record.known(base(repository)), repository.answers)
    found = {path: data for path, data in old.items() if path != layout.ANSWERS}
    for place in provenance.records(repository.root):
        folder = str(PurePosixPath(place).parent)
        recorded = record.known(read_file(repository.root, place))
        found |= provenance.generated(folder, recorded)[0]
    return found


def starters(repository: Repository) -> Tree:
    """What `local/` of each environment was made with; the user's own from then on."""
    made: Tree = {}
    for name in repository.environment_names():
        made |= at(layout.overlay(name), overlay.LOCAL)
    return made


def base(repository: Repository) -> bytes | None:
    """The base's record; where it is gone or damaged, the last one that Git has."""
    try:
        return repository.base_record
    except InputError:  # gone here alone
        head = repository.head
        return head.read_head([layout.BASE_RECORD])[layout.BASE_RECORD] if head else None


def _state(repository: Repository, path: str, text: bytes) -> File:
    mine = read_file(repository.root, path)
    if mine is None:
        return File(path, State.MISSING)
    if plain(mine, text) == text:
        return File(path, State.GENERATED)
    # With their ends: a last line without one differs too.
    old, new = text.splitlines(keepends=True), plain(mine, text).splitlines(keepends=True)
    steps = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    edits = [step for step in steps if step[0] != "equal"]
    lines = tuple((max(j1, 1) if j1 == j2 else j1 + 1, max(j2, 1)) for _, _, _, j1, j2 in edits)
    replaced = [line.strip() for _, i1, i2, _, _ in edits for line in old[i1:i2]]
    follows = not changes.is_source(path) and provenance.is_generated(path)
    says = any(line and not line.startswith(b"#") for line in replaced)
    contradicts = follows and says and not sameness.means(mine, text)
    return File(path, State.EDITED, lines, contradicts)
