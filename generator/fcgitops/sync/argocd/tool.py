"""Argo CD as the program knows a sync tool."""

from __future__ import annotations

from collections.abc import Callable

from fcgitops.manifests import overlay
from fcgitops.model import synctools
from fcgitops.model.answers import Answers
from fcgitops.model.environment import Environment
from fcgitops.model.experiment import Experiment
from fcgitops.sync import deletion
from fcgitops.sync.argocd import environments, nni
from fcgitops.sync.tool import Bootstrap, Object
from fcgitops.text.tree import Tree

REFRESH_SET = "argocd.argoproj.io/application-set-refresh=true"
"""Has an ApplicationSet look at Git now, past all caches (pkg/apis/application/v1alpha1,
ApplicationSet.RefreshRequired)."""
TRACKING = "argocd.argoproj.io/tracking-id"
"""The annotation by which Argo CD from 3.0 on knows what an Application has applied."""

_NOTHING_ELSE = "# where Argo CD runs, this deletes the Application and nothing else;"


class ArgoCD:
    """An AppProject and an ApplicationSet for all environments, where Argo CD runs."""

    traits = synctools.ARGOCD
    folder = environments.FOLDER
    made = (environments.PROJECT_FILE, environments.SET_FILE, "kustomization.yaml", nni.FILE)
    guards = (
        ("spec", "syncPolicy", "applicationsSync"),
        ("spec", "syncPolicy", "preserveResourcesOnDeletion"),
        ("spec", "template", "spec", "syncPolicy", "automated", "allowEmpty"),
        ("metadata", "annotations", "argocd.argoproj.io/sync-options"),
    )
    bootstrap = Bootstrap(
        kind="applicationsets.argoproj.io",
        files=(environments.PROJECT_FILE, environments.SET_FILE),
        more=(nni.FILE,),
        namespace=environments.NAMESPACE,
    )

    def version(self, answers: Answers) -> str:
        """As the answer says."""
        return answers.argocd_version

    def remark(self, answers: Answers) -> str:
        """What has to be done to Argo CD itself before this works; empty for nothing.

        https://github.com/argoproj/argo-cd/issues/23689: the git generator looks for the
        signature in a clone that does not exist yet.
        """
        if not answers.keys or environments.at_least(answers, environments.SOURCE_INTEGRITY):
            return ""
        return (
            "before 3.5 Argo CD generates no Application where signatures are asked for "
            "(argo-cd#23689), until its argocd-applicationset-controller has "
            "ARGOCD_GPG_ENABLED=false; what the Applications sync is verified all the same"
        )

    def source_url(self, answers: Answers) -> str:
        """As it is pushed to."""
        return answers.source_url

    def repository_files(self, answers: Answers, *, with_nni: bool) -> Tree:
        """clusters/argocd/."""
        return environments.files(answers, nni.files(answers) if with_nni else {})

    def environment_files(
        self,
        environment: Environment,
        answers: Answers,
        cluster_role: bytes | None,
    ) -> Tree:
        """None: the ApplicationSet finds it."""
        return {}

    def experiment_files(self, experiment: Experiment, environment: Environment) -> Tree:
        """None, as of an environment."""
        return {}

    def occupant(self, value: Callable[..., str]) -> str:
        """Argo CD's own cluster is no environment's."""
        return ""

    def removal(self, environment: Environment, objects: list[Object]) -> list[str]:
        """The Application, then each object."""
        return [
            _NOTHING_ELSE,
            *_environment_let_go(environment),
            f"# and on the cluster {deletion.cluster(environment)}, for all clusters have these "
            "names:",
            *deletion.lines(objects),
            *_former_configurations(environment, objects),
        ]

    def nni_removal(self, environment: Environment, objects: list[Object]) -> list[str]:
        """The same."""
        return [
            _NOTHING_ELSE,
            *_let_go(nni.environment_name(environment.name), nni.PROJECT),
            f"# and on the cluster {deletion.cluster(environment)}:",
            *deletion.lines(objects),
        ]

    def experiment_removal(self, name: str, environment: Environment) -> list[str]:
        """The Application, then all that has the experiment's label."""
        return [
            _NOTHING_ELSE,
            *_let_go(nni.experiment_name(name), nni.EXPERIMENTS),
            f"# and on the cluster {deletion.cluster(environment)}:",
            f"kubectl --namespace {environment.nni_namespace} delete job,service,configmap "
            f"--selector experiment={name}",
        ]

    def handover(self, environment: Environment) -> list[str]:
        """The Application goes, and nothing else."""
        return ["before `bootstrap`, where Argo CD runs", *_environment_let_go(environment)]

    def namespace_left(self, environment: Environment, old: str, profile: str) -> str:
        """Argo CD asks before it prunes a Namespace, which the profile upstream has none of."""
        if profile != "hardened":
            return ""
        return (
            f"{environment.name}: with this change FrameworkController moves to "
            f"{environment.namespace}. Argo CD's sync waits, and nothing changes, until on that "
            "cluster this lets go of the "
            f"namespace, which stays:\nkubectl annotate namespace {old} {TRACKING}-"
        )


def _former_configurations(environment: Environment, objects: list[Object]) -> list[str]:
    """What takes those away that Argo CD keeps; see manifests/retired.py."""
    kept = ("ConfigMap", "Prune=false")
    options = "argocd.argoproj.io/sync-options"
    if not any(
        (o["kind"], (o["metadata"].get("annotations") or {}).get(options)) == kept for o in objects
    ):
        return []
    selector = ",".join(f"{key}={value}" for key, value in overlay.LABELS.items())
    return [
        f"kubectl --namespace {environment.namespace} delete configmap --selector {selector}"
        "  # former configurations"
    ]


def _environment_let_go(environment: Environment) -> list[str]:
    return _let_go(f"{environments.NAME}-{environment.name}", environments.NAME)


def _let_go(application: str, application_set: str) -> list[str]:
    """What is typed where Argo CD runs, so that it lets go of what Git has no more.

    An Application that is deleted before its set has seen the commit is made anew, and then
    stays: a set looks at Git every 3 minutes, and what a branch is is remembered as long. So the
    deletion waits until the set has looked, which takes its mark off when it is done.

    Args:
        application: it is deleted, and nothing else is.
        application_set: what has made it.
    """
    kubectl = f"kubectl --namespace {environments.NAMESPACE}"
    the_set = f"applicationsets.argoproj.io {application_set}"
    mark, _, value = REFRESH_SET.partition("=")
    left = f"done{{.metadata.annotations.{mark.replace('.', chr(92) + '.')}}}"
    looked = f"{kubectl} get {the_set} --output jsonpath='{left}'"
    return [
        f"{kubectl} annotate --overwrite {the_set} {mark}={value}",
        f'until [ "$({looked})" = done ]; do sleep 1; done  # until it has seen the commit',
        f"{kubectl} delete applications.argoproj.io {application}",
        f"{kubectl} get applications.argoproj.io {application} --ignore-not-found"
        "  # prints nothing: it is gone",
    ]
