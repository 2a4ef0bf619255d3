"""Parts of `local/` that something else of the same overlay overrules, without a word.

kustomize applies the components of an overlay after its generators and before all else, and
`local/` is one: the overlay's own `patches`, `labels`, `images`, `replicas` and `namespace` come
after. What a lower layer sets is there to be overruled, and a value that is there already is what
its patch asks for: neither is spoken of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from fcgitops.core.errors import InputError
from fcgitops.kubernetes.objects import Object, mapping, mappings
from fcgitops.manifests.overlay import NAME
from fcgitops.programs.namehash import without_hash
from fcgitops.text import yamlio
from fcgitops.verify import fieldpaths, labelled
from fcgitops.verify.layers import Kustomization, image_matches, patch_text, replacements
from fcgitops.verify.registry import Fault, Faults
from fcgitops.verify.targets import selects


class _Operation(NamedTuple):
    """One operation of a JSON6902 patch."""

    target: dict[str, Any]
    kind: str
    parts: tuple[str, ...]
    """Its path."""
    value: Any
    line: int
    """Of the patch, in the kustomization."""

    def disturbs(self, other: _Operation) -> bool:
        """Whether it may change what an earlier one has written, or where that stands."""
        shared = min(len(self.parts), len(other.parts))
        moves = self.parts[-1].isdigit() or self.parts[-1] == "-"  # elements of a list
        upto = shared - 1 if moves else shared
        return self.parts[:upto] == other.parts[:upto]


def faults(
    kustomization: Kustomization, overlay: Kustomization, rendered: Sequence[Object]
) -> Faults:
    """What the overlay sets again, so that `local/` has no say in it.

    Args:
        kustomization: `local/` of an overlay.
        overlay: the overlay's own.
        rendered: what the overlay renders.
    """
    yield from _patches(kustomization, rendered)
    yield from _labels(kustomization, overlay, rendered)
    yield from _replacements(kustomization, overlay, rendered)
    yield from _images(kustomization, overlay)
    for entry, line in kustomization.entries("replicas"):
        if any(_again_counted(entry, other) for other, _ in overlay.entries("replicas")):
            what = f"replicas: {entry.get('name')} changes nothing"
            yield _say(kustomization, line, what)
    for home, line in kustomization.given("namespace"):
        if any(home != other for other, _ in overlay.given("namespace")):
            yield _say(kustomization, line, "namespace: it changes nothing")


def _again_counted(entry: object, other: object) -> bool:
    one, two = mapping(entry), mapping(other)
    return bool(one.get("name") == two.get("name") and one.get("count") != two.get("count"))


def _images(kustomization: Kustomization, overlay: Kustomization) -> Faults:
    """Tags and digests, of which the last that is given counts alone; and names."""
    for entry, line in kustomization.entries("images"):
        one = mapping(entry)
        names = {str(one.get("name")), str(one.get("newName") or one.get("name"))}
        for other in map(mapping, (found for found, _ in overlay.entries("images"))):
            both = all(image_matches(other.get("name"), name) for name in names)
            if not both or _of_image(one) == _of_image(other):
                continue
            if any(_of_image(other)[1:]) and (other.get("newName") or not one.get("newName")):
                yield _say(kustomization, line, f"images: {one.get('name')} changes nothing")


def _of_image(entry: dict[str, Any]) -> tuple[object, ...]:
    return tuple(entry.get(key) for key in ("newName", "newTag", "digest"))


def _patches(kustomization: Kustomization, rendered: Sequence[Object]) -> Faults:
    """A value of a patch of which the objects that it is for have another one."""
    operations = list(_operations(kustomization))
    for i, one in enumerate(operations):
        later = operations[i + 1 :]
        if one.kind == "remove" or any(other.disturbs(one) for other in later):
            continue
        if type(one.value) not in (str, int, bool):
            continue
        found = [_at(o, one.parts) for o in rendered if selects(one.target, o)]
        if found and all(_is_another(value, one.value) for value in found):
            what = f"the patch changes nothing at /{'/'.join(one.parts)}"
            yield _say(kustomization, one.line, what)


def _say(kustomization: Kustomization, line: int, what: str) -> Fault:
    hint = "patches, images, replicas and namespace of its own kustomization.yaml come last"
    return Fault(f"{what}: the overlay sets it again", hint, file=kustomization.file, line=line)


def _labels(
    kustomization: Kustomization, overlay: Kustomization, rendered: Sequence[Object]
) -> Faults:
    """Labels and annotations of which every object has the overlay's own value."""
    last = [(one.part, key) for one in labelled.pairs(overlay) for key in one.pairs]
    for one in labelled.pairs(kustomization):
        found = [mapping(mapping(o.get("metadata")).get(one.part)) for o in rendered]
        for key, value in one.pairs.items():
            if (one.part, key) in last and all(str(has.get(key, value)) != value for has in found):
                yield _say(kustomization, one.line, f"{one.said}: {key} changes nothing")


