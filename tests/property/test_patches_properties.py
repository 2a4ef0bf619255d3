"""Kubernetes' own validation, with patches of all kinds on all golden environments.

What the real API server says of such patches is compared in tests/e2e/test_oracle_apiserver.py.
"""

from __future__ import annotations

import copy
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest
from fcgitops.kubernetes import check
from fcgitops.kubernetes.schema import Versions
from fcgitops.text import yamlio
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from testbed.patches import Patches, apply

GOLDEN = Path(__file__).parents[1] / "golden"
RENDERED = sorted(GOLDEN.glob("*/rendered/*.yaml"))
ALL = Versions("1.29", "1.36")


def objects(path: Path) -> list[dict[str, Any]]:
    return [found for found in yamlio.load_all(path.read_bytes()) if found]


@pytest.mark.slow
@settings(
    max_examples=4000, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck), phases=(Phase.generate,),
)  # fmt: skip
@given(seed=st.integers(0, 1 << 32), path=st.sampled_from(RENDERED))
def test_any_patch_gets_a_verdict(seed: int, path: Path) -> None:
    """No patch ends the check in an exception, and the check changes nothing."""
    before = objects(path)
    patch = Patches(Random(seed)).patch(before)
    after = copy.deepcopy(patch.target)
    for operation in patch.operations:
        with suppress(LookupError):  # the second may have changed the first one's value
            apply(after, operation)
    judged = copy.deepcopy(after)
    check.faults(judged, ALL)
    assert judged == after
