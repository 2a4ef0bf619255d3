"""Both profiles with both configurations on a real kubelet, in one cluster, one after the other.

The tests of a combination follow each other, as the days of an environment do: each leaves the
cluster in line with Git.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import yamls
from fcgitops.trial.cluster import Cluster
from fcgitops.trial.trial import JOBS, rolled_out
from testbed import health
from testbed.deployed import ENVIRONMENT, NAME, POD, Deployed, completion, retries
from testbed.programs import eventually, stays
from testbed.site import fcgitops

pytestmark = pytest.mark.kind

SETTINGS = """\
workerNumber: 7
frameworkCompletedRetainSec: 5
podFailureSpec:
- code: 1221
  phrase: OurOwnFailure
  type: {attributes: [Permanent]}
  podPatterns:
  - containers:
    - codeRange: {min: 42, max: 42}
"""
EGRESS = "egress.endpoints=[{cidr: 172.16.0.0/12, port: 6443}, {cidr: 10.0.0.0/8, port: 6443}]"
NO_IMAGE = "v9.9.9-never-published"
NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": JOBS}}
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
STOP_SECONDS = 5
WAITING = "until [ -e /tmp/go ]; do sleep 0.2; done"
FRAMEWORKS = ("good", "bad", "again", "running")


@pytest.fixture(scope="class")
def prod(
    request: pytest.FixtureRequest,
    kind_cluster: Cluster,
    kind_images: list[tuple[str, str]],
    task_image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Deployed]:
    """The combination of the class, applied and rolled out; nothing of it is left afterwards."""
    profile, variant = request.cls.profile, request.cls.variant
    folder = tmp_path_factory.mktemp(f"{profile}-{variant}")
    repository = folder / "deploy"
    fcgitops(
        folder, "new", repository, "--no-input", "--profile", profile,
        "--env", f"{ENVIRONMENT}={variant}",
    )  # fmt: skip
    loaded = frozenset(there for _, there in kind_images)
    prod = Deployed(kind_cluster, repository, profile, loaded, task_image)
    if variant == "customized-config":
        (folder / "settings.yaml").write_text(SETTINGS)
        prod.set("--config", folder / "settings.yaml")
    if profile == "hardened":
        prod.set("--set", "egress.mode=cidr", "--set", EGRESS)
    prod.sync()
    prod.wait()
    kind_cluster.kubectl.output("create", "namespace", JOBS)
    yield prod
    prod.trial().remove()


class Combination:
    """What holds for each."""

    profile = ""
    variant = ""
    workers = 0
    """As Git has it, or, without a file in Git, as the image has it."""
    failure: tuple[int, int, str]
    """What a task exits with, and the code and phrase that podFailureSpec has for it."""
    refused: bool
    """Whether its account may not read Secrets."""

    def test_it_runs_under_its_own_account_and_rights(self, prod: Deployed) -> None:
        """It has started once, as the account of the repository, which may do what Git says."""
        assert prod.pod()["spec"]["serviceAccountName"] == NAME
        assert prod.restarts() == 0, prod.last_words()
        user = f"--as=system:serviceaccount:{prod.namespace}:{NAME}"
        kubectl = prod.cluster.kubectl
        watches = ("auth", "can-i", "watch", "frameworks.frameworkcontroller.microsoft.com", "-A")
        eventually(lambda: kubectl.run(*watches, user).status == 0, 20, "it may watch Frameworks")
        answer = kubectl.run("auth", "can-i", "get", "secrets", "-A", user)
        assert (answer.stdout.decode().strip() == "no") == self.refused

    def test_it_has_the_configuration_of_git(self, prod: Deployed) -> None:
        """What it logs is what the overlay's file says, or the image's where there is none."""
        words = f"Running frameworkcontroller with {self.workers} workers"
        eventually(lambda: words in prod.log(), 30, words)

    def test_frameworks_succeed_fail_and_are_retried(self, prod: Deployed) -> None:
        """One succeeds, one fails with the code of a podFailureSpec entry, one is tried again."""
        status, code, phrase = self.failure
        prod.submit("good", "sleep 1")
        prod.submit("bad", f"sleep 1; exit {status}")
        prod.submit("again", "sleep 1; exit $((1 - FC_TASK_ATTEMPT_ID))", retries=1)
        good, bad, again = (prod.completed(name) for name in ("good", "bad", "again"))
        assert completion(good)["code"] == 0
        assert completion(good)["type"]["name"] == "Succeeded"
        assert (completion(bad)["code"], completion(bad)["phrase"]) == (code, phrase)
        assert completion(bad)["type"]["name"] == "Failed"
        assert completion(again)["type"]["name"] == "Succeeded"
        assert [retries(framework) for framework in (good, bad, again)] == [0, 0, 1]

    def test_killing_it_loses_nothing(self, prod: Deployed) -> None:
        """SIGKILL while a Framework runs: the same Pod goes on, and the Framework completes."""
        prod.submit("running", WAITING)
        pod = eventually(
            lambda: (p := prod.task_pod("running")) and p["status"].get("phase") == "Running" and p,
            30, "its task runs",
        )  # fmt: skip
        assert pod
        prod.kill()
        go = ("exec", pod["metadata"]["name"], "--namespace", JOBS, "--", "touch", "/tmp/go")
        prod.cluster.kubectl.output(*go)
        framework = prod.completed("running")
        assert completion(framework)["type"]["name"] == "Succeeded"
        assert retries(framework) == 0
        (role,) = framework["status"]["attemptStatus"]["taskRoleStatuses"]
        (status,) = role["taskStatuses"]
        assert status["attemptStatus"]["podUID"] == pod["metadata"]["uid"]


class Hardened(Combination):
    """What `hardened` promises besides."""

    profile = "hardened"
    refused = True

    def test_its_namespace_refuses_other_pods(self, prod: Deployed) -> None:
        """Pod Security `restricted` is enforced, and the controller's own Pod passes it."""
        path = prod.cluster.folder / "intruder.yaml"
        path.write_text(PRIVILEGED)
        place = ("--namespace", prod.namespace, "--dry-run=server", "--filename", path)
        answer = prod.cluster.kubectl.run("create", *place)
        assert 'violates PodSecurity "restricted' in answer.stderr
        labels = prod.get("namespace", prod.namespace)["metadata"]["labels"]
        assert labels["pod-security.kubernetes.io/enforce"] == "restricted"

    def test_its_network_policies_are_accepted(self, prod: Deployed) -> None:
        """Ingress and egress are as Git has them; nothing is said of their enforcement."""
        found = {p["metadata"]["name"]: p["spec"] for p in prod.get("networkpolicies")}
        assert found[NAME]["policyTypes"] == ["Ingress"]
        assert "ingress" not in found[NAME]
        cidrs = [r["to"][0]["ipBlock"]["cidr"] for r in found[f"{NAME}-egress"]["egress"]]
        assert cidrs == ["172.16.0.0/12", "10.0.0.0/8"]

    def test_it_ends_within_five_seconds_of_sigterm(self, prod: Deployed) -> None:
        """From the deletion of its Pod, which has ten seconds, to its end."""
        start = time.monotonic()
        prod.cluster.kubectl.output("delete", "pod", POD, "--namespace", prod.namespace)
        assert time.monotonic() - start < STOP_SECONDS


