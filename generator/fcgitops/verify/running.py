"""Whether FrameworkController, once started, has what it needs, and keeps running."""

from __future__ import annotations

import posixpath
import re

from fcgitops.core.findings import HAZARD, INFO
from fcgitops.kubernetes import metadata, mounts, references
from fcgitops.kubernetes.field import Field
from fcgitops.kubernetes.objects import listing, mapping, mappings
from fcgitops.manifests.overlay import NAME
from fcgitops.model import expects
from fcgitops.model.image import LEAST, is_too_little
from fcgitops.model.synctools import KNOWN
from fcgitops.verify import admitted
from fcgitops.verify.judged import named
from fcgitops.verify.registry import Fault, Faults
from fcgitops.verify.subjects import NEEDS, Object, Rendered

OBJECT = f"StatefulSet {NAME}"
CONTAINER = f"spec.template.spec.containers[{NAME}]"
POD = "spec.template.spec"


@NEEDS.check("FCG37", HAZARD)
def rolled_out(r: Rendered) -> Faults:
    """A change reaches the one Pod: it is rolled out, and there is one."""
    spec = r.controller()["spec"]
    replicas = spec.get("replicas", 1)
    if replicas == 0:
        what = "is 0: FrameworkController does not run"
        yield Fault(what, "1", object=OBJECT, path="spec.replicas")
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        what = "is OnDelete: a change reaches no Pod until somebody deletes it"
        yield Fault(what, "RollingUpdate", object=OBJECT, path="spec.updateStrategy.type")
    partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
    first = (spec.get("ordinals") or {}).get("start") or 0
    if partition > first:
        what = f"is {partition}: a change does not reach the Pod {NAME}-{first}"
        yield Fault(what, "0", object=OBJECT, path="spec.updateStrategy.rollingUpdate.partition")


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
    charted = env is None or KNOWN[env.sync].habits.runs_hooks_of_charts
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
    whole = mapping(pod.get("resources")).get("limits")
    for place, limits in (
        (
            f"{CONTAINER}.resources.limits",
            mapping(mapping(container.get("resources")).get("limits")),
        ),
        (f"{POD}.resources.limits", mapping(whole)),
    ):
        for key, given in limits.items():
            if is_too_little(key, given):
                what = f"{key} {given} is too little: it is killed, or does not get ready"
                yield Fault(what, f"{LEAST[key]} or more", object=OBJECT, path=place)
    yield from _asked(pod, container)
    yield from _before(pod)
    if mounts.security(pod, container, "runAsNonRoot") is True and not (
        mounts.security(pod, container, "runAsUser")
    ):  # fmt: skip
        what = (
            "is not given, and the image's user is root: with runAsNonRoot the kubelet refuses it"
        )
        path = f"{POD}.securityContext.runAsUser"
        yield Fault(what, "runAsUser: 65532", object=OBJECT, path=path)
    if mapping(pod.get("os")).get("name", "linux") != "linux":
        what = "FrameworkController's image is for linux"
        yield Fault(what, "linux", object=OBJECT, path=f"{POD}.os.name")
    for volume in mappings(pod.get("volumes")):
        if "gitRepo" in volume:
            what = "no kubelet mounts it since Kubernetes 1.33: the Pod never starts"
            place = f"{POD}.volumes[{volume.get('name')}].gitRepo"
            yield Fault(what, "an init container that clones", object=OBJECT, path=place)
    if pod.get("schedulingGates"):
        what = "keep the Pod from every node until somebody takes them away"
        yield Fault(what, "none", object=OBJECT, path=f"{POD}.schedulingGates")
    yield from admitted.faults(r)


