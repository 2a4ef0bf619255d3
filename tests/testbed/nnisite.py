"""NNI experiments of a generated repository on a kind cluster, and what becomes of them there."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fcgitops.manifests.nni_environment import MANAGER
from fcgitops.model.experiment import IMAGE

from testbed.deployed import ENVIRONMENT, Deployed
from testbed.nfsstandin import Share
from testbed.site import fcgitops

NAMESPACE = "nni"
SMALL = {
    # A node of 2 CPUs has less than one beside the control plane, and NNI's cpuNumber is whole.
    "cpuNumber: 1": "cpuNumber: 0",
    "memorySize: 2gb": "memorySize: 1gb",
    "maxTrialNumber: 10": "maxTrialNumber: 2",
}
"""Changes of a new experiment.yaml: two trials at once on a small node."""


@dataclass
class Site:
    """An environment with NNI.

    Attributes:
        prod: the environment.
        share: what stands for its NFS share.
        image: what managers and trials run.
    """

    prod: Deployed
    share: Share
    image: str

    def add(self, name: str) -> str:
        """Scaffold a small experiment and apply it; its Job."""
        home, root = self.prod.repository.parent, self.prod.repository
        fcgitops(home, "-C", root, "nni", "experiment", name, "--env", ENVIRONMENT)
        folder = root / "experiments" / name
        edit(
            folder / "experiment.yaml",
            SMALL | {f"dockerImage: {IMAGE}": f"dockerImage: {self.image}"},
        )
        edit(
            folder / "run.yaml",
            {f"image: {IMAGE}": f"image: {self.image}", "cpu: 500m": "cpu: 100m"},
        )
        fcgitops(home, "-C", root, "nni", "experiment", name)
        self.apply(f"experiments/{name}")
        (job,) = self.all("jobs", f"--selector=experiment={name}")
        return str(job["metadata"]["name"])

    def apply(self, name: str) -> None:
        """Apply something of the repository, as Argo CD or Flux would."""
        root = self.prod.repository
        built, _ = fcgitops(root.parent, "-C", root, "build", name)
        self.prod.cluster.kubectl.apply(built.encode())

    def get(self, *arguments: str) -> Any:
        """`kubectl get` in the experiments' namespace."""
        return self.prod.cluster.kubectl.get(*arguments, f"--namespace={NAMESPACE}")

    def delete(self, kind: str, name: str) -> None:
        """`kubectl delete`, which waits until it is gone."""
        self.prod.cluster.kubectl.output("delete", kind, name, f"--namespace={NAMESPACE}")

    def all(self, kind: str, *arguments: str) -> list[dict[str, Any]]:
        """The objects of a kind, of which there may be none."""
        return self.get(kind, *arguments) or []

    def pods(self, job: str) -> list[dict[str, Any]]:
        """The Job's Pods."""
        return self.all("pods", f"--selector=job-name={job}")

    def trials(self) -> list[dict[str, Any]]:
        """The trials' Pods: FrameworkController labels each with its Framework."""
        return self.all("pods", "--selector=FC_FRAMEWORK_NAME")

    def log(self, pod: dict[str, Any], container: str = MANAGER) -> str:
        """What a container has said; nothing where it has not started."""
        place = (f"--container={container}", f"--namespace={NAMESPACE}")
        answer = self.prod.cluster.kubectl.run("logs", pod["metadata"]["name"], *place)
        return answer.stdout.decode(errors="replace")

    def conditions(self, job: str) -> dict[str, str]:
        """The Job's conditions that are true, and why."""
        conditions = self.get("job", job)["status"].get("conditions", [])
        return {c["type"]: c.get("reason", "") for c in conditions if c["status"] == "True"}

    def events(self, pod: dict[str, Any]) -> dict[str, str]:
        """Reason → message of a Pod's events."""
        about = f"--field-selector=involvedObject.uid={pod['metadata']['uid']}"
        return {event["reason"]: event["message"] for event in self.all("events", about)}


@dataclass
class Run:
    """What was seen of an experiment until its end.

    Attributes:
        name: the experiment's.
        job: its Job.
        trials: each trial Pod, as it was seen last.
        barriers: what their init containers have said.
        shown: which run the API behind the manager's page has shown, through its Service.
        mounts: how many of the share there were at once.
        seconds: how long it took.
    """

    name: str
    job: str
    trials: dict[str, dict[str, Any]] = field(default_factory=dict)
    barriers: dict[str, str] = field(default_factory=dict)
    shown: str = ""
    mounts: int = 0
    seconds: float = 0

    def look(self, site: Site) -> bool:
        """Look once; whether the Job has ended."""
        for pod in site.trials():
            name = pod["metadata"]["name"]
            self.trials[name] = pod
            if name not in self.barriers and barrier_status(pod):
                self.barriers[name] = site.log(pod, "frameworkbarrier")
        self.mounts = max(self.mounts, site.share.mounts())
        if not self.shown:
            path = f"/api/v1/namespaces/{NAMESPACE}/services/{self.name}-ui:ui/proxy/api/v1/nni"
            answer = site.prod.cluster.kubectl.run("get", "--raw", f"{path}/experiment")
            with suppress(ValueError):  # in its first moments it answers with its page
                self.shown = json.loads(answer.stdout or "{}").get("id", "")
        return bool({"Complete", "Failed"} & site.conditions(self.job).keys())


def barrier_status(pod: dict[str, Any]) -> dict[str, Any]:
    """How a trial Pod's init container has ended; empty while it has not."""
    (status,) = pod["status"].get("initContainerStatuses") or [{}]
    found: dict[str, Any] = status.get("state", {}).get("terminated") or {}
    return found


def edit(path: Path, changes: dict[str, str]) -> None:
    """Change a file, as its user does."""
    text = path.read_text(encoding="utf-8")
    for old, new in changes.items():
        assert text.count(old) == 1, (old, text)
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
