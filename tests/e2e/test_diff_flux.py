"""What `diff` says of Flux's entry points, seen with the real source- and kustomize-controller.

An entry point is applied as `make bootstrap` does, with one edit; what Flux then says of it is
what was foretold, and after it is put back Flux is content again.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
import yamls
from fcgitops.diff import compare
from gitenv import git
from testbed.controlplane import control_plane
from testbed.programs import eventually, stays
from testbed.site import ENVIRONMENT, NAMESPACE, Site, fail, site

pytestmark = pytest.mark.cluster
Object = dict[str, Any]
SOURCE = "gitrepositories.source.toolkit.fluxcd.io"
KUSTOMIZATION = "kustomizations.kustomize.toolkit.fluxcd.io"
CRD = Path(__file__).resolve().parents[2] / "{{cookiecutter.repo_slug}}/components/crd/crd.yaml"


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The environment prod, which Flux has applied."""
    with (
        control_plane(tmp_path_factory.mktemp("plane"), crds=CRD.read_text()) as plane,
        site("flux", plane, tmp_path_factory.mktemp("flux")) as prod,
    ):
        prod.fcgitops("bootstrap", ENVIRONMENT, "--yes")
        prod.wait_for(git(prod.repository, "rev-parse", "HEAD"), 90)
        yield prod


def entry_points(prod: Site) -> list[Object]:
    """What `make bootstrap` applies, and what Flux does."""
    folder = prod.repository / "clusters" / "flux" / ENVIRONMENT
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml"))]
    texts.append(prod.fcgitops("build", ENVIRONMENT)[0])
    return [o for text in texts for o in yamls.load_all(text) if o]


def found(objects: list[Object], kind: str, name: str) -> Object:
    return next(o for o in objects if o["kind"] == kind and o["metadata"]["name"] == name)


def spec(kind: str, **fields: Any) -> Callable[[list[Object]], Object]:
    """An edit of the source or of the Kustomization; the object that it edits."""

    def edit(objects: list[Object]) -> Object:
        wanted = found(objects, kind, NAMESPACE)
        wanted["spec"].update(fields)
        return wanted

    return edit


def lacking(resource: str, verb: str) -> Callable[[list[Object]], Object]:
    """An edit that takes a verb away from Flux's account."""

    def edit(objects: list[Object]) -> Object:
        role = found(objects, "ClusterRole", f"{NAMESPACE}-flux")
        for rule in role["rules"]:
            if resource in rule["resources"]:
                rule["verbs"] = [v for v in rule["verbs"] if v != verb]
        role["rules"] = [rule for rule in role["rules"] if rule["verbs"]]
        return role

    return edit


def complaint(prod: Site) -> str:
    """What Flux says is wrong with the source or the Kustomization."""
    said = []
    for kind in (SOURCE, KUSTOMIZATION):
        status = prod.plane.get(kind, NAMESPACE, "-n", "flux-system").get("status", {})
        said += [c["message"] for c in status.get("conditions", []) if c["status"] == "False"]
    return "; ".join(said)


@pytest.mark.parametrize(
    ("number", "edit", "words"),
    [
        ("E21", spec("Kustomization", path="./overlays/nothing"), "path not found"),
        ("E22", spec("Kustomization", serviceAccountName="nobody"), "nobody"),
        ("E26", spec("GitRepository", secretRef={"name": "nothing"}), "failed to get secret"),
        ("R17", lacking("configmaps", "watch"), "attempting to grant RBAC permissions"),
        ("R18", lacking("statefulsets", "patch"), "cannot patch resource"),
    ],
)
def test_what_flux_complains_of_was_foretold(
    prod: Site, number: str, edit: Callable[[list[Object]], Object], words: str
) -> None:
    """E21, E22, E26, R17, R18: nothing is applied, nothing is deleted."""
    before = entry_points(prod)
    after = copy.deepcopy(before)
    edited = edit(after)
    assert number in {e.id for e in compare.outcome(before, after, frozenset({"flux"})).effects}
    versions = prod.versions()
    put(prod, edited)
    try:
        eventually(
            lambda: words in complaint(prod) or fail(prod.reconcile() or complaint(prod)),
            60, number, interval=1,
        )  # fmt: skip
        assert prod.versions() == versions
    finally:
        put(prod, found(before, edited["kind"], edited["metadata"]["name"]))
        eventually(
            lambda: not complaint(prod) or fail(prod.reconcile() or complaint(prod)),
            60, "it is content", interval=1,
        )  # fmt: skip


def put(prod: Site, o: Object) -> None:
    prod.plane.apply(yaml.safe_dump(o), "--server-side", "--force-conflicts")


def test_what_is_suspended_gets_no_commit(prod: Site) -> None:
    """E10: until it is resumed."""
    before = entry_points(prod)
    after = copy.deepcopy(before)
    edited = spec("Kustomization", suspend=True)(after)
    assert "E10" in {e.id for e in compare.outcome(before, after).effects}
    put(prod, edited)
    prod.fcgitops("overlay", ENVIRONMENT, "--set", "workerNumber=771")
    commit = prod.push()
    prod.reconcile()
    stays(lambda: "workerNumber: 771" in prod.configuration(), 5)
    assert "workerNumber: 771" not in prod.configuration()
    put(prod, found(before, "Kustomization", NAMESPACE))
    prod.reconcile()
    prod.wait_for(commit)


def test_another_cluster_is_nothing_to_flux(prod: Site) -> None:
    """E04f: it goes on where it is, and applies the next commit."""
    prod.fcgitops("overlay", ENVIRONMENT, "--cluster", "elsewhere")
    said, _ = prod.fcgitops("diff", "HEAD~1", "--format", "json")
    assert '"E04f"' in said
    versions = prod.versions()
    prod.wait_for(prod.push())
    assert prod.versions() == versions
    prod.fcgitops("overlay", ENVIRONMENT, "--set", "workerNumber=772")
    said, _ = prod.fcgitops("diff", "HEAD~1", "--format", "json")
    assert '"E04f"' not in said
    prod.wait_for(prod.push())
    assert "workerNumber: 772" in prod.configuration()
