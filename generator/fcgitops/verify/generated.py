"""What the generators of a kustomization make, as its files say.

Source: kustomize 5.8, api/kv/kv.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from fcgitops.kubernetes.objects import listing
from fcgitops.verify.layers import GENERATORS, Kustomization

_PARTS = ("files", "literals", "envs", "env")


class Generated(NamedTuple):
    """One entry of configMapGenerator or secretGenerator."""

    field: str
    """Which of the two."""
    name: str
    behavior: str
    """create, merge or replace."""
    entry: Mapping[str, Any]
    line: int
    folder: Path

    @property
    def has_options(self) -> bool:
        """Whether it says more than data: labels, a type, a name without a hash."""
        return bool(self.entry.keys() - {"name", "namespace", "behavior", *_PARTS})

    def data(self) -> dict[str, bytes] | None:
        """What it holds; None where that cannot be read."""
        if self.entry.get("envs") or self.entry.get("env"):
            return None
        found: dict[str, bytes] = {}
        for text in map(str, listing(self.entry.get("literals"))):
            key, _, value = text.partition("=")
            if value[:1] == value[-1:] and value[:1] in ("'", '"') and len(value) > 1:
                value = value[1:-1]
            found[key] = value.encode("utf-8", "surrogateescape")
        for text in map(str, listing(self.entry.get("files"))):
            key, named, path = text.partition("=")
            file = self.folder / (path if named else text)
            try:
                found[key if named else file.name] = file.read_bytes()
            except OSError:
                return None
        return found


def of(kustomization: Kustomization) -> Iterator[Generated]:
    """The entries of a kustomization, in the order in which kustomize takes them."""
    for field in GENERATORS:
        for entry, line in kustomization.entries(field):
            if isinstance(entry, dict):
                behavior = str(entry.get("behavior") or "create")
                name, folder = str(entry.get("name", "")), kustomization.folder
                yield Generated(field, name, behavior, entry, line, folder)
