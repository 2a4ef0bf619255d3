"""What NNI 3.0 loads from an experiment file, and where it refuses it.

Does what `ExperimentConfig.load` and `validate` do: keys are matched without case and underscores,
defaults are filled in, paths resolved from the file's folder, what the training service lacks is
taken from the top level, and then types, ranges and relations are checked. Where NNI raises at the
first mistake, this goes on; it has a finding of severity reject exactly where NNI raises.

Source: nni/experiment/config/base.py (`__init__`, `_canonicalize`, `validate`) and
utils/internal.py of the package nni 3.0; `schema` has the classes.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from fcgitops.core.findings import HAZARD, REJECT, Finding, Path, dotted
from fcgitops.nnifile import schema
from fcgitops.nnifile.experiment_file import MAX_FAULTS, Source
from fcgitops.nnifile.rules import RULES, found
from fcgitops.nnifile.schema import MISSING, Class, Kind
from fcgitops.text import words
from fcgitops.text.values import did_you_mean
from fcgitops.text.words import named

_LONGEST_KEY = 64
"""Of a key that another one may be meant by."""
PLATFORM_KEY = "training_service_platform"
"""A parameter of ExperimentConfig's constructor, so a key of the file too, in this spelling."""
MAX_PATH = 4096
"""Linux's PATH_MAX: a longer one names nothing, and takes for ever to resolve."""
NO_ALGORITHM = "_none_"
"""The name by which NNI marks an algorithm that is not there."""

_HINTS = {
    "minsucceededtaskcount": "NNI spells it minSucceedTaskCount",
    "privateregistryauthpath": "put imagePullSecrets on the trials' ServiceAccount",
    "maxtrialnumberpergpu": "NNI has it for local, remote and aml only",
    "apiversion": "NNI has it for kubeflow only",
    "operator": "NNI has it for kubeflow only",
    "trainingserviceplatform": "a file of NNI 1: `nnictl create` converts it and prints the new "
    "form, which is what to keep",
    "privileged": "NNI cannot make a trial's Pod privileged",
    "securitycontext": "NNI makes the Pod; a policy of the cluster may set it",
    "imagepullsecrets": "put them on the trials' ServiceAccount",
    "nodeselector": "NNI makes the Pod, without one",
    "tolerations": "NNI makes the Pod, without any",
    "minfailedtaskcount": "it belongs into frameworkAttemptCompletionPolicy",
    "minsucceedtaskcount": "it belongs into frameworkAttemptCompletionPolicy",
}
"""Keys that people try, folded, and what to do instead."""


class TooManyError(Exception):
    """There are more faults than are listed, and what is left cannot change the verdict."""


@dataclass
class Config:
    """One of NNI's configuration objects."""

    kind: Class
    path: Path
    values: dict[str, Any] = field(default_factory=dict)
    """Field → value, default or MISSING; a nested one is a Config, or a list with such."""
    given: dict[str, str] = field(default_factory=dict)
    """Field → the key as the file spells it."""
    broken: set[str] = field(default_factory=set)
    """Fields with a value that NNI refuses."""

    def at(self, name: str) -> Path:
        """Where a field stands in the file, or would stand."""
        return (*self.path, self.given.get(name, name))

    def get(self, name: str, *types: type) -> Any:  # noqa: ANN401
        """The value of a field where it is of one of `types` and right, or else None."""
        value = self.values.get(name)
        right = isinstance(value, types) and name not in self.broken
        return value if right else None


