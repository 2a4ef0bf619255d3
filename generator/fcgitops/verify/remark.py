"""What a check of rendered objects says, and where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]
ERROR, WARNING, INFO = "error", "warning", "info"
"""Refused; taken, and wrong; right, and worth knowing."""


@dataclass(frozen=True)
class Remark:
    """One thing to say of what is rendered, or of a file that it is rendered from."""

    message: str
    hint: str = ""
    severity: str = ERROR
    object: str = ""
    """Kind and name, as `StatefulSet frameworkcontroller`."""
    path: str = ""
    """The field in it, as spec.replicas."""
    file: str = ""
    """Relative to the repository's top."""
    line: int = 0
    """From 1; 0 for none."""

    @property
    def sentence(self) -> str:
        """The object, the field and what is to say."""
        place = " ".join(filter(None, (self.object, self.path)))
        return f"{place}: {self.message}" if place else self.message


Remarks = Iterator[Remark]


def named(item: Object) -> str:
    """Kind and name of an object, whatever it is."""
    meta = item.get("metadata")
    name = meta.get("name", "") if isinstance(meta, dict) else ""
    return f"{item.get('kind', 'object')} {name}".strip()
