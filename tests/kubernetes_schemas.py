"""Make generator/fcgitops/kubernetes/schema.json anew: `make kubernetes-schemas`.

Takes the OpenAPI v3 documents that every release of the Go module k8s.io/kubernetes carries
(api/openapi-spec/v3, made by its own kube-apiserver), through Go's module proxy, and keeps what
a judge of objects needs: names, types, and the versions that know them. Needs Go.

The result: `kinds`, apiVersion and kind → its type, and whether it has a namespace; `types`, type
→ field → what it holds, in the notation of `fcgitops.kubernetes.schema`. A field that not every
version of Kubernetes has is followed by the first and the last version that has it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RELEASES = {
    "1.29": "v1.29.6", "1.30": "v1.30.14", "1.31": "v1.31.14", "1.32": "v1.32.13",
    "1.33": "v1.33.13", "1.34": "v1.34.4", "1.35": "v1.35.4", "1.36": "v1.36.3",
}  # fmt: skip
TARGET = Path(__file__).parents[1] / "generator/fcgitops/kubernetes/schema.json"
GROUPS = (
    "api__v1", "apis__apps__v1", "apis__batch__v1", "apis__networking.k8s.io__v1",
    "apis__rbac.authorization.k8s.io__v1", "apis__apiextensions.k8s.io__v1",
    "apis__scheduling.k8s.io__v1", "apis__policy__v1", "apis__autoscaling__v2",
    "apis__storage.k8s.io__v1", "apis__admissionregistration.k8s.io__v1",
    "apis__coordination.k8s.io__v1", "apis__node.k8s.io__v1", "apis__discovery.k8s.io__v1",
)  # fmt: skip
# What is never in Git: made by others, or only an answer of the API server.
LEFT_OUT = {
    "Binding", "ComponentStatus", "Event", "Node", "ControllerRevision", "Eviction",
    "TokenRequest", "Scale", "Status", "DeleteOptions", "WatchEvent", "PodTemplate",
    "ReplicationController", "VolumeAttachment", "CSINode", "CSIStorageCapacity",
}  # fmt: skip
SCALARS = {
    ("string", ""): "string", ("string", "byte"): "bytes", ("string", "date-time"): "time",
    ("boolean", ""): "bool", ("integer", "int32"): "int32", ("integer", "int64"): "int64",
    ("number", "double"): "number", ("object", ""): "{}any", ("", ""): "any",
    ("string", "int-or-string"): "int-or-string",
}  # fmt: skip


def main() -> None:
    """Write schema.json."""
    kinds: dict[str, list[Any]] = {}
    types: dict[str, dict[str, dict[str, str]]] = {}
    for version, release in RELEASES.items():
        for group in GROUPS:
            document = json.loads((folder(release) / f"{group}_openapi.json").read_text())
            schemas = document["components"]["schemas"]
            for kind, name, namespaced in served(document):
                kinds.setdefault(kind, [short(name), namespaced])
                for one in sorted(reached(schemas, name)):
                    fields = schemas[one].get("properties", {})
                    found = types.setdefault(short(one), {})
                    for field, schema in fields.items():
                        found.setdefault(field, {})[version] = held(schema, schemas)
    made = {
        "origin": "api/openapi-spec/v3 of k8s.io/kubernetes " + ", ".join(RELEASES.values()),
        "licence": "Apache-2.0, Copyright The Kubernetes Authors",
        "versions": list(RELEASES),
        "kinds": kinds,
        "types": {
            name: {field: spanned(name, field, by) for field, by in sorted(fields.items())}
            for name, fields in sorted(types.items())
        },
    }
    text = json.dumps(made, indent=0, separators=(",", ":"), ensure_ascii=False)
    TARGET.write_text(f"{text}\n", encoding="utf-8")
    sys.stdout.write(f"{len(kinds)} kinds, {len(types)} types, {len(text)} bytes\n")


def folder(release: str) -> Path:
    """The documents of one release, below Go's module cache."""
    module = f"k8s.io/kubernetes@{release}"
    done = subprocess.run(
        ["go", "mod", "download", "-json", module], capture_output=True, check=True
    )
    return Path(json.loads(done.stdout)["Dir"], "api/openapi-spec/v3")


def served(document: dict[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """The kinds that can be created: apiVersion and kind, the schema's name, a namespace or not."""
    for path, operations in sorted(document["paths"].items()):
        post = operations.get("post", {})
        of = post.get("x-kubernetes-group-version-kind")
        name = path.rpartition("/")[2]
        if not of or of["kind"] in LEFT_OUT or name.startswith("{") or "{name}" in path:
            continue
        content = post["requestBody"]["content"]["*/*"]["schema"]["$ref"]
        api = f"{of['group']}/{of['version']}".removeprefix("/")
        yield f"{api} {of['kind']}", content.rpartition("/")[2], "{namespace}" in path


def reached(schemas: dict[str, Any], start: str) -> set[str]:
    """Every schema with fields that `start` leads to."""
    waiting, seen = [start], set[str]()
    while waiting:
        name = waiting.pop()
        if name not in seen and "properties" in schemas[name]:
            seen.add(name)
            waiting += references(schemas[name])
    return seen


def references(node: Any) -> Iterator[str]:
    """The names of the schemas that a part of a schema refers to."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].rpartition("/")[2]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def held(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    """What a field holds, in the notation of `fcgitops.kubernetes.schema`."""
    for part in schema.get("allOf", [schema]):
        if "$ref" in part:
            name = part["$ref"].rpartition("/")[2]
            target = schemas[name]
            if "properties" in target:
                return f"&{short(name)}"
            if name.endswith("resource.Quantity"):
                return "quantity"
            if target.get("format") == "int-or-string":
                return "int-or-string"
            if ".JSONSchemaPropsOr" in name:
                return f"*{short(name.partition('PropsOr')[0])}Props"
            return held(target, schemas)
    if schema.get("type") == "array":
        inner = held(schema["items"], schemas)
        listed = schema.get("x-kubernetes-list-type")
        if listed == "map":
            keys = ",".join(
                key_of(schema["items"], key, schemas)
                for key in schema["x-kubernetes-list-map-keys"]
            )
            return f"[{keys}]{inner}"
        return f"[=]{inner}" if listed == "set" else f"[]{inner}"
    if schema.get("type") == "object" and "additionalProperties" in schema:
        return f"{{}}{held(schema['additionalProperties'], schemas)}"
    return SCALARS[schema.get("type", ""), schema.get("format", "")]


def key_of(items: dict[str, Any], key: str, schemas: dict[str, Any]) -> str:
    """A key of a list of named elements, and what stands for it where it is left out."""
    name = next(references(items)).rpartition("/")[2]
    field = schemas[name]["properties"][key]
    return f"{key}={field['default']}" if "default" in field else key


def short(name: str) -> str:
    """A schema's name without what all have in common."""
    return name.removeprefix("io.k8s.").removeprefix("api.").removeprefix("apimachinery.pkg.apis.")


def spanned(name: str, field: str, by: dict[str, str]) -> str | list[str]:
    """A field's one meaning, with the first and last version that has it where some have not."""
    versions = list(RELEASES)
    meaning = list(by.values())[-1]
    different = {version: held for version, held in by.items() if held != meaning}
    if different:
        sys.stdout.write(f"note: {name}.{field}: {meaning}, once {different}\n")
    first, last = next(iter(by)), list(by)[-1]
    assert list(by) == versions[versions.index(first) : versions.index(last) + 1], (name, field)
    return meaning if len(by) == len(versions) else [meaning, first, last]


if __name__ == "__main__":
    main()
