"""Whether fcgitops.yaml still has what is not for editing, told by its lines: no YAML is read."""

from __future__ import annotations

import re

from fcgitops.core.lazy import regex
from fcgitops.model import layout
from fcgitops.repository import record

_LINES = regex(
    rb"^ *(?:%s):[^\n]*" % "|".join(("version", *layout.FIXED_ANSWERS)).encode(), re.MULTILINE
)


def is_unedited(answers: bytes | None, recorded: bytes | None) -> bool:
    """Whether the lines in question are those that were generated.

    Args:
        answers: fcgitops.yaml.
        recorded: the base's record.

    Returns:
        False also where nothing tells; `model.answers` then says what is wrong, if anything is.
    """
    generated = record.one(recorded, layout.ANSWERS)
    if answers is None or generated is None or b"<<<<<<< " in answers:
        return False
    return _LINES.findall(answers) == _LINES.findall(generated)
