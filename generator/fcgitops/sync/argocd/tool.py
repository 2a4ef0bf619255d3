"""Argo CD as the program knows a sync tool."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fcgitops.core import shell
from fcgitops.kubernetes.objects import Object, mapping, mappings
from fcgitops.manifests import overlay
from fcgitops.model import layout, synctools
from fcgitops.model.answers import Answers
from fcgitops.model.environment import Environment
from fcgitops.model.experiment import Experiment
from fcgitops.sync import deletion
from fcgitops.sync.argocd import environments, nni
from fcgitops.sync.tool import Applier, Bootstrap, Held, Occupant
from fcgitops.text.tree import Tree

_MARK = "argocd.argoproj.io/application-set-refresh"
"""Has an ApplicationSet look at Git now, past all caches (pkg/apis/application/v1alpha1,
ApplicationSet.RefreshRequired)."""
_MARK_PATH = ".metadata.annotations." + _MARK.replace(".", "\\.")
"""The path of `_MARK` for jsonpath."""
_TOLD = "{.status.operationState}"
_WAITS = "pruning confirmation"
"""Where an Application says what its sync waits for, and what it says (sync_context.go)."""
TRACKING = "argocd.argoproj.io/tracking-id"
"""The annotation by which Argo CD from 3.0 on knows what an Application has applied."""
INSTANCE = "app.kubernetes.io/instance"
"""The label by which it knew that before, and does where it is told to; many charts name their
release by it."""
_OWN_INSTANCE = "argocd.argoproj.io/instance"
"""The label in its place where somebody wants no confusion, as Argo CD's documentation has it."""
_INSTALLATION = "argocd.argoproj.io/installation-id"
"""The annotation of one of several Argo CD on a cluster."""

_KUBECTL = ("kubectl", "--namespace", environments.NAMESPACE)
_SETS = "applicationsets.argoproj.io"
_APPLICATIONS = "applications.argoproj.io"


