"""What an object says: without what the API server would fill in if it did not."""

from __future__ import annotations

from typing import Any

from fcgitops.adopt.patching import copied
from fcgitops.diff.stored import stored
from fcgitops.kubernetes.objects import Object

_WHO = ("apiVersion", "kind", "metadata")


def stated(o: Object) -> Object:
    """A copy of an object without fields that make no difference to what is stored.

    An object that was read from a cluster has every default spelled out; nobody can tell those
    from what somebody wrote, and nobody has to.
    """
    copy: Object = copied(o)
    _Reduction(copy).of(copy, [key for key in copy if key not in _WHO])
    return copy


class _Reduction:
    """Takes fields off an object as long as it is stored as it was."""

    def __init__(self, o: Object) -> None:
        self._object = o
        self._wanted = stored(o)

    def of(self, fields: dict[str, Any], keys: list[str]) -> None:
        """Takes off what it can of some fields, and of what is below them."""
        for key in keys:
            value = fields.pop(key)
            if stored(self._object) == self._wanted:
                continue
            fields[key] = value
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, dict):
                    self.of(part, list(part))
