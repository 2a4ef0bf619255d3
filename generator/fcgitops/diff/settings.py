"""FrameworkController's settings as it runs with them: of a ConfigMap, or of its image.

What is compared is what FrameworkController decodes, with the defaults filled in: an unknown key, a
comment and a default that is spelled out make no difference to it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from fcgitops.model import layout

if TYPE_CHECKING:
    from fcgitops.core.findings import Finding
    from fcgitops.fcconfig.schema import Schema


FILE = layout.CONFIG_FILE
SPEC = "podFailureSpec"
BURST = "kubeClientBurst"


@dataclass(frozen=True)
class Settings:
    """One configuration file of FrameworkController, or that of its image."""

    text: str = field(repr=False)
    of_image: bool = False

    @cached_property
    def _decoded(self) -> dict[str, Any]:
        from fcgitops.fcconfig.decode import read  # noqa: PLC0415 - where a file differs
        from fcgitops.fcconfig.goyaml import GoError  # noqa: PLC0415

        try:
            return read(self._data)[1].value
        except GoError:
            return {}

    @property
    def _data(self) -> bytes:
        return self.text.encode("utf-8", "surrogateescape")

    @cached_property
    def value(self) -> dict[str, Any]:
        """Every setting but podFailureSpec, by its dotted name, defaults filled in."""
        from fcgitops.fcconfig import schema  # noqa: PLC0415 - where a file differs

        return dict(_flat(schema.load(), self._decoded, ""))

    @cached_property
    def entries(self) -> dict[int, dict[str, Any]]:
        """Code → entry of podFailureSpec, in the order in which they are tried."""
        found = [e for e in self._decoded.get(SPEC) or [] if isinstance(e, dict)]
        return {e["code"]: e for e in found if isinstance(e.get("code"), int)}

    @property
    def _findings(self) -> tuple[Finding, ...]:
        return _checked(self._data)

    @property
    def refusals(self) -> dict[str, str]:
        """Key → why FrameworkController panics on it."""
        from fcgitops.core.findings import REJECT  # noqa: PLC0415 - where a file differs

        found = [f for f in self._findings if f.severity == REJECT]
        return {f.path or f"line {f.line}": f.message for f in found}

    @property
    def unknown(self) -> tuple[str, ...]:
        """Keys that FrameworkController does not read."""
        return tuple(dict.fromkeys(f.path for f in self._findings if f.rule == "FCC11"))

    def same_as(self, other: Settings) -> bool:
        """Whether FrameworkController does the same with both, or panics on the same."""
        same = self.value == other.value
        same = same and list(self.entries.items()) == list(other.entries.items())
        return same and self.refusals == other.refusals


@functools.lru_cache(maxsize=64)
def _checked(data: bytes) -> tuple[Finding, ...]:
    """What is wrong with a file; many environments have the same one."""
    from fcgitops.fcconfig.check import check  # noqa: PLC0415 - where a file differs

    return check(data)


def image_settings() -> Settings:
    """What FrameworkController runs with where nothing is mounted: its image's own file."""
    from fcgitops.fcconfig.image import shipped_text  # noqa: PLC0415 - it decodes the file

    return Settings(shipped_text(), of_image=True)


def image_codes() -> tuple[int, ...]:
    """The codes that the image's own file knows."""
    from fcgitops.fcconfig.image import shipped_codes  # noqa: PLC0415 - it decodes the file

    return shipped_codes()


def _flat(of: Schema, value: Any, prefix: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    from fcgitops.fcconfig import schema  # noqa: PLC0415 - where a file differs

    for name, unfollowed in of["properties"].items():
        child = schema.follow(unfollowed)
        at = f"{prefix}.{name}" if prefix else name
        found = value.get(name) if isinstance(value, dict) else None
        if at == SPEC:
            continue
        if schema.kind(child) == "object":
            yield from _flat(child, found, at)
        else:
            yield at, child.get("default") if found is None else found


def attributes(entry: dict[str, Any]) -> tuple[str, ...]:
    """The attributes of an entry's type, in a fixed order."""
    kind = entry.get("type")
    found = kind.get("attributes") if isinstance(kind, dict) else None
    return tuple(sorted({str(a) for a in found or []}))


def called(entry: dict[str, Any]) -> str:
    """An entry as it is spoken of: 137 ContainerSigKillReceived."""
    return f"{entry.get('code')} {entry.get('phrase') or ''}".strip()
