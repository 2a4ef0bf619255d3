"""Pod Security Standards, as the API server judges them, and what a Pod is free to do.

Source: k8s.io/pod-security-admission/policy of Kubernetes 1.34,
https://kubernetes.io/docs/concepts/security/pod-security-standards/.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fcgitops.diff import objects
from fcgitops.diff.objects import Object
from fcgitops.diff.stored import Fields, listing, mapping, mappings

LEVELS = ("privileged", "baseline", "restricted")
_LABEL = "pod-security.kubernetes.io/enforce"
_CAPABILITIES = {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD",
                 "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID",
                 "SYS_CHROOT"}  # fmt: skip
_SYSCTLS = {"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies",
            "net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start",
            "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time",
            "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
            "net.ipv4.tcp_keepalive_probes"}  # fmt: skip
_VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim",
            "projected", "secret", "image"}  # fmt: skip
_SECCOMP = ("RuntimeDefault", "Localhost")
_SELINUX = ("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")
_APPARMOR = "container.apparmor.security.beta.kubernetes.io/"


def enforced(namespace: Object | None) -> tuple[str, int]:
    """(level, minor version) that a Namespace enforces; the version is large for `latest`.

    One that is not rendered, or has no label, enforces nothing that is known.
    """
    found = objects.labels_of(namespace) if namespace else {}
    level = str(found.get(_LABEL, "privileged"))
    version = re.fullmatch(r"v1\.(\d+)", str(found.get(f"{_LABEL}-version", "latest")))
    return (level if level in LEVELS else "privileged"), int(version[1]) if version else 999


def violations(template: Fields, level: str, minor: int = 999) -> list[str]:
    """What of a Pod template does not pass a level; [] where it passes."""
    pod = mapping(template.get("spec"))
    found: list[str] = []
    if level in ("baseline", "restricted"):
        found += _baseline(pod, mapping(template.get("metadata")))
    if level == "restricted":
        found += _restricted(pod, minor)
    return list(dict.fromkeys(found))


def _containers(pod: Fields) -> list[Fields]:
    return [*mappings(pod.get("initContainers")), *mappings(pod.get("containers"))]


def _contexts(pod: Fields) -> list[Fields]:
    """The security contexts of the Pod and of its containers."""
    parts = [pod, *_containers(pod)]
    return [mapping(part.get("securityContext")) for part in parts]


def _baseline(pod: Fields, metadata: Fields) -> Iterator[str]:
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(name):
            yield f"{name}=true"
    if any("hostPath" in volume for volume in mappings(pod.get("volumes"))):
        yield "hostPath volumes"
    for container in _containers(pod):
        yield from _baseline_container(container, maps_users=pod.get("hostUsers") is False)
    for context in _contexts(pod):
        yield from _baseline_context(context)
    sysctls = mappings(mapping(pod.get("securityContext")).get("sysctls"))
    if more := sorted({str(s.get("name")) for s in sysctls} - _SYSCTLS):
        yield f"sysctls: {', '.join(more)}"
    for key, value in mapping(metadata.get("annotations")).items():
        if key.startswith(_APPARMOR) and value == "unconfined":
            yield "AppArmor unconfined"


def _baseline_container(container: Fields, *, maps_users: bool) -> Iterator[str]:
    context = mapping(container.get("securityContext"))
    if context.get("privileged"):
        yield "privileged"
    added = set(map(str, listing(mapping(context.get("capabilities")).get("add"))))
    if more := sorted(added - _CAPABILITIES):
        yield f"capabilities added: {', '.join(more)}"
    if any(port.get("hostPort") for port in mappings(container.get("ports"))):
        yield "hostPort"
    if context.get("procMount", "Default") != "Default" and not maps_users:
        yield "procMount"
    for handler in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = mapping(container.get(handler))
        if any(mapping(probe.get(k)).get("host") for k in ("httpGet", "tcpSocket")):
            yield "a probe's host"


def _baseline_context(context: Fields) -> Iterator[str]:
    for name in ("seccompProfile", "appArmorProfile"):
        if mapping(context.get(name)).get("type") == "Unconfined":
            yield f"{name} Unconfined"
    selinux = mapping(context.get("seLinuxOptions"))
    if selinux.get("type", "") not in _SELINUX or selinux.get("user") or selinux.get("role"):
        yield "seLinuxOptions"
    if mapping(context.get("windowsOptions")).get("hostProcess"):
        yield "hostProcess"


def _restricted(pod: Fields, minor: int) -> Iterator[str]:
    own = mapping(pod.get("securityContext"))
    for volume in mappings(pod.get("volumes")):
        if kinds := set(volume) - {"name"} - _VOLUMES:
            yield f"volume type {', '.join(sorted(kinds))}"
    for container in _containers(pod):
        context = mapping(container.get("securityContext"))
        both = {**own, **context}
        capabilities = mapping(context.get("capabilities"))
        if context.get("allowPrivilegeEscalation") is not False:
            yield "allowPrivilegeEscalation != false"
        if both.get("runAsNonRoot") is not True:
            yield "runAsNonRoot != true"
        if minor >= 19 and mapping(both.get("seccompProfile")).get("type") not in _SECCOMP:
            yield "seccompProfile"
        if minor >= 22:
            if "ALL" not in listing(capabilities.get("drop")):
                yield "unrestricted capabilities"
            if set(map(str, listing(capabilities.get("add")))) - {"NET_BIND_SERVICE"}:
                yield "capabilities added"
    if minor >= 23 and any(context.get("runAsUser") == 0 for context in _contexts(pod)):
        yield "runAsUser=0"


def freedoms(pod: Fields) -> list[str]:
    """What a Pod is free to do that a confined one is not, in words."""
    found: list[str] = []
    own = mapping(pod.get("securityContext"))
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(name):
            found.append(f"{name} is on")
    if pod.get("shareProcessNamespace"):
        found.append("its containers share their processes")
    for volume in mappings(pod.get("volumes")):
        if "hostPath" in volume:
            found.append(f"it mounts {mapping(volume['hostPath']).get('path')} of its node")
    for container in _containers(pod):
        context = mapping(container.get("securityContext"))
        found += _container_freedoms({**own, **context}, context)
        for port in mappings(container.get("ports")):
            if port.get("hostPort") and not pod.get("hostNetwork"):
                found.append(f"it takes port {port['hostPort']} of its node")
    return list(dict.fromkeys(found))


def _container_freedoms(both: Fields, context: Fields) -> Iterator[str]:
    capabilities = mapping(context.get("capabilities"))
    dropped = set(map(str, listing(capabilities.get("drop"))))
    if context.get("privileged"):
        yield "it is privileged"
    for capability in listing(capabilities.get("add")):
        yield f"it has the capability {capability}"
    if "ALL" not in dropped:
        yield "it keeps capabilities"
    if both.get("runAsUser") == 0:
        yield "runs as root"
    elif both.get("runAsNonRoot") is not True:
        yield "it may run as root"
    if context.get("readOnlyRootFilesystem") is not True:
        yield "its root file system is writable"
    if context.get("allowPrivilegeEscalation") is not False:
        yield "it may gain privileges"
    if mapping(both.get("seccompProfile")).get("type") not in _SECCOMP:
        yield "it has no seccomp profile"
    if mapping(both.get("appArmorProfile")).get("type") == "Unconfined":
        yield "AppArmor is off"
    if context.get("procMount", "Default") != "Default":
        yield "procMount is not masked"
