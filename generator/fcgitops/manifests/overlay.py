"""Environment → the files of `overlays/NAME/`: pure, and the same bytes everywhere.

An environment is an overlay of its variant. It uses generators and JSON6902 patches only:
one strategic-merge patch would triple what each `kustomize build` of each sync costs.
`namespace:` stands in every layer that generates, without which kustomize leaves the
reference to the hashed ConfigMap as it is and the Pod never starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fcgitops.manifests import nni_environment
from fcgitops.model import layout
from fcgitops.model.environment import CUSTOMIZED_CONFIG, IMAGE, PROFILE_DEFAULTS, Environment
from fcgitops.model.environment import default_values as _default_values
from fcgitops.text import keypaths, yamledit, yamlio
from fcgitops.text.tree import Tree

CONFIG_MAP = "frameworkcontroller-config"
NAME = "frameworkcontroller"
EGRESS = f"{NAME}-egress"
LABELS = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/component": "controller"}
"""The labels of every object of `hardened`, and of the Pod. The selector, which cannot change,
has none of them.
https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/"""
KUBECONFIG_VOLUME = "kubeconfig"
KUBECONFIG_FOLDER = "/etc/frameworkcontroller-kubeconfig"

MADE = (
    "kustomization.yaml",
    layout.CONFIG_FILE,
    layout.EGRESS_FILE,
    *(
        f"{layout.PATCHES}/{name}.yaml"
        for name in ("clusterrolebinding", "kustomization", "statefulset")
    ),
    *nni_environment.MADE,
)
"""Every file that this version or a former one makes in an environment's folder."""

LOCAL: Tree = {
    f"{layout.LOCAL}/{layout.KUSTOMIZATION_FILE}": (
        b"# Yours: patches, resources and generators of this environment alone. fcgitops made\n"
        b"# this file once and never writes it again. It is applied after what environment.yaml\n"
        b"# sets, so it has the last word on all but the namespace and the image.\n"
        b"apiVersion: kustomize.config.k8s.io/v1alpha1\n"
        b"kind: Component\n"
        b"resources: []\n"
    )
}
"""What a new environment gets besides the generated files; the generator never writes it again."""

Operation = dict[str, Any]


def environment_files(
    environment: Environment, profile: str, configuration: str, *, retires: bool = False
) -> Tree:
    """The generated files of one environment, relative to its folder.

    Args:
        environment: what environment.yaml says.
        profile: the repository's.
        configuration: FrameworkController's file, where the environment has one.
        retires: whether retired.yaml stands beside them.
    """
    header = layout.header(environment.name, "; what it has no key for goes to local/")
    top = kustomization(environment, profile)
    if retires:
        top["resources"].append(layout.RETIRED_FILE)
    tree = {layout.KUSTOMIZATION_FILE: (header + yamlio.dump(top)).encode()}
    operations = patches(environment, profile)
    for kind in operations:
        tree[patch_path(kind)] = (header + yamlio.dump(operations[kind])).encode()
    if operations:
        component = {
            "apiVersion": "kustomize.config.k8s.io/v1alpha1",
            "kind": "Component",
            "patches": [
                {"path": Path(patch_path(kind)).name, "target": {"kind": kind, "name": NAME}}
                for kind in operations
            ],
        }
        tree[f"{layout.PATCHES}/{layout.KUSTOMIZATION_FILE}"] = (
            header + yamlio.dump(component)
        ).encode()
    if policy := egress(environment):
        tree[layout.EGRESS_FILE] = (header + yamlio.dump(policy)).encode()
    if environment.variant == CUSTOMIZED_CONFIG:
        tree[layout.CONFIG_FILE] = configuration.encode()
    return tree | nni_environment.files(environment)


def configuration(environment: Environment, variant_config: str) -> str:
    """FrameworkController's file: the environment's settings over the variant's.

    Args:
        environment: one of the variant customized-config.
        variant_config: text of the variant's own frameworkcontroller.yaml.

    Raises:
        InputError: one of the two is no YAML mapping.
    """
    from fcgitops.fcconfig import merging  # noqa: PLC0415 - only customized environments need it

    own, shipped = own_settings(environment), environment.shipped_pod_failure_spec
    return merging.merge(own, variant_config, shipped)


def own_settings(environment: Environment) -> str:
    """The YAML text of the environment's settings, or of fcgitops.yaml's default of them."""
    if environment.settings_text or not environment.settings:
        return environment.settings_text
    return yamlio.dump(environment.settings)


