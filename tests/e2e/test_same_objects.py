"""Argo CD, Flux and `fcgitops build` render the same objects, of every golden environment.

What Argo CD renders is what its repo-server keeps in Redis; nothing is synced. What Flux renders
is what kustomize-controller sends to the API server, as the audit log has it.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yamls
from fcgitops.repository.contents import Repository
from fcgitops.sync.argocd import environments as argocd_files
from fcgitops.sync.flux import environments as flux_files
from gitenv import git
from gitserver import serve
from testbed.argocd import ArgoCD, argocd
from testbed.controlplane import ControlPlane, control_plane
from testbed.flux import flux
from testbed.programs import eventually
from testbed.site import CILIUM, fcgitops

pytestmark = pytest.mark.cluster

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
PROFILES = ("hardened", "upstream")
TRACKING = "argocd.argoproj.io/tracking-id"
MARKS = ("kustomize.toolkit.fluxcd.io/name", "kustomize.toolkit.fluxcd.io/namespace")

Object = dict[str, Any]
Rendered = dict[str, Object]
"""Kind, namespace and name → object."""
UNKNOWN_TO_KUSTOMIZE = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
"""Cluster-wide kinds that kustomize gives the overlay's namespace; both tools take it off again."""


@dataclass(frozen=True)
class Tools:
    """A cluster with both tools, which have no environment yet."""

    plane: ControlPlane
    argo: ArgoCD


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tools]:
    """One cluster for all environments: nothing has to run there."""
    folder = tmp_path_factory.mktemp("tools")
    with (
        control_plane(folder / "plane", crds=CILIUM) as plane,
        argocd(plane, folder / "argocd", {"prod": plane}) as argo,
        flux(plane, folder / "flux"),
    ):
        yield Tools(plane, argo)


@pytest.fixture(params=PROFILES)
def golden(request: pytest.FixtureRequest, git_home: Path, tmp_path: Path) -> Iterator[Repository]:
    """A golden repository, whose answers have the URL at which it is served."""
    with serve(tmp_path) as server:
        work = tmp_path / "work"
        shutil.copytree(GOLDEN / request.param / "repository", work)
        git(work, "init", "-q")
        git(work, "add", "-A")
        git(work, "commit", "-qm", "golden")
        git(work, "push", "-q", server.url, "HEAD:main")
        git(server.repository, "symbolic-ref", "HEAD", "refs/heads/main")
        repository = Repository(work)
        repository.answers = dataclasses.replace(repository.answers, repo_url=server.url)
        yield repository


def test_every_environment(golden: Repository, tools: Tools, tmp_path: Path) -> None:
    """Field for field, but for the marks by which each tool knows its own."""
    names = golden.environment_names()
    assert len(names) >= 5
    built = {name: printed(golden, tmp_path, name) for name in names}
    by_argocd = argocd_renders(golden, tools, names)
    by_flux = flux_renders(golden, tools.plane, names)
    for name, wanted in built.items():
        assert len(wanted) >= 4
        for found, more in ((by_argocd[name], argocd_adds), (by_flux[name], flux_adds)):
            assert sorted(found) == sorted(wanted)
            added = {key: list(differences(wanted[key], found[key])) for key in wanted}
            assert [(key, d) for key, ds in added.items() for d in ds if not more(*d)] == []
            # Argo CD leaves its mark off CRDs.
            assert {k.split()[0] for k in wanted if not added[k]} <= {"CustomResourceDefinition"}


def printed(golden: Repository, home: Path, name: str) -> Rendered:
    """What `fcgitops build NAME` prints."""
    text, _ = fcgitops(home, "-C", golden.root, "build", name)
    return by_name(yamls.load_all(text))


def by_name(objects: Any) -> Rendered:
    """Each object by its kind, namespace and name."""
    found: Rendered = {}
    for o in objects:
        if o["kind"] in UNKNOWN_TO_KUSTOMIZE:
            o["metadata"].pop("namespace", None)
        key = f"{o['kind']} {o['metadata'].get('namespace', '')}/{o['metadata']['name']}"
        assert key not in found
        found[key] = o
    return found


