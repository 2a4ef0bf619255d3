"""A repository of an older version → what it holds in this one. Writes nothing.

Everything generated is merged three-way: what was generated last (the records), what the user has,
what this version generates from the same sources. Two files are more than text: fcgitops.yaml,
in which an answer beside another one that was edited is no conflict, and requirements.txt, whose
one line for fcgitops is exchanged.
"""

from __future__ import annotations

import dataclasses
import re

from fcgitops import __version__
from fcgitops.core import installation
from fcgitops.core.errors import InputError
from fcgitops.manifests.skeleton import render_skeleton
from fcgitops.model import answers as model
from fcgitops.model import layout
from fcgitops.repository import (
    changes,
    environments,
    migrations,
    provenance,
    record,
    records,
    scaffold,
)
from fcgitops.repository.changes import Change
from fcgitops.repository.contents import Repository
from fcgitops.repository.environments import Request
from fcgitops.repository.merge import LABELS, Merged, MergeFile, merge
from fcgitops.sync import entrypoints
from fcgitops.text import jsonio
from fcgitops.text.tree import Tree
from fcgitops.text.yamledit import KeyPath


def waits(repository: Repository) -> bool:
    """Whether an update waits for its conflicts to be resolved, and plain git has not ended it.

    While it waits a record is new that HEAD has not: nobody edits one. What was written besides
    may have been edited after somebody has committed or reset it all. A note of it that cannot be
    read waits too, for somebody to look.
    """
    git = repository.head
    if git is None:
        return False
    try:
        found = jsonio.load((git.notes / layout.UPDATE_WAITS).read_bytes())
        written = [str(path) for path in found["written"]]
    except FileNotFoundError:
        return False
    except (OSError, ValueError, TypeError, KeyError):
        return True
    return git.uncommitted(records.of(written) or written)


def plan(repository: Repository, merge_file: MergeFile, *, answers: bytes | None = None) -> Change:
    """What the repository holds in this version.

    Args:
        repository: as it is on disk, of this version or an older one.
        merge_file: git's own merge of one file.
        answers: fcgitops.yaml as it was generated last, where the record is newer than the file.

    Raises:
        InputError: with every problem of its sources.
    """
    if repository.absent:
        raise InputError([repository.missing(name) for name in repository.absent])
    total, pending = Merged(), _sources(repository, merge_file, answers)
    total.notes += pending.notes
    sources = Repository(repository.root, repository.git, pending.files)
    rest, theirs = _base(sources, merge_file)
    total.add(rest)
    pending.files |= rest.files
    sources = Repository(repository.root, repository.git, pending.files)
    requests = [Request(name, layout.source_path(name)) for name in sources.environment_names()]
    what = changes.of_environments(sources, requests, merge_file, whole=True)
    if pending.files[layout.ANSWERS] == repository.file(layout.ANSWERS):
        theirs |= _recorded_answers(repository)
    shared, _ = environments.shared_entry_points(
        sources, [item.environment for item in what.environments]
    )
    what.merged.add(total)
    what.merged.files |= pending.files
    what.merged.files[layout.BASE_RECORD] = record.encode(theirs | shared)
    for path in what.merged.conflicts:
        what.merged.files.pop(path, None)
    if repository.version != __version__:  # else it only brings files in line
        what.title = f"Update to fcgitops {__version__}"
    what.all_there_is = True
    return what


def _sources(repository: Repository, merge_file: MergeFile, recorded: bytes | None) -> Merged:
    """fcgitops.yaml and the environments' sources, as this version has them."""
    merged = Merged()
    data = repository.read(layout.ANSWERS) or b""
    texts = {name: repository.source(name) or b"" for name in repository.environment_names()}
    sources = migrations.Sources(
        migrations.document(data, layout.ANSWERS),
        {name: migrations.document(t, layout.source_path(name)) for name, t in texts.items()},
    )
    migrations.migrate(sources, repository.version)
    merged.notes += sources.notes
    for name, document in sources.environments.items():
        if migrations.document(texts[name], "").text != document.text:
            changed = migrations.encoded(document, texts[name])
            merged.files[layout.source_path(name)] = changed
    if recorded is None:
        base = record.decode(repository.base_record) or {}
        recorded = base.get(layout.ANSWERS)
    answers = migrations.encoded(sources.answers, data)
    merged.files[layout.ANSWERS] = _answers(answers, recorded, merge_file)
    return merged


def _recorded_answers(repository: Repository) -> Tree:
    """fcgitops.yaml as it was generated last, whose edits since are the user's; none if damaged."""
    old = record.decode(repository.base_record) or {}
    found = {path: text for path, text in old.items() if path == layout.ANSWERS}
    try:
        for text in found.values():
            model.load(text)
    except InputError:
        return {}
    return found


def _answers(mine: bytes, recorded: bytes | None, merge_file: MergeFile) -> bytes:
    """fcgitops.yaml with this version and the answers that it has not yet, by their defaults.

    Args:
        mine: the user's.
        recorded: as it was generated last; None where that is not known.
        merge_file: git's own merge of one file.
    """
    wanted = dataclasses.replace(model.load(mine), version=__version__)
    candidates = []
    if recorded is not None and mine != recorded:
        try:
            old = dataclasses.replace(model.load(recorded), version=__version__)
        except InputError:  # a record of what is no longer taken
            old = wanted
        text, conflicted = merge_file(recorded, mine, model.render(old), LABELS)
        candidates.append(_with_mine(text) if conflicted else text)
    elif recorded is not None:
        return model.render(wanted)
    for text in (*candidates, mine):
        try:
            found = _completed(text, wanted)
            if model.load(found) == wanted:
                return found
        except InputError:  # the lines of two sides that make no YAML together
            continue
    return model.render(wanted)


