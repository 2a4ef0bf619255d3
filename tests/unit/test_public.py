"""Inputs from public reports that 0.1.0 got wrong, in tests/data/public: what is right of each."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import pytest
from conftest import Fcgitops
from gitenv import committed, git, state, write

PUBLIC = Path(__file__).parents[1] / "data" / "public"


def script(name: str) -> list[list[str]]:
    """The arguments of each `$F …` in a script."""
    lines = (PUBLIC / name).read_text().splitlines()
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("$F")]


def test_tolerations_that_the_api_server_refuses(repository: Path, fcgitops: Fcgitops) -> None:
    """08: by core/v1's rules, before the commit."""
    before = state(repository)
    said = {
        "t1": "[0].value: is not allowed: with the operator Exists",
        "t2": "[0].effect: 'NoSchedule': must be NoExecute with tolerationSeconds",
        "t3": "[0].operator: nothing: must be Exists without a key: it tolerates every taint",
        "t4": "[0].key: 'a b': must be letters, digits",
        "t5": "[0].value: 'x y': must be letters, digits",
    }
    for (_, name, *options), wrong in zip(script("08-tolerations.sh"), said.values(), strict=True):
        ran = fcgitops("-C", repository, "overlay", name, *options, status=2)
        assert f"error: environment {name!r}: tolerations: {wrong}" in ran.err
    assert state(repository) == before


def test_quotas_and_limits(repository: Path, fcgitops: Fcgitops) -> None:
    """09: what the API server refuses, and what it takes and counts nothing of."""
    before = state(repository)
    said = {
        "q1": "nni.quota: gpu: the name gpu must be a standard resource, or example.com/name",
        "q2": "nni.quota: [nvidia.com/gpu]: nvidia.com/gpu counts nothing: requests.nvidia.com/gpu",
        "q3": "nni.limits: default.cpu: default of cpu is more than max",
        "q4": "nni.limits: defaultRequest.cpu: defaultRequest of cpu is more than default",
        "q5": "nni.limits: min.cpu: min of cpu is more than max",
        "q6": "nni.limits: default.gpu: the name gpu must be a standard resource",
    }
    nni = ["--set", "nni.namespace=nni", "--set", "nni.storage=nfs://10.0.0.2/x"]
    calls = script("09-quota-and-limits.sh")
    for (_, name, *options), wrong in zip(calls, said.values(), strict=True):
        ran = fcgitops("-C", repository, "overlay", name, *nni, *options, status=2)
        assert f"error: environment {name!r}: {wrong}" in ran.err
    assert state(repository) == before


def test_registries(repository: Path, fcgitops: Fcgitops) -> None:
    """11: a namespace of Docker Hub and a port that is none are refused; IPv6 is taken."""
    hub, port, right = script("11-registries.sh")
    ran = fcgitops("-C", repository, *hub, status=2)
    assert "image.registry: 'registry' without a dot or a port is a namespace of Docker" in ran.err
    ran = fcgitops("-C", repository, *port, status=2)
    assert "image.registry: 'registry.example.com:99999' is not valid (HOST[:PORT]" in ran.err
    fcgitops("-C", repository, *right)

    built = fcgitops("-C", repository, "build", "r3").out
    image = "image: '[fd00::5]:5000/frameworkcontroller/frameworkcontroller:v1.0.0'"
    assert image in built
    fcgitops("-C", repository, "verify", "r3")


def test_a_selector_by_local(repository: Path, fcgitops: Fcgitops) -> None:
    """13: the selector of a StatefulSet that is there cannot change; a label in its Pod can."""
    local = repository / "overlays/prod/local/kustomization.yaml"
    shutil.copy(PUBLIC / "13-selector-by-local.yaml", local)
    ran = fcgitops("-C", repository, "verify", "prod", status=1)
    place = "overlays/prod/local/kustomization.yaml:4: StatefulSet frameworkcontroller"
    what = f"FCG42: {place}: spec.selector: is app=frameworkcontroller, team"
    assert ran.out.startswith(f"prod: {what}")
    assert "{includeTemplates: true} instead of includeSelectors" in ran.out
    local.write_text(local.read_text().replace("includeSelectors", "includeTemplates"))
    assert fcgitops("-C", repository, "verify", "prod").out == ""


def test_an_api_server_that_is_the_pod_itself(repository: Path, fcgitops: Fcgitops) -> None:
    """07: a hazard of the file; refused as a key, and in a file that is taken over."""
    file = PUBLIC / "07-loopback-api-server.yaml"
    ran = fcgitops("config", "check", file, status=1)
    assert f"{file}:1: hazard: FCC26: kubeApiServerAddress: is 'https://localhost:40443'" in ran.out
    assert "FCC26" in fcgitops("-C", repository, "overlay", "prod", "--config", file, status=2).err
    for pair in ("apiServer.address=http://localhost:8080", "kubeApiServerAddress=http://[::1]"):
        ran = fcgitops("-C", repository, "overlay", "prod", "--set", pair, status=2)
        assert "FrameworkController's" in ran.err
        assert "Pod" in ran.err


NNI = {
    "01-nni1-experiment.yaml": ("NNI07", "reject"),
    "02-nested-without-name.yaml": ("NNI44", "hazard"),
    "04-nfs-server-is-a-url.yaml": ("NNI25", "hazard"),
    "05-service-account-default.yaml": ("NNI26", "hazard"),
}


@pytest.mark.parametrize("name", NNI)
def test_experiment_files(name: str, fcgitops: Fcgitops, tmp_path: Path) -> None:
    """01, 02, 04, 05: one mistake, and its rule."""
    shutil.copy(PUBLIC / name, tmp_path)
    write(tmp_path, {"a.py": "", "search_space.json": "{}"})
    ran = fcgitops("nni", "check", "--format", "json", tmp_path / name, status=1)
    (judged,) = json.loads(ran.out)
    found = {(f["rule"], f["severity"]) for f in judged["findings"] if f["severity"] != "info"}
    assert (found, judged["verdict"]) == ({NNI[name]}, NNI[name][1])


def test_a_config_map_for_its_file(repository: Path, fcgitops: Fcgitops) -> None:
    """06: one finding that names the text; taken over, it is taken out."""
    file = PUBLIC / "06-configmap-as-config.yaml"
    (found,) = json.loads(fcgitops("config", "check", "--format", "json", file, status=1).out)
    assert [finding["rule"] for finding in found["findings"]] == ["FCC06"]
    ran = fcgitops("-C", repository, "overlay", "prod", "--config", file)
    assert f"note: {file} is a ConfigMap: its data.frameworkcontroller.yaml is taken" in ran.err

    source = committed(repository)["overlays/prod/environment.yaml"]
    assert source.endswith("settings:\n  workerNumber: 500")
    assert git(repository, "status", "--porcelain") == ""
    assert "note: " in fcgitops("config", "merge", file).err
