"""Whether two YAML texts differ in their layout alone, as after `prettier` or `yamlfmt`."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from fcgitops.core.errors import FcgitopsError
from fcgitops.text import yamlio

_COMMENT = re.compile(r"(?:^|\s)#.*$", re.MULTILINE)
"""A "#" in a text is found too: that makes two texts different at worst."""


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
    known, mine = (Counter(" ".join(c.split()) for c in _COMMENT.findall(t)) for t in texts)
    return first == second and mine <= known


def means(text: bytes, wanted: bytes) -> bool:
    """Whether two texts have the same values, whatever their comments."""
    try:
        first, second = (list(map(_typed, yamlio.load_all(data))) for data in (text, wanted))
    except (FcgitopsError, RecursionError):
        return False
    return first == second


def _typed(value: Any) -> Any:  # noqa: ANN401 - a YAML document is any value
    """The value with its types: in Python 1, 1.0 and true are equal."""
    if isinstance(value, dict):
        return {(type(key), key): _typed(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_typed(item) for item in value]
    return type(value), value
