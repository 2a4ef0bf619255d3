"""For any two environments: what travels is equal afterwards, and nothing else was touched."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Fcgitops
from examples import examples
from fcgitops.core.errors import InputError
from fcgitops.fcconfig import merging
from fcgitops.manifests import overlay
from fcgitops.model.environment import COMPONENTS, FIELDS, KEYS, VARIANTS, Environment
from fcgitops.model.promotion import TABLE, Rules
from fcgitops.repository import environments, promotion
from fcgitops.repository.contents import Repository
from gitenv import copied, git
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

names = st.from_regex(r"[a-z]([-a-z0-9]{0,6}[a-z0-9])?", fullmatch=True)
digests = st.sampled_from(["sha256:" + digit * 64 for digit in "01"])
limits = st.dictionaries(
    st.sampled_from(["default", "max"]),
    st.fixed_dictionaries({}, optional={"cpu": st.sampled_from([1, "2"]), "memory": st.just("1Gi")})
    .filter(bool),
    max_size=2,
)  # fmt: skip
own_settings = st.fixed_dictionaries(
    {},
    optional={
        "workerNumber": st.integers(1, 900),
        "kubeClientQps": st.sampled_from([80, 0.5, 200.25]),
        "kubeApiServerAddress": names.map("http://{}:8080".format),
        "logObjectSnapshot": st.fixed_dictionaries(
            {}, optional={"pod": st.fixed_dictionaries({"onPodDeletion": st.booleans()})}
        ),
        "podFailureSpec": st.just(
            [{"code": 221, "phrase": "Own", "type": {"attributes": ["Permanent"]},
              "podPatterns": [{"nameRegex": "1e3"}]}]
        ),
    },
)  # fmt: skip
values = st.fixed_dictionaries(
    {"variant": st.sampled_from(VARIANTS)},
    optional={
        "namespace": names.filter(lambda name: not name.startswith("kube-")),
        "image.registry": names.map("{}.io:5000".format),
        "image.tag": st.sampled_from(["v1.0.0", "v1.1.0", "2024.01"]),
        "image.digest": digests,
        "image.pullSecrets": st.lists(names, unique=True, max_size=2),
        "resources.memory": st.sampled_from(["1Gi", "129e6", 1073741824]),
        "labels": st.dictionaries(names.filter(lambda name: name != "app"), names, max_size=2),
        "annotations": st.dictionaries(names, names, max_size=2),
        "components": st.lists(st.sampled_from(COMPONENTS), unique=True),
        "nni.limits": limits,
        "shippedPodFailureSpec": st.sampled_from(["keep", "replace"]),
        "settings": own_settings,
        "hold": st.just("closed for the fair"),
    },
)  # fmt: skip
pairs = st.tuples(values, values, st.booleans(), st.booleans())
STAYING = [
    key.removeprefix("settings.")
    for key, row in TABLE.items()
    if key.startswith("settings.") and not row.travels
]


def source(name: str, given: dict[str, Any], *, nni: bool, defaults: dict[str, Any]) -> str:
    """An environment.yaml with a comment, of values that are right together."""
    found = dict(given)
    if found["variant"] == VARIANTS[0]:
        found.pop("settings", None)
    if nni:
        found |= {"nni.namespace": "experiments", "nni.storage": "nfs://10.0.0.1/x"}
    else:
        found.pop("nni.limits", None)
    return f"# {name}'s own\n{overlay.source(name, found, defaults)}# its end\n"


@pytest.fixture(scope="module")
def root(made_once: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the environments a and b."""
    made = made_once([["new", "deploy", "--env", "a", "--env", "b=customized-config"]])
    return copied(made, tmp_path_factory.mktemp("pairs") / "deploy")


def placed(root: Path, pair: tuple[dict[str, Any], dict[str, Any], bool, bool]) -> Repository:
    """The repository with such a pair; one that is refused is none."""
    repository = Repository(root)
    for name, own, nni in zip("ab", pair[:2], pair[2:], strict=True):
        text = source(name, own, nni=nni, defaults=repository.defaults)
        (root / f"overlays/{name}/environment.yaml").write_text(text)
    try:
        for name in "ab":
            repository.environment(name)
    except InputError:
        assume(False)
    return repository


def settled(environment: Environment) -> dict[str, Any]:
    """The settings that an environment has, as FrameworkController reads them."""
    text = overlay.own_settings(environment)
    return merging.settings(text) if text else {}


