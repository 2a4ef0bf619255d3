"""The classes of an NNI 3.0 experiment as tables: names, types and defaults of their fields.

Source: nni/experiment/config/ of the package nni 3.0: experiment_config.py, algorithm.py,
shared_storage.py, training_service.py and training_services/*.py. The types are what its
typeguard accepts: true and false are whole numbers too, of a list only the first item is looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


class _Missing:
    """The default of a field that must be given; as dataclasses.MISSING."""

    def __repr__(self) -> str:
        return "nothing"


MISSING = _Missing()


SERVICE = "TrainingServiceConfig"
"""The class of a training service, which is told by its platform; a list of them is taken too."""


@dataclass(frozen=True)
class Kind:
    """What a field takes."""

    words: str
    accepts: Callable[[Any], bool]
    """Whether a plain value has the type; a nested configuration is looked at by its class."""
    path: bool = False
    """Whether a text is a path, which is resolved from the file's folder."""
    nested: str = ""
    """The name of the class that a mapping becomes."""
    listed: bool = False
    """Whether it is a list of them."""

    @property
    def nullable(self) -> bool:
        """Whether null is accepted."""
        return self.accepts(None)


@dataclass(frozen=True)
class Class:
    """One of NNI's classes: field names in camel case, and what they take."""

    name: str
    fields: dict[str, tuple[Kind, Any]] = field(default_factory=dict)
    """Name → kind and default."""


def folded(key: str) -> str:
    """A key as NNI compares it (`utils.case_insensitive`)."""
    return key.lower().replace("_", "")


def _is(*types: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, types)


_NONE = type(None)


def _first_is_whole(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, list) and (not value or isinstance(value[0], int))


def _literal(word: str) -> Kind:
    return Kind(word, lambda value: isinstance(value, str) and value == word)


def _nested(name: str, words: str, *, listed: bool = False, nullable: bool = False) -> Kind:
    return Kind(words, _is(_NONE) if nullable else _is(), nested=name, listed=listed)


ANY = Kind("anything", _is(object))
TEXT = Kind("text", _is(str))
TEXT_OR_NULL = Kind("text", _is(str, _NONE))
WHOLE = Kind("a whole number", _is(int))
WHOLE_OR_NULL = Kind("a whole number", _is(int, _NONE))
FLAG = Kind("true or false", _is(bool))
FLAG_OR_NULL = Kind("true or false", _is(bool, _NONE))
SIZE = Kind("text such as 8gb, or a whole number of MB", _is(str, int))
DURATION = Kind("text such as 30m, or a whole number of seconds", _is(str, int, _NONE))
PATH = Kind("a path", _is(str), path=True)
PATH_OR_NULL = Kind("a path", _is(str, _NONE), path=True)
INDICES = Kind(
    "a whole number, a list of them, or text such as 0,1",
    lambda value: isinstance(value, int | str | _NONE) or _first_is_whole(value),
)
MAPPING = Kind("a mapping", _is(dict, _NONE))
ARGUMENTS = Kind(
    "a mapping whose keys are text",
    lambda value: (
        value is None
        or (isinstance(value, dict) and (not value or isinstance(next(iter(value)), str)))
    ),
)
_ALGORITHM = _nested("AlgorithmConfig", "a mapping with a name", nullable=True)
_STORAGE = _nested("K8sStorageConfig", "a mapping with storageType")

