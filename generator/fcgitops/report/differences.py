"""What an environment sets that its variant, or the default, has otherwise."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fcgitops.diff import secrecy
from fcgitops.diff.settings import SPEC, Settings
from fcgitops.model.environment import FIELDS, Environment, default_values
from fcgitops.text.words import shown

_COLUMNS = ("variant", "cluster", "namespace", "sync", "image", "settings")
"""Keys that the page shows elsewhere."""


class Difference(NamedTuple):
    """One value that differs."""

    key: str
    value: str
    instead: str
    """What the variant, or the default, has; empty where it has nothing."""


def of_keys(environment: Environment, profile: str) -> list[Difference]:
    """The keys of environment.yaml that are not as they are by default."""
    return [
        Difference(key, _text(key, value), _text(key, default) if default else "")
        for key, default in _defaults(profile).items()
        if (value := getattr(environment, FIELDS[key])) != default
    ]


@functools.lru_cache(maxsize=2)
def _defaults(profile: str) -> dict[str, Any]:
    values = default_values(profile)
    return {key: value for key, value in values.items() if key.partition(".")[0] not in _COLUMNS}


@functools.lru_cache(maxsize=256)
def of_settings(own: str, variant: str) -> tuple[Difference, ...]:
    """The settings of FrameworkController that differ from the variant's.

    Args:
        own: the environment's frameworkcontroller.yaml.
        variant: that of its variant.
    """
    return tuple(_differing(Settings(own), _of_variant(variant)))


@functools.lru_cache(maxsize=2)
def _of_variant(text: str) -> Settings:
    """A variant's, which many are compared with; it decodes its text once."""
    return Settings(text)


_REFUSED = "(refused: see the findings)"
"""In the place of the default, which nobody has asked for."""


def _differing(own: Settings, variant: Settings) -> Iterator[Difference]:
    refused = dict.fromkeys(own.refusals.keys() & own.value.keys(), _REFUSED)
    yield from _each({**own.value, **refused}, variant.value)
    entries, others = _named(own.entries), _named(variant.entries)
    yield from _each(entries, others)


def _each(values: Mapping[str, Any], others: Mapping[str, Any]) -> Iterator[Difference]:
    for key in dict.fromkeys([*values, *others]):
        value, other = values.get(key), others.get(key)
        if value != other:
            yield Difference(key, _text(key, value), "" if other is None else _text(key, other))


def _named(entries: Mapping[int, Any]) -> dict[str, Any]:
    """Entries of podFailureSpec, each by its code; whoever reads the page knows them by that."""
    return {f"{SPEC} {code}": entry for code, entry in entries.items()}


def _text(key: str, value: object) -> str:
    if value is None:
        return "(none)"
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # as it is written
    hidden = secrecy.HIDDEN if secrecy.names_one(key) else secrecy.hide(value, (key,))
    return hidden if isinstance(hidden, str) else shown(hidden)
