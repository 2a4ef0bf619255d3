"""The sync tools that there are; another one is a class here, and its traits in the model."""

from __future__ import annotations

from fcgitops.model.environment import Environment
from fcgitops.sync.argocd.tool import ArgoCD
from fcgitops.sync.flux.tool import Flux
from fcgitops.sync.tool import SyncTool

TOOLS: dict[str, SyncTool] = {tool.traits.name: tool for tool in (ArgoCD(), Flux())}
"""Name → tool, as `synctools.KNOWN` has their traits."""


def of(environment: Environment) -> SyncTool:
    """The tool that syncs `environment`."""
    return TOOLS[environment.sync]
