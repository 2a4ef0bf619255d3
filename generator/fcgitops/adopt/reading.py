"""Files of manifests → Kubernetes objects, as somebody wrote them or a cluster has them.

What the API server and those who apply have added is taken off; who applies is noted before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from fcgitops.core.errors import InputError, Problem
from fcgitops.core.lazy import regex
from fcgitops.diff import live, objects
from fcgitops.kubernetes import names
from fcgitops.kubernetes.objects import (
    RBAC,
    Fields,
    Object,
    group,
    labels_of,
    mapping,
    name,
    namespace,
)
from fcgitops.sync import registry
from fcgitops.sync.tool import Applier
from fcgitops.text.words import shown

HELM = "helm"
_HELMS = ("helm.sh/chart", "meta.helm.sh/release-name", "meta.helm.sh/release-namespace")
"""What Helm and its charts write into the metadata of each object."""
_OF_A_HOOK = regex(r"(helm\.sh|argocd\.argoproj\.io)/hook(-.*)?")
"""Annotations of what is run at its own times. Argo CD goes by Helm's too: what has one it may
delete and make anew at each sync."""
_KIND = regex("[A-Za-z][-A-Za-z0-9]{0,62}")
_API_VERSION = regex("([a-z0-9][-a-z0-9.]{0,252}/)?[a-z][a-z0-9]{0,62}")
"""What a kind and an apiVersion may hold: a name in them may hold nearly anything."""
_MANAGED_BY = "app.kubernetes.io/managed-by"
_RENDER = "kustomize build DIR | fcgitops adopt - …"
_UNRENDERED = {
    "kustomization.yaml": _RENDER,
    "kustomization.yml": _RENDER,
    "Chart.yaml": "helm template RELEASE DIR | fcgitops adopt - …",
}
"""Files that say how to render something."""


class Owner(NamedTuple):
    """What applies an object until now."""

    tool: str
    """A sync tool by its name, or helm."""
    applier: Applier
    """Its Application, Kustomization or release, which has no name where nothing tells it."""


class Item(NamedTuple):
    """One object of the input."""

    object: Object
    where: str
    """Its file, for messages."""
    live: bool = False
    """Whether it was read from a cluster."""
    owned: bool = False
    """Whether a controller has made it, which would make it anew."""
    hook: bool = False
    """Whether Helm or Argo CD runs it at its own times."""
    owner: Owner | None = None
    """Who applies it, where it says so."""
    suspect: Owner | None = None
    """Who may apply it, by what others write as well."""
    marks: Fields | None = None
    """Its labels and annotations as they are, those of who applies it among them."""

    @property
    def kind(self) -> str:
        """The object's kind."""
        return str(self.object["kind"])

    @property
    def label(self) -> str:
        """Kind/name, as it is printed."""
        return f"{self.kind}/{name(self.object)}"

    @property
    def marked(self) -> Object:
        """The object with its labels and annotations as they are."""
        return {**self.object, "metadata": {**self.object["metadata"], **(self.marks or {})}}


def read(files: Mapping[str, bytes]) -> list[Item]:
    """The objects of some files, the members of a List each.

    Args:
        files: how a file is called → its YAML or JSON.

    Raises:
        InputError: with every mistake of every file.
    """
    found: list[Item] = []
    problems: list[Problem] = []
    for where, data in files.items():
        hint = _UNRENDERED.get(where.rpartition("/")[2])
        if hint:
            problems.append(Problem(where, "says how to render manifests, and is none", hint))
            continue
        try:
            data.decode()
            loaded = objects.load(data, where)
        except UnicodeDecodeError:
            problems.append(Problem(where, "is not UTF-8 text", "Kubernetes manifests as YAML"))
            continue
        except InputError as error:
            problems += error.problems
            continue
        wrong = [problem for o in loaded for problem in _wrong(o, where)]
        problems += wrong
        found += [] if wrong else [_item(o, where) for o in loaded]
    problems += _twice(found)
    if problems:
        raise InputError(problems)
    return found


