"""A new environment whose name is close to another one's: said, and asked about on a terminal."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from conftest import Fcgitops
from fcgitops.core import terminal
from gitenv import git, state


@pytest.mark.parametrize(("name", "near"), [("prd", "prod"), ("prod2", "prod"), ("devs", "dev")])
def test_it_is_said_plainly(name: str, near: str, repository: Path, fcgitops: Fcgitops) -> None:
    """Where nobody can be asked; the environment is added."""
    ran = fcgitops("-C", repository, "overlay", name)
    first, second = ran.err.splitlines()
    assert first == f"note: {name} is a new environment; {near} is there already"
    assert second.startswith(f"Add environment {name}: commit ")


@pytest.mark.parametrize("name", ["stage", "prod", "europe-west-1"])
def test_no_word_of_others(name: str, repository: Path, fcgitops: Fcgitops) -> None:
    """A name that is there, or like none."""
    assert "is a new environment" not in fcgitops("-C", repository, "overlay", name).err


@pytest.mark.parametrize("answer", [True, False])
def test_a_person_is_asked(
    answer: bool, repository: Path, fcgitops: Fcgitops, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No adds nothing, and names the command that was meant; --dry-run does not ask."""
    asked = []

    def confirm(question: str, **_: object) -> bool:
        asked.append(question)
        return answer

    monkeypatch.setattr(terminal, "interactive", lambda: True)
    monkeypatch.setattr(click, "confirm", confirm)
    before = state(repository)
    fcgitops("-C", repository, "overlay", "prd", "--dry-run")
    assert (asked, state(repository)) == ([], before)
    ran = fcgitops("-C", repository, "overlay", "prd", status=0 if answer else 2)
    assert asked == ["Add prd?"]
    if answer:
        assert git(repository, "log", "-1", "--format=%s") == "Add environment prd"
    else:
        assert "error: prd: was not added (fcgitops overlay prod)\n" in ran.err
        assert state(repository) == before
