"""Requests to add or change environments → the files that come of them. Writes nothing."""

from __future__ import annotations

import codecs
import functools
import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from fcgitops import __version__
from fcgitops.core.errors import InputError, Problem
from fcgitops.manifests import overlay, retired
from fcgitops.model import environment as model
from fcgitops.model import layout
from fcgitops.model.assignments import Assignments, Target, entry, with_entry
from fcgitops.model.environment import KEYS, Environment
from fcgitops.model.facts import Known
from fcgitops.repository import customized, provenance, record, scaffold, unsetting
from fcgitops.repository.contents import Repository
from fcgitops.repository.merge import Merged, MergeFile, merge, merge_of_two
from fcgitops.sync import entrypoints, registry
from fcgitops.text import conflicts, keypaths, yamlio
from fcgitops.text.tree import Tree, at, read_file
from fcgitops.text.yamledit import Document


@dataclass(frozen=True)
class Request:
    """What one environment is to become; what is not named stays as it is."""

    name: str
    where: str
    """The option or the file's item it comes from, for messages."""
    given: Mapping[str, Any] = field(default_factory=dict)
    """Key path of environment.yaml → value."""
    settings: Mapping[tuple[str, ...], Any] = field(default_factory=dict)
    """Path below `settings` → value."""
    config: str | None = None
    """Text of a whole frameworkcontroller.yaml, which replaces `settings`."""
    entries: Mapping[Target, Any] = field(default_factory=dict)
    """Entry of a key that holds a mapping → value; the key's other entries stay."""
    unset: Sequence[tuple[str, ...]] = ()
    """Paths of environment.yaml that go first; what must stand there gets its default."""
    anew: bool = False
    """Whether files that are not there are made again: a merge has left a part of them."""

    @classmethod
    def of(
        cls,
        name: str,
        where: str,
        typed: Assignments,
        config: str | None = None,
        unset: Sequence[tuple[str, ...]] = (),
    ) -> Request:
        """A request for what was typed."""
        return cls(name, where, typed.given, typed.settings, config, typed.entries, unset)


@dataclass(frozen=True)
class Planned:
    """One environment as it will be."""

    environment: Environment
    document: Document
    """Its environment.yaml, parsed; of an option where there is no file yet."""
    source: bytes
    """The bytes of the same."""
    new: bool
    repository: Repository
    """That it is to be in."""
    before: Document | None = None
    """Its environment.yaml as it is, parsed; None where there is none yet."""
    let_go: bool = False
    """Whether its settings go with the variant that had a file for them."""
    whole: bool = False
    """Whether all its files are made: nothing was generated yet, or a part was taken away."""

    @functools.cached_property
    def configuration(self) -> str:
        """FrameworkController's file, merged once; empty where the environment has none.

        Raises:
            InputError: its settings or the variant's are no YAML mapping.
        """
        if self.environment.variant != model.CUSTOMIZED_CONFIG:
            return ""
        return overlay.configuration(self.environment, customized.variant_config(self.repository))


def plan(repository: Repository, requests: Sequence[Request]) -> list[Planned]:
    """Every requested environment as it will be, valid, and none on another's cluster.

    Raises:
        InputError: with every problem of every request.
    """
    planned: list[Planned] = []
    problems: list[Problem] = []
    folders = {name.casefold(): name for name in repository.overlay_folders()}
    seen: set[str] = set()
    for request in requests:
        wrong = model.check_name(request.name, request.where)
        asked = _under_another_name(request, folders) if wrong else request
        if not wrong and request.name in seen:
            wrong = [Problem(request.where, f"{request.name!r} is named twice", "each once")]
        seen.add(request.name)
        problems += wrong
        try:
            planned.append(_one(repository, asked, folders))
        except InputError as error:
            problems += error.problems
    problems += _configurations(repository, planned)
    if not problems:
        problems += repository.others_on_the_clusters_of([p.environment for p in planned])
    if problems:
        raise InputError(problems)
    return planned


