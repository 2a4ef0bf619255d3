"""The record of what is no environment's: lost, it is found, said, and written again."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Fcgitops
from gitenv import committed, git, write

RECORD = ".fcgitops/base"
NOTE = f"note: {RECORD} is missing or damaged: it is generated anew\n"


def lose(repository: Path, how: str) -> str:
    """Commits a repository without its record; what that was."""
    text = (repository / RECORD).read_text()
    write(repository, {RECORD: None if how != "damaged" else text.replace("=>", ">>", 9)})
    write(repository, {"README.md": "# Ours\n"})
    how_to = ["--amend"] if how == "never committed" else []
    git(repository, "commit", "-qam", "by hand", *how_to)
    return text


@pytest.mark.sampled(6)
@pytest.mark.parametrize("how", ["deleted", "damaged", "never committed"])
@pytest.mark.parametrize(
    "command", [["overlays"], ["nni", "enable", "prod", "--storage", "nfs://a/b"]]
)
@pytest.mark.slow
def test_it_is_written_again(
    how: str, command: list[str], repository: Path, fcgitops: Fcgitops
) -> None:
    """From Git's history, else from the answers: an edit is still known as one."""
    text = lose(repository, how)
    said = fcgitops("-C", repository, "verify", status=1).out
    what = "is damaged" if how == "damaged" else "is missing"
    assert said == (
        f"{RECORD}: FCG12: {what}, and without it no command knows what was generated here "
        "(make overlays)\n"
    )

    ran = fcgitops("-C", repository, *command)
    assert NOTE in ran.err
    if command == ["overlays"]:
        assert committed(repository)[RECORD] + "\n" == text
    assert "edited: README.md: line 1\n" in fcgitops("-C", repository, "status").out
    fcgitops("-C", repository, "verify")
    assert fcgitops("-C", repository, "overlays").err.startswith("nothing to do: ")


def test_it_is_not_written_over_a_deletion_that_is_not_committed(
    repository: Path, fcgitops: Fcgitops
) -> None:
    """That may be a slip, and Git has the file."""
    write(repository, {RECORD: None})
    said = fcgitops("-C", repository, "overlays", status=1).err
    assert said == f"error: {RECORD}: is missing here, and was committed (git restore {RECORD})\n"
    out = fcgitops("-C", repository, "verify", status=1).out
    assert out == (f"{RECORD}: FCG12: is missing here, and was committed (git restore {RECORD})\n")


def test_an_edit_of_an_entry_point_is_still_one(repository: Path, fcgitops: Fcgitops) -> None:
    """It is merged with what follows from an answer, as ever."""
    path = "clusters/argocd/applicationset.yaml"
    text = (repository / path).read_text()
    write(repository, {path: f"{text}# ours\n", RECORD: None})
    git(repository, "commit", "-qam", "by hand")
    answers = (repository / "fcgitops.yaml").read_text()
    write(repository, {"fcgitops.yaml": answers.replace("repo_url: ''", "repo_url: https://a.b/c")})
    fcgitops("-C", repository, "overlays")

    new = (repository / path).read_text()
    assert new.endswith("# ours\n")
    assert "https://a.b/c" in new
