"""What must be true of the CRD of Frameworks, where it is rendered."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import NamedTuple

from fcgitops.core.findings import HAZARD, INFO
from fcgitops.kubernetes import structural
from fcgitops.kubernetes.objects import Fields, mapping, mappings
from fcgitops.manifests import skeleton
from fcgitops.model.framework import CRD
from fcgitops.text import yamlio
from fcgitops.verify.registry import Fault, Faults
from fcgitops.verify.subjects import RENDERED, Rendered, named

_FILE = "components/crd/crd.yaml"
_FILLED_IN = {
    "names": {"listKind": "FrameworkList", "singular": "framework"},
    "conversion": {"strategy": "None"},
    "preserveUnknownFields": False,
}
"""What the API server adds by itself, https://kubernetes.io/docs/reference/kubernetes-api/
extend-resources/custom-resource-definition-v1/, so that it may be spelled out."""
_NOT_IN_V1_0_0 = "podGracefulDeletionTimeoutSec: nullable"
_HINT = "the spec of components/crd, whole"


class Difference(NamedTuple):
    """What is not as FrameworkController has it."""

    path: str
    """Below `spec`."""
    says: str
    is_hazard: bool = True


@RENDERED.check("FCG50", HAZARD)
def is_its_own(r: Rendered) -> Faults:
    """The CRD of Frameworks is the one that FrameworkController writes at each start.

    With another group, scope, kind or version it ends at its start, or sees no Framework. With a
    status subresource the API server drops every status that it writes. Where the schema takes or
    keeps less, Frameworks are refused or cut. FrameworkController puts its own spec back at each
    start, and the sync tool takes that back: other differences are infos.
    """
    for crd in r.all("CustomResourceDefinition", CRD):
        for found in differences(mapping(crd.get("spec"))):
            severity = HAZARD if found.is_hazard else INFO
            path = f"spec.{found.path}"
            yield Fault(found.says, _HINT, object=named(crd), path=path, severity=severity)


@functools.cache
def _own() -> Fields:
    """FrameworkController's own spec."""
    (document,) = yamlio.load_all(skeleton.static_file(_FILE), _FILE)
    return mapping(mapping(document).get("spec"))


def differences(spec: Fields) -> Iterator[Difference]:
    """How the spec of a CRD differs from FrameworkController's own."""
    own = _own()
    for key in ("group", "scope"):
        if spec.get(key) != own[key]:
            yield Difference(key, f"is not {own[key]}: FrameworkController ends at its start")
    names, own_names = mapping(spec.get("names")), mapping(own["names"])
    for key in ("plural", "kind"):
        if names.get(key) != own_names[key]:
            says = f"is not {own_names[key]}: FrameworkController ends at its start"
            yield Difference(f"names.{key}", says)
    yield from _further(
        {k: v for k, v in names.items() if k not in own_names}, _FILLED_IN["names"], "names."
    )
    yield from _further({k: v for k, v in spec.items() if k not in own}, _FILLED_IN)
    yield from _versions(mappings(spec.get("versions")), mappings(own["versions"])[0])


def _further(there: Fields, usual: object, start: str = "") -> Iterator[Difference]:
    """Keys that FrameworkController's own spec has not, but for what means nothing."""
    for key, value in there.items():
        if value and value != mapping(usual).get(key):
            says = "is not FrameworkController's own, which takes it away at each start"
            yield Difference(f"{start}{key}", says, is_hazard=False)


def _versions(versions: list[Fields], own: Fields) -> Iterator[Difference]:
    wanted = own["name"]
    for number, version in enumerate(versions):
        path, name = f"versions[{number}]", version.get("name")
        if name != wanted:
            says = f"{name} is no version of FrameworkController's, which takes it away"
            yield Difference(path, says, is_hazard=False)
            continue
        if version.get("served") is not True:
            says = "is not true: FrameworkController and all clients get 404"
            yield Difference(f"{path}.served", says)
        if version.get("storage") is not True:
            says = f"is not true: FrameworkController stores {wanted}, and ends at its start"
            yield Difference(f"{path}.storage", says)
        if "status" in mapping(version.get("subresources")):
            says = "has the API server drop every status that FrameworkController writes"
            yield Difference(f"{path}.subresources.status", says)
        yield from _schema(version, own, f"{path}.schema")
        beside = {k: v for k, v in version.items() if k not in (*own, "subresources")}
        yield from _further(beside, {}, f"{path}.")
    if wanted not in [version.get("name") for version in versions]:
        yield Difference("versions", f"has no {wanted}, which FrameworkController reads")


def _schema(version: Fields, own: Fields, path: str) -> Iterator[Difference]:
    schema, wanted = (
        mapping(mapping(each.get("schema")).get("openAPIV3Schema")) for each in (version, own)
    )
    if schema == wanted:
        return
    less = [
        place.removeprefix(".")
        for place in structural.narrower(wanted, schema, "")
        if not place.endswith(_NOT_IN_V1_0_0)
    ]
    cut = list(structural.dropped(wanted, schema))
    if less:
        yield Difference(path, f"refuses Frameworks that FrameworkController takes: {_few(less)}")
    if cut:
        yield Difference(path, f"has the API server drop {_few(cut)} of every Framework")
    if not (less or cut or not list(structural.narrower(schema, wanted, ""))):
        says = "takes more than FrameworkController's own, which it puts back at each start"
        yield Difference(path, says, is_hazard=False)


def _few(places: list[str]) -> str:
    return ", ".join([*places[:3], *["…"][: len(places) > 3]])
