"""What a Pod is free to do that a confined one is not, beyond what Pod Security refuses, too."""

from __future__ import annotations

from collections.abc import Iterator

from fcgitops.kubernetes.objects import Fields, containers_of, listing, mapping, mappings

_SECCOMP = ("RuntimeDefault", "Localhost")


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
    for container in containers_of(pod):
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
