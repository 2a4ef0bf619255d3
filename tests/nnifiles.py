"""Experiment files for the tests of `fcgitops nni check`, right and wrong in every way.

`python tests/nnifiles.py` writes tests/data/nni/experiment-verdicts.jsonl anew, with the verdicts
of the NNI that the Python in NNI_PYTHON has.
"""

from __future__ import annotations

import copy
import datetime
import json
import os
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
import yamls

ROWS = Path(__file__).parent / "data" / "nni" / "experiment-verdicts.jsonl"
COUNT = 640
"""Of the recorded files."""

Keys = tuple[str | int, ...]

RIGHT = """\
trialCommand: python3 trial.py
trialCodeDirectory: code
trialConcurrency: 1
maxTrialNumber: 2
searchSpace: {x: {_type: uniform, _value: [0, 1]}}
tuner: {name: TPE, classArgs: {optimize_mode: maximize}}
trainingService:
  platform: frameworkcontroller
  namespace: nni
  serviceAccountName: nni-trial
  storage: {storageType: nfs, server: 10.0.0.2, path: /exports/nni}
  taskRoles:
  - name: worker
    dockerImage: msranni/nni:v3.0
    taskNumber: 1
    command: python3 trial.py
    gpuNumber: 0
    cpuNumber: 1
    memorySize: 8gb
    frameworkAttemptCompletionPolicy: {minFailedTaskCount: 1, minSucceedTaskCount: 1}
"""
"""A file of which there is nothing to say."""

AZURE = {
    "storageType": "azureStorage", "azureAccount": "a", "azureShare": "b", "keyVaultName": "c",
    "keyVaultKey": "d",
}  # fmt: skip
SERVICES: dict[str, dict[str, Any]] = {
    "frameworkcontroller": yamls.load(RIGHT)["trainingService"],
    "local": {"platform": "local"},
    "remote": {"platform": "remote", "machineList": [{"host": "h", "user": "u", "password": "p"}]},
    "openpai": {
        "platform": "openpai", "host": "h", "username": "u", "token": "t", "trialCpuNumber": 1,
        "trialMemorySize": "1gb", "storageConfigName": "s", "virtualCluster": None,
        "localStorageMountPoint": "code", "containerStorageMountPoint": "/x",
    },
    "kubeflow": {
        "platform": "kubeflow", "operator": "tf-operator", "apiVersion": "v1", "storage": AZURE,
        "worker": {"replicas": 1, "command": "x", "cpuNumber": 1, "memorySize": 1,
                   "codeDirectory": "."},
    },
    "aml": {
        "platform": "aml", "subscriptionId": "a", "resourceGroup": "b", "workspaceName": "c",
        "computeTarget": "d",
    },
    "dlc": {
        "platform": "dlc", "image": "i", "podCount": 1, "ecsSpec": "e", "region": "r",
        "workspaceId": "w", "nasDataSourceId": "n", "accessKeyId": "a", "accessKeySecret": "s",
        "localStorageMountPoint": "l", "containerStorageMountPoint": "c",
    },
}  # fmt: skip
"""Platform → the least that NNI takes, but for what openpai needs at the top level."""

OPTIONAL: dict[str, tuple[str, ...]] = {
    "": (
        "experimentName", "experimentType", "searchSpaceFile", "trialGpuNumber",
        "maxExperimentDuration", "maxTrialDuration", "nniManagerIp", "useAnnotation", "debug",
        "logLevel", "experimentWorkingDirectory", "tunerGpuIndices", "assessor", "advisor",
        "sharedStorage", "training_service_platform", "trainingServicePlatform", "self", "cls",
        "TRIAL_COMMAND", "_debug_", "x",
    ),
    "service": (
        "trialCommand", "trialCodeDirectory", "trialGpuNumber", "nniManagerIp", "debug",
        "reuseMode", "Platform", "useActiveGpu", "maxTrialNumberPerGpu", "gpuIndices",
        "openpaiConfig", "openpaiConfigFile", "ps", "dockerImage", "type", "x", "self",
    ),
}  # fmt: skip
"""Keys that RIGHT does not have."""

