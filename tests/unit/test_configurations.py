"""`config check` without files: what a repository has, and what its environments would get."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Fcgitops
from gitenv import git

PROD = "overlays/prod/environment.yaml"


def append(repository: Path, path: str, text: str) -> None:
    """A user's edit, staged: what follows from it is not generated yet."""
    file = repository / path
    file.write_text(file.read_text() + text)
    git(repository, "add", "-A")


def test_a_new_repository_is_fine(repository: Path, fcgitops: Fcgitops) -> None:
    """The variant's file and those of customized environments."""
    ran = fcgitops("config", "check", "-C", repository, "--strict")
    assert [line for line in ran.out.splitlines() if line.endswith("accept")] == [
        "overlays/customized-config/frameworkcontroller.yaml: accept",
        "overlays/prod/frameworkcontroller.yaml: accept",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "# mine\nsettings: {workerNumber: 0}\n",
            "2: reject: FCC15: settings.workerNumber: is 0 (a whole number, at least 1)",
        ),
        (
            "settings:\n  # few\n  workerNumbr: 5\n",
            "1: hazard",  # told by the key's own check
        ),
        (
            "settings:\n  podFailureSpec:\n  - code: 7\n    podPatterns:\n    - nameRegex: '('\n",
            "5: reject: FCC17: settings.podFailureSpec[0].podPatterns[0].nameRegex: ",
        ),
        (  # right in itself: the lower limit is 60
            "settings: {frameworkMaxRetryDelaySecForTransientConflictFailed: 5}\n",
            "1: reject: FCC21: settings.frameworkMaxRetryDelaySecForTransientConflictFailed: is 5,",
        ),
    ],
)
def test_what_would_be_generated_is_judged(
    text: str, said: str, repository: Path, fcgitops: Fcgitops
) -> None:
    """An edit of environment.yaml is found before the command that follows it, with its line."""
    before = len((repository / PROD).read_text().splitlines())
    append(repository, PROD, text)
    line, _, told = said.partition(":")
    ran = fcgitops("config", "check", "-C", repository, status=None)
    assert ran.status in (1, 2)
    place = f"{PROD}:{before + int(line)}"
    assert f"{place}:{told}" in ran.out or "settings: 'workerNumbr' is no setting" in ran.err


def test_the_defaults_of_all_are_judged(repository: Path, fcgitops: Fcgitops) -> None:
    """Once, where they stand: of two customized environments one has settings of its own."""
    options = ["--variant", "customized-config", "--set", "workerNumber=9"]
    fcgitops("-C", repository, "overlay", "b", *options)
    append(repository, "fcgitops.yaml", "  settings: {kubeClientQps: 0}\n")
    line = len((repository / "fcgitops.yaml").read_text().splitlines())
    ran = fcgitops("config", "check", "-C", repository, status=1)
    assert ran.out.count("FCC15") == 1
    assert f"fcgitops.yaml:{line}: reject: FCC15: defaults.settings.kubeClientQps: is 0" in ran.out


def test_files_as_they_stand_are_judged(repository: Path, fcgitops: Fcgitops) -> None:
    """An edit of the generated file, and of the variant's, that every other file comes of."""
    append(repository, "overlays/prod/frameworkcontroller.yaml", "workrs: 1\n")
    append(repository, "overlays/customized-config/frameworkcontroller.yaml", "workerNumber: 1\n")
    ran = fcgitops("config", "check", "-C", repository, "--format", "json", status=1)
    found = {
        (item["file"], finding["rule"])
        for item in json.loads(ran.out)
        for finding in item["findings"]
        if finding["severity"] != "info"
    }
    assert found == {
        ("overlays/prod/frameworkcontroller.yaml", "FCC11"),
        ("overlays/customized-config/frameworkcontroller.yaml", "FCC03"),
    }


def test_environments_that_cannot_be_read_hide_no_other(
    repository: Path, fcgitops: Fcgitops
) -> None:
    """All mistakes at once: status 2 for those of keys, and the findings are printed too."""
    append(repository, "overlays/dev/environment.yaml", "tolerations: [{effect: NoSchedule}]\n")
    append(repository, PROD, "settings: {workerNumber: 0}\n")
    ran = fcgitops("config", "check", "-C", repository, status=2)
    assert "FCC15: settings.workerNumber" in ran.out
    assert "error: overlays/dev/environment.yaml: tolerations: [0].operator" in ran.err


def test_outside_a_repository_files_are_needed(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """There is nothing to look at."""
    ran = fcgitops("config", "check", "-C", tmp_path, status=2)
    assert "is in no repository of fcgitops" in ran.err
