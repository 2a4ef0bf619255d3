"""Parts of an overlay that change nothing: kustomize exits 0 on each of them.

Source: kustomize 5.8, api/resmap/selector.go and api/filters/imagetag; tried with 5.5 to 5.8.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import Any

import yaml

from fcgitops.core.errors import InputError
from fcgitops.core.findings import HAZARD, REJECT
from fcgitops.kubernetes.objects import mappings
from fcgitops.text import yamlio
from fcgitops.text.values import did_you_mean
from fcgitops.verify.judged import named
from fcgitops.verify.layers import Kustomization, Layer, image_matches, patch_text
from fcgitops.verify.registry import Fault, Faults
from fcgitops.verify.subjects import LAYERS, Layered, Object


@LAYERS.check("FCG43", HAZARD)
def without_effect(r: Layered) -> Faults:
    """Every patch, image and replacement of an overlay, in any layer, finds what it is for."""
    for layer in r.reader.layers(r.folder):
        yield from _repeated(layer.kustomization)
        if layer.unread:
            continue
        known = [*layer.objects, *r.objects]
        kustomization = layer.kustomization
        yield from _patches(kustomization, known)
        yield from _images(layer)
        yield from _replacements(kustomization, known)
        yield from _labels(kustomization)


def _say(kustomization: Kustomization, line: int, message: str, hint: str = "") -> Fault:
    return Fault(message, hint, file=kustomization.file, line=line)


def _repeated(kustomization: Kustomization) -> Faults:
    """Keys that are given twice.

    Of the two kustomize takes the last one, of some patches the first; objects with such a key it
    refuses.
    """
    for name, line in yamlio.repeated_keys(kustomization.node):
        what = f"repeats the key '{name}': one of the two changes nothing"
        yield _say(kustomization, line, what, yamlio.KEEP_ONE)
    for key in ("patches", "patchesJson6902", "patchesStrategicMerge"):
        for entry, line in kustomization.entries(key):
            for name in _twice(patch_text(kustomization, entry)):
                what = f"the patch repeats the key '{name}': one of the two changes nothing"
                yield _say(kustomization, line, what, yamlio.KEEP_ONE)


@functools.lru_cache(maxsize=64)  # those of layers that environments share
def _twice(text: str) -> tuple[str, ...]:
    """The keys that the text of a patch repeats; none of one that cannot be read."""
    try:
        roots = yamlio.compose_all(text)
    except InputError:
        return ()
    return tuple(name for root in roots for name, _ in yamlio.repeated_keys(root))


def _patches(kustomization: Kustomization, known: list[Object]) -> Faults:
    for key in ("patches", "patchesJson6902"):
        for entry, line in kustomization.entries(key):
            if not isinstance(entry, dict):
                continue
            target = entry.get("target")
            if isinstance(target, dict) and not any(selects(target, o) for o in known):
                what = f"the patch changes nothing: no object is {_described(target)}"
                yield _say(kustomization, line, what, _near(target, known))
            elif _empty(patch_text(kustomization, entry)):
                what = "the patch changes nothing: it is empty"
                yield _say(kustomization, line, what, "take it out")


def _empty(text: str) -> bool:
    try:
        node = yamlio.compose(text.encode(), "patch")
    except InputError:
        return False
    return node is None or (isinstance(node, yaml.SequenceNode) and not node.value)


def _images(layer: Layer) -> Faults:
    for entry, line in layer.kustomization.entries("images"):
        if not isinstance(entry, dict):
            continue
        wanted = entry.get("name")
        if not any(image_matches(wanted, name) for name in layer.images):
            what = f"images: no container runs {wanted} here"
            hint = did_you_mean(str(wanted), sorted(layer.images))
            yield _say(layer.kustomization, line, what, hint)
        elif not {"newName", "newTag", "digest", "tagSuffix"} & entry.keys():
            what = f"images: {wanted} gets no newName, newTag or digest"
            yield _say(layer.kustomization, line, what, "take it out")


def _replacements(kustomization: Kustomization, known: list[Object]) -> Faults:
    for entry, line in _inline(kustomization):
        source = entry.get("source")
        if isinstance(source, dict) and source.get("kind") and not _any(source, known):
            what = f"the replacement has no source: no object is {_described(source)}"
            yield _say(kustomization, line, what, _near(source, known))
        for target in mappings(entry.get("targets")):
            select = target.get("select")
            if isinstance(select, dict) and not _any(select, known):
                what = f"the replacement changes nothing: no object is {_described(select)}"
                yield _say(kustomization, line, what, _near(select, known))
            if not target.get("fieldPaths", ["metadata.name"]):
                yield _say(kustomization, line, "the replacement changes nothing: no fieldPaths")


def _inline(kustomization: Kustomization) -> Iterator[tuple[dict[str, Any], int]]:
    """The replacements of a kustomization; those of another file at the line that names it."""
    for entry, line in kustomization.entries("replacements"):
        if not isinstance(entry, dict):
            continue
        if "path" not in entry:
            yield entry, line
            continue
        try:
            data = (kustomization.folder / str(entry["path"])).read_bytes()
            found = yamlio.load(data, str(entry["path"]))
        except (InputError, OSError):
            continue
        for item in mappings(found if isinstance(found, list) else [found]):
            yield item, line


def _labels(kustomization: Kustomization) -> Faults:
    for entry, line in kustomization.entries("labels"):
        if isinstance(entry, dict) and not entry.get("pairs"):
            yield _say(kustomization, line, "labels: without pairs it changes nothing", "pairs")
    for key in ("configMapGenerator", "secretGenerator"):
        for entry, line in kustomization.entries(key):
            sources = ("files", "literals", "envs", "env")
            merges = isinstance(entry, dict) and entry.get("behavior") == "merge"
            if merges and not any(entry.get(source) for source in sources):
                more = entry.get("options")
                if not more:
                    what = f"{key}: {entry.get('name')} merges nothing"
                    yield _say(kustomization, line, what, "files or literals")


def _any(target: dict[str, Any], known: list[Object]) -> bool:
    return any(selects(target, item, anchored=False) for item in known)


def selects(target: dict[str, Any], item: Object, *, anchored: bool = True) -> bool:
    """Whether a target or a select takes an object.

    Args:
        target: group, version, kind, name, namespace, labelSelector, annotationSelector; of a
            patch these are patterns for the whole value.
        item: an object, as written or as rendered.
        anchored: False for replacements, which compare texts.
    """
    meta = item.get("metadata") or {}
    group, _, version = str(item.get("apiVersion", "")).rpartition("/")
    has = {"group": group, "version": version, "kind": str(item.get("kind", ""))}
    for key, value in has.items():
        if target.get(key) and not _like(target[key], value, anchored):
            return False
    name = str(meta.get("name", ""))
    if target.get("name") and not any(
        _like(target["name"], one, anchored) for one in {name, _HASH.sub("", name)}
    ):
        return False
    # A namespace comes with a layer, which the object as it is written does not show.
    home = str(meta.get("namespace", ""))
    if target.get("namespace") and home and not _like(target["namespace"], home, anchored):
        return False
    return _matches(target.get("labelSelector"), meta.get("labels")) and _matches(
        target.get("annotationSelector"), meta.get("annotations")
    )


_HASH = re.compile(r"-[bcdfghkmt2456789]{10}$")
"""What kustomize appends to the names that it generates."""


def _like(pattern: object, value: str, anchored: bool) -> bool:
    if not anchored:
        return pattern == value
    try:
        return re.fullmatch(str(pattern), value) is not None
    except re.error:
        return True  # kustomize refuses it


def _matches(selector: object, given: object) -> bool:
    """Whether labels are what a selector in text form asks for; of sets it is not asked."""
    if not selector:
        return True
    labels = given if isinstance(given, dict) else {}
    for part in re.split(r",(?![^(]*\))", str(selector)):
        text = part.strip()
        if " in " in text or " notin " in text:
            continue
        if "!=" in text:
            key, _, value = text.partition("!=")
            if labels.get(key.strip()) == value.strip():
                return False
        elif "=" in text:
            key, _, value = text.replace("==", "=").partition("=")
            if str(labels.get(key.strip())) != value.strip():
                return False
        elif text.startswith("!"):
            if text[1:].strip() in labels:
                return False
        elif text and text not in labels:
            return False
    return True


def _described(target: dict[str, Any]) -> str:
    return " ".join(f"{key} {value}" for key, value in target.items() if value) or "left"


def _near(target: dict[str, Any], known: list[Object]) -> str:
    """What may have been meant: an object of the kind, or a kind."""
    names = sorted({named(item) for item in known})
    wanted = f"{target.get('kind', '')} {target.get('name', '')}".strip()
    hint = did_you_mean(wanted, names)
    kinds = sorted({str(item.get("kind")) for item in known})
    return hint if hint.startswith("did") else did_you_mean(target.get("kind", ""), kinds)


@LAYERS.check("FCG42", REJECT)
def selectors_kept(r: Layered) -> Faults:
    """A StatefulSet keeps the selector that its base has: no API server changes it."""
    layers = r.reader.layers(r.folder)
    if not layers:
        return
    written = {
        str((o.get("metadata") or {}).get("name")): (o.get("spec") or {}).get("selector")
        for o in layers[-1].objects
        if o.get("kind") == "StatefulSet"
    }
    for item in r.objects:
        if item.get("kind") != "StatefulSet":
            continue
        before = written.get(str(item["metadata"].get("name")))
        now = (item.get("spec") or {}).get("selector")
        if before is not None and now != before:
            what = f"is {_short(now)}, in the base {_short(before)}: on a cluster that has the "
            what += "StatefulSet the sync fails, since its selector cannot be changed"
            hint = "labels: {includeTemplates: true} instead of includeSelectors or commonLabels"
            yield Fault(what, hint, object=named(item), path="spec.selector")


def _short(selector: object) -> str:
    if isinstance(selector, dict) and list(selector) == ["matchLabels"]:
        selector = selector["matchLabels"]
    return (
        ", ".join(f"{k}={v}" for k, v in selector.items())
        if isinstance(selector, dict)
        else (str(selector))
    )
