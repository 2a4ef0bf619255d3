"""CustomResourceDefinitions: their names, versions, and schemas that have to be structural.

Source: k8s.io/apiextensions-apiserver, pkg/apis/apiextensions/validation/validation.go and
pkg/apiserver/schema/validation.go. What its CEL expressions say is not judged.
"""

from __future__ import annotations

import re
from typing import Any

from fcgitops.kubernetes import defaults, metadata, names
from fcgitops.kubernetes.field import Field

_TYPES = ("array", "boolean", "integer", "number", "object", "string")
_COLUMNS = ("boolean", "date", "integer", "number", "string")
_FORMATS = ("", "byte", "date", "date-time", "double", "float", "int32", "int64", "password")
_UNSUPPORTED = ("additionalItems", "definitions", "dependencies", "id", "patternProperties", "$ref",
    "$schema",)  # fmt: skip
_REASONS = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")
_AT_ROOT = {
    "description", "type", "format", "title", "maximum", "exclusiveMaximum", "minimum",
    "exclusiveMinimum", "maxLength", "minLength", "pattern", "maxItems", "minItems",
    "uniqueItems", "multipleOf", "required", "items", "properties", "externalDocs", "example",
    "x-kubernetes-preserve-unknown-fields", "x-kubernetes-validations",
}  # fmt: skip
_NOT_NESTED = (
    "type", "default", "title", "description", "nullable", "additionalProperties",
    "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string", "x-kubernetes-list-map-keys", "x-kubernetes-list-type",
    "x-kubernetes-map-type", "x-kubernetes-validations",
)  # fmt: skip
_INT_OR_STRING: Any = [{"type": "integer"}, {"type": "string"}]


def definition(item: Field) -> None:
    """ValidateCustomResourceDefinition."""
    spec = item["spec"]
    group, plural = spec["group"], spec["names"]["plural"]
    wanted = f"{plural.text}.{group.text}"

    def name(text: str) -> str:
        return names.dns_subdomain(text) or ("" if text == wanted else f"must be {wanted}")

    metadata.metadata(item["metadata"], name, namespaced=False)
    if not group:
        group.required()
    elif group.must_be(names.dns_subdomain) and "." not in group.text:
        group.invalid("must be a domain with a dot")
    spec["scope"].one_of(("Cluster", "Namespaced"))
    _names(spec["names"])
    if spec["preserveUnknownFields"]:
        spec["preserveUnknownFields"].forbidden("since apiextensions.k8s.io/v1")
    _versions(spec["versions"])
    _conversion(spec["conversion"])
    _approval(item)


def _names(found: Field) -> None:
    """ValidateCustomResourceDefinitionNames; singular and listKind have defaults."""
    for key in ("plural", "kind"):
        if not found[key]:
            found[key].required()
    for key in ("plural", "singular", "kind", "listKind"):
        if found[key]:
            text = found[key].text
            found[key].must(names.dns_label_1035(text.lower() if key.endswith("ind") else text))
    for key in ("shortNames", "categories"):
        for one in found[key]:
            one.must_be(names.dns_label_1035)
    if found["kind"] and found["kind"].text == found["listKind"].text:
        found["listKind"].invalid("must not be kind")


def _versions(found: Field) -> None:
    seen: set[str] = set()
    for version in found:
        name = version["name"]
        name.must_be(names.dns_label_1035)
        name.unique_in(seen)
        warning = version["deprecationWarning"]
        if warning.given and (not version["deprecated"] or not 0 < len(warning) <= 256):
            warning.invalid("must be 1 to 256 characters, with deprecated: true")
        for column in version["additionalPrinterColumns"]:
            _column(column)
        _scale(version["subresources"]["scale"])
        schema = version["schema"]["openAPIV3Schema"]
        if not schema.given:
            schema.required()
            continue
        if version["subresources"]["status"].given:
            for key, value in schema.entries():
                if key not in _AT_ROOT and value:
                    value.forbidden("at the root where there is the subresource status")
        if schema["nullable"]:
            schema["nullable"].forbidden("at the root")
        _schema(schema, "root")
        _defaults(schema, root=True)
        _selectable(version["selectableFields"], schema)
    if sum(bool(version["storage"]) for version in found) != 1:
        found.fault("must have exactly one version with storage: true")


