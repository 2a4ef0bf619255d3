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
    namespace: str
    """Where the tool itself runs; nothing of ours may be there."""
    reads_environments: bool
    """Whether one set of entry points finds all environments by their environment.yaml.

    Then the answer `gitops` must name the tool, and each environment.yaml must spell out what it
    reads there: it knows none of our defaults. Otherwise each environment has its own.
    """
    fetches_folders: bool
    """Whether a repository's URL may be a folder, as file:///PATH."""
    makes_nni_namespace: bool
    """Whether the entry points make the namespace of the experiments, which has one owner."""


ARGOCD = Traits(
    name="argocd",
    label="Argo CD",
    namespace="argocd",
    reads_environments=True,
    fetches_folders=True,
    makes_nni_namespace=False,
)
FLUX = Traits(
    name="flux",
    label="Flux",
    namespace="flux-system",
    reads_environments=False,
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
