"""What `diff` says of Flux's entry points, seen with the real source- and kustomize-controller.

An entry point is applied as `make bootstrap` does, with one edit; what Flux then says of it is
what was foretold, and after it is put back Flux is content again.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
import yamls
from fcgitops.diff import compare
from gitenv import git
from test_rights import pods_of, running_pod
from testbed.controller import JOBS, framework, framework_controller
from testbed.controlplane import control_plane
from testbed.gnupg import signer
from testbed.programs import eventually, stays
from testbed.site import (
    ANOTHER_SERVICE,
    ENVIRONMENT,
    NAMESPACE,
    Site,
    annotated,
    config_map,
    fail,
    site,
)

pytestmark = pytest.mark.cluster
Object = dict[str, Any]
SOURCE = "gitrepositories.source.toolkit.fluxcd.io"
BOTH_WAYS = {"E07", "E08", "E09", "E21", "E23"}
"""Rules that hold of the way back too: another URL, revision, shard or path it is again."""
KUSTOMIZATION = "kustomizations.kustomize.toolkit.fluxcd.io"
FRAMEWORKS = "frameworks.frameworkcontroller.microsoft.com"
CRD = Path(__file__).resolve().parents[2] / "{{cookiecutter.repo_slug}}/components/crd/crd.yaml"


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The environment prod, which Flux has applied."""
    with (
        control_plane(tmp_path_factory.mktemp("plane"), crds=CRD.read_text()) as plane,
        site("flux", plane, tmp_path_factory.mktemp("flux")) as prod,
    ):
        prod.fcgitops("bootstrap", ENVIRONMENT, "--yes")
        prod.wait_for(git(prod.repository, "rev-parse", "HEAD"), 90)
        yield prod


def entry_points(prod: Site) -> list[Object]:
    """What `make bootstrap` applies, and what Flux does."""
    folder = prod.repository / "clusters" / "flux" / ENVIRONMENT
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml"))]
    texts.append(prod.fcgitops("build", ENVIRONMENT)[0])
    return [o for text in texts for o in yamls.load_all(text) if o]


def found(objects: list[Object], kind: str, name: str) -> Object:
    return next(o for o in objects if o["kind"] == kind and o["metadata"]["name"] == name)


def spec(kind: str, **fields: Any) -> Callable[[list[Object]], Object]:
    """An edit of the source or of the Kustomization; the object that it edits."""

    def edit(objects: list[Object]) -> Object:
        wanted = found(objects, kind, NAMESPACE)
        wanted["spec"].update(fields)
        return wanted

    return edit


def lacking(resource: str, verb: str) -> Callable[[list[Object]], Object]:
    """An edit that takes a verb away from Flux's account."""

    def edit(objects: list[Object]) -> Object:
        role = found(objects, "ClusterRole", f"{NAMESPACE}-flux")
        for rule in role["rules"]:
            if resource in rule["resources"]:
                rule["verbs"] = [v for v in rule["verbs"] if v != verb]
        role["rules"] = [rule for rule in role["rules"] if rule["verbs"]]
        return role

    return edit


def shard(key: str) -> Callable[[list[Object]], Object]:
    """An edit that gives the Kustomization to the controllers of a shard."""

    def edit(objects: list[Object]) -> Object:
        wanted = found(objects, "Kustomization", NAMESPACE)
        wanted["metadata"].setdefault("labels", {})["sharding.fluxcd.io/key"] = key
        return wanted

    return edit


ANOTHER_SOURCE = {"kind": "GitRepository", "name": "another"}


def complaint(prod: Site) -> str:
    """What Flux says is wrong with the source or the Kustomization."""
    said = []
    for kind in (SOURCE, KUSTOMIZATION):
        status = prod.plane.get(kind, NAMESPACE, "-n", "flux-system").get("status", {})
        said += [c["message"] for c in status.get("conditions", []) if c["status"] == "False"]
    return "; ".join(said)