class ArgoCD:
    """An AppProject and an ApplicationSet for all environments, where Argo CD runs."""

    traits = synctools.ARGOCD
    folder = environments.FOLDER
    made = (environments.PROJECT_FILE, environments.SET_FILE, "kustomization.yaml", nni.FILE)
    nni_files = (nni.FILE,)
    guards = (
        ("spec", "syncPolicy", "applicationsSync"),
        ("spec", "syncPolicy", "preserveResourcesOnDeletion"),
        ("spec", "template", "spec", "syncPolicy", "automated", "allowEmpty"),
        ("metadata", "annotations", "argocd.argoproj.io/sync-options"),
    )
    bootstrap = Bootstrap(
        kind=_SETS,
        files=(environments.PROJECT_FILE, environments.SET_FILE),
        more=(nni.FILE,),
        namespace=environments.NAMESPACE,
    )

    def version(self, answers: Answers) -> str:
        """What the answer `argocd_version` says."""
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
        """The URL that the repository is pushed to."""
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

    def experiment_files(
        self, experiment: Experiment, environment: Environment, answers: Answers
    ) -> Tree:
        """None, as of an environment."""
        return {}

    def occupant(self, value: Callable[..., str]) -> Occupant | None:
        """The folder whose environments its set finds; its own cluster is no environment's."""
        place = ("--namespace", environments.NAMESPACE, _SETS, environments.NAME)
        found = value("{.spec.generators[0].git.files[0].path}", *place)
        folder, overlays, _ = f"/{found}".rpartition(f"/{layout.OVERLAYS}/*/")
        return Occupant(folder.removeprefix("/")) if overlays else None

    def release(self, held: Held) -> list[str]:
        """The Application is deleted, and nothing else.

        One that is deleted before its set has seen the commit is made anew, and then stays.
        """
        application, _ = _application(held)
        delete = shell.line(*_KUBECTL, "delete", "--ignore-not-found", _APPLICATIONS, application)
        return shell.one_by_one(*_looks(held), delete)

    def move(self, held: Held) -> list[str]:
        """Its set looks at Git, and changes the Application: else that heals what is deleted."""
        return shell.one_by_one(*_looks(held))

    def deletion(self, held: Held) -> list[str]:
        """Each object; of an experiment all that has its label."""
        if not held.experiment:
            return deletion.lines(held.objects) + _former_configurations(held)
        place = ("--namespace", held.environment.nni_namespace)
        label = f"experiment={held.experiment}"
        kinds = "job,service,configmap"
        return [shell.line("kubectl", *place, "delete", kinds, "--selector", label)]

    def sight(self, held: Sequence[Held]) -> str:
        """The Applications."""
        names = [_application(item)[0] for item in held]
        return shell.line(*_KUBECTL, "get", "--ignore-not-found", _APPLICATIONS, *names)

    def unpermitted(
        self, objects: Sequence[Object], environment: Environment, answers: Answers
    ) -> list[str]:
        """Kinds that the AppProject does not list: with one of them it refuses all."""
        lines = environments.unlisted(objects, answers)
        if not lines:
            return []
        file = f"{self.folder}/{environments.PROJECT_FILE}"
        what = f"Argo CD applies nothing before {file} permits these: add them to its lists, commit"
        return [shell.comment(what), *(shell.comment(f"  {line}") for line in lines)]

    def applier(self, o: Object) -> Applier | None:
        """The Application that the tracking annotation names, APP:GROUP/KIND:NAMESPACE/NAME.

        Or a label does, where nobody else can have written it.
        """
        labels = o["metadata"].get("labels") or {}
        tracked = str((o["metadata"].get("annotations") or {}).get(TRACKING) or "")
        managers = [str(m.get("manager")) for m in mappings(o["metadata"].get("managedFields"))]
        its_own = any(manager.startswith("argocd") for manager in managers)
        label = labels.get(_OWN_INSTANCE) or (labels.get(INSTANCE) if its_own else None)
        return _applier(tracked.partition(":")[0] or label)

    def suspect(self, o: Object) -> Applier | None:
        """The Application that the label names which charts have too."""
        return _applier((o["metadata"].get("labels") or {}).get(INSTANCE))

    def paused(self, applier: Applier, taken: Sequence[Object]) -> list[str]:
        """It syncs nothing by itself, and what is taken is not marked as its own any more.

        Ours fails on an object that is marked as another Application's, whether that is there or
        not (`FailOnSharedResource`).
        """
        patch = '--patch={"spec":{"syncPolicy":{"automated":null}}}'
        marks = [mark for o in taken if (mark := _mark(o))]
        charts_too = ("label", (INSTANCE,))
        own = [mark for mark in marks if mark != charts_too]
        usual = next(iter(own or marks), ("annotate", (TRACKING,)))
        names: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
        for o in taken:
            kind, place = deletion.kind_of(o), str(o["metadata"].get("namespace") or "")
            verb, keys = _mark(o) or usual
            is_a_charts = (verb, keys) == charts_too != usual
            if deletion.is_kind(kind) and not is_a_charts:
                names.setdefault((place, verb, keys), []).append(f"{kind}/{o['metadata']['name']}")
        return [_patched(applier, patch)] + [
            shell.line("kubectl", *(("--namespace", place) if place else ()), verb,
                       *those, *(f"{key}-" for key in keys))
            for (place, verb, keys), those in names.items()
        ]  # fmt: skip

    def is_named_so(self, environment: Environment, applier: Applier) -> bool:
        """The set updates an Application of a name that it makes."""
        return applier == Applier(_application(Held(environment))[0], environments.NAMESPACE)

    def forgotten(self, applier: Applier) -> list[str]:
        """Without its finalizer it is deleted alone."""
        patch = '--patch={"metadata":{"finalizers":null}}'
        delete = ("kubectl", "--namespace", applier.namespace, "delete")
        its = shell.named(_APPLICATIONS, applier.name)
        return [_patched(applier, patch), shell.line(*delete, *its)]

    def namespace_left(self, environment: Environment, old: str, profile: str) -> list[str]:
        """Argo CD asks before it prunes a Namespace, which the profile upstream has none of."""
        if profile != "hardened":
            return []
        application, _ = _application(Held(environment))
        told = ("get", _APPLICATIONS, application, "--output", f"jsonpath={_TOLD}")
        return [
            f"{environment.name}: with this change FrameworkController moves to "
            f"{environment.namespace}. Argo CD's sync waits, and nothing changes, until somebody "
            "lets go of the namespace, which stays. Before it waits that would be undone.",
            shell.comment("where Argo CD runs, once this is pushed:"),
            shell.until_it_says(
                _WAITS, *_KUBECTL, *told,
                otherwise=f"it does not wait yet: look at {_APPLICATIONS} {application}",
            ),
            shell.comment(f"on the cluster {deletion.cluster(environment)}:"),
            shell.line("kubectl", "annotate", "namespace", old, f"{TRACKING}-"),
        ]  # fmt: skip


