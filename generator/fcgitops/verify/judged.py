"""Whether the API server takes what is rendered, and holds what is written there."""

from __future__ import annotations

from fcgitops.kubernetes import check, podsecurity, schema
from fcgitops.kubernetes.field import USELESS, Field
from fcgitops.kubernetes.schema import Versions
from fcgitops.verify.remark import ERROR, INFO, WARNING, Object, Remark, Remarks, named
from fcgitops.verify.subjects import Rendered

# An environment of a fleet renders mostly what the others do: objects are judged once.
_judged: dict[tuple[str, Versions | None], tuple[Remark, ...]] = {}
_MOST_JUDGED = 4096


def taken(r: Rendered, versions: Versions | None = None) -> Remarks:
    """The API server takes every object: known fields, right types and values, none twice."""
    yield from (remark for remark in _all(r, versions) if remark.severity == ERROR)
    seen = set()
    for item in r.objects:
        meta = item.get("metadata") or {}
        group = str(item.get("apiVersion")).rpartition("/")[0]
        identity = (group, item.get("kind"), meta.get("namespace"), meta.get("name"))
        if identity in seen:
            yield Remark("is rendered twice", "rename one", object=named(item))
        seen.add(identity)


def held(r: Rendered, versions: Versions | None = None) -> Remarks:
    """What is written has its meaning: no value is cut off, dropped or useless."""
    yield from (remark for remark in _all(r, versions) if remark.severity == WARNING)


def unknown(r: Rendered) -> Remarks:
    """Objects of kinds that nothing is known of are named: nothing else judges them."""
    for item in r.objects:
        if not schema.known(item.get("apiVersion"), item.get("kind")):
            what = f"nothing is known here of {item.get('apiVersion')}: not judged"
            yield Remark(what, "verify --server asks the cluster", INFO, named(item))


def enforced(r: Rendered) -> Remarks:
    """The Pods pass the level of Pod Security that their Namespace enforces."""
    levels = {
        o["metadata"]["name"]: (o["metadata"].get("labels") or {}).get(
            "pod-security.kubernetes.io/enforce", ""
        )
        for o in r.objects
        if o.get("kind") == "Namespace"
    }
    for item in r.objects:
        spec = _pod_of(item)
        level = levels.get(item["metadata"].get("namespace"), "")
        for place, complaint in podsecurity.complaints(spec, level):
            what = f"{complaint}: the Namespace enforces {level}, and its Pods are refused"
            yield Remark(what, "", ERROR, named(item), _dotted(place))


def _pod_of(item: Object) -> Field:
    """`spec` of an object's Pod; nothing where it has none."""
    whole = Field(item, (), [])
    template = whole["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    if not template.given:
        template = whole["spec"]["template"]["spec"]
    return whole["spec"] if item.get("kind") == "Pod" else template


def _dotted(place: Field) -> str:
    from fcgitops.kubernetes.field import dotted  # noqa: PLC0415 - of a fault alone

    return dotted(place.path)


def _all(r: Rendered, versions: Versions | None) -> Remarks:
    for item in r.objects:
        identity = (repr(item), versions)
        found = _judged.get(identity)
        if found is None:
            if len(_judged) >= _MOST_JUDGED:
                _judged.clear()
            found = _judged[identity] = tuple(_of(item, versions))
        yield from found


def _of(item: Object, versions: Versions | None) -> Remarks:
    for fault in check.faults(item, versions):
        severity = WARNING if fault.severity == USELESS else ERROR
        yield Remark(fault.message, "", severity, named(item), fault.where)
