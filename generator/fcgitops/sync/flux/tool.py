"""Flux as the program knows a sync tool."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fcgitops.core import shell
from fcgitops.core.errors import InputError, Problem
from fcgitops.kubernetes.objects import Object
from fcgitops.model import layout, synctools
from fcgitops.model.answers import Answers
from fcgitops.model.environment import Environment
from fcgitops.model.experiment import Experiment
from fcgitops.sync.flux import environments, nni
from fcgitops.sync.tool import Applier, Bootstrap, Held, Occupant
from fcgitops.text import yamlio
from fcgitops.text.tree import Tree

_KUBECTL = ("kubectl", "--namespace", environments.NAMESPACE)
_KUSTOMIZATIONS = "kustomizations.kustomize.toolkit.fluxcd.io"
_SOURCES = "gitrepositories.source.toolkit.fluxcd.io"
_TIMEOUT = "--timeout=5m"
"""Of what waits for Flux: kubectl would wait for a week."""
_HELM_RELEASES = "helmreleases.helm.toolkit.fluxcd.io"
_APPLIERS = {
    "kustomize.toolkit.fluxcd.io": _KUSTOMIZATIONS,
    "helm.toolkit.fluxcd.io": _HELM_RELEASES,
}
"""How the labels begin by which Flux knows what it has applied → what has."""


class Flux:
    """A source and a Kustomization for each environment, on its own cluster."""

    traits = synctools.FLUX
    folder = environments.FOLDER
    made = (
        f"*/{environments.ACCOUNT_FILE}",
        f"*/{environments.SYNC_FILE}",
        f"*/{nni.FILE}",
        f"*/experiments/*/{environments.SYNC_FILE}",
    )
    nni_files = ()
    guards = (
        ("spec", "force"),
        ("metadata", "annotations", "kustomize.toolkit.fluxcd.io/prune"),
    )
    bootstrap = Bootstrap(
        kind=_KUSTOMIZATIONS,
        files=(environments.ACCOUNT_FILE, environments.SYNC_FILE),
        more=(nni.FILE, f"experiments/*/{environments.SYNC_FILE}"),
    )

    def version(self, answers: Answers) -> str:
        """The first with v1 of GitRepository and Kustomization (fluxcd/flux2 releases, v2.0.0)."""
        return "2.0 or newer"

    def remark(self, answers: Answers) -> str:
        """What Flux lacks before this works; empty for nothing.

        https://fluxcd.io/flux/components/source/gitrepositories/#ssh-authentication
        """
        if answers.flux_secret or not environments.source_url(answers).startswith("ssh:"):
            return ""
        return (
            "Flux fetches nothing by SSH without `flux_secret`: a Secret with identity, known_hosts"
        )

    def source_url(self, answers: Answers) -> str:
        """The URL as Flux's CRD takes it."""
        return environments.source_url(answers)

    def repository_files(self, answers: Answers, *, with_nni: bool) -> Tree:
        """None: each environment has its own."""
        return {}

    def environment_files(
        self, environment: Environment, answers: Answers, cluster_role: bytes | None
    ) -> Tree:
        """clusters/flux/ENV/. Its account must have the rights that it grants."""
        own = environments.files(environment, answers, _rules(cluster_role))
        return own | nni.files(environment, answers)

    def experiment_files(
        self, experiment: Experiment, environment: Environment, answers: Answers
    ) -> Tree:
        """clusters/flux/ENV/experiments/NAME/."""
        if not environment.runs_nni:
            return {}
        return nni.experiment_files(experiment, environment, answers)

    def occupant(self, value: Callable[..., str]) -> Occupant | None:
        """The environment whose overlay the Kustomization on a cluster is of."""
        place = ("--namespace", environments.NAMESPACE, _KUSTOMIZATIONS, environments.NAME)
        found = f"/{value('{.spec.path}', *place).removeprefix('./')}"
        folder, overlays, name = found.rpartition(f"/{layout.OVERLAYS}/")
        return Occupant(folder.removeprefix("/"), name) if overlays else None

    def release(self, held: Held) -> list[str]:
        """Told not to prune, the Kustomization goes, and takes nothing back."""
        patch = '--patch={"spec":{"prune":false}}'
        name = _kustomization(held)
        return shell.one_by_one(
            _applied_by_none(name),  # which would undo the patch, too
            shell.line(*_KUBECTL, "patch", _KUSTOMIZATIONS, name, "--type=merge", patch),
            *_deleted(held),
        )

    def move(self, held: Held) -> list[str]:
        """None: the one of the cluster that is left knows no other."""
        return []

    def deletion(self, held: Held) -> list[str]:
        """The Kustomization, with which goes what it has applied, and what is Flux's own."""
        note = "Flux takes back what it has applied, unless it is suspended:"
        lines = shell.one_by_one(_applied_by_none(_kustomization(held)), *_deleted(held))
        return [shell.comment(note), *lines]

    def sight(self, held: Sequence[Held]) -> str:
        """The Kustomizations."""
        names = map(_kustomization, held)
        return shell.line(*_KUBECTL, "get", "--ignore-not-found", _KUSTOMIZATIONS, *names)

    def unpermitted(
        self, objects: Sequence[Object], environment: Environment, answers: Answers
    ) -> list[str]:
        """Objects that Flux's account has no rights for: with one of them it applies nothing."""
        lines = environments.unruled(objects, answers.profile)
        if not lines:
            return []
        file = f"{self.folder}/{environment.name}/{environments.ACCOUNT_FILE}"
        what = f"Flux applies nothing before the ClusterRole in {file} has these rules, too:"
        return [shell.comment(what), *(shell.comment(f"  - {line}") for line in lines)]

    def applier(self, o: Object) -> Applier | None:
        """The Kustomization or HelmRelease that the labels name."""
        labels = o["metadata"].get("labels") or {}
        for group, kind in _APPLIERS.items():
            name, place = (labels.get(f"{group}/{key}") for key in ("name", "namespace"))
            if name:
                return Applier(str(name), str(place or environments.NAMESPACE), kind)
        return None

    def suspect(self, o: Object) -> Applier | None:
        """None: its labels are nobody else's."""
        return None

    def paused(self, applier: Applier, taken: Sequence[Object]) -> list[str]:
        """Suspended; a Kustomization is told not to prune, too, whatever becomes of it."""
        more = "" if applier.kind == _HELM_RELEASES else ',"prune":false'
        patch = f'--patch={{"spec":{{"suspend":true{more}}}}}'
        its = shell.named(applier.kind or _KUSTOMIZATIONS, applier.name)
        words = ("patch", *its, "--type=merge", patch)
        return [shell.line("kubectl", "--namespace", applier.namespace, *words)]

    def is_named_so(self, environment: Environment, applier: Applier) -> bool:
        """It would stay suspended, or prune what it has applied before and is not in Git."""
        ours = (environments.NAME, environments.NAMESPACE, _KUSTOMIZATIONS)
        return (applier.name, applier.namespace, applier.kind or _KUSTOMIZATIONS) == ours

    def forgotten(self, applier: Applier) -> list[str]:
        """While it is suspended, it takes nothing with it."""
        words = ("delete", *shell.named(applier.kind or _KUSTOMIZATIONS, applier.name))
        return [shell.line("kubectl", "--namespace", applier.namespace, *words)]

    def namespace_left(self, environment: Environment, old: str, profile: str) -> list[str]:
        """Flux leaves the old Namespace; its account may write the one that it is told of."""
        if profile != "hardened":
            return []
        return [
            f"{environment.name}: FrameworkController moves to {environment.namespace}. Before "
            "this is pushed, let Flux's account write that Namespace:",
            shell.line("fcgitops", "bootstrap", environment.name),
        ]


