"""An environment's own file on both sides: which tool syncs it, and to which cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fcgitops.core.errors import InputError
from fcgitops.model import answers
from fcgitops.text import yamlio


@dataclass(frozen=True)
class Settings:
    """What of environment.yaml decides where an environment goes, defaults filled in."""

    sync: str
    cluster: str
    server: str


@dataclass(frozen=True)
class Environment:
    """An environment on both sides; None where it is not there.

    Attributes:
        name: of the environment.
        before: as it was.
        after: as it is.
        rivals: other environments on its cluster.
        renamed_from: the environment of the same cluster that is gone; "" for none.
    """

    name: str
    before: Settings | None
    after: Settings | None
    rivals: tuple[str, ...] = ()
    renamed_from: str = ""

    @property
    def label(self) -> str:
        """Its file, as effects name it."""
        return f"Environment/{self.name}"


def defaults(data: bytes | None) -> Mapping[str, Any]:
    """Key → default of environments, as a repository's fcgitops.yaml has them.

    One of another version, or none, gives those of the program.
    """
    try:
        found = answers.load(data) if data else None
    except InputError:
        found = None
    sync = "flux" if found is not None and found.gitops == "flux" else "argocd"
    given = found.environment_defaults if found is not None else {}
    return {"sync": sync, **given}


def read(name: str, data: bytes | None, of_repository: Mapping[str, Any]) -> Settings | None:
    """The settings of one file; None where it is not there, or cannot be read."""
    if data is None:
        return None
    try:
        loaded = yamlio.load(data, name)
    except InputError:
        return None
    found = loaded if isinstance(loaded, dict) else {}
    given = found.get("cluster")
    cluster = given if isinstance(given, dict) else {}
    return Settings(
        str(found.get("sync") or of_repository["sync"]),
        str(cluster.get("name") or name),
        str(cluster.get("server") or of_repository.get("cluster.server") or ""),
    )