@pytest.mark.proves("X", "E07 E08 E21 E22 E23 E26 R17 R18")
@pytest.mark.parametrize(
    ("number", "edit", "words"),
    [
        ("E07", spec("GitRepository", url="http://127.0.0.1:1/x.git"), "connection refused"),
        ("E08", spec("GitRepository", ref={"branch": "nowhere"}), "nowhere"),
        ("E21", spec("Kustomization", path="./overlays/nothing"), "path not found"),
        ("E22", spec("Kustomization", serviceAccountName="nobody"), "nobody"),
        ("E23", spec("Kustomization", sourceRef=ANOTHER_SOURCE), "not found"),
        ("E26", spec("GitRepository", secretRef={"name": "nothing"}), "failed to get secret"),
        ("R17", lacking("configmaps", "watch"), "attempting to grant RBAC permissions"),
        ("R18", lacking("statefulsets", "patch"), "cannot patch resource"),
    ],
)
def test_what_flux_complains_of_was_foretold(
    prod: Site, number: str, edit: Callable[[list[Object]], Object], words: str
) -> None:
    """E07, E08, E21 to E23, E26, R17, R18: nothing is applied, nothing is deleted."""
    versions = prod.versions()
    with edited(prod, number, edit):
        eventually(
            lambda: words in complaint(prod) or fail(prod.reconcile() or complaint(prod)),
            60, number, interval=1,
        )  # fmt: skip
        assert prod.versions() == versions
        if number == "E07":
            assert ready(prod), "nothing says so but the source"
    content(prod)


@contextmanager
def edited(prod: Site, number: str, edit: Callable[[list[Object]], Object]) -> Iterator[None]:
    """An entry point with one edit, which was foretold; afterwards it is as Git has it.

    Of another one the same is not foretold, nor of the way back, where that is none of its kind.
    """
    before = entry_points(prod)
    after, other = copy.deepcopy(before), copy.deepcopy(before)
    changed = edit(after)
    spec("Kustomization", interval="61m")(other)
    assert number in foretold(before, after)
    assert number not in foretold(before, other)
    assert (number in BOTH_WAYS) is (number in foretold(after, before))
    put(prod, changed)
    try:
        yield
    finally:
        former = found(before, changed["kind"], changed["metadata"]["name"])
        if former["metadata"].get("labels") != changed["metadata"].get("labels"):
            former["metadata"].setdefault("labels", {})  # else nobody takes a label away
        put(prod, former)
        prod.reconcile()


def foretold(before: list[Object], after: list[Object]) -> set[str]:
    """The numbers of what is said of a change that Flux applies."""
    return {e.id for e in compare.outcome(before, after, frozenset({"flux"})).effects}


def content(prod: Site) -> None:
    """Wait until Flux complains of nothing."""
    eventually(
        lambda: not complaint(prod) or fail(prod.reconcile() or complaint(prod)),
        60, "it is content", interval=1,
    )  # fmt: skip


def ready(prod: Site) -> bool:
    """Whether Flux calls the Kustomization ready."""
    return {"type": "Ready", "status": "True"}.items() <= {
        k: v for c in prod.status()["conditions"] if c["type"] == "Ready" for k, v in c.items()
    }.items()


def put(prod: Site, o: Object) -> None:
    prod.plane.apply(yaml.safe_dump(o), "--server-side", "--force-conflicts")


def change_a_setting(prod: Site, number: int) -> str:
    """Pushes a commit that changes a setting; its name."""
    prod.fcgitops("overlay", ENVIRONMENT, "--set", f"workerNumber={number}")
    return prod.push()