_CONFLICT = re.compile(
    rb"^<{7} [^\n]*\n(.*?)^(?:\|{7} [^\n]*\n.*?^)?={7}\n.*?^>{7} [^\n]*\n", re.M | re.S
)


def _with_mine(text: bytes) -> bytes:
    """A merged text with the user's side where both changed."""
    return _CONFLICT.sub(rb"\1", text)


def _completed(text: bytes, wanted: model.Answers) -> bytes:
    """fcgitops.yaml with the version and every answer, as little changed as can be."""
    document = migrations.document(text, layout.ANSWERS)
    there = document.value["answers"] if isinstance(document.value, dict) else {}
    values = {n: getattr(wanted, n) for n in model.RECORDED if n not in there}
    changes: dict[KeyPath, object] = {("answers", name): value for name, value in values.items()}
    if document.value["version"] != wanted.version:
        changes[("version",)] = wanted.version
    return migrations.encoded(document.edited(changes), text)


def _base(repository: Repository, merge_file: MergeFile) -> tuple[Merged, Tree]:
    """Whatever belongs to no environment, but for fcgitops.yaml and the entry points.

    Args:
        repository: with its sources as they will be.
        merge_file: git's own merge of one file.

    Returns:
        The outcome, and what this version generates, fcgitops.yaml with it, for the record.
    """
    data = repository.base_record
    old = record.decode(data)
    recorded = old or {}
    mine = repository.file(layout.REQUIREMENTS)
    pin = scaffold.pin(recorded.get(layout.REQUIREMENTS) or mine or b"")
    version = _version(recorded.get(layout.ANSWERS), repository)
    answers = dataclasses.replace(
        repository.answers, requirement=_moved(pin, version), version=__version__
    )
    theirs = scaffold.base_tree(answers, render_skeleton(answers))
    del theirs[layout.BASE_RECORD]
    theirs = {path: text for path, text in theirs.items() if not entrypoints.is_shared(path)}
    new = {path: text for path, text in theirs.items() if path != layout.ANSWERS}
    known = {*new, *provenance.FORMER}
    base = {path: text for path, text in recorded.items() if path in known}
    strange = {
        p for p in recorded if p not in {*known, layout.ANSWERS} and not entrypoints.is_shared(p)
    }
    ours = {path: repository.file(path) for path in {*base, *new}}
    merged = Merged()
    if mine is not None and layout.REQUIREMENTS in base:
        # Both with the new line: what stands beside it is no conflict.
        ours[layout.REQUIREMENTS] = moved = _with_pin(mine, pin, version)
        base[layout.REQUIREMENTS] = _with_pin(base[layout.REQUIREMENTS], pin, version)
        merged.notes += _pin_notes(repository, mine, moved)
    result = merge(base, ours, new, merge_file)
    if mine is not None and layout.REQUIREMENTS not in result.files:
        result.files[layout.REQUIREMENTS] = ours[layout.REQUIREMENTS]
    merged.add(result)
    merged.notes += [
        f"{layout.BASE_RECORD} names {path}: not generated there, so left alone"
        for path in sorted(strange - {layout.ANSWERS})
    ]
    if old is None:
        merged.notes.append(
            f"{layout.BASE_RECORD} is missing or damaged: what differs from the generated text is "
            "taken for an edit"
        )
    return merged, theirs


def _version(recorded: bytes | None, repository: Repository) -> str:
    """The version that wrote the record."""
    try:
        return model.version_of(recorded) if recorded else repository.version
    except InputError:
        return repository.version


def _moved(pin: str, version: str) -> str:
    """The requirement of this version.

    Where the old one names its version, in an index or as a Git revision, the same with the new
    one; else what installs the running fcgitops again.
    """
    if version == __version__ or _name_of(__version__).search(pin):
        return pin
    named = "==" in pin or " @ git+" in pin  # a wheel's path or URL is not to be guessed
    if named and _name_of(version).search(pin):
        return _name_of(version).sub(__version__, pin)
    return installation.requirement()


def _name_of(version: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\d.]){re.escape(version)}(?![\d.])")


def _with_pin(text: bytes, pin: str, version: str) -> bytes:
    """requirements.txt with the line for fcgitops exchanged; other words for it are left alone."""
    lines = text.decode(errors="surrogateescape").splitlines(keepends=True)
    for number, line in enumerate(lines):
        body = line.strip()
        names_old = body.startswith(installation.NAME) and version in body
        if body and (body == pin or names_old):
            lines[number] = line.replace(body, _moved(body, version))
    return "".join(lines).encode(errors="surrogateescape")


def _pin_notes(repository: Repository, mine: bytes, moved: bytes) -> list[str]:
    """What is said of requirements.txt."""
    if mine == moved:
        if __version__ in scaffold.pin(mine) or repository.version == __version__:
            return []
        what = f"names {scaffold.pin(mine) or 'no fcgitops'}, which was not changed"
        return [f"{layout.REQUIREMENTS} {what}: see that it is fcgitops {__version__}"]
    notes = [f"{layout.REQUIREMENTS} names {scaffold.pin(moved)} now"]
    if repository.file(layout.LOCK) is not None:
        notes.append(f"{layout.LOCK} is of the former {layout.REQUIREMENTS}: `make lock`")
    return notes