def _under_another_name(request: Request, folders: Collection[str]) -> Request:
    """A request whose name cannot be, under one that can: what else is wrong is told with it."""
    names = (f"another-{number}" for number in itertools.count())
    return replace(request, name=next(name for name in names if name not in folders))


def _configurations(repository: Repository, planned: Iterable[Planned]) -> list[Problem]:
    those = [p for p in planned if p.environment.variant == model.CUSTOMIZED_CONFIG]
    variant = customized.variant_config(repository) if those else ""
    problems = []
    for item in those:
        env = item.environment
        where = item.document.where if env.settings_text else f"{layout.ANSWERS}: defaults"
        problems += customized.check_parts(env, variant, where) or customized.check_settings(
            item.configuration, where
        )
    return problems


def as_it_is(repository: Repository, name: str) -> Planned:
    """An environment that is there, as its file says; its cluster is not compared.

    Raises:
        InputError: with every problem of the file.
    """
    return _one(repository, Request(name, layout.source_path(name)), {})


def _one(repository: Repository, request: Request, folders: Mapping[str, str]) -> Planned:
    source = repository.source(request.name)
    there = folders.get(request.name.casefold())
    if source is None and request.name in repository.absent:
        raise InputError(repository.missing(request.name))
    if source is None and there:
        what = "differs from it in case only" if there != request.name else "is there already"
        raise InputError(
            Problem(request.where, f"overlays/{there} {what}, and is no environment",
                    "choose another name")
        )  # fmt: skip
    where = request.where if source is None else layout.source_path(request.name)
    given = {path: model.normal(path, value) for path, value in request.given.items()}
    request = replace(
        request,
        given=unsetting.spelled_out(request.name, request.unset, repository.defaults) | given,
    )
    there_is, let_go = None, False
    own = {("settings", *path): value for path, value in request.settings.items()}
    if source is None:
        entries = _entries(request, request.given, repository.defaults)
        if request.config is None:  # which would take the place of those before it
            entries, own = entries | own, {}
        text = overlay.source(request.name, request.given, repository.defaults, entries, where)
        document = Document(text, where)
    else:
        there_is = Document(yamlio.decoded(source, where), where)
        let_go = bool(_without_a_file(request, there_is.value))
        document = _changed(repository, there_is, request)
    if request.config is not None:
        document = document.with_block("settings", request.config, request.where)
    document = document.edited(own)
    try:
        environment = repository.described(request.name, document)
    except InputError as error:  # with what is wrong in its settings
        block = document.block("settings")
        more = customized.check_settings(block, where) if block else []
        in_file = there_is and isinstance(there_is.value, dict) and "settings" in there_is.value
        found = error.problems if in_file else customized.of_request(error.problems, request.where)
        raise InputError([*found, *customized.known_settings(more)]) from error
    mark = codecs.BOM_UTF8 if (source or b"").startswith(codecs.BOM_UTF8) else b""
    data = mark + document.text.encode()
    whole = source is None or request.anew or repository.is_bare(request.name)
    new = source is None
    return Planned(environment, document, data, new, repository, there_is, let_go, whole)


def _changed(repository: Repository, document: Document, request: Request) -> Document:
    """An environment.yaml with the keys that are given."""
    if document.value is None:
        raise InputError(repository.empty(document.where))
    if not (
        request.given or request.entries or request.settings or request.config or request.unset
    ):
        return document
    current, problems = keypaths.flatten(document.value, document.where, KEYS)
    if problems:  # a damaged file is not edited
        profile = repository.answers.profile
        raise InputError(problems + model.check_values(current, document.where, profile))
    unset = [own for path in request.unset for own in unsetting.to_take_out(path, current)]
    unset += _without_a_file(request, current)
    if unset:
        for path in unset:
            document = document.without(path)
        current, _ = keypaths.flatten(document.value, document.where, KEYS)
    changes: dict[tuple[str, ...], Any] = {
        tuple(path.split(".")): value
        for path, value in request.given.items()
        if path not in current or current[path] != value
    }
    return document.edited(changes | _entries(request, current, repository.defaults))


