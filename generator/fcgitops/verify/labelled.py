"""Labels and annotations of a kustomization that all its objects have without it.

Source: kustomize 5.8, api/internal/konfig/builtinpluginconsts/commonlabels.go, which says where
they are put.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from fcgitops.core.errors import FcgitopsError
from fcgitops.kubernetes.objects import Object, mapping, mappings
from fcgitops.text import yamlio
from fcgitops.verify.layers import Kustomization, Layer, patch_texts

_OWN, _INSIDE, _SELECTORS = "metadata", "templates", "selectors"
_HOLDING = (
    "labels", "annotations", "matchLabels", "selector", "metadata", "template", "jobTemplate",
    "volumeClaimTemplates", "spec", "",
)  # fmt: skip
"""Fields that are all labels or annotations of a place, or hold them."""


class Pairs(NamedTuple):
    """One part of a kustomization that puts pairs on all objects."""

    part: str
    """labels or annotations."""
    said: str
    """The key of the kustomization."""
    line: int
    pairs: dict[str, str]
    where: tuple[str, ...]


def pairs(kustomization: Kustomization) -> Iterator[Pairs]:
    """Those of a kustomization in the order in which kustomize takes them, but for own places."""
    everywhere = (_OWN, _INSIDE, _SELECTORS)
    for entry, line in kustomization.entries("labels"):
        if isinstance(entry, dict) and not (entry.get("fields") or entry.get("fieldSpecs")):
            where: tuple[str, ...] = (_OWN,)
            if entry.get("includeSelectors") == "true":
                where = everywhere
            elif entry.get("includeTemplates") == "true":
                where = (_OWN, _INSIDE)
            yield Pairs("labels", "labels", line, _texts(entry.get("pairs")), where)
    for value, line in kustomization.given("commonLabels"):
        yield Pairs("labels", "commonLabels", line, _texts(value), everywhere)
    for value, line in kustomization.given("commonAnnotations"):
        yield Pairs("annotations", "commonAnnotations", line, _texts(value), (_OWN, _INSIDE))


def without_effect(layers: Sequence[Layer]) -> Iterator[Pairs]:
    """Those of the last layer that change no object; nothing where a patch may matter.

    Args:
        layers: those that are applied before, and the one that is asked about.
    """
    layer = layers[-1]
    mine = list(pairs(layer.kustomization))
    if not mine:
        return
    texts = [text for one in layers for text in patch_texts(one.kustomization)]
    for i, one in enumerate(mine):
        if not one.pairs or not layer.objects or any(_matters(text, one) for text in texts):
            continue
        if all(_has(item, one, list(_put(layers, mine[:i], item))) for item in layer.objects):
            yield one


def _texts(value: object) -> dict[str, str]:
    return {str(key): str(one) for key, one in mapping(value).items()}


def _matters(text: str, one: Pairs) -> bool:
    """Whether a patch may change one of these pairs, or where they are."""
    try:
        documents = yamlio.load_all(text.encode())
    except FcgitopsError:
        return True
    return any(
        any(_moves(operation, one) for operation in mappings(document))
        if isinstance(document, list) else _merges(document, one)
        for document in documents
    )  # fmt: skip


def _moves(operation: Mapping[str, Any], one: Pairs) -> bool:
    """Whether an operation of a JSON6902 patch is about them."""
    last = str(operation.get("path", "")).rpartition("/")[2]
    key = last.replace("~1", "/").replace("~0", "~")
    return "from" in operation or key in _HOLDING or key in one.pairs


def _merges(part: object, one: Pairs) -> bool:
    """Whether a part of a strategic merge patch is about them."""
    if isinstance(part, list):
        return any(_merges(item, one) for item in part)
    return isinstance(part, dict) and any(
        key in one.pairs or key == "$patch" or (item is None and key in _HOLDING)
        or _merges(item, one)
        for key, item in part.items()
    )  # fmt: skip


def _put(layers: Sequence[Layer], mine: Sequence[Pairs], item: Object) -> Iterator[Pairs]:
    """What was put on an object before: by lower layers, and by `mine` of the last one."""
    for layer in layers[:-1]:
        if any(item is one for one in layer.objects):
            yield from pairs(layer.kustomization)
    yield from mine


def _has(item: Object, wanted: Pairs, put: Sequence[Pairs]) -> bool:
    """Whether an object has all pairs in all places."""
    for where in wanted.where:
        before: dict[str, str] = {}
        for one in put:
            if one.part == wanted.part and where in one.where:
                before |= one.pairs
        for written in _places(item, where, wanted.part):
            if not wanted.pairs.items() <= (_texts(written) | before).items():
                return False
    return True


def _places(item: Object, where: str, part: str) -> Iterator[Any]:
    """The labels or annotations, or selectors, of an object."""
    if where == _OWN:
        yield mapping(item.get("metadata")).get(part)
        return
    spec = mapping(item.get("spec"))
    job = mapping(spec.get("jobTemplate"))
    if where == _INSIDE:
        made = [spec.get("template"), job, mapping(job.get("spec")).get("template")]
        made += mappings(spec.get("volumeClaimTemplates"))
        for one in made:
            if one:
                yield mapping(mapping(one).get("metadata")).get(part)
    elif item.get("kind") in ("Service", "ReplicationController"):
        yield spec.get("selector")
    else:
        yield from _selecting(spec)


def _selecting(value: Any) -> Iterator[Any]:  # noqa: ANN401 - any part of an object
    """All that selects by labels, at any depth."""
    if isinstance(value, list):
        for item in value:
            yield from _selecting(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "matchLabels":
                yield item
            else:
                yield from _selecting(item)
