"""Whether a change reaches FrameworkController's Pod, and whether the Pod then keeps running."""

from __future__ import annotations

import posixpath
import re

from fcgitops.core.findings import HAZARD, INFO
from fcgitops.core.lazy import regex
from fcgitops.kubernetes import mounts
from fcgitops.kubernetes.objects import PROBES, Object, listing, mapping, mappings
from fcgitops.kubernetes.values import MOST, is_too_much
from fcgitops.manifests.overlay import NAME
from fcgitops.model.image import LEAST, has_many_cpus, is_ours, is_too_little
from fcgitops.model.synctools import KNOWN
from fcgitops.verify import admission, disruption
from fcgitops.verify.registry import Fault, Faults
from fcgitops.verify.subjects import CONTAINER, NEEDS, POD, STATEFUL_SET, Rendered, named


@NEEDS.check("FCG37", HAZARD)
def rolled_out(r: Rendered) -> Faults:
    """A change reaches the one Pod: it is rolled out, and there is one."""
    spec = r.controller()["spec"]
    replicas = spec.get("replicas", 1)
    if replicas == 0:
        what = "is 0: FrameworkController does not run"
        yield Fault(what, "1", object=STATEFUL_SET, path="spec.replicas")
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        what = "is OnDelete: a change reaches no Pod until somebody deletes it"
        yield Fault(what, "RollingUpdate", object=STATEFUL_SET, path="spec.updateStrategy.type")
    if r.pod().get("terminationGracePeriodSeconds") == 0:
        what = "is 0: a Pod that is deleted is gone at once for the API server, so its successor "
        what += "may start beside it, and two of them fight each other"
        path = f"{POD}.terminationGracePeriodSeconds"
        yield Fault(what, "10", object=STATEFUL_SET, path=path, severity=INFO)
    partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
    first = (spec.get("ordinals") or {}).get("start") or 0
    if partition > first:
        what = f"is {partition}: a change does not reach the Pod {NAME}-{first}"
        yield Fault(
            what, "0", object=STATEFUL_SET, path="spec.updateStrategy.rollingUpdate.partition"
        )


_NOT_APPLIED = {
    "kustomize.toolkit.fluxcd.io/reconcile": ("disabled",),
    "kustomize.toolkit.fluxcd.io/ssa": ("Ignore", "IfNotPresent"),
    "argocd.argoproj.io/hook": (),
}
"""Annotation → the values with which a sync tool leaves an object as it is; () for any."""


@NEEDS.check("FCG44", HAZARD)
def applied(r: Rendered) -> Faults:
    """The sync tools apply what is rendered: no annotation keeps an object from them.

    https://fluxcd.io/flux/components/kustomize/kustomizations/#controlling-the-apply-behavior-of-resources,
    https://argo-cd.readthedocs.io/en/stable/user-guide/sync-waves/
    """
    env = r.environment
    charted = env is None or "helm.sh/hook" in KNOWN[env.sync].habits.hooks
    for item in r.objects:
        for part in ("annotations", "labels"):
            given = mapping(item["metadata"].get(part))
            found = [key for key, values in _NOT_APPLIED.items() if _is_one(given, key, values)]
            if part == "annotations":  # Argo CD reads Helm's, too, but for this one value
                helm = given.get("helm.sh/hook", "crd-install") != "crd-install"
                found += ["helm.sh/hook"] * (helm and charted)
            for key in found:
                what = f"{given[key]} keeps it from being applied with the others"
                place = f"metadata.{part}[{key}]"
                yield Fault(what, "take it out", object=named(item), path=place)


def _is_one(given: Object, key: str, values: tuple[str, ...]) -> bool:
    """Flux looks at labels, too, and at no case of letters (AnyInMetadata of fluxcd/pkg/ssa)."""
    value = str(given.get(key, "")).lower()
    return key in given and (not values or value in map(str.lower, values))


@NEEDS.check("FCG39", HAZARD)
def survives(r: Rendered) -> Faults:
    """The Pod can be scheduled and stays: memory, probes, gates."""
    pod, container = r.pod(), r.container()
    yield from _limits(pod, container)
    yield from _asked(pod, container)
    yield from _before(pod)
    yield from _refused_by_kubelet(pod, container)
    if pod.get("schedulingGates"):
        what = "keep the Pod from every node until somebody takes them away"
        yield Fault(what, "none", object=STATEFUL_SET, path=f"{POD}.schedulingGates")
    yield from _too_much(pod)
    yield from disruption.faults(r)
    yield from admission.faults(r)


def _limits(pod: Object, container: Object) -> Faults:
    """Limits below what FrameworkController's process takes, of its container or its Pod."""
    for place, owner in ((CONTAINER, container), (POD, pod)):
        for key, given in mapping(mapping(owner.get("resources")).get("limits")).items():
            if is_too_little(key, given):
                what = f"{key} {given} is too little: it is killed, or does not get ready"
                path = f"{place}.resources.limits"
                yield Fault(what, f"{LEAST[key]} or more", object=STATEFUL_SET, path=path)


