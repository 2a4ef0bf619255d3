"""What NNI 3.0 validates of a loaded experiment: a finding of severity reject where it raises.

Source: the `_canonicalize` and `_validate_canonical` of the classes in nni/experiment/config/ of
the package nni 3.0, whose names the functions below say.
"""

from __future__ import annotations

import math
import stat
from collections.abc import Callable
from pathlib import Path as FilePath
from typing import Any

from fcgitops.nnifile import experiment_file, schema
from fcgitops.nnifile.experiment_file import MAX_BYTES, Source, Unreadable
from fcgitops.nnifile.schema import MISSING, Kind
from fcgitops.nnifile.schema_load import NO_ALGORITHM, Config, Loaded, configs, resolved, shown
from fcgitops.text import jsonio

TIME_UNITS = {"d": 24 * 3600, "h": 3600, "m": 60, "s": 1}
LOG_LEVELS = ("fatal", "error", "warning", "info", "debug", "trace")


def validate(loaded: Loaded) -> None:
    """Adds what is wrong to the findings; defaults and what is inherited are filled in.

    Raises:
        TooManyError: there are more faults than anybody reads.
    """
    _algorithms(loaded)
    _gpu_indices(loaded, loaded.experiment, "tunerGpuIndices")
    for service in loaded.services:
        _inherit(loaded.experiment, service)
    for config in configs(loaded):
        _paths(loaded, config)
        _types(loaded, config)
        validator = _VALIDATORS.get(config.kind.name)
        if validator is not None:
            validator(loaded, config)
    for service in loaded.services:
        _service(loaded, service)


# Canonical form.


def _algorithms(loaded: Loaded) -> None:
    """ExperimentConfig._canonicalize: `_none_` is no algorithm, and an advisor is the tuner."""
    experiment = loaded.experiment
    for name in ("tuner", "assessor", "advisor"):
        value = experiment.values[name]
        if isinstance(value, Config) and value.values["name"] == NO_ALGORITHM:
            experiment.values[name] = None
    advisor = experiment.values["advisor"]
    if advisor is None:
        return
    if experiment.values["tuner"] is not None:
        message = "cannot stand beside tuner: it is NNI's old word for it"
        loaded.report("NNI15", experiment.at("advisor"), message, "keep tuner")
        return
    experiment.values["tuner"], experiment.values["advisor"] = advisor, None
    experiment.given["tuner"] = experiment.given["advisor"]


def _inherit(experiment: Config, service: Config) -> None:
    """TrainingServiceConfig._canonicalize: what it lacks stands at the top level."""
    for name in schema.SHORTCUTS:
        if service.values[name] is MISSING:
            service.values[name] = experiment.values[name]
            service.broken.add(name)  # where it is wrong, it is so at the top level
    platform = service.kind.fields["platform"][1]
    if platform == "local":
        service.values["nniManagerIp"] = None
    if platform in ("frameworkcontroller", "kubeflow"):
        if service.values["trialCommand"] is None:
            service.values["trialCommand"] = ""
        if platform == "kubeflow" and service.values["trialCodeDirectory"] is None:
            service.values["trialCodeDirectory"] = ""
    elif service.values["trialCommand"] is None and "trialCommand" not in service.given:
        service.values["trialCommand"] = MISSING  # null is right at the top level, and not here
        service.broken.discard("trialCommand")


def _gpu_indices(loaded: Loaded, config: Config, name: str) -> None:
    """utils.canonical_gpu_indices and validate_gpu_indices."""
    value, path = config.values[name], config.at(name)
    try:
        if isinstance(value, str):
            value = [int(index) for index in value.split(",")]
        elif isinstance(value, int):
            value = [value]
        if not isinstance(value, list):
            return
        wrong = len(set(value)) != len(value) or any(index < 0 for index in value)
    except (ValueError, TypeError):
        wrong = True
    if wrong:
        hint = "whole numbers from 0, each once"
        loaded.report("NNI14", path, f"is {shown(config.values[name])}", hint)
        config.broken.add(name)


