"""The testbed itself: what later tests take for granted when they use it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from gitenv import git, write
from gitserver import Server, serve
from testbed.argocd import ArgoCD, argocd
from testbed.controller import framework_controller
from testbed.controlplane import ControlPlane, control_plane
from testbed.flux import Flux, flux
from testbed.programs import eventually, need, running

pytestmark = pytest.mark.cluster

TESTS = Path(__file__).resolve().parents[1]
CRD = TESTS.parent / "{{cookiecutter.repo_slug}}" / "components" / "crd" / "crd.yaml"

FRAMEWORK = """\
apiVersion: frameworkcontroller.microsoft.com/v1
kind: Framework
metadata:
  name: job
  namespace: jobs
spec:
  executionType: Start
  retryPolicy: {fancyRetryPolicy: false, maxRetryCount: 0}
  taskRoles:
  - name: worker
    taskNumber: 2
    frameworkAttemptCompletionPolicy: {minFailedTaskCount: 1, minSucceededTaskCount: 2}
    task:
      retryPolicy: {fancyRetryPolicy: false, maxRetryCount: 0}
      pod:
        spec:
          restartPolicy: Never
          containers: [{name: main, image: nothing}]
"""

CONFIGMAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: hello
data:
  from: git
"""


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane for the tests of this module, each in namespaces of its own."""
    with control_plane(tmp_path_factory.mktemp("plane")) as plane:
        yield plane


@pytest.fixture(scope="module")
def argo(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArgoCD]:
    """An Argo CD that knows the plane as two clusters."""
    with argocd(plane, tmp_path_factory.mktemp("argocd"), {"prod": plane, "dev": plane}) as argo:
        yield argo


@pytest.fixture(scope="module")
def fluxcd(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flux]:
    """A Flux."""
    with flux(plane, tmp_path_factory.mktemp("flux")) as running:
        yield running


@pytest.fixture
def served(git_home: Path, tmp_path: Path) -> Iterator[Server]:
    """A repository with a ConfigMap, on loopback."""
    with serve(tmp_path) as server:
        work = tmp_path / "work"
        git(tmp_path, "clone", "-q", server.url, str(work))
        write(work, {"app/configmap.yaml": CONFIGMAP})
        write(work, {"app/kustomization.yaml": "resources: [configmap.yaml]\n"})
        git(work, "add", "-A")
        git(work, "commit", "-qm", "first")
        git(work, "push", "-q", "origin", "HEAD:main")
        yield server


def value(plane: ControlPlane, namespace: str) -> str:
    """What the ConfigMap in a namespace has, of the repository or of someone's edit."""
    return str(plane.get("configmap", "hello", f"--namespace={namespace}")["data"]["from"])


def push(server: Server, content: str) -> None:
    """Push another ConfigMap."""
    work = server.repository.parent / "work"
    write(work, {"app/configmap.yaml": CONFIGMAP.replace("from: git", f"from: {content}")})
    git(work, "commit", "-qam", content)
    git(work, "push", "-q", "origin", "HEAD:main")


def owned_by(owner: dict[str, Any]) -> dict[str, Any]:
    """A ConfigMap that goes when its owner goes, and keeps it until then."""
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "blockOwnerDeletion": True,
    }
    metadata = {"name": "owned", "ownerReferences": [reference]}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


def phases(plane: ControlPlane, namespace: str) -> list[str]:
    """The phases of a namespace's Pods."""
    return [pod["status"]["phase"] for pod in plane.get("pods", f"--namespace={namespace}")]


def test_a_control_plane_is_up_in_20_seconds_and_gone_at_once(tmp_path: Path) -> None:
    """Every test module can have one of its own; and CRDs whose objects are collected at once."""
    start = time.monotonic()
    with control_plane(tmp_path, crds=CRD.read_text(encoding="utf-8")) as plane:
        assert time.monotonic() - start < 20
        assert plane.kubectl("get", "nodes", "-o", "name") == "node/node-1\n"

        plane.kubectl("create", "namespace", "jobs")
        plane.apply(FRAMEWORK)
        owner = plane.get("framework", "job", "--namespace=jobs")
        plane.apply(json.dumps(owned_by(owner)), "--namespace=jobs")
        plane.kubectl("delete", "framework", "job", "--namespace=jobs")
        get = ("get", "configmap", "owned", "--namespace=jobs", "--ignore-not-found")
        eventually(lambda: not plane.kubectl(*get), 10, "what it owned is collected")
        programs = list(plane.programs.values())
        assert all(program.alive() for program in programs)
    assert not any(program.alive() for program in programs)


