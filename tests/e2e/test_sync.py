"""Real Argo CD and real Flux sync a generated repository into a real API server.

The tests of one tool follow each other, as the days of two environments do: each leaves the
clusters in line with Git. `prod` goes through all of it; the cluster of `dev` stands still.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator
from typing import Any

import pytest
import yamls
from conftest import FIGURE
from gitenv import git
from testbed.argocd import ArgoCD
from testbed.controller import JOBS, framework, framework_controller
from testbed.controlplane import ControlPlane, control_plane
from testbed.flux import gotk
from testbed.programs import eventually, stays
from testbed.site import APPLICATION, ENVIRONMENT, FLUX_ACCOUNT, NAMESPACE, OTHER, Site, fail, site

pytestmark = pytest.mark.cluster

PUSHES = 20
ENTRY_POINTS = {"argocd": "applicationsets", "flux": "gitrepositories,kustomizations"}


@pytest.fixture(scope="module", params=["argocd", "flux"])
def prod(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The environment prod, whose cluster the tool has not been pointed at yet."""
    folder = tmp_path_factory.mktemp(request.param)
    with (
        control_plane(tmp_path_factory.mktemp("plane")) as plane,
        control_plane(tmp_path_factory.mktemp("other")) as other,
        site(request.param, plane, folder, other=other) as prod,
    ):
        yield prod


@pytest.fixture
def still(prod: Site) -> Iterator[None]:
    """What a test does leaves the cluster of `dev` as it is."""
    before = prod.versions(prod.other)
    assert "StatefulSet/frameworkcontroller" in before
    yield
    assert prod.versions(prod.other) == before


def test_bootstrap(prod: Site) -> None:
    """`bootstrap` shows what it applies, applies it after a yes, and does nothing a second time.

    What somebody has changed by hand since is as Git has it again.
    """
    shown, said = prod.fcgitops("bootstrap", ENVIRONMENT)
    assert "+kind: AppProject" in shown or "+kind: GitRepository" in shown
    assert "nothing was applied" in said
    kinds = ENTRY_POINTS[prod.tool]
    assert not prod.plane.kubectl("get", kinds, "-A", "-o", "name")
    shown, _ = prod.fcgitops("bootstrap", ENVIRONMENT, "--yes")
    assert "serverside-applied" in shown
    again = ("bootstrap", ENVIRONMENT, "--yes")  # Flux may just be writing its finalizer
    eventually(lambda: "nothing to do" in prod.fcgitops(*again)[1], 30, "there is nothing to do")
    kind = kinds.partition(",")[0]
    place = (kind, NAMESPACE, "-n", "argocd" if prod.tool == "argocd" else "flux-system")
    spec = prod.plane.get(*place)["spec"]
    by_hand = (
        '{"spec":{"url":"http://127.0.0.1:1/x"}}'
        if prod.tool == "flux"
        else ('{"spec":{"goTemplateOptions":[]}}')
    )
    prod.plane.kubectl("patch", *place, "--type=merge", f"--patch={by_hand}")
    assert prod.plane.get(*place)["spec"] != spec
    prod.fcgitops("bootstrap", ENVIRONMENT, "--yes")
    assert prod.plane.get(*place)["spec"] == spec


