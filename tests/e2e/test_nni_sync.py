"""Argo CD and Flux bring NNI experiments to a cluster, and never start again what has ended.

The manager's Pod is kwok's: what it would do is in test_nni.py; here a test ends it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gitenv import git
from testbed.controlplane import control_plane
from testbed.flux import Flux
from testbed.programs import eventually, stays
from testbed.site import APPLICATION, ENVIRONMENT, Site, site

pytestmark = pytest.mark.cluster

CRD = Path(__file__).resolve().parents[2] / "{{cookiecutter.repo_slug}}/components/crd/crd.yaml"
ACCOUNTS = ("frameworkcontroller-flux", "frameworkcontroller-nni-flux",
            "frameworkcontroller-experiments-flux")  # fmt: skip
KUSTOMIZATION = "kustomizations.kustomize.toolkit.fluxcd.io"


@pytest.fixture(scope="module", params=["argocd", "flux"])
def prod(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """An environment with every kind of key, whose cluster the tool has been pointed at."""
    folder = tmp_path_factory.mktemp(request.param)
    with (
        control_plane(tmp_path_factory.mktemp("plane"), crds=CRD.read_text()) as plane,
        site(request.param, plane, folder) as prod,
    ):
        # Keys of both files that an ApplicationSet merges have other types in each.
        prod.fcgitops("overlay", ENVIRONMENT, "--set", "image.tag=v1.0.0",
                      "--set", "resources.cpu=100m", "--set", "nodeSelector={}")  # fmt: skip
        git(prod.repository, "push", "-q", "origin", "HEAD:main")
        prod.fcgitops("bootstrap", ENVIRONMENT, "--yes")
        if prod.tool == "argocd":
            names = ("get", "applications.argoproj.io", APPLICATION, "-n", "argocd")
            eventually(lambda: plane.kubectl(*names), 60, "the Application is generated")
        yield prod


def test_an_experiment_reaches_the_cluster(prod: Site) -> None:
    """Enabled, added, pushed: after FrameworkController is there, its Job runs as it should."""
    prod.fcgitops("nni", "enable", ENVIRONMENT, "--storage", "nfs://10.0.0.2/exports/nni",
                  "--set", "nni.quota={pods: 20}", "--set", "nni.uiFrom=ingress")  # fmt: skip
    prod.fcgitops("nni", "experiment", "mnist", "--env", ENVIRONMENT)
    prod.push()
    shown, _ = prod.fcgitops("bootstrap", ENVIRONMENT)
    assert "+kind: Kustomization" in shown or "+kind: ApplicationSet" in shown
    prod.fcgitops("bootstrap", ENVIRONMENT, "--yes")
    assert "nothing to do" in prod.fcgitops("bootstrap", ENVIRONMENT, "--yes")[1]
    pod = eventually(lambda: manager(prod), 90, "the manager's Pod runs")
    assert pod["spec"]["serviceAccountName"] == "nni-manager"
    labels = prod.plane.get("namespace", "nni")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "baseline"
    assert refused(prod) == []


def test_what_has_ended_is_not_started_again(prod: Site) -> None:
    """Neither a sync nor another commit touches a Job that is done."""
    before = manager(prod)
    prod.plane.finish(before["metadata"]["name"], "nni")
    eventually(lambda: done(prod), 30, "the Job is done")
    uid = job(prod)["metadata"]["uid"]
    version = job(prod)["metadata"]["resourceVersion"]
    sync(prod)
    prod.fcgitops("overlay", ENVIRONMENT, "--set", "workerNumber=777")
    prod.push()
    sync(prod)
    eventually(lambda: "workerNumber: 777" in prod.configuration(), 60, "the commit is applied")
    stays(lambda: job(prod)["metadata"]["resourceVersion"], 3)
    assert (job(prod)["metadata"]["uid"], job(prod)["metadata"]["resourceVersion"]) == (
        uid,
        version,
    )
    assert manager(prod) == {}


@pytest.mark.proves("K", "X13")
@pytest.mark.proves("X", "X13")
@pytest.mark.proves("G", "X13")
def test_a_job_that_is_deleted_after_its_end_runs_again(prod: Site) -> None:
    """X13: the tool makes it anew, again and again; without a lifetime it stays."""
    limit, lifetime = "backoffLimit: 3\n", "  ttlSecondsAfterFinished: 1\n"
    edit(prod, "job.yaml", limit, limit + lifetime)
    prod.commit({})
    assert "X13" in prod.foretold()
    seen = [job(prod)["metadata"]["uid"]]
    prod.push()
    for _ in range(2):
        eventually(lambda: anew(prod, seen), 90, "another Job, whose manager runs", interval=5)
        seen.append(job(prod)["metadata"]["uid"])
        prod.plane.finish(manager(prod)["metadata"]["name"], "nni")
    eventually(lambda: anew(prod, seen), 90, "a third one", interval=5)
    git(prod.repository, "revert", "--no-edit", "HEAD")
    assert "stays once it has ended" in prod.foretold()["X13"]
    prod.push()
    sync(prod)
    eventually(lambda: "ttlSecondsAfterFinished" not in job(prod)["spec"], 60, "it has none")
    last = job(prod)["metadata"]["uid"]
    prod.plane.finish(manager(prod)["metadata"]["name"], "nni")
    eventually(lambda: done(prod), 30, "the Job is done")
    stays(lambda: job(prod)["metadata"]["uid"], 5)
    assert job(prod)["metadata"]["uid"] == last


def anew(prod: Site, seen: list[str]) -> bool:
    """Whether the manager of a Job runs that none of those seen is."""
    sync(prod)
    return bool(manager(prod)) and job(prod).get("metadata", {}).get("uid", seen[0]) not in seen


@pytest.mark.parametrize(
    ("number", "other", "file", "old", "new"),
    [
        ("X01", "X02", "code/trial.py", "** 2", "** 4"),
        ("X02", "X01", "run.yaml", "cpu: 500m", "cpu: 250m"),
    ],
)
@pytest.mark.proves("X", "X01 X02")
@pytest.mark.proves("G", "X01 X02")
def test_an_edit_is_another_job(
    prod: Site, number: str, other: str, file: str, old: str, new: str
) -> None:
    """X01, X02: the old Job goes, and with it a manager that may still run; a new one starts."""
    known, running = job(prod)["metadata"]["name"], manager(prod)
    edit(prod, file, old, new)
    prod.fcgitops("nni", "experiment", "mnist")
    assert number in prod.foretold()
    assert other not in prod.foretold()
    prod.push()
    sync(prod)
    eventually(lambda: job(prod).get("metadata", {}).get("name", known) != known, 60, "another Job")
    eventually(lambda: manager(prod) and manager(prod) != running, 60, "its manager runs")
    maps = prod.plane.get("configmaps", "-n", "nni", "-l", "experiment=mnist")
    assert sum("** 4" in m["data"].get("code.trial.py", "") for m in maps) == 1
    assert refused(prod) == []


def edit(prod: Site, file: str, old: str, new: str) -> None:
    """Change a file of the experiment by hand."""
    path = prod.repository / "experiments" / "mnist" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


@pytest.mark.proves("X", "X04")
@pytest.mark.proves("G", "X04")
def test_a_job_of_the_same_name_is_refused(prod: Site) -> None:
    """X04: and the old one goes on; what may change of it does."""
    there = job(prod)["metadata"]["uid"]
    edit(prod, "job.yaml", "backoffLimit: 3", "backoffLimit: 4")
    prod.commit({})
    assert "X04" not in prod.foretold()
    prod.push()
    sync(prod)
    eventually(lambda: job(prod)["spec"]["backoffLimit"] == 4, 60, "it is changed")
    edit(prod, "job.yaml", "cpu: 250m", "cpu: 251m")
    prod.commit({})
    assert "X04" in prod.foretold()
    prod.push()
    sync(prod)
    eventually(lambda: "field is immutable" in said_of_all(prod), 60, "it is refused")
    assert job(prod)["metadata"]["uid"] == there
    git(prod.repository, "revert", "--no-edit", "HEAD")
    prod.push()
    sync(prod)
    eventually(lambda: "field is immutable" not in said_of_all(prod), 60, "it is content")
    assert job(prod)["metadata"]["uid"] == there


def said_of_all(prod: Site) -> str:
    """The statuses of all that the tool syncs."""
    if prod.tool == "argocd":
        found = prod.plane.get("applications.argoproj.io", "-n", "argocd")
    else:
        found = prod.plane.get(KUSTOMIZATION, "-n", "flux-system")
    return json.dumps([one.get("status") for one in found])


@pytest.mark.proves("X", "X03")
@pytest.mark.proves("G", "X03")
def test_removal_deletes_nothing_by_itself(prod: Site) -> None:
    """X03: after `nni remove` all stays, until the printed commands are typed."""
    there = job(prod)["metadata"]["uid"]
    _, said = prod.fcgitops("nni", "remove", "mnist")
    assert "X03" in prod.foretold()
    prod.push()
    sync(prod)
    stays(lambda: job(prod)["metadata"]["uid"], 5)
    assert job(prod)["metadata"]["uid"] == there
    prod.type(said)
    eventually(lambda: not job(prod), 60, "the Job is gone")
    kinds = "jobs,services,configmaps"
    left = prod.plane.get(kinds, "-n", "nni", "-l", "experiment=mnist")
    assert left == []
    assert prod.plane.get("namespace", "nni")["status"]["phase"] == "Active"
    assert refused(prod) == []


@pytest.mark.proves("X", "X05")
@pytest.mark.proves("G", "X05")
def test_another_namespace_takes_the_accounts_along(prod: Site) -> None:
    """X05: whoever still runs in the old one has none; Argo CD waits for what is to be typed."""
    assert accounts(prod, "nni") == {"nni-manager", "nni-trial"}
    prod.fcgitops("overlay", ENVIRONMENT, "--set", "nni.namespace=trials")
    (told,) = (e for e in prod.effects() if e["id"] == "X05")
    if prod.tool == "flux":
        prod.fcgitops("bootstrap", ENVIRONMENT, "--yes")
    prod.push()
    sync(prod)
    if prod.tool == "argocd":
        eventually(lambda: "pruning confirmation" in said_of_all(prod), 60, "it waits")
        assert accounts(prod, "nni") == {"nni-manager", "nni-trial"}
        prod.type(told["do"].removeprefix("Argo CD: "))
        sync(prod)
    eventually(lambda: accounts(prod, "trials") == {"nni-manager", "nni-trial"}, 60, "they move")
    eventually(lambda: not accounts(prod, "nni"), 60, "the old ones are gone")
    assert prod.plane.get("namespace", "nni")["status"]["phase"] == "Active"
    assert "X05" not in prod.foretold("HEAD~2..HEAD~1")


def accounts(prod: Site, namespace: str) -> set[str]:
    """NNI's accounts in a namespace."""
    found = prod.plane.get("serviceaccounts", "-n", namespace)
    return {o["metadata"]["name"] for o in found} - {"default"}


