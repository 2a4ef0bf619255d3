"""What `diff` says of Argo CD's entry points, and of what it prunes, seen with the real Argo CD.

An entry point is applied as `make bootstrap` does, with one edit, or a commit is pushed; what Argo
CD then does is what was foretold, and after it is put back all is synced again.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from testbed.site import APPLICATION, ENVIRONMENT, NAMESPACE, OTHER, Site, fail, site

pytestmark = pytest.mark.cluster
Object = dict[str, Any]
Edit = Callable[[Object], None]
NUMBERS = count(790)
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
    assert (number == "E07") is (number in told(after, before))  # another URL it is again
    put(prod, found(after, kind))
    try:
        yield
    finally:
        put(prod, found(before, kind))
        prod.wait_for(git(prod.repository, "rev-parse", "HEAD"), 90)


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


def reverted(prod: Site, number: str) -> str:
    """Take the last commit back, of which something was said that is not said of that; push it."""
    git(prod.repository, "revert", "--no-edit", "HEAD")
    assert number not in prod.foretold()
    return prod.push()


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


ANOTHER_ROLE = f"""\
- target: {{kind: ClusterRoleBinding, name: {NAMESPACE}}}
  patch: |
    - op: replace
      path: /roleRef/name
      value: view
"""
NO_NAMESPACE = f"""\
- patch: |
    apiVersion: v1
    kind: Namespace
    metadata: {{name: {NAMESPACE}}}
    $patch: delete
"""


@pytest.mark.proves("G", "R11")
def test_a_binding_of_another_role_is_made_anew(prod: Site) -> None:
    """R11: which the API server would refuse to change."""
    name = ("clusterrolebinding", NAMESPACE)
    before = prod.plane.get(*name)
    commit = prod.local(ANOTHER_ROLE)
    assert "R11" in prod.foretold()
    prod.wait_for(commit, 90)
    after = prod.plane.get(*name)
    assert after["roleRef"]["name"] == "view"
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    git(prod.repository, "revert", "--no-edit", "HEAD")
    prod.wait_for(prod.push(), 90)
    assert prod.plane.get(*name)["roleRef"] == before["roleRef"]


@pytest.mark.proves("G", "D01 D02 D06")
def test_the_crd_comes_and_stays(prod: Site) -> None:
    """D01, D02, not D06: once it is there it stays with what was made of it, guarded or not."""
    name = ("crd", "frameworks.frameworkcontroller.microsoft.com")
    prod.fcgitops("overlay", ENVIRONMENT, "--set", "components=[crd]")
    assert "D01" in prod.foretold()
    assert "D02" not in prod.foretold()
    prod.wait_for(prod.push(), 90)
    before = prod.plane.get(*name)["metadata"]["uid"]
    prod.fcgitops("overlay", ENVIRONMENT, "--unset", "components")
    assert "D02" in prod.foretold()
    assert not {"D01", "D06"} & set(prod.foretold())
    prod.wait_for(prod.push(), 90)
    assert prod.plane.get(*name)["metadata"]["uid"] == before
    prod.fcgitops("overlay", ENVIRONMENT, "--set", "components=[crd]")
    prod.wait_for(prod.local(BARE_CRD), 90)
    assert "prune" not in str(prod.plane.get(*name)["metadata"].get("annotations"))
    prod.fcgitops("overlay", ENVIRONMENT, "--unset", "components")
    git(prod.repository, "reset", "-q", "--soft", "HEAD~1")
    commit = prod.local("")
    assert "D02" in prod.foretold()
    assert "D06" not in prod.foretold()
    prod.wait_for(commit, 90)
    assert prod.plane.get(*name)["metadata"]["uid"] == before


BARE_CRD = """\
- target: {kind: CustomResourceDefinition, name: frameworks.frameworkcontroller.microsoft.com}
  patch: |
    - op: remove
      path: /metadata/annotations