def _too_much(pod: Object) -> Faults:
    """Requests that no node has, or few; a limit is one where there is no other."""
    owners = [(POD, pod)]
    for field in ("initContainers", "containers"):
        owners += [(f"{POD}.{field}[{c.get('name')}]", c) for c in mappings(pod.get(field))]
    for place, owner in owners:
        given = mapping(owner.get("resources"))
        for key, asked in {
            **mapping(given.get("limits")),
            **mapping(given.get("requests")),
        }.items():
            part = "requests" if key in mapping(given.get("requests")) else "limits"
            path = f"{place}.resources.{part}"
            if is_too_much(key, asked):
                what = f"{key} {asked} is more than any node has: its Pod is never scheduled"
                yield Fault(what, f"{MOST[key]} at most", object=STATEFUL_SET, path=path)
            elif key == "cpu" and has_many_cpus(asked):
                what = f"cpu {asked} are whole CPUs, and few nodes have as many"
                hint = f"{asked}m, if thousandths are meant"
                yield Fault(what, hint, object=STATEFUL_SET, path=path, severity=INFO)


def _refused_by_kubelet(pod: Object, container: Object) -> Faults:
    """What the API server takes, and no kubelet runs."""
    user, non_root = (mounts.security(pod, container, k) for k in ("runAsUser", "runAsNonRoot"))
    if non_root is True and not user:
        what = "is not given, and the image's user is root: "
        what += "with runAsNonRoot the kubelet refuses it"
        path = f"{POD}.securityContext.runAsUser"
        yield Fault(what, "runAsUser: 65532", object=STATEFUL_SET, path=path)
    if mapping(pod.get("os")).get("name", "linux") != "linux":
        what = "FrameworkController's image is for linux"
        yield Fault(what, "linux", object=STATEFUL_SET, path=f"{POD}.os.name")
    for volume in mappings(pod.get("volumes")):
        if "gitRepo" in volume:
            what = "no kubelet mounts it since Kubernetes 1.33: the Pod never starts"
            place = f"{POD}.volumes[{volume.get('name')}].gitRepo"
            yield Fault(what, "an init container that clones", object=STATEFUL_SET, path=place)


def _asked(pod: Object, container: Object) -> Faults:
    """Probes and the hook at the start, which have to succeed."""
    # Containers of a Pod share their ports: another one may listen.
    alone = len(mappings(pod.get("containers"))) == 1 and not mappings(pod.get("initContainers"))
    asked = {probe: mapping(container.get(probe)) for probe in PROBES}
    asked["lifecycle.postStart"] = mapping(mapping(container.get("lifecycle")).get("postStart"))
    for name, handler in asked.items():
        place = f"{CONTAINER}.{name}"
        ends = "is never Ready" if name == "readinessProbe" else "is killed again and again"
        for kind in ("httpGet", "tcpSocket", "grpc"):
            if alone and kind in handler and not mapping(handler[kind]).get("host"):
                what = f"FrameworkController listens at no port: it {ends}"
                yield Fault(what, "exec", object=STATEFUL_SET, path=f"{place}.{kind}")
        if _fails(texts(mapping(handler.get("exec")).get("command"))):
            what = "never succeeds"
            yield Fault(what, "another command", object=STATEFUL_SET, path=f"{place}.exec.command")


def _before(pod: Object) -> Faults:
    """Init containers, each of which has to end well, or to have started."""
    for item in mappings(pod.get("initContainers")):
        is_sidecar = item.get("restartPolicy") == "Always"
        started = mapping(mapping(item.get("startupProbe")).get("exec"))
        runs = started if is_sidecar else item
        words = texts(runs.get("command")) + texts(runs.get("args"))
        if _fails(words):
            what, hint = "never succeeds: FrameworkController is not started", "another command"
        elif is_sidecar:
            continue
        elif not words and is_ours(item.get("image")):
            what = "is not given: FrameworkController itself runs there, and never ends"
            hint = "the command that is meant"
        elif _ENDLESS.search(" ".join(words)):
            what, hint = "never ends: FrameworkController is not started", "restartPolicy: Always"
        else:
            continue
        key = "startupProbe.exec.command" if is_sidecar else "command"
        place = f"{POD}.initContainers[{item.get('name')}].{key}"
        yield Fault(what, hint, object=STATEFUL_SET, path=place)


_ENDLESS = regex(r"(^|[;&\s/])(sleep\s+(infinity|inf)|tail\s+-[fF]\s+/dev/null)\s*$")


def _fails(words: list[str]) -> bool:
    """Whether a command can only fail."""
    if words and posixpath.basename(words[0]) in ("sh", "bash", "ash") and "-c" in words[1:2]:
        return re.fullmatch(r"\s*(false|exit\s+[1-9][0-9]*)\s*", " ".join(words[2:3])) is not None
    return bool(words) and posixpath.basename(words[0]) == "false"


def texts(value: object) -> list[str]:
    """The words of a command; none of what is no list."""
    return [str(item) for item in listing(value)]