def _paths(loaded: Loaded, config: Config) -> None:
    """ConfigBase._canonicalize: paths are resolved before anything is validated."""
    for name, (kind, _) in config.kind.fields.items():
        value = config.values[name]
        if kind.path and isinstance(value, str) and name not in config.broken:
            try:
                config.values[name] = resolved(value, loaded.folder)
            except (ValueError, OSError) as error:
                loaded.report("NNI14", config.at(name), f"is no path: {error}")
                config.broken.add(name)
    if config.kind.name == "RemoteMachineConfig" and config.values["password"] is not None:
        config.values["sshKeyFile"] = None


def _types(loaded: Loaded, config: Config) -> None:
    """utils.validate_type."""
    for name, (kind, _) in config.kind.fields.items():
        value = config.values[name]
        if name in config.broken or _fits(kind, value):
            continue
        config.broken.add(name)
        if value is MISSING:
            loaded.report("NNI12", config.path, f"has no {name}", kind.words)
        else:
            loaded.report("NNI13", config.at(name), f"is {shown(value)}", kind.words)


def _fits(kind: Kind, value: Any) -> bool:  # noqa: ANN401
    if isinstance(value, Config):
        return bool(kind.nested) and not kind.listed
    if isinstance(value, list) and (kind.listed or kind.nested == schema.SERVICE):
        return not value or isinstance(value[0], Config)
    return value is not MISSING and kind.accepts(value)


# Validators, one a class.


def _experiment(loaded: Loaded, config: Config) -> None:
    """ExperimentConfig._canonicalize and ._validate_canonical."""
    _whole_from(loaded, config, "trialConcurrency", 1)
    _whole_from(loaded, config, "maxTrialNumber", 1)
    for name in ("maxExperimentDuration", "maxTrialDuration"):
        _duration(loaded, config, name)
    level = config.get("logLevel", str)
    if level is not None and level not in LOG_LEVELS:
        hint = "one of " + ", ".join(LOG_LEVELS)
        loaded.report("NNI14", config.at("logLevel"), f"is {shown(level)}", hint)
    _search_space(loaded, config)
    if config.values["tuner"] is None:
        loaded.report("NNI15", config.at("tuner")[:-1], "has no tuner", "tuner: {name: TPE}")
    listed = config.values["trainingService"]
    if isinstance(listed, list) and config.values["nniManagerIp"] is None:
        path = config.at("trainingService")
        message = "is a list, with which NNI 3.0 fails unless nniManagerIp is set"
        loaded.report("NNI15", path, message, "one training service, as a mapping")


def _search_space(loaded: Loaded, config: Config) -> None:
    file = config.get("searchSpaceFile", str)
    if file is not None:
        _load_search_space(loaded, config, file)
    count = (config.values["searchSpace"] is not None) + (
        config.values["searchSpaceFile"] is not None
    )
    annotated = config.get("useAnnotation", bool)
    if annotated and count:
        name = "searchSpaceFile" if config.values["searchSpace"] is None else "searchSpace"
        loaded.report("NNI15", config.at(name), "cannot stand beside useAnnotation")
    if annotated is False and not count:
        hint = "searchSpace, or searchSpaceFile"
        loaded.report("NNI15", (), "has no search space", hint)


def _load_search_space(loaded: Loaded, config: Config, file: str) -> None:
    """experiment_config._load_search_space_file: JSON, or else YAML."""
    if loaded.folder is None:
        config.values["searchSpace"] = MISSING
        return
    path = config.at("searchSpaceFile")
    config.values["searchSpace"] = MISSING  # unless it is read
    try:
        mode = FilePath(file).stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            return  # a device or a pipe may have no end; `rules_space` says so
        with FilePath(file).open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or error
        loaded.report("NNI16", path, f"cannot be read: {what}", "relative to the experiment file")
        config.broken.add("searchSpaceFile")
        return
    if len(data) > MAX_BYTES:
        return
    try:
        loaded.space = _parsed(data)
        config.values["searchSpace"] = loaded.space.value
    except Unreadable as error:
        place = f"line {error.line} " if error.line else ""
        loaded.report("NNI16", path, f"holds neither JSON nor YAML: {place}{error.message}")
        config.broken.add("searchSpaceFile")


