"""Defaults in the schema of a CustomResourceDefinition: each has to be what its schema says.

Source: k8s.io/apiextensions-apiserver, pkg/apiserver/schema/defaulting/validation.go, which asks
k8s.io/kube-openapi, pkg/validation/validate. Formats, such as date-time, are not judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

_TYPE_OF = {
    bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object",
}  # fmt: skip


def unlike(value: Any, schema: Any) -> str:  # noqa: ANN401
    """Why a value is not what a schema says, to follow it in a sentence, or ""."""
    return next(_complaints(value, schema), "")


def _complaints(value: Any, schema: Any) -> Iterator[str]:  # noqa: ANN401
    if value is None:
        if not schema.get("nullable"):
            yield "must not be null"
        return
    wanted = "" if schema.get("x-kubernetes-int-or-string") else schema.get("type", "")
    held = _TYPE_OF.get(type(value), "")
    if isinstance(value, float) and value.is_integer():
        held = "integer"
    if wanted and held != wanted and not (wanted == "number" and held == "integer"):
        yield f"must be of the type {wanted}"
    yield from _values(value, schema)
    if held == "object":
        yield from _fields(value, schema)
    if held == "array" and isinstance(schema.get("items"), dict):
        for part in value:
            yield from (f"an element {told}" for told in _complaints(part, schema["items"]))


def _fields(value: dict[str, Any], schema: Any) -> Iterator[str]:  # noqa: ANN401
    known, more = schema.get("properties", {}), schema.get("additionalProperties")
    for name, part in value.items():
        inner = known.get(name, more if isinstance(more, dict) else None)
        if inner is not None:
            yield from (f"{name} {complaint}" for complaint in _complaints(part, inner))
        elif more is not True and not schema.get("x-kubernetes-preserve-unknown-fields"):
            yield f"has the unknown field {name}"


def _values(value: Any, schema: Any) -> Iterator[str]:  # noqa: ANN401
    """What a schema says of values alone, which allOf, anyOf, oneOf and not say too."""
    if schema.get("enum") and value not in schema["enum"]:
        yield "is none of enum"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from _number(value, schema)
    elif isinstance(value, (str, list, dict)):
        yield from _size(value, schema)
    if isinstance(value, str) and schema.get("pattern") and not _matches(schema["pattern"], value):
        yield "does not match pattern"
    if isinstance(value, dict):
        yield from (f"lacks {name}" for name in schema.get("required", ()) if name not in value)
    yield from _combined(value, schema)


_NOUNS: dict[type, str] = {str: "Length", list: "Items", dict: "Properties"}


def _size(value: str | list[Any] | dict[str, Any], schema: Any) -> Iterator[str]:  # noqa: ANN401
    noun = _NOUNS[type(value)]
    least, most = schema.get(f"min{noun}"), schema.get(f"max{noun}")
    if least is not None and len(value) < least:
        yield f"is less than min{noun}, {least}"
    if most is not None and len(value) > most:
        yield f"is more than max{noun}, {most}"


def _combined(value: Any, schema: Any) -> Iterator[str]:  # noqa: ANN401
    """allOf, anyOf, oneOf and not."""
    met = {
        key: sum(_meets(value, part) for part in schema.get(key, ()))
        for key in ("allOf", "anyOf", "oneOf")
    }
    if met["allOf"] < len(schema.get("allOf", ())):
        yield "is not what allOf says"
    if schema.get("anyOf") and not met["anyOf"]:
        yield "is nothing of what anyOf says"
    if schema.get("oneOf") and met["oneOf"] != 1:
        yield f"is {met['oneOf']} of what oneOf says"
    refused = schema.get("not")
    if refused is not None and not refused.get("format") and _meets(value, refused):
        yield "is what not says"


def _number(value: float, schema: Any) -> Iterator[str]:  # noqa: ANN401
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and (value < low or (schema.get("exclusiveMinimum") and value == low)):
        yield "is out of its range"
    if high is not None and (value > high or (schema.get("exclusiveMaximum") and value == high)):
        yield "is out of its range"
    step = schema.get("multipleOf")
    if step and Fraction(str(value)) % Fraction(str(step)):
        yield f"is no multiple of {step}"


def _meets(value: Any, schema: Any) -> bool:  # noqa: ANN401
    """Whether a value is what a part of allOf, anyOf, oneOf or not says: fields may be others."""
    open_schema = {"x-kubernetes-preserve-unknown-fields": True, "nullable": True, **schema}
    if isinstance(value, dict):
        inner = schema.get("properties", {})
        if not all(_meets(part, inner[name]) for name, part in value.items() if name in inner):
            return False
        open_schema["properties"] = {}
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        if not all(_meets(part, schema["items"]) for part in value):
            return False
        open_schema["items"] = None
    return not unlike(value, open_schema)


def _matches(pattern: str, text: str) -> bool:
    import re2  # noqa: PLC0415 - few have patterns

    options = re2.Options()
    options.log_errors = False
    try:
        return bool(re2.search(pattern, text, options))
    except re2.error:
        return True  # what is wrong with the pattern is a fault of its own
