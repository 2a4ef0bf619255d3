"""What an environment needs of its own cluster, prepared or left out for a new one."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yamls
from fcgitops.kubernetes.objects import Object
from fcgitops.trial import fit as throwaway
from fcgitops.trial.fit import Fitted, fit

GOLDEN = Path(__file__).parents[1] / "golden"
KNOWN = {
    "/ConfigMap",
    "/Namespace",
    "/Service",
    "/ServiceAccount",
    "apiextensions.k8s.io/CustomResourceDefinition",
    "apps/StatefulSet",
    "networking.k8s.io/NetworkPolicy",
    "rbac.authorization.k8s.io/ClusterRole",
    "rbac.authorization.k8s.io/ClusterRoleBinding",
}


def rendered(name: str) -> list[Object]:
    """What a golden repository's environment renders."""
    return yamls.load_all((GOLDEN / f"{name}.yaml").read_text())


def fitted(name: str, loaded: tuple[str, ...] = ()) -> tuple[list[Object], Fitted]:
    """An environment before and after."""
    objects = rendered(name)
    before = copy.deepcopy(objects)
    found = fit(objects, KNOWN, loaded)
    assert objects == before
    return objects, found


def controller(objects: list[Object]) -> dict[str, Any]:
    """FrameworkController's Pod."""
    (found,) = (o for o in objects if o["kind"] == "StatefulSet")
    pod: dict[str, Any] = found["spec"]["template"]["spec"]
    return pod


@pytest.mark.parametrize(
    "name", ["hardened/rendered/dev", "hardened/rendered/prod", "upstream/rendered/dev"]
)
def test_a_plain_environment_is_applied_as_it_is(name: str) -> None:
    """Nothing is changed, prepared or told."""
    objects, found = fitted(name)

    assert found == Fitted(objects)


def test_another_api_server_is_not_talked_to() -> None:
    """The Pod loses its variables, and the kubeconfig's volume, which has no Secret here."""
    _, found = fitted("hardened/rendered/kubeconfig")

    pod = controller(found.objects)
    assert pod["containers"][0]["env"] == []
    assert pod["containers"][0]["volumeMounts"] == []
    assert pod["volumes"] == []
    assert pod["automountServiceAccountToken"] is True
    (binding,) = (o for o in found.objects if o["kind"] == "ClusterRoleBinding")
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": "frameworkcontroller",
         "namespace": "frameworkcontroller"}
    ]  # fmt: skip
    assert found.notes == ["left out of the Pod: KUBECONFIG"]


@pytest.mark.parametrize(
    ("text", "left", "note"),
    [
        (
            "kubeApiServerAddress: https://10.0.0.1\nworkerNumber: 7\n",
            {"workerNumber": 7},
            "left out of frameworkcontroller.yaml: kubeApiServerAddress",
        ),
        (
            "kubeConfigFilePath: /a\nkubeApiServerAddress: b\nworkerNumber: 7\n",
            {"workerNumber": 7},
            "left out of frameworkcontroller.yaml: kubeApiServerAddress, kubeConfigFilePath",
        ),
    ],
)
def test_nor_by_way_of_the_configuration(text: str, left: dict[str, Any], note: str) -> None:
    """FrameworkController's file has settings for it, too."""
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"},
              "data": {"frameworkcontroller.yaml": text}}  # fmt: skip
    found = fit([config], KNOWN, ())

    assert yamls.load(found.objects[0]["data"]["frameworkcontroller.yaml"]) == left
    assert found.notes == [note]


@pytest.mark.parametrize("text", ["# kubeConfigFilePath: /a\nworkerNumber: 7\n", "workerNumber: 7"])
def test_any_other_configuration_stays_to_the_letter(text: str) -> None:
    """Comments included."""
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"},
              "data": {"frameworkcontroller.yaml": text}}  # fmt: skip

    assert fit([config], KNOWN, ()) == Fitted([config])


