"""Requests to add or change environments → the environments as they will be. Writes nothing."""

from __future__ import annotations

import codecs
import functools
import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fcgitops.core.errors import InputError, Problem
from fcgitops.manifests import overlay
from fcgitops.model import environment as model
from fcgitops.model import layout
from fcgitops.model.assignments import Assignments, Target, entry, with_entry
from fcgitops.model.environment import KEYS, Environment
from fcgitops.repository import customized, rivals, unsetting
from fcgitops.repository.contents import Repository
from fcgitops.text import keypaths, yamlio
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

    @property
    def settings_by_path(self) -> dict[tuple[str, ...], Any]:
        """Path in environment.yaml → value, of `settings`."""
        return {("settings", *path): value for path, value in self.settings.items()}


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
        made = [item.environment for item in planned]
        problems += rivals.others_on_the_clusters_of(
            repository, made, rivals.left_behind(repository, made)
        )
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
    """One environment as it will be, valid by itself.

    Args:
        repository: that it is to be in.
        request: for it.
        folders: those below overlays/, by their names in lower case.

    Raises:
        InputError: with every problem of it.
    """
    name, source = request.name, repository.source(request.name)
    new = source is None
    if new:
        _refuse_taken(repository, request, folders)
    where = request.where if new else layout.source_path(name)
    request = _spelled_out(repository, request)
    before, let_go = None, False
    if source is None:
        document = _made(repository, request, where)
    else:
        before = Document(yamlio.decoded(source, where), where)
        let_go = bool(_without_a_file(request, before.value))
        document = _with_settings(_changed(repository, before, request), request)
    environment = _described(repository, request, document, before)
    mark = codecs.BOM_UTF8 if (source or b"").startswith(codecs.BOM_UTF8) else b""
    data = mark + document.text.encode()
    whole = new or request.anew or repository.is_bare(name)
    return Planned(environment, document, data, new, repository, before, let_go, whole)


def _refuse_taken(repository: Repository, request: Request, folders: Mapping[str, str]) -> None:
    """Refuses a new environment whose place is taken.

    Raises:
        InputError: HEAD has one of the name, or there is a folder of it that is none.
    """
    if request.name in repository.absent:
        raise InputError(repository.missing(request.name))
    if there := folders.get(request.name.casefold()):
        what = "differs from it in case only" if there != request.name else "is there already"
        raise InputError(
            Problem(request.where, f"overlays/{there} {what}, and is no environment",
                    "choose another name")
        )  # fmt: skip


def _spelled_out(repository: Repository, request: Request) -> Request:
    """A request whose values are in their normal form, the defaults of unset keys among them."""
    given = {path: model.normal(path, value) for path, value in request.given.items()}
    unset = unsetting.spelled_out(request.name, request.unset, repository.defaults)
    return replace(request, given=unset | given)


def _made(repository: Repository, request: Request, where: str) -> Document:
    """The environment.yaml of a new environment."""
    entries = _entries(request, request.given, repository.defaults)
    if request.config is None:  # which would take the place of those before it
        entries |= request.settings_by_path
    text = overlay.source(request.name, request.given, repository.defaults, entries, where)
    document = Document(text, where)
    return document if request.config is None else _with_settings(document, request)


def _with_settings(document: Document, request: Request) -> Document:
    """An environment.yaml with the settings that are given: a whole file, single ones over it."""
    if request.config is not None:
        document = document.with_block("settings", request.config, request.where)
    return document.edited(request.settings_by_path)


def _described(
    repository: Repository, request: Request, document: Document, before: Document | None
) -> Environment:
    """The environment that a document describes.

    Args:
        repository: that it is to be in.
        request: that the document carries out.
        document: its environment.yaml as it will be.
        before: the same as it is; None where there is none yet.

    Raises:
        InputError: with every problem of the document, those of its settings among them.
    """
    try:
        return repository.described(request.name, document)
    except InputError as error:
        block = document.block("settings")
        more = customized.check_settings(block, document.where) if block else []
        in_file = before and isinstance(before.value, dict) and "settings" in before.value
        found = error.problems if in_file else customized.of_request(error.problems, request.where)
        raise InputError([*found, *customized.known_settings(more)]) from error


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
    folder = layout.overlay(environment.name)
    text = repository.recorded(folder).get(layout.KUSTOMIZATION_FILE, b"")
    document = yamlio.load(text, folder)
    old = document.get("namespace") if isinstance(document, dict) else None
    return str(old) if old and old != environment.namespace else ""
