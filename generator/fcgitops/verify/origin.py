"""Where what is rendered comes from: the file and the line of a cause, as far as the files tell.

kustomize does not say it. A patch of the very field is the cause where there is one, the last one
that is applied; then a transformer, such as `images:`; then the file that has the object.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from fcgitops.core.errors import InputError
from fcgitops.text import yamlio
from fcgitops.verify.layers import Kustomization, Reader, plain
from fcgitops.verify.targets import selects

Tokens = tuple[str, ...]
"""The keys of a field's path, without the places in lists."""

_TRANSFORMERS = {
    "image": ("images",),
    "replicas": ("replicas",),
    "namespace": ("namespace",),
    "labels": ("labels", "commonLabels"),
    "selector": ("labels", "commonLabels"),
    "annotations": ("commonAnnotations",),
}
"""Key in an object → the keys of a kustomization that change it in all objects."""
_GENERATORS = {"ConfigMap": "configMapGenerator", "Secret": "secretGenerator"}


@dataclass(frozen=True, order=True)
class _Place:
    """A candidate: the better one is the greater one."""

    depth: int
    """How many keys of the path it shares; 0 for what is about the whole object."""
    layer: int
    file: str
    line: int


def origin(reader: Reader, folder: Path, wanted: str, path: str) -> tuple[str, int]:
    """The file, from the repository's top, and the line of a field's cause.

    Args:
        reader: of the repository.
        folder: the overlay's.
        wanted: kind and name of the object, as they are rendered.
        path: the field, such as spec.template.spec.containers[0].image.

    Returns:
        An empty name and 0 where nothing tells.
    """
    kind, _, name = wanted.partition(" ")
    tokens = _tokens(path)
    found: list[_Place] = []
    definitions: list[_Place] = []
    for number, layer in enumerate(reader.layers(folder)):
        files = _Files(reader, layer.kustomization, number)
        found += files.patches(kind, name, tokens)
        found += files.transformers(tokens)
        definitions += files.definitions(kind, name, tokens)
    best = max(found, default=None) or max(definitions, default=None)
    return (best.file, best.line) if best else ("", 0)


def line_of(text: str, path: str) -> int:
    """The line of a key in a file of YAML, or of the one above it that is there; 0 for none.

    Args:
        text: of the file.
        path: of its key, such as labels.example.com/team: names may have dots.
    """
    line = 0
    node: yaml.Node | None = next(iter(_documents(text)), None)
    while isinstance(node, yaml.MappingNode) and path:
        fits = [
            (key, value) for key, value in node.value
            if path == key.value or path.startswith((f"{key.value}.", f"{key.value}["))
        ]  # fmt: skip
        if not fits:
            break
        key, node = max(fits, key=lambda pair: len(pair[0].value))
        line, path = key.start_mark.line + 1, path[len(key.value) + 1 :]
    return line


def _tokens(path: str) -> Tokens:
    return tuple(filter(None, re.sub(r"\[[^\]]*\]", "", path).split(".")))