ALGORITHM = Class(
    "AlgorithmConfig",
    {
        "name": (TEXT_OR_NULL, None),
        "className": (TEXT_OR_NULL, None),
        "codeDirectory": (PATH_OR_NULL, None),
        "classArgs": (ARGUMENTS, None),
    },
)
EXPERIMENT = Class(
    "ExperimentConfig",
    {
        "experimentName": (TEXT_OR_NULL, None),
        "experimentType": (_literal("hpo"), "hpo"),
        "searchSpaceFile": (PATH_OR_NULL, None),
        "searchSpace": (ANY, None),
        "trialCommand": (TEXT_OR_NULL, None),
        "trialCodeDirectory": (PATH, "."),
        "trialConcurrency": (WHOLE, MISSING),
        "trialGpuNumber": (WHOLE_OR_NULL, None),
        "maxExperimentDuration": (DURATION, None),
        "maxTrialNumber": (WHOLE_OR_NULL, None),
        "maxTrialDuration": (DURATION, None),
        "nniManagerIp": (TEXT_OR_NULL, None),
        "useAnnotation": (FLAG, False),
        "debug": (FLAG, False),
        "logLevel": (TEXT_OR_NULL, None),
        "experimentWorkingDirectory": (PATH, "~/nni-experiments"),
        "tunerGpuIndices": (INDICES, None),
        "tuner": (_ALGORITHM, None),
        "assessor": (_ALGORITHM, None),
        "advisor": (_ALGORITHM, None),
        "trainingService": (_nested(SERVICE, "a mapping with a platform"), MISSING),
        "sharedStorage": (
            _nested("SharedStorageConfig", "a mapping with storageType", nullable=True),
            None,
        ),
    },
)
SERVICE_FIELDS = {
    "platform": (TEXT, MISSING),
    "trialCommand": (TEXT, MISSING),
    "trialCodeDirectory": (PATH, MISSING),
    "trialGpuNumber": (WHOLE_OR_NULL, MISSING),
    "nniManagerIp": (TEXT_OR_NULL, MISSING),
    "debug": (FLAG, MISSING),
}
"""TrainingServiceConfig's; what is missing of them is taken from the top level."""
SHORTCUTS = ("trialCommand", "trialCodeDirectory", "trialGpuNumber", "nniManagerIp", "debug")


def _service(name: str, platform: str, **fields: tuple[Kind, Any]) -> Class:
    first = {**SERVICE_FIELDS, "platform": (_literal(platform), platform)}
    return Class(name, {**first, **fields})


_IMAGE = (TEXT, "msranni/nni:latest")

SERVICES = {
    "frameworkcontroller": _service(
        "FrameworkControllerConfig",
        "frameworkcontroller",
        storage=(_STORAGE, MISSING),
        serviceAccountName=(TEXT_OR_NULL, MISSING),
        taskRoles=(
            _nested("FrameworkControllerRoleConfig", "a list of task roles", listed=True),
            MISSING,
        ),
        reuseMode=(FLAG_OR_NULL, True),
        namespace=(TEXT, "default"),
    ),
    "local": _service(
        "LocalConfig",
        "local",
        useActiveGpu=(FLAG_OR_NULL, None),
        maxTrialNumberPerGpu=(WHOLE, 1),
        gpuIndices=(INDICES, None),
        reuseMode=(FLAG, False),
    ),
    "remote": _service(
        "RemoteConfig",
        "remote",
        machineList=(_nested("RemoteMachineConfig", "a list of machines", listed=True), MISSING),
        reuseMode=(FLAG, False),
    ),
    "openpai": _service(
        "OpenpaiConfig",
        "openpai",
        host=(TEXT, MISSING),
        username=(TEXT, MISSING),
        token=(TEXT, MISSING),
        trialCpuNumber=(WHOLE, MISSING),
        trialMemorySize=(SIZE, MISSING),
        storageConfigName=(TEXT, MISSING),
        dockerImage=_IMAGE,
        virtualCluster=(TEXT_OR_NULL, MISSING),
        localStorageMountPoint=(PATH, MISSING),
        containerStorageMountPoint=(TEXT, MISSING),
        reuseMode=(FLAG, True),
        openpaiConfig=(MAPPING, None),
        openpaiConfigFile=(PATH_OR_NULL, None),
    ),
    "kubeflow": _service(
        "KubeflowConfig",
        "kubeflow",
        operator=(TEXT, MISSING),
        apiVersion=(TEXT, MISSING),
        storage=(_STORAGE, MISSING),
        worker=(_nested("KubeflowRoleConfig", "a mapping", nullable=True), None),
        ps=(_nested("KubeflowRoleConfig", "a mapping", nullable=True), None),
        master=(_nested("KubeflowRoleConfig", "a mapping", nullable=True), None),
        reuseMode=(FLAG_OR_NULL, True),
        namespace=(TEXT, "default"),
    ),
    "aml": _service(
        "AmlConfig",
        "aml",
        subscriptionId=(TEXT, MISSING),
        resourceGroup=(TEXT, MISSING),
        workspaceName=(TEXT, MISSING),
        computeTarget=(TEXT, MISSING),
        dockerImage=_IMAGE,
        maxTrialNumberPerGpu=(WHOLE, 1),
    ),
    "dlc": _service(
        "DlcConfig",
        "dlc",
        type=(TEXT, "Worker"),
        image=(TEXT, MISSING),
        jobType=(TEXT, "TFJob"),
        podCount=(WHOLE, MISSING),
        ecsSpec=(TEXT, MISSING),
        region=(TEXT, MISSING),
        workspaceId=(TEXT, MISSING),
        nasDataSourceId=(TEXT, MISSING),
        ossDataSourceId=(TEXT_OR_NULL, None),
        accessKeyId=(TEXT, MISSING),
        accessKeySecret=(TEXT, MISSING),
        localStorageMountPoint=(TEXT, MISSING),
        containerStorageMountPoint=(TEXT, MISSING),
    ),
}
"""Platform → class, of those that NNI 3.0 brings."""

