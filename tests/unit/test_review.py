"""`fcgitops review` against a forge that speaks both APIs: one comment, edited in place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import forges
import pytest
from conftest import Fcgitops
from fcgitops.commands import review
from fcgitops.core.errors import ToolError
from fcgitops.core.findings import REJECT, Finding
from fcgitops.forge import comments
from fcgitops.forge.api import Api
from forges import TOKEN, Forge
from gitenv import git, write

MARK = "<!-- fcgitops review -->\n"
Ci = Callable[..., None]


@pytest.fixture
def forge() -> Iterator[Forge]:
    """A forge that runs."""
    with forges.running() as forge:
        yield forge


@pytest.fixture
def changed(repository: Path, fcgitops: Fcgitops) -> Path:
    """A branch on which prod's workerNumber is 800."""
    git(repository, "switch", "-qc", "topic")
    fcgitops("-C", repository, "overlay", "prod", "--set", "workerNumber=800")
    return repository


@pytest.fixture
def github(forge: Forge, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ci:
    """Makes this a job of GitHub Actions for a pull request onto main."""

    def ci(*, token: str = TOKEN, origin: str = "me/deploy", event: str = "") -> None:
        request = {
            "number": 7,
            "base": {"sha": git(repository, "rev-parse", "main"),
                     "repo": {"full_name": "me/deploy"}},
            "head": {"sha": git(repository, "rev-parse", "HEAD"),
                     "repo": {"full_name": origin, "fork": True}},
        }  # fmt: skip
        write(tmp_path, {"event.json": event or json.dumps({"pull_request": request})})
        for name, value in {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": forge.url,
            "GITHUB_REPOSITORY": "me/deploy",
            "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
            "GITHUB_TOKEN": token,
        }.items():
            monkeypatch.setenv(name, value)

    return ci


@pytest.fixture
def gitlab(forge: Forge, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Ci:
    """Makes this a job of GitLab CI for a merge request onto main."""

    def ci(*, token: str = TOKEN, origin: str = "42") -> None:
        monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
        for name, value in {
            "GITLAB_CI": "true",
            "CI_API_V4_URL": forge.url,
            "CI_PROJECT_ID": "42",
            "CI_MERGE_REQUEST_IID": "7",
            "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": origin,
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": git(repository, "rev-parse", "main"),
            "FCGITOPS_TOKEN": token,
        }.items():
            monkeypatch.setenv(name, value)

    return ci


def api_of(forge: Forge) -> Api:
    """Its API, as whoever has the token."""
    return Api("GitHub", forge.url, {"Authorization": f"Bearer {TOKEN}"})


@pytest.fixture(autouse=True)
def no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests may themselves run in a job."""
    for name in ("GITHUB_ACTIONS", "GITLAB_CI", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)


def test_github_is_told_once_and_then_again_in_place(
    changed: Path, fcgitops: Fcgitops, forge: Forge, github: Ci
) -> None:
    """The first run makes the comment, one without a change leaves it, the next edits it."""
    forge.add("Looks good!", mine=False)
    github()

    first = fcgitops("-C", changed, "review")
    second = fcgitops("-C", changed, "review")
    fcgitops("-C", changed, "overlay", "prod", "--set", "workerNumber=900")
    third = fcgitops("-C", changed, "review")

    assert [ran.err.splitlines()[-2] for ran in (first, second, third)] == [
        "pull request 7 of GitHub: comment made",
        "pull request 7 of GitHub: comment unchanged",
        "pull request 7 of GitHub: comment edited",
    ]
    assert (first.out, second.out, third.out) == ("", "", "")
    assert [comment["body"][:25] for comment in forge.comments] == ["Looks good!", MARK]
    assert "workerNumber 500 → 900" in forge.comments[1]["body"]


def test_github_gets_a_check_of_the_head(
    changed: Path, fcgitops: Fcgitops, forge: Forge, github: Ci
) -> None:
    """It is neutral: there is a restart to think of."""
    github()
    fcgitops("-C", changed, "review")

    assert [
        (check["name"], check["head_sha"], check["conclusion"], check["output"]["title"])
        for check in forge.checks
    ] == [
        (
            "fcgitops",
            git(changed, "rev-parse", "HEAD"),
            "neutral",
            "at worst: restart, in 1 environment",
        )
    ]


@pytest.mark.slow
def test_a_foreign_comment_with_our_mark_is_left_alone(
    changed: Path, fcgitops: Fcgitops, forge: Forge, github: Ci
) -> None:
    """Whoever wrote it, ours is another one; it is found behind a hundred others too."""
    forge.add(f"{MARK}not ours", mine=False)
    for number in range(120):
        forge.add(f"comment {number}", mine=False)
    github()

    fcgitops("-C", changed, "review")
    assert len(forge.comments) == 122
    fcgitops("-C", changed, "overlay", "prod", "--set", "workerNumber=900")
    fcgitops("-C", changed, "review")

    assert len(forge.comments) == 122
    assert forge.comments[0]["body"] == f"{MARK}not ours"
    assert "500 → 900" in forge.comments[-1]["body"]


@pytest.mark.slow
def test_gitlab_is_told_in_place_too(
    changed: Path, fcgitops: Fcgitops, forge: Forge, gitlab: Ci
) -> None:
    """By notes of the merge request; it has no check of its own beside the job."""
    gitlab()
    fcgitops("-C", changed, "review")
    fcgitops("-C", changed, "overlay", "prod", "--set", "workerNumber=900")
    said = fcgitops("-C", changed, "review")

    assert "merge request 7 of GitLab: comment edited" in said.err
    assert len(forge.comments) == 1
    assert "500 → 900" in forge.comments[0]["body"]
    assert forge.asked[0] == "GET /projects/42/merge_requests/7/notes?per_page=100&page=1"


@pytest.mark.sampled(4)
@pytest.mark.parametrize("ci", ["github", "gitlab"])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"origin": "stranger/deploy"}, "it comes from a fork, whose job has no token"),
        ({"token": ""}, "TOKEN"),
    ],
)
def test_who_may_not_write_asks_nothing_of_the_forge(
    changed: Path,
    fcgitops: Fcgitops,
    forge: Forge,
    request: pytest.FixtureRequest,
    ci: str,
    given: dict[str, str],
    said: str,
) -> None:
    """A fork's job, and one without a token: the text stands in the log, and on the job's page."""
    request.getfixturevalue(ci)(**given)

    ran = fcgitops("-C", changed, "review")

    assert forge.asked == []
    assert ran.out.startswith(MARK)
    assert f"note: no comment: {said}" in ran.err or said in ran.err


@pytest.mark.slow
def test_a_forks_own_pipeline_tells_nothing(
    changed: Path,
    fcgitops: Fcgitops,
    forge: Forge,
    gitlab: Ci,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It runs in the fork, perhaps with a token of the fork's; there the number is another's."""
    gitlab()
    monkeypatch.setenv("CI_MERGE_REQUEST_PROJECT_ID", "1")
    assert "it comes from a fork" in fcgitops("-C", changed, "review").err
    assert forge.asked == []


def test_a_finding_that_is_too_long_is_counted() -> None:
    """The others are told, and no finding is left out without a word."""
    found = [
        Finding("FCG30", REJECT, "data", 1, f"is {word}", file="a.yaml", overlay="prod")
        for word in ("x" * 5_000, "wrong")
    ]
    text = review._findings(found)
    assert "is wrong" in text
    assert "1 more finding: `fcgitops verify`" in text
    assert len(text) < 4_200


def test_the_jobs_own_page_gets_what_no_comment_can(
    changed: Path,
    fcgitops: Fcgitops,
    github: Ci,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """$GITHUB_STEP_SUMMARY is added to."""
    github(origin="stranger/deploy")
    write(tmp_path, {"summary.md": "before\n"})
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))

    said = fcgitops("-C", changed, "review").out

    assert (tmp_path / "summary.md").read_text() == f"before\n{said}"


@pytest.mark.parametrize(
    ("status", "headers", "text", "said"),
    [
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4102444800"}, "", "too many"),
        (429, {"Retry-After": "3600"}, "", "429 too many requests, for 3600 seconds more"),
        (200, {}, "<html>Log in</html>", "200, and what it says is no JSON"),
        (200, {}, "", "200, and what it says is no JSON"),
    ],
)
def test_an_answer_that_is_none(
    forge: Forge, status: int, headers: dict[str, str], text: str, said: str
) -> None:
    """A limit that ends in an hour, a page to log in: told, and not taken for an empty list."""
    forge.statuses, forge.headers, forge.text = [status], headers, text
    with pytest.raises(ToolError, match=said):
        comments.put(api_of(forge), "/notes", ("PUT", "/notes"), MARK)
    assert forge.asked == ["GET /notes?per_page=100&page=1"]


def test_a_limit_that_ends_soon_is_waited_for(
    forge: Forge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of a POST, as nothing was done; and of an edit, which is no comment of somebody else."""
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    api = api_of(forge)
    forge.headers = {"Retry-After": "7"}
    forge.statuses = [403, 429]
    assert api.ask("POST", "/notes", {"body": f"{MARK}a"}).status == 201
    forge.statuses = []
    comments.put(api, "/notes", ("PUT", "/notes"), f"{MARK}b")
    assert waited == [7, 7]
    assert [comment["body"] for comment in forge.comments] == [f"{MARK}b"]


@pytest.mark.parametrize("status", [404, 410])
def test_a_comment_that_is_deleted_meanwhile_is_made_anew(forge: Forge, status: int) -> None:
    """It was in the list, and is no more when it is edited."""
    forge.add(f"{MARK}old")
    forge.comments[0]["gone"] = status
    assert comments.put(api_of(forge), "/notes", ("PUT", "/notes"), f"{MARK}new") == "made"
    assert [comment["body"] for comment in forge.comments] == [f"{MARK}old", f"{MARK}new"]


@pytest.mark.parametrize("token", [f"{TOKEN}\nX-Other: 1", "t0kén\u2028"])
def test_a_token_that_cannot_be_sent_is_not_printed(forge: Forge, token: str) -> None:
    """Such as one of two lines."""
    api = Api("GitHub", forge.url, {"Authorization": f"Bearer {token}"})
    with pytest.raises(ToolError) as refused:
        api.ask("GET", "/notes")
    assert "in a token" in str(refused.value)
    assert TOKEN not in str(refused.value)


def test_what_the_forge_refuses_stands_in_the_log(
    changed: Path, fcgitops: Fcgitops, forge: Forge, github: Ci
) -> None:
    """A conversation that is locked, a token that only reads: exit 3, and the text on stdout."""
    forge.statuses = [403]
    github(token=f"{TOKEN}\n")
    ran = fcgitops("-C", changed, "review", status=3)
    assert ran.out.startswith(f"{MARK}## What this does to clusters")


@pytest.mark.slow
@pytest.mark.parametrize("status", [301, 401, 403, 500])
def test_a_forge_that_refuses_is_a_failed_tool(
    changed: Path, fcgitops: Fcgitops, forge: Forge, github: Ci, status: int
) -> None:
    """Exit 3 and its status; no redirect is followed, and the token is not printed."""
    forge.statuses = [status]
    github()

    said = fcgitops("-C", changed, "review", status=3)

    assert said.err.startswith("error: GitHub: GET /repos/me/deploy/issues/7/comments")
    assert f"failed: {status} " in said.err
    assert len(forge.asked) == 1


@pytest.mark.slow
def test_a_busy_forge_is_asked_again(
    changed: Path,
    fcgitops: Fcgitops,
    forge: Forge,
    github: Ci,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """503 and 429 pass; only a POST is not repeated, which could comment twice."""
    monkeypatch.setattr("fcgitops.forge.api.PAUSE", 0.0)
    forge.statuses = [503, 429]
    github()
    fcgitops("-C", changed, "review")
    assert len(forge.comments) == 1


def test_no_forge_prints_the_comment(changed: Path, fcgitops: Fcgitops) -> None:
    """On a developer's machine, with what it is compared with."""
    said = fcgitops("-C", changed, "review", "--base", "main")
    assert said.out.startswith(f"{MARK}## What this does to clusters")
    refused = fcgitops("-C", changed, "review", status=2)
    assert refused.err == (
        "error: --base: is not known: this runs for no pull request of GitHub or GitLab "
        "(--base main)\n"
    )


@pytest.mark.slow
def test_dry_run_tells_the_forge_nothing(
    changed: Path, fcgitops: Fcgitops, forge: Forge, github: Ci
) -> None:
    """It prints the very text."""
    github()
    told = fcgitops("-C", changed, "review", "--dry-run").out
    assert forge.asked == []
    fcgitops("-C", changed, "review")
    assert forge.comments[0]["body"] == told


def test_what_will_not_sync_fails(
    changed: Path, fcgitops: Fcgitops, forge: Forge, github: Ci
) -> None:
    """Exit 1 and a failing check: verify finds a fault, which stands first in the comment."""
    write(changed, {"overlays/dev/kustomization.yaml": "resources: [../nowhere]\n"})
    git(changed, "commit", "-qam", "Break dev")
    github()

    fcgitops("-C", changed, "review", status=1)

    assert forge.checks[0]["conclusion"] == "failure"
    body = forge.comments[0]["body"]
    assert body.startswith(f"{MARK}## What verify finds\n\n- ")
    assert body.index("FCG00") < body.index("## What this does to clusters")


def test_nothing_changes_is_a_success(
    repository: Path, fcgitops: Fcgitops, forge: Forge, github: Ci
) -> None:
    """A change that no cluster sees."""
    git(repository, "switch", "-qc", "topic")
    write(repository, {"notes.md": "x\n"})
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "Notes")
    github()

    said = fcgitops("-C", repository, "review")

    assert said.err.endswith("success: nothing changes on any cluster\n")
    assert forge.checks[0]["conclusion"] == "success"


def test_a_revision_that_is_not_here_is_wrong_input(
    changed: Path, fcgitops: Fcgitops, forge: Forge, github: Ci, tmp_path: Path
) -> None:
    """A shallow clone without the base: exit 2 and how to fetch it; the forge is told nothing."""
    clone = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{changed}", str(clone))
    github()

    said = fcgitops("-C", clone, "review", status=2)

    assert "git fetch" in said.err
    assert forge.asked == []


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "event",
    ["", "{", "[]", '{"push": {}}', '{"pull_request": {"number": 7}}', '{"pull_request": 7}'],
)
def test_an_event_that_is_no_pull_request(
    changed: Path, fcgitops: Fcgitops, github: Ci, event: str
) -> None:
    """A push has no request to comment on; what cannot be read is said."""
    github(event=event or " ")
    said = fcgitops("-C", changed, "review", status=2).err
    assert said.startswith(("error: GITHUB_EVENT_PATH: ", "error: --base: is not known"))
