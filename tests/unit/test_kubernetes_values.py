"""Values that become a part of Kubernetes' objects, judged as those are."""

from __future__ import annotations

import pytest
from fcgitops.kubernetes import values
from fcgitops.text.values import Check

RIGHT: dict[str, tuple[Check, list[object]]] = {
    "cpu": (values.cpu, ["200m", "2", 2, 0.5, "0", "2e1"]),
    "memory": (values.memory, ["1Gi", "129e6", "0.1Gi", 1073741824, "0", "1Mi"]),
    "labels": (
        values.labels,
        [{}, {"team": "ml"}, {"example.com/Team_1": "", "a": "A.b_c-1", "b": "x" * 63}],
    ),
    "node_selector": (values.node_selector, [{}, {"kubernetes.io/os": "linux"}]),
    "pod_annotations": (
        values.pod_annotations,
        [{"example.com/note": "any text, ✓"}, {"Note": "two\nlines\n"}, {"a": "\r\u2028\x01"}],
    ),
    "tolerations": (
        values.tolerations,
        [
            [],
            [{"operator": "Exists"}],
            [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
            [{"key": "gpu", "operator": "Equal", "value": "a", "effect": "NoExecute"}],
            [{"key": "gpu", "value": "a", "effect": "NoExecute", "tolerationSeconds": 0}],
        ],
    ),
    "quota": (
        values.quota,
        [{}, {"requests.nvidia.com/gpu": 8, "pods": "10", "count/jobs.batch": 3, "cpu": 0.5}],
    ),
    "limits": (
        values.limits,
        [
            {},
            {"min": {"cpu": "100m"}, "default": {"cpu": 1}, "max": {"cpu": 1, "memory": "4Gi"}},
            {"maxLimitRequestRatio": {"memory": 2}},
            {"max": {"cpu": 10000}},
        ],
    ),
}


@pytest.mark.parametrize(
    ("check", "value"),
    [
        pytest.param(check, value, id=f"{name}-{n}")
        for name, (check, given) in RIGHT.items()
        for n, value in enumerate(given)
    ],
)
def test_right(check: Check, value: object) -> None:
    """What the API server takes, and runs as it is meant."""
    assert check(value) == ""


QUANTITY = "is no quantity, such as 500m, 2, 512Mi, 1.5Gi or 129e6"
MIXED = "must be letters, digits, '-', '_' and '.', with a letter or digit at both ends"
MAPPING = "is not a mapping (write KEY: VALUE)"
WRONG: list[tuple[Check, object, str]] = [
    (values.cpu, "9000", "'9000' is more than any node has (8192 at most)"),
    (values.memory, "1", "'1' is 1 byte (1Mi?)"),
    (values.memory, "5Pi", "'5Pi' is more than any node has (4Pi at most)"),
    (
        values.limits,
        {"default": {"cpu": 9000}},
        "default.cpu: 9000 is more than any node has (8192 at most)",
    ),
    (values.cpu, "1 Gi", f"'1 Gi' {QUANTITY}"),
    (values.cpu, "-1", "'-1': must be 0 or more"),
    (values.cpu, "1GB", f"'1GB' {QUANTITY}"),
    (values.cpu, True, f"true {QUANTITY}"),
    (values.cpu, None, "has no value"),
    (values.cpu, ["1"], f"['1'] {QUANTITY}"),
    (values.cpu, "1Gi", "'1Gi' is 1073741824 CPUs (such as 2; 500m is half a CPU)"),
    (values.memory, "512m", "'512m' is 0.512 bytes (512Mi?)"),
    (values.memory, 512, "512 is 512 bytes (512Mi?)"),
    (values.memory, "1k", "'1k' is 1000 bytes (1Mi?)"),
    (values.memory, "1048575", "'1048575' is 1048575 bytes (1048575Mi?)"),
    (values.labels, ["a"], f"[a] {MAPPING}"),
    (values.labels, {"a b": "c"}, f"[a b]: the key is wrong: {MIXED}"),
    (values.labels, {"a": "é"}, f"a: 'é': {MIXED}"),
    (values.labels, {"a": True}, "a: true is not a text (quote it)"),
    (values.labels, {"a": None}, "a: has no value"),
    (values.labels, {"a": "x" * 64}, f"a: '{'x' * 64}': must be no more than 63 characters"),
    (values.labels, {1: "a"}, "[1]: the key 1 is no text"),
    (values.node_selector, {"a": 1}, "a: 1 is not a text (quote it)"),
    (values.pod_annotations, {"a": "\x85"}, "a: has U+0085, of which kustomize makes no YAML"),
    (
        values.pod_annotations,
        {"a": "\tx\ny"},
        "a: begins with a tab, of which kustomize makes no YAML",
    ),
    (values.tolerations, "gpu", "'gpu' is not a list (write [A, B])"),
    (
        values.tolerations,
        [{"key": "a", "operater": "Exists"}],
        "[0].operater: is no field of Toleration: did you mean operator?",
    ),
    (values.quota, 8, f"8 {MAPPING}"),
    (
        values.quota,
        {"nvidia.com/gpu": 8},
        "[nvidia.com/gpu]: nvidia.com/gpu counts nothing: requests.nvidia.com/gpu does",
    ),
    (values.limits, [], f"[] {MAPPING}"),
    (values.limits, {"maximum": {}}, "'maximum' is not known"),
    (values.limits, {"max": {"memory": "8"}}, "max.memory: '8' is 8 bytes (8Mi?)"),
]


@pytest.mark.parametrize(("check", "value", "message"), WRONG)
def test_wrong(check: Check, value: object, message: str) -> None:
    """In Kubernetes' words, with the place in the value."""
    assert check(value).startswith(message)
