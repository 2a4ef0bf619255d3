"""What `diff` says of Argo CD's entry points, seen with the real Argo CD.

An entry point is applied as `make bootstrap` does, with one edit; what Argo CD then does is what
was foretold, and after it is put back all is synced again.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
import yaml
import yamls
from fcgitops.diff import compare
from fcgitops.programs import kustomize
from gitenv import git
from testbed.argocd import ArgoCD
from testbed.controlplane import ControlPlane, api_server, control_plane
from testbed.programs import eventually, stays
from testbed.site import APPLICATION, ENVIRONMENT, NAMESPACE, Site, fail, site

pytestmark = pytest.mark.cluster
Object = dict[str, Any]
Edit = Callable[[Object], None]
NUMBERS = count(790)
BOTH_WAYS = {"E07", "E08", "E16", "E29"}
"""Rules that hold of the way back too: another URL, revision or place it is again."""
LOCAL = f"overlays/{ENVIRONMENT}/local"


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The environment prod, which Argo CD has applied."""
    with (
        control_plane(tmp_path_factory.mktemp("plane")) as plane,
        api_server(tmp_path_factory.mktemp("other")) as other,
        site("argocd", plane, tmp_path_factory.mktemp("argocd"), other=other) as prod,
    ):
        other.kubeconfig_of("admin")
        prod.fcgitops("bootstrap", ENVIRONMENT, "--yes")
        names = ("get", "applications.argoproj.io", APPLICATION, "-n", "argocd")
        eventually(lambda: plane.kubectl(*names), 60, "the Application is generated")
        prod.wait_for(git(prod.repository, "rev-parse", "HEAD"), 90)
        yield prod


def entry_points(prod: Site) -> list[Object]:
    """What `make bootstrap` applies, and what Argo CD does."""
    folder = prod.repository / "clusters" / "argocd"
    texts = [kustomize.find().build(folder).decode(), prod.fcgitops("build", ENVIRONMENT)[0]]
    return [o for text in texts for o in yamls.load_all(text) if o]


def found(objects: list[Object], kind: str) -> Object:
    """The environments' own entry point of a kind; that of NNI is not rendered."""
    (one,) = (o for o in objects if o["kind"] == kind)
    return one


@contextmanager
def edited(prod: Site, number: str, kind: str, edit: Edit) -> Iterator[None]:
    """An entry point with one edit, which was foretold; afterwards it is as Git has it."""
    before = entry_points(prod)
    after = copy.deepcopy(before)
    edit(found(after, kind))
    assert number in told(before, after)
    assert (number in BOTH_WAYS) is (number in told(after, before))
    close = copy.deepcopy(before)
    found(close, kind)["metadata"]["annotations"] = {"example.com/team": "ml"}
    assert number not in told(before, close)
    put(prod, found(after, kind))
    try:
        yield
    finally:
        put(prod, found(before, kind))
        commit = git(prod.repository, "rev-parse", "HEAD")
        eventually(lambda: is_synced(prod, commit) or fail(prod.status()), 90, "all is synced")


def is_synced(prod: Site, commit: str) -> bool:
    """Whether a commit is on the cluster, be it by an operation of this Application or not."""
    status = prod.status()
    sync, health = status.get("sync", {}), status.get("health", {})
    is_there = sync.get("status") == "Synced" and sync.get("revision") == commit
    return is_there and health.get("status") == "Healthy"


def told(before: list[Object], after: list[Object]) -> dict[str, str]:
    """Number → what is said of a change that Argo CD applies."""
    outcome = compare.outcome(before, after, frozenset({"argocd"}))
    return {effect.id: effect.says for effect in outcome.effects}


def put(prod: Site, o: Object) -> None:
    prod.plane.apply(
        yaml.safe_dump(o), "--server-side", "--force-conflicts", "--field-manager=fcgitops"
    )


def application(prod: Site) -> Object:
    """What the ApplicationSet makes of prod."""
    spec: Object = prod.plane.get("applications.argoproj.io", APPLICATION, "-n", "argocd")["spec"]
    return spec


