"""What Argo CD is pointed at for NNI: clusters/argocd/nni.yaml, a project and two sets.

They are apart from the environments' own, since who may start Jobs need not be who may change
FrameworkController. Argo CD knows no order between Applications: an experiment's manager itself
waits for FrameworkController.
"""

from __future__ import annotations

from typing import Any

from fcgitops.kubernetes.objects import RBAC
from fcgitops.model import experiment, layout
from fcgitops.model.answers import Answers
from fcgitops.model.consistency import NOT_FOR_EXPERIMENTS
from fcgitops.sync.argocd import environments as argocd
from fcgitops.text import yamlio
from fcgitops.text.tree import Tree

FILE = "nni.yaml"
PROJECT = f"{argocd.NAME}-nni"
EXPERIMENTS = f"{argocd.NAME}-experiments"
# Applications are called otherwise than the environments' own, frameworkcontroller-ENV: with
# the same prefix that of prod's NNI would be that of an environment nni-prod.

_KINDS = (
    ("", "LimitRange"),
    ("", "ResourceQuota"),
    ("", "ServiceAccount"),
    ("cilium.io", "CiliumNetworkPolicy"),
    ("networking.k8s.io", "NetworkPolicy"),
    (RBAC, "Role"),
    (RBAC, "RoleBinding"),
)
_IS_READY: tuple[dict[str, Any], ...] = (
    {"key": "nni.namespace", "operator": "Exists"},
    {"key": "nni.namespace", "operator": "NotIn", "values": [""]},
)
"""Expressions over environment.yaml: NNI is enabled. (An empty namespace is none.)"""


def experiment_name(name: str) -> str:
    """The Application of an experiment."""
    return f"fc-experiment-{name}"


def environment_name(name: str) -> str:
    """The Application of what an environment has for NNI."""
    return f"fc-nni-{name}"


def files(answers: Answers) -> Tree:
    """The file, relative to clusters/argocd/."""
    projects = [
        argocd.project(
            answers,
            name=PROJECT,
            description=f"What NNI experiments need, as {answers.repo_slug} has it",
            cluster_kinds=[("", "Namespace", "")],
            namespaced_kinds=_KINDS,
            denied=NOT_FOR_EXPERIMENTS,
        ),
        # Whoever may write an experiment may not bring rights with it.
        argocd.project(
            answers,
            name=EXPERIMENTS,
            description=f"NNI experiments, as {answers.repo_slug} has them",
            cluster_kinds=[],
            namespaced_kinds=experiment.KINDS,
            denied=NOT_FOR_EXPERIMENTS,
        ),
    ]
    comment = (
        "# What NNI needs, for each overlays/ENV/environment.yaml with `sync: argocd` and\n"
        "# `nni.namespace`, and each experiments/NAME/run.yaml of such an environment. A file\n"
        "# that goes missing from Git deletes nothing on a cluster, as with environments.\n"
        "# applicationset.yaml says what heals when.\n"
    )
    documents = [*projects, _platforms(answers), _experiments(answers)]
    return {FILE: (comment + "---\n".join(map(yamlio.dump, documents))).encode()}


def _platforms(answers: Answers) -> dict[str, Any]:
    """The set of what each environment has for NNI."""
    files = argocd.git_files(answers, layout.OVERLAYS, layout.SOURCE_FILE)
    template = argocd.application(
        answers,
        name=environment_name("{{ .path.basename }}"),
        path=f"{{{{ .path.path }}}}/{layout.NNI}",
        watched=["."],
        project=PROJECT,
        namespace="{{ .nni.namespace }}",
    )
    generator = files | {"selector": argocd.selector(*_IS_READY)}
    return argocd.applications(PROJECT, generator, template)


def _experiments(answers: Answers) -> dict[str, Any]:
    """The set of the experiments: each run.yaml with the environment.yaml that it names."""
    runs = argocd.git_files(answers, layout.EXPERIMENTS, layout.RUN_FILE, "experiment")
    named = f"{layout.OVERLAYS}/{{{{ .environment }}}}/{layout.SOURCE_FILE}"
    file = {"path": answers.at(named)}
    environment = argocd.from_git(answers, [file])
    template = argocd.application(
        answers,
        name=experiment_name("{{ .experiment.path.basename }}"),
        path="{{ .experiment.path.path }}",
        watched=[".", "../../components"],
        project=EXPERIMENTS,
        namespace="{{ .nni.namespace }}",
    )
    generator = {
        "matrix": {"generators": [runs, environment]},
        "selector": argocd.selector(*_IS_READY),
    }
    return argocd.applications(EXPERIMENTS, generator, template)
