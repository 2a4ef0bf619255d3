"""The answer `environments`: the first environments of a repository, each with its variant."""

from __future__ import annotations

import re

from fcgitops.core.errors import InputError, Problem
from fcgitops.model.environment import DEFAULT_CONFIG, VARIANTS, check_name
from fcgitops.text.values import did_you_mean
from fcgitops.text.words import shown


def parse(value: object, where: str) -> dict[str, str]:
    """Name → variant of the answer.

    Raises:
        InputError: with every problem of every environment.
    """
    found: dict[str, str] = {}
    problems: list[Problem] = []
    for item in listed(value, where):
        try:
            name, variant = one(item, where)
        except InputError as error:
            problems += error.problems
            continue
        if name in found:
            problems.append(Problem(where, f"{name!r} is named twice", "each environment once"))
        found[name] = variant
    if problems:
        raise InputError(problems)
    return found


def one(text: str, where: str) -> tuple[str, str]:
    """Name and variant of NAME[=VARIANT].

    Raises:
        InputError: with every problem of the two.
    """
    name, equals, variant = text.partition("=")
    variant = variant if equals else DEFAULT_CONFIG
    problems = check_name(name, where)
    if variant not in VARIANTS:
        problems.append(
            Problem(where, f"{variant!r} is no variant", did_you_mean(variant, VARIANTS))
        )
    if problems:
        raise InputError(problems)
    return name, variant


def listed(value: object, where: str = "environments") -> list[str]:
    """NAME[=VARIANT] texts of the answer `environments`: a text, a list or a mapping.

    Raises:
        InputError: it is none of these, or holds what is not text.
    """
    if isinstance(value, str):
        return [item for item in re.split("[ ,]+", value) if item]
    if isinstance(value, dict):
        pairs = [
            (name, DEFAULT_CONFIG if variant in (None, "") else variant)
            for name, variant in value.items()
        ]
        parts: list[object] = [part for pair in pairs for part in pair]
        items = [f"{name}={variant}" for name, variant in pairs]
    elif isinstance(value, list | tuple):
        parts, items = list(value), [str(item) for item in value]
    else:
        raise InputError(Problem(where, f"{shown(value)} is no list", "NAME or NAME=VARIANT each"))
    wrong = [part for part in parts if not isinstance(part, str)]
    if wrong:
        hint = "NAME or NAME=VARIANT each; quote what YAML takes for something else"
        raise InputError(Problem(where, f"{shown(part)} is not text", hint) for part in wrong)
    return items
