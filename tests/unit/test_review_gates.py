"""The gates before what a pull request promotes, in its comment and its check."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import CopyOf, Fcgitops
from forges import TOKEN, Forge
from gitenv import git
from test_review import Ci, forge, github, gitlab, no_ci

__all__ = ["forge", "github", "gitlab", "no_ci"]
SOAKED = "{for: prod, from: staging, soaked: 4w}"
HEALTHY = "{for: prod, from: staging, healthy: {status: kustomization/staging}}"


@pytest.fixture
def repository(copy_of: CopyOf) -> Path:
    """A branch on which staging was promoted to prod."""
    folder = copy_of(
        ["new", "deploy", "--env", "staging", "--env", "prod"],
        ["overlay", "staging", "--set", "image.tag=v1.1.0"],
    )
    git(folder, "switch", "-qc", "topic")
    return folder


def guard(folder: Path, gate: str) -> None:
    """Commits a gate."""
    answers = folder / "fcgitops.yaml"
    answers.write_text(f"{answers.read_text()}gates: [{gate}]\n")
    git(folder, "commit", "-qam", "A gate")


def section(text: str) -> list[str]:
    """What the comment says of gates."""
    _, found, rest = text.partition("## Gates\n\n")
    return rest.partition("\n\n")[0].splitlines() if found else []


@pytest.mark.sampled(2)
@pytest.mark.parametrize("message", [(), ("--message", "prod: as staging")])
def test_a_closed_gate_fails(
    repository: Path, fcgitops: Fcgitops, message: tuple[str, ...]
) -> None:
    """Also where somebody has worded the commit."""
    guard(repository, "{for: prod, from: staging, verified: true}")
    fcgitops("-C", repository, "promote", "staging", "prod", *message)
    answers = repository / "fcgitops.yaml"
    answers.write_text(answers.read_text().replace("verified: true", "soaked: 4w"))
    git(repository, "commit", "-qam", "A longer one")

    ran = fcgitops("-C", repository, "review", "--base", "main", status=1)

    assert ran.err.splitlines()[-1] == "failure: 1 gate closed"
    (line,) = section(ran.out)
    assert line.startswith("- prod: soaked: closed: staging is as it is since ")


@pytest.mark.slow
def test_one_that_the_commit_overrules_does_not(repository: Path, fcgitops: Fcgitops) -> None:
    """It says why."""
    guard(repository, SOAKED)
    fcgitops("-C", repository, "promote", "staging", "prod", "--overrule", "prod is down")

    ran = fcgitops("-C", repository, "review", "--base", "main")

    assert section(ran.out) == []
    assert ran.err.splitlines()[-1].startswith("neutral: at worst: ")


def test_what_is_no_promotion_is_not_held_to_them(repository: Path, fcgitops: Fcgitops) -> None:
    """An edit of prod by hand, which its reviewers see."""
    guard(repository, SOAKED)
    fcgitops("-C", repository, "overlay", "prod", "--set", "image.tag=v1.1.0")
    assert section(fcgitops("-C", repository, "review", "--base", "main").out) == []


@pytest.mark.sampled(6)
@pytest.mark.parametrize("kind", ["github", "gitlab"])
@pytest.mark.parametrize(
    ("state", "status", "said"),
    [
        ("success", 0, []),
        ("failure", 1, ["- prod: healthy: closed: kustomization/staging/7f2a says that it is not "
                        "well"]),
        ("", 1, ["- prod: healthy: closed: no commit status is named kustomization/staging"]),
    ],
)  # fmt: skip
@pytest.mark.slow
def test_a_commit_status_is_asked_for(
    repository: Path, fcgitops: Fcgitops, forge: Forge, request: pytest.FixtureRequest, kind: str,
    state: str, status: int, said: list[str],
) -> None:  # fmt: skip
    """That of what the request is to be merged into, which is what clusters have."""
    fcgitops("-C", repository, "promote", "staging", "prod")
    guard(repository, HEALTHY)
    ci: Ci = request.getfixturevalue(kind)
    ci()
    if state:
        name = {"github": "context", "gitlab": "name"}[kind]
        key = {"github": "state", "gitlab": "status"}[kind]
        base = git(repository, "rev-parse", "main")
        forge.told = [{name: "kustomization/staging/7f2a", key: state, "sha": base}]

    fcgitops("-C", repository, "review", status=status)

    assert section(forge.comments[0]["body"]) == said
    assert any("/statuses?" in asked for asked in forge.asked)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("token", "statuses"), [("", []), (TOKEN, [403])], ids=["no token", "a token that may not"]
)
def test_what_cannot_be_asked_is_a_thought(
    repository: Path, fcgitops: Fcgitops, forge: Forge, github: Ci, token: str, statuses: list[int]
) -> None:
    """It is said, and closes nothing."""
    fcgitops("-C", repository, "promote", "staging", "prod")
    guard(repository, HEALTHY)
    github(token=token)
    forge.statuses = statuses

    ran = fcgitops("-C", repository, "review")

    text = ran.out or forge.comments[0]["body"]
    assert section(text) == [
        "- prod: healthy: not asked here: nobody was asked about staging: --context CONTEXT or "
        "--status FILE"
    ]
