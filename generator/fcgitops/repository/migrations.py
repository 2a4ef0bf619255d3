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
from fcgitops.kubernetes import amounts
from fcgitops.model import answersfile, clusters, consistency, layout, synctools
from fcgitops.model.environment import KEYS, READ_BY_ARGOCD, default_values
from fcgitops.text import images, keypaths, yamlio
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
    def sync(self) -> str:
        """The tool that syncs an environment which does not say so."""
        gitops = str(_below(self.answers.value, "answers").get("gitops", ""))
        return next((tool.name for tool in synctools.answered(gitops)), "")

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
        if answersfile.is_newer(migration.since, version):
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


def _name_clusters(sources: Sources) -> None:
    """Since 0.2.0 an address is no cluster's name, nor `in-cluster` that of another address.

    Nothing is rendered of the name where a server is given, or by a tool that looks for no cluster.
    """
    for name, given in _readable(sources.environments):
        named, server = given.get("cluster.name"), given.get("cluster.server", "")
        tool = synctools.KNOWN.get(str(given.get("sync", sources.sync)))
        if not (tool and isinstance(named, str) and isinstance(server, str)):
            continue
        wrong = bool(clusters.name(named)) or bool(
            clusters.problems({"sync": tool.name, **_cluster(named, server)}, _unplaced)
        )
        address = server or f"https://{named}"
        if not wrong or clusters.server(address) or (tool.finds_clusters and not server):
            continue
        changes: dict[KeyPath, object] = {("cluster", "name"): name}
        if not server:
            changes["cluster", "server"] = address
        sources.environments[name] = sources.environments[name].edited(changes)
        sources.notes.append(
            f"{layout.source_path(name)}: cluster.name: {name} was written for {named}; "
            "cluster.server says where it is"
        )


def _cluster(name: str, server: str) -> dict[str, Any]:
    return {"cluster.name": name, "cluster.server": server}


_REGISTRY, _REPOSITORY = "image.registry", "image.repository"


def _join_names(sources: Sources) -> None:
    """Since 0.2.0 a registry is a host: a namespace of Docker Hub stands in the repository."""
    usual = default_values(sources.profile) | dict(sources.defaults)
    new = usual | _joined(usual)
    if new != usual:
        sources.answers = sources.answers.edited(_image_of(new, ("defaults",)))
        sources.notes.append(_joined_note(layout.ANSWERS, new))
    for name, given in _readable(sources.environments):
        own = {key: given[key] for key in (_REGISTRY, _REPOSITORY) if key in given}
        before = usual | own
        wanted = before | _joined(before)
        if own and (wanted != before or _name_of(new | own) != _name_of(before)):
            edited = sources.environments[name].edited(_image_of(wanted, ()))
            sources.environments[name] = edited
            sources.notes.append(_joined_note(layout.source_path(name), wanted))


def _joined(values: Mapping[str, Any]) -> dict[str, Any]:
    """The two keys, where their registry is none and the whole name is a repository."""
    registry, whole = values[_REGISTRY], _name_of(values)
    if not isinstance(registry, str) or not registry or not images.registry(registry):
        return {}
    return {} if images.repository(whole) else {_REGISTRY: "", _REPOSITORY: whole}


def _name_of(values: Mapping[str, Any]) -> str:
    return "/".join(str(values[key]) for key in (_REGISTRY, _REPOSITORY) if values[key])


def _image_of(values: Mapping[str, Any], below: KeyPath) -> dict[KeyPath, Any]:
    return {(*below, *key.split(".")): values[key] for key in (_REGISTRY, _REPOSITORY)}


def _joined_note(where: str, values: Mapping[str, Any]) -> str:
    return (
        f"{where}: image.repository: {values[_REPOSITORY]} was written, with image.registry: "
        f"{yamlio.scalar(values[_REGISTRY])}; it is the same image"
    )


def _count_in_quotas(sources: Sources) -> None:
    """Since 0.2.0 a quota of a device has `requests.` before its name: else it counts nothing."""

    def without(found: Document, below: KeyPath, where: str) -> Document:
        quota = found.value
        for key in (*below, "nni", "quota"):
            quota = _below(quota, key)
        for name in [str(name) for name in quota if amounts.counts_nothing(str(name))]:
            found = found.without((*below, "nni", "quota", name))
            counted = f"requests.{name.removeprefix('limits.')}"
            sources.notes.append(
                f"{where}: nni.quota: {name} was taken out, which counted nothing on any cluster; "
                f"{counted} would"
            )
        return found

    sources.answers = without(sources.answers, ("defaults",), f"{layout.ANSWERS}: defaults")
    for name, _ in _readable(sources.environments):
        found = sources.environments[name]
        sources.environments[name] = without(found, (), layout.source_path(name))


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
    Migration("0.2.0.dev0", "no address is a cluster's name", _name_clusters),
    Migration("0.2.0.dev0", "a namespace of Docker Hub is no registry", _join_names),
    Migration("0.2.0.dev0", "nothing in a quota that counts nothing", _count_in_quotas),
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
