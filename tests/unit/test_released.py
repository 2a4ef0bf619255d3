"""The repositories that released versions made are kept: whole, readable, and never made anew."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import yamls
from gitenv import RELEASED, clone_released, git


@dataclass(frozen=True)
class Kept:
    """What one bundle holds."""

    commit: str
    commits: int
    profile: str
    gitops: str
    environments: str
    experiments: str = ""


KEPT = {
    "0.1.0": {
        "empty": Kept("3fe08029163c", 1, "hardened", "argocd", ""),
        "hardened-argocd": Kept("07c159a6997d", 1, "hardened", "argocd", "dev prod"),
        "hardened-flux": Kept("6e8b04085900", 1, "hardened", "flux", "dev prod"),
        "hardened-both": Kept("9eaa76572be2", 4, "hardened", "both", "dev flux prod"),
        "upstream-argocd": Kept("ce4f7a701f6b", 1, "upstream", "argocd", "dev prod"),
        "upstream-flux": Kept("539eb1cfa240", 1, "upstream", "flux", "dev prod"),
        "upstream-both": Kept("7950b5338a73", 2, "upstream", "both", "dev prod"),
        "hardened-every-key": Kept(
            "ed95e30d753f", 3, "hardened", "both", "cilium dev gpu prod", "mnist"
        ),
        "upstream-every-key": Kept("91beb04ea259", 3, "upstream", "both", "dev gpu prod", "mnist"),
        "nni": Kept("a04ef5c1cee6", 9, "hardened", "argocd", "dev prod", "cifar mnist"),
        "fleet": Kept(
            "8cf9ba8b0f99", 6, "hardened", "both",
            "ap-dev ap-prod ap-test eu-dev eu-edge eu-prod eu-test sandbox us-dev us-edge us-prod "
            "us-test",
        ),
        "hand-edits": Kept("6e0e710d3b87", 19, "hardened", "both", "dev edge prod stage", "mnist"),
        "out-of-line": Kept("4544b3fb38e3", 5, "hardened", "argocd", "dev prod stage"),
        "lenient": Kept("8175d99a97fc", 3, "hardened", "argocd", "dev old prod"),
    },
    "0.2.0": {
        "empty": Kept("a053ac810173", 1, "hardened", "argocd", ""),
        "fleet": Kept(
            "a1e1289f0118", 6, "hardened", "both",
            "ap-dev ap-prod ap-test eu-dev eu-edge eu-prod eu-test sandbox us-dev us-edge us-prod "
            "us-test",
        ),
        "folder": Kept("89561c1b15ea", 3, "hardened", "both", "dev prod"),
        "hand-edits": Kept("0a25b8ddb8e3", 19, "hardened", "both", "dev edge prod stage", "mnist"),
        "hardened-argocd": Kept("d041d2e6ce69", 1, "hardened", "argocd", "dev prod"),
        "hardened-both": Kept("8314d7b3056f", 4, "hardened", "both", "dev flux prod"),
        "hardened-every-key": Kept(
            "d870d0eeda88", 3, "hardened", "both", "cilium dev gpu prod", "mnist"
        ),
        "hardened-flux": Kept("7a600feef0a2", 1, "hardened", "flux", "dev prod"),
        "lenient": Kept("8feb662a8beb", 3, "hardened", "argocd", "dev old prod"),
        "nni": Kept("1f27ceea0036", 9, "hardened", "argocd", "dev prod", "cifar mnist"),
        "out-of-line": Kept("8cf2cdc94f89", 5, "hardened", "argocd", "dev prod stage"),
        "promoted": Kept("ab3b7c27c125", 5, "hardened", "both", "dev prod staging"),
        "upstream-argocd": Kept("d2a2a9091109", 1, "upstream", "argocd", "dev prod"),
        "upstream-both": Kept("3327f1e1b53f", 2, "upstream", "both", "dev prod"),
        "upstream-every-key": Kept("97cd078a244c", 3, "upstream", "both", "dev gpu prod", "mnist"),
        "upstream-flux": Kept("0d22247aca3c", 1, "upstream", "flux", "dev prod"),
    },
}  # fmt: skip
"""Version → bundle → what it holds."""
BUNDLES = [(version, name) for version, kept in KEPT.items() for name in kept]


def test_each_bundle_is_known_here() -> None:
    """None is lost, none is added unseen."""
    assert {(path.parent.name, path.stem) for path in RELEASED.glob("*/*.bundle")} == set(BUNDLES)


@pytest.mark.sampled(8)
@pytest.mark.parametrize(("version", "name"), BUNDLES)
def test_a_bundle_clones_to_the_repository_that_its_version_made(
    version: str, name: str, git_home: Path, tmp_path: Path
) -> None:
    """The very commit, whole, with the answers, environments and experiments it was made of."""
    root = clone_released(name, tmp_path, version)
    content = next(path.parent for path in root.glob("**/fcgitops.yaml"))
    recorded = yamls.load((content / "fcgitops.yaml").read_text())

    assert git(root, "fsck", "--strict") == ""
    assert git(root, "status", "--porcelain", "--branch") == "## main...origin/main"
    assert recorded["version"] == version
    assert Kept(
        git(root, "rev-parse", "HEAD")[:12],
        int(git(root, "rev-list", "--count", "HEAD")),
        recorded["answers"]["profile"],
        recorded["answers"]["gitops"],
        " ".join(path.parent.name for path in sorted(content.glob("overlays/*/environment.yaml"))),
        " ".join(path.parent.name for path in sorted(content.glob("experiments/*/run.yaml"))),
    ) == KEPT[version][name]  # fmt: skip


KEYS_OF_0_1_0 = """
    variant cluster.name cluster.server namespace sync image.registry image.repository image.tag
    image.digest image.pullSecrets apiServer.address apiServer.kubeconfigSecret
    apiServer.kubeconfigKey egress.mode egress.endpoints resources.cpu resources.memory
    nodeSelector tolerations labels annotations priorityClassName components flux.shard
    nni.namespace nni.storage nni.pullSecrets nni.uiFrom nni.quota nni.limits settings
    shippedPodFailureSpec
