"""kubectl commands that more than one rule gives."""

from __future__ import annotations

from fcgitops.core import shell
from fcgitops.diff.rendering import Controller

PODS = "kubectl get pods -A -l FC_FRAMEWORK_NAME --no-headers | wc -l"
FRAMEWORKS = "kubectl get frameworks -A --no-headers | wc -l"
APPLICATIONS = "kubectl get applications.argoproj.io -A -o wide"


def let_go(place: str) -> str:
    """What makes Argo CD forget a Namespace that it waits for."""
    return shell.line("kubectl", "annotate", "namespace", place, "argocd.argoproj.io/tracking-id-")


def in_namespace(place: str, *words: str) -> str:
    """A kubectl command for a namespace, or for none where it is empty, quoted to be typed."""
    return shell.line("kubectl", *(["-n", place] if place else []), *words)


def recreate(controller: Controller, *, orphan: bool) -> str:
    """How a StatefulSet is made anew, its Pod left (`orphan`) or deleted with it."""
    its = shell.named("statefulset", controller.name)
    command = in_namespace(controller.namespace, "delete", *its)
    if orphan:
        return (
            "before the sync, which adopts the Pod, and restarts it only if the template changed "
            f"too: {command} --cascade=orphan"
        )
    return f"before the sync, without --cascade=orphan, so that the Pod goes too: {command}"
