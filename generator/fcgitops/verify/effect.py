"""Parts of an overlay that change nothing: kustomize exits 0 on each of them.

Source: kustomize 5.8, api/filters/imagetag, and `targets`; tried with 5.5 to 5.8.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from fcgitops.core.errors import InputError
from fcgitops.core.findings import HAZARD, REJECT
from fcgitops.kubernetes.objects import Object, mappings
from fcgitops.model import layout
from fcgitops.programs.namehash import without_hash
from fcgitops.text import yamlio
from fcgitops.text.values import did_you_mean
from fcgitops.verify import already, overruled
from fcgitops.verify.layers import (
    GENERATORS,
    Kustomization,
    image_matches,
    patch_text,
    plain,
    replacements,
)
from fcgitops.verify.registry import Fault, Faults
from fcgitops.verify.subjects import LAYERS, Layered, named
from fcgitops.verify.targets import selects


@LAYERS.check("FCG43", HAZARD)
def without_effect(r: Layered) -> Faults:
    """Every part of an overlay, in any layer, finds what it is for, and changes it.

    A patch, an image, a replacement, a label, a generator. One that writes what stands there
    already is an info: it may be there to hold a value.
    """
    layers = r.reader.layers(r.folder)
    local = Path(os.path.realpath(r.folder / layout.LOCAL))
    rendered = [_before_hash(item) for item in r.objects]
    for number, layer in enumerate(layers, 1):
        yield from _repeated(layer.kustomization)
        yield from _dropped(layer.kustomization)
        if layer.unread:
            continue
        known = [*layer.objects, *rendered]
        yield from _patches(layer.kustomization, known)
        again: list[Fault] = []
        if local in (layer.kustomization.folder, *layer.kustomization.folder.parents):
            last = layers[-1].kustomization
            again = list(overruled.faults(layer.kustomization, last, r.objects))
        yield from again
        for kustomization in (layer.kustomization, *_transforming(layer.kustomization)):
            yield from _images(kustomization, layer.images)
            yield from _replacements(kustomization, known)
        told = {fault.line for fault in again}
        yield from (f for f in already.faults(layers[:number], rendered) if f.line not in told)
        yield from _labels(layer.kustomization)
        yield from _merges(layer.kustomization)
        yield from _everywhere(layer.kustomization)
        yield from _options(layer.kustomization, is_top=layer is layers[-1])


def _before_hash(item: Object) -> Object:
    """What is rendered, as patches see it: a name gets its hash at the very end."""
    meta = item.get("metadata") or {}
    name = without_hash(str(meta.get("name", "")))
    return item if name == meta.get("name") else item | {"metadata": meta | {"name": name}}


def _builtin(kustomization: Kustomization) -> Iterator[tuple[dict[str, Any], int]]:
    """The transformers of kustomize itself that a kustomization names, and the lines where it does.

    https://kubectl.docs.kubernetes.io/references/kustomize/builtins/
    """
    for entry, line in kustomization.entries("transformers"):
        with suppress(InputError):
            for node in yamlio.compose_all(patch_text(kustomization, entry)):
                value = plain(node)
                if isinstance(value, dict) and value.get("apiVersion") == "builtin":
                    yield value, line


def _transforming(kustomization: Kustomization) -> Iterator[Kustomization]:
    """Its transformers, each as the kustomization that would say the same on that line."""
    for value, line in _builtin(kustomization):
        image = value.get("imageTag")
        same = {"images": [image] if image else [], "replacements": value.get("replacements")}
        text = "\n" * (line - 1) + json.dumps({k: v for k, v in same.items() if v})
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if isinstance(node, yaml.MappingNode):
            yield kustomization._replace(node=node)


def _everywhere(kustomization: Kustomization) -> Faults:
    """Transformers that have to say where: a kustomization's own keys know the usual places."""
    for value, line in _builtin(kustomization):
        kind = value.get("kind")
        if kind in ("LabelTransformer", "AnnotationsTransformer") and not value.get("fieldSpecs"):
            what = f"{kind} changes nothing: it has no fieldSpecs"
            yield _say(kustomization, line, what, "path: metadata/labels, create: true")


_OF_THE_TOP = ("sortOptions", "buildMetadata")
_GENERATORS = (*GENERATORS, "generators", "helmCharts")


def _options(kustomization: Kustomization, *, is_top: bool) -> Faults:
    """Keys that are for something else in the same file, or for the one that is built."""
    lines = {key.value: key.start_mark.line + 1 for key, _ in kustomization.node.value}
    if "generatorOptions" in lines and not lines.keys() & set(_GENERATORS):
        what = "generatorOptions changes nothing: it is for generators of the same file alone"
        yield _say(kustomization, lines["generatorOptions"], what, "options of the generator")
    for key in _OF_THE_TOP if not is_top else ():
        if key in lines:
            what = f"{key} changes nothing here: kustomize heeds it where it builds, alone"
            yield _say(kustomization, lines[key], what, "the overlay's own kustomization.yaml")


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
            text = patch_text(kustomization, entry)
            for name in _twice(text):
                what = f"the patch repeats the key '{name}': one of the two changes nothing"
                yield _say(kustomization, line, what, yamlio.KEEP_ONE)
            if key != "patchesStrategicMerge" and _follows(text, yaml.SequenceNode):
                what = "the patch changes nothing from its second document on"
                yield _say(kustomization, line, what, _ONE_DOCUMENT)