def _column(found: Field) -> None:
    """ValidateCustomResourceColumnDefinition."""
    if not found["name"]:
        found["name"].required()
    found["type"].one_of(_COLUMNS)
    found["format"].one_of(_FORMATS, "byte")
    _json_path(found["jsonPath"], ".")


def _json_path(found: Field, start: str) -> None:
    """ValidateSimpleJSONPath."""
    if not found:
        found.required()
    elif not found.text.startswith(start):
        found.invalid(f"must be a path that begins with {start}")


def _selectable(found: Field, schema: Field) -> None:
    """ValidateCustomResourceSelectableFields: paths of fields that are single values."""
    seen: set[str] = set()
    for one in found:
        path = one["jsonPath"]
        if not path:
            path.required()
            continue
        at = schema
        for name in path.text.split(".")[1:]:
            at = at["properties"][name]
        if not path.text.startswith(".") or at["type"].text not in ("string", "boolean", "integer"):
            path.invalid("must be the path of a text, a truth value or a whole number")
        if path.text.startswith(".metadata"):
            path.invalid("must not be in metadata")
        path.unique_in(seen)
    if len(seen) > 8:
        found.fault("are too many; 8 is the most")


def _scale(found: Field) -> None:
    """ValidateCustomResourceDefinitionSubresources."""
    if found.given:
        _json_path(found["specReplicasPath"], ".spec.")
        _json_path(found["statusReplicasPath"], ".status.")
        selector = found["labelSelectorPath"]
        if selector and not selector.text.startswith((".spec.", ".status.")):
            selector.invalid("must be a path that begins with .spec. or .status.")


def _conversion(found: Field) -> None:
    """ValidateCustomResourceConversion."""
    if not found.given:
        return
    strategy, webhook = found["strategy"], found["webhook"]
    strategy.one_of(("None", "Webhook"))
    if strategy.text == "Webhook":
        client = webhook["clientConfig"]
        if not client.given:
            client.required("with the strategy Webhook")
        else:
            _client(client)
        if not {"v1", "v1beta1"} & set(webhook["conversionReviewVersions"].texts()):
            webhook["conversionReviewVersions"].required("v1 or v1beta1")
    elif webhook["clientConfig"].given or webhook["conversionReviewVersions"]:
        webhook.forbidden("without the strategy Webhook")


def _client(found: Field) -> None:
    """ValidateWebhookURL and ValidateWebhookService of k8s.io/apiserver, pkg/util/webhook."""
    url, service = found["url"], found["service"]
    if url.given == service.given:
        found.required("one of url and service")
    if url.given:
        scheme, slashes, rest = url.text.partition("://")
        host = re.split(r"[/?#]", rest, maxsplit=1)[0]
        if scheme.lower() != "https" or not slashes or not host:
            url.invalid("must be https://HOST[/PATH]")
        elif "@" in host or "?" in rest or "#" in rest:
            url.invalid("must have no user, no query and no fragment")
    if service.given:
        for key in ("name", "namespace"):
            if not service[key]:
                service[key].required()
        if service["port"].given:
            service["port"].must(names.port_number(service["port"].number))
        path = service["path"]
        if path.given and not path.text.startswith("/"):
            path.invalid("must begin with '/'")


def _approval(item: Field) -> None:
    """validateAPIApproval: groups of Kubernetes itself."""
    group = item["spec"]["group"].text
    protected = group in ("k8s.io", "kubernetes.io") or group.endswith(
        (".k8s.io", ".kubernetes.io")
    )
    approved = item["metadata"]["annotations"]["api-approved.kubernetes.io"]
    if protected and not approved.text.startswith(("https://", "http://", "unapproved")):
        approved.required(f"for {group}, which is Kubernetes' own")


def _schema(found: Field, level: str) -> None:
    """validateStructuralInvariants, validateStructuralCompleteness and the standard's own rules.

    Args:
        found: the schema.
        level: what it is the schema of: `root`, `field` or `item`.
    """
    _standard(found)
    _type(found, level)
    _parts(found, level)
    known = found if level == "root" else None
    for key in ("allOf", "anyOf", "oneOf"):
        if key != "anyOf" or found["anyOf"].value != _INT_OR_STRING:
            for i, part in enumerate(found[key]):
                _nested(part, known, numbers=key == "allOf" and i == 0)
    if found["not"].given:
        _nested(found["not"], known)
    _map_type(found)
    _list_type(found)