ODD: list[Any] = [
    "", "a", "0", "1", "code", "missing", "space.json", "space.yaml", "bad.json", "list.json",
    "empty", "key", "~", "0,1", "0,0", "1,a", "-1", "10s", "0s", "1e1h", "5", "1 m", "nans",
    "infd", "1_0s", "\u0661s", "nfs", "azureStorage", "pvc", "debug", "FATAL", "fatal", "trace",
    "TPE", "_none_", "NFS", "/", "..", "a\0b", "\ud800", "local", "nas", "hpo", "4g", "4Gi",
    0, 1, -1, 2, True, False, None, 1.5, 1.0, [], [1], ["a"], [{}], [1, "a"], [0, 1.5], [1, 1],
    [0, True], [[1]], [None], {}, {"a": 1}, {1: "a"}, {"a": 1, 2: 3}, {"name": "TPE"},
    {"name": "x", "classArgs": {"a": 1}}, {"className": "a.B", "codeDirectory": "code"},
    {"className": "a.B"}, {"name": "a", "className": "b", "codeDirectory": "code"},
    {"name": "_none_", "classArgs": 5}, {"name": "_none_", "x": 5}, {"platform": "local"},
    [{"platform": "local"}], [{"platform": "local"}, 5], [5, {"platform": "local"}],
    [{"platform": "x"}], [{"platform": "local"}, {"platform": "x"}], {"storageType": "nfs"},
    {"storageType": "pvc"}, AZURE,
    {"storageType": "NFS", "localMountPoint": "a", "remoteMountPoint": "b", "localMounted": "c"},
    {"minFailedTaskCount": 1, "minSucceedTaskCount": 1},
    {"minFailedTaskCount": 1, "minSucceededTaskCount": 1}, {"minFailedTaskCount": 1},
    datetime.date(2020, 1, 1), b"x", 10**30,
]  # fmt: skip
"""Values that may stand anywhere."""

PLAIN = """
yes no on off Yes NO y n ~ null Null NULL 'null' "1" 010 08 0o17 0x10 0b1 1_000 1:30 1:30.5 1e3
1e-5 1.5e3 1.0e+3 .5 -.5 5. .inf -.inf .nan +1 -0 2020-01-01 2020-13-45 2001-12-14t21:59:43-05:00
!!str 5 !!int '5' !!int x !!float 5 !!bool x !!null '' !!binary NQ== !!binary x !!set {a} !!seq []
!!timestamp x !foo 5 !!python/tuple [1] = << *a &a 5 &a [*a] {a: 1, a: 2} {<<: {a: 1}, a: 2} [a, {
{? [1] : 2} {1: 2} {~: 2} {a: b: c} {a:1} [a: 1] |x %a @a `a a:b "\\q" "\\0" "\\ud800" é \U0001f600
"""
PLAINS = [part for line in PLAIN.strip().splitlines() for part in line.split(" ")]
SNIPS = [
    *"{}[]:,-#&*!|>'\"%@` \n\t?~=<0x.\r", "\n---\n", "...\n", "- ", "<<: ", "*a", "&a ", "_", "A",
    "\n  ", ": ", "null", "true", "\0", "\x07", "\x85", "\u2028", "\ufeff", "\ud800",
]  # fmt: skip
TOPS = ["%YAML 1.1\n---\n", "%YAML 1.2\n---\n", "%YAML 2.0\n---\n", "%TAG ! a:\n---\n", "--- # c\n",
        "---\n---\n", "\ufeff", "# c\n", "...\n", "null\n---\n"]  # fmt: skip


