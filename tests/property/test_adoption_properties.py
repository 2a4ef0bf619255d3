"""What an environment renders, adopted, renders the same objects again, whatever its keys are."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from examples import examples
from fcgitops.adopt import adoption, reading, recognition, rendering
from fcgitops.adopt.adoption import Adoption, Asked
from fcgitops.commands import writing
from fcgitops.core.errors import InputError
from fcgitops.diff.settings import FILE, Settings
from fcgitops.kubernetes.objects import Object
from fcgitops.model.environment import COMPONENTS, KEYS, PROFILES, VARIANTS
from fcgitops.programs import kustomize
from fcgitops.repository.contents import Repository
from fcgitops.repository.environments import Request
from fcgitops.text import yamlio
from hypothesis import assume, given
from hypothesis import strategies as st

names = st.from_regex(r"[a-z]([-a-z0-9]{0,6}[a-z0-9])?", fullmatch=True)
texts = st.text(st.characters(codec="ascii", exclude_categories=("C",)), max_size=9)
own_settings = st.fixed_dictionaries(
    {},
    optional={
        "workerNumber": st.integers(1, 900),
        "kubeClientQps": st.sampled_from([80, 0.5, 200.25]),
        "kubeApiServerAddress": names.map("http://{}:8080".format),
        "largeFrameworkCompression": st.booleans(),
        "logObjectSnapshot": st.fixed_dictionaries(
            {}, optional={"pod": st.fixed_dictionaries({"onPodDeletion": st.booleans()})}
        ),
        "podFailureSpec": st.lists(
            st.builds(
                lambda code, word: {
                    "code": code, "phrase": word, "podPatterns": [{"nameRegex": word}]
                },
                st.sampled_from([221, 137, -1000, 7]), names,
            ),
            max_size=2, unique_by=lambda entry: entry["code"],
        ),
    },
)  # fmt: skip
endpoints = st.lists(
    st.fixed_dictionaries(
        {"cidr": st.integers(1, 9).map("10.0.0.{}/32".format), "port": st.just(6443)}
    ),
    min_size=1,
    max_size=2,
    unique_by=str,
)
OPTIONAL: dict[str, st.SearchStrategy[Any]] = {
    "namespace": names.filter(lambda name: not name.startswith("kube-")),
    "image.registry": names.map("{}.io:5000".format),
    "image.repository": names.map("team/{}".format),
    "image.tag": st.sampled_from(["v1.0.0", "v1.1.0", "2024.01", "latest"]),
    "image.tagPolicy": st.just("any"),
    "image.digest": st.sampled_from(["sha256:" + digit * 64 for digit in "01"]),
    "image.pullSecrets": st.lists(names, unique=True, max_size=2),
    "apiServer.address": names.map("https://".__add__),
    "apiServer.kubeconfigSecret": names,
    "apiServer.kubeconfigKey": names,
    "egress.mode": st.sampled_from(["cidr", "cilium"]),
    "egress.endpoints": endpoints,
    "resources.cpu": st.sampled_from(["1", "200m", "0.5"]),
    "resources.memory": st.sampled_from(["1Gi", "129e6", "1073741824"]),
    "nodeSelector": st.dictionaries(names, names, max_size=2),
    "tolerations": st.lists(st.fixed_dictionaries({"key": names}), max_size=2),
    "labels": st.dictionaries(names.filter(lambda name: name != "app"), names, max_size=2),
    "annotations": st.dictionaries(names, texts, max_size=2),
    "priorityClassName": names,
    "components": st.lists(st.sampled_from(COMPONENTS), unique=True),
    "shippedPodFailureSpec": st.sampled_from(["keep", "replace"]),
    "settings": own_settings,
}
values = st.fixed_dictionaries({"variant": st.sampled_from(VARIANTS)}, optional=OPTIONAL)
PLACES = ("cluster.name", "cluster.server", "sync", "expects", "hold")
"""Keys that no object of an environment's overlay tells."""


def test_every_key_is_tried() -> None:
    """But for those that say where an environment is, how it is synced, and what is beside it."""
    tried = {"variant", *OPTIONAL}
    others = {key for key in KEYS if key.startswith(("flux.", "nni."))} | set(PLACES)
    assert tried | others == set(KEYS)


@pytest.fixture(scope="module", params=PROFILES)
def root(
    request: pytest.FixtureRequest,
    made_once: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A repository of a profile, without environments."""
    made = made_once([["new", "deploy", "--profile", request.param]])
    return Path(shutil.copytree(made, tmp_path_factory.mktemp("round") / "deploy", symlinks=True))


def readable(objects: list[Object]) -> list[Object]:
    """Objects, FrameworkController's file by what it decodes: comments and spelling are no keys."""
    for o in objects:
        if o["kind"] == "ConfigMap" and FILE in o["data"]:
            found = Settings(o["data"][FILE])
            o["data"][FILE] = (found.value, list(found.entries.items()))
    return objects


def adopted(root: Path, rendered: list[Object]) -> Adoption:
    """The environment b of what another one renders."""
    repository = Repository(root)
    data = "---\n".join(map(yamlio.dump, rendered)).encode()
    found = recognition.find(reading.read({"rendered.yaml": data}))

    def plan(request: Request) -> Any:
        return writing.of_requests(repository, [request])

    return adoption.adopt(repository, found, Asked("b"), plan)


@pytest.mark.slow
@examples(120)
@given(own=values)
def test_the_same_objects_come_again(root: Path, own: dict[str, Any]) -> None:
    """Of what an environment renders; nothing is patched, and nothing differs."""
    repository = Repository(root)
    if repository.answers.profile != "hardened":
        own = {key: value for key, value in own.items() if not KEYS[key].hardened_only}
    if own.get("egress.mode") != "cidr":
        own.pop("egress.endpoints", None)
    config = yamlio.dump(own.pop("settings")) if own.get("settings") else None
    own.pop("settings", None)
    try:
        request = Request("a", "a", own, config=config)
        change = writing.of_requests(repository, [request])
    except InputError:
        assume(False)
    program = kustomize.find()
    before = rendering.of_change(root, change.merged.files, "overlays/a", program)
    found = adopted(root, before)
    after = rendering.of_change(root, found.change.merged.files, "overlays/b", program)
    assert readable(after) == readable(before)
    assert found.outcome.objects == ()
    assert [part.patch for part in found.parts if part.patch] == []
    assert (found.resources, found.left_out) == ([], [])
