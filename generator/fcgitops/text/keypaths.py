"""Nested mappings as key paths and back: `image: {tag: v1}` is `image.tag` → `v1`."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any

from fcgitops.core.errors import Problem
from fcgitops.text.values import did_you_mean
from fcgitops.text.words import named, shown


@functools.lru_cache(maxsize=16)
def _parents(paths: frozenset[str]) -> frozenset[str]:
    """The key paths above others; a fleet's files are asked for the same ones each time."""
    return frozenset(path[:i] for path in paths for i, c in enumerate(path) if c == ".")


def flatten(
    document: object, where: str, known: Iterable[str]
) -> tuple[dict[str, Any], list[Problem]]:
    """A nested mapping as key path → value, with a problem for each key that is not known.

    Args:
        document: what the YAML file or the list's item held.
        where: the file, for messages.
        known: the key paths, such as `image.tag`.
    """
    paths = frozenset(known)
    parents = _parents(paths)
    flat: dict[str, Any] = {}
    problems: list[Problem] = []

    def walk(node: object, prefix: str) -> None:
        if not isinstance(node, dict):
            place = f"{where}: {prefix}" if prefix else where
            problems.append(Problem(place, f"{shown(node)} is not a mapping", "KEY: VALUE lines"))
            return
        for key, value in node.items():
            path = f"{prefix}.{named(key)}" if prefix else named(key)
            if path in paths and path in flat:
                problems.append(Problem(f"{where}: {path}", "is given twice", "once"))
            elif path in paths:
                flat[path] = value
            elif path in parents:
                if value is not None:
                    walk(value, path)
            else:
                siblings = {
                    p[len(prefix) + bool(prefix) :].partition(".")[0]
                    for p in paths
                    if p.startswith(f"{prefix}." if prefix else "")
                }
                problems.append(
                    Problem(f"{where}: {path}", "is not known", did_you_mean(key, sorted(siblings)))
                )

    walk(document if document is not None else {}, "")
    return flat, problems


def dotted(document: object, where: str, known: Iterable[str]) -> list[Problem]:
    """A problem for each key path that is written as one name, with dots, in a file.

    An edit would miss it, and to other readers of the file, such as Argo CD, it is another key.
    """
    problems = []
    for path in set(known).intersection(document if isinstance(document, dict) else ()):
        first, dot, rest = path.partition(".")
        if dot:
            hint = f"nest it: `{first}:`, and `{rest}:` below it"
            problems.append(Problem(f"{where}: {path}", "has a dot in its name", hint))
    return problems


def nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Key paths back to nested mappings."""
    document: dict[str, Any] = {}
    for path, value in flat.items():
        node = document
        *parents, last = path.split(".")
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = value
    return document