@pytest.mark.parametrize(
    ("number", "edit", "workers"),
    [
        ("E09", shard("b"), 770),
        ("E10", spec("Kustomization", suspend=True), 771),
    ],
)
@pytest.mark.proves("X", "E09 E10")
def test_what_no_controller_looks_at_gets_no_commit(
    prod: Site, number: str, edit: Callable[[list[Object]], Object], workers: int
) -> None:
    """E09, E10: until it is put back; the status stays as it was."""
    with edited(prod, number, edit):
        commit = change_a_setting(prod, workers)
        prod.reconcile()
        stays(lambda: f"workerNumber: {workers}" in prod.configuration(), 5)
        assert f"workerNumber: {workers}" not in prod.configuration()
        assert ready(prod)
    prod.wait_for(commit)


@pytest.mark.proves("X", "E08")
def test_a_tag_is_followed_to_where_it_stands(prod: Site) -> None:
    """E08: the cluster gets that commit, and no later one."""
    tagged = change_a_setting(prod, 775)
    git(prod.repository, "tag", "first")
    git(prod.repository, "push", "-q", "origin", "first")
    prod.wait_for(tagged)
    prod.wait_for(change_a_setting(prod, 776))
    with edited(prod, "E08", spec("GitRepository", ref={"tag": "first"})):
        eventually(lambda: "workerNumber: 775" in prod.configuration(), 60, "the tag's commit")
        later = change_a_setting(prod, 777)
        stays(prod.configuration, 5)
        assert "workerNumber: 775" in prod.configuration()
    prod.wait_for(later)


@pytest.mark.proves("X", "E23")
def test_what_flux_changes_itself_is_in_no_rendering(prod: Site) -> None:
    """E23: a label that the overlay has not is on the cluster, until the patch is gone."""
    rendered = prod.fcgitops("build", ENVIRONMENT)[0]
    operation = {"op": "add", "path": "/metadata/labels/team", "value": "ml"}
    patch = {"target": {"kind": "StatefulSet"}, "patch": yaml.safe_dump([operation])}

    def labels() -> dict[str, str]:
        found = prod.plane.get("statefulset", NAMESPACE, "-n", NAMESPACE)
        return dict(found["metadata"]["labels"])

    with edited(prod, "E23", spec("Kustomization", patches=[patch])):
        eventually(lambda: labels().get("team") == "ml" or fail(complaint(prod)), 60, "the label")
        assert prod.fcgitops("build", ENVIRONMENT)[0] == rendered
    eventually(lambda: "team" not in labels() or fail(complaint(prod)), 60, "it is gone")


@pytest.mark.proves("X", "E23")
def test_what_flux_puts_elsewhere_is_pruned_where_it_was(prod: Site) -> None:
    """E23: all that has a namespace, where its account may do that."""
    account = f"--serviceaccount=flux-system:{NAMESPACE}-flux"
    binding = ("clusterrolebinding", "flux-everywhere")
    prod.plane.kubectl("create", *binding, "--clusterrole=cluster-admin", account)

    def places() -> set[str]:
        found = prod.plane.get("statefulsets", "-A")
        return {o["metadata"]["namespace"] for o in found}

    with edited(prod, "E23", spec("Kustomization", targetNamespace="elsewhere")):
        eventually(lambda: places() == {"elsewhere"} or fail(complaint(prod)), 90, "it moves")
    eventually(lambda: places() == {NAMESPACE} or fail(complaint(prod)), 90, "it is back")
    prod.plane.kubectl("delete", *binding)
    prod.wait_for(git(prod.repository, "rev-parse", "HEAD"), 90)


@pytest.mark.proves("X", "E04f")
def test_another_cluster_is_nothing_to_flux(prod: Site) -> None:
    """E04f: it goes on where it is, and applies the next commit."""
    prod.fcgitops("overlay", ENVIRONMENT, "--cluster", "elsewhere")
    assert "E04f" in prod.foretold()
    versions = prod.versions()
    prod.wait_for(prod.push())
    assert prod.versions() == versions
    commit = change_a_setting(prod, 772)
    assert "E04f" not in prod.foretold()
    prod.wait_for(commit)
    assert "workerNumber: 772" in prod.configuration()


