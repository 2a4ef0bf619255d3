"""What runs without us is taken over, by the lines that `adopt` prints: no Framework is lost.

FrameworkController is the real one, as the account that the cluster has for it: it ends when the
StatefulSet's Pod does, and starts again with what is synced.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yamls
from fcgitops.text import yamlio
from gitenv import git
from test_rights import CRD, completes, running_pod
from testbed.controller import JOBS, framework, framework_controller
from testbed.controlplane import ControlPlane, control_plane
from testbed.programs import Program, eventually
from testbed.site import ENVIRONMENT, Site, site

pytestmark = pytest.mark.cluster

SEED = Path(__file__).parents[1] / "data" / "seed"
ACCOUNT = """\
apiVersion: v1
kind: ServiceAccount
metadata: {{name: {account}, namespace: {place}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {{name: {binding}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {role}}}
subjects: [{{kind: ServiceAccount, name: {account}, namespace: {place}}}]
"""
SEEDS_OWN = ACCOUNT.format(account="frameworkcontroller", place="default",
                           binding="frameworkcontroller", role="cluster-admin")  # fmt: skip
BUDGET = """\
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {{name: controller, namespace: {place}}}
spec: {{maxUnavailable: 1, selector: {{matchLabels: {{app: frameworkcontroller}}}}}}
"""
"""Of a kind that no sync tool may apply at first."""
OPENPAI = (
    ACCOUNT.format(
        account="frameworkcontroller-account",
        place="default",
        binding="frameworkcontroller-role-binding",
        role="cluster-admin",
    )
    + """\
---
apiVersion: v1
kind: ConfigMap
metadata: {name: frameworkcontroller-config, namespace: default}
data:
  frameworkcontroller.yaml: |
    kubeClientQps: 200
    kubeClientBurst: 300
    workerNumber: 500
    largeFrameworkCompression: true
    frameworkCompletedRetainSec: 2147483600
---
apiVersion: v1
kind: Secret
metadata: {name: pai-secret, namespace: default}
type: kubernetes.io/dockerconfigjson
stringData: {.dockerconfigjson: '{"auths": {}}'}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: frameworkcontroller-sts, namespace: default}
spec:
  serviceName: frameworkcontroller
  selector: {matchLabels: {app: frameworkcontroller}}
  replicas: 1
  template:
    metadata: {labels: {app: frameworkcontroller}}
    spec:
      serviceAccountName: frameworkcontroller-account
      imagePullSecrets: [{name: pai-secret}]
      containers:
      - name: frameworkcontroller
        image: frameworkcontroller/frameworkcontroller:v1.0.0
        imagePullPolicy: Always
        env: [{name: LOG_LEVEL, value: debug}]
        command:
        - bash
        - -c
        - cp /frameworkcontroller-config/frameworkcontroller.yaml . && ./start.sh
        volumeMounts:
        - {name: frameworkcontroller-config, mountPath: /frameworkcontroller-config}
      volumes:
      - name: frameworkcontroller-config
        configMap: {name: frameworkcontroller-config}
"""
    + BUDGET.format(place="default")
)
HAND_MADE = (
    """\
apiVersion: v1
kind: Namespace
metadata: {name: fc}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: fc}
rules:
- apiGroups: [apiextensions.k8s.io]
  resources: [customresourcedefinitions]
  verbs: [create, get, update]
- apiGroups: [frameworkcontroller.microsoft.com]
  resources: [frameworks, frameworks/finalizers]
  verbs: ["*"]
- {apiGroups: [""], resources: [pods, configmaps, configmaps/finalizers], verbs: ["*"]}
---
"""
    + ACCOUNT.format(account="frameworkcontroller", place="fc", binding="fc", role="fc")
    + """\
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: fc}
data:
  frameworkcontroller.yaml: |
    workerNumber: 20  # a small cluster
