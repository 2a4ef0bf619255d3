"""What the Pod Security Standard `baseline` forbids, one field at a time."""

from __future__ import annotations

from typing import Any

import pytest
from fcgitops.verify.podsecurity import baseline

Object = dict[str, Any]


def template(pod: Object, annotations: Object | None = None) -> Object:
    """A Pod template."""
    return {"metadata": {"annotations": annotations or {}}, "spec": pod}


def container(**fields: Any) -> Object:
    """A Pod of one container."""
    return {"containers": [{"name": "main", **fields}]}


def context(**fields: Any) -> Object:
    """A Pod of one container with a securityContext."""
    return container(securityContext=fields)


FORBIDDEN: dict[str, Object] = {
    "sets hostNetwork": {"hostNetwork": True},
    "sets hostPID": {"hostPID": True},
    "sets hostIPC": {"hostIPC": True},
    "mounts a folder of its node, etc": {
        "volumes": [{"name": "etc", "hostPath": {"path": "/etc"}}]
    },
    "sets the sysctl kernel.msgmax": {
        "securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}
    },
    "has seccompProfile Unconfined": {
        "securityContext": {"seccompProfile": {"type": "Unconfined"}}
    },
    "has appArmorProfile Unconfined in the container main": context(
        appArmorProfile={"type": "Unconfined"}
    ),
    "sets SELinux's user, role or type": {"securityContext": {"seLinuxOptions": {"user": "root"}}},
    "is a process of its node in the container main": context(windowsOptions={"hostProcess": True}),
    "is privileged in the container main": context(privileged=True),
    "is privileged in the container setup": {
        "initContainers": [{"name": "setup", "securityContext": {"privileged": True}}]
    },
    "adds SYS_ADMIN in the container main": context(capabilities={"add": ["SYS_ADMIN", "CHOWN"]}),
    "sets procMount in the container main": context(procMount="Unmasked"),
    "takes a port of its node in the container main": container(ports=[{"hostPort": 80}]),
}


@pytest.mark.parametrize("wanted", FORBIDDEN)
def test_forbidden(wanted: str) -> None:
    """Each is said in one sentence."""
    assert [wrong for wrong, _ in baseline(template(FORBIDDEN[wanted]))] == [wanted]


def test_app_armor_by_annotation() -> None:
    """As it was said before Kubernetes 1.30."""
    off = {"container.apparmor.security.beta.kubernetes.io/main": "unconfined"}
    (found,) = baseline(template(container(), off))
    assert found == ("turns AppArmor off for main", "runtime/default")


@pytest.mark.parametrize(
    "pod",
    [
        {},
        {"containers": None, "volumes": "x", "securityContext": []},
        {"hostNetwork": False, "volumes": [{"name": "share", "nfs": {"server": "a", "path": "/"}}]},
        context(capabilities={"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}, privileged=False),
        context(seccompProfile={"type": "RuntimeDefault"}, seLinuxOptions={"type": "container_t"}),
        container(ports=[{"containerPort": 80}]),
    ],
)
def test_allowed(pod: Object) -> None:
    """What `baseline` takes, and what is no Pod at all, which the API server refuses."""
    assert list(baseline(template(pod))) == []
