"""Commits while the user, a hook or a filter does something at the same time."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from commits import AFTER, BEFORE, CHANGES, Make, refusal
from fcgitops.core.errors import InputError
from fcgitops.git import journal
from fcgitops.git.repo import open_repository
from gitenv import committed, files, git, state, write

pytestmark = pytest.mark.usefixtures("git_home")


def hook(top: Path, script: str) -> None:
    """A pre-commit hook that does it to the user's work tree, as if in another terminal."""
    path = top / ".git" / "hooks" / "pre-commit"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\nunset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE\ncd {top}\n{script}\n")
    path.chmod(0o755)


class TestMeanwhile:
    """What the user does while a slow hook runs."""

    @pytest.mark.sampled(3)
    @pytest.mark.parametrize(
        ("script", "told"),
        [
            ("git switch -q -c other", "another commit or branch was checked out meanwhile"),
            ("git commit -q --no-verify --allow-empty -m mine", "another commit or branch"),
            ("echo mine >keep && git add keep", "the index was changed meanwhile"),
            ("git update-index --chmod=+x keep", "the index was changed meanwhile"),
            ("echo mine >a", "a: was changed meanwhile"),
            ("mkdir -p new/x && echo mine >new/x/y", "new/x/y: was changed meanwhile"),
            ("rm d/b", "d/b: was changed meanwhile"),
            ("mkdir new && ln -s / new/x", "new/x/y: new/x is a symbolic link"),
        ],
    )
    def test_refused(self, make_repository: Make, script: str, told: str) -> None:
        """0.1.0 committed to the branch that was left, or wrote over the file, and exited 0."""
        top = make_repository({**BEFORE, ".gitignore": "new\n"})
        wanted = make_repository({**BEFORE, ".gitignore": "new\n"})
        hook(wanted, script)
        hook(top, script)
        git(wanted, "hook", "run", "pre-commit")
        with pytest.raises(InputError, match=told) as caught:
            open_repository(top).commit(CHANGES, "m")
        assert all("nothing was written" in str(problem) for problem in caught.value.problems)
        assert state(top) == state(wanted)

    @pytest.mark.parametrize("script", ["git status", "echo mine >keep", "echo mine >unknown"])
    def test_of_no_matter(self, make_repository: Make, script: str) -> None:
        """What the commit does not touch may change, and git may refresh its index."""
        top = make_repository(BEFORE)
        hook(top, script)
        assert open_repository(top).commit(CHANGES, "m")
        assert committed(top) == {name: text.strip() for name, text in AFTER.items()}

    def test_second_run_waits(self, make_repository: Make) -> None:
        """A run that is held up by another one for a moment does its work after it."""
        top = make_repository(BEFORE)
        first = open_repository(top)
        with first.lock():
            second = threading.Thread(target=lambda: open_repository(top).commit(CHANGES, "m"))
            second.start()
            time.sleep(0.1)
            assert files(top) == BEFORE
        second.join()
        assert files(top) == AFTER

    def test_but_not_for_ever(self, make_repository: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        """The patience of a second run ends."""
        monkeypatch.setattr(journal, "PATIENCE", 0.05)
        top = make_repository(BEFORE)
        with open_repository(top).lock():
            assert refusal(top, CHANGES) == [
                f"{top}: another fcgitops is at work here (wait until it has ended)"
            ]


@pytest.mark.parametrize(
    ("configured", "told"),
    [
        (["clean", "smudge"], True),
        (["process"], True),
        ([], True),
        (["smudge"], False),
    ],
)
def test_filters(make_repository: Make, configured: list[str], told: bool) -> None:
    """What git-crypt or git-lfs would turn into something else is refused; 0.1.0 committed it."""
    top = make_repository(
        {**BEFORE, ".gitattributes": "/d/* filter=secret\nnew/** filter=secret\n"}
    )
    for name in configured:
        git(top, "config", f"filter.secret.{name}", "cat")
    if not told:
        assert open_repository(top).commit(CHANGES, "m")
        return
    assert refusal(top, CHANGES) == [
        "new/x/y: goes through the filter 'secret' (.gitattributes), which is not run here "
        "(exempt it there: `new/x/y -filter`)"
    ]


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["bisect", "start"], "a bisect is under way (`git bisect reset`)"),
        (["cherry-pick", "other~1", "other"], "a cherry-pick is under way"),
        (["cherry-pick", "sequencer"], "a cherry-pick or revert of several commits is under way"),
        (["am"], "a `git am` is under way"),
    ],
)
def test_under_way(make_repository: Make, tmp_path: Path, command: list[str], told: str) -> None:
    """Git waits for the user to end something: refused, and how to end it is said."""
    top = make_repository(BEFORE)
    git(top, "switch", "-qc", "other")
    for number in "123":
        write(top, {"keep": number})
        git(top, "commit", "-qam", number)
    git(top, "switch", "-q", "main")
    write(top, {"keep": "main"})
    git(top, "commit", "-qam", "main")
    if command == ["am"]:
        (tmp_path / "mail").write_text(git(top, "format-patch", "-1", "--stdout", "other"))
        git(top, "am", "-q", str(tmp_path / "mail"), status=128)
    elif command[-1] == "sequencer":
        git(top, "cherry-pick", "other~1", "other", status=1)
        git(top, "checkout", "-q", "--ours", "keep")
        git(top, "add", "keep")
        git(top, "commit", "-q", "--allow-empty", "-m", "picked")
    else:
        git(top, *command, status=0 if "bisect" in command else 1)
    before = state(top)
    with pytest.raises(InputError) as caught:
        open_repository(top).commit(CHANGES, "m")
    assert told in str(caught.value)
    assert state(top) == before
