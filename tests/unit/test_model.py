"""Environments as values: their keys, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from fcgitops.core.errors import InputError, Problem
from fcgitops.model import environment as model
from fcgitops.model.environment import KEYS, Environment, environment
from fcgitops.text import keypaths

LABEL = "a DNS label: lower-case letters, digits and '-' between them, at most 63"
NEWEST = "what runs would be the newest image of its day"
TAG_HINT = "v1.0.0 or newer; image.tagPolicy: any takes it all the same"


def lines(problems: list[Problem] | tuple[Problem, ...]) -> list[str]:
    return [str(problem) for problem in problems]


def refusals(
    given: dict[str, Any],
    profile: str = "hardened",
    *,
    name: str = "prod",
    defaults: dict[str, Any] | None = None,
) -> list[str]:
    with pytest.raises(InputError) as caught:
        environment(name, given, defaults or {}, profile, "f")
    return lines(caught.value.problems)


@pytest.mark.parametrize("name", ["dev", "eu-1", "0", "null", "true", "1e3", "a" * 63])
def test_right_name(name: str) -> None:
    """Any DNS label names an environment, one that YAML reads otherwise included."""
    assert model.check_name(name, "NAME") == []


@pytest.mark.parametrize(
    "name",
    [
        "a" * 64, "Prod", "prоd", "prod\n", "pr\u200dod", "a.b", "-a", "a-", ".git", "..",
        "../x", "/etc/x", "C:\\x", 'a"b', "a'b", "`id`", "$(id)", "$(shell id)", "${HOME}", "{{x}}",
        "{% x %}", "a b", "a: b", "- a", "&a", "*a", "#a", "[a]", "a\0", "a;b", "a\x1b[0m",
    ],
)  # fmt: skip
def test_wrong_name(name: str) -> None:
    """A name that is no DNS label is refused before Make, a shell, Jinja or YAML sees it."""
    (line,) = lines(model.check_name(name, "NAME"))
    assert line.startswith("NAME: ")
    assert line.endswith(f" ({LABEL})")
    assert line.isprintable()


def test_no_name() -> None:
    """A name that is not given, as by `make overlay` alone, is asked for."""
    assert lines(model.check_name("", "NAME")) == [
        "NAME: has no name (such as prod; with make: ENV=prod)"
    ]


@pytest.mark.parametrize(
    "name", ["default-config", "customized-config", "base", "local", "components"]
)
def test_reserved_name(name: str) -> None:
    """A name that means something in the repository already is reserved."""
    assert lines(model.check_name(name, "NAME")) == [
        f"NAME: {name!r} is reserved (another name, such as dev or prod)"
    ]


def test_defaults() -> None:
    """An environment needs nothing but its name; the repository's defaults come before ours."""
    env = environment("dev", {"cluster.name": "c"}, {"image.tag": "v9", "namespace": "n"},
                      "hardened", "f")  # fmt: skip
    assert env == Environment("dev", cluster_name="c", namespace="n", image_tag="v9")
    assert environment("dev", {}, {}, "hardened", "f") == Environment(
        "dev", cluster_name="dev", namespace="frameworkcontroller", image_tag="v1.0.0"
    )
    assert environment("dev", {}, {}, "upstream", "f") == Environment(
        "dev",
        cluster_name="dev",
        namespace="default",
        image_tag="",
        shipped_pod_failure_spec="replace",
    )
    assert environment("dev", {"image.tag": "v2"}, {"image.tag": "v9"}, "hardened", "f") == (
        environment("dev", {"image.tag": "v2"}, {}, "hardened", "f")
    )


def test_no_shared_defaults() -> None:
    """Lists and mappings of one environment are not those of another."""
    first, second = (environment(name, {}, {}, "hardened", "f") for name in ("a", "b"))
    assert first.labels is not second.labels