"""


@pytest.mark.proves("G", "N04")
def test_a_namespace_that_leaves_git_is_waited_for(prod: Site) -> None:
    """N04: it stays, and no later commit is synced before what was printed has been typed."""
    before = uid(prod, "namespace")
    prod.local(NO_NAMESPACE)
    assert "N05" not in prod.foretold()
    typed = let_go(prod)
    eventually(lambda: WAITS in complaint(prod) or fail(complaint(prod)), 60, "it waits")
    reverted(prod, "N04")
    commit = change_a_setting(prod, 799)
    stays(lambda: "workerNumber: 799" in prod.configuration(), 8)
    assert "workerNumber: 799" not in prod.configuration()
    prod.type(typed)
    prod.wait_for(commit, 90)
    assert uid(prod, "namespace") == before


WAITS = "pruning confirmation"


def let_go(prod: Site) -> str:
    """What is to be typed where the last commit has Argo CD wait for the Namespace."""
    (typed,) = (e["do"] for e in prod.effects() if e["id"] == "N04" and e["do"])
    return typed.removeprefix("Argo CD: ")


def uid(prod: Site, kind: str, name: str = NAMESPACE, plane: ControlPlane | None = None) -> str:
    """Which object it is; "" where there is none."""
    place = ("-n", NAMESPACE, "--ignore-not-found", "-o", "jsonpath={.metadata.uid}")
    return (plane or prod.plane).kubectl("get", kind, name, *place)


def refresh(prod: Site) -> None:
    """Have Argo CD look for environments in Git now."""
    assert isinstance(prod.running, ArgoCD)
    prod.running.find_environments(NAMESPACE)


def config_map(name: str, **annotations: str) -> str:
    """A ConfigMap that somebody adds."""
    metadata = {"name": name, "namespace": NAMESPACE, "annotations": annotations}
    return yaml.safe_dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})


@pytest.mark.proves("G", "E27")
def test_what_leaves_git_is_pruned_unless_something_keeps_it(prod: Site) -> None:
    """E27: an annotation that Argo CD heeds."""
    guard = {"argocd.argoproj.io/sync-options": "Prune=false"}
    parts = {"guarded": config_map("guarded", **guard), "free": config_map("free")}
    prod.wait_for(prod.local("", **parts), 90)
    assert "E27" not in prod.foretold()
    assert uid(prod, "configmap", "free")
    prod.local("")
    said = prod.foretold()["E27"]
    assert "ConfigMap/free: It is pruned" in said
    assert "ConfigMap/guarded: It leaves Git and stays" in said
    eventually(lambda: not uid(prod, "configmap", "free"), 60, "it is pruned")
    assert uid(prod, "configmap", "guarded")
    prod.plane.kubectl("delete", "configmap", "guarded", "-n", NAMESPACE)
    prod.wait_for(git(prod.repository, "rev-parse", "HEAD"), 90)


ANOTHER_SERVICE = f"""\
- target: {{kind: StatefulSet, name: {NAMESPACE}}}
  patch: |
    - op: replace
      path: /spec/serviceName
      value: other
"""
UNGUARDED = """\
- target: {kind: ConfigMap, name: frameworkcontroller-config.*}
  patch: |
    - op: remove
      path: /metadata/annotations
"""


@pytest.mark.proves("G", "C25 C03")
def test_what_an_unchanged_stateful_set_names_is_pruned_under_it(prod: Site) -> None:
    """C25: where the former configuration is not kept; the Pod that runs goes on."""
    prod.wait_for(prod.local(UNGUARDED), 90)
    prod.wait_for(change_a_setting(prod, 785), 90)  # else what was there before is kept
    prod.wait_for(prod.local(UNGUARDED, beside=config_map("beside")), 90)
    named, pod = prod.config_map(), uid(prod, "pod", f"{NAMESPACE}-0")
    prod.fcgitops("overlay", ENVIRONMENT, "--set", "workerNumber=786")
    assert not {"C03", "C25"} & set(prod.foretold())
    git(prod.repository, "reset", "-q", "--soft", "HEAD~1")
    prod.local(f"{UNGUARDED}{ANOTHER_SERVICE}")
    assert {"C03", "C25"} <= set(prod.foretold())
    words = "updates to statefulset spec"
    eventually(lambda: words in complaint(prod) or fail(complaint(prod)), 60, words)
    eventually(lambda: not uid(prod, "configmap", named), 60, "it is pruned")
    assert (prod.config_map(), uid(prod, "pod", f"{NAMESPACE}-0")) == (named, pod)
    prod.wait_for(prod.local(""), 90)


@pytest.mark.proves("G", "E04")
def test_another_cluster_leaves_the_first_as_it_is(prod: Site) -> None:
    """E04: it goes on there, and nobody heals it; the same Application deploys to the other."""
    assert prod.other
    before = uid(prod, "statefulset")
    prod.fcgitops("overlay", ENVIRONMENT, "--cluster", OTHER)
    assert "E04" in prod.foretold()
    prod.push()
    refresh(prod)
    eventually(lambda: uid(prod, "statefulset", plane=prod.other), 60, "it is there, too")
    scale = ("scale", "statefulset", NAMESPACE, "-n", NAMESPACE)
    prod.plane.kubectl(*scale, "--replicas=0")
    prod.notify()
    stays(lambda: replicas(prod), 8)
    assert (replicas(prod), uid(prod, "statefulset")) == (0, before)
    git(prod.repository, "revert", "--no-edit", "HEAD")
    commit = prod.push()
    refresh(prod)
    prod.wait_for(commit, 90)
    assert (replicas(prod), uid(prod, "statefulset")) == (1, before)
    change_a_setting(prod, 787)
    assert "E04" not in prod.foretold()