def _pointed(pointer: str) -> Tokens:
    parts = (part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/"))
    return tuple(part for part in parts if part and part != "-" and not part.isdigit())


class _Files:
    """What one kustomization's files say of an object's field."""

    def __init__(self, reader: Reader, kustomization: Kustomization, layer: int) -> None:
        self.reader = reader
        self.kustomization = kustomization
        self.layer = layer

    def _place(self, depth: int, line: int, file: str = "") -> _Place:
        return _Place(depth, self.layer, file or self.kustomization.file, line)

    def _nodes(self, key: str) -> Iterator[yaml.Node]:
        for name, value in self.kustomization.node.value:
            if getattr(name, "value", None) == key and isinstance(value, yaml.SequenceNode):
                yield from value.value

    def patches(self, kind: str, name: str, tokens: Tokens) -> Iterator[_Place]:
        """The patches that set the field, or what holds it, or a part of it."""
        for key in ("patches", "patchesJson6902", "patchesStrategicMerge"):
            for entry in self._nodes(key):
                target = plain(entry).get("target") if isinstance(entry, yaml.MappingNode) else None
                thing = {"kind": kind, "metadata": {"name": name}}
                if isinstance(target, dict) and not selects(_of_names(target), thing):
                    continue
                for text, file, first in self._texts(entry):
                    for depth, line in _set_by(text, kind, name, tokens):
                        yield self._place(depth, first + line if first else line, file)

    def _texts(self, entry: yaml.Node) -> Iterator[tuple[str, str, int]]:
        """A patch's text, its file, and how many lines of the file are above it."""
        values = {"patch": entry, "path": entry}
        if isinstance(entry, yaml.MappingNode):
            values = {key.value: value for key, value in entry.value}
        inline = values.get("patch")
        if isinstance(inline, yaml.ScalarNode) and (inline is not entry or "\n" in inline.value):
            literal = inline.style in ("|", ">")
            yield inline.value, "", inline.start_mark.line + (1 if literal else 0)
        elif isinstance(path := values.get("path"), yaml.ScalarNode):
            file = self.kustomization.folder / path.value
            if (text := _read(file)) is not None:
                yield text, os.path.relpath(file, self.reader.root), 0

    def transformers(self, tokens: Tokens) -> Iterator[_Place]:
        """What changes such a field in all objects."""
        keys = {key for token in tokens for key in _TRANSFORMERS.get(token, ())}
        for name, _ in self.kustomization.node.value:
            if getattr(name, "value", None) in keys:
                yield self._place(0, name.start_mark.line + 1)

    def definitions(self, kind: str, name: str, tokens: Tokens) -> Iterator[_Place]:
        """The file that has the object, or what generates it."""
        for entry in self._nodes("resources"):
            file = self.kustomization.folder / str(getattr(entry, "value", ""))
            if not file.is_file() or (text := _read(file)) is None:
                continue
            for document in _documents(text):
                if _is(document, kind, name):
                    depth, node = _walk(document, tokens)
                    path = os.path.relpath(file, self.reader.root)
                    yield self._place(depth, node.start_mark.line + 1, path)
        for entry in self._nodes(_GENERATORS.get(kind, "")):
            called = (
                str(plain(entry).get("name", "")) if isinstance(entry, yaml.MappingNode) else ""
            )
            if called and name.startswith(called):
                yield self._place(0, entry.start_mark.line + 1)


def _of_names(target: dict[str, object]) -> dict[str, object]:
    """The part of a target that can be told by kind and name alone."""
    return {key: value for key, value in target.items() if key in ("kind", "name")}


def _set_by(text: str, kind: str, name: str, tokens: Tokens) -> Iterator[tuple[int, int]]:
    """How many keys of a path a patch's parts share, and their lines in it, from 1."""
    for document in _documents(text):
        if isinstance(document, yaml.SequenceNode):
            for operation in document.value:
                path = plain(operation).get("path") if _mapping(operation) else None
                found = _pointed(path) if isinstance(path, str) else ()
                shared = min(len(found), len(tokens))
                if found and found[:shared] == tokens[:shared]:
                    yield shared + 1, operation.start_mark.line + 1
        elif _is(document, kind, name):
            depth, node = _walk(document, tokens)
            if depth == len(tokens):
                yield depth + 1, node.start_mark.line + 1


def _documents(text: str) -> list[yaml.Node]:
    try:
        return yamlio.compose_all(text)
    except InputError:
        return []


def _mapping(node: yaml.Node) -> bool:
    return isinstance(node, yaml.MappingNode)


def _is(document: yaml.Node, kind: str, name: str) -> bool:
    if not _mapping(document):
        return False
    value = plain(document)
    meta = value.get("metadata")
    called = meta.get("name") if isinstance(meta, dict) else None
    return value.get("kind") == kind and called in (name, None)


def _walk(node: yaml.Node, tokens: Tokens) -> tuple[int, yaml.Node]:
    """How far a path leads into a node, through lists, and where to."""
    if isinstance(node, yaml.SequenceNode) and tokens:
        return max((_walk(item, tokens) for item in node.value), key=lambda found: found[0],
                   default=(0, node))  # fmt: skip
    for key, value in node.value if isinstance(node, yaml.MappingNode) and tokens else ():
        if key.value == tokens[0]:
            depth, found = _walk(value, tokens[1:])
            return depth + 1, found if depth else key
    return 0, node


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
