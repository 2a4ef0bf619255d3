"""What the sync tools are pointed at: files of the repository, and of each environment."""

from __future__ import annotations

from typing import Any

from fcgitops.core.errors import InputError, Problem
from fcgitops.model.answers import Answers
from fcgitops.model.environment import Environment
from fcgitops.model.experiment import Experiment
from fcgitops.sync import argocd, flux, nni_argocd, nni_flux
from fcgitops.text import yamlio
from fcgitops.text.tree import Tree, at

CLUSTER_ROLE = "base/clusterrole.yaml"
"""What FrameworkController may do; the profile `upstream` has none."""


def of_repository(answers: Answers, *, nni: bool) -> Tree:
    """The entry points that no environment has of its own, from the repository's top.

    Args:
        answers: of the repository.
        nni: whether NNI is enabled in an environment that Argo CD syncs.
    """
    if answers.gitops == "flux":
        return {}
    more = nni_argocd.files(answers) if nni else {}
    return at(argocd.FOLDER, argocd.files(answers, more))


def of_environment(environment: Environment, answers: Answers, cluster_role: bytes | None) -> Tree:
    """The entry points of one environment, relative to `folder`; empty where it needs none.

    Args:
        environment: of either tool.
        answers: of its repository.
        cluster_role: content of `CLUSTER_ROLE`, None where there is none.
    """
    if environment.sync != "flux":
        return {}
    own = flux.files(environment, answers, _rules(cluster_role))
    return own | nni_flux.files(environment)


def of_experiment(experiment: Experiment, environment: Environment) -> Tree:
    """The entry points of one experiment, relative to `experiment_folder`."""
    if environment.sync != "flux" or not environment.runs_nni:
        return {}
    return nni_flux.experiment_files(experiment, environment)


def experiment_folder(environment: str, experiment: str) -> str:
    """Where the entry points of an experiment stand."""
    return f"{folder(environment)}/experiments/{experiment}"


def folder(name: str) -> str:
    """Where the entry points of the environment `name` stand."""
    return f"{flux.FOLDER}/{name}"


def _rules(cluster_role: bytes | None) -> list[dict[str, Any]]:
    document = yamlio.load(cluster_role, CLUSTER_ROLE) if cluster_role else {}
    rules = document.get("rules", []) if isinstance(document, dict) else None
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise InputError(
            Problem(CLUSTER_ROLE, "has no list of rules", f"git checkout {CLUSTER_ROLE}")
        )
    return rules
