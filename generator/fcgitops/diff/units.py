"""What a state of a repository deploys, and which of its files each part is rendered from.

A unit is what people speak of: an environment with its NNI and its entry points, an experiment, or
Argo CD's entry point, which all environments share. Nothing here is rendered.
"""

from __future__ import annotations

import bisect
import hashlib
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from fcgitops.core.lazy import regex
from fcgitops.git.history import LINK, State
from fcgitops.model import layout
from fcgitops.model.kustomization import may_take_files
from fcgitops.model.synctools import KNOWN
from fcgitops.programs.parts import NAMES

_NAMES = frozenset(NAMES)
_NONE: frozenset[str] = frozenset()
_UNREAD = (layout.SOURCE_FILE, layout.RECORD_FILE)
"""Files of an environment that kustomize does not read, unless a kustomization names them."""
_PATH = regex(r"[^\s'\"\[\]{},=#]+")


class Unit(NamedTuple):
    """One thing that is deployed.

    Attributes:
        name: prod, experiments/mnist, clusters/argocd.
        kustomizations: folders that kustomize renders.
        plain: folders of YAML files that are applied as they are.
        source: the environment's own file; "" where it is none.
    """

    name: str
    kustomizations: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    source: str = ""

    @property
    def is_environment(self) -> bool:
        """Whether it is one; else an experiment, or entry points for all."""
        return bool(self.source)