@pytest.mark.parametrize(
    ("given", "profile", "message"),
    [
        (
            {"namespace": "default"},
            "hardened",
            "f: namespace: 'default' is not FrameworkController's own, and hardened labels it so "
            "that it refuses others' Pods (a namespace of its own)",
        ),
        (
            {"namespace": "kube-system"},
            "hardened",
            "f: namespace: 'kube-system' is not FrameworkController's own, and hardened labels it "
            "so that it refuses others' Pods (a namespace of its own)",
        ),
        (
            {"image.tag": ""},
            "hardened",
            f"f: image.tag: is empty, and so is image.digest: {NEWEST} ({TAG_HINT})",
        ),
        (
            {"image.tag": None},
            "hardened",
            f"f: image.tag: is empty, and so is image.digest: {NEWEST} ({TAG_HINT})",
        ),
        (
            {"image.tag": "latest"},
            "hardened",
            f"f: image.tag: is 'latest', another image every time that it is pulled ({TAG_HINT})",
        ),
        *(
            (
                {"image.tag": tag, "image.digest": digest},
                "hardened",
                f"f: image.tag: is {tag!r}, which fails on Kubernetes 1.22 and newer ({TAG_HINT})",
            )
            for tag in ("v0.9.0", "v0.6.0", "0.9", "v0", "v0.9.0-mirror")
            for digest in ("", "sha256:" + "0" * 64)
        ),
        *(
            (
                {"image.tag": tag},
                "hardened",
                f"f: image.tag: is {tag!r}, older than v1.0.0: releases before that fail on "
                f"Kubernetes 1.22 ({TAG_HINT})",
            )
            for tag in ("v1.0.0-rc1", "v1.0.0rc1", "1.0.0-beta.2", "v1.0-alpha")
        ),
        (
            {"egress.mode": "cidr"},
            "hardened",
            "f: egress.endpoints: is empty, but egress.mode is cidr: FrameworkController would "
            "reach nothing (list the API server's {cidr, port}, or mode none)",
        ),
        (
            {"egress.mode": "cilium", "egress.endpoints": [{"cidr": "10.0.0.1/32", "port": 1}]},
            "hardened",
            "f: egress.endpoints: has no effect (egress.mode: cidr uses it)",
        ),
        (
            {"egress.mode": "cilium"},
            "upstream",
            "f: egress.mode: works in the profile hardened only (leave it out)",
        ),
        (
            {"settings": {"workerNumber": 1}},
            "hardened",
            "f: settings: default-config has no configuration file to set anything in "
            "(--variant customized-config, or take `settings` out of environment.yaml)",
        ),
        (
            {"egress.mode": "cilium", "apiServer.kubeconfigSecret": "s"},
            "hardened",
            "f: egress.mode: cilium cannot know where the kubeconfig leads "
            "(apiServer.address too, or mode cidr)",
        ),
        (
            {"components": ["guardrails"], "apiServer.kubeconfigSecret": "s"},
            "upstream",
            "f: components: guardrails would bound nothing: they know FrameworkController by its "
            "ServiceAccount, and with apiServer.kubeconfigSecret it is somebody else "
            "(leave guardrails out, and bound that user where it works)",
        ),
        (
            {"labels": {"app": "x"}},
            "hardened",
            "f: labels: 'app' is the selector's own label (another key)",
        ),
    ],
)
def test_refused_together(given: dict[str, Any], profile: str, message: str) -> None:
    """Values that are right alone and wrong together, or in this profile, are refused."""
    assert refusals(given, profile) == [message]
    if "settings" in given:  # defaults of those that can have some
        environment("prod", {}, given, profile, "f")
    elif "works in" not in message:
        assert refusals({}, profile, defaults=given) == [message]


@pytest.mark.parametrize(
    ("given", "profile"),
    [
        ({"namespace": "default"}, "upstream"),
        # What runs may be another image, which local/ names: FCG39 looks at what is rendered.
        ({"nodeSelector": {"kubernetes.io/arch": "arm64"}}, "hardened"),
        ({"image.tag": ""}, "upstream"),
        ({"image.tag": "", "image.digest": "sha256:" + "0" * 64}, "hardened"),
        ({"image.tag": None, "image.digest": "sha256:" + "0" * 64}, "hardened"),
        ({"image.tag": "latest", "image.digest": "sha256:" + "0" * 64}, "hardened"),
        *(
            ({"image.tag": tag, "image.tagPolicy": "any"}, "hardened")
            for tag in ("", None, "latest", "v0.9.0")
        ),
        *(({"image.tag": tag}, "upstream") for tag in ("", None, "latest", "v0.9.0")),
        *(
            ({"image.tag": tag}, "hardened")
            for tag in ("v1.0.0", "v1", "v1.0.0-ours", "2024.01.31", "0a1b2c3", "main", "v10.0")
        ),
        ({"image.repository": "team/fc", "image.tag": "v0.3.0"}, "hardened"),
        ({"egress.mode": "none"}, "upstream"),
        ({"egress.mode": "cilium"}, "hardened"),
        (
            {
                "egress.mode": "cilium",
                "apiServer.kubeconfigSecret": "s",
                "apiServer.address": "https://h",
            },
            "hardened",
        ),
        ({"egress.mode": "none", "apiServer.kubeconfigSecret": "s"}, "hardened"),
        ({"settings": {"workerNumber": 1}, "variant": "customized-config"}, "upstream"),
        ({"shippedPodFailureSpec": "keep"}, "upstream"),
        ({"shippedPodFailureSpec": "replace", "variant": "customized-config"}, "hardened"),
    ],
)
def test_allowed_together(given: dict[str, Any], profile: str) -> None:
    """What one profile or variant refuses, the other may take."""
    assert environment("prod", given, {}, profile, "f").name == "prod"


