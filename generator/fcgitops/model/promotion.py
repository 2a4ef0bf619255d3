"""What of an environment travels to another one: a table, as data, and what a repository changes.

`promotes` copies what was proven: the image, and how FrameworkController runs. What names a place
(a cluster, a namespace, an address, a share, a credential) stays, whatever anybody writes.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fcgitops.core.errors import Problem
from fcgitops.model import assignments
from fcgitops.model.environment import KEYS
from fcgitops.text.values import did_you_mean
from fcgitops.text.words import named, shown

Path = tuple[str, ...]
"""Names that lead to a value in environment.yaml."""

ABSENT: Any = object()
"""In the place of a value that is not there."""


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        travels: whether `promote` copies the key.
        reason: why, for people.
        fixed: whether fcgitops.yaml may not change that.
    """

    travels: bool
    reason: str
    fixed: bool = False


def _travels(reason: str) -> Row:
    return Row(travels=True, reason=reason)


def _stays(reason: str) -> Row:
    return Row(travels=False, reason=reason)


def _never(reason: str) -> Row:
    return Row(travels=False, reason=reason, fixed=True)


_CLUSTER = "where the environment runs"
_ADDRESS = "an address of its cluster's network"
_CREDENTIAL = "a credential of its namespace"
_NODES = "names nodes of its cluster"
_SIZE = "measured for its cluster"
_TOOL = "how its cluster is synced"

TABLE: dict[str, Row] = {
    "variant": _travels("how FrameworkController is configured"),
    "cluster.name": _never(_CLUSTER),
    "cluster.server": _never(_CLUSTER),
    "namespace": _never(_CLUSTER),
    "sync": _stays(_TOOL),
    "image.registry": _never("the mirror that its cluster pulls from"),
    "image.repository": _stays("a mirror may have it by another name"),
    "image.tag": _travels("the version that was proven"),
    "image.tagPolicy": _stays("how strict the environment is with tags"),
    "image.digest": _travels("the very content that was proven"),
    "image.pullSecrets": _never(_CREDENTIAL),
    "apiServer.address": _never(_ADDRESS),
    "apiServer.kubeconfigSecret": _never(_CREDENTIAL),
    "apiServer.kubeconfigKey": _never(_CREDENTIAL),
    "egress.mode": _stays("depends on its cluster's network plugin"),
    "egress.endpoints": _never(_ADDRESS),
    "resources.cpu": _stays(_SIZE),
    "resources.memory": _stays(_SIZE),
    "nodeSelector": _stays(_NODES),
    "tolerations": _stays(_NODES),
    "labels": _stays("name the environment and its owners"),
    "annotations": _stays("name the environment and its owners"),
    "priorityClassName": _stays("names what exists on its cluster"),
    "components": _travels("parts of what was proven"),
    "flux.interval": _stays(_TOOL),
    "flux.shard": _stays(_TOOL),
    "nni.namespace": _never("where its experiments run"),
    "nni.storage": _never("its own share"),
    "nni.pullSecrets": _never(_CREDENTIAL),
    "nni.uiFrom": _never("names namespaces of its cluster"),
    "nni.egress": _never(_ADDRESS),
    "nni.quota": _stays(_SIZE),
    "nni.limits": _travels("what a trial gets and may ask for, where both run NNI"),
    "expects": _stays("names what exists on its cluster"),
    "hold": _never("is about the environment itself"),
    "settings": _travels("how FrameworkController was proven to run"),
    "settings.kubeApiServerAddress": _never(_ADDRESS),
    "settings.kubeConfigFilePath": _never(_CREDENTIAL),
    "shippedPodFailureSpec": _travels("how podFailureSpec of `settings` is read"),
}
"""Every key of environment.yaml, and settings that are no matter of the whole `settings`."""

SECTION = "promote"
"""The key of fcgitops.yaml, which has the two below: lists of keys."""
TRAVELS, STAYS = WORDS = ("travels", "stays")


