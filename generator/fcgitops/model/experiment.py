"""An experiment as `experiments/NAME/run.yaml` describes it: where and how its manager runs.

What it tries stands beside it in NNI's own `experiment.yaml`, which is its user's, as is every
other file of the folder but those that are generated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fcgitops.core.errors import InputError, Problem
from fcgitops.core.lazy import regex
from fcgitops.kubernetes import values as kube
from fcgitops.model import layout
from fcgitops.text import images, keypaths, scalars, values, yamlio
from fcgitops.text.tree import Tree

GENERATED = (layout.JOB_FILE, layout.KUSTOMIZATION_FILE, "service.yaml", "work.yaml")
KINDS = (
    ("", "ConfigMap"),
    ("", "PersistentVolumeClaim"),
    ("", "Service"),
    ("batch", "Job"),
)
"""Group and kind of all that an experiment may have on a cluster."""
NAME_LENGTH = 40
"""A Job's name is NAME-run-HASH, and a Pod's label: at most 63 characters."""
MAX_BYTES = 1 << 20
"""The most that a ConfigMap holds (k8s.io/kubernetes pkg/apis/core/validation: MaxSecretSize)."""
_KEY_LENGTH = 253
"""The longest key of a ConfigMap (apimachinery: IsConfigMapKey)."""

IMAGE = "msranni/nni:v3.0"
"""NNI's own on Docker Hub, for managers and trials."""

ELSEWHERE = (
    "keep data on the share or in the trials' image (dockerImage), and here only the code that "
    "starts it"
)

_FILE_NAME = regex(r"[-._A-Za-z0-9]+\Z")


@dataclass(frozen=True)
class Experiment:
    """Where and how an experiment's manager runs."""

    name: str
    environment: str
    image: str = IMAGE
    run: int = 1
    cpu: str = "500m"
    memory: str = "2Gi"
    user: int = 0
    """The ID of the user that its manager runs as; 0 for that of its image."""
    node_selector: dict[str, str] = field(default_factory=dict)
    tolerations: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class _Key:
    check: values.Check
    field: str
    help: str
    normal: Callable[[Any], Any] = lambda value: value
    """The one form of a right value that is written in several."""


KEYS: dict[str, _Key] = {
    "environment": _Key(kube.dns_label, "environment", "the environment on whose cluster it is"),
    "image": _Key(
        images.reference,
        "image",
        "the manager's image: Python with nni==3.0 and setuptools<81",
    ),
    "run": _Key(
        values.integer(1, 1 << 31),
        "run",
        "another number runs a finished experiment once more, from its beginning",
    ),
    "resources.cpu": _Key(kube.cpu, "cpu", "the manager's CPU request", kube.amount_text),
    "resources.memory": _Key(
        kube.memory, "memory", "the manager's memory request and limit", kube.amount_text
    ),
    "user": _Key(
        values.integer(0, (1 << 31) - 1),
        "user",
        "the manager's user and group, with a read-only root; as its image says without",
    ),
    "nodeSelector": _Key(kube.node_selector, "node_selector", "labels of the nodes it may run on"),
    "tolerations": _Key(kube.tolerations, "tolerations", "taints that it tolerates"),
}
"""Key path of run.yaml → what it takes and does."""
_TEXTS = (
    "environment",
    "image",
    "nodeSelector.*",
    *(f"tolerations.{name}" for name in ("key", "operator", "value", "effect")),
)
"""Where in it a text must stand; as `scalars.misread` takes them."""


def check_name(name: str, where: str) -> list[Problem]:
    """The problems of an experiment's name: a Service's, of at most `NAME_LENGTH` characters."""
    if not name:
        return [Problem(where, "has no name", "such as mnist; with make: NAME=mnist")]
    if wrong := kube.dns_label(name):
        return [Problem(where, wrong)]
    if not name[0].isalpha():  # IsDNS1035Label
        return [Problem(where, f"{name!r} cannot name a Service", "a letter first")]
    if len(name) > NAME_LENGTH:
        return [Problem(where, f"{name!r} has {len(name)} letters", f"at most {NAME_LENGTH}")]
    return []


def parse(name: str, source: bytes, where: str) -> Experiment:
    """The experiment that the text of a run.yaml describes.

    Raises:
        InputError: with every problem of the name and of the text.
    """
    root = yamlio.compose(source, where)
    misread = scalars.misread(root, where, texts=_TEXTS)
    flat, problems = keypaths.flatten(yamlio.construct(root, where), where, KEYS)
    problems = check_name(name, where) + misread + problems
    for path, value in flat.items():
        if wrong := KEYS[path].check(value):
            problems += [Problem(f"{where}: {path}", line) for line in wrong.split("\n")]
    if "environment" not in flat:
        problems.append(Problem(f"{where}: environment", "is not given", "the environment's name"))
    if problems:
        raise InputError(problems)
    given = {KEYS[path].field: KEYS[path].normal(value) for path, value in flat.items()}
    return Experiment(name, **given)


