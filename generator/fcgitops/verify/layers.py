"""The kustomizations that an overlay is made of, as their files say, and what each is given.

Nothing is built here: objects are read from the files that kustomizations name, and followed
upwards as far as patches, images and replacements need it. Files that overlays share are read
once.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from fcgitops.core.errors import InputError
from fcgitops.kubernetes.objects import Object, mappings
from fcgitops.programs.parts import NAMES
from fcgitops.text import images, yamlio

GENERATORS = {"configMapGenerator": "ConfigMap", "secretGenerator": "Secret"}
"""Key of a kustomization → the kind of what is generated."""


class Kustomization(NamedTuple):
    """One kustomization file."""

    file: str
    """Relative to the repository's top."""
    folder: Path
    node: yaml.MappingNode
    dropped: int = 0
    """The line of a second document in its file, which kustomize does not read; 0 without one."""

    def entries(self, key: str) -> Iterator[tuple[Any, int]]:
        """The elements of a list in it, as values, with their lines."""
        for name, value in self.node.value:
            if getattr(name, "value", None) == key and isinstance(value, yaml.SequenceNode):
                for item in value.value:
                    yield plain(item), item.start_mark.line + 1

    def given(self, key: str) -> Iterator[tuple[Any, int]]:
        """The value of a key in it, whatever it is, with the key's line."""
        for name, value in self.node.value:
            if getattr(name, "value", None) == key:
                yield plain(value), name.start_mark.line + 1

    def has(self, keys: Collection[str]) -> bool:
        """Whether one of some keys is in it, and holds something."""
        return any(
            value.value for name, value in self.node.value if getattr(name, "value", None) in keys
        )


@dataclass
class Layer:
    """A kustomization, and what comes to it from below."""

    kustomization: Kustomization
    objects: list[Object] = field(default_factory=list)
    """What it and those below it read from files or generate; as written, before any change."""
    makers: list[Kustomization] = field(default_factory=list)
    """Those whose generators have run when it is done, in their order: its own run before those of
    its components."""
    images: set[str] = field(default_factory=set)
    """Names of images that its own `images:` finds."""
    unread: bool = False
    """Whether something below could not be read here, such as a URL: nothing is sure then."""


