"""What of an object a sync tool takes off, as it takes over the fields of another manager."""

from __future__ import annotations

from typing import Any

import pytest
from fcgitops.diff.takeover import without

MINE = ("tool", "Apply")
HAND = ("kubectl", "Update")


def o(spec: Any, **fields: tuple[tuple[str, str], dict[str, Any], str]) -> dict[str, Any]:
    """An object with the fields of several managers."""
    entries = [
        {"manager": name, "operation": operation, "subresource": sub, "fieldsV1": owned}
        for (name, operation), owned, sub in fields.values()
    ]
    return {"metadata": {"name": "x", "managedFields": entries}, "spec": spec}


def owned(*keys: str) -> dict[str, Any]:
    """One field, as fieldsV1 has it."""
    found: dict[str, Any] = {}
    for key in reversed(keys):
        found = {key: found}
    return found


A = "f:spec"
ENV = 'k:{"name":"A"}'


@pytest.mark.parametrize(
    ("spec", "hand", "mine", "left"),
    [
        ({"a": 1, "b": 2}, owned(A, "f:b"), owned(A, "f:a"), {"a": 1}),
        ({"a": 1}, owned(A, "f:a"), owned(A, "f:a"), {"a": 1}),
        ({"m": {"x": 1}}, owned(A, "f:m", "f:x"), {}, {"m": {}}),
        ({"m": {"x": 1}}, {A: {"f:m": {".": {}, "f:x": {}}}}, {}, {}),
        ({"m": {"x": 1, "y": 2}}, {A: {"f:m": {".": {}, "f:x": {}}}}, owned(A, "f:m", "f:y"),
         {"m": {"y": 2}}),
        ({"e": [{"name": "A", "value": "1"}, {"name": "B"}]}, owned(A, "f:e", ENV),
         owned(A, "f:e", 'k:{"name":"B"}'), {"e": [{"name": "B"}]}),
        ({"e": [{"name": "A", "value": "1"}]}, owned(A, "f:e", ENV, "f:value"), {},
         {"e": [{"name": "A"}]}),
        ({"l": ["a", "b"]}, owned(A, "f:l", 'v:"a"'), {}, {"l": ["b"]}),
        ({"l": ["a", "b"]}, owned(A, "f:l", "i:1"), {}, {"l": ["a"]}),
        ({"a": 1}, owned(A, "f:gone", "f:deep"), {}, {"a": 1}),
        ({"k": {"a:b": 1}}, owned(A, "f:k", "f:a:b"), {}, {"k": {}}),
    ],
)  # fmt: skip
def test_fields_of_nobody_else_go(
    spec: Any, hand: dict[str, Any], mine: dict[str, Any], left: Any
) -> None:
    """A mapping or an item goes with all of it where nobody else has a part of it."""
    found = without(o(spec, hand=(HAND, hand, ""), mine=(MINE, mine, "")), [HAND])
    assert found["spec"] == left


def test_other_managers_and_subresources_stay() -> None:
    """Those whose name does not begin so, who write otherwise, or by /scale and /status."""
    field = owned(A, "f:a")
    for manager, sub in ((("helm", "Update"), ""), (("kubectl", "Apply"), ""), (HAND, "scale")):
        assert without(o({"a": 1}, one=(manager, field, sub)), [HAND])["spec"] == {"a": 1}
    longer = o({"a": 1}, one=(("kubectl-rollout", "Update"), field, ""))
    assert without(longer, [HAND])["spec"] == {}
    assert longer["spec"] == {"a": 1}, "what is asked about stays as it is"
