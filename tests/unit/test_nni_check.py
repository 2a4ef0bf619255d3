"""`fcgitops nni check`: one verdict an experiment file, and all that is wrong in it at once."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Fcgitops
from fcgitops.core.findings import ACCEPT, HAZARD, INFO, LONGEST, REJECT, Finding, verdict
from fcgitops.nnifile import reference
from fcgitops.nnifile.check import check
from fcgitops.nnifile.experiment_file import MAX_DEPTH, MAX_FAULTS, MAX_VALUES
from fcgitops.nnifile.rules import RULES
from nnifiles import COUNT, RIGHT, ROWS, SERVICES, dumped, experiment
from testbed.nnioracle import surroundings

Found = tuple[str, str, str, int]
ROLE = "trainingService.taskRoles[0]"
SPACE = "searchSpace: {x: {_type: uniform, _value: [0, 1]}}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with the files that an experiment may name."""
    surroundings(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def changed(*pairs: tuple[str, str]) -> str:
    """RIGHT with texts replaced, each of which is there once."""
    text = RIGHT
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def line(text: str, part: str) -> int:
    """The first line with `part`, from 1; 0 where there is none."""
    rows = text.splitlines()
    return next((n for n, row in enumerate(rows, 1) if part in row), 0)


def shown(finding: Finding) -> Found:
    return finding.rule, finding.severity, finding.path, finding.line


@pytest.mark.slow
def test_agreement_with_nni(folder: Path) -> None:
    """On 640 files the verdict is reject exactly where NNI 3.0's recorded one is."""
    rows = [json.loads(row) for row in ROWS.read_text(encoding="utf-8").splitlines()]
    wrong = [
        f"{row['id']} {row['kind']}: {row['verdict']} ({row['reason']}), not {found}\n{row['yaml']}"
        for row in rows
        if (found := verdict(check(row["yaml"].encode("utf-8", "surrogatepass"), folder)))
        not in ([REJECT] if row["verdict"] == "reject" else [ACCEPT, HAZARD])
    ]
    refused = sum(row["verdict"] == "reject" for row in rows)
    assert (len(rows), refused > COUNT / 2, refused < COUNT * 3 / 4) == (COUNT, True, True)
    assert not wrong, "\n".join(wrong)


def test_nothing_to_say(folder: Path) -> None:
    """What is right has no finding, not even one that is only worth knowing."""
    assert check(RIGHT.encode(), folder) == []
    assert check(RIGHT.encode()) == []


# One fault a file: what is replaced in RIGHT, or added to it; the rule, the key, and the text that
# its line holds.

ONE_FAULT: list[tuple[str, str, tuple[str, str, str]]] = [
    ("no YAML", f"{RIGHT}x: [1\n", ("NNI01", "", "")),
    ("a second document", f"{RIGHT}---\n", ("NNI01", "", "---")),
    ("a tag of Python's", f"{RIGHT}debug: !!python/none x\n", ("NNI01", "", "debug")),
    ("nothing", "", ("NNI02", "", "")),
    ("a list", "- a\n", ("NNI02", "", "")),
    ("a repeated key", f"{RIGHT}debug: true\ndebug: false\n", ("NNI03", "debug", "debug: false")),
    (
        "a repeated key far down",
        changed(("gpuNumber: 0", "gpuNumber: 0\n    gpuNumber: 0 # 2")),
        ("NNI03", f"{ROLE}.gpuNumber", "# 2"),
    ),
    ("two spellings", f"{RIGHT}logLevel: info\nlog_level: debug\n",
     ("NNI04", "log_level", "log_level")),
    ("octal", changed(("maxTrialNumber: 2", "maxTrialNumber: 010")),
     ("NNI05", "maxTrialNumber", "010")),
    ("base 60", f"{RIGHT}maxTrialDuration: 1:30\n", ("NNI05", "maxTrialDuration", "1:30")),
    (
        "yes among choices",
        changed(("uniform, _value: [0, 1]", "choice, _value: [a, yes]")),
        ("NNI05", "searchSpace.x._value[1]", "yes"),
    ),
    (
        "an exponent among choices",
        changed(("uniform, _value: [0, 1]", "choice, _value: [1e-5, 1.0e-3]")),
        ("NNI05", "searchSpace.x._value[0]", "1e-5"),
    ),
    (
        "a date in a search space",
        changed(("uniform, _value: [0, 1]", "choice, _value: [2020-01-01]")),
        ("NNI06", "searchSpace.x._value[0]", "2020"),
    ),
    (
        "no number in classArgs",
        changed(("optimize_mode: maximize", "optimize_mode: maximize, seed: .nan")),
        ("NNI06", "tuner.classArgs.seed", "seed"),
    ),
    (
        "a number that JavaScript rounds",
        changed(("optimize_mode: maximize", "optimize_mode: maximize, seed: 9007199254740993")),
        ("NNI06", "tuner.classArgs.seed", "seed"),
    ),
    ("a typing mistake", f"{RIGHT}trialComand: x\n", ("NNI11", "trialComand", "trialComand")),
    ("a key that is no text", f"{RIGHT}1: x\n", ("NNI11", "1", "1: x")),
    (
        "FrameworkController's spelling",
        changed(("minSucceedTaskCount", "minSucceedTaskCount: 1, minSucceededTaskCount")),
        ("NNI11", f"{ROLE}.frameworkAttemptCompletionPolicy.minSucceededTaskCount", "minF"),
    ),
    (
        "a privileged Pod",
        changed(("gpuNumber: 0", "gpuNumber: 0\n    privileged: true")),
        ("NNI11", f"{ROLE}.privileged", "privileged"),
    ),
    (
        "platform in another spelling",
        changed(("platform: f", "Platform: f")),
        ("NNI11", "trainingService.Platform", "Platform"),
    ),
    ("no concurrency", changed(("trialConcurrency: 1\n", "")), ("NNI12", "", "")),
    (
        "no account",
        changed(("  serviceAccountName: nni-trial\n", "")),
        ("NNI12", "trainingService", "trainingService"),
    ),
    ("no platform", changed(("  platform: frameworkcontroller\n", "")),
     ("NNI12", "trainingService", "trainingService")),
    ("no name of a tuner", changed(("name: TPE, ", "")), ("NNI12", "tuner", "tuner")),
    ("a text for a number", changed(("trialConcurrency: 1", "trialConcurrency: '1'")),
     ("NNI13", "trialConcurrency", "'1'")),
    ("half a CPU", changed(("cpuNumber: 1", "cpuNumber: 0.5")),
     ("NNI13", f"{ROLE}.cpuNumber", "0.5")),
    ("a role for a list", changed(("- name: worker", "  name: worker")),
     ("NNI13", "trainingService.taskRoles", "taskRoles")),
    ("an experiment of NNI's other kind", f"{RIGHT}experimentType: nas\n",
     ("NNI13", "experimentType", "nas")),
    ("no trial at a time", changed(("trialConcurrency: 1", "trialConcurrency: 0")),
     ("NNI14", "trialConcurrency", "0")),
    ("no unit of time", f"{RIGHT}maxExperimentDuration: '60'\n",
     ("NNI14", "maxExperimentDuration", "60")),
    ("a claim for storage", changed(("storageType: nfs", "storageType: pvc")),
     ("NNI14", "trainingService.storage.storageType", "pvc")),
    ("a platform of NNI 2", changed(("platform: frameworkcontroller", "platform: adl")),
     ("NNI14", "trainingService.platform", "adl")),
    ("a loud log", f"{RIGHT}logLevel: critical\n", ("NNI14", "logLevel", "critical")),
    ("a GPU twice", f"{RIGHT}tunerGpuIndices: 0,0\n", ("NNI14", "tunerGpuIndices", "0,0")),
    ("no tuner", changed(("tuner: {name: TPE, classArgs: {optimize_mode: maximize}}\n", "")),
     ("NNI15", "", "")),
    ("an advisor beside the tuner", f"{RIGHT}advisor: {{name: Hyperband}}\n",
     ("NNI15", "advisor", "advisor")),
    ("no search space", changed((SPACE + "\n", "")),
     ("NNI15", "", "")),
    ("an annotation beside the space", f"{RIGHT}useAnnotation: true\n",
     ("NNI15", "searchSpace", "searchSpace")),
    ("a share for nfs", changed(("path: /exports/nni", "path: /exports/nni, azureShare: s")),
     ("NNI15", "trainingService.storage.azureShare", "azureShare")),
    ("no folder of the code", changed(("trialCodeDirectory: code", "trialCodeDirectory: cod")),
     ("NNI16", "trialCodeDirectory", "cod")),
    ("no file of the space", changed((SPACE, "searchSpaceFile: none.json")),
     ("NNI16", "searchSpaceFile", "none")),
    ("a space that cannot be read", changed((SPACE, "searchSpaceFile: bad.json")),
     ("NNI16", "searchSpaceFile", "bad")),
    ("true for a number", changed(("taskNumber: 1", "taskNumber: true")),
     ("NNI17", f"{ROLE}.taskNumber", "true")),
    ("no reuse", changed(("  namespace: nni", "  reuseMode: false\n  namespace: nni")),
     ("NNI22", "trainingService.reuseMode", "reuse")),
    ("null for reuse", changed(("  namespace: nni", "  reuse_mode: ~\n  namespace: nni")),
     ("NNI22", "trainingService.reuse_mode", "reuse")),
    ("an empty command", changed(("trialCommand: python3 trial.py", "trialCommand: ' '"),
                                 ("command: python3 trial.py", "command: ' '")),
     ("NNI23", "trialCommand", "trialCommand")),
    ("another command within",
     changed(("  namespace: nni", "  trialCommand: x.py\n  namespace: nni")),
     ("NNI24", "trainingService.trialCommand", "x.py")),
    ("an address within",
     changed(("  namespace: nni", "  nniManagerIp: 10.0.0.1\n  namespace: nni")),
     ("NNI24", "trainingService.nniManagerIp", "10.0.0.1")),
    ("no server", changed(("server: 10.0.0.2, ", "")),
     ("NNI25", "trainingService.storage", "storage")),
    ("an empty path", changed(("path: /exports/nni", "path: ''")),
     ("NNI25", "trainingService.storage", "storage")),
    ("a relative path", changed(("path: /exports/nni", "path: exports")),
     ("NNI25", "trainingService.storage.path", "path")),
    ("a shell's character", changed(("path: /exports/nni", "path: '/e; reboot'")),
     ("NNI25", "trainingService.storage.path", "path")),
    *(
        (f"the server {server}",
         changed(("server: 10.0.0.2", f"server: '{server}'")),
         ("NNI25", "trainingService.storage.server", "server"))
        for server in ("nfs://10.0.0.2", "10.0.0.2:/x", "10.0.0.256", "fd00::2", "10.0.0.2:2049")
    ),
    ("the account default",
     changed(("serviceAccountName: nni-trial", "serviceAccountName: default")),
     ("NNI26", "trainingService.serviceAccountName", "serviceAccountName")),
    ("null for the account", changed(("serviceAccountName: nni-trial", "serviceAccountName:")),
     ("NNI26", "trainingService.serviceAccountName", "serviceAccountName")),
    ("FrameworkController's account",
     changed(("serviceAccountName: nni-trial", "serviceAccountName: frameworkcontroller")),
     ("NNI26", "trainingService.serviceAccountName", "serviceAccountName")),
    ("an account that is no name",
     changed(("serviceAccountName: nni-trial", "serviceAccountName: nni_trial")),
     ("NNI26", "trainingService.serviceAccountName", "serviceAccountName")),
    ("a namespace that is no name", changed(("namespace: nni", "namespace: NNI")),
     ("NNI27", "trainingService.namespace", "NNI")),
    ("NNI's scheduler of GPUs", f"{RIGHT}trialGpuNumber: 1\n",
     ("NNI28", "trialGpuNumber", "trialGpuNumber")),
    ("GPUs that are hidden", changed(("gpuNumber: 0", "gpuNumber: 1")) + "trialGpuNumber: 0\n",
     ("NNI28", "trialGpuNumber", "trialGpuNumber")),
    ("a shared storage", f"{RIGHT}sharedStorage: {{storageType: NFS, localMountPoint: /a, "
     "remoteMountPoint: /b, localMounted: usermount, nfsServer: s, exportedDirectory: /c}\n",
     ("NNI29", "sharedStorage", "sharedStorage")),
    ("no task role", RIGHT.partition("  - name")[0].replace("taskRoles:", "taskRoles: []"),
     ("NNI31", "trainingService.taskRoles", "taskRoles")),
    ("two tasks", changed(("taskNumber: 1", "taskNumber: 2")),
     ("NNI32", f"{ROLE}.taskNumber", "taskNumber")),
    ("no task", changed(("taskNumber: 1", "taskNumber: 0")),
     ("NNI32", f"{ROLE}.taskNumber", "taskNumber")),
    ("a role's name", changed(("name: worker", "name: my-worker")),
     ("NNI33", f"{ROLE}.name", "my-worker")),
    ("a role's name and a new line", changed(("name: worker", 'name: "worker\\n"')),
     ("NNI33", f"{ROLE}.name", "worker")),
    ("Kubernetes' own size", changed(("memorySize: 8gb", "memorySize: 4Gi")),
     ("NNI34", f"{ROLE}.memorySize", "4Gi")),
    ("half of that", changed(("memorySize: 8gb", "memorySize: 4g")),
     ("NNI34", f"{ROLE}.memorySize", "4g")),
    ("no memory", changed(("memorySize: 8gb", "memorySize: gb")),
     ("NNI34", f"{ROLE}.memorySize", "gb")),
    ("less than none", changed(("memorySize: 8gb", "memorySize: -1")),
     ("NNI34", f"{ROLE}.memorySize", "-1")),
    ("a debt of GPUs", changed(("gpuNumber: 0", "gpuNumber: -1")),
     ("NNI35", f"{ROLE}.gpuNumber", "-1")),
    ("a policy's number", changed(("minFailedTaskCount: 1", "minFailedTaskCount: -2")),
     ("NNI36", f"{ROLE}.frameworkAttemptCompletionPolicy.minFailedTaskCount", "-2")),
    ("an image that is no name", changed(("msranni/nni:v3.0", "msranni/NNI:v3.0")),
     ("NNI37", f"{ROLE}.dockerImage", "msranni")),
    ("no tuner of NNI's", changed(("name: TPE", "name: TPEE")), ("NNI41", "tuner.name", "TPEE")),
    ("a tuner that assesses", f"{RIGHT}assessor: {{name: TPE}}\n",
     ("NNI41", "assessor.name", "assessor")),
    ("a class without a module",
     changed(("name: TPE, classArgs: {optimize_mode: maximize}",
              "className: Mine, codeDirectory: code")),
     ("NNI41", "tuner.className", "Mine")),
    ("a mode that is none", changed(("optimize_mode: maximize", "optimize_mode: max")),
     ("NNI42", "tuner.classArgs.optimize_mode", "optimize_mode")),
    ("an argument in camel case",
     changed(("optimize_mode: maximize", "optimize_mode: maximize, tpeArgs: {}")),
     ("NNI42", "tuner.classArgs.tpeArgs", "tpeArgs")),
    ("a tuner that is not installed", changed(("name: TPE", "name: Anneal")),
     ("NNI43", "tuner.name", "Anneal")),
    ("no type of a parameter", changed(("uniform", "unform")),
     ("NNI44", "searchSpace.x._type", "unform")),
    ("a type that the tuner lacks",
     changed(("uniform", "normal"), ("name: TPE", "name: Metis")),
     ("NNI44", "searchSpace.x._type", "normal")),
    ("no range", changed(("[0, 1]", "[1, 0]")), ("NNI44", "searchSpace.x._value", "[1, 0]")),
    ("no quantum", changed(("uniform", "quniform")), ("NNI44", "searchSpace.x._value", "[0, 1]")),
    ("a logarithm of 0", changed(("uniform", "loguniform")),
     ("NNI44", "searchSpace.x._value", "[0, 1]")),
    ("nothing to tune", changed(("{x: {_type: uniform, _value: [0, 1]}}", "{}")),
     ("NNI44", "searchSpace", "searchSpace")),
    ("a list for a space", changed(("{x: {_type: uniform, _value: [0, 1]}}", "[1]")),
     ("NNI44", "searchSpace", "searchSpace")),
    ("a plain parameter", changed(("{_type: uniform, _value: [0, 1]}", "[0, 1]")),
     ("NNI44", "searchSpace.x", "searchSpace")),
    ("a nested parameter",
     changed(("uniform, _value: [0, 1]",
              "choice, _value: [{_name: a, y: {_type: uniform, _value: [1, 1]}}]")),
     ("NNI44", "searchSpace.x._value[0].y._value", "searchSpace")),
    ("a nested parameter without a name",
     changed(("uniform, _value: [0, 1]",
              "choice, _value: [{y: {_type: uniform, _value: [0, 1]}}]")),
     ("NNI44", "searchSpace.x._value[0].y", "searchSpace")),
    ("a nested space beside a plain value",
     changed(("uniform, _value: [0, 1]",
              "choice, _value: [1, {_name: a, y: {_type: uniform, _value: [0, 1]}}]")),
     ("NNI44", "searchSpace.x._value[1].y", "searchSpace")),
    ("a choice in a choice in one of two",
     changed(("uniform, _value: [0, 1]",
              "choice, _value: [{_name: a, y: {_type: choice, _value: "
              "[{_name: b, z: {_type: uniform, _value: [0, 1]}}]}}, {_name: c}]")),
     ("NNI44", "searchSpace.x._value[0].y", "searchSpace")),
    ("a choice without a name for a tuner that asks for it",
     changed(("uniform, _value: [0, 1]", "choice, _value: [1, {y: 2}]"),
             ("name: TPE", "name: Evolution")),
     ("NNI44", "searchSpace.x._value[1]", "searchSpace")),
    ("a nested space for Batch",
     changed(("uniform, _value: [0, 1]",
              "choice, _value: [{_name: a, y: {_type: uniform, _value: [0, 1]}}]"),
             ("name: TPE, classArgs: {optimize_mode: maximize}", "name: Batch")),
     ("NNI44", "searchSpace.x._value[0].y", "searchSpace")),
    ("texts and numbers for PBT",
     changed(("uniform, _value: [0, 1]", "choice, _value: [1, a]"), ("name: TPE", "name: PBT")),
     ("NNI44", "searchSpace.x._value", "searchSpace")),
    ("a nested space for PBT",
     changed(("uniform, _value: [0, 1]",
              "choice, _value: [{_name: a, y: {_type: uniform, _value: [0, 1]}}, {_name: b}]"),
             ("name: TPE", "name: PBT")),
     ("NNI44", "searchSpace.x._value[0].y", "searchSpace")),
    ("words for numbers",
     changed(("uniform, _value: [0, 1]", "choice, _value: [a]"), ("name: TPE", "name: GP")),
     ("NNI44", "searchSpace.x._value[0]", "searchSpace")),
    ("an exponent for a tuner that does not convert",
     changed(("[0, 1]", "[1e-5, 1]"), ("name: TPE", "name: Evolution")),
     ("NNI44", "searchSpace.x._value[0]", "searchSpace")),
    ("a list in the space's file",
     changed((SPACE, "searchSpaceFile: list.json")),
     ("NNI44", "searchSpaceFile", "list.json")),
    ("a space twice", f"{RIGHT}searchSpaceFile: space.json\n",
     ("NNI45", "searchSpace", "searchSpace")),
    ("an annotation",
     changed((SPACE, "useAnnotation: true")),
     ("NNI46", "useAnnotation", "useAnnotation")),
    ("ten seconds to Python alone", f"{RIGHT}maxTrialDuration: 1_0s\n",
     ("NNI47", "maxTrialDuration", "1_0s")),
    ("a fatal log", f"{RIGHT}logLevel: fatal\n", ("NNI48", "logLevel", "fatal")),
    ("this machine", f"{RIGHT}nniManagerIp: 127.0.0.1\n", ("NNI49", "nniManagerIp", "127")),
    ("a URL for an address", f"{RIGHT}nniManagerIp: http://10.0.0.1\n",
     ("NNI49", "nniManagerIp", "http")),
    ("IPv6 without brackets", f"{RIGHT}nniManagerIp: fd00::1\n",
     ("NNI49", "nniManagerIp", "fd00")),
    ("an assessor beside an advisor",
     changed(("name: TPE", "name: Hyperband")) + "assessor: {name: Medianstop, "
     "classArgs: {optimize_mode: maximize}}\n",
     ("NNI51", "assessor", "assessor")),
    ("latest", changed(("msranni/nni:v3.0", "msranni/nni:latest")),
     ("NNI61", f"{ROLE}.dockerImage", "latest")),
    ("no image", changed(("    dockerImage: msranni/nni:v3.0\n", "")), ("NNI61",
     f"{ROLE}.dockerImage", "- name")),
    ("a command that is not executed", changed(("    command: python3 trial.py",
     "    command: other.py")), ("NNI62", f"{ROLE}.command", "other.py")),
    ("no end", changed(("maxTrialNumber: 2\n", "")), ("NNI63", "maxTrialNumber", "")),
    ("no namespace", changed(("  namespace: nni\n", "")),
     ("NNI64", "trainingService.namespace", "trainingService")),
    ("8 MB", changed(("memorySize: 8gb", "memorySize: 8")), ("NNI65", f"{ROLE}.memorySize", "8")),
    ("Azure", changed(("storageType: nfs, server: 10.0.0.2, path: /exports/nni",
     "storageType: azureStorage, azureAccount: a, azureShare: b, keyVaultName: c, keyVaultKey: d")),
     ("NNI66", "trainingService.storage.storageType", "azure")),
    ("no mode", changed((", classArgs: {optimize_mode: maximize}", "")),
     ("NNI67", "tuner", "tuner")),
    ("an exponent that the tuner converts", changed(("[0, 1]", "[1e-5, 1]")),
     ("NNI68", "searchSpace.x._value[0]", "1e-5")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "wanted"), [row[1:] for row in ONE_FAULT], ids=[row[0] for row in ONE_FAULT]
)
def test_one_fault(text: str, wanted: tuple[str, str, str], folder: Path) -> None:
    """A file with one fault has that finding and no other, at its line, with its severity."""
    rule, path, part = wanted
    found = check(text.encode(), folder)
    assert [f.rule for f in found] == [rule], [str(f) for f in found]
    if rule != "NNI01":
        assert shown(found[0]) == (rule, RULES[rule][0], path, line(text, part) if part else 0)


def test_other_platforms(folder: Path) -> None:
    """What NNI takes for another platform is a hazard: this repository cannot run it."""
    for platform in SERVICES:
        found = check(dumped(experiment(platform)).encode(), folder)
        rules = [f.rule for f in found if f.severity != INFO]
        assert rules == ([] if platform == "frameworkcontroller" else ["NNI21"]), platform


def test_several_training_services(folder: Path) -> None:
    """A list of them is one hazard, and refused by NNI unless nniManagerIp is set."""
    value = experiment()
    value["trainingService"] = [value["trainingService"]]
    found = check(dumped(value).encode(), folder)
    assert [shown(f)[:3] for f in found] == [
        ("NNI15", REJECT, "trainingService"),
        ("NNI21", HAZARD, "trainingService"),
    ]
    found = check((dumped(value) + "nniManagerIp: 10.0.0.1\n").encode(), folder)
    assert verdict(found) == HAZARD
    value["trainingService"] = []
    found = check((dumped(value) + "nniManagerIp: 10.0.0.1\n").encode(), folder)
    assert verdict(found) == HAZARD


def test_two_task_roles(folder: Path) -> None:
    """Their Pods register as the same runner, too."""
    value = experiment()
    role = value["trainingService"]["taskRoles"][0]
    value["trainingService"]["taskRoles"] = [role, {**role, "name": "other"}]
    found = check(dumped(value).encode(), folder)
    assert [shown(f)[:3] for f in found] == [("NNI31", HAZARD, "trainingService.taskRoles")]


def test_the_command_moved_up(folder: Path) -> None:
    """Where trialCommand stands in trainingService only, the hint says where it belongs."""
    text = changed(("trialCommand: python3 trial.py\n", "")).replace(
        "  namespace: nni", "  trial_command: x\n  namespace: nni"
    )
    hints = {f.rule: f.hint for f in check(text.encode(), folder)}
    assert hints["NNI23"] == "move it up from trial_command of trainingService"


@pytest.mark.parametrize("text", ["8gb", "8 GB", "1.5tb", "512mb", "1e3kb", "9b", "2048"])
def test_sizes_that_nni_converts(text: str, folder: Path) -> None:
    """With the units of NNI's, in any case."""
    assert check(changed(("8gb", text)).encode(), folder) == []


@pytest.mark.parametrize(
    "text", ["10.0.0.1", "nni-manager", "nni.ns.svc.cluster.local", "'[fd00::1]'"]
)
def test_addresses_that_trials_dial(text: str, folder: Path) -> None:
    """IPv4, a name, or IPv6 in brackets, which NNI writes into a URL."""
    assert check(f"{RIGHT}nniManagerIp: {text}\n".encode(), folder) == []


@pytest.mark.parametrize(
    "name",
    [
        "nni:v3",
        "r.example:5000/a/b_c:1",
        "a@sha256:" + "0" * 64,
        "a:b@sha256:" + "0" * 64,
        "a__b:1",
    ],
)
def test_images(name: str, folder: Path) -> None:
    """A tag or a digest, and a registry with a port."""
    assert check(changed(("msranni/nni:v3.0", name)).encode(), folder) == []


def test_code_with_too_many_files(folder: Path) -> None:
    """NNI counts them when the experiment runs; a .nniignore may leave some out."""
    for number in range(2000):
        (folder / "code" / str(number)).touch()
    found = check(RIGHT.encode(), folder)
    assert [shown(f)[:3] for f in found] == [("NNI50", HAZARD, "trialCodeDirectory")]
    (folder / "code" / ".nniignore").touch()
    assert check(RIGHT.encode(), folder) == []


def test_code_that_is_too_large(folder: Path) -> None:
    """300 MB, a link's target included."""
    with (folder / "large").open("wb") as file:
        file.truncate((300 << 20) + 1)
    (folder / "code" / "link").symlink_to("../large")
    assert [f.rule for f in check(RIGHT.encode(), folder)] == ["NNI50"]


def test_code_with_a_broken_link(folder: Path) -> None:
    """NNI ends on it, and says nothing that names it."""
    (folder / "code" / "link").symlink_to("nowhere")
    (found,) = check(RIGHT.encode(), folder)
    assert (found.rule, found.message) == (
        "NNI50",
        "holds what cannot be read, link: NNI's manager ends",
    )


def test_a_search_space_of_its_own(folder: Path) -> None:
    """It is JSON or YAML, and judged like one in place; the place in it is said."""
    text = changed((SPACE, "searchSpaceFile: space.yaml"))
    assert check(text.encode(), folder) == []
    (folder / "space.yaml").write_text("x: {_type: choice, _value: [1]}\ny: {_type: uniform}\n")
    (found,) = check(text.encode(), folder)
    assert shown(found) == ("NNI44", HAZARD, "searchSpaceFile", 5)
    assert found.message.startswith("line 2: y: is no mapping with _type and _value")
    (folder / "space.yaml").write_text('{"x": {"_type": "choice", "_value": []}}')
    (found,) = check(text.encode(), folder)
    assert found.message.startswith("x._value: is empty")


def test_a_file_of_the_space_that_may_be_anything(folder: Path) -> None:
    """What it holds is not shown: whoever wrote the experiment may have named a file of yours."""
    (folder / "elsewhere").write_text("machine git.example.com login me password s3cret\n")
    text = changed((SPACE, "searchSpaceFile: elsewhere"))
    (found,) = check(text.encode(), folder)
    assert shown(found)[:3] == ("NNI44", HAZARD, "searchSpaceFile")
    assert found.message == "is no mapping: the tuner fails on it"
    assert "s3cret" not in repr(found)


def test_without_the_folder() -> None:
    """The file system is not looked at: what is named counts as there."""
    text = changed(
        ("trialCodeDirectory: code", "trialCodeDirectory: none"),
        (SPACE, "searchSpaceFile: none"),
    )
    assert check(text.encode()) == []


def test_paths_start_at_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in NNI, wherever the command is run; and ~ is the home directory."""
    os.chdir("/")
    assert check(RIGHT.encode(), folder) == []
    assert check(RIGHT.encode(), Path("/")) != []
    monkeypatch.setenv("HOME", str(folder / "code"))
    assert check(changed(("Directory: code", "Directory: ~/")).encode(), folder) == []


def test_everything_at_once(folder: Path) -> None:
    """All kinds of mistakes in the order of their lines: NNI tells the first."""
    text = """\
trialCodeDirectory: none
trialConcurrency: 0
trialConcurency: 2
searchSpace: {x: {_type: unform, _value: [0, 1]}}
tuner: {name: TPEE}
tuner: {name: TPE, classArgs: {mode: max}}
trainingService:
  platform: frameworkcontroller
  reuseMode: false
  storage: {storageType: nfs, server: 10.0.0.2}
  taskRoles:
  - name: my-worker
    taskNumber: '1'
    command: x
    gpuNumber: 0
    cpuNumber: 1
    memorySize: 4Gi
    frameworkAttemptCompletionPolicy: {minFailedTaskCount: 1, minSucceededTaskCount: 1}
"""
    found = [shown(f) for f in check(text.encode(), folder)]
    assert sorted(found, key=lambda f: (f[3], f[0])) == [
        ("NNI23", HAZARD, "trialCommand", 0),
        ("NNI63", INFO, "maxTrialNumber", 0),
        ("NNI16", REJECT, "trialCodeDirectory", 1),
        ("NNI14", REJECT, "trialConcurrency", 2),
        ("NNI11", REJECT, "trialConcurency", 3),
        ("NNI44", HAZARD, "searchSpace.x._type", 4),
        ("NNI03", HAZARD, "tuner", 6),
        ("NNI42", HAZARD, "tuner.classArgs.mode", 6),
        ("NNI67", INFO, "tuner", 6),
        ("NNI12", REJECT, "trainingService", 7),
        ("NNI64", INFO, "trainingService.namespace", 7),
        ("NNI22", HAZARD, "trainingService.reuseMode", 9),
        ("NNI25", HAZARD, "trainingService.storage", 10),
        ("NNI33", HAZARD, f"{ROLE}.name", 12),
        ("NNI61", INFO, f"{ROLE}.dockerImage", 12),
        ("NNI13", REJECT, f"{ROLE}.taskNumber", 13),
        ("NNI62", INFO, f"{ROLE}.command", 14),
        ("NNI34", HAZARD, f"{ROLE}.memorySize", 17),
        ("NNI11", REJECT, f"{ROLE}.frameworkAttemptCompletionPolicy.minSucceededTaskCount", 18),
        ("NNI12", REJECT, f"{ROLE}.frameworkAttemptCompletionPolicy", 18),
    ]
    assert [f[3] for f in found] == sorted(f[3] for f in found)


def test_every_rule_has_a_file() -> None:
    """The tests above know every rule."""
    # test_other_platforms, test_code_with_too_many_files, test_more_than_anybody_reads,
    # and test_it_is_one_finding of the first version
    elsewhere = {"NNI21", "NNI50", "NNI69", "NNI07"}
    assert {wanted[0] for _, _, wanted in ONE_FAULT} | elsewhere == set(RULES)


def test_hints_for_keys_that_people_try(folder: Path) -> None:
    """What a typing mistake may mean, and what is to be done instead of what NNI lacks."""
    text = f"{RIGHT}trialComand: x\ntrainingServicePlatform: frameworkcontroller\n"
    text = text.replace("gpuNumber: 0", "gpuNumber: 0\n    privateRegistryAuthPath: /x")
    hints = {f.path: f.hint for f in check(text.encode(), folder)}
    assert hints["trialComand"] == "did you mean 'trialCommand'?"
    assert hints["trainingServicePlatform"].startswith("a file of NNI 1: ")
    registry = hints[f"{ROLE}.privateRegistryAuthPath"]
    assert registry == "put imagePullSecrets on the trials' ServiceAccount"


def test_bounds_of_our_own(folder: Path) -> None:
    """Beyond what a person writes the rest is not judged, and rejected."""
    deep = "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)
    wide = "x: &a [" + "1, " * 1000 + "]\n" + "y: [" + "*a, " * (MAX_VALUES // 1000) + "]\n"
    for text in (f"{RIGHT}x: {deep}\n", wide, f"{RIGHT}experimentName: {'1' * 1001}\n"):
        assert [f.rule for f in check(text.encode(), folder)] == ["NNI01"]


def test_more_than_anybody_reads(folder: Path) -> None:
    """What is over 200 of one severity is not listed, and the verdict is what it was."""
    keys = "".join(f"k{number}: 1\n" for number in range(MAX_FAULTS + 1))
    unform = ", ".join(f"p{n}: {{_type: unform, _value: [0, 1]}}" for n in range(MAX_FAULTS + 1))
    texts = ", ".join(f"p{n}: {{_type: uniform, _value: [0, 1e+1]}}" for n in range(MAX_FAULTS + 1))
    spellings = "".join(f"{'_' * n}debug: true\n" for n in range(MAX_FAULTS + 2))
    space = "x: {_type: uniform, _value: [0, 1]}"
    for text, rule, word in (
        (RIGHT + keys, "NNI11", REJECT),
        (changed((space, unform)), "NNI44", HAZARD),
        (changed((space, texts)), "NNI68", ACCEPT),
        (changed((space, texts), ("8gb", "4Gi")), "NNI68", HAZARD),
        (RIGHT + spellings, "NNI04", HAZARD),
        (changed(("trialConcurrency: 1", "trialConcurrency: 0")) + spellings, "NNI04", REJECT),
    ):
        found = check(text.encode(), folder)
        assert verdict(found) == word
        assert [f.rule for f in found].count(rule) == MAX_FAULTS
        assert [f.rule for f in found].count("NNI69") == 1


def test_a_long_value_is_cut_off() -> None:
    """It may be as long as the file."""
    found = check(f"trialConcurrency: {'x' * 10_000}\n{'k' * 1000}: 1\n".encode())
    assert max(len(f.path) for f in found) == LONGEST
    assert max(len(f.message) for f in found) <= LONGEST


def test_the_page_is_the_tables() -> None:
    """docs/nni-check.md is generated, so that it is never behind."""
    written = Path(__file__).parents[2] / "docs" / "nni-check.md"
    assert reference.page() == written.read_text(encoding="utf-8"), "run `make docs`"


# The command.

TEXTS = {
    "accept": RIGHT,
    "hazard": changed(("memorySize: 8gb", "memorySize: 4Gi")),
    "reject": changed(("trialConcurrency: 1", "trialConcurrency: 0")),
}
HAZARDS = (
    f"hazard.yaml:{line(TEXTS['hazard'], '4Gi')}: hazard: NNI34: {ROLE}.memorySize: is the text "
    "'4Gi', no size to NNI's manager: no trial starts (a number and tb, gb, mb, kb or b: 8gb)\n"
    "hazard.yaml: hazard\n"
)
REJECTS = "reject.yaml:3: reject: NNI14: trialConcurrency: is 0 (at least 1)\nreject.yaml: reject\n"


@pytest.fixture
def files(folder: Path) -> Path:
    """One file of each verdict."""
    for name, text in TEXTS.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


@pytest.mark.parametrize(
    ("arguments", "status", "out"),
    [
        (["accept.yaml"], 0, "accept.yaml: accept\n"),
        (["hazard.yaml"], 1, HAZARDS),
        (["reject.yaml"], 1, REJECTS),
        (["--allow-hazards", "accept.yaml", "hazard.yaml"], 0, "accept.yaml: accept\n" + HAZARDS),
        (["--allow-hazards", "reject.yaml", "accept.yaml"], 1, REJECTS + "accept.yaml: accept\n"),
    ],
)
def test_text_and_status(
    files: Path, fcgitops: Fcgitops, arguments: list[str], status: int, out: str
) -> None:
    """The findings of each file and its verdict; 1 where one is rejected, or a hazard."""
    ran = fcgitops("nni", "check", *arguments, status=status)
    assert (ran.out, ran.err) == (out, "")


def test_json(files: Path, fcgitops: Fcgitops) -> None:
    """The same for a program, in the shape of `config check`."""
    ran = fcgitops("nni", "check", "--format", "json", "reject.yaml", "accept.yaml", status=1)
    assert json.loads(ran.out) == [
        {
            "file": "reject.yaml",
            "verdict": "reject",
            "findings": [
                {
                    "rule": "NNI14",
                    "severity": "reject",
                    "path": "trialConcurrency",
                    "line": 3,
                    "message": "is 0",
                    "hint": "at least 1",
                }
            ],
        },
        {"file": "accept.yaml", "verdict": "accept", "findings": []},
    ]


def stdin(data: bytes) -> Any:
    return io.TextIOWrapper(io.BytesIO(data), encoding="utf-8")


def test_standard_input(files: Path, fcgitops: Fcgitops, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` is what is piped in, any bytes; its paths start at the working directory, or at -C."""
    monkeypatch.setattr(sys, "stdin", stdin(RIGHT.encode()))
    assert fcgitops("nni", "check", "-").out == "-: accept\n"
    monkeypatch.setattr(sys, "stdin", stdin(b"\xff\x00\xff"))
    ran = fcgitops("nni", "check", "-", status=1)
    assert ran.out == "-:1: reject: NNI01: is not UTF-8 text (save it as UTF-8)\n-: reject\n"
    os.chdir("/")
    monkeypatch.setattr(sys, "stdin", stdin(RIGHT.encode()))
    assert fcgitops("-C", files, "nni", "check", "-").out == "-: accept\n"
    monkeypatch.setattr(sys, "stdin", stdin(RIGHT.encode()))
    assert "NNI16" in fcgitops("nni", "check", "-", status=1).out


def test_a_file_in_another_folder(files: Path, fcgitops: Fcgitops) -> None:
    """Paths in it start where it is."""
    os.chdir("/")
    file = files / "accept.yaml"
    assert fcgitops("nni", "check", file).out == f"{file}: accept\n"
    assert fcgitops("nni", "-C", files, "check", "accept.yaml", status=2).err
    assert fcgitops("nni", "check", "-C", files, "accept.yaml").out == "accept.yaml: accept\n"


def test_a_file_that_cannot_be_read(files: Path, fcgitops: Fcgitops) -> None:
    """Status 2, after the others have been judged."""
    ran = fcgitops("nni", "check", "none.yaml", "reject.yaml", status=2)
    assert ran.out == REJECTS
    assert ran.err == "error: none.yaml: cannot be read: No such file or directory\n"


@pytest.mark.parametrize("name", ["a\nb: accept", "\x1b[31mred", "-x.yaml", " ", "é\u202e", "*"])
def test_odd_names(files: Path, fcgitops: Fcgitops, name: str) -> None:
    """A name is data: on one line as text, whole in JSON, whatever characters it has."""
    (files / name).write_text(RIGHT)
    printable = "".join(c if c.isprintable() else repr(c)[1:-1] for c in name)
    assert fcgitops("nni", "check", "--", name).out == f"{printable}: accept\n"
    row = json.loads(fcgitops("nni", "check", "--format", "json", "--", name).out)
    assert row[0]["file"] == name
