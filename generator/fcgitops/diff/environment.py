"""An environment's own file on both sides: which tool syncs it, and to which cluster."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from fcgitops.core.errors import InputError, Problem
from fcgitops.model import answerstext, synctools
from fcgitops.model.synctools import Traits
from fcgitops.text import tree, yamlio
from fcgitops.text.words import shown

BOTH = frozenset(synctools.KNOWN)
"""The sync tools, where it is not known which of them applies something."""


class Settings(NamedTuple):
    """What of environment.yaml decides where an environment goes, defaults filled in."""

    sync: str
    cluster: str
    server: str

    @property
    def place(self) -> tuple[str, str]:
        """What tells its cluster from others: the address, or, where it has none, the name."""
        return (self.server, "") if self.server else ("", self.cluster.lower())

    @property
    def tool(self) -> Traits | None:
        """The tool that syncs it, where that is known."""
        return synctools.KNOWN.get(self.sync)


class Environment(NamedTuple):
    """An environment on both sides; None where it is not there.

    Attributes:
        name: of the environment.
        before: as it was.
        after: as it is.
        rivals: other environments on its cluster.
        renamed_from: the environment of the same cluster that is gone; "" for none.
    """

    name: str
    before: Settings | None
    after: Settings | None
    rivals: tuple[str, ...] = ()
    renamed_from: str = ""

    @property
    def label(self) -> str:
        """Its file, as effects name it: the same for all, so that what is alike is said once."""
        return "environment.yaml"


def defaults(data: bytes | None) -> Mapping[str, Any]:
    """What fcgitops.yaml says of environments that do not say it: `sync`, and the server.

    Read by itself, as a revision may be of another version of the generator; one that cannot be
    read says nothing.
    """
    found: dict[str, Any] = {}
    with suppress(InputError):
        found = _mapping(answerstext.read(data or b"")[0])
    answered = synctools.answered(str(_mapping(found.get("answers")).get("gitops")))
    tool = (answered or list(synctools.KNOWN.values()))[0]
    cluster = _mapping(_mapping(found.get("defaults")).get("cluster"))
    return {"sync": tool.name, "server": str(cluster.get("server") or "")}


@functools.lru_cache(maxsize=4096)
def _parsed(data: bytes) -> tuple[object, tuple[Problem, ...]]:
    """The value of a text, not to be changed, and why it has none; each is asked for several times.

    The problems' places are lines alone.
    """
    try:
        return yamlio.load(data, ""), ()
    except InputError as error:
        return None, tuple(error.problems)


def _loaded(data: bytes | None) -> object:
    return _parsed(data)[0] if data else None


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def unreadable(path: str, data: bytes | None, *, link: bool) -> list[str]:
    """Why a source that is there cannot be read; it is not taken for one that is gone.

    Args:
        path: of the file.
        data: what it holds; None where nothing can be told.
        link: whether it is a symbolic link, which no command follows.
    """
    if link:
        return [f"{path} {tree.LINK}"]
    found, problems = ({}, ()) if data is None else _parsed(data)
    if problems:
        return [f"{path}{problem.where} {problem.what}" for problem in problems]
    if isinstance(found, dict):
        return []
    return [f"{path} {'is empty' if found is None else f'is {shown(found)}, not a mapping'}"]


def says_the_same(before: bytes | None, after: bytes | None) -> bool:
    """Whether two versions of a source differ in comments and spelling alone."""
    return before == after or _loaded(before) == _loaded(after)


def differing(before: bytes, after: bytes) -> Iterator[str]:
    """The keys whose values differ, with those above them: `image.tag`."""
    yield from _differing(_loaded(before), _loaded(after), "")


def _differing(old: object, new: object, above: str) -> Iterator[str]:
    for key in dict.fromkeys((*_mapping(old), *_mapping(new))):
        one, other = _mapping(old).get(key), _mapping(new).get(key)
        if one == other:
            continue
        path = f"{above}{key}"
        deeper = isinstance(one, dict) or isinstance(other, dict)
        yield from _differing(one, other, f"{path}.") if deeper else (path,)


def read(name: str, data: bytes | None, of_repository: Mapping[str, Any]) -> Settings | None:
    """The settings of one file; None where it is not there, or cannot be read."""
    found = _loaded(data)
    if data is None or (found is None and data.strip()):
        return None
    cluster = _mapping(_mapping(found).get("cluster"))
    return Settings(
        str(_mapping(found).get("sync") or of_repository["sync"]),
        str(cluster.get("name") or name),
        str(cluster.get("server") or of_repository["server"]),
    )