def _looks(held: Held) -> tuple[str, str]:
    """What has a set look at Git now, and a wait until it has made and changed what Git wants.

    By itself it looks every 3 minutes, and what a branch is is remembered as long. It takes the
    mark off at the end (Reconcile of applicationset_controller.go), and does not where it fails.
    """
    _, its_set = _application(held)
    selected = ("--field-selector", f"metadata.name={its_set}")  # no fault where it is gone
    mark = f"jsonpath={{{_MARK_PATH}}}"
    return (
        shell.line(*_KUBECTL, "annotate", "--overwrite", _SETS, *selected, f"{_MARK}=true"),
        shell.until_empty(
            *_KUBECTL, "get", "--ignore-not-found", _SETS, its_set, "--output", mark,
            otherwise=f"Argo CD has not looked: the conditions of {_SETS} {its_set} say why",
        ),
    )  # fmt: skip


def _applier(tracked: object) -> Applier | None:
    """An Application as objects name it: NAME, or NAMESPACE_NAME of one that is elsewhere."""
    if not tracked:
        return None
    place, elsewhere, name = str(tracked).partition("_")
    return Applier(name, place) if elsewhere else Applier(place, environments.NAMESPACE)


def _mark(o: Object) -> tuple[str, tuple[str, ...]] | None:
    """By what an object is marked as an Application's: kubectl's verb for it, and the keys."""
    annotations, labels = (mapping(o["metadata"].get(part)) for part in ("annotations", "labels"))
    if TRACKING in annotations:
        return "annotate", tuple(k for k in (TRACKING, _INSTALLATION) if k in annotations)
    keys = tuple(key for key in (_OWN_INSTANCE, INSTANCE) if key in labels)
    return ("label", keys) if keys else None


def _patched(applier: Applier, patch: str) -> str:
    place = ("kubectl", "--namespace", applier.namespace)
    its = shell.named(_APPLICATIONS, applier.name)
    return shell.line(*place, "patch", *its, "--type=merge", patch)


def _former_configurations(held: Held) -> list[str]:
    """What takes those away that Argo CD keeps; see manifests/retired.py."""
    kept = ("ConfigMap", "Prune=false")
    options = "argocd.argoproj.io/sync-options"
    if not any(
        (o["kind"], (o["metadata"].get("annotations") or {}).get(options)) == kept
        for o in held.objects
    ):
        return []
    place = ("--namespace", held.environment.namespace)
    selector = ",".join(f"{key}={value}" for key, value in overlay.LABELS.items())
    return [
        shell.comment("former configurations:"),
        shell.line("kubectl", *place, "delete", "configmap", "--selector", selector),
    ]


def _application(held: Held) -> tuple[str, str]:
    """The Application that holds it, and the ApplicationSet that has made that."""
    if held.experiment:
        return nni.experiment_name(held.experiment), nni.EXPERIMENTS
    if held.nni:
        return nni.environment_name(held.environment.name), nni.PROJECT
    return f"{environments.NAME}-{held.environment.name}", environments.NAME