def test_a_control_plane_listens_on_loopback_alone(plane: ControlPlane) -> None:
    """Nobody else on the network gets at its API server or at etcd."""
    need("ss")
    listening = {
        line.split()[3].rpartition(":")[0]
        for line in subprocess.run(
            ["ss", "-Hltnp"], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        if any(f"pid={program.process.pid}," in line for program in plane.programs.values())
    }

    assert listening == {"127.0.0.1"}


def test_a_deployments_pods_run_and_their_deletion_finishes(plane: ControlPlane) -> None:
    """Controller manager, scheduler and kwok do their parts."""
    plane.kubectl("create", "namespace", "web")
    plane.kubectl("create", "deployment", "web", "--image=nothing", "--namespace=web")

    eventually(lambda: phases(plane, "web") == ["Running"], 20, "a running Pod")
    plane.kubectl("delete", "deployment", "web", "--namespace=web")
    plane.kubectl("delete", "pods", "--all", "--namespace=web", "--timeout=20s")
    assert phases(plane, "web") == []


def test_an_account_has_its_own_rights_and_the_audit_log_tells(plane: ControlPlane) -> None:
    """What least privilege costs is seen as a 403 of that account, and of nobody else."""
    plane.kubectl("create", "namespace", "poor")
    plane.kubectl("create", "serviceaccount", "poor", "--namespace=poor")
    user = "system:serviceaccount:poor:poor"
    assert plane.audit(user=user) == []

    kubeconfig = plane.kubeconfig_for("poor/poor")
    plane.kubectl("get", "secrets", f"--kubeconfig={kubeconfig}", status=1)

    asked = plane.audit(user=user, code=403)
    assert [(one["verb"], one["resource"], one["namespace"]) for one in asked] == [
        ("list", "secrets", "poor")
    ]


def test_owner_references_need_a_right_to_finalizers(plane: ControlPlane) -> None:
    """The admission plugin is on: blockOwnerDeletion is for those who may update finalizers."""
    plane.kubectl("create", "namespace", "owner")
    plane.kubectl("create", "serviceaccount", "maker", "--namespace=owner")
    for role in ("role maker --verb=create --resource=configmaps",
                 "rolebinding maker --role=maker --serviceaccount=owner:maker"):  # fmt: skip
        plane.kubectl("create", *role.split(), "--namespace=owner")
    plane.kubectl("create", "configmap", "owner", "--namespace=owner")
    owned = owned_by(plane.get("configmap", "owner", "--namespace=owner"))

    kubeconfig = plane.kubeconfig_for("owner/maker")
    create = ("create", "-f", "-", f"--kubeconfig={kubeconfig}")
    plane.kubectl(*create, data=json.dumps(owned), status=1)

    maker = "system:serviceaccount:owner:maker"
    assert [one["verb"] for one in plane.audit(user=maker, code=403)] == ["create"]


def test_frameworkcontroller_runs_a_framework(plane: ControlPlane) -> None:
    """With its own binary and an account's token: Pods, completion, and SIGTERM ends it."""
    for create in (
        "namespace frameworkcontroller",
        "namespace jobs",
        "serviceaccount frameworkcontroller --namespace=frameworkcontroller",
        "clusterrolebinding frameworkcontroller --clusterrole=cluster-admin"
        " --serviceaccount=frameworkcontroller:frameworkcontroller",
    ):
        plane.kubectl("create", *create.split())

    with framework_controller(plane, config="workerNumber: 3\n") as controller:
        assert "Running frameworkcontroller with 3 workers" in controller.text()
        plane.apply(FRAMEWORK)
        eventually(lambda: phases(plane, "jobs") == ["Running"] * 2, 20, "running Pods")

        for pod in plane.get("pods", "--namespace=jobs"):
            plane.finish(pod["metadata"]["name"], "jobs")
        framework = ("framework", "job", "--namespace=jobs")
        done = eventually(
            lambda: plane.get(*framework)["status"]["attemptStatus"]["completionStatus"],
            20,
            "a completed Framework",
        )
        assert done["type"]["name"] == "Succeeded"
        assert controller.stop() == 0

    account = "system:serviceaccount:frameworkcontroller:frameworkcontroller"
    assert plane.audit(user=account, verb="create", resource="pods")
    assert plane.audit(user=account, code=403) == []


def test_argocd_syncs_an_application(plane: ControlPlane, argo: ArgoCD, served: Server) -> None:
    """From a repository on loopback to the cluster by its name; and again after a push."""
    destination = {"name": "prod", "namespace": "by-argocd"}
    source = {"repoURL": served.url, "path": "app", "targetRevision": "main"}
    application = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "app", "namespace": argo.namespace},
        "spec": {
            "project": "default",
            "source": source,
            "destination": destination,
            "syncPolicy": {"automated": {}, "syncOptions": ["CreateNamespace=true"]},
        },
    }

    plane.apply(json.dumps(application))
    eventually(lambda: value(plane, "by-argocd") == "git", 60, "the first sync")
    push(served, "argocd")
    argo.refresh("app")
    eventually(lambda: value(plane, "by-argocd") == "argocd", 60, "the second sync")


