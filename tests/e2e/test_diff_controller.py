"""What `diff` says of FrameworkController, seen with the real one: before, after, and what follows.

It is started with the left side's file and account, ends, and is started with the right side's.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator

import pytest
from diff_edits import FILE, Edit, Rendering, setting
from fcgitops.diff import compare
from test_rights import CRD, apply_environment, completes, running_pod
from testbed.controller import JOBS, binary, framework, framework_controller
from testbed.controlplane import ControlPlane, control_plane
from testbed.programs import Program, eventually, running

pytestmark = pytest.mark.cluster
ACCOUNT = "frameworkcontroller/frameworkcontroller"
KEPT = setting(frameworkCompletedRetainSec=3600)


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A cluster with an environment's rights, where FrameworkController has run."""
    folder = tmp_path_factory.mktemp("plane")
    with control_plane(folder, crds=CRD.read_text()) as plane:
        apply_environment(plane, folder)
        yield plane


def sides(edit: Edit, prepare: Edit = KEPT) -> tuple[str, str, set[str]]:
    """FrameworkController's file before and after, and the numbers of what is said."""
    before = Rendering()
    prepare(before)
    after = copy.deepcopy(before)
    edit(after)
    said = {effect.id for effect in compare.outcome(before.objects, after.objects).effects}
    return before("ConfigMap")["data"][FILE], after("ConfigMap")["data"][FILE], said


def frameworks(plane: ControlPlane) -> list[str]:
    return plane.kubectl("get", "frameworks", "-n", JOBS, "-o", "name").split()


@pytest.mark.parametrize(
    ("number", "seconds", "deleted"),
    [("S06", 7200, False), ("S05", 1, True), ("S07", 0, True)],
)
def test_completed_frameworks_are_deleted_or_kept(
    plane: ControlPlane, number: str, seconds: int, deleted: bool
) -> None:
    """S05, S06, S07: at the next start, and a running one is not touched."""
    before, after, said = sides(setting(frameworkCompletedRetainSec=seconds))
    assert number in said
    assert (said & {"S05", "S07"} != set()) is deleted
    ended, runs = f"ended{seconds}", f"runs{seconds}"
    with framework_controller(plane, config=before):
        for name in (ended, runs):
            plane.apply(framework(name))
        plane.finish(running_pod(plane, ended), JOBS)
        completes(plane, ended, "Succeeded")
        running_pod(plane, runs)
    with framework_controller(plane, config=after) as started:
        name = f"framework.frameworkcontroller.microsoft.com/{ended}"
        if deleted:
            started.wait_until(lambda: name not in frameworks(plane) or _not_yet(), 60, "deleted")
        else:
            plane.apply(framework(f"later{seconds}"))
            running_pod(plane, f"later{seconds}")  # it works, and has looked at all of them
            assert name in frameworks(plane)
        assert name.replace("ended", "runs") in frameworks(plane)
    plane.kubectl("delete", "frameworks", "-n", JOBS, "--all", "--wait=false")


def _not_yet() -> bool:
    raise AssertionError("not yet")


def ends(plane: ControlPlane, config: str) -> str:
    """What FrameworkController says that ends at its start."""
    (plane.folder / "ending").mkdir(exist_ok=True)
    (plane.folder / "ending" / "frameworkcontroller.yaml").write_text(config, encoding="utf-8")
    env = {"KUBECONFIG": str(plane.kubeconfig_for(ACCOUNT))}
    program: Program
    command = [binary(plane.folder)]
    with running(command, plane.folder / "ending", name="ending", env=env) as program:
        eventually(lambda: not program.alive() or _not_yet(), 30, "it has ended")
        return program.text()


@pytest.mark.parametrize(
    ("number", "edit", "words"),
    [
        ("S22", setting(workerNumber=0), "panic"),
        ("S24", setting(kubeClientBurst=0), "Burst is required to be greater than 0"),
        ("S21", setting(kubeConfigFilePath="/nothing/there"), "panic"),
    ],
)
def test_a_setting_that_it_refuses_ends_it_at_each_start(
    plane: ControlPlane, number: str, edit: Edit, words: str
) -> None:
    """S21, S22, S24: foretold as an outage; a bigger worker number is not."""
    before, after, said = sides(edit)
    assert number in said
    with framework_controller(plane, config=before):
        pass
    assert words in ends(plane, after)
    assert not {"S21", "S22", "S24"} & sides(setting(workerNumber=77))[2]


def test_without_the_rights_to_its_crd_it_ends_at_the_next_start(plane: ControlPlane) -> None:
    """R04: nothing at once, a panic at the start."""
    before, after = Rendering(), Rendering()
    after.verbs("customresourcedefinitions", "update")
    after.verbs("customresourcedefinitions", "get")
    said = {effect.id for effect in compare.outcome(before.objects, after.objects).effects}
    assert "R04" in said
    whole = plane.get("clusterrole", "frameworkcontroller")
    less = copy.deepcopy(whole)
    less["rules"] = [
        {**rule, "verbs": [v for v in rule["verbs"] if v not in ("get", "update")]}
        if "customresourcedefinitions" in rule["resources"]
        else rule
        for rule in whole["rules"]
    ]
    less["rules"] = [rule for rule in less["rules"] if rule["verbs"]]
    text = before("ConfigMap")["data"][FILE]
    with framework_controller(plane, config=text) as started:
        _put(plane, less)
        plane.apply(framework("meanwhile"))
        running_pod(plane, "meanwhile")
        assert started.alive()
    try:
        assert "Failed to put CRD" in ends(plane, text)
    finally:
        _put(plane, whole)


def _put(plane: ControlPlane, role: dict[str, object]) -> None:
    patch = json.dumps({"rules": role["rules"]})
    plane.kubectl("patch", "clusterrole", "frameworkcontroller", "--type=merge", "-p", patch)
