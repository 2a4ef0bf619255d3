"""What all objects have: names, labels, annotations, owners; and selectors of labels.

Source: k8s.io/apimachinery, pkg/api/validation/objectmeta.go (ValidateObjectMeta) and
pkg/apis/meta/v1/validation/validation.go (ValidateLabels, ValidateLabelSelector).
"""

from __future__ import annotations

from collections.abc import Callable

from fcgitops.kubernetes import names
from fcgitops.kubernetes.field import USELESS, Field

MOST_ANNOTATED = 256 * 1024
"""Bytes of all annotations: TotalAnnotationSizeLimitB."""
_FINALIZERS = ("kubernetes", "orphan", "foregroundDeletion")


def metadata(meta: Field, name: Callable[[str], str], namespaced: bool) -> None:
    """ValidateObjectMeta.

    Args:
        meta: `metadata`.
        name: what complains of a name.
        namespaced: whether the kind has a namespace.
    """
    generated = meta["generateName"]
    if generated:
        # A prefix may end with what is to follow: NameIsDNSSubdomain(name, prefix).
        stem = generated.text[:-1] + "a" if generated.text.endswith("-") else generated.text
        generated.must(name(stem))
    if not meta["name"]:
        if not generated:
            meta["name"].required("name or generateName")
    else:
        meta["name"].must(name(meta["name"].text))
    if namespaced and meta["namespace"]:
        meta["namespace"].must_be(names.dns_label)
    if meta["managedFields"]:
        meta["managedFields"].forbidden("server-side apply takes none")
    if meta["uid"]:
        meta["uid"].forbidden("no other object would be taken")
    if meta["deletionTimestamp"]:
        what = "has an object deleted by the first sync after the one that makes it, and refused "
        what += "where it is there already"
        meta["deletionTimestamp"].fault(what, USELESS)
    meta["generation"].at_least(0)
    if meta["resourceVersion"]:
        meta["resourceVersion"].forbidden("no other version of the object would be taken")
    label_map(meta["labels"])
    annotation_map(meta["annotations"])
    _owners(meta["ownerReferences"])
    for one in meta["finalizers"]:
        finalizer(one)
    policies = [f.text for f in meta["finalizers"] if f.text in _FINALIZERS[1:]]
    if len(set(policies)) > 1:
        meta["finalizers"].invalid("orphan and foregroundDeletion exclude each other")


def finalizer(found: Field) -> None:
    """ValidateFinalizerName, validateKubeFinalizerName."""
    if found.must_be(names.qualified):
        if "/" not in found.text and found.text not in _FINALIZERS:
            found.invalid("must be example.com/name, or one of Kubernetes' own")


def label_map(found: Field) -> None:
    """ValidateLabels: a map of labels."""
    for key, value in found.entries():
        if complaint := names.qualified(key):
            value.fault(f"the key is wrong: {complaint}")
        value.must_be(names.label_value)


def annotation_map(found: Field) -> None:
    """ValidateAnnotations."""
    total = 0
    for key, value in found.entries():
        if complaint := names.qualified(key.lower()):
            value.fault(f"the key is wrong: {complaint}")
        total += len(key.encode()) + len(value.text.encode())
    if total > MOST_ANNOTATED:
        found.fault(f"have {total} bytes; {MOST_ANNOTATED} is the most")


def _owners(found: Field) -> None:
    """ValidateOwnerReferences; the garbage collector deletes what no known object owns.

    https://kubernetes.io/docs/concepts/architecture/garbage-collection/
    """
    controllers = 0
    for owner in found:
        group, slash, version = owner["apiVersion"].text.rpartition("/")
        if not version or "/" in group or (slash and not group):
            owner["apiVersion"].invalid("must be GROUP/VERSION, or v1")
        for key in ("kind", "name", "uid"):
            if not owner[key]:
                owner[key].required()
        if (owner["apiVersion"].text, owner["kind"].text) == ("v1", "Event"):
            owner.invalid("an Event owns nothing")
        elif owner["uid"]:
            what = "has a uid, which one cluster alone knows: elsewhere the object is deleted"
            owner.fault(what, USELESS)
        controllers += owner["controller"].value is True
    if controllers > 1:
        found.fault("one alone may be the controller")


def selector(found: Field) -> None:
    """ValidateLabelSelector: matchLabels and matchExpressions."""
    label_map(found["matchLabels"])
    for rule in found["matchExpressions"]:
        operator(rule)
        rule["key"].must_be(names.qualified)
        for value in rule["values"]:
            value.must_be(names.label_value)


_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")
_COMPARING = ("Gt", "Lt")


def operator(rule: Field, *, compares: bool = False) -> None:
    """The operator of a requirement, and how many values it takes.

    Args:
        rule: with `operator` and `values`.
        compares: whether Gt and Lt are operators of it, too.
    """
    found, values = rule["operator"], rule["values"]
    if found.text in ("In", "NotIn"):
        if not values:
            values.required("with the operators In and NotIn")
    elif found.text in ("Exists", "DoesNotExist"):
        if values:
            values.forbidden("with the operators Exists and DoesNotExist")
    elif compares and found.text in _COMPARING:
        if len(values) != 1:
            values.required("a single value with the operators Gt and Lt")
    else:
        found.unsupported((*_OPERATORS, *_COMPARING) if compares else _OPERATORS)


def matches(found: Field, given: dict[str, str]) -> bool:
    """Whether labels are what a selector asks for. An empty selector takes all."""
    for key, value in found["matchLabels"].entries():
        if given.get(key) != value.text:
            return False
    for rule in found["matchExpressions"]:
        key, values = rule["key"].text, rule["values"].texts()
        there = key in given
        right = {
            "In": there and given.get(key) in values,
            "NotIn": given.get(key) not in values,
            "Exists": there,
            "DoesNotExist": not there,
        }.get(rule["operator"].text, True)
        if not right:
            return False
    return True


def template_metadata(meta: Field) -> None:
    """ValidateTemplateObjectMeta: nothing but labels and annotations."""
    label_map(meta["labels"])
    annotation_map(meta["annotations"])
    for key, value in meta.entries():
        if key not in ("labels", "annotations") and value:
            value.forbidden("in this template")