def test_what_was_pushed_is_applied(prod: Site) -> None:
    """The objects are there, healthy, and just as `fcgitops build` renders them."""
    if prod.tool == "argocd":
        names = ("get", "applications.argoproj.io", APPLICATION, "-n", "argocd")
        eventually(lambda: prod.plane.kubectl(*names), 60, "the Application is generated")
    commit = git(prod.repository, "rev-parse", "HEAD")
    prod.wait_for(commit, 90)
    pod = prod.plane.get("pod", f"{NAMESPACE}-0", "-n", NAMESPACE)
    assert pod["status"]["phase"] == "Running"
    assert pod["spec"]["serviceAccountName"] == NAMESPACE
    labels = prod.plane.get("namespace", NAMESPACE)["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_the_same_objects(prod: Site) -> None:
    """What the tool has applied is what `fcgitops build` prints, field for field.

    Applied once more in the tool's own name, it changes nothing, and the fields that the tool
    owns are those that are printed: more would have been taken away, less added.
    """
    built, _ = prod.fcgitops("build", ENVIRONMENT)
    manager = "argocd-controller" if prod.tool == "argocd" else "kustomize-controller"
    for wanted in yamls.load_all(built):
        before = _live(prod, wanted)
        own = wanted if prod.tool == "argocd" else _with_marks(wanted, before)
        own = _with_tracking(own, before)
        arguments = (
            "--server-side",
            f"--field-manager={manager}",
            "-o",
            "json",
            "--show-managed-fields",
        )
        after = json.loads(prod.plane.apply(json.dumps(own), *arguments))
        assert _told(after, manager) == _told(before, manager)


def _told(live: dict[str, Any], manager: str) -> tuple[dict[str, Any], set[str]]:
    """The object without its version, and the paths that a manager has said something of.

    Those where the object has nothing, or a mapping, are left out: Flux also says what is empty.
    """
    metadata = {k: v for k, v in live["metadata"].items() if k != "resourceVersion"}
    (own,) = (m["fieldsV1"] for m in metadata.pop("managedFields") if m["manager"] == manager
              and m["operation"] == "Apply")  # fmt: skip
    paths = {
        p for p, v in _fields(own, live) if v not in (None, [], "") and not isinstance(v, dict)
    }
    return {**live, "metadata": metadata}, paths


def _fields(own: dict[str, Any], value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Path and value of what fieldsV1 names (sigs.k8s.io/structured-merge-diff: f:, k: and v:)."""
    for key, children in own.items():
        path = f"{place}/{key}"
        inner = value
        if key.startswith("f:"):
            inner = value.get(key[2:]) if isinstance(value, dict) else None
        elif key.startswith("k:"):
            wanted = json.loads(key[2:])
            items = (i for i in value or [] if wanted.items() <= i.items())
            inner = next(items, None)
        if not children:
            yield path, inner
        yield from _fields(children, inner, path)


def _live(prod: Site, wanted: dict[str, Any]) -> Any:
    group = wanted["apiVersion"].rpartition("/")[0]
    kind = f"{wanted['kind'].lower()}{'.' if group else ''}{group}"
    namespace = wanted["metadata"].get("namespace")
    place = ("-n", namespace) if namespace else ()
    return prod.plane.get(kind, wanted["metadata"]["name"], *place, "--show-managed-fields")


def _with_marks(wanted: dict[str, Any], live: dict[str, Any]) -> dict[str, Any]:
    """With the two labels by which Flux knows its own."""
    marks = {
        key: value
        for key, value in live["metadata"].get("labels", {}).items()
        if key.startswith("kustomize.toolkit.fluxcd.io/")
    }
    assert len(marks) == 2
    return _with(wanted, "labels", marks)


def _with_tracking(wanted: dict[str, Any], live: dict[str, Any]) -> dict[str, Any]:
    """With the annotation by which Argo CD knows its own."""
    name = "argocd.argoproj.io/tracking-id"
    tracking = live["metadata"].get("annotations", {}).get(name)
    return _with(wanted, "annotations", {name: tracking}) if tracking else wanted


def _with(wanted: dict[str, Any], key: str, more: dict[str, Any]) -> dict[str, Any]:
    metadata = wanted["metadata"]
    return {**wanted, "metadata": {**metadata, key: {**metadata.get(key, {}), **more}}}


@pytest.mark.proves("X", "E01")
@pytest.mark.proves("G", "E01")
def test_another_environment(prod: Site) -> None:
    """It edits no file of the first, comes up on its own cluster, and leaves the first's alone.

    Argo CD finds it by itself. Its Flux has been bootstrapped: a Kustomization `flux-system`
    that prunes applies its folder, Flux's own files included.
    """
    before = prod.versions()
    first = git(prod.repository, "rev-parse", "HEAD")
    prod.fcgitops("overlay", OTHER)
    assert "E01" in prod.foretold()
    changed = git(prod.repository, "diff", "--name-only", first).splitlines()
    assert {"/".join(path.split("/")[:-1]).replace("/local", "") for path in changed} == (
        {f"overlays/{OTHER}"} | ({f"clusters/flux/{OTHER}"} if prod.tool == "flux" else set())
    )
    if prod.there:
        bootstrap_flux(prod)
    commit = prod.push()
    other = there(prod)
    eventually(
        lambda: "Pod/frameworkcontroller-0" in prod.versions(other) or fail("not yet"),
        90, "it is on its cluster",
    )  # fmt: skip
    if prod.there:
        eventually(lambda: (_synced(other, "flux-system"), _synced(other, NAMESPACE)), 60, "synced")
    else:
        application = ("application", f"{NAMESPACE}-{OTHER}", "-n", "argocd")
        eventually(
            lambda: prod.plane.get(*application)["status"]["health"]["status"] == "Healthy"
            or fail("not yet"),
            60, "it is healthy",
        )  # fmt: skip
    prod.wait_for(commit)
    assert prod.versions() == before
    stays(prod.versions, 3)


@pytest.mark.proves("G", "E06")
def test_two_environments_on_one_cluster(prod: Site, still: None) -> None:
    """They are refused; where someone insists, the tool or `bootstrap` keeps the first as it is.

    A copy of environment.yaml that lies deeper is no environment.
    """
    before = prod.versions()
    refused = prod.fcgitops("overlay", "again", "--cluster", ENVIRONMENT, status=2)[1]
    assert "the environment prod is on this cluster already" in refused
    if prod.tool == "flux":
        refused = prod.fcgitops("bootstrap", OTHER, "--yes", status=2)[1]
        assert "is the cluster of the environment prod" in refused
    else:
        source = (prod.repository / "overlays" / ENVIRONMENT / "environment.yaml").read_text()
        again = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n" + (
            "namespace: again\nresources: [../customized-config]\n"
        )
        prod.commit(
            {
                "overlays/again/environment.yaml": source,
                "overlays/again/kustomization.yaml": again,
                f"overlays/{ENVIRONMENT}/local/environment.yaml": source,
            }
        )
        assert "Shared resource found" in prod.foretold()["E06"]
        prod.push()
        place = ("applications", f"{NAMESPACE}-again", "-n", "argocd")
        eventually(
            lambda: "Shared resource found" in json.dumps(prod.plane.get(*place)["status"])
            or fail("not yet"),
            60, "the second is refused",
        )  # fmt: skip
        found = prod.plane.kubectl("get", "applications", "-n", "argocd", "-o", "name").split()
        assert sorted(name.rpartition("-")[2] for name in found) == ["again", "dev", "prod"]
        git(prod.repository, "revert", "--no-edit", "HEAD")
        prod.wait_for(prod.push())
        prod.plane.kubectl("delete", *place)
    assert prod.versions() == before


def there(prod: Site) -> ControlPlane:
    """The cluster of the other environment."""
    assert prod.other
    return prod.other


def bootstrap_flux(prod: Site) -> None:
    """What `flux bootstrap git` does to the repository and the other cluster."""
    files = gotk(prod.server.url, f"clusters/flux/{OTHER}")
    prod.commit(files, "Add Flux sync manifests")
    git(prod.repository, "push", "-q", "origin", "HEAD:main")
    there(prod).apply(files[f"clusters/flux/{OTHER}/flux-system/gotk-sync.yaml"], "--server-side")


def _synced(plane: ControlPlane, name: str, commit: str = "") -> bool:
    """Whether a Kustomization has applied a commit, or any; else it says what it has."""
    found = plane.get("kustomization", name, "-n", "flux-system").get("status", {})
    ready = [c for c in found.get("conditions", []) if c["type"] == "Ready"]
    done = found.get("lastAppliedRevision", "").endswith(commit) and ready[0]["status"] == "True"
    return done or fail(found)


@pytest.mark.proves("X", "S01")
@pytest.mark.proves("G", "S01")
def test_a_changed_setting_rolls_out(prod: Site, still: None) -> None:
    """S01: `overlay --set` makes a new ConfigMap, and with it a new Pod; Flux prunes the old one.

    Argo CD leaves it for some changes more: see test_refused.py.
    """
    old = prod.config_map()
    uid = prod.plane.get("pod", f"{NAMESPACE}-0", "-n", NAMESPACE)["metadata"]["uid"]
    prod.fcgitops("overlay", ENVIRONMENT, "--set", "workerNumber=777")
    told = set(prod.foretold())
    assert {"S01", "C01"} <= told
    assert not {"E01", "E02", "E06", "N01"} & told
    prod.wait_for(prod.push())
    assert prod.config_map() != old
    assert "workerNumber: 777\n" in prod.configuration()
    pod = prod.plane.get("pod", f"{NAMESPACE}-0", "-n", NAMESPACE)
    assert pod["metadata"]["uid"] != uid
    names = ("get", "configmap", old, "-n", NAMESPACE, "--ignore-not-found", "-o", "name")
    stays = prod.tool == "argocd"
    eventually(lambda: bool(prod.plane.kubectl(*names)) == stays or fail(old), 60, "pruned, or not")


def test_a_gate_asks_the_cluster(prod: Site, still: None) -> None:
    """`healthy` is open where prod is as Git has it and runs, whatever former settings left there.

    It is closed for a commit that is not there yet, for a Pod that is not ready, and for a cluster
    that does not answer.
    """
    answers = (prod.repository / "fcgitops.yaml").read_text()
    gate = f"gates:\n- {{for: {OTHER}, from: {ENVIRONMENT}, healthy: true}}\n"
    prod.commit({"fcgitops.yaml": answers + gate})
    prod.wait_for(prod.push())
    assert "synced and rolled out" in healthy(prod)
    prod.fcgitops("overlay", ENVIRONMENT, "--set", "workerNumber=779")
    assert f"are not as {ENVIRONMENT} renders" in healthy(prod, status=1)
    prod.wait_for(prod.push())
    assert "synced and rolled out" in healthy(prod)
    promote = ("promote", ENVIRONMENT, OTHER, "--context", "testbed", "--dry-run")
    prod.fcgitops(*promote)
    assert "cannot be asked" in healthy(prod, "nowhere", status=1)

    prod.fcgitops("overlay", ENVIRONMENT, "--set", "nodeSelector={pool: gpu}")
    prod.push()
    eventually(lambda: "has 0 of 1" in asked(prod) or fail(asked(prod)), 60, "it is not ready")
    assert "healthy" in prod.fcgitops(*promote, status=1)[1]
    git(prod.repository, "revert", "--no-edit", "HEAD")
    prod.wait_for(prod.push(), 90)
    assert "synced and rolled out" in healthy(prod)


def healthy(prod: Site, context: str = "testbed", status: int = 0) -> str:
    """What the gate before the other environment says."""
    return prod.fcgitops("gates", OTHER, "--context", context, status=status)[0]


def asked(prod: Site) -> str:
    """The same of one that is closed."""
    return healthy(prod, status=1)


def test_a_change_on_the_cluster_is_healed(prod: Site, still: None) -> None:
    """What someone changes by hand is as Git has it again."""
    place = ("networkpolicy", NAMESPACE, "-n", NAMESPACE)
    prod.plane.kubectl(
        "patch", *place, "--type=merge", '--patch={"spec":{"policyTypes":["Egress"]}}'
    )
    prod.reconcile()
    eventually(
        lambda: prod.plane.get(*place)["spec"]["policyTypes"] == ["Ingress"] or fail("not yet"),
        60, "the policy is healed",
    )  # fmt: skip
    eventually(lambda: prod.applied(git(prod.repository, "rev-parse", "HEAD")) or fail("not yet"),
               60, "all is in line")  # fmt: skip


def test_a_second_sync_changes_nothing(prod: Site, still: None) -> None:
    """The objects' resourceVersions stand still."""
    before = prod.versions()
    for _ in range(2):
        prod.sync_again()
    assert prod.versions() == before


BROKEN = {
    "kustomize": {"base/kustomization.yaml": "resources: [missing.yaml]\n"},
    "the API server": {
        f"overlays/{ENVIRONMENT}/local/kustomization.yaml": """\
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
patches:
- target: {kind: Service, name: frameworkcontroller}
  patch: |-
    - op: add
      path: /spec/ports
      value: [{name: x, port: 70000}]
"""
    },
}
"""Who refuses what is committed → files of the commit."""


@pytest.mark.parametrize("who", BROKEN)
def test_a_broken_commit_changes_nothing(prod: Site, still: None, who: str) -> None:
    """The tool complains, the cluster stays as it is, and the next good commit recovers."""
    before = prod.versions()
    prod.commit(BROKEN[who])
    broken = prod.push()
    eventually(lambda: prod.complaint(broken) or fail("nothing yet"), 60, "the tool complains")
    assert prod.versions() == before
    stays(prod.versions, 2)
    git(prod.repository, "revert", "--no-edit", "HEAD")
    prod.wait_for(prod.push(), 90)
    assert prod.versions() == before


def test_a_repository_that_goes_away_deletes_nothing(prod: Site, still: None) -> None:
    """The tool complains while it is away, and goes on when it is back."""
    before = prod.versions()
    away = prod.server.repository.with_name("away.git")
    prod.server.repository.rename(away)
    try:
        prod.notify()
        eventually(lambda: prod.source_complaint() or fail("not yet"), 60, "it complains")
        assert prod.versions() == before
        stays(prod.versions, 2)
    finally:
        away.rename(prod.server.repository)
    prod.fcgitops("overlay", ENVIRONMENT, "--set", "workerNumber=778")
    prod.wait_for(prod.push())
    assert "workerNumber: 778\n" in prod.configuration()


def test_from_push_to_applied(prod: Site, still: None, record_property: Any) -> None:
    """Times of 20 pushes, from the push to a StatefulSet that has the new configuration.

    Each waits for the end of the one before: Argo CD takes a revision that it first saw during
    another's sync for one it has tried, and applies it by its self-heal, later each time.
    """
    seconds = []
    commit = git(prod.repository, "rev-parse", "HEAD")
    for number in range(PUSHES):
        prod.fcgitops("overlay", ENVIRONMENT, "--set", f"workerNumber={800 + number}")
        prod.wait_for(commit)
        start = time.perf_counter()
        commit = prod.push()
        wanted = f"workerNumber: {800 + number}\n"
        eventually(lambda w=wanted: w in prod.configuration() or fail(prod.status()), 60, wanted)
        seconds.append(time.perf_counter() - start)
    prod.wait_for(commit)
    seconds.sort()
    p50, p95 = statistics.median(seconds), seconds[int(len(seconds) * 0.95) - 1]
    figure = f"{prod.tool}: push to applied, {PUSHES} pushes: p50 {p50:.1f} s, p95 {p95:.1f} s"
    record_property(FIGURE, figure)


WAITS = "Waiting for pruning confirmation"


@pytest.mark.proves("X", "N01")
@pytest.mark.proves("G", "N01")
@pytest.mark.parametrize(("old", "new"), [(NAMESPACE, "moved"), ("moved", NAMESPACE)])
def test_a_changed_namespace(prod: Site, still: None, old: str, new: str) -> None:
    """N01: FrameworkController moves, and the old Namespace stays.

    Argo CD changes nothing until the printed commands have been typed.
    """
    _, said = prod.fcgitops("overlay", ENVIRONMENT, "--namespace", new)
    assert "N01" in prod.foretold()
    if prod.tool == "flux":  # whose account may write the one Namespace only
        prod.fcgitops("bootstrap", ENVIRONMENT, "--yes")
        commit = prod.push()
    else:
        wait, let_go = (line for line in said.splitlines() if line.startswith(("(", "kubectl ")))
        commit = prod.push()
        prod.type(wait)  # what lets go before would be undone
        assert WAITS in json.dumps(prod.status())
        assert places(prod) == [old]
        prod.type(let_go)
    prod.wait_for(commit)
    eventually(lambda: places(prod) == [new] or fail(places(prod)), 60, "it has left")
    assert prod.plane.get("namespace", old)["status"]["phase"] == "Active"


def places(prod: Site) -> list[str]:
    """The namespaces of the Pods of FrameworkController."""
    return [
        pod["metadata"]["namespace"]
        for pod in prod.plane.get("pods", "-A", "-l", f"app={NAMESPACE}")
    ]


@pytest.mark.proves("X", "E02")
@pytest.mark.proves("G", "E02")
def test_removal_deletes_nothing_by_itself(prod: Site, still: None) -> None:
    """After `remove` all stays; the printed commands take the controller off, and no Framework."""
    prod.plane.kubectl("create", "namespace", JOBS)
    with framework_controller(prod.plane, config=prod.configuration()):
        prod.plane.apply(framework("kept"))
        running = ("get", "pods", "-n", JOBS, "-o", "name")
        eventually(lambda: prod.plane.kubectl(*running) or fail("none"), 30, "its Pod is there")
    granted = rights(prod, "frameworkcontroller-flux") if prod.tool == "flux" else set()
    granted -= rights(prod, NAMESPACE)  # which Flux must have to grant them
    before = prod.versions()
    elsewhere = _elsewhere(prod)
    _, said = prod.fcgitops("remove", ENVIRONMENT)
    assert "E02" in prod.foretold()
    prod.push()
    stays(prod.versions, 8)
    assert prod.versions() == before
    prod.type(said)
    gone = lambda: not set(prod.versions()) - {f"Namespace/{NAMESPACE}"} or fail(prod.versions())  # noqa: E731
    eventually(gone, 60, "the controller's objects are gone")
    assert "frameworks.frameworkcontroller.microsoft.com" in prod.plane.kubectl("get", "crd")
    assert prod.plane.get("framework", "kept", "-n", JOBS)["metadata"]["name"] == "kept"
    assert _elsewhere(prod) == elsewhere
    if prod.tool == "flux":
        assert_rights_are_exact(prod, granted)


UNUSED = {
    "create": "asked by the API server when a patch makes an object; its log has the patch",
    "ciliumnetworkpolicies": "egress.mode: cilium",
    "customresourcedefinitions": "the component crd",
    "validatingadmissionpolicies": "the component guardrails",
    "validatingadmissionpolicybindings": "the component guardrails",
}
"""Verb or kind of the rights of Flux's account that no request here has, and what they are for."""


def assert_rights_are_exact(prod: Site, granted: set[tuple[str, str]]) -> None:
    """Flux's account was refused nothing; each right was used, or is accounted for."""
    requests = prod.plane.audit(user=FLUX_ACCOUNT)
    assert [request for request in requests if request["code"] == 403] == []
    used = {(request["resource"], request["verb"]) for request in requests}
    assert len(used) > 20
    unused = granted - used
    assert {p for p in unused if not set(p) & set(UNUSED)} == set()
    assert {word for pair in unused for word in pair if word in UNUSED} == set(UNUSED)


def rights(prod: Site, name: str) -> set[tuple[str, str]]:
    """Kind and verb of all that a ClusterRole allows."""
    return {
        (resource, verb)
        for rule in prod.plane.get("clusterrole", name)["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def test_removal_of_the_last_one_deletes_nothing_either(prod: Site, still: None) -> None:
    """The ApplicationSet's generator gives nothing, and `flux-system` prunes: neither deletes."""
    prod.fcgitops("remove", OTHER)
    git(prod.repository, "push", "-q", "origin", "HEAD:main")
    commit = git(prod.repository, "rev-parse", "HEAD")
    if prod.there:
        prod.there.reconcile("gitrepositories.source.toolkit.fluxcd.io", "flux-system")
        eventually(lambda: _synced(there(prod), "flux-system", commit), 60, "it is gone from Git")
        kinds = "kustomizations,gitrepositories,serviceaccounts"
        left = there(prod).kubectl("get", kinds, "-n", "flux-system", "-o", "name").splitlines()
        assert len([name for name in left if NAMESPACE in name]) == 3
        requests = there(prod).audit(user=FLUX_ACCOUNT)
        assert requests
        assert {request["code"] for request in requests} & {401, 403} == set()
    else:
        assert isinstance(prod.running, ArgoCD)
        prod.running.find_environments(NAMESPACE)
        names = ("get", "applications", "-n", "argocd", "-o", "name")
        stays(lambda: prod.plane.kubectl(*names), 3)
        left = prod.plane.kubectl(*names).split()
        assert left == [f"application.argoproj.io/{NAMESPACE}-{OTHER}"]


def _elsewhere(prod: Site) -> dict[str, str]:
    """Objects of the other namespaces, and who they are; the tool's own namespaces aside."""
    found = prod.plane.get("configmaps,serviceaccounts,frameworks,secrets", "-A")
    return {
        f"{o['kind']} {o['metadata']['namespace']}/{o['metadata']['name']}": o["metadata"]["uid"]
        for o in found
        if o["metadata"]["namespace"] not in (NAMESPACE, "argocd", "flux-system", "kube-system")
    }
