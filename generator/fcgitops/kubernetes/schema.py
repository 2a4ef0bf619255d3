"""Objects against the API server's own schema: unknown fields, wrong types, repeated elements.

`schema.json` holds what every field is, in a notation of its own (`make kubernetes-schemas`):
`string`, `bool`, `int32`, `int64`, `number`, `quantity`, `int-or-string`, `time`, `bytes`, `any`;
`&T` an object with the fields of T; `{}X` a map of text to X; `[]X` a list of X, `[=]X` one without
repetition, `[key=default,…]X` one whose elements have a key; `*T` a T, a list of T or a truth
value, whose unknown fields are dropped. A field that not every version has is a list: what it is,
the first and the last version that has it.

The judgement is that of server-side apply, which Flux and Argo CD use: what it cannot convert to
its types it refuses. Source: sigs.k8s.io/structured-merge-diff, typed/validate.go, and
k8s.io/apimachinery, pkg/runtime/converter.go.
"""

from __future__ import annotations

import base64
import binascii
import json
import pathlib
import re
from functools import cache
from typing import Any, NamedTuple

from fcgitops.core.lazy import regex
from fcgitops.kubernetes import features, quantity
from fcgitops.kubernetes.field import ASSUMED, USELESS, Fault, Path, shown
from fcgitops.kubernetes.objects import Object

_TIME = regex(
    r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2]?[0-9]:[0-5][0-9]:[0-6][0-9](\.[0-9]+)?"
    r"(Z|[-+][0-2][0-9]:[0-5][0-9])"
)
_BITS = {"int32": 32, "int64": 64}
_OR_TRUTH = ("additionalItems", "additionalProperties")
"""Fields that are a schema or a truth value: JSONSchemaPropsOrBool, pkg/apis/apiextensions/v1 of
k8s.io/apiextensions-apiserver."""


class Versions(NamedTuple):
    """The Kubernetes versions that objects are for, the first and the last of them."""

    first: str
    last: str

    @property
    def ends(self) -> list[int]:
        """The first and the last, once where they are one: 34 for 1.34."""
        return sorted({int(version.partition(".")[2]) for version in self})


_FILE = pathlib.Path(__file__).with_name("schema.json")


@cache
def _data() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_FILE.read_bytes())
    return found


def known_versions() -> list[str]:
    """The versions whose fields are known, such as 1.34, from the oldest."""
    found: list[str] = _data()["versions"]
    return found


def known(api_version: object, kind: object) -> bool:
    """Whether there is a schema for objects of a kind."""
    return f"{api_version} {kind}" in _data()["kinds"]


@cache
def kinds() -> frozenset[str]:
    """The names of the kinds that there is a schema for."""
    return frozenset(name.partition(" ")[2] for name in _data()["kinds"])


def namespaced(api_version: object, kind: object) -> bool | None:
    """Whether objects of a kind are in a namespace; None where nothing is known of the kind."""
    found = _data()["kinds"].get(f"{api_version} {kind}")
    return None if found is None else bool(found[1])


def read(
    item: Object, versions: Versions | None = None, minor: int = ASSUMED
) -> tuple[Object, list[Fault]]:
    """An object as the API server's types hold it.

    Args:
        item: an object of a known kind.
        versions: a field that some of them do not know or heed is a fault; all known ones by
            default, of which a field needs to be in one.
        minor: which of `versions` reads it, 34 for 1.34.

    Returns:
        The object without null, without what is of a wrong type, and, where versions are stated,
        without what is dropped there: what is left is of the right type, so that rules need not
        ask. And the faults.
    """
    name = _data()["kinds"][f"{item['apiVersion']} {item['kind']}"][0]
    if versions and (newer := _no_kind(item, name, versions)):
        return _Reader(None, minor).structure(item, name, ()), [newer]
    reader = _Reader(versions, minor)
    return reader.structure(item, name, ()), reader.faults


def _no_kind(item: Object, name: str, versions: Versions) -> Fault | None:
    """A fault where some of the versions do not know a kind."""
    spec = _data()["types"][name]["kind"]
    if isinstance(spec, str):
        return None
    order = known_versions()
    _, first, last = spec
    if order.index(first) <= order.index(versions.first) and (
        order.index(versions.last) <= order.index(last)
    ):
        return None
    here = _range(*versions)
    what = f"{item['apiVersion']} {item['kind']} is a kind of Kubernetes {_range(first, last)}"
    return Fault(("kind",), f"{what} alone; this is for {here}")