class Content:
    """A state of a repository, as units and the files behind them.

    Paths are relative to the work tree's top; names of units to the content's root.
    """

    def __init__(self, state: State, prefix: str, same: Content | None = None) -> None:
        """Of a state.

        Args:
            state: what is read.
            prefix: the content's root.
            same: one with the very same paths, which has the same units.
        """
        self.state = state
        self.prefix = prefix
        self._texts: dict[str, bytes] = {}
        self._same = same

    @cached_property
    def _sorted(self) -> list[str]:
        return self._same._sorted if self._same else sorted(self.state.files)

    def under(self, folder: str) -> list[str]:
        """The files below a folder."""
        start = bisect.bisect_left(self._sorted, f"{folder}/")
        end = bisect.bisect_left(self._sorted, f"{folder}0")  # "0" follows "/"
        return self._sorted[start:end]

    def is_link(self, path: str) -> bool:
        """Whether a file is a symbolic link."""
        return path in self.state.files and self.state.files[path].mode == LINK

    @cached_property
    def is_generated(self) -> bool:
        """Whether there is a repository of ours at all."""
        return f"{self.prefix}{layout.ANSWERS}" in self.state.files

    def texts(self, paths: Iterable[str]) -> dict[str, bytes]:
        """The contents of files, each read once."""
        wanted = list(paths)
        missing = [path for path in wanted if path not in self._texts]
        if missing:
            self._texts.update(self.state.read(missing))
        return {path: self._texts[path] for path in wanted if path in self._texts}

    @cached_property
    def units(self) -> dict[str, Unit]:
        """Every unit by its name."""
        if self._same:
            return self._same.units
        found: dict[str, Unit] = {}
        central = {tool.folder for tool in KNOWN.values() if tool.central}
        places: dict[str, set[str]] = {}
        start = len(self.prefix)
        for path in self.under(self.prefix.rstrip("/")) if self.prefix else self._sorted:
            folder, _, file = path[start:].rpartition("/")
            places.setdefault(folder, set()).add(file)
        for folder, files in places.items():
            top, _, name = folder.partition("/")
            if top == layout.OVERLAYS and layout.SOURCE_FILE in files and "/" not in name:
                found[name] = self._environment(name, places)
            elif top == layout.EXPERIMENTS and files & _NAMES and "/" not in name:
                found[folder] = Unit(folder, (self.prefix + folder,), self._synced(name, places))
            elif folder in central and files & _NAMES:
                found[folder] = Unit(folder, (self.prefix + folder,))
        return found

    def _environment(self, name: str, places: Mapping[str, set[str]]) -> Unit:
        base = self.prefix + layout.overlay(name)
        folders = [base]
        if places.get(f"{layout.overlay(name)}/{layout.NNI}", _NONE) & _NAMES:
            folders.append(f"{base}/{layout.NNI}")
        own = [f"{tool.folder}/{name}" for tool in KNOWN.values() if not tool.central]
        plain = tuple(self.prefix + folder for folder in own if folder in places)
        return Unit(name, tuple(folders), plain, f"{base}/{layout.SOURCE_FILE}")

    def _synced(self, name: str, places: Iterable[str]) -> tuple[str, ...]:
        """An experiment's entry points, whichever environment they are in."""
        end = f"/{layout.EXPERIMENTS}/{name}"
        tops = tuple(f"{tool.folder}/" for tool in KNOWN.values() if not tool.central)
        return tuple(
            self.prefix + folder
            for folder in places
            if folder.startswith(tops) and folder.endswith(end) and folder.count("/") == 4
        )

    def owner(self, path: str) -> str:
        """The unit whose own folder a file stands in; "" for what several may share."""
        if not path.startswith(self.prefix):
            return ""
        inside = path[len(self.prefix) :]
        top, _, rest = inside.partition("/")
        if top == layout.CLUSTERS:
            folder = f"{top}/{rest.partition('/')[0]}"
            tool = next((tool for tool in KNOWN.values() if tool.folder == folder), None)
            if tool is None or tool.central:
                return folder if tool and inside.count("/") > 1 else ""
        found = layout.owner(inside)
        return found if top != layout.OVERLAYS or found in self.units else ""

    def plain_files(self, unit: Unit) -> list[str]:
        """The YAML files that are applied as they are."""
        return [
            path
            for folder in unit.plain
            for path in self.under(folder)
            if path.endswith((".yaml", ".yml"))
            and (
                unit.name.startswith(f"{layout.EXPERIMENTS}/")
                or f"/{layout.EXPERIMENTS}/" not in path
            )
        ]

    def preload(self, folders: Iterable[str]) -> None:
        """Reads what tells keys of folders at once: one process instead of one a file."""
        self.texts(
            path
            for folder in folders
            for path in (*self._kustomizations(folder), *self._patches(folder))
        )

    def read_ahead(self, units: Iterable[Unit]) -> None:
        """Reads what units are most likely rendered from at once: one process instead of six."""
        folders = [self.prefix + name for name in layout.COMMON]
        folders += [f for unit in units for f in (*unit.kustomizations, *unit.plain)]
        files = [f"{self.prefix}{layout.ANSWERS}", *(p for f in folders for p in self.under(f))]
        self.texts(dict.fromkeys(files))

    def read_plain(self, units: Iterable[Unit]) -> None:
        """Reads what of units is not rendered at once: one process instead of one a unit."""
        self.texts(p for unit in units for p in (unit.source, *self.plain_files(unit)) if p)

    def _kustomizations(self, folder: str) -> list[str]:
        return [p for p in self.under(folder) if p.rpartition("/")[2] in _NAMES]

    def _patches(self, folder: str) -> list[str]:
        """The files that are generated beside an environment's kustomizations for some keys."""
        egress = f"{folder}/{layout.EGRESS_FILE}"
        there = [*self.under(f"{folder}/{layout.PATCHES}"), egress]
        return [p for p in there if p in self.state.files and p.rpartition("/")[2] not in _NAMES]

    def closure(self, folder: str) -> list[str]:
        """Every file from which a kustomization may be rendered, its whole folder included."""
        return list(dict.fromkeys(self._closure(folder)))

    def _closure(self, folder: str) -> Iterator[str]:
        waiting, seen = [folder], set[str]()
        while waiting:
            place = waiting.pop()
            if place in seen:
                continue
            seen.add(place)
            yield from self.under(place)
            for leads_to in self._leads_out(place):
                if leads_to in self.state.files:
                    yield leads_to
                elif leads_to and not leads_to.startswith(".."):
                    waiting.append(leads_to)

    def layers(self, folder: str) -> tuple[str, ...]:
        """What a kustomization names outside of its own folder."""
        return tuple(self._leads_out(folder))

    def _leads_out(self, folder: str) -> list[str]:
        """What the kustomizations and links below a folder name outside of their own folders."""
        if folder not in self._led:
            found: dict[str, None] = {}
            for path, data in self.texts(self._kustomizations(folder)).items():
                for word in _PATH.findall(data.decode(errors="replace")):
                    if "../" in word or word.endswith(".."):
                        found[posixpath.normpath(posixpath.join(posixpath.dirname(path), word))] = (
                            None
                        )
            links = [p for p in self.under(folder) if self.state.files[p].mode == LINK]
            for path, data in self.texts(links).items():
                target = posixpath.join(posixpath.dirname(path), data.decode(errors="replace"))
                found[posixpath.normpath(target)] = None
            self._led[folder] = list(found)
        return self._led[folder]

    @cached_property
    def _led(self) -> dict[str, list[str]]:
        return {}

    def inputs(self, unit: Unit) -> frozenset[tuple[str, str]]:
        """Path and object name of every file that a unit depends on."""
        paths = [p for folder in unit.kustomizations for p in self.closure(folder)]
        paths += self.plain_files(unit)
        if unit.source:
            paths.append(unit.source)
        files = self.state.files
        return frozenset((path, files[path].id) for path in paths if path in files)

    def key(self, folder: str) -> str:
        """What a folder's rendering depends on, as one word: equal words render the same.

        Comments of kustomizations, what generated files say of their environment and the folder's
        own name make no difference.
        """
        own = f"{folder}/"
        kustomizations, patches = self._kustomizations(folder), self._patches(folder)
        there = self.texts((*kustomizations, *patches))
        texts = {path: _bare(there[path]) for path in kustomizations}
        words = {word for data in texts.values() for word in _PATH.findall(data.decode("latin-1"))}
        # What stands above them reads no others' files: kustomize refuses that.
        above = (folder, f"{folder}/{layout.PATCHES}")
        if not any(may_take_files(texts[p]) for p in texts if p.rpartition("/")[0] in above):
            nameless = {path: layout.below_header(there[path]) for path in patches}
            texts |= {path: data for path, data in nameless.items() if data is not None}
        lines = []
        for path in self.closure(folder):
            inside = path.removeprefix(own) if path.startswith(own) else ""
            first = inside.partition("/")[0]
            unread = inside and first in (*_UNREAD, layout.NNI)
            if unread and not any(first in word for word in words):
                continue
            if path in texts:
                content = hashlib.sha256(texts[path]).hexdigest()
            else:
                mode, name = self.state.files[path]
                content = f"{name} link" if mode == LINK else name
            lines.append(f"{'./' + inside if inside else path} {content}\n")
        return hashlib.sha256("".join(sorted(lines)).encode("utf-8", "surrogateescape")).hexdigest()


def _bare(data: bytes) -> bytes:
    """A text without the lines that hold a comment alone."""
    lines = data.splitlines(keepends=True)
    if any(line.rstrip().endswith((b"|", b"|-", b"|+", b">", b">-", b">+")) for line in lines):
        return data  # in a block scalar such a line is text
    return b"".join(line for line in lines if not line.lstrip().startswith(b"#"))
