"""How often a property is tried."""

from __future__ import annotations

import os

from hypothesis import settings

FEW = 4
"""With FEW_EXAMPLES=1, as in `make test`, it is one example in so many."""


def examples(number: int) -> settings:
    """The settings of a property: so many examples, the same in every run of the same code."""
    few = number // FEW if os.environ.get("FEW_EXAMPLES") else number
    return settings(max_examples=few, deadline=None, derandomize=True)
