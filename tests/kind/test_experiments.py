"""NNI experiments on a real kubelet: `make kind-test NNI=1`.

FrameworkController runs as in a generated repository, and all manifests are what the repository
renders and what NNI makes of its experiment. Two things stand in for what a machine without NFS
and without an image registry has not: `testbed.nfsstandin` and `testbed.registry`.

The tests follow each other, as the days of an experiment do.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fcgitops.manifests.nni_environment import TRIAL
from fcgitops.model.experiment import IMAGE
from fcgitops.trial import diagnosis
from fcgitops.trial.cluster import Cluster
from fcgitops.trial.steps import Steps
from gitenv import git
from testbed import registry
from testbed.deployed import ENVIRONMENT, Deployed
from testbed.kindcluster import setting
from testbed.nfsstandin import Share
from testbed.nnisite import NAMESPACE, Run, Site, barrier_status
from testbed.programs import eventually
from testbed.site import fcgitops

pytestmark = [pytest.mark.kind, pytest.mark.nni]

SERVER, EXPORT = "nfs.example.com", "/exports/nni"
BARRIER = "frameworkcontroller/frameworkbarrier"
"""The image of each trial Pod's init container: NNI knows no other, and gives it no tag."""
ACCOUNT = f"--as=system:serviceaccount:{NAMESPACE}:{TRIAL}"
PRIVILEGED = """\
apiVersion: v1
kind: Pod
metadata: {name: intruder}
spec:
  containers:
  - name: main
    image: nothing
    securityContext: {privileged: true}
"""
WATCHED = 12
"""Seconds for which nothing may become of an experiment whose share cannot be mounted."""


