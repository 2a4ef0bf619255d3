"""Two versions of an object → JSON6902 operations that make of the first what the second says.

kustomize applies such patches for a third of what a strategic-merge patch costs each build.
Source of the operations: RFC 6902, and RFC 6901 for paths.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from fcgitops.diff.stored import stored
from fcgitops.kubernetes.objects import Object

_NAMES = ("name", "mountPath", "containerPort", "key", "ip")
"""What tells the items of a list apart, the first that each of them has and no two share."""


_ONE_OF = (
    frozenset({"exec", "httpGet", "tcpSocket", "grpc", "sleep"}),
    frozenset({"value", "valueFrom"}),
)
"""Fields of which an object has one: the handlers of a probe or a hook, a variable's value."""
_CONTRADICTS = (
    ("privileged", True, "allowPrivilegeEscalation"),
    ("runAsUser", 0, "runAsNonRoot"),
)
"""A field, its value, and the field that the profile may have and that says otherwise."""


class Operation(NamedTuple):
    """One operation of a patch."""

    op: str
    path: tuple[str, ...]
    value: Any = None

    @property
    def pointer(self) -> str:
        """The path as a patch has it."""
        return "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in self.path)

    def as_yaml(self) -> dict[str, Any]:
        """As a patch has it."""
        return {"op": self.op, "path": self.pointer, "value": self.value}


def operations(rendered: Object, said: Object) -> list[Operation]:
    """What has to be patched, so that an object has all that another one says.

    Args:
        rendered: the object that is patched; what it has beside stays.
        said: fields that it should have.
    """
    found = list(_differences(rendered, _laid_over(rendered, said), ()))
    wanted = stored(_applied(rendered, found))
    for operation in list(found):
        without = [other for other in found if other is not operation]
        if stored(_applied(rendered, without)) == wanted:  # another spelling of what is there
            found = without
    return found


def _laid_over(base: Any, said: Any) -> Any:  # noqa: ANN401 - any value of YAML
    """`base` with all that `said` says; items of a list with names are matched by them."""
    if isinstance(base, dict) and isinstance(said, dict):
        base = {key: value for key, value in base.items() if key not in _excluded(base, said)}
        both = {key: _laid_over(base[key], value) for key, value in said.items() if key in base}
        return {**base, **{key: both.get(key, value) for key, value in said.items()}}
    if isinstance(base, list) and isinstance(said, list) and (key := _key_of(base, said)):
        by_name = {str(item[key]): item for item in said}
        there = {str(item[key]) for item in base}
        return [
            *(_laid_over(item, by_name.get(str(item[key]), {})) for item in base),
            *(item for item in said if str(item[key]) not in there),
        ]
    return said


def _excluded(base: dict[str, Any], said: dict[str, Any]) -> set[str]:
    """Fields of `base` that no API server takes, or no Pod starts with, beside what is said."""
    found: set[str] = set()
    for group in _ONE_OF:
        if chosen := group & said.keys():
            found |= group - chosen
    for key, value, other in _CONTRADICTS:
        if said.get(key) == value and type(said[key]) is type(value) and other not in said:
            found.add(other)
    return found & base.keys()


def _key_of(*lists: list[Any]) -> str | None:
    items = [item for each in lists for item in each]
    if not items or not all(isinstance(item, dict) for item in items):
        return None
    return next((key for key in _NAMES if all(_tells_apart(key, each) for each in lists)), None)


def _tells_apart(key: str, items: list[dict[str, Any]]) -> bool:
    names = [str(item[key]) for item in items if isinstance(item.get(key), str | int)]
    return len(set(names)) == len(items)


def _differences(before: Any, after: Any, path: tuple[str, ...]) -> Iterator[Operation]:  # noqa: ANN401
    if before == after and type(before) is type(after):
        return
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() <= after.keys():
        for key, value in after.items():
            if key in before:
                yield from _differences(before[key], value, (*path, key))
            else:
                yield Operation("add", (*path, key), value)
    elif isinstance(before, list) and isinstance(after, list) and _grows(before, after):
        for place, (old, new) in enumerate(zip(before, after, strict=False)):
            yield from _differences(old, new, (*path, str(place)))
        for item in after[len(before) :]:
            yield Operation("add", (*path, "-"), item)
    else:
        yield Operation("replace", path, after)


def _grows(before: list[Any], after: list[Any]) -> bool:
    """Whether the second list has the items of the first, changed or not, and maybe more."""
    key = _key_of(before, after)
    return bool(key) and [i[key] for i in before] == [i[key] for i in after[: len(before)]]


def _applied(o: Object, patch: list[Operation]) -> Object:
    """An object with a patch of our own making applied."""
    result: Any = copied(o)
    for operation in patch:
        *way, last = operation.path
        place = result
        for part in way:
            place = place[int(part)] if isinstance(place, list) else place[part]
        if isinstance(place, list):
            if last == "-":
                place.append(copied(operation.value))
            else:
                place[int(last)] = copied(operation.value)
        else:
            place[last] = copied(operation.value)
    found: Object = result
    return found


def copied(value: Any) -> Any:  # noqa: ANN401 - any value of YAML
    """A copy that may be changed."""
    if isinstance(value, dict):
        return {key: copied(inner) for key, inner in value.items()}
    return [copied(inner) for inner in value] if isinstance(value, list) else value