def kustomization(environment: Environment, profile: str) -> dict[str, Any]:
    """The overlay's kustomization as a document, keys in the order in which it shows them."""
    customized = environment.variant == CUSTOMIZED_CONFIG
    components = [f"../../components/{name}" for name in environment.components]
    if patches(environment, profile):
        components.append(layout.PATCHES)
    document: dict[str, Any] = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": environment.namespace,
        "resources": [
            f"../{environment.variant}",
            *([layout.EGRESS_FILE] if egress(environment) else []),
        ],
        "components": [*components, layout.LOCAL],
    }
    if customized:
        generator = {"name": CONFIG_MAP, "behavior": "replace", "files": [layout.CONFIG_FILE]}
        document["configMapGenerator"] = [generator]
    if image := _image(environment, profile):
        document["images"] = [image]
    return document


def patches(environment: Environment, profile: str) -> dict[str, list[Operation]]:
    """JSON6902 operations by the kind they change, empty where the environment needs none.

    They are a Component of their own because kustomize applies an overlay's own `patches`
    after its components: there they would silently win over the user's in local/.
    """
    found = {
        "StatefulSet": _stateful_set(environment, profile),
        "ClusterRoleBinding": _binding(environment, profile),
    }
    return {kind: operations for kind, operations in found.items() if operations}


def patch_path(kind: str) -> str:
    """The file of the operations on `kind`."""
    return f"{layout.PATCHES}/{kind.lower()}.yaml"


def _sorted(mapping: dict[str, str]) -> dict[str, str]:
    return dict(sorted(mapping.items()))


def _image(environment: Environment, profile: str) -> dict[str, str]:
    """The `images` entry, empty where the base's image is meant already."""
    base_tag = PROFILE_DEFAULTS[profile].get("image.tag", _default_values("hardened")["image.tag"])
    entry = {"name": IMAGE}
    if environment.image_name != IMAGE:
        entry["newName"] = environment.image_name
    # A digest alone would drop the tag that tells a reader which version it is.
    if environment.image_tag and (environment.image_tag != base_tag or environment.image_digest):
        entry["newTag"] = environment.image_tag
    if environment.image_digest:
        entry["digest"] = environment.image_digest
    return entry if len(entry) > 1 else {}


def _add(path: str, value: object) -> Operation:
    return {"op": "add", "path": path, "value": value}


def _stateful_set(environment: Environment, profile: str) -> list[Operation]:
    pod = "/spec/template/spec"
    container = f"{pod}/containers/0"
    operations = []
    variables = []
    if environment.api_address:
        variables.append({"name": "KUBE_APISERVER_ADDRESS", "value": environment.api_address})
    if environment.kubeconfig_secret:
        path = f"{KUBECONFIG_FOLDER}/{environment.kubeconfig_key}"
        variables.append({"name": "KUBECONFIG", "value": path})
    if variables:
        operations.append(_add(f"{container}/env", variables))
    if environment.kubeconfig_secret:
        mount = {"name": KUBECONFIG_VOLUME, "mountPath": KUBECONFIG_FOLDER, "readOnly": True}
        volume = {
            "name": KUBECONFIG_VOLUME,
            "secret": {"secretName": environment.kubeconfig_secret},
        }
        if environment.variant == CUSTOMIZED_CONFIG:  # it has the ConfigMap's already
            operations.append(_add(f"{container}/volumeMounts/-", mount))
            operations.append(_add(f"{pod}/volumes/-", volume))
        else:
            operations.append(_add(f"{container}/volumeMounts", [mount]))
            operations.append(_add(f"{pod}/volumes", [volume]))
        # It is whom the kubeconfig says: a token of its ServiceAccount would be a second identity.
        operations.append(_add(f"{pod}/automountServiceAccountToken", False))
    if environment.image_pull_secrets:
        secrets = [{"name": name} for name in environment.image_pull_secrets]
        operations.append(_add(f"{pod}/imagePullSecrets", secrets))
    operations += _resources(environment, profile, container)
    if environment.node_selector:
        operations.append(_add(f"{pod}/nodeSelector", _sorted(environment.node_selector)))
    if environment.tolerations:
        operations.append(_add(f"{pod}/tolerations", environment.tolerations))
    if environment.priority_class:
        operations.append(_add(f"{pod}/priorityClassName", environment.priority_class))
    operations += _labels(environment, profile)
    if environment.annotations:
        annotations = _sorted(environment.annotations)
        operations.append(_add("/spec/template/metadata/annotations", annotations))
    return operations


def _labels(environment: Environment, profile: str) -> list[Operation]:
    """Each by itself: the base's own stay, and with them the selector's."""
    if not environment.labels:
        return []
    operations = []
    places = ["/metadata", "/spec/template/metadata"]
    if profile == "upstream":  # its StatefulSet has none
        operations.append(_add("/metadata/labels", _sorted(environment.labels)))
        del places[0]
    return operations + [
        _add(f"{place}/labels/{key.replace('/', '~1')}", value)
        for place in places
        for key, value in _sorted(environment.labels).items()
    ]