def source(experiment: Experiment) -> str:
    """The text of a new run.yaml."""
    shown = {path: getattr(experiment, key.field) for path, key in KEYS.items()}
    spelled = keypaths.nested({path: shown[path] for path in shown if shown[path]})
    return (
        f"{layout.modeline(layout.RUN_SCHEMA, '../../')}"
        "# Where and how this experiment's manager runs; experiment.yaml says what it tries.\n"
        f"# After an edit of any file here run `make experiment NAME={experiment.name}`.\n"
        "# No sync restarts a finished experiment; an interrupted one resumes. Another number in\n"
        "# `run` runs it once more.\n"
        f"{yamlio.dump(spelled)}"
    )


def inputs(folder: Tree) -> Tree:
    """The files of an experiment's folder that its manager gets: not ours, nor those about it."""
    return {
        path: data
        for path, data in folder.items()
        if path not in (*GENERATED, layout.RUN_FILE, layout.RECORD_FILE)
        and not path.lower().startswith("readme")
        and "__pycache__" not in path.split("/")
    }


def check_inputs(files: Tree, where: str) -> list[Problem]:
    """Why the files cannot be a ConfigMap, or the manager's folder."""
    problems = []
    if layout.EXPERIMENT_FILE not in files:
        problems.append(
            Problem(
                f"{where}/{layout.EXPERIMENT_FILE}",
                "is missing",
                "NNI's configuration of the experiment",
            )
        )
    seen: dict[str, str] = {}
    for path, data in files.items():
        place = f"{where}/{path}"
        named = all(map(_FILE_NAME.match, path.split("/"))) and ".." not in path
        if not named or len(config_map_key(path)) > _KEY_LENGTH:
            hint = f"letters, digits, '-', '_' and '.', at most {_KEY_LENGTH}"
            problems.append(Problem(place, "has a name that a ConfigMap cannot keep", hint))
        elif (other := seen.setdefault(config_map_key(path), path)) != path:
            what = f"and {other} would be one key of a ConfigMap"
            problems.append(Problem(place, what, "another name for one of them"))
        for odd in sorted(_unwritable(data)):
            if odd == "\t":
                what = "begins with a tab, of which kustomize makes no YAML"
                problems.append(Problem(place, what, "a first line that does not"))
            else:
                what = f"has the character U+{ord(odd):04X}, of which kustomize makes no YAML"
                problems.append(Problem(place, what, "an escape of your language's in its place"))
    size = sum(len(key) + len(data) for key, data in files.items())
    if size > MAX_BYTES:
        largest = max(files, key=lambda path: len(files[path]))
        problems.append(
            Problem(
                where,
                f"has {size} bytes, and a ConfigMap takes {MAX_BYTES}; the largest is {largest} "
                f"with {len(files[largest])}",
                ELSEWHERE,
            )
        )
    return problems


def _unwritable(data: bytes) -> set[str]:
    """Characters of which kustomize makes no YAML, in what it takes for text."""
    try:
        return set(yamlio.UNWRITABLE.findall(data.decode()))
    except UnicodeDecodeError:  # it becomes base64
        return set()


def config_map_key(path: str) -> str:
    """A path as a key of a ConfigMap, which takes no '/'.

    Nor may it need quotes, as `null` or `1_000` do: kustomize 5.8 forgets them, and fails on it.
    """
    key = path.replace("/", ".")
    return key if yamlio.scalar(key) == key else f"_{key}"


def run_id(experiment: Experiment, files: Tree) -> str:
    """The experiment's ID for NNI: the same as long as it would try the same.

    Neither its manager's resources nor another version of fcgitops changes it, so that neither
    starts again what has ended. Its name does: by this ID a manager finds its own Frameworks.
    """
    about = {"/name": experiment.name, "/run": str(experiment.run)}  # no file is called so
    return digest({key: value.encode() for key, value in about.items()} | files)


def digest(parts: Mapping[str, bytes]) -> str:
    """Ten hexadecimal digits of all names and contents."""
    total = hashlib.sha256()
    for name in sorted(parts):
        total.update(hashlib.sha256(name.encode()).digest())
        total.update(hashlib.sha256(parts[name]).digest())
    return total.hexdigest()[:10]
