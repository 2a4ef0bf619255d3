"""`adopt` keeps what no key says as it was: orders, Services, other keys and other readers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import CopyOf, Fcgitops
from fcgitops.adopt import recognition
from fcgitops.adopt.patching import operations
from fcgitops.adopt.starting import start_of
from fcgitops.text import yamlio
from gitenv import git, write
from test_adopt import OURS_BY_NAME, controller, kept, kustomized, read_as, refused

COPY = "cp /cfg/fc.yaml ./frameworkcontroller.yaml && ./start.sh"


@pytest.mark.parametrize(
    ("container", "is_known", "copies"),
    [
        ({}, True, ""),
        ({"command": ["./start.sh"]}, True, ""),
        ({"args": ["/opt/frameworkcontroller/frameworkcontroller/frameworkcontroller"]}, True, ""),
        ({"command": ["bash", "-c", COPY]}, True, "/cfg/fc.yaml"),
        ({"command": ["sh", "-c"], "args": [COPY.replace("&&", ";")]}, True, "/cfg/fc.yaml"),
        ({"command": ["/bin/sh", "-c", f"cp -f {COPY[3:]}"]}, True, "/cfg/fc.yaml"),
        ({"command": ["sh", "-c", "cp /c/frameworkcontroller.yaml . && exec ./start.sh"]}, True,
         "/c/frameworkcontroller.yaml"),
        ({"command": ["sh", "-c", f"set -e; {COPY}"]}, False, "/cfg/fc.yaml"),
        ({"command": ["sh", "-c", "cp /cfg/fc.yaml . && ./start.sh"]}, False, ""),
        ({"command": ["sh", "-c", "cp /cfg/fc.yaml ./other.yaml && ./start.sh"]}, False, ""),
        ({"command": ["sh", "-c", "envsubst </cfg/fc.yaml >x && ./start.sh"]}, False, ""),
        ({"command": ["sh", "-c", f"{COPY} --verbose"]}, False, "/cfg/fc.yaml"),
    ],
)  # fmt: skip
def test_how_it_starts(container: dict[str, Any], is_known: bool, copies: str) -> None:
    """By its program or its script, after a copy of its file at most; the rest is not known."""
    assert start_of(container) == (is_known, copies)


def mounting(**more: Any) -> dict[str, Any]:
    """A container that copies its file from another name."""
    mount = {"name": "cfg", "mountPath": "/cfg"}
    return {"command": ["bash", "-c", COPY], "volumeMounts": [mount], **more}


VOLUME = {"volumes": [{"name": "cfg", "configMap": {"name": "settings"}}]}


def test_a_file_that_is_copied_from_another_name() -> None:
    """It is read: hardened starts with it in its own way, upstream copies it by its new name."""
    assert kept("hardened", mounting(), VOLUME, key="fc.yaml") == {
        "containers": [{"name": "frameworkcontroller"}]
    }
    (container,) = kept("upstream", mounting(), VOLUME, key="fc.yaml")["containers"]
    assert container["command"][2] == COPY.replace("fc.yaml", "frameworkcontroller.yaml", 1)


def test_another_container_reads_the_same_volume() -> None:
    """It finds each file where it was, though ours has another name in the ConfigMap."""
    sidecar = {"name": "reload", "image": "reload", "volumeMounts": mounting()["volumeMounts"]}
    found: Any = controller(**mounting())
    found["spec"]["template"]["spec"] |= VOLUME
    found["spec"]["template"]["spec"]["containers"].insert(0, sidecar)
    for profile, name in (("hardened", "cfg"), ("upstream", OURS_BY_NAME)):
        pod = read_as_whole(profile, found)
        (volume,) = pod["volumes"]
        assert volume["configMap"].pop("name", OURS_BY_NAME) == OURS_BY_NAME
        assert volume == {
            "name": name,
            "configMap": {"items": [{"key": "frameworkcontroller.yaml", "path": "fc.yaml"}]},
        }
        assert pod["containers"][0]["volumeMounts"] == [{"name": name, "mountPath": "/cfg"}]
    assert COPY in json.dumps(pod)


def read_as_whole(profile: str, found: Any) -> Any:
    """What no key says of a Pod, beside a ConfigMap that has its file as fc.yaml."""
    pod = found["spec"]["template"]["spec"]
    changes = json.loads(json.dumps(pod["containers"][1]))
    more = {key: value for key, value in pod.items() if key != "containers"}
    keys = read_as(profile, changes, {**more, "containers": pod["containers"]}, "fc.yaml")
    return recognition.pod_of(keys.rest)


@pytest.mark.parametrize("profile", ["hardened", "upstream"])
def test_a_start_of_which_nobody_knows_the_settings(profile: str) -> None:
    """It is named: environment.yaml has none of them."""
    keys = read_as(profile, {"command": ["sh", "-c", "envsubst </x >y && ./start.sh"]}, {})
    assert [what for what, _ in keys.notes][:1] == ["command"]


@pytest.mark.parametrize(
    ("rendered", "said", "outcome"),
    [
        (["b"], ["a", "b", "c"], ["a", "b", "c"]),
        (["a", "b"], ["b", "a"], ["b", "a"]),
        (["own", "b"], ["a", "b"], ["own", "a", "b"]),
        (["b", "own"], ["a", "b", "c"], ["a", "b", "own", "c"]),
        (["own"], ["a", "b"], ["own", "a", "b"]),
    ],
)
def test_the_order_of_a_list(rendered: list[str], said: list[str], outcome: list[str]) -> None:
    """Is as it was said; what is rendered besides stays behind what it stood behind."""

    def variables(names: list[str]) -> Any:
        return controller(env=[{"name": name, "value": name} for name in names])

    after = kustomized(variables(rendered), operations(variables(rendered), variables(said)))
    (container,) = recognition.pod_of(after)["containers"]
    assert [variable["name"] for variable in container["env"]] == outcome


def test_variables() -> None:
    """Of one that is there twice Kubernetes takes the last; those of keys are in our order.

    One that another uses in between would be another one then.
    """
    twice = [{"name": "A", "value": "1"}, {"name": "B", "value": "b"}, {"name": "A", "value": "2"}]
    keys = read_as("upstream", {"env": twice}, {})
    (container,) = recognition.pod_of(keys.rest)["containers"]
    assert container["env"] == twice[1:]
    assert "env A of container fc" in dict(keys.notes)
    ours = [{"name": "KUBECONFIG", "value": "/k/c"}, {"name": "X", "value": "x"},
            {"name": "KUBE_APISERVER_ADDRESS", "value": "http://10.0.0.1"}]  # fmt: skip
    secret = {"volumes": [{"name": "k", "secret": {"secretName": "kube"}}]}
    mounts = {"volumeMounts": [{"name": "k", "mountPath": "/k"}]}
    (container,) = kept("upstream", {"env": ours, **mounts}, secret)["containers"]
    assert [variable["name"] for variable in container["env"]] == [
        "KUBE_APISERVER_ADDRESS", "X", "KUBECONFIG"
    ]  # fmt: skip
    twice[1]["value"] = "$(A)"
    assert any("another element has the same name 'A'" in s for s in refused(controller(env=twice)))


SERVICE = """\
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: fc, uid: 1f}}
spec:
  type: NodePort
  clusterIP: 10.96.1.1
  selector: {{app: fc}}
  ports: [{{port: 80, nodePort: 30080}}]
