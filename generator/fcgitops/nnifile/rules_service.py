"""Rules on the training service: NNI takes it, and its manager or Kubernetes fails on it later.

Sources, all of the package nni 3.0: nni_node/training_service/reusable/environments/kubernetes/
frameworkcontrollerEnvironmentService.js and kubernetesEnvironmentService.js (what becomes a
Framework), nni_node/training_service/reusable/trialDispatcher.js (what is read of the experiment),
nni_node/core/nnimanager.js (reuseMode), nni_node/common/experimentConfig.js (sizes). And the
CustomResourceDefinition that FrameworkController makes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from fcgitops.core.lazy import regex
from fcgitops.kubernetes.values import dns_label, subdomain
from fcgitops.nnifile import schema
from fcgitops.nnifile.schema_load import Config, Loaded, configs, shown
from fcgitops.text import hosts
from fcgitops.text.words import count

PLATFORM = "frameworkcontroller"
ROLE_NAME = regex(r"[a-z0-9]{1,63}\Z")
"""FrameworkController's CustomResourceDefinition: spec.taskRoles[].name."""
CONTROLLER_ACCOUNT = "frameworkcontroller"
"""The ServiceAccount that NNI's documentation hands to trials."""
MAX_COUNT = 2**31 - 1
MAX_IMAGE = 512
"""Characters of an image's name, tag and digest; the reference grammar allows 255 of the name."""
SMALL_MEMORY = 1024
"""MB under which a plain number may have been meant as another unit."""

