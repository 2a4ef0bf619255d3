"""A merge conflict that nobody has resolved is called that, wherever it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Fcgitops
from fcgitops.text import conflicts
from gitenv import write

TWO = "<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> other\n"
THREE = "<<<<<<< HEAD\na: 1\n||||||| base\na: 0\n=======\na: 2\n>>>>>>> other"
WHAT = "has an unresolved merge conflict"


@pytest.mark.parametrize(
    ("text", "line", "ours", "theirs"),
    [
        (f"x: 1\n{TWO}y: 1\n", 2, "x: 1\na: 1\ny: 1\n", "x: 1\na: 2\ny: 1\n"),
        (THREE, 1, "a: 1\n", "a: 2\n"),
        (f"{TWO}b: 1\n{THREE}", 1, "a: 1\nb: 1\na: 1\n", "a: 2\nb: 1\na: 2\n"),
        (TWO.replace("\n", "\r\n"), 1, "a: 1\r\n", "a: 2\r\n"),
        ("<<<<<<< HEAD\n=======\na: 2\n>>>>>>> other\n", 1, "", "a: 2\n"),
    ],
)
def test_a_conflict_and_its_sides(text: str, line: int, ours: str, theirs: str) -> None:
    """Its line, and the text as each side had it; in the style diff3 too."""
    assert conflicts.line(text.encode()) == line
    assert conflicts.sides(text.encode()) == (ours.encode(), theirs.encode())


@pytest.mark.parametrize(
    "text",
    ["a: |\n  <<<<<<< HEAD\n  =======\n  >>>>>>> x\n", "Title\n=======\n", "<<<<<<< HEAD\n", ""],
)
def test_what_only_looks_like_one(text: str) -> None:
    """Indented, as a text may hold it; a heading; a part of one."""
    assert conflicts.line(text.encode()) == 0
    assert conflicts.sides(text.encode()) == (text.encode(), text.encode())


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("path", "command", "status", "said"),
    [
        ("fcgitops.yaml", ["list"], 2, "fcgitops.yaml:1: {}"),
        ("fcgitops.yaml", ["build"], 2, "fcgitops.yaml:1: {}"),
        ("fcgitops.yaml", ["diff"], 2, "fcgitops.yaml:1: {}"),
        ("overlays/prod/environment.yaml", ["list"], 2, "overlays/prod/environment.yaml:1: {}"),
        ("overlays/prod/environment.yaml", ["overlay", "prod"], 2,
         "overlays/prod/environment.yaml:1: {}"),
        ("overlays/prod/environment.yaml", ["verify"], 1, "overlays/prod/environment.yaml:1: {}"),
        ("overlays/prod/kustomization.yaml", ["build"], 3,
         "prod: kustomize was not asked: kustomization.yaml:1: {}"),
        ("overlays/prod/local/kustomization.yaml", ["build"], 3,
         "prod: kustomize was not asked: local/kustomization.yaml:1: {}"),
        ("base/statefulset.yaml", ["build", "dev"], 3,
         "dev: kustomize cannot build it: ../../base/statefulset.yaml:1 {}"),
        ("base/statefulset.yaml", ["verify", "dev"], 1, "../../base/statefulset.yaml:1 {}"),
        ("overlays/prod/frameworkcontroller.yaml", ["build", "prod"], 3,
         "prod: is not rendered: frameworkcontroller.yaml:1 {}"),
        ("overlays/prod/environment.yaml", ["diff"], 1,
         "after: overlays/prod/environment.yaml:1 {}"),
        ("overlays/prod/frameworkcontroller.yaml",
         ["config", "check", "overlays/prod/frameworkcontroller.yaml"], 1, "1: reject: FCC01: {}"),
        ("experiment.yaml", ["nni", "check", "experiment.yaml"], 1, "1: reject: NNI01: {}"),
        ("fleet.yaml", ["overlays", "--from", "fleet.yaml"], 2, "fleet.yaml:1: {}"),
    ],
)  # fmt: skip
def test_a_conflict_is_called_that(
    path: str, command: list[str], status: int, said: str, repository: Path, fcgitops: Fcgitops,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """By every command that reads the file, with its line; kustomize says something of a ':'."""
    file = repository / path
    write(repository, {path: TWO + (file.read_text() if file.exists() else "")})
    monkeypatch.chdir(repository)
    ran = fcgitops(*command, status=status)
    assert said.format(WHAT) in ran.out + ran.err
