"""An experiment file of NNI's first version, as NNI 1 and 2 had it, turned into one of the second.

Source: nni/experiment/config/convert.py of the package nni 3.0, which `nnictl create` uses; NNI's
Python API and so an experiment's manager in a cluster know the second version alone. What has no
place in it is said here, where NNI writes some of it to a log.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fcgitops.core.errors import InputError, Problem
from fcgitops.nnifile import schema
from fcgitops.nnifile.rules_service import PLATFORM
from fcgitops.text.words import named, shown

PLATFORM_KEY = "trainingServicePlatform"
SERVICE_KEY = f"{PLATFORM}Config"

_TOP = {
    "experimentName": "experimentName",
    "trialConcurrency": "trialConcurrency",
    "maxExecDuration": "maxExperimentDuration",
    "maxTrialNum": "maxTrialNumber",
    "searchSpacePath": "searchSpaceFile",
    "nniManagerIp": "nniManagerIp",
    "logDir": "experimentWorkingDirectory",
    "debug": "debug",
    "logLevel": "logLevel",
    "useAnnotation": "useAnnotation",
}
_TRIAL = {
    "command": "trialCommand",
    "codeDir": "trialCodeDirectory",
    "gpuNum": "trialGpuNumber",
}
_SERVICE = {
    "serviceAccountName": "serviceAccountName",
    "namespace": "namespace",
    "reuse": "reuseMode",
}
_STORAGES = {
    "nfs": {"nfs": {"server": "server", "path": "path"}},
    "azureStorage": {
        "azureStorage": {"accountName": "azureAccount", "azureShare": "azureShare"},
        "keyVault": {"vaultName": "keyVaultName", "name": "keyVaultKey"},
    },
}
"""Kind of storage → the mappings that describe it → key → new key."""
_ROLE = {
    "name": "name",
    "taskNum": "taskNumber",
    "command": "command",
    "gpuNum": "gpuNumber",
    "cpuNum": "cpuNumber",
    "memoryMB": "memorySize",
    "image": "dockerImage",
}
_POLICY = {
    "minFailedTaskCount": "minFailedTaskCount",
    "minSucceededTaskCount": "minSucceedTaskCount",
}
_SHARED = (
    "storageType", "nfsServer", "exportedDirectory", "localMountPoint", "remoteMountPoint",
    "localMounted", "storageAccountName", "storageAccountKey", "containerName",
)  # fmt: skip
_GONE = {
    "": ("authorName", "description", "multiPhase", "multiThread", "versionCheck", "logCollection"),
    "trial": ("nasMode",),
    "tuner": ("includeIntermediateResults",),
    "assessor": ("includeIntermediateResults",),
    "advisor": ("includeIntermediateResults",),
    SERVICE_KEY: ("uploadRetryCount",),
}
"""Keys that no version from the second on has, by the mapping that they stood in."""


_OWN = ("authorName", "maxExecDuration", "maxTrialNum", "searchSpacePath", "trial")
"""Keys at the top that the first version alone has."""
KEYS = (PLATFORM_KEY, SERVICE_KEY, *_OWN)
"""Those by which a file is known for one of it."""


def is_version_1(value: object) -> bool:
    """Whether a file's value is of the first version: by its platform, or by two keys of its own.

    The second version refuses each of these keys.
    """
    if not isinstance(value, dict) or any(_folded(key) == "trainingservice" for key in value):
        return False
    return any(key in value for key in KEYS[:2]) or (sum(key in value for key in _OWN) > 1)


def _folded(key: object) -> str:
    return schema.folded(key) if isinstance(key, str) else ""


def convert(value: Mapping[str, Any], where: str) -> tuple[dict[str, Any], list[str]]:
    """A file of the first version as one of the second.

    Args:
        value: what the file holds.
        where: its name, for messages.

    Returns:
        What the new file holds, and the keys that have no place in it.

    Raises:
        InputError: with everything that cannot be converted.
    """
    return _Conversion(where).run(value)


class _Conversion:
    """One conversion: keys are taken out of mappings until what is left has no place."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.problems: list[Problem] = []
        self.left: list[str] = []

    def run(self, value: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        old = dict(value)
        platform = old.pop(PLATFORM_KEY, PLATFORM)
        if platform != PLATFORM:
            what = f"is {shown(platform)}, and {PLATFORM} alone runs here"
            raise InputError(Problem(f"{self.where}: {PLATFORM_KEY}", what, PLATFORM))
        if old.get("multiPhase"):
            self._problem("multiPhase", "is true, which NNI has no more")
        new: dict[str, Any] = {}
        _move(old, new, _TOP)
        trial = self._mapping(old, "trial")
        _move(trial, new, _TRIAL)
        for kind in ("tuner", "assessor", "advisor"):
            if old.get(kind):
                new[kind] = self._algorithm(self._mapping(old, kind), kind, new)
            old.pop(kind, None)
        new["trainingService"] = self._service(self._mapping(old, SERVICE_KEY), trial, new)
        if old.get("sharedStorage"):
            shared = self._mapping(old, "sharedStorage")
            new["sharedStorage"] = _move(shared, {}, {key: key for key in _SHARED})
            self._leave(shared, "sharedStorage")
        self._leave(trial, "trial")
        self._leave(old, "")
        if self.problems:
            raise InputError(self.problems)
        return new, self.left

    def _algorithm(self, old: dict[str, Any], kind: str, top: dict[str, Any]) -> dict[str, Any]:
        builtin = old.pop(f"builtin{kind.title()}Name", None)
        new: dict[str, Any] = {"name": builtin}
        if builtin is None:
            file, name = old.pop("classFileName", None), old.pop("className", None)
            if not isinstance(file, str) or not file.endswith(".py") or not isinstance(name, str):
                self._problem(kind, f"names no algorithm: builtin{kind.title()}Name, or "
                                    "codeDir, classFileName and className")  # fmt: skip
            else:
                new = {"className": f"{file.removesuffix('.py')}.{name}"}
                _move(old, new, {"codeDir": "codeDirectory"})
        _move(old, new, {"classArgs": "classArgs"})
        _move(old, top, {"gpuIndices": "tunerGpuIndices"})
        self._leave(old, kind)
        return new

    def _service(
        self, old: dict[str, Any], trial: dict[str, Any], top: dict[str, Any]
    ) -> dict[str, Any]:
        new: dict[str, Any] = {"platform": PLATFORM}
        _move(old, new, _SERVICE)
        kind = old.pop("storage", None) or ("nfs" if "nfs" in old else "azureStorage")
        new["storage"] = {"storageType": kind}
        for name, keys in _STORAGES.get(str(kind), {}).items():
            described = self._mapping(old, name, SERVICE_KEY)
            _move(described, new["storage"], keys)
            self._leave(described, f"{SERVICE_KEY}.{name}")
        self._leave(old, SERVICE_KEY)
        roles = trial.pop("taskRoles", None) or []
        if not isinstance(roles, list):
            self._problem("trial.taskRoles", f"is {shown(roles)}, no list")
            roles = []
        new["taskRoles"] = [self._role(role, i, top) for i, role in enumerate(roles)]
        return new

    def _role(self, value: object, index: int, top: dict[str, Any]) -> dict[str, Any]:
        place = f"trial.taskRoles[{index}]"
        if not isinstance(value, dict):
            self._problem(place, f"is {shown(value)}, no mapping")
            return {}
        old = dict(value)
        new = _move(old, {}, _ROLE)
        policy = self._mapping(old, "frameworkAttemptCompletionPolicy", place)
        if policy:
            new["frameworkAttemptCompletionPolicy"] = _move(policy, {}, _POLICY)
        self._leave(policy, f"{place}.frameworkAttemptCompletionPolicy")
        self._leave(old, place)
        # Each role had a command of its own; the second version runs one of the experiment.
        if not top.get("trialCommand") and "command" in new:
            top["trialCommand"] = new["command"]
        return new

    def _mapping(self, old: dict[str, Any], name: str, place: str = "") -> dict[str, Any]:
        """A copy of the mapping at `name`, taken out; an empty one where there is none."""
        value = old.pop(name, None)
        if value is not None and not isinstance(value, dict):
            self._problem(f"{place}.{name}" if place else name, f"is {shown(value)}, no mapping")
        return dict(value) if isinstance(value, dict) else {}

    def _problem(self, path: str, what: str) -> None:
        self.problems.append(Problem(f"{self.where}: {path}", what))

    def _leave(self, old: dict[str, Any], place: str) -> None:
        """What is still there was not moved: said, unless NNI itself has dropped it for good."""
        gone = _GONE.get(place, ())
        prefix = f"{place}." if place else ""
        self.left += [f"{prefix}{named(key)}" for key in old if key not in gone]


def _move(old: dict[str, Any], new: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """What `old` has of `names` (old → new), taken out and into `new`; null is as if not there."""
    for key, name in names.items():
        value = old.pop(key, None)
        if value is not None:
            new[name] = value
    return new
