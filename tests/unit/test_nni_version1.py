"""A file of NNI's first version: one finding, and its conversion."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yamls
from conftest import Fcgitops
from fcgitops.core.errors import InputError
from fcgitops.nnifile import version1
from fcgitops.nnifile.check import check

PUBLIC = Path(__file__).parents[1] / "data" / "public" / "01-nni1-experiment.yaml"
FIRST: dict[str, Any] = yamls.load(PUBLIC.read_text())
SECOND: dict[str, Any] = {
    "experimentName": "t",
    "trialConcurrency": 1,
    "maxExperimentDuration": "1h",
    "maxTrialNumber": 2,
    "searchSpaceFile": "search_space.json",
    "useAnnotation": False,
    "trialCodeDirectory": ".",
    "tuner": {"name": "TPE", "classArgs": {"optimize_mode": "maximize"}},
    "trialCommand": "python3 a.py",
    "trainingService": {
        "platform": "frameworkcontroller",
        "serviceAccountName": "nni-trial",
        "storage": {"storageType": "nfs", "server": "10.0.0.2", "path": "/x"},
        "taskRoles": [
            {
                "name": "worker",
                "taskNumber": 1,
                "command": "python3 a.py",
                "gpuNumber": 0,
                "cpuNumber": 1,
                "memorySize": 512,
                "dockerImage": "example/nni:v3.0",
                "frameworkAttemptCompletionPolicy": {
                    "minFailedTaskCount": 1,
                    "minSucceedTaskCount": 1,
                },
            }
        ],
    },
}


def test_it_is_one_finding() -> None:
    """Each of its keys would be a mistake in a file of version 2."""
    (found,) = check(PUBLIC.read_bytes())
    assert str(found) == (
        "7: reject: NNI07: trainingServicePlatform: stands in files of version 1, which NNI reads "
        "in `nnictl create` alone "
        "(`fcgitops nni check --convert FILE` prints it as one of version 2)"
    )
    (found,) = check(b"frameworkcontrollerConfig: {storage: nfs}\n")
    assert (found.rule, found.path) == ("NNI07", "frameworkcontrollerConfig")
    (found,) = check(b"authorName: a\nsearchSpacePath: s.json\ntrial: {command: a}\n")
    assert (found.rule, found.path) == ("NNI07", "authorName")


def test_another_platform_is_not_said_to_be_converted() -> None:
    """It would be refused: the finding says so at once."""
    text = PUBLIC.read_text().replace("Platform: frameworkcontroller", "Platform: pai")
    (found,) = check(text.encode())
    assert "is 'pai', in a file of version 1 (frameworkcontroller, which alone" in str(found)


def test_an_object_of_kubernetes_is_one_finding() -> None:
    """Each of its keys would be a mistake in an experiment file."""
    (found,) = check(b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {}\n")
    assert (found.rule, found.message) == (
        "NNI02", "is a ConfigMap, an object of Kubernetes': no file of NNI's"
    )  # fmt: skip


def test_it_is_converted() -> None:
    """Every key has its new name and place; nothing is lost but what NNI has no more."""
    assert version1.convert(FIRST, "f") == (SECOND, [])


def converted(**changes: object) -> tuple[dict[str, Any], list[str]]:
    return version1.convert({**FIRST, **changes}, "f")


def test_azures_storage() -> None:
    """The account, its share, and the vault with the key."""
    service = {
        "serviceAccountName": "nni-trial",
        "namespace": "nni",
        "keyVault": {"vaultName": "v", "name": "k"},
        "azureStorage": {"accountName": "a", "azureShare": "s", "other": 1},
        "uploadRetryCount": 3,
    }
    new, left = converted(frameworkcontrollerConfig=service)
    assert new["trainingService"]["storage"] == {
        "storageType": "azureStorage",
        "azureAccount": "a",
        "azureShare": "s",
        "keyVaultName": "v",
        "keyVaultKey": "k",
    }
    assert new["trainingService"]["namespace"] == "nni"
    assert left == ["frameworkcontrollerConfig.azureStorage.other"]


def test_algorithms_of_ones_own() -> None:
    """A class in a file; `gpuIndices` moves to the top."""
    own = {"codeDir": "c", "classFileName": "m.py", "className": "T", "gpuIndices": "0", "x": 1}
    new, left = converted(tuner=own, assessor={"builtinAssessorName": "Medianstop"})
    assert new["tuner"] == {"className": "m.T", "codeDirectory": "c"}
    assert new["assessor"] == {"name": "Medianstop"}
    assert (new["tunerGpuIndices"], left) == ("0", ["tuner.x"])


def test_the_command_of_a_role_is_the_trials() -> None:
    """The second version runs one command; the trial's own comes first."""
    new, _ = converted(trial={**FIRST["trial"], "command": "python3 b.py"})
    assert new["trialCommand"] == "python3 b.py"


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        (
            {"trainingServicePlatform": "kubeflow"},
            ["f: trainingServicePlatform: is 'kubeflow', and frameworkcontroller alone runs here "
             "(frameworkcontroller)"],
        ),
        (
            {"multiPhase": True, "tuner": {"classFileName": "m"}, "trial": 5},
            [
                "f: multiPhase: is true, which NNI has no more",
                "f: trial: is 5, no mapping",
                "f: tuner: names no algorithm: builtinTunerName, or codeDir, classFileName and "
                "className",
            ],
        ),
        (
            {"trial": {"taskRoles": {"name": "a"}}, "frameworkcontrollerConfig": []},
            [
                "f: frameworkcontrollerConfig: is [], no mapping",
                "f: trial.taskRoles: is {name: a}, no list",
            ],
        ),
        (
            {"trial": {"taskRoles": [1, {"frameworkAttemptCompletionPolicy": "x"}]}},
            [
                "f: trial.taskRoles[0]: is 1, no mapping",
                "f: trial.taskRoles[1].frameworkAttemptCompletionPolicy: is 'x', no mapping",
            ],
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_converted(changes: dict[str, object], problems: list[str]) -> None:
    """All of it at once."""
    with pytest.raises(InputError) as caught:
        converted(**changes)
    assert [str(problem) for problem in caught.value.problems] == problems


def test_the_command(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """The new file goes to stdout, what it has no place for to stderr; it is one that NNI takes."""
    old = tmp_path / "old.yaml"
    old.write_text(f"{PUBLIC.read_text()}mine: 1\n")
    ran = fcgitops("nni", "check", "--convert", old)
    assert yamls.load(ran.out) == SECOND
    assert ran.err == f"note: {old}: mine has no place in version 2\n"
    new = tmp_path / "experiment.yaml"
    new.write_text(ran.out)
    (tmp_path / "search_space.json").write_text('{"x": {"_type": "uniform", "_value": [0, 1]}}')
    (tmp_path / "a.py").touch()
    fcgitops("nni", "check", new)

    ran = fcgitops("nni", "check", "--convert", new, status=2)
    assert "is not of version 1: it has trainingService" in ran.err
    assert "has 2 files" in fcgitops("nni", "check", "--convert", old, new, status=2).err
    (tmp_path / "broken.yaml").write_text("a: [\n")
    assert "broken.yaml:2: is not valid YAML" in (
        fcgitops("nni", "check", "--convert", tmp_path / "broken.yaml", status=2).err
    )
    assert "cannot be read" in fcgitops("nni", "check", "--convert", "nowhere", status=2).err


def test_an_experiment_is_not_made_of_one(
    repository: Path, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """One error, which says how to go on."""
    folder = tmp_path / "mnist"
    folder.mkdir()
    shutil.copy(PUBLIC, folder / "experiment.yaml")
    fcgitops("-C", repository, "nni", "enable", "dev", "--storage", "nfs://10.0.0.2/x")
    ran = fcgitops(
        "-C",
        repository,
        "nni",
        "experiment",
        "mnist",
        "--env",
        "dev",
        "--from",
        folder,
        status=None,
    )
    assert ran.status != 0
    assert [line for line in ran.err.splitlines() if line.startswith("error: ")] == [
        line for line in ran.err.splitlines() if "NNI07" in line
    ]


def test_json_says_the_same(fcgitops: Fcgitops) -> None:
    """For a program: one finding with its line."""
    (judged,) = json.loads(fcgitops("nni", "check", "--format", "json", PUBLIC, status=1).out)
    assert [(f["rule"], f["line"]) for f in judged["findings"]] == [("NNI07", 7)]
