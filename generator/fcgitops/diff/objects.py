"""Rendered YAML → objects, and the objects of two renderings matched with each other.

An object is the same on both sides where group, kind, namespace and name are. The hash that
kustomize puts behind a generated ConfigMap's or Secret's name is seen through; so is the hash of an
experiment's Job, a namespace that everything moves to, and a new name for the same content.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import yaml

from fcgitops.core.errors import InputError, Problem, ToolError
from fcgitops.core.lazy import regex
from fcgitops.kubernetes.objects import Object, group, mapping, mappings, name, namespace, pod_spec
from fcgitops.model import image
from fcgitops.programs.namehash import has_hash, without_hash
from fcgitops.text import yamlio

_JOB_HASH = regex(r"-[0-9a-z]{10}\Z")
"""Ours, behind the name of an experiment's Job."""
_HASHED = ("ConfigMap", "Secret")
_HOLDING = ("Namespace", "CustomResourceDefinition", "PersistentVolumeClaim", "PersistentVolume",
            "Kustomization", "Application", "ApplicationSet", "PriorityClass",
            "ServiceAccount")  # fmt: skip
"""Kinds of which one of another name is another: what they keep, and who names them, stays behind.
"""


SYNC_OPTIONS = "argocd.argoproj.io/sync-options"


def bare_name(o: Object) -> str:
    """The name without the hash that kustomize puts behind it."""
    return without_hash(name(o)) if o["kind"] in _HASHED else name(o)


def kept_by_argocd(o: Object) -> bool:
    """Whether Argo CD leaves it on the cluster once it is no longer rendered."""
    return "Prune=false" in sync_options(o)


def sync_options(o: Object | None) -> set[str]:
    """What it tells Argo CD, such as Prune=false."""
    given = annotations_of(o).get(SYNC_OPTIONS) if o is not None else None
    return {option.strip() for option in str(given or "").split(",")}


def label(o: Object) -> str:
    """How an object is called in what is printed: StatefulSet/frameworkcontroller."""
    return f"{o['kind']}/{bare_name(o)}"


def annotations_of(o: Object) -> dict[str, Any]:
    """Its annotations, maybe none."""
    return mapping(o["metadata"].get("annotations"))


def guards(o: Object) -> set[str]:
    """What keeps the sync tools from deleting an object."""
    found = {option.partition("=")[0] for option in sync_options(o)
             if option.endswith(("=confirm", "=false"))}  # fmt: skip
    found &= {"Prune", "Delete"}
    if str(annotations_of(o).get("kustomize.toolkit.fluxcd.io/prune")).lower() == "disabled":
        found.add("prune: disabled")
    return found


def load(data: bytes, where: str) -> list[Object]:
    """The objects of a rendering, the members of a List each.

    Args:
        data: YAML documents.
        where: the file, for messages.

    Raises:
        InputError: it is no YAML, or a document is no Kubernetes object; all of them are named.
    """
    try:
        documents = yamlio.load_all(data, where)
    except (ToolError, yaml.YAMLError, RecursionError) as error:
        reason = error.problems[0].what if isinstance(error, ToolError) else "nests too deep"
        reason = reason.removeprefix("kustomize did not print YAML: ")
        what = f"is not valid YAML: {reason}"
        raise InputError(Problem(where, what, "rendered objects")) from error
    found: list[Object] = []
    problems: list[Problem] = []
    for number, document in enumerate(documents, 1):
        for member in _members(document):
            if reason := _no_object(member):
                problems.append(Problem(where, f"document {number} {reason}", "rendered objects"))
            else:
                found.append(member)
    seen: set[Hashable] = set()
    for o in found:
        if key(o) in seen:
            place = f" of {namespace(o)}" if namespace(o) else ""
            problems.append(Problem(where, f"holds {label(o)}{place} twice", "each object once"))
        seen.add(key(o))
    if problems:
        raise InputError(problems)
    return found


def _members(document: object) -> Iterator[Any]:
    if document is None:
        return
    items = document.get("items") if isinstance(document, dict) else None
    if (
        isinstance(document, dict)
        and str(document.get("kind")).endswith("List")
        and isinstance(items, list)
    ):
        named = {"apiVersion": document.get("apiVersion"), "kind": document["kind"][: -len("List")]}
        for item in items:  # of a StatefulSetList they need not say that each is a StatefulSet
            is_bare = named["kind"] and isinstance(item, dict)
            yield from _members({**named, **item} if is_bare else item)
    else:
        yield document


def _no_object(value: object) -> str:
    if not isinstance(value, dict):
        return "is no mapping"
    missing = [k for k in ("apiVersion", "kind") if not isinstance(value.get(k), str)]
    found = value.get("metadata")
    metadata = found if isinstance(found, dict) else {}
    if not isinstance(metadata.get("name"), str):
        missing.append("metadata.name")
    if missing:
        return f"has no {' and no '.join(missing)}"
    for field in ("labels", "annotations"):
        if not isinstance(metadata.get(field) or {}, dict):
            return f"has metadata.{field} that is no mapping"
    return ""


def key(o: Object) -> tuple[str, str, str, str]:
    """What tells objects apart: group, kind, namespace and name."""
    return group(o), o["kind"], namespace(o), name(o)


