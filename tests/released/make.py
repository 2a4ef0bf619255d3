"""Makes the repositories of a release that tests/released/VERSION/ keeps as Git bundles.

usage: .venv/bin/python tests/released/make.py VERSION

Each repository is made by the code of the release's own commit, with a fixed identity and fixed
dates, so that its commits have the same names whenever and wherever it is made. A bundle that is
there already is never written again: its commit is compared with the one that was made now.
Exit status: 0 all are there and the same, 1 one differs.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
INPUTS = HERE / "inputs"
RELEASES = {
    "0.1.0": "219892a3585c51bc0ba3d4599b12b7736e29d319",
    "0.2.0": "2cd3b6496a1597e31469df5e9e507f1c7b65b629",
}
"""Version → the commit of this project that is that release."""
CHECKOUT = {
    "0.1.0": ("actions/checkout@v4", "actions/checkout@v5"),
    "0.2.0": (
        "checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
        "checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0",
    ),
}
"""Version → the action in its workflow, and what Renovate makes of it."""
START = 1_767_225_600
"""Seconds since 1970 of the first commit, 2026-01-01 00:00 UTC; each command takes a minute."""
SETTINGS = """\
[user]
    name = Ada
    email = ada@example.com
[init]
    defaultBranch = main
[pack]
    threads = 1
"""


class Maker:
    """Types the commands that make one repository."""

    def __init__(self, version: str, code: Path, home: Path, root: Path) -> None:
        self.version = version
        self.root = root
        self.content = root
        """The folder of fcgitops.yaml."""
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": str(code / "generator"),
            "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        self.now = START

    def run(self, *command: str | Path, folder: Path, status: int = 0) -> str:
        """Runs a command, which has to end with `status`; its stdout."""
        self.now += 60
        date = f"{self.now} +0000"
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False,
            env=self.environment | {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date},
        )  # fmt: skip
        if done.returncode != status:
            sys.exit(f"error: {command} ended with {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout.strip()

    def new(self, *arguments: str) -> None:
        """`fcgitops new NAME --no-input ARGUMENTS…`."""
        self.run(sys.executable, "-m", "fcgitops", "new", self.root.name, "--no-input",
                 *self.index, *arguments, folder=self.root.parent)  # fmt: skip

    @property
    def index(self) -> tuple[str, ...]:
        """Options of `new`: the release is on the package index, not in the folder of its code."""
        if self.version == "0.1.0":  # which names the index by itself
            return ()
        return "--set", f"requirement=frameworkcontroller-gitops=={self.version}"

    def fcgitops(self, *arguments: str | Path, status: int = 0) -> str:
        """`fcgitops ARGUMENTS…` in the repository."""
        return self.run(
            sys.executable, "-m", "fcgitops", *arguments, folder=self.content, status=status
        )

    def git(self, *arguments: str | Path) -> str:
        """`git ARGUMENTS…` in the repository."""
        return self.run("git", *arguments, folder=self.root)

    def write(self, path: str, text: str) -> None:
        """Writes a file of the user's own."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def append(self, path: str, text: str) -> None:
        """Adds lines at the end of a file."""
        self.write(path, (self.root / path).read_text() + text)

    def replace(self, path: str, old: str, new: str, *, everywhere: bool = False) -> None:
        """Edits a file at the one place that says `old`, or at all of them."""
        text = (self.root / path).read_text()
        if text.count(old) != 1 and not (everywhere and old in text):
            sys.exit(f"error: {path} says {text.count(old)} times, not once: {old}")
        self.write(path, text.replace(old, new))

    def commit(self, message: str) -> None:
        """Commits all edits by plain git."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)


TWO = ("--env", "dev", "--env", "prod=customized-config")


def empty(make: Maker) -> None:
    """No environment, every answer at its default."""
    make.new()


def hardened_argocd(make: Maker) -> None:
    """Argo CD of another version than the default, signed commits."""
    make.new(
        *TWO, "--repo-url", "https://git.example.com/ml/deploy.git",
        "--set", "argocd_version=3.5", "--set", "signing_keys=0123456789ABCDEF",
    )  # fmt: skip


def hardened_flux(make: Maker) -> None:
    """Flux with a Secret, defaults of environments, a requirement by a Git URL."""
    make.new(
        *TWO, "--gitops", "flux", "--repo-url", "ssh://git@git.example.com/ml/deploy.git",
        "--set", "flux_secret=deploy-key", "--set", "image.registry=registry.example.com",
        "--set", "resources.memory=2Gi", "--set",
        "requirement=frameworkcontroller-gitops @ git+https://git.example.com/fcgitops@v0.1.0",
    )  # fmt: skip


def hardened_both(make: Maker) -> None:
    """An environment for each tool, one that has changed its tool, one that was removed."""
    make.new(*TWO, "--gitops", "both", "--env", "gone")
    make.fcgitops("overlay", "flux", "--set", "sync=flux", "--cluster", "https://10.0.0.3:6443")
    make.fcgitops("overlay", "dev", "--set", "sync=flux")
    make.fcgitops("remove", "gone")


def upstream_argocd(make: Maker) -> None:
    """The seed's manifests for Argo CD."""
    make.new(*TWO, "--profile", "upstream")


