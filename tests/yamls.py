"""YAML that tests read and write: by libyaml, which takes a tenth of PyYAML's own time."""

from __future__ import annotations

from typing import Any

import yaml

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def load(text: str | bytes) -> Any:
    """The one document in `text`."""
    return yaml.load(text, Loader=_LOADER)


def load_all(text: str | bytes) -> list[Any]:
    """Every document in `text`."""
    return list(yaml.load_all(text, Loader=_LOADER))


def dump(value: object, *, sort_keys: bool = True, **how: Any) -> str:
    """`value` as a document."""
    text: str = yaml.dump(value, Dumper=_DUMPER, sort_keys=sort_keys, **how)
    return text
