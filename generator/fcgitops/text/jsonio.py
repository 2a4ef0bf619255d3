"""Reads JSON that anybody may have written."""

from __future__ import annotations

import json
from typing import Any


def load(text: str | bytes) -> Any:  # noqa: ANN401 - a JSON document is any value
    """The value.

    Raises:
        ValueError: it is no JSON, or nests deeper than Python reads.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it nests too deep") from error
