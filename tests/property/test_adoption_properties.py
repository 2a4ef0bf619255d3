"""What an environment renders, adopted, renders the same objects again, whatever its keys are."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from examples import examples
from fcgitops.adopt import making, reading, recognition, rendering, runbook
from fcgitops.adopt.adoption import Adoption, Asked
from fcgitops.commands import environments
from fcgitops.core.errors import InputError
from fcgitops.diff.settings import FILE, Settings
from fcgitops.kubernetes.objects import Object
from fcgitops.model.assignments import Assignments
from fcgitops.model.environment import COMPONENTS, KEYS, PROFILES, VARIANTS
from fcgitops.programs import kustomize
from fcgitops.repository.contents import Repository
from fcgitops.repository.environments import Request
from fcgitops.text import yamlio
from gitenv import copied
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
    unique_by=lambda endpoint: endpoint["cidr"],
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
NNI = {
    "nni.pullSecrets": st.lists(names, unique=True, min_size=1, max_size=2),
    "nni.uiFrom": st.lists(names, unique=True, min_size=1, max_size=2),
    "nni.egress": endpoints,
    "nni.quota": st.just({"count/pods": "9"}),
    "nni.limits": st.just({"default": {"cpu": "1", "memory": "1Gi"}, "max": {"memory": "9Gi"}}),
}
platforms = st.fixed_dictionaries(
    {
        "nni.namespace": st.just("experiments"),
        "nni.storage": st.sampled_from(["nfs://10.0.0.1/x", "nfs://nas/x"]),
    },
    optional=NNI,
)
PLACES = ("cluster.name", "cluster.server", "sync", "expects", "hold")
"""Keys that no object of an environment's overlay tells."""


def test_every_key_is_tried() -> None:
    """But for those that say where an environment is, how it is synced, and what is beside it."""
    tried = {"variant", *OPTIONAL}
    tried |= {*NNI, "nni.namespace", "nni.storage"}
    assert tried | {key for key in KEYS if key.startswith("flux.")} | set(PLACES) == set(KEYS)