class Reader:
    """Reads the kustomizations of one repository, each once.

    Args:
        root: the repository's top.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(os.path.realpath(root))
        self._objects: dict[Path, list[Object]] = {}
        self._files: dict[Path, Kustomization | None] = {}
        self._shared: dict[Path, list[Layer]] = {}

    def layers(self, folder: Path) -> list[Layer]:
        """The kustomization in `folder` and all below it, those that are applied first first."""
        if folder in self._shared:  # a real path, then
            return self._shared[folder]
        folder = Path(os.path.realpath(folder))
        if folder not in self._shared:
            self._shared[folder] = []  # a circle ends here; kustomize refuses it
            self._shared[folder] = self._read(folder)
        return self._shared[folder]

    def forget(self, folder: Path) -> None:
        """Lets go of what was read below a folder: of a fleet it would fill the memory."""
        inside = f"{os.path.realpath(folder)}{os.sep}"
        known: tuple[dict[Path, Any], ...] = (self._objects, self._files, self._shared)
        for read in known:
            for path in [path for path in read if f"{path}{os.sep}".startswith(inside)]:
                del read[path]

    def _read(self, folder: Path) -> list[Layer]:
        kustomization = self.kustomization(folder)
        return [] if kustomization is None else self._layers(kustomization, Layer(kustomization))

    def _layers(self, kustomization: Kustomization, given: Layer) -> list[Layer]:
        """A kustomization and those below it; what it is given is as a layer hands it up."""
        objects, images, makers = given.objects, given.images, given.makers
        below: list[Layer] = []
        own: list[Object] = []
        unread = False
        for text, _ in (*kustomization.entries("resources"), *kustomization.entries("bases")):
            target = kustomization.folder / str(text)
            if "://" in str(text) or not target.exists():
                unread = True
            elif target.is_dir():
                inner = self.layers(target)
                below += [layer for layer in inner if layer not in below]
                if inner:
                    objects = objects + inner[-1].objects
                    images = images | renamed(inner[-1])
                    makers = makers + inner[-1].makers
                    unread |= inner[-1].unread
            else:
                own += self.objects(target)
        objects = [*objects, *own, *_generated(kustomization)]
        images = images | set(_images(own))
        makers = [*makers, kustomization]
        for text, _ in kustomization.entries("components"):
            folder = Path(os.path.realpath(kustomization.folder / str(text)))
            component = self.kustomization(folder)
            below_it = Layer(kustomization, objects, makers, images)
            inner = self._layers(component, below_it) if component else []
            below += inner
            unread |= inner[-1].unread if inner else True
            if inner:  # a component changes what it is given
                objects, images = inner[-1].objects, renamed(inner[-1])
                makers = inner[-1].makers
        images = images | set(_patched_images(kustomization))
        return [*below, Layer(kustomization, objects, makers, images, unread)]

    def kustomization(self, folder: Path) -> Kustomization | None:
        """The kustomization of a folder; None where there is none that can be read."""
        if folder not in self._files:
            self._files[folder] = self._load(folder)
        return self._files[folder]

    def _load(self, folder: Path) -> Kustomization | None:
        places = (folder / name for name in NAMES)
        path = next((place for place in places if os.path.isfile(place)), None)  # noqa: PTH113
        if path is None:
            return None
        try:
            node, dropped = _composed(path.read_bytes(), path.name)
        except (InputError, OSError):
            return None  # FCG00 says that it does not build
        file = os.path.relpath(path, self.root)
        if not isinstance(node, yaml.MappingNode):
            return None
        return Kustomization(file, folder, node, dropped)

    def objects(self, file: Path) -> list[Object]:
        """The objects of a file of resources; none of one that cannot be read."""
        if file not in self._objects:
            try:
                documents = yamlio.load_all(file.read_bytes(), file.name)
            except Exception:
                documents = []
            self._objects[file] = [d for d in documents if isinstance(d, dict) and "kind" in d]
        return self._objects[file]


@functools.lru_cache(maxsize=64)
def _composed(data: bytes, name: str) -> tuple[yaml.Node | None, int]:
    """As `yamlio.compose_first`: what nobody has edited in `local/` is the same everywhere."""
    return yamlio.compose_first(data, name)


def plain(node: yaml.Node) -> Any:  # noqa: ANN401
    """A node as dict, list or text."""
    if isinstance(node, yaml.MappingNode):
        return {str(getattr(key, "value", "")): plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [plain(item) for item in node.value]
    return node.value


def renamed(layer: Layer) -> set[str]:
    """The names of images that a layer hands up, after its own `images:`."""
    names = set(layer.images)
    for entry, _ in layer.kustomization.entries("images"):
        if isinstance(entry, dict) and entry.get("newName"):
            found = {name for name in names if image_matches(entry.get("name"), name)}
            if found:
                names = (names - found) | {entry["newName"]}
    return names


def image_matches(wanted: object, name: str) -> bool:
    """Whether an entry of `images:` is for images of a name: kustomize takes it as a pattern."""
    try:
        return re.fullmatch(str(wanted), name) is not None
    except re.error:
        return wanted == name


def _images(value: Any) -> Iterator[str]:  # noqa: ANN401
    """The names of all images in a value."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "image" and isinstance(item, str):
                yield images.split(item)[0]
            else:
                yield from _images(item)
    elif isinstance(value, list):
        for item in value:
            yield from _images(item)


def _generated(kustomization: Kustomization) -> Iterator[Object]:
    for key, kind in GENERATORS.items():
        for entry, _ in kustomization.entries(key):
            if isinstance(entry, dict) and entry.get("behavior", "create") == "create":
                meta = {"name": entry.get("name", ""), "namespace": entry.get("namespace", "")}
                options = [v for v, _ in kustomization.given("generatorOptions")]
                for given in mappings([*options, entry.get("options")]):
                    for part in ("labels", "annotations"):
                        if isinstance(given.get(part), dict):
                            meta[part] = {**meta.get(part, {}), **given[part]}
                yield {"apiVersion": "v1", "kind": kind, "metadata": meta}


def _patched_images(kustomization: Kustomization) -> Iterator[str]:
    """Images that patches may bring in."""
    for text in patch_texts(kustomization):
        for found in re.finditer(r"image\"?:\s*\"?([^\s\"',}]+)", text):
            yield images.split(found.group(1))[0]
        for found in re.finditer(r"/image\"?.*?value\"?:\s*\"?([^\s\"',}]+)", text, re.DOTALL):
            yield images.split(found.group(1))[0]


def patch_texts(kustomization: Kustomization) -> Iterator[str]:
    """The texts of all patches of a kustomization, from its own file or others."""
    for key in ("patches", "patchesStrategicMerge", "patchesJson6902"):
        for entry, _ in kustomization.entries(key):
            yield patch_text(kustomization, entry)


def patch_text(kustomization: Kustomization, entry: Any) -> str:  # noqa: ANN401
    """The text of one patch; "" where there is none to read."""
    if isinstance(entry, str):
        entry = {"patch": entry} if "\n" in entry else {"path": entry}
    if not isinstance(entry, dict):
        return ""
    if "patch" in entry:
        return str(entry["patch"])
    try:
        return (kustomization.folder / str(entry.get("path"))).read_text("utf-8", "replace")
    except OSError:
        return ""


def replacements(kustomization: Kustomization) -> Iterator[tuple[dict[str, Any], int]]:
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
