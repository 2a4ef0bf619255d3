"""The steps of the generated CI, run as they stand there, on a change of one value by a colleague.

`fcgitops tools` alone is left out, which installs kustomize.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import forges
import pytest
import yaml
from forges import TOKEN, Forge
from gitenv import git, write

MARK = "<!-- fcgitops review -->\n"
GENERATOR = Path(__file__).parents[2] / "generator"


@dataclass(frozen=True)
class Project:
    """A repository on a server, and a colleague's branch, whose environment.yaml alone is edited.

    Attributes:
        server: the bare repository.
        job: a checkout of the branch, as CI makes it.
        forge: what its jobs talk to.
        env: the variables that both forges' jobs have.
    """

    server: Path
    job: Path
    forge: Forge
    env: dict[str, str]


@pytest.fixture
def project(repository: Path, tmp_path: Path, git_home: Path) -> Iterator[Project]:
    """The workerNumber of prod is 800 in its source, and nowhere else."""
    server, job = tmp_path / "server.git", tmp_path / "job"
    git(repository, "switch", "-qc", "topic")
    source = repository / "overlays/prod/environment.yaml"
    source.write_text(f"{source.read_text()}settings: {{workerNumber: 800}}\n")
    git(repository, "commit", "-qam", "More workers")
    git(tmp_path, "clone", "-q", "--bare", str(repository), str(server))
    git(tmp_path, "clone", "-q", "-b", "topic", str(server), str(job))
    programs = tmp_path / "programs"
    line = f'[ "$1" = tools ] || exec env PYTHONPATH={GENERATOR} {sys.executable} -m fcgitops "$@"'
    write(programs, {"fcgitops": f"#!/bin/sh\n{line}\n"})
    (programs / "fcgitops").chmod(0o755)
    with forges.running() as forge:
        keep = {k: v for k, v in os.environ.items() if not k.startswith(("GITHUB", "CI_"))}
        path = f"{programs}:{os.environ['PATH']}"
        yield Project(server, job, forge, {**keep, "PATH": path, "FCGITOPS_EFFECTS": "off"})


def run(project: Project, script: str, env: Mapping[str, str], *, may_fail: bool = False) -> str:
    """Runs a step as a runner does; its output."""
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    ran = subprocess.run(
        command, cwd=project.job, env={**project.env, **env}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert may_fail or ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


def filled(text: str, known: Mapping[str, str]) -> str:
    """A value of the workflow with each expression replaced; one that is not known fails."""
    return re.sub(r"\$\{\{ (.*?) \}\}", lambda found: known[found[1]], text)


def github_steps(project: Project, *, fork: bool) -> str:
    """Runs every shell step of the pull request's workflow."""
    workflow = yaml.safe_load((project.job / ".github/workflows/review.yml").read_text())
    (job,) = workflow["jobs"].values()
    (expression,) = job["env"].values()
    assert expression.endswith("== github.repository && github.head_ref || '' }}")
    branch = "" if fork else "topic"
    request = {
        "number": 7,
        "base": {"sha": git(project.server, "rev-parse", "main"), "repo": {"full_name": "a/b"}},
        "head": {"sha": git(project.server, "rev-parse", "topic"),
                 "repo": {"full_name": "x/b" if fork else "a/b"}},
    }  # fmt: skip
    event = project.job.parent / "event.json"
    event.write_text(json.dumps({"pull_request": request}))
    env = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": project.forge.url,
        "GITHUB_REPOSITORY": "a/b",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_SHA": "0" * 40,
        "BRANCH": branch,
    }
    said = ""
    for step in job["steps"]:
        if "run" in step and (branch or step.get("if") != "env.BRANCH != ''"):
            given = {k: filled(v, {"github.token": TOKEN}) for k, v in step.get("env", {}).items()}
            may_fail = step.get("continue-on-error", False)
            said += run(project, step["run"], env | given, may_fail=may_fail)
    return said


