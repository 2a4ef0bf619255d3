"""What the rest of a repository must know of an environment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from fcgitops.model.environment import Environment


class Known(Protocol):
    """An environment, or what is kept of one."""

    @property
    def name(self) -> str:
        """Its folder below overlays/."""

    @property
    def cluster_name(self) -> str:
        """Its cluster's."""

    @property
    def cluster_server(self) -> str:
        """Its cluster's API server, where that is set."""

    @property
    def identities(self) -> Sequence[tuple[str, str]]:
        """By what its cluster is told from others: see `clusters.identities`."""

    @property
    def sync(self) -> str:
        """The tool that syncs it."""

    @property
    def runs_nni(self) -> bool:
        """Whether NNI is enabled in it."""


class Facts(NamedTuple):
    """The facts of one environment, as they are kept."""

    name: str
    cluster_name: str
    cluster_server: str
    sync: str
    runs_nni: bool
    identities: Sequence[tuple[str, str]]

    @classmethod
    def of(cls, environment: Environment) -> Facts:
        """The facts of an environment."""
        env = environment
        cluster = env.cluster_name, env.cluster_server
        return cls(env.name, *cluster, env.sync, env.runs_nni, env.identities)