def upstream_flux(make: Maker) -> None:
    """The seed's manifests for Flux."""
    make.new(*TWO, "--profile", "upstream", "--gitops", "flux")


def upstream_both(make: Maker) -> None:
    """The seed's manifests for both tools, a whole configuration file taken over."""
    make.new(*TWO, "--profile", "upstream", "--gitops", "both")
    make.fcgitops("overlay", "prod", "--config", INPUTS / "frameworkcontroller.yaml")


def hardened_every_key(make: Maker) -> None:
    """Every key of an environment set, an NNI experiment on NFS."""
    make.new(*TWO, "--gitops", "both")
    make.fcgitops("overlays", "--from", INPUTS / "hardened-every-key.yaml")
    make.fcgitops("nni", "experiment", "mnist", "--env", "gpu")


def upstream_every_key(make: Maker) -> None:
    """Every key that `upstream` takes, an NNI experiment on NFS."""
    make.new(*TWO, "--profile", "upstream", "--gitops", "both")
    make.fcgitops("overlays", "--from", INPUTS / "upstream-every-key.yaml")
    make.fcgitops("nni", "experiment", "mnist", "--env", "gpu")


def nni(make: Maker) -> None:
    """Argo CD, two environments with NNI, three experiments, one of them edited and run again."""
    make.new(*TWO)
    make.fcgitops("nni", "enable", "dev", "--storage", "nfs://10.0.0.2/exports/nni")
    make.fcgitops("nni", "enable", "prod", "--namespace", "experiments", "--storage",
                  "azure://account/share?keyVault=vault&key=account-key")  # fmt: skip
    make.fcgitops("nni", "experiment", "mnist", "--env", "dev")
    make.fcgitops("nni", "experiment", "cifar", "--env", "prod")
    make.fcgitops("nni", "experiment", "gone", "--env", "dev")
    make.fcgitops("nni", "remove", "gone")
    make.replace("experiments/mnist/experiment.yaml", "maxTrialNumber: 10",
                 "maxTrialNumber: 40  # ten were too few")  # fmt: skip
    make.replace("experiments/mnist/run.yaml", "run: 1", "run: 2")
    make.write("experiments/mnist/code/model.py", "LAYERS = 3\n")
    make.commit("mnist: forty trials")
    make.fcgitops("nni", "experiment", "mnist")


def fleet(make: Maker) -> None:
    """Twelve environments: a CSV, then changes one by one."""
    make.new("--env", "sandbox", "--gitops", "both")
    make.fcgitops("overlays", "--from", INPUTS / "fleet.csv")
    make.fcgitops("overlay", "eu-edge", "--cluster", "eu-edge", "--set", "sync=flux")
    make.fcgitops("overlay", "us-edge", "--variant", "customized-config", "--set", "sync=flux")
    make.fcgitops("overlay", "eu-prod", "--set", "workerNumber=800")
    make.fcgitops("overlay", "ap-prod", "--set", "image.registry=registry.ap.example.com")


