"""What the Pod Security Standard `restricted` asks of FrameworkController's Pod.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
"""

from __future__ import annotations

from fcgitops.core.findings import HAZARD
from fcgitops.verify.controller import POD, STATEFUL_SET
from fcgitops.verify.registry import Fault, Faults
from fcgitops.verify.subjects import CONTROLLER, Rendered


@CONTROLLER.check("FCG08", HAZARD)
def restricted(r: Rendered) -> Faults:
    """In `hardened` the Pod passes the Pod Security Standard `restricted`."""
    if r.profile != "hardened":
        return
    pod = r.pod()
    spec = pod.get("securityContext", {})
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(field):
            yield _fault(f"the Pod sets {field}", "leave it out", field)
    # One without any kind is an emptyDir.
    allowed = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "name",
               "persistentVolumeClaim", "projected", "secret"}  # fmt: skip
    for volume in pod.get("volumes", []):
        if not set(volume) <= allowed:
            what = f"the volume {volume['name']} is of no kind that restricted allows"
            yield _fault(what, "a Secret for instance", "volumes")
    context = "containers.securityContext"
    for c in [*pod.get("initContainers", []), *pod.get("containers", [])]:
        name, own = f"the container {c['name']}", c.get("securityContext", {})
        both = {**spec, **own}
        if both.get("runAsNonRoot") is not True or both.get("runAsUser") == 0:
            yield _fault(f"{name} may run as root", "runAsNonRoot: true", context)
        if both.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
            yield _fault(f"{name} has no seccomp profile", "RuntimeDefault", context)
        if own.get("allowPrivilegeEscalation") is not False or own.get("privileged"):
            what = f"{name} may gain privileges"
            yield _fault(what, "allowPrivilegeEscalation: false", context)
        capabilities = own.get("capabilities", {})
        if any(port.get("hostPort") for port in c.get("ports", [])):
            yield _fault(
                f"{name} takes a port of its node",
                "no hostPort",
                "containers.ports",
            )
        if own.get("procMount", "Default") != "Default":
            yield _fault(f"{name} sets procMount", "leave it out", context)
        if "ALL" not in capabilities.get("drop", []) or set(capabilities.get("add", [])) - {
            "NET_BIND_SERVICE"
        }:
            what = f"{name} keeps capabilities"
            yield _fault(what, "capabilities: {drop: [ALL]}", context)


def _fault(message: str, hint: str, field: str) -> Fault:
    return Fault(message, hint, object=STATEFUL_SET, cause=f"{POD}.{field}")