@pytest.fixture(scope="module")
def site(
    request: pytest.FixtureRequest,
    kind_cluster: Cluster,
    kind_images: list[tuple[str, str]],
    task_image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """A new repository's environment with NNI, applied and rolled out.

    Where something fails, what the cluster has to say of it is printed.
    """
    cluster, image = kind_cluster, setting("NNI_IMAGE", IMAGE)
    engine = cluster.kind.containers
    if engine.tags(image):
        cluster.load([(image, image)], Steps())
    if engine.tags(BARRIER):
        registry.serve(cluster, BARRIER, image)
    share = Share(cluster, f"{SERVER}:{EXPORT}")
    share.export()
    folder = tmp_path_factory.mktemp("nni")
    root = folder / "deploy"
    fcgitops(folder, "new", root, "--no-input", "--profile", "hardened", "--env", ENVIRONMENT)
    git(root, "config", "user.name", "Ada")
    git(root, "config", "user.email", "ada@example.com")
    place = f"nfs://{SERVER}{EXPORT}"
    fcgitops(folder, "-C", root, "nni", "enable", ENVIRONMENT, "--storage", place)
    loaded = frozenset(there for _, there in kind_images)
    site = Site(Deployed(cluster, root, "hardened", loaded, task_image), share, image)
    site.prod.sync()
    site.apply(f"{ENVIRONMENT}/nni")
    site.prod.wait()
    before = request.session.testsfailed
    yield site
    if request.session.testsfailed > before:
        diagnosis.tell(cluster.kubectl, [NAMESPACE])


@pytest.fixture(scope="module")
def good(site: Site) -> Run:
    """An experiment of two trials that has ended."""
    start = time.monotonic()
    run = Run("good", site.add("good"))
    eventually(lambda: run.look(site), 180, "the experiment ends", interval=0.3)
    run.seconds = time.monotonic() - start
    return run


def result(site: Site, name: str) -> dict[str, Any]:
    """The result that the manager has written to the share."""
    (path,) = site.share.files(f"experiments/{name}/*.json")
    found: dict[str, Any] = json.loads(site.share.read(path))
    return found


def test_an_experiment_runs_to_its_end(site: Site, good: Run, tmp_path: Path) -> None:
    """Two trials succeed; the best is told by log and Pod, and kept on the share."""
    assert site.conditions(good.job).keys() >= {"Complete"}
    (pod,) = site.pods(good.job)
    found = result(site, "good")
    best = found["best"]
    assert len(found["trials"]) == 2
    assert best["value"] == max(trial["value"] for trial in found["trials"])
    x, y = best["parameters"]["x"], best["parameters"]["y"]
    assert best["value"] == pytest.approx(-(x**2) / y)
    (status,) = pod["status"]["containerStatuses"]
    assert status["state"]["terminated"]["exitCode"] == 0
    assert json.loads(status["state"]["terminated"]["message"]) == best
    assert f"best: {json.dumps(best)}" in site.log(pod)
    site.share.copy(f"experiments/good/{found['run']}/db", tmp_path / "db")
    with sqlite3.connect(tmp_path / "db" / "nni.sqlite") as database:
        rows = database.execute("SELECT trialJobId FROM TrialJobEvent WHERE event = 'SUCCEEDED'")
        assert {row[0] for row in rows} == {trial["id"] for trial in found["trials"]}
    print(f"the experiment took {good.seconds:.0f} s")


def test_its_trials_are_what_nni_makes_and_have_an_account_of_their_own(
    site: Site, good: Run
) -> None:
    """FrameworkBarrier runs as the trials' account, which may get Frameworks and nothing else."""
    assert len(good.trials) == 2
    for name, pod in good.trials.items():
        assert pod["spec"]["serviceAccountName"] == TRIAL
        (barrier,) = pod["spec"]["initContainers"]
        assert (barrier["image"], barrier["imagePullPolicy"]) == (BARRIER, "Always")
        assert barrier_status(pod)["exitCode"] == 0
        assert "BarrierSucceeded" in good.barriers[name]
        assert "forbidden" not in good.barriers[name]
        shares = [v["nfs"] for v in pod["spec"]["volumes"] if "nfs" in v]
        assert shares == [{"server": SERVER, "path": EXPORT}]
    assert good.mounts == 3
    kubectl = site.prod.cluster.kubectl
    answer = kubectl.output("auth", "can-i", "--list", ACCOUNT, f"--namespace={NAMESPACE}")
    rows = [re.split(r" {2,}", line) for line in answer.splitlines()[1:]]
    granted = [row for row in rows if "frameworkcontroller" in row[0] or "*" in row[-1]]
    assert [(row[0], row[-1]) for row in granted] == [
        ("frameworks.frameworkcontroller.microsoft.com", "[get]")
    ]


def test_the_guide_says_how_to_read_it(site: Site, good: Run) -> None:
    """The commands of docs/nni.md that take a kubelet, typed as they stand there."""
    guide = (Path(__file__).resolve().parents[2] / "docs" / "nni.md").read_text(encoding="utf-8")
    text = re.sub(r"\\\n\s*", "", guide).replace("experiment=first", "experiment=good")
    typed = re.findall(r"^\$ (kubectl .*--selector .*)$", text, flags=re.M)
    assert len(typed) == 2
    best = json.dumps(result(site, "good")["best"])
    for command in typed:
        env = os.environ | {"KUBECONFIG": str(site.prod.cluster.kubeconfig)}
        done = subprocess.run(["sh", "-c", command], env=env, capture_output=True, text=True,
                              check=True)  # fmt: skip
        assert best in done.stdout


def test_its_page_is_behind_its_service(site: Site, good: Run) -> None:
    """The Service leads to where the manager's page and its API are, of this very run."""
    assert good.shown == result(site, "good")["run"]


def test_its_namespace_refuses_privileged_pods(site: Site, good: Run) -> None:
    """Pod Security `baseline` is enforced: trials and their manager have passed it."""
    path = site.prod.cluster.folder / "intruder.yaml"
    path.write_text(PRIVILEGED)
    place = (f"--namespace={NAMESPACE}", "--dry-run=server", "--filename", path)
    answer = site.prod.cluster.kubectl.run("create", *place)
    assert 'violates PodSecurity "baseline' in answer.stderr


def test_what_has_ended_is_not_run_again(site: Site, good: Run) -> None:
    """A Job that someone has deleted is applied again, finds its result and ends at once."""
    before = result(site, "good")
    site.delete("job", good.job)
    again = Run("good", good.job)
    site.apply("experiments/good")
    eventually(lambda: again.look(site), 60, "the Job ends", interval=0.3)
    assert "Complete" in site.conditions(good.job)
    (pod,) = site.pods(good.job)
    assert f"the run {before['run']} has ended before" in site.log(pod)
    assert again.trials.keys() <= good.trials.keys()  # which take their time to go
    assert site.all("frameworks") == []
    assert result(site, "good") == before


def test_nothing_is_left_but_its_result(site: Site, good: Run) -> None:
    """No Framework, no trial Pod, and the kubelet has unmounted the share.

    A trial's Pod takes the 30 seconds that it has: its shell does not hear SIGTERM.
    """
    eventually(lambda: not site.all("frameworks"), 60, "no Framework is left")
    eventually(lambda: not site.trials(), 60, "no trial is left")
    eventually(lambda: site.share.mounts() == 0, 60, "nothing is mounted")


def test_a_share_that_cannot_be_written_is_told(site: Site) -> None:
    """As root_squash may leave it: the Job fails once, and its Pod says why."""
    with site.share.squashed():
        job = site.add("squashed")
        eventually(lambda: "Failed" in site.conditions(job), 60, "the Job fails")
    assert site.conditions(job)["Failed"] == "PodFailurePolicy"
    (pod,) = site.pods(job)
    (status,) = pod["status"]["containerStatuses"]
    message = status["state"]["terminated"].get("message", "")
    assert "cannot write to the share: [Errno 13] Permission denied" in message
    assert "Traceback" not in site.log(pod)


def test_an_experiment_waits_for_its_share(site: Site) -> None:
    """Without it the Pod waits, an event says why, and nothing fails or is started again.

    It runs as soon as the share is there. The kubelet tries again after twice as long each time.
    """
    with site.share.lost():
        job = site.add("lost")
        (pod,) = eventually(lambda: site.pods(job), 30, "a Pod")
        event = eventually(lambda: site.events(pod).get("FailedMount"), 60, "the event")
        assert 'MountVolume.SetUp failed for volume "share"' in event
        assert f"mounting {SERVER}:{EXPORT} failed" in event
        start = time.monotonic()
        while time.monotonic() - start < WATCHED:
            (now,) = site.pods(job)
            assert same(now, pod)
            assert now["status"]["phase"] == "Pending"
            (status,) = now["status"]["containerStatuses"]
            assert status["state"]["waiting"]["reason"] == "ContainerCreating"
            assert status["restartCount"] == 0
            assert site.conditions(job) == {}
            time.sleep(1)
    eventually(lambda: site.all("frameworks"), 150, "a trial's Framework", interval=0.5)


def test_a_pod_that_is_deleted_is_followed_by_one_that_goes_on(site: Site) -> None:
    """As when its node is drained: it deletes its Frameworks, and the next one resumes the run."""
    (job,) = site.all("jobs", "--selector=experiment=lost")
    (first,) = site.pods(job["metadata"]["name"])
    before = {one["metadata"]["name"] for one in site.all("frameworks")}
    assert before
    site.delete("pod", first["metadata"]["name"])
    assert before.isdisjoint(one["metadata"]["name"] for one in site.all("frameworks"))
    name = job["metadata"]["name"]
    second = eventually(
        lambda: next((pod for pod in site.pods(name) if not same(pod, first)), None),
        30,
        "a second Pod",
    )
    assert second
    eventually(lambda: "Resume the experiment" in site.log(second), 60, "it goes on")


def test_a_job_that_is_deleted_leaves_nothing_behind(site: Site) -> None:
    """Its manager ends the trials first, and has no result to keep."""
    eventually(lambda: site.all("frameworks"), 60, "a trial's Framework", interval=0.5)
    (job,) = site.all("jobs", "--selector=experiment=lost")
    site.delete("job", job["metadata"]["name"])
    eventually(lambda: not site.pods(job["metadata"]["name"]), 90, "the manager ends")
    eventually(lambda: not site.all("frameworks"), 10, "no Framework is left")
    assert site.share.files("experiments/lost/*.json") == []


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two are the same object, and not only of the same name."""
    return bool(one["metadata"]["uid"] == other["metadata"]["uid"])