def _replacements(
    kustomization: Kustomization, overlay: Kustomization, rendered: Sequence[Object]
) -> Faults:
    """Replacements all of whose targets the overlay's own kustomization writes to."""
    if not kustomization.has(("replacements",)):
        return
    last = list(_operations(overlay))
    for entry, line in replacements(kustomization):
        written = [
            (item, place)
            for target in mappings(entry.get("targets"))
            for item in rendered if _is_for(target, item)
            for path in target.get("fieldPaths") or ["metadata.name"]
            for place, _ in fieldpaths.locations(item, fieldpaths.parts(str(path)))
        ]  # fmt: skip
        if written and all(_again(overlay, last, item, place) for item, place in written):
            yield _say(kustomization, line, "the replacement changes nothing")


def _is_for(target: dict[str, Any], item: Object) -> bool:
    select = target.get("select")
    return isinstance(select, dict) and selects(select, item, anchored=False) and not any(
        selects(one, item, anchored=False) for one in mappings(target.get("reject"))
    )  # fmt: skip


def _again(
    overlay: Kustomization, operations: Sequence[_Operation], item: Object, place: tuple[str, ...]
) -> bool:
    """Whether the overlay's own kustomization writes to a place of an object."""
    if place == ("metadata", "namespace") and overlay.has(("namespace",)):
        return True
    return any(
        one.kind in ("add", "replace") and one.parts == place and selects(one.target, item)
        for one in operations
    )


def _operations(kustomization: Kustomization) -> Iterator[_Operation]:
    for key in ("patches", "patchesJson6902"):
        for entry, line in kustomization.entries(key):
            target = entry.get("target") if isinstance(entry, dict) else None
            if not isinstance(target, dict):
                continue
            try:
                listed = yamlio.load(patch_text(kustomization, entry).encode(), "patch")
            except InputError:
                continue
            for item in listed if isinstance(listed, list) else ():
                if isinstance(item, dict) and isinstance(item.get("path"), str):
                    path = item["path"].strip("/").split("/")
                    parts = tuple(p.replace("~1", "/").replace("~0", "~") for p in path)
                    yield _Operation(target, str(item.get("op")), parts, item.get("value"), line)


def _at(item: Any, parts: Sequence[str]) -> Any:  # noqa: ANN401 - any part of an object
    """The value at a path; None where it is not known to be the same place as it was before.

    Of lists that is so of the one container alone that has FrameworkController's name.
    """
    for part in parts:
        if isinstance(item, dict):
            item = item.get(part)
        elif isinstance(item, list) and part.isdigit() and int(part) < len(item):
            item = item[int(part)]
            if not isinstance(item, dict) or item.get("name") != NAME:
                return None
        else:
            return None
    return item


def _is_another(value: Any, wanted: Any) -> bool:  # noqa: ANN401 - of any type
    """Whether a rendered value is not the one that was patched, but for a hash in a name."""
    if value is None or type(value) is not type(wanted):
        return False
    return bool(value != wanted) and (type(value) is not str or without_hash(value) != wanted)