_MACHINE = "trainingService.machineList.0"
_TUNER = {"className": "a.B", "codeDirectory": "code"}
RELATED: list[tuple[str, dict[str, Any]]] = [
    ("remote", {f"{_MACHINE}.port": 0}),
    ("remote", {f"{_MACHINE}.port": 65535}),
    ("remote", {f"{_MACHINE}.password": ...}),
    ("remote", {f"{_MACHINE}.password": ..., f"{_MACHINE}.sshKeyFile": "key"}),
    ("remote", {f"{_MACHINE}.password": ..., f"{_MACHINE}.sshKeyFile": None}),
    ("remote", {f"{_MACHINE}.sshKeyFile": 5}),
    ("remote", {f"{_MACHINE}.sshKeyFile": "none"}),
    ("remote", {f"{_MACHINE}.maxTrialNumberPerGpu": 2}),
    ("remote", {f"{_MACHINE}.maxTrialNumberPerGpu": 2, "trialGpuNumber": 1}),
    ("remote", {f"{_MACHINE}.gpuIndices": "0,0"}),
    ("remote", {"trainingService.machineList": []}),
    ("local", {"trialGpuNumber": 1}),
    ("local", {"trialGpuNumber": 1, "trainingService.useActiveGpu": False}),
    ("local", {"trainingService.maxTrialNumberPerGpu": 2}),
    ("local", {"trainingService.gpuIndices": [0, 0]}),
    ("local", {"trainingService.nniManagerIp": 5}),
    ("local", {"trialCommand": None}),
    ("openpai", {"trialGpuNumber": None}),
    ("openpai", {"trainingService.openpaiConfig": {}, "trainingService.openpaiConfigFile": "key"}),
    ("openpai", {"trainingService.openpaiConfigFile": "key"}),
    ("openpai", {"trainingService.openpaiConfigFile": "none"}),
    ("openpai", {"trainingService.localStorageMountPoint": "none"}),
    ("kubeflow", {"trainingService.operator": "mpi-operator"}),
    ("kubeflow", {"trainingService.trialCodeDirectory": None}),
    ("kubeflow", {"trainingService.storage.server": "s"}),
    ("frameworkcontroller", {"trainingService.trialCodeDirectory": None}),
    ("frameworkcontroller", {"trialGpuNumber": -1}),
    ("frameworkcontroller", {"tuner": _TUNER}),
    ("frameworkcontroller", {"tuner": {**_TUNER, "name": "TPE"}}),
    ("frameworkcontroller", {"tuner": {**_TUNER, "className": ""}}),
    ("frameworkcontroller", {"tuner": {**_TUNER, "codeDirectory": None}}),
    ("frameworkcontroller", {"tuner": {"name": "TPE", "codeDirectory": "code"}}),
    ("frameworkcontroller", {"tuner": ..., "advisor": {"name": "BOHB"}}),
    ("frameworkcontroller", {"advisor": {"name": "_none_"}}),
    ("frameworkcontroller", {"tuner": {"name": "_none_"}}),
    ("frameworkcontroller", {"useAnnotation": True, "searchSpace": ...}),
    ("frameworkcontroller", {"useAnnotation": True}),
    ("frameworkcontroller", {"maxTrialDuration": "infd"}),
    ("frameworkcontroller", {"maxTrialDuration": "0.5s"}),
    ("frameworkcontroller", {"trialCodeDirectory": "a\0b"}),
]
"""Values that NNI judges together: platform, and place → value."""


def experiment(platform: str = "frameworkcontroller") -> dict[str, Any]:
    """An experiment that NNI takes, on a platform."""
    value: dict[str, Any] = yamls.load(RIGHT)
    value["trainingService"] = copy.deepcopy(SERVICES[platform])
    if platform == "openpai":
        value["trialGpuNumber"] = 1
    return value


def places(value: object, path: Keys = ()) -> Iterator[Keys]:
    """Every place in an experiment but the whole."""
    pairs: Any = value.items() if isinstance(value, dict) else ()
    pairs = enumerate(value) if isinstance(value, list) else pairs
    for key, child in pairs:
        yield (*path, key)
        yield from places(child, (*path, key))


def put(value: dict[str, Any], path: Keys, new: object) -> dict[str, Any]:
    """A copy with `new` at a place, or nothing there where it is `...`."""
    changed: Any = copy.deepcopy(value)
    parent: Any = changed
    for key in path[:-1]:
        parent = parent[key]
    if new is ...:
        del parent[path[-1]]
    else:
        parent[path[-1]] = new
    return changed  # type: ignore[no-any-return]