def _parsed(data: bytes) -> Source:
    try:
        return Source(jsonio.load(data.decode("utf-8")), None)
    except ValueError:
        return experiment_file.read(data)


def _whole_from(loaded: Loaded, config: Config, name: str, least: int) -> None:
    value = config.get(name, int)
    if value is not None and value < least:
        loaded.report("NNI14", config.at(name), f"is {shown(value)}", f"at least {least}")


def seconds(value: str | int) -> int:
    """A duration as NNI counts it (utils.parse_time).

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, str):
        return value
    text = value.lower()
    for unit, factor in TIME_UNITS.items():
        if text.endswith(unit):
            amount = float(text[: -len(unit)]) * factor
            if not math.isfinite(amount):
                raise ValueError(f"{value!r} is without end")
            return math.ceil(amount)
    raise ValueError(f"{value!r} has no unit")


def _duration(loaded: Loaded, config: Config, name: str) -> None:
    value = config.get(name, str, int)
    if value is None:
        return
    try:
        wrong = seconds(value) <= 0
    except ValueError:
        wrong = True
    if wrong:
        hint = "above 0, with the unit d, h, m or s"
        loaded.report("NNI14", config.at(name), f"is {shown(value)}", hint)
        config.broken.add(name)


def _algorithm(loaded: Loaded, config: Config) -> None:
    """_AlgorithmConfig._validate_canonical."""
    name, class_name = config.values["name"], config.values["className"]
    directory = config.values["codeDirectory"]
    if class_name is None:
        if not name:
            loaded.report("NNI12", config.path, "has no name", "name: TPE, or className")
        if directory is not None:
            message = "is for className only: NNI refuses it beside name"
            loaded.report("NNI15", config.at("codeDirectory"), message)
        return
    if name is not None:
        loaded.report("NNI15", config.at("name"), "cannot stand beside className")
    if class_name == "":
        loaded.report("NNI14", config.at("className"), "is empty", "MODULE.CLASS")
    if directory is None:
        loaded.report("NNI12", config.path, "has no codeDirectory", "className needs it")
    else:
        _directory(loaded, config, "codeDirectory")


def _directory(loaded: Loaded, config: Config, name: str) -> None:
    value = config.get(name, str)
    if value is None or loaded.folder is None:
        return
    try:
        right = FilePath(value).is_dir()
    except (OSError, ValueError):
        right = False
    if not right:
        config.broken.add(name)
        message = f"is no folder here: {value}"
        loaded.report("NNI16", config.at(name), message, "relative to the experiment file")


def _service(loaded: Loaded, config: Config) -> None:
    """TrainingServiceConfig._validate_canonical, on what was inherited too."""
    own = [name for name in schema.SHORTCUTS if name in config.given]
    for place, names in ((config, own), (loaded.experiment, set(schema.SHORTCUTS) - set(own))):
        if "trialCodeDirectory" in names:
            _directory(loaded, place, "trialCodeDirectory")
        if "trialGpuNumber" in names:
            _whole_from(loaded, place, "trialGpuNumber", 0)


def _k8s_storage(loaded: Loaded, config: Config) -> None:
    """K8sStorageConfig._validate_canonical."""
    kind = config.values["storageType"]
    azure = ("azureAccount", "azureShare", "keyVaultName", "keyVaultKey")
    others = {"azureStorage": ("server", "path"), "nfs": azure}
    if "storageType" in config.broken:
        return
    if kind not in others:
        hint = "nfs or azureStorage; NNI has no pvc"
        loaded.report("NNI14", config.at("storageType"), f"is {shown(kind)}", hint)
        return
    for name in others[kind]:
        if config.values[name] is not None:
            loaded.report("NNI15", config.at(name), f"is not for the storage {kind}")


def _local(loaded: Loaded, config: Config) -> None:
    """LocalConfig._validate_canonical."""
    _gpu_indices(loaded, config, "gpuIndices")
    gpus = config.values["trialGpuNumber"]
    if gpus and config.values["useActiveGpu"] is None:
        loaded.report("NNI15", config.path, "has no useActiveGpu, which trialGpuNumber needs")
    if not gpus and config.values["maxTrialNumberPerGpu"] != 1:
        message = "does not work without trialGpuNumber"
        loaded.report("NNI15", config.at("maxTrialNumberPerGpu"), message)


def _remote(loaded: Loaded, config: Config) -> None:
    """RemoteConfig._validate_canonical."""
    machines = config.get("machineList", list)
    if machines is None:
        return
    if not machines:
        loaded.report("NNI14", config.at("machineList"), "is empty", "at least one machine")
    several = any(
        isinstance(machine, Config) and machine.values["maxTrialNumberPerGpu"] != 1
        for machine in machines
    )
    if not config.values["trialGpuNumber"] and several:
        message = "has a maxTrialNumberPerGpu, which does not work without trialGpuNumber"
        loaded.report("NNI15", config.at("machineList"), message)


def _machine(loaded: Loaded, config: Config) -> None:
    """RemoteMachineConfig._validate_canonical."""
    port = config.get("port", int)
    if port is not None and not 0 < port < 65536:
        loaded.report("NNI14", config.at("port"), f"is {shown(port)}", "from 1 to 65535")
    _whole_from(loaded, config, "maxTrialNumberPerGpu", 1)
    _gpu_indices(loaded, config, "gpuIndices")
    if config.values["password"] is None:
        key = config.values["sshKeyFile"]
        if key is None:
            loaded.report("NNI12", config.path, "has neither password nor sshKeyFile")
        else:
            _file(loaded, config, "sshKeyFile")


def _file(loaded: Loaded, config: Config, name: str) -> None:
    value = config.get(name, str)
    if value is None or loaded.folder is None:
        return
    try:
        right = FilePath(value).is_file()
    except (OSError, ValueError):
        right = False
    if not right:
        loaded.report("NNI16", config.at(name), f"is no file here: {value}")


def _openpai(loaded: Loaded, config: Config) -> None:
    """OpenpaiConfig._validate_canonical."""
    if config.values["trialGpuNumber"] is None:
        loaded.report("NNI12", config.path, "has no trialGpuNumber", "a whole number")
    _directory(loaded, config, "localStorageMountPoint")
    if config.values["openpaiConfigFile"] is not None:
        if config.values["openpaiConfig"] is not None:
            message = "cannot stand beside openpaiConfig"
            loaded.report("NNI15", config.at("openpaiConfigFile"), message)
        _file(loaded, config, "openpaiConfigFile")


def _kubeflow(loaded: Loaded, config: Config) -> None:
    """KubeflowConfig._validate_canonical."""
    operator = config.get("operator", str)
    if operator is not None and operator not in ("tf-operator", "pytorch-operator"):
        hint = "tf-operator or pytorch-operator"
        loaded.report("NNI14", config.at("operator"), f"is {shown(operator)}", hint)


Validator = Callable[[Loaded, Config], None]
_VALIDATORS: dict[str, Validator] = {
    "ExperimentConfig": _experiment,
    "AlgorithmConfig": _algorithm,
    "K8sStorageConfig": _k8s_storage,
    "LocalConfig": _local,
    "RemoteConfig": _remote,
    "RemoteMachineConfig": _machine,
    "OpenpaiConfig": _openpai,
    "KubeflowConfig": _kubeflow,
}