def _resources(environment: Environment, profile: str, container: str) -> list[Operation]:
    if profile == "upstream" and (environment.cpu or environment.memory):  # its base has none
        requests = {
            name: value
            for name, value in (("cpu", environment.cpu), ("memory", environment.memory))
            if value
        }
        limits = {"limits": {"memory": environment.memory}} if environment.memory else {}
        return [_add(f"{container}/resources", {"requests": requests, **limits})]
    operations = []
    if environment.cpu:
        operations.append(_add(f"{container}/resources/requests/cpu", environment.cpu))
    if environment.memory:
        operations.append(_add(f"{container}/resources/requests/memory", environment.memory))
        operations.append(_add(f"{container}/resources/limits/memory", environment.memory))
    return operations


def _binding(environment: Environment, profile: str) -> list[Operation]:
    """Nobody where FrameworkController is somebody else; else its account, in its namespace.

    `upstream` binds a User by its full name, which kustomize's `namespace` leaves alone.
    """
    if environment.kubeconfig_secret:
        return [{"op": "remove", "path": "/subjects"}]
    if profile != "upstream" or environment.namespace == PROFILE_DEFAULTS[profile]["namespace"]:
        return []
    user = f"system:serviceaccount:{environment.namespace}:{NAME}"
    return [{"op": "replace", "path": "/subjects/0/name", "value": user}]


def egress(environment: Environment) -> dict[str, Any]:
    """The policy that limits outgoing traffic to the API server, empty where there is none."""
    if environment.egress_mode == "cidr":
        return _network_policy(environment)
    if environment.egress_mode == "cilium":
        return _cilium_policy(environment)
    return {}


_POD = {"matchLabels": {"app": NAME}}
_DNS_PORTS = [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]


def _network_policy(environment: Environment) -> dict[str, Any]:
    rules: list[dict[str, Any]] = [
        {
            "to": [{"ipBlock": {"cidr": endpoint["cidr"]}}],
            "ports": [{"protocol": "TCP", "port": endpoint["port"]}],
        }
        for endpoint in environment.egress_endpoints
    ]
    if environment.finds_api_server_by_name:
        kube_system = {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}
        dns = {
            "namespaceSelector": kube_system,
            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        }
        rules.append({"to": [dns], "ports": _DNS_PORTS})
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": EGRESS, "labels": LABELS},
        "spec": {"podSelector": _POD, "policyTypes": ["Egress"], "egress": rules},
    }


def _cilium_policy(environment: Environment) -> dict[str, Any]:
    """Cilium knows the cluster's own API server as an entity; another one is named."""
    rules: list[dict[str, Any]] = [{"toEntities": ["kube-apiserver"]}]
    if environment.api_address:
        url = urlsplit(environment.api_address)
        port = str(url.port or (443 if url.scheme == "https" else 80))
        ports = [{"ports": [{"port": port, "protocol": "TCP"}]}]
        if environment.finds_api_server_by_name:
            dns = {"k8s:io.kubernetes.pod.namespace": "kube-system", "k8s-app": "kube-dns"}
            rules = [
                {"toFQDNs": [{"matchName": url.hostname}], "toPorts": ports},
                {
                    "toEndpoints": [{"matchLabels": dns}],
                    "toPorts": [
                        {
                            "ports": [{"port": "53", "protocol": "ANY"}],
                            "rules": {"dns": [{"matchPattern": "*"}]},
                        }
                    ],
                },
            ]
        else:
            bits = 128 if ":" in (url.hostname or "") else 32
            rules = [{"toCIDR": [f"{url.hostname}/{bits}"], "toPorts": ports}]
    return {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": EGRESS, "labels": LABELS},
        "spec": {"endpointSelector": _POD, "egress": rules},
    }


def source(
    name: str,
    given: Mapping[str, Any],
    defaults: Mapping[str, Any],
    entries: Mapping[yamledit.KeyPath, Any] | None = None,
    where: str = "",
) -> str:
    """The text of a new environment.yaml: what the environment is, and the keys that were given.

    Args:
        name: the environment.
        given: key path → value.
        defaults: key path → value, for what is always spelled out.
        entries: path of names → value, of what stands below a key.
        where: what gives them, for messages.

    Raises:
        InputError: what an entry is to stand in is no mapping.
    """
    spelled = {key: defaults[key] for key in ("variant", "namespace", "sync")}
    shown = {"variant": "", "cluster.name": name, "namespace": "", "sync": ""} | spelled
    document = yamledit.with_entries(keypaths.nested(shown | dict(given)), entries or {}, where)
    return (
        f"{layout.modeline(layout.ENVIRONMENT_SCHEMA, '../../')}"
        f"# The source of this environment; {layout.DOCS}/environments.md lists every key. After\n"
        f"# an edit run `make overlay ENV={name}`, which brings the other files in line.\n"
        f"{yamlio.dump(document)}"
    )
