"""Edits of an environment's generated files → the keys of environment.yaml that they mean.

What a key is guessed to be is rendered: it is the one that an edit means where the files come out
with the edit in them, and with no change that the edited files have not. Writes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fcgitops.core.errors import InputError, Problem
from fcgitops.fcconfig import merging
from fcgitops.fcconfig.schema import LIST
from fcgitops.manifests import overlay, readback
from fcgitops.model import layout
from fcgitops.model.assignments import Target
from fcgitops.model.environment import FIELDS, KEYS, Environment
from fcgitops.repository import environments, outcome, provenance, record
from fcgitops.repository.contents import Repository
from fcgitops.repository.environments import Request
from fcgitops.sync import entrypoints, registry
from fcgitops.text import yamlio
from fcgitops.text.leaves import Place, leaves, spoken
from fcgitops.text.tree import Tree, read_file

Leaf = tuple[str, Place]
"""A file, and a place in it."""
_SETTINGS = "settings"
_NAME = frozenset({"image.registry", "image.repository"})
"""The keys that an image's name follows from."""
_NO_KEY = "it stays; local/ is for such changes"


@dataclass(frozen=True)
class Guess:
    """A key, or an entry of one, and the value that it may have got.

    Attributes:
        path: in environment.yaml.
        value: None where it may have been taken away.
    """

    path: tuple[str, ...]
    value: Any

    def __str__(self) -> str:
        """The key and its value, as a person would type them."""
        name = ".".join(self.path)
        return f"{name} is unset" if self.value is None else f"{name}: {yamlio.scalar(self.value)}"

    def added_to(self, request: Request) -> Request:
        """The request with this in it."""
        if self.value is None:
            return replace(request, unset=[*request.unset, self.path])
        if self.path[0] == _SETTINGS:
            return replace(request, settings={**request.settings, self.path[1:]: self.value})
        key = next(key for key in KEYS if self.path[: key.count(".") + 1] == tuple(key.split(".")))
        below = self.path[key.count(".") + 1 :]
        if below:
            entries = {**request.entries, Target(key, below): self.value}
            return replace(request, entries=entries)
        return replace(request, given={**request.given, key: self.value})


@dataclass
class Taken:
    """What became of the edits of an environment's generated files."""

    request: Request
    """The environment with the keys that they mean."""
    guesses: list[Guess] = field(default_factory=list)
    """The keys that edits mean, and their values."""
    rest: list[Problem] = field(default_factory=list)
    """The edits that no key means, and why."""
    spelled: Tree = field(default_factory=dict)
    """Files that say the same otherwise than it is generated, as it is."""


def taken(repository: Repository, name: str) -> Taken:
    """What the edits of an environment's generated files mean.

    Args:
        repository: as it is on disk.
        name: an environment.

    Raises:
        InputError: its source is wrong, or a file that was edited is no YAML.
    """
    return _Search(repository, name).found


class _Search:
    """Guesses what edits mean, and renders each guess."""

    def __init__(self, repository: Repository, name: str) -> None:
        self._repository = repository
        self._folder = f"{layout.overlay(name)}/"
        now = environments.as_it_is(repository, name)
        made, there = _files(repository, name)
        overlay_file = f"{self._folder}{layout.KUSTOMIZATION_FILE}"
        mine = {p: readback.parted(d) if p == overlay_file else d for p, d in there.items()}
        self._old = _read({path: text for path, text in made.items() if path in mine})
        self._new = _read(mine)
        before, after = _leaves(self._old), _leaves(self._new)
        self._before = before
        self._edits = _changed(before, after)
        self._start = _leaves(_read(outcome.generated(repository, now)))
        self._covered: set[Leaf] = set()
        self._reasons: dict[Leaf, str] = {}
        self.found = Taken(Request(name, layout.source_path(name)))
        waiting = list(self._guesses(now.environment))
        taken = -1
        while taken < len(self.found.guesses):  # one may be right once another is taken
            taken = len(self.found.guesses)
            for guesses in waiting:
                self.found.rest += self._try(*guesses)
            waiting = [each for each in waiting if each[0] not in self.found.guesses]
        for guess in self._more_guesses(now.environment):
            self._try(guess)
        self.found.rest += [
            Problem(
                f"{path}: {spoken(place)}",
                self._reasons.get((path, place), "is an edit that no key means"),
                _NO_KEY,
            )
            for path, place in sorted({*self._edits} - self._covered)
        ]
        self.found.spelled = {p: d for p, d in mine.items() if d != there[p] and self.found.guesses}
        self.found.rest += [
            Problem(path, "was deleted, and no key means that", self._repository.way_back(path))
            for path in sorted(made.keys() - mine)
        ]

    def _try(self, *guesses: Guess) -> list[Problem]:
        """Takes guesses if the files come out as they were edited; why a key refuses its one."""
        request = self.found.request
        for guess in guesses:
            request = guess.added_to(request)
        try:
            item = environments.plan(self._repository, [request])[0]
            rendered = outcome.generated(self._repository, item)
        except InputError as error:
            return [problem for problem in error.problems if problem not in self.found.rest]
        effect = _changed(self._start, _leaves(_read(rendered)))
        edited = {*effect} & self._edits.keys()
        right = {leaf for leaf in edited if self._edits[leaf] == effect[leaf]}
        more = sorted({*effect} - right)
        key = " with ".join(".".join(guess.path) for guess in guesses)
        if right - self._covered and not more:
            self.found.request = request
            self.found.guesses += guesses
            self._covered |= right
        elif more and right:
            path, place = more[0]
            what = f"is a part of {key}: {path}: {spoken(place)} says otherwise"
            self._reasons |= dict.fromkeys(right, what)
        else:
            self._reasons |= {
                leaf: f"is not as {key} would write it: {effect[leaf]}" for leaf in edited
            }
        return []

    def _guesses(self, now: Environment) -> Iterator[list[Guess]]:
        """What the keys may be, the likely ones first, and those together that one place tells."""
        own = ({p.removeprefix(self._folder): d for p, d in documents.items()
                if p.startswith(self._folder)} for documents in (self._old, self._new))  # fmt: skip
        old, new = map(readback.keys, own)
        differing = [key for key in KEYS if old.get(key) != new.get(key)]
        if _NAME & {*differing} and new.keys() >= _NAME:
            if named := _image_name(new["image.registry"], new["image.repository"], now):
                yield named
            differing = [key for key in differing if key not in _NAME]
        for key in differing:
            path = tuple(key.split("."))
            if key == _SETTINGS:
                found = _settings(old.get(key) or {}, new.get(key) or {}, now)
            elif KEYS[key].levels:
                found = _entries(path, old.get(key) or {}, new.get(key) or {})
            else:
                found = iter([Guess(path, new.get(key))])
            yield from ([guess] for guess in found)

    def _more_guesses(self, now: Environment) -> Iterator[Guess]:
        """What keys may be that had the text which was edited, or none."""
        for leaf, text in self._edits.items():
            value = json.loads(text or "null")
            there = json.loads(self._before.get(leaf, '""'))
            for key, name in FIELDS.items():
                is_it = isinstance(value, str) and getattr(now, name) == there
                if is_it and leaf not in self._covered and not KEYS[key].check(value):
                    yield Guess(tuple(key.split(".")), value)