def _asked(pod: Object, container: Object) -> Faults:
    """Probes and the hook at the start, which have to succeed."""
    # Containers of a Pod share their ports: another one may listen.
    alone = len(mappings(pod.get("containers"))) == 1 and not mappings(pod.get("initContainers"))
    asked = {probe: mapping(container.get(probe)) for probe in _PROBES}
    asked["lifecycle.postStart"] = mapping(mapping(container.get("lifecycle")).get("postStart"))
    for name, handler in asked.items():
        place = f"{CONTAINER}.{name}"
        ends = "is never Ready" if name == "readinessProbe" else "is killed again and again"
        for kind in ("httpGet", "tcpSocket", "grpc"):
            if alone and kind in handler and not mapping(handler[kind]).get("host"):
                what = f"FrameworkController listens at no port: it {ends}"
                yield Fault(what, "exec", object=OBJECT, path=f"{place}.{kind}")
        if _fails(texts(mapping(handler.get("exec")).get("command"))):
            what = "never succeeds"
            yield Fault(what, "another command", object=OBJECT, path=f"{place}.exec.command")


_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def _before(pod: Object) -> Faults:
    """Init containers, each of which has to end well."""
    for item in mappings(pod.get("initContainers")):
        words = texts(item.get("command")) + texts(item.get("args"))
        if item.get("restartPolicy") == "Always" or not words:
            continue
        place = f"{POD}.initContainers[{item.get('name')}].command"
        if _fails(words):
            what = "never succeeds: FrameworkController is not started"
            yield Fault(what, "another command", object=OBJECT, path=place)
        elif _ENDLESS.search(" ".join(words)):
            what = "never ends: FrameworkController is not started"
            yield Fault(what, "restartPolicy: Always", object=OBJECT, path=place)


_ENDLESS = re.compile(r"(^|[;&\s/])(sleep\s+(infinity|inf)|tail\s+-[fF]\s+/dev/null)\s*$")


def _fails(words: list[str]) -> bool:
    """Whether a command can only fail."""
    if words and posixpath.basename(words[0]) in ("sh", "bash", "ash") and "-c" in words[1:2]:
        return re.fullmatch(r"\s*(false|exit\s+[1-9][0-9]*)\s*", " ".join(words[2:3])) is not None
    return bool(words) and posixpath.basename(words[0]) == "false"


@NEEDS.check("FCG40", HAZARD)
def reachable(r: Rendered) -> Faults:
    """The network policies that select its Pod leave it a way to the API server."""
    labels = r.controller()["spec"]["template"].get("metadata", {}).get("labels") or {}
    limiting = [
        o for o in r.objects
        if o.get("kind") == "NetworkPolicy" and _limits_egress(o) and _selects(o, labels)
    ]  # fmt: skip
    if limiting and not any(mappings(o["spec"].get("egress")) for o in limiting):
        names = " and ".join(named(o) for o in limiting)
        what = "lets the Pod reach nothing, the API server neither"
        yield Fault(what, "egress.mode of environment.yaml", object=names, path="spec.egress")
    elif limiting and not any(
        _leads(rule) for o in limiting for rule in mappings(o["spec"].get("egress"))
    ):
        names = " and ".join(named(o) for o in limiting)
        what = "has no rule that may lead to the API server: none opens TCP to an address but for "
        what += "DNS"
        yield Fault(what, "egress.mode of environment.yaml", object=names, path="spec.egress")


def _leads(rule: Object) -> bool:
    """Whether a rule may lead to the API server, which is no Pod that a selector finds."""
    ports, peers = mappings(rule.get("ports")), mappings(rule.get("to"))
    open_ = [p for p in ports if p.get("protocol", "TCP") == "TCP" and not _is_dns(p)]
    blocks = [
        p for p in peers if not str(mapping(p.get("ipBlock")).get("cidr", "127")).startswith("127")
    ]
    return bool(open_ or not ports) and bool(blocks or not peers)


def _is_dns(port: Object) -> bool:
    """Port 53; or a name, which is of a port of a Pod."""
    only = port.get("port")
    return isinstance(only, str) or (only == _DNS and port.get("endPort", _DNS) == _DNS)


_DNS = 53


def _limits_egress(policy: Object) -> bool:
    spec = policy.get("spec") or {}
    return "Egress" in (spec.get("policyTypes") or []) or "egress" in spec


def _selects(policy: Object, labels: dict[str, str]) -> bool:
    selector = (policy.get("spec") or {}).get("podSelector") or {}
    return metadata.matches(Field(selector, (), []), labels)


