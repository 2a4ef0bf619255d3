"""The sync tools as answers and environment files speak of them; sync/ has what each one does."""

from __future__ import annotations

from typing import NamedTuple


class Habits(NamedTuple):
    """What a tool does with a change of what it syncs, as far as `diff` tells it."""

    mark: tuple[str, str] = ("labels", "")
    """labels or annotations, and the key that it gives to all that it applies; empty for none."""
    guard: str = ""
    """What keeps an object from its pruning, as `diff.objects.guards` calls it; empty for none."""
    prunes_first: bool = False
    """Whether it prunes what is no longer rendered before it applies the rest."""
    prunes_crds: bool = True
    confirms: bool = False
    """Whether it waits for a person before it prunes a Namespace that says so."""
    replaces_bindings: bool = False
    """Whether it deletes and makes anew, by itself, a binding whose role cannot be changed."""
    hooks: tuple[str, ...] = ()
    """The annotations of what it takes for a hook; the first one that is there counts."""
    takes_over: tuple[tuple[str, str], ...] = ()
    """Managers of fields whose fields it takes for its own: the beginning of a name, and the
    operation by which that writes. What of them is not rendered it takes off."""
    replacing: frozenset[str] = frozenset()
    """The options of an object with which it deletes it and makes it anew at each change of it."""
    forcing: tuple[str, str] = ("", "")
    """Annotation and value with which it does so where the change is refused."""
    skipping: tuple[tuple[str, str], ...] = ()
    """Annotations and values with which it leaves an object as it is."""
    making_once: tuple[tuple[str, str], ...] = ()
    """Those with which it does so once the object is there."""
    reads_labels: bool = False
    """Whether it takes labels for such annotations, and small letters for capitals."""
    replaces_by_force: str = ""
    """Its setting that deletes and makes anew whatever cannot be changed."""
    finds: str = ""
    """What it does by itself with a new environment; empty where it waits for make bootstrap."""
    misses: str = ""
    """What it says of an environment that is gone from Git."""
    refuses_second: str = ""
    """How it refuses a second environment on a cluster; empty where the later one wins."""


class Traits(NamedTuple):
    """What the values of an answer or of a key depend on, of one sync tool."""

    name: str
    """Its name in `sync` of environment.yaml and in the answer `gitops`."""
    label: str
    """Its name in a sentence."""
    field_manager: str
    """The field manager as which it applies, server-side."""
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
    finds_clusters: bool = False
    """Whether it looks a cluster up by its name or by the one spelling of its address that it has,
    and calls its own one `clusters.IN_CLUSTER`."""
    habits: Habits = Habits()

    @property
    def folder(self) -> str:
        """Below which its entry points stand, from the content's root."""
        return f"clusters/{self.name}"


ARGOCD = Traits(
    name="argocd",
    label="Argo CD",
    field_manager="argocd-controller",  # gitops-engine's common.go: ArgoCDSSAManager
    namespace="argocd",
    central=True,
    fetches_folders=True,
    makes_nni_namespace=False,
    finds_clusters=True,
    habits=Habits(
        mark=("annotations", "argocd.argoproj.io/tracking-id"),
        guard="Prune",
        prunes_first=True,
        prunes_crds=False,
        confirms=True,
        replaces_bindings=True,
        hooks=("argocd.argoproj.io/hook", "helm.sh/hook"),
        replacing=frozenset({"Replace=true", "Force=true"}),
        finds="Argo CD makes an Application for it within 3 minutes",
        misses="Argo CD says ComparisonError, app path does not exist",
        refuses_second="Argo CD refuses the second one (`Shared resource found`)",
    ),
)
FLUX = Traits(
    name="flux",
    label="Flux",
    field_manager="kustomize-controller",  # its main.go: controllerName
    namespace="flux-system",
    central=False,
    fetches_folders=False,
    makes_nni_namespace=True,
    habits=Habits(
        mark=("labels", "kustomize.toolkit.fluxcd.io/name"),
        guard="prune: disabled",
        takes_over=(
            ("kubectl", "Apply"),
            ("kubectl", "Update"),
            ("before-first-apply", "Update"),
            ("kustomize-controller", "Update"),
        ),
        forcing=("kustomize.toolkit.fluxcd.io/force", "enabled"),
        skipping=(
            ("kustomize.toolkit.fluxcd.io/reconcile", "disabled"),
            ("kustomize.toolkit.fluxcd.io/ssa", "Ignore"),
        ),
        making_once=(("kustomize.toolkit.fluxcd.io/ssa", "IfNotPresent"),),
        reads_labels=True,  # AnyInMetadata of fluxcd/pkg/ssa
        replaces_by_force="A Flux Kustomization with force: true",
        misses="Flux says kustomization path not found",
    ),
)
KNOWN = {traits.name: traits for traits in (ARGOCD, FLUX)}
"""Name → traits; the first one is the default."""

ALL = "both"
"""The answer `gitops` that names all of them."""


def answered(gitops: str) -> list[Traits]:
    """The tools that the answer `gitops` names; none for an answer that is wrong."""
    return [tool for tool in KNOWN.values() if gitops in (tool.name, ALL)]
