"""One environment on a throw-away cluster: applied, rolled out, and a Framework run to its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fcgitops.core.errors import FoundError, Problem
from fcgitops.kubernetes.objects import Object
from fcgitops.manifests import guardrails, overlay
from fcgitops.model.framework import API_VERSION, CRD
from fcgitops.text import yamlio
from fcgitops.text.words import count
from fcgitops.trial import apply_order
from fcgitops.trial.cluster import Cluster
from fcgitops.trial.fit import Fitted
from fcgitops.trial.steps import Steps

JOBS = "fcgitops-kind-test"
"""The namespace of the Framework."""
FRAMEWORK = "hello"
HOLD = "fcgitops.io/kind-test"
"""A finalizer: FrameworkController deletes a Framework frameworkCompletedRetainSec after its end,
which may be at once, and how it ended is wanted."""
SELECTOR = f"app={overlay.NAME}"
INTERVAL = 0.5
ROLL_OUT_TIMEOUT = 300.0
"""Seconds: a node may have to pull the image first."""
FRAMEWORK_TIMEOUT = 180.0
PATIENCE = 40.0
"""Seconds for which something may be wrong with a Pod before it is given up: Kubernetes tries
again by itself, and some of what is wrong at first goes away."""

Look = Callable[[], tuple[bool, str]]
"""Whether it is done, and what is wrong just now."""


@dataclass(frozen=True)
class Trial:
    """An environment, and where it is tried."""

    cluster: Cluster
    name: str
    fitted: Fitted
    steps: Steps

    @property
    def controller(self) -> Object:
        """The StatefulSet."""
        return next(
            o
            for o in self.fitted.objects
            if o["kind"] == "StatefulSet" and o["metadata"]["name"] == overlay.NAME
        )

    @property
    def namespace(self) -> str:
        """Where the controller runs."""
        return str(self.controller["metadata"].get("namespace", "default"))

    def run(self, task_image: str) -> None:
        """All of it.

        Args:
            task_image: what the Framework's task runs; it needs a shell.

        Raises:
            FoundError: the environment does not do what it should.
            ToolError: the cluster does not answer, or refuses an object.
        """
        with self.steps.step(self.name, "apply") as result:
            self.apply()
            result(count(len(self.fitted.objects), "object"))
        with self.steps.step(self.name, "roll-out") as result:
            self.wait_for_roll_out()
            result("ready")
        with self.steps.step(self.name, "Framework") as result:
            self.submit(task_image)
            result(self.wait_for_framework())

    def apply(self) -> None:
        """Applies it as Argo CD or Flux would: server-side, in their order."""
        kubectl = self.cluster.kubectl
        labels = [f"{key}={value}" for key, value in self.fitted.node_labels.items()]
        if labels:
            kubectl.output("label", "nodes", "--all", "--overwrite", *labels)
        first, rest = apply_order.stages(self.fitted.objects)
        self._apply(first)
        for item in first:
            if item["kind"] == "CustomResourceDefinition":
                name = f"crd/{item['metadata']['name']}"
                kubectl.output("wait", "--for=condition=Established", "--timeout=60s", name)
        self._apply(self.fitted.prepared)
        self._apply(rest)

    def _apply(self, objects: list[Object]) -> None:
        if objects:
            self.cluster.kubectl.apply(_documents(objects), "--force-conflicts")

    def wait_for_roll_out(self) -> None:
        """Waits until the StatefulSet is rolled out.

        Raises:
            FoundError: it is not, and will not be.
        """
        kubectl = self.cluster.kubectl

        def look() -> tuple[bool, str]:
            place = ("--namespace", self.namespace)
            live = kubectl.get("statefulset", overlay.NAME, *place)
            if rolled_out(live):
                return True, ""
            pods = kubectl.get("pods", "--selector", SELECTOR, *place)
            return False, complaint(pods)

        self._wait("rolled out", look, ROLL_OUT_TIMEOUT)

    def submit(self, task_image: str) -> None:
        """Submits a Framework, as soon as FrameworkController has made its CRD.

        Raises:
            FoundError: there is no CRD, or the Framework of an environment before this one.
        """
        kubectl = self.cluster.kubectl

        def look() -> tuple[bool, str]:
            crd = kubectl.get("crd", CRD)
            conditions = ((crd or {}).get("status") or {}).get("conditions") or ()
            established = {c["type"]: c["status"] for c in conditions}.get("Established")
            place = ("--selector", SELECTOR, "--namespace", self.namespace)
            return established == "True", "" if crd else complaint(kubectl.get("pods", *place))

        self._wait("known: its CRD is not served", look, FRAMEWORK_TIMEOUT)
        if kubectl.get(
            "framework", FRAMEWORK, "--namespace", JOBS
        ):  # its end would be taken for ours
            raise FoundError(Problem(self.name, f"a Framework {FRAMEWORK} is there already"))
        metadata = {"name": JOBS, "labels": guardrails.ALLOWED}
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
        self._apply([namespace, framework(FRAMEWORK, task_image, hold=True)])

    def wait_for_framework(self) -> str:
        """Waits until the Framework has ended; how it ended.

        Raises:
            FoundError: it did not succeed.
        """
        kubectl = self.cluster.kubectl
        ended = ""

        def look() -> tuple[bool, str]:
            nonlocal ended
            state, ended = outcome(kubectl.get("framework", FRAMEWORK, "--namespace", JOBS))
            if state == "Completed":
                return True, ""
            return False, complaint(kubectl.get("pods", "--namespace", JOBS), needed=False)

        self._wait("completed: the Framework", look, FRAMEWORK_TIMEOUT)
        self._let_go()
        if ended != "Succeeded":
            raise FoundError(Problem(self.name, f"the Framework completed, but {ended}"))
        return f"Completed/{ended}"

    def _let_go(self) -> None:
        place = ("framework", FRAMEWORK, "--namespace", JOBS, "--type=merge")
        self.cluster.kubectl.run("patch", *place, '--patch={"metadata":{"finalizers":null}}')

    def remove(self) -> None:
        """Takes it off the cluster, for the next one; nothing of it is left when this returns.

        The Pods get no time to end: `upstream`'s take all that they are given.
        """
        kubectl = self.cluster.kubectl
        place = ("--namespace", self.namespace)
        now = ("--ignore-not-found", "--wait=false")
        self._let_go()
        kubectl.output("delete", "namespace", JOBS, *now)
        orphan = ("--cascade=orphan", "--ignore-not-found")
        kubectl.output("delete", "statefulset", overlay.NAME, *place, *orphan)
        kubectl.output("delete", "pods", "--selector", SELECTOR, *place, "--grace-period=1")
        everything = _documents([*self.fitted.objects, *self.fitted.prepared])
        gone = ("--ignore-not-found", "--timeout=120s")
        kubectl.output("delete", "--filename", "-", *gone, data=everything, timeout=180)
        kubectl.output("delete", "namespace", JOBS, *gone, timeout=180)
        kubectl.output("delete", "crd", CRD, *gone, timeout=180)

    def _wait(self, what: str, look: Look, timeout: float) -> None:
        """Looks until it is done.

        Raises:
            FoundError: the time is over, or something was wrong for too much of it.
        """
        start = last = time.monotonic()
        suffered, wrong = 0.0, ""
        while True:
            done, bad = look()
            if done:
                return
            now = time.monotonic()
            if bad:
                wrong, suffered = bad, suffered + now - last
            if now - start > timeout or suffered > PATIENCE:
                why = f"; {wrong}" if wrong else ""
                raise FoundError(Problem(self.name, f"after {now - start:.0f} s not {what}{why}"))
            last = now
            self.cluster.kind.interrupts.sleep(INTERVAL)


def rolled_out(stateful_set: Object | None) -> bool:
    """Whether `kubectl rollout status` would say so of a StatefulSet.

    Source: StatefulSetStatusViewer of kubectl, pkg/polymorphichelpers/rollout_status.go. The API
    server gives each StatefulSet a partition, 0 by default, so revisions are not compared.
    """
    if stateful_set is None:
        return False
    wanted, status = stateful_set["spec"].get("replicas", 1), stateful_set.get("status") or {}
    ready = min(status.get("readyReplicas", 0), status.get("updatedReplicas", 0))
    seen = status.get("observedGeneration", 0) >= stateful_set["metadata"]["generation"]
    return bool(seen and ready >= wanted)


def complaint(pods: list[Object] | None, *, needed: bool = True) -> str:
    """What is wrong with the Pods; empty where nothing is, or nothing yet.

    Args:
        pods: as the API server has them.
        needed: whether none of them is wrong, too.
    """
    if not pods:
        return "there is no Pod" if needed else ""
    for pod in pods:
        name, status = pod["metadata"]["name"], pod.get("status") or {}
        for condition in status.get("conditions") or ():
            if condition["type"] == "PodScheduled" and condition["status"] == "False":
                return f"Pod {name}: {condition.get('message') or condition.get('reason')}"
        for container in status.get("containerStatuses") or ():
            waiting: dict[str, Any] = (container.get("state") or {}).get("waiting") or {}
            reason = waiting.get("reason", "")
            if reason not in ("", "ContainerCreating", "PodInitializing"):
                text = (waiting.get("message") or "").strip()
                return f"Pod {name}: {reason}" + (f": {text}" if text else "")
    return ""


def outcome(live: Object | None) -> tuple[str, str]:
    """A Framework's state, such as Completed, and how it ended, such as Succeeded."""
    status = (live or {}).get("status") or {}
    completion = (status.get("attemptStatus") or {}).get("completionStatus") or {}
    return status.get("state", ""), (completion.get("type") or {}).get("name", "")