@dataclass(frozen=True)
class Rules:
    """The table as one repository has it.

    Attributes:
        written: what fcgitops.yaml says: `travels` and `stays`, each with keys as they are written.
        moved: path → whether it travels, of the table and of that.
    """

    written: Mapping[str, list[str]] = field(default_factory=dict)
    moved: Mapping[Path, bool] = field(
        default_factory=lambda: {tuple(key.split(".")): row.travels for key, row in TABLE.items()}
    )

    def travels(self, path: Path) -> bool:
        """Whether a value travels: the row of the longest path that leads to it says so."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.moved:
                return self.moved[path[:length]]
        return False

    @functools.cached_property
    def _split(self) -> frozenset[Path]:
        """The paths below which something has a row of its own."""
        return frozenset(row[:length] for row in self.moved for length in range(len(row)))

    def mixed(self, path: Path, theirs: Any, mine: Any) -> Any:  # noqa: ANN401 - of any key
        """What a value becomes.

        Args:
            path: of the value.
            theirs: that of the environment it may come from; ABSENT for none.
            mine: that of the environment it may go to; ABSENT for none.
        """
        mappings = [value for value in (mine, theirs) if isinstance(value, dict)]
        if path not in self._split or not mappings:
            return theirs if self.travels(path) else mine
        found = {}
        for name in dict.fromkeys(name for mapping in mappings for name in mapping):
            sides = (v.get(name, ABSENT) if isinstance(v, dict) else ABSENT for v in (theirs, mine))
            value = self.mixed((*path, name), *sides)
            if value is not ABSENT:
                found[name] = value
        return found


def parse(value: object, where: str) -> tuple[Rules, list[Problem]]:
    """The rules of what fcgitops.yaml has below `promote`, and what is wrong with it.

    Args:
        value: `{travels: [KEY, …], stays: [KEY, …]}`; a KEY is one of environment.yaml, a group of
            them such as `resources`, an entry such as `labels.team`, or a setting.
        where: the file, for messages.
    """
    place = f"{where}: {SECTION}"
    if value is None:
        return Rules(), []
    if not isinstance(value, dict):
        hint = f"`{TRAVELS}:` and `{STAYS}:`, a list of keys each"
        return Rules(), [Problem(place, f"{shown(value)} is not a mapping", hint)]
    problems = [
        Problem(f"{place}.{named(word)}", "is not known", did_you_mean(word, WORDS))
        for word in value
        if word not in WORDS
    ]
    moved = dict(Rules().moved)
    written: dict[str, list[str]] = {}
    seen: dict[Path, str] = {}
    for word in WORDS:
        keys = value.get(word)
        keys = [] if keys is None else keys
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            problems.append(Problem(f"{place}.{word}", "is no list of keys", "[resources.memory]"))
            continue
        written[word] = list(keys)
        paths, wrong = assignments.parse_unset(keys, f"{place}.{word}", list(KEYS))
        problems += wrong
        for path in paths:
            if seen.setdefault(path, word) != word:
                what = f"{'.'.join(path)!r} stands below {seen[path]} too"
                problems.append(Problem(f"{place}.{word}", what, "once"))
            problems += _move(moved, path, word, f"{place}.{word}")
    return Rules({word: keys for word, keys in written.items() if keys}, moved), problems


def _move(moved: dict[Path, bool], path: Path, word: str, place: str) -> Iterable[Problem]:
    """Takes in one path, and yields why that may not be."""
    rows = {tuple(key.split(".")): row for key, row in TABLE.items()}
    within = {row for row in rows if path[: len(row)] == row}
    below = {row for row in rows if row[: len(path)] == path}
    fixed = [row for row in (*within, *below) if rows[row].fixed]
    free = [row for row in (*within, *below) if not rows[row].fixed]
    travels = word == TRAVELS
    if travels and (any(row in within for row in fixed) or not free):
        reason = rows[fixed[0]].reason
        yield Problem(place, f"{'.'.join(path)!r} never travels: {reason}", "leave it out")
        return
    for row in free:
        if row in below:
            moved[row] = travels
    if not below:
        moved[path] = travels