# github.com/distribution/reference: [HOST[:PORT]/]PATH[:TAG][@DIGEST].
_IMAGE = regex(
    r"(?P<name>([A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:[0-9]+)?/)?"
    r"[a-z0-9]+((\.|_{1,2}|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_{1,2}|-+)[a-z0-9]+)*)*)"
    r"(:(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
    r"(?P<digest>@[A-Za-z0-9]+([+._-][A-Za-z0-9]+)*:[0-9a-fA-F]{32,})?\Z"
)
_IN_A_SHELL = regex(r"[A-Za-z0-9._:/@%+,=\[\]-]+\Z")
_SIZES = {"tb": 1024**4, "gb": 1024**3, "mb": 1024**2, "kb": 1024, "b": 1}
_DECIMAL = regex(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?\Z", re.IGNORECASE)


def check(loaded: Loaded) -> None:
    """Adds the findings of all rules."""
    for config in configs(loaded):
        _coerced(loaded, config)
    hint = f"platform: {PLATFORM}, as a mapping"
    if isinstance(loaded.experiment.values["trainingService"], list):
        message = f"is a list: this repository runs one training service, {PLATFORM}"
        loaded.report("NNI21", loaded.experiment.at("trainingService"), message, hint)
    for service in loaded.services:
        platform = service.kind.fields["platform"][1]
        if platform != PLATFORM:
            path = service.at("platform") if "platform" in service.given else service.path
            message = f"is {platform}: this repository runs {PLATFORM} alone"
            loaded.report("NNI21", path, message, hint)
        else:
            for rule in _RULES:
                rule(loaded, service)
            for role in _roles(service):
                for role_rule in _ROLE_RULES:
                    role_rule(loaded, role)


def number(text: str) -> float:
    """A text as JavaScript's Number() has it: NaN where it is none."""
    stripped = text.strip()
    if not stripped:
        return 0.0
    if _DECIMAL.match(stripped):
        return float(stripped)
    if re.match(r"0x[0-9a-f]+\Z|0o[0-7]+\Z|0b[01]+\Z", stripped, re.IGNORECASE):
        return float(int(stripped, 0))
    return math.nan


def _roles(service: Config) -> list[Config]:
    roles = service.values["taskRoles"]
    return [r for r in roles if isinstance(r, Config)] if isinstance(roles, list) else []


def _coerced(loaded: Loaded, config: Config) -> None:
    """NNI17: to Python's isinstance true is an int; Kubernetes and JavaScript see a boolean."""
    for name, (kind, _) in config.kind.fields.items():
        value = config.values[name]
        flags = (schema.FLAG, schema.FLAG_OR_NULL, schema.ANY)
        if not isinstance(value, bool) or kind in flags or name in config.broken:
            continue
        message = f"is {shown(value)}, which only NNI's validator takes for {int(value)}"
        loaded.report("NNI17", config.at(name), message, kind.words)


def _whole(config: Config, name: str) -> int | None:
    """A whole number that is none of NNI17's."""
    value = config.get(name, int)
    return None if isinstance(value, bool) else value


def _reuse(loaded: Loaded, service: Config) -> None:
    """NNI22: nnimanager.js takes null for false, and that way asserts what NNI 3.0 lacks."""
    if "reuseMode" not in service.broken and not service.values["reuseMode"]:
        message = f"is {shown(service.values['reuseMode'])}: NNI's manager ends at once"
        loaded.report("NNI22", service.at("reuseMode"), message, "true, or leave it out")


def _command(loaded: Loaded, service: Config) -> None:
    """NNI23: trialDispatcher.js, setEnvironmentSetting: `this.config.trialCommand`."""
    command = loaded.experiment.values["trialCommand"]
    if command is None or (isinstance(command, str) and not command.strip()):
        path = loaded.experiment.at("trialCommand")
        inner = service.given.get("trialCommand")
        where = "is not set" if command is None else "is empty"
        hint = f"move it up from {inner} of trainingService" if inner else "python3 trial.py"
        loaded.report("NNI23", path, f"{where}: trials run nothing and fail", hint)


def _shadowed(loaded: Loaded, service: Config) -> None:
    """NNI24: trialDispatcher.js reads all of these from `this.config`, the top level."""
    root = loaded.experiment
    for name in schema.SHORTCUTS:
        if name not in service.given or name in service.broken:
            continue
        if name == "trialCommand" and not root.values[name]:
            continue  # NNI23
        if service.values[name] != root.values[name]:
            message = f"is not read here: NNI takes the top level's, {shown(root.values[name])}"
            loaded.report("NNI24", service.at(name), message, "move it to the top level")


def _storage(loaded: Loaded, service: Config) -> None:
    """NNI25: FrameworkControllerEnvironmentService's constructor throws; `sudo mount` fails."""
    storage = service.values["storage"]
    if not isinstance(storage, Config):
        return
    kind = storage.values["storageType"]
    azure = ("azureAccount", "azureShare", "keyVaultName", "keyVaultKey")
    needed = {"nfs": ("server", "path"), "azureStorage": azure}.get(str(kind), ())
    for name in needed:
        value = storage.values[name]
        if not value:
            message = f"has no {name}: NNI's manager ends at once"
            loaded.report("NNI25", storage.path, message, f"{kind} needs {', '.join(needed)}")
        elif isinstance(value, str) and not _IN_A_SHELL.match(value):
            message = f"is {shown(value)}: NNI writes it into a shell command as it is"
            loaded.report("NNI25", storage.at(name), message)
        elif name == "server" and not hosts.is_host(str(value).replace("_", "-")):
            message = f"is {shown(value)}, no name and no address (an IPv6 one stands in brackets)"
            loaded.report("NNI25", storage.at(name), message, _server(str(value)))
        elif name == "path" and isinstance(value, str) and not value.startswith("/"):
            message = f"is {shown(value)}: Kubernetes takes an absolute path only"
            loaded.report("NNI25", storage.at(name), message)
    if kind == "azureStorage":
        message = "takes the program az in the manager, signed in to Azure"
        loaded.report("NNI66", storage.at("storageType"), message)


def _server(value: str) -> str:
    """The server that a URL, or SERVER:PATH, names; empty where none is found."""
    host = re.split(r"[/?#]", value.rpartition("://")[2], maxsplit=1)[0].removesuffix(":")
    host = f"[{host}]" if hosts.ip(host) and ":" in host and "[" not in host else host
    return host if hosts.is_host(host) else ""


def _account(loaded: Loaded, service: Config) -> None:
    """NNI26: FrameworkBarrier, a trial's init container, gets its own Framework as it."""
    if "serviceAccountName" in service.broken or service.values["serviceAccountName"] is None:
        if service.values["serviceAccountName"] is None:
            message = "is null: trials run as the account default, FrameworkBarrier is refused"
            loaded.report("NNI26", service.at("serviceAccountName"), message, "nni-trial")
        return
    name = service.values["serviceAccountName"]
    path = service.at("serviceAccountName")
    if name == "":
        message = "is empty: trials run as the account default, FrameworkBarrier is refused"
        loaded.report("NNI26", path, message, "nni-trial")
    elif wrong := subdomain(name):
        loaded.report("NNI26", path, wrong)
    elif name == "default":
        message = "is the account default: FrameworkBarrier is refused, and no trial starts"
        loaded.report("NNI26", path, message, "an account that may get Frameworks: nni-trial")
    elif name == CONTROLLER_ACCOUNT:
        message = "gives every trial the rights of FrameworkController"
        loaded.report("NNI26", path, message, "an account that may get Frameworks: nni-trial")


def _namespace(loaded: Loaded, service: Config) -> None:
    """NNI27, NNI64: frameworkcontrollerApiClient.js puts it into the request's path."""
    name = service.get("namespace", str)
    if name is None:
        return
    if name and (wrong := dns_label(name)):
        loaded.report("NNI27", service.at("namespace"), wrong)
    elif not name or "namespace" not in service.given:
        what = "is empty" if "namespace" in service.given else "is not set"
        message = f"{what}: trials run in the namespace default"
        loaded.report("NNI64", service.at("namespace"), message)


def _gpus(loaded: Loaded, service: Config) -> None:
    """NNI28: trialDispatcher.js, `enableGpuScheduler`; trial.py sets CUDA_VISIBLE_DEVICES."""
    count = _whole(loaded.experiment, "trialGpuNumber")
    path = loaded.experiment.at("trialGpuNumber")
    asked = any((_whole(role, "gpuNumber") or 0) > 0 for role in _roles(service))
    if count:
        message = f"is {count}: NNI's own scheduler takes over from Kubernetes"
        loaded.report("NNI28", path, message, "leave it out; gpuNumber is what a Pod gets")
    elif count == 0 and asked:
        message = "is 0: trials get an empty CUDA_VISIBLE_DEVICES, and see no GPU"
        loaded.report("NNI28", path, message, "leave it out")


def _shared_storage(loaded: Loaded, service: Config) -> None:  # noqa: ARG001 - one signature
    """NNI29: only the environments local, remote and aml look at `useSharedStorage`."""
    if loaded.experiment.values["sharedStorage"] is not None:
        message = f"is not mounted by trials on {PLATFORM}, which look for their code there"
        path = loaded.experiment.at("sharedStorage")
        loaded.report("NNI29", path, message, "storage of trainingService is enough")


def _task_roles(loaded: Loaded, service: Config) -> None:
    """NNI31: every Pod runs the same runner, and a trial is one runner."""
    roles = service.get("taskRoles", list)
    if roles is None:
        return
    path = service.at("taskRoles")
    if not roles:
        loaded.report("NNI31", path, "is empty: no Pod is made", "one task role")
    elif len(roles) > 1:
        message = f"has {count(len(roles), 'role')}, whose Pods all register as the same runner"
        loaded.report("NNI31", path, message, "one task role")


def _role_count(loaded: Loaded, role: Config) -> None:
    """NNI32: webCommandChannel.js adds each Pod to the same runner, so each trial runs in all."""
    count = _whole(role, "taskNumber")
    if count is not None and count != 1:
        what = "no Pod is made" if count == 0 else "Pods register as the same runner"
        what = "FrameworkController refuses it" if count < 0 else what
        loaded.report("NNI32", role.at("taskNumber"), f"is {count}: {what}", "1")


def _role_name(loaded: Loaded, role: Config) -> None:
    """NNI33: FrameworkController's CustomResourceDefinition."""
    name = role.get("name", str)
    if name is not None and not ROLE_NAME.match(name):
        message = f"is {shown(name)}: FrameworkController refuses it"
        hint = "lower-case letters and digits, at most 63"
        loaded.report("NNI33", role.at("name"), message, hint)


def megabytes(size: str | int) -> float:
    """A size as NNI's manager counts it (experimentConfig.js, toMegaBytes): NaN where it fails."""
    if not isinstance(size, str):
        return float(size)
    text = size.lower()
    for unit, factor in _SIZES.items():
        if text.endswith(unit):
            amount = number(text[: -len(unit)]) * factor / _SIZES["mb"]
            return float(math.ceil(amount)) if math.isfinite(amount) else math.nan
    return math.nan


def _role_memory(loaded: Loaded, role: Config) -> None:
    """NNI34, NNI65: `4g` and `4Gi` pass NNI's validation, and its manager throws "Bad unit"."""
    size = role.get("memorySize", str, int)
    if size is None or isinstance(size, bool):
        return
    path, hint = role.at("memorySize"), "a number and tb, gb, mb, kb or b: 8gb"
    try:
        amount = megabytes(size)
    except OverflowError:
        amount = math.nan
    if not amount > 0:
        what = "no size to Kubernetes" if amount <= 0 else "no size to NNI's manager"
        loaded.report("NNI34", path, f"is {shown(size)}, {what}: no trial starts", hint)
    elif isinstance(size, int) and size < SMALL_MEMORY:
        loaded.report("NNI65", path, f"is {size}, which means {size} MB", hint)


def _role_resources(loaded: Loaded, role: Config) -> None:
    """NNI35: kubernetesEnvironmentService.js, generatePodResource."""
    for name in ("cpuNumber", "gpuNumber"):
        count = _whole(role, name)
        if count is not None and count < 0:
            message = f"is {count}: Kubernetes refuses the Pod"
            loaded.report("NNI35", role.at(name), message, "a whole number from 0")


def _role_policy(loaded: Loaded, role: Config) -> None:
    """NNI36: FrameworkController's CustomResourceDefinition has a minimum of -1."""
    policy = role.values["frameworkAttemptCompletionPolicy"]
    if not isinstance(policy, Config):
        return
    for name in ("minFailedTaskCount", "minSucceedTaskCount"):
        count = _whole(policy, name)
        if count is not None and not -1 <= count <= MAX_COUNT:
            message = f"is {count}: FrameworkController refuses it"
            loaded.report("NNI36", policy.at(name), message, "-1 for never, or from 1")


def _role_image(loaded: Loaded, role: Config) -> None:
    """NNI37, NNI61: what a Pod's image may be called."""
    name = role.get("dockerImage", str)
    if name is None:
        return
    path = role.at("dockerImage")
    found = _IMAGE.match(name) if len(name) <= MAX_IMAGE else None
    if found is None:
        loaded.report("NNI37", path, f"is {shown(name)}, no name of an image", "NAME:TAG")
    elif not found["digest"] and found["tag"] in (None, "latest"):
        given = "dockerImage" in role.given
        what = f"is {name}" if given else f"is not set, so {name}"
        loaded.report("NNI61", path, f"{what}: the image changes under the trials", "NAME:TAG")


def _role_command(loaded: Loaded, role: Config) -> None:
    """NNI62: with reuseMode a task runs NNI's runner, and that trialCommand."""
    command = role.get("command", str)
    if command and command != loaded.experiment.values["trialCommand"]:
        message = "is required, but not executed: trialCommand is"
        loaded.report("NNI62", role.at("command"), message)


Rule = Callable[[Loaded, Config], Any]
_RULES: tuple[Rule, ...] = (
    _reuse, _command, _shadowed, _storage, _account, _namespace, _gpus, _shared_storage,
    _task_roles,
)  # fmt: skip
_ROLE_RULES: tuple[Rule, ...] = (
    _role_count, _role_name, _role_memory, _role_resources, _role_policy, _role_image,
    _role_command,
)  # fmt: skip
