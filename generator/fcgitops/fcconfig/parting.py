"""FrameworkController's file → what of it is the user's own over a variant's: `merging` backwards.

What is own is cut out of the text where it can be, so that comments stay. What comes of it is
merged once more: only what then says the same is taken.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fcgitops.core.errors import InputError, Problem
from fcgitops.fcconfig import merging, parts, schema
from fcgitops.fcconfig.check import check
from fcgitops.fcconfig.findings import faults
from fcgitops.fcconfig.image import shipped_text
from fcgitops.fcconfig.merging import KEEP, REPLACE
from fcgitops.fcconfig.schema import LIST
from fcgitops.text import yamlio

Settings = Mapping[str, Any]


class Own(NamedTuple):
    """What a user has to write over a variant's file, so that it says what another file does."""

    text: str
    """YAML of the settings; empty for none."""
    shipped: str
    """What becomes of the entries that the image ships: keep or replace."""


def part(text: str, variant: str, preferred: str, where: str) -> Own:
    """What is to be written over the variant's file, so that it says what `text` does.

    Args:
        text: a file that FrameworkController starts with.
        variant: the variant's file.
        preferred: keep or replace, where both ways lead there.
        where: the file, for messages.

    Raises:
        InputError: one of the two is no YAML mapping, or no settings lead there.
    """
    wanted, base = merging.settings(text), merging.settings(variant)
    given = {k: v for k, v in wanted.items() if k != LIST and base.get(k) != v}
    given |= {k: _default(k) for k in base if k != LIST and k not in wanted}
    found: list[tuple[tuple[bool, int], Own]] = []
    for shipped in dict.fromkeys((preferred, KEEP, REPLACE)):
        for entries in _entries(wanted.get(LIST) or [], base.get(LIST) or [], shipped):
            own = given if entries is None else {**given, LIST: entries}
            for form in _forms(text, own):
                if faults(check(form.encode())):  # as of a key that FrameworkController ignores
                    continue
                merged = merging.merge(form, variant, shipped)
                if _meant(merging.settings(merged)) == _meant(wanted):
                    found.append(((merged != text, len(entries or ())), Own(form, shipped)))
    if not found:
        raise InputError(Problem(f"{where}: {LIST}", "is made of entries that no settings lead to"))
    return min(found, key=lambda one: one[0])[1]


def _entries(wanted: list[Any], base: list[Any], shipped: str) -> Iterator[list[Any] | None]:
    """The user's own entries of podFailureSpec to try; None is a list that is not written."""
    if shipped == REPLACE:
        if wanted == base:
            yield None
        yield wanted  # an empty list says nothing, and yet the file may have it
        return
    known = merging.settings(shipped_text())[LIST]
    for length in range(len(wanted) + 1):
        if merging.without_repeats(wanted[:length], base, known) == wanted:
            yield wanted[:length] if length else None
            return


def _default(name: str) -> Any:  # noqa: ANN401 - a setting is any value
    """What FrameworkController takes where a file does not have a setting."""
    empty: Any = {"object": {}, "array": []}.get(
        schema.kind(schema.follow(schema.settings()[name]))
    )
    found = schema.default(name)
    return empty if found is None else found


def _meant(settings: Settings) -> dict[str, Any]:
    """Settings without those that only spell out a default."""
    return {name: value for name, value in settings.items() if value != _default(name)}


def _forms(text: str, own: Settings) -> Iterator[str]:
    """The user's own settings as text: as the file has them, with comments or without; or anew."""
    if not own:
        yield ""
        return
    with contextlib.suppress(InputError, ValueError, AttributeError, LookupError):
        yield from _cuts(text, own)  # not where a node is not where its text is, such as an alias
    yield yamlio.dump(dict(own))


def _cuts(text: str, own: Settings) -> Iterator[str]:
    """The user's own settings as the file has them, with comments before them or without."""
    keys = {part.name: part for part in parts.keys_of(text)[0]}
    cut = {name: part.body for name, part in keys.items() if name in own}
    if LIST in cut:
        there = parts.entries_of(cut[LIST])
        chosen = there.parts[: len(own[LIST])]
        if chosen:
            cut[LIST] = there.head + "".join(entry.before + entry.body for entry in chosen)
        elif there.parts:
            del cut[LIST]
    rest = {name: value for name, value in own.items() if name not in cut}
    more = yamlio.dump(rest) if rest else ""
    yield "".join(keys[name].before + body for name, body in cut.items()) + more
    yield "".join(cut.values()) + more
