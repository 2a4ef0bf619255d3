"""What a user wrote over the variant's file, with the image's list of Pod failures kept.

Works on the text, so that comments stay: each of the user's settings takes the place of the
variant's, and the user's entries of podFailureSpec come before those that are kept. The
outcome is decoded and compared with what it should mean.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import Any

from fcgitops.core.errors import InputError, Problem
from fcgitops.fcconfig.image import shipped_text
from fcgitops.fcconfig.parts import Part, entries_of, keys_of, meaning
from fcgitops.fcconfig.schema import LIST
from fcgitops.text import yamlio

KEEP, REPLACE = "keep", "replace"

_HEADING = (
    "# What FrameworkController's image knows too (MIT License, Copyright (c) Microsoft\n"
    "# Corporation); an entry above with the same code takes the place of one here.\n"
)


@functools.lru_cache(maxsize=16)
def merge(own: str, variant: str, shipped: str = KEEP) -> str:
    """FrameworkController's file of the user's settings over the variant's.

    Args:
        own: YAML text of the user's settings; it has been checked.
        variant: the variant's file.
        shipped: `keep` the image's entries of podFailureSpec, or `replace` them by the user's.

    Raises:
        InputError: one of the two is no YAML mapping.
    """
    mine, theirs = meaning(own), meaning(variant, "the variant's file")
    wanted = {**theirs, **mine}
    entries = without_repeats(mine.get(LIST), theirs.get(LIST), meaning(shipped_text())[LIST])
    if shipped == KEEP:
        wanted[LIST] = entries
    try:
        text = _spliced(own, variant, keep=shipped == KEEP)
        if meaning(text) == wanted:
            return text
    except (InputError, ValueError, AttributeError, LookupError, StopIteration):
        pass  # a node that is not where its text is, such as an alias
    # The splice knows YAML's usual forms. For the rest a plain dump is right, if plainer.
    return yamlio.dump(_written(wanted))


def settings(text: str) -> dict[str, Any]:
    """Settings as FrameworkController reads them, in values that it reads again as the same.

    Raises:
        InputError: they are no YAML mapping.
    """
    return {key: _written(value) for key, value in meaning(text).items()}


def _written(value: Any) -> Any:  # noqa: ANN401 - a setting is any value
    if isinstance(value, dict):
        return {key: _written(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_written(inner) for inner in value]
    return _shortest(value) if isinstance(value, float) else value


def _shortest(number: float) -> float:
    """As a person would write a float of 32 bits."""
    return int(number) if number.is_integer() else float(f"{number:.7g}")


def without_repeats(*lists: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """The entries of all lists, the first of each code."""
    found: dict[int, dict[str, Any]] = {}
    for entry in (entry for entries in lists for entry in entries or []):
        found.setdefault(entry["code"], entry)
    return list(found.values())


def _spliced(own: str, variant: str, *, keep: bool) -> str:
    mine, mine_after = keys_of(own)
    theirs, after = keys_of(variant)
    parts = list(theirs)
    if any(part.name == "<<" for part in (*mine, *theirs)):
        raise InputError(Problem("<<", "means another thing elsewhere"))
    names = [part.name for part in parts]
    for part in mine:
        if part.name == LIST and keep:
            continue
        if part.name in names:
            index = names.index(part.name)
            old = parts[index]
            parts[index] = Part(part.name, old.before + part.before, part.body)
        else:
            parts.append(part)
    if keep:
        there = _named(LIST, parts)
        whole = _with_all_entries(_named(LIST, mine), there, shipped_text())
        if there in parts:
            parts = [whole if part is there else part for part in parts]
        else:
            parts.append(whole)
    return "".join(part.before + part.body for part in parts) + mine_after + after


def _named(name: str, parts: Iterable[Part]) -> Part:
    """The part of a name; an empty one where there is none."""
    return next((part for part in parts if part.name == name), Part(name, "", ""))


@functools.lru_cache(maxsize=16)
def _with_all_entries(own: Part, there: Part, image: str) -> Part:
    """The list of the user's entries, the variant's, and those that the image knows too."""
    items = entries_of(own.body)
    kept = entries_of(there.body)
    shipped = entries_of(_named(LIST, keys_of(image)[0]).body)
    seen = {item.name for item in items.parts}
    body = items.head + "".join(item.before + item.body for item in items.parts) + items.tail
    for others, heading in ((kept.parts, ""), (shipped.parts, _HEADING)):
        missing = {item.name for item in others} - seen
        seen |= missing
        if missing:
            body += heading + "".join(
                item.before + (item.body if item.name in missing else "") for item in others
            )
    if not seen:
        body = f"{LIST}: []\n"
    return Part(LIST, there.before + own.before, body)


def lost_comments(own: str, merged: str) -> list[str]:
    """Comments of the user's text that are not in the merged one: a plain dump keeps none."""
    found = re.findall(r"(?m)(?:^|\s)(#[^\n\r]*)", own)
    return [comment for comment in found if comment.strip() not in merged]