def test_with_its_environment_nni_goes_too(prod: Site) -> None:
    """What `remove` prints takes every right off that experiments had; the Namespace stays."""
    kinds = "serviceaccounts,roles,rolebindings,networkpolicies,resourcequotas,limitranges"

    def left() -> set[str]:
        return {o["metadata"]["name"] for o in prod.plane.get(kinds, "-n", "trials")} - {"default"}

    assert {"nni", "nni-manager", "nni-trial"} <= left()
    _, said = prod.fcgitops("remove", ENVIRONMENT)
    prod.push()
    prod.type(said)
    eventually(lambda: not left(), 60, "NNI is gone")
    assert prod.plane.get("namespace", "trials")["status"]["phase"] == "Active"
    assert refused(prod) == []


def job(prod: Site) -> dict[str, Any]:
    """The experiment's one Job; nothing where there is none, or two for a moment."""
    found = prod.plane.get("jobs", "-n", "nni", "-l", "experiment=mnist")
    return found[0] if len(found) == 1 else {}


def done(prod: Site) -> bool:
    """Whether the Job is complete."""
    conditions = job(prod).get("status", {}).get("conditions", [])
    return any(c["type"] == "Complete" and c["status"] == "True" for c in conditions)


def manager(prod: Site) -> dict[str, Any]:
    """The Pod of the experiment's manager that runs; nothing where there is none."""
    found = prod.plane.get("pods", "-n", "nni", "-l", "experiment=mnist")
    running = [p for p in found if p["status"]["phase"] == "Running"]
    return running[0] if running else {}


def sync(prod: Site) -> None:
    """Have the tool look at all that it knows now."""
    prod.notify()
    if isinstance(prod.running, Flux):
        for found in prod.plane.get(KUSTOMIZATION, "-n", "flux-system"):
            prod.running.reconcile(KUSTOMIZATION, found["metadata"]["name"])
    else:
        for found in prod.plane.get("applications.argoproj.io", "-n", "argocd"):
            prod.running.refresh(found["metadata"]["name"])


def refused(prod: Site) -> list[dict[str, Any]]:
    """What the accounts that Flux applies as were refused."""
    return [
        found
        for name in ACCOUNTS
        for found in prod.plane.audit(user=f"system:serviceaccount:flux-system:{name}", code=403)
    ]
