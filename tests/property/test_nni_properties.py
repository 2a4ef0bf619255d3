"""For any share, any experiment's folder and any answers: what is accepted arrives unchanged."""

from __future__ import annotations

import base64
import functools
import ipaddress
import re
import string
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from examples import examples
from fcgitops.core.errors import InputError
from fcgitops.manifests import nni_environment, nni_experiment, overlay
from fcgitops.model import environment, experiment, storage
from fcgitops.model.experiment import Experiment
from fcgitops.programs import kustomize
from fcgitops.text import keypaths, yamlio
from fcgitops.text.tree import Tree, read_tree
from hypothesis import example, given
from hypothesis import strategies as st
from renderers import pinned

COMPONENT = Path(__file__).parents[2] / "{{cookiecutter.repo_slug}}/components/nni"
NFS = {"nni.namespace": "nni", "nni.storage": "nfs://10.0.0.2/exports/nni"}
read = functools.partial(yaml.load, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))

odd = st.sampled_from(list("-._~/$(){}'\"`\\\n\r\t\0 :#&*!|<>%@?;=+[],^\u200b\u202e\u0660é"))
plain = st.sampled_from(string.ascii_letters + string.digits + "-./")
tail = st.lists(st.one_of(plain, plain, odd), max_size=12).map("".join)
urls = st.one_of(
    st.builds("{}{}{}".format, st.sampled_from(["nfs://nas/", "nfs://", "NFS://n/", " nfs://n/"]),
              tail, tail),
    st.builds("azure://{}/{}?keyVault={}&key={}".format,
              st.one_of(st.just("abc"), tail), st.one_of(st.just("abc"), tail), tail, tail),
    st.builds("azure://abc/abc?keyVault=ab&key=cd{}".format, tail),
    st.text(max_size=20),
)  # fmt: skip


@pytest.mark.slow
@examples(400)
@given(urls)
@example("nfs://nas/a?")
@example("nfs://nas/a\n")
@example("azure://abc/abc?keyVault=a%0Ab&key=cd")
@example("azure://abc/abc?keyVault=ab&key=cd#")
@example("nfs://[::1]/a")
def test_a_share(url: str) -> None:
    """What is accepted is harmless in a shell's word, a path and YAML; the rest is one line."""
    wrong = storage.check(url)
    assert wrong.isprintable()
    if wrong:
        return
    share = storage.parse(url)
    address = (
        share.config().get("server", "").strip("[]")
    )  # an IPv6 address alone stands in brackets
    plain_url = url.replace(f"[{address}]", "host", 1) if ":" in address else url
    assert not set(plain_url) & set(" \t\n\r\0'\"`$(){}[]\\|;<>*!~^,")
    for value in share.config().values():
        if value == f"[{address}]" or (value == address and ":" in address):
            assert ipaddress.IPv6Address(address)
            continue
        assert re.fullmatch(r"/?[A-Za-z0-9][-A-Za-z0-9._/]*|/[-A-Za-z0-9._/]*", value), value
        assert ".." not in value.split("/")
    env = environment.environment("prod", NFS | {"nni.storage": url}, {}, "hardened", "f")
    source = overlay.source(
        "prod", NFS | {"nni.storage": url}, environment.default_values("hardened")
    )
    assert read(source)["nni"]["storage"] == url
    made = nni_experiment.files(Experiment("m", "prod"), env, {"experiment.yaml": b""}, {})
    if isinstance(share, storage.Nfs):
        volumes = read(made["job.yaml"])["spec"]["template"]["spec"]["volumes"]
        assert volumes[-1]["nfs"] == {"server": share.server, "path": share.path}