class Pair(NamedTuple):
    """An object on both sides, or on one of them."""

    before: Object | None
    after: Object | None
    how: str = "same"
    """`same`, `renamed` (its hash aside), or `moved` to another namespace."""

    @property
    def either(self) -> Object:
        """The object after, or before where it is gone."""
        found = self.after if self.after is not None else self.before
        assert found is not None  # noqa: S101 - a pair is never empty
        return found

    @property
    def kind(self) -> str:
        """The objects' kind."""
        return str(self.either["kind"])

    @property
    def label(self) -> str:
        """Kind/name, as it is printed; of the object before where it moves away."""
        return label(self.before if self.how == "moved" and self.before else self.either)


By = Callable[[Object], Hashable]
"""What tells an object from others of its side; None where nothing does."""


def match(before: Sequence[Object], after: Sequence[Object]) -> list[Pair]:
    """Pairs of objects that are the same: in the order after, then those that are gone."""
    left, right = list(before), list(after)
    idle = {id(o) for side in (before, after) for o in superseded(side)}

    def in_use(by: By) -> By:
        return lambda o: None if id(o) in idle else by(o)

    pairs: list[Pair] = []
    for by in (key, in_use(_hashed_key), _experiment):
        pairs += _taken(left, right, by, "same")
    pairs += _taken(left, right, in_use(_key_anywhere), "moved")
    pairs += _taken(left, right, _follows(moves(pairs)), "moved")
    for by in (_content_key, _controller_key):
        pairs += _taken(left, right, by, "renamed")
    found = {id(pair.after): pair for pair in pairs}
    ordered = [found.get(id(o)) or Pair(None, o) for o in after]
    return [*ordered, *(Pair(o, None) for o in left)]


def moves(pairs: Iterable[Pair]) -> dict[str, str]:
    """Namespace → the one that objects of it have moved to."""
    return {
        namespace(pair.before): namespace(pair.after)
        for pair in pairs
        if pair.how == "moved" and pair.before and pair.after
    }


def _taken(left: list[Object], right: list[Object], by: By, how: str) -> Iterator[Pair]:
    """Pairs of what is left of both sides, by a key; they are left no longer."""
    waiting: dict[Hashable, list[Object]] = {}
    for o in left:
        waiting.setdefault(by(o), []).append(o)
    waiting.pop(None, None)
    for o in list(right):
        if partners := waiting.get(by(o)):
            partner = partners.pop(0)
            _drop(left, partner)
            _drop(right, o)
            yield Pair(partner, o, how)


def _drop(objects: list[Object], wanted: Object) -> None:
    objects[:] = [o for o in objects if o is not wanted]


def superseded(rendered: Sequence[Object]) -> list[Object]:
    """ConfigMaps and Secrets that another with the same name, but for its hash, is used instead of.

    A former configuration, which is rendered a last time, is not what became of one in use.
    """
    generated = [o for o in rendered if o["kind"] in _HASHED and has_hash(name(o))]
    alike: dict[Hashable, list[Object]] = {}
    for o in generated:
        alike.setdefault(_hashed_key(o), []).append(o)
    if len(alike) == len(generated):
        return []
    said = {t for o in rendered if o["kind"] not in _HASHED for t in _texts(o) if has_hash(t)}
    return [
        o
        for several in alike.values()
        if any(name(o) in said for o in several)
        for o in several
        if name(o) not in said
    ]


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - any value of YAML
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else ():
        yield from _texts(inner)
    for inner in value if isinstance(value, list) else ():
        yield from _texts(inner)


def _hashed_key(o: Object) -> Hashable:
    return (group(o), o["kind"], namespace(o), bare_name(o)) if o["kind"] in _HASHED else None


def _experiment(o: Object) -> Hashable:
    """What stays the same of an experiment's Job when its name does not."""
    if o["kind"] != "Job":
        return None
    return namespace(o), _JOB_HASH.sub("", name(o))


def _key_anywhere(o: Object) -> Hashable:
    """What tells an object from others, in whichever namespace it is; not what a claim keeps."""
    if not namespace(o) or o["kind"] == "PersistentVolumeClaim":
        return None
    return group(o), o["kind"], bare_name(o)


def _follows(moved: dict[str, str]) -> By:
    """A Namespace that all goes from, and that which it goes to, have the same key."""
    sources = {target: source for source, target in moved.items()}

    def by(o: Object) -> Hashable:
        if o["kind"] != "Namespace":
            return None
        return name(o) if name(o) in moved else sources.get(name(o))

    return by


def _content_key(o: Object) -> Hashable:
    """All but the name."""
    if o["kind"] in _HOLDING:
        return None
    return group(o), o["kind"], namespace(o), repr(_content(o))


def _controller_key(o: Object) -> Hashable:
    return namespace(o) if runs_frameworkcontroller(o) else None


def _content(o: Object) -> dict[str, Any]:
    metadata = {k: value for k, value in o["metadata"].items() if k != "name"}
    return {**o, "metadata": metadata}


def runs_frameworkcontroller(o: Object) -> bool:
    """Whether it is the StatefulSet that runs FrameworkController, whatever its name is."""
    return o["kind"] == "StatefulSet" and (name(o) == "frameworkcontroller" or has_image(o))


def has_image(o: Object) -> bool:
    """Whether a container of a workload has an image of FrameworkController's name."""
    return any(image.is_ours(c.get("image")) for c in mappings(pod_spec(o).get("containers")))
