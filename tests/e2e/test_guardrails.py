"""components/guardrails/ on a real API server, with the real FrameworkController.

Each rule has a case that it allows and one that it refuses, for the account that it binds.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
import yamls
from testbed.controller import framework_controller
from testbed.controlplane import ControlPlane, control_plane
from testbed.programs import environment, eventually
from testbed.site import fcgitops

pytestmark = pytest.mark.cluster

CRD = Path(__file__).resolve().parents[2] / "{{cookiecutter.repo_slug}}/components/crd/crd.yaml"
KIND = "frameworks.frameworkcontroller.microsoft.com"
CONTROLLER = "system:serviceaccount:frameworkcontroller:frameworkcontroller"
TEAM = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: team-a
resources:
- ../../components/guardrails/team
patches:
- target: {kind: ResourceQuota}
  patch: |-
    - op: replace
      path: /spec/hard/pods
      value: "2"
- target: {kind: Namespace}
  patch: |-
    - op: replace
      path: /metadata/annotations/fcgitops.io~1service-accounts
      value: default, runner
"""
"""As README.md shows it."""
OTHERS = """\
apiVersion: v1
kind: Namespace
metadata: {name: unlabelled, labels: {pod-security.kubernetes.io/enforce: baseline}}
---
apiVersion: v1
kind: Namespace
metadata: {name: unenforced, labels: {fcgitops.io/frameworks: allowed}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: runner, namespace: team-a}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: powerful, namespace: team-a}
"""


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A cluster with an environment that has the guardrails, and a team's namespace."""
    folder = tmp_path_factory.mktemp("repository")
    repository = folder / "deploy"
    fcgitops(folder, "new", repository, "--no-input", "--env", "prod")
    fcgitops(folder, "-C", repository, "overlay", "prod", "--set", "components=[guardrails]")
    team = repository / "teams" / "a"
    team.mkdir(parents=True)
    (team / "kustomization.yaml").write_text(TEAM)
    with control_plane(tmp_path_factory.mktemp("plane"), crds=CRD.read_text()) as plane:
        plane.apply(fcgitops(folder, "-C", repository, "build", "prod")[0], "--server-side")
        built = subprocess.run(["kustomize", "build", team], env=environment(folder), check=True,
                               capture_output=True, text=True).stdout  # fmt: skip
        plane.apply(built, "--server-side")
        plane.apply(OTHERS)
        bind = ("create", "rolebinding", "submitters", "--role=framework-submitter")
        plane.kubectl("-n", "team-a", *bind, "--user=ada")
        # Submitters of other namespaces, so that RBAC is not what refuses.
        for namespace in ("unlabelled", "unenforced"):
            plane.kubectl("-n", namespace, "create", "role", "framework-submitter",
                          "--verb=*", f"--resource={KIND}")  # fmt: skip
            plane.kubectl("-n", namespace, *bind, "--user=ada")
        eventually(
            lambda: tried(plane, CONTROLLER, pod(namespace="unlabelled")),
            30, "the API server has taken the policies into account",
        )  # fmt: skip
        yield plane