CLASSES = {
    known.name: known
    for known in (
        ALGORITHM,
        Class(
            "SharedStorageConfig",
            {
                "storageType": (TEXT, MISSING),
                "localMountPoint": (PATH, MISSING),
                "remoteMountPoint": (TEXT, MISSING),
                "localMounted": (TEXT, MISSING),
                "storageAccountName": (TEXT_OR_NULL, None),
                "storageAccountKey": (TEXT_OR_NULL, None),
                "containerName": (TEXT_OR_NULL, None),
                "nfsServer": (TEXT_OR_NULL, None),
                "exportedDirectory": (TEXT_OR_NULL, None),
            },
        ),
        Class(
            "K8sStorageConfig",
            {
                "storageType": (TEXT, MISSING),
                "azureAccount": (TEXT_OR_NULL, None),
                "azureShare": (TEXT_OR_NULL, None),
                "keyVaultName": (TEXT_OR_NULL, None),
                "keyVaultKey": (TEXT_OR_NULL, None),
                "server": (TEXT_OR_NULL, None),
                "path": (TEXT_OR_NULL, None),
            },
        ),
        Class(
            "FrameworkControllerRoleConfig",
            {
                "name": (TEXT, MISSING),
                "dockerImage": _IMAGE,
                "taskNumber": (WHOLE, MISSING),
                "command": (TEXT, MISSING),
                "gpuNumber": (WHOLE, MISSING),
                "cpuNumber": (WHOLE, MISSING),
                "memorySize": (SIZE, MISSING),
                "frameworkAttemptCompletionPolicy": (
                    _nested(
                        "FrameworkAttemptCompletionPolicy",
                        "a mapping of minFailedTaskCount and minSucceedTaskCount",
                    ),
                    MISSING,
                ),
            },
        ),
        Class(
            "FrameworkAttemptCompletionPolicy",
            {"minFailedTaskCount": (WHOLE, MISSING), "minSucceedTaskCount": (WHOLE, MISSING)},
        ),
        Class(
            "KubeflowRoleConfig",
            {
                "replicas": (WHOLE, MISSING),
                "command": (TEXT, MISSING),
                "gpuNumber": (WHOLE_OR_NULL, 0),
                "cpuNumber": (WHOLE, MISSING),
                "memorySize": (SIZE, MISSING),
                "dockerImage": _IMAGE,
                "codeDirectory": (TEXT, MISSING),
            },
        ),
        Class(
            "RemoteMachineConfig",
            {
                "host": (TEXT, MISSING),
                "port": (WHOLE, 22),
                "user": (TEXT, MISSING),
                "password": (TEXT_OR_NULL, None),
                "sshKeyFile": (PATH_OR_NULL, "~/.ssh/id_rsa"),
                "sshPassphrase": (TEXT_OR_NULL, None),
                "useActiveGpu": (FLAG, False),
                "maxTrialNumberPerGpu": (WHOLE, 1),
                "gpuIndices": (INDICES, None),
                "pythonPath": (TEXT_OR_NULL, None),
            },
        ),
    )
}
"""Name → class, of those that stand inside others."""
