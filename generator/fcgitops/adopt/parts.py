"""Recognised objects beside what an environment renders of each, and what no key says of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from fcgitops.adopt import selecting
from fcgitops.adopt.keys import Keys
from fcgitops.adopt.patching import Operation, operations
from fcgitops.adopt.reading import Item
from fcgitops.adopt.recognition import Found, is_account
from fcgitops.adopt.stated import stated
from fcgitops.diff.objects import bare_name, runs_frameworkcontroller
from fcgitops.diff.secrecy import hide
from fcgitops.diff.settings import FILE
from fcgitops.kubernetes.objects import Fields, Object, listing, mapping, mappings
from fcgitops.manifests.overlay import NAME
from fcgitops.text import yamlio

_METADATA = ("apiVersion", "kind", "metadata")


class Part(NamedTuple):
    """One object of the input, and what is rendered in its place.

    Attributes:
        item: as it was found.
        rendered: the object that takes its place.
        patch: what is patched, so that it has what no key says.
        hidden: fields that are not patched, since their values may be secrets.
    """

    item: Item
    rendered: Object
    patch: tuple[Operation, ...]
    hidden: tuple[str, ...]

    @property
    def kind(self) -> str:
        """The kind of both."""
        return self.item.kind


def parts(
    found: Found, others: Sequence[Item], keys: Keys, rendered: Sequence[Object], profile: str
) -> list[Part]:
    """What takes the place of each object.

    Args:
        found: FrameworkController among the objects.
        others: those with the name of one that is rendered.
        keys: what its StatefulSet tells.
        rendered: what the environment renders by these keys.
        profile: the repository's.
    """
    labels = selecting.labels_of_pod(found.stateful_set.object)
    made = [
        _part(item, target, said, labels)
        for item, said in _said(found, keys, profile)
        for target in [_target(item, rendered)]
        if target is not None
    ]
    for item in others:
        target = next(
            (
                o
                for o in rendered
                if (o["kind"], bare_name(o)) == (item.kind, bare_name(item.object))
            ),
            None,
        )
        if target is not None:
            made.append(_part(item, target, _bare(stated(item.object)), labels))
    return made


def _said(found: Found, keys: Keys, profile: str) -> Iterator[tuple[Item, Object]]:
    """Each recognised object, and what it says that no key does."""
    yield found.stateful_set, keys.rest
    if found.account:
        yield found.account, _bare(stated(found.account.object))
    if found.service:
        yield found.service, _bare(stated(found.service.object))
    if found.home:
        yield found.home, _bare(stated(found.home.object), only_metadata=True)
    if found.config_map:
        said = _bare(stated(found.config_map.object))
        yield found.config_map, {**said, "data": _without(said.get("data"), found.key)}
    if found.binding:
        yield found.binding, _binding(found, profile)
    if found.role and profile == "hardened":  # whose rights are those that it needs, and no more
        yield found.role, _bare(stated(found.role.object), only_metadata=True)


def _without(data: object, key: str) -> Fields:
    """The entries of a ConfigMap without that of a key."""
    return {name: value for name, value in mapping(data).items() if name != key}


def _target(item: Item, rendered: Sequence[Object]) -> Object | None:
    """What is rendered of a kind that FrameworkController has one of."""
    found = [o for o in rendered if o["kind"] == item.kind]
    if item.kind == "StatefulSet":
        found = [o for o in found if runs_frameworkcontroller(o)]
    own = [o for o in found if bare_name(o).startswith(NAME)]
    return next(iter(own or found), None)


def _bare(o: Object, *, only_metadata: bool = False) -> Object:
    """An object without its name and namespace, which are the environment's."""
    metadata = {k: v for k, v in o["metadata"].items() if k not in ("name", "namespace")}
    kept = _METADATA if only_metadata else tuple(o)
    return {**{key: o[key] for key in kept if key in o}, "metadata": metadata}


