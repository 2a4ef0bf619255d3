"""Two versions of an object → JSON6902 operations that make of the first what the second says.

kustomize applies such patches for a third of what a strategic-merge patch costs each build.
Source of the operations: RFC 6902, and RFC 6901 for paths.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
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
        """The operation as a JSON6902 patch has it."""
        return {"op": self.op, "path": self.pointer, "value": self.value}


def operations(
    rendered: Object, said: Object, *, excluded: tuple[str, ...] = ()
) -> list[Operation]:
    """What has to be patched, so that an object has all that another one says.

    Args:
        rendered: the object that is patched; what it has beside stays.
        said: fields that it should have.
        excluded: the path of a field that it should not have.
    """
    base = copied(rendered)
    if excluded:
        *way, last = excluded
        functools.reduce(lambda place, key: place[key], way, base).pop(last)
    found = list(_differences(rendered, _laid_over(base, said), ()))
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
        there, wanted = ({str(item[key]): item for item in items} for items in (base, said))
        both = {name: _laid_over(item, wanted.get(name, {})) for name, item in there.items()}
        return [both.get(name) or wanted[name] for name in _in_order(there, wanted)]
    return said


def _in_order(base: Iterable[str], said: Iterable[str]) -> list[str]:
    """Names in the order that is said; what only the base has stays behind what it stood behind."""
    names, place = list(said), 0
    for name in base:
        if name not in names:
            names.insert(place, name)
        place = names.index(name) + 1
    return names


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
    elif isinstance(before, list) and isinstance(after, list) and (key := _grows(before, after)):
        old = {str(item[key]): item for item in before}
        new = {str(item[key]): item for item in after}
        for place, name in enumerate(old):
            yield from _differences(old[name], new[name], (*path, str(place)))
        yield from _insertions(list(old), new, path)
    else:
        yield Operation("replace", path, after)


def _grows(before: list[Any], after: list[Any]) -> str:
    """By which key the second list has the items of the first in their order; empty for none."""
    key = _key_of(before, after)
    if key is None:
        return ""
    old = {str(item[key]) for item in before}
    kept = [str(item[key]) for item in after if str(item[key]) in old]
    return key if kept == [str(item[key]) for item in before] else ""


def _insertions(old: list[str], new: dict[str, Any], path: tuple[str, ...]) -> Iterator[Operation]:
    """What is added to a list: at its end; then before its items, from the last to the first.

    So each place is one of the list as it was, whichever of them are left out.
    """
    at_the_end: list[Operation] = []
    before_items: list[Operation] = []
    passed = 0
    for name, item in new.items():
        if name in old:
            passed += 1
        elif passed == len(old):
            at_the_end.append(Operation("add", (*path, "-"), item))
        else:
            before_items.insert(0, Operation("add", (*path, str(passed)), item))
    yield from at_the_end
    yield from before_items


def _applied(o: Object, patch: list[Operation]) -> Object:
    """An object with a patch of our own making applied."""
    result: Any = copied(o)
    for operation in patch:
        *way, last = operation.path
        place = result
        for part in way:
            place = place[int(part)] if isinstance(place, list) else place[part]
        if isinstance(place, list):
            if operation.op == "add":
                place.insert(len(place) if last == "-" else int(last), copied(operation.value))
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
