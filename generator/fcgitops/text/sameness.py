"""Whether two texts differ in their layout alone, as after `prettier` or `yamlfmt`."""

from __future__ import annotations

import bisect
import re
from collections import Counter
from typing import Any

from fcgitops.core.errors import FcgitopsError
from fcgitops.core.lazy import regex
from fcgitops.text import yamlio

_HASH = regex(r"(?:^|(?<=\s))#", re.MULTILINE)
"""Where a comment may begin; in a value too."""


def is_layout_only(old: bytes, new: bytes) -> bool:
    """Whether `new` has the values of `old`, and no comment that `old` has not.

    Quotes, indentation, the order of keys, empty lines and where comments stand are layout.
    What is no valid YAML of one kind on both sides differs.
    """
    try:
        texts = [yamlio.decoded(data, "") for data in (old, new)]
        first, second = (list(map(_typed, yamlio.load_all(text.encode()))) for text in texts)
    except (FcgitopsError, RecursionError):
        return False
    known, mine = map(comments, texts)
    return first == second and mine <= known


_FENCE = regex(r"^ *(```|~~~)")
_RULE = regex(r"^[\s|:-]*-[\s|:-]*$")
"""The line below a table's heads, or a ruler."""
_LIST = regex(r"^\s*(?:[*+-]|\d+[.)])\s+")
_MARKS = str.maketrans({"*": "_", "|": " | ", "\\": None})
"""Emphasis may be written either way, cells may be padded, and any mark may be escaped."""


def is_reflowed(old: bytes, new: bytes) -> bool:
    """Whether two Markdown texts have the same words and the same code, line by line.

    Blanks, empty lines, the widths of tables, and how lists and emphasis are marked are layout.
    """
    try:
        return _words(old.decode()) == _words(new.decode())
    except UnicodeDecodeError:
        return False


def _words(text: str) -> list[str]:
    found: list[str] = []
    fenced = False
    for line in text.splitlines():
        if _FENCE.match(line):
            fenced = not fenced
        if fenced:
            found.append(line.strip() if _FENCE.match(line) else line.rstrip())
        elif _RULE.match(line):
            found += [":"] * line.count(":")
        else:
            item = "-" if _LIST.match(line) else ""
            found += [item, *_LIST.sub("", line).translate(_MARKS).split()]
    return [word for word in found if word]


def comments(text: str) -> Counter[str]:
    """The comments of a text, and how often each stands there; in no YAML all that look like it."""
    values = yamlio.spans(text) if "#" in text else []
    found: Counter[str] = Counter()
    end = 0
    for start in (hash_.start() for hash_ in _HASH.finditer(text)):
        before = bisect.bisect(values, (start, len(text)))
        if start < end or (before and start < values[before - 1][1]):
            continue
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        found[" ".join(text[start:end].split())] += 1
    return found


def means(text: bytes, wanted: bytes) -> bool:
    """Whether two texts have the same values, whatever their comments."""
    try:
        return has(text, yamlio.load_all(wanted))
    except (FcgitopsError, RecursionError):
        return False


def has(text: bytes, documents: list[Any]) -> bool:
    """Whether a text is YAML, repeats no key, and has these documents."""
    found = _documents(text)
    return found is not None and found == [_typed(document) for document in documents]


def is_readable(text: bytes) -> bool:
    """Whether a text is YAML, and repeats no key."""
    return _documents(text) is not None


def _documents(text: bytes) -> list[Any] | None:
    try:
        roots = yamlio.compose_all(yamlio.decoded(text, ""))
        return [_typed(yamlio.construct(root, "")) for root in roots]
    except (FcgitopsError, RecursionError):
        return None


def _typed(value: Any) -> Any:  # noqa: ANN401 - a YAML document is any value
    """The value with its types: in Python 1, 1.0 and true are equal."""
    if isinstance(value, dict):
        return {(type(key), key): _typed(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_typed(item) for item in value]
    return type(value), value