def tried(plane: ControlPlane, user: str, thing: dict[str, Any]) -> str:
    """Why the API server would not let `user` create it; empty where it would."""
    done = subprocess.run(
        ["kubectl", f"--kubeconfig={plane.kubeconfig}", f"--as={user}", "create",
         "--dry-run=server", "-f", "-"],
        env=environment(plane.folder), input=yaml.safe_dump(thing), capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.stderr if done.returncode else ""


def pod(namespace: str = "team-a", **spec: Any) -> dict[str, Any]:
    """A Pod as FrameworkController makes one."""
    spec = {"containers": [{"name": "main", "image": "nothing"}]} | spec
    metadata = {"name": "task", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def framework(name: str = "job", namespace: str = "team-a", **spec: Any) -> dict[str, Any]:
    """A Framework of one task."""
    never = {"fancyRetryPolicy": False, "maxRetryCount": 0}
    task = {"retryPolicy": never, "pod": {"spec": {"restartPolicy": "Never"} | pod(**spec)["spec"]}}
    role = {
        "name": "worker",
        "taskNumber": 1,
        "frameworkAttemptCompletionPolicy": {"minFailedTaskCount": 1, "minSucceededTaskCount": 1},
        "task": task,
    }
    return {
        "apiVersion": "frameworkcontroller.microsoft.com/v1",
        "kind": "Framework",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"executionType": "Start", "retryPolicy": never, "taskRoles": [role]},
    }


def config_map(namespace: str) -> dict[str, Any]:
    """A ConfigMap as FrameworkController makes one."""
    metadata = {"name": "job-attempt", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


def definition(name: str) -> dict[str, Any]:
    """A CustomResourceDefinition called so."""
    crd: dict[str, Any] = yamls.load(CRD.read_text())
    plural, _, group = name.partition(".")
    crd["metadata"]["name"] = name
    crd["spec"]["group"] = group
    crd["spec"]["names"] = {"plural": plural, "kind": "Thing", "singular": "thing"}
    return crd


@dataclass(frozen=True)
class Case:
    """What `user` tries to make, and what the API server says to it; "" where it is allowed."""

    user: str
    thing: dict[str, Any]
    answer: str = ""


NOT_LABELLED = "labelled fcgitops.io/frameworks=allowed only"
NOT_ENFORCED = "where the label pod-security.kubernetes.io/enforce is baseline or restricted"
NOT_NAMED = "may run only as a ServiceAccount that its namespace's annotation"
NOT_ITS_OWN = "makes its own CustomResourceDefinition only"
NOT_SO_URGENT = "no Pod of a Framework has one of the cluster's own priorities"
NOT_THEIRS = "only FrameworkController writes the status of a Framework"
CASES = {
    "the controller's Pod": Case(CONTROLLER, pod()),
    "… as an account that is named": Case(CONTROLLER, pod(serviceAccountName="runner")),
    "… as another account": Case(CONTROLLER, pod(serviceAccountName="powerful"), NOT_NAMED),
    "… as another account, by its old name": Case(
        CONTROLLER, pod(serviceAccount="powerful"), NOT_NAMED),
    "… of the host": Case(CONTROLLER, pod(hostNetwork=True), 'violates PodSecurity "baseline'),
    "… with a folder of its node": Case(
        CONTROLLER, pod(volumes=[{"name": "etc", "hostPath": {"path": "/etc"}}]),
        'violates PodSecurity "baseline'),
    "… before the cluster's own": Case(
        CONTROLLER, pod(priorityClassName="system-node-critical"), NOT_SO_URGENT),
    "… elsewhere": Case(CONTROLLER, pod("unlabelled"), NOT_LABELLED),
    "… in kube-system": Case(CONTROLLER, pod("kube-system"), NOT_LABELLED),
    "… where nothing is enforced": Case(CONTROLLER, pod("unenforced"), NOT_ENFORCED),
    "its ConfigMap": Case(CONTROLLER, config_map("team-a")),
    "… elsewhere ": Case(CONTROLLER, config_map("unlabelled"), NOT_LABELLED),
    "a CRD that is not its own": Case(
        CONTROLLER, definition("things.example.com"), NOT_ITS_OWN),
    "another's Pod": Case("admin", pod("unlabelled")),
    "a Framework": Case("ada", framework()),
    "… as an account that is named ": Case("ada", framework(serviceAccountName="runner")),
    "… as another account ": Case("ada", framework(serviceAccountName="powerful"), NOT_NAMED),
    "… by its old name": Case("ada", framework(serviceAccount="powerful"), NOT_NAMED),
    "… as none": Case("ada", framework(serviceAccountName="")),
    "… as none, by its old name": Case(
        "ada", framework(serviceAccountName="", serviceAccount="powerful"), NOT_NAMED),
    "… as a number": Case("ada", framework(serviceAccountName=7), NOT_NAMED),
    "… as null": Case("ada", framework(serviceAccountName=None)),
    "… of no Pod": Case("ada", framework() | {"spec": {"executionType": "Start"}}),
    "… of nothing": Case("ada", {k: v for k, v in framework().items() if k != "spec"}),
    "… before the cluster's own ": Case(
        "ada", framework(priorityClassName="system-cluster-critical"), NOT_SO_URGENT),
    "… that is over already": Case(
        "ada", framework() | {"status": {"state": "AttemptCompleted"}}, NOT_THEIRS),
    "… elsewhere  ": Case("ada", framework(namespace="unlabelled"), NOT_LABELLED),
    "… where nothing is enforced ": Case("ada", framework(namespace="unenforced"), NOT_ENFORCED),
    "a submitter's own Pod": Case("ada", pod(), 'cannot create resource "pods"'),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_what_is_allowed_and_what_is_refused(plane: ControlPlane, case: Case) -> None:
    """Each rule, tried by the account that it binds; others are left alone."""
    plane.kubectl("create", "clusterrolebinding", "admin", "--clusterrole=cluster-admin",
                  "--user=admin", status=None)  # fmt: skip
    answer = tried(plane, case.user, case.thing)
    assert case.answer in answer
    assert bool(case.answer) == bool(answer), answer


def test_a_framework_may_change_but_not_beyond_its_bounds(plane: ControlPlane) -> None:
    """Nor may one that stood there before the bounds keep anybody from labelling or deleting it."""
    plane.apply(yaml.safe_dump(framework("changed")), "--as=ada")
    target = ("framework", "changed", "-n", "team-a", "--as=ada")
    plane.kubectl("label", *target, "team=a")
    account = "/spec/taskRoles/0/task/pod/spec/serviceAccountName"
    for name, status in (("runner", 0), ("powerful", 1)):
        patch = f'[{{"op": "add", "path": "{account}", "value": "{name}"}}]'
        plane.kubectl("patch", *target, "--type=json", f"--patch={patch}", status=status)
    forged = '--patch={"status": {"state": "AttemptCompleted"}}'
    plane.kubectl("patch", *target, "--type=merge", forged, status=1)
    plane.kubectl("annotate", "namespace", "team-a", "--overwrite",
                  "fcgitops.io/service-accounts=default")  # fmt: skip
    eventually(lambda: tried(plane, CONTROLLER, pod(serviceAccountName="runner")), 30, "it is seen")
    plane.kubectl("label", *target, "team=b", "--overwrite")
    plane.kubectl("delete", *target)


def state(plane: ControlPlane, name: str, namespace: str = "team-a") -> str:
    """The state of a Framework; empty while FrameworkController has not written any."""
    found = plane.get("framework", name, "-n", namespace).get("status") or {}
    return str(found.get("state", ""))


def running(plane: ControlPlane, name: str) -> list[str]:
    """The Framework's Pods that run."""
    found = plane.get("pods", "-n", "team-a", "-l", f"FC_FRAMEWORK_NAME={name}")
    return [p["metadata"]["name"] for p in found if p["status"].get("phase") == "Running"]


def test_frameworkcontroller_goes_on_working(plane: ControlPlane) -> None:
    """A Framework runs to its end; Pods beyond the quota wait; what is retained is deleted."""
    with framework_controller(plane, config="frameworkCompletedRetainSec: 3\n"):
        for name in ("first", "second", "third"):
            plane.apply(yaml.safe_dump(framework(name)), "--as=ada")
        done = eventually(
            lambda: [n for n in ("first", "second", "third") if running(plane, n)][1:],
            30, "two of them run: the quota's",
        )  # fmt: skip
        assert len(done) == 1
        for name in ("first", "second", "third"):
            (task,) = eventually(lambda n=name: running(plane, n), 60, f"{name} runs")
            plane.finish(task, "team-a")
            eventually(lambda n=name: state(plane, n) == "Completed", 30, f"{name} is complete")
        left = ("get", "frameworks", "-n", "team-a", "-o", "name")
        eventually(lambda: not plane.kubectl(*left), 60, "all are deleted again")
    refused = [r for r in plane.audit(user=CONTROLLER, code=403) if "dryRun" not in r["uri"]]
    assert {r["resource"] for r in refused} <= {"pods"}  # the quota's


def test_without_its_label_a_namespace_waits(plane: ControlPlane) -> None:
    """Nothing of a Framework fails where the label goes missing; once it is back, it goes on."""
    label = ("label", "namespace", "team-a", "--overwrite")
    with framework_controller(plane):
        plane.apply(yaml.safe_dump(framework("waits")))
        (task,) = eventually(lambda: running(plane, "waits"), 30, "it runs")
        plane.kubectl(*label, "fcgitops.io/frameworks-")
        eventually(lambda: tried(plane, CONTROLLER, pod()), 30, "the label's end is seen")
        plane.finish(task, "team-a")
        refused = {"user": CONTROLLER, "resource": "frameworks", "code": 403}
        eventually(lambda: plane.audit(**refused), 30, "FrameworkController is refused")
        assert state(plane, "waits") == "AttemptRunning"
        plane.kubectl(*label, "fcgitops.io/frameworks=allowed")
        eventually(lambda: state(plane, "waits") == "Completed", 90, "it is complete")
        ended = plane.get("framework", "waits", "-n", "team-a")["status"]["attemptStatus"]
        assert ended["completionStatus"]["type"]["name"] == "Succeeded"
