"""What the Pod Security Standard `restricted` asks of FrameworkController's Pod.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
"""

from __future__ import annotations

from fcgitops.core.findings import HAZARD
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
            yield Fault(f"the Pod sets {field}", "leave it out")
    # One without any kind is an emptyDir.
    allowed = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "name",
               "persistentVolumeClaim", "projected", "secret"}  # fmt: skip
    for volume in pod.get("volumes", []):
        if not set(volume) <= allowed:
            yield Fault(
                f"the volume {volume['name']} is of no kind that restricted allows",
                "a Secret for instance",
            )
    for c in [*pod.get("initContainers", []), *pod.get("containers", [])]:
        own = c.get("securityContext", {})
        both = {**spec, **own}
        if both.get("runAsNonRoot") is not True or both.get("runAsUser") == 0:
            yield Fault(f"the container {c['name']} may run as root", "runAsNonRoot: true")
        if both.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
            yield Fault(f"the container {c['name']} has no seccomp profile", "RuntimeDefault")
        if own.get("allowPrivilegeEscalation") is not False or own.get("privileged"):
            yield Fault(
                f"the container {c['name']} may gain privileges",
                "allowPrivilegeEscalation: false",
            )
        capabilities = own.get("capabilities", {})
        if any(port.get("hostPort") for port in c.get("ports", [])):
            yield Fault(f"the container {c['name']} takes a port of its node", "no hostPort")
        if own.get("procMount", "Default") != "Default":
            yield Fault(f"the container {c['name']} sets procMount", "leave it out")
        if "ALL" not in capabilities.get("drop", []) or set(capabilities.get("add", [])) - {
            "NET_BIND_SERVICE"
        }:
            yield Fault(
                f"the container {c['name']} keeps capabilities", "capabilities: {drop: [ALL]}"
            )
