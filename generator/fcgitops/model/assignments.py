"""KEY=VALUE as users type it, in options and in columns of CSV: which key, and which value.

A key that holds a mapping takes one entry too: `labels.team=ml`, `nni.limits.default.cpu=1`. The
last part is the entry's own name, dots and all: `nodeSelector.kubernetes.io/os=linux`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, NamedTuple

from fcgitops.core import shell
from fcgitops.core.errors import InputError, Problem
from fcgitops.model import settings
from fcgitops.model.environment import KEYS, OTHERS_RULES, TEXTS
from fcgitops.text import keypaths, scalars, yamlio
from fcgitops.text.values import did_you_mean
from fcgitops.text.words import named

SETTABLE = [key for key in KEYS if key not in ("settings", "variant")]
"""What `--set` takes of an environment; FrameworkController's settings stand for themselves."""

DEFAULTABLE = [path for path, key in KEYS.items() if key.repository_default]
"""What `defaults` of fcgitops.yaml takes."""


class Target(NamedTuple):
    """What a typed key means: a key of environment.yaml, or an entry below one."""

    key: str
    below: tuple[str, ...] = ()
    """Names of mappings, and last of the entry, in the key's value; none for the whole value."""

    @property
    def path(self) -> tuple[str, ...]:
        """The names that lead to it in environment.yaml."""
        return (*self.key.split("."), *self.below)


@dataclass(frozen=True)
class Assignments:
    """What was typed; of two that speak of the same key, the later one counts."""

    given: dict[str, Any] = field(default_factory=dict)
    """Key path → its whole value."""
    entries: dict[Target, Any] = field(default_factory=dict)
    """Entry → its value, of keys that are not in `given`."""
    settings: dict[tuple[str, ...], Any] = field(default_factory=dict)
    """Path below `settings` → value."""

    def set(self, target: Target, value: object) -> None:
        """Takes in one more."""
        key, below = target.key, target.below
        if not below:
            self.given[key] = value
            for entry in [entry for entry in self.entries if entry.key == key]:
                del self.entries[entry]
        elif key in self.given:
            self.given[key] = with_entry(self.given[key], below, value)
        else:
            self.entries[target] = value

    def paths(self) -> list[tuple[str, ...]]:
        """Where in environment.yaml each of them stands."""
        keys = [tuple(key.split(".")) for key in self.given]
        return [*keys, *(e.path for e in self.entries), *(("settings", *s) for s in self.settings)]

    def over(self, defaults: Mapping[str, Any]) -> dict[str, Any]:
        """Key path → value of each key that was typed, its other entries those of `defaults`."""
        found = dict(self.given)
        entries = {**self.entries, **{Target("settings", s): v for s, v in self.settings.items()}}
        for target, value in entries.items():
            whole = found.get(target.key, defaults.get(target.key))
            found[target.key] = with_entry(whole, target.below, value)
        return found


def parse(
    pairs: Iterable[str],
    where: str,
    known: Collection[str],
    others: Collection[str] = (),
    options: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Assignments, list[Problem]]:
    """KEY=VALUE texts as keys of environment.yaml and as settings of FrameworkController.

    The two do not share a name, so `workerNumber=800` and `image.tag=v1.0.0` need no prefix to be
    told apart; `settings.workerNumber=800` is right as well.

    Args:
        pairs: as they were typed.
        where: the option, for messages.
        known: which keys of environment.yaml may be meant.
        others: what else the option takes, for hints.
        options: names that have an option of their own → that option.

    Returns:
        What is right of it, and what is wrong with the rest.
    """
    found = Assignments()
    problems = []
    names = settings.names()
    every = [*others, *names, *known]
    for pair in pairs:
        typed, equals, text = pair.partition("=")
        meant = target(typed, known)
        try:
            if not equals:
                problems.append(Problem(where, f"{pair!r} has no '='", "KEY=VALUE"))
            elif (own := typed.removeprefix("settings.")).partition(".")[0] in names:
                found.settings[tuple(own.split("."))] = settings.parse(own, text, where)
            elif meant is not None:
                found.set(meant, value(meant, text, where))
            elif typed in options:
                what = f"{typed!r} has an option of its own"
                problems.append(Problem(where, what, shell.line(options[typed], text)))
            else:
                problems.append(Problem(where, f"{typed!r} is not known", hint(typed, every)))
        except InputError as error:
            problems += error.problems
    return found, problems