---
apiVersion: v1
kind: ConfigMap
metadata: {name: owners, namespace: fc}
data: {team: ml}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: frameworkcontroller, namespace: fc, labels: {team: ml}}
spec:
  serviceName: fc
  selector: {matchLabels: {app: frameworkcontroller}}
  replicas: 1
  template:
    metadata: {labels: {app: frameworkcontroller, team: ml}}
    spec:
      serviceAccountName: frameworkcontroller
      nodeSelector: {kubernetes.io/os: linux}
      containers:
      - name: controller
        image: frameworkcontroller/frameworkcontroller:v1.0.0
        command: [/opt/frameworkcontroller/frameworkcontroller/frameworkcontroller]
        workingDir: /settings
        volumeMounts: [{name: settings, mountPath: /settings}]
      volumes: [{name: settings, configMap: {name: settings}}]
"""
    + BUDGET.format(place="fc")
)
KINDS = (
    "poddisruptionbudget,statefulset,service,configmap,serviceaccount,secret,pod,controllerrevision"
)


@dataclass(frozen=True)
class Start:
    """What runs before.

    Attributes:
        manifests: what was applied.
        place: the namespace of it.
        account: as whom it runs there.
        binding: the name of the ClusterRoleBinding.
        controller: the StatefulSet's name.
        tool: what is to sync it.
        profile: the new repository's.
        moves: whether the old one has to end before the new one begins.
    """

    manifests: str
    place: str
    account: str
    binding: str
    controller: str
    tool: str
    profile: str
    moves: bool


def seed(*names: str) -> str:
    """What the seed has somebody type and apply."""
    files = [(SEED / f"frameworkcontroller-{name}.yaml").read_text() for name in names]
    return "---\n".join([SEEDS_OWN, *files])


STARTS = {
    "the seed's default": Start(
        seed("with-default-config"), "default", "frameworkcontroller", "frameworkcontroller",
        "frameworkcontroller", "flux", "upstream", moves=False,
    ),
    "the seed's customized": Start(
        seed("customized-config", "with-customized-config"), "default", "frameworkcontroller",
        "frameworkcontroller", "frameworkcontroller", "argocd", "hardened", moves=True,
    ),
    "OpenPAI's": Start(
        OPENPAI, "default", "frameworkcontroller-account", "frameworkcontroller-role-binding",
        "frameworkcontroller-sts", "flux", "hardened", moves=True,
    ),
    "a hand-made one": Start(
        HAND_MADE, "fc", "frameworkcontroller", "fc", "frameworkcontroller", "argocd", "hardened",
        moves=False,
    ),
}  # fmt: skip


@contextmanager
def running(start: Start, folder: Path) -> Iterator[Site]:
    """A cluster on which it runs, and a repository without environments beside a sync tool."""
    (folder / "site").mkdir()
    with (
        control_plane(folder, crds=CRD.read_text()) as plane,
        site(start.tool, plane, folder / "site", "--profile", start.profile, starts=()) as found,
    ):
        plane.kubectl("create", "namespace", JOBS)
        plane.apply(start.manifests)
        eventually(lambda: pods(plane, start.place), 30, "its Pod is there")
        yield found


def pods(plane: ControlPlane, place: str) -> list[str]:
    """The Pods of FrameworkController in a namespace."""
    found = plane.get("pods", "-n", place, "-l", "app=frameworkcontroller")
    return [pod["metadata"]["name"] for pod in found]


def identities(plane: ControlPlane) -> dict[str, str]:
    """Each Framework, and what makes it this one."""
    found = plane.get("frameworks", "-A")
    return {o["metadata"]["name"]: o["metadata"]["uid"] for o in found}


def live(plane: ControlPlane, start: Start) -> str:
    """What somebody reads from the cluster, with all that the API server has added."""
    there = plane.kubectl("get", KINDS, "-n", start.place, "-o", "yaml")
    bound = plane.kubectl("get", "clusterrolebinding", start.binding, "-o", "yaml")
    role = plane.kubectl("get", "clusterrole", "fc", "-o", "yaml", "--ignore-not-found")
    return "---\n".join(filter(None, [there, bound, role]))


@pytest.mark.parametrize("name", STARTS)
def test_frameworks_go_on(name: str, tmp_path: Path) -> None:
    """One runs before, goes on, and ends; one has ended before and stays. Nothing is deleted."""
    start = STARTS[name]
    with running(start, tmp_path) as here, ExitStack() as old:
        plane = here.plane
        before = old.enter_context(
            framework_controller(plane, f"{start.place}/{start.account}", settings(plane, start))
        )
        for one in ("ended", "runs"):
            plane.apply(framework(one))
        plane.finish(running_pod(plane, "ended"), JOBS)
        completes(plane, "ended", "Succeeded")
        pod = running_pod(plane, "runs")
        known = identities(plane)
        (tmp_path / "live.yaml").write_text(live(plane, start))
        said, _ = here.fcgitops("adopt", tmp_path / "live.yaml", "--name", ENVIRONMENT,
                                "--format", "json")  # fmt: skip
        adopted = json.loads(said)
        here.fcgitops("verify", ENVIRONMENT)
        kept = carried_out(here, adopted["runbook"], start, before)
        assert kept is not start.moves
        old.close()
        place = adopted["keys"]["namespace"]
        controller = plane.get("statefulset", "frameworkcontroller", "-n", place)
        with framework_controller(
            plane, f"{place}/frameworkcontroller", mounted(plane, controller)
        ):
            plane.finish(pod, JOBS)
            completes(plane, "runs", "Succeeded")
            plane.apply(framework("later"))
            running_pod(plane, "later")
        if "pai-secret" in start.manifests:
            kept = plane.get("secret", "pai-secret", "-n", place)
            assert kept["data"] == plane.get("secret", "pai-secret", "-n", "default")["data"]
        if "PodDisruptionBudget" in start.manifests:
            assert plane.get("poddisruptionbudget", "controller", "-n", place)
        assert {n: u for n, u in identities(plane).items() if n != "later"} == known
        deleted = [
            r for r in plane.audit() if (r["resource"], r["verb"]) == ("frameworks", "delete")
        ]
        assert deleted == []
        others = [o for o in plane.get("statefulsets", "-A") if o["metadata"]["namespace"] != place
                  or o["metadata"]["name"] != "frameworkcontroller"]  # fmt: skip
        assert others == []


def settings(plane: ControlPlane, start: Start) -> str:
    """The file with which it runs before."""
    return mounted(plane, plane.get("statefulset", start.controller, "-n", start.place))


def mounted(plane: ControlPlane, controller: dict[str, Any]) -> str:
    """The file that a StatefulSet mounts; empty where it mounts none."""
    volumes = controller["spec"]["template"]["spec"].get("volumes", [])
    for volume in volumes:
        if "configMap" in volume:
            found = plane.get("configmap", volume["configMap"]["name"],
                              "-n", controller["metadata"]["namespace"])  # fmt: skip
            return str(found["data"]["frameworkcontroller.yaml"])
    return ""


def carried_out(here: Site, steps: list[dict[str, Any]], start: Start, before: Program) -> bool:
    """Types the lines as they are printed; whether the old Pod was there until the push."""
    kept = True
    for step in steps:
        chained: list[str] = []
        for line in step["lines"]:
            if line.startswith("fcgitops bootstrap"):
                kept = bool(pods(here.plane, start.place))
                if not kept:
                    before.stop()
                git(here.repository, "push", "-q", "origin", "HEAD:main")
                here.fcgitops("bootstrap", ENVIRONMENT, "--yes")
                eventually(here.status, 60, "the tool knows it")
                here.wait_for(git(here.repository, "rev-parse", "HEAD"), 120)
            elif line.startswith("fcgitops "):
                here.fcgitops(*line.split()[1:])
            elif line.startswith("#   "):
                permit(here, line[1:])
            elif not line.startswith("#"):
                chained.append(line)
                if not line.endswith("&&"):
                    assert here.type("\n".join(chained)) == chained
                    chained = []
        assert chained == []
    return kept


def permit(here: Site, line: str) -> None:
    """Adds a line to the file that the tool's rights are in, as the comment above it says."""
    added = yamls.load(line)
    if isinstance(added, dict):
        file = here.repository / "clusters/argocd/appproject.yaml"
        documents = yamls.load_all(file.read_text())
        for key, items in added.items():
            documents[0]["spec"][key] += items
    else:
        file = here.repository / f"clusters/flux/{ENVIRONMENT}/account.yaml"
        documents = yamls.load_all(file.read_text())
        (role,) = (d for d in documents if d["kind"] == "ClusterRole")
        role["rules"] += added
    file.write_text("---\n".join(map(yamlio.dump, documents)))
    git(here.repository, "commit", "-qam", "Permit what local/ adds")