def _type(found: Field, level: str) -> None:
    """The type, and the extensions that take the place of one."""
    kind, anything = found["type"], found["x-kubernetes-preserve-unknown-fields"]
    either, embedded = found["x-kubernetes-int-or-string"], found["x-kubernetes-embedded-resource"]
    if not kind:
        if not either and not anything:
            kind.required(f"at the {level}")
    elif level == "root" and kind.text != "object":
        kind.invalid("must be object at the root")
    if either and (anything or embedded):
        either.invalid("goes with no other extension")
    if embedded:
        if kind.text != "object":
            kind.invalid("must be object with x-kubernetes-embedded-resource")
        if not anything and not found["properties"]:
            found["properties"].required("with x-kubernetes-embedded-resource")


def _parts(found: Field, level: str) -> None:
    """The schemas of fields and elements, and where there may be which."""
    more, items = found["additionalProperties"], found["items"]
    embedded = bool(found["x-kubernetes-embedded-resource"])
    if more.given and (level == "root" or embedded):
        more.forbidden("at the root" if level == "root" else "of an embedded resource")
    if more.value not in (None, True) and found["properties"]:
        more.forbidden("beside properties")
    if found["type"].text == "array" and not isinstance(items.value, dict):
        items.required("of an array, a schema")
    if isinstance(more.value, dict):
        _schema(more, "field")
    if isinstance(items.value, dict):
        _schema(items, "item")
    for name, value in found["properties"].entries():
        if level == "root" and name == "metadata":
            _metadata(value)
        else:
            _schema(value, "field")
            if embedded and name == "metadata" and value["type"].text != "object":
                value["type"].invalid("must be object")
        if (level == "root" or embedded) and name in ("apiVersion", "kind"):
            if value["type"].text != "string":
                value["type"].invalid("must be string")


def _defaults(found: Field, *, root: bool = False) -> None:
    """structuraldefaulting.ValidateDefaults, which does not look into additionalProperties."""
    default = found["default"]
    if default.given:
        default.must(defaults.unlike(default.value, found.value))
        if root or found["x-kubernetes-embedded-resource"]:
            for key in ("apiVersion", "kind"):
                if not default[key]:
                    default[key].required("of an object")
    if isinstance(found["items"].value, dict):
        _defaults(found["items"])
    for _, value in found["properties"].entries():
        _defaults(value)


def _standard(found: Field) -> None:
    """specStandardValidatorV3.validate."""
    if found["type"] and found["type"].text not in _TYPES:
        found["type"].unsupported(_TYPES)
    for key in _UNSUPPORTED:
        value = found[key]
        if value.given if key in ("additionalItems", "dependencies", "$ref") else value:
            value.forbidden("in the schema of a CRD")
    if found["x-kubernetes-preserve-unknown-fields"].value is False:
        found["x-kubernetes-preserve-unknown-fields"].invalid("must be true, or absent")
    for rule in found["x-kubernetes-validations"]:
        if not rule["rule"].text.strip():
            rule["rule"].required()
        rule["reason"].one_of_if_given(_REASONS)
    if isinstance(found["additionalProperties"].value, list):
        found["additionalProperties"].invalid("must be a schema, true or false")
    if found["uniqueItems"]:
        found["uniqueItems"].forbidden("x-kubernetes-list-type: set says it")
    if isinstance(found["items"].value, list) and found["items"]:
        found["items"].invalid("must be one schema")
    if found["pattern"]:
        import re2  # noqa: PLC0415 - few have patterns

        options = re2.Options()
        options.log_errors = False
        try:
            re2.compile(found["pattern"].text, options)
        except re2.error as error:
            found["pattern"].invalid(f"is no regular expression: {error}")


def _metadata(found: Field) -> None:
    """validateStructuralMetadataInvariants: at the root nothing but name and generateName."""
    _standard(found)
    if found["type"].text != "object":
        found["type"].invalid("must be object")
    for key, value in found.entries():
        if key == "properties":
            for name, inner in value.entries():
                if name not in ("name", "generateName"):
                    inner.forbidden("metadata is described already, but for name and generateName")
                else:
                    _schema(inner, "field")
        elif key not in _SILENT_IN_METADATA and not _says_nothing(key, value.value):
            value.forbidden("metadata is described already")


