"""The guide docs/nni.md, typed word for word into a shell."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from gitenv import SETTINGS, git
from gitserver import serve
from testbed.controller import framework_controller
from testbed.controlplane import control_plane
from testbed.flux import flux
from testbed.pods import pods
from testbed.programs import eventually, search_path

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).resolve().parents[2]
CRD = ROOT / "{{cookiecutter.repo_slug}}/components/crd/crd.yaml"


def blocks() -> list[str]:
    """What stands between ```sh and ```, in the guide's order."""
    text = (ROOT / "docs" / "nni.md").read_text(encoding="utf-8")
    return re.findall(r"^```sh\n(.*?)^```$", text, flags=re.M | re.S)


def test_the_guide(tmp_path: Path) -> None:
    """From an empty cluster to a finished experiment; only the two addresses are other ones."""
    make, enable, add, edit, push, watch, result = blocks()
    (tmp_path / ".gitconfig").write_text(SETTINGS)
    with (
        serve(tmp_path) as server,
        control_plane(tmp_path / "plane", crds=CRD.read_text()) as plane,
        flux(plane, tmp_path / "flux"),
    ):
        git(server.repository, "symbolic-ref", "HEAD", "refs/heads/main")
        env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")} | {
            "HOME": str(tmp_path),
            "PATH": f"{tmp_path}:{search_path()}",
            "KUBECONFIG": str(plane.kubeconfig),
        }
        program = tmp_path / "fcgitops"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m fcgitops "$@"\n')
        program.chmod(0o755)

        def shell(folder: Path, *texts: str) -> str:
            done = subprocess.run(
                ["sh", "-euc", "\n".join(texts)], cwd=folder, env=env,
                capture_output=True, text=True, timeout=600, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout + done.stderr

        make, changed = re.subn("^REPO_URL=.*$", f"REPO_URL={server.url}", make, flags=re.M)
        assert changed == 1
        shell(tmp_path, make, enable, add, edit, push)
        repository = tmp_path / "deploy"

        eventually(lambda: "first-run-" in shell(repository, watch), 120, "the Job")
        with framework_controller(plane), pods(plane, "nni", tmp_path) as running:
            (job,) = running.get("jobs", "--selector=experiment=first")
            name = job["metadata"]["name"]
            with running.manager(name, tmp_path / "manager") as manager:
                eventually(lambda: "nniexp" in shell(repository, watch), 120, "a Framework")
                eventually(lambda: not manager.alive(), 300, "the manager ends")
                assert manager.stop() == 0, manager.tail(40)
            assert "best: {" in manager.text()
            (pod,) = running.get("pods", f"--selector=job-name={name}")
            plane.finish(pod["metadata"]["name"], "nni")
            said = shell(repository, result)
        assert "condition met" in said
        assert "No resources found" in said