def _without_a_file(request: Request, current: object) -> list[tuple[str, ...]]:
    """The settings, of an environment that goes back to the variant which has no file for them."""
    if not isinstance(current, dict) or "settings" not in current:
        return []
    back = request.given.get("variant") == model.DEFAULT_CONFIG != current.get("variant")
    return [("settings",)] if back and not (request.settings or request.config) else []


def _entries(
    request: Request, current: Mapping[str, Any], defaults: Mapping[str, Any]
) -> dict[tuple[str, ...], Any]:
    """Path in environment.yaml → value, of the entries that are not there as they should be.

    A mapping of environment.yaml takes the place of the default one, so the first entry of a key
    brings the others along that the environment has by default.
    """
    changes: dict[tuple[str, ...], Any] = {}
    for target, value in request.entries.items():
        inherited = None if target.key in current else defaults[target.key]
        if inherited:
            key = Target(target.key).path
            changes[key] = with_entry(changes.get(key, inherited), target.below, value)
        elif value is None or entry(current, target) != value:
            changes[target.path] = value
    return changes


def left_namespace(repository: Repository, environment: Environment) -> str:
    """The namespace that an environment was generated for last, where it is to leave that.

    Empty where it stays, or where nothing tells.
    """
    folder = f"{layout.OVERLAYS}/{environment.name}"
    recorded = read_file(repository.root, f"{folder}/{layout.RECORD_FILE}")
    text = (record.decode(recorded) or {}).get(layout.KUSTOMIZATION_FILE, b"")
    document = yamlio.load(text, folder)
    old = document.get("namespace") if isinstance(document, dict) else None
    return str(old) if old and old != environment.namespace else ""


def outcome(repository: Repository, planned: Iterable[Planned], merge_file: MergeFile) -> Merged:
    """What the files of the planned environments should hold, merged with the user's edits.

    Args:
        repository: as it is on disk.
        planned: the environments.
        merge_file: git's own merge of one file.

    Returns:
        Paths relative to the repository.
    """
    answers = repository.answers
    cluster_role = repository.read(layout.CLUSTER_ROLE)
    total, items = Merged(), list(planned)
    gone = _retired(repository, items, merge_file)
    total.files |= gone
    for item in items:
        env = item.environment
        folder = f"{layout.OVERLAYS}/{env.name}"
        total.files[f"{folder}/{layout.SOURCE_FILE}"] = item.source
        retires = bool(gone.get(f"{folder}/{layout.RETIRED_FILE}"))
        files = overlay.environment_files(env, answers.profile, item.configuration, retires=retires)
        bring_in_line(repository, folder, files, total, merge_file, anew=item.whole)
        total.files |= _local(repository, item)
        for place, entries in entrypoints.of_environment(env, answers, cluster_role).items():
            bring_in_line(repository, place, entries, total, merge_file, anew=item.whole)
    return total


def generated_files(repository: Repository, item: Planned) -> Tree:
    """What is generated of a planned environment, from the repository's root; not retired.yaml."""
    env, answers = item.environment, repository.answers
    files = overlay.environment_files(env, answers.profile, item.configuration)
    found = at(f"{layout.OVERLAYS}/{env.name}", files)
    cluster_role = repository.read(layout.CLUSTER_ROLE)
    for place, entries in entrypoints.of_environment(env, answers, cluster_role).items():
        found |= at(place, entries)
    return found


