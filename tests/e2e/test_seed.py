"""The profile `upstream` against the document that it implements."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yamls
from conftest import Fcgitops
from renderers import in_kubectl, pinned

SEED = Path(__file__).parents[1] / "data" / "seed"
STATEFUL_SET = {
    "default-config": "frameworkcontroller-with-default-config.yaml",
    "customized-config": "frameworkcontroller-with-customized-config.yaml",
}
CONFIG_MAP = {"customized-config": "frameworkcontroller-customized-config.yaml"}
ACCOUNT = {
    # kubectl create serviceaccount frameworkcontroller --namespace default
    "apiVersion": "v1",
    "kind": "ServiceAccount",
    "metadata": {"name": "frameworkcontroller", "namespace": "default"},
}
BINDING = {
    # kubectl create clusterrolebinding frameworkcontroller --clusterrole=cluster-admin
    #   --user=system:serviceaccount:default:frameworkcontroller
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": "frameworkcontroller"},
    "roleRef": {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "ClusterRole",
        "name": "cluster-admin",
    },
    "subjects": [
        {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "User",
            "name": "system:serviceaccount:default:frameworkcontroller",
        }
    ],
}
SERVICE = {
    # what the StatefulSet's serviceName names
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "frameworkcontroller", "namespace": "default"},
    "spec": {"clusterIP": "None", "selector": {"app": "frameworkcontroller"}},
}


def seed(name: str) -> Any:
    """One of the seed's manifests."""
    return yamls.load((SEED / name).read_text())


@pytest.mark.parametrize("program", [pinned, in_kubectl], ids=["pinned", "kubectl"])
@pytest.mark.parametrize("variant", STATEFUL_SET)
def test_upstream_renders_the_seed_field_for_field(
    variant: str, program: Any, fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """The seed's objects, what its prerequisites make, the Service, and nothing else."""
    fcgitops("new", tmp_path / "r", "--profile", "upstream", "--no-input")
    rendered = program().build(tmp_path / "r" / "overlays" / variant)
    objects = {o["kind"]: o for o in yamls.load_all(rendered)}

    expected = {
        "ServiceAccount": ACCOUNT,
        "ClusterRoleBinding": BINDING,
        "Service": SERVICE,
        "StatefulSet": seed(STATEFUL_SET[variant]),
    }
    if variant in CONFIG_MAP:
        expected["ConfigMap"] = seed(CONFIG_MAP[variant])
    assert objects == expected


def test_an_environment_of_upstream_is_the_seed_too(fcgitops: Fcgitops, tmp_path: Path) -> None:
    """Nothing of an environment with defaults differs from its variant."""
    root = tmp_path / "r"
    fcgitops("new", root, "--profile", "upstream", "--no-input", "--env", "prod=customized-config")
    built = fcgitops("-C", root, "build", "prod").out
    variant = fcgitops("-C", root, "build", "customized-config").out

    assert built.partition("\n")[2] == variant.partition("\n")[2]


def test_the_customized_variant_keeps_the_seeds_comments(
    fcgitops: Fcgitops, tmp_path: Path
) -> None:
    """The podFailureSpec example is there, commented as in the seed."""
    fcgitops("new", tmp_path / "r", "--profile", "upstream", "--no-input")
    file = tmp_path / "r" / "overlays" / "customized-config" / "frameworkcontroller.yaml"

    assert (
        file.read_text()
        == seed(CONFIG_MAP["customized-config"])["data"]["frameworkcontroller.yaml"]
    )
    assert "#podFailureSpec:\n#- code: 221\n" in file.read_text()