def _binding(found: Found, profile: str) -> Object:
    """The binding: its own role, unless the profile has one; and whom else it binds."""
    assert found.binding is not None  # noqa: S101 - asked for where there is one
    o = stated(found.binding.object)
    said = _bare(o, only_metadata=True)
    if profile != "hardened":
        said["roleRef"] = o.get("roleRef")
    account, place = found.account_name, found.place
    more = [s for s in mappings(o.get("subjects")) if not is_account(s, account, place)]
    return {**said, "subjects": more} if more else said


def _part(item: Item, rendered: Object, said: Object, labels: Fields) -> Part:
    said = {key: value for key, value in said.items() if key not in ("apiVersion", "kind")}
    selecting.follow(said.get("spec"), labels)
    if more := said.get("subjects"):
        there = listing(rendered.get("subjects"))
        said["subjects"] = [*there, *(subject for subject in more if subject not in there)]
    if item.kind == "ConfigMap" and FILE in mapping(rendered.get("data")):  # which keys say
        said["data"] = _without(said.get("data"), FILE)
    hidden: list[str] = []
    patch = [
        operation._replace(value=value)
        for operation in operations(rendered, said, excluded=_excluded(item, rendered))
        for value in [_shown(operation.value, _keys(operation), _named(operation), hidden)]
        if value not in _NOTHING or value == operation.value
    ]
    return Part(item, rendered, tuple(patch), tuple(hidden))


def _excluded(item: Item, rendered: Object) -> tuple[str, ...]:
    """What is rendered and contradicts what was found: no address, of a Service that has one."""
    has_address = item.kind == "Service" and not _is_headless(item.object)
    return ("spec", "clusterIP") if has_address and _is_headless(rendered) else ()


def _is_headless(o: Object) -> bool:
    """Whether a Service has no address of its own."""
    return mapping(o.get("spec")).get("clusterIP") == "None"


_NOTHING: tuple[Any, ...] = ({}, [], None)


def _named(operation: Operation) -> tuple[str, ...]:
    """Where the value of an operation stands; an item of a list by its name, where it has one."""
    *way, last = operation.path
    name_of_item = mapping(operation.value).get("name")
    in_a_list = last == "-" or last.isdecimal()
    return (*way, str(name_of_item) if in_a_list and name_of_item else last)


def _keys(operation: Operation) -> tuple[str, ...]:
    """The keys that lead to the value of an operation, without places in lists."""
    return tuple(part for part in operation.path if not part.isdecimal() and part != "-")


def _shown(
    value: Any,  # noqa: ANN401
    keys: tuple[str, ...],
    path: tuple[str, ...],
    hidden: list[str],
) -> Any:  # noqa: ANN401
    """A value without what may be a secret in it.

    Args:
        value: any of YAML.
        keys: that lead to it.
        path: the same with the names of items in lists, for people.
        hidden: gets the path of what was taken out.
    """
    if hide(value, keys) == value and writable(value):
        return value
    if isinstance(value, dict) and "value" not in value:
        found = {
            key: _shown(inner, (*keys, key), (*path, key), hidden) for key, inner in value.items()
        }
        return {k: inner for k, inner in found.items() if inner not in _NOTHING or not value[k]}
    if isinstance(value, list) and all(isinstance(item, dict) for item in value):
        items = [
            _shown(item, keys, (*path, str(item.get("name") or place)), hidden)
            for place, item in enumerate(value)
        ]
        return [item for item in items if item not in _NOTHING]
    hidden.append(dotted(path))
    return None


def writable(value: Any) -> bool:  # noqa: ANN401 - any value of YAML
    """Whether kustomize makes YAML of it."""
    if isinstance(value, dict):
        return all(writable(inner) for pair in value.items() for inner in pair)
    if isinstance(value, list):
        return all(map(writable, value))
    return not (isinstance(value, str) and yamlio.UNWRITABLE.search(value))


def dotted(path: Sequence[str]) -> str:
    """A path as people read it: spec.template.spec.containers[0].env."""
    text = ""
    for part in path:
        text += f"[{part}]" if part.isdecimal() else "" if part == "-" else f".{part}"
    return text.removeprefix(".")