def test_all_at_once() -> None:
    """Every mistake of name, keys and values is told in one go."""
    given = {
        "variant": "customised-config",
        "cluster.server": "api.local",
        "image.tag": "v1 ",
        "tolerations": [{"effect": "x"}, "gpu"],
        "settings": {"workerNumbr": 1, "podFailureSpecs": []},
        "shippedPodFailureSpec": "keeps",
    }
    assert refusals(given, name="Prod") == [
        f"f: 'Prod' is not valid ({LABEL})",
        "f: variant: 'customised-config' is not known (did you mean 'customized-config'?)",
        "f: cluster.server: 'api.local' is not valid (https://HOST[:PORT])",
        "f: image.tag: 'v1 ' is not valid "
        "(letters, digits, '_', '.' and '-', at most 128, the first no '.' or '-')",
        "f: tolerations: [1]: 'gpu' is not a map of fields",
        "f: tolerations: [0].operator: nothing: must be Exists without a key: it tolerates every "
        "taint",
        "f: tolerations: [0].effect: 'x' is none of NoSchedule, PreferNoSchedule, NoExecute",
        "f: settings: 'workerNumbr' is no setting of FrameworkController "
        "(did you mean 'workerNumber'?)",
        "f: settings: 'podFailureSpecs' is no setting of FrameworkController "
        "(did you mean 'podFailureSpec'?)",
        "f: shippedPodFailureSpec: 'keeps' is not known (did you mean 'keep'?)",
    ]


WRONG: dict[str, object] = {
    "variant": "x", "cluster.name": " ", "cluster.server": "x", "namespace": "a.b", "sync": "both",
    "image.registry": "a b", "image.repository": "", "image.tag": "a b", "image.digest": "x",
    "image.tagPolicy": "x",
    "image.pullSecrets": "a", "apiServer.address": "x", "apiServer.kubeconfigSecret": "A",
    "apiServer.kubeconfigKey": "", "egress.mode": "x", "egress.endpoints": [1], "nni.egress": [1],
    "resources.cpu": "x", "resources.memory": "x", "nodeSelector": {"a": 1}, "tolerations": [1],
    "labels": [], "annotations": {"a": 1}, "priorityClassName": "A", "components": ["x"],
    "expects": {"secrets": ["A"]},
    "settings": [], "shippedPodFailureSpec": True, "flux.shard": "a b", "flux.interval": "10",
    "nni.namespace": "a.b", "nni.storage": "nfs://x", "nni.pullSecrets": "a", "nni.uiFrom": ["A"],
    "hold": "a\nb", "nni.quota": {"cpu": "x"}, "nni.limits": {"x": {}},
}  # fmt: skip


@pytest.mark.parametrize("path", KEYS)
def test_each_key_is_checked(path: str) -> None:
    """Each key refuses a value that is not for it, and shows in its message where it stands."""
    (line,) = lines(model.check_values({path: WRONG[path]}, "f", "hardened"))
    assert line.startswith(f"f: {path}: ")


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("resources.memory", "31Mi",
         "'31Mi' is too little: FrameworkController is killed (32Mi or more)"),
        ("nodeSelector", {"kubernetes.io/os": "windows"},
         "kubernetes.io/os: 'windows': FrameworkController's image is for linux"),
        ("resources.cpu", "9000", "'9000' is more than any node has (8192 at most)"),
        ("resources.memory", "8Pi", "'8Pi' is more than any node has (4Pi at most)"),
        ("nni.limits", {"default": {"cpu": "9000"}},
         "default.cpu: '9000' is more than any node has (8192 at most)"),
        ("resources.memory", "1", "'1' is 1 byte (1Mi?)"),
        ("egress.endpoints", [{"cidr": "127.0.0.1/32", "port": 6443}],
         "'127.0.0.1/32' is the Pod itself (the API server's address)"),
    ],
)  # fmt: skip
def test_what_cannot_run_is_refused(path: str, value: object, said: str) -> None:
    """As `verify` would find it in what is rendered."""
    assert lines(model.check_values({path: value}, "f", "hardened"))[0] == f"f: {path}: {said}"


