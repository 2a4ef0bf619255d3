"""What `diff` says of Argo CD's entry points, and of what it prunes, seen with the real Argo CD.

An entry point is applied as `make bootstrap` does, with one edit, or a commit is pushed; what Argo
CD then does is what was foretold, and after it is put back all is synced again.
"""

from __future__ import annotations

import copy
import json
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
from testbed.controlplane import control_plane
from testbed.programs import eventually, stays
from testbed.site import APPLICATION, ENVIRONMENT, NAMESPACE, Site, fail, site

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
        site("argocd", plane, tmp_path_factory.mktemp("argocd")) as prod,
    ):
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
    assert number in {e.id for e in compare.outcome(before, after, frozenset({"argocd"})).effects}
    put(prod, found(after, kind))
    try:
        yield
    finally:
        put(prod, found(before, kind))
        prod.wait_for(git(prod.repository, "rev-parse", "HEAD"), 90)


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


def foretold(prod: Site) -> set[str]:
    """The effects that `diff` tells of the last commit."""
    said, _ = prod.fcgitops("diff", "HEAD~1", "--format", "json")
    return {e["id"] for one in json.loads(said)["environments"] for e in one["effects"]}


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


def test_without_healing_what_is_scaled_by_hand_stays(prod: Site) -> None:
    """E12: until it is put back."""
    name = ("statefulset", NAMESPACE, "-n", NAMESPACE)

    def replicas() -> int:
        return int(prod.plane.get(*name)["spec"]["replicas"])

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
        stays(replicas, 8)
        assert replicas() == 0
    assert replicas() == 1


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


def patched(prod: Site, patch: str) -> str:
    """Pushes a patch of local/, an item of its `patches`; the commit."""
    kustomization = f"{LOCAL}/kustomization.yaml"
    former = (prod.repository / kustomization).read_text()
    prod.commit({kustomization: f"{former}\npatches:\n{patch}"})
    return prod.push()


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


def test_a_binding_of_another_role_is_made_anew(prod: Site) -> None:
    """R11: which the API server would refuse to change."""
    name = ("clusterrolebinding", NAMESPACE)
    before = prod.plane.get(*name)
    commit = patched(prod, ANOTHER_ROLE)
    assert "R11" in foretold(prod)
    prod.wait_for(commit, 90)
    after = prod.plane.get(*name)
    assert after["roleRef"]["name"] == "view"
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    git(prod.repository, "revert", "--no-edit", "HEAD")
    prod.wait_for(prod.push(), 90)
    assert prod.plane.get(*name)["roleRef"] == before["roleRef"]


def test_the_crd_comes_and_stays(prod: Site) -> None:
    """D01, D02: once it is there it stays, and what was made of it."""
    name = ("crd", "frameworks.frameworkcontroller.microsoft.com")
    prod.fcgitops("overlay", ENVIRONMENT, "--set", "components=[crd]")
    assert "D01" in foretold(prod)
    prod.wait_for(prod.push(), 90)
    before = prod.plane.get(*name)["metadata"]["uid"]
    prod.fcgitops("overlay", ENVIRONMENT, "--unset", "components")
    assert "D02" in foretold(prod)
    prod.wait_for(prod.push(), 90)
    assert prod.plane.get(*name)["metadata"]["uid"] == before


def test_a_namespace_that_leaves_git_is_waited_for(prod: Site) -> None:
    """N04: it stays, and no later commit is synced before what was printed has been typed."""
    name = ("namespace", NAMESPACE)
    before = prod.plane.get(*name)["metadata"]["uid"]
    patched(prod, NO_NAMESPACE)
    said, _ = prod.fcgitops("diff", "HEAD~1", "--format", "json")
    effects = json.loads(said)["environments"][0]["effects"]
    (waits,) = (e for e in effects if e["id"] == "N04" and e["do"])
    eventually(
        lambda: "pruning confirmation" in complaint(prod) or fail(complaint(prod)), 60, "it waits"
    )
    git(prod.repository, "revert", "--no-edit", "HEAD")
    commit = change_a_setting(prod, 799)
    stays(lambda: "workerNumber: 799" in prod.configuration(), 8)
    assert "workerNumber: 799" not in prod.configuration()
    prod.type(waits["do"].removeprefix("Argo CD: "))
    prod.wait_for(commit, 90)
    assert prod.plane.get(*name)["metadata"]["uid"] == before
