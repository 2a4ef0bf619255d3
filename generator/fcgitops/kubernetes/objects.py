"""Kubernetes' objects as their YAML says them, read without asking first what is there."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]
"""One Kubernetes object, as its YAML says."""
Fields = dict[str, Any]
"""A mapping anywhere in one."""
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
"""The fields of a container that hold one."""
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
"""The field of an affinity with what the scheduler must heed."""

RBAC = "rbac.authorization.k8s.io"
"""The API group of roles and their bindings."""


def group(o: Object) -> str:
    """The API group; "" is the core's."""
    version = str(o["apiVersion"])
    return version.rpartition("/")[0]


def namespace(o: Object) -> str:
    """The namespace; "" where it has none."""
    return str(o["metadata"].get("namespace") or "")


def name(o: Object) -> str:
    """metadata.name."""
    return str(o["metadata"]["name"])


def labels_of(o: Object) -> Fields:
    """Its labels, maybe none."""
    return mapping(o["metadata"].get("labels"))


def pod_spec(o: Object) -> Fields:
    """The spec of a Pod, or of the Pods that a workload makes; {} where an object has none."""
    spec = mapping(o.get("spec"))
    if o["kind"] == "Pod":
        return spec
    job = mapping(mapping(spec.get("jobTemplate")).get("spec"))
    return mapping(mapping(job.get("template") or spec.get("template")).get("spec"))


def containers_of(pod: Fields) -> list[Fields]:
    """All containers of a Pod's spec, initial ones first."""
    return [*mappings(pod.get("initContainers")), *mappings(pod.get("containers"))]


def mapping(value: object) -> Fields:
    """`value` if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def listing(value: object) -> list[Any]:
    """`value` if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def number(fields: Fields, key: str, default: int = 0) -> int:
    """The whole number of a field, else the default."""
    found = fields.get(key)
    return found if isinstance(found, int) else default


def mappings(value: object) -> list[Fields]:
    """The mappings in a list."""
    return [item for item in listing(value) if isinstance(item, dict)]