def differences(wanted: Any, found: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Where two values are not equal: the place, and what each has there, or None."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key in {**wanted, **found}:
            yield from differences(wanted.get(key), found.get(key), f"{place}/{key}")
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for number, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from differences(one, other, f"{place}/{number}")
    elif wanted != found:
        yield place, wanted, found


def argocd_adds(place: str, wanted: Any, found: Any) -> bool:
    """The annotation that says which Application it is of."""
    if place == "/metadata/annotations":
        return wanted is None and list(found) == [TRACKING]
    return place == f"/metadata/annotations/{TRACKING}" and wanted is None


def flux_adds(place: str, wanted: Any, found: Any) -> bool:
    """Two labels, and what Kubernetes' own types say where there is nothing to say."""
    if place == "/metadata/labels":
        return wanted is None and sorted(found) == list(MARKS)
    marked = place in [f"/metadata/labels/{mark}" for mark in MARKS]
    return wanted is None and (marked or found in (None, {}, "", 0) or place == "/status")


def argocd_renders(golden: Repository, tools: Tools, names: list[str]) -> dict[str, Rendered]:
    """What its repo-server has rendered for an Application of each environment."""
    template = argocd_files.application_set(golden.answers)["spec"]["template"]["spec"]
    revision = git(golden.root, "rev-parse", "HEAD")
    applications = []
    for name in names:
        env = golden.environment(name)
        spec = template | {
            "project": "default",
            "source": template["source"] | {"path": f"overlays/{name}"},
            "destination": {"name": "prod", "namespace": env.namespace},
            "syncPolicy": None,
        }
        metadata = {"name": f"{golden.answers.profile}-{name}", "namespace": "argocd"}
        applications.append(
            {
                "apiVersion": "argoproj.io/v1alpha1",
                "kind": "Application",
                "metadata": metadata,
                "spec": spec,
            }
        )
    tools.plane.apply(json.dumps({"apiVersion": "v1", "kind": "List", "items": applications}))

    def ready() -> dict[str, Rendered]:
        found = {}
        for name, app in zip(names, applications, strict=True):
            entries = tools.argo.cached(f"mfst|*|{app['metadata']['name']}|*")
            response = entries[0]["manifestResponse"] if entries else None
            assert response, f"{name}: {entries}"
            assert response["revision"] == revision
            found[name] = by_name(map(json.loads, response["manifests"]))
        return found

    return eventually(ready, 60, "Argo CD has rendered all of them")


def flux_renders(golden: Repository, plane: ControlPlane, names: list[str]) -> dict[str, Rendered]:
    """What kustomize-controller has asked to be applied for each environment."""
    profile = golden.answers.profile
    namespaces = plane.kubectl("get", "namespaces", "-o", "name").split()
    items = []
    for name in names:
        env = dataclasses.replace(golden.environment(name), sync="flux")
        generated = flux_files.files(env, golden.answers, [])[flux_files.SYNC_FILE]
        for o in yamls.load_all(generated):
            o["metadata"]["name"] = f"{profile}-{name}"
            if o["kind"] == "Kustomization":
                o["spec"] |= {"wait": False, "retryInterval": "2s"}
                o["spec"]["sourceRef"]["name"] = f"{profile}-{name}"
                del o["spec"]["serviceAccountName"]
            items.append(o)
        if f"namespace/{env.namespace}" not in namespaces:
            namespaces.append(f"namespace/{env.namespace}")
            plane.kubectl("create", "namespace", env.namespace)
    plane.apply(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    kustomizations = [o["metadata"]["name"] for o in items if o["kind"] == "Kustomization"]

    def applied() -> bool:
        for found in plane.get("kustomizations", "-n", "flux-system"):
            if found["metadata"]["name"] in kustomizations:
                assert "lastAppliedRevision" in found.get("status", {}), found.get("status")
        return True

    eventually(applied, 60, "Flux has applied all of them")
    requests = [
        request["body"]
        for request in plane.audit(user="flux", verb="patch")
        if "fieldManager=kustomize-controller" in request["uri"] and "dryRun" in request["uri"]
    ]
    found: dict[str, Rendered] = {name: {} for name in names}
    for body in requests:
        labels = body["metadata"].get("labels", {})
        if labels.get(MARKS[0]) in kustomizations:
            found[labels[MARKS[0]].removeprefix(f"{profile}-")] |= by_name([body])
    # Another profile's binding has another role, which cannot be changed.
    plane.kubectl("delete", "kustomizations", "-n", "flux-system", *kustomizations)
    return found
