"""How often a property is tried."""

from __future__ import annotations

import importlib
import os
import pkgutil

import fcgitops
from hypothesis import settings

FEW = 4
"""With FEW_EXAMPLES=1, as in `make test`, it is one example in so many."""


# Hypothesis draws from the constants of the modules that are loaded: with all of them it draws the
# same whichever tests ran before.
for module in pkgutil.walk_packages(fcgitops.__path__, "fcgitops."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)


def examples(number: int) -> settings:
    """The settings of a property: so many examples, the same in every run of the same code."""
    few = number // FEW if os.environ.get("FEW_EXAMPLES") else number
    return settings(max_examples=few, deadline=None, derandomize=True)