class _Reader:
    def __init__(self, versions: Versions | None, minor: int) -> None:
        order = known_versions()
        self.minor = minor
        self.faults: list[Fault] = []
        self.types: dict[str, Any] = _data()["types"]
        self.order = {version: i for i, version in enumerate(order)}
        self.versions = versions
        self.oldest = versions.ends[0] if versions else 0
        first, last = (versions.first, versions.last) if versions else (order[0], order[-1])
        self.first = self.order.get(first, 0)
        self.last = self.order.get(last, len(order) - 1)

    def fault(self, path: Path, message: str, severity: str = "error") -> None:
        self.faults.append(Fault(path, message, severity))

    def structure(self, value: Object, name: str, path: Path) -> Object:
        fields = self.types[name]
        gates = features.GATES.get(name, {}) if self.oldest else {}
        made = {}
        for key, item in value.items():
            spec = fields.get(key)
            here = (*path, key)
            if spec is None:
                self.fault(here, f"is no field of {_plain(name)}{_meant(key, fields)}")
                continue
            gate = gates.get(key)
            if type(spec) is list:
                if not self.knows(spec):
                    gate = None
                spec = self.span(here, spec)
            if item is None:
                continue
            read = self.value(item, spec, here)
            dropped = gate is not None and self.off(here, gate, item)
            if read is not None and not dropped:
                made[key] = read
        return made

    def off(self, path: Path, gate: features.Gate, item: object) -> bool:
        """Whether a field is dropped; a fault where one of ours drops it, and that matters."""
        if gate.on > self.oldest and item != gate.same:
            self.fault(path, features.dropped(gate), USELESS)
        return gate.on > self.minor

    def knows(self, spec: list[str]) -> bool:
        """Whether every one of the versions has a field that not every version has."""
        return self.order[spec[1]] <= self.first and self.last <= self.order[spec[2]]

    def span(self, path: Path, spec: list[str]) -> str:
        """What a field holds that not every version has; a fault where one of ours has it not."""
        meaning, first, last = spec
        since, until = self.order[first], self.order[last]
        if since > self.last or until < self.first:
            self.fault(path, f"is a field of Kubernetes {_range(first, last)} alone")
        elif self.versions and not self.knows(spec):
            here = _range(self.versions.first, self.versions.last)
            what = f"is a field of Kubernetes {_range(first, last)} alone; this is for {here}"
            self.fault(path, what)
        return meaning

    def value(self, value: Any, spec: str, path: Path) -> Any:  # noqa: ANN401
        """The value as its type holds it; None where it is of another."""
        head = spec[0]
        if spec == "string":
            if type(value) is str:
                return value
            return self.wrong(path, value, "a text")
        if head == "&":
            if type(value) is dict:
                return self.structure(value, spec[1:], path)
            return self.wrong(path, value, "a map of fields")
        if head == "[":
            if type(value) is list:
                keys, _, inner = spec[1:].partition("]")
                return self.items(value, keys, inner, path)
            return self.wrong(path, value, "a list")
        if head == "{":
            if type(value) is dict:
                return self.map(value, spec[2:], path)
            return self.wrong(path, value, "a map")
        if head == "*":
            return self.free(value, spec[1:], path)
        return self.scalar(value, spec, path)

    def free(self, value: Any, name: str, path: Path) -> Any:  # noqa: ANN401
        """A value that is read by a decoder of its own, which drops what it does not know."""
        if path[-1] in _OR_TRUTH and type(value) not in (dict, bool):
            return self.wrong(path, value, "a schema, true or false")
        if type(value) is list:
            return [self.free(item, name, (*path, i)) for i, item in enumerate(value)]
        if type(value) is not dict:
            return value
        fields = self.types[name]
        for key in value.keys() - fields:
            what = f"is no field of {_plain(name)}, and is dropped{_meant(key, fields)}"
            self.fault((*path, key), what, USELESS)
        return self.structure({k: v for k, v in value.items() if k in fields}, name, path)

    def map(self, value: Object, inner: str, path: Path) -> Object:
        made = {}
        for key, item in value.items():
            here = (*path, key)
            if type(key) is not str:
                self.fault(here, f"the key {shown(key)} is no text")
            elif item is None:
                made[key] = _zero(inner)
            elif (read := self.value(item, inner, here)) is not None:
                made[key] = read
        return made

    def items(self, value: list[Any], keys: str, inner: str, path: Path) -> list[Any]:
        made = []
        seen = set()
        named = [key.partition("=") for key in keys.split(",")] if keys not in ("", "=") else []
        for i, item in enumerate(value):
            here = (*path, i)
            if item is None:
                if keys:
                    self.fault(here, "is null")
                else:
                    made.append(_zero(inner))
                continue
            read = self.value(item, inner, here)
            if read is None:
                continue
            made.append(read)
            identity: object = None
            if keys == "=":
                identity = repr(item)
            elif named and type(item) is dict:
                if all(not has and item.get(key) is None for key, has, _ in named):
                    self.fault((*here, named[0][0]), "is required")
                identity = repr([_text_or(item.get(key), default) for key, _, default in named])
            if identity is not None and identity in seen:
                what = ", ".join(f"{key} {shown(item.get(key))}" for key, _, _ in named)
                self.fault(here, f"another element has the same {what or 'value'}")
            seen.add(identity)
        return made

    def scalar(self, value: Any, spec: str, path: Path) -> Any:  # noqa: ANN401
        kind = type(value)
        if spec == "bool":
            return value if kind is bool else self.wrong(path, value, "true or false")
        if spec in _BITS:
            if kind is float and value.is_integer():
                value, kind = int(value), int
            if kind is not int:
                return self.wrong(path, value, "a whole number")
            return self.bits(value, _BITS[spec], path)
        if spec == "number":
            return value if kind in (int, float) else self.wrong(path, value, "a number")
        if spec == "quantity":
            if kind in (dict, list, bool) or quantity.parse(value) is None:
                self.fault(path, f"{shown(value)} {quantity.SYNTAX}")
                return None
            return value
        if spec == "int-or-string":
            if kind is int and not -(1 << 31) <= value < 1 << 31:
                return self.wrong(path, value, "a number of at most 32 bits")
            return (
                value if kind in (int, str) else self.wrong(path, value, "a whole number or a text")
            )
        if spec == "time":
            if kind is not str or not _TIME.fullmatch(value):
                return self.wrong(path, value, "a time such as 2006-01-02T15:04:05Z")
            return value
        if spec == "bytes":
            return self.bytes(value, path)
        return value

    def bits(self, value: int, bits: int, path: Path) -> Any:  # noqa: ANN401
        """A whole number; the API server takes the last 32 bits of one that is too big for them."""
        half = 1 << bits - 1
        if -half <= value < half:
            return value
        if bits == 64:
            return self.wrong(path, value, "a number of at most 64 bits")
        cut = (value + half) % (2 * half) - half
        self.fault(path, f"{value} has more than {bits} bits: the API server takes {cut}", USELESS)
        return cut

    def bytes(self, value: Any, path: Path) -> Any:  # noqa: ANN401
        if type(value) is not str:
            return self.wrong(path, value, "a text in base64")
        try:
            return base64.b64decode(re.sub(r"[\r\n]", "", value), validate=True)
        except (binascii.Error, ValueError):
            self.fault(path, "is not base64")
            return None

    def wrong(self, path: Path, value: object, right: str) -> None:
        self.fault(path, f"{shown(value)} is not {right}")


def _zero(spec: str) -> Any:  # noqa: ANN401
    """What Go holds where null is written in a list or map."""
    if spec[0] in "&{":
        return {}
    if spec[0] == "[":
        return []
    return {"bool": False, "string": "", "bytes": b""}.get(spec, 0)


def _text_or(value: object, default: str) -> str:
    return default if value is None else str(value)


def _plain(name: str) -> str:
    """A type's name without its group."""
    return name.rpartition(".")[2]


def _range(first: str, last: str) -> str:
    order = known_versions()
    if first == last:
        return first
    if last == order[-1]:
        return f"{first} and newer"
    return f"{last} and older" if first == order[0] else f"{first} to {last}"


def _meant(key: object, fields: Object) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - of a fault alone

    near = get_close_matches(str(key), fields, n=1)
    return f": did you mean {near[0]}?" if near else ""
