"""What `diff` says of FrameworkController's rights, of Pods that are refused, and of its CRD.

The right is taken away while the real FrameworkController runs, and it is started again without.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import yaml
import yamls
from diff_edits import CRD as CRD_PAIR
from diff_edits import CRD_KIND, VERSION, Edit, Rendering, grants, schema, sets, verb
from fcgitops.diff import compare
from test_diff_controller import ACCOUNT, FILE, ends, fancy, nothing_left, plane, setting, sides
from test_rights import CRD, USER, completes, pods_of, running_pod, state
from testbed.controller import JOBS, binary, framework, framework_controller
from testbed.controlplane import ControlPlane
from testbed.deployed import completion
from testbed.programs import Program, eventually, running, stays

pytestmark = pytest.mark.cluster
__all__ = ["nothing_left", "plane"]
CONFIG = str(Rendering()("ConfigMap")["data"][FILE])
NAME = "frameworks.frameworkcontroller.microsoft.com"


def said_of(before: Rendering, after: Rendering) -> set[str]:
    return {effect.id for effect in compare.outcome(before.objects, after.objects).effects}


def losing(*lost: tuple[str, str]) -> set[str]:
    """The numbers of what is said where these verbs of these resources are gone."""
    before, after = Rendering(), Rendering()
    for resource, wanted in lost:
        verb(resource, wanted)(after)
    return said_of(before, after)


@contextmanager
def without(plane: ControlPlane, *lost: tuple[str, str]) -> Iterator[None]:
    """Takes the rights away on the cluster, for as long as the context lasts."""
    whole = plane.get("clusterrole", "frameworkcontroller")["rules"]
    less = [
        {**rule, "resources": [resource], "verbs": verbs}
        for rule in whole
        for resource in rule["resources"]
        if (verbs := [v for v in rule["verbs"] if (resource, v) not in lost])
    ]
    put(plane, less)
    try:
        yield
    finally:
        put(plane, whole)


def put(plane: ControlPlane, rules: list[dict[str, Any]]) -> None:
    patch = json.dumps({"rules": rules})
    plane.kubectl("patch", "clusterrole", "frameworkcontroller", "--type=merge", "-p", patch)


@pytest.mark.proves("F", "R03")
def test_what_it_does_not_need_is_not_missed(plane: ControlPlane) -> None:
    """R03: while it runs, and at its next start: a Framework runs to its end, and no 403."""
    before = Rendering()
    grants("nodes", verbs=("get", "list"))(before)
    assert "R03" in said_of(before, Rendering())
    whole = plane.get("clusterrole", "frameworkcontroller")["rules"]
    put(plane, [*whole, {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list"]}])
    refused = len(plane.audit(user=USER, code=403))
    with framework_controller(plane, config=CONFIG):
        put(plane, whole)
        ends_well(plane, "at-once")
    with framework_controller(plane, config=CONFIG):
        ends_well(plane, "later")
    assert len(plane.audit(user=USER, code=403)) == refused


def ends_well(plane: ControlPlane, name: str) -> None:
    """A Framework runs to its end."""
    name = name.replace("-", "")
    plane.apply(framework(name))
    plane.finish(running_pod(plane, name), JOBS)
    completes(plane, name, "Succeeded")


@pytest.mark.proves("F", "R04")
@pytest.mark.parametrize("wanted", ["get", "update"])
def test_without_the_rights_to_its_crd_it_ends_at_the_next_start(
    plane: ControlPlane, wanted: str
) -> None:
    """R04: nothing at once, a panic at the start."""
    assert "R04" in losing(("customresourcedefinitions", wanted))
    lost = ("customresourcedefinitions", wanted)
    with framework_controller(plane, config=CONFIG) as started, without(plane, lost):
        plane.apply(framework("meanwhile"))
        running_pod(plane, "meanwhile")
        assert started.alive()
        if wanted == "update":  # else it has nothing to write
            changed = '{"spec": {"names": {"shortNames": ["fw"]}}}'
            plane.kubectl("patch", "crd", NAME, "--type=merge", "-p", changed)
        assert "Failed to put CRD" in ends(plane, CONFIG)


@pytest.mark.proves("F", "R04b")
def test_where_its_crd_is_new_it_ends_without_the_right_to_create_it(plane: ControlPlane) -> None:
    """R04b: and where it is there nothing is amiss."""
    lost = ("customresourcedefinitions", "create")
    assert "R04b" in losing(lost)
    assert "R04b" not in losing(("customresourcedefinitions", "get"))
    with without(plane, lost):
        with framework_controller(plane, config=CONFIG):
            ends_well(plane, "there")
        plane.kubectl("delete", "crd", NAME)
        assert "Failed to put CRD" in ends(plane, CONFIG)
    with framework_controller(plane, config=CONFIG):
        ends_well(plane, "anew")


@pytest.mark.proves("F", "R05")
@pytest.mark.parametrize("resource", ["frameworks", "configmaps", "pods"])
def test_without_a_list_it_hangs_at_its_next_start(plane: ControlPlane, resource: str) -> None:
    """R05: nothing at once; then it runs, has a connection, and does nothing."""
    assert "R05" in losing((resource, "list"))
    with framework_controller(plane, config=CONFIG):
        ends_well(plane, f"before{resource}")  # that it puts its CRD may end a watch, and it lists
        with without(plane, (resource, "list")):
            ends_well(plane, f"of{resource}")
    with without(plane, (resource, "list")), starting(plane) as started:
        started.says("Failed to list")
        plane.apply(framework(f"no{resource}"))
        stays(lambda: (started.alive(), state(plane, f"no{resource}")), 2)
        assert started.alive()
        assert state(plane, f"no{resource}")[0] == ""


@contextmanager
def starting(plane: ControlPlane, config: str = CONFIG) -> Iterator[Program]:
    """FrameworkController, which may never get to its first Framework."""
    folder = plane.folder / "hanging"
    folder.mkdir(exist_ok=True)
    (folder / "frameworkcontroller.yaml").write_text(config, encoding="utf-8")
    env = {"KUBECONFIG": str(plane.kubeconfig_for(ACCOUNT))}
    with running([binary(plane.folder)], folder, name="hanging", env=env) as program:
        yield program


@pytest.mark.proves("F", "R06")
@pytest.mark.parametrize("lost", [("pods", "create"), ("configmaps/finalizers", "update")])
def test_a_pod_that_may_not_be_made_fails_its_framework(
    plane: ControlPlane, lost: tuple[str, str]
) -> None:
    """R06: at once, with -310, and FrameworkController goes on."""
    assert "R06" in losing(lost)
    with framework_controller(plane, config=CONFIG) as started:
        with without(plane, lost):
            fails(plane, "refused")
        assert started.alive()
        ends_well(plane, "restored")


def fails(plane: ControlPlane, name: str) -> None:
    """A Framework fails with -310, PodCreationUnknownError."""
    plane.apply(framework(name))
    completes(plane, name, "Failed")
    assert completion(plane.get("framework", name, "-n", JOBS))["code"] == -310


@pytest.mark.proves("F", "R07")
@pytest.mark.parametrize(
    "lost",
    [("frameworks", "update"), ("configmaps", "create"), ("frameworks/finalizers", "update")],
)
def test_a_framework_that_cannot_be_written_waits(
    plane: ControlPlane, lost: tuple[str, str]
) -> None:
    """R07: nothing fails, and all goes on once the right is back."""
    assert "R07" in losing(lost)
    with framework_controller(plane, config=CONFIG):
        with without(plane, lost):
            plane.apply(framework("waiting"))
            stays(lambda: (pods_of(plane, "waiting"), state(plane, "waiting")[1]), 2)
            assert (pods_of(plane, "waiting"), state(plane, "waiting")[1]) == ([], "")
        eventually(lambda: pods_of(plane, "waiting"), 60, "it goes on")


@pytest.mark.proves("F", "R08")
@pytest.mark.parametrize("resource", ["configmaps", "pods"])
def test_what_cannot_be_deleted_keeps_a_framework_from_completing(
    plane: ControlPlane, resource: str
) -> None:
    """R08: until the right is back."""
    assert "R08" in losing((resource, "delete"))
    with framework_controller(plane, config=CONFIG):
        with without(plane, (resource, "delete")):
            plane.apply(framework("undeleted"))
            plane.finish(running_pod(plane, "undeleted"), JOBS)
            stays(lambda: state(plane, "undeleted")[0] == "Completed", 3)
            assert state(plane, "undeleted")[0] != "Completed"
        completes(plane, "undeleted", "Succeeded")


@pytest.mark.proves("F", "R08")
def test_without_the_right_to_delete_frameworks_completed_ones_stay(plane: ControlPlane) -> None:
    """R08: the retention deletes nothing."""
    assert "R08" in losing(("frameworks", "delete"))
    short = yaml.safe_dump({**yamls.load(CONFIG), "frameworkCompletedRetainSec": 1})
    left = ("get", "frameworks", "-n", JOBS, "-o", "name")
    with framework_controller(plane, config=short):
        with without(plane, ("frameworks", "delete")):
            ends_well(plane, "kept")
            stays(lambda: plane.kubectl(*left), 3)
            assert "kept" in plane.kubectl(*left)
        eventually(lambda: "kept" not in plane.kubectl(*left), 120, "it is deleted")


@pytest.mark.proves("F", "R09")
def test_without_a_watch_it_lists_again_and_again(plane: ControlPlane) -> None:
    """R09: and works, slowly."""
    assert "R09" in losing(("pods", "watch"))

    def lists() -> int:
        return len(plane.audit(user=USER, resource="pods", verb="list"))

    with without(plane, ("pods", "watch")), framework_controller(plane, config=CONFIG):
        before = lists()
        ends_well(plane, "slow")
        eventually(lambda: lists() > before + 2, 30, "it lists again and again")
    with framework_controller(plane, config=CONFIG):
        before = lists()
        ends_well(plane, "fast")
        assert lists() <= before + 1


@pytest.mark.proves("F", "R10")
def test_without_get_it_works(plane: ControlPlane) -> None:
    """R10: only what it is not sure of is asked for."""
    lost = [(resource, "get") for resource in ("frameworks", "configmaps", "pods")]
    assert "R10" in losing(*lost)
    with without(plane, *lost), framework_controller(plane, config=CONFIG):
        ends_well(plane, "ungot")


@pytest.mark.proves("F", "R12")
def test_without_any_right_nothing_fails_and_nothing_advances(plane: ControlPlane) -> None:
    """R12: then it panics at its next start."""
    after = Rendering()
    sets("subjects", [], "ClusterRoleBinding")(after)
    assert "R12" in said_of(Rendering(), after)
    whole = plane.get("clusterrole", "frameworkcontroller")["rules"]
    with framework_controller(plane, config=CONFIG) as started:
        put(plane, [])
        try:
            plane.apply(framework("nobody"))
            stays(lambda: (started.alive(), state(plane, "nobody")), 2)
            assert (started.alive(), state(plane, "nobody")[1]) == (True, "")
            assert "Failed to put CRD" in ends(plane, CONFIG)
        finally:
            put(plane, whole)


@pytest.mark.proves("F", "X07")
def test_above_a_quota_new_pods_wait(plane: ControlPlane) -> None:
    """X07: nothing fails, and they come once there is room."""
    with framework_controller(plane, config=CONFIG):
        plane.kubectl("create", "quota", "q", "-n", JOBS, "--hard=pods=0")
        plane.apply(framework("crowded"))
        eventually(lambda: quota_refused(plane), 30, "a Pod is refused")
        stays(lambda: state(plane, "crowded")[1], 2)
        assert state(plane, "crowded")[1] == ""
        plane.kubectl("delete", "resourcequota", "q", "-n", JOBS)
        eventually(lambda: pods_of(plane, "crowded"), 60, "there is room")


def quota_refused(plane: ControlPlane) -> list[dict[str, Any]]:
    return [r for r in plane.audit(user=USER, resource="pods", verb="create") if r["code"] == 403]


def strict(plane: ControlPlane) -> Callable[[], object]:
    label = "pod-security.kubernetes.io/enforce"
    plane.kubectl("label", "namespace", JOBS, f"{label}=restricted")
    return lambda: plane.kubectl("label", "namespace", JOBS, f"{label}-")


def limited(plane: ControlPlane) -> Callable[[], object]:
    plane.apply(
        f"apiVersion: v1\nkind: LimitRange\nmetadata: {{name: l, namespace: {JOBS}}}\n"
        "spec: {limits: [{type: Container, max: {cpu: 1m}, default: {cpu: 1m}}]}\n"
    )
    return lambda: plane.kubectl("delete", "limitrange", "l", "-n", JOBS)


@pytest.mark.proves("F", "X08")
@pytest.mark.parametrize(
    ("prepare", "pod"),
    [
        (strict, ""),
        (limited, "resources: {requests: {cpu: 1}, limits: {cpu: 1}}"),
        (None, "serviceAccountName: nobody"),
        (None, "priorityClassName: nothing"),
    ],
    ids=["level", "limit", "account", "class"],
)
def test_a_pod_that_is_refused_fails_its_framework(
    plane: ControlPlane, prepare: Callable[[ControlPlane], Callable[[], object]] | None, pod: str
) -> None:
    """X08: a level, a limit, an account, a class; FrameworkController takes all for a failure."""
    undo = prepare(plane) if prepare else None
    wanted = framework("refused")
    if pod.startswith("resources"):
        wanted = wanted.replace("image: nothing", f"image: nothing, {pod}")
    else:
        wanted = wanted.replace("restartPolicy: Never", f"restartPolicy: Never\n          {pod}")
    try:
        with framework_controller(plane, config=CONFIG):
            plane.apply(wanted)
            completes(plane, "refused", "Failed")
            assert completion(plane.get("framework", "refused", "-n", JOBS))["code"] == -310
    finally:
        if undo:
            undo()


def crd_said(edit: Edit) -> set[str]:
    before = Rendering(CRD_PAIR)
    after = copy.deepcopy(before)
    edit(after)
    return said_of(before, after)


def crd(plane: ControlPlane, change: Callable[[dict[str, Any]], object]) -> None:
    """Applies the CRD with a change, as a sync tool does."""
    wanted = yamls.load(CRD.read_text())
    change(wanted["spec"]["versions"][0])
    plane.establish(yaml.safe_dump(wanted))


@pytest.mark.proves("F", "D03 D07")
def test_its_next_start_puts_its_own_schema_back(plane: ControlPlane) -> None:
    """D03, D07: until then a Framework outside of a narrower one is refused."""
    path = "taskRoles.items.properties.taskNumber.maximum"
    assert {"D03", "D07"} <= crd_said(schema(path, 0))
    with framework_controller(plane, config=CONFIG):
        plane.apply(framework("outside"))
        running_pod(plane, "outside")

        def narrow(version: dict[str, Any]) -> None:
            found = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
            found["taskRoles"]["items"]["properties"]["taskNumber"]["maximum"] = 0

        crd(plane, narrow)
        eventually(lambda: "Invalid value" in refusal(plane), 30, "the schema holds")
        plane.finish(running_pod(plane, "outside"), JOBS)
        completes(plane, "outside", "Succeeded")  # what is there still gets its status
    with framework_controller(plane, config=CONFIG):
        eventually(lambda: not refusal(plane), 30, "its own schema")


@pytest.mark.proves("F", "D01")
def test_the_crd_of_git_is_written_over(plane: ControlPlane) -> None:
    """D01: at FrameworkController's next start; what is as its own is left alone."""
    before, after = Rendering(), Rendering()
    after.objects.append(Rendering(CRD_PAIR)(CRD_KIND))
    assert "D01" in said_of(before, after)
    assert "D01" not in said_of(after, after)
    plane.kubectl("delete", "crd", NAME)
    other = yaml.safe_load(CRD.read_text())
    other["spec"]["names"]["shortNames"] = ["fw"]
    plane.establish(yaml.safe_dump(other))
    with framework_controller(plane, config=CONFIG):
        own = plane.get("crd", NAME)
        assert own["spec"]["names"].get("shortNames") is None
    with framework_controller(plane, config=CONFIG):
        assert plane.get("crd", NAME)["spec"] == own["spec"]


