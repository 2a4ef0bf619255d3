"""Replacements, labels and generators that write what stands there already.

They change nothing of what is rendered. That may be meant, to hold a value against a change below
it, so it is told as an `info`, which fails nothing. kustomize is not asked a second time: what
stood there before is followed through the files, and where that is not certain nothing is said.

Source: kustomize 5.8, the order of api/internal/target/kusttarget_configplugin.go.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from fcgitops.core.errors import FcgitopsError
from fcgitops.core.findings import INFO
from fcgitops.kubernetes.objects import Object, mapping, mappings
from fcgitops.manifests.overlay import CONFIG_MAP
from fcgitops.model import layout
from fcgitops.text import yamlio
from fcgitops.verify import fieldpaths, generated, labelled
from fcgitops.verify.fieldpaths import Location
from fcgitops.verify.layers import GENERATORS, Kustomization, Layer, patch_text, replacements
from fcgitops.verify.registry import Fault, Faults
from fcgitops.verify.targets import selects

_UNKNOWN = object()
"""What stood there before is not certain."""
_FOREIGN = ("generators", "helmCharts", "transformers", "configurations", "openapi")
"""Keys whose objects or effects are not followed here."""
_CHANGED_BY = {
    "image": ("images",),
    "replicas": ("replicas",),
    "name": ("namePrefix", "nameSuffix"),
    "labels": ("labels", "commonLabels"),
    "matchLabels": ("labels", "commonLabels"),
    "selector": ("labels", "commonLabels"),
    "annotations": ("commonAnnotations",),
}
"""Key in an object → the keys of a kustomization that may change what is below it."""


class _Before(NamedTuple):
    """What a part of a kustomization is given."""

    layers: Sequence[Layer]
    """Those that are applied before, and its own."""
    rendered: Sequence[Object]

    @property
    def layer(self) -> Layer:
        """Its own."""
        return self.layers[-1]

    def has(self, keys: Collection[str]) -> bool:
        """Whether one of these layers has one of the keys."""
        return any(layer.kustomization.has(keys) for layer in self.layers)

    @property
    def namespace(self) -> str:
        """What `namespace:` says by then."""
        said = [v for one in self.layers for v, _ in one.kustomization.given("namespace")]
        return str(said[-1]) if said else ""


def faults(layers: Sequence[Layer], rendered: Sequence[Object]) -> Faults:
    """What the last of some layers writes that stands there already.

    Args:
        layers: those that are applied before, and the one that is asked about.
        rendered: what the kustomization renders, names without hashes.
    """
    kustomization = layers[-1].kustomization
    before = _Before(layers, rendered)
    if kustomization.has(_ASKED) and not before.has(_FOREIGN):
        yield from _labels(before)
        yield from _replacements(before)
        yield from _generators(before)


_ASKED = ("labels", "commonLabels", "commonAnnotations", "replacements", *GENERATORS)


def _say(kustomization: Kustomization, line: int, what: str) -> Fault:
    message = f"{what} changes nothing: what it writes stands there already"
    hint = "take it out, unless it is to hold a value against a change below it"
    return Fault(message, hint, severity=INFO, file=kustomization.file, line=line)


def _labels(before: _Before) -> Faults:
    """Labels and annotations that every object has already."""
    for one in labelled.without_effect(before.layers):
        yield _say(before.layer.kustomization, one.line, f"{one.said}: it")


def _replacements(before: _Before) -> Faults:
    """Replacements all of whose targets have the value already."""
    kustomization = before.layer.kustomization
    earlier: list[dict[str, Any]] = [
        entry for layer in before.layers[:-1] for entry, _ in replacements(layer.kustomization)
    ]
    for entry, line in replacements(kustomization):
        targets = mappings(entry.get("targets"))
        if targets and all(_holds(before, target, earlier) for target in targets):
            yield _say(kustomization, line, "the replacement")
        earlier.append(entry)


def _holds(before: _Before, target: dict[str, Any], earlier: Sequence[dict[str, Any]]) -> bool:
    """Whether all that a target leads to was before as it is rendered; False if it leads nowhere.

    What is set before, and set again afterwards, is as it was, whatever the replacement wrote.
    """
    select, rejected = target.get("select"), mappings(target.get("reject"))
    paths = target.get("fieldPaths") or ["metadata.name"]
    if not isinstance(select, dict) or not isinstance(paths, list):
        return False
    found = False
    for item in before.layer.objects:
        if not selects(select, item, anchored=False):
            continue
        if any(selects(one, item, anchored=False) for one in rejected):
            continue
        after = next((o for o in before.rendered if _same(o, item)), None)
        for path in paths:
            wanted = fieldpaths.parts(str(path))
            leads = list(fieldpaths.locations(after, wanted)) if after else []
            if not leads or any(_writes(one, item, wanted) for one in earlier):
                return False
            for place, value in leads:
                was = _was(before, item, place)
                if type(was) is not type(value) or was != value:
                    return False
                found = True
    return found


def _same(one: Object, other: Object) -> bool:
    return bool(
        one.get("kind") == other.get("kind")
        and mapping(one.get("metadata")).get("name") == mapping(other.get("metadata")).get("name")
    )


def _writes(entry: dict[str, Any], item: Object, wanted: list[str]) -> bool:
    """Whether another replacement may write to such a place of an object."""
    return any(
        isinstance(target.get("select"), dict)
        and selects(target["select"], item, anchored=False)
        and any(
            fieldpaths.parts(str(path))[-1:] == wanted[-1:]
            for path in target.get("fieldPaths") or ["metadata.name"]
        )
        for target in mappings(entry.get("targets"))
    )


def _was(before: _Before, item: Object, place: Location) -> Any:  # noqa: ANN401 - any part of an object
    """What stood at a place of an object before, as far as that is certain."""
    value: Any = item
    for key in place:
        if isinstance(value, list):
            value = value[int(key)] if key.isdigit() and int(key) < len(value) else _UNKNOWN
        else:
            value = mapping(value).get(key, _UNKNOWN)
    if place[-1] == "namespace":
        value = before.namespace or value
    if before.has([key for token in place for key in _CHANGED_BY.get(token, ())]):
        return _UNKNOWN
    for layer in before.layers:
        if not any(item is one for one in layer.objects):
            continue
        for key in ("patches", "patchesStrategicMerge", "patchesJson6902"):
            for entry, _ in layer.kustomization.entries(key):
                value = _patched(layer.kustomization, entry, item, place, value)
    return value


def _patched(
    kustomization: Kustomization, entry: object, item: Object, place: Location, value: object
) -> object:
    """What a patch leaves at a place."""
    target = entry.get("target") if isinstance(entry, dict) else None
    if isinstance(target, dict) and not selects(target, item):
        return value
    try:
        texts = patch_text(kustomization, entry)
        documents = yamlio.load_all(texts.encode())
    except FcgitopsError:
        return _UNKNOWN
    for document in documents:
        if isinstance(document, list):
            for operation in mappings(document):
                value = _operated(operation, place, value)
        elif isinstance(target, dict) or _same(mapping(document), item):
            value = _merged(document, place, value)
    return value


def _operated(operation: Mapping[str, Any], place: Location, value: object) -> object:
    """What an operation of a JSON6902 patch leaves at a place."""
    pointer = str(operation.get("path", "")).strip("/").split("/")
    path = tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer)
    if path == place and operation.get("op") in ("add", "replace"):
        return operation.get("value")
    moves = path[-1].isdigit() or path[-1] == "-"
    upto = min(len(path) - moves, len(place))
    touches = path[:upto] == place[:upto] and operation.get("op") not in ("test",)
    return _UNKNOWN if touches or "from" in operation else value


def _merged(document: object, place: Location, value: object) -> object:
    """What a strategic merge patch leaves at a place; lists are not followed."""
    for key in place:
        if not isinstance(document, dict) or "$patch" in document:
            return _UNKNOWN
        if key not in document:
            return value
        document = document[key]
    return document


def _generators(before: _Before) -> Faults:
    """Generators that add to one of a layer below what that has, or put the same in its place."""
    kustomization = before.layer.kustomization
    asked = [made for made in generated.of(kustomization) if _is_asked(kustomization, made)]
    if not asked:
        return
    held: dict[tuple[str, str], Mapping[str, bytes] | None] = {}
    for maker in before.layer.makers:
        for made in generated.of(maker):
            known, after = held.get((made.field, made.name)), made.data()
            if made.behavior == "merge" and after is not None:
                after = None if known is None else {**known, **after}
            held[made.field, made.name] = after
            if maker is kustomization and made in asked and after and after == known:
                yield _say(kustomization, made.line, f"{made.field}: {made.name}")
        if maker is kustomization:
            return


def _is_asked(kustomization: Kustomization, made: generated.Generated) -> bool:
    """Whether it changes another one by data alone, and is not what fcgitops generates.

    An environment's own file may be like its variant's.
    """
    folder, _, name = kustomization.file.rpartition("/")
    own = folder.startswith(f"{layout.OVERLAYS}/") and folder.count("/") == 1
    is_ours = own and name == layout.KUSTOMIZATION_FILE and made.name == CONFIG_MAP
    return made.behavior != "create" and not made.has_options and not is_ours