@NEEDS.check("FCG38", HAZARD)
def referred(r: Rendered) -> Faults:
    """What the Pod refers to is rendered, or `expects` of environment.yaml names it."""
    there = expected(r)
    for kind, name, place, key, optional in references.of_pod(r.pod()):
        if optional or (kind, name) == _SCHEDULER or kind == "ServiceAccount":
            continue  # bindings tell what the account lacks, below
        found = r.all(kind, name)
        if found:
            keys = {**(found[0].get("data") or {}), **(found[0].get("binaryData") or {}),
                    **(found[0].get("stringData") or {})}  # fmt: skip
            if key and kind in ("ConfigMap", "Secret") and key not in keys:
                what = f"the {kind} {name} has no key {key}: the Pod never starts"
                yield Fault(what, ", ".join(keys) or "add it", object=OBJECT, path=f"{POD}.{place}")
        elif (kind, name) not in there and (kind, name) not in _CLASSES:
            what = f"no {kind} {name} is rendered, nor expected: the Pod never starts"
            hint = f"expects: {{{_EXPECTS[kind]}: [{name}]}} where something else makes it"
            yield Fault(what, hint, object=OBJECT, path=f"{POD}.{place}")
    yield from _namespace(r, there)
    yield from _bound_accounts(r, there)


def _namespace(r: Rendered, expected: set[tuple[str, str]]) -> Faults:
    name = r.namespace()
    there = r.profile != "hardened" or r.all("Namespace", name) or ("Namespace", name) in expected
    if not there:
        what = f"no Namespace {name} is rendered, nor expected: nothing of it can be applied"
        hint = f"expects: {{namespaces: [{name}]}} where something else makes it"
        yield Fault(what, hint, object=OBJECT, path="metadata.namespace")
    if not r.all("Service", str(r.controller()["spec"].get("serviceName") or NAME)):
        what = "no such Service is rendered: the Pod runs, and has no name in DNS"
        yield Fault(what, severity=INFO, object=OBJECT, path="spec.serviceName")


def _bound_accounts(r: Rendered, expected: set[tuple[str, str]]) -> Faults:
    """Subjects of bindings: kustomize moves them with `namespace:`, or does not."""
    rendered = {
        (o["metadata"].get("namespace"), o["metadata"].get("name"))
        for o in r.objects
        if o.get("kind") == "ServiceAccount"
    }
    for binding in r.objects:
        if binding.get("kind") not in ("ClusterRoleBinding", "RoleBinding"):
            continue
        for i, subject in enumerate(mappings(binding.get("subjects"))):
            if subject.get("kind") != "ServiceAccount":
                continue
            home, name = (subject.get(key) or "" for key in ("namespace", "name"))
            if (home, name) in rendered or ("ServiceAccount", f"{home}/{name}") in expected:
                continue
            if not (home and name):  # Kubernetes' own validation says so
                continue
            what = f"no ServiceAccount {name} is rendered in {home}, nor expected"
            hint = f"expects: {{serviceAccounts: [{home}/{name}]}} where something else makes it"
            yield Fault(what, hint, object=named(binding), path=f"subjects[{i}]")


_SCHEDULER = ("scheduler", "default-scheduler")
_CLASSES = [("PriorityClass", f"system-{of}-critical") for of in ("cluster", "node")]
_EXPECTS = {kind: key for key, kind in expects.KINDS.items()}
"""Kind → its list in `expects`."""


_AUTHORITY = ("ConfigMap", "kube-root-ca.crt")
"""Kubernetes puts one into every namespace (pkg/controller/certificates/rootcacertpublisher)."""


def expected(r: Rendered) -> set[tuple[str, str]]:
    """Kind and name of what the environment says to be on its cluster."""
    env = r.environment
    if env is None:
        return {_AUTHORITY}
    found = {_AUTHORITY}
    found |= {(expects.KINDS[key], name) for key, listed in env.expects.items() for name in listed}
    # These keys name what has to be there.
    found.add(("Secret", env.kubeconfig_secret))
    found.add(("PriorityClass", env.priority_class))
    return found


def texts(value: object) -> list[str]:
    """The words of a command; none of what is no list."""
    return [str(item) for item in listing(value)]