def test_a_kind_that_the_cluster_does_not_know_is_left_out() -> None:
    """And told by name; a kind whose CRD comes with it is known."""
    _, found = fitted("hardened/rendered/cilium")
    crd = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
           "metadata": {"name": "as.b.c"},
           "spec": {"group": "b.c", "names": {"kind": "A"}}}  # fmt: skip
    one = {"apiVersion": "b.c/v1", "kind": "A", "metadata": {"name": "x"}}

    assert not [o for o in found.objects if o["kind"] == "CiliumNetworkPolicy"]
    assert (
        "left out, as kind does not know cilium.io/v2: "
        "CiliumNetworkPolicy frameworkcontroller-egress"
    ) in found.notes
    assert fit([one, crd], KNOWN, ()).objects == [one, crd]
    assert fit([one], KNOWN, ()).objects == []


def test_nodes_and_classes_are_prepared() -> None:
    """For nodeSelector and priorityClassName; Kubernetes' own classes are there."""
    _, found = fitted("upstream/rendered/every-key")
    _, priority = fitted("upstream/rendered/priority")

    assert found.node_labels == controller(rendered("upstream/rendered/every-key"))["nodeSelector"]
    (wanted,) = {controller(priority.objects)["priorityClassName"]}
    classes = [o["metadata"]["name"] for o in priority.prepared if o["kind"] == "PriorityClass"]
    assert classes == ([] if wanted.startswith("system-") else [wanted])


def test_a_namespace_that_git_takes_for_granted_is_prepared() -> None:
    """As with `upstream` in a namespace of its own; `default` is always there."""
    service = {"apiVersion": "v1", "kind": "Service",
               "metadata": {"name": "a", "namespace": "ml"}}  # fmt: skip
    found = fit([service], KNOWN, ())

    assert found.prepared == [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ml"}}]
    _, hardened = fitted("hardened/rendered/dev")
    assert hardened.prepared == []


def test_a_policy_for_egress_stays_and_another_lets_out() -> None:
    """Policies add up: a network that enforces them would hold the Pod from kind's API server."""
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "e", "namespace": "default"},
        "spec": {"podSelector": {"matchLabels": {"app": "x"}}, "policyTypes": ["Egress"]},
    }
    found = fit([policy], KNOWN, ())

    assert found.objects == [policy]
    assert found.prepared[0]["metadata"] == {"name": "e-kind", "namespace": "default"}
    assert found.prepared[0]["spec"] == {
        "podSelector": {"matchLabels": {"app": "x"}},
        "policyTypes": ["Egress"],
        "egress": [{}],
    }
    assert len(found.notes) == 1


def test_a_loaded_image_is_not_asked_for_at_a_registry() -> None:
    """Kubernetes asks for `latest` each time, unless it is told not to."""
    name = "frameworkcontroller/frameworkcontroller"
    _, found = fitted("upstream/rendered/dev", (name,))
    _, other = fitted("upstream/rendered/dev", ("busybox",))

    assert controller(found.objects)["containers"][0]["imagePullPolicy"] == "IfNotPresent"
    assert "imagePullPolicy" not in controller(other.objects)["containers"][0]


def test_a_controller_without_a_replica_gets_one() -> None:
    """Else there would be nothing to test."""
    objects = rendered("hardened/rendered/dev")
    for item in objects:
        if item["kind"] == "StatefulSet":
            item["spec"]["replicas"] = 0
    found = fit(objects, KNOWN, ())

    (replicas,) = [o["spec"]["replicas"] for o in found.objects if o["kind"] == "StatefulSet"]
    assert replicas == 1
    assert found.notes == ["the StatefulSet has no replica; here it has one"]


def test_images_of_all_that_makes_pods() -> None:
    """Each once; init containers too."""
    pod = {"initContainers": [{"image": "a"}], "containers": [{"image": "b"}, {"image": "a"}]}
    objects = [
        {"kind": "Pod", "spec": {"containers": [{"image": "c"}]}},
        {"kind": "Job", "spec": {"template": {"spec": pod}}},
        {"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": {"spec": pod}}}}},
        {"kind": "ConfigMap"},
        {"kind": "Certificate", "spec": {"template": None}},
    ]

    assert throwaway.images(objects) == ["c", "a", "b"]
