"""Where the files of a generated repository lie: every path but those of the sync tools, once."""

from __future__ import annotations

import re
from pathlib import Path

from fcgitops.core.errors import InputError, Problem

ANSWERS = "fcgitops.yaml"
"""The answers, the generator's version, and the defaults of environments; it stands at the root."""
FIXED_ANSWERS = ("repo_slug", "profile", "gitops", "forge")
"""The answers that nobody can change: files follow from them that only `update` writes again."""
REQUIREMENTS = "requirements.txt"
"""What the repository's `make` installs."""
LOCK = "requirements.lock"
"""What REQUIREMENTS takes, each with its hash, where somebody has made that (`make lock`)."""
SCHEMA = "schemas/frameworkcontroller.schema.json"
"""For editors: the first line of each frameworkcontroller.yaml names it."""
ENVIRONMENT_SCHEMA = "schemas/environment.schema.json"
ANSWERS_SCHEMA = "schemas/fcgitops.schema.json"
RUN_SCHEMA = "schemas/run.schema.json"
"""For editors, of what people edit: environment.yaml, fcgitops.yaml, run.yaml."""
DOCS = "docs/fcgitops"
"""What README.md leads to."""
AGENTS = "AGENTS.md"
"""What programs that edit the repository read."""

BASE_RECORD = ".fcgitops/base"
"""What the generator wrote last time of all that belongs to no environment."""
RECORD_FILE = ".fcgitops"
"""What it wrote last time of one environment or experiment; in the folder of that."""
RECORDS = (f"/{RECORD_FILE}", BASE_RECORD)
"""How the paths of records end."""

UPDATE_WAITS = "update.json"
"""Among our notes in Git's own directory: an update that waits for its conflicts."""

SHARED = ("base", "components")
"""What every environment may be rendered from, beside its variant and its own folder.

Argo CD looks for changes in these folders alone, and Flux fetches no others.
"""
CLUSTER_ROLE = "base/clusterrole.yaml"
"""What FrameworkController may do; the profile `upstream` has none."""
STATEFUL_SET = "base/statefulset.yaml"
NNI_COMPONENT = "components/nni"
"""The program of an experiment's manager."""

CI = {"github": ".github", "gitlab": ".gitlab-ci.yml"}
"""A forge → where it reads its jobs."""
FORGES = ("both", *CI)
"""What the answer `forge` may be; the first is the default."""
AT_THE_TOP = (".github", ".gitlab-ci.yml", ".pre-commit-config.yaml", "renovate.json")
"""What GitHub, GitLab, pre-commit and Renovate read at the top of a Git repository alone."""

DEFAULT_CONFIG = "default-config"
CUSTOMIZED_CONFIG = "customized-config"
VARIANTS = (DEFAULT_CONFIG, CUSTOMIZED_CONFIG)
"""The overlays of the base that environments are overlays of."""

OVERLAYS = "overlays"
"""A folder of it is a variant, or an environment, which has the following."""
COMMON = (*SHARED, *(f"{OVERLAYS}/{name}" for name in VARIANTS))
"""What environments may be rendered from that is none's own."""
SOURCE_FILE = "environment.yaml"
KUSTOMIZATION_FILE = "kustomization.yaml"
CONFIG_FILE = "frameworkcontroller.yaml"
VARIANT_FILE = f"{OVERLAYS}/{CUSTOMIZED_CONFIG}/{CONFIG_FILE}"
"""What the configurations of environments of that variant follow from."""
EGRESS_FILE = "egress.yaml"
RETIRED_FILE = "retired.yaml"
PATCHES = "patches"
LOCAL = "local"
NNI = "nni"

EXPERIMENTS = "experiments"
"""A folder of it is an experiment, which has the following."""
RUN_FILE = "run.yaml"
EXPERIMENT_FILE = "experiment.yaml"
JOB_FILE = "job.yaml"

CLUSTERS = "clusters"
"""Entry points: TOOL/ENV/ in it, and TOOL/ENV/experiments/NAME/."""

SOURCES = (ANSWERS, SOURCE_FILE, RUN_FILE, EXPERIMENT_FILE)
"""Names of files that are written by hand, and that others are generated from."""

READ = (".fcgitops", "base", CLUSTERS, "components", EXPERIMENTS, ANSWERS, OVERLAYS)
"""What a change is made of: each command that writes reads of all of these."""


def overlay(name: str) -> str:
    """The folder of an environment or a variant."""
    return f"{OVERLAYS}/{name}"


def owner(path: str) -> str:
    """Whose own file a path is, an overlay's or an experiment's: NAME, experiments/NAME.

    Empty for what several share.
    """
    parts = path.split("/")
    if parts[0] == OVERLAYS and len(parts) > 2:
        return parts[1]
    if parts[0] == EXPERIMENTS and len(parts) > 2:
        return f"{EXPERIMENTS}/{parts[1]}"
    if parts[0] == CLUSTERS and len(parts) > 5 and parts[3] == EXPERIMENTS:
        return f"{EXPERIMENTS}/{parts[4]}"
    return parts[2] if parts[0] == CLUSTERS and len(parts) > 3 else ""


def is_read_at_the_top(path: str) -> bool:
    """Whether a file of the content does something only where that is a repository's top."""
    return path.partition("/")[0] in AT_THE_TOP


def is_of_another_forge(path: str, forge: str) -> bool:
    """Whether a file of the content is the CI of a forge that the answer `forge` leaves out."""
    others = [place for name, place in CI.items() if forge not in (FORGES[0], name)]
    return path.partition("/")[0] in others


def root_of(start: Path) -> Path:
    """The content's root of the repository that `start` is in, at whatever depth.

    Raises:
        InputError: it is in none.
    """
    folder = start.resolve()
    if not folder.is_dir():
        raise InputError(Problem(str(start), "is no folder"))
    for candidate in (folder, *folder.parents):
        if (candidate / ANSWERS).is_file():
            return candidate
    raise InputError(
        Problem(str(start), f"is in no repository of fcgitops: no {ANSWERS} here or above",
                "go into one, or make one with `fcgitops new DEST`")
    )  # fmt: skip


def modeline(schema: str, up: str = "") -> str:
    """The first line of a YAML file, by which editors find its schema.

    Args:
        schema: its path from the content's root.
        up: from the file's folder to that root.
    """
    return f"# yaml-language-server: $schema={up}{schema}\n"


_GENERATED = f"# Generated by fcgitops from {SOURCE_FILE}."


def header(name: str, more: str = "") -> str:
    """The two lines at the top of what is generated of an environment's environment.yaml.

    Args:
        name: the environment's.
        more: what they say besides.
    """
    return f"{_GENERATED} Change that file and run\n# `make overlay ENV={name}`{more}.\n"


def below_header(data: bytes) -> bytes | None:
    """A file without these two lines, which name its environment; None where it has none."""
    return data.split(b"\n", 2)[-1] if data.startswith(_GENERATED.encode()) else None


def source_path(name: str) -> str:
    """Path of an environment's environment.yaml."""
    return f"{OVERLAYS}/{name}/{SOURCE_FILE}"


def environment_named(run: bytes) -> str:
    """The environment that the text of a run.yaml names; empty where it names none.

    Of a file that is not read as YAML: for what lists many, or must not fail on one.
    """
    found = re.search(rb"^environment:[ \t]*[\"']?([^\s\"'#]+)", run, re.MULTILINE)
    return found[1].decode(errors="replace") if found else ""