@dataclass
class Loaded:
    """An experiment as NNI has it in memory, and what was found on the way."""

    source: Source
    folder: FilePath | None
    """Where relative paths start; None where the file system is not looked at."""
    experiment: Config = field(default_factory=lambda: Config(schema.EXPERIMENT, ()))
    findings: list[Finding] = field(default_factory=list)
    space: Source | None = None
    """What searchSpaceFile holds, where it has been read."""
    counts: Counter[str] = field(default_factory=Counter)
    """Severity → how many findings there were, listed or not."""
    validated: bool = False
    """Whether everything that NNI refuses has been found."""

    def report(self, rule: str, path: Path, message: str, hint: str = "") -> None:
        """Adds a finding at a place of the file.

        Raises:
            TooManyError: there are more than anybody reads, and the verdict is certain.
        """
        severity = RULES[rule][0]
        self.counts[severity] += 1
        if self.counts[severity] > MAX_FAULTS:
            if severity == REJECT or (severity == HAZARD and self.validated):
                raise TooManyError
            return
        line = self.source.line(path)
        self.findings.append(found(rule, dotted(path), line, message, hint))

    @property
    def services(self) -> list[Config]:
        """The training services; more than one where the file lists them."""
        value = self.experiment.values.get("trainingService")
        listed = value if isinstance(value, list) else [value]
        return [service for service in listed if isinstance(service, Config)]

    def algorithm(self, name: str) -> Config | None:
        """The tuner (the advisor where that is given) or the assessor."""
        value = self.experiment.values.get(name)
        return value if isinstance(value, Config) else None


def shown(value: object) -> str:
    """A value in a message."""
    if isinstance(value, str):
        return f"the text {value[:200]!r}"
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:.9g}"
    if isinstance(value, dict | Config):
        return "a mapping"
    return "a list" if isinstance(value, list | tuple) else words.shown(value)


def load(loaded: Loaded) -> None:
    """Fills in the experiment, with a finding for each key that NNI's constructors refuse.

    Raises:
        TooManyError: there are more than anybody reads.
    """
    value = loaded.source.value
    if not isinstance(value, dict):
        what = "is empty" if value is None else f"is {shown(value)}"
        loaded.report("NNI02", (), what, "a mapping of NNI's keys")
        return
    platform = value.get(PLATFORM_KEY)
    known = {key: item for key, item in value.items() if key != PLATFORM_KEY}
    loaded.experiment = _build(loaded, schema.EXPERIMENT, known, ())
    if platform is not None:
        _by_parameter(loaded, platform)
    else:
        _services(loaded)


def _build(loaded: Loaded, kind: Class, value: dict[Any, Any], path: Path) -> Config:
    config = Config(kind, path)
    names = {schema.folded(name): name for name in kind.fields}
    for key, item in value.items():
        if not isinstance(key, str):
            message = "is not text, as NNI's keys are"
            loaded.report("NNI11", (*path, named(key)), message, "quote it")
            continue
        name = names.get(schema.folded(key))
        if name is None:
            loaded.report("NNI11", (*path, key), f"is no key of NNI's {kind.name}",
                          _near(key, list(kind.fields)))  # fmt: skip
            continue
        if name in config.given:
            message = f"is {config.given[name]} in another spelling: the last one wins"
            loaded.report("NNI04", (*path, key), message, "keep one of the two")
        config.given[name] = key
        config.values[name] = item
    for name, (field_kind, default) in kind.fields.items():
        if name not in config.values:
            config.values[name] = default
        if field_kind.nested in schema.CLASSES:
            _nest(loaded, config, name, field_kind)
    return config


def _near(key: str, names: list[str]) -> str:
    hint = _HINTS.get(schema.folded(key), "")
    return hint or (did_you_mean(key, names) if len(key) <= _LONGEST_KEY else "")


def _nest(loaded: Loaded, config: Config, name: str, kind: Kind) -> None:
    """Makes a mapping, or those in a list, the class that the field is for."""
    value, path = config.values[name], config.at(name)
    inner = schema.CLASSES[kind.nested]
    if isinstance(value, dict) and not kind.listed:
        config.values[name] = _build(loaded, inner, value, path)
    elif kind.listed and isinstance(value, list) and value and isinstance(value[0], dict):
        items: list[Any] = []
        for number, item in enumerate(value):
            if isinstance(item, dict):
                items.append(_build(loaded, inner, item, (*path, number)))
            else:
                loaded.report("NNI13", (*path, number), f"is {shown(item)}", "a mapping")
        config.values[name] = items