def _dropped(kustomization: Kustomization) -> Faults:
    """Documents after the first one, where kustomize reads that one alone."""
    if kustomization.dropped:
        what = "changes nothing from here on: kustomize reads the first document alone"
        yield _say(kustomization, kustomization.dropped, what, _ONE_DOCUMENT)
    for entry, line in kustomization.entries("replacements"):
        text = patch_text(kustomization, entry) if "path" in entry else ""
        if _follows(text, yaml.Node):
            what = f"of {entry.get('path')} all but the first document changes nothing"
            yield _say(kustomization, line, what, _ONE_DOCUMENT)


_ONE_DOCUMENT = "one document, without ---"


@functools.lru_cache(maxsize=64)
def _follows(text: str, kind: type[yaml.Node]) -> bool:
    """Whether a first document of a kind is followed by others; merge patches may be many."""
    if "\n---" not in text:
        return False
    with suppress(InputError):
        documents = yamlio.compose_all(text)
        return isinstance(documents[0], kind) and bool(yamlio.further(documents))
    return False


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
    if isinstance(node, yaml.MappingNode):  # nothing but what it is for
        value = plain(node)
        more = value.keys() - {"apiVersion", "kind", "metadata"}
        meta = value.get("metadata")
        return not more and isinstance(meta, dict) and not meta.keys() - {"name", "namespace"}
    return node is None or (isinstance(node, yaml.SequenceNode) and not node.value)


def _images(kustomization: Kustomization, names: Collection[str]) -> Faults:
    for entry, line in kustomization.entries("images"):
        if not isinstance(entry, dict):
            continue
        wanted = entry.get("name")
        if not any(image_matches(wanted, name) for name in names):
            what = f"images: no container runs {wanted} here"
            hint = did_you_mean(str(wanted), sorted(names))
            yield _say(kustomization, line, what, hint)
        elif not {"newName", "newTag", "digest", "tagSuffix"} & entry.keys():
            what = f"images: {wanted} gets no newName, newTag or digest"
            yield _say(kustomization, line, what, "take it out")


def _replacements(kustomization: Kustomization, known: list[Object]) -> Faults:
    for entry, line in replacements(kustomization):
        source = entry.get("source")
        if isinstance(source, dict) and source.get("kind") and not _any(source, known):
            what = f"the replacement has no source: no object is {_described(source)}"
            yield _say(kustomization, line, what, _near(source, known))
        for target in mappings(entry.get("targets")):
            select = target.get("select")
            if isinstance(select, dict) and not _any(select, known):
                what = f"the replacement changes nothing: no object is {_described(select)}"
                yield _say(kustomization, line, what, _near(select, known))
            elif isinstance(select, dict) and not any(
                selects(select, item, anchored=False)
                and not any(_any(one, [item]) for one in mappings(target.get("reject")))
                for item in known
            ):
                what = "the replacement changes nothing: what it selects it rejects"
                yield _say(kustomization, line, what, "reject")
            if not target.get("fieldPaths", ["metadata.name"]):
                yield _say(kustomization, line, "the replacement changes nothing: no fieldPaths")


def _labels(kustomization: Kustomization) -> Faults:
    for entry, line in kustomization.entries("labels"):
        if isinstance(entry, dict) and not entry.get("pairs"):
            yield _say(kustomization, line, "labels: without pairs it changes nothing", "pairs")


def _merges(kustomization: Kustomization) -> Faults:
    """Generators that are to add to one of a layer below, and have nothing to add."""
    for key in GENERATORS:
        for entry, line in kustomization.entries(key):
            merges = isinstance(entry, dict) and entry.get("behavior") == "merge"
            if merges and not any(entry.get(added) for added in _ADDED):
                what = f"{key}: {entry.get('name')} merges nothing"
                yield _say(kustomization, line, what, "files or literals")


_ADDED = ("files", "literals", "envs", "env", "options")


def _any(target: dict[str, Any], known: list[Object]) -> bool:
    return any(selects(target, item, anchored=False) for item in known)


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
    """A selector as a message has it: app=frameworkcontroller."""
    if isinstance(selector, dict) and list(selector) == ["matchLabels"]:
        selector = selector["matchLabels"]
    if not isinstance(selector, dict):
        return str(selector)
    return ", ".join(f"{key}={value}" for key, value in selector.items())