def added(value: dict[str, Any]) -> list[Keys]:
    """Places where an optional key may be put."""
    service = [("trainingService", key) for key in OPTIONAL["service"]]
    return [*((key,) for key in OPTIONAL[""]), *service]


def spelled(key: str, number: int) -> str:
    """A key in another spelling, which NNI takes for the same."""
    snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in key)
    return [key.upper(), key.lower(), snake, f"_{key}_", key.swapcase()][number % 5]


def dumped(value: object) -> str:
    """An experiment as YAML."""
    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=1000)
    return text


def altered(text: str, pick: random.Random) -> str:
    """A text with something put in, left out, repeated, replaced or moved."""
    at = pick.randint(0, len(text))
    change = pick.choice(["in", "out", "again", "document", "value", "value", "key"])
    rows = text.splitlines(keepends=True)
    if change == "in":
        return text[:at] + pick.choice(SNIPS) + text[at:]
    if change == "out":
        return text[:at] + text[at + pick.randint(1, 4) :]
    if change == "again":
        return "".join([*rows, pick.choice(rows)])
    if change == "document":
        return pick.choice(TOPS) + text
    number = pick.randrange(len(rows))
    head, colon, _ = rows[number].partition(": ")
    if change == "key" and colon:
        bare = head.lstrip(" -")
        rows[number] = rows[number].replace(bare, spelled(bare, at), 1)
    else:
        rows[number] = f"{head}: {pick.choice(PLAINS)}\n"
    return "".join(rows)


def recorded(pick: random.Random) -> Iterator[tuple[str, str]]:
    """The kind and the text of the files whose verdicts are recorded, the same each time."""
    for platform in SERVICES:
        yield "right", dumped(experiment(platform))
    right = experiment()
    for path in places(right):
        yield "missing", dumped(put(right, path, ...))
        for new in pick.sample(ODD, 3):
            yield "value", dumped(put(right, path, new))
    for path in added(right):
        for new in pick.sample(ODD, 3):
            yield "added", dumped(put(right, path, new))
    for platform in list(SERVICES)[1:]:
        value = experiment(platform)
        inner = [path for path in places(value) if path[0] == "trainingService"]
        for path in inner:
            yield platform, dumped(put(value, path, pick.choice([..., *ODD])))
        within = [path for path in added(value) if path[0] == "trainingService"]
        for _ in range(12):
            yield platform, dumped(put(value, pick.choice([*inner, *within]), pick.choice(ODD)))
    for platform, keys in RELATED:
        value = experiment(platform)
        for key, new in keys.items():
            value = put(value, tuple(int(k) if k.isdigit() else k for k in key.split(".")), new)
        yield "related", dumped(value)
    top = RIGHT.partition("trainingService")[0]
    for word in ("local", "remote", "[local]", "[local, x]", "frameworkcontroller", "~", "[]"):
        yield "parameter", f"{top}training_service_platform: {word}\n"
    yield "parameter", f"{RIGHT}training_service_platform: local\n"
    yield "parameter", f"{top}training_service_platform: [local]\nnniManagerIp: 10.0.0.1\n"
    while True:
        text = RIGHT
        for _ in range(pick.randint(1, 2)):
            text = altered(text, pick)
        yield "altered", text


def main() -> None:
    """Writes the recorded files with NNI's verdicts."""
    from testbed.nnioracle import started  # noqa: PLC0415 - it takes pytest

    rows = []
    with (
        tempfile.TemporaryDirectory() as name,
        started(os.environ["NNI_PYTHON"], folder := Path(name)) as nni,
    ):
        for number, (kind, text) in enumerate(recorded(random.Random(7))):
            if number == COUNT:
                break
            verdict, reason = nni(text.encode("utf-8", "surrogatepass"))
            reason = reason.replace(str(folder), ".").partition("\n")[0][:120]
            row = {"id": f"n{number:03}", "kind": kind, "verdict": verdict, "reason": reason}
            rows.append(json.dumps({**row, "yaml": text}))
    ROWS.write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
