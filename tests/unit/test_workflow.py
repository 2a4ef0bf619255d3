"""The workflow that runs `make kind-test` on published images, which cannot be run here."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yamls
from fcgitops.commands.kind_test import TASK_IMAGE
from fcgitops.model.environment import IMAGE, IMAGE_TAG

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / ".github" / "workflows" / "kind.yml"
OLDEST = 29


@pytest.fixture
def job() -> dict[str, Any]:
    """Its one job."""
    (job,) = yamls.load(WORKFLOW.read_text())["jobs"].values()
    found: dict[str, Any] = job
    return found


def test_every_minor_version_from_1_29_on(job: dict[str, Any]) -> None:
    """Each by a node image of that version, pinned by its content, and a release of kind."""
    rows = job["strategy"]["matrix"]["include"]

    versions = [row["kubernetes"] for row in rows]
    assert versions == [f"1.{OLDEST + i}" for i in range(len(rows))]
    assert len(rows) >= 9
    for row in rows:
        minor = re.escape(row["kubernetes"])
        assert re.fullmatch(rf"kindest/node:v{minor}\.\d+@sha256:[0-9a-f]{{64}}", row["node"])
        assert re.fullmatch(r"v0\.\d+\.\d+", row["kind"])
    assert len({row["node"] for row in rows}) == len(rows)


def test_it_runs_what_users_get(job: dict[str, Any]) -> None:
    """The published image that environments name by default, by the command that CI runs."""
    digest = job["env"].pop("TASK_DIGEST")
    assert job["env"] == {
        "KIND_NODE_IMAGE": "${{ matrix.node }}",
        "FRAMEWORKCONTROLLER_IMAGE": f"{IMAGE}:{IMAGE_TAG}",
        "FRAMEWORKCONTROLLER_DIGEST": "${{ vars.FRAMEWORKCONTROLLER_DIGEST }}",
        "TASK_IMAGE": TASK_IMAGE,
    }
    assert re.fullmatch("sha256:[0-9a-f]{64}", digest)
    assert [step["run"] for step in job["steps"] if "run" in step][-1] == "make kind-test"
    assert f"image={IMAGE}:{IMAGE_TAG}\n" in (ROOT / ".ci" / "kind").read_text()


def test_images_are_fetched_by_digest(job: dict[str, Any], tmp_path: Path) -> None:
    """Where there is one, and then under the tag that kind loads; else by the tag."""
    (step,) = (step["run"] for step in job["steps"] if "docker pull" in step.get("run", ""))
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\necho "$*"\n')
    docker.chmod(0o755)
    env = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}", "KIND_NODE_IMAGE": "kindest/node:v1@sha256:a",
        "FRAMEWORKCONTROLLER_IMAGE": "f/c:v1", "FRAMEWORKCONTROLLER_DIGEST": "",
        "TASK_IMAGE": "busybox:1", "TASK_DIGEST": "sha256:b",
    }  # fmt: skip

    ran = subprocess.run(
        ["bash", "-e", "-c", step], env=env, check=True, capture_output=True, text=True
    )

    assert ran.stdout.splitlines() == [
        "pull --quiet kindest/node:v1@sha256:a",
        "pull --quiet f/c:v1",
        "pull --quiet busybox@sha256:b",
        "tag busybox@sha256:b busybox:1",
    ]


def test_actions_are_pinned_and_rights_are_few(job: dict[str, Any]) -> None:
    """By commit, with the version beside it; the token reads contents and is not left behind."""
    uses = re.findall(r"uses: (\S+)(.*)", WORKFLOW.read_text())

    assert len(uses) == 2
    for action, comment in uses:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action)
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment)
    assert yamls.load(WORKFLOW.read_text())["permissions"] == {"contents": "read"}
    (checkout,) = (s for s in job["steps"] if s.get("uses", "").startswith("actions/checkout"))
    assert checkout["with"] == {"persist-credentials": False}
