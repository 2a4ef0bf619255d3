"""What an environment takes for granted of its own cluster, and a new, empty one does not have.

The objects stay as Git has them wherever the cluster can be prepared instead. They are changed
only where they would lead to another cluster, or could not start at all; each change is told.
Pure functions of the rendered objects.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from fcgitops.kubernetes.objects import Object
from fcgitops.manifests import overlay
from fcgitops.model import layout

API_SERVER_VARIABLES = ("KUBE_APISERVER_ADDRESS", "KUBECONFIG")
API_SERVER_SETTINGS = ("kubeApiServerAddress", "kubeConfigFilePath")
"""By what FrameworkController is told of another API server: its environment, or its file."""
BUILT_IN_PRIORITY = "system-"
"""What the names of Kubernetes' own PriorityClasses begin with; nobody else's may."""


@dataclass
class Fitted:
    """An environment for a throw-away cluster."""

    objects: list[Object]
    """What is applied in its place."""
    prepared: list[Object] = field(default_factory=list)
    """What the cluster is given besides."""
    node_labels: dict[str, str] = field(default_factory=dict)
    """Labels that its nodes get."""
    notes: list[str] = field(default_factory=list)
    """What differs from Git, a sentence each."""


def fit(objects: Iterable[Object], known: Collection[str], loaded: Collection[str]) -> Fitted:
    """The environment, so that a new cluster with nobody else's parts can run it.

    Args:
        objects: what kustomize rendered.
        known: GROUP/KIND of what the cluster serves, such as `apps/StatefulSet` or `/Pod`.
        loaded: the images, as the objects name them, that its nodes have been given.
    """
    fitted = Fitted([copy.deepcopy(o) for o in objects])
    _leave_out_unknown(fitted, known)
    _add_namespaces(fitted)
    for item in fitted.objects:
        if item["kind"] == "ConfigMap":
            _talk_to_own_server(fitted, item)
        for pod in _pods(item):
            _fit_pod(fitted, pod, loaded)
    for item in fitted.objects:
        if item["kind"] == "StatefulSet" and item["spec"].get("replicas") == 0:
            item["spec"]["replicas"] = 1
            fitted.notes.append("the StatefulSet has no replica; here it has one")
    _bind(fitted)
    _let_out(fitted)
    return fitted


def images(objects: Iterable[Object]) -> list[str]:
    """The images of all containers, each once."""
    found = (
        container["image"]
        for item in objects
        for pod in _pods(item)
        for container in (*pod.get("initContainers", ()), *pod.get("containers", ()))
        if container.get("image")
    )
    return list(dict.fromkeys(found))


def _pods(item: Object) -> Iterator[dict[str, Any]]:
    """The Pod spec of a Pod, or of what makes Pods."""
    spec = item.get("spec") or {}
    if item["kind"] == "Pod":
        yield spec
    elif item["kind"] == "CronJob":
        yield spec["jobTemplate"]["spec"]["template"]["spec"]
    elif "template" in spec and "spec" in (spec["template"] or {}):
        yield spec["template"]["spec"]


def group_kind(item: Object) -> str:
    """GROUP/KIND of an object, whatever its version."""
    group, _, _ = item["apiVersion"].rpartition("/")
    return f"{group}/{item['kind']}"


def _leave_out_unknown(fitted: Fitted, known: Collection[str]) -> None:
    own = {
        f"{item['spec']['group']}/{item['spec']['names']['kind']}"
        for item in fitted.objects
        if item["kind"] == "CustomResourceDefinition"
    }
    served = {*known, *own}
    for item in fitted.objects:
        if group_kind(item) not in served:
            name = f"{item['kind']} {item['metadata']['name']}"
            fitted.notes.append(f"left out, as kind does not know {item['apiVersion']}: {name}")
    fitted.objects = [item for item in fitted.objects if group_kind(item) in served]


def _add_namespaces(fitted: Fitted) -> None:
    """Prepares the namespaces that its objects are in, and that it does not render."""
    there = {o["metadata"]["name"] for o in fitted.objects if o["kind"] == "Namespace"}
    needed = {o["metadata"].get("namespace", "default") for o in fitted.objects}
    for name in sorted(needed - there - {"default"}):
        fitted.prepared.append(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        )


def _talk_to_own_server(fitted: Fitted, config_map: Object) -> None:
    """FrameworkController's file must not lead to the environment's real API server."""
    from fcgitops.text import yamlio  # noqa: PLC0415 - only customized environments need it

    text = (config_map.get("data") or {}).get(layout.CONFIG_FILE)
    if text is None or not any(key in text for key in API_SERVER_SETTINGS):
        return
    settings = yamlio.load(text.encode(), layout.CONFIG_FILE)
    found = [key for key in API_SERVER_SETTINGS if key in (settings or {})]
    if found:
        kept = {key: value for key, value in settings.items() if key not in found}
        config_map["data"][layout.CONFIG_FILE] = yamlio.dump(kept)
        fitted.notes.append(f"left out of {layout.CONFIG_FILE}: {', '.join(found)}")


def _fit_pod(fitted: Fitted, pod: dict[str, Any], loaded: Collection[str]) -> None:
    for container in pod.get("containers", ()):
        variables = container.get("env") or []
        found = [v["name"] for v in variables if v["name"] in API_SERVER_VARIABLES]
        if found:
            container["env"] = [v for v in variables if v["name"] not in found]
            _drop_kubeconfig(pod, container)
            fitted.notes.append(f"left out of the Pod: {', '.join(found)}")
        # Kubernetes asks the registry for :latest each time, by default.
        if container.get("image") in loaded and "imagePullPolicy" not in container:
            container["imagePullPolicy"] = "IfNotPresent"
    fitted.node_labels |= pod.get("nodeSelector") or {}
    priority = pod.get("priorityClassName", "")
    if priority and not priority.startswith(BUILT_IN_PRIORITY):
        fitted.prepared.append(
            {
                "apiVersion": "scheduling.k8s.io/v1",
                "kind": "PriorityClass",
                "metadata": {"name": priority},
                "value": 1000,
            }
        )


def _drop_kubeconfig(pod: dict[str, Any], container: dict[str, Any]) -> None:
    """The volume of a Secret that is not there, without which the Pod would not start.

    Here it is its ServiceAccount, whose token it then needs.
    """
    pod["automountServiceAccountToken"] = True
    for owner, key in ((container, "volumeMounts"), (pod, "volumes")):
        if key in owner:
            owner[key] = [item for item in owner[key] if item["name"] != overlay.KUBECONFIG_VOLUME]


def _bind(fitted: Fitted) -> None:
    """FrameworkController's account, where a kubeconfig has taken its place."""
    (namespace,) = {
        o["metadata"].get("namespace", "default")
        for o in fitted.objects
        if o["kind"] == "StatefulSet" and o["metadata"]["name"] == overlay.NAME
    } or {"default"}
    for item in fitted.objects:
        if item["kind"] == "ClusterRoleBinding" and not item.get("subjects"):
            subject = {"kind": "ServiceAccount", "name": overlay.NAME, "namespace": namespace}
            item["subjects"] = [subject]


def _let_out(fitted: Fitted) -> None:
    """Policies add up: one more lets FrameworkController out to this cluster's API server."""
    for item in list(fitted.objects):
        spec = item.get("spec") or {}
        if item["kind"] == "NetworkPolicy" and "Egress" in spec.get("policyTypes", ()):
            metadata = {
                "name": f"{item['metadata']['name']}-kind",
                "namespace": item["metadata"].get("namespace", "default"),
            }
            policy: dict[str, Any] = {
                "podSelector": spec.get("podSelector") or {},
                "policyTypes": ["Egress"],
                "egress": [{}],
            }
            fitted.prepared.append(
                {
                    "apiVersion": "networking.k8s.io/v1",
                    "kind": "NetworkPolicy",
                    "metadata": metadata,
                    "spec": policy,
                }
            )
            fitted.notes.append(
                f"NetworkPolicy {item['metadata']['name']} limits nothing here: "
                "kind's API server has another address"
            )
