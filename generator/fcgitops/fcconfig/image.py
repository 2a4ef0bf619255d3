"""The configuration file of FrameworkController's image, kept word for word as data."""

from __future__ import annotations

import functools
from pathlib import Path

from fcgitops.fcconfig.decode import read
from fcgitops.fcconfig.schema import LIST

FILE = Path(__file__).with_name("image.yaml")


@functools.cache
def shipped_text() -> str:
    """The image's frameworkcontroller.yaml, below its MIT notice."""
    return FILE.read_text(encoding="utf-8")


@functools.cache
def shipped_codes() -> tuple[int, ...]:
    """The codes of its podFailureSpec, in its order."""
    entries = read(shipped_text().encode())[1].value[LIST]
    return tuple(entry["code"] for entry in entries)
