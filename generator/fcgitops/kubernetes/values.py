"""Checks of values that become a part of Kubernetes' objects, by Kubernetes' own rules.

A value is put where it will stand, into an object that is right but for it, and judged by the code
that judges rendered objects: what is committed is what the API server takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fcgitops.kubernetes import names, quantity
from fcgitops.kubernetes.objects import Object
from fcgitops.text import yamlio
from fcgitops.text.values import Check, did_you_mean, odd_character
from fcgitops.text.words import shown

Path = tuple[str | int, ...]

_CONTAINER: Path = ("spec", "containers", 0, "resources")
_BYTES = ("memory", "ephemeral-storage", "storage")
_RATIO = "maxLimitRequestRatio"
LIMITS = ("default", "defaultRequest", "min", "max", _RATIO)
"""What a LimitRange says of containers."""
_LEAST_BYTES = 1 << 20
"""Of memory or disk: below it the letter behind the number is missing, or means thousandths."""

MOST = {"memory": "4Pi", "cpu": "8192"}
"""What a node has at most: Linux addresses as much on amd64, with page tables of five levels
(Documentation/arch/x86/x86_64/5level-paging.rst), and NR_CPUS_RANGE_END of its arch/x86/Kconfig."""


def is_too_much(resource: str, given: object) -> bool:
    """Whether no node has as much memory or cpu as one container asks for."""
    found, most = quantity.parse(given), quantity.parse(MOST.get(resource))
    return bool(found and most and found.amount > most.amount)


def _syntax(complain: Callable[[str], str], wanted: str) -> Check:
    def check(value: object) -> str:
        if not isinstance(value, str):
            return f"{shown(value)} is not text ({wanted}; quote it)"
        if not complain(value):
            return ""
        return f"{shown(value)} is not valid{odd_character(value)} ({wanted})"

    return check


dns_label = _syntax(
    names.dns_label, "a DNS label: lower-case letters, digits and '-' between them, at most 63"
)
subdomain = _syntax(names.dns_subdomain, "a DNS name: lower-case labels with '.' between them")
secret_key = _syntax(names.key, "a key of a Secret: letters, digits, '-', '_' and '.'")
label_value = _syntax(names.label_value, "letters, digits, '-', '_' and '.', at most 63")


def _object(api: str, kind: str, **fields: Any) -> Object:  # noqa: ANN401 - of any type
    return {"apiVersion": api, "kind": kind, "metadata": {"name": "x"}, **fields}


def _pod() -> Object:
    return _object("v1", "Pod", spec={"containers": [{"name": "x", "image": "x"}]})


def _limit_range() -> Object:
    return _object("v1", "LimitRange", spec={"limits": [{"type": "Container"}]})


def _placed(item: Object, path: Path, value: object) -> Object:
    """`item` with `value` at `path`, the mappings on the way made."""
    at: Any = item
    for part in path[:-1]:
        at = at[part] if isinstance(part, int) else at.setdefault(part, {})
    at[path[-1]] = value
    return item


def _judge(item: Object, path: Path, value: object) -> Iterator[str]:
    """What Kubernetes has to say of `value` at `path` of `item`, which is right without it."""
    from fcgitops.kubernetes import check  # noqa: PLC0415 - reads the schemas of all kinds
    from fcgitops.kubernetes.field import dotted  # noqa: PLC0415

    for fault in check.faults(_placed(item, path, value)):
        inside = fault.path[: len(path)] == path
        place = dotted(fault.path[len(path) :] if inside else fault.path)
        quote = " (quote it)" if fault.message.endswith("is not a text") else ""
        yield f"{place}: {fault.message}{quote}" if place else f"{fault.message}{quote}"


def _nothing(value: object, path: Path = ()) -> Iterator[str]:
    """A key or an item without a value: some programs take it for absent, others for empty."""
    from fcgitops.kubernetes.field import dotted  # noqa: PLC0415

    if value is None:
        yield f"{dotted(path)}: has no value" if path else "has no value"
    items = value.items() if isinstance(value, dict) else ()
    for key, item in items or (enumerate(value) if isinstance(value, list) else ()):
        yield from _nothing(item, (*path, key))


def _part(template: Callable[[], Object], kind: type[Any], *path: str | int) -> Check:
    def check(value: object) -> str:
        if not isinstance(value, kind):
            return f"{shown(value)} is not {_KINDS[kind]}"
        return "\n".join([*_nothing(value), *_judge(template(), path, value)])

    return check


_KINDS: dict[type[Any], str] = {
    dict: "a mapping (write KEY: VALUE)",
    list: "a list (write [A, B])",
}

node_selector = _part(_pod, dict, "spec", "nodeSelector")
tolerations = _part(_pod, list, "spec", "tolerations")
labels = _part(_pod, dict, "metadata", "labels")
_annotations = _part(_pod, dict, "metadata", "annotations")
_quota = _part(lambda: _object("v1", "ResourceQuota"), dict, "spec", "hard")


def pod_annotations(value: object) -> str:
    """Any text, of several lines too; but for what kustomize makes no YAML of."""
    wrong = [_annotations(value)]
    for key, item in value.items() if isinstance(value, dict) else ():
        if isinstance(item, str) and (odd := yamlio.UNWRITABLE.search(item)):
            what = f"has U+{ord(odd.group()):04X}" if odd.group() != "\t" else "begins with a tab"
            wrong.append(f"{key}: {what}, of which kustomize makes no YAML")
    return "\n".join(filter(None, wrong))


def _of_container(resource: str) -> Check:
    def check(value: object) -> str:
        path = (*_CONTAINER, "requests", resource)
        found = [*_nothing(value), *_judge(_pod(), path, value)]
        return "\n".join([*found, *_mistaken({resource: value}, of_one=True)])

    return check


cpu = _of_container("cpu")
memory = _of_container("memory")


def quota(value: object) -> str:
    """`hard` of a ResourceQuota: resource → how much of it."""
    return "\n".join(filter(None, [_quota(value), *_mistaken(value, named=True)]))


def limits(value: object) -> str:
    """One of `LIMITS` → resource → how much of it."""
    if not isinstance(value, dict):
        return f"{shown(value)} is not {_KINDS[dict]}"
    found = [
        f"{shown(part)} is not known ({did_you_mean(part, LIMITS)})"
        for part in value
        if part not in LIMITS
    ]
    for part, amounts in value.items():
        if part != _RATIO:
            found += _mistaken(amounts, named=True, below=f"{part}.", of_one=part != "max")
    limit = {"type": "Container", **{part: value[part] for part in LIMITS if part in value}}
    judged = _judge(_limit_range(), ("spec", "limits", 0), limit)
    return "\n".join([*_nothing(value), *judged, *found])


def _mistaken(
    value: object, *, named: bool = False, below: str = "", of_one: bool = False
) -> Iterator[str]:
    """Amounts that the API server takes, and that nobody means; of one container, or of many."""
    for resource, amount in value.items() if isinstance(value, Mapping) else ():
        found, place = quantity.parse(amount), f"{below}{resource}: " if named else ""
        counted = str(resource).removeprefix("requests.").removeprefix("limits.")
        if found is None or found.amount <= 0:
            continue
        if counted in _BYTES and found.amount < _LEAST_BYTES:
            number = found.whole if found.amount >= 1 else float(found.amount)
            noun = "byte" if number == 1 else "bytes"
            yield f"{place}{shown(amount)} is {number} {noun} ({_digits(amount)}Mi?)"
        elif counted == "cpu" and found.style == "binary":
            yield f"{place}{shown(amount)} is {found.whole} CPUs (such as 2; 500m is half a CPU)"
        elif of_one and is_too_much(counted, amount):
            most = MOST[counted]
            yield f"{place}{shown(amount)} is more than any node has ({most} at most)"


def _digits(amount: object) -> str:
    return str(amount).strip().rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


def amount_text(value: object) -> str:
    """A quantity as the API server keeps it: a number would look changed at every sync."""
    return str(value).strip()
