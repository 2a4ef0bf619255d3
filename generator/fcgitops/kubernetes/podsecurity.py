"""The Pod Security Standards: what a Namespace's `enforce` label refuses of Pods.

Source: k8s.io/pod-security-admission, policy/check_*.go, at `latest` of 1.34, whose own cases it is
held to (tests/data/podsecurity/);
https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fcgitops.kubernetes.field import Field
from fcgitops.kubernetes.objects import PROBES, Fields, Object, mapping

PRIVILEGED, BASELINE, RESTRICTED = LEVELS = ("privileged", "baseline", "restricted")
MODES = "pod-security.kubernetes.io/"
"""What its labels begin with: enforce, audit and warn follow."""
_LABEL = f"{MODES}enforce"
_CAPABILITIES = {
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD",
    "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
}  # fmt: skip
_SYSCTLS = {
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
}  # fmt: skip
_SE_TYPES = (
    "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t",
)  # fmt: skip
_VOLUMES = {
    "name", "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim",
    "projected", "secret", "image",
}  # fmt: skip
APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"
"""What names a container's profile in an annotation; Kubernetes still takes it for the field."""
Complaints = Iterator[tuple[Field, str]]
"""Where in the Pod, and what is wrong there."""


def enforced(namespace: Object | None) -> tuple[str, int]:
    """(level, minor version) that a Namespace enforces; the version is large for `latest`.

    One that is not rendered, or has no label, enforces nothing that is known.
    """
    found = mapping(mapping(mapping(namespace).get("metadata")).get("labels"))
    level = str(found.get(_LABEL, PRIVILEGED))
    version = re.fullmatch(r"v1\.(\d+)", str(found.get(f"{_LABEL}-version", "latest")))
    return (level if level in LEVELS else PRIVILEGED), int(version[1]) if version else 999


def violations(template: Fields, level: str) -> list[str]:
    """What of a Pod template does not pass a level, as it is today; [] where it passes."""
    pod = Field.of(template)
    return list(dict.fromkeys(f"{at.path[-1]} {why}" for at, why in complaints(pod, level)))


def complaints(pod: Field, level: str) -> Complaints:
    """What a level refuses of a Pod.

    Args:
        pod: it, or its template: `metadata` and `spec`.
        level: `baseline` or `restricted`; nothing is refused at another.
    """
    if level in (BASELINE, RESTRICTED):
        yield from _annotations(pod["metadata"]["annotations"])
        yield from _baseline(pod["spec"])
    if level == RESTRICTED:
        yield from _restricted(pod["spec"])


def _annotations(annotations: Field) -> Complaints:
    """check_appArmorProfile.go: the annotation that was there before the field."""
    for key, value in annotations.entries():
        allowed = value.text in ("", "runtime/default") or value.text.startswith("localhost/")
        if key.startswith(APP_ARMOR) and not allowed:
            yield value, "must be runtime/default or localhost/…"


def _containers(spec: Field) -> list[Field]:
    return [*spec["initContainers"], *spec["containers"], *spec["ephemeralContainers"]]


def _contexts(spec: Field) -> list[Field]:
    return [spec["securityContext"], *(c["securityContext"] for c in _containers(spec))]


def _baseline(spec: Field) -> Complaints:
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if spec[key]:
            yield spec[key], "must not be set"
    for volume in spec["volumes"]:
        if volume["hostPath"].given:
            yield volume["hostPath"], "must not be used"
    for sysctl in spec["securityContext"]["sysctls"]:
        if sysctl["name"].text.replace("/", ".") not in _SYSCTLS:
            yield sysctl["name"], f"{sysctl['name'].text} is not among the safe ones"
    for context in _contexts(spec):
        if context["windowsOptions"]["hostProcess"]:
            yield context["windowsOptions"]["hostProcess"], "must not be set"
        options = context["seLinuxOptions"]
        if options["type"].text not in _SE_TYPES:
            yield options["type"], "must be container_t, or absent"
        for key in ("user", "role"):
            if options[key]:
                yield options[key], "must not be set"
        for key in ("seccompProfile", "appArmorProfile"):
            if context[key]["type"].text == "Unconfined":
                yield context[key]["type"], "must be RuntimeDefault or Localhost"
    for container in _containers(spec):
        yield from _baseline_container(container)


def _baseline_container(container: Field) -> Complaints:
    own = container["securityContext"]
    if own["privileged"]:
        yield own["privileged"], "must not be set"
    for capability in own["capabilities"]["add"]:
        if capability.text not in _CAPABILITIES:
            yield capability, f"{capability.text} must not be added"
    for port in container["ports"]:
        if port["hostPort"]:
            yield port["hostPort"], "must not be set"
    if own["procMount"].text not in ("", "Default"):
        yield own["procMount"], "must be Default"
    yield from _hosts(container)


def _hosts(container: Field) -> Complaints:
    """check_hostProbesAndHostLifecycle.go: no kubelet asks another host."""
    probes = [container[key] for key in PROBES]
    for handler in (
        *probes,
        container["lifecycle"]["postStart"],
        container["lifecycle"]["preStop"],
    ):
        for key in ("httpGet", "tcpSocket") if handler else ():
            host = handler[key]["host"]
            if host:
                yield host, "must not be set"


def _restricted(spec: Field) -> Complaints:
    for volume in spec["volumes"]:
        for key, value in volume.entries():
            if key not in _VOLUMES and key != "hostPath":
                yield value, f"volumes of {key} must not be used"
    pod = spec["securityContext"]
    if spec["os"]["name"].text == "windows":
        return
    if pod["runAsUser"].value == 0:
        yield pod["runAsUser"], "must not be 0"
    for container in _containers(spec):
        own = container["securityContext"]
        if own["runAsUser"].value == 0:
            yield own["runAsUser"], "must not be 0"
        non_root = own["runAsNonRoot"] if own["runAsNonRoot"].given else pod["runAsNonRoot"]
        if non_root.value is not True:
            yield own["runAsNonRoot"], "must be true, here or of the Pod"
        seccomp = own["seccompProfile"] if own["seccompProfile"].given else pod["seccompProfile"]
        if seccomp["type"].text not in ("RuntimeDefault", "Localhost", "Unconfined"):
            yield own["seccompProfile"], "must be RuntimeDefault or Localhost, here or of the Pod"
        if own["allowPrivilegeEscalation"].value is not False:
            yield own["allowPrivilegeEscalation"], "must be false"
        if "ALL" not in own["capabilities"]["drop"].texts():
            yield own["capabilities"]["drop"], "must have ALL"
        for capability in own["capabilities"]["add"]:
            if capability.text != "NET_BIND_SERVICE" and capability.text in _CAPABILITIES:
                yield capability, f"{capability.text} must not be added"