def _image_name(registry: str, repository: str, now: Environment) -> list[Guess]:
    """What an image's name says: a registry may have a path, so where it ends is not seen in it.

    The one of the two that the name still has stays as it is.

    Args:
        registry: what is in front of the name's first slash, where that is a host; else "".
        repository: the rest.
        now: the environment with its keys as they are.
    """
    name = "/".join(filter(None, (registry, repository)))
    before, after = now.image_registry, now.image_repository
    if f"/{name}".endswith(f"/{after}"):
        registry, repository = name.removesuffix(after).removesuffix("/"), after
    elif before and name.startswith(f"{before}/"):
        registry, repository = before, name.removeprefix(f"{before}/")
    found = {"image.registry": (before, registry), "image.repository": (after, repository)}
    return [Guess(tuple(k.split(".")), new) for k, (old, new) in found.items() if old != new]


def _entries(
    path: tuple[str, ...], old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[Guess]:
    """The entries of a mapping that differ."""
    for name in {**old, **new}:
        before, after = old.get(name), new.get(name)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _entries((*path, name), before, after)
        elif before != after:
            yield Guess((*path, name), after)


def _settings(old: Mapping[str, Any], new: Mapping[str, Any], now: Environment) -> Iterator[Guess]:
    """FrameworkController's settings; of its list the entries that are the environment's own."""
    rest = [{k: v for k, v in found.items() if k != LIST} for found in (old, new)]
    yield from _entries((_SETTINGS,), *rest)
    before, after = (found.get(LIST) or [] for found in (old, new))
    if before == after:
        return
    own = after
    if now.shipped_pod_failure_spec == merging.KEEP:
        codes = {entry["code"] for entry in now.settings.get(LIST) or ()}
        own = [
            e for e in after if isinstance(e, dict) and (e not in before or e.get("code") in codes)
        ]
    yield Guess((_SETTINGS, LIST), own or None)


def _files(repository: Repository, name: str) -> tuple[Tree, Tree]:
    """What was generated last of an environment's YAML, and what is there."""
    folder = layout.overlay(name)
    folders = [folder, *(entrypoints.folder(tool, name) for tool in registry.TOOLS.values())]
    made: Tree = {}
    for place in folders:
        recorded = record.known(read_file(repository.root, f"{place}/{layout.RECORD_FILE}"))
        made |= provenance.generated(place, recorded)[0]
    paths = {*made, *(f"{folder}/{path}" for path in overlay.MADE)}
    there = {path: read_file(repository.root, path) for path in paths}
    return made, {path: text for path, text in there.items() if text is not None}


def _read(files: Mapping[str, bytes]) -> dict[str, list[Any]]:
    """The documents of each file.

    Raises:
        InputError: with each file that is no YAML.
    """
    found: dict[str, list[Any]] = {}
    problems: list[Problem] = []
    for path, text in files.items():
        try:
            roots = yamlio.compose_all(yamlio.decoded(text, path), path)
            found[path] = [yamlio.construct(root, path) for root in roots]
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return found


def _leaves(files: Mapping[str, list[Any]]) -> dict[Leaf, Any]:
    return {
        (path, place): value
        for path, documents in files.items()
        for place, value in leaves(documents).items()
    }


def _changed(old: Mapping[Leaf, Any], new: Mapping[Leaf, Any]) -> dict[Leaf, Any]:
    """What is at each place that differs; None where nothing is any longer."""
    return {leaf: new.get(leaf) for leaf in {**old, **new} if old.get(leaf) != new.get(leaf)}
