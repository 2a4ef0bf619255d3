"""The sync tools as answers and environment files speak of them; sync/ has what each one does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Traits:
    """What the values of an answer or of a key depend on, of one sync tool."""

    name: str
    """As `sync` of environment.yaml and the answer `gitops` have it."""
    label: str
    """As a sentence has it."""
    field_manager: str
    """As whom it applies, server-side."""
    namespace: str
    """Where the tool itself runs; nothing of ours may be there."""
    central: bool
    """Whether it runs apart from the clusters, and one set of entry points is for all of them.

    That finds the environments by their environment.yaml, which must spell out what the tool reads
    there: it knows none of our defaults. And the answer `gitops` must name the tool. One that is
    not central runs on each cluster, and has entry points for each environment.
    """
    fetches_folders: bool
    """Whether a repository's URL may be a folder, as file:///PATH."""
    makes_nni_namespace: bool
    """Whether the entry points make the namespace of the experiments, which has one owner."""


ARGOCD = Traits(
    name="argocd",
    label="Argo CD",
    field_manager="argocd-controller",  # gitops-engine's common.go: ArgoCDSSAManager
    namespace="argocd",
    central=True,
    fetches_folders=True,
    makes_nni_namespace=False,
)
FLUX = Traits(
    name="flux",
    label="Flux",
    field_manager="kustomize-controller",  # its main.go: controllerName
    namespace="flux-system",
    central=False,
    fetches_folders=False,
    makes_nni_namespace=True,
)
KNOWN = {traits.name: traits for traits in (ARGOCD, FLUX)}
"""Name → traits; the first one is the default."""

ALL = "both"
"""The answer `gitops` that names all of them."""


def answered(gitops: str) -> list[Traits]:
    """The tools that the answer `gitops` names; none for an answer that is wrong."""
    return [tool for tool in KNOWN.values() if gitops in (tool.name, ALL)]
