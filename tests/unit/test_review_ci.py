"""The steps of the generated CI, run as they stand there, on a change of one value by a colleague.

`fcgitops tools` alone is left out, which installs kustomize; what the package index has that is
newer is a stand-in of another version.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import forges
import pytest
import yamls
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
        env = {**keep, "PATH": path, "FCGITOPS": "fcgitops", "FCGITOPS_EFFECTS": "off"}
        yield Project(server, job, forge, env)


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


def github_steps(
    project: Project,
    *,
    fork: bool,
    meanwhile: Callable[[Project], None] = lambda _: None,
    topic: str = "topic",
) -> str:
    """Runs every shell step of the pull request's workflow, once its event was read."""
    workflow = yamls.load((project.job / ".github/workflows/review.yml").read_text())
    (job,) = workflow["jobs"].values()
    (expression,) = job["env"].values()
    assert expression.endswith("== github.repository && github.head_ref || '' }}")
    branch = "" if fork else topic
    request = {
        "number": 7,
        "base": {"sha": git(project.server, "rev-parse", "main"), "repo": {"full_name": "a/b"}},
        "head": {"sha": git(project.server, "rev-parse", f"refs/heads/{topic}"),
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
    meanwhile(project)
    said = ""
    for step in job["steps"]:
        if "run" in step and (branch or step.get("if") != "env.BRANCH != ''"):
            known = {"github.token": TOKEN, "secrets.FCGITOPS_TOKEN || github.token": TOKEN}
            given = {name: filled(value, known) for name, value in step.get("env", {}).items()}
            may_fail = step.get("continue-on-error", False)
            said += run(project, step["run"], env | given, may_fail=may_fail)
    return said


@pytest.mark.slow
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
@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_a_branch_may_have_any_name_that_git_takes(project: Project, forge: str) -> None:
    """What a shell, make or an expression would take for a command is a name."""
    name = "$(touch${IFS}pwned);'\"`touch${IFS}pwned`&|<b>${{7+7}}%0a"
    for folder in (project.server, project.job):
        git(folder, "branch", "-m", "topic", name)
    base = git(project.server, "rev-parse", "main")
    if forge == "github":
        github_steps(project, fork=False, topic=name)
    else:
        request = {**REQUEST, "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": name}
        gitlab_job(project, "review", **request, CI_MERGE_REQUEST_DIFF_BASE_SHA=base)

    subject = git(project.server, "log", "-1", "--format=%s", f"refs/heads/{name}")
    assert subject == "Change environment prod"
    assert len(project.forge.comments) == 1
    assert list(project.job.parent.rglob("pwned*")) == []


def refuse_pushes(project: Project) -> None:
    """As a forge does of a protected branch, or of a workflow that the token may not change."""
    write(project.server, {"hooks/pre-receive": "#!/bin/sh\nexit 1\n"})
    (project.server / "hooks/pre-receive").chmod(0o755)


def move_branch(project: Project) -> None:
    """As a colleague does who has pushed something else meanwhile."""
    git(project.server, "update-ref", "refs/heads/topic", "main")


def delete_branch(project: Project) -> None:
    """As a forge does once the request is merged."""
    git(project.server, "update-ref", "-d", "refs/heads/topic")


@pytest.mark.slow
@pytest.mark.parametrize("before", [refuse_pushes, move_branch, delete_branch])
@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_what_cannot_be_pushed_is_not_reviewed(
    project: Project, before: Callable[[Project], None], forge: str
) -> None:
    """The review is of what the request has: that very commit, with files out of line."""
    edited, base = (git(project.server, "rev-parse", name) for name in ("topic", "main"))

    with pytest.raises(AssertionError) as failed:
        if forge == "github":
            github_steps(project, fork=False, meanwhile=before)
        else:
            before(project)
            gitlab_job(project, "review", **REQUEST, CI_MERGE_REQUEST_DIFF_BASE_SHA=base)

    assert "comment made" in str(failed.value)
    assert "FCG12" in project.forge.comments[0]["body"]
    assert {check["head_sha"] for check in project.forge.checks} <= {edited}
    assert git(project.job, "rev-parse", "HEAD") == edited
    heads = git(project.server, "for-each-ref", "--format=%(refname:short)").splitlines()
    assert heads == (["main"] if before is delete_branch else ["main", "topic"])


@pytest.mark.slow
@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_no_commit_follows_one_of_its_own(project: Project, forge: str) -> None:
    """A generator that never comes to an end would have each push start the next job."""
    program = project.job.parent / "programs/fcgitops"
    always = 'if [ "$1" = overlays ]; then exec git commit -q --allow-empty -m Again; fi\n'
    program.write_text(program.read_text().replace("#!/bin/sh\n", f"#!/bin/sh\n{always}"))
    base = git(project.server, "rev-parse", "main")
    heads = set()
    for _ in range(2):
        git(project.job, "fetch", "-q")
        git(project.job, "switch", "-qC", "topic", "origin/topic")
        with suppress(AssertionError):  # the step may fail, and the review
            if forge == "github":
                github_steps(project, fork=False)
            else:
                gitlab_job(project, "review", **REQUEST, CI_MERGE_REQUEST_DIFF_BASE_SHA=base)

        heads.add(git(project.server, "rev-parse", "topic"))
    assert len(heads) == 1
    assert git(project.server, "log", "-1", "--format=%s", "topic") == "Again"


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


def gitlab_job(project: Project, name: str, **more: str) -> str:
    """Runs the script of one job, all lines in one shell, as GitLab's runner does."""
    jobs: dict[str, Any] = yamls.load((project.job / ".gitlab-ci.yml").read_text())
    git(project.job, "switch", "-q", "--detach")
    env = {
        "GITLAB_CI": "true",
        "CI_API_V4_URL": project.forge.url,
        "CI_PROJECT_ID": "42",
        "CI_PROJECT_URL": str(project.server).removesuffix(".git"),
        "CI_DEFAULT_BRANCH": "main",
        "CI_COMMIT_SHA": git(project.job, "rev-parse", "HEAD"),
        "FCGITOPS_TOKEN": TOKEN,
        **{k: v for k, v in jobs[".fcgitops"]["variables"].items() if k.startswith("GIT_")},
    }
    script = "\n".join([*jobs[".fcgitops"]["before_script"], *jobs[name]["script"]])
    return run(project, script, env | more)


REQUEST = {
    "CI_MERGE_REQUEST_IID": "7",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "42",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "topic",
}
"""What GitLab says to the jobs of a merge request."""


@pytest.mark.slow
def test_gitlab_brings_files_in_line_and_tells_the_request(project: Project) -> None:
    """The branch gets the commit that follows, and the merge request one note."""
    jobs = yamls.load((project.job / ".gitlab-ci.yml").read_text())
    assert jobs["review"]["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "merge_request_event"'}]
    edited = git(project.server, "rev-parse", "topic")
    base = git(project.server, "rev-parse", "main")

    said = gitlab_job(project, "review", **REQUEST, CI_MERGE_REQUEST_DIFF_BASE_SHA=base)

    assert git(project.server, "rev-parse", "topic~1") == edited
    subject = git(project.server, "log", "-1", "--format=%an: %s", "topic")
    assert subject == "fcgitops: Change environment prod"
    (note,) = project.forge.comments
    assert "workerNumber 500 → 800" in note["body"]
    assert TOKEN not in said


@pytest.mark.slow
@pytest.mark.parametrize("more", [{"FCGITOPS_TOKEN": ""}, {"CI_PROJECT_ID": "1"}])
def test_gitlab_pushes_nothing_without_a_token_or_to_a_fork(
    project: Project, more: dict[str, str]
) -> None:
    """Then verify names the files that are not in line."""
    before = git(project.server, "rev-parse", "topic")
    base = git(project.server, "rev-parse", "main")

    with pytest.raises(AssertionError) as failed:
        gitlab_job(project, "review", **REQUEST, CI_MERGE_REQUEST_DIFF_BASE_SHA=base, **more)

    assert "FCG12" in str(failed.value)
    assert git(project.server, "rev-parse", "topic") == before


@pytest.mark.parametrize(
    ("environments", "shards"), [(0, 1), (2000, 1), (2001, 2), (4001, 3), (50_000, 20)]
)
def test_github_shares_out_a_large_fleet_by_itself(
    environments: int, shards: int, repository: Path, tmp_path: Path
) -> None:
    """One job for each 2,000 environments, 20 at most; a deeper file is no environment's."""
    workflow = yamls.load((repository / ".github/workflows/test.yml").read_text())
    step = workflow["jobs"]["shares"]["steps"][-1]["run"]
    matrix = workflow["jobs"]["test"]["strategy"]["matrix"]["shard"]
    assert matrix == "${{ fromJSON(needs.shares.outputs.shards) }}"
    stand_in = f'find() {{ /usr/bin/find "$@"; seq {environments}; }}\n'
    (tmp_path / "overlays/one/local").mkdir(parents=True)
    (tmp_path / "overlays/one/local/environment.yaml").touch()
    output = tmp_path / "output"
    subprocess.run(
        ["bash", "-eo", "pipefail", "-c", stand_in + step],
        cwd=tmp_path, env={**os.environ, "GITHUB_OUTPUT": str(output)}, check=True,
    )  # fmt: skip
    name, _, value = output.read_text().partition("=")
    assert name == "shards"
    assert json.loads(value) == [f"{i}/{shards}" for i in range(1, shards + 1)]


@pytest.mark.slow
def test_github_has_findings_at_their_lines_and_in_its_list(project: Project) -> None:
    """Of what changed since the default branch: annotations, a failed job, and SARIF."""
    workflow = yamls.load((project.job / ".github/workflows/test.yml").read_text())
    job = workflow["jobs"]["test"]
    env = {"SHARD": "1/1", "SINCE": "origin/main", "GITHUB_ACTIONS": "true"}
    tools, check, sarif = (step["run"] for step in job["steps"] if "run" in step)

    run(project, tools, env)
    said = run(project, check, env, may_fail=True)
    run(project, sarif, env)

    assert "::error file=overlays/prod/frameworkcontroller.yaml" in said
    (ran,) = json.loads((project.job / "build/verify.sarif").read_text())["runs"]
    assert {result["ruleId"] for result in ran["results"]} == {"FCG12"}


@pytest.mark.slow
def test_gitlab_has_findings_in_its_report_and_fails(project: Project) -> None:
    """The report of code quality is written, and the job fails with the same findings."""
    with pytest.raises(AssertionError) as failed:
        gitlab_job(project, "test", CI_COMMIT_BRANCH="topic")

    report = json.loads((project.job / "build/code-quality.json").read_text())
    assert {finding["check_name"] for finding in report} == {"FCG12"}
    assert "FCG12" in str(failed.value)


@pytest.fixture
def newest(project: Project) -> dict[str, str]:
    """The variables with which `make newest` installs a fcgitops of another version."""
    git(project.job, "switch", "-q", "main")
    requirements = project.job / "requirements.txt"
    requirements.write_text("frameworkcontroller-gitops==0.0.1\n")
    git(project.job, "commit", "-qam", "An index version")
    git(project.job, "push", "-q", "origin", "main")
    code = (
        "import sys, fcgitops; fcgitops.__version__ = '99.0'; sys.argv[0] = 'fcgitops'; "
        "from fcgitops.__main__ import main; main()"
    )
    program = f'#!/bin/sh\nexec env PYTHONPATH={GENERATOR} {sys.executable} -c "{code}" "$@"\n'
    programs = project.job.parent / "programs"
    write(programs, {
        "newest": program,
        "python": f'#!/bin/sh\n[ "$2" = venv ] || exit 0\nmkdir -p "$3/bin"\n'
                  f'cp {programs}/newest "$3/bin/fcgitops"\ncp "$0" "$3/bin/python"\n',
    })  # fmt: skip
    for name in ("newest", "python"):
        (programs / name).chmod(0o755)
    return {"PYTHON": str(programs / "python")}


def github_update(project: Project, more: Mapping[str, str]) -> str:
    """Runs every shell step of the weekly workflow."""
    workflow = yamls.load((project.job / ".github/workflows/update.yml").read_text())
    (job,) = workflow["jobs"].values()
    output = project.job.parent / "output"
    output.write_text("")
    said = ""
    for step in job["steps"]:
        branch = output.read_text().removeprefix("branch=").strip()
        if "run" in step and (branch or "if" not in step):
            known = {
                "secrets.FCGITOPS_TOKEN || github.token": TOKEN,
                "github.event.repository.default_branch": "main",
                "steps.update.outputs.branch": branch,
            }
            given = {name: filled(value, known) for name, value in step.get("env", {}).items()}
            given |= {"GITHUB_API_URL": project.forge.url, "GITHUB_REPOSITORY": "a/b"}
            said += run(project, step["run"], {**more, **given, "GITHUB_OUTPUT": str(output)})
    return said


@pytest.mark.slow
def test_github_opens_a_pull_request_with_an_update(
    project: Project, newest: dict[str, str]
) -> None:
    """A branch named after the newest version holds what it makes of the repository; once."""
    github_update(project, newest)
    git(project.job, "switch", "-q", "main")
    again = github_update(project, newest)

    subject = git(project.server, "log", "-1", "--format=%s", "fcgitops-99.0")
    assert subject == "Update to fcgitops 99.0"
    assert "version: '99.0'" in git(project.server, "show", "fcgitops-99.0:fcgitops.yaml")
    (request,) = project.forge.pulls
    assert (request["head"], request["base"]) == ("fcgitops-99.0", "main")
    assert "fcgitops-99.0 is there already" in again


@pytest.mark.slow
def test_gitlab_opens_a_merge_request_with_an_update(
    project: Project, newest: dict[str, str]
) -> None:
    """The same, by options of the push."""
    git(project.server, "config", "receive.advertisePushOptions", "true")
    hook = "set | grep ^GIT_PUSH_OPTION_ > options || true\n"
    write(project.server, {"hooks/pre-receive": f"#!/bin/sh\n{hook}"})
    (project.server / "hooks/pre-receive").chmod(0o755)

    gitlab_job(project, "update", **newest)

    subject = git(project.server, "log", "-1", "--format=%s", "fcgitops-99.0")
    assert subject == "Update to fcgitops 99.0"
    options = (project.server / "options").read_text()
    assert "'merge_request.create'" in options or "=merge_request.create" in options
    assert "merge_request.target=main" in options


@pytest.mark.slow
def test_what_is_installed_from_elsewhere_is_not_updated(
    project: Project, newest: dict[str, str]
) -> None:
    """Of a Git commit or a path nobody knows what is newer: the job says so, and is green."""
    (project.job / "requirements.txt").write_text("frameworkcontroller-gitops @ file:///x\n")

    said = github_update(project, newest)

    assert "names no version of a package index" in said
    assert git(project.server, "branch", "--list", "fcgitops-*") == ""


def test_no_step_holds_a_value_of_the_request(project: Project) -> None:
    """A branch called `$(touch x)` would run in a script that an expression stands in."""
    for file in sorted((project.job / ".github/workflows").iterdir()):
        workflow = yamls.load(file.read_text())
        for job in workflow["jobs"].values():
            scripts = [step["run"] for step in job["steps"] if "run" in step]
            assert [script for script in scripts if "${{" in script] == []
            assert job["timeout-minutes"] <= 20
