"""Two versions of an object → the fields that differ: path, old value, new value.

Named lists (containers, volumes, env …) are compared by name, other lists as a whole or by their
items. What must not be shown is hidden before anything is compared for show.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from fcgitops.diff import secrecy
from fcgitops.diff.objects import Pair
from fcgitops.diff.outcome import Field
from fcgitops.diff.settings import FILE, SPEC, Settings, attributes, called
from fcgitops.diff.stored import stored
from fcgitops.kubernetes import names
from fcgitops.kubernetes.objects import name as name_of
from fcgitops.kubernetes.objects import namespace
from fcgitops.programs import namehash
from fcgitops.text.words import count

_NAMES = ("name", "mountPath", "containerPort", "key", "code", "type", "topologyKey", "ip", "port")
"""What tells the items of a list apart, the first that all of them have."""
_FIRST = ("replicas", "image", "spec", "data", "rules", "subjects", "roleRef")
_MOST_LINES = 20


def of(pair: Pair) -> list[Field]:
    """The fields in which an object differs, those of its purpose first; [] for one side only.

    What only the API server's defaults tell apart is no difference; another order of a list is.
    """
    if pair.before is None or pair.after is None:
        return []
    before, after = stored(pair.before), stored(pair.after)
    secret = pair.kind == "Secret"
    found: list[Field] = []
    if pair.how != "same":
        found += _moved(pair)
    for o in (before, after):
        for key in ("name", "namespace"):
            o["metadata"].pop(key, None)
    files = [o.get("data") or {} for o in (before, after)]
    if pair.kind == "ConfigMap" and all(isinstance(data, dict) for data in files):
        found += _texts(before.pop("data", None) or {}, after.pop("data", None) or {})
    for path, parts, *values in _compare(before, after, ()):
        old, new = (_hidden(parts, value, secret=secret) for value in values)
        if _is_reference(*values):
            old = new = namehash.without_hash(values[1])
        hidden = secret and any(map(names.key, parts[1:]))  # kustomize takes a line for a key
        found.append(Field(f"{parts[0]}: {secrecy.HIDDEN}" if hidden else path, old, new))
    return sorted(found, key=_importance)


def _moved(pair: Pair) -> Iterator[Field]:
    assert pair.before is not None  # noqa: S101 - checked by the caller
    assert pair.after is not None  # noqa: S101
    for key, get in (("namespace", namespace), ("name", name_of)):
        if get(pair.before) != get(pair.after):
            yield Field(f"metadata.{key}", get(pair.before), get(pair.after))


def _importance(found: Field) -> tuple[int, int]:
    top = found.path.partition(".")[0]
    last = found.path.rpartition(".")[2]
    rank = next((i for i, word in enumerate(_FIRST) if word in (last, top)), len(_FIRST))
    return (1 if top in ("metadata", "apiVersion") else 0), rank


def _is_reference(old: object, new: object) -> bool:
    """Whether both name the same generated ConfigMap or Secret, but for its hash."""
    return (
        isinstance(old, str)
        and isinstance(new, str)
        and namehash.has_hash(new)
        and old != new
        and namehash.without_hash(old) == namehash.without_hash(new)
    )


def _hidden(parts: tuple[str, ...], value: Any, *, secret: bool) -> Any:  # noqa: ANN401
    """A value without secrets; None stays what it is."""
    return None if value is None else secrecy.hide(value, parts, secret=secret)


Difference = tuple[str, tuple[str, ...], Any, Any]
"""Path as shown, its keys, old value, new value."""


def _compare(before: Any, after: Any, path: tuple[str, ...]) -> Iterator[Difference]:  # noqa: ANN401
    if before == after and type(before) is type(after):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        if _is_named(before, after, path):
            yield _difference(path, before, after)
            return
        for key in dict.fromkeys([*before, *after]):
            yield from _compare(before.get(key), after.get(key), (*path, str(key)))
        return
    if isinstance(before, list) and isinstance(after, list):
        yield from _compare_lists(before, after, path)
        return
    yield _difference(path, before, after)


def _is_named(before: dict[str, Any], after: dict[str, Any], path: tuple[str, ...]) -> bool:
    """Whether both are a variable whose name says that its value is a secret."""
    name = str(after.get("name") or before.get("name") or "")
    variable = path[-2:-1] == ("env",) or "value" in before or "value" in after
    return bool(name) and secrecy.names_one(name) and variable


def _difference(path: tuple[str, ...], before: object, after: object) -> Difference:
    dotted = ".".join(path).replace(".[", "[")
    keys = tuple(part for part in path if not part.startswith("["))
    return dotted, keys, before, after


def _compare_lists(
    before: list[Any], after: list[Any], path: tuple[str, ...]
) -> Iterator[Difference]:
    key = _key_of([*before, *after])
    if key is None:
        yield from _compare_plain(before, after, path)
        return
    old = {str(item[key]): item for item in before}
    new = {str(item[key]): item for item in after}
    if len(old) < len(before) or len(new) < len(after):
        yield from _compare_plain(before, after, path)
        return
    for name in dict.fromkeys([*new, *old]):
        yield from _compare(old.get(name), new.get(name), (*path, f"[{name}]"))
    kept_before, kept_after = [n for n in old if n in new], [n for n in new if n in old]
    if kept_before != kept_after:
        yield _difference((*path, "[order]"), kept_before, kept_after)


def _compare_plain(
    before: list[Any], after: list[Any], path: tuple[str, ...]
) -> Iterator[Difference]:
    """Items of the same length by their place, else what came and what went."""
    if len(before) == len(after) and any(isinstance(item, dict) for item in after):
        for place, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _compare(old, new, (*path, f"[{place}]"))
        return
    yield _difference(path, before, after)


def _key_of(items: list[Any]) -> str | None:
    if not items or not all(isinstance(item, dict) for item in items):
        return None
    return next((k for k in _NAMES if all(isinstance(i.get(k), str | int) for i in items)), None)


def _texts(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Field]:
    """The files of a ConfigMap; FrameworkController's by what it decodes."""
    for name in dict.fromkeys([*after, *before]):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if name == FILE and isinstance(old, str) and isinstance(new, str):
            yield from settings(Settings(old), Settings(new))
        elif secrecy.names_one(name) or name == "key":
            yield Field(f"data.{name}", old and secrecy.HIDDEN, new and secrecy.HIDDEN)
        elif _is_short(old) and _is_short(new):
            values = (old and secrecy.hide(str(old), ("",)), new and secrecy.hide(str(new), ("",)))
            yield Field(f"data.{name}", *values)
        else:
            yield _lines(name, str(old or ""), str(new or ""))


