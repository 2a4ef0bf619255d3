"""Of a Pod that somebody has made, whatever no key says is as it was afterwards, or is named."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from examples import examples
from fcgitops.core.errors import InputError
from hypothesis import assume, given
from hypothesis import strategies as st
from test_adoption_properties import adopted, names, root  # noqa: F401 - the fixture

some = st.sampled_from
variables = st.lists(
    st.one_of(
        st.fixed_dictionaries({"name": some(["A", "B"]), "value": names}),
        st.just({"name": "KUBECONFIG", "value": "/x/config"}),
        st.just({"name": "C", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "k"}}}),
        st.just({"name": "KUBE_APISERVER_ADDRESS", "value": "http://10.0.0.1:8080"}),
    ),
    max_size=3, unique_by=lambda variable: variable["name"],
)  # fmt: skip
VOLUMES: dict[str, Any] = {
    "plain": {"emptyDir": {}},
    "kubeconfig": {"emptyDir": {"medium": "Memory"}},
    "frameworkcontroller-config": {"hostPath": {"path": "/x", "type": "Directory"}},
    "cfg": {"configMap": {"name": "settings"}},
    "again": {"configMap": {"name": "settings", "items": [{"key": "fc.yaml", "path": "q.yaml"}]}},
    "both": {"projected": {"sources": [{"configMap": {"name": "settings"}}]}},
}
mounts = st.lists(some(sorted(VOLUMES)), unique=True, max_size=3).map(
    lambda found: [{"name": name, "mountPath": f"/{name}"} for name in found]
)
containers = st.fixed_dictionaries(
    {"image": some(["a:1", "b"]), "volumeMounts": mounts},
    optional={
        "env": variables,
        "ports": st.just([{"containerPort": 1}, {"containerPort": 1, "protocol": "UDP"}]),
        "livenessProbe": some([{"exec": {"command": ["true"]}}, {"httpGet": {"port": 80}}]),
        "readinessProbe": some([{"tcpSocket": {"port": 80}, "periodSeconds": 3}]),
        "securityContext": some([{}, {"runAsUser": 0}, {"privileged": True}]),
        "resources": some([{"limits": {"cpu": "1"}}, {"requests": {"memory": "1Gi"}}]),
        "envFrom": st.just([{"configMapRef": {"name": "settings"}}]),
    },
)
term = {"topologyKey": "zone", "labelSelector": {"matchLabels": {"app": "frameworkcontroller"}}}
rule = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
pods = st.fixed_dictionaries(
    {},
    optional={
        "affinity": st.just(rule),
        "nodeSelector": st.dictionaries(names, names, max_size=2),
        "hostAliases": st.just([{"ip": "10.0.0.1", "hostnames": ["a"]}]),
        "terminationGracePeriodSeconds": some([0, 30, 99]),
        "securityContext": some([{"fsGroup": 5}, {"runAsNonRoot": False}]),
        "enableServiceLinks": st.booleans(),
    },
)
STARTS: list[list[str] | None] = [
    None,
    ["./start.sh"],
    ["bash", "-c", "cp /cfg/fc.yaml ./frameworkcontroller.yaml && ./start.sh"],
    ["sh", "-c", "cp /again/q.yaml frameworkcontroller.yaml; exec ./frameworkcontroller"],
    ["of", "its", "own"],
]
HARDENED = (
    "securityContext", "resources", "readinessProbe", "terminationGracePeriodSeconds",
    "terminationMessagePolicy", "enableServiceLinks", "automountServiceAccountToken", "labels",
    "podManagementPolicy", "workingDir", "command",
)  # fmt: skip
"""What that profile has in its own way."""
FILE = ("command", "volumeMounts", "volumes")
"""What changes with the name of the ConfigMap that has FrameworkController's file."""


def stateful_set(pod: dict[str, Any], start: list[str] | None, those: list[Any]) -> Any:
    """One that runs FrameworkController in the second container, or in the only one."""
    listed = [{"name": f"c{number}", **each} for number, each in enumerate(those)]
    own = listed[min(1, len(listed) - 1)]
    own |= {"name": "frameworkcontroller", "image": "frameworkcontroller:v1.0.0"}
    own |= {"command": start} if start else {}
    used = {mount["name"] for each in listed for mount in each["volumeMounts"]}
    volumes = [{"name": name, **VOLUMES[name]} for name in sorted(used)]
    labels = {"app": "frameworkcontroller"}
    template = {"metadata": {"labels": labels},
                "spec": {**pod, "containers": listed, "volumes": volumes}}  # fmt: skip
    spec = {"serviceName": "frameworkcontroller", "selector": {"matchLabels": labels}}
    return {"apiVersion": "apps/v1", "kind": "StatefulSet",
            "metadata": {"name": "frameworkcontroller", "namespace": "fc"},
            "spec": {**spec, "template": template}}  # fmt: skip


@pytest.mark.slow
@examples(40)
@given(pod=pods, start=some(STARTS), those=st.lists(containers, min_size=1, max_size=3))
def test_what_no_key_says_is_kept(
    root: Path,  # noqa: F811
    pod: dict[str, Any],
    start: list[str] | None,
    those: list[Any],
) -> None:
    """In its order, too; but for what the profile and the ConfigMap's name ask for."""
    data = {"fc.yaml": "workerNumber: 9", "k": "v"}
    metadata = {"name": "settings", "namespace": "fc"}
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
    try:
        found = adopted(root, [stateful_set(pod, start, those), config_map])
    except InputError:
        assume(False)
    own = FILE if found.environment.variant == "customized-config" else ()
    own += HARDENED if found.profile == "hardened" else ()
    named = " ".join(each.what for each in found.left_out)
    for changed in found.outcome.objects:
        for field in changed.fields if changed.label.startswith("StatefulSet") else ():
            of_a_name = re.findall(r"\[([^\]]*)\]\Z", field.path)
            known = any(word in field.path for word in own) or "settings" in str(field)
            renamed = any(name in field.path for name in ("frameworkcontroller-config", "kubeconf"))
            assert known or renamed or (of_a_name and of_a_name[0] in named), field
    assert not [each for each in found.left_out if "whatever is patched" in each.why]