@examples(60)
@given(pair=pairs)
def test_what_travels_is_equal_and_the_rest_is_as_it_was(
    root: Path, pair: tuple[dict[str, Any], dict[str, Any], bool, bool]
) -> None:
    """Key by key, by the table; a second time there is nothing to do; comments stay."""
    repository = placed(root, pair)
    a, b = (repository.environment(name) for name in "ab")
    request = promotion.request(repository, promotion.side(repository, "a"), "b", Rules())
    if request is None:
        after, text = b, repository.source("b")
    else:
        try:
            (planned,) = environments.plan(repository, [request])
        except InputError:  # what travels is wrong beside what stays, such as guardrails
            return
        after, text = planned.environment, planned.source
    for key in KEYS:
        apart = key.startswith("nni.") and not (a.runs_nni and b.runs_nni)
        of = a if TABLE[key].travels and not apart else b
        if key != "settings":
            assert getattr(after, FIELDS[key]) == getattr(of, FIELDS[key]), key
    if a.variant != VARIANTS[0]:
        stays = {k: v for k, v in settled(b).items() if k in STAYING}
        travels = {k: v for k, v in settled(a).items() if k not in STAYING}
        assert settled(after) == stays | travels
    for comment in (b"# b's own\n", b"# its end\n"):
        assert comment in (text or b"")
    (root / "overlays/b/environment.yaml").write_bytes(text or b"")
    again = Repository(root)
    assert promotion.request(again, promotion.side(again, "a"), "b", Rules()) is None


@pytest.mark.slow
@settings(
    max_examples=5, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(pair=pairs)
def test_two_environments_differ_in_what_stays_alone(
    root: Path, fcgitops: Fcgitops, pair: tuple[dict[str, Any], dict[str, Any], bool, bool]
) -> None:
    """`promote a b`, then `diff a b`: no setting, and no other version."""
    plain = {**pair[1]}
    plain.pop("hold", None)
    placed(root, (pair[0], plain, *pair[2:]))
    git(root, "add", "-A")
    fcgitops("-C", root, "overlays", status=None)
    if git(root, "status", "--porcelain"):  # the pair is refused
        git(root, "reset", "-q", "--hard")
        assume(False)
    if fcgitops("-C", root, "promote", "a", "b", status=None).status:
        return
    told = json.loads(fcgitops("-C", root, "diff", "a", "b", "--format", "json").out)
    fields = [f for e in told["environments"] for o in e["objects"] for f in o["fields"]]
    for field in fields:
        path = field["path"]
        assert not path.startswith("frameworkcontroller.yaml: ") or path.endswith(tuple(STAYING))
        if path.endswith(".image"):
            first, second = (field[side].rpartition("/")[2] for side in ("before", "after"))
            assert first == second


def _set(*words: str) -> Callable[[Path, Fcgitops], None]:
    def step(folder: Path, fcgitops: Fcgitops) -> None:
        ran = fcgitops("-C", folder, "overlay", "b", *words, status=None)
        # A setting has no place in default-config: refused, it changes nothing.
        assert ran.status in (0, 2), ran.err

    return step


def _edited(path: str, old: str, new: str) -> Callable[[Path, Fcgitops], None]:
    def step(folder: Path, fcgitops: Fcgitops) -> None:
        file = folder / path
        file.write_text(file.read_text().replace(old, new) + "# an edit\n")
        fcgitops("-C", folder, "overlays")
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "--allow-empty", "-m", path)

    return step


def _removed_and_back(folder: Path, fcgitops: Fcgitops) -> None:
    fcgitops("-C", folder, "remove", "b")
    fcgitops("-C", folder, "rollback", "b")
    fcgitops("-C", folder, "rollback", "b", "--release")


STEPS = {
    "setting": _set("--set", "workerNumber=7"),
    "label": _set("--set", "labels.x=y"),
    "namespace": _set("--namespace", "other"),
    "variant": _set("--variant", "default-config"),
    "and back": _set("--variant", "customized-config"),
    "component": _set("--set", "components=crd"),
    "default": _edited("fcgitops.yaml", "tag: v1.0.0", "tag: v1.2.0"),
    "base": _edited("base/statefulset.yaml", "memory: 1Gi", "memory: 2Gi"),
    "variant's file": _edited(
        "overlays/customized-config/frameworkcontroller.yaml",
        "Number: 500",
        "Number: 9",
    ),
    "local": _edited(
        "overlays/b/local/kustomization.yaml",
        "resources: []",
        "resources: []\ncommonAnnotations: {a: b}",
    ),
    "removed, and back": _removed_and_back,
    "generated": _edited("overlays/b/kustomization.yaml", "components:", "components: # ours"),
}
"""What may happen to the environment b, by its source, by hand, and by what all share."""


@pytest.mark.slow
@settings(
    max_examples=5, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(steps=st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=4), data=st.data())
def test_rollback_after_any_sequence_of_changes(
    made_once: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory,
    fcgitops: Fcgitops, steps: list[str], data: st.DataObject,
) -> None:  # fmt: skip
    """It renders what it rendered at any point before."""
    made = made_once([["new", "deploy", "--env", "a", "--env", "b=customized-config"]])
    top = tmp_path_factory.mktemp("steps") / "deploy"
    root = copied(made, top)
    states = []
    for step in steps:
        states.append((git(root, "rev-parse", "HEAD"), fcgitops("-C", root, "build", "b").out))
        STEPS[step](root, fcgitops)
    revision, wanted = data.draw(st.sampled_from(states))
    fcgitops("-C", root, "rollback", "b", "--to", revision)
    assert fcgitops("-C", root, "build", "b").out == wanted
    fcgitops("-C", root, "rollback", "b", "--release")
    fcgitops("-C", root, "overlays")
