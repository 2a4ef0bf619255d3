"""A part of a test's cases in `make test`, for the sake of its time, and the rest in `make e2e`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import pytest

Case = TypeVar("Case")


def one_in(every: int, cases: Iterable[Case]) -> list[object]:
    """The cases for parametrize: the first of each `every` is run always, the others are slow."""
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else (case,)),
            marks=[pytest.mark.slow] if number % every else [],
        )
        for number, case in enumerate(cases)
    ]
