"""What an older version took and this one does not: how `update` carries it over, and says so.

A migration changes sources alone (fcgitops.yaml, environment.yaml), as little as it can, with the
user's comments and order kept. Files that are generated need none: they are merged.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fcgitops.core.errors import InputError
from fcgitops.model import answers as model
from fcgitops.model import clusters, consistency, layout
from fcgitops.model.environment import KEYS, READ_BY_ARGOCD, default_values
from fcgitops.text import keypaths, yamlio
from fcgitops.text.yamledit import Document, KeyPath


@dataclass
class Sources:
    """The sources of a repository as an older version left them; migrations change them."""

    answers: Document
    """fcgitops.yaml."""
    environments: dict[str, Document]
    """Name → environment.yaml."""
    notes: list[str] = field(default_factory=list)
    """What the migrations have done, a sentence each."""

    @property
    def profile(self) -> str:
        """The answer `profile`."""
        return str(_below(self.answers.value, "answers").get("profile", ""))

    @property
    def defaults(self) -> Mapping[str, Any]:
        """Key path → value of `defaults`; what is wrong in it is told by others."""
        return keypaths.flatten(_below(self.answers.value, "defaults"), "", KEYS)[0]


@dataclass(frozen=True)
class Migration:
    """A step that repositories of older versions need.

    Attributes:
        since: the first version that needs it done.
        what: what it does, for people.
        carry: does it.
    """

    since: str
    what: str
    carry: Callable[[Sources], None]


def migrate(sources: Sources, version: str) -> None:
    """Carries sources that `version` wrote to this version, in place."""
    for migration in MIGRATIONS:
        if model.is_newer(migration.since, version):
            migration.carry(sources)


def document(data: bytes, where: str) -> Document:
    """The document of a source.

    Raises:
        InputError: it is no UTF-8 text.
    """
    return Document(yamlio.decoded(data, where), where)


def encoded(changed: Document, original: bytes) -> bytes:
    """The bytes of a document, with the byte order mark of the file that it comes from."""
    mark = codecs.BOM_UTF8 if original.startswith(codecs.BOM_UTF8) else b""
    return mark + changed.text.encode()


_POLICY: KeyPath = ("image", "tagPolicy")


def _unplaced(path: str, *_: str) -> str:
    """The note says where."""
    return path


def _take_tags(sources: Sources) -> None:
    """Since 0.2.0 `hardened` refuses a tag that moves or cannot run, unless it is meant."""
    if sources.profile != "hardened":
        return
    taken = f"image.tagPolicy: {consistency.ANY} was written"
    usual = default_values(sources.profile) | dict(sources.defaults)
    for problem in consistency.image_tag(usual, _unplaced):
        sources.answers = sources.answers.edited({("defaults", *_POLICY): consistency.ANY})
        usual |= {".".join(_POLICY): consistency.ANY}
        sources.notes.append(
            f"{layout.ANSWERS}: {taken} to defaults: image.tag {problem.what}, and 0.1.0 took it"
        )
    for name, given in _readable(sources.environments):
        for problem in consistency.image_tag(usual | given, _unplaced):
            edited = sources.environments[name].edited({_POLICY: consistency.ANY})
            sources.environments[name] = edited
            sources.notes.append(
                f"{layout.source_path(name)}: {taken}: image.tag {problem.what}, and 0.1.0 took it"
            )


def _nest_dotted(sources: Sources) -> None:
    """Since 0.2.0 a key path is no name, `image.tag: v1.0.1`: tools read the nested key alone."""
    for name, found in list(sources.environments.items()):
        dotted = [path for path in KEYS if "." in path and path in _below({"": found.value}, "")]
        for path in dotted:
            value = found.value[path]
            found = found.without((path,)).edited({tuple(path.split(".")): value})  # noqa: PLW2901
            sources.notes.append(f"{layout.source_path(name)}: {path} was nested")
        sources.environments[name] = found


def _one_server(sources: Sources) -> None:
    """Since 0.2.0 a server is written as Argo CD knows it: with no slash at its end, say."""
    for name, given in _readable(sources.environments):
        server = given.get("cluster.server")
        if isinstance(server, str) and not clusters.server(server):
            right = clusters.one_spelling(server)
            if right != server:
                edited = sources.environments[name].edited({("cluster", "server"): right})
                sources.environments[name] = edited
                sources.notes.append(
                    f"{layout.source_path(name)}: cluster.server: {right} was written, by which "
                    f"Argo CD finds the cluster, for {server}"
                )


def _quote(sources: Sources) -> None:
    """Since 0.2.0 a text that Argo CD reads is quoted where others take it for a number."""
    for name, given in _readable(sources.environments):
        found = sources.environments[name]
        for path in READ_BY_ARGOCD:
            others = [key for key in KEYS if key != path]
            if isinstance(given.get(path), str) and found.misread((), [path], others):
                found = found.edited({tuple(path.split(".")): given[path]})
                sources.notes.append(f"{layout.source_path(name)}: {path} was quoted")
        sources.environments[name] = found


MIGRATIONS = (
    Migration("0.2.0.dev0", "keys with dots in their names are nested", _nest_dotted),
    Migration("0.2.0.dev0", "one spelling of cluster.server", _one_server),
    Migration("0.2.0.dev0", "texts that Argo CD reads are quoted", _quote),
    Migration("0.2.0.dev0", "image.tagPolicy: any where 0.1.0 took a tag", _take_tags),
)
"""In the order in which they are done."""


def _readable(documents: Mapping[str, Document]) -> Iterable[tuple[str, dict[str, Any]]]:
    """Name → key path → value, of those that can be read: others tell what is wrong."""
    for name, found in list(documents.items()):
        try:
            given, problems = keypaths.flatten(found.value, "", KEYS)
        except InputError:
            continue
        if not problems:
            yield name, given


def _below(value: object, key: str) -> Mapping[str, Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}