def policy(change: Edit) -> Edit:
    """An edit of the sync policy that the ApplicationSet gives its Applications."""
    return lambda applications: change(applications["spec"]["template"]["spec"]["syncPolicy"])


def change_a_setting(prod: Site, number: int) -> str:
    """Pushes a commit that changes a setting; its name."""
    prod.fcgitops("overlay", ENVIRONMENT, "--set", f"workerNumber={number}")
    return prod.push()


def is_out_of_sync(prod: Site, commit: str) -> None:
    """Wait until Argo CD has seen a commit, and calls the cluster another than Git."""

    def seen() -> bool:
        sync = prod.status()["sync"]
        return bool(sync.get("revision") == commit and sync["status"] == "OutOfSync")

    eventually(lambda: seen() or fail(prod.status()), 60, "it is OutOfSync")


@pytest.mark.proves("G", "E13")
def test_without_automation_no_commit_is_applied(prod: Site) -> None:
    """E13: it is called OutOfSync, and nothing else happens until it is put back."""
    with edited(prod, "E13", "ApplicationSet", policy(lambda p: p.pop("automated"))):
        eventually(
            lambda: "automated" not in application(prod)["syncPolicy"], 60, "the set has edited it"
        )
        commit = change_a_setting(prod, 781)
        is_out_of_sync(prod, commit)
        stays(lambda: "workerNumber: 781" in prod.configuration(), 5)
        assert "workerNumber: 781" not in prod.configuration()
    assert "workerNumber: 781" in prod.configuration()


@pytest.mark.proves("G", "E12")
def test_without_healing_what_is_scaled_by_hand_stays(prod: Site) -> None:
    """E12: until it is put back."""

    def no_healing(policy: Object) -> None:
        policy["automated"]["selfHeal"] = False

    with edited(prod, "E12", "ApplicationSet", policy(no_healing)):
        eventually(
            lambda: not application(prod)["syncPolicy"]["automated"].get("selfHeal"), 60,
            "the set has edited it",
        )  # fmt: skip
        prod.plane.kubectl("scale", "statefulset", NAMESPACE, "-n", NAMESPACE, "--replicas=0")
        prod.notify()
        eventually(
            lambda: prod.status()["sync"]["status"] == "OutOfSync" or fail(prod.status()),
            60, "it is OutOfSync",
        )  # fmt: skip
        stays(lambda: replicas(prod), 8)
        assert replicas(prod) == 0
    assert replicas(prod) == 1


def replicas(prod: Site) -> int:
    """How many Pods the StatefulSet asks for."""
    return int(prod.plane.get("statefulset", NAMESPACE, "-n", NAMESPACE)["spec"]["replicas"])


@pytest.mark.proves("G", "E11")
def test_without_pruning_what_leaves_git_stays(prod: Site) -> None:
    """E11: and is pruned once it is put back."""
    name = ("get", "configmap", "team", "-n", NAMESPACE, "--ignore-not-found", "-o", "name")
    kustomization = prod.repository / LOCAL / "kustomization.yaml"
    former = kustomization.read_text()
    resource = (
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: team, namespace: {NAMESPACE}}}\n"
    )
    added = former.replace("resources: []", "resources: [team.yaml]")
    assert added != former
    prod.commit({f"{LOCAL}/team.yaml": resource, f"{LOCAL}/kustomization.yaml": added})
    prod.wait_for(prod.push())
    assert prod.plane.kubectl(*name)

    def no_pruning(policy: Object) -> None:
        policy["automated"]["prune"] = False

    with edited(prod, "E11", "ApplicationSet", policy(no_pruning)):
        eventually(
            lambda: not application(prod)["syncPolicy"]["automated"].get("prune"), 60,
            "the set has edited it",
        )  # fmt: skip
        prod.commit({f"{LOCAL}/team.yaml": None, f"{LOCAL}/kustomization.yaml": former})
        commit = prod.push()
        is_out_of_sync(prod, commit)
        stays(lambda: prod.plane.kubectl(*name), 5)
        assert prod.plane.kubectl(*name)
    assert not prod.plane.kubectl(*name)


