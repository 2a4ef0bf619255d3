"""Which files the generator makes, and so what a record may name.

A record comes with the repository: from a branch of somebody else, or from a bad merge. One that
named `environment.yaml` or a file in `local/` would have the next merge take it back, or delete it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from fcgitops.manifests import overlay
from fcgitops.model import experiment, layout
from fcgitops.model.answers import Answers
from fcgitops.repository import scaffold
from fcgitops.sync import entrypoints
from fcgitops.text.tree import Tree

FORMER: frozenset[str] = frozenset()
"""Files of the base that a former version generated and this one does not."""


def is_generated(path: str) -> bool:
    """Whether this version or a former one generates a file of an environment or experiment there.

    Args:
        path: from the repository's root.
    """
    return bool(_pattern().fullmatch(path))


def generated(folder: str, recorded: Mapping[str, bytes]) -> tuple[Tree, list[str]]:
    """The part of a record that may be the base of a merge, and the paths of the rest.

    Args:
        folder: the record's, from the repository's root.
        recorded: what it says, relative to `folder`.

    Returns:
        Both with paths from the repository's root.
    """
    known = {f"{folder}/{path}": data for path, data in recorded.items()}
    pattern = _pattern()
    good = {path: data for path, data in known.items() if pattern.fullmatch(path)}
    return good, sorted(known.keys() - good)


def generated_base(recorded: Mapping[str, bytes], answers: Answers) -> tuple[Tree, list[str]]:
    """The part of the base's record that may be the base of a merge, and the paths of the rest."""
    known = scaffold.base_paths(answers) | scaffold.read_at_the_top() | FORMER
    good = {p: data for p, data in recorded.items() if p in known or entrypoints.is_shared(p)}
    return good, sorted(recorded.keys() - good)


def records(root: Path) -> list[str]:
    """Where the records of environments and experiments stand, from the root."""
    folders = {str(PurePosixPath(path).parent) for path in _made()}
    places = [place for folder in folders for place in root.glob(f"{folder}/{layout.RECORD_FILE}")]
    return sorted(place.relative_to(root).as_posix() for place in places)


def _made() -> list[str]:
    """Every file that is generated; * is one folder."""
    return [
        *(f"{layout.OVERLAYS}/*/{name}" for name in overlay.MADE),
        *(f"{layout.EXPERIMENTS}/*/{name}" for name in experiment.GENERATED),
        *entrypoints.made(),
    ]


def _pattern() -> re.Pattern[str]:
    return _compiled(tuple(_made()))


@functools.lru_cache(maxsize=4)
def _compiled(made: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(path).replace(r"\*", "[^/]+") for path in made))
