"""Clusters by name and by address, as Argo CD compares them."""

from __future__ import annotations

import pytest
from fcgitops.model import clusters
from fcgitops.model.clusters import IN_CLUSTER_SERVER as OWN


@pytest.mark.parametrize(
    "name",
    [
        "prod", "in-cluster", "prod.example.com", "arn:aws:eks:eu:1:cluster/Prod", "gke_p_z_prod",
        "api-example-com:6443", "me@api.example.com:6443", "default/api-crc-testing:6443/kubeadmin",
        "v1.30",
    ],
)  # fmt: skip
def test_a_name(name: str) -> None:
    """As kops, EKS, GKE, OpenShift and kubeadm write them into a kubeconfig."""
    assert clusters.name(name) == ""


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("10.0.0.1", "https://10.0.0.1"),
        ("10.0.0.1:6443", "https://10.0.0.1:6443"),
        ("api.example.com:6443", "https://api.example.com:6443"),
        ("api.example.com:6443/k8s", "https://api.example.com:6443/k8s"),
        ("localhost:6443", "https://localhost:6443"),
        ("[fd00::1]:6443", "https://[fd00::1]:6443"),
        ("fd00::1", "https://[fd00::1]"),
    ],
)
def test_an_address_is_no_name(name: str, address: str) -> None:
    """Nobody's cluster is called that: the scheme was forgotten."""
    assert clusters.name(name) == f"{name!r} is an address ({address})"
    assert clusters.server(address) == ""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("https:/u:secret@h/x", "'https:/h/x' is an address (https://HOST[:PORT])"),
        ("ssh://u:secret@h", "'ssh://h' is an address (https://HOST[:PORT])"),
        ("u:secret@h.example",
         "carries a user or password (leave it out: the sync tool keeps secrets)"),
    ],
)  # fmt: skip
def test_a_mistyped_url_is_no_name(name: str, said: str) -> None:
    """With a password it would be committed, and shown wherever the cluster is."""
    assert clusters.name(name) == said


@pytest.mark.parametrize(
    ("url", "one"),
    [
        ("https://10.0.0.1:6443/", "https://10.0.0.1:6443"),
        ("https://Host/k8s/c-1//", "https://Host/k8s/c-1"),
        ("https://h:443", "https://h:443"),  # Argo CD compares letters
        ("https://kubernetes.default.svc:443", OWN),
        ("https://kubernetes.default.svc.cluster.local/", OWN),
        ("https://kubernetes", OWN),
        ("http://kubernetes.default.svc", "http://kubernetes.default.svc"),
    ],
)
def test_one_spelling(url: str, one: str) -> None:
    """What is typed is written as Argo CD's Secret of the cluster has it."""
    assert clusters.one_spelling(url) == one


def told(key: str, *_: str) -> str:
    """Where a key of the file f is told to be wrong."""
    return f"f: {key}"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({}, ""),
        ({"cluster.server": "https://h"}, ""),
        ({"cluster.name": "in-cluster"}, ""),
        ({"cluster.name": "in-cluster", "cluster.server": OWN}, ""),
        ({"cluster.server": OWN}, ""),
        (
            {"cluster.server": "https://h/"},
            "f: cluster.server: is 'https://h/', by which Argo CD does not find the cluster "
            "(https://h)",
        ),
        (
            {"cluster.server": "https://kubernetes.default.svc:443"},
            "f: cluster.server: is 'https://kubernetes.default.svc:443', by which Argo CD does not "
            f"find the cluster ({OWN})",
        ),
        (
            {"cluster.name": "in-cluster", "cluster.server": "https://h"},
            "f: cluster.server: is 'https://h', but in-cluster is the cluster that Argo CD runs in "
            "(another cluster.name, or no cluster.server)",
        ),
    ],
)
def test_what_argo_cd_would_not_find(given: dict[str, str], problem: str) -> None:
    """It reads environment.yaml itself; Flux does not look for the cluster at all."""
    values = {"cluster.name": "prod", "cluster.server": "", "sync": "argocd"} | given
    assert [str(one) for one in clusters.problems(values, told)] == ([problem] if problem else [])
    assert clusters.problems(values | {"sync": "flux"}, told) == []


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("https://10.0.0.1:6443", False),
        ("https://api.example.com", False),
        ("http://localhost:8080", True),
        ("https://LOCALHOST", True),
        ("https://kind.localhost:1", True),
        ("https://127.0.0.1:40443", True),
        ("https://127.8.9.1", True),
        ("http://0.0.0.0:8080", True),
        ("https://[::1]:6443", True),
        ("https://[::]", True),
        ("https://[::ffff:127.0.0.1]", True),
        ("https://ip6-localhost", True),
        ("https://localhost.example.com", False),
        ("https://128.0.0.1", False),
    ],
)
def test_from_a_pod_loopback_is_the_pod(url: str, wrong: bool) -> None:
    """Kind's and kubectl proxy's addresses are of no use to FrameworkController."""
    assert ("is FrameworkController's own Pod" in clusters.reached_from_a_pod(url)) == wrong