@pytest.mark.proves("X", "E25")
def test_where_signatures_are_asked_for_what_is_unsigned_does_not_arrive(
    prod: Site, tmp_path: Path
) -> None:
    """E25: the newest commit is not signed."""
    with signer(tmp_path / "gpg", "Ada") as ada:
        keys = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "keys", "namespace": "flux-system"},
            "stringData": {"ada.asc": ada.public},
        }
    put(prod, keys)
    asked = {"mode": "HEAD", "secretRef": {"name": "keys"}}
    versions = prod.versions()
    with edited(prod, "E25", spec("GitRepository", verify=asked)):
        words = "the provided signature is empty"
        eventually(
            lambda: words in complaint(prod) or fail(prod.reconcile() or complaint(prod)),
            60, "E25", interval=1,
        )  # fmt: skip
        change_a_setting(prod, 773)
        stays(prod.versions, 3)
        assert prod.versions() == versions
    source = prod.plane.get(SOURCE, NAMESPACE, "-n", "flux-system")["spec"]
    assert "verify" not in source
    prod.wait_for(git(prod.repository, "rev-parse", "HEAD"))


def there(prod: Site, *names: str) -> list[str]:
    """Which ConfigMaps of these names there are."""
    found = prod.plane.get("configmaps", "-n", NAMESPACE)
    return sorted({o["metadata"]["name"] for o in found} & {*names})


@pytest.mark.proves("X", "E27 E11")
def test_what_leaves_git_is_pruned_unless_something_keeps_it(prod: Site) -> None:
    """E27; E11: without pruning it stays, and is forgotten: for ever."""
    guard = {"kustomize.toolkit.fluxcd.io/prune": "disabled"}
    parts = {"guarded": config_map("guarded", **guard), "free": config_map("free")}
    prod.wait_for(prod.local("", **parts, late=config_map("late")))
    assert "E27" not in prod.foretold()
    assert there(prod, "free", "guarded", "late") == ["free", "guarded", "late"]
    commit = prod.local("", late=config_map("late"))
    told = prod.foretold()["E27"]
    assert "ConfigMap/free: It is pruned" in told
    assert "ConfigMap/guarded: It leaves Git and stays" in told
    prod.wait_for(commit)
    eventually(lambda: there(prod, "free") == [] or fail("not yet"), 30, "it is pruned")
    assert there(prod, "guarded") == ["guarded"]
    with edited(prod, "E11", spec("Kustomization", prune=False)):
        prod.wait_for(prod.local(""))
        assert there(prod, "late") == ["late"]
    prod.wait_for(change_a_setting(prod, 774))
    stays(lambda: there(prod, "late"), 3)
    assert there(prod, "late") == ["late"]


ANOTHER_ROLE = f"""\
- target: {{kind: ClusterRoleBinding, name: {NAMESPACE}}}
  patch: |
    - op: replace
      path: /roleRef/name
      value: {NAMESPACE}-flux
"""


@pytest.mark.parametrize(
    ("number", "patch", "words"),
    [
        ("R11", ANOTHER_ROLE, "cannot change roleRef"),
        ("C03", ANOTHER_SERVICE, "updates to statefulset spec"),
    ],
)
@pytest.mark.proves("X", "R11 C03")
def test_of_a_commit_with_what_is_refused_nothing_is_applied(
    prod: Site, number: str, patch: str, words: str
) -> None:
    """R11, C03: neither that nor the rest, which is applied once it is gone."""
    versions, beside = prod.versions(), f"beside-{number.lower()}"
    prod.local(patch, **{beside: config_map(beside)})
    assert number in prod.foretold()
    eventually(lambda: words in complaint(prod) or fail(complaint(prod)), 60, words, interval=1)
    assert prod.versions() == versions
    assert there(prod, beside) == []
    prod.wait_for(prod.local("", **{beside: config_map(beside)}))
    assert number not in prod.foretold("HEAD~2")
    assert there(prod, beside) == [beside]


