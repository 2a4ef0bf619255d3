"""A generated repository's environment on a kind cluster, and what a person would look at there."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fcgitops.programs import kustomize
from fcgitops.programs.process import Result
from fcgitops.text import yamlio
from fcgitops.trial import fit, trial
from fcgitops.trial.cluster import Cluster
from fcgitops.trial.steps import Steps
from fcgitops.trial.trial import JOBS, Trial
from gitenv import git

from testbed.programs import eventually
from testbed.site import fcgitops

NAME = "frameworkcontroller"
ENVIRONMENT = "prod"
POD = f"{NAME}-0"
PROCESS = NAME[:15]
"""As far as the kernel keeps a process's name."""


@dataclass(frozen=True)
class Deployed:
    """The environment `prod` of a repository, where it runs, and how it is asked.

    Attributes:
        cluster: a kind cluster.
        repository: the engineer's clone.
        profile: hardened or upstream.
        loaded: the images that the cluster's nodes have been given.
        task: the image of the Frameworks' tasks.
    """

    cluster: Cluster
    repository: Path
    profile: str
    loaded: frozenset[str]
    task: str

    @property
    def namespace(self) -> str:
        """Where the controller runs."""
        return NAME if self.profile == "hardened" else "default"

    def set(self, *arguments: str | Path) -> None:
        """`fcgitops overlay prod ARGUMENTS…`, which commits."""
        home = self.repository.parent
        fcgitops(home, "-C", self.repository, "overlay", ENVIRONMENT, *arguments)

    def commit(self, file: str, old: str, new: str) -> None:
        """Change one file of the environment by hand, and commit."""
        path = self.repository / "overlays" / ENVIRONMENT / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
        git(self.repository, "commit", "-qam", f"{file}: {new.strip()}")

    def revert(self) -> None:
        """`git revert` of the last commit."""
        git(self.repository, "revert", "--no-edit", "HEAD")

    def trial(self) -> Trial:
        """The environment as Git has it now."""
        rendered = kustomize.find().build(self.repository / "overlays" / ENVIRONMENT)
        objects = [o for o in yamlio.load_all(rendered) if o]
        fitted = fit.fit(objects, self.cluster.kinds(), self.loaded)
        return Trial(self.cluster, ENVIRONMENT, fitted, Steps())

    def sync(self) -> None:
        """Apply it as Argo CD or Flux would."""
        self.trial().apply()

    def wait(self) -> None:
        """Until it is rolled out, as kubectl sees it."""
        result = self.roll_out_status(90)
        assert result.status == 0, result.stderr + json.dumps(self.pod().get("status"), indent=1)

    def roll_out_status(self, seconds: int) -> Result:
        """`kubectl rollout status`, for so long."""
        place = ("--namespace", self.namespace, f"--timeout={seconds}s")
        return self.cluster.kubectl.run("rollout", "status", f"statefulset/{NAME}", *place)

    def get(self, *arguments: str) -> Any:
        """`kubectl get` in the controller's namespace."""
        return self.cluster.kubectl.get(*arguments, "--namespace", self.namespace)

    def stateful_set(self) -> dict[str, Any]:
        """The StatefulSet as the API server has it."""
        found: dict[str, Any] = self.get("statefulset", NAME)
        return found

    def pod(self) -> dict[str, Any]:
        """The controller's Pod; empty where there is none."""
        return self.get("pod", POD) or {}

    def image(self) -> str:
        """The image that its Pod is to run; empty where there is no Pod."""
        pod = self.pod()
        return str(pod["spec"]["containers"][0]["image"]) if pod else ""

    def restarts(self) -> int:
        """How often its container has been started again."""
        statuses = self.pod().get("status", {}).get("containerStatuses") or [{}]
        return int(statuses[0].get("restartCount", 0))

    def log(self) -> str:
        """What its container has said since it was started."""
        return self.cluster.kubectl.output("logs", POD, "--namespace", self.namespace)

    def last_words(self) -> str:
        """What its container said before it was last started again."""
        place = ("--namespace", self.namespace, "--tail=20")
        return self.cluster.kubectl.run("logs", POD, "--previous", *place).stdout.decode()

    def kill(self) -> None:
        """SIGKILL for the controller's process, of which the kubelet starts another."""
        before = self.restarts()
        (node,) = self.cluster.kind.nodes(self.cluster.name)
        execute = self.cluster.kind.containers.execute
        assert execute(node, "pkill", "-KILL", "-x", PROCESS).status == 0
        eventually(lambda: self.restarts() > before, 30, "the kubelet has started it again")

    def submit(self, name: str, script: str, retries: int = 0) -> None:
        """Submit a Framework of one task."""
        framework = trial.framework(name, self.task, script, retries=retries)
        self.cluster.kubectl.apply(yamlio.dump(framework).encode())

    def framework(self, name: str) -> dict[str, Any] | None:
        """A Framework; None once it is deleted."""
        found: dict[str, Any] | None = self.cluster.kubectl.get(
            "framework", name, "--namespace", JOBS
        )
        return found

    def task_pod(self, name: str) -> dict[str, Any] | None:
        """The Pod of a Framework's task."""
        label = f"FC_FRAMEWORK_NAME={name}"
        found = self.cluster.kubectl.get("pods", "--selector", label, "--namespace", JOBS)
        return found[0] if found else None

    def completed(self, name: str) -> dict[str, Any]:
        """The Framework, once it has completed."""
        framework = eventually(
            lambda: (f := self.framework(name)) and trial.outcome(f)[0] == "Completed" and f,
            60,
            f"{name} completes",
            interval=0.3,
        )
        assert framework
        return framework

    def seen_for(self, seconds: float, sees: Callable[[dict[str, Any]], bool]) -> list[float]:
        """When, in so many seconds, the StatefulSet looked like that."""
        start = time.monotonic()
        found = []
        while (now := time.monotonic() - start) < seconds:
            if sees(self.stateful_set()):
                found.append(now)
            time.sleep(0.1)
        return found


def completion(framework: dict[str, Any]) -> dict[str, Any]:
    """How the last attempt of a Framework's one task ended: code, phrase, type."""
    (role,) = framework["status"]["attemptStatus"]["taskRoleStatuses"]
    (task,) = role["taskStatuses"]
    found: dict[str, Any] = task["attemptStatus"]["completionStatus"]
    return found


def retries(framework: dict[str, Any]) -> int:
    """How often the one task was tried again."""
    (role,) = framework["status"]["attemptStatus"]["taskRoleStatuses"]
    (task,) = role["taskStatuses"]
    return int(task["retryPolicyStatus"]["totalRetriedCount"])