def _service(loaded: Loaded, value: dict[Any, Any], path: Path) -> Config | None:
    """The training service of a mapping, where its platform is one of NNI's."""
    platform = value.get("platform")
    kind = schema.SERVICES.get(platform) if isinstance(platform, str) else None
    if kind is not None:
        return _build(loaded, kind, value, path)
    odd = next((k for k in value if isinstance(k, str) and schema.folded(k) == "platform"), None)
    if platform is None and odd not in (None, "platform"):
        loaded.report("NNI11", (*path, odd or ""), "is not found by NNI in this spelling",
                      "platform, in lower case")  # fmt: skip
    elif "platform" not in value:
        loaded.report("NNI12", path, "has no platform", "frameworkcontroller")
    else:
        loaded.report("NNI14", (*path, "platform"), f"is {shown(platform)}",
                      did_you_mean(platform, schema.SERVICES))  # fmt: skip
    return None


def _services(loaded: Loaded) -> None:
    experiment = loaded.experiment
    value, path = experiment.values["trainingService"], experiment.at("trainingService")
    if isinstance(value, dict):
        experiment.values["trainingService"] = _service(loaded, value, path)
        if experiment.values["trainingService"] is None:
            experiment.broken.add("trainingService")
    elif isinstance(value, list):
        items = []
        for number, item in enumerate(value):
            # Of the list's type only the first item is looked at, and no other is refused.
            service = None
            if isinstance(item, dict):
                known = isinstance(p := item.get("platform"), str) and p in schema.SERVICES
                if known or number == 0:
                    service = _service(loaded, item, (*path, number))
            elif number == 0:
                loaded.report("NNI13", (*path, number), f"is {shown(item)}", "a mapping")
            items.append(service)
        experiment.values["trainingService"] = items


def _by_parameter(loaded: Loaded, platform: object) -> None:
    """`training_service_platform`: an empty training service, as in ExperimentConfig('local')."""
    experiment, path = loaded.experiment, (PLATFORM_KEY,)
    if experiment.values["trainingService"] is not MISSING:
        other = experiment.at("trainingService")
        loaded.report("NNI15", other, f"cannot stand beside {PLATFORM_KEY}", "keep this one")
        experiment.broken.add("trainingService")
        return
    services: list[Any] = []
    for name in platform if isinstance(platform, list) else [platform]:
        kind = schema.SERVICES.get(name) if isinstance(name, str) else None
        if kind is None:
            loaded.report("NNI14", path, f"is {shown(name)}", did_you_mean(name, schema.SERVICES))
            experiment.broken.add("trainingService")
        else:
            services.append(_build(loaded, kind, {}, path))
    experiment.given["trainingService"] = PLATFORM_KEY
    experiment.values["trainingService"] = services
    if not isinstance(platform, list):
        experiment.values["trainingService"] = services[0] if services else None


def resolved(text: str, folder: FilePath | None) -> str:
    """A path as NNI resolves it (`utils.resolve_path`).

    Raises:
        ValueError, OSError: it cannot be one.
    """
    if b"\0" in os.fsencode(text):
        raise ValueError("it has a NUL character")
    if folder is None or len(text) > MAX_PATH:
        return text
    return os.path.realpath(os.path.join(folder, os.path.expanduser(text)))  # noqa: PTH111, PTH118 - as NNI


def configs(loaded: Loaded) -> Iterator[Config]:
    """The experiment and everything nested in it, outermost first."""
    stack = [loaded.experiment]
    while stack:
        config = stack.pop()
        yield config
        for value in config.values.values():
            items = value if isinstance(value, list) else [value]
            stack += [item for item in items if isinstance(item, Config)]
