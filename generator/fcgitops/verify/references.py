"""Where a kustomization leads: the folders that rendering it reads, as its files name them.

kustomize takes folders from anywhere below the repository's top; files must be below the
kustomization that names them. Which key takes a path is not asked: what is a path in one is none
in another only where nothing of that name is there.
Source: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import yaml

from fcgitops.core.errors import InputError
from fcgitops.text import yamlio

FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""The names that kustomize knows, as it looks for them."""


def leading_out(root: Path, start: str, allowed: tuple[str, ...]) -> list[tuple[str, str]]:
    """What a kustomization reaches, by whatever way, outside of some folders.

    Args:
        root: the repository's top.
        start: the folder to begin in, relative to it.
        allowed: the folders, relative to it; `start` may be one.

    Returns:
        The kustomization and what it names there, sorted; the way is not followed further.
    """
    top = os.path.realpath(root)
    places = [os.path.join(top, folder) for folder in allowed]  # noqa: PTH118 - as realpath
    found: set[tuple[str, str]] = set()
    waiting, seen = [os.path.join(top, start)], set[str]()  # noqa: PTH118
    while waiting:
        folder = waiting.pop()
        file = next((f for f in (Path(folder, name) for name in FILES) if f.is_file()), None)
        if folder in seen or file is None:
            continue
        seen.add(folder)
        for text in _texts(file):
            path = os.path.realpath(Path(folder, text))
            if text.startswith("/") or not os.path.exists(path):  # noqa: PTH110
                continue
            if any(path == place or path.startswith(f"{place}{os.sep}") for place in places):
                waiting.append(path)
            else:
                found.add((file.relative_to(top).as_posix(), text))
    return sorted(found)


def _texts(file: Path) -> Iterator[str]:
    """Every text of a YAML file that may be a path; none where it cannot be read."""
    try:
        node = yamlio.compose(file.read_bytes(), file.name)
    except (InputError, OSError):  # the overlay does not build either, which FCG00 says
        return
    waiting = [node] if node else []
    while waiting:
        item = waiting.pop()
        if isinstance(item, yaml.SequenceNode):
            waiting += item.value
        elif isinstance(item, yaml.MappingNode):
            waiting += [value for _, value in item.value]
        elif item.value and "\n" not in item.value and "\0" not in item.value:
            yield item.value
