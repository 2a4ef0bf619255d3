"""Whether the API server takes what is rendered, and holds what is written there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fcgitops.core.findings import HAZARD, INFO, REJECT
from fcgitops.kubernetes import check, field, podsecurity, schema
from fcgitops.kubernetes.field import USELESS, Field, dotted
from fcgitops.kubernetes.objects import Object, mapping
from fcgitops.kubernetes.schema import Versions
from fcgitops.text import words
from fcgitops.verify.registry import Fault, Faults
from fcgitops.verify.subjects import OBJECTS, Objects, name_of, named

# An environment of a fleet renders mostly what the others do: objects are judged once.
_judged: dict[tuple[str | bytes, Versions | None], tuple[Object, tuple[Fault, ...]]] = {}
_MOST_JUDGED = 512


@OBJECTS.check("FCG30", REJECT)
def taken(r: Objects) -> Faults:
    """The API server takes every object: known fields, right types and values, none twice.

    Fields and types are those of the API server's own OpenAPI; the rules of values are those of
    its validation, for the kinds that are rendered. Of other kinds of Kubernetes, fields and types.
    """
    yield from (fault for fault in _all(r) if fault.severity == REJECT)
    seen = set()
    for item in r.objects:
        meta = item.get("metadata")
        home = meta.get("namespace") if isinstance(meta, dict) else None
        group = str(item.get("apiVersion")).rpartition("/")[0]
        identity = (group, str(item.get("kind")), str(home), name_of(item))
        if identity in seen:
            yield Fault("is rendered twice", "rename one", object=named(item))
        seen.add(identity)
    classes = [o for o in r.objects if o.get("kind") == "PriorityClass" and o.get("globalDefault")]
    for item in classes[1:]:
        what = f"is a second default, beside {named(classes[0])}: the API server takes one alone"
        yield Fault(what, "false", object=named(item), path="globalDefault")


@OBJECTS.check("FCG31", HAZARD)
def held(r: Objects) -> Faults:
    """What is written has its meaning: no value is cut off, dropped or useless."""
    yield from (fault for fault in _all(r) if fault.severity == HAZARD)


@OBJECTS.check("FCG32", INFO)
def unknown(r: Objects) -> Faults:
    """Objects of unknown kinds are named: no check judges them."""
    for item in r.objects:
        api, kind = item.get("apiVersion"), item.get("kind")
        if "kind" not in item or check.in_none(api, kind):  # FCG30 says so
            continue
        if not schema.known(api, kind):
            what = f"nothing is known here of {words.named(api)}: it is not judged"
            yield Fault(what, object=named(item))
        elif check.in_part(api, kind):
            what = "its fields and their types are judged here, its values are not"
            yield Fault(what, object=named(item))


@OBJECTS.check("FCG41", HAZARD)
def enforced(r: Objects) -> Faults:
    """The Pods pass the level of Pod Security that their Namespace enforces."""
    objects = typed(r)
    levels = {
        name_of(o): podsecurity.enforced(o)[0] for o in objects if o.get("kind") == "Namespace"
    }
    for item in objects:
        level = levels.get(item["metadata"].get("namespace", ""), "")
        pod = _pod_of(item)
        for place, complaint in podsecurity.complaints(pod, level) if pod.given else ():
            what = f"{complaint}: the Namespace enforces {level}, and its Pods are refused"
            yield Fault(what, object=named(item), path=dotted(place.path))


def typed(r: Objects) -> list[Object]:
    """What is rendered without what is null or of a wrong type: other checks need not ask."""
    return [_own(whole) for whole, _ in _judgements(r) if whole]


def _own(item: Object) -> Object:
    """An object as it is; one of an unknown kind with metadata of the right types.

    Its kind has a name by which nobody takes it for Kubernetes' own, as Calico's NetworkPolicy.
    """
    api, kind = str(item["apiVersion"]), str(item["kind"])
    if schema.known(api, kind):
        return item
    meta = item["metadata"]
    kept = {key: value for key, value in meta.items() if key not in ("namespace", "labels")}
    kept |= {part: mapping(meta.get(part)) for part in ("labels", "annotations")}
    kept["name"] = name_of(item)
    if isinstance(meta.get("namespace"), str):
        kept["namespace"] = meta["namespace"]
    group = api.rpartition("/")[0]
    foreign = kind in schema.kinds() and "." in group and not group.endswith(".k8s.io")
    return item | {"metadata": kept, "kind": f"{kind}.{group}" if foreign else kind}


def _pod_of(item: Object) -> Field:
    """An object's Pod, or the template of its Pods; nothing where it has none."""
    whole = Field.of(item)
    template = whole["spec"]["jobTemplate"]["spec"]["template"]
    if not template.given:
        template = whole["spec"]["template"]
    return whole if item.get("kind") == "Pod" else template


def _all(r: Objects) -> Faults:
    for _, faults in _judgements(r):
        yield from faults


def _judgements(r: Objects) -> Iterator[tuple[Object, tuple[Fault, ...]]]:
    texts: Sequence[str | bytes] = r.texts or [repr(item) for item in r.objects]
    for item, text in zip(r.objects, texts, strict=True):
        yield _judge(item, text, r.versions)


def _judge(
    item: Object, text: str | bytes, versions: Versions | None
) -> tuple[Object, tuple[Fault, ...]]:
    identity = (text, versions)
    if identity not in _judged:
        if len(_judged) >= _MOST_JUDGED:
            _judged.clear()
        whole, faults = check.judge(item, versions)
        if whole.get("kind") == "StatefulSet":
            spec = whole.setdefault("spec", {})
            spec.setdefault("selector", {})
            template = spec.setdefault("template", {})
            template.setdefault("metadata", {})
            template.setdefault("spec", {})
        _judged[identity] = (
            whole,
            tuple(
                Fault(
                    _without_secrets(item, fault),
                    object=named(item),
                    path=fault.where,
                    severity=HAZARD if fault.severity == USELESS else REJECT,
                )
                for fault in faults
            ),
        )
    return _judged[identity]


def _without_secrets(item: Object, fault: field.Fault) -> str:
    """What is wrong with a value, without the value where that may be a secret."""
    from fcgitops.diff import secrecy  # noqa: PLC0415 - where something is wrong, alone

    value = _at(item, fault.path)
    hidden = secrecy.hide(item, (), secret=item.get("kind") == "Secret")
    if _at(hidden, fault.path) == value:
        return fault.message
    return fault.message.replace(words.shown(value), secrecy.HIDDEN)


def _at(item: Any, path: field.Path) -> Any:  # noqa: ANN401 - any part of an object
    """The value at a place in an object; None where there is none."""
    for part in path:
        if isinstance(item, dict):
            item = item.get(part)
        elif isinstance(item, list) and isinstance(part, int) and part < len(item):
            item = item[part]
        else:
            return None
    return item
