"""Where a kustomization leads: the folders that rendering it reads, as its files name them.

kustomize takes folders from anywhere below the repository's top; files must be below the
kustomization that names them. Which key takes a path is not asked: what is a path in one is none
in another only where nothing of that name is there.
Source: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from fcgitops.verify.layers import Reader


class References:
    """The paths that a repository's kustomizations name, each file read once."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.top = str(reader.root)
        self._named: dict[str, tuple[str, list[tuple[str, str]]]] = {}

    def forget(self, folder: str) -> None:
        """Lets go of what was read below a folder, relative to the repository's top."""
        place = f"{self.top}/{folder}"
        for known in [k for k in self._named if k == place or k.startswith(f"{place}/")]:
            del self._named[known]

    def leading_out(self, start: str, allowed: Sequence[str]) -> list[tuple[str, str]]:
        """What a kustomization reaches, by whatever way, outside of some folders.

        Args:
            start: the folder to begin in, relative to the repository's top.
            allowed: the folders, relative to it; `start` may be one.

        Returns:
            The kustomization and what it names there, sorted; the way is not followed further.
        """
        return sorted({(file, text) for file, text, _ in self._out(start, allowed, follow=False)})

    def outside(self, start: str, allowed: Sequence[str]) -> list[str]:
        """Every path outside of some folders that a kustomization reaches, followed to its end.

        Returns:
            Sorted, relative to the repository's top; one that is not below it begins with "..".
        """
        found = {path for _, _, path in self._out(start, allowed, follow=True)}
        return sorted(os.path.relpath(path, self.top) for path in found)

    def _out(
        self, start: str, allowed: Sequence[str], *, follow: bool
    ) -> Iterator[tuple[str, str, str]]:
        places = tuple(f"{self.top}/{folder}" for folder in allowed)
        below = tuple(f"{place}{os.sep}" for place in places)
        waiting, seen = [f"{self.top}/{start}"], set[str]()
        while waiting:
            folder = waiting.pop()
            if folder in seen:
                continue
            seen.add(folder)
            file, names = self._of(folder)
            for text, path in names:
                if path in places or path.startswith(below):
                    waiting.append(path)
                else:
                    yield file, text, path
                    waiting += [path] * follow

    def _of(self, folder: str) -> tuple[str, list[tuple[str, str]]]:
        """The kustomization of a folder, and what it names: each text with its real path."""
        if folder not in self._named:
            found = self.reader.kustomization(Path(folder))
            names = []
            for text in _texts(found.node) if found else ():
                path = f"{folder}/{text}"
                if not text.startswith("/") and os.path.lexists(path):
                    real = os.path.realpath(path)
                    names += [(text, real)] * os.path.exists(real)  # noqa: PTH110
            self._named[folder] = (found.file if found else "", names)
        return self._named[folder]


def _texts(node: yaml.Node) -> Iterator[str]:
    """Every text of a YAML file that may be a path."""
    waiting, met = [node], set[int]()
    while waiting:
        item = waiting.pop()
        if id(item) in met:  # an alias, which may name what it stands in
            continue
        met.add(id(item))
        if isinstance(item, yaml.SequenceNode):
            waiting += item.value
        elif isinstance(item, yaml.MappingNode):
            waiting += [value for _, value in item.value]
        elif item.value and "\n" not in item.value and "\0" not in item.value:
            yield item.value
