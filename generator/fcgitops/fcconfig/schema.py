"""The one source of FrameworkController's settings: `schema.json`, JSON Schema 2020-12.

Names, types, ranges, defaults and help texts stand there alone; this module finds its way in it.
`format` carries the Go type (int32, int64, float) and what is a regular expression (re2).
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Schema = dict[str, Any]

FILE = Path(__file__).with_name("schema.json")
LIST = "podFailureSpec"
"""The setting that is a list: what FrameworkController makes of Pods that fail."""


@functools.cache
def load() -> Schema:
    """The whole schema."""
    schema: Schema = json.loads(FILE.read_bytes())
    return schema


def follow(schema: Schema) -> Schema:
    """`schema`, or the definition that its `$ref` names."""
    reference = schema.get("$ref")
    if reference is None:
        return schema
    definition: Schema = load()["$defs"][reference.rpartition("/")[2]]
    return definition


def kind(schema: Schema) -> str:
    """The type but null: object, array, string, integer, number or boolean."""
    types = schema["type"]
    return types if isinstance(types, str) else next(t for t in types if t != "null")


def nullable(schema: Schema) -> bool:
    """Whether null is allowed, and means the default."""
    return "null" in schema["type"] if isinstance(schema["type"], list) else False


def settings() -> dict[str, Schema]:
    """Name → schema of every setting at the top of the file."""
    properties: dict[str, Schema] = load()["properties"]
    return properties


def default(name: str) -> Any:  # noqa: ANN401
    """The default of the setting `name`."""
    return settings()[name].get("default")


def describe(schema: Schema) -> str:
    """What a value must be, in words: "a whole number, at least 1"."""
    words = {
        "object": "a mapping",
        "array": "a list",
        "string": "a regular expression" if schema.get("format") == "re2" else "text",
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
    }
    text = words[kind(schema)]
    if "enum" in schema:
        return "one of " + ", ".join(str(v) for v in schema["enum"] if v)
    if "anyOf" in schema:
        text += ": " + ", or ".join(_range(part) for part in schema["anyOf"])
    elif limits := _range(schema):
        text += f", {limits}"
    if schema.get("minItems"):
        text += f" of at least {schema['minItems']}"
    return text


def _range(schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if "exclusiveMinimum" in schema:
        return f"above {schema['exclusiveMinimum']}, at most {high}"
    if low is not None and high is not None:
        return f"from {low} to {high}"
    if low is not None:
        return f"at least {low}"
    return f"at most {high}" if high is not None else ""


def walk() -> Iterator[tuple[str, Schema]]:
    """Every key as a path, `podFailureSpec[].code`, with its schema, in the file's order."""

    def inside(schema: Schema, prefix: str) -> Iterator[tuple[str, Schema]]:
        for name, unfollowed in schema.get("properties", {}).items():
            path = f"{prefix}.{name}" if prefix else name
            child = follow(unfollowed)
            yield path, child
            if kind(child) == "array":
                yield from inside(follow(child["items"]), f"{path}[]")
            else:
                yield from inside(child, path)

    return inside(load(), "")


def find(path: str) -> Schema | None:
    """The schema of a key, whose path may have indices or not: `podFailureSpec[0].code`."""
    bare = re.sub(r"\[[0-9]*\]", "", path)
    return next((s for p, s in walk() if p.replace("[]", "") == bare), None)