---
"""
BUDGET = """\
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: budget, namespace: fc}
spec: {maxUnavailable: 1, selector: {matchExpressions: [{key: app, operator: In, values: [fc]}]}}
---
"""
SIDECAR = {"name": "web", "image": "web", "ports": [{"containerPort": 80}],
           "env": [{"name": "KUBECONFIG", "value": "/kube/config"},
                   {"name": "API_TOKEN", "value": "hunter2"}]}  # fmt: skip
TWO_FILES = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: fc}
data: {fc.yaml: "workerNumber: 7", frameworkcontroller.yaml: "workerNumber: 9", more.txt: mine}
---
"""


MAY_LET_GO = (
    "Argo CD may apply it: a label says old, as charts do, too. If Argo CD has one of that name:",
    "kubectl --namespace argocd patch applications.argoproj.io old --type=merge "
    """'--patch={"spec":{"syncPolicy":{"automated":null}}}'""",
    "kubectl --namespace fc label statefulset/frameworkcontroller app.kubernetes.io/instance-",
)


def test_a_service_a_sidecar_and_a_second_file(
    copy_of: CopyOf, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """They come out as they were, and select the Pod by its new label; what cannot is named."""
    folder = copy_of(["new", "deploy", "--profile", "upstream"])
    start = COPY.replace("./start.sh", "exec ./frameworkcontroller")  # which `verify` takes, too
    found: Any = controller(**mounting(command=["bash", "-c", start], securityContext={}))
    labels = {"app": "fc"}
    found["spec"]["selector"]["matchLabels"] = found["spec"]["template"]["metadata"]["labels"] = (
        labels
    )
    found["spec"]["template"]["spec"] |= VOLUME
    found["spec"]["template"]["spec"]["containers"].insert(0, SIDECAR)
    services = SERVICE.format(name="frameworkcontroller") + SERVICE.format(name="web")
    found["metadata"]["labels"] = {"app.kubernetes.io/instance": "old"}
    write(tmp_path, {"all.yaml": services + BUDGET + TWO_FILES + json.dumps(found)})
    ran = fcgitops("-C", folder, "adopt", tmp_path / "all.yaml", "--name", "live")
    rendered = {
        (o["kind"], o["metadata"]["name"]): o
        for o in yamlio.load_all(fcgitops("-C", folder, "build", "live").out.encode(), "build")
    }
    pod = recognition.pod_of(rendered["StatefulSet", "frameworkcontroller"])
    assert [container["name"] for container in pod["containers"]] == ["web", "frameworkcontroller"]
    assert pod["containers"][0]["env"] == [{"name": "KUBECONFIG", "value": "/kube/config"}]
    hidden = "spec.template.spec.containers.web.env.API_TOKEN"
    assert f"  StatefulSet/frameworkcontroller: {hidden}: may be a secret" in ran.out
    assert pod["containers"][1]["securityContext"] == {}  # of which the API server makes more
    for name in ("frameworkcontroller", "web"):
        spec = rendered["Service", name]["spec"]
        assert spec == {"type": "NodePort", "selector": {"app": "frameworkcontroller"},
                        "ports": [{"port": 80, "nodePort": 30080}]}  # fmt: skip
    (words,) = rendered["PodDisruptionBudget", "budget"]["spec"]["selector"]["matchExpressions"]
    assert words["values"] == ["frameworkcontroller"]
    (data,) = (o["data"] for (kind, _), o in rendered.items() if kind == "ConfigMap")
    assert "workerNumber: 7" in data["frameworkcontroller.yaml"]
    assert data["more.txt"] == "mine"
    assert (
        "  ConfigMap/settings: data.frameworkcontroller.yaml: is not what it starts with" in ran.out
    )
    assert [f"   # {line}" in ran.out.splitlines() for line in MAY_LET_GO] == [True] * 3
    assert "[order]" not in ran.out
    assert "delete service" not in ran.out
    assert git(folder, "status", "--porcelain") == ""


def test_another_namespace(copy_of: CopyOf, fcgitops: Fcgitops, tmp_path: Path) -> None:
    """A Service gets the port of the nodes once the old one has given it back; a claim stays."""
    folder = copy_of(["new", "deploy", "--profile", "upstream"])
    found: Any = controller()
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    found["spec"]["template"]["spec"]["imagePullSecrets"] = [{"name": "pulls"}]
    found["spec"]["volumeClaimTemplates"] = [{"metadata": {"name": "logs"}, "spec": claim}]
    write(tmp_path, {"all.yaml": SERVICE.format(name="web") + json.dumps(found)})
    said = fcgitops("-C", folder, "adopt", tmp_path / "all.yaml", "--name", "live",
                    "--set", "namespace=other", "--dry-run").out  # fmt: skip
    gives_way = said.index("\n   kubectl --namespace fc delete service web\n")
    assert said.index("ends; two controllers never run") < gives_way < said.index("Push the commit")
    assert said.count("delete service web") == 1
    brought = (
        "kubectl get namespace other || kubectl create namespace other\n"
        "   kubectl --namespace fc get secret pulls --output json | "
        "jq '{apiVersion, kind, type, data, metadata: {name: .metadata.name}}' | "
        "kubectl --namespace other apply --server-side --filename -\n"
    )
    assert said.index(brought) < said.index("kubectl --namespace other get secret pulls\n")
    assert "  PersistentVolumeClaim/logs-frameworkcontroller-0: stays in fc, with what" in said