words = st.sampled_from(
    ["a", "b.py", "null", "true", "1e3", "0x10", "2001-01-01", "~x", "-", "-x", "_", "A", "a.b",
     "=", "y", "on", "1_000", "run", "work.yaml", "pod", "component", "x y", "ü"]
)  # fmt: skip
paths = st.lists(words, min_size=1, max_size=3).map("/".join)
contents = st.one_of(
    st.binary(max_size=64),
    st.text(max_size=64).map(str.encode),
    st.sampled_from(
        [b"", b"\n", b"\n\n", b" \n", b"\t\n x", b"a\r\nb\r\n", b"\xef\xbb\xbfa", b"a\0b",
         b"\xff\xfe",
         b"- a: {{ b }}\n# c\n", b"$(A) ${B} $C", b"---\n...\n", "\x85\u2028\u2029".encode(),
         b"  two\n one\n", b"x" * 5000, b"%YAML 1.1\n", b"'\"\\", b"\x7f\x1b[0m"]
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def program() -> kustomize.Kustomize:
    """The pinned kustomize."""
    return pinned()


@examples(60)
@given(folder=st.dictionaries(paths, contents, max_size=6))
def test_the_manager_finds_every_file(folder: Tree, program: kustomize.Kustomize) -> None:
    """Any folder that is accepted is built, and holds each byte at the path that is mounted."""
    inputs = {"experiment.yaml": b"a: 1\n"} | {
        path: data
        for path, data in folder.items()
        if not any(other != path and f"{other}/".startswith(f"{path}/") for other in folder)
    }
    inputs = experiment.inputs(inputs)
    if problems := experiment.check_inputs(inputs, "d"):
        assert all(str(problem).isprintable() for problem in problems)
        return
    env = environment.environment("prod", NFS, {}, "hardened", "f")
    files = nni_experiment.files(Experiment("m", "prod"), env, inputs, read_tree(COMPONENT))
    with tempfile.TemporaryDirectory() as temporary:
        for path, data in {
            **{f"experiments/m/{path}": data for path, data in {**inputs, **files}.items()},
            **{f"components/nni/{path}": data for path, data in read_tree(COMPONENT).items()},
        }.items():
            file = Path(temporary, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        objects = yamlio.load_all(program.build(Path(temporary, "experiments/m")))
    maps = {o["metadata"]["name"]: o for o in objects if o["kind"] == "ConfigMap"}
    (found,) = [o for o in objects if o["kind"] == "Job"]
    pod = found["spec"]["template"]["spec"]
    (volume,) = [v["configMap"] for v in pod["volumes"] if v["name"] == "files"]
    holder = maps[volume["name"]]
    values = {key: text.encode() for key, text in holder.get("data", {}).items()}
    values |= {key: base64.b64decode(text) for key, text in holder.get("binaryData", {}).items()}
    assert {item["path"]: values[item["key"]] for item in volume["items"]} == inputs
    assert len(values) == len(inputs)
    assert found["metadata"]["name"].startswith("m-run-")


label = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True)
amounts = st.one_of(
    st.integers(0, 10**12),
    st.from_regex(r"[0-9]{1,4}(\.[0-9]{1,3})?(m|k|M|G|Ki|Mi|Gi)?", fullmatch=True),
)  # fmt: skip
resources = st.dictionaries(
    st.sampled_from(["cpu", "memory", "nvidia.com/gpu", "ephemeral-storage"]), amounts, max_size=3
)
answers = st.fixed_dictionaries(
    {
        "nni.namespace": label,
        "nni.storage": st.sampled_from(
            ["nfs://nas/", "nfs://10.0.0.2/a.b/c_d", "azure://abc/abc?keyVault=ab&key=cd"]
        ),
    },
    optional={
        "nni.pullSecrets": st.lists(label, max_size=3, unique=True),
        "nni.uiFrom": st.lists(label, max_size=3, unique=True),
        "nni.quota": st.dictionaries(
            st.sampled_from(["pods", "requests.cpu", "limits.memory", "count/jobs.batch"]),
            amounts, max_size=3,
        ),
        "nni.limits": st.dictionaries(
            st.sampled_from(["default", "defaultRequest", "min", "max"]), resources, max_size=3
        ),
    },
)  # fmt: skip


@pytest.mark.slow
@examples(150)
@given(answers)
def test_an_environments_keys(wanted: dict[str, Any]) -> None:
    """They read back from environment.yaml; what is made of them is YAML of those very values."""
    text = overlay.source("prod", wanted, environment.default_values("hardened"))
    flat, problems = keypaths.flatten(yamlio.load(text.encode(), "f"), "f", environment.KEYS)
    assert not problems
    assert {path: flat[path] for path in wanted if wanted[path]} == {
        path: value for path, value in wanted.items() if value
    }
    try:
        env = environment.environment("prod", flat, {}, "hardened", "f")
    except InputError as error:
        assert all(str(problem).isprintable() for problem in error.problems)
        return
    made = nni_environment.files(env)
    objects = [o for data in made.values() for o in yaml.load_all(data, yaml.CSafeLoader)]
    found = {o["kind"]: o for o in objects}
    assert found["Namespace"]["metadata"]["name"] == wanted["nni.namespace"]
    assert found["Kustomization"]["namespace"] == wanted["nni.namespace"]
    hard = found.get("ResourceQuota", {"spec": {"hard": {}}})["spec"]["hard"]
    assert hard == {key: str(value) for key, value in wanted.get("nni.quota", {}).items()}
    secrets = [item["name"] for item in found["ServiceAccount"].get("imagePullSecrets", [])]
    assert secrets == wanted.get("nni.pullSecrets", [])
