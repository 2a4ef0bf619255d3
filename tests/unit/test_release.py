"""What a release consists of, as far as it can be made without a forge and a package index."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yamls
from gitenv import git, write

ROOT = Path(__file__).parents[2]
WORKFLOW = yamls.load((ROOT / ".github/workflows/release.yml").read_text())
ACTION = yamls.load((ROOT / "action.yml").read_text())
HELD_TO = "generator/fcgitops/__init__.py"


@pytest.fixture
def source(git_home: Path, tmp_path: Path) -> Path:
    """The checkout as a repository of its own, of which 9.9.9 is to be released."""
    folder = tmp_path / "source"
    files = git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard").splitlines()
    left_out = ("tests/", "docs/", "benchmarks/")
    for path in files:
        if not path.startswith(left_out) and (ROOT / path).is_file():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, folder / path)
    write(folder, {"docs/picture.svg": "<svg/>\n", "tests/x.py": ""})
    file = folder / "generator/fcgitops/__init__.py"
    file.write_text(re.sub(r'__version__ = ".*"', '__version__ = "9.9.9"', file.read_text()))
    notes = (
        "# Changelog\n\n## 9.9.9 (2026-12-24)\n\n- A [gift](docs/new.md).\n\n"
        "## 0.1.0 (commit x)\n\n- Old.\n"
    )
    write(folder, {"CHANGELOG.md": notes})
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "9.9.9")
    return folder


def release(source: Path, tag: str, *, status: int = 0) -> str:
    """Runs `.ci/release`; what it says."""
    env = {**os.environ, "PYTHON": sys.executable, "GITHUB_REPOSITORY": "a/b"}
    command = [str(source / ".ci/release"), tag]
    ran = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == status, ran.stderr
    return ran.stderr


@pytest.mark.slow
def test_a_release_is_whole(source: Path) -> None:
    """Sdist and wheel with links that work from an index, an SBOM, checksums, its notes."""
    release(source, "v9.9.9")

    dist = source / "dist"
    name = "frameworkcontroller_gitops-9.9.9"
    wheel, sdist = f"{name}-py3-none-any.whl", f"{name}.tar.gz"
    sbom = "frameworkcontroller-gitops-9.9.9.cdx.json"
    assert {path.name for path in dist.iterdir()} == {wheel, sdist, sbom, "SHA256SUMS", "notes.md"}
    assert (dist / "notes.md").read_text().strip() == (
        "- A [gift](https://github.com/a/b/blob/v9.9.9/docs/new.md)."
    )
    sums = dict(
        reversed(line.split(maxsplit=1)) for line in (dist / "SHA256SUMS").read_text().splitlines()
    )
    assert sums == {
        f"./{file}": hashlib.sha256((dist / file).read_bytes()).hexdigest()
        for file in (wheel, sdist, sbom)
    }
    with zipfile.ZipFile(dist / wheel) as archive:
        about = archive.read(f"{name}.dist-info/METADATA").decode()
        assert "fcgitops/_template/cookiecutter.json" in archive.namelist()
    links = re.findall(r"\]\(([^)]+)\)", about)
    assert [link for link in links if not link.startswith("https://")] == []
    assert "(https://github.com/a/b/raw/v9.9.9/docs/picture.svg)" in about
    assert "(https://github.com/a/b/blob/v9.9.9/docs/start.md)" in about
    with tarfile.open(dist / sdist) as archive:
        assert f"{name}/pyproject.toml" in archive.getnames()
    parts = {part["name"] for part in json.loads((dist / sbom).read_text())["components"]}
    assert {"frameworkcontroller-gitops", "PyYAML", "cookiecutter"} <= parts
    assert "pytest" not in parts
    assert git(source, "status", "--porcelain", "README.md") == ""


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("tag", "heading", "said"),
    [
        ("v9.9.8", "## 9.9.9 (2026-12-24)", f"the tag is v9.9.8, and {HELD_TO} says 9.9.9"),
        ("9.9.9", "## 9.9.9 (2026-12-24)", f"the tag is 9.9.9, and {HELD_TO} says 9.9.9"),
        ("v9.9.9", "## 9.9.9 (unreleased)", "CHANGELOG.md has no section '## 9.9.9 (YYYY-MM-DD)'"),
        ("v9.9.9", "## 9.9.90 (2026-12-24)", "CHANGELOG.md has no section '## 9.9.9 (YYYY-MM-DD)'"),
    ],
)  # fmt: skip
def test_what_is_not_ready_is_refused(source: Path, tag: str, heading: str, said: str) -> None:
    """Another version, or a section without a date."""
    file = source / "CHANGELOG.md"
    file.write_text(file.read_text().replace("## 9.9.9 (2026-12-24)", heading))
    git(source, "commit", "-qam", "Notes", "--allow-empty")

    assert release(source, tag, status=1) == f"error: {said}\n"


class Tags(BaseHTTPRequestHandler):
    """A forge that knows three tags: an annotated one that is signed, one that is not, a plain."""

    answers: dict[str, Any] = {  # noqa: RUF012
        "/repos/a/b/git/ref/tags/signed": {"object": {"type": "tag", "sha": "1"}},
        "/repos/a/b/git/ref/tags/unsigned": {"object": {"type": "tag", "sha": "2"}},
        "/repos/a/b/git/ref/tags/plain": {"object": {"type": "commit", "sha": "3"}},
        "/repos/a/b/git/tags/1": {"verification": {"verified": True}},
        "/repos/a/b/git/tags/2": {"verification": {"verified": False}},
        "/repos/a/b/git/commits/3": {"verification": {"verified": True}},
    }

    def do_GET(self) -> None:
        """Answers one request."""
        found = self.answers.get(self.path)
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(json.dumps(found or {}).encode())

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def api() -> Iterator[str]:
    """The URL of that forge."""
    server = HTTPServer(("127.0.0.1", 0), Tags)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("tag", "right"), [("signed", True), ("unsigned", False), ("plain", False), ("none", False)]
)
def test_a_tag_that_is_not_signed_is_refused(api: str, tag: str, right: bool) -> None:
    """A tag that is a commit's mere name has no signature of its own."""
    (step,) = (s for s in WORKFLOW["jobs"]["build"]["steps"] if "signed" in s.get("name", ""))
    env = {**os.environ, "TOKEN": "t", "TAG": tag, "GITHUB_API_URL": api,
           "GITHUB_REPOSITORY": "a/b"}  # fmt: skip
    ran = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", step["run"]], env=env, capture_output=True, check=False
    )
    assert (ran.returncode == 0) is right