@pytest.mark.parametrize(
    ("document", "flat", "messages"),
    [
        (None, {}, []),
        ({"image": None, "variant": "x"}, {"variant": "x"}, []),
        (
            {"image": {"tag": "v1"}, "labels": {"a": "b"}},
            {"image.tag": "v1", "labels": {"a": "b"}},
            [],
        ),
        ({"image.tag": "v1"}, {"image.tag": "v1"}, []),
        ("prod", {}, ["f: 'prod' is not a mapping (KEY: VALUE lines)"]),
        ({"cluster": "c"}, {}, ["f: cluster: 'c' is not a mapping (KEY: VALUE lines)"]),
        (
            {"varient": "x", "image": {"Tag": "v1", "pullsecrets": []}, 1: 2},
            {},
            [
                "f: varient: is not known (did you mean 'variant'?)",
                "f: image.Tag: is not known (did you mean 'tag'?)",
                "f: image.pullsecrets: is not known (did you mean 'pullSecrets'?)",
                "f: 1: is not known",
            ],
        ),
        (
            {"image": {"size": 1}},
            {},
            ["f: image.size: is not known "
             "(one of digest, pullSecrets, registry, repository, tag, tagPolicy)"],
        ),
    ],
)  # fmt: skip
def test_flatten(document: object, flat: dict[str, Any], messages: list[str]) -> None:
    """Nested keys become paths; each key that is not known is told, with the nearest one."""
    found, problems = keypaths.flatten(document, "f", KEYS)
    assert (found, lines(problems)) == (flat, messages)


def test_flatten_twice() -> None:
    """A key that is given nested and dotted is given twice, which is refused."""
    for document in (
        {"image": {"tag": "a"}, "image.tag": "b"},
        {"image.tag": "a", "image": {"tag": "a"}},
    ):
        assert lines(keypaths.flatten(document, "f", KEYS)[1]) == [
            "f: image.tag: is given twice (once)"
        ]


def test_nested() -> None:
    """Key paths become nested mappings again, which are flattened to the same."""
    assert keypaths.nested({"a.b": 1, "a.c": 2, "d": {"e.f": 3}}) == {
        "a": {"b": 1, "c": 2}, "d": {"e.f": 3}
    }  # fmt: skip
    flat = {"image.tag": "v1", "labels": {"a.b/c": "d"}, "image.digest": "", "variant": "x"}
    assert keypaths.flatten(keypaths.nested(flat), "f", KEYS) == (flat, [])


@pytest.mark.parametrize(
    ("given", "image", "by_name"),
    [
        ({}, "frameworkcontroller/frameworkcontroller", False),
        ({"image_registry": "r:5000/x", "image_repository": "a"}, "r:5000/x/a", False),
        ({"api_address": "https://api.local:6443", "image_repository": "a"}, "a", True),
        ({"api_address": "https://10.0.0.1:6443", "image_repository": "a"}, "a", False),
        ({"api_address": "https://[fd00::1]", "image_repository": "a"}, "a", False),
        ({"kubeconfig_secret": "s", "image_repository": "a"}, "a", True),
    ],
)
def test_derived(given: dict[str, Any], image: str, by_name: bool) -> None:
    """What follows from the keys: the image's full name, and whether DNS may be needed."""
    env = Environment("dev", **given)
    assert (env.image_name, env.finds_api_server_by_name) == (image, by_name)


def test_default_values() -> None:
    """Every key has a default; `upstream` differs where the seed's manifests do."""
    hardened, upstream = (model.default_values(profile) for profile in model.PROFILES)
    assert list(hardened) == list(upstream) == list(KEYS)
    assert {path: (hardened[path], upstream[path]) for path in KEYS
            if hardened[path] != upstream[path]} == {
        "namespace": ("frameworkcontroller", "default"), "image.tag": ("v1.0.0", ""),
        "shippedPodFailureSpec": ("keep", "replace"),
    }  # fmt: skip
