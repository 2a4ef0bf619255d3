"""What a person would ask a cluster first when an environment does not work."""

from __future__ import annotations

from collections.abc import Iterable

from fcgitops.core import shell, terminal
from fcgitops.core.printable import printable
from fcgitops.programs.kubectl import Kubectl

LINES = 40
"""So many lines of each answer are shown, the last ones."""


def tell(kubectl: Kubectl, namespaces: Iterable[str]) -> None:
    """Prints the events, the description and the log of each Pod that has not succeeded.

    What the cluster does not answer is left out: it is asked because something is wrong with it.
    """
    for namespace in namespaces:
        place = ("--namespace", namespace)
        _show(kubectl, "get", "events", *place, "--sort-by=.metadata.creationTimestamp")
        running = ("--field-selector", "status.phase!=Succeeded", "--output", "name")
        pods = kubectl.run("get", "pods", *place, *running).stdout.decode(errors="replace")
        for pod in pods.split():
            _show(kubectl, "describe", pod, *place)
            log = ("logs", pod, *place, "--all-containers", f"--tail={LINES}")
            _show(kubectl, *log, "--previous")
            _show(kubectl, *log)


def _show(kubectl: Kubectl, *arguments: str) -> None:
    text = kubectl.run(*arguments).stdout.decode(errors="replace")
    lines = text.rstrip().splitlines()
    if lines:
        terminal.say(f"--- {shell.line('kubectl', *arguments)}")
    for line in lines[-LINES:]:
        terminal.say(printable(line))