@pytest.fixture(scope="module", params=PROFILES)
def root(
    request: pytest.FixtureRequest,
    made_once: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A repository of a profile, without environments."""
    made = made_once([["new", "deploy", "--profile", request.param]])
    return copied(made, tmp_path_factory.mktemp("round") / "deploy")


def readable(objects: list[Object]) -> list[Object]:
    """Objects, FrameworkController's file by what it decodes: comments and spelling are no keys."""
    for o in objects:
        if o["kind"] == "ConfigMap" and FILE in o["data"]:
            found = Settings(o["data"][FILE])
            o["data"][FILE] = (found.value, list(found.entries.items()))
    return objects


def adopted(root: Path, rendered: list[Object], share: str = "") -> Adoption:
    """The environment b of what another one renders; only the share of NNI is in no object."""
    repository = Repository(root)
    data = "---\n".join(map(yamlio.dump, rendered)).encode()
    found = recognition.find(reading.read({"rendered.yaml": data}))

    def plan(request: Request) -> Any:
        return environments.of_requests(repository, [request])

    typed = Assignments({"nni.storage": share} if share else {})
    return making.adopt(repository, found, Asked("b", typed), plan)


def rendered_of(
    root: Path, files: Mapping[str, bytes | None], name: str, *, nni: bool
) -> list[Object]:
    """All that an environment renders."""
    folders = [f"overlays/{name}", *([f"overlays/{name}/nni"] if nni else [])]
    program = kustomize.find()
    return [o for folder in folders for o in rendering.of_change(root, files, folder, program)]


@pytest.mark.slow
@examples(120)
@given(own=values, nni=st.one_of(st.just({}), platforms))
def test_the_same_objects_come_again(root: Path, own: dict[str, Any], nni: dict[str, Any]) -> None:
    """Of what an environment renders; nothing is patched, and nothing differs."""
    repository = Repository(root)
    if repository.answers.profile != "hardened":
        own = {key: value for key, value in own.items() if not KEYS[key].hardened_only}
    if own.get("egress.mode") != "cidr":
        own.pop("egress.endpoints", None)
    config = yamlio.dump(own.pop("settings")) if own.get("settings") else None
    own.pop("settings", None)
    try:
        request = Request("a", "a", {**own, **nni}, config=config)
        change = environments.of_requests(repository, [request])
    except InputError:
        assume(False)
    before = rendered_of(root, change.merged.files, "a", nni=bool(nni))
    found = adopted(root, before, nni.get("nni.storage", ""))
    after = rendered_of(root, found.change.merged.files, "b", nni=bool(nni))
    assert readable(after) == readable(before)
    assert found.outcome.objects == ()
    assert [part.patch for part in found.parts if part.patch] == []
    assert (found.resources, found.left_out) == ([], [])


hostile = st.one_of(
    st.sampled_from(
        ["{{x}}", "${X}", "$(id)", "`id`", "'; id #", "../../x", "a\n---\nb: c\n", "\t\n", "!!x y",
         "- a", "=", "~", "1e3", "0x1F", "\x7f", "\x85", "#", ": ", "%s", "\\n", "é😀", "--all"]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=9),
)  # fmt: skip
words = st.one_of(hostile, names)


def hand_made(own: dict[str, str]) -> list[Object]:
    """FrameworkController with somebody's words wherever any may stand."""
    labels = {"app": "frameworkcontroller"}
    pod = {
        "containers": [
            {
                "name": "fc",
                "image": "frameworkcontroller/frameworkcontroller:v1.0.0",
                "args": [own["argument"]],
                "env": [{"name": "WORDS", "value": own["variable"]}],
            }
        ]
    }
    template = {"metadata": {"labels": labels, "annotations": {"note": own["note"]}}, "spec": pod}
    spec = {"serviceName": "fc", "selector": {"matchLabels": labels}, "template": template}
    owner = {"argocd.argoproj.io/tracking-id": own["owner"], "meta.helm.sh/release-name": own["of"]}
    return [
        {"apiVersion": "apps/v1", "kind": "StatefulSet",
         "metadata": {"name": "fc", "namespace": "fc", "annotations": owner}, "spec": spec},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "words", "namespace": "fc"},
         "data": {"words": own["data"]}},
        {"apiVersion": "example.com/v1", "kind": own["kind"],
         "metadata": {"name": "own", "namespace": "fc"}, "spec": {"x": own["data"]}},
    ]  # fmt: skip


@pytest.mark.slow
@examples(100)
@given(
    own=st.fixed_dictionaries(
        {
            **dict.fromkeys(("argument", "variable", "note", "owner", "of", "data"), words),
            "kind": st.sampled_from(["Note", "Words", "Own-One", "", "../../x", "{{x}}"]),
        }
    )
)
def test_somebodys_words_stay_words(root: Path, own: dict[str, str]) -> None:
    """Each value comes out as it was, or is named; nothing is written elsewhere, or typed."""
    given_objects = hand_made(own)
    try:
        found = adopted(root, given_objects)
    except InputError:
        assume(False)
    assert {p.split("/")[1] for p in found.change.merged.files if p.startswith("overlays/")} == {
        "b"
    }
    assert not [p for p in found.change.merged.files if ".." in p or p != p.strip()]
    controller = next(o for o in found.rendered if o["kind"] == "StatefulSet")
    template = controller["spec"]["template"]
    (container,) = template["spec"]["containers"]
    named = " ".join(each.what for each in found.left_out)
    note = template["metadata"].get("annotations", {}).get("note")
    assert note == own["note"] or "annotations" in named
    variable = next(iter(container.get("env", ())), {})
    assert variable.get("value", "") == own["variable"] or "env" in named
    kept = [o["data"] for o in found.rendered if o["metadata"]["name"].startswith("words")]
    assert kept == [{"words": own["data"]}] or "ConfigMap/words" in named
    for step in runbook.steps(found):
        for line in step.lines:
            assert line.isprintable()
            assert line.startswith(("# ", "kubectl ", "fcgitops ", "(for i in "))
            if line.startswith("kubectl "):
                typed = shlex.split(line, comments=True)
                assert not set(typed) & {"--all", "id", ";"}