@pytest.mark.parametrize("cluster", ["dev", "prod", "in-cluster"])
def test_argocd_knows_the_plane_by_every_name(
    plane: ControlPlane, argo: ArgoCD, served: Server, cluster: str
) -> None:
    """An ApplicationSet's Applications go where each cluster's name says."""
    source = {"repoURL": served.url, "path": "app", "targetRevision": "main"}
    template = {
        "metadata": {"name": f"set-{cluster}"},
        "spec": {
            "project": "default",
            "source": source,
            "destination": {"name": "{{.cluster}}", "namespace": f"to-{cluster}"},
            "syncPolicy": {"automated": {}, "syncOptions": ["CreateNamespace=true"]},
        },
    }
    applications = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": {"name": f"set-{cluster}", "namespace": argo.namespace},
        "spec": {
            "goTemplate": True,
            "generators": [{"list": {"elements": [{"cluster": cluster}]}}],
            "template": template,
        },
    }

    plane.apply(json.dumps(applications))
    eventually(lambda: value(plane, f"to-{cluster}") == "git", 60, "the sync")


def test_flux_syncs_a_kustomization(plane: ControlPlane, fluxcd: Flux, served: Server) -> None:
    """From a repository on loopback to the cluster; and again after a push."""
    plane.kubectl("create", "namespace", "by-flux")
    objects = f"""\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: app
  namespace: {fluxcd.namespace}
spec:
  interval: 1m
  url: {served.url}
  ref: {{branch: main}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: app
  namespace: {fluxcd.namespace}
spec:
  interval: 1m
  path: ./app
  prune: true
  targetNamespace: by-flux
  sourceRef: {{kind: GitRepository, name: app}}
"""

    plane.apply(objects)
    eventually(lambda: value(plane, "by-flux") == "git", 60, "the first sync")
    push(served, "flux")
    fluxcd.reconcile("gitrepository", "app")
    eventually(lambda: value(plane, "by-flux") == "flux", 60, "the second sync")


def test_a_failed_wait_tells_the_last_value_and_what_the_programs_said(tmp_path: Path) -> None:
    """Whoever reads a failure in CI has nothing else."""
    command = ("sh", "-c", "echo I am here; exec sleep 60")
    with running(command, tmp_path, name="talker") as talker:
        talker.says("here")
        with pytest.raises(pytest.fail.Exception) as failed:
            eventually(list, 0.2, "something")

    words = str(failed.value)
    assert "something" in words
    assert "last: []" in words
    assert f"talker ({talker.log})\nI am here" in words


def test_a_program_that_ends_is_not_waited_for(tmp_path: Path) -> None:
    """Its exit status and its last words come at once."""
    with (
        running(("sh", "-c", "echo bad flag; exit 3"), tmp_path, name="broken") as broken,
        pytest.raises(pytest.fail.Exception, match=r"broken ended with 3\n(.*\n)*bad flag"),
    ):
        broken.says("ready", timeout=60)


def test_without_a_program_the_reason_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A skip says what is missing, all of it."""
    monkeypatch.setattr("testbed.programs.PATH", str(tmp_path))
    monkeypatch.setattr("testbed.programs.CACHE", tmp_path / "bin")
    monkeypatch.delenv("TESTBED_BIN", raising=False)

    with pytest.raises(pytest.skip.Exception) as skipped, ExitStack() as stack:
        stack.enter_context(control_plane(tmp_path))

    assert "no etcd, kube-apiserver, kube-controller-manager" in str(skipped.value)
    assert "kwok-stages.yaml" in str(skipped.value)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_a_python_that_is_ended(tmp_path: Path, sent: signal.Signals) -> None:
    """However pytest is ended, its programs end with it."""
    script = (
        "import signal, sys, time; from pathlib import Path; from testbed.programs import running\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # `make test &` ignores it
        "with running(['sleep', '600'], Path(sys.argv[1])) as program:\n"
        "    print(program.process.pid, flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(TESTS)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as python:
        assert python.stdout is not None
        started = int(python.stdout.readline())
        python.send_signal(sent)
        python.wait(20)

    stat = Path(f"/proc/{started}/stat")
    eventually(lambda: not stat.exists() or ") Z " in stat.read_text(), 10, "sleep is gone")
