"""What a kustomization would fetch, followed through the folders that it names.

kustomize takes folders from anywhere below the repository's top; files must be below the
kustomization that names them. What has a scheme or a host it fetches, in each place where a path
may stand: by HTTP, or as a Git repository.
Sources: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/; kustomize's
api/internal/git/repospec.go (extractHost) and api/loader/fileloader.go (Load).
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs

import yaml

from fcgitops.core.errors import InputError, Problem
from fcgitops.core.lazy import regex
from fcgitops.programs.parts import NAMES
from fcgitops.text import yamlio

_NO_PATH = {
    "apiVersion", "kind", "metadata", "namespace", "namePrefix", "nameSuffix", "commonLabels",
    "commonAnnotations", "labels", "images", "replicas", "vars", "buildMetadata", "sortOptions",
    "literals", "patch", "target", "options", "source", "targets", "behavior", "type",
}  # fmt: skip
"""Keys of a kustomization, and in it, below which no path stands."""
_CONFIGURED = {"generators", "transformers", "validators"}
"""Keys whose files may name paths themselves."""
_REMOTE = regex(
    r"git::|[a-z][a-z0-9+.-]*://|file:|gh:|(?:[a-z0-9._-]+@)?[a-z0-9.-]*github\.com[/:]"
    r"|[a-z0-9][a-z0-9._-]*@[a-z0-9.-]+[:/]",
    re.IGNORECASE,
)
"""How a text begins that leads out of the machine, or to a repository."""
_REPOSITORY = regex(r"(?:git::)?(?:https://|ssh://|[a-z0-9][a-z0-9._-]*@).+", re.IGNORECASE)
"""A Git repository, by a protocol that tells whom one talks to."""
_COMMIT = regex(r"[0-9a-f]{40}|[0-9a-f]{64}")


class Remote(NamedTuple):
    """What a file names that kustomize would fetch."""

    file: Path
    text: str

    @property
    def pinned(self) -> bool:
        """Whether it is always the same: one commit of a Git repository."""
        place, _, query = self.text.strip().partition("?")
        asked = parse_qs(query)
        commits = asked.get("ref", []) if "version" not in asked else []
        one = len(commits) == 1 and _COMMIT.fullmatch(commits[0])
        return bool(one and _REPOSITORY.fullmatch(place))


def remotes(start: Path) -> list[Remote]:
    """All that a kustomization would fetch, as far as that stands in files that are here.

    Args:
        start: its folder.

    Raises:
        InputError: a kustomization on its way cannot be read.
    """
    found: dict[Remote, None] = {}
    waiting, seen = [os.path.realpath(start)], set[str]()
    while waiting:
        folder = waiting.pop()
        if folder in seen:
            continue
        seen.add(folder)
        for file in _kustomizations(folder):
            for text, configured in _readable(file, start):
                path = Path(folder, text)
                if _REMOTE.match(text.strip()):
                    found[Remote(file, text)] = None
                elif os.path.isdir(path):  # noqa: PTH112 - which fails on no text
                    waiting.append(os.path.realpath(path))
                elif configured and os.path.isfile(path):  # noqa: PTH113
                    found |= {Remote(path, there): None for there in _configured(path, start)}
                elif configured:
                    found |= {Remote(file, there): None for there in _inline(text)}
    return list(found)


def _readable(file: Path, start: Path) -> list[tuple[str, bool]]:
    try:
        return _paths(file)
    except InputError as error:
        place = os.path.relpath(file, os.path.realpath(start))
        raise InputError(
            Problem(place + p.where.removeprefix(file.name), p.what) for p in error.problems
        ) from error


def _kustomizations(folder: str) -> Iterator[Path]:
    return (file for file in (Path(folder, name) for name in NAMES) if file.is_file())


def _paths(file: Path) -> list[tuple[str, bool]]:
    """Each text that stands where a kustomization may name a path, and whether a configuration.

    A file is read once while it stays. Raises as `yamlio.compose_all`.
    """
    state = file.stat()
    return _read(file, state.st_mtime_ns, state.st_size)


@functools.lru_cache(maxsize=256)
def _read(file: Path, _changed: int, _size: int) -> list[tuple[str, bool]]:
    text = yamlio.decoded(file.read_bytes(), file.name)
    found: dict[tuple[str, bool], None] = {}
    pending = [(node, False) for node in yamlio.compose_all(text, file.name)]
    met: set[tuple[int, bool]] = set()
    while pending:
        node, configured = pending.pop()
        if (id(node), configured) in met:
            continue
        met.add((id(node), configured))
        if isinstance(node, yaml.SequenceNode):
            pending += [(item, configured) for item in node.value]
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                name = getattr(key, "value", "")
                if name not in _NO_PATH:
                    pending.append((value, configured or name in _CONFIGURED))
        elif "\0" not in node.value:
            found[node.value, configured] = None
            found[node.value.partition("=")[2] or node.value, configured] = None  # files: [a=PATH]
    return list(found)


def _configured(file: Path, start: Path) -> list[str]:
    """What a generator's or transformer's file names that would be fetched."""
    return [text for text, _ in _readable(file, start) if _REMOTE.match(text.strip())]


def _inline(text: str) -> list[str]:
    """What a generator or transformer in the kustomization itself names that would be fetched."""
    words = re.split(r"[\s\"'\[\]{},]+", text)
    return [word for word in words if _REMOTE.match(word.partition("=")[2] or word)]