def _kustomization(held: Held) -> str:
    """The Kustomization that holds it."""
    if held.experiment:
        return nni.experiment_name(held.experiment)
    return nni.NAME if held.nni else environments.NAME


def _applied_by_none(name: str) -> str:
    """A wait until no Kustomization applies another one, as `flux bootstrap` has one do.

    It makes anew what is deleted before it has seen the commit, and never prunes it. What it
    applies is in its inventory (Inventory of kustomization_types.go) by NAMESPACE_NAME_GROUP_KIND.
    """
    group = _KUSTOMIZATIONS.partition(".")[2]
    its = f"{environments.NAMESPACE}_{name}_{group}_Kustomization"
    entry = f'{{.items[*].status.inventory.entries[?(@.id=="{its}")].id}}'
    return shell.until_empty(
        "kubectl", "get", _KUSTOMIZATIONS, "--all-namespaces", "--output", f"jsonpath={entry}",
        otherwise=f"another Kustomization still applies {name}: suspend it, or push the commit",
    )  # fmt: skip


def _deleted(held: Held) -> list[str]:
    """The Kustomization goes, and then what it was pointed at and applied as.

    In this order, each once the one before has gone: without its account it could take nothing
    back, and would not say so.
    """
    delete = ("delete", "--ignore-not-found", _TIMEOUT)
    first = [shell.line(*_KUBECTL, *delete, _KUSTOMIZATIONS, _kustomization(held))]
    if held.experiment:
        return first
    if held.nni:
        accounts = (nni.ACCOUNT, nni.EXPERIMENTS_ACCOUNT)
        place = ("--namespace", held.environment.nni_namespace)
        return [
            *first,
            shell.line("kubectl", *place, *delete, "rolebinding,role", *accounts),
            shell.line(*_KUBECTL, *delete, "serviceaccount", *accounts),
        ]
    account = environments.ACCOUNT
    return [
        *first,
        shell.line(*_KUBECTL, *delete, _SOURCES, environments.NAME),
        shell.line("kubectl", *delete, "clusterrolebinding,clusterrole", account),
        shell.line(*_KUBECTL, *delete, "serviceaccount", account),
    ]


def _rules(cluster_role: bytes | None) -> list[Object]:
    document = yamlio.load(cluster_role, layout.CLUSTER_ROLE) if cluster_role else {}
    rules = document.get("rules", []) if isinstance(document, dict) else None
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise InputError(
            Problem(layout.CLUSTER_ROLE, "has no list of rules", "a list below the key `rules`")
        )
    return rules