@pytest.mark.proves("X", "E20")
def test_by_force_what_is_refused_is_made_anew(prod: Site) -> None:
    """E20: the StatefulSet with its Pod, where it would be refused without."""
    prod.wait_for(prod.local(""))
    before = uid(prod, "statefulset")
    with edited(prod, "E20", spec("Kustomization", force=True)):
        prod.wait_for(prod.local(ANOTHER_SERVICE), 90)
        assert uid(prod, "statefulset") != before
        prod.wait_for(prod.local(""), 90)


INVALID = f"""\
- target: {{kind: StatefulSet, name: {NAMESPACE}}}
  patch: |
    - op: add
      path: /spec/replicas
      value: -1
"""


@pytest.mark.proves("X", "E33")
def test_an_object_may_ask_for_that_force(prod: Site) -> None:
    """E33: it alone is deleted and made anew where it would be refused, or for good."""
    forced = annotated("StatefulSet", NAMESPACE, **{"kustomize.toolkit.fluxcd.io/force": "enabled"})
    before = uid(prod, "statefulset")
    prod.wait_for(prod.local(forced), 90)
    assert "once the API server refuses a change" in prod.foretold()["E33"]
    assert uid(prod, "statefulset") == before
    prod.wait_for(prod.local(forced + ANOTHER_SERVICE), 90)
    assert "with this change" in prod.foretold()["E33"]
    assert uid(prod, "statefulset") != before
    prod.wait_for(prod.local(forced), 90)
    prod.local(forced + INVALID)
    assert "cannot make it anew" in prod.foretold()["E33"]
    sets = ("statefulsets", "-n", NAMESPACE)
    eventually(lambda: prod.plane.get(*sets) == [] or fail("still there"), 60, "it is deleted")
    prod.wait_for(prod.local(forced), 90)
    prod.wait_for(prod.local(""), 90)
    assert "E33" not in prod.foretold()


@pytest.mark.parametrize(
    ("key", "value"), [("reconcile", "disabled"), ("ssa", "Ignore"), ("ssa", "IfNotPresent")]
)
@pytest.mark.proves("X", "E32")
def test_what_is_skipped_is_as_it_was(prod: Site, key: str, value: str) -> None:
    """E32: an edit in Git does not reach it until it is no longer skipped."""
    skip = {f"kustomize.toolkit.fluxcd.io/{key}": value}
    team = {"example.com/team": value}
    parts = [config_map("held", **given) for given in ({}, skip, skip | team, team)]
    prod.wait_for(prod.local("", held=parts[0]))
    for part in parts[1:3]:
        prod.wait_for(prod.local("", held=part))
        assert "Flux does not apply it" in prod.foretold()["E32"]
        held = prod.plane.get("configmap", "held", "-n", NAMESPACE)["metadata"]
        assert not {*skip, *team} & set(held.get("annotations", {}))
    commit = prod.local("", held=parts[3])
    assert "Flux applies it again" in prod.foretold()["E32"]
    prod.wait_for(commit)
    held = prod.plane.get("configmap", "held", "-n", NAMESPACE)["metadata"]
    assert held["annotations"].items() >= team.items()
    prod.local("", **{name: config_map(name, **skip) for name in ("held", "unmade")})
    told = "ConfigMap/unmade: Flux does not apply it" in prod.foretold()["E32"]
    assert told is (value != "IfNotPresent")
    prod.wait_for(git(prod.repository, "rev-parse", "HEAD"))
    assert there(prod, "unmade") == ([] if told else ["unmade"])
    prod.wait_for(prod.local(""))


def uid(prod: Site, kind: str, name: str = NAMESPACE) -> str:
    place = ("-n", NAMESPACE)
    return str(prod.plane.get(kind, name, *place)["metadata"]["uid"])


