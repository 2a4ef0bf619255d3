"""Former configurations: Argo CD leaves the last few, and an older one is pruned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yamls
from conftest import Fcgitops
from fcgitops.manifests import retired
from fcgitops.programs import kustomize
from gitenv import git, write

PROTECTED = {
    "argocd.argoproj.io/sync-options": "Prune=false",
    "argocd.argoproj.io/compare-options": "IgnoreExtraneous",
}


@pytest.mark.parametrize(
    "text", ["a: 1\n", "", "a: '<b> & \u2028 \u2029 \\ \"'\n", "é: ☃\n", "a: |\n  x\n\n\n"]
)
def test_the_hash_is_kustomizes_own(text: str, tmp_path: Path) -> None:
    """Else the object would be another, and nothing would be pruned."""
    write(tmp_path, {
        "kustomization.yaml": "configMapGenerator:\n- name: frameworkcontroller-config\n"
        "  files: [frameworkcontroller.yaml]\n",
        "frameworkcontroller.yaml": text,
    })  # fmt: skip
    built = yamls.load(kustomize.find().build(tmp_path))
    assert built["metadata"]["name"].rpartition("-")[2] == retired.name_hash(text)


@pytest.mark.parametrize(
    ("versions", "chosen"),
    [
        ("", None), ("a", None), ("dcba", None), ("edcba", "a"), ("fedcba", "b"),
        ("eddcbba", "a"), ("adcba", None), ("edcbea", "a"),
    ],
)  # fmt: skip
def test_which_one_is_retired(versions: str, chosen: str | None) -> None:
    """The newest but the one in use and the three before it; one that came back is as new."""
    found = retired.choose(v.encode() for v in versions)
    assert found == (chosen.encode() if chosen else None)


def config_maps(fcgitops: Fcgitops, repository: Path) -> dict[str, dict[str, Any]]:
    """The ConfigMaps that prod renders, by the workerNumber of their configuration."""
    objects = yamls.load_all(fcgitops("-C", repository, "build", "prod").out)
    maps = [o for o in objects if o["kind"] == "ConfigMap"]
    return {str(yamls.load(o["data"]["frameworkcontroller.yaml"])["workerNumber"]): o for o in maps}


@pytest.mark.slow
def test_the_fourth_one_before_is_on_its_way_off(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """It is rendered as it was, by its own name, without what keeps Argo CD from pruning it."""
    root = tmp_path / "deploy"
    fcgitops("new", root, "--no-input", "--env", "prod=customized-config")
    name = {}
    for number in range(801, 807):
        fcgitops("-C", root, "overlay", "prod", "--set", f"workerNumber={number}")
        found = config_maps(fcgitops, root)
        built = fcgitops("-C", root, "build", "prod").out
        (tmp_path / f"{number}.yaml").write_text(built)
        current = found[str(number)]["metadata"]
        name[number] = current["name"]
        assert current["annotations"].items() >= PROTECTED.items()
        assert len(found) == (2 if number > 803 else 1)
        if number > 804:
            old = found[str(number - 4)]["metadata"]
            assert old["name"] == name[number - 4]
            assert not set(PROTECTED) & set(old["annotations"])
    for number in (804, 805):  # a former one is not what became of the one in use
        refs = [tmp_path / f"{n}.yaml" for n in (number, number + 1)]
        told = fcgitops("-C", root, "diff", "--rendered", *refs).out
        assert f"frameworkcontroller.yaml: workerNumber: {number} → {number + 1}\n" in told
        assert "(moved)" not in told
    again = yamls.load((root / "overlays/prod/retired.yaml").read_text())["data"]
    write(root, {"overlays/prod/" + path: text for path, text in again.items()})
    assert (
        "overlays/prod/retired.yaml is not in line" in fcgitops("-C", root, "verify", status=1).out
    )
    git(root, "checkout", "-q", ".")
    head = git(root, "rev-parse", "HEAD")
    fcgitops("-C", root, "overlay", "prod")
    fcgitops("-C", root, "overlays")
    fcgitops("-C", root, "verify")
    assert git(root, "rev-parse", "HEAD") == head
    git(root, "revert", "--no-edit", "HEAD")
    fcgitops("-C", root, "verify")
    assert sorted(config_maps(fcgitops, root)) == ["801", "805"]


@pytest.mark.slow
def test_removal_names_the_former_ones(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """Argo CD leaves them, so what takes an environment off its cluster finds them by label."""
    root = tmp_path / "deploy"
    fcgitops("new", root, "--no-input", "--env", "prod=customized-config", "--env", "dev")
    line = (
        "kubectl --namespace frameworkcontroller delete configmap --selector "
        "app.kubernetes.io/name=frameworkcontroller,app.kubernetes.io/component=controller"
    )
    (label, *others) = config_maps(fcgitops, root).values()
    assert others == []
    assert label["metadata"]["labels"] == {
        "app.kubernetes.io/name": "frameworkcontroller",
        "app.kubernetes.io/component": "controller",
    }
    assert line in fcgitops("-C", root, "remove", "prod").err.splitlines()
    assert line not in fcgitops("-C", root, "remove", "dev").err.splitlines()


@pytest.mark.slow
def test_where_nothing_is_retired(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """With Flux, which prunes nothing where anything is refused; and a file of the user's stays."""
    root = tmp_path / "deploy"
    fcgitops("new", root, "--no-input", "--gitops", "both", "--env", "prod=customized-config")
    write(root, {"overlays/prod/retired.yaml": "# mine\n"})
    git(root, "add", "-A")
    git(root, "commit", "-qm", "Mine")
    for number in range(801, 806):
        fcgitops("-C", root, "overlay", "prod", "--set", f"workerNumber={number}")
    assert (root / "overlays/prod/retired.yaml").read_text() == "# mine\n"
    git(root, "rm", "-q", "overlays/prod/retired.yaml")
    git(root, "commit", "-qm", "Not mine")
    fcgitops("-C", root, "overlay", "prod", "--set", "workerNumber=806")
    assert sorted(config_maps(fcgitops, root)) == ["802", "806"]
    assert (root / "overlays/prod/retired.yaml").exists()
    fcgitops("-C", root, "overlay", "prod", "--set", "sync=flux")
    assert not (root / "overlays/prod/retired.yaml").exists()
    fcgitops("-C", root, "verify")