def test_github_brings_files_in_line_and_tells_the_request(project: Project) -> None:
    """The colleague's branch gets the commit that follows; the check is of that one."""
    edited = git(project.server, "rev-parse", "topic")

    github_steps(project, fork=False)

    head = git(project.server, "rev-parse", "topic")
    assert git(project.server, "rev-parse", "topic~1") == edited
    assert git(project.server, "log", "-1", "--format=%an", "topic") == "github-actions[bot]"
    changed = git(project.server, "diff", "--name-only", "topic~1", "topic").splitlines()
    assert changed == ["overlays/prod/.fcgitops", "overlays/prod/frameworkcontroller.yaml"]
    (comment,) = project.forge.comments
    assert comment["body"].startswith(f"{MARK}## What this does to clusters")
    assert "workerNumber 500 → 800" in comment["body"]
    (check,) = project.forge.checks
    assert (check["head_sha"], check["conclusion"]) == (head, "neutral")


@pytest.mark.slow
def test_github_does_nothing_twice(project: Project) -> None:
    """The next run has nothing to push, and one comment."""
    github_steps(project, fork=False)
    head = git(project.server, "rev-parse", "topic")

    said = github_steps(project, fork=False)

    assert git(project.server, "rev-parse", "topic") == head
    assert "comment unchanged" in said
    assert len(project.forge.comments) == 1


@pytest.mark.slow
def test_a_conflict_is_told_to_the_request(project: Project) -> None:
    """Somebody has edited the same line by hand: nothing is pushed, and the comment says so."""
    file = project.job / "overlays/prod/frameworkcontroller.yaml"
    file.write_text(file.read_text().replace("workerNumber: 500", "workerNumber: 600"))
    git(project.job, "commit", "-qam", "By hand")
    git(project.job, "push", "-q", "origin", "HEAD")
    pushed = git(project.server, "rev-parse", "topic")

    with pytest.raises(AssertionError) as failed:
        github_steps(project, fork=False)

    assert "pull request 7 of GitHub: comment made" in str(failed.value)
    assert git(project.server, "rev-parse", "topic") == pushed
    (comment,) = project.forge.comments
    assert comment["body"].startswith(f"{MARK}## What verify finds")
    assert "frameworkcontroller.yaml" in comment["body"]
    assert project.forge.checks[0]["conclusion"] == "failure"


@pytest.mark.slow
def test_a_forks_job_pushes_and_tells_nothing(project: Project) -> None:
    """What it would say is in its log; verify names the files that are not in line."""
    before = git(project.server, "rev-parse", "topic")

    with pytest.raises(AssertionError) as failed:
        github_steps(project, fork=True)

    assert "FCG12" in str(failed.value)
    assert "it comes from a fork, whose job has no token that may write" in str(failed.value)
    assert git(project.server, "rev-parse", "topic") == before
    assert project.forge.asked == []


@pytest.mark.slow
def test_gitlab_tells_the_request(project: Project) -> None:
    """One note, by the script of the job that runs for merge requests."""
    jobs: dict[str, Any] = yaml.safe_load((project.job / ".gitlab-ci.yml").read_text())
    review = jobs["review"]
    assert review["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "merge_request_event"'}]
    env = {
        "GITLAB_CI": "true",
        "CI_API_V4_URL": project.forge.url,
        "CI_PROJECT_ID": "42",
        "CI_MERGE_REQUEST_IID": "7",
        "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "42",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": git(project.server, "rev-parse", "main"),
        "FCGITOPS_TOKEN": TOKEN,
    }
    run(project, "fcgitops overlays", {})  # else verify finds the files that are not in line

    for line in review["script"]:
        run(project, line, env)

    (note,) = project.forge.comments
    assert "workerNumber 500 → 800" in note["body"]


def test_no_step_holds_a_value_of_the_request(project: Project) -> None:
    """A branch called `$(touch x)` would run in a script that an expression stands in."""
    for file in sorted((project.job / ".github/workflows").iterdir()):
        workflow = yaml.safe_load(file.read_text())
        for job in workflow["jobs"].values():
            scripts = [step["run"] for step in job["steps"] if "run" in step]
            assert [script for script in scripts if "${{" in script] == []
            assert job["timeout-minutes"] <= 20