def _wrong(o: Object, where: str) -> Iterator[Problem]:
    """What no API server takes, and what could not be written down again."""
    label = f"{o['kind']}/{name(o)}"
    for field, pattern in (("kind", _KIND), ("apiVersion", _API_VERSION)):
        if not pattern.fullmatch(o[field]):
            yield Problem(f"{where}: {label}", f"{field} {shown(o[field])} is none of Kubernetes'")
    named = names.path_segment if group(o) == RBAC else names.dns_subdomain
    for key, judge in (("name", named), ("namespace", names.dns_label)):
        value = o["metadata"].get(key)
        if value is None and key == "namespace":
            continue
        reason = judge(value) if isinstance(value, str) else "is not text"
        if reason or str(value).startswith("-"):  # which kubectl takes for an option
            yield Problem(f"{where}: {label}", f"metadata.{key} {shown(value)} is no name")
    if odd := next(_odd(o), None):
        yield Problem(f"{where}: {label}", f"holds {odd}, which JSON has not")


def _odd(value: object) -> Iterator[str]:
    """What YAML has and JSON has not: keys that are no text, dates, sets, bytes."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                yield f"the key {shown(key)}"
            yield from _odd(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _odd(inner)
    elif value is not None and not isinstance(value, str | bool | int | float):
        yield f"a {type(value).__name__}"


def _twice(items: Iterable[Item]) -> Iterator[Problem]:
    """Objects that more than one file has."""
    seen: dict[Any, Item] = {}
    for item in items:
        first = seen.setdefault(objects.key(item.object), item)
        if first is not item:
            what = f"holds {item.label}, which {first.where} has already"
            yield Problem(item.where, what, "each object once")


def _item(o: Object, where: str) -> Item:
    metadata = o["metadata"]
    owner = _owner(o)
    is_live = "uid" in metadata or "resourceVersion" in metadata
    return Item(
        _plain(live.bare(o), is_live=is_live),
        where,
        live=is_live,
        owned=bool(metadata.get("ownerReferences")),
        hook=any(map(_OF_A_HOOK.fullmatch, objects.annotations_of(o))),
        owner=owner,
        suspect=_named(Owner(k, a) for k, t in registry.TOOLS.items() if (a := t.suspect(o))),
        marks={key: metadata[key] for key in ("labels", "annotations") if metadata.get(key)},
    )


def _named(owners: Iterable[Owner]) -> Owner | None:
    """The first with a name that is one: it is typed into a shell."""
    for owner in owners:
        if not (
            names.dns_subdomain(owner.applier.name) or names.dns_label(owner.applier.namespace)
        ):
            return owner
    return None


def _owner(o: Object) -> Owner | None:
    annotations = objects.annotations_of(o)
    found = [Owner(key, a) for key, tool in registry.TOOLS.items() if (a := tool.applier(o))]
    if release := annotations.get(_HELMS[1]):
        place = str(annotations.get(_HELMS[2]) or namespace(o))
        found.append(Owner(HELM, Applier(str(release), place)))
    if owner := _named(found):
        return owner
    labels = labels_of(o)
    if labels.get(_MANAGED_BY) == "Helm" or _HELMS[0] in labels:  # as `helm template` prints it
        return Owner(HELM, Applier("", namespace(o)))
    return None


def _plain(o: Object, *, is_live: bool) -> Object:
    """An object without what the API server gives to those of its kind, and Helm to all."""
    metadata = {
        k: v for k, v in o["metadata"].items() if k not in ("finalizers", "ownerReferences")
    }
    for key in ("labels", "annotations"):
        there = mapping(metadata.get(key)).items()
        kept = {k: v for k, v in there if not (k in _HELMS or _OF_A_HOOK.fullmatch(k))}
        if kept.get(_MANAGED_BY) == "Helm":
            del kept[_MANAGED_BY]
        metadata.pop(key, None)
        if kept:
            metadata[key] = kept
    o = {**o, "metadata": metadata}
    own = _OF_THE_SERVER.get((group(o), o["kind"]), ())
    for path in own:
        parent = mapping(o.get(path[0])) if len(path) > 1 else o
        parent.pop(path[-1], None)
    spec = mapping(o.get("spec"))
    if is_live and (group(o), o["kind"]) == ("", "Service") and spec.get("clusterIP") != "None":
        spec.pop("clusterIP", None)
    return {key: value for key, value in o.items() if value != {} or key == "metadata"}


_OF_THE_SERVER: Mapping[tuple[str, str], tuple[tuple[str, ...], ...]] = {
    ("", "Namespace"): (("spec", "finalizers"),),
    ("", "ServiceAccount"): (("secrets",),),
    ("", "Service"): (("spec", "clusterIPs"), ("spec", "ipFamilies"), ("spec", "ipFamilyPolicy")),
}
"""Group and kind → fields that the API server fills in with what is the cluster's own."""