def hand_edits(make: Maker) -> None:
    """Edited by hand wherever a file allows it, by plain git, then brought in line."""
    make.new(*TWO, "--gitops", "both")
    make.fcgitops("overlay", "stage", "--set", "sync=flux")
    make.fcgitops("nni", "enable", "dev", "--storage", "nfs://10.0.0.2/exports/nni")
    make.fcgitops("nni", "experiment", "mnist", "--env", "dev")

    make.replace("base/statefulset.yaml", "initialDelaySeconds: 10",
                 "initialDelaySeconds: 20  # our API servers are slow")  # fmt: skip
    make.replace("base/statefulset.yaml", "      # It needs no other Service's address; "
                 "the API server's is given in any case.\n", "")  # fmt: skip
    make.append("base/networkpolicy.yaml", INGRESS)
    make.commit("base: a slower probe, and monitoring may connect")

    make.replace("README.md", "# hand-edits\n", "# FrameworkController of team ML\n\n"
                 "On call: #ml-platform. The runbook is docs/runbook.md.\n")  # fmt: skip
    make.replace("README.md", "\nFrameworks that run to completion do not belong in Git: "
                 "FrameworkController deletes them after a time,\nand a sync would run them "
                 "again.\n", "\n## Ours\n\nAsk before you touch prod.\n")  # fmt: skip
    make.write("docs/runbook.md", "# Runbook\n\n1. `make test`\n")
    make.commit("README: whom to ask")

    make.replace("Makefile", "PYTHON ?= python3\n", "PYTHON ?= python3.12\n")
    make.append("Makefile", "\n.PHONY: notify\nnotify: ## tell the channel\n\t@echo told\n")
    make.replace(".github/workflows/test.yml", *CHECKOUT[make.version], everywhere=True)
    make.append("requirements.txt", "yamllint==1.37.1\n")
    make.commit("Our Makefile target, Renovate's checkout, a linter")

    make.write("overlays/prod/environment.yaml", PROD)
    make.commit("prod: its cluster and its settings")
    make.fcgitops("overlay", "prod")

    make.replace("overlays/prod/local/kustomization.yaml", "resources: []\n",
                 "resources:\n- disruption.yaml\npatches:\n- path: zone.yaml\n"
                 "  target: {kind: StatefulSet, name: frameworkcontroller}\n")  # fmt: skip
    make.write("overlays/prod/local/disruption.yaml", DISRUPTION)
    make.write("overlays/prod/local/zone.yaml", ZONE)
    make.commit("prod: one zone")

    make.replace("overlays/prod/kustomization.yaml", "components:\n",
                 "# Asked for by the auditors.\ncommonAnnotations:\n"
                 "  example.com/audited: 'yes'\ncomponents:\n")  # fmt: skip
    make.replace("clusters/argocd/applicationset.yaml", "  name: frameworkcontroller\nspec:\n",
                 "  name: frameworkcontroller\n  labels:\n    team: ml\nspec:\n")  # fmt: skip
    make.commit("Edits of generated files")

    make.git("rm", "--quiet", ".gitlab-ci.yml", ".pre-commit-config.yaml",
             "overlays/customized-config/README.md")  # fmt: skip
    make.commit("Files that we do not need")

    make.replace("fcgitops.yaml", "repo_url: ''", "repo_url: https://git.example.com/ml/deploy.git")
    make.replace("fcgitops.yaml", "argocd_version: '3.2'", "argocd_version: '3.6'")
    make.replace("fcgitops.yaml", "    registry: ''\n",
                 "    registry: registry.example.com  # the mirror\n")  # fmt: skip
    make.append("fcgitops.yaml", "  resources:\n    memory: 2Gi\n")
    make.replace("overlays/customized-config/frameworkcontroller.yaml", "workerNumber: 500\n",
                 "# Measured on our API servers.\nworkerNumber: 600\n")  # fmt: skip
    make.commit("All environments: our mirror, more memory, more workers")
    make.fcgitops("overlays")

    make.append("experiments/mnist/code/trial.py", "# ours\n")
    make.replace("experiments/mnist/job.yaml", "apiVersion: batch/v1\n",
                 "# Ask team ML first.\napiVersion: batch/v1\n")  # fmt: skip
    make.commit("mnist: ours")
    make.fcgitops("nni", "experiment", "mnist")

    make.fcgitops("overlay", "edge", "--branch", "add-edge")
    make.git("checkout", "--quiet", "main")
    make.append("docs/runbook.md", "2. `make build`\n")
    make.commit("Runbook: look at what is rendered")
    make.git("merge", "--quiet", "--no-ff", "--message", "Merge branch 'add-edge'", "add-edge")


def out_of_line(make: Maker) -> None:
    """Sources edited and not followed by `overlay`, a generated file that says otherwise."""
    make.new(*TWO, "--env", "stage=customized-config")
    make.append("overlays/prod/environment.yaml", "settings:\n  workerNumber: 800\n")
    make.commit("prod: more workers, and nobody ran make overlay")
    make.replace("fcgitops.yaml", "    tag: v1.0.0\n", "    tag: v1.0.1\n")
    make.commit("A newer image, and nobody ran make overlays")
    make.replace("overlays/stage/frameworkcontroller.yaml", "workerNumber: 500\n",
                 "workerNumber: 300\n")  # fmt: skip
    make.commit("stage: fewer workers, in the generated file")
    make.git("rm", "--quiet", "overlays/dev/kustomization.yaml")
    make.commit("dev: its kustomization is gone")


def lenient(make: Maker) -> None:
    """What 0.1.0 takes and later versions may not: tags that name no fixed image, a URL's slash."""
    make.new(*TWO, "--repo-url", "https://git.example.com/ml/deploy/")
    taken = () if make.version == "0.1.0" else ("--set", "image.tagPolicy=any")
    make.fcgitops("overlay", "dev", "--set", "image.tag=latest", *taken)
    make.fcgitops("overlay", "old", "--set", "image.tag=v0.8.0", *taken)


