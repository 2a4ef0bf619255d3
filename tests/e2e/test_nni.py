"""Real NNI experiments: NNI 3.0's manager, FrameworkController, trials, and least privilege."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
import yamls
from gitenv import git, write
from testbed.controller import framework, framework_controller
from testbed.controlplane import ControlPlane, control_plane
from testbed.pods import Pods, pods
from testbed.programs import Program, eventually
from testbed.site import fcgitops

pytestmark = pytest.mark.cluster

CRD = Path(__file__).resolve().parents[2] / "{{cookiecutter.repo_slug}}/components/crd/crd.yaml"
FRAMEWORKS = "count/frameworks.frameworkcontroller.microsoft.com"
MANAGER = "system:serviceaccount:nni:nni-manager"
TRIAL = "system:serviceaccount:nni:nni-trial"


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A cluster that has FrameworkController's CRD."""
    with control_plane(tmp_path_factory.mktemp("plane"), crds=CRD.read_text()) as plane:
        yield plane


@pytest.fixture(scope="module")
def repository(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose environment prod is ready for NNI, and applied."""
    folder = tmp_path_factory.mktemp("repository")
    root = folder / "deploy"
    fcgitops(folder, "new", root, "--no-input", "--env", "prod")
    git(root, "config", "user.name", "Ada")
    git(root, "config", "user.email", "ada@example.com")
    fcgitops(
        folder, "-C", root, "nni", "enable", "prod", "--storage", "nfs://10.0.0.2/exports/nni",
        "--set", f"nni.quota={{requests.cpu: 100, {FRAMEWORKS}: 9}}",
        "--set", "nni.limits={default: {cpu: 1, memory: 1Gi}}",
    )  # fmt: skip
    for name in ("prod", "prod/nni"):
        built, _ = fcgitops(folder, "-C", root, "build", name)
        plane.apply(built, "--server-side")
    return root


@pytest.fixture(scope="module")
def running(
    plane: ControlPlane, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pods]:
    """FrameworkController, and what stands for the kubelet."""
    with framework_controller(plane), pods(plane, "nni", tmp_path_factory.mktemp("nni")) as found:
        yield found


def add(plane: ControlPlane, repository: Path, name: str, **changes: int) -> str:
    """Scaffold an experiment, change some numbers of it, apply it; its Job."""
    home, path = repository.parent, f"experiments/{name}/experiment.yaml"
    fcgitops(home, "-C", repository, "nni", "experiment", name, "--env", "prod")
    lines = (repository / path).read_text().splitlines(keepends=True)
    text = "".join(
        f"{key}: {changes[key]}\n" if (key := line.partition(":")[0]) in changes else line
        for line in lines
    )
    write(repository, {path: text})
    fcgitops(home, "-C", repository, "nni", "experiment", name)
    built, _ = fcgitops(home, "-C", repository, "build", f"experiments/{name}")
    plane.apply(built, "--server-side")
    (job,) = plane.get("jobs", "--namespace=nni", f"--selector=experiment={name}")
    return str(job["metadata"]["name"])


def test_an_experiment_runs_to_its_end(
    plane: ControlPlane, repository: Path, running: Pods, tmp_path: Path
) -> None:
    """Two trials succeed, the best is told and kept, no Framework stays, nothing was refused.

    The manager started again, as by a Job that someone deleted, does not run it again.
    """
    job = add(plane, repository, "good", maxTrialNumber=2)
    with running.manager(job, tmp_path) as manager:
        assert ends(manager) == 0, manager.tail(60)
    (result,) = (running.share / "experiments" / "good").glob("*.json")
    found = json.loads(result.read_text())
    assert len(found["trials"]) == 2
    best = found["best"]
    assert f"best: {json.dumps(best)}" in manager.text()
    assert best["value"] == max(trial["value"] for trial in found["trials"])
    x, y = best["parameters"]["x"], best["parameters"]["y"]
    assert best["value"] == pytest.approx(-(x**2) / y)
    none_left(running)
    with running.manager(job, tmp_path / "again") as manager:
        assert ends(manager) == 0
    assert "has ended before" in manager.text()
    assert f"best: {json.dumps(best)}" in manager.text()
    assert result.read_text() == json.dumps(found, indent=2) + "\n"


def test_a_manager_that_is_stopped_leaves_no_framework_and_goes_on(
    plane: ControlPlane, repository: Path, running: Pods, tmp_path: Path
) -> None:
    """SIGTERM deletes the trials' Frameworks; the Job's next Pod goes on with the same run.

    So does one after a SIGKILL, which takes away first what that left behind.
    """
    job = add(plane, repository, "stopped", maxTrialNumber=3, trialConcurrency=1)
    with running.manager(job, tmp_path / "1") as manager:
        eventually(running.frameworks, 60, "a trial's Framework")
        assert manager.stop(grace=90) == 143
    none_left(running)
    with running.manager(job, tmp_path / "2") as manager:
        left = eventually(running.frameworks, 60, "a trial's Framework")
        manager.kill()
        assert ends(manager) == -9
    assert running.frameworks() == left
    with running.manager(job, tmp_path / "3") as manager:
        assert ends(manager) == 0, manager.tail(60)
    assert "Resume the experiment" in manager.text()
    none_left(running)
    (result,) = (running.share / "experiments" / "stopped").glob("*.json")
    assert len(json.loads(result.read_text())["trials"]) == 3
    assert plane.audit(user=MANAGER, code=403) == []


@pytest.mark.proves("N", "X06 X13")
def test_what_has_ended_runs_again_on_another_share(
    plane: ControlPlane, repository: Path, running: Pods, tmp_path: Path
) -> None:
    """X06: nobody knows there that it has ended. On its own share another Job ends at once, X13."""
    job = add(plane, repository, "moved", maxTrialNumber=1)
    assert "has ended before" not in succeeds(running, job, tmp_path / "first")
    run = run_of(running, job)

    edit(repository, "moved", "run.yaml", "cpu: 500m", "cpu: 250m")
    assert "X06" not in foretold(repository)
    job = applied(plane, repository, "moved")
    assert "has ended before" in succeeds(running, job, tmp_path / "again")

    storage = "nni.storage=nfs://10.0.0.2/exports/other"
    fcgitops(repository.parent, "-C", repository, "overlay", "prod", "--set", storage)
    edit(repository, "moved", "experiment.yaml", "path: /exports/nni", "path: /exports/other")
    assert "X06" in foretold(repository)
    job = applied(plane, repository, "moved")
    share, running.share = running.share, tmp_path / "other"
    running.share.mkdir()
    try:
        # It is another run, too; this one, which has ended, runs again for the share alone.
        said = succeeds(running, job, tmp_path / "elsewhere", RUN=run)
        none_left(running)
        (result,) = (running.share / "experiments" / "moved").glob("*.json")
    finally:
        running.share = share
        git(repository, "revert", "--no-edit", "HEAD", "HEAD~1")
    assert "has ended before" not in said
    assert len(json.loads(result.read_text())["trials"]) == 1


def succeeds(running: Pods, job: str, folder: Path, **extra: str) -> str:
    """Run one Pod of a Job after the other, as its backoffLimit lets it; what the last one said.

    NNI ends where its tuner takes longer than 10 seconds to start, as on a busy machine.
    """
    pods = running.get("job", job)["spec"]["backoffLimit"] + 1
    for number in range(pods):
        with running.manager(job, folder / str(number), **extra) as manager:
            if ends(manager) == 0:
                return manager.text()
    pytest.fail(manager.tail(60))


def edit(repository: Path, name: str, file: str, old: str, new: str) -> None:
    """Change a file of an experiment by hand, and commit what follows from it."""
    path = f"experiments/{name}/{file}"
    text = (repository / path).read_text()
    assert old in text
    write(repository, {path: text.replace(old, new)})
    fcgitops(repository.parent, "-C", repository, "nni", "experiment", name)


def run_of(running: Pods, job: str) -> str:
    """The run that a Job is for."""
    (container,) = running.get("job", job)["spec"]["template"]["spec"]["containers"]
    return next(str(one["value"]) for one in container["env"] if one["name"] == "RUN")


def foretold(repository: Path) -> set[str]:
    """The numbers of what `diff` says of the last commit."""
    said, _ = fcgitops(repository.parent, "-C", repository, "diff", "HEAD~1", "--format", "json")
    return {e["id"] for one in json.loads(said)["environments"] for e in one["effects"]}


def applied(plane: ControlPlane, repository: Path, name: str) -> str:
    """Apply an experiment as it is now; its Job."""
    built, _ = fcgitops(repository.parent, "-C", repository, "build", f"experiments/{name}")
    plane.apply(built, "--server-side")
    (job,) = (o["metadata"]["name"] for o in yamls.load_all(built) if o["kind"] == "Job")
    return str(job)


def test_a_pod_that_was_ended_is_started_again_and_one_that_gave_up_is_not(
    plane: ControlPlane, repository: Path, running: Pods
) -> None:
    """What the manager's exit status means for its Job."""
    job = add(plane, repository, "statuses", maxTrialNumber=1)
    first = manager_pod(running, job)
    plane.finish(first, "nni", exit_code=143)
    second = eventually(
        lambda: next((p for p in [manager_pod(running, job)] if p != first), ""), 60, "a second Pod"
    )
    plane.finish(second, "nni", exit_code=1)
    failed = eventually(lambda: conditions(running, job).get("Failed"), 30, "the Job has failed")
    assert failed["reason"] == "PodFailurePolicy"


def test_the_manager_waits_for_frameworkcontroller(
    plane: ControlPlane, repository: Path, running: Pods, tmp_path: Path
) -> None:
    """On a cluster without one it says so and gives up; the same without the right to ask."""
    job = add(plane, repository, "lonely", maxTrialNumber=1)
    plane.kubectl("delete", "rolebinding", "nni-manager", "-n", "nni")
    with running.manager(job, tmp_path, WAIT_SECONDS="1") as manager:
        assert ends(manager) == 1
    assert "waiting for FrameworkController: HTTP Error 403" in manager.text()
    assert "no FrameworkController on this cluster, or no right to use it" in manager.text()
    built, _ = fcgitops(repository.parent, "-C", repository, "build", "prod/nni")
    plane.apply(built, "--server-side")


def test_a_trial_has_the_labels_that_its_framework_asks_for(
    plane: ControlPlane, running: Pods
) -> None:
    """So a policy cannot tell by a label whose trial a Pod is: whoever may create one says it."""
    asked = {"experiment": "anothers", "FC_FRAMEWORK_NAME": "anothers"}
    item = yamls.load(framework("labelled"))
    item["metadata"]["namespace"] = "nni"
    task = item["spec"]["taskRoles"][0]["task"]
    task["pod"]["metadata"] = {"labels": asked}
    task["pod"]["spec"] |= {"serviceAccountName": "nni-trial", "nodeSelector": {"no": "node"}}
    plane.apply(yaml.safe_dump(item), f"--as={MANAGER}")
    (pod,) = eventually(lambda: running.get("pods", "-l", "experiment=anothers"), 60, "its Pod")
    assert pod["metadata"]["labels"]["FC_FRAMEWORK_NAME"] == "labelled"
    plane.kubectl("delete", "framework", "labelled", "-n", "nni")
    none_left(running)


def test_an_experiment_that_nni_gives_up_fails(
    plane: ControlPlane, repository: Path, running: Pods, tmp_path: Path
) -> None:
    """Frameworks over the quota: the experiment is in ERROR, and its manager ends with 1."""
    job = add(plane, repository, "bad", maxTrialNumber=1)
    limit = f'--patch={{"spec":{{"hard":{{"{FRAMEWORKS}":"0"}}}}}}'
    plane.kubectl("patch", "resourcequota", "nni", "-n", "nni", "--type=merge", limit)
    with running.manager(job, tmp_path) as manager:
        assert ends(manager) == 1, manager.tail(60)
    assert "the experiment is in ERROR" in manager.text()
    assert not list((running.share / "experiments" / "bad").glob("*.json"))
    none_left(running)


def ends(manager: Program) -> int:
    """Wait for a program's end; its exit status."""
    eventually(lambda: not manager.alive(), 180, "the manager ends", interval=0.5)
    return manager.stop()


def none_left(running: Pods) -> None:
    """Wait until no Framework is left."""
    eventually(lambda: not running.frameworks(), 30, "no Framework is left")


def manager_pod(running: Pods, job: str) -> str:
    """The Job's Pod that runs, once there is one."""

    def found() -> str:
        pods = running.get("pods", f"--selector=job-name={job}")
        return next((p["metadata"]["name"] for p in pods if p["status"]["phase"] == "Running"), "")

    return eventually(found, 30, f"a Pod of {job}")


def conditions(running: Pods, job: str) -> dict[str, Any]:
    """The Job's conditions by type."""
    return {c["type"]: c for c in running.get("job", job)["status"].get("conditions", [])}