def parse_unset(
    names: Iterable[str], where: str, known: Collection[str]
) -> tuple[list[tuple[str, ...]], list[Problem]]:
    """Typed names as paths of environment.yaml that are to go; a part of one means all below it.

    Args:
        names: as they were typed, such as image.digest, labels.team, image, workerNumber.
        where: the option, for messages.
        known: which keys of environment.yaml may be meant.

    Returns:
        What is right of it, and what is wrong with the rest.
    """
    found: list[tuple[str, ...]] = []
    problems = []
    own = settings.names()
    groups = {"settings", *(key.partition(".")[0] for key in known)}
    for typed in names:
        setting = tuple(typed.removeprefix("settings.").split("."))
        if setting[0] in own:
            found.append(("settings", *setting))
        elif meant := target(typed, known):
            found.append(meant.path)
        elif typed in groups:
            found.append((typed,))
        else:
            near = hint(typed, [*own, *groups, *known])
            problems.append(Problem(where, f"{typed!r} is not known", near))
    return found, problems


def of_mapping(
    document: Mapping[Any, Any], where: str, known: Collection[str]
) -> tuple[Assignments, list[Problem]]:
    """Keys of environment.yaml in a mapping, nested or, as in CSV, with dots: `labels.team`.

    Args:
        document: of an environment's item in a list, or of the defaults in a file of answers.
        where: the same, for messages.
        known: which keys of environment.yaml may be meant.

    Returns:
        What is right of it, and what is wrong with the rest.
    """
    plain = {key: value for key, value in document.items() if "." not in named(key)}
    flat, problems = keypaths.flatten(plain, where, known)
    found = Assignments(given=flat)
    dotted = {named(key): value for key, value in document.items() if key not in plain}
    for key, value in dotted.items():
        own, meant = key.removeprefix("settings."), target(key, known)
        if own != key and "settings" in known:
            if "settings" in flat:
                problems.append(Problem(f"{where}: {key}", "is given twice", "below settings"))
            found.settings[tuple(own.split("."))] = value
        elif meant is None:
            problems.append(Problem(f"{where}: {key}", "is not known", hint(key, known)))
        elif entry(flat, meant) is not None:
            problems.append(Problem(f"{where}: {key}", "is given twice", "once"))
        else:
            found.set(meant, value)
    return found, problems


def target(typed: str, known: Collection[str]) -> Target | None:
    """What `typed` means, of the keys that are `known`; None where it is none of them."""
    if typed in known:
        return Target(typed)
    for key in known:
        if KEYS[key].levels and typed.startswith(f"{key}."):
            below = typed.removeprefix(f"{key}.").split(".", KEYS[key].levels - 1)
            return Target(key, tuple(below)) if all(below) else None
    return None


def hint(typed: str, known: Iterable[str]) -> str:
    """A hint at the key that was meant: `labels.team` for `label.team`."""
    first, _, rest = typed.partition(".")
    names = list(known)
    if first == "settings":
        return did_you_mean(rest, [name for name in names if name not in KEYS])
    mappings = [key for key in names if key in KEYS and KEYS[key].levels]
    for key in mappings:
        if typed.startswith(f"{key}."):
            return f"{key}.{'NAME.' * (KEYS[key].levels - 1)}NAME"
        if below := typed.partition(f".{key}.")[2]:  # behind a key that has none: cluster.labels.x
            return did_you_mean(f"{key}.{below}", [f"{key}.{below}"])
    return did_you_mean(typed, [*names, *(f"{key}.{rest}" for key in mappings if rest)])


def value(target: Target, text: str, where: str) -> Any:  # noqa: ANN401 - a YAML value is any
    """The value that `text` means there: YAML, but what is to be text stays as it was typed.

    `null` is no value there either: a key does not take it, and says so.

    Raises:
        InputError: it is no YAML.
    """
    if text in yamlio.NULLS:
        return None
    key = KEYS[target.key]
    kind = key.entry if key.levels and len(target.below) == key.levels else key.kind
    if kind is str:
        return text
    if kind is list and not text.lstrip().startswith("["):
        return [item for item in text.split(",") if item]
    at = ".".join((target.key, *target.below))
    root = yamlio.compose(text.encode(), f"{where}: {at}")
    if misread := scalars.misread(root, where, texts=TEXTS, but=OTHERS_RULES, at=at):
        raise InputError(  # on one line, as a rule
            replace(p, where=p.where.replace(f"{where}:1: ", f"{where}: ", 1)) for p in misread
        )
    return yamlio.construct(root, f"{where}: {at}")


def with_entry(whole: object, below: tuple[str, ...], value: object) -> object:
    """A copy of a key's value with one entry set; what is no mapping stays, for the key's check."""
    if not below:
        return value
    if not isinstance(whole, dict | None):
        return whole
    old, (name, *rest) = whole or {}, below
    return {**old, name: with_entry(old.get(name), tuple(rest), value)}


def entry(values: Mapping[str, Any], target: Target) -> Any:  # noqa: ANN401 - a YAML value is any
    """What `values` (key path → value) hold at `target`; None for nothing."""
    found = values.get(target.key)
    for name in target.below:
        found = found.get(name) if isinstance(found, dict) else None
    return found