def _is_short(value: object) -> bool:
    return value is None or (isinstance(value, str) and "\n" not in value.rstrip("\n"))


def _lines(name: str, old: str, new: str) -> Field:
    """A text by its lines; where one of them may name a secret, only how many differ."""
    lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm=""))
    gone = [line[1:].strip() for line in lines[2:] if line.startswith("-")]
    come = [line[1:].strip() for line in lines[2:] if line.startswith("+")]
    if secrecy.is_doubtful(f"{old}\n{new}") or len(gone) + len(come) > _MOST_LINES:
        return Field(f"data.{name}", count(len(gone), "line"), count(len(come), "other line"))
    shown_lines = (" / ".join(secrecy.hide(part, ("lines",))) or None for part in (gone, come))
    return Field(f"data.{name}", *shown_lines)


def settings(before: Settings, after: Settings) -> Iterator[Field]:
    """The settings that differ, podFailureSpec by code."""
    if before.text != after.text and before.same_as(after):
        yield Field(FILE, "comments and spelling", "no setting differs")
        return
    for name, value in after.value.items():
        old = before.value.get(name)
        if old != value:
            values = (secrecy.hide(v, (name,)) for v in (old, value))
            yield Field(f"{FILE}: {name}", *values)
    for code in dict.fromkeys([*after.entries, *before.entries]):
        entry, previous = after.entries.get(code), before.entries.get(code)
        if entry == previous:
            continue
        at = f"{FILE}: {SPEC}[{code}]"
        if entry is None or previous is None:
            texts = (one and secrecy.redact(_entry(one)) for one in (previous, entry))
            yield Field(at, *texts)
            continue
        for path, _, old, new in _compare(previous, entry, ()):
            yield Field(f"{at}.{path}", *(secrecy.hide(v, ()) for v in (old, new)))
    kept = [c for c in before.entries if c in after.entries]
    if kept != [c for c in after.entries if c in before.entries]:
        yield Field(f"{FILE}: {SPEC}[order]", kept, [c for c in after.entries if c in kept])


def _entry(entry: dict[str, Any]) -> str:
    kind = ", ".join(attributes(entry))
    return f"{called(entry)} ({kind})" if kind else called(entry)