"""
"""Every key of an environment, as its model had them."""


@pytest.mark.parametrize(
    ("name", "unset"),
    [("hardened-every-key", set()), ("upstream-every-key", {"egress.mode", "egress.endpoints"})],
)
def test_every_key_that_0_1_0_knew_is_set(
    name: str, unset: set[str], git_home: Path, tmp_path: Path
) -> None:
    """In the environment gpu; `upstream` takes no egress."""
    root = clone_released(name, tmp_path)
    given = yamls.load((root / "overlays/gpu/environment.yaml").read_text())

    def is_given(path: str) -> bool:
        value = given
        for part in path.split("."):
            value = value.get(part, {})
        return bool(value)

    assert {path for path in KEYS_OF_0_1_0.split() if not is_given(path)} == unset


HAND_EDITS = {
    "base/statefulset.yaml": "initialDelaySeconds: 20  # our API servers are slow",
    "base/networkpolicy.yaml": "kubernetes.io/metadata.name: monitoring",
    "README.md": "# FrameworkController of team ML",
    "docs/runbook.md": "2. `make build`",
    "Makefile": "notify: ## tell the channel",
    ".github/workflows/test.yml": "- uses: actions/checkout@v5",
    "requirements.txt": "yamllint==1.37.1",
    "overlays/prod/environment.yaml": "  # moved in March",
    "overlays/prod/frameworkcontroller.yaml": "kubeClientQps: 300  # measured",
    "overlays/prod/local/kustomization.yaml": "- path: zone.yaml",
    "overlays/prod/local/zone.yaml": "topology.kubernetes.io/zone: a",
    "overlays/prod/kustomization.yaml": "# Asked for by the auditors.",
    "clusters/argocd/applicationset.yaml": "  labels:\n    team: ml\n",
    "overlays/customized-config/frameworkcontroller.yaml": "workerNumber: 600",
    "fcgitops.yaml": "registry: registry.example.com  # the mirror",
    "overlays/edge/environment.yaml": "name: edge",
    "experiments/mnist/code/trial.py": "# ours",
    "experiments/mnist/job.yaml": "# Ask team ML first.",
}
"""File → a line by hand that stands in it."""


def test_hand_edits_holds_its_edits(git_home: Path, tmp_path: Path) -> None:
    """Each is in the last commit, and the three files that were deleted are not."""
    root = clone_released("hand-edits", tmp_path)
    gone = [
        ".gitlab-ci.yml", ".pre-commit-config.yaml", "overlays/customized-config/README.md",
    ]  # fmt: skip

    assert [p for p, line in HAND_EDITS.items() if line not in (root / p).read_text()] == []
    assert [path for path in gone if (root / path).exists()] == []
    assert git(root, "log", "--merges", "--format=%s") == "Merge branch 'add-edge'"
