"""Flux as the program knows a sync tool."""

from __future__ import annotations

from collections.abc import Callable

from fcgitops.core.errors import InputError, Problem
from fcgitops.model import layout, synctools
from fcgitops.model.answers import Answers
from fcgitops.model.environment import Environment
from fcgitops.model.experiment import Experiment
from fcgitops.sync import deletion
from fcgitops.sync.flux import environments, nni
from fcgitops.sync.tool import Bootstrap, Object
from fcgitops.text import yamlio
from fcgitops.text.tree import Tree

_KUBECTL = f"kubectl --namespace {environments.NAMESPACE}"
_KUSTOMIZATIONS = "kustomizations.kustomize.toolkit.fluxcd.io"
_FLUX_ITSELF = (
    f"{_KUBECTL} delete gitrepositories.source.toolkit.fluxcd.io {environments.NAME}",
    f"kubectl delete clusterrolebinding,clusterrole {environments.ACCOUNT}",
    f"{_KUBECTL} delete serviceaccount {environments.ACCOUNT}",
)
"""What takes away what Flux was pointed at an environment with, its Kustomization aside."""


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
        """As its CRD takes it."""
        return environments.source_url(answers)

    def repository_files(self, answers: Answers, *, with_nni: bool) -> Tree:
        """None: each environment has its own."""
        return {}

    def environment_files(
        self, environment: Environment, answers: Answers, cluster_role: bytes | None
    ) -> Tree:
        """clusters/flux/ENV/. Its account must have the rights that it grants."""
        own = environments.files(environment, answers, _rules(cluster_role))
        return own | nni.files(environment)

    def experiment_files(self, experiment: Experiment, environment: Environment) -> Tree:
        """clusters/flux/ENV/experiments/NAME/."""
        return nni.experiment_files(experiment, environment) if environment.runs_nni else {}

    def occupant(self, value: Callable[..., str]) -> str:
        """The environment whose overlay the Kustomization on a cluster is of."""
        place = ("--namespace", environments.NAMESPACE, _KUSTOMIZATIONS, environments.NAME)
        return value("{.spec.path}", *place).rpartition("/")[2]

    def removal(self, environment: Environment, objects: list[Object]) -> list[str]:
        """The Kustomization, with which goes what it has applied, and what is Flux's own."""
        return [
            f"{_deleted(environments.NAME)}"
            "  # it takes back what it has applied, unless it is suspended",
            *_FLUX_ITSELF,
        ]

    def nni_removal(self, environment: Environment, objects: list[Object]) -> list[str]:
        """The same."""
        accounts = f"{nni.ACCOUNT} {nni.EXPERIMENTS_ACCOUNT}"
        namespace = environment.nni_namespace
        return [
            _deleted(nni.NAME),
            f"kubectl --namespace {namespace} delete rolebinding,role {accounts}",
            f"{_KUBECTL} delete serviceaccount {accounts}",
        ]

    def experiment_removal(self, name: str, environment: Environment) -> list[str]:
        """The same."""
        return [_deleted(nni.experiment_name(name))]

    def handover(self, environment: Environment) -> list[str]:
        """The Kustomization goes, told not to prune before."""
        return [
            f"on the cluster {deletion.cluster(environment)}",
            f"{_KUBECTL} patch {_KUSTOMIZATIONS} {environments.NAME} --type=merge "
            """--patch='{"spec":{"prune":false}}'""",
            _deleted(environments.NAME),
            *_FLUX_ITSELF,
        ]

    def namespace_left(self, environment: Environment, old: str, profile: str) -> str:
        """Flux leaves the old Namespace; its account may write the one that it is told of."""
        if profile != "hardened":
            return ""
        return (
            f"{environment.name}: FrameworkController moves to {environment.namespace}. Once this "
            f"is pushed, let Flux's account write that Namespace:\nfcgitops bootstrap "
            f"{environment.name}"
        )


def _deleted(kustomization: str) -> str:
    return f"{_KUBECTL} delete --wait {_KUSTOMIZATIONS} {kustomization}"


def _rules(cluster_role: bytes | None) -> list[Object]:
    document = yamlio.load(cluster_role, layout.CLUSTER_ROLE) if cluster_role else {}
    rules = document.get("rules", []) if isinstance(document, dict) else None
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise InputError(
            Problem(
                layout.CLUSTER_ROLE, "has no list of rules", f"git checkout {layout.CLUSTER_ROLE}"
            )
        )
    return rules