def _local(repository: Repository, item: Planned) -> Tree:
    """What of an environment's `local/` goes into the commit.

    That of a new one: the starter, and what somebody has put there before. Else the starter, as
    long as it is as it was made: an earlier --no-commit may have left it uncommitted.
    """
    folder = f"{layout.OVERLAYS}/{item.environment.name}"
    first = at(folder, overlay.LOCAL)
    if not item.whole:
        return {p: data for p, data in first.items() if read_file(repository.root, p) == data}
    place = f"{folder}/{layout.LOCAL}"
    there = at(place, repository.folder(place))
    ignored = tuple(repository.git.list_ignored(place)) if there else ()
    return first | {path: data for path, data in there.items() if not path.startswith(ignored)}


def _retired(
    repository: Repository, planned: Iterable[Planned], merge_file: MergeFile
) -> dict[str, bytes | None]:
    """Each retired.yaml, which changes with the configuration; not one that is the user's own.

    It follows from what the configuration was in Git, so it is no part of the record. A clone
    without that history retires nothing.
    """
    found: dict[str, bytes | None] = {}
    changing: dict[str, tuple[str, list[bytes]]] = {}
    for item in planned:
        folder = f"{layout.OVERLAYS}/{item.environment.name}"
        path, place = (f"{folder}/{name}" for name in (layout.RETIRED_FILE, layout.CONFIG_FILE))
        there = read_file(repository.root, path)
        if there is not None and not there.startswith(retired.MARK.encode()):
            continue
        if there:
            found[path] = None
        if not retired.applies(item.environment, repository.answers.profile):
            continue
        mine, new = read_file(repository.root, place), item.configuration.encode()
        will_be: bytes | None = new
        if mine != new:
            recorded = record.decode(read_file(repository.root, f"{folder}/{layout.RECORD_FILE}"))
            base = at(
                folder, {k: v for k, v in (recorded or {}).items() if k == layout.CONFIG_FILE}
            )
            will_be = merge(base, {place: mine}, {place: new}, merge_file).files.get(place)
        if mine is not None and will_be not in (None, mine):
            changing[place] = path, [will_be, mine]
        # Brought back by hand, it is in use: kustomize takes no object twice.
        elif there and (mine is None or retired.render(mine) != there):
            found[path] = there
    former: Mapping[str, list[bytes]] = {}
    with suppress(InputError):  # an exported tree has no history
        former = repository.git.former(changing, limit=_HISTORY) if changing else {}
    for place, (path, versions) in changing.items():
        chosen = retired.choose([*versions, *former.get(place, ())])
        if content := retired.render(chosen) if chosen else None:
            found[path] = content
    return found


_HISTORY = 50
"""How many commits of a configuration are looked at: some only bring an older one back."""


def repository_outcome(
    repository: Repository, merge_file: MergeFile, changed: Collection[Known] = ()
) -> Merged:
    """The same of the entry points that no environment has of its own.

    They are in the base's record, whose other files only `update` changes.

    Args:
        repository: as it is on disk.
        merge_file: git's own merge of one file.
        changed: environments that change in the same commit.
    """
    recorded = repository.base_record
    met = record.sides(recorded)
    old = record.decode(recorded)
    lost = not met and (old is None or recorded != repository.file(layout.BASE_RECORD))
    trees = met or (old if old is not None else _unrecorded(repository),)
    base, *more = (
        {path: data for path, data in tree.items() if entrypoints.is_shared(path)} for tree in trees
    )
    theirs, notes = shared_entry_points(repository, changed)
    ours = {p: read_file(repository.root, p) for p in {*base, *theirs, *(more[0] if more else ())}}
    merged = (
        merge_of_two((base, more[0]), ours, theirs, merge_file)
        if more
        else merge(base, ours, theirs, merge_file)
    )
    merged.notes += notes
    if met or lost:
        what = conflicts.WHAT if met else "is missing or damaged"
        merged.notes.append(f"{layout.BASE_RECORD} {what}: it is generated anew")
    others = [_others(tree) for tree in trees]
    if (not others[0] or others[0] != others[-1]) and repository.version == __version__:
        pinned = repository.file(layout.REQUIREMENTS)
        others = [_others(scaffold.generated(repository.answers, pinned))]
    if others[0] and (met or lost or base != theirs):
        merged.files[layout.BASE_RECORD] = record.encode(others[0] | theirs)
    return merged


