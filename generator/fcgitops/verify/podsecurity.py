"""The Pod Security Standard `baseline`, as far as a Pod's own fields say it.

https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline (v1.36). What
cannot be read as its field wants it is the API server's to refuse, and passes here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

CAPABILITIES = {
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE",
    "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
}  # fmt: skip
"""What a container may add: those that it has by default."""
SYSCTLS = {
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range", "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_syncookies",
}  # fmt: skip
SELINUX_TYPES = ("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")
APPARMOR = "container.apparmor.security.beta.kubernetes.io/"

Object = dict[str, Any]


def baseline(template: Object) -> Iterator[tuple[str, str]]:
    """What a Pod has that `baseline` forbids.

    Args:
        template: `metadata` and `spec`, as a Job's `spec.template` has them.

    Yields:
        What is wrong, and what would be right.
    """
    pod = _mapping(template, "spec")
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(field) is True:
            yield f"sets {field}", "leave it out"
    for volume in _mappings(pod, "volumes"):
        if "hostPath" in volume:
            yield f"mounts a folder of its node, {volume.get('name')}", "no hostPath"
    for sysctl in _mappings(_mapping(pod, "securityContext"), "sysctls"):
        if sysctl.get("name") not in SYSCTLS:
            yield f"sets the sysctl {sysctl.get('name')}", "leave it out"
    annotations = _mapping(_mapping(template, "metadata"), "annotations")
    for key, value in annotations.items():
        if str(key).startswith(APPARMOR) and str(value) == "unconfined":
            yield f"turns AppArmor off for {key.removeprefix(APPARMOR)}", "runtime/default"
    yield from _context(_mapping(pod, "securityContext"), "")
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for container in _mappings(pod, kind):
            yield from _container(container)


def _container(container: Object) -> Iterator[tuple[str, str]]:
    place = f" in the container {container.get('name')}"
    context = _mapping(container, "securityContext")
    if context.get("privileged") is True:
        yield f"is privileged{place}", "privileged: false"
    added = _mapping(context, "capabilities").get("add")
    if more := sorted({str(name) for name in added or ()} - CAPABILITIES):
        yield f"adds {', '.join(more)}{place}", "only what baseline names"
    if context.get("procMount", "Default") not in ("Default", None, ""):
        yield f"sets procMount{place}", "leave it out"
    if any(port.get("hostPort") for port in _mappings(container, "ports")):
        yield f"takes a port of its node{place}", "no hostPort"
    yield from _context(context, place)


def _context(context: Object, place: str) -> Iterator[tuple[str, str]]:
    """What a Pod's and a container's securityContext have alike."""
    for field in ("seccompProfile", "appArmorProfile"):
        if _mapping(context, field).get("type") == "Unconfined":
            yield f"has {field} Unconfined{place}", "RuntimeDefault"
    selinux = _mapping(context, "seLinuxOptions")
    if selinux.get("type", "") not in SELINUX_TYPES or selinux.get("user") or selinux.get("role"):
        yield f"sets SELinux's user, role or type{place}", "leave them out"
    if _mapping(context, "windowsOptions").get("hostProcess") is True:
        yield f"is a process of its node{place}", "no hostProcess"


def _mapping(node: Object, key: str) -> Object:
    found = node.get(key)
    return found if isinstance(found, dict) else {}


def _mappings(node: Object, key: str) -> list[Object]:
    found = node.get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