_SILENT_IN_METADATA = ("type", "description", "example", "externalDocs")
_NOTHING_WHERE_EMPTY = (
    "enum", "allOf", "anyOf", "oneOf", "items", "definitions", "pattern", "patternProperties",
    "format", "title", "id",
)  # fmt: skip
"""Keys whose empty value a structural schema keeps as none (as the API server 1.34 answers)."""


def _says_nothing(key: str, value: object) -> bool:
    if value is False:
        return key != "additionalProperties"
    return key in _NOTHING_WHERE_EMPTY and value in ("", [], {})


def _nested(found: Field, outer: Field | None, *, numbers: bool = False) -> None:
    """validateNestedValueValidation, and validateStructuralCompleteness: values of known fields.

    Args:
        found: a part of allOf, anyOf or oneOf, or not.
        outer: the schema that must know the fields; None where no API server asks that, which is
            everywhere but in what stands at the root.
        numbers: whether its anyOf may say that it is a whole number or a text, types though
            these are.
    """
    _standard(found)
    for key in _NOT_NESTED:
        empty = key in ("additionalProperties", "default") and found[key].given
        if found[key] or (empty and found[key].value is not False):
            found[key].forbidden("inside allOf, anyOf, oneOf and not")
    for name, value in found["properties"].entries():
        if name == "metadata":
            value.forbidden("inside allOf, anyOf, oneOf and not")
        else:
            _known(value, None if outer is None else outer["properties"][name])
    if isinstance(found["items"].value, dict):
        _known(found["items"], None if outer is None else outer["items"])
    for key in ("allOf", "anyOf", "oneOf"):
        if key != "anyOf" or not numbers or found["anyOf"].value != _INT_OR_STRING:
            for part in found[key]:
                _nested(part, outer)
    if found["not"].given:
        _nested(found["not"], outer)


def _known(found: Field, outer: Field | None) -> None:
    """A part's fields, or elements, which the schema outside has to have too."""
    if outer is not None and not outer.given:
        found.fault("is described here alone, not outside of it")
        outer = None
    _nested(found, outer)


def _map_type(found: Field) -> None:
    kind, mapped = found["type"], found["x-kubernetes-map-type"]
    if mapped.given:
        mapped.one_of(("atomic", "granular"))
        if kind.text != "object":
            kind.invalid("must be object with x-kubernetes-map-type")


def _list_type(found: Field) -> None:
    kind, items, listed = (found[key] for key in ("type", "items", "x-kubernetes-list-type"))
    if listed.given:
        listed.one_of(("atomic", "set", "map"))
        if kind.text != "array":
            kind.invalid("must be array with x-kubernetes-list-type")
        if listed.text in ("set", "map") and items["nullable"]:
            items["nullable"].forbidden(f"in a list of the type {listed.text}")
    keys = found["x-kubernetes-list-map-keys"]
    if listed.text == "map":
        _list_keys(keys, items)
    elif keys:
        keys.forbidden("without x-kubernetes-list-type: map")
    if listed.text == "set" and items["type"].text in ("array", "object"):
        extension = {"array": "list", "object": "map"}[items["type"].text]
        inner = items[f"x-kubernetes-{extension}-type"]
        if inner.text != "atomic":
            inner.required("atomic, in a list of the type set")


def _list_keys(keys: Field, items: Field) -> None:
    """The keys by which the elements of a list of the type map are told apart."""
    if items["type"].text != "object":
        items["type"].invalid("must be object in a list of the type map")
    if not keys:
        keys.required("in a list of the type map")
    for key in keys:
        known = items["properties"][key.text]
        if not known.given:
            key.invalid("is no field of the elements")
            continue
        if known["type"].text in ("array", "object"):
            known["type"].invalid("is the key of a list, which is a single value")
        if key.text not in items["required"].texts() and not known["default"].given:
            known["default"].required("of the key of a list that is not required")
        if known["nullable"]:
            known["nullable"].forbidden("of the key of a list")
    if len(set(keys.texts())) < len(keys):
        keys.invalid("has a key twice")