@pytest.mark.proves("X", "C21 D01 D02 E28 N04")
def test_all_that_leaves_git_is_pruned_but_for_what_keeps_frameworks(prod: Site) -> None:
    """E28, C21, N04, D02: Namespace and CRD stay, and Flux is content; D01: the CRD came before."""
    prod.fcgitops("overlay", ENVIRONMENT, "--set", "components=[crd]")
    assert "D01" in prod.foretold()
    prod.wait_for(prod.push())
    stay = [("namespace", NAMESPACE), ("crd", FRAMEWORKS)]
    before = [uid(prod, *each) for each in stay]
    folder = f"overlays/{ENVIRONMENT}"
    one = (
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [one.yaml]\n"
    )
    prod.commit({f"{folder}/one.yaml": config_map("one"), f"{folder}/kustomization.yaml": one})
    told = prod.foretold()
    assert {"C21", "D02", "E27", "E28", "N04"} <= set(told)
    assert "D06" not in told
    prod.wait_for(prod.push())
    gone = lambda: not set(prod.versions()) - {f"Namespace/{NAMESPACE}"} or fail(prod.versions())  # noqa: E731
    eventually(gone, 60, "all else is pruned")
    assert ready(prod)
    assert [uid(prod, *each) for each in stay] == before
    git(prod.repository, "revert", "--no-edit", "HEAD")
    assert not {"C21", "D02", "E28", "N04"} & set(prod.foretold())
    prod.wait_for(prod.push(), 90)


UNGUARDED = f"""\
- target: {{kind: CustomResourceDefinition, name: {FRAMEWORKS}}}
  patch: |
    - op: remove
      path: /metadata/annotations
"""
MAY_DELETE_CRDS = f"""\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {{name: deletes-crds}}
rules:
- {{apiGroups: [apiextensions.k8s.io], resources: [customresourcedefinitions], verbs: [delete]}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {{name: deletes-crds}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: deletes-crds}}
subjects:
- {{kind: ServiceAccount, name: {NAMESPACE}-flux, namespace: flux-system}}
"""


@pytest.mark.proves("X", "D06")
@pytest.mark.proves("F", "D06")
def test_a_crd_that_nothing_keeps_goes_with_every_framework(prod: Site) -> None:
    """D06: once Flux's account may; FrameworkController makes it anew at its next start, empty."""
    prod.wait_for(prod.local(UNGUARDED))
    assert "D06" in prod.foretold()
    prod.plane.kubectl("create", "namespace", JOBS)
    with framework_controller(prod.plane, config=prod.configuration()) as started:
        prod.plane.apply(framework("lost"))
        running_pod(prod.plane, "lost")
        prod.fcgitops("overlay", ENVIRONMENT, "--unset", "components")
        told = prod.foretold()
        assert "D06" in told
        assert "D02" not in told
        prod.local("")
        words = "customresourcedefinitions"
        eventually(lambda: words in complaint(prod) or fail(complaint(prod)), 60, "PruneFailed")
        assert prod.plane.get("framework", "lost", "-n", JOBS)["metadata"]["name"] == "lost"
        prod.plane.apply(MAY_DELETE_CRDS)
        crd = ("get", "crd", FRAMEWORKS, "--ignore-not-found", "-o", "name")
        eventually(
            lambda: not prod.plane.kubectl(*crd) or fail(prod.reconcile() or complaint(prod)),
            60, "the CRD is gone", interval=1,
        )  # fmt: skip
        eventually(lambda: not pods_of(prod.plane, "lost"), 60, "its Pod is gone")
        stays(lambda: (started.alive(), prod.plane.kubectl(*crd)), 3)
        assert (started.alive(), prod.plane.kubectl(*crd)) == (True, "")
    with framework_controller(prod.plane, config=prod.configuration()):
        assert prod.plane.get("frameworks", "-A") == []
