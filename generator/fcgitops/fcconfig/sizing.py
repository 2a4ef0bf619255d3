"""How large kubeClientQps, kubeClientBurst and workerNumber should be: guidance, not law.

Sources: FrameworkController's config.go (80, 120, 200 for --max-mutating-requests-inflight=200)
and the default file of its image (200, 300, 500 for 500; 300 tasks without compression, 10,000
with); openpai's controller-manager flags for more than 10,000 Frameworks
(https://github.com/microsoft/openpai, deployment of the k8s controller manager).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from fcgitops.text.words import count

NAMES = ("kubeClientQps", "kubeClientBurst", "workerNumber")
MAX_INFLIGHT = 16_665
"""With which kubeClientBurst is just below 10,000, where FrameworkController's range ends."""
UNCOMPRESSED_TASKS = 300
COMPRESSED_TASKS = 10_000
MANY_FRAMEWORKS = 10_000
MANAGER_FLAGS = "--kube-api-qps=200 --kube-api-burst=300 --concurrent-gc-syncs=500"


class Suggestion(NamedTuple):
    """A setting, its value, and why; `name` is empty where it is no setting."""

    name: str
    value: Any
    reason: str


def suggest(max_mutating_inflight: int, frameworks: int, tasks: int) -> list[Suggestion]:
    """Settings for a cluster.

    Args:
        max_mutating_inflight: the API server's --max-mutating-requests-inflight, from 1.
        frameworks: how many are active at the same time.
        tasks: in the largest Framework.
    """
    share = min(max_mutating_inflight, MAX_INFLIGHT)
    source = f"two fifths of --max-mutating-requests-inflight ({share})"
    if share < max_mutating_inflight:
        source += ": with more, kubeClientBurst would be over its 10,000"
    qps, burst, workers = _sizes(share)
    found = [
        Suggestion("kubeClientQps", qps, source),
        Suggestion("kubeClientBurst", burst, "half as much again as kubeClientQps"),
        Suggestion("workerNumber", workers, "two and a half times kubeClientQps"),
    ]
    compress = tasks > UNCOMPRESSED_TASKS
    told = count(tasks, "task")
    why = (
        f"{told} in one Framework; above {UNCOMPRESSED_TASKS} it may outgrow etcd's 1.5 MB"
        if compress
        else f"{told} in one Framework {'fits' if tasks == 1 else 'fit'} without it"
    )
    found.append(Suggestion("largeFrameworkCompression", compress, why))
    if tasks > COMPRESSED_TASKS:
        found.append(Suggestion("", f"at most {COMPRESSED_TASKS} tasks in one Framework",
                                "beyond that even the compressed object is too large"))  # fmt: skip
    if frameworks > MANY_FRAMEWORKS:
        why = f"{frameworks} active Frameworks keep the controller manager's collector busy"
        found.append(Suggestion("", f"kube-controller-manager {MANAGER_FLAGS}", why))
    return found


def _sizes(inflight: int) -> tuple[int, int, int]:
    qps = max(1, inflight * 2 // 5)
    return qps, max(1, qps * 3 // 2), max(1, qps * 5 // 2)


def as_yaml(suggestions: list[Suggestion]) -> str:
    """The suggestions as a frameworkcontroller.yaml, each with its reason."""
    lines = [
        "# Guidance, no measurement of this cluster. Sources: FrameworkController's config.go and",
        "# its image's default file, and what Microsoft OpenPAI runs with.",
    ]
    for found in suggestions:
        value = str(found.value).lower() if isinstance(found.value, bool) else found.value
        line = f"{found.name}: {value}" if found.name else f"# also: {value}"
        lines += [f"# {found.reason}", line]
    return "\n".join(lines) + "\n"


def remarks(values: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Where the sizes are far from what fits `kubeClientQps`: name, message and hint."""
    qps = values["kubeClientQps"]
    fitting = {"kubeClientBurst": qps * 3 / 2, "workerNumber": qps * 5 / 2}
    for name, wanted in fitting.items():
        if not wanted / 4 <= values[name] <= wanted * 4:
            message = f"{values[name]} is far from what fits kubeClientQps {qps:g}"
            yield name, message, f"about {wanted:g}; guidance"