def _unrecorded(repository: Repository) -> Tree:
    """The entry points that are as they are generated now, with or without NNI.

    Without a record nobody knows of the rest whether it was edited.
    """
    found: Tree = {}
    for names in ((), tuple(registry.TOOLS)):
        made = entrypoints.of_repository(repository.answers, names)
        found |= {p: data for p, data in made.items() if repository.file(p) == data}
    return found


def _others(recorded: Tree) -> Tree:
    """What of the base's record is no entry point: no command but `update` writes it."""
    return {path: data for path, data in recorded.items() if not entrypoints.is_shared(path)}


def shared_entry_points(
    repository: Repository, changed: Collection[Known] = ()
) -> tuple[Tree, list[str]]:
    """The entry points that no environment has of its own, and notes on them.

    Those for NNI are there as long as an environment needs them, or cannot be read.

    Args:
        repository: as it is on disk.
        changed: environments that change in the same commit.
    """
    recorded = record.known(repository.base_record) or _unrecorded(repository)
    needed, unreadable = repository.tools_with_nni(changed)
    leaving = entrypoints.tools_with_nni(repository.answers, recorded) - needed
    if leaving:
        # What says nothing of NNI, as a file that something else was written over, may be no
        # environment at all: before anything goes each file is read.
        _, unreadable = repository.tools_with_nni(changed, whole=True)
    kept = leaving if unreadable else set()
    if not kept:
        return entrypoints.of_repository(repository.answers, needed), []
    why = "; ".join(map(str, unreadable))
    notes = [f"the entry points of NNI are left as they are: {why}"]
    return entrypoints.of_repository(repository.answers, needed | kept), notes


_NO_RECORD = "what differs from the generated text is taken for an edit"


def bring_in_line(  # noqa: PLR0913 - all but one are what a merge is of
    repository: Repository,
    folder: str,
    files: Tree,
    total: Merged,
    merge_file: MergeFile,
    *,
    anew: bool = False,
) -> None:
    """Merges the generated `files` of one folder with the user's edits, into `total`.

    Args:
        repository: as it is on disk.
        folder: relative to the repository; its record stands in it.
        files: relative to the folder; none where nothing is generated there any longer.
        total: gets the outcome.
        merge_file: git's own merge of one file.
        anew: whether what is not there is made again: nobody has deleted it.
    """
    place = f"{folder}/{layout.RECORD_FILE}"
    recorded = read_file(repository.root, place)
    if recorded is None and not files:
        return
    if met := record.sides(recorded):
        known = [provenance.generated(folder, tree)[0] for tree in met]
        theirs = at(folder, files)
        ours = {p: read_file(repository.root, p) for p in {*known[0], *known[1], *theirs}}
        total.add(merge_of_two((known[0], known[1]), ours, theirs, merge_file))
        total.notes.append(f"{place} {conflicts.WHAT}: it is generated anew")
        total.files[place] = record.encode(files) if files else None
        return
    old = record.decode(recorded)
    theirs = at(folder, files)
    if old is None and any((repository.root / path).exists() for path in theirs):
        former = repository.former_record(place)
        old = record.decode(former)
        what = "the last one of Git's history is the base" if former else _NO_RECORD
        total.notes.append(f"{place} is missing or damaged: {what}")
    base, strange = provenance.generated(folder, old or {})
    total.notes += [f"{place} names {path}: not generated there, so left alone" for path in strange]
    ours = {path: read_file(repository.root, path) for path in {*base, *theirs}}
    if anew:
        base = {path: data for path, data in base.items() if ours[path] is not None}
    merged = merge(base, ours, theirs, merge_file)
    total.add(merged)
    total.files[place] = record.encode(files) if files else None
