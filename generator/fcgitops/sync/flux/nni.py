"""What Flux is pointed at for NNI: one Kustomization for the environment, one an experiment.

They follow each other by dependsOn: FrameworkController, its namespace for experiments, each
experiment. Two accounts, of which only the first may make accounts; both have their rights in
that namespace alone, so it is made here, before any of them can be used, and nowhere else: of
two Kustomizations that apply an object each takes it from the other.
"""

from __future__ import annotations

from fcgitops.kubernetes.objects import RBAC, Object
from fcgitops.manifests import nni_environment
from fcgitops.model import layout
from fcgitops.model.answers import Answers
from fcgitops.model.environment import Environment
from fcgitops.model.experiment import Experiment
from fcgitops.sync.flux import environments as flux
from fcgitops.text.tree import Tree

FILE = "nni.yaml"
NAME = f"{flux.NAME}-nni"
ACCOUNT = f"{NAME}-flux"
EXPERIMENTS_ACCOUNT = f"{flux.NAME}-experiments-flux"


def experiment_name(name: str) -> str:
    """The Kustomization of an experiment: Flux labels what it applies with its name."""
    return f"fc-experiment-{name}"


def files(environment: Environment, answers: Answers) -> Tree:
    """The file of clusters/flux/ENV/; nothing where NNI is not enabled."""
    if not environment.runs_nni:
        return {}
    namespace = nni_environment.namespace(environment)
    platform_rules = [
        flux.rule("", ["serviceaccounts", "resourcequotas", "limitranges"], flux.ALL),
        flux.rule("networking.k8s.io", ["networkpolicies"], flux.ALL),
        flux.rule("cilium.io", ["ciliumnetworkpolicies"], flux.ALL),
        flux.rule(RBAC, ["roles", "rolebindings"], flux.ALL),
        *nni_environment.manager_rules(environment),  # what one does not have, one cannot grant
        # Flux tries a binding out while its role is not there yet, so that the API server cannot
        # see that it grants no more than that.
        flux.rule(RBAC, ["roles"], ["bind"], nni_environment.MANAGER, nni_environment.TRIAL),
    ]
    kinds = ["configmaps", "services", "persistentvolumeclaims"]
    experiment_rules = [flux.rule("", kinds, flux.ALL), flux.rule("batch", ["jobs"], flux.ALL)]
    kustomization = flux.kustomization(
        environment,
        name=NAME,
        path=f"./{answers.at(f'{layout.overlay(environment.name)}/{layout.NNI}')}",
        account=ACCOUNT,
        depends_on=[flux.NAME],
    )
    return {
        FILE: flux.file(
            "# NNI on this cluster: the namespace of the experiments, and the account with which\n"
            "# Flux applies what is in it. Flux prunes nothing of this when the folder goes.\n"
            "# sync.yaml says what heals when.\n",
            namespace,
            _account(ACCOUNT),
            *_granted(ACCOUNT, platform_rules, environment),
            _account(EXPERIMENTS_ACCOUNT),
            *_granted(EXPERIMENTS_ACCOUNT, experiment_rules, environment),
            kustomization,
        )
    }


def experiment_files(experiment: Experiment, environment: Environment, answers: Answers) -> Tree:
    """The files of clusters/flux/ENV/experiments/NAME/."""
    kustomization = flux.kustomization(
        environment,
        name=experiment_name(experiment.name),
        path=f"./{answers.at(f'{layout.EXPERIMENTS}/{experiment.name}')}",
        account=EXPERIMENTS_ACCOUNT,
        depends_on=[NAME],
        wait=False,
    )
    comment = (
        "# Ready as soon as the Job is there; Flux does not wait for its end. A finished Job\n"
        "# stays, so no sync restarts it.\n"
    )
    return {flux.SYNC_FILE: flux.file(comment, kustomization)}


def _account(name: str) -> Object:
    metadata = {"name": name, "namespace": flux.NAMESPACE, "annotations": flux.KEEP}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}


def _granted(name: str, rules: list[Object], environment: Environment) -> tuple[Object, Object]:
    """A role in the experiments' namespace, and its binding to the account of the same name."""
    metadata = {
        "name": name,
        "namespace": environment.nni_namespace,
        "annotations": flux.KEEP,
    }
    version = f"{RBAC}/v1"
    role = {"apiVersion": version, "kind": "Role", "metadata": metadata, "rules": rules}
    binding = {
        "apiVersion": version,
        "kind": "RoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": flux.NAMESPACE}],
    }
    return role, binding
