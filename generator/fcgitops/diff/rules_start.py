"""Rules on whether FrameworkController's container starts, and counts as alive."""

from __future__ import annotations

from collections.abc import Iterator

from fcgitops.core import shell
from fcgitops.diff.change import Change
from fcgitops.diff.effects import Said, Says, Severity, rule
from fcgitops.diff.rendering import Controller
from fcgitops.diff.settings import FILE
from fcgitops.kubernetes import mounts
from fcgitops.kubernetes.objects import Fields, listing, mapping, mappings, number
from fcgitops.model.image import BINARY, HOME, unsuitable


@rule(
    "C26", "another program starts, or FrameworkController cannot with this", Severity.OUTAGE, "F"
)
def starts(change: Change) -> Says:
    """It reads its file from the directory that it starts in, and panics where none is."""
    before, after = change.controllers
    if after is None or change.invalid or after.replicas < 1:
        return
    if after.finds_no_file and not (before and before.finds_no_file):
        yield Said(
            after.label,
            f"FrameworkController starts in {after.folder}, where no {FILE} is: it panics at each "
            "start.",
            f"mount its ConfigMap there, or leave it to the image's own file: workingDir: {HOME}",
        )
    if change.both is None or not change.new_pod:
        return
    known = set(_unfit(change.both[0]))
    for says, do in _unfit(after):
        if (says, do) not in known:
            yield Said(after.label, says, do)
    if not change.both[0].is_binary:
        return
    command = [str(word) for word in listing(after.container.get("command"))]
    if command and not after.is_binary and command[0].rpartition("/")[2] not in _KNOWN:
        yield Said(
            after.label,
            f"The container starts {shell.quote(command[0])} and no longer FrameworkController's "
            "binary: unless that starts it, nothing looks after the Frameworks.",
            f"command: [{BINARY}]",
            certain=False,
        )


def _unfit(controller: Controller) -> Iterator[tuple[str, str]]:
    """Why a Pod's FrameworkController ends at each start, and what to do about it."""
    arguments = [
        str(word) for key in ("command", "args") for word in listing(controller.container.get(key))
    ]
    if controller.is_binary and (argument := unsuitable(arguments[1:])):
        yield f"FrameworkController does not take {argument}, and ends at each start.", _TAKE_OUT
    for volume, mode in mounts.unreadable(controller.pod, controller.container):
        yield (
            f"The mode {mode:#o} of the volume {volume} lets FrameworkController's user not read "
            "it: it panics at each start.",
            "defaultMode: 0444",
        )


_TAKE_OUT = "take it out"
_KNOWN = ("start.sh", "sh", "bash", "ash")
"""What may start FrameworkController in its turn: C23 speaks of it."""


@rule("C27", "a probe asks a port, where FrameworkController listens on none", Severity.OUTAGE, "L")
def probes(change: Change) -> Says:
    """Restarted again and again, or never ready."""
    before, after = change.controllers
    if after is None or not change.new_pod or len(mappings(after.pod.get("containers"))) != 1:
        return  # a second container may listen: they share their ports
    known = dict(_asked(before)) if before else {}
    for name, probe in _asked(after):
        if known.get(name) == probe:
            continue
        if name == "readinessProbe":
            yield Said(
                after.label,
                "The readinessProbe asks a port, and FrameworkController listens on none: the Pod "
                "is never ready, and the roll-out never ends. FrameworkController itself works.",
                _INSTEAD,
                severity=Severity.MANUAL,
            )
            continue
        yield Said(
            after.label,
            f"The {name} asks a port, and FrameworkController listens on none: it is ended and "
            f"started again about every {_seconds(probe)} s.",
            _INSTEAD,
        )


_INSTEAD = "take the probe out, or let it run a command"


def _asked(controller: Controller) -> Iterator[tuple[str, Fields]]:
    """The probes of FrameworkController's container that ask a port of its Pod."""
    for name in ("startupProbe", "livenessProbe", "readinessProbe"):
        probe = mapping(controller.container.get(name))
        for kind in ("tcpSocket", "httpGet", "grpc"):
            if kind in probe and not mapping(probe[kind]).get("host"):
                yield name, probe


def _seconds(probe: Fields) -> int:
    """How long the kubelet lets it fail."""
    period, times = number(probe, "periodSeconds", 10), number(probe, "failureThreshold", 3)
    return number(probe, "initialDelaySeconds") + period * times