def framework(
    name: str, image: str, script: str = "sleep 2", *, retries: int = 0, hold: bool = False
) -> Object:
    """A Framework of one task, in the namespace `JOBS`; it ends as its task does.

    Args:
        name: its name.
        image: what the task runs; it needs a shell.
        script: the task, for that shell.
        retries: how often the task is tried again.
        hold: whether it stays, deleted or not, until someone lets it go.
    """
    container = {
        "name": "main",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", script],
    }
    pod = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    role = {
        "name": "task",
        "taskNumber": 1,
        "frameworkAttemptCompletionPolicy": {"minFailedTaskCount": 1, "minSucceededTaskCount": 1},
        "task": {"retryPolicy": {"fancyRetryPolicy": False, "maxRetryCount": retries}, "pod": pod},
    }
    never = {"fancyRetryPolicy": False, "maxRetryCount": 0}
    metadata: dict[str, Any] = {"name": name, "namespace": JOBS}
    if hold:
        metadata["finalizers"] = [HOLD]
    return {
        "apiVersion": API_VERSION,
        "kind": "Framework",
        "metadata": metadata,
        "spec": {"executionType": "Start", "retryPolicy": never, "taskRoles": [role]},
    }


def _documents(objects: list[Object]) -> bytes:
    return "---\n".join(map(yamlio.dump, objects)).encode()
