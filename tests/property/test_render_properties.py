"""For any valid environment: the files are sound YAML that means what was given."""

from __future__ import annotations

import functools
from typing import Any

import pytest
import yaml
from examples import examples
from fcgitops.manifests import overlay
from fcgitops.model import clusters, environment
from fcgitops.model.answers import Answers
from fcgitops.model.environment import KEYS, PROFILES, VARIANTS
from fcgitops.repository import record, scaffold
from fcgitops.text import keypaths
from hypothesis import given
from hypothesis import strategies as st

read = functools.partial(yaml.load, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
names = st.from_regex(r"[a-z]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True)
notes = st.one_of(
    st.sampled_from(["1e3", "0o17", "y", "=", "a...", "~", "{{x}}", "a\n b\n\n", " \n", "\r\n"]),
    st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=12),
)
tags = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,9}", fullmatch=True).filter(
    lambda tag: tag != "latest" and not tag.lstrip("v").startswith("0")
)
given_values = st.fixed_dictionaries(
    {"variant": st.sampled_from(VARIANTS)},
    optional={
        "namespace": names.filter(lambda name: not name.startswith("kube-")),
        "image.registry": names.map("{}.io:5000".format),
        "image.tag": tags,
        "image.digest": st.from_regex(r"sha256:[0-9a-f]{64}", fullmatch=True),
        "image.pullSecrets": st.lists(names, unique=True, max_size=3),
        "apiServer.address": names.map("https://".__add__),
        "apiServer.kubeconfigSecret": names,
        "resources.cpu": st.sampled_from(["1", "200m", 2, 0.5]),
        "resources.memory": st.sampled_from(["1Gi", "129e6", 1073741824]),
        "nodeSelector": st.dictionaries(names, names, max_size=3),
        "tolerations": st.lists(st.fixed_dictionaries({"key": names}), max_size=2),
        "labels": st.dictionaries(names.filter(lambda name: name != "app"), names, max_size=3),
        "annotations": st.dictionaries(names, notes, max_size=3),
        "components": st.lists(st.sampled_from(environment.COMPONENTS), unique=True),
    },
)  # fmt: skip


@pytest.mark.slow
@examples(80)
@given(names, given_values, st.sampled_from(PROFILES))
def test_environment(name: str, values: dict[str, Any], profile: str) -> None:
    """The source reads back to the same environment; every generated file is one document."""
    if name in environment.RESERVED_NAMES or values.get("namespace") == "default":
        return
    if "guardrails" in values.get("components", ()) and any(k.startswith("api") for k in values):
        return  # refused: the guardrails would know nobody
    env = environment.environment(name, values, {}, profile, "f")
    source = overlay.source(name, values, environment.default_values(profile))
    flat, problems = keypaths.flatten(read(source), "f", KEYS)
    assert problems == []
    assert environment.environment(name, flat, {}, profile, "f") == env
    tree = scaffold.new_environment(env, source, Answers("fc", profile), None)
    folder = f"overlays/{name}/"
    entries = f"clusters/flux/{name}/" if env.sync == "flux" else folder
    for path, data in tree.items():
        assert path.startswith((folder, entries))
        assert data == b"" or data.endswith(b"\n")
        if path.endswith("/patches/kustomization.yaml"):
            listed = [patch["path"] for patch in read(data)["patches"]]
            beside = {p.removeprefix(f"{folder}patches/") for p in tree if "/patches/" in p}
            assert {"kustomization.yaml", *listed} == beside
    patches = overlay.patches(env, profile)
    for kind, operations in patches.items():
        assert read(tree[folder + overlay.patch_path(kind)]) == operations
        assert {op["op"] for op in operations} <= {"add", "replace", "remove"}
    assert bool(patches) == (f"{folder}patches/kustomization.yaml" in tree)
    found = [op["value"] for operations in patches.values() for op in operations if "value" in op]
    for key in ("nodeSelector", "tolerations", "annotations"):
        assert not values.get(key) or values[key] in found
    labels = values.get("labels", {})
    assert labels in found or all(value in found for value in labels.values())
    policy = tree.get(f"{folder}egress.yaml")
    assert (read(policy) if policy else {}) == overlay.egress(env)
    config = tree.get(f"{folder}frameworkcontroller.yaml", b"").decode()
    generated = overlay.environment_files(env, profile, config)
    assert record.decode(tree[f"{folder}.fcgitops"]) == generated


@examples(100)
@given(names, st.sampled_from(["http", "https"]), st.integers(0, 65535), st.data())
def test_server_identity(host: str, scheme: str, port: int, data: st.DataObject) -> None:
    """An address in other letters, with its default port or a last slash, is the same one."""
    default = {"http": 80, "https": 443}[scheme]
    plain = f"{scheme}://{host}:{port or default}"
    spelled = f"{scheme}://{host}" if port in (0, default) else plain
    spelled = data.draw(st.sampled_from([spelled, spelled.upper(), spelled.title()]))
    spelled += data.draw(st.sampled_from(["", "/"]))
    assert clusters.identity(spelled) == clusters.identity(plain)
    assert clusters.identity(plain) != clusters.identity(f"{scheme}://{host}x:{port or default}")