class TestHardenedDefaultConfig(Hardened):
    """The configuration that the image ships."""

    variant = "default-config"
    workers = 200
    failure = (141, 141, "ContainerSigPipeReceived")

    def test_a_finished_framework_stays(self, prod: Deployed) -> None:
        """For frameworkCompletedRetainSec of the image, which is 30 days."""
        assert all(prod.framework(name) for name in FRAMEWORKS)

    def test_a_broken_image_is_not_rolled_out_and_its_revert_recovers(self, prod: Deployed) -> None:
        """By `git revert` alone, without a hand on the cluster."""
        good = prod.image()
        prod.set("--set", f"image.tag={NO_IMAGE}")
        prod.sync()
        eventually(lambda: prod.image().endswith(NO_IMAGE), 30, "the Pod has the broken image")
        assert prod.roll_out_status(3).status != 0
        prod.revert()
        prod.sync()
        prod.wait()
        assert prod.image() == good


class TestHardenedCustomizedConfig(Hardened):
    """A file of ours."""

    variant = "customized-config"
    workers = 7
    failure = (42, 1221, "OurOwnFailure")

    def test_a_finished_framework_is_deleted_as_the_file_says(self, prod: Deployed) -> None:
        """After frameworkCompletedRetainSec: 5; by default it stays for 30 days, see above."""
        for name in FRAMEWORKS:
            eventually(lambda name=name: prod.framework(name) is None, 20, f"{name} is deleted")

    def test_a_changed_file_rolls_out(self, prod: Deployed) -> None:
        """Another name of the ConfigMap is another Pod, with the new configuration."""
        uid = prod.pod()["metadata"]["uid"]
        prod.set("--set", "workerNumber=8")
        prod.sync()
        prod.wait()
        assert prod.pod()["metadata"]["uid"] != uid
        assert "Running frameworkcontroller with 8 workers" in prod.log()

    def test_a_file_that_panics_is_never_rolled_out_and_its_revert_recovers(
        self, prod: Deployed
    ) -> None:
        """At no moment of a crash loop do kubectl, Argo CD or Flux take it for rolled out.

        The controller of before is back by `git revert` alone.
        """
        prod.commit("frameworkcontroller.yaml", "workerNumber: 8\n", "workerNumber: 0\n")
        prod.sync()

        def taken_for_good(live: dict[str, Any]) -> bool:
            return rolled_out(live) or health.argocd(live) or health.flux(live)

        with ThreadPoolExecutor() as pool:
            kubectl = pool.submit(prod.roll_out_status, 15)
            assert prod.seen_for(15, taken_for_good) == []
            assert kubectl.result().status != 0
        eventually(lambda: prod.restarts() >= 1, 20, "it was started again")
        assert "panic: Config Validation Failed: WorkerNumber 0" in json.dumps(prod.pod())
        prod.revert()
        prod.sync()
        prod.wait()
        live = prod.stateful_set()
        assert rolled_out(live)
        assert health.argocd(live)
        assert health.flux(live)
        assert "Running frameworkcontroller with 8 workers" in prod.log()


