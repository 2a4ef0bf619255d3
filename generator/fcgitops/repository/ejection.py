"""A repository → the same without fcgitops: plain Kustomize, Argo CD and Flux files.

Whatever was made for fcgitops alone goes, whatever is rendered or read by a sync tool stays. Writes
nothing.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fcgitops import __version__
from fcgitops.core.errors import FoundError, InputError, Problem
from fcgitops.core.lazy import regex
from fcgitops.git import repo
from fcgitops.manifests import plain
from fcgitops.model import experiment, layout
from fcgitops.repository import generated, merge, provenance, update
from fcgitops.repository.contents import Repository
from fcgitops.text.tree import Tree, read_file

README = "README.md"
MAKEFILE = "Makefile"
_HABITS = (".editorconfig", ".prettierignore", ".yamllint")
"""What says how fcgitops lays out its files."""
_CALLS = regex(
    r"fcgitops|\bmake\b.*\b(bootstrap|build|config|diff|doctor|experiment|kind-test|list|lock|nni"
    r"|overlays?|promote|remove|report|review|test|tools)\b|\$\(ready\)",
    re.IGNORECASE,
)
"""What calls fcgitops, in a Makefile or in CI."""
_SCHEMAS = (layout.ENVIRONMENT_SCHEMA, layout.ANSWERS_SCHEMA, layout.RUN_SCHEMA)
"""Schemas of sources that go, or that a sync tool alone reads from then on."""
_MOST = 5
"""So many lines a message names."""
_EDITED = "has edits of yours"


@dataclass
class Ejection:
    """What a repository is without fcgitops."""

    files: dict[str, bytes | None] = field(default_factory=dict)
    """What each path should hold; None for what goes."""
    kept: dict[str, str] = field(default_factory=dict)
    """Paths of what was made for fcgitops and stays → why."""
    read: list[str] = field(default_factory=list)
    """Sources that Argo CD reads, and that stay."""
    callers: list[str] = field(default_factory=list)
    """FILE:LINE of what is the user's own and calls what goes, from the Git repository's top."""


def plan(repository: Repository) -> Ejection:
    """What the repository holds without fcgitops.

    Raises:
        InputError: something is not committed, or an update waits for its conflicts.
        FoundError: with each file that is not in line with a source that goes, or in which
            somebody's edits stand amid what calls fcgitops.
    """
    root, found = repository.root, Ejection()
    if repository.update_waits:
        hint = "`fcgitops update --continue`, or `--abort`"
        raise InputError(Problem(layout.ANSWERS, "an update waits for its conflicts", hint))
    known, sources = generated.texts(repository), _sources(repository)
    records = [*provenance.records(root), layout.BASE_RECORD]
    starters = generated.starters(repository)
    tooling = [layout.ANSWERS, layout.LOCK]
    _refuse_uncommitted(repository, [*known, *sources, *records, *tooling])
    _refuse_out_of_line(repository)
    found.files |= {path: None for path in (*records, *tooling) if (root / path).exists()}
    problems: list[Problem] = []
    for path, recorded in known.items():
        mine = read_file(root, path)
        if mine is not None:  # line ends that git takes away are no edit
            text = merge.plain(mine, recorded)
            problems += _taken_apart(found, repository, path, text, recorded)
    if problems:
        raise FoundError(problems)
    for path, text in _local(repository, starters).items():
        found.files[path] = text
    found.read = [path for path, is_read in sources.items() if is_read]
    for path in sources:
        text = merge.plain(read_file(root, path) or b"", None)
        found.files[path] = plain.source(text) if path in found.read else None
    if found.files.get(layout.REQUIREMENTS) and layout.LOCK in found.files:
        del found.files[layout.LOCK]
        found.kept[layout.LOCK] = "is of the former requirements.txt: make it anew"
    found.callers = _callers(repository, found.files)
    return found


def _sources(repository: Repository) -> dict[str, bool]:
    """The sources of environments and experiments → whether Argo CD reads them."""
    central = {n: repository.environment(n).tool.central for n in repository.environment_names()}
    found = {layout.source_path(name): read for name, read in central.items()}
    for name in repository.experiment_names():
        path = f"{layout.EXPERIMENTS}/{name}/{layout.RUN_FILE}"
        asked = experiment.parse(name, repository.experiment_source(name), path)
        found[path] = central.get(asked.environment, True)
    return found


def _local(repository: Repository, starters: Mapping[str, bytes]) -> Tree:
    """The files that `local/` was made with and nobody has changed, without words on fcgitops."""
    return {
        path: plain.local(text)
        for path, text in starters.items()
        if merge.plain(read_file(repository.root, path) or b"", text) == text
    }


def _refuse_uncommitted(repository: Repository, paths: Iterable[str]) -> None:
    """Refuses where a file that may go is otherwise in HEAD: it would be lost, or stay behind.

    Raises:
        InputError: with each of them.
    """
    edited = repository.git.edited(dict.fromkeys(paths))
    if edited:
        raise InputError(
            Problem(path, "has changes that are not committed", "commit or stash them first")
            for path in edited
        )


def _refuse_out_of_line(repository: Repository) -> None:
    """Refuses where a source that goes says something that was not generated yet.

    Of a repository that another version wrote that cannot be told.

    Raises:
        FoundError: with each file.
    """
    if repository.version != __version__:
        return
    stale = update.plan(repository).merged.stale(repository.root)
    if stale:
        raise FoundError(
            Problem(path, "is not in line with its source, which goes", "first: fcgitops update")
            for path in stale
        )


def _taken_apart(
    found: Ejection, repository: Repository, path: str, mine: bytes, recorded: bytes
) -> list[Problem]:
    """Adds what becomes of one generated file; what only a person can take apart is returned.

    Args:
        found: so far.
        repository: as it is.
        path: of the file.
        mine: what it holds.
        recorded: what was generated last.
    """
    if path == MAKEFILE or path in _HABITS or layout.is_read_at_the_top(path):
        added = _added(recorded, mine)
        if not added:
            found.files[path] = None
        elif path == MAKEFILE and _stands_alone(added):
            found.files[path] = "".join(added).lstrip("\n").encode(errors="surrogateescape")
            found.kept[path] = "has what you have added to it, and nothing else"
        elif lines := [] if path in _HABITS else _calling(mine):
            what = f"{_EDITED} beside what calls fcgitops (line {lines})"
            return [Problem(path, what, "take these lines out, commit, then eject")]
        else:
            found.kept[path] = _EDITED
    elif path == README and mine == recorded:
        found.files[path] = plain.readme(repository.answers)
    elif path == README:
        found.kept[path] = f"{_EDITED}, and speaks of commands that are gone"
    elif path == layout.AGENTS or path.startswith(f"{layout.DOCS}/"):
        found.files[path] = None if mine == recorded else mine
        if mine != recorded:
            found.kept[path] = f"{_EDITED}, and speaks of commands that are gone"
    elif path in _SCHEMAS:
        found.files[path] = None
    elif path == layout.REQUIREMENTS:
        found.files[path] = plain.requirements(mine, recorded) or None
    else:
        found.files[path] = _without_words(path, mine, recorded)
    return []


def _without_words(path: str, mine: bytes, recorded: bytes) -> bytes:
    """A file that stays, without what it says of fcgitops; what a ConfigMap holds is left alone."""
    name = path.rpartition("/")[2]
    if path == ".gitattributes":
        return plain.without_ours(mine)
    if name == README:
        return plain.variant_readme(mine)
    is_yaml = name.endswith(".yaml") and name != layout.CONFIG_FILE
    return plain.without_header(mine, recorded) if is_yaml else mine


def _added(recorded: bytes, mine: bytes) -> list[str]:
    """What somebody has added to a generated file, block by block.

    What he has changed in its own lines is none: a bot that moves a version on makes no file his.
    """
    old, new = (data.decode(errors="surrogateescape").splitlines(True) for data in (recorded, mine))
    steps = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    blocks = ["".join(new[j1:j2]) for _, i1, i2, j1, j2 in steps if j2 - j1 > i2 - i1]
    return [block for block in blocks if block.strip()]


def _stands_alone(added: Sequence[str]) -> bool:
    """Whether what was added to a Makefile means the same without the rest of it."""
    return not any(block.startswith("\t") or _CALLS.search(block) for block in added)


def _calling(mine: bytes) -> str:
    """The numbers of the first lines that call fcgitops, by make or by itself; empty for none."""
    lines = mine.decode(errors="replace").splitlines()
    found = [str(n) for n, line in enumerate(lines, 1) if _CALLS.search(line.partition("#")[0])]
    return ", ".join(found[:_MOST]) + (", …" if len(found) > _MOST else "")


def _callers(repository: Repository, going: Mapping[str, bytes | None]) -> list[str]:
    """Lines of what is the user's own that seem to call what goes.

    Of files that are read at a repository's top, and of Makefiles anywhere in it, but for what
    another folder of fcgitops has generated for itself.
    """
    git = repository.git
    whole = repo.open_repository(git.top)
    gone = {git.prefix + path for path in going}
    there = whole.list_head()
    others = {path.removesuffix(layout.ANSWERS) for path in there if _is_answers(path)}
    others -= {git.prefix}
    files = [
        path
        for path in there
        if path not in gone
        and path.rpartition("/")[0] + "/" not in others
        and (layout.is_read_at_the_top(path) or path.rpartition("/")[2] == MAKEFILE)
    ]
    return [
        f"{path}:{number}"
        for path, data in whole.read_head(files).items()
        for number, line in enumerate((data or b"").decode(errors="replace").splitlines(), 1)
        if _CALLS.search(line.partition("#")[0]) and (not git.prefix or _names(line, git.prefix))
    ]


def _is_answers(path: str) -> bool:
    return path.rpartition("/")[2] == layout.ANSWERS


def _names(line: str, prefix: str) -> bool:
    """Whether a line of a bigger repository is about the folder, or about fcgitops."""
    return prefix.rstrip("/") in line or "fcgitops" in line.lower()