def refusal(plane: ControlPlane) -> str:
    """Why the API server does not take a Framework; "" where it does."""
    body = json.dumps(yamls.load(framework("asked")))
    path = f"/apis/frameworkcontroller.microsoft.com/v1/namespaces/{JOBS}/frameworks?dryRun=All"
    status, answer = plane.ask("POST", path, body)
    return "" if status == 201 else answer


@pytest.mark.proves("A", "D08")
@pytest.mark.proves("F", "D08")
def test_a_version_that_is_not_served_is_gone_for_all(plane: ControlPlane) -> None:
    """D08: 404; FrameworkController's next start serves it again."""
    assert "D08" in crd_said(sets(f"{VERSION}.served", False, CRD_KIND))
    unserved = '[{"op": "replace", "path": "/spec/versions/0/served", "value": false}]'
    plane.kubectl("patch", "crd", NAME, "--type=json", "-p", unserved)
    listed = f"/apis/frameworkcontroller.microsoft.com/v1/namespaces/{JOBS}/frameworks"
    eventually(lambda: plane.ask("GET", listed)[0] == 404, 30, "it is gone")
    with framework_controller(plane, config=CONFIG):
        eventually(lambda: plane.ask("GET", listed)[0] == 200, 30, "it is served")


@pytest.mark.proves("F", "D04")
def test_a_status_of_its_own_drops_what_it_writes(plane: ControlPlane) -> None:
    """D04: in silence, until its next start takes the subresource away; then it runs again."""
    assert "D04" in crd_said(sets(f"{VERSION}.subresources", {"status": {}}, CRD_KIND))
    with framework_controller(plane, config=CONFIG) as started:
        plane.apply(fancy("ended"))
        pod = running_pod(plane, "ended")
        crd(plane, lambda version: version.update(subresources={"status": {}}))
        plane.finish(pod, JOBS)
        stays(lambda: state(plane, "ended")[0] == "Completed", 3)
        assert state(plane, "ended")[0] != "Completed"
        assert started.alive()
    with framework_controller(plane, config=CONFIG):
        eventually(lambda: pods_of(plane, "ended"), 60, "it runs again")


@pytest.mark.proves("F", "S18")
def test_a_check_of_the_crd_matters_where_that_is_new(plane: ControlPlane) -> None:
    """S18: where the CRD is there, an interval of an hour holds nothing up; else it waits."""
    hour = setting(crdEstablishedCheckIntervalSec=3600, crdEstablishedCheckTimeoutSec=3600)
    _, slow, said = sides(hour)
    assert "S18" in said
    with framework_controller(plane, config=slow):
        pass
    plane.kubectl("delete", "crd", NAME)
    with starting(plane, slow) as started:
        started.says("Create CRD")
        stays(lambda: "Running frameworkcontroller with" in started.text(), 3)
        assert "Running frameworkcontroller with" not in started.text()
    with framework_controller(plane, config=slow):
        pass