def lacks_the_stateful_set(project: Object) -> None:
    kinds = project["spec"]["namespaceResourceWhitelist"]
    project["spec"]["namespaceResourceWhitelist"] = [
        entry for entry in kinds if entry["kind"] != "StatefulSet"
    ]


def lacks_the_repository(project: Object) -> None:
    project["spec"]["sourceRepos"] = ["https://git.example.com/other.git"]


def other_repository(applications: Object) -> None:
    source = applications["spec"]["template"]["spec"]["source"]
    source["repoURL"] = "https://git.example.com/other.git"


@pytest.mark.proves("G", "E07 E17")
@pytest.mark.parametrize(
    ("number", "kind", "edit", "words"),
    [
        ("E17", "AppProject", lacks_the_stateful_set, "is not permitted in project"),
        ("E17", "AppProject", lacks_the_repository, "is not permitted in project"),
        ("E07", "ApplicationSet", other_repository, "is not permitted in project"),
    ],
)
def test_what_the_project_does_not_allow(
    prod: Site, number: str, kind: str, edit: Edit, words: str
) -> None:
    """E17, E07: nothing of a commit is applied, nothing is deleted."""
    versions = prod.versions()
    with edited(prod, number, kind, edit):
        change_a_setting(prod, next(NUMBERS))
        eventually(
            lambda: words in complaint(prod) or fail(prod.notify() or complaint(prod)),
            90, number, interval=1,
        )  # fmt: skip
        assert prod.versions() == versions


def complaint(prod: Site) -> str:
    """What Argo CD says is wrong with the Application, and with the set that makes it."""
    applications = prod.plane.get("applicationsets.argoproj.io", NAMESPACE, "-n", "argocd")
    conditions = [
        *prod.status().get("conditions", []),
        *applications.get("status", {}).get("conditions", []),
    ]
    operation = prod.status().get("operationState", {})
    results = operation.get("syncResult", {}).get("resources", [])
    said = [str(one.get("message", "")) for one in (*conditions, operation, *results)]
    return "; ".join(said)


@pytest.mark.proves("G", "E18")
def test_a_project_that_is_not_there(prod: Site) -> None:
    """E18: the set refuses, and the Application stays as it was."""

    def elsewhere(applications: Object) -> None:
        applications["spec"]["template"]["spec"]["project"] = "nobody"

    before = application(prod)
    with edited(prod, "E18", "ApplicationSet", elsewhere):
        eventually(
            lambda: ("project" in complaint(prod) and "nobody" in complaint(prod))
            or fail(complaint(prod)),
            60, "E18", interval=1,
        )  # fmt: skip
        assert application(prod) == before


def uid(prod: Site, kind: str, name: str = NAMESPACE, plane: ControlPlane | None = None) -> str:
    """Which object it is; "" where there is none."""
    place = ("-n", NAMESPACE, "--ignore-not-found", "-o", "jsonpath={.metadata.uid}")
    return (plane or prod.plane).kubectl("get", kind, name, *place)


def refresh(prod: Site) -> None:
    """Have Argo CD look for environments in Git now."""
    assert isinstance(prod.running, ArgoCD)
    prod.running.find_environments(NAMESPACE)


def labelled(label: str) -> str:
    """A patch that gives the Service a label."""
    return f"""\
- target: {{kind: Service, name: {NAMESPACE}}}
  patch: |
    - op: add
      path: /metadata/labels/{label}
      value: ml
"""


@pytest.mark.proves("G", "E14")
def test_without_server_side_apply_what_leaves_git_may_stay(prod: Site) -> None:
    """E14: a label of before does, one of later does not; and nothing restarts."""

    def labels() -> set[str]:
        found = prod.plane.get("service", NAMESPACE, "-n", NAMESPACE)
        return set(found["metadata"]["labels"]) & {"before", "later"}

    prod.wait_for(prod.local(labelled("before")), 90)
    assert labels() == {"before"}
    pod = uid(prod, "pod", f"{NAMESPACE}-0")
    with edited(prod, "E14", "ApplicationSet", policy(lambda p: p.update(syncOptions=[]))):
        eventually(
            lambda: not application(prod)["syncPolicy"].get("syncOptions"), 60,
            "the set has edited it",
        )  # fmt: skip
        prod.wait_for(prod.local(""), 90)
        assert labels() == {"before"}
        prod.wait_for(prod.local(labelled("later")), 90)
        assert labels() == {"before", "later"}
        prod.wait_for(prod.local(""), 90)
        assert labels() == {"before"}
    eventually(lambda: not labels() or fail(labels()), 60, "with ServerSideApply it goes")
    assert uid(prod, "pod", f"{NAMESPACE}-0") == pod