class Upstream(Combination):
    """FrameworkController's own example, with what it does not promise."""

    profile = "upstream"
    refused = False


class TestUpstreamDefaultConfig(Upstream):
    """The configuration that the image ships."""

    variant = "default-config"
    workers = 200
    failure = (141, 141, "ContainerSigPipeReceived")

    def test_a_broken_image_survives_its_revert(self, prod: Deployed) -> None:
        """OrderedReady waits for the broken Pod to get ready (kubernetes/kubernetes#67250)."""
        good = prod.image()
        prod.set("--set", f"image.tag={NO_IMAGE}")
        prod.sync()
        now = ("--grace-period=0", "--force")  # it ignores SIGTERM, which is not the point here
        prod.cluster.kubectl.run("delete", "pod", POD, "--namespace", prod.namespace, *now)
        eventually(lambda: prod.image().endswith(NO_IMAGE), 30, "the Pod has the broken image")
        prod.revert()
        prod.sync()
        assert prod.seen_for(10, rolled_out) == []
        assert prod.image() != good
        wanted = prod.stateful_set()["spec"]["template"]["spec"]["containers"][0]["image"]
        assert wanted == good


class TestUpstreamCustomizedConfig(Upstream):
    """A file of ours."""

    variant = "customized-config"
    workers = 7
    failure = (42, 1221, "OurOwnFailure")

    def test_a_changed_file_does_not_roll_out(self, prod: Deployed) -> None:
        """For kubectl it is rolled out, but the controller goes on with the file of before."""
        uid = prod.pod()["metadata"]["uid"]
        prod.set("--set", "workerNumber=8")
        prod.sync()
        (text,) = prod.get("configmap", "frameworkcontroller-config")["data"].values()
        assert yamls.load(text)["workerNumber"] == 8
        assert prod.roll_out_status(5).status == 0
        stays(lambda: prod.pod()["metadata"]["uid"], 3)
        assert prod.pod()["metadata"]["uid"] == uid
        assert "with 8 workers" not in prod.log()