def promoted(make: Maker) -> None:
    """Gates and what travels in fcgitops.yaml, a promotion, a rollback that holds."""
    make.new(*TWO, "--env", "staging=customized-config", "--gitops", "both")
    make.append("fcgitops.yaml", GATES)
    make.commit("Gates before production")
    make.fcgitops("overlay", "staging", "--set", "workerNumber=800", "--set", "labels.team=ml")
    make.fcgitops("promote", "staging", "prod")
    make.fcgitops("rollback", "prod")


def folder(make: Maker) -> None:
    """The content in a folder of a bigger repository, beside somebody else's files."""
    make.root.mkdir()
    make.git("init", "--quiet")
    make.write("README.md", "# Platform\n")
    make.commit("Ours")
    make.content = make.root / "infrastructure" / "frameworkcontroller"
    make.run(sys.executable, "-m", "fcgitops", "new", "--into", make.root, "--path",
             "infrastructure/frameworkcontroller", "--no-input", *make.index, *TWO,
             "--gitops", "both", "--repo-url", "https://git.example.com/platform/all.git",
             folder=make.root.parent)  # fmt: skip
    make.fcgitops("overlay", "prod", "--set", "workerNumber=800")


GATES = """\
gates:
- for: prod
  from: staging
  verified: true
promote:
  stays: [labels]
"""
INGRESS = """\
  ingress:
  - from:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: monitoring
"""
PROD = """\
# Production. Ask #ml-platform before you change anything here.
sync: argocd
variant: customized-config
namespace: frameworkcontroller

cluster:
  name: "prod-1"   # as Argo CD knows it
  # moved in March
  server: 'https://10.0.0.1:6443'

tolerations:
  - key: dedicated
    operator: Exists

settings:
  # More than the variant's: the fleet is big.
  workerNumber: 800
  kubeClientQps: 300  # measured
"""
DISRUPTION = """\
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: frameworkcontroller
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      app: frameworkcontroller
"""
ZONE = """\
- op: add
  path: /spec/template/spec/nodeSelector
  value:
    topology.kubernetes.io/zone: a
"""

REPOSITORIES: dict[str, Callable[[Maker], None]] = {
    function.__name__.replace("_", "-"): function
    for function in (
        empty, hardened_argocd, hardened_flux, hardened_both, upstream_argocd, upstream_flux,
        upstream_both, hardened_every_key, upstream_every_key, nni, fleet, hand_edits,
        out_of_line, lenient, promoted, folder,
    )
}  # fmt: skip
SINCE_0_2_0 = ("promoted", "folder")
"""Those that only fcgitops 0.2.0 and later can make."""
INVALID = ("out-of-line",)
"""Those in which the release's own `verify` finds something."""


def extract(commit: str, folder: Path) -> None:
    """Writes this project's files as a commit has them."""
    archive = subprocess.run(
        ["git", "archive", commit], cwd=HERE.parents[1], capture_output=True, check=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(folder, filter="data")


def make_bundle(name: str, version: str, code: Path, folder: Path) -> Path:
    """Makes a repository by a release's code below `folder`, and a bundle of it."""
    home = folder / "home"
    home.mkdir(parents=True)
    (home / ".gitconfig").write_text(SETTINGS)
    make = Maker(version, code, home, folder / name)
    found = make.run(sys.executable, "-m", "fcgitops", "--version", folder=folder)
    if found != f"fcgitops {version}":
        sys.exit(f"error: the code is {found}, not {version}")
    REPOSITORIES[name](make)
    make.fcgitops("verify", status=int(name in INVALID))
    make.git("repack", "-adfq", "--window=250", "--depth=50")
    bundle = folder / f"{name}.bundle"
    make.git("bundle", "create", "--quiet", "--version=2", bundle, "HEAD", "main")
    return bundle


def commit_of(bundle: Path) -> str:
    """The commit that a bundle's HEAD names."""
    command = ["git", "bundle", "list-heads", bundle, "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[0]


def main(version: str) -> int:
    """Makes every repository of a release; keeps those of which there is no bundle yet."""
    different = False
    with tempfile.TemporaryDirectory() as temporary:
        code = Path(temporary) / "code"
        extract(RELEASES[version], code)
        for name in REPOSITORIES:
            if version == "0.1.0" and name in SINCE_0_2_0:
                continue
            made = make_bundle(name, version, code, Path(temporary) / name)
            kept = HERE / version / made.name
            if not kept.exists():
                kept.parent.mkdir(exist_ok=True)
                shutil.copyfile(made, kept)
                word = "made"
            elif commit_of(made) == commit_of(kept):
                word = "the same"
            else:
                word, different = "DIFFERENT", True
            print(f"{commit_of(made)[:12]} {name}: {word}", flush=True)
    return int(different)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in RELEASES:
        sys.exit(f"usage: make.py VERSION, one of {', '.join(RELEASES)}")
    sys.exit(main(sys.argv[1]))