def keeping(**fields: object) -> Edit:
    """An edit of what keeps an ApplicationSet from deleting."""
    return lambda applications: applications["spec"]["syncPolicy"].update(fields)


def finalizers(prod: Site) -> list[str]:
    found = prod.plane.get("applications.argoproj.io", APPLICATION, "-n", "argocd")
    return list(found["metadata"].get("finalizers", []))


@contextmanager
def without_the_environment(prod: Site) -> Iterator[None]:
    """The environment leaves Git, and the set has seen it; afterwards it is back."""
    prod.fcgitops("remove", ENVIRONMENT)
    prod.push()
    refresh(prod)
    try:
        yield
    finally:
        git(prod.repository, "revert", "--no-edit", "HEAD")
        git(prod.repository, "push", "-q", "origin", "HEAD:main")


def named(prod: Site) -> bool:
    """Whether the Application is there, and not on its way off."""
    name = ("get", "applications.argoproj.io", APPLICATION, "-n", "argocd", "--ignore-not-found")
    return prod.plane.kubectl(*name, "-o", "jsonpath={.metadata.deletionTimestamp}/{.kind}") == (
        "/Application"
    )


@pytest.mark.proves("G", "E15")
def test_without_preserving_an_application_gets_a_finalizer(prod: Site) -> None:
    """E15: at once; with create-update it is deleted by hand alone, and not by what leaves Git."""
    with edited(prod, "E15", "ApplicationSet", keeping(preserveResourcesOnDeletion=False)):
        eventually(lambda: finalizers(prod), 60, "the finalizer")
        with without_the_environment(prod):
            stays(lambda: named(prod), 5)
            assert named(prod)
        refresh(prod)
    eventually(lambda: not finalizers(prod), 60, "no finalizer")


@pytest.mark.proves("G", "E15")
def test_a_set_that_syncs_deletes_the_application_alone(prod: Site) -> None:
    """E15: what it has applied stays, as long as that is preserved."""
    before = prod.versions()
    with edited(prod, "E15", "ApplicationSet", keeping(applicationsSync="sync")):
        with without_the_environment(prod):
            eventually(lambda: not named(prod), 60, "the Application is gone")
            stays(prod.versions, 3)
            assert prod.versions().keys() == before.keys()
        refresh(prod)
        eventually(lambda: named(prod), 60, "it is back")


@pytest.mark.proves("G", "E15")
def test_a_set_that_syncs_and_preserves_nothing_deletes_all(prod: Site) -> None:
    """E15: once somebody confirms it, where the Namespace says so."""
    edit = keeping(applicationsSync="sync", preserveResourcesOnDeletion=False)
    before = uid(prod, "statefulset")
    with edited(prod, "E15", "ApplicationSet", edit):
        eventually(lambda: finalizers(prod), 60, "the finalizer")
        with without_the_environment(prod):
            eventually(lambda: not named(prod), 60, "the Application is on its way off")
            stays(lambda: uid(prod, "statefulset"), 3)
            assert uid(prod, "statefulset") == before
            confirm(prod)
            eventually(lambda: not uid(prod, "statefulset"), 90, "all is deleted")
            eventually(lambda: not uid(prod, "namespace"), 90, "the Namespace, too")
        refresh(prod)
        eventually(lambda: named(prod), 60, "it is back")


def confirm(prod: Site) -> None:
    """What `argocd app confirm-deletion` does."""
    now = f"argocd.argoproj.io/deletion-approved={datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    place = ("applications.argoproj.io", APPLICATION, "-n", "argocd")
    prod.plane.kubectl("annotate", *place, "--overwrite", now)