def test_who_may_do_what() -> None:
    """Only what publishes has a right to write, each its own; nothing is published unattested."""
    jobs = WORKFLOW["jobs"]
    rights = {name: job.get("permissions", {}) for name, job in jobs.items()}
    assert rights == {
        "build": {},
        "attest": {"attestations": "write", "id-token": "write"},
        "index": {"id-token": "write"},
        "release": {"contents": "write"},
        "image": {},
    }
    assert jobs["index"]["needs"] == ["build", "attest"]
    assert all(job["timeout-minutes"] <= 20 for job in jobs.values())
    scripts = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    assert [script for script in scripts if "${{" in script] == []


@pytest.mark.slow
def test_the_action_runs_what_it_is_asked_for(tmp_path: Path, repository: Path) -> None:
    """Findings stand at their lines; a command that there is not ends in 2."""
    install, run = ACTION["runs"]["steps"]
    programs = tmp_path / "fcgitops/bin"
    generator = ROOT / "generator"
    line = f'exec env PYTHONPATH={generator} {sys.executable} -m fcgitops "$@"'
    write(programs, {"fcgitops": f"#!/bin/sh\n{line}\n"})
    (programs / "fcgitops").chmod(0o755)
    assert "${{" not in install["run"] + run["run"]
    (repository / "overlays/dev/kustomization.yaml").unlink()
    given = {"RUNNER_TEMP": str(tmp_path), "DIRECTORY": str(repository), "SINCE": "HEAD"}
    for command, status, said in (
        ("verify", 1, "::error file=overlays/dev/kustomization.yaml"),
        ("$(touch x)", 2, "neither verify nor review"),
    ):
        ran = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", run["run"]], cwd=tmp_path, capture_output=True,
            env={**os.environ, **given, "COMMAND": command}, text=True, check=False,
        )  # fmt: skip
        assert (ran.returncode, said in ran.stdout) == (status, True), ran.stdout + ran.stderr
    assert not (tmp_path / "x").exists()


def test_the_image_is_no_root(tmp_path: Path) -> None:
    """The last user has no rights, the context is the wheel alone, and git takes the mount."""
    text = re.sub(r"\\\n", " ", (ROOT / "Containerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    last = lines[max(i for i, line in enumerate(lines) if line.startswith("FROM ")) :]
    assert [line for line in last if line.startswith("USER ")] == ["USER 65532:65532"]
    assert {line.split()[1] for line in lines if line.startswith("FROM ")} == {"${PYTHON}"}
    assert re.search(r"^ARG PYTHON=python:3\.\d+-slim@sha256:[0-9a-f]{64}$", text, re.MULTILINE)
    assert [line for line in lines if re.match("(COPY|ADD) (?!--from=)", line)] == [
        "COPY dist/*.whl /tmp/"
    ]
    assert (ROOT / ".dockerignore").read_text().split() == ["*", "!dist/*.whl"]
    assert "safe.directory /work" in text
    assert "WORKDIR /work" in lines
